"""Every function, whatever its cells hold: a result, or one sentence that names the argument.

The rules for headers and missing data are tested here once, for the whole catalogue.
"""

import copy
import datetime as dt
import math
from itertools import chain

import numpy as np
import pytest
from function_laws import LAWS

import factor_udfs
from factor_core import cells
from factor_core.catalogue import CATALOGUE
from factor_core.errors import ERROR_CODES, LONGEST_SENTENCE, ExcelError

ROWS = 48
COM_MISSING = -2147352572
WHOLE_SHEET = 1_048_576

RNG = np.random.default_rng(20240131)
FACTORS = RNG.normal(0.0005, 0.01, (ROWS, 2)).tolist()
ASSETS = (np.array(FACTORS) @ [[1.1, 0.6, 0.9], [0.3, -0.2, 0.0]]) + RNG.normal(
    0.0003, 0.005, (ROWS, 3)
)
CROSS_SECTION = np.hstack([ASSETS, ASSETS[:, ::-1] * 0.5 + RNG.normal(0.0002, 0.004, (ROWS, 3))])
ASSET = ASSETS[:, :1].tolist()
MARKET = [row[:1] for row in FACTORS]
DATES = [[40_000.0 + i] for i in range(ROWS)]
FIRSTS = np.arange("2000-02", "2004-02", dtype="datetime64[M]").astype("datetime64[D]")
MONTH_ENDS = [[float(d)] for d in (FIRSTS - np.datetime64("1899-12-31")).astype(int).tolist()]
ONE_FACTOR = {
    *("DIMSON_BETA", "SCHOLES_WILLIAMS_BETA", "UP_BETA", "DOWN_BETA", "DOWNSIDE_BETA"),
    "TIMING_MODEL",
}

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
    "market_returns": MARKET,
    "benchmark_returns": MARKET,
    "new_factor": ASSET,
    "restrictions": [[1.0, 0.0], [0.0, 1.0]],
    "split": 24.0,
    "sharpe": 0.5,
    "tests": 20.0,
    "weights": [[0.6], [0.4]],
    "dates": DATES,
    "std_errors": [[0.1], [0.2], [0.3]],
    "debt_equity": [[0.5], [0.8]],
    "tax_rate": 0.25,
    "positions": [[1e6], [-4e5]],
    "legs": [[1.0, 0.0, 0.0], [0.0, 1.0, -1.0]],
    "instrument_returns": FACTORS,
    "hedged_returns": (ASSETS[:, :1] - np.array(FACTORS)[:, :1]).tolist(),
    "target_beta": 0.2,
    "factor_var": 0.04,
    "idio_var": 0.01,
    "target_share": 0.1,
    "cov": [[0.04, 0.01], [0.01, 0.09]],
    "alphas": [[0.03], [-0.01]],
    "loss": 1e6,
    "probability": 0.05,
    ("TARGET_BETA_HEDGE", "value"): 1e6,
    **{
        (name, "betas"): [[1.1, 0.3], [0.6, -0.2]]
        for name in ("HEDGE_NOTIONALS", "HEDGE_TRADES", "PORTFOLIO_RISK", "SIZE_TO_LIMITS")
    },
    ("VASICEK_BETA", "betas"): [[1.1], [0.6], [0.9]],
    **{(name, "beta"): [[1.1], [0.6]] for name in ("BLUME_BETA", "LEVER_BETA", "UNLEVER_BETA")},
    **{(name, "factor_returns"): MARKET for name in ONE_FACTOR},
    ("PERIOD_BETA", "dates"): [[40_000.0 + 20 * i] for i in range(ROWS)],
    ("BOTTOM_UP_BETA", "betas"): [[1.1, 0.3], [0.6, -0.2]],
    ("FAMA_MACBETH", "asset_returns"): CROSS_SECTION.tolist(),
    ("COMPOUND_RETURNS", "dates"): MONTH_ENDS,
    ("TREYNOR_RATIO", "factor_returns"): MARKET,
    ("CAPM_RETURN", "rf"): 0.02,
    ("EXPECTED_RETURN", "rf"): 0.02,
    ("MODEL_COV", "betas"): [[1.1, 0.3], [0.6, -0.2]],
    ("RESIDUAL_CORREL", "asset_returns"): ASSETS.tolist(),
    ("GRS_TEST", "asset_returns"): ASSETS.tolist(),
    ("FACTOR_TABLE", "asset_returns"): ASSETS.tolist(),
}
# Options without which a function has no result on these few rows.
ALWAYS = {("ROLLING_BETA", "window"): 20.0, ("ROLLING_REGRESSION", "window"): 20.0}
# What each optional argument holds where it is given: a good value that is not the default.
OPTIONS = {
    "adjusted": True,
    "alpha": 0.01,
    "betas": [[0.9, 0.1]],
    "budget_periods": 12.0,
    "confidence": 0.9,
    "df": 30.0,
    "end_date": "2000-01",
    "factor": 2.0,
    "intercept": False,
    "join": "outer",
    "kind": "alpha",
    "lag": 0.0,
    "lags": 5.0,
    "level": 0.9,
    "method": "geometric",
    "model": "CARHART",
    "null_value": 0.5,
    "periods": 12.0,
    "premia": [[0.05], [0.02]],
    "return_periods": 12.0,
    "se": "hc1",
    "shanken": False,
    "small_sample": False,
    "start_date": "2000-01",
    "values": [[0.5], [0.2]],
    "vol_periods": 252.0,
    "window": 20.0,
    "min_obs": 10.0,
    "every": "6M",
    "halflife": 10.0,
    "weight": 0.5,
    "prior": 0.9,
    "prior_var": 0.1,
    "leads": 2.0,
    "threshold": 0.001,
    "ridge": 0.1,
    "hedge_beta": 0.9,
    "price": 4000.0,
    "multiplier": 5.0,
    "cov_periods": 12.0,
    "alpha_periods": 12.0,
    "gross_limit": 1e6,
    "name_limit": [[1e6], [5e5]],
    "factor_limits": [[1e5], [5e5]],
    "share_limit": 0.1,
    ("COMPOUND_RETURNS", "frequency"): "Q",
    ("FACTOR_CHECK", "dates"): DATES,
    "horizon_years": 2.0,
    "sharpe": 1.0,
    ("ROLLING_BETA", "lag"): 1.0,
    **{(name, "window"): 30.0 for name in ("ROLLING_BETA", "ROLLING_REGRESSION")},
    ("DOWNSIDE_BETA", "method"): "estrada",
    ("TIMING_MODEL", "model"): "HM",
    ("ROBUST_BETA", "method"): "tukey",
    ("ANNUALIZE", "kind"): "vol",
    ("BONFERRONI_T", "level"): 0.01,
    ("EXPECTED_PNL", "betas"): [[1.1], [0.3]],
}
# What an option needs beside it to have a meaning; by its name, or by function and name.
NEEDS = {
    "lag": {"window": 20.0},
    "lags": {"se": "hac"},
    "small_sample": {"se": "hac"},
    "multiplier": {"price": 4000.0},
    ("ROLLING_BETA", "lag"): {},
    ("DIMSON_BETA", "lags"): {},
    "join": {"dates_2": [[40_002.0 + i] for i in range(ROWS)]},
    ("EXPECTED_PNL", "betas"): {"premia": [[0.05], [0.02]]},
    ("EXPECTED_PNL", "premia"): {"betas": [[1.1], [0.3]]},
    ("EXPECTED_PNL", "kind"): {"betas": [[1.1], [0.3]], "premia": [[0.05], [0.02]]},
}
UNTRIED = {  # options that need a file, tested with the function
    ("FF_FACTORS", "file"),
    ("FF_FACTORS", "frequency"),
}
PER_ROW = {  # arguments whose rows are the same periods
    *("asset_returns", "factor_returns", "returns", "excess_returns", "rf"),
    *("market_returns", "benchmark_returns", "new_factor", "dates"),
    *("instrument_returns", "hedged_returns"),
    *("dates_1", "values_1", "dates_2", "values_2"),
}
CHECKS = {"FACTOR_CHECK"}  # answers bad cells with findings instead: tests/test_checks.py
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
CASES = [(f, a) for f in FUNCTIONS for a in (None, *f.arguments) if a is None or a.optional]
every_case = pytest.mark.parametrize(  # a function by itself, then with each of its options
    ("function", "option"),
    [(f, a) for f, a in CASES if a is None or (f.name, a.name) not in UNTRIED],
    ids=lambda thing: thing.name if thing else "alone",
)
every_argument = pytest.mark.parametrize(
    ("function", "argument"),
    [(f, a) for f in FUNCTIONS for a in f.arguments],
    ids=lambda thing: thing.name,
)
every_strict_argument = pytest.mark.parametrize(
    ("function", "argument"),
    [(f, a) for f in FUNCTIONS if f.name not in CHECKS for a in f.arguments],
    ids=lambda thing: thing.name,
)


