"""Our VBA, run: every wrapper, the way to Python and back, every button of the ribbon.

LibreOffice's VBA mode runs the macro project, with a stub for xlwings' DLL behind it whose server
is the real catalogue; office/macro_copy.py says what else differs from the product. Oracle of the
values: the same call from Python, bit for bit.

What LibreOffice cannot show: error cells inside a range as Excel hands them over (host_double has
them), Formula2 and spilling, names without Dim (vbalidator finds those).
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
from office import calc as office
from office import macro_copy
from office.macro_copy import callbacks, canary, events, own_modules
from openpyxl.utils import get_column_letter, range_boundaries
from openpyxl.utils.datetime import to_excel
from openpyxl.worksheet.formula import ArrayFormula
from test_bad_input import good

import factor_udfs
from factor_core import __version__
from factor_core.catalogue import CATALOGUE
from factor_core.errors import ERROR_CODES, LONGEST_SENTENCE, ExcelError
from factor_core.hosts.excel import ComCells

TEMPLATE = Path(__file__).parents[1] / "workbook_template.xlsm"
OURS = own_modules()
GONE = "The remote server machine does not exist or is unavailable"
NO_DLL = "Could not load Python DLL"
SETTINGS = {"INTERPRETER_WIN": "C:\\Python\\python.exe"}
BLOCK = [[0.01, 0.02], [0.03, -0.01], [0.02, 0.04], [-0.01, 0.03]]
COLUMN_A = [row[:1] for row in BLOCK]
QUESTIONS = {"GetConfig": SETTINGS.get}  # events that change nothing: not noted
FIRST_COM_ERROR = -2146828288
every_function = pytest.mark.parametrize("function", CATALOGUE.values(), ids=lambda f: f.name)


class Excel:
    """The open workbook, and the world behind its macros: Python's server and Application."""

    def __init__(self, calc):
        self.calc = calc
        self.happened, self.dead, self.answers = [], set(), dict(QUESTIONS)

    def hears(self, event, values):
        """Answer what a macro asks; note it, the values of a call apart."""
        if event not in QUESTIONS:
            self.happened.append((event, *values[: 1 if event == "CallUDF" else None]))
        if event in self.answers:
            answer = self.answers[event]
            return answer(*values) if callable(answer) else answer
        return self.call_udf(*values) if event == "CallUDF" else None

    def call_udf(self, number, module, name, arguments):
        """Return what xlwings' COM server answers (com_server.py, CallUDF)."""
        if number in self.dead:
            raise office.RaisedError(GONE)
        assert module == "factor_udfs"
        result = getattr(factor_udfs, name)(*map(as_com, arguments))
        context = SimpleNamespace(value=result)
        ComCells.writer({})(context)
        rows = context.value
        if len(rows) == 1:
            return rows[0] if len(rows[0]) > 1 else rows[0][0]
        return rows

    def put(self, rows, *, sheet="Inputs", row=1, column=1):
        """Write rows into cells, return their range."""
        last = f"{get_column_letter(column + len(rows[0]) - 1)}{row + len(rows) - 1}"
        address = f"{get_column_letter(column)}{row}:{last}"
        self.calc.ask("write", sheet, address, rows)
        return f"@{sheet}!{address}"

    def shows(self, name, *values):
        """Return what a cell with this function shows: errors as "error 2042", texts after '."""
        return self.calc.macro("Asking.Ask", name, {"items": values})

    def sentence(self):
        return self.calc.macro("FactorRuntime.LastSentence")

    def press(self, attribute, callback):
        return self.calc.macro("Asking.Press", "AnyButton", f"{attribute} {callback}")

    def forget(self):
        """Start each test with no server kept, nothing in the cells and nothing noted."""
        self.answers = dict(QUESTIONS)
        self.calc.ask("clear")
        self.calc.macro("FactorRuntime.StopPython")
        self.happened, self.dead = [], set()


