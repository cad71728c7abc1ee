from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.hedging_risk_numbers import R
from oracles.sample_numbers import FACTORS, INDUSTRIES

from factor_core.errors import InputError, NumericalError
from factor_core.regression import regress
from factor_core.risk import factor_cov, model_cov
from factor_core.risk_portfolio import risk_contribution
from factor_core.sizing import position_size
from factor_core.sizing_portfolio import budget_use, size_portfolio, stop_loss_vol, treynor_black

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)
money = st.floats(1, 1e9)
periods_a_year = st.sampled_from([1.0, 12.0, 252.0])
FIT = regress(INDUSTRIES, FACTORS)
WEIGHTS = 1e5 * np.array([3, -2, 1, 4, -1, 2, 0, 5, -3, 1, 2, -1])  # as in hedging_risk_r.R


def simulated(seed, m=5):
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((m, m + 1))
    return rng.standard_normal(m), 0.0001 * root @ root.T


# ---------------------------------------------------------------------------------- to a budget


def test_sizes_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/hedging_risk_r.R
    cov = model_cov(FIT.beta, factor_cov(FACTORS), FIT.idio_variance)
    np.testing.assert_allclose(size_portfolio(WEIGHTS, cov, 1e6, 1, 12), R["sized"], rtol=1e-10)
    found = treynor_black(FIT.alpha, FIT.idio_variance, 1e6, 1, 12)
    np.testing.assert_allclose(found, R["treynor_black"], rtol=1e-9)


@quick
@given(seeds, money, periods_a_year, periods_a_year)
def test_a_sized_portfolio_uses_its_budget_exactly_and_keeps_its_proportions(
    seed, budget, budget_periods, cov_periods
):
    weights, cov = simulated(seed)
    sized = size_portfolio(weights, cov, budget, budget_periods, cov_periods)
    vol = (sized @ cov @ sized * cov_periods / budget_periods) ** 0.5
    assert vol == pytest.approx(budget, rel=1e-12)
    np.testing.assert_allclose(sized / sized[0], weights / weights[0], rtol=1e-12)
    np.testing.assert_allclose(
        size_portfolio(7e-5 * weights, cov, budget, budget_periods, cov_periods), sized, rtol=1e-9
    )
    used, whole, headroom, *_ = budget_use(sized, cov, budget, budget_periods, cov_periods).rows
    assert used[2] == pytest.approx(1, rel=1e-12)
    assert whole[1:] == (budget, 1.0)
    assert headroom[1] == pytest.approx(0, abs=1e-9 * budget)


@quick
@given(st.floats(1e-4, 1), money, periods_a_year, periods_a_year)
def test_one_asset_is_sized_as_by_position_size(vol, budget, budget_periods, cov_periods):
    wanted = position_size(budget, vol, budget_periods, cov_periods)
    sized = size_portfolio([0.3], [[vol**2]], budget, budget_periods, cov_periods)
    assert sized[0] == pytest.approx(float(wanted), rel=1e-12)
    alone = treynor_black([0.01], [vol**2], budget, budget_periods, cov_periods)
    assert alone[0] == pytest.approx(float(wanted), rel=1e-12)


@quick
@given(seeds, money, periods_a_year, periods_a_year)
def test_treynor_black_uses_the_budget_and_adds_up_squared_appraisal_ratios(
    seed, budget, budget_periods, alpha_periods
):
    rng = np.random.default_rng(seed)
    alphas, idio_vars = rng.normal(0, 0.001, 6), rng.uniform(1e-5, 1e-3, 6)
    held = treynor_black(alphas, idio_vars, budget, budget_periods, alpha_periods)
    vol = (held**2 @ idio_vars * alpha_periods / budget_periods) ** 0.5
    assert vol == pytest.approx(budget, rel=1e-12)
    ratio = held @ alphas / (held**2 @ idio_vars) ** 0.5
    assert ratio**2 == pytest.approx((alphas**2 / idio_vars).sum(), rel=1e-12)
    other = size_portfolio(
        alphas / idio_vars, np.diag(idio_vars), budget, budget_periods, alpha_periods
    )
    np.testing.assert_allclose(held, other, rtol=1e-12)


