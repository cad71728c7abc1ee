from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from exact_rolling import WINDOW, by_long_double, by_window_qr, errors, hostile_series
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles.betas_numbers import R
from oracles.sample_numbers import DURABLES, FACTORS, INDUSTRIES, MARKET, MSFT, expected
from statsmodels.regression.rolling import RollingOLS
from statsmodels.tools import add_constant

from factor_core.errors import InputError, NumericalError
from factor_core.hedging import hedged_series
from factor_core.labelled import Columns
from factor_core.regression import regress
from factor_core.rolling import rolling_beta, rolling_betas, rolling_regression

quick = settings(max_examples=25, deadline=None)
needs_80_bits = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long double is no wider than double here"
)


@needs_80_bits
@pytest.mark.parametrize("k", [1, 3, 6])
def test_hostile_windows_are_as_accurate_as_one_qr_a_window(k):
    for name, (y, x) in hostile_series(k).items():
        exact = by_long_double(y, x)
        allowed = errors(by_window_qr(y, x), exact, y, x)
        rolled = rolling_regression(y, x, WINDOW).values[WINDOW - 1 :]
        # a missing last row sends every window through the algorithm for gaps
        y_gap, x_gap = np.append(y, np.nan), np.vstack([x, x[-1:]])
        with_gap = rolling_regression(y_gap, x_gap, WINDOW).values[WINDOW - 1 : -1]
        for how, found in (("full", rolled), ("with a gap", with_gap)):
            for what, error in errors(found, exact, y, x).items():
                assert error <= max(1e-10, 4 * allowed[what]), (name, how, what)


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("min_obs", [12, 24])
def test_regressions_with_gaps_are_those_of_statsmodels(k, min_obs):
    rng = np.random.default_rng(k)
    x = FACTORS.values[:, :k].copy()
    y = INDUSTRIES.values[:, 1].copy()
    y[rng.random(len(y)) < 0.15] = np.nan
    y[100:150] = np.nan  # whole windows without a row
    x[200, 0] = np.nan
    # statsmodels 0.15.0 RollingOLS: centred R-squared; alpha and betas are its params
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = RollingOLS(y, add_constant(x), 36, min_nobs=min_obs, missing="drop", expanding=True)
        fitted = model.fit()
    params, ssr = np.asarray(fitted.params), np.asarray(fitted.ssr)
    vol = np.sqrt(ssr / (fitted.nobs - 1.0))
    wanted = np.column_stack([params, np.asarray(fitted.rsquared), vol])
    rolled = rolling_regression(y, x, 36, min_obs).values
    np.testing.assert_allclose(rolled, wanted, rtol=1e-8)
    np.testing.assert_array_equal(rolling_beta(y, x, 36, min_obs).values, rolled[:, 1:-2])
    assert np.isnan(rolled[140:150]).all()
    assert np.isfinite(rolled[min_obs + 10 : 90]).all()


def test_lagged_betas_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: lm on the 250 rows before each
    rows = np.array([251, 700, 1500, 2012]) - 1
    rolled = rolling_betas(MSFT, MARKET, 250, lag=1)[rows, 0, 0]
    np.testing.assert_allclose(rolled, expected("rolling_beta"), rtol=1e-11)


@pytest.mark.parametrize("row", [60, 61, 200, 327])
def test_rolling_regressions_of_the_sample_are_those_of_r(row):
    # R 4.2.2, tests/oracles/betas_r.R: lm on the 60 rows that end there
    rolled = rolling_regression(DURABLES, FACTORS, 60).values[row - 1]
    np.testing.assert_allclose(rolled, R[f"rolling_{row}"], rtol=1e-10)


@quick
@given(st.integers(4, 40), st.integers(0, 60), st.sampled_from([0.0, 0.2]))
def test_rolling_beta_is_pandas_covariance_over_variance(window, seed, missing):
    # pandas 3.1.1: min_periods counts complete rows, and the first windows begin with the data
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(0.01 * rng.standard_normal((70, 2)), columns=["asset", "market"])
    data[rng.random(70) < missing] = np.nan
    moments = data.rolling(window, min_periods=3).cov().to_numpy().reshape(70, 2, 2)
    wanted = moments[:, 0, 1] / moments[:, 1, 1]
    rolled = rolling_beta(data["asset"], data["market"], window, min_obs=3)
    np.testing.assert_allclose(rolled.values[:, 0], wanted, rtol=1e-8, atol=1e-10)