def as_com(value):
    """Return a value as COM hands it over: tuples of rows; LibreOffice tells 2 from 2.5, it not."""
    if isinstance(value, list):
        return tuple(map(as_com, value))
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def told(result):
    """Return what VBA must make of a result of the Python call."""
    if isinstance(result, list):
        rows = [[told(cell) for cell in row] for row in result]
        return rows[0] if len(rows) == 1 else rows
    if isinstance(result, ExcelError):
        return f"error {ERROR_CODES[result] - FIRST_COM_ERROR}"
    return f"'{result}" if isinstance(result, str) else result


def kinds(told_result):
    """Return the result with TRUE and 1 told apart."""
    if isinstance(told_result, list):
        return [kinds(item) for item in told_result]
    return isinstance(told_result, bool), told_result


@pytest.fixture(scope="module")
def calc(tmp_path_factory):
    running = office.start(tmp_path_factory.mktemp("office"))
    yield running
    running.close()


@pytest.fixture(scope="module")
def opened(calc, tmp_path_factory):
    """Return the workbook with our macros; tests that open another one stand at the end."""
    path = tmp_path_factory.mktemp("book") / "macros.xlsm"
    path.write_bytes(macro_copy.macro_copy())
    calc.open(path, with_macros=True)
    excel = Excel(calc)
    calc.answer = excel.hears
    calc.connect_tests("xlwings.ConnectTests")
    return excel


@pytest.fixture
def excel(opened):
    opened.forget()
    return opened


# ------------------------------------------------------------------------------- every function


@every_function
def test_a_function_shows_what_it_gives_python(excel, function):
    given, column, cells = good(function), 1, []
    for block in given.values():
        is_block = isinstance(block, list)
        cells.append(excel.put(block, column=column) if is_block else block)
        column += len(block[0]) if is_block else 0
    result = getattr(factor_udfs, function.name)(**given)
    assert kinds(excel.shows(function.name, *cells)) == kinds(told(result))
    assert [event for event, *_ in excel.happened] == ["XLPy", "CallUDF"]


@every_function
def test_each_argument_arrives_in_its_place_and_what_is_left_out_is_blank(excel, function):
    arrived = []
    excel.answers["CallUDF"] = lambda *call: arrived.append(call[2:])
    names = [argument.name for argument in function.arguments]
    needed = sum(not argument.optional for argument in function.arguments)
    for count in range(needed, len(names) + 1):
        assert excel.shows(function.name, *names[:count]) == "'"
        assert arrived.pop() == (function.name, names[:count] + [None] * (len(names) - count))


def test_a_formula_in_a_cell_calls_the_function(excel):
    prices = [[100.0, 50.0], [101.0, 49.5], [102.5, 51.25], [99.5, 50.0]]
    excel.put(prices)
    excel.calc.ask("type", "Inputs", "D1", "=SHARPE_RATIO(A1:A4;12)", False)
    excel.calc.ask("type", "Inputs", "D2:E4", "=SIMPLE_RETURNS(A1:B4)", True)
    rows = excel.calc.ask("cells", "Inputs")
    assert rows[0][3] == factor_udfs.SHARPE_RATIO([row[:1] for row in prices], 12)
    assert [row[3:] for row in rows[1:4]] == factor_udfs.SIMPLE_RETURNS(prices)


# ------------------------------------------------------------------------------------- arguments


def arriving(excel, *ranges, name="FACTOR_BETA"):
    """Return what the server gets for these ranges."""
    arrived = []
    excel.answers["CallUDF"] = lambda *call: arrived.append(call[3])
    excel.shows(name, *ranges)
    return arrived[0] if arrived else None


def test_a_range_arrives_as_its_plain_values(excel):
    excel.put([["MSFT", 1.5], ["", 2.0], [0.1, ""]])
    excel.calc.ask("type", "Inputs", "B3", "=TRUE()", False)
    rows = [["MSFT", 1.5], [None, 2.0], [0.1, True]]
    assert arriving(excel, "@Inputs!A1:B3", "@Inputs!B1") == [rows, 1.5, None]


def test_one_row_and_one_column_keep_their_shape(excel):
    excel.put(BLOCK)
    row, column, _ = arriving(excel, "@Inputs!A1:B1", "@Inputs!A1:A4")
    assert (row, column) == (BLOCK[:1], COLUMN_A)


