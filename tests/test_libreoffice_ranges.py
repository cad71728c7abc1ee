"""LibreOffice Calc after `factor-udfs install --ranges-only`: what a range of cells may hold.

The same functions, extension and program as in test_libreoffice.py; series are handed over as
references. Oracle of the values and sentences: the same call from Python, with an error cell as its
text.
"""

from __future__ import annotations

import io
import pickle
import struct
import sys
from pathlib import Path

import pytest
from office.sheet import ERROR_CELLS, REFUSED, Sheet, chained, running, same
from test_bad_input import ASSET, CHECKS, FACTORS, PER_ROW, ROWS, good

import factor_udfs
from factor_core.catalogue import CATALOGUE
from factor_core.errors import ExcelError
from factor_core.hosts.libreoffice.component import HEAD
from factor_core.hosts.libreoffice.extension import is_series

GAPS = (0, 20, ROWS - 1)
OTHER = "Other"
LAST_ROW = 1_048_576
NOT_A_SERIES = {"rf"}  # a number more often than not


def series(function):
    return [argument.name for argument in function.arguments if is_series(argument)]


SERIES = [function for function in CATALOGUE.values() if series(function)]
every_function = pytest.mark.parametrize(
    "function", [f for f in CATALOGUE.values() if f.arguments], ids=lambda f: f.name
)
every_series = pytest.mark.parametrize(
    ("function", "name"),
    [(function, name) for function in SERIES for name in series(function)],
    ids=lambda thing: getattr(thing, "name", thing),
)


@pytest.fixture(scope="module")
def calc(tmp_path_factory):
    started = running(tmp_path_factory.mktemp("ranges"), "", ranges_only=True)
    yield started
    started.close()


@pytest.fixture(scope="module")
def opened(calc):
    calc.ask("new")
    calc.ask("add_sheet", OTHER)
    return Sheet(calc)


@pytest.fixture
def sheet(opened):
    opened.calc.ask("clear")
    return opened


def with_cell(rows, row, cell):
    """Return rows with this in the last column of one of them."""
    return [[*line[:-1], cell] if i == row else line for i, line in enumerate(rows)]


def differing(sheet, formula, result):
    found = sheet.shows_array(formula, len(result), len(result[0]))
    pairs = zip(chained(found), chained(result), strict=True)
    return [pair for pair in pairs if not same(*pair)]


def test_every_argument_of_periods_is_a_range_but_those_that_may_be_a_number_or_left_out():
    needed = {a.name for f in CATALOGUE.values() for a in f.arguments if not a.optional}
    assert {name for f in SERIES for name in series(f)} >= (PER_ROW & needed) - NOT_A_SERIES


# ------------------------------------------------------------------------------ every function


@every_function
def test_missing_cells_inside_ranges_are_treated_as_python_treats_them(sheet, function):
    cells, plain = good(function), good(function)
    for name in series(function):
        if name.startswith("dates"):
            continue  # a missing date is a fault of its own: below, with the other errors
        for row in GAPS:
            cells[name] = with_cell(cells[name], row, "=NA()")
            plain[name] = with_cell(plain[name], row, "#N/A")
    result = function.cells(**plain)
    if series(function):
        assert not isinstance(result[-1][-1], ExcelError) or len(result) > 1
    assert not differing(sheet, f"={function.name}({sheet.put_all(cells)})", result)


@every_series
def test_another_error_inside_a_range_is_named_with_its_place(sheet, function, name):
    if function.name in CHECKS:  # there it is a finding
        return
    cells, plain = good(function), good(function)
    cells[name] = with_cell(cells[name], 20, "=1/0")
    plain[name] = with_cell(plain[name], 20, "#DIV/0!")
    expected = function.cells(**plain)[0][0]
    assert "row 21" in expected.message
    assert sheet.shows(f"={function.name}({sheet.put_all(cells)})") == expected == "#VALUE!"
    info = sheet.info()
    assert info["last error"] == expected.message
    assert f"#VALUE! {expected.message}" in Path(info["log file"]).read_text("utf-8")


