from __future__ import annotations

import mpmath
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.betas_numbers import R
from oracles.sample_numbers import DURABLES, FACTORS, INDUSTRIES, MARKET, MSFT

from factor_core.errors import InputError, NumericalError
from factor_core.estimation import factor_beta
from factor_core.weighted import ewma_beta, half_life_weights

quick = settings(max_examples=30, deadline=None)


def returns(seed, n=60, k=2):
    rng = np.random.default_rng(seed)
    x = 0.01 * rng.standard_normal((n, k))
    return x @ np.linspace(1.2, 0.4, k) + 0.005 * rng.standard_normal(n), x


def test_weighted_betas_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/betas_r.R: lm with weights
    np.testing.assert_allclose(ewma_beta(MSFT, MARKET), R["ewma_market_63"], rtol=1e-12)
    np.testing.assert_allclose(
        ewma_beta(DURABLES, FACTORS, 24)[0], R["ewma_factors_24"], rtol=1e-11
    )


@quick
@given(st.integers(0, 99), st.floats(1, 200), st.sampled_from([0.0, 0.2]))
def test_one_factor_is_pandas_weighted_covariance_over_variance(seed, halflife, missing):
    # pandas 3.1.1 with ignore_na: rows that are missing do not age the others
    y, x = returns(seed, k=1)
    y[np.random.default_rng(seed).random(60) < missing] = np.nan
    data = pd.DataFrame({"asset": y, "market": x[:, 0]}).dropna()
    moments = data.ewm(halflife=halflife, ignore_na=True).cov(bias=True).to_numpy()[-2:]
    np.testing.assert_allclose(ewma_beta(y, x, halflife), moments[0, 1] / moments[1, 1], rtol=1e-9)


@quick
@given(st.integers(0, 99), st.integers(1, 4), st.floats(2, 500))
def test_several_factors_are_weighted_least_squares(seed, k, halflife):
    y, x = returns(seed, k=k)
    weights = 0.5 ** (np.arange(59, -1, -1) / halflife)
    # statsmodels 0.15.0
    wanted = sm.WLS(y, sm.add_constant(x), weights=weights).fit().params[1:]
    np.testing.assert_allclose(ewma_beta(y, x, halflife).ravel(), wanted, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("hostile", ["offset of 1e6", "bad print", "nearly collinear", "stale"])
def test_hostile_series_keep_their_digits(hostile):
    # against normal equations in 60 digits of mpmath 1.4.1
    y, x = returns(5)
    if hostile == "offset of 1e6":
        x += 1e6
        y += 1e6
    elif hostile == "bad print":
        x[10, 0] = 1e5
    elif hostile == "nearly collinear":
        x[:, 1] = x[:, 0] + 1e-6 * x[:, 1]
    else:
        x[20:, 1] = x[20, 1]  # constant over the last eight halflives
    halflife = 5.0
    with mpmath.workdps(60):
        rows = mpmath.matrix(np.column_stack([np.ones(60), x]).tolist())
        weight = mpmath.diag([mpmath.mpf(2) ** (-mpmath.mpf(age) / 5) for age in range(59, -1, -1)])
        exact = mpmath.lu_solve(rows.T * weight * rows, rows.T * weight * mpmath.matrix(y.tolist()))
    wanted = [float(value) for value in exact[1:]]
    limit = 1e-9 if hostile == "nearly collinear" else 1e-11
    np.testing.assert_allclose(ewma_beta(y, x, halflife)[0], wanted, rtol=limit)


def test_a_very_long_halflife_is_least_squares():
    plain = factor_beta(INDUSTRIES, FACTORS)
    np.testing.assert_allclose(ewma_beta(INDUSTRIES, FACTORS, 1e12), plain, rtol=1e-8)


@quick
@given(st.integers(0, 99), st.floats(-3, 3), st.floats(0.1, 10))
def test_level_does_not_matter_and_units_scale(seed, level, unit):
    y, x = returns(seed)
    base = ewma_beta(y, x, 20)
    np.testing.assert_allclose(ewma_beta(y + level, x - level, 20), base, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(ewma_beta(unit * y, x, 20), unit * base, rtol=1e-12)


def test_a_missing_row_is_as_if_it_were_deleted():
    y, x = returns(3)
    holed = y.copy()
    holed[[0, 30, 59]] = np.nan
    kept = ~np.isnan(holed)
    np.testing.assert_array_equal(ewma_beta(holed, x, 10), ewma_beta(y[kept], x[kept], 10))


def test_each_asset_has_its_own_rows():
    y, x = returns(3)
    two = np.column_stack([y, 2 * y])
    two[:10, 1] = np.nan
    together = ewma_beta(two, x, 10)
    for j in range(2):
        np.testing.assert_allclose(together[j], ewma_beta(two[:, j], x, 10)[0], rtol=1e-12)


def test_a_constant_asset_has_beta_0_even_where_it_is_constant_only_lately():
    y, x = returns(3, n=1000, k=1)
    y[:] = 0.1
    assert ewma_beta(y, x, 5) == 0
    y[0] = 0.2  # 999 rows ago, at a weight of 1e-60
    np.testing.assert_allclose(ewma_beta(y, x, 5), 0, atol=1e-50)
    assert ewma_beta(y, x, 1) == 0  # at a weight whose square no float holds
    y[:] = np.where(np.arange(1000) % 3, 0.1, np.nextafter(0.1, 1))
    assert ewma_beta(y, x, 5) == 0


@quick
@given(st.integers(1, 50), st.floats(0.5, 100))
def test_weights_halve_every_halflife_and_end_at_1(n, halflife):
    weights = half_life_weights(n, halflife)
    assert weights[-1] == 1
    np.testing.assert_allclose(weights[:-1], weights[1:] * 0.5 ** (1 / halflife), rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "halflife", "message"),
    [
        ("", 0.0, "halflife is 0; it must be above 0"),
        ("", -5.0, "halflife is -5; it must be above 0"),
        ("", 1e-5, "factor_returns column 1 is constant or collinear in the rows that a halflife"),
        ("short", 5.0, "has 3 complete rows for 2 factor(s); at least 4 are needed"),
        ("constant", 5.0, "factor_returns column 2 is constant over the complete rows"),
        ("constant lately", 0.1, "factor_returns column 2 is constant or collinear in the rows"),
    ],
)
def test_what_has_no_weighted_beta_is_said(change, halflife, message):
    y, x = returns(3)
    if change == "short":
        y[3:] = np.nan
    elif change:
        x[0 if change == "constant" else 5 :, 1] = 0.02
    with pytest.raises(NumericalError) as refused:
        ewma_beta(y, x, halflife)
    assert message in str(refused.value)


def test_as_many_rows_as_a_regression_needs_are_enough():
    y, x = returns(3, n=4)
    weights = 0.5 ** (np.arange(3, -1, -1) / 2)
    wanted = sm.WLS(y, sm.add_constant(x), weights=weights).fit().params[1:]  # statsmodels 0.15.0
    np.testing.assert_allclose(ewma_beta(y, x, 2)[0], wanted, rtol=1e-9)


def test_unequal_lengths_are_refused():
    with pytest.raises(InputError, match="asset_returns has 5 rows and factor_returns has 6"):
        ewma_beta(np.ones(5), np.ones(6))
