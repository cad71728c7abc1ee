"""Standard errors, t statistics, fit statistics and tables: R's and statsmodels' numbers, laws."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from heteroskedastic import draw
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.regression_numbers import MODELS, WITH_ALPHA, R
from scipy import stats
from statsmodels.stats.stattools import durbin_watson, jarque_bera, omni_normtest

from factor_core.cells import write_cells
from factor_core.covariance import (
    STANDARD_ERRORS,
    coefficient_covariance,
    hac_lags,
    standard_errors,
)
from factor_core.errors import DivisionError, ExcelError, InputError, NumericalError
from factor_core.estimation import factor_alpha, factor_beta, r_squared, residual_vol
from factor_core.fit_statistics import STATISTICS
from factor_core.inference import (
    alpha_tstat,
    beta_tstat,
    factor_regression,
    factor_stat,
    factor_summary,
    factor_table,
)
from factor_core.labelled import Columns
from factor_core.regression import regress

laws = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 2**32 - 1)
estimators = st.sampled_from(STANDARD_ERRORS)
ROBUST = ("hc0", "hc1", "hc2", "hc3")
LAGS = (0, 1, 4, 12)


def fit_of(model):
    return regress(*MODELS[model], intercept=model != "zero")


def rows_of(table):
    return {row[0]: row[1:] for row in table.rows}


# ------------------------------------- R 4.2.2, sandwich 3.0-2, lmtest 0.9-40: oracles/regression.R


@pytest.mark.parametrize("model", MODELS)
def test_classical_and_robust_standard_errors_are_those_of_r(model):
    fit = fit_of(model)
    for se in ("ols", *ROBUST):
        wanted = R[f"{model}_se_{se}"]
        np.testing.assert_allclose(standard_errors(fit, se)[0], wanted, rtol=1e-10)


@pytest.mark.parametrize("lags", LAGS)
@pytest.mark.parametrize("model", MODELS)
def test_newey_west_standard_errors_are_those_of_r(model, lags):
    fit = fit_of(model)
    found = standard_errors(fit, "hac", lags)[0]
    np.testing.assert_allclose(found, R[f"{model}_se_hac_{lags}"], rtol=1e-10)
    plain = standard_errors(fit, "hac", lags, small_sample=False)[0]
    np.testing.assert_allclose(plain, R[f"{model}_se_hac_plain_{lags}"], rtol=1e-10)


@pytest.mark.parametrize("model", MODELS)
def test_covariances_are_those_of_r(model):
    fit = fit_of(model)
    for se, lags, name in (("ols", None, "ols"), ("hc3", None, "hc3"), ("hac", 4, "hac_4")):
        wanted = R[f"{model}_covariance_{name}"]
        found = coefficient_covariance(fit, se, lags)[0]
        np.testing.assert_allclose(found.ravel(), wanted, rtol=1e-9, atol=1e-9 * wanted.max())


@pytest.mark.parametrize("model", MODELS)
def test_regression_table_is_that_of_r(model):
    intercept = model != "zero"
    asset, factors = MODELS[model]
    _, coef, se, t, p, low, high = zip(
        *factor_regression(asset, factors, intercept=intercept).rows, strict=True
    )
    np.testing.assert_allclose(coef, R[f"{model}_coef"], rtol=1e-10)
    np.testing.assert_allclose(se, R[f"{model}_se_ols"], rtol=1e-11)
    np.testing.assert_allclose(t, R[f"{model}_t"], rtol=1e-10)
    np.testing.assert_allclose(p, R[f"{model}_p"], rtol=1e-9, atol=1e-300)
    interval = np.column_stack([low, high]).ravel()
    np.testing.assert_allclose(interval, R[f"{model}_interval"], rtol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_robust_p_and_interval_are_students_as_in_coeftest(model):
    asset, factors = MODELS[model]
    by_hc3 = factor_regression(asset, factors, "hc3", intercept=model != "zero")
    np.testing.assert_allclose([r[4] for r in by_hc3.rows], R[f"{model}_p_hc3"], rtol=1e-8)
    by_hac = factor_regression(asset, factors, "hac", 4, intercept=model != "zero")
    interval = [bound for row in by_hac.rows for bound in row[5:]]
    np.testing.assert_allclose(interval, R[f"{model}_interval_hac_4"], rtol=1e-9)


@pytest.mark.parametrize("model", WITH_ALPHA)
def test_fit_statistics_are_those_of_r(model):
    for stat in ("n", "df", "r2", "adj_r2", "s", "f", "loglik", "aic", "bic", "dw"):
        found = factor_stat(*MODELS[model], stat)
        np.testing.assert_allclose(found, R[f"{model}_{stat}"], rtol=1e-11, err_msg=stat)


@pytest.mark.parametrize("model", WITH_ALPHA)
def test_t_statistics_are_those_of_r(model):
    asset, factors = MODELS[model]
    np.testing.assert_allclose(alpha_tstat(asset, factors), R[f"{model}_t"][0], rtol=1e-10)
    np.testing.assert_allclose(beta_tstat(asset, factors).ravel(), R[f"{model}_t"][1:], rtol=1e-10)
    alpha, *betas = (R[f"{model}_coef"] - 0.5) / R[f"{model}_se_hac_4"]
    found = alpha_tstat(asset, factors, "hac", 4, null_value=0.5)
    np.testing.assert_allclose(found, alpha, rtol=1e-10)
    found = beta_tstat(asset, factors, "hac", 4, null_value=0.5)
    np.testing.assert_allclose(found.ravel(), betas, rtol=1e-9)


# ------------------------------------------------------------------ statsmodels, in the same run


@pytest.mark.parametrize("model", WITH_ALPHA)
def test_every_fit_statistic_is_that_of_statsmodels(model):
    asset, factors = (columns.values for columns in MODELS[model])
    kept = ~np.isnan(asset[:, 0]) & ~np.isnan(factors).any(axis=1)
    result = sm.OLS(asset[kept, 0], sm.add_constant(factors[kept])).fit()
    jb, jb_p, skew, kurtosis = jarque_bera(result.resid)
    wanted = {
        "n": result.nobs,
        "df": result.df_resid,
        "r2": result.rsquared,
        "adj_r2": result.rsquared_adj,
        "s": result.mse_resid**0.5,
        "f": result.fvalue,
        "f_p": result.f_pvalue,
        "loglik": result.llf,
        "aic": result.aic,
        "bic": result.bic,
        "dw": durbin_watson(result.resid),
        "jb": jb,
        "jb_p": jb_p,
        "skew": skew,
        "kurtosis": kurtosis,
        "cond": result.condition_number,
        "omnibus": omni_normtest(result.resid)[0],
    }
    assert wanted.keys() == STATISTICS.keys()
    for stat, value in wanted.items():
        found = factor_stat(asset, factors, stat)
        np.testing.assert_allclose(found, value, rtol=1e-9, atol=1e-300, err_msg=stat)


@pytest.mark.parametrize("lags", [0, 3, 30, 49])
def test_newey_west_is_that_of_statsmodels_for_any_lags(lags):
    y, x = draw(1, k=3)
    for small_sample in (True, False):
        result = sm.OLS(y[:, 0], sm.add_constant(x)).fit(
            cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": small_sample}, use_t=True
        )
        table = factor_regression(y, x, "hac", lags, small_sample=small_sample)
        np.testing.assert_allclose([r[2] for r in table.rows], result.bse, rtol=1e-10)
        np.testing.assert_allclose([r[4] for r in table.rows], result.pvalues, rtol=1e-8)


# ------------------------------------------------------------------ two ways agree, laws


@laws
@given(seeds, st.integers(0, 49), st.booleans())
def test_newey_west_is_the_sum_of_weighted_autocovariances(seed, lags, intercept):
    y, x = draw(seed)
    fit = regress(y, x, intercept)
    design = np.column_stack([np.ones(50), x]) if intercept else x
    scores = design * fit.residuals
    middle = scores.T @ scores
    for lag in range(1, lags + 1):
        shifted = scores[lag:].T @ scores[:-lag]
        middle += (1 - lag / (lags + 1)) * (shifted + shifted.T)
    bread = np.linalg.inv(design.T @ design)
    wanted = bread @ middle @ bread
    found = coefficient_covariance(fit, "hac", lags, small_sample=False)[0]
    np.testing.assert_allclose(found, wanted, rtol=1e-8, atol=1e-10 * np.abs(wanted).max())


@laws
@given(seeds, st.integers(1, 5))
def test_newey_west_without_lags_is_white(seed, k):
    fit = regress(*draw(seed, k=k))
    white = standard_errors(fit, "hc0")
    np.testing.assert_allclose(standard_errors(fit, "hac", 0, small_sample=False), white)
    np.testing.assert_allclose(standard_errors(fit, "hac", 0), standard_errors(fit, "hc1"))


@laws
@given(seeds, st.integers(1, 5))
def test_robust_errors_grow_from_hc0_over_hc2_to_hc3(seed, k):
    fit = regress(*draw(seed, k=k))
    hc0, hc1, hc2, hc3 = (standard_errors(fit, se) for se in ROBUST)
    np.testing.assert_allclose(hc1, hc0 * np.sqrt(50 / (49 - k)), rtol=1e-13)
    assert (hc0 < hc2).all()
    assert (hc2 < hc3).all()


@laws
@given(seeds, estimators)
def test_standard_errors_are_the_root_of_the_covariances_diagonal(seed, se):
    fit = regress(*draw(seed, k=3, m=2))
    covariance = coefficient_covariance(fit, se)
    assert covariance.shape == (2, 4, 4)
    diagonal = np.diagonal(covariance, axis1=1, axis2=2)
    np.testing.assert_allclose(standard_errors(fit, se), np.sqrt(diagonal), rtol=1e-12)
    assert (np.linalg.eigvalsh(covariance) > 0).all()


@laws
@given(seeds, estimators, st.floats(0.01, 100))
def test_t_does_not_depend_on_units(seed, se, scale):
    y, x = draw(seed)
    t = beta_tstat(y, x, se)
    np.testing.assert_allclose(beta_tstat(scale * y, x, se), t, rtol=1e-8)
    np.testing.assert_allclose(beta_tstat(y, scale * x, se), t, rtol=1e-8)
    in_percent = alpha_tstat(scale * y, x, se)
    np.testing.assert_allclose(in_percent, alpha_tstat(y, x, se), rtol=1e-8, atol=1e-12)


@laws
@given(seeds, estimators)
def test_many_assets_at_once_have_the_t_of_each_alone(seed, se):
    y, x = draw(seed, m=3)
    y[:7, 1] = np.nan
    alphas, betas = alpha_tstat(y, x, se), beta_tstat(y, x, se)
    for j in range(3):
        np.testing.assert_allclose(alphas[j], alpha_tstat(y[:, j], x, se)[0], rtol=1e-9)
        np.testing.assert_allclose(betas[j], beta_tstat(y[:, j], x, se)[0], rtol=1e-9)


@laws
@given(seeds, estimators)
def test_gaps_are_rows_dropped_by_hand(seed, se):
    y, x = draw(seed)
    y[[3, 20]] = np.nan
    x[31, 1] = np.nan
    kept = np.delete(np.arange(50), [3, 20, 31])
    np.testing.assert_allclose(beta_tstat(y, x, se), beta_tstat(y[kept], x[kept], se), rtol=1e-12)
    for stat in ("dw", "omnibus", "cond", "f"):
        by_hand = factor_stat(y[kept], x[kept], stat)
        np.testing.assert_allclose(factor_stat(y, x, stat), by_hand, rtol=1e-12)


@laws
@given(seeds)
def test_f_of_one_factor_is_its_squared_t(seed):
    y, x = draw(seed, k=1)
    t, df = beta_tstat(y, x), factor_stat(y, x, "df")
    f, share = factor_stat(y, x, "f"), factor_stat(y, x, "r2")
    np.testing.assert_allclose(f, t**2, rtol=1e-9)
    np.testing.assert_allclose(share, f / (f + df), rtol=1e-9)
    p = factor_regression(y, x).rows[1][4]
    np.testing.assert_allclose(factor_stat(y, x, "f_p"), p, rtol=1e-7)


@laws
@given(seeds, st.integers(20, 60))  # scipy warns below 20 rows
def test_omnibus_is_the_normaltest_of_scipy(seed, n):
    y, x = draw(seed, n=n, k=1)
    residuals = regress(y, x).residuals[:, 0]
    wanted = stats.normaltest(residuals).statistic
    np.testing.assert_allclose(factor_stat(y, x, "omnibus"), wanted, rtol=1e-9)


def test_a_row_that_decides_a_coefficient_alone_has_no_hc2_and_hc3():
    y, x = draw(2)
    x[:, 1] = np.arange(50) == 30
    for se in ("ols", "hc0", "hc1", "hac"):
        assert np.isfinite(standard_errors(regress(y, x), se)).all()
    for se in ("hc2", "hc3"):
        with pytest.raises(NumericalError, match="factor_returns row 31 alone decides"):
            standard_errors(regress(y, x), se)
        with pytest.raises(NumericalError, match="factor_returns row 32 alone decides"):
            standard_errors(regress(y, Columns(x, ("Mkt", "dummy"))), se)


# ------------------------------------------------------------------ lags


@pytest.mark.parametrize(
    ("n", "lags"),
    # (512)^(2/9) is 4 and (19683)^(2/9) is 9, but a little less in floats
    [(2, 1), (3, 1), (50, 3), (100, 4), (252, 4), (9778, 11), (51_200, 16), (1_968_300, 36)],
)
def test_lags_left_blank_are_those_of_the_rule(n, lags):
    assert hac_lags(n) == lags
    assert (lags / 4) ** 9 <= (n / 100) ** 2 < ((lags + 1) / 4) ** 9


def test_lags_left_blank_follow_the_rows_of_each_asset():
    y, x = draw(3, n=130, m=2)
    y[:80, 1] = np.nan
    found = alpha_tstat(y, x, "hac")
    np.testing.assert_allclose(found[0], alpha_tstat(y[:, 0], x, "hac", 4)[0], rtol=1e-10)
    np.testing.assert_allclose(found[1], alpha_tstat(y[80:, 1], x[80:], "hac", 3)[0], rtol=1e-10)


@pytest.mark.parametrize(
    ("se", "lags", "words"),
    [
        ("hac", -1, "lags is -1; use 0 to 49, below the 50 rows used"),
        ("hac", 50, "lags is 50; use 0 to 49"),
        ("ols", 5, 'lags is 5 but se is "ols"; leave lags blank or set se to hac'),
        ("hc3", 0, 'lags is 0 but se is "hc3"'),
        ("hc4", None, 'se is "hc4"; use one of ols, hc0, hc1, hc2, hc3, hac'),
    ],
)
@pytest.mark.parametrize("function", [alpha_tstat, beta_tstat, factor_regression])
def test_standard_errors_that_do_not_exist_are_refused(function, se, lags, words):
    with pytest.raises(InputError, match=words):
        function(*draw(4), se, lags)


def test_lags_must_fit_the_asset_with_the_fewest_rows():
    y, x = draw(4, m=2)
    y[:20, 1] = np.nan
    assert np.isfinite(alpha_tstat(y, x, "hac", 29)).all()
    with pytest.raises(InputError, match="lags is 30; use 0 to 29, below the 30 rows used"):
        alpha_tstat(y, x, "hac", 30)


def test_small_sample_is_for_hac_only():
    y, x = draw(5)
    for se in ("ols", *ROBUST):
        with_factor = factor_regression(y, x, se)
        assert with_factor == factor_regression(y, x, se, small_sample=False)


# ------------------------------------------------------------------ factor_regression


def test_regression_table_lists_alpha_and_the_factors_by_name():
    asset, factors = MODELS["four"]
    table = factor_regression(asset, factors)
    assert table.header == ("name", "coef", "se", "t", "p", "low 95", "high 95")
    assert [row[0] for row in table.rows] == ["alpha", "Mkt-RF", "SMB", "HML", "Mom"]
    through_zero = factor_regression(asset, factors.values, intercept=False)
    assert [row[0] for row in through_zero.rows] == [f"factor {j}" for j in range(1, 5)]


def test_regression_table_of_an_exact_fit_has_coefficients_but_no_t():
    _, x = draw(6)
    table = factor_regression(0.001 + x @ [1.5, -0.5], x)
    np.testing.assert_allclose([row[1] for row in table.rows], [0.001, 1.5, -0.5], rtol=1e-12)
    for _, _, se, t, p, low, high in table.rows:
        assert se < 1e-15
        assert t == p == "#DIV/0!"
        assert t.message == (
            "asset_returns is explained exactly by the factors: its residuals are 0"
        )
        assert low <= high


# ------------------------------------------------------------------ factor_stat


def test_unknown_statistic_is_refused_with_the_list():
    with pytest.raises(InputError, match='stat is "r"; use one of n, r2, adj_r2, s, f, f_p, df'):
        factor_stat(*draw(7), "r")


def test_condition_number_is_of_the_factors_as_they_are():
    y, x = draw(8)
    both = np.column_stack([np.ones(50), x])
    np.testing.assert_allclose(factor_stat(y, x, "cond"), np.linalg.cond(both), rtol=1e-12)
    assert factor_stat(y, x * 1000, "cond")[0] < factor_stat(y, x, "cond")[0]


@pytest.mark.parametrize("stat", STATISTICS)
def test_statistics_of_an_exact_fit_exist_or_are_refused(stat):
    _, x = draw(9)
    exact = x @ [1.5, -0.5]
    if stat in ("n", "df", "cond", "r2", "adj_r2", "s"):
        assert np.isfinite(factor_stat(exact, x, stat)).all()
    else:
        with pytest.raises(DivisionError, match="explained exactly"):
            factor_stat(exact, x, stat)


def test_omnibus_needs_eight_rows():
    y, x = draw(10, n=8, k=1)
    assert np.isfinite(factor_stat(y, x, "omnibus")).all()
    with pytest.raises(NumericalError, match="has 7 complete rows; omnibus needs 8"):
        factor_stat(y[:7], x[:7], "omnibus")


# ------------------------------------------------------------------ factor_summary


def test_summary_agrees_with_the_functions_it_sums_up():
    asset, factors = MODELS["four"]
    block = rows_of(factor_summary(asset, factors, 12, "hac"))
    alpha, beta = factor_alpha(asset, factors)[0], factor_beta(asset, factors)[0]
    per_period, a_year, se, t, _ = block["alpha"]
    assert (per_period, a_year) == (alpha, pytest.approx(12 * alpha, rel=1e-15))
    assert t == pytest.approx(alpha_tstat(asset, factors, "hac")[0], rel=1e-13)
    assert se == pytest.approx(alpha / t, rel=1e-13)
    t_betas = beta_tstat(asset, factors, "hac")[0]
    for j, name in enumerate(factors.names):
        assert block[f"beta {name}"][0] == beta[j]
        assert block[f"beta {name}"][1] is None  # beta does not scale with time
        assert block[f"beta {name}"][3] == pytest.approx(t_betas[j], rel=1e-13)
        assert block[f"mean {name}"][0] == pytest.approx(factors.values[:, j].mean(), rel=1e-12)
    share = r_squared(asset, factors)[0]
    assert block["R-squared"][0] == share
    assert block["residual volatility"][1] == pytest.approx(residual_vol(asset, factors, 12)[0])
    assert block["factor variance"][4] == share


def test_summary_adds_up():
    asset, factors = MODELS["four"]
    block = rows_of(factor_summary(asset, factors, 12))
    total, by_factors, idio = (block[f"{v} variance"] for v in ("total", "factor", "idiosyncratic"))
    for column in (0, 1):
        assert by_factors[column] + idio[column] == pytest.approx(total[column], rel=1e-14)
    assert by_factors[4] + idio[4] == total[4] == 1
    assert total[0] == pytest.approx(asset.values.var(ddof=1), rel=1e-12)
    assert block["total volatility"][0] ** 2 == pytest.approx(total[0], rel=1e-14)
    explained = sum(block[f"beta {name}"][0] * block[f"mean {name}"][1] for name in factors.names)
    assert block["mean excess return"][1] == pytest.approx(block["alpha"][1] + explained, rel=1e-12)
    sharpe = asset.values.mean() / asset.values.std(ddof=1) * 12**0.5
    assert block["Sharpe ratio"][1] == pytest.approx(sharpe, rel=1e-12)
    appraisal = block["alpha"][0] / block["residual volatility"][0]
    assert block["appraisal ratio"][0] == pytest.approx(appraisal, rel=1e-14)


def test_summary_says_which_rows_it_used_and_how():
    asset, factors = MODELS["gaps"]
    block = rows_of(factor_summary(asset, factors, 12, "hac"))
    n = int(R["gaps_n"][0])
    assert block["rows used"][0] == n
    assert block["first row used"][0] == 3  # a header and one blank above it
    assert block["last row used"][0] == 819  # the 819th month has a hole
    assert block["degrees of freedom of t, n-k-1"][0] == n - 5
    assert block["ddof of variances and volatilities"][0] == 1
    kernel = block["standard errors"][0]
    assert kernel == f"hac: Newey-West, Bartlett kernel, {hac_lags(n)} lags, x n/(n-k-1)"
    without_header = rows_of(factor_summary(asset.values, factors.values, 12))
    assert without_header["first row used"][0] == 2
    assert without_header["standard errors"][0].startswith("ols")


@laws
@given(seeds, st.integers(1, 4), estimators)
def test_summary_has_rows_by_the_number_of_factors_only(seed, k, se):
    y, x = draw(seed, k=k)
    table = factor_summary(y, x, 252, se)
    assert len(table.rows) == 17 + 2 * k
    assert {len(row) for row in table.rows} == {6} == {len(table.header)}
    assert table.header[0] == "asset 1"


def test_summary_of_an_exact_fit_has_error_cells_only_where_residuals_divide():
    _, x = draw(11)
    table = factor_summary(0.001 + x @ [1.5, -0.5], x)
    found = {row[0] for row in table.rows if any(isinstance(c, ExcelError) for c in row)}
    assert found == {"alpha", "beta factor 1", "beta factor 2", "appraisal ratio"}


@pytest.mark.parametrize("function", [factor_regression, factor_summary])
def test_tables_of_one_asset_refuse_several(function):
    y, x = draw(12, m=3)
    with pytest.raises(InputError, match=r"has 3 columns; use one asset \(FACTOR_TABLE takes"):
        function(y, x)


def test_summary_refuses_what_has_no_variance_and_no_year():
    _, x = draw(13)
    with pytest.raises(DivisionError, match="asset_returns is constant"):
        factor_summary(np.full(50, 0.01), x)
    with pytest.raises(NumericalError, match="periods is 0"):
        factor_summary(*draw(13), 0)


# ------------------------------------------------------------------ factor_table


def test_table_agrees_with_the_functions_asset_by_asset():
    y, x = draw(14, n=80, k=2, m=4)
    y[:20, 2] = np.nan
    table = factor_table(Columns(y, ("A", "B", "C", "D")), Columns(x, ("Mkt", "SMB")), 12)
    assert table.header == (
        *("name", "alpha a year", "t(alpha)", "beta Mkt", "beta SMB"),
        *("R2", "idio vol", "appraisal", "n"),
    )
    for j, (name, alpha, t, first, second, share, vol, appraisal, n) in enumerate(table.rows):
        asset = y[:, j]
        assert name == "ABCD"[j]
        assert alpha == pytest.approx(factor_alpha(asset, x, 12)[0], rel=1e-12)
        assert t == pytest.approx(alpha_tstat(asset, x, "hac")[0], rel=1e-12)
        assert [first, second] == pytest.approx(factor_beta(asset, x)[0], rel=1e-12)
        assert share == pytest.approx(r_squared(asset, x)[0], rel=1e-12)
        assert vol == pytest.approx(residual_vol(asset, x, 12)[0], rel=1e-12)
        assert appraisal == pytest.approx(alpha / vol, rel=1e-12)
        assert n == np.isfinite(asset).sum()


def test_an_asset_without_enough_rows_shows_errors_in_its_row_only():
    y, x = draw(15, m=3)
    y[3:, 1] = np.nan
    table = factor_table(Columns(y, ("A", "B", "C")), x)
    sound, short, last = table.rows
    assert short[1:-1] == ("#NUM!",) * 7
    assert short[1].message.startswith(
        "asset_returns column 2 (B) has 3 complete rows for 2 factor(s); at least 4 are needed"
    )
    assert short[-1] == 3
    assert all(isinstance(cell, float) for row in (sound, last) for cell in row[1:])
    cells = write_cells(table)
    assert cells[2][1] == "#NUM!"


def test_constant_and_exactly_explained_assets_show_errors_where_nothing_can_be_divided():
    y, x = draw(16)
    table = factor_table(np.column_stack([y, np.full(50, 0.01), 2 * x[:, 0]]), x, 12, "ols")
    _, constant, exact = table.rows
    assert constant[1] == pytest.approx(0.12)
    assert (constant[3], constant[4], constant[6]) == (0, 0, 0)
    assert (constant[2], constant[5], constant[7]) == ("#DIV/0!",) * 3
    assert exact[5] == 1
    assert exact[2] == exact[7] == "#DIV/0!"


def test_a_table_without_one_asset_that_can_be_estimated_is_refused():
    y, x = draw(17, m=2)
    with pytest.raises(NumericalError, match="factor_returns column 2 is constant"):
        factor_table(y, np.column_stack([x[:, 0], np.full(50, 0.2)]))
    with pytest.raises(InputError, match="factor_returns has 60"):
        factor_table(y, np.zeros((60, 1)))


# ------------------------------------------------------------------ refusals shared by all


@pytest.mark.parametrize("function", [alpha_tstat, beta_tstat])
def test_t_of_residuals_of_0_is_refused(function):
    _, x = draw(18)
    with pytest.raises(DivisionError, match="is explained exactly by the factors: its residuals"):
        function(x @ [1.0, 2.0], x)
    with pytest.raises(DivisionError, match="is constant over the complete rows: its residuals"):
        function(np.full(50, 0.01), x)


@pytest.mark.parametrize(
    "function", [alpha_tstat, beta_tstat, factor_regression, factor_summary, factor_table]
)
@pytest.mark.parametrize(
    ("n", "spoil", "words"),
    [
        (50, lambda x: np.column_stack([x[:, 0], np.ones(50)]), "column 2 is constant"),
        (50, lambda x: x[:, [0, 0]], "column 2 is a linear combination"),
        (3, lambda x: x[:3], "has 3 complete rows for 2 factor"),
    ],
)
def test_every_function_refuses_what_has_no_regression(function, n, spoil, words):
    y, x = draw(19)
    with pytest.raises(NumericalError, match=words):
        function(y[:n], spoil(x))
