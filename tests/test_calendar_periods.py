"""Weeks, months, quarters, years and the usual holidays at their edges."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from dateutil.easter import easter  # python-dateutil, an oracle of its own

from factor_core import calendar_periods
from factor_core.calendar_periods import (
    frequency_of,
    is_usual_holiday,
    period_ends,
    period_starts,
    row_after,
    row_before,
    trades_all_week,
)

FIRST = pd.Timestamp("1899-12-30")
DAYS = pd.date_range("1985-01-01", "2035-12-31", freq="D")
SERIALS = (DAYS - FIRST).days.to_numpy(dtype=float)
PANDAS_PERIODS = {"W": "W-FRI", "M": "M", "Q": "Q", "A": "Y"}


def serial(text):
    return float((pd.Timestamp(text) - FIRST).days)


@pytest.mark.parametrize("frequency", PANDAS_PERIODS)
def test_periods_are_those_of_pandas(frequency):
    periods = DAYS.to_period(PANDAS_PERIODS[frequency])
    ends = (periods.end_time.normalize() - FIRST).days
    starts = (periods.start_time - FIRST).days
    np.testing.assert_array_equal(period_ends(SERIALS, frequency), ends)
    np.testing.assert_array_equal(period_starts(period_ends(SERIALS, frequency), frequency), starts)


def test_easter_is_that_of_dateutil():
    for year in range(1900, 2100):
        assert calendar_periods._easter(year) == easter(year)


@pytest.mark.parametrize(
    ("day", "closed"),
    [
        ("2024-01-01", True),
        ("2023-01-02", True),  # New Year's Day on a Sunday
        ("2024-01-02", False),
        ("2024-03-29", True),  # Good Friday
        ("2024-04-01", True),  # Easter Monday
        ("2021-05-31", True),  # last Monday of May
        ("2021-05-24", False),
        ("2024-09-02", True),  # first Monday of September
        ("2024-09-03", False),
        ("2024-12-25", True),
        ("2024-12-31", False),
    ],
)
def test_usual_holidays_are_known(day, closed):
    assert is_usual_holiday(serial(day)) is closed


@pytest.mark.parametrize(
    ("rule", "word"),
    [
        ("D", "daily"),
        ("B", "daily"),
        ("W-FRI", "weekly"),
        ("ME", "monthly"),
        ("BME", "monthly"),
        ("QE", "quarterly"),
        ("YE", "annual"),
        ("10D", "irregular"),
    ],
)
def test_the_frequency_of_dates_is_found(rule, word):
    days = (pd.date_range("2010-01-01", periods=40, freq=rule) - FIRST).days.to_numpy(dtype=float)
    assert frequency_of(days) == word
    assert frequency_of(days[::-1]) == word
    assert frequency_of(np.append(days, np.nan)) == word


def test_two_dates_have_no_frequency():
    assert frequency_of(np.array([40_000.0, 40_001.0, 40_001.0])) == ""


@pytest.mark.parametrize(
    ("rule", "day", "before", "after"),
    [
        ("B", "2024-03-28", "2024-03-27", "2024-04-02"),  # over Easter
        ("B", "2024-01-02", "2023-12-29", "2024-01-03"),
        ("D", "2024-03-30", "2024-03-29", "2024-03-31"),
        ("W-FRI", "2024-03-29", "2024-03-22", "2024-04-05"),
        ("ME", "2024-02-29", "2024-01-31", "2024-03-01"),
        ("QE", "2024-03-31", "2023-12-31", "2024-04-01"),
    ],
)
def test_neighbouring_rows_stand_where_the_frequency_puts_them(rule, day, before, after):
    days = (pd.date_range("2023-01-01", periods=60, freq=rule) - FIRST).days.to_numpy(dtype=float)
    assert row_before(serial(day), days) == serial(before)
    assert row_after(serial(day), days) == serial(after)


def test_weekdays_are_no_market_that_never_closes():
    weekdays = np.array([s for s, d in zip(SERIALS, DAYS, strict=True) if d.weekday() < 5])
    assert not trades_all_week(weekdays)
    assert trades_all_week(SERIALS)
    assert dt.date(1899, 12, 30).weekday() == 5  # day 0 is a Saturday: serial 7k is one
