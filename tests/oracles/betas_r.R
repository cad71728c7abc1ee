# Expected betas on the sample data: rolling, by period, weighted, thin trading, up and down, timing,
# robust. Run from the root of the project: Rscript tests/oracles/betas_r.R > tests/oracles/betas_r.csv

data_file <- function(name) {
  read.csv(file.path("core", "factor_core", "data", name), check.names = FALSE)
}
put <- function(name, values) {
  values <- as.vector(t(values))
  cat(sprintf("%s.%d,%.17g\n", name, seq_along(values) - 1, as.numeric(values)), sep = "")
}

cat("#", R.version.string, "\n")
cat("name,value\n")

daily <- data_file("daily_prices.csv")
prices <- as.matrix(daily[, c("MSFT", "S&P 500 (price index)")])
n <- nrow(prices)
excess <- prices[-1, ] / prices[-n, ] - 1 - daily$rf[-1]
asset <- excess[, 1]
market <- excess[, 2]
n <- length(asset)
years <- substr(daily$date[-1], 1, 4)

monthly <- data_file("monthly_factors.csv")
monthly <- monthly[monthly[[1]] >= "1990-01-01", ]
factors <- as.matrix(monthly[, c("Mkt-RF", "SMB", "HML", "Mom")])
durables <- monthly[["Durbl"]] - monthly$RF

# ---- rolling: alpha, betas, R-squared, standard deviation of the residuals -----------------------
numbers <- function(fit) c(coef(fit), summary(fit)$r.squared, sd(resid(fit)))
for (t in c(60, 61, 200, 327)) {
  rows <- (t - 59):t
  put(paste0("rolling_", t), numbers(lm(durables[rows] ~ factors[rows, ])))
}

# ---- by calendar year, and by quarters two at a time ---------------------------------------------
period <- function(rows) summary(lm(asset[rows] ~ market[rows]))$coefficients[2, 1:2]
put("years", sapply(unique(years), function(year) period(years == year)))
put("years_n", table(years))
half <- paste(years, as.integer(substr(daily$date[-1], 6, 7)) > 6)
put("halves", sapply(unique(half), function(h) period(half == h)))

# ---- exponentially weighted ----------------------------------------------------------------------
put("ewma_market_63", coef(lm(asset ~ market, weights = 0.5^(((n - 1):0) / 63)))[2])
months <- nrow(factors)
put("ewma_factors_24", coef(lm(durables ~ factors, weights = 0.5^(((months - 1):0) / 24)))[-1])

# ---- thin trading --------------------------------------------------------------------------------
dimson <- function(lags, leads) {
  rows <- (1 + lags):(n - leads)
  shifted <- sapply(-lags:leads, function(step) market[rows + step])
  fit <- lm(asset[rows] ~ shifted)
  c(sum(coef(fit)[-1]), sqrt(sum(vcov(fit)[-1, -1])))
}
put("dimson_1_1", dimson(1, 1))
put("dimson_3_0", dimson(3, 0))
slope <- function(y, x) coef(lm(y ~ x))[[2]]
three <- slope(asset[-1], market[-n]) + slope(asset, market) + slope(asset[-n], market[-1])
put("scholes_williams", three / (1 + 2 * cor(market[-1], market[-n])))

# ---- up, down, downside, timing ------------------------------------------------------------------
put("up", slope(asset[market > 0], market[market > 0]))
put("down", slope(asset[market < 0], market[market < 0]))
put("down_1_percent", slope(asset[market < -0.01], market[market < -0.01]))
low <- market < mean(market)
put("downside_acx", cov(asset[low], market[low]) / var(market[low]))
falls <- function(r) pmin(r - mean(r), 0)
put("downside_estrada", sum(falls(asset) * falls(market)) / sum(falls(market)^2))
timing <- function(g) {
  fit <- lm(asset ~ market + g)
  cbind(summary(fit)$coefficients, confint(fit))
}
put("timing_TM", timing(market^2))
put("timing_HM", timing(pmax(0, -market)))

# ---- robust: reweighted least squares with the median absolute residual as scale ------------------
# MASS::rlm does the same, but stops at four digits and rounds the scale's 0.6745.
robust <- function(y, x, weight) {
  fit <- lm(y ~ x)
  for (i in 1:3000) {
    size <- abs(resid(fit)) / (median(abs(resid(fit))) / qnorm(0.75))
    before <- coef(fit)
    fit <- lm(y ~ x, weights = weight(size))
    if (max(abs(coef(fit) - before)) < 1e-15) break
  }
  coef(fit)[-1]
}
huber <- function(u) pmin(1, 1.345 / pmax(u, 1e-300))
tukey <- function(u) ifelse(u < 4.685, (1 - (u / 4.685)^2)^2, 0)
put("robust_huber", robust(asset, market, huber))
put("robust_tukey", robust(asset, market, tukey))
put("robust_factors_huber", robust(durables, factors, huber))
put("robust_factors_tukey", robust(durables, factors, tukey))
