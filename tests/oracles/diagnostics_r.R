# Diagnostics of the sample's regressions by R's lmtest and stats.
# Run from the root of the project: Rscript tests/oracles/diagnostics_r.R > tests/oracles/diagnostics_r.csv

suppressPackageStartupMessages(library(lmtest))
put <- function(name, value) cat(sprintf("%s,%.17g\n", name, as.numeric(value)))
diagnose <- function(label, y, x) {
  fit <- lm(y ~ x)
  e <- resid(fit)
  n <- length(e)
  squares <- do.call(cbind, lapply(seq_len(ncol(x)), function(i) x[, i] * x[, i:ncol(x), drop = FALSE]))
  white <- n * summary(lm(e^2 ~ x + squares))$r.squared
  skew <- mean(e^3) / mean(e^2)^1.5
  kurtosis <- mean(e^4) / mean(e^2)^2
  jb <- n / 6 * (skew^2 + (kurtosis - 3)^2 / 4)
  put(paste0(label, ".dw"), dwtest(fit)$statistic)
  put(paste0(label, ".bp"), bptest(fit)$statistic)
  put(paste0(label, ".bp_p"), bptest(fit)$p.value)
  put(paste0(label, ".white"), white)
  put(paste0(label, ".white_p"), pchisq(white, ncol(x) + ncol(squares), lower.tail = FALSE))
  put(paste0(label, ".lb"), Box.test(e, lag = 10, type = "Ljung-Box")$statistic)
  put(paste0(label, ".lb_p"), Box.test(e, lag = 10, type = "Ljung-Box")$p.value)
  put(paste0(label, ".jb"), jb)
  put(paste0(label, ".jb_p"), pchisq(jb, 2, lower.tail = FALSE))
  for (j in seq_len(ncol(x))) {
    r2 <- if (ncol(x) > 1) summary(lm(x[, j] ~ x[, -j]))$r.squared else 0
    put(paste0(label, ".vif", j), 1 / (1 - r2))
  }
  put(paste0(label, ".cond"), kappa(cbind(1, x), exact = TRUE))
  put(paste0(label, ".leverage"), max(hatvalues(fit)))
}

cat("#", R.version.string, "lmtest", as.character(packageVersion("lmtest")), "\n")
cat("name,value\n")
data_file <- function(name) read.csv(file.path("core", "factor_core", "data", name), check.names = FALSE)
daily <- data_file("daily_prices.csv")
prices <- as.matrix(daily[, c("MSFT", "S&P 500 (price index)")])
excess <- prices[-1, ] / prices[-nrow(prices), ] - 1 - daily$rf[-1]
diagnose("msft", excess[, 1], excess[, 2, drop = FALSE])
monthly <- data_file("monthly_factors.csv")
monthly <- monthly[monthly[[1]] >= "1990-01-01", ]
diagnose("durables", monthly$Durbl - monthly$RF, as.matrix(monthly[, c("Mkt-RF", "SMB", "HML", "Mom")]))
