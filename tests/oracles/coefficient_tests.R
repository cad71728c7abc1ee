# Expected numbers of tests of betas, of premia and of performance beside a benchmark, on the sample
# data, by R's lm and anova and the packages sandwich and lmtest; the rest by textbook formulas in R.
# Run from the root of the project:
# Rscript tests/oracles/coefficient_tests.R > tests/oracles/coefficient_tests_r.csv

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

cat("#", R.version.string, "; sandwich", as.character(packageVersion("sandwich")), "; lmtest",
    as.character(packageVersion("lmtest")), "\n")
cat("name,value\n")

# ---- betas of durables on four factors, monthly since 1990 ---------------------------------------
monthly <- data_file("monthly_factors.csv")
monthly <- monthly[monthly[[1]] >= "1990-01-01", ]
names(monthly)[names(monthly) == "Mkt-RF"] <- "Mkt"
n <- nrow(monthly)
durables <- monthly$Durbl - monthly$RF
fit <- lm(durables ~ Mkt + SMB + HML + Mom, data = monthly)
rule <- floor(4 * (n / 100)^(2 / 9))
covariance <- list(
  ols = vcov(fit), hc0 = vcovHC(fit, type = "HC0"), hc1 = vcovHC(fit, type = "HC1"),
  hc2 = vcovHC(fit, type = "HC2"), hc3 = vcovHC(fit, type = "HC3"),
  hac = NeweyWest(fit, lag = rule, prewhite = FALSE, adjust = TRUE)
)
for (kind in names(covariance)) {
  v <- covariance[[kind]]
  put(paste0("se_", kind), sqrt(diag(v))[-1])
  put(paste0("ci_", kind), coefci(fit, level = 0.9, vcov. = v)[-1, ])
  against_1 <- (coef(fit) - 1) / sqrt(diag(v))
  put(paste0("test_", kind), cbind(against_1, 2 * pt(-abs(against_1), fit$df.residual))[-1, ])
  # SMB, HML and Mom explain nothing
  wald <- waldtest(fit, . ~ Mkt, vcov = v, test = "F")
  put(paste0("wald_", kind), c(wald$F[2], 3, wald$Res.Df[1], wald[["Pr(>F)"]][2]))
}
# beta of SMB equals that of HML, and those of the market and momentum sum to 1: by substitution
restricted <- lm(I(durables - Mkt) ~ I(SMB + HML) + I(Mom - Mkt), data = monthly)
f <- (deviance(restricted) - deviance(fit)) / 2 / (deviance(fit) / fit$df.residual)
put("linear", c(f, 2, fit$df.residual, pf(f, 2, fit$df.residual, lower.tail = FALSE)))

# ---- the same betas before and after the 120th month ---------------------------------------------
late <- seq_len(n) > 120
both <- lm(durables ~ (Mkt + SMB + HML + Mom) * late, data = monthly)
first <- lm(durables ~ Mkt + SMB + HML + Mom, data = monthly, subset = !late)
second <- lm(durables ~ Mkt + SMB + HML + Mom, data = monthly, subset = late)
put("chow_first", coef(first))
put("chow_second", coef(second))
differs <- grep("late", rownames(coef(summary(both))))
put("chow_t", coef(summary(both))[differs, 3])
put("chow_p", coef(summary(both))[differs, 4])
chow <- anova(fit, both)
put("chow", c(chow$F[2], chow$Df[2], chow$Res.Df[2], chow[["Pr(>F)"]][2]))

# ---- premia: every month a regression of eighteen portfolios on their betas ----------------------
sorted <- data_file("monthly_portfolios.csv")
assets <- as.matrix(sorted[sorted[[1]] >= "1990-01-01", -1]) - monthly$RF
factors <- as.matrix(monthly[, c("Mkt", "SMB", "HML")])
betas <- t(coef(lm(assets ~ factors))[-1, ])
two_pass <- function(name, with_intercept) {
  premia <- if (with_intercept) {
    t(apply(assets, 1, function(r) coef(lm(r ~ betas))))
  } else {
    t(apply(assets, 1, function(r) coef(lm(r ~ betas - 1))))
  }
  lambda <- colMeans(premia)
  variance <- cov(premia) / n
  risk <- tail(lambda, 3)
  c_factor <- drop(t(risk) %*% solve(cov(factors)) %*% risk)
  of_factors <- matrix(0, length(lambda), length(lambda))
  last <- tail(seq_along(lambda), 3)
  of_factors[last, last] <- cov(factors) / n
  shanken <- (1 + c_factor) * (variance - of_factors) + of_factors
  average <- colMeans(assets)
  priced <- if (with_intercept) cbind(1, betas) %*% lambda else betas %*% lambda
  put(paste0(name, "_lambda"), lambda)
  put(paste0(name, "_se"), sqrt(diag(variance)))
  put(paste0(name, "_shanken"), sqrt(diag(shanken)))
  put(paste0(name, "_p"), 2 * pt(-abs(lambda / sqrt(diag(variance))), n - 1))
  put(paste0(name, "_r2"), 1 - sum((average - priced)^2) / sum((average - mean(average))^2))
}
two_pass("fm", TRUE)
two_pass("fm_zero", FALSE)

# ---- does momentum add to three factors; do momentum and value add to the market ------------------
one <- lm(Mom ~ Mkt + SMB + HML, data = monthly)
put("span_one", coef(summary(one))[1, ])
two <- lm(cbind(HML, Mom) ~ Mkt, data = monthly)
grs <- anova(two, update(two, . ~ . - 1), test = "Hotelling-Lawley")
put("span_two", unlist(grs[2, c("approx F", "num Df", "den Df", "Pr(>F)")]))

# ---- beside a benchmark, daily --------------------------------------------------------------------
daily <- data_file("daily_prices.csv")
prices <- as.matrix(daily[, c("MSFT", "S&P 500 (price index)")])
returns <- prices[-1, ] / prices[-nrow(prices), ] - 1
asset <- returns[, 1]
index <- returns[, 2]
put("information", mean(asset - index) / sd(asset - index) * sqrt(252))
geometric <- function(r) prod(1 + r)^(1 / length(r)) - 1
put("up", geometric(asset[index > 0]) / geometric(index[index > 0]))
put("down", geometric(asset[index < 0]) / geometric(index[index < 0]))
excess <- asset - daily$rf[-1]
market <- index - daily$rf[-1]
levered <- mean(excess) / sd(excess) * sd(market)
put("msquared", c(levered, levered - mean(market)) * 252)
ratio <- mean(excess) / sd(excess)
score <- (excess - mean(excess)) / sqrt(mean((excess - mean(excess))^2))
variance <- (1 - mean(score^3) * ratio + (mean(score^4) - 1) / 4 * ratio^2) / length(excess)
put("sharpe_se", sqrt(variance * 252))

# ---- quantiles ------------------------------------------------------------------------------------
put("years", (qnorm(c(0.95, 0.975, 0.995)) / 0.5)^2)
put("bonferroni", c(qnorm(1e-3 / 2e6, lower.tail = FALSE), qt(0.05 / 600, 60, lower.tail = FALSE),
                    qt(0.01 / 2, 5, lower.tail = FALSE)))
