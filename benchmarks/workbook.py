"""Whole workbooks of formulas, cells in and cells out: the cache, and hundreds of funds at once.

Each formula gets its cells anew, as Excel hands them over. The peer converts them as xlwings does,
fits with statsmodels and converts the result back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import harness  # before numpy: it gives BLAS one thread
import numpy as np
import statsmodels.api as sm
from cells import by_xlwings

import factor_udfs as f
from factor_core.fit_cache import cache_info, clear_cache

if TYPE_CHECKING:
    from collections.abc import Callable

    Cells = tuple[tuple[Any, ...], ...]

ROWS, FACTORS, REGRESSIONS = 10_000, 3, 20
FUNDS, FUND_ROWS, FEWEST = 173, 2_520, 300
OURS, THEIRS = "factor_udfs", "xlwings' conversion and statsmodels"
FORMULAS: dict[str, tuple[Callable[..., object], Callable[[Any], Any]]] = {
    "alpha": (f.FACTOR_ALPHA, lambda fit: fit.params[0]),
    "betas": (f.FACTOR_BETA, lambda fit: fit.params[1:]),
    "R2": (f.R_SQUARED, lambda fit: fit.rsquared),
    "residual vol": (f.RESIDUAL_VOL, lambda fit: np.std(fit.resid, ddof=1)),
    "t of alpha": (f.ALPHA_TSTAT, lambda fit: fit.tvalues[0]),
    "t of betas": (f.BETA_TSTAT, lambda fit: fit.tvalues[1:]),
    "errors of betas": (f.BETA_SE, lambda fit: fit.bse[1:]),
    "residuals": (f.RESIDUAL_SERIES, lambda fit: fit.resid[:, None]),
    "hedged series": (
        f.HEDGED_SERIES,
        lambda fit: (fit.model.endog - fit.model.exog[:, 1:] @ fit.params[1:])[:, None],
    ),
    "interval of betas": (f.BETA_CI, lambda fit: fit.conf_int()[1:]),
}


def in_cells(block: np.ndarray) -> Cells:
    """Return a block as COM hands it over; blanks are None."""
    blank = np.where(np.isnan(block), None, block.astype(object))
    return tuple(map(tuple, blank.tolist()))


def regressions() -> list[tuple[Cells, Cells]]:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 0.01, (ROWS, FACTORS))
    y = x @ rng.uniform(0.5, 1.5, (FACTORS, REGRESSIONS)) + rng.normal(0, 0.01, (ROWS, REGRESSIONS))
    factors = in_cells(x)
    return [(in_cells(asset[:, None]), factors) for asset in y.T]


def by_statsmodels(y: Cells, x: Cells, statistic: Callable[[Any], Any]) -> object:
    fit = sm.OLS(by_xlwings(y)[:, 0], sm.add_constant(by_xlwings(x))).fit()
    result = statistic(fit)
    return result.tolist() if isinstance(result, np.ndarray) else float(result)


def two_hundred_formulas() -> None:
    books = regressions()
    order = [(book, formula) for formula in FORMULAS.values() for book in books]
    np.random.default_rng(1).shuffle(order)

    def ours() -> None:
        clear_cache()  # the workbook has just been opened
        for (y, x), (formula, _) in order:
            formula(y, x)

    def without_sharing() -> None:
        for (y, x), (formula, _) in order:
            clear_cache()
            formula(y, x)

    def theirs() -> None:
        for (y, x), (_, statistic) in order:
            by_statsmodels(y, x, statistic)

    shape = f"{len(order)} formulas over {REGRESSIONS} regressions"
    timed = harness.compare(
        f"{shape}, {ROWS:,} rows, {FACTORS} factors",
        {OURS: ours, f"{OURS}, every fit anew": without_sharing, THEIRS: theirs},
        rounds=5,
        clock=harness.PROCESSOR,
    )
    ours()
    print(f"found in the cache: {cache_info().hit_rate:.0%} of the fits")
    harness.reached("workbook", timed[THEIRS].ratio)


def funds(gaps: str) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.normal(0, 0.01, (FUND_ROWS, FACTORS))
    y = x @ rng.uniform(-0.5, 1.5, (FACTORS, FUNDS)) + rng.normal(0, 0.015, (FUND_ROWS, FUNDS))
    if gaps != "no gaps":
        y[np.arange(FUND_ROWS)[:, None] < rng.integers(0, FUND_ROWS - FEWEST, FUNDS)] = np.nan
    return y, x


def table_by_statsmodels(y: Cells, x: Cells) -> list[list[float]]:
    returns, factors = by_xlwings(y).astype(float), by_xlwings(x)
    rows = []
    for asset in returns.T:
        there = ~np.isnan(asset)
        lags = int(4 * (there.sum() / 100) ** (2 / 9))
        fit = sm.OLS(asset[there], sm.add_constant(factors[there])).fit(
            cov_type="HAC", use_t=True, cov_kwds={"maxlags": lags, "use_correction": True}
        )
        vol = np.std(fit.resid, ddof=1)
        rows.append([*fit.params.tolist(), float(fit.tvalues[0]), fit.rsquared, float(vol)])
    return rows


def one_table(gaps: str) -> None:
    y, x = map(in_cells, funds(gaps))

    def ours() -> object:
        clear_cache()
        return f.FACTOR_TABLE(y, x)

    harness.compare(
        f"FACTOR_TABLE of {FUNDS} funds on three factors, {FUND_ROWS:,} rows, Newey-West, {gaps}",
        {OURS: ours, THEIRS: lambda: table_by_statsmodels(y, x)},
        rounds=5,
        clock=harness.PROCESSOR,
    )


def main() -> None:
    """Show the tables."""
    print(harness.machine())
    two_hundred_formulas()
    for gaps in ("no gaps", "ragged starts"):
        one_table(gaps)


if __name__ == "__main__":
    main()
