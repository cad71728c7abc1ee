"""The sample data as tests use them, and R's numbers on them (sample_r.R, sample_r.csv).

Every array is read-only: a function that changes its input fails the test that calls it.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
from oracles.tables import rows

from factor_core import sample
from factor_core.labelled import Columns


def expected(name: str) -> np.ndarray:
    """Return R's numbers of this name as a vector."""
    found = [
        float(value)
        for key, value in rows("sample_r.csv")
        if key == name or key.startswith(name + ".")
    ]
    if not found:
        raise KeyError(name)
    return np.array(found)


def read_only(values: np.ndarray, names: tuple[str, ...] = ()) -> Columns:
    """Return named columns that nobody can write to."""
    block = np.array(values, dtype=np.float64).reshape(len(values), -1)
    block.flags.writeable = False
    return Columns(block, names)


_daily = sample.daily()
_simple = _daily.prices[1:] / _daily.prices[:-1] - 1
EXCESS = read_only(_simple - _daily.rf[1:, None], _daily.names)
MSFT = read_only(EXCESS.values[:, 3], ("MSFT",))
MARKET = read_only(EXCESS.values[:, 4], ("market",))

_monthly = sample.monthly(start=dt.date(1990, 1, 1))
FACTORS = read_only(_monthly.factors, _monthly.factor_names)
INDUSTRIES = read_only(_monthly.industries - _monthly.rf[:, None], _monthly.industry_names)
DURABLES = read_only(INDUSTRIES.values[:, 1], ("Durbl",))

_sorted = sample.portfolios()
SORTED = read_only(_sorted.returns[-len(_monthly.dates) :] - _monthly.rf[:, None], _sorted.names)
