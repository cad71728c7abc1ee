"""Every function, whatever its cells hold: a result, or one sentence that names the argument.

The rules for headers and missing data are tested here once, for the whole catalogue.
"""

import copy
import datetime as dt
import math
from itertools import chain

import numpy as np
import pytest

import factor_udfs
from factor_core import cells
from factor_core.catalogue import CATALOGUE
from factor_core.errors import ERROR_CODES, LONGEST_SENTENCE, ExcelError

ROWS = 48
COM_MISSING = -2147352572
WHOLE_SHEET = 1_048_576
SERIES = {"TRACKING_SERIES", "HEDGED_SERIES", "RESIDUAL_SERIES", "EXCESS_RETURNS"}

RNG = np.random.default_rng(20240131)
FACTORS = RNG.normal(0.0005, 0.01, (ROWS, 2)).tolist()
ASSETS = (np.array(FACTORS) @ [[1.1, 0.6, 0.9], [0.3, -0.2, 0.0]]) + RNG.normal(
    0.0003, 0.005, (ROWS, 3)
)
ASSET = ASSETS[:, :1].tolist()
MARKET = [row[:1] for row in FACTORS]
DATES = [[40_000.0 + i] for i in range(ROWS)]

# What each argument holds where nothing is wrong; by its name, or by function and name.
GOOD = {
    "asset_returns": ASSET,
    "factor_returns": FACTORS,
    "returns": ASSET,
    "excess_returns": ASSET,
    "prices": (100 * np.cumprod(1 + ASSETS[:, :2], axis=0)).tolist(),
    "rf": [[0.0001] for _ in range(ROWS)],
    "annual_rate": [[0.02], [0.03]],
    "value": [[0.01, 0.02]],
    "vol": [[0.01], [0.02]],
    "from_periods": 252.0,
    "to_periods": 12.0,
    "dates_1": DATES,
    "values_1": ASSET,
    "dates_2": DATES,
    "values_2": FACTORS,
    "betas": [[1.1, 0.3]],
    "premia": [[0.05], [0.02]],
    "beta": 1.1,
    "market_premium": 0.05,
    "factor_cov": [[0.04, 0.01], [0.01, 0.09]],
    "idio_vars": [[0.01], [0.02]],
    "budget": 1e6,
    "position": 1e6,
    "alpha": 0.0002,
    "periods": 252.0,
    "stat": "n",
    ("TREYNOR_RATIO", "factor_returns"): MARKET,
    ("CAPM_RETURN", "rf"): 0.02,
    ("EXPECTED_RETURN", "rf"): 0.02,
    ("MODEL_COV", "betas"): [[1.1, 0.3], [0.6, -0.2]],
    ("RESIDUAL_CORREL", "asset_returns"): ASSETS.tolist(),
    ("GRS_TEST", "asset_returns"): ASSETS.tolist(),
    ("FACTOR_TABLE", "asset_returns"): ASSETS.tolist(),
}
RANGES = {
    *(
        "asset_returns",
        "factor_returns",
        "returns",
        "excess_returns",
        "prices",
        "rf",
        "annual_rate",
    ),
    *("value", "vol", "values_1", "values_2", "betas", "premia", "factor_cov", "idio_vars"),
}
PER_ROW = {  # arguments whose rows are the same periods
    *("asset_returns", "factor_returns", "returns", "excess_returns", "rf"),
    *("dates_1", "values_1", "dates_2", "values_2"),
}
NO_CELL = {  # cells that no argument takes, and how a sentence calls them
    "#DIV/0! by COM": (ERROR_CODES["#DIV/0!"], "#DIV/0!"),
    "#VALUE! as text": ("#VALUE!", "#VALUE!"),
    "#SPILL! by COM": (ERROR_CODES["#SPILL!"], "#SPILL!"),
    "unknown error": (-2146826100, "an error value"),
    "bytes": (b"1", "a bytes"),
    "dict": ({}, "a dict"),
    "complex": (1j, "a complex"),
}
NO_NUMBER = NO_CELL | {
    "text": ("n/a", 'text "n/a"'),
    "number as text": ("0.01", 'text "0.01"'),
    "TRUE": (True, "TRUE"),
    "date": (dt.date(2024, 1, 31), "the date 2024-01-31"),
    "infinite": (math.inf, "infinite"),
}

