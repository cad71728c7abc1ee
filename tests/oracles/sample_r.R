# Expected numbers on the sample data, by R's own functions and by the textbook formulas in R.
# Run from the root of the project: Rscript tests/oracles/sample_r.R > tests/oracles/sample_r.csv

data_file <- function(name) {
  read.csv(file.path("core", "factor_core", "data", name), check.names = FALSE)
}
put <- function(name, values) {
  values <- as.vector(t(values))
  keys <- if (length(values) == 1) name else paste0(name, ".", seq_along(values) - 1)
  cat(sprintf("%s,%.17g\n", keys, as.numeric(values)), sep = "")
}

cat("#", R.version.string, "\n")
cat("name,value\n")

# ---- daily: two assets on the market, both less the rate of the day ------------------------------
daily <- data_file("daily_prices.csv")
prices <- as.matrix(daily[, c("AAPL", "GOOG", "IBM", "MSFT", "S&P 500 (price index)")])
n <- nrow(prices)
simple <- prices[-1, ] / prices[-n, ] - 1
excess <- simple - daily$rf[-1]
asset <- excess[, "MSFT"]
market <- excess[, 5]
put("log_return_row_100", diff(log(prices))[100, ])
put("excess_row_100", excess[100, ])

fit <- lm(asset ~ market)
alpha <- coef(fit)[[1]]
beta <- coef(fit)[[2]]
residual_sd <- sd(resid(fit))
hedged <- asset - beta * market
put("hedged_mean", mean(hedged))
put("hedged_sd", sd(hedged))
put("hedged_row_100", hedged[100])
put("tracking_row_100", beta * market[100])
put("sharpe", apply(excess, 2, function(r) mean(r) / sd(r)) * sqrt(252))
put("appraisal", alpha / residual_sd * sqrt(252))
put("treynor", mean(asset) * 252 / beta)
put("mean_tstat", apply(excess, 2, function(r) t.test(r)$statistic))
put("mean_tstat_null", t.test(asset, mu = 0.0005)$statistic)
put("position", 1e6 / (sd(asset) * sqrt(252 / 12)))
put("hedged_position", 1e6 / (residual_sd * sqrt(252 / 12)) * c(1, -beta))
put("one_factor_share", summary(fit)$r.squared)

# The position that could have been traded: betas of the 250 rows before each row.
windows <- c(251, 700, 1500, 2012)
rolled <- sapply(windows, function(t) coef(lm(asset[(t - 250):(t - 1)] ~ market[(t - 250):(t - 1)]))[[2]])
put("rolling_beta", rolled)
put("rolling_hedged", asset[windows] - rolled * market[windows])

# ---- monthly: the twelve industries on four factors ----------------------------------------------
monthly <- data_file("monthly_factors.csv")
monthly <- monthly[monthly[[1]] >= "1990-01-01", ]
factors <- as.matrix(monthly[, c("Mkt-RF", "SMB", "HML", "Mom")])
industries <- as.matrix(monthly[, 7:18]) - monthly$RF
stopifnot(colnames(industries)[12] == "Other", colnames(industries)[1] == "NoDur")

durables <- lm(industries[, "Durbl"] ~ factors)
b <- coef(durables)[-1]
put("decomp_factor_variance", b * cov(industries[, "Durbl"], factors))
put("decomp_idiosyncratic", var(resid(durables)))
put("decomp_total", var(industries[, "Durbl"]))
put("attribution", 12 * c(coef(durables)[1], b * colMeans(factors), mean(industries[, "Durbl"])))
put("factor_cov", cov(factors) * 12)
many <- lm(industries ~ factors)
put("residual_correl", cor(resid(many)))
put("factor_share", sapply(summary(many), function(s) s$r.squared))
put("hedge_ratio", -t(coef(many)[-1, ]))
put("model_cov", t(coef(many)[-1, ]) %*% cov(factors) %*% coef(many)[-1, ] + diag(diag(var(resid(many)))))

# Every one-degree-of-freedom test of a multivariate regression is the same F: R's test that all
# intercepts are 0 is the test of Gibbons, Ross and Shanken.
grs <- function(name, assets, factors) {
  test <- anova(lm(assets ~ factors), lm(assets ~ factors - 1), test = "Hotelling-Lawley")
  put(name, unlist(test[2, c("approx F", "num Df", "den Df", "Pr(>F)")]))
}
grs("grs_industries", industries, factors)
grs("grs_market", industries, factors[, 1])
sorted <- data_file("monthly_portfolios.csv")
sorted <- as.matrix(sorted[sorted[[1]] >= "1990-01-01", -1]) - monthly$RF
grs("grs_sorted", sorted, factors[, 1:3])
