"""The catalogue: names, arguments and texts of every function, and the one way to call them."""

import logging
from typing import Annotated

import numpy as np
import pytest

import factor_udfs
from factor_core import catalogue
from factor_core.catalogue import CATALOGUE
from factor_core.docs import default_text
from factor_core.errors import ExcelError, MissingDataError
from factor_core.kinds import Block, Periods, Returns
from factor_core.labelled import Columns, Table
from factor_core.workbook.wrappers import VBA_WORDS, is_cell_address

LONGEST_TEXT = 255  # Excel's function wizard cuts longer ones without saying so

# The contract. It changes only with an issue: workbooks in use depend on it.
CONTRACT = """
SIMPLE_RETURNS(prices)
LOG_RETURNS(prices)
EXCESS_RETURNS(returns, rf)
RF_PER_PERIOD(annual_rate, [periods=252], [method=simple])
ANNUALIZE(value, [periods=252], [kind=mean])
VOL_SCALE(vol, from_periods, to_periods)
COMPOUND_RETURNS(returns, dates, [frequency=M])
ALIGN_SERIES(dates_1, values_1, dates_2, values_2, [join=inner])
ALIGN_REPORT(dates_1, values_1, dates_2, values_2)
FACTOR_BETA(asset_returns, factor_returns, [factor])
FACTOR_ALPHA(asset_returns, factor_returns, [periods=1])
R_SQUARED(asset_returns, factor_returns, [adjusted=FALSE])
RESIDUAL_VOL(asset_returns, factor_returns, [periods=1])
RESIDUAL_SERIES(asset_returns, factor_returns)
ALPHA_TSTAT(asset_returns, factor_returns, [se=ols], [lags], [null_value=0])
BETA_TSTAT(asset_returns, factor_returns, [se=ols], [lags], [null_value=0])
BETA_SE(asset_returns, factor_returns, [se=ols], [lags])
BETA_CI(asset_returns, factor_returns, [level=0.95], [se=ols], [lags])
BETA_TEST(asset_returns, factor_returns, [null_value=1], [se=ols], [lags])
FACTOR_STAT(asset_returns, factor_returns, stat)
FACTOR_WALD(asset_returns, factor_returns, restrictions, [values=0], [se=ols])
FACTOR_DIAGNOSTICS(asset_returns, factor_returns)
FACTOR_REGRESSION(asset_returns, factor_returns, [se=ols], [lags], [intercept=TRUE], \
[small_sample=TRUE])
FACTOR_SUMMARY(asset_returns, factor_returns, [periods=252], [se=ols])
FACTOR_TABLE(asset_returns, factor_returns, [periods=252], [se=hac])
SUBSAMPLE_TEST(asset_returns, factor_returns, split)
ROLLING_BETA(asset_returns, factor_returns, [window=252], [min_obs], [lag=0])
ROLLING_REGRESSION(asset_returns, factor_returns, [window=252], [min_obs])
PERIOD_BETA(asset_returns, factor_returns, dates, [every=1Y])
EWMA_BETA(asset_returns, factor_returns, [halflife=63])
BLUME_BETA(beta, [weight=0.666667], [prior=1])
VASICEK_BETA(betas, std_errors, [prior], [prior_var])
DIMSON_BETA(asset_returns, factor_returns, [lags=1], [leads=1])
SCHOLES_WILLIAMS_BETA(asset_returns, factor_returns)
UP_BETA(asset_returns, factor_returns, [threshold=0])
DOWN_BETA(asset_returns, factor_returns, [threshold=0])
DOWNSIDE_BETA(asset_returns, factor_returns, [method=acx])
TIMING_MODEL(asset_returns, factor_returns, [model=TM])
ROBUST_BETA(asset_returns, factor_returns, [method=huber])
LEVER_BETA(beta, debt_equity, tax_rate)
UNLEVER_BETA(beta, debt_equity, tax_rate)
CAPM_RETURN(rf, beta, market_premium)
EXPECTED_RETURN(rf, betas, premia, [alpha=0])
TRACKING_SERIES(asset_returns, factor_returns, [betas], [window], [lag=1])
HEDGED_SERIES(asset_returns, factor_returns, [betas], [window], [lag=1])
HEDGE_RATIO(asset_returns, factor_returns)
HEDGE_NOTIONALS(positions, betas)
HEDGE_TRADES(positions, betas, legs)
MIN_VAR_HEDGE(asset_returns, instrument_returns, [ridge=0])
TARGET_BETA_HEDGE(value, beta, target_beta, [hedge_beta=1], [price], [multiplier=1])
FACTOR_SHARE_HEDGE(beta, factor_var, idio_var, target_share)
HEDGE_EFFECTIVENESS(asset_returns, hedged_returns, factor_returns)
VARIANCE_DECOMP(asset_returns, factor_returns, [periods=1])
FACTOR_SHARE(asset_returns, factor_returns)
TRACKING_ERROR(returns, benchmark_returns, [periods=252])
FACTOR_COV(factor_returns, [periods=1], [halflife])
MODEL_COV(betas, factor_cov, idio_vars)
PORTFOLIO_RISK(weights, betas, factor_cov, idio_vars, [periods=1])
RISK_CONTRIBUTION(weights, cov)
RESIDUAL_CORREL(asset_returns, factor_returns)
POSITION_SIZE(budget, vol, [budget_periods=1], [vol_periods=1])
HEDGED_POSITION_SIZE(budget, asset_returns, factor_returns, [budget_periods=1], \
[return_periods=252])
EXPECTED_PNL(position, alpha, [betas=0], [premia=0], [periods=252], [kind=total])
SIZE_PORTFOLIO(weights, cov, budget, [budget_periods=1], [cov_periods=252])
TREYNOR_BLACK(alphas, idio_vars, budget, [budget_periods=1], [alpha_periods=252])
SIZE_TO_LIMITS(alphas, betas, factor_cov, idio_vars, budget, [gross_limit], [name_limit], \
[factor_limits], [share_limit])
RISK_PARITY_WEIGHTS(cov)
BUDGET_USE(positions, cov, budget, [budget_periods=1], [cov_periods=252])
STOP_LOSS_VOL(loss, probability, [horizon_years=1], [sharpe=0])
SHARPE_RATIO(excess_returns, [periods=252])
APPRAISAL_RATIO(asset_returns, factor_returns, [periods=252])
TREYNOR_RATIO(asset_returns, factor_returns, [periods=252])
INFORMATION_RATIO(returns, benchmark_returns, [periods=252])
MSQUARED(asset_returns, market_returns, [periods=252])
MSQUARED_ALPHA(asset_returns, market_returns, [periods=252])
UP_CAPTURE(returns, benchmark_returns)
DOWN_CAPTURE(returns, benchmark_returns)
MEAN_TSTAT(returns, [null_value=0])
SHARPE_SE(returns, [periods=252])
YEARS_NEEDED(sharpe, [confidence=0.95])
BONFERRONI_T(tests, [level=0.05], [df])
RETURN_ATTRIBUTION(asset_returns, factor_returns, [periods=252])
BOTTOM_UP_BETA(weights, betas)
GRS_TEST(asset_returns, factor_returns)
FAMA_MACBETH(asset_returns, factor_returns, [intercept=TRUE], [shanken=TRUE])
SPANNING_TEST(new_factor, factor_returns)
FF_FACTORS([model=FF3], [frequency=M], [start_date], [end_date], [file])
FACTOR_CHECK(asset_returns, factor_returns, [dates])
ADDIN_INFO()
"""


