"""R's numbers of regressions on the sample data (regression.R, regression_r.csv), and that data.

Models: one (MSFT on the market, daily), four (durables on four factors, monthly), short (its first
24 months), gaps (the same with holes), zero (without intercept).
"""

from __future__ import annotations

import numpy as np
from oracles.tables import by_name

from factor_core import sample
from factor_core.labelled import Columns


def _models() -> dict[str, tuple[Columns, Columns]]:
    daily, monthly = sample.daily(), sample.monthly()
    simple = daily.prices[1:] / daily.prices[:-1] - 1 - daily.rf[1:, None]
    durables = monthly.industries[:, [1]] - monthly.rf[:, None]
    gappy, holed = durables.copy(), monthly.factors.copy()
    gappy[[0, 9, *range(50, 60)]] = np.nan
    holed[99, 1] = holed[818, 3] = np.nan
    names = monthly.factor_names

    def pair(asset: np.ndarray, factors: np.ndarray) -> tuple[Columns, Columns]:
        return Columns(asset, ("Durbl",)), Columns(factors, names)

    return {
        "one": (Columns(simple[:, [3]], ("MSFT",)), Columns(simple[:, [4]], ("market",))),
        "four": pair(durables, monthly.factors),
        "short": pair(durables[:24], monthly.factors[:24]),
        "gaps": pair(gappy, holed),
        "zero": pair(durables, monthly.factors),
    }


R = by_name("regression_r.csv")
MODELS = _models()
WITH_ALPHA = [name for name in MODELS if name != "zero"]
