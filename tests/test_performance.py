from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.sample_numbers import DURABLES, EXCESS, FACTORS, MARKET, MSFT, expected
from scipy import stats

from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.estimation import factor_beta
from factor_core.hedging import hedged_series
from factor_core.labelled import Columns
from factor_core.performance import (
    appraisal_ratio,
    bottom_up_beta,
    mean_tstat,
    return_attribution,
    sharpe_ratio,
    treynor_ratio,
)
from factor_core.regression import regress
from factor_core.returns import annualize

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)


def simulated(seed, n=60, m=2, k=2):
    rng = np.random.default_rng(seed)
    factors = 0.01 * rng.standard_normal((n, k)) + 0.002
    return 0.01 * rng.standard_normal((n, m)) + factors @ rng.standard_normal((k, m)), factors


def test_ratios_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: mean / sd, lm, t.test
    np.testing.assert_allclose(sharpe_ratio(EXCESS), expected("sharpe"), rtol=1e-10)
    np.testing.assert_allclose(appraisal_ratio(MSFT, MARKET), expected("appraisal"), rtol=1e-9)
    np.testing.assert_allclose(treynor_ratio(MSFT, MARKET), expected("treynor"), rtol=1e-10)
    np.testing.assert_allclose(mean_tstat(EXCESS), expected("mean_tstat"), rtol=1e-10)
    np.testing.assert_allclose(mean_tstat(MSFT, 0.0005), expected("mean_tstat_null"), rtol=1e-10)


def test_attribution_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: lm's intercept, beta x mean, mean
    table = return_attribution(DURABLES, FACTORS, 12)
    np.testing.assert_allclose([row[1] for row in table.rows], expected("attribution"), rtol=1e-9)
    assert [row[0] for row in table.rows] == ["alpha", *FACTORS.names, "total"]


@quick
@given(seeds, st.sampled_from([1, 12, 252]))
def test_appraisal_ratio_is_the_sharpe_ratio_of_the_hedged_series(seed, periods):
    assets, factors = simulated(seed)
    np.testing.assert_allclose(
        appraisal_ratio(assets, factors, periods),
        sharpe_ratio(hedged_series(assets, factors), periods),
        rtol=1e-9,
        atol=1e-12,
    )


@quick
@given(seeds)
def test_sharpe_ratio_is_the_t_statistic_over_the_root_of_the_years(seed):
    assets, _ = simulated(seed)
    np.testing.assert_allclose(
        sharpe_ratio(assets, 252), mean_tstat(assets) * np.sqrt(252 / 60), rtol=1e-12
    )
    np.testing.assert_allclose(
        sharpe_ratio(assets, 252), annualize(sharpe_ratio(assets, 1), 252, "sharpe"), rtol=1e-14
    )


@quick
@given(seeds, st.floats(-0.01, 0.01))
def test_t_statistic_of_the_mean_is_that_of_scipy(seed, null_value):
    returns, _ = simulated(seed)
    gaps = returns.copy()
    gaps[3, 0] = gaps[9:20, 1] = np.nan
    # scipy.stats.ttest_1samp, column by column
    wanted = stats.ttest_1samp(gaps, null_value, nan_policy="omit").statistic
    np.testing.assert_allclose(mean_tstat(gaps, null_value), np.asarray(wanted), rtol=1e-9)


@quick
@given(seeds, st.sampled_from([0.25, 2.0, 1024.0]))
def test_ratios_do_not_depend_on_leverage(seed, leverage):
    assets, factors = simulated(seed, k=1)
    for ratio in (appraisal_ratio, treynor_ratio):
        np.testing.assert_allclose(
            ratio(leverage * assets, factors), ratio(assets, factors), rtol=1e-12
        )
    np.testing.assert_array_equal(sharpe_ratio(leverage * assets), sharpe_ratio(assets))
    np.testing.assert_array_equal(sharpe_ratio(-assets), -sharpe_ratio(assets))


@quick
@given(seeds)
def test_treynor_ratio_of_the_factor_itself_is_its_mean(seed):
    _, factors = simulated(seed, k=1)
    own = treynor_ratio(factors, factors, 252)
    np.testing.assert_allclose(own, 252 * factors.mean(axis=0), rtol=1e-12)


@quick
@given(seeds, st.sampled_from([1, 12, 252]))
def test_attribution_adds_up_to_the_mean_return(seed, periods):
    assets, factors = simulated(seed, m=1)
    *parts, total = return_attribution(assets, factors, periods).rows
    assert sum(part for _, part in parts) == total[1]  # exactly
    assert total[1] == pytest.approx(periods * assets.mean(), abs=1e-14 * periods)
    fit = regress(assets, factors)
    assert parts[0][1] == pytest.approx(periods * fit.alpha[0], rel=1e-14)
    np.testing.assert_allclose(
        [part for _, part in parts[1:]], periods * fit.beta[0] * factors.mean(axis=0), rtol=1e-11
    )