def usage_with_defaults(function):
    words = []
    for argument in function.arguments:
        default = default_text(argument)
        shown = argument.name if default in ("needed", "blank") else f"{argument.name}={default}"
        words.append(f"[{shown}]" if argument.optional else shown)
    return f"{function.name}({', '.join(words)})"


every_function = pytest.mark.parametrize("function", CATALOGUE.values(), ids=CATALOGUE)


# ------------------------------------------------------------------------------ names and texts


def test_names_arguments_order_and_defaults_are_the_contract():
    assert [usage_with_defaults(f) for f in CATALOGUE.values()] == CONTRACT.strip().splitlines()


def test_the_module_offers_the_catalogue_and_nothing_else():
    assert [name for name in vars(factor_udfs) if name.isupper()] == list(CATALOGUE)


@every_function
def test_every_function_explains_itself_within_excels_limit(function):
    texts = [function.summary, *(argument.kind.text for argument in function.arguments)]
    for text in (*texts, function.category):
        assert 0 < len(text) <= LONGEST_TEXT
        assert text == text.strip()
        assert text.isascii()
        assert "\n" not in text
    assert all(text.endswith(".") for text in texts)


@every_function
def test_no_name_is_a_cell_address_or_a_word_of_vba(function):
    names = [function.name, *(argument.name for argument in function.arguments)]
    assert not is_cell_address(function.name)
    assert not {name.lower() for name in names} & VBA_WORDS
    assert len({name.lower() for name in names}) == len(names)


