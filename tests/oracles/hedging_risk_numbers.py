"""R's hedges and portfolio risk on the sample data (hedging_risk_r.R, hedging_risk_r.csv)."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np


def _read() -> dict[str, np.ndarray]:
    text = Path(__file__).with_name("hedging_risk_r.csv").read_text(encoding="ascii")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    found = defaultdict(list)
    for key, value in list(rows)[1:]:
        name, _, place = key.rpartition(".")
        found[name if place.isdigit() else key].append(float(value))
    return {name: np.array(values) for name, values in found.items()}


R = _read()
