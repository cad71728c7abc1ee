"""Numbers printed in the literature that follow from one another, found again by the functions.

Source: the published walk through a one-factor model of MSFT on the market, daily, 1986-03-14 to
2024-12-31, and of AAPL on the S&P 500. The prices are not ours to ship; the regressions depend on
them only through their moments, so that series made with those moments must give the same numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from factor_core.betas import capm_return, expected_return
from factor_core.estimation import factor_alpha, factor_beta, r_squared, residual_vol
from factor_core.hedging import hedged_series, tracking_series
from factor_core.inference import alpha_tstat, beta_tstat, factor_regression, factor_stat
from factor_core.performance import appraisal_ratio, return_attribution, sharpe_ratio
from factor_core.returns import annualize, vol_scale
from factor_core.risk import factor_share, model_cov, variance_decomp
from factor_core.sizing import expected_pnl, hedged_position_size, position_size


@dataclass(frozen=True)
class Moments:
    alpha: float
    beta: float
    market_mean: float
    market_var: float
    idio_var: float
    n: int

    @property
    def var(self):
        return self.beta**2 * self.market_var + self.idio_var


PRINTED = Moments(0.000585, 1.1876, 0.000359, 0.000130, 0.000258, 9778)
# The same regression with all digits, on a slightly different download. The source divides the
# market's variance by n - 1 and the other two by n; only so do they add up.
SOURCE_VAR, SOURCE_IDIO_VAR = 0.0004416123295030902, 0.00025831692182161234
FULL = Moments(
    alpha=0.0005855699261548292,
    beta=1.187234068887255,
    market_mean=0.00035668848435262666,
    market_var=0.00013005387619649368,
    idio_var=SOURCE_IDIO_VAR * 9778 / 9777,
    n=9778,
)


def series(moments):
    """Return asset and market with exactly these sample moments (ddof 1)."""
    rng = np.random.default_rng(0)
    basis, _ = np.linalg.qr(
        np.column_stack([np.ones(moments.n), rng.standard_normal((moments.n, 2))])
    )
    market, residual = basis[:, 1:].T * (moments.n - 1) ** 0.5
    market = moments.market_mean + moments.market_var**0.5 * market
    return moments.alpha + moments.beta * market + moments.idio_var**0.5 * residual, market


MSFT, MARKET = series(FULL)


def one(result):
    """Return the one number of a result."""
    return float(np.asarray(result).item())


def test_alpha_and_beta_and_their_t_statistics_are_the_printed_ones():
    assert one(factor_alpha(MSFT, MARKET)) == pytest.approx(FULL.alpha, rel=1e-12)
    assert one(factor_beta(MSFT, MARKET)) == pytest.approx(FULL.beta, rel=1e-13)
    assert one(alpha_tstat(MSFT, MARKET)) == pytest.approx(3.597, rel=2e-3)
    assert one(beta_tstat(MSFT, MARKET)) == pytest.approx(83.309, rel=1e-3)


def test_regression_table_has_the_printed_error_and_interval():
    alpha, beta = factor_regression(MSFT, MARKET).rows[:2]
    name, coefficient, se, t, _, low, high = beta
    assert (name, alpha[0]) == ("factor 1", "alpha")
    assert round(float(se), 3) == 0.014
    assert pytest.approx(float(se), rel=1e-3) == 1.1876 / 83.309  # 0.01426
    assert float(t) == pytest.approx(float(coefficient) / float(se), rel=1e-14)
    # printed for the beta of 1.1876: [1.160, 1.216]
    shift = 1.1876 - FULL.beta
    assert float(low) + shift == pytest.approx(1.160, abs=5e-4)
    assert float(high) + shift == pytest.approx(1.216, abs=5e-4)


def test_f_is_the_squared_t_and_gives_r_squared():
    f, t = one(factor_stat(MSFT, MARKET, "f")), one(beta_tstat(MSFT, MARKET))
    assert f == pytest.approx(t**2, rel=1e-11)
    assert f == pytest.approx(6940, rel=1e-3)
    share = one(r_squared(MSFT, MARKET))
    assert share == pytest.approx(f / (f + 9776), rel=1e-12)
    assert round(share, 3) == 0.415
    # the printed numbers among themselves
    assert pytest.approx(6940.4, abs=0.05) == 83.309**2
    assert pytest.approx(0.4152, abs=5e-5) == 6940.4 / (6940.4 + 9776)


def test_likelihood_and_criteria_are_the_printed_ones():
    likelihood, aic, bic = (one(factor_stat(MSFT, MARKET, s)) for s in ("loglik", "aic", "bic"))
    assert likelihood == pytest.approx(26516, abs=1)
    assert aic == pytest.approx(-2 * likelihood + 2 * 2, rel=1e-14)
    assert bic == pytest.approx(-2 * likelihood + 2 * np.log(9778), rel=1e-14)
    assert round(aic, -1) == -53030  # -5.303e+04
    assert round(bic, -1) == -53010  # -5.301e+04


def test_jarque_bera_follows_from_skew_and_kurtosis():
    printed = 9778 / 6 * (0.141**2 + (10.377 - 3) ** 2 / 4)
    assert printed == pytest.approx(22202.6, rel=2e-4)
    skew, kurtosis, found = (one(factor_stat(MSFT, MARKET, s)) for s in ("skew", "kurtosis", "jb"))
    assert found == pytest.approx(9778 / 6 * (skew**2 + (kurtosis - 3) ** 2 / 4), rel=1e-11)


def test_residual_variance_of_ddof_1_and_the_regressions_own_differ_by_their_degrees_of_freedom():
    vol, standard_error = one(residual_vol(MSFT, MARKET)), one(factor_stat(MSFT, MARKET, "s"))
    assert vol**2 == pytest.approx(FULL.idio_var, rel=1e-12)
    assert standard_error**2 == pytest.approx(FULL.idio_var * 9777 / 9776, rel=1e-12)


def test_hedged_mean_is_alpha_of_14_74_percent_a_year():
    assert one(annualize(PRINTED.alpha, 252)) == pytest.approx(0.1474, abs=5e-5)
    hedged = hedged_series(MSFT, MARKET).values
    assert hedged.mean() == pytest.approx(FULL.alpha, rel=1e-11)
    assert hedged.var(ddof=1) == pytest.approx(FULL.idio_var, rel=1e-12)
    assert np.corrcoef(hedged[:, 0], MARKET)[0, 1] == pytest.approx(0, abs=1e-12)
    tracking = tracking_series(MSFT, MARKET).values
    assert np.corrcoef(tracking[:, 0], MARKET)[0, 1] == pytest.approx(1, abs=1e-12)


def test_variance_is_41_5_percent_factor_and_58_5_percent_idiosyncratic():
    factor, idiosyncratic, total = variance_decomp(MSFT, MARKET).rows
    assert factor[1] == pytest.approx(0.000183, abs=5e-7)
    assert idiosyncratic[1] == pytest.approx(0.000258, abs=5e-7)
    assert total[1] == pytest.approx(0.000442, abs=5e-7)
    assert round(factor[3], 3) == 0.415
    assert round(idiosyncratic[3], 3) == 0.585
    assert factor[3] == pytest.approx(one(factor_share(MSFT, MARKET)), rel=1e-11)
    assert total[1] == pytest.approx(FULL.var, rel=1e-12)
    assert total[1] * 9777 / 9778 == pytest.approx(SOURCE_VAR, rel=1e-12)


def test_a_million_a_month_buys_10_38_million_unhedged():
    assert one(position_size(1e6, 0.000442**0.5, 12, 252)) == pytest.approx(10.38e6, abs=5e3)
    full = one(position_size(1e6, SOURCE_VAR**0.5, 12, 252))
    assert full == pytest.approx(10.384121419128503e6, rel=1e-14)
    from_returns = one(position_size(1e6, MSFT.std(ddof=0), 12, 252))
    assert from_returns == pytest.approx(full, rel=1e-12)


def test_expected_pnl_is_the_printed_total_and_risk_adjusted():
    position = one(position_size(1e6, 0.000442**0.5, 12, 252))
    arguments = (position, PRINTED.alpha, PRINTED.beta, PRINTED.market_mean, 252)
    assert expected_pnl(*arguments) == pytest.approx(2_644_594, rel=5e-4)
    assert expected_pnl(*arguments, "alpha") == pytest.approx(1_530_371, rel=5e-4)
    asset, market = series(PRINTED)
    from_mean = expected_pnl(position, 0.0, 1.0, annualize(asset.mean(), 252), 1)
    assert from_mean == pytest.approx(2_644_594, rel=5e-4)
    by_source = dict(return_attribution(asset, market, 252).rows)
    assert position * by_source["total"] == pytest.approx(from_mean, rel=1e-11)
    assert position * by_source["alpha"] == pytest.approx(
        expected_pnl(position, PRINTED.alpha, kind="alpha"), rel=1e-11
    )


def test_hedged_volatility_of_7_36_percent_is_a_monthly_one_and_the_two_budgets_differ_by_root_12():
    assert one(vol_scale(0.000258**0.5, 252, 12)) == pytest.approx(0.0736, abs=5e-5)
    monthly = hedged_position_size(1e6, MSFT, MARKET, 12, 252)[0]
    yearly = hedged_position_size(1e6, MSFT, MARKET, 1, 252)[0]
    assert monthly[0] == pytest.approx(13.58e6, abs=5e3)
    assert yearly[0] == pytest.approx(3.92e6, abs=5e3)
    np.testing.assert_allclose(monthly / yearly, 12**0.5, rtol=1e-14)
    assert monthly[1] == pytest.approx(-FULL.beta * monthly[0], rel=1e-12)
    unhedged = one(position_size(1e6, MSFT.std(ddof=1), 12, 252))
    share = one(r_squared(MSFT, MARKET))
    assert monthly[0] == pytest.approx(unhedged / (1 - share) ** 0.5, rel=1e-12)


def test_sharpe_is_764_unhedged_and_578_hedged():
    unhedged = one(sharpe_ratio(series(PRINTED)[0]))
    assert unhedged == pytest.approx(0.764, abs=5e-4)
    hedged, appraisal = (
        one(sharpe_ratio(hedged_series(MSFT, MARKET))),
        one(appraisal_ratio(MSFT, MARKET)),
    )
    assert hedged == pytest.approx(0.578, abs=5e-4)
    assert appraisal == pytest.approx(hedged, rel=1e-11)
    assert pytest.approx(0.578, abs=1e-3) == 3.597 * (252 / 9778) ** 0.5
    t = one(alpha_tstat(MSFT, MARKET))
    # exact up to the degrees of freedom and the estimated mean of the market
    assert appraisal == pytest.approx(t * (252 / 9778) ** 0.5, rel=1e-3)


def test_expected_return_is_the_model_of_the_regression_over_a_year():
    premium, alpha = (one(annualize(v, 252)) for v in (FULL.market_mean, FULL.alpha))
    expected = expected_return(0.03, FULL.beta, premium, alpha)
    assert expected == pytest.approx(0.03 + 252 * MSFT.mean(), rel=1e-11)
    assert capm_return(0.03, FULL.beta, premium) == pytest.approx(expected - alpha, rel=1e-14)


def test_wmt_and_jpm_have_the_printed_correlations_with_the_market():
    betas, correlations = np.array([0.674, 1.395]), np.array([0.4922, 0.7073])
    variances = betas**2 * PRINTED.market_var / correlations**2
    idio_vars = np.append(variances * (1 - correlations**2), 0.0)  # the market has none
    covariance = model_cov([*betas[:, None], [1.0]], [[PRINTED.market_var]], idio_vars)
    vols = np.sqrt(np.diag(covariance))
    implied = covariance / np.outer(vols, vols)
    np.testing.assert_allclose(implied[:2, 2], correlations, rtol=1e-13)
    assert implied[0, 1] == pytest.approx(correlations.prod(), rel=1e-13)
    for beta, correlation, alpha, idio in zip(
        betas, correlations, (0.000203, 0.000159), idio_vars[:2], strict=True
    ):
        asset, market = series(Moments(alpha, beta, 0.000359, 0.000130, idio, 9778))
        assert one(factor_share(asset, market)) == pytest.approx(correlation**2, rel=1e-11)
        assert one(factor_alpha(asset, market)) == pytest.approx(alpha, rel=1e-10)
        before = np.corrcoef(asset, market)[0, 1]
        after = np.corrcoef(hedged_series(asset, market).values[:, 0], market)[0, 1]
        assert (before, after) == pytest.approx((correlation, 0), abs=1e-12)


def test_mixed_degrees_of_freedom_make_beta_too_large_by_n_over_n_minus_1():
    aapl, market = series(Moments(0.0001, 1.119065, 0.0005, 0.0001, 0.0002, 251))
    assert one(factor_beta(aapl, market)) == pytest.approx(1.119065, rel=1e-12)
    mixed = np.cov(aapl, market)[0, 1] / np.var(market)  # ddof 1 over ddof 0: the trap
    assert mixed == pytest.approx(1.123541, abs=5e-7)
    assert mixed / one(factor_beta(aapl, market)) == pytest.approx(251 / 250, rel=1e-12)
    consistent = np.cov(aapl, market)[0, 1] / np.var(market, ddof=1)
    assert one(factor_beta(aapl, market)) == pytest.approx(consistent, rel=1e-12)


def test_dropping_rows_without_a_rate_moves_beta_while_keeping_them_shows_them():
    asset, market = MSFT[:500].copy(), MARKET[:500].copy()
    asset[100], market[100] = 0.145, 0.10  # a day on which the bond market was closed
    everything = one(factor_beta(asset, market))
    kept = np.delete(np.arange(500), 100)
    assert abs(everything - one(factor_beta(asset[kept], market[kept]))) > 0.01
    asset[100] = np.nan
    hedged = hedged_series(asset, market).values
    assert np.flatnonzero(np.isnan(hedged[:, 0])).tolist() == [100]