def by_regression(y, x):
    fit = regress(y, x)
    vol = np.sqrt(fit.idio_variance)
    return np.column_stack([fit.alpha, fit.beta, fit.r_squared, vol]).ravel()


@quick
@given(st.integers(6, 40), st.integers(0, 100))
def test_each_window_is_the_regression_of_its_rows(window, seed):
    rng = np.random.default_rng(seed)
    x = 0.01 * rng.standard_normal((60, 3))
    y = 0.01 * rng.standard_normal((60, 2))
    rolled = rolling_regression(y, x, window).values
    assert np.isnan(rolled[: window - 1]).all()
    for end in (window - 1, 2 * window - 1, 59):
        if end < 60:
            rows = slice(end - window + 1, end + 1)
            wanted = by_regression(y[rows], x[rows])
            np.testing.assert_allclose(rolled[end], wanted, rtol=1e-9, atol=1e-11)


@quick
@given(st.integers(5, 40), st.integers(0, 100), st.booleans())
def test_the_first_windows_grow_from_min_obs_to_the_window(min_obs, seed, gap):
    rng = np.random.default_rng(seed)
    x, y = 0.01 * rng.standard_normal((60, 3)), 0.01 * rng.standard_normal(60)
    first = min_obs - 1
    if gap:
        y[2], first = np.nan, min_obs
    rolled = rolling_regression(y, x, 41, min_obs).values
    assert np.isnan(rolled[:first]).all()
    for end in (first, 40):
        wanted = by_regression(y[: end + 1], x[: end + 1])
        np.testing.assert_allclose(rolled[end], wanted, rtol=1e-8, atol=1e-10)


@quick
@given(st.integers(0, 20), st.integers(1, 60))
def test_lag_only_delays(lag, seed):
    rng = np.random.default_rng(seed)
    y, x = rng.standard_normal((2, 50))
    now, later = rolling_betas(y, x, 10), rolling_betas(y, x, 10, lag=lag)
    np.testing.assert_array_equal(later[lag:], now[: 50 - lag])
    assert np.isnan(later[:lag]).all()


def test_hedging_by_lagged_betas_is_the_hedged_series():
    betas = rolling_beta(MSFT, MARKET, 250, lag=1).values
    by_hand = MSFT.values - betas * MARKET.values
    hedged = hedged_series(MSFT, MARKET, window=250, lag=1).values
    np.testing.assert_allclose(hedged, by_hand, rtol=1e-12, atol=1e-17)


@quick
@given(st.integers(11, 50), st.floats(-1e6, 1e6))
def test_no_window_sees_a_later_row(cut, value):
    rng = np.random.default_rng(7)
    y, x = rng.standard_normal(50), rng.standard_normal((50, 2))
    before = rolling_betas(y, x, 10)
    y[cut:], x[cut:] = value, value * rng.standard_normal((50 - cut, 2))
    np.testing.assert_array_equal(rolling_betas(y, x, 10)[:cut], before[:cut])


def test_a_bad_print_is_gone_the_day_it_leaves_the_window():
    rng = np.random.default_rng(3)
    y, x = rng.standard_normal(300), rng.standard_normal((300, 2))
    clean = rolling_betas(y, x, 25)
    x[100, 0] = 1e12
    soiled = rolling_betas(y, x, 25)
    np.testing.assert_array_equal(soiled[:100], clean[:100])
    np.testing.assert_allclose(soiled[125:], clean[125:], rtol=1e-12)


@quick
@given(arrays(np.float64, 3, elements=st.floats(-2, 2)), st.integers(0, 50))
def test_exact_exposures_are_found_in_every_window(betas, seed):
    x = np.random.default_rng(seed).standard_normal((80, 3))
    rolled = rolling_betas(5.0 + x @ betas, x, 20)[19:, 0]
    np.testing.assert_allclose(rolled, np.tile(betas, (61, 1)), atol=1e-10)


