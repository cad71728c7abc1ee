"""The spreadsheet functions.

Each is one sentence and one call of the maths; `udf` cleans its cells and catalogues it.
"""

from __future__ import annotations

from factor_core import (
    about,
    alignment,
    diagnostics,
    estimation,
    french,
    hedging,
    inference,
    performance,
    pricing,
    risk,
    sizing,
)
from factor_core import betas as beta_models
from factor_core import kinds as k
from factor_core import returns as return_maths
from factor_core.catalogue import udf

# -------------------------------------------------------------- Returns, frequency, alignment


@udf(category="Returns")
def SIMPLE_RETURNS(prices: k.Prices) -> object:
    """Simple returns of prices, p_t / p_(t-1) - 1: one row fewer; a gap's return spans the gap."""
    return return_maths.simple_returns(prices)


@udf(category="Returns")
def LOG_RETURNS(prices: k.Prices) -> object:
    """Log returns of prices, ln(p_t / p_(t-1)); never regress them on simple returns."""
    return return_maths.log_returns(prices)


@udf(category="Returns")
def EXCESS_RETURNS(returns: k.Returns, rf: k.RiskFree) -> object:
    """Returns less the risk-free rate of the same period; a missing rate shows #N/A in its row."""
    return return_maths.excess_returns(returns, rf)


@udf(category="Returns")
def RF_PER_PERIOD(
    annual_rate: k.AnnualRate, periods: k.Periods = 252, method: k.RateMethod = "simple"
) -> object:
    """Annual rate turned into a rate per period: rate / periods, or (1 + rate)^(1/periods) - 1."""
    return return_maths.rf_per_period(annual_rate, periods, method)


@udf(category="Returns")
def ANNUALIZE(value: k.Block, periods: k.Periods = 252, kind: k.ScaleKind = "mean") -> object:
    """Mean, volatility, variance or Sharpe ratio per period turned into a year's."""
    return return_maths.annualize(value, periods, kind)


@udf(category="Returns")
def VOL_SCALE(vol: k.VolBlock, from_periods: k.FromPeriods, to_periods: k.ToPeriods) -> object:
    """Volatility of one horizon as that of another by the square root of time."""
    return return_maths.vol_scale(vol, from_periods, to_periods)


@udf(category="Returns")
def ALIGN_SERIES(
    dates_1: k.Dates,
    values_1: k.Values,
    dates_2: k.Dates,
    values_2: k.Values,
    join: k.Join = "inner",
) -> object:
    """Two dated tables side by side on their dates, sorted."""
    return alignment.align_series(dates_1, values_1, dates_2, values_2, join)


@udf(category="Returns")
def ALIGN_REPORT(
    dates_1: k.Dates, values_1: k.Values, dates_2: k.Dates, values_2: k.Values
) -> object:
    """What aligning two dated tables matches and drops, and the lag at which they fit best."""
    return alignment.align_report(dates_1, values_1, dates_2, values_2)


# -------------------------------------------------------------- Estimation and inference


@udf(category="Estimation")
def FACTOR_BETA(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, factor: k.FactorName = None
) -> object:
    """Exposure of each asset to each factor, by least squares with intercept."""
    return estimation.factor_beta(asset_returns, factor_returns, factor)


@udf(category="Estimation")
def FACTOR_ALPHA(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, periods: k.Periods = 1
) -> object:
    """Average return that the factors do not explain: the regression's intercept x periods."""
    return estimation.factor_alpha(asset_returns, factor_returns, periods)


@udf(category="Estimation")
def R_SQUARED(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, adjusted: k.Adjusted = False
) -> object:
    """Share of the asset's variance that the factors explain."""
    return estimation.r_squared(asset_returns, factor_returns, adjusted)


@udf(category="Estimation")
def RESIDUAL_VOL(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, periods: k.Periods = 1
) -> object:
    """Standard deviation of the regression's residuals (ddof 1) x sqrt(periods)."""
    return estimation.residual_vol(asset_returns, factor_returns, periods)


@udf(category="Estimation")
def RESIDUAL_SERIES(asset_returns: k.AssetReturns, factor_returns: k.FactorReturns) -> object:
    """Residuals r - alpha - b'f, mean zero; the hedged series keeps alpha."""
    return estimation.residual_series(asset_returns, factor_returns)


