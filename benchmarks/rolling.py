"""Rolling regressions beside statsmodels' RollingOLS, pandas and polars; weighted betas.

RollingOLS computes parameters only. pandas' ewm.cov gives every row's covariance; the last one is
asked for. The cache is switched off.
"""

from __future__ import annotations

import os

os.environ["FACTOR_UDFS_CACHE_MB"] = "0"  # windows that are timed again would only be looked up

import importlib
from typing import TYPE_CHECKING

import harness  # before numpy: it gives BLAS one thread
import numpy as np
import pandas as pd
import statsmodels
import statsmodels.api as sm
from statsmodels.regression.rolling import RollingOLS

from factor_core.rolling import rolling_beta, rolling_regression
from factor_core.weighted import ewma_beta

if TYPE_CHECKING:
    from collections.abc import Callable

OURS, THEIRS = "factor_core", "RollingOLS, params_only"
BESIDE = "with alpha, R2 and residual vol"
ROWS, WINDOW, MIN_OBS = 10_000, 252, 200
ASSETS, ASSET_ROWS = 500, 2_520
HALFLIFE = 63
Pair = tuple[np.ndarray, np.ndarray]


def data(k: int, rows: int = ROWS, assets: int = 1) -> Pair:
    rng = np.random.default_rng(k)
    factors = rng.normal(0, 0.01, (rows, k)) + rng.normal(0, 0.005, (rows, 1))
    noise = rng.normal(1e-4, 0.012, (rows, assets))
    return factors @ rng.uniform(0.2, 1.2, (k, assets)) + noise, factors


def with_gaps(y: np.ndarray) -> np.ndarray:
    return np.where(np.random.default_rng(0).random(y.shape) < 0.02, np.nan, y)


def theirs(y: np.ndarray, x: np.ndarray, **options: object) -> object:
    model = RollingOLS(y[:, 0], sm.add_constant(x), WINDOW, **options)
    return model.fit(params_only=True)


def by_pandas(y: np.ndarray, x: np.ndarray) -> object:
    """Return the rolling betas on one factor: all that pandas has."""
    asset, factor = pd.Series(y[:, 0]), pd.Series(x[:, 0])
    return asset.rolling(WINDOW).cov(factor) / factor.rolling(WINDOW).var()


def by_polars(y: np.ndarray, x: np.ndarray) -> dict[str, Callable[[], object]]:
    if not harness.peer("polars-ols", "polars_ols"):
        return {}
    pl = importlib.import_module("polars")
    names = [f"x{j}" for j in range(x.shape[1])]
    frame = pl.DataFrame({"y": y[:, 0], **dict(zip(names, x.T.copy(), strict=True))})
    options = {"window_size": WINDOW, "min_periods": WINDOW, "mode": "coefficients"}
    fit = pl.col("y").least_squares.rolling_ols(*names, add_intercept=True, **options)
    return {"polars-ols": lambda: frame.select(fit)}


def one_asset(k: int) -> None:
    y, x = data(k)
    timed = harness.compare(
        f"Rolling betas, {ROWS:,} rows, window {WINDOW}, {k} factor(s)",
        {
            OURS: lambda: rolling_beta(y, x, WINDOW),
            BESIDE: lambda: rolling_regression(y, x, WINDOW),
            THEIRS: lambda: theirs(y, x),
            **({"pandas rolling cov and var": lambda: by_pandas(y, x)} if k == 1 else {}),
            **by_polars(y, x),
        },
        rounds=9,
        clock=harness.PROCESSOR,
    )
    harness.reached(f"rolling, K={k}", timed[THEIRS].ratio)
    gapped = with_gaps(y)
    harness.compare(
        f"Rolling betas, the same with one row in fifty missing, {k} factor(s)",
        {
            OURS: lambda: rolling_beta(gapped, x, WINDOW, MIN_OBS),
            BESIDE: lambda: rolling_regression(gapped, x, WINDOW, MIN_OBS),
            THEIRS: lambda: theirs(gapped, x, min_nobs=MIN_OBS, missing="drop", expanding=True),
        },
        rounds=9,
        clock=harness.PROCESSOR,
    )


def many_assets() -> None:
    y, x = data(6, ASSET_ROWS, ASSETS)
    young = y.copy()
    for j in range(ASSETS):  # listed at different times: every asset has windows of its own
        young[: j % 10 * 126, j] = np.nan
    gapped = with_gaps(y)
    gapless, scattered = "no gaps", "scattered gaps, a pattern an asset"
    timed = harness.compare(
        f"Rolling betas, {ASSETS} assets x {ASSET_ROWS:,} rows x 6 factors",
        {
            gapless: lambda: rolling_beta(y, x, WINDOW),
            "listed at ten different times": lambda: rolling_beta(young, x, WINDOW, MIN_OBS),
            scattered: lambda: rolling_beta(gapped, x, WINDOW, MIN_OBS),
            f"{gapless}, {BESIDE}": lambda: rolling_regression(y, x, WINDOW),
            f"{scattered}, {BESIDE}": lambda: rolling_regression(gapped, x, WINDOW, MIN_OBS),
        },
        rounds=5,
        clock=harness.PROCESSOR,
    )
    harness.reached("rolling, 500 assets", timed[gapless].seconds)
    harness.reached("rolling, 500 assets, gaps", timed[scattered].seconds)


def weighted() -> None:
    y, x = data(1)
    frame = pd.DataFrame({"asset": y[:, 0], "market": x[:, 0]})

    def ewm_cov() -> float:
        moments = frame.ewm(halflife=HALFLIFE).cov().to_numpy()[-2:]
        return moments[0, 1] / moments[1, 1]

    timed = harness.compare(
        f"Weighted beta as of the last of {ROWS:,} rows, halflife {HALFLIFE}",
        {
            OURS: lambda: ewma_beta(y, x, HALFLIFE),
            "statsmodels WLS": lambda: sm.WLS(
                y, sm.add_constant(x), weights=0.5 ** (np.arange(ROWS)[::-1] / HALFLIFE)
            ).fit(),
            "pandas ewm.cov": ewm_cov,
        },
        clock=harness.PROCESSOR,
    )
    harness.reached("ewma", timed["pandas ewm.cov"].ratio)


def main() -> None:
    """Show the tables."""
    print(harness.machine(), f"statsmodels {statsmodels.__version__}", sep=", ")
    for k in (1, 3, 6):
        one_asset(k)
    many_assets()
    weighted()


if __name__ == "__main__":
    main()
