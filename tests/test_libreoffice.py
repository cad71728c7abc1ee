"""The functions in a real spreadsheet program: formulas typed into LibreOffice Calc.

The extension is built from the catalogue and lies in a private profile. Oracle of the values: the
same call from Python. Of the template: the values in its file, calculated without LibreOffice.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from pathlib import Path

import openpyxl
import pytest
from office import calc as office
from office.sheet import ERROR_CELLS, REFUSED, Sheet, chained, running, same, told
from openpyxl.utils.datetime import to_excel
from test_bad_input import ASSET, FACTORS, ROWS, good

import factor_udfs
from factor_core.catalogue import CATALOGUE
from factor_core.hosts.libreoffice import extension

TEMPLATE = Path(__file__).parents[1] / "workbook_template.xlsm"
PATIENCE = 30.0  # seconds for a process to end
every_function = pytest.mark.parametrize(
    "function",
    [function for function in CATALOGUE.values() if function.arguments],
    ids=lambda f: f.name,
)


@pytest.fixture(scope="module")
def calc(tmp_path_factory):
    started = running(tmp_path_factory.mktemp("own"), "")  # as it chooses by itself
    yield started
    started.close()


@pytest.fixture(scope="module")
def worker(tmp_path_factory):
    started = running(tmp_path_factory.mktemp("worker"), "worker")
    started.ask("new")
    yield started
    started.close()


@pytest.fixture(scope="module")
def opened(calc):
    calc.ask("new")
    return Sheet(calc)


@pytest.fixture
def sheet(opened):
    opened.calc.ask("clear")
    return opened


@pytest.fixture
def by_worker(worker):
    worker.ask("clear")
    return Sheet(worker)


# ------------------------------------------------------------------------------- every function


@every_function
def test_a_typed_function_shows_what_it_gives_python(sheet, function):
    given = good(function)
    formula = f"={function.name}({sheet.put_all(given)})"
    result = function.cells(**given)
    found = sheet.shows_array(formula, len(result), len(result[0]))
    wrong = [
        (i, j, found[i][j], cell)
        for i, row in enumerate(result)
        for j, cell in enumerate(row)
        if not same(found[i][j], cell)
    ]
    assert not wrong


@every_function
def test_one_cell_shows_the_first_value_and_is_a_value_for_other_functions(sheet, function):
    given = good(function)
    call = f"{function.name}({sheet.put_all(given)})"
    first = function.cells(**given)[0][0]
    assert same(sheet.shows(f"={call}"), first)
    if isinstance(first, float):
        assert same(sheet.shows(f"=ROUND(INDEX({call};1;1);12)+1"), round(first, 12) + 1)


@every_function
def test_the_wizard_has_every_sentence(sheet, function):
    category, sentence, arguments = sheet.calc.ask("describe", function.name)
    assert category == 11  # com.sun.star.sheet.FunctionCategory.ADDIN
    assert sentence == function.summary
    assert arguments == [[a.name, a.kind.text, True] for a in function.arguments]


def test_the_host_is_named_and_the_log_found(sheet):
    info = sheet.info()
    same_python = office.python_version() == tuple(
        extension.settings_of_this_python("")["python_version"]
    )
    where = "in-process" if same_python else "worker process"
    assert info["host"].startswith("LibreOffice ")
    assert where in info["host"]
    assert info["version"] == dict(factor_udfs.ADDIN_INFO())["version"]
    assert Path(info["log file"]).name == "factor-udfs.log"


# ------------------------------------------------------------------------------------- nesting


def hedged_sharpe():
    return factor_udfs.SHARPE_RATIO(factor_udfs.HEDGED_SERIES(ASSET, FACTORS))


def test_a_result_is_an_argument_of_the_next_function(sheet):
    asset, factors = sheet.put(ASSET), sheet.put(FACTORS, 40)
    found = sheet.shows(f"=SHARPE_RATIO(HEDGED_SERIES({asset};{factors}))")
    assert same(found, hedged_sharpe())
    found = sheet.shows(f"=INDEX(FACTOR_BETA(EXCESS_RETURNS({asset};0.0001);{factors});1;2)")
    expected = factor_udfs.FACTOR_BETA(factor_udfs.EXCESS_RETURNS(ASSET, 0.0001), FACTORS)[0][1]
    assert same(found, expected)


def test_natives_take_a_result_for_a_value_and_an_array_for_an_array(sheet):
    size, prices = "POSITION_SIZE(1000000;0.02)", sheet.put([[100.0], [110.0], [99.0]])
    for formula, expected in {
        f"={size}+1": 50_000_001.0,
        f"=SUM({size};{size})": 1e8,
        f'=TEXT({size};"0")': "50000000",
        f'=IF({size}>1;"more";"less")': "more",
        f'={size}&""': "50000000",
        f"=MAX({size};6)": 5e7,
        f"=IFERROR({size};7)": 5e7,
        "=IFERROR(POSITION_SIZE(1000000;0);7)": 7.0,
        "=ISERROR(POSITION_SIZE(1000000;0))": 1.0,
        "=IFNA(POSITION_SIZE(1000000;0);7)": "#NUM!",
        "=1+POSITION_SIZE(1000000;0)": "#NUM!",
        f"=COUNT(SIMPLE_RETURNS({prices}))": 2.0,
        f"=ROUND(SUM(SIMPLE_RETURNS({prices}));12)": 0.0,
    }.items():
        assert sheet.shows(formula) == expected, formula


# ------------------------------------------------------------------------------------ arguments


def test_every_form_of_an_argument_gives_the_same(sheet):
    column = [[0.01], [-0.02], [0.03], [0.015]]
    expected = factor_udfs.SHARPE_RATIO(column, 12.0)
    address = sheet.put(column)
    sheet.put([[12.0]], 50)
    for series in (
        address,
        "$Sheet1.$AD$1:$AD$4",
        "INDEX(AD1:AF4;0;1)",
        "OFFSET(AD1;0;0;4;1)",
        "{0.01|-0.02|0.03|0.015}",
        "AD1:AD40",  # blanks below
    ):
        for periods in ("12", "AX1", "6+6", '"12"+0'):
            found = sheet.shows(f"=SHARPE_RATIO({series};{periods})")
            assert same(found, expected), (series, periods)
    assert same(sheet.shows_array("=SHARPE_RATIO(AD1:AD4*1;12)", 1, 1)[0][0], expected)


def test_an_argument_left_out_has_its_default(sheet):
    given = sheet.put_all({"asset_returns": ASSET, "factor_returns": FACTORS})
    expected = factor_udfs.HEDGED_SERIES(ASSET, FACTORS, None, 12, 1)
    for formula in (f"=HEDGED_SERIES({given};;12)", f"=HEDGED_SERIES({given};;12;)"):
        found = sheet.shows_array(formula, ROWS, 1)
        assert all(same(a, b) for a, b in zip(chained(found), chained(expected), strict=True))


def test_formats_change_no_value_and_a_date_is_its_number(sheet):
    sheet.calc.ask("type", "Sheet1", "AD1", "1%", False)
    sheet.put([["=DATE(2009;7;6)"], ["=DATE(2009;7;7)"], ["=DATE(2009;7;8)"]], 40)
    assert same(sheet.shows("=RF_PER_PERIOD(AD1;4)"), 0.0025)
    values = [[0.01], [0.02], [0.03]]
    address = sheet.put(values, 41)
    found = sheet.shows_array(f"=ALIGN_SERIES(AN1:AN3;{address};AN1:AN3;{address})", 3, 3)
    expected = factor_udfs.ALIGN_SERIES(*[[[40000.0], [40001.0], [40002.0]], values] * 2)
    assert found == expected


def test_blanks_and_empty_texts_are_missing(sheet):
    rows = [[0.01], [None], [0.03], ['=""'], [0.02]]
    address = sheet.put(rows)
    expected = factor_udfs.SHARPE_RATIO([[0.01], [0.03], [0.02]])
    assert same(sheet.shows(f"=SHARPE_RATIO({address})"), expected)


def test_a_header_names_rows_of_a_table(sheet):
    headed = [["fund"], *ASSET]
    factors = [["market", "size"], *FACTORS]
    given = sheet.put_all({"a": headed, "f": factors})
    expected = factor_udfs.FACTOR_REGRESSION(headed, factors)
    found = sheet.shows_array(f"=FACTOR_REGRESSION({given})", len(expected), len(expected[0]))
    assert [row[0] for row in found] == [row[0] for row in expected]


def test_a_whole_column_is_its_filled_rows(sheet):
    sheet.put(ASSET)
    expected = factor_udfs.SHARPE_RATIO(ASSET)
    assert same(sheet.shows("=SHARPE_RATIO(AD:AD)"), expected)


# -------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        ("=POSITION_SIZE(1000000;0)", "#NUM!"),
        ('=POSITION_SIZE("much";0.02)', "#VALUE!"),
        ("=SHARPE_RATIO({0.01|0.01|0.01})", "#DIV/0!"),
        ('=FACTOR_STAT({1|2|4|3};{1|2|3|5};"nothing")', "#VALUE!"),
        ("=POSITION_SIZE(1000000)", "#VALUE!"),
    ],
)
def test_a_fault_is_a_real_error_and_its_sentence_is_in_log_and_info(sheet, formula, code):
    name = formula[1:].partition("(")[0]
    assert sheet.shows(formula) == code
    info = sheet.info()
    assert info["last error"].startswith(f"{name}: ")
    assert f"{code} {info['last error']}" in Path(info["log file"]).read_text("utf-8")


def test_errors_inside_an_array_are_real_ones(sheet):
    gap = [[None] if i == 5 else row for i, row in enumerate(ASSET)]
    given = sheet.put_all({"a": gap, "f": FACTORS})
    expected = factor_udfs.HEDGED_SERIES(gap, FACTORS)
    found = sheet.shows_array(f"=HEDGED_SERIES({given})", ROWS, 1)
    assert all(same(a, b) for a, b in zip(chained(found), chained(expected), strict=True))
    assert found[5] == ["#N/A"]
    sheet.calc.ask("type", "Sheet1", "C1", "=SUM(ISNA(A1:A48))", True)
    assert sheet.calc.ask("results", "Sheet1", "C1") == [[1.0]]


@pytest.mark.parametrize("row", [0, 20, ROWS - 1])
@pytest.mark.parametrize("argument", ["asset_returns", "factor_returns"])
def test_text_among_numbers_is_named_with_its_place(sheet, argument, row):
    for text in ("n/a", "0.01", "TRUE"):
        given = {"asset_returns": [*ASSET], "factor_returns": [*FACTORS]}
        bad = [*given[argument][row]]
        bad[-1] = text
        given[argument][row] = bad
        expected = factor_udfs.R_SQUARED(**given)
        assert sheet.shows(f"=R_SQUARED({sheet.put_all(given)})") == expected == "#VALUE!"
        assert sheet.info()["last error"] == expected.message


@pytest.mark.parametrize("row", [0, 20, ROWS - 1])
@pytest.mark.parametrize("argument", ["asset_returns", "factor_returns"])
@pytest.mark.parametrize("code", ERROR_CELLS)
def test_no_error_cell_of_a_range_is_passed_over(sheet, code, argument, row):
    # Calc does not call a function that takes arrays and numbers with a range that holds an error.
    given = {"asset_returns": [*ASSET], "factor_returns": [*FACTORS]}
    given[argument][row] = [*given[argument][row][:-1], ERROR_CELLS[code]]
    ranges = sheet.put_all(given)
    assert sheet.shows(f"=R_SQUARED({ranges})") == REFUSED
    assert sheet.shows(f"=IFERROR(R_SQUARED({ranges});7)") == 7.0


def test_error_cells_made_blank_are_missing(sheet):
    gap = [["=NA()"] if i in (0, 20) else row for i, row in enumerate(ASSET)]
    asset, factors = sheet.put_all({"a": gap, "f": FACTORS}).split(";")
    missing = [[None] if i in (0, 20) else row for i, row in enumerate(ASSET)]
    found = sheet.shows_array(f'=R_SQUARED(IFNA({asset};"");{factors})', 1, 1)
    assert same(found[0][0], factor_udfs.R_SQUARED(missing, FACTORS))


def test_gaps_of_a_nested_series_are_shown_until_they_are_made_blank(sheet):
    gap = [[None] if i == 5 else row for i, row in enumerate(ASSET)]
    nested = f"HEDGED_SERIES({sheet.put_all({'a': gap, 'f': FACTORS})})"
    assert sheet.shows(f"=SHARPE_RATIO({nested})") == "#N/A"
    expected = factor_udfs.SHARPE_RATIO(factor_udfs.HEDGED_SERIES(gap, FACTORS))
    assert same(sheet.shows(f'=SHARPE_RATIO(IFNA({nested};""))'), expected)


@pytest.mark.parametrize("code", ERROR_CELLS)
def test_an_error_in_the_one_cell_of_an_argument_is_the_result(sheet, code):
    sheet.put([[ERROR_CELLS[code]]])
    assert sheet.shows("=POSITION_SIZE(1000000;AD1)") == code


def test_what_calc_hands_over_otherwise_than_excel(sheet):
    sheet.put([["=TRUE()"], [0.02], [None]])
    # a truth value is a number in Calc; one blank cell, by its own rule, is 0
    assert same(sheet.shows("=MEAN_TSTAT(AD1:AD2)"), factor_udfs.MEAN_TSTAT([[1.0], [0.02]]))
    assert sheet.shows("=POSITION_SIZE(1000000;AD3)") == "#NUM!"
    assert sheet.info()["last error"].startswith("POSITION_SIZE: vol is 0")
    assert sheet.shows("=SHARPE_RATIO(AD1:AD1~AD2:AD2)") == REFUSED  # several areas


def test_of_a_range_over_several_sheets_calc_hands_over_the_first(sheet):
    sheet.calc.ask("new")
    sheet.calc.ask("add_sheet", "Other")
    sheet.put(ASSET)
    sheet.calc.ask("write", "Other", "AD1:AD2", [[0.5], [0.9]])
    expected = factor_udfs.SHARPE_RATIO(ASSET)
    assert same(sheet.shows(f"=SHARPE_RATIO($Sheet1.AD1:$Other.AD{ROWS})"), expected)


def test_text_of_an_array_equals_nothing_until_it_is_joined(sheet):
    sheet.calc.ask("type", "Sheet1", "C1:C3", "=FACTOR_SUMMARY({1|2|4|3};{1|2|3|5})", True)
    assert sheet.shows("=C2") == "alpha"
    assert sheet.shows('=C2="alpha"') == 0.0
    assert sheet.shows('=C2&""="alpha"') == 1.0
    assert sheet.shows('=IFNA(MATCH("alpha";C1:C3;0);0)') == 0.0
    assert sheet.shows_array('=MATCH("alpha";C1:C3&"";0)', 1, 1) == [[2.0]]


# --------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("kind", "suffix"), [("Calc MS Excel 2007 XML", ".xlsx"), ("calc8", ".ods")]
)
def test_a_saved_workbook_is_right_again(sheet, tmp_path, kind, suffix):
    given = sheet.put_all({"a": ASSET, "f": FACTORS})
    series = sheet.shows_array(f"=HEDGED_SERIES({given})", ROWS, 1)
    sheet.calc.ask("type", "Sheet1", "C1", f"=SHARPE_RATIO(HEDGED_SERIES({given});252)", False)
    sheet.calc.ask("type", "Sheet1", "C2", "=POSITION_SIZE(1000000;0)", False)
    path = tmp_path / f"book{suffix}"
    sheet.calc.ask("save", str(path), kind)
    if suffix == ".xlsx":
        cells = openpyxl.load_workbook(path)["Sheet1"]
        assert cells["C1"].value.startswith("=SHARPE_RATIO(HEDGED_SERIES(AD1:AD48,")
    try:
        sheet.calc.open(path, with_macros=False)
        for recalculated in (False, True):
            if recalculated:
                sheet.calc.ask("calculate_all")
            rows = sheet.calc.ask("results", "Sheet1", f"A1:C{ROWS}")
            assert same(told(rows[0][2]), hedged_sharpe())
            assert told(rows[1][2]) == "#NUM!"
            assert all(same(told(row[0]), *was) for row, was in zip(rows, series, strict=True))
    finally:
        sheet.calc.ask("new")


# -------------------------------------------------------------------------------------- worker


def test_the_worker_gives_the_same(by_worker):
    given = by_worker.put_all({"a": ASSET, "f": FACTORS})
    assert same(by_worker.shows(f"=SHARPE_RATIO(HEDGED_SERIES({given}))"), hedged_sharpe())
    assert "worker process, Python 3." in by_worker.info()["host"]
    result = factor_udfs.FACTOR_SUMMARY(ASSET, FACTORS)
    found = by_worker.shows_array(f"=FACTOR_SUMMARY({given})", len(result), len(result[0]))
    assert not [p for p in zip(chained(found), chained(result), strict=True) if not same(*p)]
    assert by_worker.shows("=POSITION_SIZE(1000000;0)") == "#NUM!"
    assert by_worker.info()["last error"].startswith("POSITION_SIZE: vol is 0")


def processes(calc):
    """Return ids by command and state of all that this LibreOffice has started, itself included."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode()
            state, _, _, session = (folder / "stat").read_text().rpartition(")")[2].split()[:4]
        except OSError:  # ended meanwhile
            continue
        if int(session) == calc.process.pid:
            found.append((int(folder.name), command, state))
    return found


