"""Clean returns of 200 seeds: how often FACTOR_CHECK warns of nothing.

Run from the root: `PYTHONPATH=core:tests python tests/oracles/clean_returns.py` writes
tests/oracles/clean_returns.csv, the rates that docs/checks.md states. The tests draw from here.
"""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np

from factor_core.checks import factor_check

SEEDS = 200
DAILY, MONTHLY = 252, 12
FIRST_DAY = np.datetime64("2015-01-01")
EPOCH = np.datetime64("1899-12-30")
LAWS = ("normal", "t4", "garch")
SHAPES = tuple(  # periods a year, rows, assets, factors
    (periods, rows, assets, factors)
    for periods, rows in ((DAILY, 750), (DAILY, 2500), (MONTHLY, 120))
    for assets, factors in ((1, 1), (1, 3), (5, 1), (4, 5))
)


def draw(rng: np.random.Generator, law: str, rows: int, columns: int) -> np.ndarray:
    """Return columns of mean 0 and variance 1 by one of the laws."""
    if law == "normal":
        return rng.standard_normal((rows, columns))
    if law == "t4":
        return rng.standard_t(4, (rows, columns)) / np.sqrt(2)
    # GARCH(1,1) with normal shocks, the persistence of daily equity indices.
    arch, persistence, burn_in = 0.08, 0.98, 200
    shocks = rng.standard_normal((rows + burn_in, columns))
    variance, series = np.ones(columns), np.empty_like(shocks)
    for t, shock in enumerate(shocks):
        series[t] = np.sqrt(variance) * shock
        variance = 1 - persistence + arch * series[t] ** 2 + (persistence - arch) * variance
    return series[burn_in:]


def dates(periods: int, rows: int) -> np.ndarray:
    """Return serial numbers: every weekday, or the last day of every month."""
    if periods == MONTHLY:
        months = np.arange(FIRST_DAY.astype("M8[M]"), FIRST_DAY.astype("M8[M]") + rows)
        days = (months + 1).astype("M8[D]") - 1
    else:
        days = np.busday_offset(FIRST_DAY, np.arange(rows), roll="forward")
    return (days - EPOCH).astype(float)


def clean(
    seed: int, law: str, periods: int, rows: int, assets: int, factors: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return asset returns, factor returns and dates with nothing wrong in them."""
    rng = np.random.default_rng([seed, LAWS.index(law), periods, rows, assets, factors])
    f = rng.uniform(0.05, 0.2, factors) * draw(rng, law, rows, factors) / np.sqrt(periods)
    beta = rng.uniform(-0.5, 1.5, (factors, assets))
    noise = rng.uniform(0.1, 0.4, assets) * draw(rng, law, rows, assets) / np.sqrt(periods)
    drift = 0.05 / periods
    worst = -0.9  # fat tails reach below -100 %; no price does
    asset_returns, factor_returns = f @ beta + noise + drift, f + drift
    return np.maximum(asset_returns, worst), np.maximum(factor_returns, worst), dates(periods, rows)


def alarms(table: object) -> list[str]:
    """Return the findings that are errors or warnings."""
    return [row[1] for row in table.rows if row[0] != "info"]


def main() -> None:
    """Write the share of seeds with an error or a warning, for every law and shape."""
    target = Path(__file__).with_suffix(".csv")
    with target.open("w", newline="", encoding="ascii") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["law", "periods", "rows", "assets", "factors", "seeds", "alarmed", "by"])
        for law in LAWS:
            for shape in SHAPES:
                found = [set(alarms(factor_check(*clean(s, law, *shape)))) for s in range(SEEDS)]
                by = Counter(what for each in found for what in each)
                words = "; ".join(f"{what}: {n}" for what, n in by.most_common())
                writer.writerow([law, *shape, SEEDS, sum(map(bool, found)), words])


if __name__ == "__main__":
    main()