def test_an_array_of_one_row_arrives_as_a_row(excel):
    assert arriving(excel, [1.0, 2.0], [[1.0], [2.0]]) == [[[1.0, 2.0]], [[1.0], [2.0]], None]


def test_a_whole_column_costs_its_used_rows(excel):
    excel.put(BLOCK)
    assert arriving(excel, "@Inputs!A:A", "@Inputs!A:B") == [COLUMN_A, BLOCK, None]


def test_whole_columns_of_two_sheets_keep_one_length(excel):
    excel.put(BLOCK)
    excel.put(BLOCK[:2], sheet="Results")
    blanks = [[None], [None]]
    assert arriving(excel, "@Inputs!A:A", "@Results!A:A") == [
        COLUMN_A,
        COLUMN_A[:2] + blanks,
        None,
    ]


def test_columns_from_a_row_down_to_the_bottom_end_at_the_last_used_row(excel):
    excel.put(BLOCK)
    assert arriving(excel, "@Inputs!A2:A1048576", "@Inputs!B1:B2")[0] == COLUMN_A[1:]


def test_whole_columns_below_the_used_rows_are_one_blank(excel):
    assert arriving(excel, "@Inputs!A:A", "@Inputs!B9:B1048576") == [None, None, None]


def test_several_areas_are_refused_before_python_is_asked(excel):
    excel.put(BLOCK)
    assert excel.shows("SHARPE_RATIO", "@Inputs!A1:A2,B1:B2") == "error 2015"
    expected = "SHARPE_RATIO: argument 1 is several areas; use one block of cells"
    assert excel.sentence() == expected
    excel.shows("FACTOR_BETA", "@Inputs!A1:A4", "@Inputs!A1:A2,B1:B2")
    assert excel.sentence().startswith("FACTOR_BETA: argument 2 is several areas")
    assert excel.happened == []


# ------------------------------------------------------------------------------- results, errors


def shown(excel, answer):
    """Return what a cell shows where the server answers this."""
    excel.answers["CallUDF"] = answer
    return excel.shows("SHARPE_RATIO", 1.0)


@pytest.mark.parametrize(("text", "code"), ERROR_CODES.items())
def test_an_error_becomes_a_real_error_value_and_its_sentence_is_kept(excel, text, code):
    error = f"error {code - FIRST_COM_ERROR}"
    assert shown(excel, f"{text} why it is one") == error
    assert excel.sentence() == "why it is one"
    assert shown(excel, text) == error
    assert shown(excel, code) == error
    assert shown(excel, [[0.5, text], [code, "x"]]) == [[0.5, error], [error, "'x"]]
    assert shown(excel, [0.5, text]) == [0.5, error]


def test_what_only_looks_like_an_error_stays_as_it_is(excel):
    for value in ("#hashtag", "# N/A", "N/A", "#N/A?", "#numbers of MSFT", "", "text"):
        assert shown(excel, value) == f"'{value}"
    for number in (FIRST_COM_ERROR - 1, -2146825987, 2042, -2147352572, 0, 1e300):
        assert shown(excel, number) == number


def test_nothing_is_shown_as_an_empty_text(excel):
    assert shown(excel, None) == "'"
    assert shown(excel, [[None, 1.0], [2.0, None]]) == [["'", 1.0], [2.0, "'"]]


def test_a_bad_cell_shows_the_error_and_the_sentence_of_python(excel):
    bad = [["MSFT"], [0.01], ["n/a"], [0.02]]
    result = factor_udfs.SHARPE_RATIO(bad)
    assert excel.shows("SHARPE_RATIO", excel.put(bad)) == told(result)
    assert excel.sentence() == result.message
    assert "n/a" in excel.sentence()


# ----------------------------------------------------------------------------- the server is lost


def test_the_server_is_started_once_for_many_calls(excel):
    for _ in range(3):
        assert excel.shows("POSITION_SIZE", 1e6, 0.1) == 1e7
    assert [event for event, *_ in excel.happened] == ["XLPy"] + ["CallUDF"] * 3