FUNCTIONS = [f for f in CATALOGUE.values() if f.arguments]
every_function = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.name)
every_argument = pytest.mark.parametrize(
    ("function", "argument"),
    [(f, a) for f in FUNCTIONS for a in f.arguments],
    ids=lambda thing: thing.name,
)


def good(function):
    """Return the needed arguments of a function, in order, as cells without fault."""
    names = [argument.name for argument in function.arguments if not argument.optional]
    return {name: copy.deepcopy(GOOD.get((function.name, name), GOOD.get(name))) for name in names}


def call(function, given):
    return getattr(factor_udfs, function.name)(**given)


def assert_sentence(result, function, *words):
    assert isinstance(result, ExcelError), result
    message = result.message
    assert message.startswith(f"{function.name}: ")
    assert "internal error" not in message
    assert message.isascii()
    assert "\n" not in message
    assert len(message) <= LONGEST_SENTENCE
    for word in words:
        assert word in message


def assert_no_bug(result):
    """Fail where the result is an internal error; any other result or sentence will do."""
    flat = chain.from_iterable(result) if isinstance(result, list) else [result]
    for cell in flat:
        assert isinstance(cell, float | str | bool)
        assert not isinstance(cell, float) or math.isfinite(cell)
        if isinstance(cell, ExcelError):
            assert cell.message
            assert "internal error" not in cell.message


def numbers(result):
    """Return the numbers of a result in their order, without those that are places in the range."""
    rows = result if isinstance(result, list) else [[result]]
    values = [row for row in rows if row[0] not in ("first row used", "last row used")]
    return [cell for row in values for cell in row if isinstance(cell, float)]


def is_number(argument):
    return argument.name in RANGES or argument.kind.read is cells.read_number


# -------------------------------------------------------------------------------------- good cells


@every_function
def test_good_cells_give_a_result(function):
    result = call(function, good(function))
    assert not isinstance(result, ExcelError), result.message
    assert_no_bug(result)


@every_function
def test_the_same_cells_give_the_same_result_and_stay_as_they_were(function):
    given = good(function)
    before = copy.deepcopy(given)
    assert call(function, given) == call(function, given)
    assert given == before


@every_function
def test_an_array_gives_what_its_cells_give_and_stays_as_it_was(function):
    arrays = {n: np.array(c) if isinstance(c, list) else c for n, c in good(function).items()}
    before = copy.deepcopy(arrays)
    for array in arrays.values():
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    assert call(function, arrays) == call(function, good(function))
    assert all(np.array_equal(array, before[name]) for name, array in arrays.items())


@every_function
def test_tuples_and_lists_give_the_same(function):
    given = good(function)
    tuples = {n: tuple(map(tuple, c)) if isinstance(c, list) else c for n, c in given.items()}
    assert call(function, tuples) == call(function, given)


# ------------------------------------------------------------------------------ arguments left out


@every_argument
def test_a_needed_argument_left_out_is_named(function, argument):
    for blank in (None, "", COM_MISSING, ((None,),)):
        result = call(function, good(function) | {argument.name: blank})
        if argument.optional:
            assert result == call(function, good(function))
        else:
            expected = f"{function.name}: {argument.name} is blank or left out; it is needed"
            assert result.message == expected


@every_argument
def test_a_default_given_is_a_default_left_out(function, argument):
    if argument.optional and argument.default is not None:
        given = call(function, good(function) | {argument.name: argument.default})
        assert given == call(function, good(function))


# -------------------------------------------------------------------------------------- bad cells


@every_argument
def test_a_bad_cell_is_named_with_its_argument(function, argument):
    bad_cells = NO_NUMBER if is_number(argument) else NO_CELL
    for bad, words in bad_cells.values():
        given = good(function)
        place = ()
        if argument.name in RANGES and isinstance(given.get(argument.name), list):
            given[argument.name][-1][-1] = bad
            place = (f"row {len(given[argument.name])}",)
        else:
            given[argument.name] = bad
        assert_sentence(call(function, given), function, argument.name, words, *place)


