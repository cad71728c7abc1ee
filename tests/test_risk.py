from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.hedging_risk_numbers import R
from oracles.sample_numbers import DURABLES, FACTORS, INDUSTRIES, MARKET, MSFT, expected

from factor_core.errors import DivisionError, ExcelError, InputError, NumericalError
from factor_core.estimation import residual_vol
from factor_core.hedging import hedged_series, tracking_series
from factor_core.regression import regress
from factor_core.risk import (
    factor_cov,
    factor_share,
    model_cov,
    residual_correl,
    tracking_error,
    variance_decomp,
)

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)


def simulated(seed, n=60, m=1, k=3):
    rng = np.random.default_rng(seed)
    factors = 0.01 * rng.standard_normal((n, k)) @ (np.eye(k) + 0.5 * rng.standard_normal((k, k)))
    assets = 0.01 * rng.standard_normal((n, m)) + factors @ rng.standard_normal((k, m))
    return assets, factors


def test_decomposition_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: beta x cov(r, f), var of lm's residuals, var of r
    table = variance_decomp(DURABLES, FACTORS)
    wanted = [
        *expected("decomp_factor_variance"),
        *expected("decomp_idiosyncratic"),
        *expected("decomp_total"),
    ]
    np.testing.assert_allclose([row[1] for row in table.rows], wanted, rtol=1e-11)
    assert [row[0] for row in table.rows] == [*FACTORS.names, "idiosyncratic", "total"]
    assert table.header == ("source", "variance", "volatility", "share")


@quick
@given(seeds, st.sampled_from([1, 12, 252]))
def test_parts_sum_to_the_variance_of_the_asset_and_shares_to_one(seed, periods):
    assets, factors = simulated(seed)
    *parts, total = variance_decomp(assets, factors, periods).rows
    assert sum(part[1] for part in parts) == total[1]  # exactly
    assert total[1] == pytest.approx(periods * assets.var(ddof=1), rel=1e-12)
    assert total[3] == 1.0
    assert sum(part[3] for part in parts) == pytest.approx(1, rel=1e-14)
    by_factors = sum(part[3] for part in parts[:-1])
    assert by_factors == pytest.approx(factor_share(assets, factors)[0], rel=1e-11)
    for _, variance, vol, _ in (*parts, total):
        assert isinstance(vol, ExcelError) == (variance < 0)
        assert variance < 0 or vol == pytest.approx(variance**0.5, rel=1e-15)


def test_factor_and_idiosyncratic_variance_are_those_of_tracking_and_hedged_series():
    rows = {row[0]: row for row in variance_decomp(MSFT, MARKET, 252).rows}
    tracking, hedged = tracking_series(MSFT, MARKET), hedged_series(MSFT, MARKET)
    assert rows["market"][1] == pytest.approx(252 * tracking.values.var(ddof=1), rel=1e-12)
    assert rows["idiosyncratic"][1] == pytest.approx(252 * hedged.values.var(ddof=1), rel=1e-12)


def test_a_factor_that_offsets_another_contributes_a_negative_variance_without_a_root():
    rng = np.random.default_rng(1)
    one = rng.standard_normal(200)
    other = one + 0.3 * rng.standard_normal(200)
    asset = 2 * one - 0.5 * other + 0.1 * rng.standard_normal(200)
    _, offsetting, *_ = variance_decomp(asset, np.column_stack([one, other])).rows
    assert offsetting[1] < 0
    assert offsetting[3] < 0
    assert offsetting[2] == "#N/A"
    assert "lowers the variance" in offsetting[2].message


def test_rows_with_a_gap_are_left_out():
    assets, factors = simulated(3)
    gaps, kept = assets.copy(), np.delete(np.arange(60), [4, 9])
    gaps[4], factors[9, 1] = np.nan, np.nan
    with_gaps = variance_decomp(gaps, factors).rows
    without = variance_decomp(assets[kept], factors[kept]).rows
    for one, other in zip(with_gaps, without, strict=True):
        np.testing.assert_allclose(one[1::2], other[1::2], rtol=1e-11)
    np.testing.assert_allclose(factor_cov(factors), np.cov(factors[np.arange(60) != 9].T))