def test_a_server_that_died_between_two_calls_is_replaced_unseen(excel):
    excel.shows("POSITION_SIZE", 1e6, 0.1)
    (_, number) = excel.happened[-1]
    excel.dead, excel.happened = {number}, []
    assert excel.shows("POSITION_SIZE", 1e6, 0.1) == 1e7
    assert excel.happened == [("CallUDF", number), ("XLPy",), ("CallUDF", number + 1)]


def test_a_server_that_dies_again_is_said_and_not_tried_for_ever(excel):
    excel.shows("POSITION_SIZE", 1e6, 0.1)
    excel.dead, excel.happened = range(10_000), []
    assert excel.shows("POSITION_SIZE", 1e6, 0.1) == "error 2015"
    assert excel.sentence() == f"POSITION_SIZE: {GONE}"
    assert [event for event, *_ in excel.happened] == ["CallUDF", "XLPy", "CallUDF"]
    excel.happened = []
    assert excel.shows("POSITION_SIZE", 1e6, 0.1) == "error 2015"
    assert [event for event, *_ in excel.happened] == ["XLPy", "CallUDF"]
    excel.dead = set()
    assert excel.shows("POSITION_SIZE", 1e6, 0.1) == 1e7


def raises(text):
    def answer(*_values):
        raise office.RaisedError(text)

    return answer


def test_a_missing_dll_is_one_sentence(excel):
    excel.answers["XLPy"] = raises(f"{NO_DLL}\nand more\nlines")
    assert excel.shows("POSITION_SIZE", 1e6, 0.1) == "error 2015"
    assert excel.sentence() == f"POSITION_SIZE: {NO_DLL}"
    del excel.answers["XLPy"]
    assert excel.shows("POSITION_SIZE", 1e6, 0.1) == 1e7


def test_a_long_failure_is_cut_to_a_sentence(excel):
    excel.answers["CallUDF"] = raises("x" * 1000)
    assert excel.shows("POSITION_SIZE", 1e6, 0.1) == "error 2015"
    assert excel.sentence() == "POSITION_SIZE: " + "x" * LONGEST_SENTENCE


# -------------------------------------------------------------------------------------- the ribbon


RETURNS = np.random.default_rng(20240229).normal(0.001, 0.01, (40, 2)).round(6).tolist()
R_ASSET, R_FACTOR = ([row[i : i + 1] for row in RETURNS] for i in (0, 1))
TABLE = [["date", "Mkt-RF"], [45_322.0, 0.01], [45_351.0, 0.02]]


def button(excel, name):
    """Press a button; return what its message says, None where there is none."""
    excel.happened = []
    excel.press("onAction", f"RibbonCallbacks.{name}")
    assert excel.happened[-1] == ("EndMarker", name)
    assert ("EndMarker", "TellFailure") not in excel.happened
    messages = [text for event, *text in excel.happened if event == "MsgBox"]
    return messages[0][0] if messages else None


def told_events(excel):
    return [event for event, *_ in excel.happened]


def refresh_all(excel):
    assert button(excel, "OnRefreshAll") is None
    assert told_events(excel).index("CallUDF") < told_events(excel).index("CalculateFull")
    excel.dead = range(10_000)
    assert GONE in button(excel, "OnRefreshAll")
    assert "CalculateFull" not in told_events(excel)


def explain(excel):
    excel.put([[0.5]])
    excel.calc.ask("select", "Inputs", "A1")
    assert button(excel, "OnExplain") == "A1 shows no error."
    bad = [["MSFT"], [0.01], ["n/a"], [0.02]]
    excel.put(bad)
    for address, formula in (("C1", "=SHARPE_RATIO(A1:A4)"), ("C2", "=1/0")):
        excel.calc.ask("type", "Inputs", address, formula, False)
    excel.shows("SHARPE_RATIO", -1.0)  # another sentence has come since
    excel.calc.ask("select", "Inputs", "C1")
    assert button(excel, "OnExplain") == f"C1: {factor_udfs.SHARPE_RATIO(bad).message}"
    excel.calc.ask("select", "Inputs", "C2")
    assert "calls no factor function" in button(excel, "OnExplain")