@pytest.mark.parametrize("row", GAPS)
@pytest.mark.parametrize("code", [*ERROR_CELLS, "#NAME?", "#REF!", "Err:502"])
def test_each_error_is_named_wherever_it_stands(sheet, code, row):
    formulas = ERROR_CELLS | {"#NAME?": "=nothing()", "#REF!": "=#REF!", "Err:502": "=SQRT(-1)"}
    text = "#VALUE!" if code == "Err:502" else code
    given = sheet.put_all({"a": with_cell(ASSET, row, formulas[code]), "f": FACTORS})
    expected = factor_udfs.R_SQUARED(with_cell(ASSET, row, text), FACTORS)
    assert same(sheet.shows(f"=R_SQUARED({given})"), expected)
    if code != "#N/A":
        assert sheet.info()["last error"] == expected.message
        assert f"row {row + 1}, column 1 is {text}" in expected.message


def test_an_error_is_no_name_of_a_column(sheet):
    for formula in ("=1/0", "=SQRT(-1)"):
        address = sheet.put([[formula], *ASSET])
        assert sheet.shows(f"=SHARPE_RATIO({address})") == "#VALUE!"
        assert "row 1, column 1 is " in sheet.info()["last error"]


# -------------------------------------------------------------------------------- whole columns


@pytest.mark.parametrize("first", [1, 101])
@pytest.mark.parametrize("headed", [False, True])
def test_whole_columns_are_their_used_rows(sheet, first, headed):
    asset = [["fund"], *ASSET] if headed else ASSET
    factors = [["market", "size"], *FACTORS] if headed else FACTORS
    sheet.put(asset, row=first)
    sheet.put(factors, 31, row=first)
    sheet.put([[1.0]], 60, row=900)  # in use, beside them
    blanks = [[None, None]] * (first - 1)
    expected = factor_udfs.R_SQUARED([line[:1] for line in blanks] + asset, blanks + factors)
    assert same(sheet.shows("=R_SQUARED(AD:AD;AE:AF)"), expected)
    assert same(sheet.shows(f"=R_SQUARED(AD:AD;AE1:AF{LAST_ROW})"), expected)


def test_columns_that_begin_in_different_rows_are_of_different_length(sheet):
    sheet.put_all({"a": ASSET, "f": FACTORS})
    assert sheet.shows(f"=R_SQUARED(AD2:AD{LAST_ROW};AE:AF)") == "#VALUE!"
    expected = factor_udfs.R_SQUARED(ASSET[1:], FACTORS)
    assert sheet.info()["last error"] == expected.message


def test_columns_of_sheets_that_end_in_different_rows_keep_the_same_length(sheet):
    sheet.put(ASSET)
    sheet.calc.ask("write", OTHER, f"B1:C{ROWS}", FACTORS)
    sheet.calc.ask("write", OTHER, "H300", [[1.0]])
    expected = factor_udfs.R_SQUARED(ASSET, FACTORS)
    assert same(sheet.shows("=R_SQUARED(AD:AD;$Other.B:C)"), expected)
    assert same(sheet.shows(f"=R_SQUARED(AD1:AD{ROWS};$Other.B1:C{ROWS})"), expected)


def test_a_whole_column_that_calc_has_read_keeps_the_same_length(sheet):
    rates = [[0.0001 * (i % 3)] for i in range(ROWS)]
    sheet.put(ASSET)
    sheet.calc.ask("write", OTHER, f"B1:B{ROWS}", rates)
    sheet.calc.ask("write", OTHER, "B300", [[0.01]])
    below = [[None]] * (300 - ROWS)
    expected = factor_udfs.EXCESS_RETURNS(ASSET + below, [*rates, *below[:-1], [0.01]])
    assert not differing(sheet, "=EXCESS_RETURNS(AD:AD;$Other.B:B)", expected)


