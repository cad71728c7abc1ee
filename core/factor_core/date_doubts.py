"""What is odd about dates: the 1904 system, another time zone, another frequency."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.calendar_periods import (
    DAYS_BETWEEN_SYSTEMS,
    FRIDAY,
    MONDAY,
    OWN_PERIOD,
    PERIOD_WORDS,
    SATURDAY,
    SUNDAY,
    frequency_of,
    period_ends,
)

if TYPE_CHECKING:
    from factor_core.labelled import Vector

FEWEST_DATES = 20  # fewer days of the week prove nothing
MATCH = 0.95  # share of the shorter table that must match when its dates are moved
GAIN = 0.1  # and by how much more than as dated: four dates of five match by chance


def doubts(first: Vector, second: Vector, one: str, other: str) -> list[str]:
    """Return what is odd about two tables' distinct, sorted dates, a sentence each."""
    found = why_unmatched(first, second, one, other)
    if any(str(DAYS_BETWEEN_SYSTEMS) in text for text in found):
        return found
    for dates, label in ((first, one), (second, other)):
        odd = odd_weekdays(dates)
        if odd:
            found.append(f"{label} has dates {'; '.join(odd)}")
    return found


def why_unmatched(first: Vector, second: Vector, one: str, other: str) -> list[str]:
    """Return the reasons for which dates of two tables do not meet, a sentence each."""
    first, second = (np.unique(dates[~np.isnan(dates)]) for dates in (first, second))
    for shift in (DAYS_BETWEEN_SYSTEMS, -DAYS_BETWEEN_SYSTEMS):
        if _fits_moved(first, second, shift):
            early = other if shift > 0 else one
            text = f"{early} lies {DAYS_BETWEEN_SYSTEMS} days early, as dates of the 1904 system do"
            return [f"{text}; add {DAYS_BETWEEN_SYSTEMS} to them"]
    frequencies = frequency_of(first), frequency_of(second)
    if all(frequencies) and frequencies[0] != frequencies[1]:
        text = f"different frequencies: {one} is {frequencies[0]}, {other} is {frequencies[1]}"
        return [f"{text}; compound the shorter periods with COMPOUND_RETURNS"]
    return _other_days(first, second, frequencies[0]) if all(frequencies) else []


def _fits_moved(first: Vector, second: Vector, shift: int) -> bool:
    """Return whether the dates meet when the second table's are moved, and do not as they are."""
    shorter = min(len(first), len(second))
    if shorter < FEWEST_DATES:
        return False
    moved = len(np.intersect1d(first, second + shift)) / shorter
    as_dated = len(np.intersect1d(first, second)) / shorter
    return moved >= MATCH and moved >= as_dated + GAIN


def _other_days(first: Vector, second: Vector, frequency: str) -> list[str]:
    """Return a sentence where the same weeks, months or years are dated on different days."""
    period = OWN_PERIOD.get(frequency)
    if period is None:
        return []
    periods = np.intersect1d(period_ends(first, period), period_ends(second, period))
    apart = len(periods) - len(np.intersect1d(first, second))
    if apart <= 0:
        return []
    word = PERIOD_WORDS[period]
    text = f"{apart} {word}s are in both but dated on different days"
    return [f"{text}; date both by the {word}'s last day"]


def odd_weekdays(dates: Vector) -> tuple[str, ...]:
    """Return what is odd about the days of the week of daily dates, and the remedy; or nothing."""
    if len(dates) < FEWEST_DATES or frequency_of(dates) != "daily":
        return ()
    days = set((np.floor(dates) % 7).astype(int).tolist())
    if SATURDAY in days and not days & {SUNDAY, MONDAY}:
        return (
            "from Tuesday to Saturday: a day late, or of a workbook that counts from 1904",
            f"subtract 1, or add {DAYS_BETWEEN_SYSTEMS}",
        )
    if SUNDAY in days and not days & {SATURDAY, FRIDAY}:
        what = "from Sunday to Thursday: a market that rests on Fridays, or a day early"
        return what, "if midnights of another time zone put them a day early, add 1"
    return ()
