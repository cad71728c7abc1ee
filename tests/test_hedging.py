from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.sample_numbers import DURABLES, FACTORS, INDUSTRIES, MARKET, MSFT, expected, read_only

from factor_core.errors import InputError, NumericalError
from factor_core.hedging import hedge_ratio, hedged_series, tracking_series
from factor_core.labelled import Columns
from factor_core.regression import regress
from factor_core.rolling import rolling_betas

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)


def simulated(seed, n=60, m=2, k=2):
    rng = np.random.default_rng(seed)
    factors = 0.01 * rng.standard_normal((n, k))
    return 0.01 * rng.standard_normal((n, m)) + factors @ rng.standard_normal((k, m)), factors


def test_series_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/sample_r.R
    hedged = hedged_series(MSFT, MARKET)
    assert hedged.values.mean() == pytest.approx(expected("hedged_mean")[0], rel=1e-10)
    assert hedged.values.std(ddof=1) == pytest.approx(expected("hedged_sd")[0], rel=1e-12)
    assert hedged.values[99, 0] == pytest.approx(expected("hedged_row_100")[0], rel=1e-11)
    tracking = tracking_series(MSFT, MARKET)
    assert tracking.values[99, 0] == pytest.approx(expected("tracking_row_100")[0], rel=1e-12)
    np.testing.assert_allclose(
        hedge_ratio(INDUSTRIES, FACTORS).ravel(), expected("hedge_ratio"), rtol=1e-10
    )


def test_rolling_hedge_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: lm on the 250 rows before each
    rows = np.array([251, 700, 1500, 2012]) - 1
    hedged = hedged_series(MSFT, MARKET, window=250).values[rows, 0]
    np.testing.assert_allclose(hedged, expected("rolling_hedged"), rtol=1e-10)


@quick
@given(seeds)
def test_hedged_series_has_zero_beta_mean_alpha_and_the_residuals_volatility(seed):
    assets, factors = simulated(seed)
    fit = regress(assets, factors)
    hedged = hedged_series(assets, factors)
    again = regress(hedged, factors)
    np.testing.assert_allclose(again.beta, 0, atol=1e-11)
    np.testing.assert_allclose(again.alpha, fit.alpha, atol=1e-14)
    np.testing.assert_allclose(hedged.values.mean(axis=0), fit.alpha, atol=1e-14)
    np.testing.assert_allclose(
        hedged.values.std(axis=0, ddof=1), np.sqrt(fit.idio_variance), rtol=1e-10
    )
    np.testing.assert_allclose(hedged.values, fit.residuals + fit.alpha, atol=1e-14)


@quick
@given(
    seeds,
    st.sampled_from([{}, {"window": 20}, {"window": 20, "lag": 0}, {"betas": [[1, 2], [3, 4]]}]),
)
def test_tracking_and_hedged_add_up_to_the_asset(seed, how):
    assets, factors = simulated(seed)
    assets[7, 0] = factors[31, 1] = np.nan
    tracking = tracking_series(assets, factors, **how).values
    hedged = hedged_series(assets, factors, **how).values
    np.testing.assert_array_equal(np.isnan(tracking), np.isnan(hedged))
    there = ~np.isnan(hedged)
    np.testing.assert_allclose((tracking + hedged)[there], assets[there], atol=1e-15)
    assert np.isnan(hedged[7]).tolist() == [True, "window" in how]
    assert np.isnan(hedged[31]).all()


@quick
@given(seeds)
def test_given_betas_are_used_as_they_are(seed):
    assets, factors = simulated(seed, n=1, m=1)  # one row: nothing could be estimated
    by_hand = assets[0, 0] - 1.5 * factors[0, 0] + 0.5 * factors[0, 1]
    for betas in ([1.5, -0.5], [[1.5, -0.5]], [[1.5], [-0.5]]):
        hedged = hedged_series(assets, factors, betas=betas).values
        assert hedged[0, 0] == pytest.approx(by_hand, abs=1e-16)


def test_one_beta_an_asset_hedges_one_factor():
    assets, factors = simulated(1, m=3, k=1)
    by_row = hedged_series(assets, factors, betas=[[1.0], [2.0], [3.0]]).values
    np.testing.assert_allclose(by_row, assets - factors * [1, 2, 3])
    np.testing.assert_array_equal(hedged_series(assets, factors, betas=[1, 2, 3]).values, by_row)


@quick
@given(seeds, st.integers(21, 59), st.floats(-1e3, 1e3))
def test_lagged_hedge_uses_only_the_rows_before(seed, today, change):
    assets, factors = simulated(seed)
    before = hedged_series(assets, factors, window=20).values
    bets_before = tracking_series(assets, factors, window=20).values
    assets[today] += change  # today's return is unknown when today's hedge is set
    assets[today + 1 :], factors[today + 1 :] = change, assets[today + 1 :] - change
    np.testing.assert_array_equal(
        hedged_series(assets, factors, window=20).values[:today], before[:today]
    )
    tracking = tracking_series(assets, factors, window=20).values
    np.testing.assert_array_equal(tracking[: today + 1], bets_before[: today + 1])


@quick
@given(seeds, st.integers(0, 3))
def test_rolling_hedge_is_the_asset_less_rolling_betas_times_factors(seed, lag):
    assets, factors = simulated(seed)
    betas = rolling_betas(assets, factors, 20, lag=lag)
    by_hand = assets - np.einsum("tmk,tk->tm", betas, factors)
    hedged = hedged_series(assets, factors, window=20, lag=lag).values
    np.testing.assert_allclose(hedged, by_hand, atol=1e-14)
    assert np.isnan(hedged[: 19 + lag]).all()
    assert np.isfinite(hedged[19 + lag :]).all()


