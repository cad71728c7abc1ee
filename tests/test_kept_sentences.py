"""The sentence kept for each cell that failed, run in LibreOffice's VBA mode.

LibreOffice does not say which cell it calculates, so here the test says it; the rest of how
FactorRuntime keeps sentences is as it is shipped, but for a shorter memory.
"""

from __future__ import annotations

import re

import pytest
from office import calc as office
from office import macro_copy
from test_vba_in_libreoffice import Excel

A1, B2 = "[Book1]Sheet1!$A$1", "[Book1]Sheet1!$B$2"
MEMORY = 3
CALLER = "\nPrivate mCaller As String\n"
# LibreOffice forgets collections when a macro ends, so one macro does all that a test needs.
STORY = """
Public Function Story(ByVal steps As String, ByVal asked As String) As String
    Dim one As Variant, part As Variant, inner As Variant
    For Each one In Split(steps, "|")
        part = Split(one, ";")
        mCaller = part(0)
        inner = 1
        If part(3) <> "" Then inner = FactorCall(part(3), Array(part(4), 1))
        inner = FactorCall(part(1), Array(part(2), inner))
    Next one
    For Each one In Split(asked, "|")
        Story = Story & "|" & KeptSentence(one)
    Next one
End Function
"""


def for_the_test(code):
    """Return FactorRuntime with the test's word for what LibreOffice cannot say."""
    for pattern, new in (
        (
            r"(?s)(Function CallerAddress\(\) As String\n).*?(?=End Function)",
            r"\1    CallerAddress = mCaller\n",
        ),
        (r"(MOST_SENTENCES As Long =) \d+", rf"\1 {MEMORY}"),
        (r"\nPublic Function FactorCall", rf"{CALLER}\g<0>"),
        # it takes every error for an argument left out
        (r"(Not IsObject\(arguments\(position\)\)) And Not IsMissing\(.*?\)\)", r"\1"),
    ):
        code, count = re.subn(pattern, new, code)
        assert count == 1, pattern
    return code + STORY


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    running = office.start(folder)
    path = folder / "macros.xlsm"
    path.write_bytes(macro_copy.macro_copy(change={"FactorRuntime": for_the_test}))
    running.open(path, with_macros=True)
    excel = Excel(running)
    running.answer = excel.hears
    running.connect_tests("xlwings.ConnectTests")
    yield excel
    running.close()


@pytest.fixture
def excel(opened):
    """Return the workbook with a server that fails where it is told so."""
    opened.forget()
    opened.answers["CallUDF"] = answer
    return opened


def answer(_number, _module, name, arguments):
    return f"#NUM! {name}: it fails" if arguments[0] == "fails" else 1.5


def call(cell, name, *, fails=False, inner="", inner_fails=False):
    """Return one calculation of a cell, as the macro reads it."""
    said = {True: "fails", False: "works"}
    return ";".join([cell, name, said[fails], inner, said[inner_fails]])


def kept(excel, *calls, cells=(A1,)):
    """Return what is kept for each cell after these calculations."""
    told = excel.calc.macro("FactorRuntime.Story", "|".join(calls), "|".join(cells))
    return told.split("|")[1:]


BETA_FAILS = "FACTOR_BETA: it fails"


def test_each_cell_keeps_its_own_sentence(excel):
    calls = call(A1, "FACTOR_BETA", fails=True), call(B2, "R_SQUARED", fails=True)
    assert kept(excel, *calls, cells=(A1, B2)) == [BETA_FAILS, "R_SQUARED: it fails"]


def test_a_cell_that_never_failed_keeps_nothing(excel):
    calls = call(A1, "FACTOR_BETA"), call(B2, "R_SQUARED", fails=True)
    assert kept(excel, *calls) == [""]


def test_a_function_that_no_longer_fails_is_forgotten_in_its_cell_only(excel):
    failures = [call(cell, "FACTOR_BETA", fails=True) for cell in (A1, B2)]
    assert kept(excel, *failures, call(A1, "FACTOR_BETA"), cells=(A1, B2)) == ["", BETA_FAILS]


def test_the_newest_failure_of_a_cell_counts(excel):
    calls = call(A1, "FACTOR_BETA", fails=True), call(A1, "R_SQUARED", fails=True)
    assert kept(excel, *calls) == ["R_SQUARED: it fails"]


BOTH_FAIL = call(A1, "SHARPE_RATIO", fails=True, inner="FACTOR_BETA", inner_fails=True)
OUTER_FAILS = call(A1, "SHARPE_RATIO", fails=True, inner="FACTOR_BETA")
NONE_FAILS = call(A1, "SHARPE_RATIO", inner="FACTOR_BETA")


def test_the_inner_functions_sentence_is_the_cause(excel):
    assert kept(excel, BOTH_FAIL) == [BETA_FAILS]
    assert kept(excel, BOTH_FAIL, BOTH_FAIL) == [BETA_FAILS]


def test_the_outer_functions_own_failure_is_its_own(excel):
    assert kept(excel, BOTH_FAIL, OUTER_FAILS) == ["SHARPE_RATIO: it fails"]
    assert kept(excel, OUTER_FAILS, BOTH_FAIL) == [BETA_FAILS]
    assert kept(excel, BOTH_FAIL, NONE_FAILS) == [""]


def test_a_sound_function_beside_a_failing_one_does_not_hide_it(excel):
    calls = call(A1, "FACTOR_BETA", fails=True), call(A1, "R_SQUARED")
    assert kept(excel, *calls) == [BETA_FAILS]


def test_a_macro_that_calls_a_function_keeps_nothing(excel):
    assert kept(excel, call("", "FACTOR_BETA", fails=True), cells=("x",)) == [""]
    assert excel.sentence() == BETA_FAILS


def test_the_oldest_sentence_goes_first_when_the_memory_is_full(excel):
    cells = [f"[Book1]Sheet1!$C${row}" for row in range(1, MEMORY + 2)]
    calls = [call(cell, "FACTOR_BETA", fails=True) for cell in cells]
    assert kept(excel, *calls, cells=cells) == ["", *[BETA_FAILS] * MEMORY]


def test_a_server_that_fails_leaves_its_sentence_too(excel):
    def gone(*_values):
        raise office.RaisedError("Could not load the DLL\nand more")

    excel.answers["CallUDF"] = gone
    assert kept(excel, call(A1, "FACTOR_BETA")) == ["FACTOR_BETA: Could not load the DLL"]


def test_no_python_in_the_settings_is_said_before_anything_is_started(excel):
    excel.answers["GetConfig"] = lambda _name: ""
    (sentence,) = kept(excel, call(A1, "FACTOR_BETA"))
    assert sentence.startswith("FACTOR_BETA: no settings on this machine name the Python")
    assert sentence.endswith("run factor-udfs install")
    assert ("XLPy",) not in excel.happened