@quick
@given(seeds)
def test_no_other_hedged_portfolio_earns_more_for_the_budget(seed):
    rng = np.random.default_rng(seed)
    alphas, idio_vars = rng.normal(0, 0.05, 4), rng.uniform(0.01, 0.1, 4)
    best = treynor_black(alphas, idio_vars, 1.0, 1, 1) @ alphas
    for other in rng.standard_normal((20, 4)):
        assert size_portfolio(other, np.diag(idio_vars), 1.0, 1, 1) @ alphas <= best + 1e-12


# ----------------------------------------------------------------------------------- budget use


@quick
@given(seeds, money, periods_a_year, periods_a_year)
def test_uses_of_the_budget_add_up(seed, budget, budget_periods, cov_periods):
    positions, cov = simulated(seed)
    used, _, headroom, *parts = budget_use(
        1e6 * positions, cov, budget, budget_periods, cov_periods
    ).rows
    vol = (positions @ cov @ positions * cov_periods / budget_periods) ** 0.5 * 1e6
    assert used[1] == pytest.approx(vol, rel=1e-12)
    assert used[1] + headroom[1] == pytest.approx(budget, rel=1e-9)
    assert used[2] + headroom[2] == pytest.approx(1, rel=1e-9)
    assert sum(part[1] for part in parts) == pytest.approx(vol, rel=1e-10)
    shares = np.array([part[1] for part in parts]) / vol
    np.testing.assert_allclose(shares, risk_contribution(positions, cov)[:, 2], rtol=1e-9)


def test_no_positions_use_nothing_and_leave_all():
    rows = budget_use([0, 0], np.eye(2), 5.0).rows
    assert [row[1] for row in rows] == [0, 5, 5, 0, 0]


# ------------------------------------------------------------------------------------ stop-loss


def test_stop_loss_volatilities_are_those_of_the_integrated_density():
    # R 4.2.2, tests/oracles/hedging_risk_r.R: integrate() of the density of the first passage
    cases = ((0.05, 1, 0), (0.05, 1, 1), (0.2, 0.5, -0.7), (0.01, 3, 2))
    found = [stop_loss_vol(1.0, *case) for case in cases]
    np.testing.assert_allclose(found, R["stop_loss"], rtol=1e-9)


@pytest.mark.parametrize("sharpe", [-20.0, -1.5, -1e-6, 0.0, 1e-6, 0.5, 3.0, 20.0])
@pytest.mark.parametrize("probability", [1e-200, 1e-12, 0.01, 0.5, 0.99])
def test_the_loss_is_hit_with_the_probability(probability, sharpe):
    # mpmath, 50 digits: the law of the minimum of Brownian motion with drift
    with mpmath.workdps(50):
        root = mpmath.sqrt(2)
        distance = mpmath.mpf(1e6) / mpmath.mpf(stop_loss_vol(1e6, probability, 2.0, sharpe))
        reached = mpmath.ncdf(-distance / root - sharpe * root)
        reached += mpmath.exp(-2 * sharpe * distance) * mpmath.ncdf(
            -distance / root + sharpe * root
        )
        error = float(reached / mpmath.mpf(probability) - 1)
    assert error == pytest.approx(0, abs=1e-11)


@quick
@given(money, st.floats(0.001, 0.9), st.floats(0.1, 5), st.floats(-2, 3), st.floats(1.01, 100))
def test_the_volatility_scales_with_the_loss_and_rises_with_probability_and_sharpe(
    loss, probability, years, sharpe, times
):
    vol = stop_loss_vol(loss, probability, years, sharpe)
    assert stop_loss_vol(times * loss, probability, years, sharpe) == pytest.approx(times * vol)
    assert stop_loss_vol(loss, 1.05 * probability, years, sharpe) > vol
    assert stop_loss_vol(loss, probability, years, sharpe + 0.1) > vol
    assert stop_loss_vol(loss, probability, 1.1 * years, sharpe) < vol
    # A year's Sharpe ratio of s is one of s sqrt(T) over the horizon.
    scaled = stop_loss_vol(loss, probability, 1.0, sharpe * years**0.5) / years**0.5
    assert vol == pytest.approx(scaled, rel=1e-12)