@udf(category="Estimation")
def ALPHA_TSTAT(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    se: k.StandardErrors = "ols",
    lags: k.Lags = None,
    null_value: k.NullValue = 0.0,
) -> object:
    """t statistic of alpha against null_value."""
    return inference.alpha_tstat(asset_returns, factor_returns, se, lags, null_value)


@udf(category="Estimation")
def BETA_TSTAT(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    se: k.StandardErrors = "ols",
    lags: k.Lags = None,
    null_value: k.NullValue = 0.0,
) -> object:
    """t statistic of each beta against null_value."""
    return inference.beta_tstat(asset_returns, factor_returns, se, lags, null_value)


@udf(category="Estimation")
def FACTOR_STAT(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, stat: k.StatName
) -> object:
    """One statistic of the regression by name, for example n, f, aic, dw or jb."""
    return inference.factor_stat(asset_returns, factor_returns, stat)


@udf(category="Estimation")
def FACTOR_DIAGNOSTICS(asset_returns: k.AssetReturns, factor_returns: k.FactorReturns) -> object:
    """Tests of the regression's assumptions: autocorrelation, constant variance, normality, VIF."""
    return diagnostics.factor_diagnostics(asset_returns, factor_returns)


@udf(category="Estimation")
def FACTOR_REGRESSION(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    se: k.StandardErrors = "ols",
    lags: k.Lags = None,
    intercept: k.Intercept = True,
    small_sample: k.SmallSample = True,
) -> object:
    """Regression table: coefficient, standard error, t, p and 95 % interval of alpha and betas."""
    return inference.factor_regression(
        asset_returns, factor_returns, se, lags, intercept, small_sample
    )


@udf(category="Estimation")
def FACTOR_SUMMARY(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    periods: k.Periods = 252,
    se: k.StandardErrors = "ols",
) -> object:
    """Everything about an asset and its factors in one block: alpha, betas, risk, ratios, n."""
    return inference.factor_summary(asset_returns, factor_returns, periods, se)


@udf(category="Estimation")
def FACTOR_TABLE(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    periods: k.Periods = 252,
    se: k.StandardErrors = "hac",
) -> object:
    """A row an asset: alpha a year, t, betas, R2, idiosyncratic volatility, appraisal ratio, n."""
    return inference.factor_table(asset_returns, factor_returns, periods, se)


# -------------------------------------------------------------- Expected returns


@udf(category="Betas")
def CAPM_RETURN(rf: k.Rate, beta: k.Beta, market_premium: k.MarketPremium) -> object:
    """Expected return by the CAPM: rf + beta x market premium."""
    return beta_models.capm_return(rf, beta, market_premium)


@udf(category="Betas")
def EXPECTED_RETURN(
    rf: k.Rate, betas: k.BetaVector, premia: k.Premia, alpha: k.Alpha = 0.0
) -> object:
    """Expected return by a factor model: rf + alpha + sum of beta x premium."""
    return beta_models.expected_return(rf, betas, premia, alpha)


# -------------------------------------------------------------- Tracking and hedging


@udf(category="Hedging")
def TRACKING_SERIES(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    betas: k.Betas = None,
    window: k.Window = None,
    lag: k.Lag = 1,
) -> object:
    """Returns of the portfolio of factors that tracks the asset: b'f."""
    return hedging.tracking_series(asset_returns, factor_returns, betas, window, lag)


@udf(category="Hedging")
def HEDGED_SERIES(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    betas: k.Betas = None,
    window: k.Window = None,
    lag: k.Lag = 1,
) -> object:
    """Returns of the asset with its factors hedged, r - b'f: alpha and the residual stay."""
    return hedging.hedged_series(asset_returns, factor_returns, betas, window, lag)


@udf(category="Hedging")
def HEDGE_RATIO(asset_returns: k.AssetReturns, factor_returns: k.FactorReturns) -> object:
    """Position in each factor that hedges 1 of the asset: minus beta."""
    return hedging.hedge_ratio(asset_returns, factor_returns)


# -------------------------------------------------------------- Risk and sizing


@udf(category="Risk")
def VARIANCE_DECOMP(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, periods: k.Periods = 1
) -> object:
    """Variance by factor and idiosyncratic: variance, volatility and share; sums exactly."""
    return risk.variance_decomp(asset_returns, factor_returns, periods)


@udf(category="Risk")
def FACTOR_SHARE(asset_returns: k.AssetReturns, factor_returns: k.FactorReturns) -> object:
    """Share of the asset's variance that is factor risk: R-squared."""
    return risk.factor_share(asset_returns, factor_returns)


