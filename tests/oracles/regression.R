# Expected numbers of regressions on the sample data, by R's lm and the packages sandwich and lmtest.
# Run from the root of the project: Rscript tests/oracles/regression.R > tests/oracles/regression_r.csv

suppressMessages({
  library(sandwich)
  library(lmtest)
})

data_file <- function(name) {
  read.csv(file.path("core", "factor_core", "data", name), check.names = FALSE)
}
put <- function(name, values) {
  values <- as.vector(t(values))
  cat(sprintf("%s.%d,%.17g\n", name, seq_along(values) - 1, as.numeric(values)), sep = "")
}
errors <- function(covariance) sqrt(diag(covariance))

newey_west <- function(fit, lag, adjust = TRUE) {
  NeweyWest(fit, lag = lag, prewhite = FALSE, adjust = adjust)
}

robust <- function(name, fit) {
  for (type in c("HC0", "HC1", "HC2", "HC3")) {
    put(paste0(name, "_se_", tolower(type)), errors(vcovHC(fit, type = type)))
  }
  put(paste0(name, "_covariance_hc3"), vcovHC(fit, type = "HC3"))
  for (lag in c(0, 1, 4, 12)) {
    put(paste0(name, "_se_hac_", lag), errors(newey_west(fit, lag)))
    put(paste0(name, "_se_hac_plain_", lag), errors(newey_west(fit, lag, FALSE)))
  }
  put(paste0(name, "_covariance_hac_4"), newey_west(fit, 4))
  put(paste0(name, "_p_hc3"), coeftest(fit, vcov = vcovHC(fit, type = "HC3"))[, 4])
  put(paste0(name, "_interval_hac_4"), coefci(fit, vcov = newey_west(fit, 4)))
}

whole <- function(name, fit) {
  summed <- summary(fit)
  n <- nobs(fit)
  table <- coef(summed)
  put(paste0(name, "_coef"), table[, 1])
  put(paste0(name, "_se_ols"), table[, 2])
  put(paste0(name, "_t"), table[, 3])
  put(paste0(name, "_p"), table[, 4])
  put(paste0(name, "_interval"), confint(fit))
  put(paste0(name, "_covariance_ols"), vcov(fit))
  put(paste0(name, "_n"), n)
  put(paste0(name, "_df"), fit$df.residual)
  put(paste0(name, "_r2"), summed$r.squared)
  put(paste0(name, "_adj_r2"), summed$adj.r.squared)
  put(paste0(name, "_s"), summed$sigma)
  put(paste0(name, "_f"), summed$fstatistic[[1]])
  put(paste0(name, "_loglik"), logLik(fit))
  # R counts the variance among the parameters; statsmodels and we do not.
  put(paste0(name, "_aic"), AIC(fit) - 2)
  put(paste0(name, "_bic"), BIC(fit) - log(n))
  put(paste0(name, "_dw"), dwtest(fit)$statistic)
  put(paste0(name, "_residual_vol"), sqrt(sum(resid(fit)^2) / (n - 1)))
  robust(name, fit)
}

cat("#", R.version.string, "; sandwich", as.character(packageVersion("sandwich")), "; lmtest",
    as.character(packageVersion("lmtest")), "\n")
cat("name,value\n")

# ---- one factor, daily: MSFT on the market, both less the rate of the day ------------------------
daily <- data_file("daily_prices.csv")
prices <- as.matrix(daily[, c("MSFT", "S&P 500 (price index)")])
excess <- prices[-1, ] / prices[-nrow(prices), ] - 1 - daily$rf[-1]
asset <- excess[, 1]
market <- excess[, 2]
whole("one", lm(asset ~ market))

# ---- four factors, monthly: durables; all rows, two years, gaps, no intercept --------------------
monthly <- data_file("monthly_factors.csv")
factors <- as.matrix(monthly[, c("Mkt-RF", "SMB", "HML", "Mom")])
durables <- monthly$Durbl - monthly$RF
whole("four", lm(durables ~ factors))
whole("short", lm(durables[1:24] ~ factors[1:24, ]))

gappy <- durables
gappy[c(1, 10, 51:60)] <- NA
holed <- factors
holed[100, 2] <- NA
holed[819, 4] <- NA
whole("gaps", lm(gappy ~ holed))

through_zero <- lm(durables ~ factors - 1)
whole("zero", through_zero)
