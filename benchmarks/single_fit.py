"""One regression beside statsmodels: coefficients, standard errors, R-squared and residuals.

Peers that give coefficients only do a part of the work. The limit is one pass of np.dot over the
returns. Fits are computed anew: the cache is switched off, and shown as a row of its own.
"""

from __future__ import annotations

import os

os.environ["FACTOR_UDFS_CACHE_MB"] = "0"  # a fit that is timed again would only be looked up

from typing import TYPE_CHECKING

import harness  # before numpy: it gives BLAS one thread
import numpy as np
import statsmodels
import statsmodels.api as sm

from factor_core.covariance import standard_errors
from factor_core.fit_cache import FitCache
from factor_core.labelled import Columns
from factor_core.regression import regress

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS = 10_000
HAC_LAGS = (5, 50)
ONLY = "coefficients only"


def data(k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(k)
    factors = rng.normal(0, 0.01, (ROWS, k)) + rng.normal(0, 0.005, (ROWS, 1))
    return factors @ rng.uniform(0.2, 1.2, k) + rng.normal(1e-4, 0.012, ROWS), factors


def ours(asset: Columns, factors: Columns, se: str = "ols", lags: int | None = None) -> object:
    fit = regress(asset, factors)
    return fit.alpha, fit.beta, standard_errors(fit, se, lags), fit.r_squared, fit.residuals


def found_again(cache: FitCache, asset: Columns, factors: Columns) -> object:
    read = asset.values, factors.values
    return cache.recall("fit", read, (), lambda: tuple(regress(asset, factors)[:11]))


def theirs(y: np.ndarray, x: np.ndarray, **covariance: object) -> object:
    fit = sm.OLS(y, sm.add_constant(x)).fit(**covariance)
    return fit.params, fit.bse, fit.rsquared, fit.resid


def by_lstsq(y: np.ndarray, x: np.ndarray) -> object:
    return np.linalg.lstsq(np.column_stack([np.ones(len(y)), x]), y)


def by_others(y: np.ndarray, x: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return the candidates that give coefficients only."""
    found: dict[str, Callable[[], object]] = {f"numpy lstsq, {ONLY}": lambda: by_lstsq(y, x)}
    if linear := harness.peer("scikit-learn", "sklearn.linear_model"):
        found[f"scikit-learn, {ONLY}"] = lambda: linear.LinearRegression().fit(x, y)
    if harness.peer("polars-ols", "polars_ols") and (pl := harness.peer("polars", "polars")):
        names = [f"x{j}" for j in range(x.shape[1])]
        frame = pl.DataFrame({"y": y, **dict(zip(names, x.T.copy(), strict=True))})
        fit = pl.col("y").least_squares.ols(*names, mode="coefficients", add_intercept=True)
        found[f"polars-ols, {ONLY}"] = lambda: frame.select(fit)
    return found


def one_fit(k: int) -> None:
    y, x = data(k)
    asset, factors, cache = Columns(y[:, None]), Columns(x), FitCache(10**8)
    limit, first = "one pass of np.dot", x[:, 0].copy()
    timed = harness.compare(
        f"One fit, {ROWS:,} rows, {k} factor(s)",
        {
            "factor_core": lambda: ours(asset, factors),
            "factor_core, found in the cache": lambda: found_again(cache, asset, factors),
            "statsmodels OLS": lambda: theirs(y, x),
            **by_others(y, x),
            limit: lambda: np.dot(y, first),
        },
        clock=harness.PROCESSOR,
    )
    harness.reached(f"one fit, K={k}", timed["statsmodels OLS"].ratio)
    if k == 1:
        harness.reached("one fit, passes", 1 / timed[limit].ratio)


def newey_west(lags: int) -> float:
    """Return how many times as long statsmodels takes."""
    y, x = data(6)
    asset, factors = Columns(y[:, None]), Columns(x)
    options = {"cov_type": "HAC", "cov_kwds": {"maxlags": lags, "use_correction": True}}
    timed = harness.compare(
        f"One fit with Newey-West errors of {lags} lags, {ROWS:,} rows, 6 factors",
        {
            "factor_core": lambda: ours(asset, factors, "hac", lags),
            "statsmodels HAC": lambda: theirs(y, x, **options),
        },
        clock=harness.PROCESSOR,
    )
    return timed["statsmodels HAC"].ratio


def main() -> None:
    """Show the tables."""
    print(harness.machine(), f"statsmodels {statsmodels.__version__}", sep=", ")
    for k in (1, 3, 6):
        one_fit(k)
    harness.reached("hac", min(map(newey_west, HAC_LAGS)))


if __name__ == "__main__":
    main()