@every_function
def test_optional_arguments_come_last(function):
    optional = [argument.optional for argument in function.arguments]
    assert optional == sorted(optional)


@every_function
def test_python_sees_the_same_names_and_the_same_sentence(function):
    call = getattr(factor_udfs, function.name)
    assert list(call.__signature__.parameters) == [a.name for a in function.arguments]
    assert call.__doc__ == function.summary
    assert call.__name__ == function.name
    assert call.__module__ == "factor_udfs"


def test_an_argument_without_a_kind_is_refused():
    def untyped(x: int) -> object:
        """Nothing."""

    with pytest.raises(TypeError, match="untyped: argument x has no Kind"):
        catalogue.udf(category="Test")(untyped)
    assert "untyped" not in CATALOGUE


# -------------------------------------------------------------------------- calling from Python

ASSET = [[0.010], [-0.020], [0.030], [0.005], [-0.010]]
MARKET = [[0.008], [-0.010], [0.020], [0.001], [-0.012]]


def test_a_one_cell_result_is_one_value():
    beta = factor_udfs.FACTOR_BETA(ASSET, MARKET)
    assert type(beta) is float
    slope = np.polyfit(np.ravel(MARKET), np.ravel(ASSET), 1)[0]
    assert beta == pytest.approx(slope, rel=1e-12)


def test_a_larger_result_is_rows():
    rows = factor_udfs.SIMPLE_RETURNS([[100.0], [110.0], [99.0]])
    assert rows == [[pytest.approx(0.1)], [pytest.approx(-0.1)]]
    assert isinstance(rows, list)
    assert isinstance(rows[0], list)


def test_an_input_error_is_an_error_value_with_its_sentence():
    error = factor_udfs.FACTOR_BETA(ASSET, [[0.008], ["n/a"], [0.02], [0.001], [-0.012]])
    assert isinstance(error, ExcelError)
    assert error == "#VALUE!"
    assert error.message == (
        'FACTOR_BETA: factor_returns row 2, column 1 is text "n/a"; use a number or leave it blank'
    )


def test_a_result_that_does_not_exist_is_num():
    error = factor_udfs.FACTOR_BETA(ASSET, [[0.01]] * 5)
    assert error == "#NUM!"
    assert error.message.startswith("FACTOR_BETA: ")


def test_arguments_may_be_named():
    by_place = factor_udfs.FACTOR_ALPHA(ASSET, MARKET, 252)
    assert factor_udfs.FACTOR_ALPHA(ASSET, MARKET, periods=252) == by_place
    assert (
        factor_udfs.FACTOR_ALPHA(periods=252, factor_returns=MARKET, asset_returns=ASSET)
        == by_place
    )


def test_too_many_and_unknown_arguments_are_said_not_raised():
    error = factor_udfs.FACTOR_ALPHA(ASSET, MARKET, 252, 1)
    assert error.message == (
        "FACTOR_ALPHA: given 4 arguments, takes 3; "
        "use FACTOR_ALPHA(asset_returns, factor_returns, [periods])"
    )
    error = factor_udfs.FACTOR_ALPHA(ASSET, MARKET, window=5)
    assert error.message.startswith("FACTOR_ALPHA: window is no argument; use FACTOR_ALPHA(")
    error = factor_udfs.FACTOR_ALPHA(ASSET, MARKET, 252, periods=12)
    assert error.message.startswith("FACTOR_ALPHA: periods is given twice; use FACTOR_ALPHA(")