@pytest.mark.parametrize("how", [{}, {"window": 20}, {"window": 20, "lag": 3}])
def test_a_blank_row_gives_what_the_data_without_it_give(how):
    assets, factors = simulated(3, m=1)
    gaps = [0, 25, 26, 40]
    blanked = assets.copy()
    blanked[gaps[:2]] = np.nan
    factors_blanked = factors.copy()
    factors_blanked[gaps[2:], 1] = np.nan
    for function in (hedged_series, tracking_series):
        with_gaps = function(blanked, factors_blanked, **how).values
        without = function(np.delete(assets, gaps, 0), np.delete(factors, gaps, 0), **how).values
        np.testing.assert_array_equal(np.delete(with_gaps, gaps, 0), without)
        assert np.isnan(with_gaps[gaps]).all()


def test_each_asset_keeps_its_own_gaps():
    assets, factors = simulated(4, m=3)
    assets[:15, 1] = np.nan  # listed later
    together = hedged_series(assets, factors, window=20).values
    for asset in range(3):
        alone = hedged_series(assets[:, asset], factors, window=20).values
        np.testing.assert_array_equal(together[:, asset], alone[:, 0])


def test_no_lag_without_a_window_is_the_full_sample():
    np.testing.assert_array_equal(
        hedged_series(DURABLES, FACTORS, lag=0).values, hedged_series(DURABLES, FACTORS).values
    )


def test_a_header_comes_out_where_one_went_in():
    named = read_only(INDUSTRIES.values[:, :2], ("NoDur", ""))
    assert hedged_series(named, FACTORS).names == ("NoDur hedged", "asset 2 hedged")
    assert tracking_series(named, FACTORS).names == ("NoDur tracking", "asset 2 tracking")
    assert hedged_series(named.values, FACTORS).names == ()


def test_whole_columns_line_up_with_their_used_rows():
    assets, factors = simulated(5, m=1)
    whole = Columns(assets, rows=1_048_576)
    longer = Columns(np.vstack([factors, factors[:1]]), rows=1_048_576)
    hedged = hedged_series(whole, longer)
    assert hedged.rows == 1_048_576
    assert np.isnan(hedged.values[60]).all()
    np.testing.assert_array_equal(hedged.values[:60], hedged_series(assets, factors).values)


@quick
@given(seeds, st.sampled_from([2.0, 0.5]))
def test_hedge_ratio_is_minus_beta_and_scales_with_the_asset(seed, scale):
    assets, factors = simulated(seed)
    ratio = hedge_ratio(assets, factors)
    np.testing.assert_array_equal(ratio, -regress(assets, factors).beta)
    np.testing.assert_allclose(hedge_ratio(scale * assets, factors), scale * ratio, rtol=1e-12)
    np.testing.assert_allclose(hedge_ratio(assets, scale * factors), ratio / scale, rtol=1e-12)
    np.testing.assert_allclose(
        hedge_ratio(assets, factors[:, ::-1]), ratio[:, ::-1], rtol=1e-9, atol=1e-12
    )


def test_a_window_of_constant_factors_cannot_be_hedged_and_shows_it():
    assets, factors = simulated(6, m=1, k=1)
    factors[10:30] = 0.0
    hedged = hedged_series(assets, factors, window=10).values[:, 0]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(hedged)), [*range(10), *range(20, 31)])


ASSETS, TWO_FACTORS = simulated(0)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            {"betas": [1.0, 1.0], "window": 20},
            InputError,
            "betas and window are both given; leave one of them blank",
        ),
        ({"betas": [1.0, 1.0, 1.0]}, InputError, "betas is 3; use 2 x 2: an asset a row"),
        ({"betas": [[1.0, 1.0]]}, InputError, "betas is 1 x 2; use 2 x 2: an asset a row"),
        ({"window": 20, "lag": -1}, InputError, "lag is -1; use 0 or more rows"),
        ({"lag": 7}, InputError, "lag is 7 but window is blank"),
        ({"lag": -1}, InputError, "lag is -1 but window is blank"),
        ({"lag": 5, "betas": np.ones((2, 2))}, InputError, "lag is 5 but window is blank"),
        (
            {"window": 3},
            NumericalError,
            "window is 3; betas on 2 factor(s) need at least 4 rows",
        ),
        (
            {"window": 60},
            NumericalError,
            "column 1 has 60 complete rows; a window of 60 with lag 1 needs at least 61",
        ),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, error, message):
    for function in (hedged_series, tracking_series):
        with pytest.raises(error) as refused:
            function(ASSETS, TWO_FACTORS, **arguments)
        assert message in str(refused.value)


def test_betas_of_one_asset_are_asked_for_by_number():
    with pytest.raises(InputError, match="betas is 1; use 2 number"):
        hedged_series(ASSETS[:, 0], TWO_FACTORS, betas=1.0)


@pytest.mark.parametrize("function", [hedged_series, tracking_series, hedge_ratio])
@pytest.mark.parametrize(
    ("assets", "factors", "error", "message"),
    [
        (ASSETS[:1], TWO_FACTORS[:1], NumericalError, "complete row"),
        (np.full((9, 1), np.nan), TWO_FACTORS[:9], NumericalError, "complete row"),
        (ASSETS, np.ones((60, 1)), NumericalError, "constant"),
        (ASSETS, TWO_FACTORS[:, [0, 0]], NumericalError, "combination"),
        (ASSETS, TWO_FACTORS[:50], InputError, "60 rows and factor_returns has 50"),
        (np.full((60, 1), np.inf), TWO_FACTORS, InputError, "infinite"),
    ],
)
def test_data_without_betas_are_refused(function, assets, factors, error, message):
    with pytest.raises(error, match=message):
        function(assets, factors)
