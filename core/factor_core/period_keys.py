"""Which week, month or year a date belongs to, so that rows dated otherwise can be matched."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

UNITS = {"D": "day", "W": "week", "M": "month", "A": "year"}


def letter_of(periods: float) -> str | None:
    """Return D, W, M or A for periods a year; None for what is none of them, such as quarters.

    Examples
    --------
    >>> [letter_of(periods) for periods in (252, 365, 52, 12, 1, 4)]
    ['D', 'D', 'W', 'M', 'A', None]
    """
    spans = {"D": (200, 366), "W": (48, 54), "M": (11, 13), "A": (0.9, 1.1)}
    return next((letter for letter, (low, high) in spans.items() if low <= periods <= high), None)


def period_key(day: dt.date, frequency: str | None) -> int:
    """Return a number for the day, week (Monday to Sunday), month or year of a date.

    Later periods have larger numbers.

    Examples
    --------
    >>> import datetime
    >>> friday, monday = datetime.date(2020, 1, 31), datetime.date(2020, 2, 3)
    >>> [period_key(monday, letter) - period_key(friday, letter) for letter in "DWMA"]
    [3, 1, 1, 0]
    """
    if frequency == "A":
        return day.year
    if frequency == "M":
        return 12 * day.year + day.month
    if frequency == "W":
        return (day.toordinal() - 1) // 7  # the first day of the calendar is a Monday
    return day.toordinal()


def period_text(day: dt.date, frequency: str | None) -> str:
    """Return a period as notes write it: 2020-01-31, 2020-01 or 2020."""
    return f"{day:%Y}" if frequency == "A" else f"{day:%Y-%m}" if frequency == "M" else f"{day}"
