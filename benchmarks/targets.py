"""What the project wants of its speed and accuracy, one line a target.

docs/performance.md shows each with what the last run of `run.py` measured.
"""

from __future__ import annotations

from typing import NamedTuple


class Target(NamedTuple):
    """A bound on one measured number."""

    work: str
    measure: str
    at_least: bool  # else at most
    limit: float
    unit: str

    @property
    def wanted(self) -> str:
        """The bound as text."""
        return f"at {'least' if self.at_least else 'most'} {self.text(self.limit)}"

    def text(self, value: float) -> str:
        """Return a number of this measure as text."""
        if self.unit == "seconds":
            return duration(value)
        digits = f"{value:.0e}" if 0 < value < 1e-3 else f"{value:.3g}"
        return f"{digits} {self.unit}".strip()

    def is_met(self, measured: float) -> bool:
        """Return whether `measured` is within the bound; NaN is not."""
        return measured >= self.limit if self.at_least else measured <= self.limit

    def margin(self, measured: float) -> float:
        """Return how many times better than the bound `measured` is; below 1 it is missed."""
        if self.at_least:
            return measured / self.limit
        return self.limit / measured if measured else float("inf")


def duration(seconds: float) -> str:
    """Return a time as text, in the unit that fits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:,.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def faster(work: str, peer: str, times: float) -> Target:
    """Return the target that `peer` takes at least so many times as long."""
    return Target(work, f"{peer} takes", at_least=True, limit=times, unit="x")


def error(work: str, limit: float) -> Target:
    """Return the target on the largest relative error of a coefficient."""
    return Target(work, "largest relative error", at_least=False, limit=limit, unit="")


ONE_FIT = "One fit with all inference, 10,000 rows, K = {}"
MANY = "{:,} assets x 2,520 rows, K = 6, {}"
ROLLING = "Rolling betas, 10,000 rows, window 252, K = {}"
UNIVERSE = "30,000 assets x 2,520 rows, K = 6, Newey-West"
GAPS = {"none": "no gaps", "ragged": "ragged starts", "scattered": "scattered gaps"}
MANY_LIMITS = {"none": 60, "ragged": 20, "scattered": 10}

TARGETS: dict[str, Target] = {
    **{
        f"one fit, K={k}": faster(ONE_FIT.format(k), "statsmodels OLS", times)
        for k, times in ((1, 30), (3, 15), (6, 12))
    },
    "one fit, passes": Target(
        ONE_FIT.format(1), "passes of np.dot over the returns", False, 20, "passes"
    ),
    "Longley": error("NIST Longley", 1e-13),
    "Filip": error("NIST Filip", 1e-7),
    "Wampler5": error("NIST Wampler5", 1e-5),
    "offset": error("Returns of 1e-4 around 1e6", 1e-11),
    "Householder": Target(
        "Hostile series", "largest error over that of Householder QR and rounding", False, 1, ""
    ),
    "hac": faster("Newey-West errors, K = 6", "statsmodels", 4),
    **{
        f"{assets} assets, {gaps}": faster(
            MANY.format(assets, text), "a loop of statsmodels", MANY_LIMITS[gaps]
        )
        for assets in (500, 3_000)
        for gaps, text in GAPS.items()
    },
    **{
        f"rolling, K={k}": faster(ROLLING.format(k), "RollingOLS, params_only,", times)
        for k, times in ((1, 150), (3, 50), (6, 20))
    },
    "rolling, 500 assets": Target(
        "Rolling betas, 500 assets x 2,520 rows, K = 6", "time", False, 0.5, "seconds"
    ),
    "rolling, 500 assets, gaps": Target(
        "Rolling betas, 500 assets with scattered gaps", "time", False, 0.5, "seconds"
    ),
    "rolling accuracy": Target(
        "Rolling, crashes, bad prints, level shifts, offsets",
        "largest error over max(1e-10, 4 x one QR a window)",
        False,
        1,
        "",
    ),
    "ewma": faster("Weighted betas, 10,000 rows", "pandas ewm.cov", 4),
    "cells": faster("10,000 x 1 cells to numbers", "xlwings' np.array converter", 10),
    "cells, limit": Target("10,000 x 1 cells to numbers", "of marshal.dumps", False, 1.5, "x"),
    "whole column": faster("A:A with 10,000 filled rows to numbers", "xlwings' converter", 20),
    "workbook": faster(
        "200 formulas over 20 regressions, K = 3, cells to cells",
        "xlwings' conversion and statsmodels",
        15,
    ),
    "cold start": Target("import factor_udfs", "of import numpy", False, 2, "x"),
    "universe": Target(UNIVERSE, "two workers over one process", True, 1.5, "x"),
    "universe, machine": Target(UNIVERSE, "two workers over two commands at once", True, 0.8, "x"),
    "universe, memory": Target(UNIVERSE, "peak of a worker", False, 512, "MB"),
    "refresh": Target("Refresh of 200 calls on 10,000 rows", "time", False, 3.5, "seconds"),
    "refresh, memory": Target("Refresh of 200 calls on 10,000 rows", "peak", False, 150, "MB"),
}