def test_a_stop_is_twice_as_likely_as_the_loss_at_the_end_without_a_sharpe():
    from scipy import stats  # noqa: PLC0415  the oracle of this test alone

    vol = stop_loss_vol(1.0, 0.1)
    assert stats.norm.cdf(-1.0 / vol) == pytest.approx(0.05, rel=1e-12)


def test_paths_hit_the_stop_as_often_as_asked():
    rng = np.random.default_rng(11)
    vol, sharpe, steps, paths = stop_loss_vol(1.0, 0.3, 1.0, 0.8), 0.8, 500, 4000
    moves = vol * (sharpe / steps + rng.standard_normal((paths, steps)) / steps**0.5)
    ends = np.cumsum(moves, axis=1)
    starts = np.hstack([np.zeros((paths, 1)), ends[:, :-1]])
    # Between two steps that stay above, a Brownian bridge may still touch the barrier.
    with np.errstate(over="ignore"):
        touch = np.exp(-2 * (1 + starts) * (1 + ends) / (vol**2 / steps))
    missed = np.where((starts > -1) & (ends > -1), 1 - touch, 0.0).prod(axis=1)
    hits = 1 - missed
    assert hits.mean() == pytest.approx(0.3, abs=4 * hits.std() / paths**0.5)


EYE = np.eye(2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: size_portfolio([1, 1], EYE, 0), NumericalError, "budget is 0; it must be above 0"),
        (lambda: size_portfolio([1, 1], EYE, 1, 0), NumericalError, "budget_periods is 0"),
        (lambda: size_portfolio([1, 1], EYE, 1, 1, -1), NumericalError, "cov_periods is -1"),
        (lambda: size_portfolio([0, 0], EYE, 1), NumericalError, "portfolio without risk (all a"),
        (lambda: size_portfolio([1], EYE, 1), InputError, "weights has 1 number(s) and cov has a"),
        (lambda: size_portfolio([1, 1], -EYE, 1), InputError, "a variance is never negative"),
        (lambda: treynor_black([1], [1], -1), NumericalError, "budget is -1; it must be above 0"),
        (lambda: treynor_black([1], [1], 1, 1, 0), NumericalError, "alpha_periods is 0"),
        (lambda: treynor_black([0, 0], [1, 1], 1), NumericalError, "alphas are all 0: there is"),
        (
            lambda: treynor_black([1, 1], [1, 0], 1),
            NumericalError,
            "idio_vars number 2 is 0; a position sized on it needs a variance above 0",
        ),
        (lambda: treynor_black([1], [1, 1], 1), InputError, "alphas has 1 number(s) and idio_vars"),
        (lambda: budget_use([1], EYE, 1), InputError, "positions has 1 number(s) and cov has a"),
        (lambda: budget_use([1, 1], EYE, 0), NumericalError, "budget is 0; it must be above 0"),
        (lambda: stop_loss_vol(0, 0.1), NumericalError, "loss is 0; it must be above 0"),
        (lambda: stop_loss_vol(-1, 0.1), NumericalError, "loss is -1; it must be above 0"),
        (lambda: stop_loss_vol(1, 0), NumericalError, "probability is 0; use one between 0 and 1"),
        (lambda: stop_loss_vol(1, 1), NumericalError, "probability is 1; use one between 0 and 1"),
        (lambda: stop_loss_vol(1, 5), NumericalError, "probability is 5; use one between 0 and 1"),
        (lambda: stop_loss_vol(1, 0.1, 0), NumericalError, "horizon_years is 0; it must be above"),
        (lambda: stop_loss_vol(1, 0.1, 1, 1e9), NumericalError, "sharpe is 1e+09 over 1 years; no"),
    ],
)
def test_numbers_without_a_size_are_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