def test_one_function_feeds_another():
    inner = factor_udfs.HEDGED_SERIES(ASSET, MARKET)
    assert factor_udfs.FACTOR_BETA(inner, MARKET) == pytest.approx(0, abs=1e-12)


def test_an_error_of_an_inner_function_explains_the_outer_one():
    inner = factor_udfs.EXCESS_RETURNS(ASSET, [[0.0001], [0.0001]])
    outer = factor_udfs.FACTOR_BETA(inner, MARKET)
    assert inner == outer == "#VALUE!"
    assert outer.message.startswith(
        f"FACTOR_BETA: asset_returns row 1, column 1 is #VALUE! ({inner.message})"
    )


def test_functions_answer_from_many_threads_at_once():
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    rng = np.random.default_rng(7)
    inputs = [(rng.normal(size=(300, 1)), rng.normal(size=(300, 3))) for _ in range(40)]
    alone = [factor_udfs.FACTOR_REGRESSION(*pair) for pair in inputs]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda pair: factor_udfs.FACTOR_REGRESSION(*pair), inputs))
    assert together == alone


# -------------------------------------------------------------------------------- the one door


def described(body):
    """Return a function as the catalogue describes it, without entering it there."""
    return catalogue._describe(body, "Test")


def test_a_bug_of_ours_is_one_sentence_in_the_cell_and_a_traceback_in_the_log(caplog):
    def broken(returns: Returns) -> object:
        """Nothing."""
        return 1 / 0

    with caplog.at_level(logging.ERROR, logger="factor_udfs"):
        ((cell,),) = described(broken).cells([[0.5]])
    assert cell == "#VALUE!"
    assert cell.message == "broken: internal error (ZeroDivisionError); the log has the details"
    assert "internal error in broken" in caplog.text
    assert "Traceback" in caplog.text
    assert "return 1 / 0" in caplog.text


def test_a_result_that_no_cell_can_show_is_a_bug_of_ours(caplog):
    def odd(returns: Returns) -> object:
        """Nothing."""
        return {"a": 1}

    ((cell,),) = described(odd).cells([[0.5]])
    assert cell.message == "odd: internal error (TypeError); the log has the details"
    assert "a cell cannot show a dict" in caplog.text


def test_an_error_keeps_the_code_of_its_kind():
    def absent(returns: Returns) -> object:
        """Nothing."""
        raise MissingDataError("nothing kept on disk; use the argument file")

    ((cell,),) = described(absent).cells([[0.5]])
    assert (cell, cell.message) == (
        "#N/A",
        "absent: nothing kept on disk; use the argument file",
    )


def test_an_interrupt_is_not_an_error_of_a_cell():
    def forever(returns: Returns) -> object:
        """Nothing."""
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        described(forever).cells([[0.5]])


def test_a_result_of_a_blocks_shape_keeps_the_blocks_header():
    def twice(value: Block, periods: Periods = 2) -> object:
        """Nothing."""
        return value * periods

    twice = described(twice)
    assert twice.cells([["MSFT", ""], [1.0, 2.0]]) == [["MSFT", ""], [2.0, 4.0]]
    assert twice.cells([["MSFT"], [1.0], [None], [2.0]]) == [["MSFT"], [2.0], ["#N/A"], [4.0]]
    assert twice.cells([[1.0, 2.0]], 3.0) == [[3.0, 6.0]]
    assert twice.cells(1.0) == [[2.0]]


@pytest.mark.parametrize(
    ("result", "rows"),
    [
        (0.5, [[0.5]]),
        (np.array([1.0, 2.0]), [[1.0], [2.0]]),
        (Columns(np.array([[1.0]]), ("A",)), [["A"], [1.0]]),
        (Table(("a", "b"), [("x", 1)]), [["a", "b"], ["x", 1.0]]),
    ],
)
def test_what_the_maths_returns_is_written_once_for_all(result, rows):
    def gives(returns: Returns) -> object:
        """Nothing."""
        return result

    assert described(gives).cells([[0.5]]) == rows


def test_the_sentence_of_a_function_is_its_first_line():
    def two_lines(returns: Annotated[object, *Returns.__metadata__]) -> object:
        """First line.

        Second.
        """

    assert described(two_lines).summary == "First line."