@quick
@given(seeds)
def test_shares_do_not_depend_on_the_order_of_rows_or_factors(seed):
    assets, factors = simulated(seed)
    order = np.random.default_rng(seed).permutation(60)
    base = np.array([row[3] for row in variance_decomp(assets, factors).rows])
    shuffled = [row[3] for row in variance_decomp(assets[order], factors[order]).rows]
    np.testing.assert_allclose(shuffled, base, rtol=1e-9, atol=1e-12)
    swapped = [row[3] for row in variance_decomp(assets, factors[:, [1, 2, 0]]).rows]
    np.testing.assert_allclose(swapped, base[[1, 2, 0, 3, 4]], rtol=1e-9, atol=1e-12)


def test_factor_shares_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: summary(lm)$r.squared
    np.testing.assert_allclose(
        factor_share(INDUSTRIES, FACTORS), expected("factor_share"), rtol=1e-12
    )
    np.testing.assert_allclose(factor_share(MSFT, MARKET), expected("one_factor_share"), rtol=1e-12)


def test_factor_share_of_one_factor_is_the_squared_correlation():
    correlation = np.corrcoef(MSFT.values[:, 0], MARKET.values[:, 0])[0, 1]
    assert factor_share(MSFT, MARKET)[0] == pytest.approx(correlation**2, rel=1e-13)


def test_factor_covariance_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: 12 cov(factors)
    covariance = factor_cov(FACTORS, 12)
    np.testing.assert_allclose(covariance.ravel(), expected("factor_cov"), rtol=1e-12)
    np.testing.assert_array_equal(covariance, covariance.T)


def test_factor_covariance_keeps_its_digits_far_from_zero():
    values = FACTORS.values
    far = values + 2.0**20
    np.testing.assert_allclose(factor_cov(far), np.cov((far - 2.0**20).T), rtol=1e-9)
    np.testing.assert_allclose(factor_cov(far), np.cov(values.T), rtol=1e-6)


def test_weighted_factor_covariance_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/hedging_risk_r.R: 12 cov.wt(factors, wt, method = "unbiased")
    found = factor_cov(FACTORS, 12, halflife=36)
    np.testing.assert_allclose(found.ravel(), R["halflife_cov"], rtol=1e-11)
    np.testing.assert_array_equal(found, found.T)


@quick
@given(seeds, st.floats(0.2, 500))
def test_weighted_covariance_is_that_of_pandas(seed, halflife):
    import pandas as pd  # noqa: PLC0415  the oracle of this test alone

    _, factors = simulated(seed)
    wanted = pd.DataFrame(factors).ewm(halflife=halflife).cov().iloc[-3:].to_numpy()
    np.testing.assert_allclose(
        factor_cov(factors, 1, halflife), wanted, rtol=1e-8, atol=1e-10 * np.abs(wanted).max()
    )


def test_a_long_halflife_weighs_all_rows_alike_and_a_gap_ages_none():
    _, factors = simulated(1)
    np.testing.assert_allclose(factor_cov(factors, 1, 1e9), factor_cov(factors), rtol=1e-6)
    gaps = np.insert(factors, [10, 50], np.nan, axis=0)
    np.testing.assert_array_equal(factor_cov(gaps, 1, 5), factor_cov(factors, 1, 5))


def test_tracking_errors_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/hedging_risk_r.R: sd(industry - market) sqrt(12)
    found = tracking_error(INDUSTRIES, FACTORS.values[:, 0], 12)
    np.testing.assert_allclose(found, R["tracking_error"], rtol=1e-12)


