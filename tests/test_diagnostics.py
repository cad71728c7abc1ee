"""FACTOR_DIAGNOSTICS: our numbers, by statsmodels, against R's lmtest and stats."""

import csv
from pathlib import Path

import numpy as np
import pytest
from oracles.sample_numbers import DURABLES, FACTORS, MARKET, MSFT

from factor_core.diagnostics import factor_diagnostics
from factor_core.errors import InputError, NumericalError

ORACLE = Path(__file__).parent / "oracles" / "diagnostics_r.csv"  # made by diagnostics_r.R
TESTS = {
    "Durbin-Watson": ("dw", None),
    "Breusch-Pagan": ("bp", "bp_p"),
    "White": ("white", "white_p"),
    "Ljung-Box, 10 lags": ("lb", "lb_p"),
    "Jarque-Bera": ("jb", "jb_p"),
    "condition number": ("cond", None),
    "max leverage": ("leverage", None),
}


def expected(label):
    lines = [x for x in ORACLE.read_text(encoding="ascii").splitlines() if not x.startswith("#")]
    found = dict(list(csv.reader(lines))[1:])
    return {k.split(".")[1]: float(v) for k, v in found.items() if k.startswith(f"{label}.")}


@pytest.mark.parametrize(
    ("label", "asset", "factors"), [("msft", MSFT, MARKET), ("durables", DURABLES, FACTORS)]
)
def test_every_diagnostic_equals_that_of_r(label, asset, factors):
    rows = {row[0]: row for row in factor_diagnostics(asset, factors).rows}
    oracle = expected(label)
    for name, (statistic, p) in TESTS.items():
        assert rows[name][1] == pytest.approx(oracle[statistic], rel=1e-9)
        assert rows[name][2] == (
            "" if p is None else pytest.approx(oracle[p], rel=1e-9, abs=1e-300)
        )
    for j, name in enumerate(factors.names, 1):
        assert rows[f"VIF {name}"][1] == pytest.approx(oracle[f"vif{j}"], rel=1e-9)


def test_diagnostics_do_not_depend_on_the_unit_of_the_asset():
    one = factor_diagnostics(MSFT, MARKET).rows
    scaled = factor_diagnostics(MSFT.values * 100, MARKET).rows
    for a, b in zip(one, scaled, strict=True):
        assert a[1] == pytest.approx(b[1], rel=1e-9)


def test_a_missing_row_counts_as_a_deleted_one():
    gap = MSFT.values.copy()
    gap[100] = np.nan
    deleted = factor_diagnostics(np.delete(gap, 100, 0), np.delete(MARKET.values, 100, 0))
    for a, b in zip(factor_diagnostics(gap, MARKET).rows, deleted.rows, strict=True):
        assert a[1] == pytest.approx(b[1], rel=1e-12)


def test_too_few_rows_are_a_sentence():
    with pytest.raises(NumericalError, match=r"19 complete rows for 1 factor.*need 20"):
        factor_diagnostics(MSFT.values[:19], MARKET.values[:19])


def test_several_assets_are_a_sentence():
    with pytest.raises(InputError, match="2 columns; use one asset"):
        factor_diagnostics(np.hstack([MSFT.values, MARKET.values]), MARKET)