def restart_python(excel):
    excel.shows("POSITION_SIZE", 1e6, 0.1)
    assert button(excel, "OnRestartPython") is None
    assert ("KillPy",) in excel.happened
    assert any(e == "StatusBar" and "starts again" in str(text) for e, *text in excel.happened)
    excel.shows("POSITION_SIZE", 1e6, 0.1)
    assert ("XLPy",) in excel.happened


def insert_factors(excel):
    excel.answers["CallUDF"] = TABLE
    excel.calc.ask("select", "Inputs", "B2")
    assert button(excel, "OnInsertFactors") is None
    assert excel.calc.ask("formula", "Inputs", "B2") == '{=FF_FACTORS("FF3";"M")}'
    assert [row[1:] for row in excel.calc.ask("cells", "Inputs")[1:]] == TABLE


def refresh_data(excel):
    assert "No cell" in button(excel, "OnRefreshData")
    excel.answers["CallUDF"] = TABLE
    excel.calc.ask("type", "Results", "B2:C4", '=FF_FACTORS("FF3";"M")', True)
    changed = [TABLE[0], [45_322.0, 0.03], [45_351.0, 0.04]]
    excel.answers |= {"CallUDF": changed, "Await": 0}
    assert button(excel, "OnRefreshData").endswith("calculated again.")
    assert [row[1:] for row in excel.calc.ask("cells", "Results")[1:]] == changed
    ((fetch,),) = [values for event, *values in excel.happened if event == "Await"]
    assert fetch.endswith('" -m factor_core data fetch --kept')
    excel.answers["Await"] = 3  # what the command says where some files did not come
    assert "copies on disk are used" in button(excel, "OnRefreshData")


def insert_summary(excel):
    excel.put(RETURNS)
    excel.calc.ask("select", "Inputs", "A1:B40")
    assert button(excel, "OnInsertSummary") is None
    expected = factor_udfs.FACTOR_SUMMARY(R_ASSET, R_FACTOR, 252)
    rows = excel.calc.ask("cells", "Inputs")
    assert [row[:2] for row in rows] == RETURNS
    assert [row[3:] for row in rows[: len(expected)]] == expected


def insert_sizing(excel):
    excel.put(RETURNS)
    excel.calc.ask("select", "Inputs", "A1:A40", "B1:B40")
    assert button(excel, "OnInsertSizing") is None
    rows = excel.calc.ask("cells", "Inputs")
    assert [row[:2] for row in rows] == RETURNS
    cells = [cell for row in rows for cell in row[2:]]
    assert factor_udfs.FACTOR_BETA(R_ASSET, R_FACTOR) in cells
    expected = factor_udfs.HEDGED_POSITION_SIZE(1e6, R_ASSET, R_FACTOR, 12, 252)
    assert set(expected[0]) <= set(cells)


def show_functions(excel):
    message = button(excel, "OnShowFunctions")
    assert message is None or "Shift+F3" in message


def check_setup(excel):
    assert button(excel, "OnCheckSetup") is None
    ((command,),) = [text for event, *text in excel.happened if event == "Shell"]
    assert command.startswith('cmd.exe /k ""C:\\Python\\python.exe" -m factor_core doctor')


def about(excel):
    message = button(excel, "OnAbout")
    assert __version__ in message
    assert "Python" in message


def is_tab_wanted(excel):
    assert excel.press("getVisible", "RibbonCallbacks.IsTabWanted") is True
    assert excel.happened[-1] == ("EndMarker", "IsTabWanted")


def opening(excel):
    """Open the workbook; run the macro that Excel's clock then starts, return what happens."""
    excel.happened = []
    excel.press("event", "Workbook_Open")
    assert excel.happened[-1] == ("EndMarker", "TestWorkbook_Open")
    ((macro,),) = [text for event, *text in excel.happened if event == "OnTime"]
    place, _, module_and_name = macro.partition("!")
    assert place == "'macros.xlsm'"
    excel.happened = []
    excel.calc.macro(module_and_name)
    assert excel.happened[-1] == ("EndMarker", module_and_name.partition(".")[2])
    return excel.happened


