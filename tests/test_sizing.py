from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles.sample_numbers import MARKET, MSFT, expected

from factor_core.betas import expected_return
from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.hedging import hedge_ratio, hedged_series
from factor_core.performance import appraisal_ratio, sharpe_ratio
from factor_core.regression import regress
from factor_core.returns import vol_scale
from factor_core.risk import factor_share
from factor_core.sizing import expected_pnl, hedged_position_size, position_size

quick = settings(max_examples=40, deadline=None)
periods_a_year = st.sampled_from([1.0, 4.0, 12.0, 52.0, 252.0])
money = st.floats(1, 1e9)
vols = arrays(np.float64, (2, 2), elements=st.floats(1e-6, 2))


def test_positions_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: a monthly budget on daily returns
    vol = MSFT.values.std(ddof=1)
    unhedged = position_size(1e6, vol, 12, 252)
    assert unhedged == pytest.approx(expected("position")[0], rel=1e-12)
    hedged = hedged_position_size(1e6, MSFT, MARKET, 12, 252)
    np.testing.assert_allclose(hedged, [expected("hedged_position")], rtol=1e-11)


@quick
@given(money, vols, periods_a_year, periods_a_year)
def test_volatility_of_the_position_over_the_budgets_horizon_is_the_budget(
    budget, vol, budget_periods, vol_periods
):
    position = position_size(budget, vol, budget_periods, vol_periods)
    assert position.shape == vol.shape
    at_risk = position * vol_scale(vol, vol_periods, budget_periods)
    np.testing.assert_allclose(at_risk, budget, rtol=1e-12)
    np.testing.assert_allclose(
        position, budget / (vol * np.sqrt(vol_periods / budget_periods)), rtol=1e-12
    )


@quick
@given(money, vols)
def test_a_monthly_budget_buys_root_12_times_what_the_same_yearly_budget_buys(budget, vol):
    monthly = position_size(budget, vol, 12, 252)
    np.testing.assert_allclose(monthly / position_size(budget, vol, 1, 252), 12**0.5, rtol=1e-12)


@quick
@given(st.integers(0, 10_000), periods_a_year)
def test_hedged_position_is_the_unhedged_one_over_the_root_of_the_idiosyncratic_share(
    seed, budget_periods
):
    rng = np.random.default_rng(seed)
    factors = 0.01 * rng.standard_normal((80, 2))
    asset = factors @ [1.2, -0.4] + 0.01 * rng.standard_normal(80)
    position, *hedges = hedged_position_size(2e6, asset, factors, budget_periods, 252)[0]
    unhedged = position_size(2e6, asset.std(ddof=1), budget_periods, 252)
    share = factor_share(asset, factors)[0]
    assert position == pytest.approx(unhedged / (1 - share) ** 0.5, rel=1e-10)
    np.testing.assert_allclose(hedges, position * hedge_ratio(asset, factors)[0], rtol=1e-12)
    # what the desk then earns has the budget's volatility
    pnl = position * asset + factors @ hedges
    assert pnl.std(ddof=1) * (252 / budget_periods) ** 0.5 == pytest.approx(2e6, rel=1e-10)


@quick
@given(
    st.floats(-1e9, 1e9),
    st.floats(-0.01, 0.01),
    arrays(np.float64, 3, elements=st.floats(-3, 3)),
    arrays(np.float64, 3, elements=st.floats(-0.01, 0.01)),
    periods_a_year,
)
def test_total_pnl_is_the_part_of_alpha_plus_the_part_of_the_factors(
    position, alpha, betas, premia, periods
):
    total, from_alpha, from_factors = (
        expected_pnl(position, alpha, betas, premia, periods, kind)
        for kind in ("total", "alpha", "factor")
    )
    assert total == pytest.approx(from_alpha + from_factors, rel=1e-9, abs=1e-3)
    by_return = position * periods * expected_return(0.0, betas, premia, alpha)
    assert total == pytest.approx(by_return, rel=1e-9, abs=1e-3)
    assert expected_pnl(-position, alpha, betas, premia, periods) == -total


def test_pnl_of_the_hedged_position_over_the_budget_is_the_appraisal_ratio():
    fit = regress(MSFT, MARKET)
    position = hedged_position_size(1e6, MSFT, MARKET, 1, 252)[0, 0]
    pnl = expected_pnl(position, fit.alpha[0], periods=252)
    assert pnl / 1e6 == pytest.approx(appraisal_ratio(MSFT, MARKET, 252)[0], rel=1e-12)
    assert pnl / 1e6 == pytest.approx(sharpe_ratio(hedged_series(MSFT, MARKET))[0], rel=1e-9)


def test_missing_volatility_stays_missing():
    np.testing.assert_array_equal(position_size(1.0, [[0.5, np.nan]]), [[2.0, np.nan]])


EXACT = 0.001 + 1.5 * MARKET.values


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: position_size(0, 0.2), NumericalError, "budget is 0; it must be above 0"),
        (lambda: position_size(-1e6, 0.2), NumericalError, "budget is -1e+06; it must be above 0"),
        (lambda: position_size(1, 0), NumericalError, "vol is 0; a volatility must be above 0"),
        (
            lambda: position_size(1, [[0.1], [-0.1]]),
            NumericalError,
            "vol row 2, column 1 is -0.1; a volatility must be above 0",
        ),
        (lambda: position_size(1, 0.1, 0, 1), NumericalError, "budget_periods is 0"),
        (lambda: position_size(1, 0.1, 1, -1), NumericalError, "vol_periods is -1"),
        (lambda: hedged_position_size(0, MSFT, MARKET), NumericalError, "budget is 0"),
        (
            lambda: hedged_position_size(1, MSFT, MARKET, 1, 0),
            NumericalError,
            "return_periods is 0",
        ),
        (
            lambda: hedged_position_size(1, EXACT, MARKET),
            DivisionError,
            "asset_returns is explained exactly by the factors: its residuals are 0",
        ),
        (
            lambda: hedged_position_size(1, np.ones((9, 2)), np.arange(9.0)),
            InputError,
            "asset_returns has 2 columns; use one asset",
        ),
        (lambda: hedged_position_size(1, [0.1], [0.1]), NumericalError, "complete row"),
        (
            lambda: hedged_position_size(1, np.full(9, np.nan), np.arange(9.0)),
            NumericalError,
            "complete row",
        ),
        (lambda: expected_pnl(1, 0, [1, 2], 0.1), InputError, "betas has 2 number(s) and premia"),
        (lambda: expected_pnl(1, 0, periods=0), NumericalError, "periods is 0"),
        (lambda: expected_pnl(1, 0, kind="beta"), InputError, "use one of total, alpha, factor"),
    ],
)
def test_numbers_without_a_position_are_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
