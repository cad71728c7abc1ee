"""Findings on cells, rows and dates: what is no number, what is missing, what the dates say."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from factor_core.calendar_periods import (
    OWN_PERIOD,
    PERIOD_WORDS,
    SUNDAY,
    calendar_days,
    frequency_of,
    iso_date,
    period_ends,
    trades_all_week,
)
from factor_core.compounding import cut_periods, every_end
from factor_core.date_doubts import odd_weekdays
from factor_core.errors import first_of
from factor_core.findings import Finding, named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from factor_core.findings import Inspected, Series
    from factor_core.labelled import Vector

SHOWN = 3
USUAL_MISSING = 4  # weekdays without a row in one month that holidays explain
MOST_MISSING = 7  # more than Japan's or China's longest holidays
LONGEST_BREAK = 12  # calendar days between two daily rows; the same holidays
FEW_WEEKENDS = 0.2  # a larger share of Saturdays and Sundays is a market that never closes
FEWEST_ROWS = 30  # and ten for each coefficient
ROWS_A_COEFFICIENT = 10
COMPOUNDED_TO = {"daily": "M", "weekly": "M", "monthly": "A", "quarterly": "A"}


def cells(data: Inspected) -> Iterator[Finding]:
    """Cells that hold neither a number nor nothing."""
    for argument, refused in data.refused.items():
        for column, group in groupby(sorted(refused, key=lambda c: c.column), lambda c: c.column):
            found = list(group)
            shown = first_of(found, SHOWN, lambda cell: f"row {cell.row} is {cell.found}")
            remedy = "use a date such as 2024-01-31" if argument == "dates" else "use a number"
            where = argument if argument == "dates" else f"{argument} column {column}"
            yield Finding(
                "error",
                f"cells that are no {'date' if argument == 'dates' else 'number'}",
                f"{where}: {shown}",
                float(len(found)),
                f"{remedy} or a blank: other functions refuse these cells",
            )


def missing_rows(data: Inspected) -> Iterator[Finding]:
    """Rows that regressions drop because a value is missing, and series that begin or end early."""
    gaps: dict[bytes, list[Series]] = {}
    for series in data.series:
        there = np.flatnonzero(~np.isnan(series.values))
        if not there.size:
            yield _nothing_there(series)
            continue
        absent = np.isnan(series.values)
        absent[_refused_rows(data, series)] = False  # told by `cells`
        inside = absent.copy()
        inside[: there[0]] = inside[there[-1] :] = False
        if inside.any():
            gaps.setdefault(inside.tobytes(), []).append(series)
        outside = np.flatnonzero(absent & ~inside)
        if outside.size:
            yield Finding(
                "info",
                "begins later or ends earlier than the other series",
                f"{series.place}: values from {data.rows_text(there[[0]])} to "
                f"{data.rows_text(there[[-1]])}",
                float(outside.size),
                "its regressions use these rows only; nothing to do if that is its history",
            )
    for key, group in gaps.items():
        yield _dropped(data, group, np.flatnonzero(np.frombuffer(key, dtype=bool)))


def _refused_rows(data: Inspected, series: Series) -> list[int]:
    refused = data.refused[series.argument]
    return [cell.row - series.first_row for cell in refused if cell.column == series.column]


def _nothing_there(series: Series) -> Finding:
    return Finding("error", "no number at all", series.place, 0.0, "use a range that holds returns")


def _dropped(data: Inspected, group: list[Series], rows: NDArray[np.intp]) -> Finding:
    text = "rows dropped: a value is missing"
    for other in data.series:
        sizes = np.abs(other.values)
        if other not in group and not np.isnan(sizes).all() and np.nanargmax(sizes) in rows:
            text = f"{text}; among them the largest move of {other.place}"
            break
    return Finding(
        "warning",
        text,
        f"{named(group)}: {data.rows_text(rows)}",
        float(rows.size),
        "fill the cells, or know why they are blank: every regression on them leaves the rows out",
    )


def few_rows(data: Inspected) -> Iterator[Finding]:
    """Fewer complete rows than a regression on these factors needs."""
    coefficients = len(data.factors) + 1
    fewest = max(FEWEST_ROWS, ROWS_A_COEFFICIENT * coefficients)
    for asset, n in zip(data.assets, data.complete, strict=True):
        if n <= coefficients:
            what = "too few complete rows for a regression"
            hint = ": TRANSPOSE turns a row into a column" if data.rows == 1 else ""
            remedy = f"{coefficients} coefficients need at least {coefficients + 1} rows{hint}"
            yield Finding("error", what, asset.place, float(n), remedy)
        elif n < fewest:
            what = "few complete rows: betas are rough"
            remedy = f"use at least {fewest} rows for {coefficients} coefficients, or fewer factors"
            yield Finding("warning", what, asset.place, float(n), remedy)


def dates(data: Inspected) -> Iterator[Finding]:
    """Dates that are missing, repeated, out of order, cut off, or odd."""
    if data.dates is None or data.days is None:
        return
    yield from _undated(data, data.days)
    yield from _repeated(data, data.days)
    yield from _unsorted(data, data.days)
    known = np.unique(data.days[~np.isnan(data.days)])
    odd = odd_weekdays(known)
    if odd:
        what, remedy = odd
        yield Finding("warning", "days of the week", f"dates {what}", float(len(known)), remedy)
    timed = data.dates % 1 > 0
    if timed.any():
        where = f"dates: {data.rows_text(np.flatnonzero(timed))}"
        remedy = "midnight written in another time zone falls on the day before: check one date"
        yield Finding("info", "time of day is cut off", where, float(timed.sum()), remedy)
    if not odd:  # where Fridays or Mondays are missing altogether, that has been said
        yield from _weekends(data, data.days)
        yield from _breaks(data, known)
    yield from _cut(data, known)


def _undated(data: Inspected, days: Vector) -> Iterator[Finding]:
    refused = {cell.row - data.first_row for cell in data.refused["dates"]}
    missing = np.flatnonzero(np.isnan(days))
    rows = np.array([i for i in missing if i not in refused], dtype=np.intp)
    if rows.size:
        where = f"dates: {data.rows_text(rows)}"
        yield Finding("error", "rows without a date", where, float(rows.size), "use a date")


def _repeated(data: Inspected, days: Vector) -> Iterator[Finding]:
    distinct, counts = np.unique(days[~np.isnan(days)], return_counts=True)
    twice = distinct[counts > 1]
    if twice.size:
        rows = np.flatnonzero(np.isin(days, twice))
        yield Finding(
            "error",
            "dates that stand in more than one row",
            f"dates: {data.rows_text(rows)}",
            float(twice.size),
            "keep one row a date: each of these counts twice in every estimate",
        )


def _unsorted(data: Inspected, days: Vector) -> Iterator[Finding]:
    there = np.flatnonzero(~np.isnan(days))
    steps = np.diff(days[there])
    back = there[1:][steps < 0]
    if not back.size:
        return
    if (steps <= 0).all():
        where = f"dates: {data.rows_text(there)}"
        text, remedy = "newest row first", "sort by date, oldest first: lags and windows run back"
    else:
        where = f"dates: {data.rows_text(back)}"
        text = "rows earlier than the row above them"
        remedy = "sort all columns by date, oldest first: lags and windows need the order"
    yield Finding("error", text, where, float(back.size), remedy)


def _weekends(data: Inspected, days: Vector) -> Iterator[Finding]:
    rest = days % 7 <= SUNDAY
    if data.frequency != "daily" or not rest.any() or rest.mean() > FEW_WEEKENDS:
        return
    yield Finding(
        "warning",
        "rows on Saturdays or Sundays",
        f"dates: {data.rows_text(np.flatnonzero(rest))}",
        float(rest.sum()),
        "check these dates: a wrong year or month, or a day lost to a time zone",
    )


def _breaks(data: Inspected, known: Vector) -> Iterator[Finding]:
    """Months without some of their days, periods without a row, and a frequency that changes."""
    parts = [frequency_of(part) for part in np.array_split(known, 3)]
    if all(parts) and parts[0] != parts[2]:
        yield Finding(
            "warning",
            f"unequal frequency: {parts[0]} rows, then {parts[2]} ones",
            "dates",
            float(len(known)),
            "use one frequency in all rows: COMPOUND_RETURNS makes it",
        )
    elif data.frequency == "daily":
        yield from _missing_days(known)
    elif data.frequency in OWN_PERIOD:
        yield from _missing_periods(known, OWN_PERIOD[data.frequency])


def _missing_days(known: Vector) -> Iterator[Finding]:
    all_week = trades_all_week(known)
    every = np.arange(known[0], known[-1] + 1)
    expected = every if all_week else every[every % 7 > SUNDAY]
    absent = np.setdiff1d(expected, known)
    months, counts = np.unique(calendar_days(absent).astype("M8[M]"), return_counts=True)
    steps = np.diff(known)
    long = calendar_days(known[1:][steps > LONGEST_BREAK]).astype("M8[M]")
    usual = 0 if all_week else USUAL_MISSING
    severe = (counts > MOST_MISSING) | np.isin(months, long)
    for severity, chosen in (("warning", severe), ("info", (counts > usual) & ~severe)):
        if chosen.any():
            lacking = list(zip(months[chosen], counts[chosen], strict=True))
            shown = first_of(lacking, SHOWN, lambda month: f"{month[0]} ({month[1]})")
            yield Finding(
                severity,
                "gaps in the dates: months that lack days",
                f"dates: {shown}",
                float(counts[chosen].sum()),
                "add the rows, or know why the market was closed: a return after a gap spans it",
            )


def _missing_periods(known: Vector, period: str) -> Iterator[Finding]:
    ends = np.unique(period_ends(known, period))
    absent = np.setdiff1d(every_end(ends, period), ends)
    if absent.size:
        yield Finding(
            "warning",
            f"gaps in the dates: {PERIOD_WORDS[period]}s without a row",
            f"dates: {PERIOD_WORDS[period]}s to {first_of(absent.tolist(), SHOWN, iso_date)}",
            float(absent.size),
            "add the rows: a return after a gap spans it",
        )


def _cut(data: Inspected, known: Vector) -> Iterator[Finding]:
    """First and last periods that COMPOUND_RETURNS leaves out."""
    frequency = COMPOUNDED_TO.get(data.frequency)
    if frequency is None:
        return
    cut = cut_periods(known, frequency)
    if cut:
        edges = " and ".join(
            f"the {PERIOD_WORDS[frequency]} to {iso_date(period.end)}: its {period.which} row is "
            f"{iso_date(period.edge)}"
            for period in cut
        )
        yield Finding(
            "info",
            "incomplete first or last period",
            f"dates: {edges}",
            float(len(cut)),
            f'COMPOUND_RETURNS with "{frequency}" leaves it out; add its rows to keep it',
        )
