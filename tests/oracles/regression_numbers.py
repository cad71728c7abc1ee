"""R's numbers of regressions on the sample data (regression.R, regression_r.csv), and that data.

Models: one (MSFT on the market, daily), four (durables on four factors, monthly), short (its first
24 months), gaps (the same with holes), zero (without intercept).
"""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from factor_core import sample
from factor_core.labelled import Columns


def _read() -> dict[str, np.ndarray]:
    text = Path(__file__).with_name("regression_r.csv").read_text(encoding="ascii")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    found = defaultdict(list)
    for key, value in list(rows)[1:]:
        found[key.rpartition(".")[0]].append(float(value))
    return {name: np.array(values) for name, values in found.items()}


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


R = _read()
MODELS = _models()
WITH_ALPHA = [name for name in MODELS if name != "zero"]
