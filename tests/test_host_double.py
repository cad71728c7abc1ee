"""Classic Excel: every function called as Excel calls it, by our VBA's way and by xlwings' own.

xlwings' Windows code and pywin32's half in Python are real; `host_double` says what is not. "ours"
is FactorRuntime.bas, "stock" is what xlwings' Import Functions writes. Oracle of the values: the
same call from Python, bit for bit. Oracle of the double: xlwings' own test workbook, calculated by
Excel.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
import warnings
from decimal import Decimal
from importlib import metadata
from itertools import product
from pathlib import Path

import openpyxl
import pytest
from host_double import fetch, vba
from host_double.excel import (
    ERROR_TEXTS,
    ERRORS,
    SHEET_ROWS,
    Range,
    Workbook,
    array,
    cell,
)
from host_double.process import Line
from host_double.pywin32 import com_error
from host_double.variant import MISSING, Variant, from_python, serial_of, time_of, to_python
from openpyxl.utils import range_boundaries
from test_bad_input import ASSET, FACTORS, good

import factor_udfs
from factor_core.catalogue import CATALOGUE
from factor_core.errors import ERROR_CODES, ExcelError
from factor_core.workbook.macros import source
from factor_core.workbook.wrappers import functions_module

FUNCTIONS = list(CATALOGUE.values())
OF_THE_HOST = ("host", "log file", "fit cache")  # rows of ADDIN_INFO that say where it runs
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pywin32 itself is there")


def ranges(given):
    return [name for name, block in given.items() if isinstance(block, list)]


every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
both_ways = pytest.mark.parametrize("way", ["ours", "stock"])


@pytest.fixture(scope="module")
def kept(request, tmp_path_factory):
    """Return a folder for what is fetched: kept between test runs where pytest keeps a cache."""
    cache = getattr(request.config, "cache", None)
    return cache.mkdir("host_double") if cache else tmp_path_factory.mktemp("fetched")


@pytest.fixture(scope="module")
def excel(kept, tmp_path_factory):
    line = Line(fetch.pywin32(kept), tmp_path_factory.mktemp("excel"))
    yield line
    line.close()


def in_cells(given, **block):
    """Return arguments as Excel holds them: blocks as ranges, single values as they are."""
    return {n: Range(c, **block) if isinstance(c, list) else c for n, c in given.items()}


def ask(excel, way, function, given):
    """Call a function with every parameter, as both wrappers do: what is not given is missing."""
    arguments = [given.get(argument.name, MISSING) for argument in function.arguments]
    if way == "ours":
        return excel.ours(function.name, *arguments)
    return excel.stock("factor_udfs", function.name, *arguments)


def python(function, given):
    return getattr(factor_udfs, function.name)(**given)


def as_vba_sees(result, way):
    """Return what a result of the Python call must be in VBA: one value, one row, or rows."""
    if isinstance(result, ExcelError):
        return in_vba(result) if way == "ours" else cell(f"{result} {result.message}")
    if not isinstance(result, list):
        return in_vba(result)
    leaf = in_vba if way == "ours" else lambda c: Variant("BSTR", c) if is_text(c) else cell(c)
    rows = tuple(tuple(map(leaf, row)) for row in result)
    return Variant("ARRAY", rows[0] if len(rows) == 1 else rows)


def in_vba(value):
    if isinstance(value, ExcelError):
        return Variant("ERROR", ERROR_CODES[value])
    return Variant("BSTR", value) if is_text(value) else cell(value)


def is_text(value):
    return isinstance(value, str)


def without_host(variant):
    """Return ADDIN_INFO's table without the rows that say where it runs."""
    rows = variant.value
    return [row for row in rows if row[0].value not in OF_THE_HOST]


def assert_same(answer, result, way):
    assert answer.cell == as_vba_sees(result, way)
    if way == "ours":
        assert answer.sentence == (result.message if isinstance(result, ExcelError) else "")


# -------------------------------------------------------------------------------- every function