@udf(category="Risk")
def FACTOR_COV(factor_returns: k.FactorReturns, periods: k.Periods = 1) -> object:
    """Covariance matrix of the factors (ddof 1) x periods."""
    return risk.factor_cov(factor_returns, periods)


@udf(category="Risk")
def MODEL_COV(betas: k.BetaMatrix, factor_cov: k.FactorCov, idio_vars: k.IdioVars) -> object:
    """Covariance matrix of the assets by the factor model: B F B' + D."""
    return risk.model_cov(betas, factor_cov, idio_vars)


@udf(category="Risk")
def RESIDUAL_CORREL(asset_returns: k.AssetReturns, factor_returns: k.FactorReturns) -> object:
    """Correlations of the assets' residuals: the model assumes they are 0."""
    return risk.residual_correl(asset_returns, factor_returns)


@udf(category="Sizing")
def POSITION_SIZE(
    budget: k.Budget,
    vol: k.VolBlock,
    budget_periods: k.BudgetPeriods = 1,
    vol_periods: k.VolPeriods = 1,
) -> object:
    """Position in money whose volatility over the budget's horizon is the budget."""
    return sizing.position_size(budget, vol, budget_periods, vol_periods)


@udf(category="Sizing")
def HEDGED_POSITION_SIZE(
    budget: k.Budget,
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    budget_periods: k.BudgetPeriods = 1,
    return_periods: k.ReturnPeriods = 252,
) -> object:
    """Position sized on the residual volatility, and the money in each factor that hedges it."""
    return sizing.hedged_position_size(
        budget, asset_returns, factor_returns, budget_periods, return_periods
    )


@udf(category="Sizing")
def EXPECTED_PNL(
    position: k.Position,
    alpha: k.AlphaPerPeriod,
    betas: k.BetaVector = 0.0,
    premia: k.Premia = 0.0,
    periods: k.Periods = 252,
    kind: k.PnlKind = "total",
) -> object:
    """Expected profit a year of a position: total, risk-adjusted (alpha) or from the factors."""
    return sizing.expected_pnl(position, alpha, betas, premia, periods, kind)


# -------------------------------------------------------------- Performance and pricing


@udf(category="Performance")
def SHARPE_RATIO(excess_returns: k.ExcessReturns, periods: k.Periods = 252) -> object:
    """Mean excess return over its standard deviation (ddof 1), x sqrt(periods)."""
    return performance.sharpe_ratio(excess_returns, periods)


@udf(category="Performance")
def APPRAISAL_RATIO(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, periods: k.Periods = 252
) -> object:
    """Alpha over residual volatility a year: the Sharpe ratio of the hedged asset."""
    return performance.appraisal_ratio(asset_returns, factor_returns, periods)


@udf(category="Performance")
def TREYNOR_RATIO(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, periods: k.Periods = 252
) -> object:
    """Mean excess return a year over beta; one factor."""
    return performance.treynor_ratio(asset_returns, factor_returns, periods)


@udf(category="Performance")
def MEAN_TSTAT(returns: k.Returns, null_value: k.NullValue = 0.0) -> object:
    """t statistic of the mean return against null_value."""
    return performance.mean_tstat(returns, null_value)


@udf(category="Performance")
def RETURN_ATTRIBUTION(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, periods: k.Periods = 252
) -> object:
    """Mean return a year as alpha plus beta x mean of each factor; adds exactly."""
    return performance.return_attribution(asset_returns, factor_returns, periods)


@udf(category="Pricing")
def GRS_TEST(asset_returns: k.AssetReturns, factor_returns: k.FactorReturns) -> object:
    """Gibbons-Ross-Shanken test that all alphas are 0: F, df, p, mean absolute alpha."""
    return pricing.grs_test(asset_returns, factor_returns)


# -------------------------------------------------------------- Data and information


@udf(category="Data")
def FF_FACTORS(
    model: k.FrenchModel = "FF3",
    frequency: k.Frequency = "M",
    start_date: k.StartDate = None,
    end_date: k.EndDate = None,
    file: k.FilePath = None,
) -> object:
    """Kenneth French's factors: a date column and a column a factor, decimal, with RF."""
    return french.ff_factors(model, frequency, start_date, end_date, file)


@udf(category="Data")
def ADDIN_INFO() -> object:
    """Version, Python, packages and the conventions of every function."""
    return about.addin_info()
