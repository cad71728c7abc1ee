"""FAMA_MACBETH and SPANNING_TEST: R's and linearmodels' numbers, laws, refusals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from linearmodels.asset_pricing import LinearFactorModel
from linearmodels.panel import FamaMacBeth
from oracles.coefficient_numbers import R
from oracles.sample_numbers import FACTORS, SORTED
from scipy import stats

from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.inference import alpha_tstat, factor_regression
from factor_core.labelled import Columns
from factor_core.pricing import fama_macbeth, grs_test, spanning_test
from factor_core.regression import regress

quick = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 10_000)
THREE = Columns(FACTORS.values[:, :3], FACTORS.names[:3])
PREMIA_NAMES = ("intercept", *THREE.names)


def simulated(seed, n=60, m=8, k=2):
    rng = np.random.default_rng(seed)
    factors = rng.standard_normal((n, k)) + 0.2
    noise = rng.standard_normal((n, m))
    return factors @ rng.uniform(0.2, 1.8, (k, m)) + noise, factors


def premia(assets, factors, *options):
    """Return lambda, se, t, p (and Shanken's three) of every premium, a row each."""
    table = fama_macbeth(assets, factors, *options)
    return np.array([row[1:] for row in table.rows if row[-1] is not None], dtype=float)


def rest(table):
    return {row[0]: row[1] for row in table.rows}


# ------------------------------------------------------- R 4.2.2: oracles/coefficient_tests.R


@pytest.mark.parametrize(("name", "intercept"), [("fm", True), ("fm_zero", False)])
def test_premia_of_the_sorted_portfolios_are_those_of_r(name, intercept):
    table = fama_macbeth(SORTED, THREE, intercept)
    assert [row[0] for row in table.rows[:-3]] == list(PREMIA_NAMES[0 if intercept else 1 :])
    found = premia(SORTED, THREE, intercept)
    np.testing.assert_allclose(found[:, 0], R[f"{name}_lambda"], rtol=1e-9)
    np.testing.assert_allclose(found[:, 1], R[f"{name}_se"], rtol=1e-9)
    np.testing.assert_allclose(found[:, 3], R[f"{name}_p"], rtol=1e-8)
    np.testing.assert_allclose(found[:, 4], R[f"{name}_shanken"], rtol=1e-9)
    assert rest(table)["cross-section R2"] == pytest.approx(R[f"{name}_r2"][0], rel=1e-9)


def test_spanning_of_one_factor_is_the_intercept_of_r():
    table = spanning_test(Columns(FACTORS.values[:, 3:], ("Mom",)), THREE)
    np.testing.assert_allclose(np.array(table.rows[0][1:], float), R["span_one"], rtol=1e-8)
    assert table.rows[0][0] == "Mom"
    assert rest(table)["GRS F"] == pytest.approx(R["span_one"][2] ** 2, rel=1e-8)
    assert rest(table)["p"] == pytest.approx(R["span_one"][3], rel=1e-8)


def test_spanning_of_two_factors_is_the_multivariate_test_of_r():
    table = rest(spanning_test(FACTORS.values[:, 2:], FACTORS.values[:, :1]))
    found = [table[name] for name in ("GRS F", "df1", "df2", "p")]
    np.testing.assert_allclose(found, R["span_two"], rtol=1e-8)


# ------------------------------------------------------------------ linearmodels, in the same run


@quick
@given(seeds, st.booleans())
def test_premia_and_errors_are_those_of_linearmodels_on_the_first_pass_betas(seed, intercept):
    assets, factors = simulated(seed)
    n, m = assets.shape
    rows = pd.MultiIndex.from_product([range(m), range(n)])
    design = np.repeat(regress(assets, factors).beta, n, axis=0)
    if intercept:
        design = np.column_stack([np.ones(n * m), design])
    names = ["a", "b", "c"][: design.shape[1]]
    second_pass = FamaMacBeth(
        pd.Series(assets.T.ravel(), index=rows), pd.DataFrame(design, index=rows, columns=names)
    )
    result = second_pass.fit(cov_type="unadjusted")
    found = premia(assets, factors, intercept, False)
    np.testing.assert_allclose(found[:, 0], result.params, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(found[:, 1], result.std_errors, rtol=1e-8)
    np.testing.assert_allclose(found[:, 3], result.pvalues, rtol=1e-6)


@quick
@given(seeds, st.booleans())
def test_premia_are_those_of_linearmodels_two_step_estimator(seed, intercept):
    assets, factors = simulated(seed)
    result = LinearFactorModel(assets, factors, risk_free=intercept).fit()
    found = premia(assets, factors, intercept)[:, 0]
    np.testing.assert_allclose(found, result.risk_premia, rtol=1e-7, atol=1e-12)


def test_shankens_errors_are_close_to_gmms_in_a_long_sample():
    # both are consistent when disturbances are alike over time; the sample errs by about 1 %
    assets, factors = simulated(1, n=20_000, m=6)
    result = LinearFactorModel(assets, factors, risk_free=True).fit()
    found = premia(assets, factors)[:, 4]
    np.testing.assert_allclose(found, result.risk_premia_se, rtol=0.03)


# ------------------------------------------------------------------ two ways agree, laws


@quick
@given(seeds, st.booleans())
def test_premia_are_the_regression_of_average_returns_on_betas(seed, intercept):
    assets, factors = simulated(seed)
    beta, mean = regress(assets, factors).beta, assets.mean(axis=0)
    result = sm.OLS(mean, sm.add_constant(beta) if intercept else beta).fit()
    table = fama_macbeth(assets, factors, intercept)
    np.testing.assert_allclose(premia(assets, factors, intercept)[:, 0], result.params, rtol=1e-7)
    share = 1 - result.ssr / ((mean - mean.mean()) ** 2).sum()
    assert rest(table)["cross-section R2"] == pytest.approx(share, rel=1e-7, abs=1e-9)
    assert rest(table)["assets"] == 8
    assert rest(table)["rows"] == 60


@quick
@given(seeds, st.booleans())
def test_shankens_correction_is_the_covariance_formula_of_the_paper(seed, intercept):
    assets, factors = simulated(seed)
    n, k = factors.shape
    beta = regress(assets, factors).beta
    design = np.column_stack([np.ones(8), beta]) if intercept else beta
    series = assets @ np.linalg.pinv(design).T
    covariance, risk = np.cov(series.T) / n, series.mean(axis=0)[-k:]
    of_factors = np.zeros_like(covariance)
    of_factors[-k:, -k:] = np.cov(factors.T) / n
    c = risk @ np.linalg.solve(np.cov(factors.T), risk)
    wanted = (1 + c) * (covariance - of_factors) + of_factors
    found = premia(assets, factors, intercept)
    np.testing.assert_allclose(found[:, 4] ** 2, wanted.diagonal(), rtol=1e-7)
    assert (found[:, 4] >= found[:, 1]).all()  # the correction never makes an error smaller
    np.testing.assert_allclose(found[:, 5], found[:, 0] / found[:, 4], rtol=1e-12)
    np.testing.assert_allclose(found[:, 6], 2 * stats.t.sf(np.abs(found[:, 5]), 59), rtol=1e-8)


@quick
@given(seeds)
def test_without_shanken_the_first_columns_stay(seed):
    assets, factors = simulated(seed)
    table = fama_macbeth(assets, factors, shanken=False)
    assert table.header == ("name", "lambda", "se", "t", "p")
    with_it = premia(assets, factors)[:, :4]
    np.testing.assert_array_equal(premia(assets, factors, True, False), with_it)


@quick
@given(seeds)
def test_assets_priced_exactly_show_the_factors_means(seed):
    _, factors = simulated(seed)
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((60, 6))
    noise -= noise.mean(axis=0)
    noise -= (factors - factors.mean(axis=0)) @ regress(noise, factors).beta.T
    assets = factors @ rng.uniform(0.2, 1.8, (2, 6)) + noise  # every sample alpha is 0
    found = premia(assets, factors)
    np.testing.assert_allclose(found[:, 0], [0, *factors.mean(axis=0)], rtol=1e-8, atol=1e-9)
    r2 = rest(fama_macbeth(assets, factors, intercept=False))["cross-section R2"]
    assert r2 == pytest.approx(1, abs=1e-9)


@quick
@given(seeds, st.floats(0.01, 100))
def test_premia_scale_with_their_factor(seed, unit):
    assets, factors = simulated(seed)
    plain, scaled = premia(assets, factors), premia(assets, factors * [unit, 1])
    np.testing.assert_allclose(scaled[1, [0, 1, 4]], unit * plain[1, [0, 1, 4]], rtol=1e-8)
    np.testing.assert_allclose(scaled[[0, 2]], plain[[0, 2]], rtol=1e-7)


@quick
@given(seeds)
def test_the_order_of_assets_does_not_matter(seed):
    assets, factors = simulated(seed)
    np.testing.assert_allclose(premia(assets[:, ::-1], factors), premia(assets, factors), rtol=1e-8)


def test_rows_with_a_gap_anywhere_are_left_out():
    assets, factors = simulated(4)
    gaps = assets.copy()
    gaps[5, 0] = gaps[6, 3] = np.nan
    kept = np.delete(np.arange(60), [5, 6])
    np.testing.assert_allclose(
        premia(gaps, factors), premia(assets[kept], factors[kept]), rtol=1e-10
    )
    found, wanted = spanning_test(gaps, factors), spanning_test(assets[kept], factors[kept])
    assert rest(found) == pytest.approx(rest(wanted), rel=1e-9)


@quick
@given(seeds, st.integers(1, 3))
def test_spanning_is_grs_of_the_new_factors_with_the_t_of_each(seed, m):
    new, factors = simulated(seed, m=m)
    table = rest(spanning_test(new, factors))
    grs = rest(grs_test(new, factors))
    found = [table[name] for name in ("GRS F", "df1", "df2", "p")]
    assert found == [grs[name] for name in ("F", "df1", "df2", "p")]
    rows = spanning_test(new, factors).rows[:m]
    np.testing.assert_allclose([row[3] for row in rows], alpha_tstat(new, factors), rtol=1e-12)
    wanted = factor_regression(new[:, 0], factors).rows[0][1:5]
    assert rows[0][1:] == pytest.approx(wanted, rel=1e-9)


@quick
@given(seeds, st.integers(1, 3))
def test_spanning_is_the_rise_of_the_highest_sharpe_ratio(seed, m):
    new, factors = simulated(seed, m=m)

    def squared_sharpe(returns):
        mean, covariance = (
            returns.mean(axis=0),
            np.cov(returns.T, ddof=0).reshape(len(returns.T), -1),
        )
        return mean @ np.linalg.solve(covariance, mean)

    before, after = squared_sharpe(factors), squared_sharpe(np.hstack([factors, new]))
    wanted = (60 - m - 2) / m * (after - before) / (1 + before)
    assert rest(spanning_test(new, factors))["GRS F"] == pytest.approx(wanted, rel=1e-8)


# ------------------------------------------------------------------ degenerate input


GOOD, TWO = simulated(0)
SAME = 0.7 * TWO[:, :1] + np.linspace(1, 2, 60)[:, None] + np.zeros((60, 5))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: fama_macbeth(GOOD[:, :3], TWO),
            NumericalError,
            "asset_returns has 3 asset(s) for 3 premia; at least 4 are needed",
        ),
        (lambda: fama_macbeth(GOOD[:, :2], TWO, False), NumericalError, "at least 3 are needed"),
        (
            lambda: fama_macbeth(SAME, TWO[:, :1]),
            NumericalError,
            "factor_returns has betas that cannot be told from the intercept over these 5 assets",
        ),
        (
            lambda: fama_macbeth(np.outer(GOOD[:, 0], [1, 2, 3, 4, 5]), TWO, False),
            NumericalError,
            "factor_returns column 2 has betas that cannot be told from those of the factors",
        ),
        (
            lambda: fama_macbeth(np.full((60, 5), 0.01), TWO),
            NumericalError,
            "factor_returns column 1 has a beta of 0 for every asset: it has no premium",
        ),
        (
            lambda: fama_macbeth(TWO @ [[1.0, 2, 3, 4], [2, 1, 0, 2]], TWO),
            DivisionError,
            "the premium of intercept is the same in every row: its error is 0",
        ),
        (lambda: fama_macbeth(GOOD[:3], TWO[:3]), NumericalError, "3 complete rows for 2 factor"),
        (lambda: fama_macbeth(GOOD, TWO[:, [0, 0]]), NumericalError, "is a linear combination"),
        (lambda: fama_macbeth(GOOD, TWO[:59]), InputError, "60 rows and factor_returns has 59"),
        (
            lambda: fama_macbeth(np.where(np.arange(8) == 2, np.nan, GOOD), TWO),
            NumericalError,
            "asset_returns column 3 has the most missing values, 60",
        ),
        (
            lambda: spanning_test(TWO @ [1.0, 2.0], TWO),
            DivisionError,
            "new_factor is explained exactly by the factors: its residuals are 0",
        ),
        (
            lambda: spanning_test(GOOD[:, [0, 1, 0]], TWO),
            NumericalError,
            "new_factor column 3 is explained exactly by the factors and the assets before it",
        ),
        (lambda: spanning_test(GOOD[:3, 0], TWO[:3]), NumericalError, "new_factor has 3 complete"),
        (lambda: spanning_test(GOOD[:, 0], TWO[:9]), InputError, "new_factor has 60 rows and fac"),
        (lambda: spanning_test(np.full(60, 0.1), TWO), DivisionError, "new_factor is constant"),
        (lambda: spanning_test(GOOD[:9], TWO[:9]), NumericalError, "at least 11 are needed"),
    ],
)
def test_input_without_premia_or_test_is_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)


def test_assets_with_one_average_return_leave_nothing_to_explain():
    half = np.random.default_rng(2).integers(-8, 9, (30, 5))
    assets = np.vstack([half, -half])  # every mean is exactly 0
    cell = rest(fama_macbeth(assets, TWO, intercept=False))["cross-section R2"]
    assert cell == "#DIV/0!"
    assert cell.message == "all assets have the same average return: there is nothing to explain"


def test_the_fewest_rows_and_assets_give_premia():
    assert np.isfinite(premia(GOOD[:4, :4], TWO[:4])).all()