@every_argument
def test_no_shape_of_cells_is_an_internal_error(function, argument):
    shapes = ([], [[]], ((),), [[1.0], [2.0, 3.0]], [[[1.0]]], [1.0, [2.0]], np.zeros((2, 2, 2)))
    for shape in shapes:
        result = call(function, good(function) | {argument.name: shape})
        assert_sentence(result, function, argument.name)


@every_argument
def test_no_single_value_is_an_internal_error(function, argument):
    values = (0.0, -1.0, 1.0, 0.5, 1e308, 5e-324, -1e308, 1e-9, 3.0, 999.0, "", "x", True, "#N/A")
    for value in values:
        assert_no_bug(call(function, good(function) | {argument.name: value}))
        assert_no_bug(call(function, good(function) | {argument.name: [[value], [value]]}))


@pytest.mark.filterwarnings("ignore:invalid value")  # infinite less infinite, inside the maths
@every_function
def test_extreme_numbers_are_no_internal_error(function):
    for scale in (1e300, 1e-300, 1e154, 0.0, -1.0):
        given = {
            name: (np.array(c) * scale).tolist() if name in RANGES else c
            for name, c in good(function).items()
        }
        assert_no_bug(call(function, given))


# ----------------------------------------------------------------------------------- missing cells


def with_row(given, names, row, cell):
    changed = copy.deepcopy(given)
    for name in names:
        changed[name][row] = [cell] * len(changed[name][row])
    return changed


def without_row(given, row):
    return {
        name: c[:row] + c[row + 1 :] if isinstance(c, list) and len(c) == ROWS else c
        for name, c in given.items()
    }


REGRESSIONS = [f for f in FUNCTIONS if {"asset_returns", "factor_returns"} <= good(f).keys()]
every_regression = pytest.mark.parametrize("function", REGRESSIONS, ids=lambda f: f.name)


@every_regression
@pytest.mark.parametrize("blank", [None, "", "#N/A", ERROR_CODES["#N/A"], math.nan])
def test_a_row_with_a_missing_cell_is_dropped_from_all_ranges(function, blank):
    given, row = good(function), 17
    expected = numbers(call(function, without_row(given, row)))
    for names in (["asset_returns"], ["factor_returns"], ["asset_returns", "factor_returns"]):
        result = call(function, with_row(given, names, row, blank))
        assert numbers(result) == pytest.approx(expected, rel=1e-9, abs=1e-12)
        if function.name in SERIES:
            assert len(result) == ROWS
            assert result[row] == ["#N/A"] * len(result[row])