def workbook_open(excel):
    excel.put(COLUMN_A)
    excel.calc.ask("type", "Results", "B1", "=1+SHARPE_RATIO($Inputs.A1:A4)", False)
    happened = opening(excel)
    described = [text for event, *text in happened if event == "MacroOptions"]
    functions = list(CATALOGUE.values())
    assert [name.partition("!")[2] for name, _, _ in described] == [f.name for f in functions]
    for (_, category, texts), function in zip(described, functions, strict=True):
        assert category.endswith(function.category)
        assert (texts or []) == [argument.kind.text for argument in function.arguments]
    # Only then, and only sheets that call our functions: Python has given a sign of life.
    work = [call for call in happened if call[0] in ("CallUDF", "EnableCalculation", "Calculate")]
    assert [call[0] for call in work] == ["CallUDF", *["EnableCalculation"] * 2, "Calculate"]
    assert work[1:3] == [("EnableCalculation", "Results", on) for on in (False, True)]
    assert [text for event, *text in happened if event == "StatusBar"][-1] == [False]


# What each callback and each event of the workbook must bring about, besides reaching its end.
CHECKS = {
    "RibbonCallbacks.IsTabWanted": is_tab_wanted,
    "RibbonCallbacks.OnAbout": about,
    "RibbonCallbacks.OnCheckSetup": check_setup,
    "RibbonCallbacks.OnExplain": explain,
    "RibbonCallbacks.OnInsertFactors": insert_factors,
    "RibbonCallbacks.OnInsertSizing": insert_sizing,
    "RibbonCallbacks.OnInsertSummary": insert_summary,
    "RibbonCallbacks.OnRefreshAll": refresh_all,
    "RibbonCallbacks.OnRefreshData": refresh_data,
    "RibbonCallbacks.OnRestartPython": restart_python,
    "RibbonCallbacks.OnShowFunctions": show_functions,
    "Workbook_Open": workbook_open,
}
TO_CHECK = sorted({callback for _, callback in callbacks()} | set(events()))


@pytest.mark.parametrize("name", TO_CHECK)
def test_a_button_or_event_does_its_work_and_its_macro_reaches_its_end(excel, name):
    assert name in CHECKS, f"{name} is started by Excel and has no test here"
    CHECKS[name](excel)


def test_every_check_belongs_to_a_button_or_an_event():
    assert sorted(CHECKS) == TO_CHECK


@pytest.mark.parametrize("name", ["OnInsertSummary", "OnInsertSizing", "OnInsertFactors"])
def test_inserting_never_overwrites_a_filled_cell(excel, name):
    excel.put(RETURNS)
    excel.put([["mine"]], row=2, column=5)  # in the way right of the selection, and below it
    excel.put([["mine"]], row=43, column=2)
    before = excel.calc.ask("cells", "Inputs")
    if name == "OnInsertFactors":
        excel.answers["CallUDF"] = TABLE
    excel.calc.ask("select", "Inputs", "A1:B40")
    assert "Nothing was inserted" in button(excel, name)
    assert excel.calc.ask("cells", "Inputs") == before


def test_a_failing_button_is_told_in_a_message_and_its_macro_reaches_its_end(excel):
    excel.answers["KillPy"] = raises(NO_DLL)
    excel.press("onAction", "RibbonCallbacks.OnRestartPython")
    ((message,),) = [text for event, *text in excel.happened if event == "MsgBox"]
    assert NO_DLL in message
    assert excel.happened[-1] == ("EndMarker", "OnRestartPython")


def test_where_python_is_missing_at_opening_the_numbers_stay_and_the_status_bar_says_why(excel):
    excel.put(COLUMN_A)
    excel.calc.ask("type", "Inputs", "B1", "=SHARPE_RATIO(A1:A4)", False)
    excel.calc.macro("FactorRuntime.StopPython")
    excel.answers["XLPy"] = raises(NO_DLL)
    happened = opening(excel)
    assert NO_DLL in [str(text) for event, *text in happened if event == "StatusBar"][-1]
    assert not {"Calculate", "CalculateFull", "EnableCalculation"} & set(told_events(excel))
    assert excel.calc.ask("cells", "Inputs")[0][1] == factor_udfs.SHARPE_RATIO(COLUMN_A)


