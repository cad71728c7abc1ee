"""R's and gretl's numbers of coefficient_tests.R and restrictions.inp, by name."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def _lines(name: str) -> list[list[str]]:
    text = (HERE / name).read_text(encoding="ascii")
    return list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))[1:]


def _by_name() -> dict[str, np.ndarray]:
    found = defaultdict(list)
    for key, value in _lines("coefficient_tests_r.csv"):
        found[key.rpartition(".")[0]].append(float(value))
    return {name: np.array(values) for name, values in found.items()}


R = _by_name()
GRETL = {
    name: (float(statistic), float(p)) for name, statistic, p in _lines("restrictions_gretl.csv")
}
