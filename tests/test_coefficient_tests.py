"""Tests of betas and alpha: the numbers of R, gretl and statsmodels; laws; refusals."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from heteroskedastic import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.coefficient_numbers import GRETL, R
from oracles.sample_numbers import DURABLES, FACTORS
from scipy import stats

from factor_core.coefficient_tests import beta_ci, beta_se, beta_test, factor_wald, subsample_test
from factor_core.covariance import STANDARD_ERRORS
from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.estimation import factor_alpha, factor_beta
from factor_core.inference import (
    alpha_tstat,
    beta_tstat,
    factor_regression,
    factor_stat,
)
from factor_core.labelled import Columns

laws = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
estimators = st.sampled_from(STANDARD_ERRORS)
LAST_THREE = [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]
EQUAL_AND_SUM = [[0, 1, -1, 0], [1, 0, 0, 1]]  # SMB = HML, market + momentum = 1


def rows_of(table):
    return {row[0]: row[1:] for row in table.rows}


# --------------------------- R 4.2.2, sandwich 3.0-2, lmtest 0.9-40: oracles/coefficient_tests.R


@pytest.mark.parametrize("se", STANDARD_ERRORS)
def test_errors_intervals_and_tests_of_betas_are_those_of_r(se):
    found = beta_se(DURABLES, FACTORS, se)[0]
    np.testing.assert_allclose(found, R[f"se_{se}"], rtol=1e-10)
    found = beta_ci(DURABLES, FACTORS, 0.9, se)[0]  # coefci: Student's t under every estimator
    np.testing.assert_allclose(found, R[f"ci_{se}"], rtol=1e-9)
    found = beta_test(DURABLES, FACTORS, 1, se)[0]
    np.testing.assert_allclose(found, R[f"test_{se}"], rtol=1e-8)


@pytest.mark.parametrize("se", STANDARD_ERRORS)
def test_wald_test_that_factors_explain_nothing_is_waldtest_of_r(se):
    found = factor_wald(DURABLES, FACTORS, LAST_THREE, 0, se)[0]
    np.testing.assert_allclose(found, R[f"wald_{se}"], rtol=1e-8)


def test_wald_test_of_linear_restrictions_is_restricted_least_squares_of_r():
    found = factor_wald(DURABLES, FACTORS, EQUAL_AND_SUM, [0, 1])[0]
    np.testing.assert_allclose(found, R["linear"], rtol=1e-9)


@pytest.mark.parametrize("se", [se for se in STANDARD_ERRORS if se != "hac"])
def test_wald_test_of_linear_restrictions_is_restrict_of_gretl(se):
    # gretl 2022c, oracles/restrictions.inp
    f, _, _, p = factor_wald(DURABLES, FACTORS, EQUAL_AND_SUM, [0, 1], se)[0]
    assert (f, p) == pytest.approx(GRETL[se], rel=1e-10)


def test_chow_test_of_the_sample_is_that_of_r_and_gretl():
    rows = rows_of(subsample_test(DURABLES, FACTORS, 120))
    coefficients = ("alpha", *(f"beta {name}" for name in FACTORS.names))
    first, second, difference, t, p = zip(*(rows[name] for name in coefficients), strict=True)
    np.testing.assert_allclose(first, R["chow_first"], rtol=1e-9)
    np.testing.assert_allclose(second, R["chow_second"], rtol=1e-9)
    np.testing.assert_allclose(difference, R["chow_second"] - R["chow_first"], rtol=1e-8)
    np.testing.assert_allclose(t, R["chow_t"], rtol=1e-9)
    np.testing.assert_allclose(p, R["chow_p"], rtol=1e-8)
    f, df1, df2, chow_p = R["chow"]
    assert rows["Chow F"][0] == pytest.approx(f, rel=1e-9)
    assert rows["df"][:2] == (df1, df2)
    assert rows["p"][0] == pytest.approx(chow_p, rel=1e-9)
    assert (rows["Chow F"][0], rows["p"][0]) == pytest.approx(GRETL["chow"], rel=1e-9)
    assert rows["rows"][:2] == (120, 207)


# ------------------------------------------------------------------ statsmodels, in the same run


@laws
@given(seeds, estimators, st.integers(1, 3))
def test_wald_test_is_that_of_statsmodels_for_any_restrictions(seed, se, q):
    y, x = draw(seed, n=60, k=3)
    rng = np.random.default_rng(seed)
    restrictions, values = rng.integers(-2, 3, (q, 4)), rng.normal(size=q)
    if np.linalg.matrix_rank(restrictions) < q:
        restrictions[:, :q] += 5 * np.eye(q, dtype=int)
    options = {"hac": {"cov_type": "HAC", "cov_kwds": {"maxlags": 3, "use_correction": True}}}
    kind = options.get(se, {"cov_type": "nonrobust" if se == "ols" else se.upper()})
    result = sm.OLS(y[:, 0], sm.add_constant(x)).fit(use_t=True, **kind)
    wanted = result.f_test((restrictions, values))
    found = factor_wald(y, x, restrictions, values, se)[0]
    expected = [wanted.fvalue, wanted.df_num, wanted.df_denom, wanted.pvalue]
    np.testing.assert_allclose(found, np.array(expected, dtype=float), rtol=1e-7)


# ------------------------------------------------------------------ two ways agree, laws


@laws
@given(seeds, estimators, st.integers(1, 3), st.floats(-2, 2))
def test_t_is_the_distance_from_the_null_over_the_standard_error(seed, se, k, null_value):
    y, x = draw(seed, k=k, m=2)
    beta, error = (block.reshape(2, k) for block in (factor_beta(y, x), beta_se(y, x, se)))
    tests = beta_test(y, x, null_value, se).reshape(2, k, 2)
    np.testing.assert_allclose(tests[..., 0], (beta - null_value) / error, rtol=1e-12)
    by_tstat = beta_tstat(y, x, se, None, null_value).reshape(2, k)
    np.testing.assert_array_equal(tests[..., 0], by_tstat)
    p = 2 * stats.t.sf(np.abs(tests[..., 0]), 50 - k - 1)
    np.testing.assert_allclose(tests[..., 1], p, rtol=1e-9)


@laws
@given(seeds, estimators, st.integers(1, 3))
def test_errors_and_intervals_are_those_of_the_regression_table(seed, se, k):
    y, x = draw(seed, k=k)
    rows = factor_regression(y, x, se).rows[1:]
    np.testing.assert_allclose(np.ravel(beta_se(y, x, se)), [row[2] for row in rows], rtol=1e-13)
    intervals = beta_ci(y, x, 0.95, se).reshape(k, 2)
    np.testing.assert_allclose(intervals, [row[5:] for row in rows], rtol=1e-12)


@laws
@given(seeds, estimators, st.floats(0.01, 0.99))
def test_an_interval_holds_what_its_test_does_not_reject(seed, se, level):
    y, x = draw(seed, k=1)
    low, high = beta_ci(y, x, level, se)[0]
    for bound in (low, high):
        assert beta_test(y, x, bound, se)[0, 1] == pytest.approx(1 - level, rel=1e-7)
    assert beta_test(y, x, (low + high) / 2, se)[0, 1] == pytest.approx(1, abs=1e-9)


@laws
@given(seeds, estimators)
def test_a_wider_level_holds_the_narrower_interval(seed, se):
    y, x = draw(seed)
    narrow, wide = beta_ci(y, x, 0.5, se)[0], beta_ci(y, x, 0.99, se)[0]
    assert (wide[::2] < narrow[::2]).all()
    assert (wide[1::2] > narrow[1::2]).all()


@laws
@given(seeds, estimators, st.floats(-2, 2))
def test_wald_test_of_one_coefficient_is_its_squared_t(seed, se, null_value):
    y, x = draw(seed, k=2, m=2)
    t = beta_test(y, x, null_value, se)[:, 2]
    f, df1, df2, p = factor_wald(y, x, [[0, 1]], null_value, se).T
    np.testing.assert_allclose(f, t**2, rtol=1e-8)
    np.testing.assert_allclose(p, beta_test(y, x, null_value, se)[:, 3], rtol=1e-7)
    assert (df1 == 1).all()
    assert (df2 == 47).all()
    of_alpha = factor_wald(y, x, [[1, 0, 0]], 0, se)[:, 0]
    np.testing.assert_allclose(of_alpha, alpha_tstat(y, x, se) ** 2, rtol=1e-8)


@laws
@given(seeds, st.integers(1, 4))
def test_wald_test_of_all_betas_is_f_of_the_regression(seed, k):
    y, x = draw(seed, k=k)
    f, df1, _, p = factor_wald(y, x, np.eye(k))[0]
    assert df1 == k
    assert f == pytest.approx(factor_stat(y, x, "f")[0], rel=1e-9)
    assert p == pytest.approx(factor_stat(y, x, "f_p")[0], rel=1e-7)


@laws
@given(seeds, estimators)
def test_wald_test_does_not_depend_on_how_restrictions_are_written(seed, se):
    y, x = draw(seed, k=3)
    restrictions, values = np.array([[1, -1, 0], [0, 1, 1]]), np.array([0.2, 1.0])
    turned = np.array([[2.0, 1.0], [-1.0, 3.0]])
    found = factor_wald(y, x, turned @ restrictions, turned @ values, se)
    np.testing.assert_allclose(found, factor_wald(y, x, restrictions, values, se), rtol=1e-7)
    with_alpha = np.column_stack([[0, 0], restrictions])
    np.testing.assert_array_equal(
        factor_wald(y, x, with_alpha, values, se), factor_wald(y, x, restrictions, values, se)
    )


@laws
@given(seeds, estimators)
def test_wald_test_does_not_depend_on_the_units_of_a_factor(seed, se):
    y, x = draw(seed, k=2)
    units = np.array([1e-6, 1e4])
    found = factor_wald(y, x * units, np.diag(1 / units) @ np.diag(units**2), [0, 0], se)
    np.testing.assert_allclose(found, factor_wald(y, x, np.eye(2), 0, se), rtol=1e-6)


def test_restrictions_that_hold_exactly_give_f_0():
    y, x = draw(1)
    alpha, beta = factor_alpha(y, x)[0], factor_beta(y, x)[0]
    f, _, _, p = factor_wald(y, x, np.eye(3), [alpha, *beta])[0]
    assert f == pytest.approx(0, abs=1e-20)
    assert p == pytest.approx(1)


@laws
@given(seeds, st.integers(6, 44), st.integers(1, 3))
def test_chow_test_is_the_regression_with_a_dummy(seed, split, k):
    y, x = draw(seed, k=k)
    late = (np.arange(50) >= split)[:, None].astype(float)
    design = sm.add_constant(np.column_stack([x, late, late * x]))
    result = sm.OLS(y[:, 0], design).fit()
    rows = subsample_test(y, x, split).rows
    added = slice(k + 1, None)  # the dummy and its products with the factors
    np.testing.assert_allclose([r[3] for r in rows[: k + 1]], result.params[added], rtol=1e-6)
    np.testing.assert_allclose([r[4] for r in rows[: k + 1]], result.tvalues[added], rtol=1e-6)
    np.testing.assert_allclose([r[5] for r in rows[: k + 1]], result.pvalues[added], rtol=1e-5)
    f = result.f_test(np.eye(2 * k + 2)[k + 1 :])
    assert rows[k + 2][1] == pytest.approx(float(f.fvalue), rel=1e-6)
    assert rows[-1][1] == pytest.approx(float(f.pvalue), rel=1e-5)


@laws
@given(seeds)
def test_both_parts_are_the_regressions_of_their_rows(seed):
    y, x = draw(seed)
    y[[3, 40]] = np.nan
    rows = rows_of(subsample_test(Columns(y, ("Fund",)), Columns(x, ("Mkt", "SMB")), 20))
    for part, kept in enumerate((slice(20), slice(20, None))):
        assert rows["alpha"][part] == pytest.approx(factor_alpha(y[kept], x[kept])[0], rel=1e-12)
        betas = factor_beta(y[kept], x[kept])[0]
        assert [rows["beta Mkt"][part], rows["beta SMB"][part]] == pytest.approx(betas, rel=1e-12)
    assert rows["rows"][:2] == (19, 29)
    assert rows["df"][:2] == (3, 48 - 6)


def test_p_of_chow_is_uniform_when_nothing_changes():
    p = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        factor = rng.standard_normal(40)
        asset = factor + rng.standard_normal(40)
        p.append(subsample_test(asset, factor, 15).rows[-1][1])
    assert stats.kstest(p, "uniform").pvalue > 0.01


# ------------------------------------------------------------------ degenerate input


Y, X = draw(0)
EXACT = 0.001 + X @ [1.5, -0.5]
GAPS = np.where(np.arange(50)[:, None] < 20, np.nan, Y)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: beta_ci(Y, X, 1), NumericalError, "level is 1; use a number above 0 and below 1"),
        (lambda: beta_ci(Y, X, 95), NumericalError, "level is 95; use"),
        (lambda: beta_ci(Y, X, 0), NumericalError, "level is 0; use"),
        (lambda: beta_ci(Y, X, np.nan), NumericalError, "level is nan; use"),
        (lambda: beta_se(Y, X, "hc4"), InputError, 'se is "hc4"; use one of ols, hc0'),
        (lambda: beta_ci(Y, X, 0.9, "ols", 3), InputError, 'lags is 3 but se is "ols"'),
        (lambda: beta_test(EXACT, X), DivisionError, "asset_returns is explained exactly"),
        (lambda: beta_test(np.full(50, 0.01), X), DivisionError, "asset_returns is constant"),
        (lambda: beta_se(Y[:3], X[:3]), NumericalError, "has 3 complete rows for 2 factor(s)"),
        (lambda: beta_se(Y, X[:, [0, 0]]), NumericalError, "is a linear combination of the other"),
        (lambda: beta_se(Y, X[:49]), InputError, "50 rows and factor_returns has 49"),
        (lambda: factor_wald(EXACT, X, [[1, 0]]), DivisionError, "explained exactly"),
        (
            lambda: factor_wald(Y, X, [[1, 0, 0, 0]]),
            InputError,
            "4 columns for 2 factor(s); use one row a restriction with 2 columns (betas) or 3 (alp",
        ),
        (lambda: factor_wald(Y, X, [[1], [-1]]), InputError, "TRANSPOSE turns a column into a row"),
        (
            lambda: factor_wald(Y, X, [[1, 0], [0, 0]]),
            InputError,
            "restrictions row 2 holds only 0; it must weight a coefficient",
        ),
        (
            lambda: factor_wald(Y, X, [[1, 0], [0, 1], [1, 1]]),
            InputError,
            "restrictions row 3 follows from those above it; leave it out",
        ),
        (
            lambda: factor_wald(Y, X, Columns(np.array([[1.0, 0], [2, 0]]), ("Mkt", "SMB"))),
            InputError,
            "restrictions row 3 follows from those above it",  # a header counts
        ),
        (
            lambda: factor_wald(Y, X, [[1, np.nan]]),
            InputError,
            "restrictions row 1, column 2 is blank; use a number",
        ),
        (
            lambda: factor_wald(Y, X, [[1, 0], [0, 1]], [1, 2, 3]),
            InputError,
            "values holds 3 numbers for 2 restriction(s); use one number, or one a restriction",
        ),
        (lambda: factor_wald(Y, X, [[1, 0]], 0, "hc9"), InputError, 'se is "hc9"'),
        (lambda: subsample_test(Y, X, 0), InputError, "split is 0; use 1 to 49, the rows of the"),
        (lambda: subsample_test(Y, X, 50), InputError, "split is 50; use 1 to 49"),
        (
            lambda: subsample_test(Y, X, 3),
            NumericalError,
            "in the first part of 3 rows asset_returns has 3 complete rows for 2 factor(s)",
        ),
        (
            lambda: subsample_test(GAPS, X, 20),
            NumericalError,
            "in the first part of 20 rows asset_returns has 0 complete rows",
        ),
        (
            lambda: subsample_test(Y, np.column_stack([X[:, 0], np.arange(50) < 5]), 20),
            NumericalError,
            "in the second part of 30 rows factor_returns column 2 is constant",
        ),
        (
            lambda: subsample_test(EXACT * (1 + (np.arange(50) >= 20)), X, 20),
            DivisionError,
            "asset_returns is explained exactly in both parts: its residuals are 0",
        ),
        (lambda: subsample_test(np.hstack([Y, Y]), X, 20), InputError, "use one asset"),
    ],
)
def test_input_without_a_test_is_refused(call, error, message):
    with pytest.raises(error) as refused:
        call()
    assert message in str(refused.value)
    assert len(str(refused.value)) < 230


def test_the_fewest_rows_give_a_test():
    y, x = Y[:4], X[:4]
    assert np.isfinite(beta_test(y, x)).all()
    assert np.isfinite(factor_wald(y, x, [[1, 0]])).all()
    assert rows_of(subsample_test(Y[:8], X[:8], 4))["df"][:2] == (3, 2)


def test_a_restriction_that_one_row_decides_has_no_robust_covariance():
    y, x = draw(3)
    x[:, 1] = np.arange(50) == 30  # its residual is 0: the fitted return has no robust variance
    fitted = [1, x[30, 0], 1]
    assert np.isfinite(factor_wald(y, x, [fitted])).all()
    for restrictions in ([fitted], [fitted, [0, 1, 0]]):
        with pytest.raises(NumericalError, match="the hc1 covariance of the restricted coeffic"):
            factor_wald(y, x, restrictions, 0, "hc1")


def test_an_exact_fit_has_intervals_without_width():
    low, high = beta_ci(EXACT, X).reshape(2, 2).T
    np.testing.assert_allclose([low, high], [[1.5, -0.5]] * 2, rtol=1e-12)
    assert (beta_se(EXACT, X) < 1e-12).all()