# -------------------------------------------------------------------- the modules, compiled


@pytest.mark.parametrize("module", OURS)
def test_every_module_compiles(excel, module):
    assert excel.calc.macro(canary(module)) == "compiled"


BROKEN = {
    "a statement cut short": "\nPublic Sub Broken()\n    If Then\nEnd Sub\n",
    "a procedure without end": "\nPublic Sub Broken()\n",
}


@pytest.mark.parametrize("damage", BROKEN)
@pytest.mark.parametrize("module", OURS)
def test_the_canary_dies_in_a_module_that_does_not_compile(calc, tmp_path, module, damage):
    path = tmp_path / "broken.xlsm"
    change = {module: lambda code: code + BROKEN[damage]}
    path.write_bytes(macro_copy.macro_copy(change=change))
    calc.open(path, with_macros=True)
    try:
        answer = calc.macro(canary(module))
    except office.OfficeError as refused:
        answer = str(refused)
    assert answer != "compiled"


# ------------------------------------------------------------------------- where there is no office


@pytest.mark.parametrize(
    ("program", "reason"),
    [("", "no LibreOffice is installed"), ("echo LibreOffice 7.4.7.2 abc", "7.4 is too old")],
)
def test_a_machine_without_libreoffice_says_why_tests_are_skipped(
    monkeypatch, tmp_path, program, reason
):
    if program:
        (tmp_path / "soffice").write_text(f"#!/bin/sh\n{program}\n", encoding="ascii")
        (tmp_path / "soffice").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(office, "PLACES", ())
    with pytest.raises(pytest.skip.Exception, match=reason):
        office.installation.__wrapped__()


# ------------------------------------------------------------------------- the template, as it is


@pytest.fixture(scope="module")
def in_file():
    """Return the template as openpyxl reads it: values, and which cells array formulas fill."""
    values = openpyxl.load_workbook(TEMPLATE, data_only=True)
    formulas = openpyxl.load_workbook(TEMPLATE)
    filled = {
        sheet.title: {
            (row, column)
            for cells in sheet.iter_rows()
            for cell in cells
            if isinstance(cell.value, ArrayFormula)
            for left, top, right, bottom in [range_boundaries(cell.value.ref)]
            for row in range(top, bottom + 1)
            for column in range(left, right + 1)
        }
        for sheet in formulas
    }
    return values, filled


@pytest.mark.parametrize("with_macros", [True, False], ids=["with macros", "without"])
def test_the_template_opens_and_shows_what_its_file_holds(calc, in_file, with_macros):
    """LibreOffice calculates array formulas whenever it loads a file: they are left out here."""
    values, filled = in_file
    calc.answer = office.nobody
    calc.open(TEMPLATE, with_macros=with_macros)
    assert list(calc.ask("sheets")) == values.sheetnames
    compared = 0
    for sheet in values:
        rows = calc.ask("cells", sheet.title)
        for cell in (cell for cells in sheet.iter_rows() for cell in cells):
            place = (cell.row, cell.column)
            if cell.value is None or place in filled[sheet.title] or cell.value in ERROR_CODES:
                continue
            assert rows[cell.row - 1][cell.column - 1] == as_cell(cell.value), cell
            compared += 1
    assert compared > 10_000


def as_cell(value):
    return to_excel(value) if isinstance(value, dt.datetime | dt.date) else value


@pytest.mark.parametrize("with_macros", [True, False], ids=["with macros", "without"])
def test_stored_values_are_shown_whatever_the_formulas_say(calc, tmp_path, with_macros):
    """A colleague without Python reads the numbers: nothing is calculated at opening."""
    path = tmp_path / "stored.xlsm"
    formulas = {"SHARPE_RATIO(A1:A4)": 111.5, "NOT_A_FUNCTION(1)": 222.5, "SUM(1,2)": 333.5}
    path.write_bytes(macro_copy.macro_copy(formulas=formulas))
    calc.answer = office.nobody
    calc.open(path, with_macros=with_macros)
    assert calc.ask("cells", "Inputs") == [[value] for value in formulas.values()]