@both_ways
@every_function
def test_a_function_gives_excel_what_it_gives_python(excel, function, way):
    given = good(function)
    answer, result = ask(excel, way, function, in_cells(given)), python(function, given)
    if function.name == "ADDIN_INFO":
        assert without_host(answer.cell) == without_host(as_vba_sees(result, way))
    else:
        assert_same(answer, result, way)
    assert answer.sent <= {"R8", "BSTR", "BOOL"}


@every_function
def test_our_way_never_calls_excel_back(excel, function):
    given = in_cells(good(function))
    assert ask(excel, "ours", function, given).calls_to_excel == 0
    assert ask(excel, "stock", function, given).calls_to_excel > 0  # the count is no empty one


@both_ways
@every_function
def test_a_default_given_is_a_default_left_out(excel, function, way):
    defaults = {
        argument.name: argument.default
        for argument in function.arguments
        if argument.optional and argument.default is not None
    }
    given = in_cells(good(function))
    assert ask(excel, way, function, defaults | given) == ask(excel, way, function, given)


@both_ways
@every_function
def test_a_needed_argument_left_out_is_named(excel, function, way):
    for name in good(function):
        given = {n: c for n, c in good(function).items() if n != name}
        assert_same(ask(excel, way, function, in_cells(given)), python(function, given), way)


@both_ways
@every_function
def test_a_cell_gives_what_its_value_gives(excel, function, way):
    given = good(function)
    cells = {n: c if isinstance(c, list) else [[c]] for n, c in given.items()}
    literal = ask(excel, way, function, in_cells(given))
    assert ask(excel, way, function, in_cells(cells)).cell == literal.cell


@both_ways
@pytest.mark.parametrize(
    "function", [f for f in FUNCTIONS if ranges(good(f))], ids=lambda f: f.name
)
def test_a_header_row_is_read_as_names(excel, function, way):
    given = good(function)
    for name in ranges(given):
        given[name].insert(0, [f"{name} {j}" for j, _ in enumerate(given[name][0])])
    assert_same(ask(excel, way, function, in_cells(given)), python(function, given), way)