@quick
@given(seeds)
def test_tracking_error_is_at_least_the_residual_volatility_and_has_the_share_of_beta_in_it(seed):
    asset, factors = simulated(seed, k=1)
    beta = regress(asset, factors).beta[0, 0]
    found = tracking_error(asset, factors, 252)[0]
    residual = residual_vol(asset, factors, 252)[0]
    missed = 252 * (beta - 1) ** 2 * factors.var(ddof=1)
    assert found**2 == pytest.approx(residual**2 + missed, rel=1e-10)
    assert tracking_error(asset + 0.5, factors, 252)[0] == pytest.approx(found, rel=1e-10)
    assert tracking_error(factors, asset, 252)[0] == pytest.approx(found, rel=1e-12)


def test_an_index_fund_has_no_tracking_error_and_a_young_fund_its_own_rows():
    assets, factors = simulated(6, m=2, k=1)
    fund = factors[:, 0] + 0.1
    assert tracking_error(fund, factors).tolist() == [0.0]
    young = assets.copy()
    young[:40, 1] = np.nan
    found = tracking_error(young, factors)
    np.testing.assert_array_equal(found[0], tracking_error(assets[:, 0], factors)[0])
    np.testing.assert_allclose(found[1], tracking_error(assets[40:, 1], factors[40:])[0])


def test_model_covariance_of_the_sample_is_that_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: B'cov(f)B + diag(var(resid))
    fit = regress(INDUSTRIES, FACTORS)
    covariance = model_cov(fit.beta, factor_cov(FACTORS), fit.idio_variance)
    np.testing.assert_allclose(covariance.ravel(), expected("model_cov"), rtol=1e-10)


@quick
@given(seeds)
def test_model_variances_are_the_sample_variances_and_the_matrix_is_a_covariance(seed):
    assets, factors = simulated(seed, m=5)
    fit = regress(assets, factors)
    covariance = model_cov(fit.beta, factor_cov(factors), fit.idio_variance)
    np.testing.assert_allclose(np.diag(covariance), assets.var(axis=0, ddof=1), rtol=1e-10)
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() > 0


def test_model_plus_covariance_of_residuals_is_the_sample_covariance():
    fit = regress(INDUSTRIES, FACTORS)
    correlations = residual_correl(INDUSTRIES, FACTORS)
    vols = np.sqrt(fit.idio_variance)
    left_out = correlations * np.outer(vols, vols) - np.diag(vols**2)
    model = model_cov(fit.beta, factor_cov(FACTORS), fit.idio_variance)
    np.testing.assert_allclose(model + left_out, np.cov(INDUSTRIES.values.T), rtol=1e-9)


def test_one_factor_and_one_asset_are_a_number_each():
    np.testing.assert_allclose(model_cov([1.2], 0.0001, 0.0002), [[1.44e-4 + 2e-4]])


def test_residual_correlations_of_the_sample_are_those_of_r():
    # R 4.2.2, tests/oracles/sample_r.R: cor(resid(lm))
    correlations = residual_correl(INDUSTRIES, FACTORS)
    np.testing.assert_allclose(correlations.ravel(), expected("residual_correl"), atol=1e-12)
    np.testing.assert_array_equal(correlations, correlations.T)
    np.testing.assert_array_equal(np.diag(correlations), 1.0)


def test_residual_correlations_use_the_rows_that_all_assets_have():
    assets, factors = simulated(8, m=3)
    gaps = assets.copy()
    gaps[3, 0] = gaps[17, 2] = np.nan
    kept = np.delete(np.arange(60), [3, 17])
    np.testing.assert_allclose(
        residual_correl(gaps, factors), residual_correl(assets[kept], factors[kept]), atol=1e-12
    )


def test_assets_made_by_the_model_have_uncorrelated_residuals():
    rng = np.random.default_rng(0)
    factors = rng.standard_normal((20_000, 2))
    assets = factors @ rng.standard_normal((2, 4)) + rng.standard_normal((20_000, 4))
    off_diagonal = residual_correl(assets, factors)[np.triu_indices(4, 1)]
    assert np.abs(off_diagonal).max() < 4 / 20_000**0.5


GOOD, THREE = simulated(0)
TWICE = np.column_stack([GOOD, THREE @ [1.0, 2.0, 3.0]])