def only(calc, name):
    """Return the id of the one process of this name; none may be dead and unburied."""
    assert "Z" not in {state for _, _, state in processes(calc)}
    (found,) = [pid for pid, command, _ in processes(calc) if name in command]
    return found


WORKER = "factor_core.hosts.libreoffice.worker"


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="reads /proc")
def test_a_killed_worker_is_replaced_unseen_and_ends_with_libreoffice(tmp_path):
    started = running(tmp_path, "worker")
    try:
        started.ask("new")
        sheet = Sheet(started)
        assert sheet.shows("=POSITION_SIZE(1000000;0.02)") == 5e7
        first = only(started, WORKER)
        os.kill(first, signal.SIGKILL)
        assert sheet.shows("=POSITION_SIZE(1000000;0.04)") == 2.5e7
        assert only(started, WORKER) != first
        os.kill(only(started, "soffice.bin"), signal.SIGKILL)  # LibreOffice crashes
        end = time.monotonic() + PATIENCE
        while WORKER in str(processes(started)) and time.monotonic() < end:
            time.sleep(0.05)
        assert WORKER not in str(processes(started))
    finally:
        started.close()


# ------------------------------------------------------------------------------------ template


def test_the_template_shows_the_values_of_its_file_in_every_cell(calc, opened):
    values = openpyxl.load_workbook(TEMPLATE, data_only=True)
    calc.open(TEMPLATE, with_macros=False)
    try:
        calc.ask("calculate_all")
        wrong, compared = {}, 0
        for cells in values:
            found = calc.ask("results", cells.title, None)
            for row in cells.iter_rows(max_row=max(len(found), cells.max_row)):
                for cell in row:
                    value, expected = at(found, cell), stored(cell.value)
                    compared += expected != ""
                    if not (same(value, expected, 1e-9) or nearly_nothing(value, expected)):
                        wrong[f"{cells.title}!{cell.coordinate}"] = (value, expected)
        assert compared > 10_000
        assert wrong == {}
    finally:
        calc.ask("new")


def at(found, cell):
    row, column = cell.row - 1, cell.column - 1
    inside = row < len(found) and column < len(found[row])
    return told(found[row][column]) if inside else ""


def stored(value):
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return float(to_excel(value))
    if value is None or isinstance(value, str):
        return value or ""
    return float(value)


def nearly_nothing(value, expected):
    """Differences that ought to be 0: what is left of them is rounding, in either program."""
    return (
        isinstance(value, float) and isinstance(expected, float) and abs(value - expected) < 1e-15
    )