def test_an_empty_column_is_said_to_be_empty(sheet):
    assert sheet.shows("=SHARPE_RATIO(AD:AD)") == "#VALUE!"
    expected = factor_udfs.SHARPE_RATIO([[None]])
    assert sheet.info()["last error"] == expected.message


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script stands before the worker")
def test_the_worker_is_handed_the_used_rows_and_no_more(tmp_path):
    heard, python = tmp_path / "heard", tmp_path / "python"
    python.write_text(f'#!/bin/sh\ntee "{heard}" | exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    calc = running(tmp_path, "worker", ranges_only=True, python=str(python))
    try:
        calc.ask("new")
        sheet = Sheet(calc)
        sheet.put(with_cell(ASSET, 20, "=NA()"))
        sheet.put(FACTORS, 31)
        expected = factor_udfs.R_SQUARED(with_cell(ASSET, 20, None), FACTORS)
        assert same(sheet.shows("=R_SQUARED(AD:AD;AE:AF)"), expected)
        info = sheet.info()
    finally:
        calc.close()
    assert "worker process" in info["host"]
    assert info["series arguments"].startswith("ranges of cells only")
    ((_, arguments),) = [m for m in messages(heard.read_bytes()) if m[0] == "R_SQUARED"]
    assert arguments[0] == tuple(map(tuple, with_cell(ASSET, 20, "#N/A")))
    assert arguments[1] == tuple(map(tuple, FACTORS))


def messages(data):
    stream = io.BytesIO(data)
    while head := stream.read(HEAD.size):
        yield pickle.loads(stream.read(struct.unpack(HEAD.format, head)[0]))  # noqa: S301  our own


# ------------------------------------------------------------------------- what cells may hold


def test_hidden_filtered_and_merged_cells_are_cells_like_others(sheet):
    address = sheet.put(ASSET)
    expected = factor_udfs.SHARPE_RATIO(ASSET)
    sheet.calc.ask("hide", "Sheet1", "AD3:AD7")
    assert same(sheet.shows(f"=SHARPE_RATIO({address})"), expected)
    sheet.calc.ask("filter", "Sheet1", address, 0.0)
    assert sheet.calc.ask("hidden", "Sheet1", address) > 5
    assert same(sheet.shows(f"=SHARPE_RATIO({address})"), expected)
    sheet.calc.ask("merge", OTHER, "B2:B4")
    sheet.calc.ask("write", OTHER, "B1:B2", ASSET[:2])
    sheet.calc.ask("write", OTHER, "B5:B6", ASSET[2:4])
    merged = [*ASSET[:2], [None], [None], *ASSET[2:4]]
    expected = factor_udfs.SHARPE_RATIO(merged)
    assert same(sheet.shows("=SHARPE_RATIO($Other.B1:B6)"), expected)


def test_a_range_over_several_sheets_is_refused(sheet):
    sheet.put_all({"a": ASSET, "f": FACTORS})
    for last in (f"AD{ROWS}", "AD1048576"):
        assert sheet.shows(f"=SHARPE_RATIO($Sheet1.AD1:${OTHER}.{last})") == "#VALUE!"
        assert "excess_returns has several areas" in sheet.info()["last error"]


def test_text_dates_and_truth_values_are_as_elsewhere_in_calc(sheet):
    for text in ("n/a", "0.01", "TRUE"):
        expected = factor_udfs.SHARPE_RATIO(with_cell(ASSET, 20, text))
        assert sheet.shows(f"=SHARPE_RATIO({sheet.put(with_cell(ASSET, 20, text))})") == "#VALUE!"
        assert sheet.info()["last error"] == expected.message
    address = sheet.put([["=TRUE()"], [0.02], [0.0]])
    assert same(
        sheet.shows(f"=MEAN_TSTAT({address})"), factor_udfs.MEAN_TSTAT([[1.0], [0.02], [0.0]])
    )
    days = sheet.put([["=DATE(2009;7;6)"], ["=DATE(2009;7;7)"], ["=DATE(2009;7;8)"]], 40)
    values = [[0.01], [0.02], [0.03]]
    numbers = sheet.put(values, 41)
    expected = factor_udfs.ALIGN_SERIES(*[[[40000.0], [40001.0], [40002.0]], values] * 2)
    assert not differing(sheet, f"=ALIGN_SERIES({days};{numbers};{days};{numbers})", expected)


def test_every_form_of_a_range_gives_the_same_and_one_blank_cell_is_missing(sheet):
    column = [[0.01], [-0.02], [0.03], [0.015]]
    sheet.put(column)
    expected = factor_udfs.SHARPE_RATIO(column, 12.0)
    for form in ("AD1:AD4", "$Sheet1.$AD$1:$AD$4", "INDEX(AD1:AF4;0;1)", "OFFSET(AD1;0;0;4;1)"):
        assert same(sheet.shows(f"=SHARPE_RATIO({form};12)"), expected)
    assert same(sheet.shows("=SHARPE_RATIO(IF(1=1;AD1:AD4;AE1:AE4);12)"), expected)
    assert sheet.shows("=SHARPE_RATIO(AE1)") == "#VALUE!"
    assert sheet.info()["last error"] == factor_udfs.SHARPE_RATIO(None).message
    given = sheet.put_all({"a": ASSET, "f": FACTORS})
    expected = factor_udfs.HEDGED_SERIES(ASSET, FACTORS, None, 12, 1)
    assert not differing(sheet, f"=HEDGED_SERIES({given};;12)", expected)


# ------------------------------------------------------------------------------- what it costs


def test_what_is_no_range_is_refused_by_calc_and_info_says_so(sheet):
    given = sheet.put_all({"a": ASSET, "f": FACTORS})
    for argument in (f"HEDGED_SERIES({given})", "{0.01|0.02|0.04}", "0.01", "AD1:AD9~AD20:AD29"):
        assert sheet.shows(f"=SHARPE_RATIO({argument})") == REFUSED
        assert sheet.shows(f"=IFERROR(SHARPE_RATIO({argument});7)") == 7.0
    info = sheet.info()
    assert info["series arguments"].startswith("ranges of cells only")
    assert "no range of cells" in info["Err:504"]
    sheet.shows_array(f"=HEDGED_SERIES({given})", ROWS, 1)
    sheet.calc.ask("type", "Sheet1", "C1", f"=SHARPE_RATIO(A1:A{ROWS})", False)
    expected = factor_udfs.SHARPE_RATIO(factor_udfs.HEDGED_SERIES(ASSET, FACTORS))
    assert same(sheet.calc.ask("results", "Sheet1", "C1")[0][0], expected)


# -------------------------------------------------------------------------------- calculation


def test_a_changed_cell_of_a_range_calculates_the_formula_anew(sheet):
    sheet.put(ASSET)
    before = sheet.shows("=SHARPE_RATIO(AD:AD)")
    sheet.calc.ask("write", "Sheet1", "AD21", [[0.5]])
    expected = factor_udfs.SHARPE_RATIO(with_cell(ASSET, 20, 0.5))
    ((after,),) = sheet.calc.ask("results", "Sheet1", "A1")
    assert same(after, expected)
    assert after != before
    sheet.calc.ask("write", "Sheet1", f"AD{ROWS + 1}", [[0.25]])
    ((longer,),) = sheet.calc.ask("results", "Sheet1", "A1")
    assert same(longer, factor_udfs.SHARPE_RATIO([*with_cell(ASSET, 20, 0.5), [0.25]]))


def test_a_long_chain_of_formulas_is_calculated_before_it_is_read(sheet):
    # Calc gives up a calculation that is too deep and begins it anew from its other end.
    n = 600
    sheet.put([[0.001], *[[f"=AD{i}+0.001"] for i in range(1, n)]])
    sheet.calc.ask("type", "Sheet1", "A1", f"=MEAN_TSTAT(AD1:AD{n})", False)
    sheet.calc.ask("calculate_all")
    ((found,),) = sheet.calc.ask("results", "Sheet1", "A1")
    chain = [[0.001]]
    while len(chain) < n:
        chain.append([chain[-1][0] + 0.001])
    assert same(found, factor_udfs.MEAN_TSTAT(chain))


@pytest.mark.parametrize(
    ("kind", "suffix"), [("Calc MS Excel 2007 XML", ".xlsx"), ("calc8", ".ods")]
)
def test_a_saved_workbook_with_error_cells_is_right_again(calc, tmp_path, kind, suffix):
    calc.ask("new")
    sheet = Sheet(calc)
    sheet.put(with_cell(ASSET, 20, "=NA()"))
    expected = factor_udfs.SHARPE_RATIO(with_cell(ASSET, 20, None))
    assert same(sheet.shows("=SHARPE_RATIO(AD:AD)"), expected)
    path = tmp_path / f"book{suffix}"
    calc.ask("save", str(path), kind)
    calc.open(path, with_macros=False)
    calc.ask("calculate_all")
    ((found,),) = calc.ask("results", "Sheet1", "A1")
    assert same(found, expected)