def test_singular_covariances_of_factors_are_covariances_all_the_same():
    factors = np.random.default_rng(5).normal(0, 0.01, (40, 3))
    twins = np.column_stack([factors, factors.sum(axis=1)])
    loads = np.array([[1.0, 0.5, 0.2, -1.0], [1.0, 1.0, 1.0, -1.0]])
    covariances = model_cov(loads, factor_cov(twins), [0.0, 0.0])
    assert covariances[1] == pytest.approx(0, abs=1e-18)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: variance_decomp(TWICE, THREE), InputError, "has 2 columns; use one asset"),
        (lambda: variance_decomp(GOOD, THREE, 0), NumericalError, "periods is 0"),
        (lambda: variance_decomp(np.ones(60), THREE), DivisionError, "is constant over the"),
        (lambda: variance_decomp(GOOD[:1], THREE[:1]), NumericalError, "complete row"),
        (lambda: variance_decomp(np.full(60, np.nan), THREE), NumericalError, "complete row"),
        (lambda: factor_share(np.full(60, 0.1), THREE), DivisionError, "is constant over the"),
        (lambda: factor_share(GOOD, THREE[:59]), InputError, "60 rows"),
        (lambda: factor_cov(THREE[:1]), NumericalError, "has 1 complete row(s)"),
        (lambda: factor_cov(np.full((9, 2), np.nan)), NumericalError, "has 0 complete row(s)"),
        (lambda: factor_cov(THREE, -1), NumericalError, "periods is -1"),
        (lambda: factor_cov(THREE, 1, 0), NumericalError, "halflife is 0; it must be above 0"),
        (
            lambda: factor_cov(THREE, 1, 0.01),
            NumericalError,
            "halflife is 0.01, which gives one row all the weight; use a longer one",
        ),
        (lambda: tracking_error(GOOD, THREE), InputError, "benchmark_returns has 3 columns; use"),
        (lambda: tracking_error(GOOD, GOOD[:9]), InputError, "returns has 60 rows and benchmark"),
        (lambda: tracking_error(GOOD, GOOD, 0), NumericalError, "periods is 0"),
        (
            lambda: tracking_error(GOOD[:1], GOOD[:1]),
            NumericalError,
            "returns and benchmark_returns have 1 complete row(s); at least 2 are needed",
        ),
        (
            lambda: model_cov(np.ones((2, 3)), np.eye(2), [1, 1]),
            InputError,
            "betas is 2 x 3; with 2 idio_vars and a 2 x 2 factor_cov use 2 x 2",
        ),
        (lambda: model_cov([[1, 1]], np.ones((1, 2)), [1]), InputError, "factor_cov is 1 x 2"),
        (
            lambda: model_cov([[1, 1]], [[1, 0.5], [0.4, 1]], [1]),
            InputError,
            "factor_cov is not symmetric",
        ),
        (
            lambda: model_cov([[1, -1]], [[1, 2], [2, 1]], [0.1]),
            InputError,
            "factor_cov row 1, column 2 is 2: a correlation beyond 1, which gives some portfolio a",
        ),
        (
            lambda: model_cov([[1], [1]], [[1]], [1, -2]),
            InputError,
            "idio_vars number 2 is -2; a variance is never negative",
        ),
        (lambda: residual_correl(GOOD, THREE), InputError, "correlations need at least two assets"),
        (
            lambda: residual_correl(TWICE, THREE),
            DivisionError,
            "asset_returns column 2 is explained exactly by the factors",
        ),
        (lambda: residual_correl(TWICE[:4], THREE[:4]), NumericalError, "complete row"),
        (
            lambda: residual_correl(np.column_stack([GOOD, GOOD * np.nan]), THREE),
            NumericalError,
            "needed: asset_returns column 2 has the most missing values, 60",
        ),
        (lambda: residual_correl(TWICE * np.nan, THREE), NumericalError, "complete row"),
    ],
)
def test_input_without_a_result_is_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
