"""Many assets in one call beside a loop of statsmodels, each with its own missing rows.

The loop runs over some of the assets; its time is that of all. The limit is one GEMM of the
factors and the returns. The cache is switched off.
"""

from __future__ import annotations

import os

os.environ["FACTOR_UDFS_CACHE_MB"] = "0"  # fits that are timed again would only be looked up

import importlib
from typing import TYPE_CHECKING

import harness  # before numpy: it gives BLAS one thread
import numpy as np
import statsmodels
import statsmodels.api as sm

from factor_core.covariance import standard_errors
from factor_core.labelled import Columns
from factor_core.regression import regress

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS, FACTORS = 2_520, 6
FEWEST = 300  # rows of the youngest asset
LOOPED = 50  # assets of statsmodels' loop, every so many of all
GAPS = {"none": "no gaps", "ragged": "ragged starts", "scattered": "scattered gaps as well"}
ONLY = "coefficients only"


def data(assets: int, gaps: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.normal(0, 0.01, (ROWS, FACTORS))
    x[:, 1:] += 0.5 * x[:, :1]
    y = x @ rng.uniform(-0.5, 1.5, (FACTORS, assets)) + rng.normal(0, 0.015, (ROWS, assets))
    if gaps != "none":
        y[np.arange(ROWS)[:, None] < rng.integers(0, ROWS - FEWEST, assets)] = np.nan
    if gaps == "scattered":
        y[rng.random(y.shape) < 0.01] = np.nan
    return y, x


def ours(y: np.ndarray, x: np.ndarray) -> object:
    fit = regress(Columns(y), Columns(x))
    return fit.alpha, fit.beta, standard_errors(fit), fit.r_squared, fit.residuals


def theirs(y: np.ndarray, x: np.ndarray) -> None:
    for asset in y.T:
        rows = ~np.isnan(asset)
        fit = sm.OLS(asset[rows], sm.add_constant(x[rows])).fit()
        _ = fit.params, fit.bse, fit.rsquared, fit.resid


def coefficients_by_others(y: np.ndarray, x: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return the candidates for assets without gaps that give coefficients only."""
    block = np.column_stack([np.ones(ROWS), x])
    found: dict[str, Callable[[], object]] = {
        f"numpy lstsq, {ONLY}": lambda: np.linalg.lstsq(block, y)
    }
    if linear := harness.peer("scikit-learn", "sklearn.linear_model"):
        found[f"scikit-learn, {ONLY}"] = lambda: linear.LinearRegression().fit(x, y)
    return found


def coefficients_by_polars(y: np.ndarray, x: np.ndarray) -> dict[str, Callable[[], object]]:
    """Return the candidate that groups a long table by asset; rows without a return are left out.

    To build the table is not timed.
    """
    if not harness.peer("polars-ols", "polars_ols"):
        return {}
    pl = importlib.import_module("polars")
    names = [f"x{j}" for j in range(x.shape[1])]
    row, asset = np.nonzero(~np.isnan(y))
    long = pl.DataFrame(
        {"y": y[row, asset], "asset": asset, **dict(zip(names, x[row].T.copy(), strict=True))}
    )
    fit = pl.col("y").least_squares.ols(*names, mode="coefficients", add_intercept=True)
    return {f"polars-ols, {ONLY}": lambda: long.group_by("asset").agg(fit)}


def many(assets: int, gaps: str) -> None:
    y, x = data(assets, gaps)
    some = y[:, :: assets // LOOPED]
    loop = f"a loop of statsmodels OLS, timed on {LOOPED}"
    transposed = np.ascontiguousarray(x.T)
    others = coefficients_by_others(y, x) if gaps == "none" else {}
    timed = harness.compare(
        f"{assets:,} assets x {ROWS:,} rows x {FACTORS} factors, {GAPS[gaps]}",
        {
            "factor_core": lambda: ours(y, x),
            loop: lambda: theirs(some, x),
            **others,
            **coefficients_by_polars(y, x),
            "one GEMM of factors and returns": lambda: transposed @ y,
        },
        rounds=7,
        shares={loop: some.shape[1] / assets},
        clock=harness.PROCESSOR,
    )
    harness.reached(f"{assets} assets, {gaps}", timed[loop].ratio)


def main() -> None:
    """Show the tables."""
    print(harness.machine(), f"statsmodels {statsmodels.__version__}", sep=", ")
    for assets in (500, 3_000):
        for gaps in GAPS:
            many(assets, gaps)


if __name__ == "__main__":
    main()