def of(table, function, name):
    """Return what a table has for an argument: by function and name, or by its name alone."""
    return copy.deepcopy(table.get((function.name, name), table.get(name)))


def good(function):
    """Return the arguments that a function needs, as cells without fault."""
    names = [argument.name for argument in function.arguments if not argument.optional]
    always = {name: cells for (owner, name), cells in ALWAYS.items() if owner == function.name}
    return {name: of(GOOD, function, name) for name in names} | always


def beside(function, argument):
    """Return good arguments in which this one has a meaning; an option itself is left out."""
    needed = of(NEEDS, function, argument.name) if argument.optional else None
    return good(function) | (needed or {})


def without(argument, given):
    """Return the arguments with this one left out."""
    return {name: held for name, held in given.items() if name != argument.name}


def with_option(function, argument):
    """Return good arguments with this one among them, optional or not."""
    if argument is None:
        return good(function)
    given = beside(function, argument)
    if argument.optional and (function.name, argument.name) not in UNTRIED:
        given[argument.name] = of(OPTIONS, function, argument.name)
    return given


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


def is_range(argument, cells_given):
    """Return whether these cells are a range of numbers; only dates are a range of others."""
    dates = (cells.read_dates, cells.read_times, cells.read_every_date)
    return isinstance(cells_given, list) and argument.kind.read not in dates