@every_function
def test_one_missing_cell_is_no_internal_error(function):
    for name, block in good(function).items():
        if isinstance(block, list):
            for row in (0, len(block) // 2, len(block) - 1):
                given = good(function)
                given[name][row][0] = None
                assert_no_bug(call(function, given))


@every_function
def test_nothing_but_missing_cells_is_said(function):
    for name, block in good(function).items():
        if isinstance(block, list):
            empty = [[None] * len(row) for row in block]
            assert_no_bug(call(function, good(function) | {name: empty}))


# ----------------------------------------------------------------------------------------- headers


@every_function
def test_a_header_changes_no_number_and_lines_up_with_its_rows(function):
    given = good(function)
    headed = {
        name: [[f"{name} {j}" for j, _ in enumerate(c[0])], *c] if isinstance(c, list) else c
        for name, c in given.items()
    }
    plain, result = call(function, given), call(function, headed)
    assert numbers(result) == numbers(plain)
    if function.name in SERIES:
        assert len(result) == len(plain) + 1
        assert all(isinstance(cell, str) for cell in result[0])


# ------------------------------------------------------------------------------- lengths and ranks


@every_function
def test_unequal_lengths_are_said_with_both_numbers(function):
    names = [name for name, c in good(function).items() if isinstance(c, list) and len(c) == ROWS]
    paired = [name for name in names if name in PER_ROW]
    if len(paired) < 2:
        return
    for name in paired:
        given = good(function)
        given[name] = given[name][:-1]
        result = call(function, given)
        assert_sentence(result, function, name, str(ROWS), str(ROWS - 1), "equal length")
        assert result == "#VALUE!"


@every_function
def test_a_header_on_one_range_only_is_said(function):
    names = [name for name in good(function) if name in PER_ROW]
    if len(names) < 2:
        return
    for name in names:
        given = good(function)
        given[name][0] = ["name"] * len(given[name][0])
        result = call(function, given)
        words = [
            name,
            f"{ROWS - 1}",
            "below its header",
            f"{ROWS}",
            "without a header",
            "both with",
        ]
        assert_sentence(result, function, *words)


@every_function
def test_a_header_counts_in_the_row_that_a_sentence_names(function):
    wrong = {"vol": -1.0, "annual_rate": -2.0, "value": -2.0, "prices": -1.0}
    options = {"RF_PER_PERIOD": {"method": "geometric"}, "ANNUALIZE": {"kind": "geometric"}}
    for name in wrong.keys() & good(function).keys():
        given = good(function) | options.get(function.name, {})
        rows = len(given[name])
        given[name][-1][-1] = wrong[name]
        given[name] = [["name"] * len(given[name][0]), *given[name]]
        assert_sentence(call(function, given), function, f"{name} row {rows + 1}, column")


@every_function
def test_a_row_of_returns_is_answered_with_transpose(function):
    for name in ("asset_returns", "prices", "returns", "excess_returns"):
        given = good(function)
        if name in given and function.name != "EXCESS_RETURNS":
            lying = {n: [[row[0] for row in c]] for n, c in given.items() if n in {name, *PER_ROW}}
            alone = lying if len(lying) > 1 else {name: lying[name]}
            result = call(function, given | alone)
            if "use one asset" not in result.message and "use one factor" not in result.message:
                assert_sentence(result, function, "TRANSPOSE")


@every_regression
@pytest.mark.parametrize("rows", [1, 2])
def test_too_few_rows_for_the_factors_are_said(function, rows):
    given = {n: c[:rows] if n in PER_ROW else c for n, c in good(function).items()}
    result = call(function, given)
    assert_sentence(result, function)
    assert result == "#NUM!"


@every_function
def test_few_rows_are_no_internal_error(function):
    for rows in range(1, 7):
        given = {n: c[:rows] if isinstance(c, list) else c for n, c in good(function).items()}
        assert_no_bug(call(function, given))


@every_regression
def test_a_constant_factor_is_said_by_its_place(function):
    given = good(function)
    for row in given["factor_returns"]:
        row[-1] = 0.01
    result = call(function, given)
    width = len(given["factor_returns"][0])
    place = [f"column {width}"] if width > 1 else []
    assert_sentence(result, function, "factor_returns", "constant", *place)
    assert result == "#NUM!"


@every_regression
def test_collinear_factors_are_said(function):
    if function.name == "TREYNOR_RATIO":  # one factor
        return
    given = good(function)
    given["factor_returns"] = [[a, b, a + b] for a, b in given["factor_returns"]]
    result = call(function, given)
    assert_sentence(result, function, "factor_returns", "3")
    assert result == "#NUM!"


@every_regression
def test_a_constant_asset_is_no_internal_error(function):
    given = good(function)
    given["asset_returns"] = [[0.01] * len(row) for row in given["asset_returns"]]
    assert_no_bug(call(function, given))


# ----------------------------------------------------------------------------------- whole columns


@every_function
def test_whole_columns_give_what_their_filled_rows_give(function):
    given = good(function)
    whole = {
        name: (*map(tuple, c), *(((None,) * len(c[0]),) * (WHOLE_SHEET - ROWS)))
        if isinstance(c, list) and len(c) == ROWS
        else c
        for name, c in given.items()
    }
    plain = call(function, given)
    assert call(function, whole) == plain
