"""Performance beside a benchmark: R's numbers on the sample, laws, refusals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.coefficient_numbers import R
from oracles.sample_numbers import MARKET, MSFT

from factor_core import sample
from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.estimation import factor_alpha, factor_beta
from factor_core.labelled import Columns
from factor_core.performance import sharpe_ratio
from factor_core.relative_performance import (
    down_capture,
    information_ratio,
    msquared,
    msquared_alpha,
    up_capture,
)
from factor_core.risk import tracking_error

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)
years = st.sampled_from([1, 12, 252])
daily = sample.daily()
TOTAL = daily.prices[1:] / daily.prices[:-1] - 1
ALL = (information_ratio, msquared, msquared_alpha, up_capture, down_capture)


def simulated(seed, n=60, m=2):
    rng = np.random.default_rng(seed)
    benchmark = 0.04 * rng.standard_normal((n, 1)) + 0.005
    noise = 0.03 * rng.standard_normal((n, m))
    return noise + benchmark @ rng.uniform(0.3, 1.5, (1, m)), benchmark


def test_ratios_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/coefficient_tests.R: mean, sd and products
    asset, index = TOTAL[:, 3], TOTAL[:, 4]
    np.testing.assert_allclose(information_ratio(asset, index), R["information"], rtol=1e-10)
    np.testing.assert_allclose(up_capture(asset, index), R["up"], rtol=1e-10)
    np.testing.assert_allclose(down_capture(asset, index), R["down"], rtol=1e-10)
    found = [msquared(MSFT, MARKET)[0], msquared_alpha(MSFT, MARKET)[0]]
    np.testing.assert_allclose(found, R["msquared"], rtol=1e-9)


@quick
@given(seeds, years)
def test_information_ratio_is_the_sharpe_ratio_of_the_active_returns(seed, periods):
    returns, benchmark = simulated(seed)
    found = information_ratio(returns, benchmark, periods)
    np.testing.assert_allclose(found, sharpe_ratio(returns - benchmark, periods), rtol=1e-12)


@quick
@given(seeds, years)
def test_information_ratio_is_the_active_return_over_the_tracking_error(seed, periods):
    returns, benchmark = simulated(seed)
    wanted = (returns - benchmark).mean(axis=0) * periods
    wanted /= tracking_error(returns, benchmark, periods)
    np.testing.assert_allclose(information_ratio(returns, benchmark, periods), wanted, rtol=1e-9)


@quick
@given(seeds, years)
def test_msquared_is_the_sharpe_ratio_at_the_markets_volatility(seed, periods):
    assets, market = simulated(seed)
    vol = market.std(ddof=1) * periods**0.5
    found = msquared(assets, market, periods)
    np.testing.assert_allclose(found, sharpe_ratio(assets, periods) * vol, rtol=1e-12)
    ahead = (sharpe_ratio(assets, periods) - sharpe_ratio(market, periods)) * vol
    found = msquared_alpha(assets, market, periods)
    np.testing.assert_allclose(found, ahead, rtol=1e-9, atol=1e-12)


@quick
@given(seeds, st.sampled_from([0.25, 2.0, 1024.0]))
def test_msquared_does_not_depend_on_leverage(seed, leverage):
    assets, market = simulated(seed)
    found = msquared(leverage * assets, market)
    np.testing.assert_allclose(found, msquared(assets, market), rtol=1e-13)


@quick
@given(seeds)
def test_msquared_alpha_is_alpha_levered_when_beta_is_adjusted_by_correlation(seed):
    assets, market = simulated(seed, m=1)
    # the asset levered to the market's volatility has beta = correlation
    levered = assets / assets.std(ddof=1) * market.std(ddof=1)
    alpha, beta = factor_alpha(levered, market, 252)[0], factor_beta(levered, market)[0]
    wanted = alpha + (beta - 1) * 252 * market.mean()
    assert msquared_alpha(assets, market)[0] == pytest.approx(wanted, rel=1e-8, abs=1e-12)


@quick
@given(seeds)
def test_the_benchmark_captures_itself_and_is_no_better_than_itself(seed):
    _, benchmark = simulated(seed)
    assert up_capture(benchmark, benchmark) == pytest.approx(1, rel=1e-13)
    assert down_capture(benchmark, benchmark) == pytest.approx(1, rel=1e-13)
    assert msquared_alpha(benchmark, benchmark) == pytest.approx(0, abs=1e-14)
    assert msquared(benchmark, benchmark, 12) == pytest.approx(12 * benchmark.mean(), rel=1e-12)


@quick
@given(seeds)
def test_capture_is_the_geometric_mean_over_the_benchmarks(seed):
    returns, benchmark = simulated(seed)
    for capture, rows in ((up_capture, benchmark > 0), (down_capture, benchmark < 0)):
        kept, n = rows[:, 0], rows.sum()
        wanted = np.prod(1 + returns[kept], axis=0) ** (1 / n) - 1
        wanted /= np.prod(1 + benchmark[kept]) ** (1 / n) - 1
        np.testing.assert_allclose(capture(returns, benchmark), wanted, rtol=1e-10)


@quick
@given(seeds, st.floats(0.1, 3.0))
def test_captures_of_compounded_multiples_are_known(seed, power):
    _, benchmark = simulated(seed)
    returns = (1 + benchmark) ** power - 1
    for capture, rows in ((up_capture, benchmark > 0), (down_capture, benchmark < 0)):
        growth = np.exp(np.log1p(benchmark[rows]).mean())
        wanted = (growth**power - 1) / (growth - 1)
        assert capture(returns, benchmark)[0] == pytest.approx(wanted, rel=1e-9)


def test_rows_in_which_the_benchmark_is_0_belong_to_neither_side():
    benchmark = np.array([0.01, 0.0, -0.02, 0.0])
    returns = np.array([0.02, 0.5, -0.01, -0.5])
    assert up_capture(returns, benchmark) == pytest.approx(2, rel=1e-12)
    assert down_capture(returns, benchmark) == pytest.approx(0.5, rel=1e-12)


def test_a_total_loss_is_captured_as_minus_everything():
    assert down_capture([-1.0, 0.2], [-0.5, 0.1]) == pytest.approx(2, rel=1e-15)
    assert down_capture([-1.0, -0.2], [-0.5, -0.5]) == pytest.approx(2, rel=1e-12)


@pytest.mark.parametrize("ratio", ALL)
def test_a_missing_row_is_left_out_for_its_asset_only(ratio):
    returns, benchmark = simulated(5)
    gaps, holed = returns.copy(), benchmark.copy()
    gaps[:10, 1] = np.nan
    holed[50] = np.nan
    both = ratio(gaps, holed)
    kept = np.delete(np.arange(60), 50)
    assert both[0] == pytest.approx(ratio(returns[kept, 0], benchmark[kept])[0], rel=1e-12)
    kept = kept[10:]
    assert both[1] == pytest.approx(ratio(returns[kept, 1], benchmark[kept])[0], rel=1e-12)


# ------------------------------------------------------------------ degenerate input


GOOD, INDEX = simulated(0)
NAMED = Columns(GOOD, ("Alpha fund", "Beta fund"))


def spoilt(block, cell):
    """Return the block with another last cell in its eighth row."""
    changed = block.copy()
    changed[7, -1] = cell
    return changed


SHORT = np.where(np.arange(60)[:, None] < 59, np.nan, GOOD)


@pytest.mark.parametrize("ratio", ALL)
@pytest.mark.parametrize(
    ("returns", "index", "error", "message"),
    [
        (GOOD, GOOD, InputError, "has 2 columns; use one column"),
        (GOOD, INDEX[:59], InputError, "60 rows and"),
        (GOOD, np.full((60, 1), np.nan), NumericalError, "returns"),
        (GOOD * [1, np.inf], INDEX, InputError, "is infinite"),
    ],
)
def test_input_that_no_ratio_takes_is_refused(ratio, returns, index, error, message):
    with pytest.raises(error) as refused:
        ratio(returns, index)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: information_ratio(INDEX + 0.001, INDEX),
            DivisionError,
            "returns less benchmark_returns is constant: there is no tracking error to divide by",
        ),
        (lambda: information_ratio(INDEX, INDEX), DivisionError, "returns less benchmark_returns"),
        (
            lambda: information_ratio(np.hstack([GOOD, INDEX * 1]), INDEX),
            DivisionError,
            "returns column 3 less benchmark_returns is constant",
        ),
        (lambda: information_ratio(SHORT, INDEX), NumericalError, "column 1 holds 1 return(s)"),
        (lambda: information_ratio(GOOD, INDEX, 0), NumericalError, "periods is 0"),
        (lambda: msquared(GOOD, INDEX, -1), NumericalError, "periods is -1"),
        (lambda: msquared_alpha(GOOD, INDEX, np.nan), NumericalError, "periods is nan"),
        (
            lambda: msquared(GOOD * 0 + 0.01, INDEX),
            DivisionError,
            "asset_returns column 1 is constant: there is no volatility to divide by",
        ),
        (
            lambda: msquared(GOOD[:, :1], INDEX * 0),
            DivisionError,
            "market_returns is constant: there is no volatility",
        ),
        (
            lambda: msquared_alpha(NAMED, INDEX * 0),
            DivisionError,
            "market_returns beside asset_returns column 1 (Alpha fund) is constant",
        ),
        (lambda: msquared(SHORT, INDEX), NumericalError, "asset_returns column 1 holds 1 return"),
        (
            lambda: up_capture(NAMED, -np.abs(INDEX)),
            NumericalError,
            "benchmark_returns is above 0 in no row that is complete for returns column 1 (Alpha",
        ),
        (lambda: down_capture(GOOD, INDEX * 0), NumericalError, "benchmark_returns is below 0 in"),
        (
            lambda: up_capture(Columns(spoilt(GOOD, -4.5), ("a", "b")), INDEX),
            NumericalError,
            "returns row 9, column 2 is -4.5, a loss",
        ),
        (
            lambda: down_capture(GOOD, spoilt(INDEX, -1.5)),
            NumericalError,
            "benchmark_returns row 8, column 1 is -1.5, a loss of more than everything; use dec",
        ),
    ],
)
def test_input_without_a_ratio_is_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