def is_number(argument, cells_given):
    one = argument.kind.read in (cells.read_number, cells.read_integer)
    return one or is_range(argument, cells_given)


# -------------------------------------------------------------------------------------- good cells


@every_case
def test_good_cells_give_a_result(function, option):
    result = call(function, with_option(function, option))
    assert not isinstance(result, ExcelError), result.message
    assert_no_bug(result)


@every_case
def test_the_same_cells_give_the_same_result_and_stay_as_they_were(function, option):
    given = with_option(function, option)
    before = copy.deepcopy(given)
    assert call(function, given) == call(function, given)
    assert given == before


@every_case
def test_an_array_gives_what_its_cells_give_and_stays_as_it_was(function, option):
    given = with_option(function, option)
    arrays = {n: np.array(c) if isinstance(c, list) else c for n, c in given.items()}
    before = copy.deepcopy(arrays)
    for array in arrays.values():
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    assert call(function, arrays) == call(function, given)
    assert all(np.array_equal(array, before[name]) for name, array in arrays.items())


@every_case
def test_tuples_and_lists_give_the_same(function, option):
    given = with_option(function, option)
    tuples = {n: tuple(map(tuple, c)) if isinstance(c, list) else c for n, c in given.items()}
    assert call(function, tuples) == call(function, given)


# ------------------------------------------------------------------------------ arguments left out


@every_argument
def test_a_needed_argument_left_out_is_named(function, argument):
    given = beside(function, argument)
    for blank in (None, "", COM_MISSING, ((None,),)):
        result = call(function, given | {argument.name: blank})
        if argument.optional:
            assert result == call(function, without(argument, given))
        else:
            expected = f"{function.name}: {argument.name} is blank or left out; it is needed"
            assert result.message == expected