def test_betas_do_not_depend_on_level_and_scale_with_units():
    x, y = FACTORS.values, INDUSTRIES.values[:, :1]
    base = rolling_betas(y, x, 60)
    np.testing.assert_allclose(rolling_betas(y + 3, x - 7, 60), base, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(rolling_betas(4 * y, x / 2, 60), 8 * base)


def test_each_asset_is_rolled_by_itself_whatever_its_gaps():
    assets = INDUSTRIES.values.copy()
    assets[:100, 2] = np.nan  # listed later
    assets[200, 5] = np.nan
    together = rolling_betas(assets, FACTORS, 40, min_obs=30)
    assert together.shape == (len(assets), 12, 4)
    for asset in (0, 2, 5):
        alone = rolling_betas(assets[:, asset], FACTORS, 40, min_obs=30)
        np.testing.assert_array_equal(together[:, asset], alone[:, 0])


def test_one_gap_blanks_the_windows_that_hold_it_by_default():
    y = MSFT.values.copy()
    y[500] = np.nan
    rolled = rolling_betas(y, MARKET, 100)[:, 0, 0]
    missing = np.flatnonzero(np.isnan(rolled))
    np.testing.assert_array_equal(missing, [*range(99), *range(500, 600)])


@pytest.mark.parametrize("gap", [False, True])
def test_windows_in_which_a_factor_does_not_vary_have_no_beta(gap):
    rng = np.random.default_rng(4)
    y, x = rng.standard_normal(40), np.full(40, 0.1)
    x[30:] = rng.standard_normal(10)
    if gap:
        y[5] = np.nan
    rolled = rolling_betas(y, x, 7, min_obs=5)[:, 0, 0]
    assert np.isnan(rolled[:30]).all()
    assert np.isfinite(rolled[30:]).all()


def test_a_constant_that_wavers_in_its_last_digit_has_no_beta():
    y = np.random.default_rng(4).standard_normal(40)
    x = np.where(np.arange(40) % 3, 0.1, np.nextafter(0.1, 1))
    assert np.isnan(rolling_betas(y, x, 7)).all()


def test_collinear_factors_have_no_betas():
    x = np.random.default_rng(4).standard_normal((40, 2))
    x[:, 1] = 2 * x[:, 0]
    assert np.isnan(rolling_betas(x[:, 0], x, 7)).all()


def test_no_complete_row_shows_missing_everywhere():
    assert np.isnan(rolling_betas(np.full(40, np.nan), np.arange(40.0), 7)).all()


# ---------------------------------------------------------------------- as the sheet shows them


def test_assets_stand_side_by_side_under_their_names():
    two = Columns(INDUSTRIES.values[:, :2], INDUSTRIES.names[:2])
    rolled = rolling_regression(two, FACTORS, 40)
    alone = rolling_regression(INDUSTRIES.values[:, 1], FACTORS.values, 40)
    np.testing.assert_array_equal(rolled.values[:, 7:], alone.values)
    assert alone.names == ()
    assert rolled.names[7:9] == ("Durbl alpha", "Durbl beta Mkt-RF")
    assert rolled.names[12:] == ("Durbl R2", "Durbl residual vol")
    assert rolling_beta(DURABLES, FACTORS, 40).names == tuple(f"beta {n}" for n in FACTORS.names)
    unnamed = Columns(INDUSTRIES.values[:, :2])
    assert rolling_beta(unnamed, FACTORS, 40).names[4] == "asset 2 beta Mkt-RF"


def test_a_row_that_is_missing_shows_no_beta_by_default_and_later_windows_are_not_changed():
    y = MSFT.values.copy()
    y[500] = np.nan
    full, gapped = (rolling_regression(v, MARKET, 100).values for v in (MSFT, y))
    np.testing.assert_array_equal(
        np.flatnonzero(np.isnan(gapped[:, 0])), [*range(99), *range(500, 600)]
    )
    kept = np.r_[99:500, 600 : len(y)]
    np.testing.assert_allclose(gapped[kept], full[kept], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("gap", [False, True])
def test_an_asset_that_the_factors_explain_exactly_has_no_residual_risk(gap):
    x = 0.01 * np.random.default_rng(1).standard_normal((60, 2))
    y = 0.001 + x @ [1.5, -0.5]
    if gap:
        y[3] = np.nan
    alpha, first, second, share, vol = rolling_regression(y, x, 20, 10).values[10:].T
    np.testing.assert_allclose(alpha, 0.001, rtol=1e-11)
    np.testing.assert_allclose(first, 1.5, rtol=1e-12)
    np.testing.assert_allclose(second, -0.5, rtol=1e-12)
    assert (share == 1).all()
    assert (vol == 0).all()


@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("wavers", [False, True])
def test_a_constant_asset_has_beta_0_no_risk_and_nothing_to_explain(gap, wavers):
    x = 0.01 * np.random.default_rng(1).standard_normal((60, 2))
    y = np.full(60, 0.1)
    if wavers:
        y[::3] = np.nextafter(0.1, 1)
    if gap:
        y[3] = np.nan
    alpha, first, second, share, vol = rolling_regression(y, x, 20, 10).values[10:].T
    np.testing.assert_allclose(alpha, 0.1, rtol=1e-14)
    np.testing.assert_allclose([first, second], 0, atol=1e-13 if wavers else 0)
    assert np.isnan(share).all()
    assert (vol == 0).all()


def test_a_window_needs_two_rows_more_than_factors_and_no_more():
    rng = np.random.default_rng(8)
    x, y = rng.standard_normal((30, 3)), rng.standard_normal(30)
    rolled = rolling_regression(y, x, 5).values
    np.testing.assert_allclose(rolled[4], by_regression(y[:5], x[:5]), rtol=1e-8)


NOTHING = {  # why no window has betas -> what is said
    "constant": "factor_returns column 2 is constant over the complete rows",
    "collinear": "factor_returns column 2 is a linear combination of the other factors",
    "empty": "asset_returns has 0 complete rows for 2 factor(s)",
    "gaps": "no window of 10 rows has 10 complete rows, the fullest has 8; use a smaller min_obs",
    "a step": "factor_returns is constant or collinear in every window of 10 rows; use a longer",
}


@pytest.mark.parametrize("rolling", [rolling_beta, rolling_regression])
@pytest.mark.parametrize(("why", "message"), NOTHING.items())
def test_no_window_with_betas_is_said_with_the_reason(rolling, why, message):
    rng = np.random.default_rng(0)
    y, x = rng.standard_normal(40), rng.standard_normal((40, 2))
    factor = {"constant": 0.1, "collinear": 2 * x[:, 0], "a step": np.arange(40) // 20}
    x[:, 1] = factor.get(why, x[:, 1])
    missing = {"empty": slice(None), "gaps": slice(4, None, 5), "a step": slice(18, 22)}
    y[missing.get(why, slice(0))] = np.nan
    with pytest.raises(NumericalError) as refused:
        rolling(y, x, 10)
    assert message in str(refused.value)


def test_gaps_over_whole_windows_show_missing_there_and_nowhere_else():
    y = MSFT.values.copy()
    y[400:900] = np.nan
    rolled = rolling_beta(y, MARKET, 100, min_obs=50).values[:, 0]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(rolled)), [*range(49), *range(450, 949)])


def test_a_row_of_returns_is_answered_with_transpose():
    with pytest.raises(NumericalError, match="need at least 42 rows; TRANSPOSE turns a row"):
        rolling_beta(np.ones((1, 40)), np.ones((1, 40)), 20)


@pytest.mark.parametrize(
    ("window", "named", "error_type", "message"),
    [
        (4, {}, NumericalError, "window is 4; betas on 3 factor(s) need at least 5 rows"),
        (41, {}, NumericalError, "window is 41 rows; the data have only 40"),
        (35, {"lag": 6}, NumericalError, "window is 35 rows delayed by 6; the data have only 40"),
        (10, {"lag": -1}, InputError, "lag is -1; use 0 or more rows"),
        (10, {"min_obs": 11}, InputError, "min_obs is 11 and window is 10; use at most the window"),
        (10, {"min_obs": 4}, NumericalError, "min_obs is 4; betas on 3 factor(s) need at least 5"),
    ],
)
def test_windows_that_cannot_be_are_refused(window, named, error_type, message):
    rng = np.random.default_rng(0)
    y, x = rng.standard_normal(40), rng.standard_normal((40, 3))
    with pytest.raises(error_type) as refused:
        rolling_betas(y, x, window, **named)
    assert message in str(refused.value)


def test_unequal_lengths_are_refused_with_both_lengths():
    with pytest.raises(InputError, match="asset_returns has 40 rows and factor_returns has 39"):
        rolling_betas(np.ones(40), np.ones(39), 10)