@quick
@given(seeds, st.integers(1, 3))
def test_bottom_up_beta_is_the_beta_of_the_portfolio(seed, k):
    assets, factors = simulated(seed, m=4, k=k)
    weights = np.random.default_rng(seed).normal(size=4)
    betas = factor_beta(assets, factors).reshape(4, k)
    found = bottom_up_beta(weights, betas)
    assert found.shape == (1, k)
    wanted = np.ravel(factor_beta(assets @ weights, factors))
    np.testing.assert_allclose(found[0], wanted, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(bottom_up_beta(1e6 * weights, betas), 1e6 * found, rtol=1e-12)
    np.testing.assert_array_equal(bottom_up_beta(np.eye(4)[2], betas)[0], betas[2])


def test_rows_with_a_gap_are_left_out_asset_by_asset():
    assets, factors = simulated(5, k=1)
    gaps = assets.copy()
    gaps[:10, 1] = np.nan
    factors_gap = factors.copy()
    factors_gap[50, 0] = np.nan
    for ratio in (appraisal_ratio, treynor_ratio):
        both = ratio(gaps, factors_gap)
        kept = np.delete(np.arange(60), 50)
        assert both[0] == pytest.approx(ratio(assets[kept, 0], factors[kept])[0], rel=1e-10)
        kept = kept[10:]
        assert both[1] == pytest.approx(ratio(assets[kept, 1], factors[kept])[0], rel=1e-10)
    assert sharpe_ratio(gaps)[1] == pytest.approx(sharpe_ratio(assets[10:, 1])[0], rel=1e-12)


NAMED = Columns(np.array([[0.01, 0.02], [0.01, 0.03], [0.01, 0.01]]), ("BILL", "B"))
GOOD, FACTOR = simulated(0, m=1, k=1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: sharpe_ratio(NAMED),
            DivisionError,
            "excess_returns column 1 (BILL) is constant: there is no volatility to divide by",
        ),
        (lambda: sharpe_ratio(np.full(7, 0.1)), DivisionError, "excess_returns is constant"),
        (lambda: mean_tstat(np.zeros(7)), DivisionError, "returns is constant"),
        (lambda: sharpe_ratio([0.1]), NumericalError, "excess_returns holds 1 return(s)"),
        (lambda: mean_tstat([np.nan] * 5), NumericalError, "returns holds 0 return(s)"),
        (lambda: sharpe_ratio(GOOD, 0), NumericalError, "periods is 0; it must be above 0"),
        (lambda: appraisal_ratio(GOOD, FACTOR, -1), NumericalError, "periods is -1"),
        (
            lambda: appraisal_ratio(0.01 + 2 * FACTOR, FACTOR),
            DivisionError,
            "asset_returns is explained exactly by the factors",
        ),
        (lambda: appraisal_ratio(np.full(60, 0.01), FACTOR), DivisionError, "is constant over"),
        (lambda: appraisal_ratio(GOOD[:2], FACTOR[:2]), NumericalError, "complete row"),
        (lambda: treynor_ratio(GOOD, FACTOR, 0), NumericalError, "periods is 0"),
        (
            lambda: treynor_ratio(GOOD, np.ones((60, 2))),
            InputError,
            "factor_returns has 2 columns; use one factor",
        ),
        (
            lambda: treynor_ratio(np.full(60, 0.01), FACTOR),
            DivisionError,
            "asset_returns has a beta of 0: nothing to divide by",
        ),
        (
            lambda: return_attribution(NAMED, [0.1, 0.2, 0.3]),
            InputError,
            "asset_returns has 2 columns; use one asset",
        ),
        (
            lambda: bottom_up_beta([0.5, 0.5], [[1.0], [2.0], [3.0]]),
            InputError,
            "weights holds 2 numbers and betas has 3 rows; use one row of betas an asset",
        ),
        (
            lambda: bottom_up_beta([0.5, 0.5], [[1.0, 2.0]]),
            InputError,
            "TRANSPOSE turns a row of betas into a column",
        ),
        (lambda: return_attribution(GOOD, FACTOR, 0), NumericalError, "periods is 0"),
        (lambda: return_attribution(GOOD[:1], FACTOR[:1]), NumericalError, "complete row"),
        (lambda: return_attribution(GOOD * np.nan, FACTOR), NumericalError, "complete row"),
    ],
)
def test_input_without_a_ratio_is_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)


def test_a_ratio_without_a_divisor_is_excels_division_error():
    assert DivisionError.code == "#DIV/0!"
    assert issubclass(DivisionError, NumericalError)