@every_argument
def test_a_default_given_is_a_default_left_out(function, argument):
    if argument.optional and argument.default is not None:
        given = beside(function, argument)
        result = call(function, given | {argument.name: argument.default})
        assert result == call(function, without(argument, given))


# -------------------------------------------------------------------------------------- bad cells


@every_strict_argument
def test_a_bad_cell_is_named_with_its_argument(function, argument):
    held = with_option(function, argument).get(argument.name)
    bad_cells = NO_NUMBER if is_number(argument, held) else NO_CELL
    for bad, words in bad_cells.values():
        given = with_option(function, argument)
        place = ()
        if is_range(argument, held):
            given[argument.name][-1][-1] = bad
            place = (f"row {len(given[argument.name])}",)
        else:
            given[argument.name] = bad
        assert_sentence(call(function, given), function, argument.name, words, *place)


@every_argument
def test_no_shape_of_cells_is_an_internal_error(function, argument):
    shapes = ([], [[]], ((),), [[1.0], [2.0, 3.0]], [[[1.0]]], [1.0, [2.0]], np.zeros((2, 2, 2)))
    for shape in shapes:
        result = call(function, beside(function, argument) | {argument.name: shape})
        assert_sentence(result, function, argument.name)


@every_argument
def test_no_single_value_is_an_internal_error(function, argument):
    values = (0.0, -1.0, 1.0, 0.5, 1e308, 5e-324, -1e308, 1e-9, 3.0, 999.0, "", "x", True, "#N/A")
    for value in values:
        given = beside(function, argument)
        assert_no_bug(call(function, given | {argument.name: value}))
        assert_no_bug(call(function, given | {argument.name: [[value], [value]]}))


@pytest.mark.filterwarnings("ignore:invalid value")  # infinite less infinite, inside the maths
@every_function
def test_extreme_numbers_are_no_internal_error(function):
    for scale in (1e300, 1e-300, 1e154, 0.0, -1.0):
        kinds = {argument.name: argument for argument in function.arguments}
        given = {
            name: (np.array(c) * scale).tolist() if is_range(kinds[name], c) else c
            for name, c in good(function).items()
        }
        assert_no_bug(call(function, given))


# ----------------------------------------------------------------------------------- missing cells


ESTIMATED = {"asset_returns", "new_factor"}
REGRESSIONS = [f for f in FUNCTIONS if "factor_returns" in good(f) and ESTIMATED & good(f).keys()]
REGRESSIONS = [f for f in REGRESSIONS if f.name not in CHECKS]
every_regression = pytest.mark.parametrize("function", REGRESSIONS, ids=lambda f: f.name)


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


@every_case
def test_a_header_changes_no_number_and_lines_up_with_its_rows(function, option):
    given = with_option(function, option)
    headed = {
        name: [[f"{name} {j}" for j, _ in enumerate(c[0])], *c] if isinstance(c, list) else c
        for name, c in given.items()
    }
    plain, result = call(function, given), call(function, headed)
    assert numbers(result) == numbers(plain)
    if LAWS[function.name].shape.startswith("n"):
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
    ranges = {name for name, held in good(function).items() if isinstance(held, list)}
    for name in wrong.keys() & ranges:
        given = good(function) | options.get(function.name, {})
        rows = len(given[name])
        given[name][-1][-1] = wrong[name]
        given[name] = [["name"] * len(given[name][0]), *given[name]]
        assert_sentence(call(function, given), function, f"{name} row {rows + 1}, column")


@every_function
def test_a_row_of_returns_is_answered_with_transpose(function):
    if function.name in CHECKS:  # a finding there
        return
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
    if max(LAWS[function.name].k) == 1:
        return
    given = good(function)
    given["factor_returns"] = [[a, b, a + b] for a, b in given["factor_returns"]]
    result = call(function, given)
    assert_sentence(result, function, "factor_returns", "3")
    assert result == "#NUM!"


@every_regression
def test_a_constant_asset_is_no_internal_error(function):
    given = good(function)
    for name in ESTIMATED & given.keys():
        given[name] = [[0.01] * len(row) for row in given[name]]
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
