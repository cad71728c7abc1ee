from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from oracles.sample_numbers import FACTORS, INDUSTRIES, MARKET, MSFT, expected
from statsmodels.regression.rolling import RollingOLS
from statsmodels.tools import add_constant

from factor_core.errors import InputError, NumericalError
from factor_core.regression import regress
from factor_core.rolling import rolling_betas

quick = settings(max_examples=25, deadline=None)
WINDOW = 60


def hostile_series(k):
    """Return series on which running sums lose their digits: name -> asset and factors."""
    rng = np.random.default_rng(5)
    n = 900
    betas = np.linspace(1.2, 0.4, k)

    def returns(scale=0.01):
        factors = rng.standard_normal((n, k)) * scale
        factors[:, 1:] += 0.6 * factors[:, :1]
        return factors

    def asset(factors, scale=0.01):
        return factors @ betas + scale * rng.standard_normal(n)

    crashes = rng.standard_t(2.2, (n, k)) * 0.008
    crashes[n // 2], crashes[n // 2 + 100] = -0.2, -0.12
    day = returns()
    day[n // 3] *= 1e5
    print_ = returns()
    print_[n // 3, 0] = 1e5
    shifted = returns()
    shifted[n // 2 :] += 1e4
    offset = returns(1e-4) + 1e3
    levels = 100 * np.exp(np.cumsum(returns(), axis=0))
    series = {
        "returns": (asset(ordinary := returns()), ordinary),
        "crashes": (asset(crashes), crashes),
        "one day 1e5 times as large": (asset(day), day),
        "bad print of 1e5": (asset(returns()), print_),
        "level shift": (asset(shifted), shifted),
        "offset of 1e3": (asset(offset, 1e-4), offset),
        "price levels": (asset(levels, 0.5), levels),
    }
    if k > 1:
        close = returns()
        close[:, 1] = close[:, 0] + 1e-4 * close[:, 1]
        series["almost collinear"] = (asset(close), close)
    return series


def windows_of(y, x):
    """Return all windows, shape (windows, rows, k + 1), the asset last."""
    block = np.column_stack([x, y])
    return np.lib.stride_tricks.sliding_window_view(block, WINDOW, axis=0).transpose(0, 2, 1)


def by_long_double(y, x):
    """Return betas (windows, k) from normal equations of twice-centred windows in 80 bits."""
    z = windows_of(y, x).astype(np.longdouble)
    z = z - z.mean(axis=1, keepdims=True)
    z = z - z.mean(axis=1, keepdims=True)
    k = x.shape[1]
    square = np.einsum("qti,qtj->qij", z, z)
    for j in range(k):  # Gauss elimination; the matrix is positive definite
        for i in range(j + 1, k):
            square[:, i] -= square[:, j] * (square[:, i, j] / square[:, j, j])[:, None]
    betas = np.zeros((len(z), k), dtype=np.longdouble)
    for j in reversed(range(k)):
        known = np.einsum("qi,qi->q", square[:, j, :k], betas)
        betas[:, j] = (square[:, j, k] - known) / square[:, j, j]
    return betas


def by_window_qr(y, x):
    z = windows_of(y, x)
    z = z - z.mean(axis=1, keepdims=True)
    triangle = np.linalg.qr(z, mode="r")
    k = x.shape[1]
    return np.linalg.solve(triangle[:, :k, :k], triangle[:, :k, k:])[..., 0]


def error(betas, exact):
    return float((np.abs(betas - exact).max(axis=1) / np.abs(exact).max(axis=1)).max())


needs_80_bits = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long double is no wider than double here"
)


@needs_80_bits
@pytest.mark.parametrize("k", [1, 3, 6])
def test_hostile_windows_are_as_accurate_as_one_qr_a_window(k):
    for name, (y, x) in hostile_series(k).items():
        exact = by_long_double(y, x)
        limit = max(1e-10, 4 * error(by_window_qr(y, x), exact))
        rolled = rolling_betas(y, x, WINDOW)[WINDOW - 1 :, 0]
        assert error(rolled, exact) <= limit, name
        # a missing last row sends every window through the algorithm for gaps
        y_gap, x_gap = np.append(y, np.nan), np.vstack([x, x[-1:]])
        with_gap = rolling_betas(y_gap, x_gap, WINDOW)[WINDOW - 1 : -1, 0]
        assert error(with_gap, exact) <= limit, f"{name}, with a gap"


@pytest.mark.parametrize("k", [1, 4])
@pytest.mark.parametrize("min_obs", [12, 24])
def test_betas_with_gaps_are_those_of_statsmodels(k, min_obs):
    rng = np.random.default_rng(k)
    x = FACTORS.values[:, :k].copy()
    y = INDUSTRIES.values[:, 1].copy()
    y[rng.random(len(y)) < 0.15] = np.nan
    y[100:150] = np.nan  # whole windows without a row
    x[200, 0] = np.nan
    # statsmodels 0.15 RollingOLS; it starts before the first whole window, we do not
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = RollingOLS(y, add_constant(x), 36, min_nobs=min_obs, missing="drop").fit()
    wanted = np.asarray(fitted.params)[:, 1:]
    wanted[:35] = np.nan
    rolled = rolling_betas(y, x, 36, min_obs=min_obs)[:, 0]
    np.testing.assert_allclose(rolled, wanted, rtol=1e-8)
    assert np.isnan(rolled[140:150]).all()
    assert np.isfinite(rolled[36:90]).any()


def test_lagged_betas_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: lm on the 250 rows before each
    rows = np.array([251, 700, 1500, 2012]) - 1
    rolled = rolling_betas(MSFT, MARKET, 250, lag=1)[rows, 0, 0]
    np.testing.assert_allclose(rolled, expected("rolling_beta"), rtol=1e-11)


@quick
@given(st.integers(6, 40), st.integers(0, 100))
def test_each_window_is_the_regression_of_its_rows(window, seed):
    rng = np.random.default_rng(seed)
    x = 0.01 * rng.standard_normal((60, 3))
    y = 0.01 * rng.standard_normal((60, 2))
    rolled = rolling_betas(y, x, window)
    assert np.isnan(rolled[: window - 1]).all()
    for end in (window - 1, 2 * window - 1, 59):
        if end < 60:
            rows = slice(end - window + 1, end + 1)
            np.testing.assert_allclose(
                rolled[end], regress(y[rows], x[rows]).beta, rtol=1e-9, atol=1e-12
            )


@quick
@given(st.integers(0, 20), st.integers(1, 60))
def test_lag_only_delays(lag, seed):
    rng = np.random.default_rng(seed)
    y, x = rng.standard_normal((2, 50))
    now, later = rolling_betas(y, x, 10), rolling_betas(y, x, 10, lag=lag)
    np.testing.assert_array_equal(later[lag:], now[: 50 - lag])
    assert np.isnan(later[:lag]).all()


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
