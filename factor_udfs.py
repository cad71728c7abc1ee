"""The spreadsheet functions.

Each is one sentence and one call of the maths; `udf` cleans its cells and catalogues it.
"""

from __future__ import annotations

from factor_core import (
    about,
    adjusted_betas,
    alignment,
    checks,
    coefficient_tests,
    compounding,
    conditional_betas,
    diagnostics,
    estimation,
    french,
    hedging,
    hedging_positions,
    hedging_regression,
    inference,
    performance,
    period_betas,
    pricing,
    relative_performance,
    risk,
    risk_portfolio,
    robust,
    rolling,
    significance,
    sizing,
    sizing_limits,
    sizing_portfolio,
    thin_trading,
    weighted,
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
def COMPOUND_RETURNS(
    returns: k.Returns, dates: k.Dates, frequency: k.CompoundFrequency = "M"
) -> object:
    """Returns compounded into weeks, months, quarters or years; incomplete end periods left out."""
    return compounding.compound_returns(returns, dates, frequency)


@udf(category="Returns")
def ALIGN_SERIES(
    dates_1: k.DateTimes,
    values_1: k.Values,
    dates_2: k.DateTimes,
    values_2: k.Values,
    join: k.Join = "inner",
) -> object:
    """Two dated tables side by side on their dates, sorted."""
    return alignment.align_series(dates_1, values_1, dates_2, values_2, join)


@udf(category="Returns")
def ALIGN_REPORT(
    dates_1: k.DateTimes, values_1: k.Values, dates_2: k.DateTimes, values_2: k.Values
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
def BETA_SE(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    se: k.StandardErrors = "ols",
    lags: k.Lags = None,
) -> object:
    """Standard error of each beta."""
    return coefficient_tests.beta_se(asset_returns, factor_returns, se, lags)


@udf(category="Estimation")
def BETA_CI(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    level: k.Level = 0.95,
    se: k.StandardErrors = "ols",
    lags: k.Lags = None,
) -> object:
    """Confidence interval of each beta: low and high, two cells a factor."""
    return coefficient_tests.beta_ci(asset_returns, factor_returns, level, se, lags)


@udf(category="Estimation")
def BETA_TEST(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    null_value: k.NullValue = 1.0,
    se: k.StandardErrors = "ols",
    lags: k.Lags = None,
) -> object:
    """Test that a beta is null_value: t and two-sided p, two cells a factor."""
    return coefficient_tests.beta_test(asset_returns, factor_returns, null_value, se, lags)


@udf(category="Estimation")
def FACTOR_STAT(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, stat: k.StatName
) -> object:
    """One statistic of the regression by name, for example n, f, aic, dw or jb."""
    return inference.factor_stat(asset_returns, factor_returns, stat)


@udf(category="Estimation")
def FACTOR_WALD(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    restrictions: k.Restrictions,
    values: k.RestrictionValues = 0.0,
    se: k.StandardErrors = "ols",
) -> object:
    """Wald test of linear restrictions on betas, or on alpha and betas: F, df1, df2, p."""
    return coefficient_tests.factor_wald(asset_returns, factor_returns, restrictions, values, se)


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


@udf(category="Estimation")
def SUBSAMPLE_TEST(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, split: k.Split
) -> object:
    """Alpha and betas before and after a split, and Chow's F test that they are the same."""
    return coefficient_tests.subsample_test(asset_returns, factor_returns, split)


# -------------------------------------------------------------- Rolling, weighted, adjusted betas


@udf(category="Betas")
def ROLLING_BETA(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    window: k.RollingWindow = 252,
    min_obs: k.MinObs = None,
    lag: k.Lag = 0,
) -> object:
    """Betas of a rolling window, one row a row of the input; with lag 1 they could be traded."""
    return rolling.rolling_beta(asset_returns, factor_returns, window, min_obs, lag)


@udf(category="Betas")
def ROLLING_REGRESSION(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    window: k.RollingWindow = 252,
    min_obs: k.MinObs = None,
) -> object:
    """Alpha, betas, R-squared and residual volatility (ddof 1) of a rolling window."""
    return rolling.rolling_regression(asset_returns, factor_returns, window, min_obs)


@udf(category="Betas")
def PERIOD_BETA(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    dates: k.Dates,
    every: k.CalendarBlock = "1Y",
) -> object:
    """Betas of each year, quarter or other block of the calendar, with standard errors."""
    return period_betas.period_beta(asset_returns, factor_returns, dates, every)


@udf(category="Betas")
def EWMA_BETA(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, halflife: k.HalfLife = 63
) -> object:
    """Betas as of the last row, a row weighing 0.5^(age / halflife)."""
    return weighted.ewma_beta(asset_returns, factor_returns, halflife)


@udf(category="Betas")
def BLUME_BETA(
    beta: k.BetaBlock,
    weight: k.EstimateWeight = adjusted_betas.BLUME_WEIGHT,
    prior: k.Prior = 1.0,
) -> object:
    """Beta moved towards the market's: weight x beta + (1 - weight) x prior."""
    return adjusted_betas.blume_beta(beta, weight, prior)


@udf(category="Betas")
def VASICEK_BETA(
    betas: k.BetaBlock,
    std_errors: k.StdErrors,
    prior: k.PriorOrBlank = None,
    prior_var: k.PriorVariance = None,
) -> object:
    """Betas moved towards their cross-section, the more so the larger their standard errors."""
    return adjusted_betas.vasicek_beta(betas, std_errors, prior, prior_var)


@udf(category="Betas")
def DIMSON_BETA(
    asset_returns: k.AssetReturns,
    factor_returns: k.OneFactorReturns,
    lags: k.LagRows = 1,
    leads: k.LeadRows = 1,
) -> object:
    """Beta of a thinly traded asset: the sum over the factor's lags and leads, and its se."""
    return thin_trading.dimson_beta(asset_returns, factor_returns, lags, leads)


@udf(category="Betas")
def SCHOLES_WILLIAMS_BETA(
    asset_returns: k.AssetReturns, factor_returns: k.OneFactorReturns
) -> object:
    """Beta of an asset whose prices are of other moments than the factor's."""
    return thin_trading.scholes_williams_beta(asset_returns, factor_returns)


@udf(category="Betas")
def UP_BETA(
    asset_returns: k.AssetReturns,
    factor_returns: k.OneFactorReturns,
    threshold: k.Threshold = 0.0,
) -> object:
    """Beta over the rows in which the factor is above the threshold."""
    return conditional_betas.up_beta(asset_returns, factor_returns, threshold)


@udf(category="Betas")
def DOWN_BETA(
    asset_returns: k.AssetReturns,
    factor_returns: k.OneFactorReturns,
    threshold: k.Threshold = 0.0,
) -> object:
    """Beta over the rows in which the factor is below the threshold."""
    return conditional_betas.down_beta(asset_returns, factor_returns, threshold)


@udf(category="Betas")
def DOWNSIDE_BETA(
    asset_returns: k.AssetReturns,
    factor_returns: k.OneFactorReturns,
    method: k.DownsideMethod = "acx",
) -> object:
    """Beta with the factor below its mean, of Ang, Chen and Xing or of Estrada."""
    return conditional_betas.downside_beta(asset_returns, factor_returns, method)


@udf(category="Betas")
def TIMING_MODEL(
    asset_returns: k.AssetReturns, factor_returns: k.OneFactorReturns, model: k.TimingModel = "TM"
) -> object:
    """Market timing: alpha, beta and the coefficient of f^2 (TM) or max(0,-f) (HM)."""
    return conditional_betas.timing_model(asset_returns, factor_returns, model)


@udf(category="Betas")
def ROBUST_BETA(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    method: k.RobustMethod = "huber",
) -> object:
    """Betas by an M-estimator, which gives extreme rows less weight than least squares."""
    return robust.robust_beta(asset_returns, factor_returns, method)


@udf(category="Betas")
def LEVER_BETA(beta: k.BetaBlock, debt_equity: k.DebtEquity, tax_rate: k.TaxRate) -> object:
    """Beta of the equity from the beta of the assets (Hamada)."""
    return adjusted_betas.lever_beta(beta, debt_equity, tax_rate)


@udf(category="Betas")
def UNLEVER_BETA(beta: k.BetaBlock, debt_equity: k.DebtEquity, tax_rate: k.TaxRate) -> object:
    """Beta of the assets from the beta of the equity (Hamada)."""
    return adjusted_betas.unlever_beta(beta, debt_equity, tax_rate)


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


@udf(category="Hedging")
def HEDGE_NOTIONALS(positions: k.Positions, betas: k.BetaMatrix) -> object:
    """Money in each factor that hedges a book of positions, netted: minus positions' betas."""
    return hedging_positions.hedge_notionals(positions, betas)


@udf(category="Hedging")
def HEDGE_TRADES(positions: k.Positions, betas: k.BetaMatrix, legs: k.Legs) -> object:
    """Money in each instrument that hedges a book of positions: the factors' legs, netted."""
    return hedging_positions.hedge_trades(positions, betas, legs)


@udf(category="Hedging")
def MIN_VAR_HEDGE(
    asset_returns: k.AssetReturns, instrument_returns: k.InstrumentReturns, ridge: k.Ridge = 0.0
) -> object:
    """Hedge by regression that leaves the least variance: ratios, volatility before and after."""
    return hedging_regression.min_var_hedge(asset_returns, instrument_returns, ridge)


@udf(category="Hedging")
def TARGET_BETA_HEDGE(
    value: k.PositionValue,
    beta: k.Beta,
    target_beta: k.TargetBeta,
    hedge_beta: k.HedgeBeta = 1.0,
    price: k.Price = None,
    multiplier: k.Multiplier = 1.0,
) -> object:
    """Hedge that takes a position to another beta: money, or whole contracts and the beta left."""
    return hedging_positions.target_beta_hedge(
        value, beta, target_beta, hedge_beta, price, multiplier
    )


@udf(category="Hedging")
def FACTOR_SHARE_HEDGE(
    beta: k.Beta,
    factor_var: k.FactorVariance,
    idio_var: k.IdioVariance,
    target_share: k.TargetShare,
) -> object:
    """The two hedges, per 1 of the asset, that leave factor risk a given share of the variance."""
    return hedging_positions.factor_share_hedge(beta, factor_var, idio_var, target_share)


@udf(category="Hedging")
def HEDGE_EFFECTIVENESS(
    asset_returns: k.AssetReturns, hedged_returns: k.HedgedReturns, factor_returns: k.FactorReturns
) -> object:
    """How much variance a hedge removed, and the betas and correlations that it left."""
    return hedging_regression.hedge_effectiveness(asset_returns, hedged_returns, factor_returns)


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
def TRACKING_ERROR(
    returns: k.Returns, benchmark_returns: k.BenchmarkReturns, periods: k.Periods = 252
) -> object:
    """Volatility a year of returns less the benchmark's: not the residual volatility."""
    return risk.tracking_error(returns, benchmark_returns, periods)


@udf(category="Risk")
def FACTOR_COV(
    factor_returns: k.FactorReturns, periods: k.Periods = 1, halflife: k.CovHalfLife = None
) -> object:
    """Covariance matrix of the factors (ddof 1) x periods; recent rows weigh more by a halflife."""
    return risk.factor_cov(factor_returns, periods, halflife)


@udf(category="Risk")
def MODEL_COV(betas: k.NamedBetas, factor_cov: k.FactorCov, idio_vars: k.IdioVars) -> object:
    """Covariance matrix of the assets by the factor model: B F B' + D."""
    return risk.model_cov(betas, factor_cov, idio_vars)


@udf(category="Risk")
def PORTFOLIO_RISK(
    weights: k.Weights,
    betas: k.NamedBetas,
    factor_cov: k.FactorCov,
    idio_vars: k.IdioVars,
    periods: k.Periods = 1,
) -> object:
    """Risk of a portfolio by a factor model: total, factor, idiosyncratic; by factor and asset."""
    return risk_portfolio.portfolio_risk(weights, betas, factor_cov, idio_vars, periods)


@udf(category="Risk")
def RISK_CONTRIBUTION(weights: k.Weights, cov: k.Covariances) -> object:
    """What each asset adds to the volatility: marginal, contribution, share; sums to all of it."""
    return risk_portfolio.risk_contribution(weights, cov)


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


@udf(category="Sizing")
def SIZE_PORTFOLIO(
    weights: k.Weights,
    cov: k.Covariances,
    budget: k.Budget,
    budget_periods: k.BudgetPeriods = 1,
    cov_periods: k.CovPeriods = 252,
) -> object:
    """Positions in the proportions of the weights whose volatility together is the budget."""
    return sizing_portfolio.size_portfolio(weights, cov, budget, budget_periods, cov_periods)


@udf(category="Sizing")
def TREYNOR_BLACK(
    alphas: k.Alphas,
    idio_vars: k.IdioVars,
    budget: k.Budget,
    budget_periods: k.BudgetPeriods = 1,
    alpha_periods: k.AlphaPeriods = 252,
) -> object:
    """Hedged positions that earn most for a budget: alpha over idiosyncratic variance, scaled."""
    return sizing_portfolio.treynor_black(alphas, idio_vars, budget, budget_periods, alpha_periods)


@udf(category="Sizing")
def SIZE_TO_LIMITS(
    alphas: k.Alphas,
    betas: k.NamedBetas,
    factor_cov: k.FactorCov,
    idio_vars: k.IdioVars,
    budget: k.VolBudget,
    gross_limit: k.GrossLimit = None,
    name_limit: k.NameLimit = None,
    factor_limits: k.FactorLimits = None,
    share_limit: k.ShareLimit = None,
) -> object:
    """Positions that earn the most within a volatility budget and other limits; which ones bind."""
    return sizing_limits.size_to_limits(
        alphas,
        betas,
        factor_cov,
        idio_vars,
        budget,
        gross_limit,
        name_limit,
        factor_limits,
        share_limit,
    )


@udf(category="Sizing")
def RISK_PARITY_WEIGHTS(cov: k.Covariances) -> object:
    """Long-only weights, with sum 1, whose contributions to the volatility are all equal."""
    return risk_portfolio.risk_parity_weights(cov)


@udf(category="Sizing")
def BUDGET_USE(
    positions: k.Positions,
    cov: k.Covariances,
    budget: k.Budget,
    budget_periods: k.BudgetPeriods = 1,
    cov_periods: k.CovPeriods = 252,
) -> object:
    """How much of a volatility budget positions use, what is left of it, and who uses it."""
    return sizing_portfolio.budget_use(positions, cov, budget, budget_periods, cov_periods)


@udf(category="Sizing")
def STOP_LOSS_VOL(
    loss: k.Loss,
    probability: k.Probability,
    horizon_years: k.HorizonYears = 1.0,
    sharpe: k.ExpectedSharpe = 0.0,
) -> object:
    """Volatility a year at which a stop-loss is hit, any day of the horizon, with a probability."""
    return sizing_portfolio.stop_loss_vol(loss, probability, horizon_years, sharpe)


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
def INFORMATION_RATIO(
    returns: k.Returns, benchmark_returns: k.BenchmarkReturns, periods: k.Periods = 252
) -> object:
    """Mean return above the benchmark over the tracking error, a year."""
    return relative_performance.information_ratio(returns, benchmark_returns, periods)


@udf(category="Performance")
def MSQUARED(
    asset_returns: k.AssetReturns, market_returns: k.MarketReturns, periods: k.Periods = 252
) -> object:
    """Excess return a year of the asset levered to the market's volatility: Sharpe x market vol."""
    return relative_performance.msquared(asset_returns, market_returns, periods)


@udf(category="Performance")
def MSQUARED_ALPHA(
    asset_returns: k.AssetReturns, market_returns: k.MarketReturns, periods: k.Periods = 252
) -> object:
    """M-squared less the market's mean excess return, a year."""
    return relative_performance.msquared_alpha(asset_returns, market_returns, periods)


@udf(category="Performance")
def UP_CAPTURE(returns: k.Returns, benchmark_returns: k.BenchmarkReturns) -> object:
    """Geometric mean return over the benchmark's, in the rows in which the benchmark is above 0."""
    return relative_performance.up_capture(returns, benchmark_returns)


@udf(category="Performance")
def DOWN_CAPTURE(returns: k.Returns, benchmark_returns: k.BenchmarkReturns) -> object:
    """Geometric mean return over the benchmark's, in the rows in which the benchmark is below 0."""
    return relative_performance.down_capture(returns, benchmark_returns)


@udf(category="Performance")
def MEAN_TSTAT(returns: k.Returns, null_value: k.NullValue = 0.0) -> object:
    """t statistic of the mean return against null_value."""
    return performance.mean_tstat(returns, null_value)


@udf(category="Performance")
def SHARPE_SE(returns: k.ExcessReturns, periods: k.Periods = 252) -> object:
    """Standard error of the Sharpe ratio a year, for skewed and fat-tailed returns (Mertens)."""
    return significance.sharpe_se(returns, periods)


@udf(category="Performance")
def YEARS_NEEDED(sharpe: k.SharpeAYear, confidence: k.Confidence = 0.95) -> object:
    """Years until a Sharpe ratio is significant in a two-sided test: (z / Sharpe)^2."""
    return significance.years_needed(sharpe, confidence)


@udf(category="Performance")
def BONFERRONI_T(
    tests: k.TestCount, level: k.Significance = 0.05, df: k.DegreesOfFreedom = None
) -> object:
    """t statistic that the best of several tests must exceed, two-sided."""
    return significance.bonferroni_t(tests, level, df)


@udf(category="Performance")
def RETURN_ATTRIBUTION(
    asset_returns: k.AssetReturns, factor_returns: k.FactorReturns, periods: k.Periods = 252
) -> object:
    """Mean return a year as alpha plus beta x mean of each factor; adds exactly."""
    return performance.return_attribution(asset_returns, factor_returns, periods)


@udf(category="Performance")
def BOTTOM_UP_BETA(weights: k.Weights, betas: k.BetaMatrix) -> object:
    """Betas of a portfolio from its weights and the betas of its assets: w'B."""
    return performance.bottom_up_beta(weights, betas)


@udf(category="Pricing")
def GRS_TEST(asset_returns: k.AssetReturns, factor_returns: k.FactorReturns) -> object:
    """Gibbons-Ross-Shanken test that all alphas are 0: F, df, p, mean absolute alpha."""
    return pricing.grs_test(asset_returns, factor_returns)


@udf(category="Pricing")
def FAMA_MACBETH(
    asset_returns: k.AssetReturns,
    factor_returns: k.FactorReturns,
    intercept: k.Intercept = True,
    shanken: k.Shanken = True,
) -> object:
    """Premium of each factor by Fama and MacBeth's two-pass regressions: lambda, se, t, p, R2."""
    return pricing.fama_macbeth(asset_returns, factor_returns, intercept, shanken)


@udf(category="Pricing")
def SPANNING_TEST(new_factor: k.NewFactor, factor_returns: k.FactorReturns) -> object:
    """Whether a new factor adds to others: its alpha on them with t and p, and the GRS test."""
    return pricing.spanning_test(new_factor, factor_returns)


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
def FACTOR_CHECK(
    asset_returns: k.CheckedAssets, factor_returns: k.CheckedFactors, dates: k.CheckedDates = None
) -> object:
    """What is wrong or doubtful in the data: severity, finding, where, how many, remedy."""
    return checks.factor_check(asset_returns, factor_returns, dates)


@udf(category="Data")
def ADDIN_INFO() -> object:
    """Version, Python, packages and the conventions of every function."""
    return about.addin_info()
