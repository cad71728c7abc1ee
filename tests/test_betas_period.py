from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles.betas_numbers import R
from oracles.sample_numbers import FACTORS, MARKET, MSFT

import factor_udfs
from factor_core import sample
from factor_core.coefficient_tests import beta_se
from factor_core.errors import ExcelError, InputError, NumericalError
from factor_core.estimation import factor_beta
from factor_core.period_betas import period_beta

quick = settings(max_examples=25, deadline=None)
DAY_ZERO = dt.date(1899, 12, 30)
DATES = np.array([(day - DAY_ZERO).days for day in sample.daily().dates[1:]], dtype=np.float64)


def returns(seed=1, n=60, k=1):
    rng = np.random.default_rng(seed)
    x = 0.01 * rng.standard_normal((n, k))
    return x.sum(axis=1) + 0.01 * rng.standard_normal(n), x


def serial(*date):
    return float((dt.date(*date) - DAY_ZERO).days)


@pytest.mark.parametrize(("every", "key", "blocks"), [("1Y", "years", 8), ("6M", "halves", 16)])
def test_betas_by_year_and_half_year_are_those_of_r(every, key, blocks):
    # R 4.2.2, tests/oracles/betas_r.R: lm on the rows of each block
    rows = period_beta(MSFT, MARKET, DATES, every).rows
    found = np.array([row[2:] for row in rows])
    np.testing.assert_allclose(found, R[key].reshape(2, blocks).T, rtol=1e-11)
    if every == "1Y":
        assert [row[0] for row in rows] == [str(year) for year in range(2005, 2013)]
        assert [row[1] for row in rows] == R["years_n"].tolist()


@quick
@given(st.integers(0, 99), st.sampled_from(["1Y", "2Y", "1Q", "6M", "5M", "2q", " 18m "]))
def test_each_block_is_the_regression_of_its_own_rows(seed, every):
    y, x = returns(seed, 240, 2)
    days = 40_000.0 + 7 * np.random.default_rng(seed).permutation(240)
    table = period_beta(y, x, days, every)
    assert sum(row[1] for row in table.rows) == 240
    left = np.ones(240, dtype=bool)
    for _, n, *numbers in table.rows:
        rows = np.flatnonzero(left)[np.argsort(days[left])][: int(n)]  # blocks follow one another
        left[rows] = False
        if not isinstance(numbers[0], ExcelError):
            betas, errors = factor_beta(y[rows], x[rows])[0], beta_se(y[rows], x[rows])[0]
            wanted = np.column_stack([betas, errors]).ravel()
            np.testing.assert_allclose(numbers, wanted, rtol=1e-9)


@quick
@given(st.integers(0, 200))
def test_a_block_does_not_depend_on_rows_before_it(cut):
    y, x = returns(1, 240)
    days = 40_000.0 + 7 * np.arange(240)
    whole = {row[0]: row[1:] for row in period_beta(y, x, days, "2Y").rows}
    later = period_beta(y[cut:], x[cut:], days[cut:], "2Y").rows
    for name, *numbers in later[1:]:
        np.testing.assert_allclose(numbers, whole[name], rtol=1e-11)


@pytest.mark.parametrize(
    ("every", "date", "name"),
    [
        ("1Y", (2024, 2, 29), "2024"),
        ("2Y", (2023, 12, 31), "2022 to 2023"),
        ("2Y", (2024, 1, 1), "2024 to 2025"),
        ("12M", (2024, 1, 1), "2024"),
        ("4Q", (2024, 12, 31), "2024"),
        ("1Q", (2024, 3, 31), "2024 Q1"),
        ("3M", (2024, 4, 1), "2024 Q2"),
        ("1M", (2024, 12, 1), "2024-12"),
        ("6M", (2024, 7, 1), "2024-07 to 2024-12"),
        ("2Q", (1899, 12, 31), "1899-07 to 1899-12"),
        ("18M", (2024, 7, 1), "2023-07 to 2024-12"),
    ],
)
def test_blocks_stand_at_the_calendars_own_places(every, date, name):
    y, x = returns(1, 5)
    ((found, n, *_),) = period_beta(y, x, np.full(5, serial(*date)), every).rows
    assert (found, n) == (name, 5)


def test_rows_without_a_date_or_a_return_are_left_out_and_counted_out():
    y, x = returns(1, 30)
    days = np.r_[np.full(10, serial(2020, 5, 1)), np.full(20, serial(2021, 5, 1))]
    days[[0, 12]], y[15], x[16] = np.nan, np.nan, np.nan
    table = period_beta(y, x, days)
    assert [(row[0], row[1]) for row in table.rows] == [("2020", 9), ("2021", 17)]
    np.testing.assert_allclose(table.rows[0][2], factor_beta(y[1:10], x[1:10])[0], rtol=1e-12)


def test_a_block_too_short_shows_its_rows_and_the_reason_in_error_cells():
    y, x = returns(1, 12)
    days = np.r_[np.full(2, serial(2020, 5, 1)), np.full(10, serial(2022, 5, 1))]
    short, whole = period_beta(y, x, days).rows
    assert short[:3] == ("2020", 2.0, "#NUM!")
    assert "has 2 complete rows for 1 factor(s); at least 3 are needed" in short[2].message
    assert whole[:2] == ("2022", 10.0)


def test_the_table_is_named_after_the_factors():
    days = np.array([(day - DAY_ZERO).days for day in sample.monthly().dates])[
        -len(FACTORS.values) :
    ]
    table = period_beta(FACTORS.values[:, 0] * 2, FACTORS, days.astype(float), "10Y")
    assert table.header[:5] == ("period", "n", "beta Mkt-RF", "se Mkt-RF", "beta SMB")
    assert len(table.header) == 10


def test_dates_of_the_sheet_may_be_text():
    y, x = returns(1, 4)
    days = [["2020-01-31"], ["2020-02-29"], ["2020-03-31"], ["2020-04-30"]]
    rows = factor_udfs.PERIOD_BETA(y[:, None], x, days)
    assert rows[1][:2] == ["2020", 4.0]


@pytest.mark.parametrize("every", ["", "Y", "0Y", "1", "1.5Y", "-1Y", "1W", "1000M", "year", "1 Y"])
def test_a_length_of_another_form_is_refused(every):
    y, x = returns()
    with pytest.raises(InputError) as refused:
        period_beta(y, x, DATES[:60], every)
    assert str(refused.value) == (
        f'every is "{every}"; use a whole number and Y, Q or M, such as 1Y, 2Q or 6M'
    )


def test_what_has_no_betas_by_period_is_said():
    y, x = returns()
    with pytest.raises(InputError, match="asset_returns has 2 columns; use one asset"):
        period_beta(np.column_stack([y, y]), x, DATES[:60])
    with pytest.raises(InputError, match="asset_returns has 60 rows and dates has 59"):
        period_beta(y, x, DATES[:59])
    with pytest.raises(InputError, match="dates has 2 columns; use one column of dates"):
        period_beta(y, x, np.column_stack([DATES[:60], DATES[:60]]))
    with pytest.raises(NumericalError, match="dates are missing in every row"):
        period_beta(y, x, np.full(60, np.nan))
    with pytest.raises(NumericalError, match="has 1 complete rows for 1 factor"):
        period_beta(y, x, DATES[0] + 40 * np.arange(60), "1M")
