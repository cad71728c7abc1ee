"""Many assets with gaps of their own: what holds for each alone holds for all of them at once."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from exact_rolling import WINDOW, by_long_double, by_window_qr, errors, hostile_series
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core import rolling_scattered
from factor_core.errors import NumericalError
from factor_core.fit_cache import clear_cache
from factor_core.regression import regress
from factor_core.rolling import rolling_beta, rolling_betas, rolling_regression
from factor_core.rolling_scattered import are_sooner_abreast

quick = settings(max_examples=20, deadline=None)
needs_80_bits = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long double is no wider than double here"
)
ASSETS = {1: 120, 2: 67, 3: 44, 6: 24}  # by factors: as many as are rolled at once, and not alone


def scattered(rng, n, k, missing=0.05):
    """Return assets with gaps of their own and k factors."""
    x = 0.01 * rng.standard_normal((n, k))
    y = x @ rng.uniform(-0.5, 1.5, (k, ASSETS[k])) + 0.01 * rng.standard_normal((n, ASSETS[k]))
    y[rng.random(y.shape) < missing] = np.nan
    return y, x


def rolled(y, x, window, min_obs):
    """Return alpha, betas, R-squared and volatility, (n, m, k + 3)."""
    values = rolling_regression(y, x, window, min_obs).values
    return values.reshape(len(y), y.shape[1], -1)


def assert_each_is_as_alone(together, y, x, window, min_obs):
    for j in range(0, y.shape[1], 9):
        try:
            alone = rolled(y[:, [j]], x, window, min_obs)[:, 0]
        except NumericalError:  # said of one asset, shown as missing among others
            alone = np.full_like(together[:, j], np.nan)
        np.testing.assert_allclose(together[:, j], alone, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("k", "m"), ASSETS.items())
def test_the_tests_see_assets_at_once_and_one_asset_alone(k, m):
    assert are_sooner_abreast(m, WINDOW, k)
    assert not are_sooner_abreast(1, WINDOW, k)


def with_hostile_gaps(y, x):
    """Return assets like y, and gaps where sums would take the worst harm."""
    rng = np.random.default_rng(3)
    n, k = x.shape
    noise = np.median(np.abs(np.diff(y))) * rng.standard_normal((n, ASSETS[k]))
    assets = y[:, None] * rng.uniform(0.5, 2, ASSETS[k]) + noise
    gaps = rng.random(assets.shape) < 0.04
    gaps[n // 3, ::2] = gaps[n // 2, ::3] = True  # the crash, the bad print, the first shifted row
    gaps[n // 3 - 4 : n // 3 + 4, 3] = True
    gaps[::WINDOW, 1] = True  # the rows that all others' sums are measured from
    assets[5 * WINDOW - 1, 1] = assets[5 * WINDOW, 2] = 1e5  # a print that later rows must forget
    assets[gaps] = np.nan
    return assets


@needs_80_bits
@pytest.mark.parametrize("k", [1, 3, 6])
def test_hostile_windows_with_scattered_gaps_are_as_accurate_as_one_qr_a_window(k):
    for name, (y, x) in hostile_series(k).items():
        assets = with_hostile_gaps(y, x)
        found = rolled(assets, x, WINDOW, WINDOW // 2)[WINDOW - 1 :]
        betas = rolling_betas(assets, x, WINDOW, min_obs=WINDOW // 2)[WINDOW - 1 :]
        of_ours, of_qr = [], []
        for j, asset in enumerate(assets.T[1:4], start=1):
            exact = by_long_double(asset, x)
            of_ours.append(errors(found[:, j], exact, asset, x))
            betas_alone = np.column_stack([exact[:, 0], betas[:, j], exact[:, -2:]])
            of_ours.append(errors(betas_alone, exact, asset, x))
            of_qr.append(errors(by_window_qr(asset, x), exact, asset, x))
        for what in of_qr[0]:
            allowed = max(1e-10, 4 * max(error[what] for error in of_qr))
            assert max(error[what] for error in of_ours) <= allowed, (name, what)


@quick
@given(
    st.sampled_from([2, 3, 6]), st.integers(9, 50), st.floats(0, 1), st.integers(0, 100), st.data()
)
def test_many_assets_at_once_are_each_alone(k, window, share, seed, data):
    rng = np.random.default_rng(seed)
    y, x = scattered(rng, 130, k, data.draw(st.sampled_from([0.02, 0.3])))
    min_obs = round(k + 2 + share * (window - k - 2))
    y[40 : 40 + 2 * window, 9] = np.nan  # whole windows, and a block of time
    y[: rng.integers(1, 120), 18] = y[60:, 0] = np.nan  # listed late, and delisted
    y[:, 1] = np.nan
    x[rng.integers(0, 30, 2), 0] = np.nan
    y[:, 2] = rng.standard_normal(130)  # some windows have betas, whatever min_obs
    together = rolled(y, x, window, min_obs)
    assert_each_is_as_alone(together, y, x, window, min_obs)
    assert np.isnan(together[:, 1]).all()
    betas = rolling_betas(y, x, window, min_obs=min_obs)
    np.testing.assert_allclose(betas, together[..., 1:-2], rtol=1e-10, atol=1e-12)


def test_windows_have_betas_from_min_obs_rows_on_and_not_with_one_less():
    y, x = scattered(np.random.default_rng(1), 200, 3, missing=0.2)
    there = np.cumsum(np.pad(~np.isnan(y), ((30, 0), (0, 0))), axis=0)
    enough = there[30:] - there[:-30] >= 24
    betas = rolling_betas(y, x, 30, min_obs=24)
    np.testing.assert_array_equal(np.isfinite(betas), np.repeat(enough[..., None], 3, axis=-1))
    assert 0.1 < enough.mean() < 0.9


@pytest.mark.parametrize("kind", ["constant", "collinear"])
def test_factors_that_only_a_missing_row_tells_apart_have_no_betas(kind):
    y, x = scattered(np.random.default_rng(2), 150, 3)
    x[:, 2] = 0.1 if kind == "constant" else x[:, 0] - 2 * x[:, 1]
    x[[60, 100], 2] += [7.0, 0.03]
    y[60, :20] = y[100, 10:30] = np.nan
    y[60, 20:] = y[100, :10] = y[100, 30:] = 0.0
    betas = rolling_betas(y, x, 30, min_obs=15)
    for row in (60, 100):
        windows = slice(row, row + 30)
        seen = np.isfinite(betas[windows, :, 0])
        np.testing.assert_array_equal(seen, np.tile(~np.isnan(y[row]), (30, 1)))
    assert np.isnan(betas[:60]).all()


def test_a_bad_print_before_a_gap_is_gone_the_day_it_leaves_the_window():
    y, x = scattered(np.random.default_rng(3), 200, 3)
    clean = y.copy()
    clean[59], clean[60] = 0.01, np.nan  # row 60 begins a block of time
    soiled = clean.copy()
    soiled[59] = 1e5
    before, after = (rolled(assets, x, 30, 15) for assets in (clean, soiled))
    np.testing.assert_array_equal(after[:59], before[:59])
    np.testing.assert_allclose(after[89:], before[89:], rtol=1e-10, atol=1e-13)
    rows = [row for row in range(60, 90) if not np.isnan(soiled[row, 5])]
    fit = regress(soiled[rows, 5], x[rows])
    wanted = [*fit.alpha, *fit.beta.ravel(), *fit.r_squared, *np.sqrt(fit.idio_variance)]
    np.testing.assert_allclose(after[89, 5], wanted, rtol=1e-9)


@quick
@given(st.integers(40, 115), st.floats(-1e6, 1e6), st.integers(0, 50))
def test_no_window_sees_a_later_row_of_any_asset(cut, value, seed):
    y, x = scattered(np.random.default_rng(seed), 120, 6, missing=0.1)
    before = rolling_betas(y, x, 30, min_obs=20)
    y[cut:], x[cut:] = y[cut:] * value, value + x[cut:]
    np.testing.assert_array_equal(rolling_betas(y, x, 30, min_obs=20)[:cut], before[:cut])


def test_constant_and_exactly_explained_assets_have_no_residual_risk():
    rng = np.random.default_rng(4)
    y, x = scattered(rng, 150, 3)
    y[:, :10], y[:, 10:20] = 0.1, 0.001 + x @ [[1.5], [-0.5], [0.2]]
    y[rng.random(y.shape) < 0.05] = np.nan
    alpha, *betas, share, vol = rolled(y, x, 30, 10)[20:].transpose(2, 1, 0)
    np.testing.assert_allclose(alpha[:10], 0.1, rtol=1e-13)
    np.testing.assert_allclose(alpha[10:20], 0.001, rtol=1e-10)
    np.testing.assert_allclose(np.array(betas)[:, :10], 0, atol=1e-13)
    np.testing.assert_allclose(betas[0][10:20], 1.5, rtol=1e-11)
    assert np.isnan(share[:10]).all()
    assert (share[10:20] == 1).all()
    assert (vol[:20] == 0).all()
    assert (vol[20:] > 0).all()


def test_more_assets_take_memory_for_their_numbers_and_no_more_to_work_in():
    def peak(assets):
        y, x = scattered(np.random.default_rng(5), 600, 6)
        clear_cache()
        rolling_beta(y, x, 60, 40)  # memory that the thread keeps is there
        y = np.tile(y, assets // ASSETS[6])
        places = np.arange(assets)
        y[places % len(y), places] = np.nan  # every asset has gaps of its own
        tracemalloc.start()
        result = rolling_beta(y, x, 60, 40).values
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        clear_cache()
        return most, result.nbytes

    (few, small), (many, large) = peak(240), peak(960)
    # the numbers are there twice, kept and given; marks of gaps and copies of series are the rest
    assert many - few < 3 * (large - small)
    assert rolling_scattered.MOST_NUMBERS * 8 <= 2**25