@both_ways
@every_function
def test_whatever_a_cell_holds_both_answer_the_same(excel, function, way):
    contents = (None, "", "#N/A", "#DIV/0!", "#SPILL!", "n/a", True)
    for name, found in product(ranges(good(function)), contents):
        given = good(function)
        given[name][len(given[name]) // 2][-1] = found
        assert_same(ask(excel, way, function, in_cells(given)), python(function, given), way)


def with_rows(function):
    """Return whether all ranges of the function have the same rows, as whole columns have."""
    return len({len(block) for block in good(function).values() if isinstance(block, list)}) == 1


@pytest.mark.parametrize("function", [*filter(with_rows, FUNCTIONS)], ids=lambda f: f.name)
def test_whole_columns_are_cut_to_the_used_rows(excel, function):
    given = good(function)
    columns = {name: Range(given[name], height=SHEET_ROWS) for name in ranges(given)}
    assert_same(ask(excel, "ours", function, given | columns), python(function, given), "ours")


# -------------------------------------------------------------------------------------- the cells


def test_whole_columns_reach_python_uncut_by_xlwings_own_way(excel):
    function = CATALOGUE["FACTOR_BETA"]
    given = {"asset_returns": ASSET, "factor_returns": FACTORS}
    cells = {name: Range(block, height=SHEET_ROWS) for name, block in given.items()}
    assert_same(ask(excel, "stock", function, cells), python(function, given), "stock")


def test_currency_keeps_its_digits_by_our_way_only(excel):
    function = CATALOGUE["EXCESS_RETURNS"]
    given = {"returns": [[0.0123456], [-0.0004567]], "rf": 0.0}
    cells = in_cells(given, number_format="Currency")
    assert_same(ask(excel, "ours", function, cells), python(function, given), "ours")
    rounded = given | {"returns": [[Decimal("0.0123")], [Decimal("-0.0005")]]}
    assert_same(ask(excel, "stock", function, cells), python(function, rounded), "stock")


@both_ways
def test_dates_are_dates(excel, way):
    function = CATALOGUE["ALIGN_SERIES"]
    days = [[dt.date(2024, 1, 31)], [dt.date(2024, 2, 29)], [dt.date(2024, 3, 29)]]
    given = {"dates_1": days, "values_1": ASSET[:3], "dates_2": days, "values_2": FACTORS[:3]}
    result = python(function, given)
    assert [row[0] for row in result] == [45322.0, 45351.0, 45380.0]  # Excel's serial numbers
    assert_same(ask(excel, way, function, in_cells(given)), result, way)
    since = {"start_date": dt.date(2016, 11, 30)}
    factors = CATALOGUE["FF_FACTORS"]
    assert_same(ask(excel, way, factors, since), python(factors, since), way)


@both_ways
def test_one_row_is_a_row_whether_range_or_array(excel, way):
    function = CATALOGUE["EXPECTED_RETURN"]
    given = {"rf": 0.02, "betas": [[1.1, 0.3]], "premia": [[0.05, 0.02]]}
    result = python(function, given)
    assert_same(ask(excel, way, function, in_cells(given)), result, way)
    arrays = given | {name: array(given[name]) for name in ("betas", "premia")}
    assert_same(ask(excel, way, function, arrays), result, way)


def test_a_row_of_prices_given_as_an_array_is_a_row_by_our_way(excel):
    function = CATALOGUE["SIMPLE_RETURNS"]
    row = {"prices": [[100.0, 110.0, 99.0]]}
    answer = ask(excel, "ours", function, {"prices": array(row["prices"])})
    assert_same(answer, python(function, row), "ours")


def test_one_functions_result_is_another_ones_argument(excel):
    given = {"asset_returns": [*ASSET[:20], [None], *ASSET[21:]], "factor_returns": FACTORS}
    hedged, beta = CATALOGUE["HEDGED_SERIES"], CATALOGUE["FACTOR_BETA"]
    inner, expected = ask(excel, "ours", hedged, in_cells(given)), python(hedged, given)
    assert inner.cell.value[20] == (cell("#N/A"),)
    outer = ask(excel, "ours", beta, in_cells(given) | {"asset_returns": inner.cell})
    assert_same(outer, python(beta, given | {"asset_returns": expected}), "ours")


# ------------------------------------------------------------------------------------- the errors


def test_an_error_is_real_by_our_way_and_keeps_its_sentence(excel):
    answer = excel.ours("POSITION_SIZE", 1e6, 0.0, MISSING, MISSING)
    assert answer.cell == cell("#NUM!")
    assert answer.sentence.startswith("POSITION_SIZE: vol is 0; ")


def test_an_error_is_text_with_its_sentence_by_xlwings_own_way(excel):
    answer = excel.stock("factor_udfs", "POSITION_SIZE", 1e6, 0.0, MISSING, MISSING)
    assert answer.cell.kind == "BSTR"
    assert answer.cell.value.startswith("#NUM! POSITION_SIZE: vol is 0; ")


@both_ways
def test_what_is_too_large_for_a_cell_is_an_error_not_an_infinity(excel, way):
    function = CATALOGUE["ANNUALIZE"]
    given = {"value": [[1e308], [0.01]], "periods": 252.0}
    result = python(function, given)
    assert result[0] == ["#NUM!"]
    assert_same(ask(excel, way, function, in_cells(given)), result, way)


def test_what_python_does_not_know_is_one_line_by_our_way(excel):
    answer = excel.ours("NO_SUCH_FUNCTION", 1.0)
    assert answer.cell == cell("#VALUE!")
    assert answer.sentence == (
        "NO_SUCH_FUNCTION: AttributeError: module 'factor_udfs' has no attribute 'NO_SUCH_FUNCTION'"
    )


def test_what_python_does_not_know_is_text_by_xlwings_own_way(excel):
    answer = excel.stock("factor_udfs", "NO_SUCH_FUNCTION", 1.0)
    first = answer.cell.value.split("\n")[0]
    assert first == "AttributeError: module 'factor_udfs' has no attribute 'NO_SUCH_FUNCTION'"


# ------------------------------------------------------------------------- what xlwings has noted


def test_xlwings_knows_every_function_with_its_arguments_and_texts(excel):
    noted = excel.arguments_of("factor_udfs")
    assert set(noted) == set(CATALOGUE)
    for function in FUNCTIONS:
        arguments = noted[function.name]
        assert [a["name"] for a in arguments] == [a.name for a in function.arguments]
        assert [a["doc"] for a in arguments] == [a.kind.text for a in function.arguments]
        assert {a["name"]: a["optional"] for a in arguments if "optional" in a} == {
            a.name: a.default for a in function.arguments if a.optional
        }


def test_import_functions_writes_the_same_signatures_as_we_do(excel):
    text, _ = excel.import_functions("factor_udfs")
    ours = functions_module(CATALOGUE).replace(" _\n        ", " ")
    signature = re.compile(r"^(?:Public )?Function (\w+\(.*\))", re.MULTILINE)
    assert len(signature.findall(ours)) == len(CATALOGUE)
    assert sorted(signature.findall(text)) == sorted(signature.findall(ours))


def test_import_functions_gives_the_wizard_the_catalogues_texts(excel):
    _, texts = excel.import_functions("factor_udfs")
    found = {given["name"].partition("!")[2]: given for given in texts}
    assert set(found) == set(CATALOGUE)
    for function in FUNCTIONS:
        given = found[function.name]
        assert given["Description"] == function.summary
        assert given["Category"] == function.category
        wanted = [argument.kind.text for argument in function.arguments]
        assert (given["ArgumentDescriptions"] or []) == wanted


# ------------------------------------------------------------------------------ the double itself


def test_our_vba_in_python_has_the_constants_of_our_vba():
    text = source("FactorRuntime.bas")
    assert "mServer.CallUDF(PYTHON_MODULE, functionName, values)\n" in text
    constants = dict(re.findall(r"Const (\w+) As \w+ = (\S+)", text))
    assert constants["PYTHON_MODULE"] == f'"{vba.PYTHON_MODULE}"'
    assert int(constants["FIRST_ERROR_CODE"]) == vba.FIRST_ERROR
    assert int(constants["LAST_ERROR_CODE"]) == vba.LAST_ERROR
    assert int(constants["LONGEST_SENTENCE"]) == vba.LONGEST_SENTENCE


def test_what_runs_is_what_is_shipped(excel, kept):
    files = excel.real_files()
    xlwings = str(metadata.distribution("xlwings").locate_file("xlwings"))
    for name, path in files.items():
        assert Path(path).is_relative_to(xlwings if name.startswith("xlwings") else kept)


def test_values_that_excel_has_calculated_with_xlwings_come_out_of_the_double(excel, kept):
    """The workbook is xlwings' own, tests/udfs/udf_tests.xlsm of its source distribution."""
    folder = fetch.workbook_of_xlwings(kept)
    excel.read_from(str(folder))
    cases = list(calculated(folder / "udf_tests.xlsm", excel.arguments_of("udf_tests")))
    different = [
        (place, name, got, wanted)
        for place, name, arguments, wanted in cases
        if not agree(got := displayed(excel.stock("udf_tests", name, *arguments).cell), wanted)
    ]
    assert different == []
    assert len(cases) > 100


def calculated(path, noted):
    """Yield place, function, arguments and values of each formula that needs no live workbook."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl on parts of the file that it does not know
        formulas = openpyxl.load_workbook(path)["Sheet1"]
        values = openpyxl.load_workbook(path, data_only=True)["Sheet1"]
    for held in (held for row in formulas.iter_rows() for held in row):
        text = getattr(held.value, "text", held.value)
        call = re.fullmatch(r"=(?:_xll\.)?(\w+)\((.*)\)", text) if isinstance(text, str) else None
        if not call or call[1] not in noted or call[1] == "read_workbook_caller":
            continue
        if any(a["vba"] or a["name"] == "caller" for a in noted[call[1]]):
            continue
        given = call[2].split(",") if call[2].strip() else []
        arguments = [argument(text.strip(), values) for text in given]
        if not any(a["vararg"] for a in noted[call[1]]):
            arguments += [MISSING] * (len(noted[call[1]]) - len(arguments))
        place = getattr(held.value, "ref", held.coordinate)
        yield place, call[1], arguments, block(values, place)


def argument(text, values):
    if text == "":
        return MISSING
    if text.startswith('"'):
        return text.strip('"')
    if re.fullmatch(r"-?[\d.]+", text):
        return float(text)
    return Range(block(values, text.replace("$", "")))


def block(values, place):
    left, top, right, bottom = range_boundaries(place)
    return [
        [values.cell(r, c).value for c in range(left, right + 1)] for r in range(top, bottom + 1)
    ]


def displayed(variant):
    """Return rows of what Excel keeps of a result: every number a double, a blank 0."""
    rows = variant.value if variant.kind == "ARRAY" else ((variant,),)
    rows = rows if isinstance(rows[0], tuple) else (rows,)
    return [[kept_in_cell(c) for c in row] for row in rows]


def kept_in_cell(held):
    if held.kind == "EMPTY":
        return 0.0
    if held.kind == "ERROR":
        return ERROR_TEXTS[held.value]
    return held.value if held.kind in ("BSTR", "BOOL") else float(held.value)


def agree(got, wanted):
    rows = [["" if c is None else kept_in_cell(cell(c)) for c in row] for row in wanted]
    return got == [[pytest.approx(c, abs=1e-9) for c in row] for row in rows]


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (0.5, Variant("R8", 0.5)),
        (True, Variant("BOOL", True)),
        ("", Variant("BSTR", "")),
        (None, Variant("NULL")),
        (-2146826246, Variant("I4", -2146826246)),  # an error's code: a plain whole number
        (2**31, Variant("UI4", 2**31)),
        (2**40, Variant("I8", 2**40)),
        (2**70, Variant("R8", 2.0**70)),
        (Decimal("1.5"), Variant("CY", 1.5)),
        (dt.date(2024, 1, 31), Variant("DATE", 45322.0)),
        ([1.0, "a"], Variant("ARRAY", (Variant("R8", 1.0), Variant("BSTR", "a")))),
        ([[1.0], [2.0]], Variant("ARRAY", ((Variant("R8", 1.0),), (Variant("R8", 2.0),)))),
    ],
)
def test_python_values_become_the_variants_of_pywin32(value, sent):
    assert from_python(value) == sent


def test_rows_of_unequal_length_are_an_array_of_arrays():
    ragged = from_python([[1.0], [2.0, 3.0]])
    assert [row.kind for row in ragged.value] == ["ARRAY", "ARRAY"]


def test_what_has_no_variant_is_refused():
    with pytest.raises(TypeError, match="Objects of type 'object' can not be converted"):
        from_python(object())


@pytest.mark.parametrize(
    ("held", "received"),
    [
        (cell(0.5), 0.5),
        (cell(None), None),
        (cell("#N/A"), -2146826246),
        (cell(1.23456, "Currency"), Decimal("1.2346")),
        (MISSING, -2147352572),
        (array([[1.0, 2.0]]), (1.0, 2.0)),
        (Range([[1.0], [None]]).Value, ((1.0,), (None,))),
        (Range([[1.0]]).Value, 1.0),
    ],
)
def test_variants_become_the_python_values_of_pywin32(held, received):
    assert to_python(held) == received


def test_a_date_cell_becomes_a_time_of_utc():
    time = to_python(cell(dt.datetime(2024, 1, 31, 12, 30)))  # noqa: DTZ001  a cell's
    assert time == dt.datetime(2024, 1, 31, 12, 30, tzinfo=dt.UTC)
    assert serial_of(time_of(45322.520833333336)) == 45322.520833333336


def test_error_values_have_the_numbers_of_excel():
    assert {text: 2**32 + ERROR_CODES[text] & 0xFFFF for text in ERRORS} == ERRORS


def test_an_object_of_excel_shows_its_members_in_any_case_and_no_others():
    application = Workbook().Application
    assert application.invoke(application.dispid("version"), ()) == Variant("BSTR", "16.0")
    with pytest.raises(com_error):
        application.dispid("NoSuchMember")
