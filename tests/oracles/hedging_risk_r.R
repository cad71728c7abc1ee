# Expected numbers of hedges and portfolio risk on the sample data, by R's own functions.
# Run from the root of the project: Rscript tests/oracles/hedging_risk_r.R > tests/oracles/hedging_risk_r.csv

put <- function(name, values) {
  values <- as.vector(t(values))
  keys <- if (length(values) == 1) name else paste0(name, ".", seq_along(values) - 1)
  cat(sprintf("%s,%.17g\n", keys, as.numeric(values)), sep = "")
}
cat("#", R.version.string, "\n")
cat("name,value\n")

monthly <- read.csv("core/factor_core/data/monthly_factors.csv", check.names = FALSE)
monthly <- monthly[monthly[[1]] >= "1990-01-01", ]
factors <- as.matrix(monthly[, c("Mkt-RF", "SMB", "HML", "Mom")])
industries <- as.matrix(monthly[, 7:18]) - monthly$RF
durables <- industries[, "Durbl"]

# ---- regression hedge, with a ridge too; variance inflation ---------------------------------------
fit <- lm(durables ~ factors)
put("min_var_hedge", -coef(fit)[-1])
put("vol_before", sd(durables))
put("vol_after", sd(resid(fit)))
put("r_squared", summary(fit)$r.squared)
put("vif", sapply(1:4, function(j) 1 / (1 - summary(lm(factors[, j] ~ factors[, -j]))$r.squared)))
S <- cov(factors)
ridge <- solve(S + 0.3 * diag(diag(S)), cov(factors, durables))
put("ridge_hedge", -ridge)
put("ridge_vol_after", sd(durables - factors %*% ridge))

# ---- what a hedge by the betas of the first ten years did over all of them ------------------------
early <- coef(lm(durables[1:120] ~ factors[1:120, ]))[-1]
hedged <- as.vector(durables - factors %*% early)
left <- summary(lm(hedged ~ factors))$coefficients[-1, ]
put("effectiveness", 1 - var(hedged) / var(durables))
put("hedged_vol", sd(hedged))
put("beta_left", left[, 1])
put("beta_left_se", left[, 2])
put("correlation_left", cor(hedged, factors))

# ---- tracking error, weighted covariance ----------------------------------------------------------
put("tracking_error", apply(industries - factors[, 1], 2, sd) * sqrt(12))
weights <- 0.5^((nrow(factors) - seq_len(nrow(factors))) / 36)
put("halflife_cov", 12 * cov.wt(factors, wt = weights / sum(weights), method = "unbiased")$cov)

# ---- risk of a portfolio by the factor model ------------------------------------------------------
many <- lm(industries ~ factors)
B <- t(coef(many)[-1, ])
D <- diag(var(resid(many)))
model <- B %*% S %*% t(B) + diag(D)
w <- c(3, -2, 1, 4, -1, 2, 0, 5, -3, 1, 2, -1) * 1e5
x <- as.vector(t(B) %*% w)
vol <- sqrt(sum(w * (model %*% w)))
put("risk_total", sqrt(12) * vol)
put("risk_factor", sqrt(12 * sum(x * (S %*% x))))
put("risk_idio", sqrt(12 * sum(w^2 * D)))
put("risk_exposures", x)
put("risk_by_factor", sqrt(12) * x * (S %*% x) / vol)
put("risk_by_asset", sqrt(12) * w * (model %*% w) / vol)
put("marginal", model %*% w / vol)
put("sized", w / vol * 1e6 / sqrt(12 / 1))

# ---- alpha over idiosyncratic variance ------------------------------------------------------------
alphas <- coef(many)[1, ]
put("treynor_black", alphas / D * 1e6 / sqrt(12 * sum(alphas^2 / D)))

# ---- stop-loss: the density of the first passage, integrated, and solved for the volatility -------
reached <- function(vol, loss, horizon, sharpe) {
  u <- loss / vol
  density <- function(t) u / sqrt(2 * pi * t^3) * exp(-(u + sharpe * t)^2 / (2 * t))
  integrate(density, 0, horizon, rel.tol = 1e-12, subdivisions = 1000L)$value
}
stop_vol <- function(probability, horizon, sharpe) {
  uniroot(function(v) reached(v, 1, horizon, sharpe) - probability, c(0.05, 30), tol = 1e-13)$root
}
put("stop_loss", c(
  stop_vol(0.05, 1, 0), stop_vol(0.05, 1, 1), stop_vol(0.2, 0.5, -0.7), stop_vol(0.01, 3, 2)
))
