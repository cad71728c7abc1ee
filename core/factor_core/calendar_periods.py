"""Dates as Excel's serial numbers: how often they come, and the periods that they fill."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from factor_core.labelled import Vector

EXCEL_DAY_ZERO = np.datetime64("1899-12-30")
DAYS_BETWEEN_SYSTEMS = 1462  # day 0 is 1899-12-30, or 1904-01-01 in the 1904 system
MONTHS = {"M": 1, "Q": 3, "A": 12}
PERIOD_WORDS = {"W": "week", "M": "month", "Q": "quarter", "A": "year"}
# The median number of days from one row to the next.
USUAL_GAPS = {
    "daily": (1, 4),
    "weekly": (5, 9),
    "monthly": (26, 35),
    "quarterly": (80, 100),
    "annual": (350, 380),
}
ROWS_A_YEAR = {"daily": 252, "weekly": 52, "monthly": 12, "quarterly": 4, "annual": 1}
OWN_PERIOD = {"weekly": "W", "monthly": "M", "quarterly": "Q", "annual": "A"}
SATURDAY, SUNDAY, MONDAY, FRIDAY = 0, 1, 2, 6  # serial number modulo 7


def iso_date(serial: float) -> str:
    """Return a date as text, 2024-01-31."""
    return str(EXCEL_DAY_ZERO + int(serial))


def calendar_days(dates: Vector) -> NDArray[np.datetime64]:
    """Return serial numbers as numpy's dates; none may be missing."""
    days: NDArray[np.datetime64] = EXCEL_DAY_ZERO + np.floor(dates).astype(np.int64)
    return days


def frequency_of(dates: Vector) -> str:
    """Return how often dates come: daily, weekly, monthly, quarterly, annual or irregular.

    The median gap between distinct dates decides; fewer than three dates have no frequency, "".
    """
    gaps = np.diff(np.unique(np.floor(dates[~np.isnan(dates)])))
    if len(gaps) < 2:
        return ""
    typical = float(np.median(gaps))
    fitting = [word for word, (low, high) in USUAL_GAPS.items() if low <= typical <= high]
    return fitting[0] if fitting else "irregular"


def trades_all_week(dates: Vector) -> bool:
    """Return whether Saturdays and Sundays are days like others, as for a currency of the net."""
    return bool(np.mean(np.floor(dates) % 7 <= SUNDAY) > 0.2)


def period_ends(dates: Vector, frequency: str) -> Vector:
    """Return the last calendar day of each date's week (a Friday), month, quarter or year."""
    whole = np.floor(dates)
    if frequency == "W":
        return whole + (FRIDAY - whole % 7)
    width = MONTHS[frequency]
    months = calendar_days(whole).astype("M8[M]").astype(np.int64)
    return _first_days((months // width + 1) * width) - 1


def period_starts(ends: Vector, frequency: str) -> Vector:
    """Return the first calendar day of the periods that end on these days."""
    if frequency == "W":
        return ends - 6
    months = calendar_days(ends).astype("M8[M]").astype(np.int64)
    return _first_days(months - MONTHS[frequency] + 1)


def _first_days(months: NDArray[np.int64]) -> Vector:
    """Return the serial numbers of the first days of months counted from 1970-01."""
    days = months.astype("M8[M]").astype("M8[D]") - EXCEL_DAY_ZERO
    return days.astype(np.float64)


def row_before(date: float, dates: Vector) -> float:
    """Return the day on which the row before `date` would stand if the series went on."""
    return _neighbour(date, dates, -1)


def row_after(date: float, dates: Vector) -> float:
    """Return the day on which the row after `date` would stand if the series went on."""
    return _neighbour(date, dates, 1)


def _neighbour(date: float, dates: Vector, step: int) -> float:
    frequency = frequency_of(dates)
    if frequency in ("monthly", "quarterly", "annual"):
        own = OWN_PERIOD[frequency]
        end = period_ends(np.array([date]), own)
        return float(end[0] + 1 if step > 0 else period_starts(end, own)[0] - 1)
    if frequency in ("weekly", "irregular"):
        gap = float(np.median(np.diff(np.unique(dates))))
        return date + step * gap
    all_week, day = trades_all_week(dates), date + step
    while not all_week and (day % 7 <= SUNDAY or is_usual_holiday(day)):
        day += step
    return day


def is_usual_holiday(serial: float) -> bool:
    """Return whether large stock markets are closed on this weekday at the edge of a period.

    New Year's Day, Good Friday, Easter Monday, 1 May, Christmas and, in New York, the last Monday
    of May and the first of September. Others are not known here: a series that begins or ends
    beside one is taken as incomplete, which is visible, and never as complete when it is not.
    """
    day: dt.date = calendar_days(np.array([serial]))[0].item()
    weekday = day.weekday()
    fixed = {(1, 1), (5, 1), (12, 25), (12, 26)}
    observed = (day.month, day.day) == (1, 2) and weekday == 0
    memorial = day.month == 5 and day.day > 24 and weekday == 0
    labor = day.month == 9 and day.day < 8 and weekday == 0
    from_easter = (day - _easter(day.year)).days
    return (day.month, day.day) in fixed or observed or memorial or labor or from_easter in (-2, 1)


def _easter(year: int) -> dt.date:
    """Return Easter Sunday of the Gregorian calendar, by the anonymous algorithm (Meeus 1991)."""
    century, in_century = divmod(year, 100)
    golden = year % 19
    moon_shift = (8 * century + 13) // 25
    epact = (19 * golden + century - century // 4 - moon_shift + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (in_century // 4) - epact - in_century % 4) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return dt.date(year, month, day + 1)
