"""FACTOR_DIAGNOSTICS: our numbers, by statsmodels, against R's lmtest and stats."""

import numpy as np
import pytest
from oracles.sample_numbers import DURABLES, FACTORS, MARKET, MSFT
from oracles.tables import rows

from factor_core.diagnostics import factor_diagnostics
from factor_core.errors import InputError, NumericalError
from factor_core.labelled import Columns

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
    found = rows("diagnostics_r.csv")  # made by diagnostics_r.R
    return {k.split(".")[1]: float(v) for k, v in found if k.startswith(f"{label}.")}


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


@pytest.mark.parametrize(("scale", "shift"), [(1e-7, 0.0), (1.0, 5.0), (1e4, -3.0)])
def test_tests_do_not_depend_on_the_unit_and_level_of_the_factors(scale, shift):
    one = {row[0]: row for row in factor_diagnostics(DURABLES, FACTORS).rows}
    other = Columns(FACTORS.values * scale + shift, FACTORS.names)
    for row in factor_diagnostics(DURABLES, other).rows:
        if row[0] != "condition number":
            assert row[1] == pytest.approx(one[row[0]][1], rel=1e-6)


def test_a_factor_of_0_and_1_is_its_own_square_and_no_bug():
    january = (np.arange(len(MSFT.values)) % 12 == 0).astype(float)
    rows = {row[0]: row for row in factor_diagnostics(MSFT, january).rows}
    assert rows["White"][1:3] == pytest.approx(rows["Breusch-Pagan"][1:3], rel=1e-9)


def test_residuals_all_of_one_size_have_a_constant_variance():
    market, residual = np.array([-1, 1, -1, 1.0] * 6), np.array([1, 1, -1, -1.0] * 6)
    for unit in (1.0, 0.01):
        rows = factor_diagnostics((market + residual) * unit, market * unit).rows
        tests = {row[0]: row[1:3] for row in rows}
        assert tests["Breusch-Pagan"] == tests["White"] == (0.0, 1.0)


def test_a_missing_row_counts_as_a_deleted_one():
    gap = MSFT.values.copy()
    gap[100] = np.nan
    deleted = factor_diagnostics(np.delete(gap, 100, 0), np.delete(MARKET.values, 100, 0))
    for a, b in zip(factor_diagnostics(gap, MARKET).rows, deleted.rows, strict=True):
        assert a[1] == pytest.approx(b[1], rel=1e-12)


def test_few_rows_leave_out_the_tests_that_need_more_and_say_so():
    table = factor_diagnostics(MSFT.values[:19], MARKET.values[:19])
    rows = {row[0]: row for row in table.rows}
    assert rows["Ljung-Box, 10 lags"][1:] == ("#N/A", "", "needs 20 rows, has 19")
    assert [name for name, row in rows.items() if row[1] == "#N/A"] == ["Ljung-Box, 10 lags"]
    few = {row[0]: row for row in factor_diagnostics(MSFT.values[:3], MARKET.values[:3]).rows}
    assert list(few) == list(rows)
    assert few["White"][1:] == ("#N/A", "", "needs 4 rows, has 3")
    assert len(factor_diagnostics(MSFT.values[:20], MARKET.values[:20]).rows) == len(rows)


def test_too_few_rows_for_the_regression_are_a_sentence():
    with pytest.raises(NumericalError, match="2 complete rows for 1 factor"):
        factor_diagnostics(MSFT.values[:2], MARKET.values[:2])


def test_several_assets_are_a_sentence():
    with pytest.raises(InputError, match="2 columns; use one asset"):
        factor_diagnostics(np.hstack([MSFT.values, MARKET.values]), MARKET)
