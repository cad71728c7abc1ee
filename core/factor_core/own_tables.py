"""The analyst's files, each read by what it is, and their rows laid on one calendar."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from factor_core import parquet_in, sheets_in
from factor_core.date_text import DateOrder, find_date_column, read_dates
from factor_core.delimited import read_delimited
from factor_core.errors import InputError, first_of, sentence
from factor_core.fields import prices_of
from factor_core.long_format import ticker_column, widened
from factor_core.number_text import DecimalMark, decimal_mark
from factor_core.period_keys import UNITS, letter_of, period_key, period_text

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from factor_core.text_table import Column, TextTable

FEW_DATES = 60  # too short a span to count rows a year by
LEAST_SHARE = 0.5  # of a file's dates that the other files must have, in the time they share


@dataclass(frozen=True)
class Reading:
    """What the analyst said of the files."""

    periods: float
    dates: DateOrder | None = None
    decimal: DecimalMark | None = None
    sheet: str | None = None


@dataclass(frozen=True, eq=False)
class DatedTable:
    """One file: a date for each row, in the order of the file, and a column for each series."""

    file: str
    days: list[dt.date]
    rows: NDArray[np.int64]
    """The row of the file of each date; 0 where a long table has several."""
    columns: list[Column]
    notes: list[str]
    percent: bool


@dataclass(frozen=True, eq=False)
class Calendar:
    """The dates of all files, oldest first, and the row of each file that has them."""

    days: tuple[dt.date, ...]
    positions: list[NDArray[np.intp]]
    """For each file the index of its row for every date, -1 where it has none."""


# One file ---------------------------------------------------------------------------------------


def read_dated(path: Path, reading: Reading) -> DatedTable:
    """Return the series of one file: CSV, .xlsx or .xlsm, Parquet; told apart by their content."""
    text = _read(path, reading)
    notes = list(text.notes)
    told = [column for column in text.columns if column.name or column.sample(1)]
    if len(told) < len(text.columns):
        notes.append(f"{len(text.columns) - len(told)} blank column(s) without a name skipped.")
    date_column, form = find_date_column(text.file, told)
    found = read_dates(date_column, form, reading.dates, from_1904=text.from_1904)
    notes += found.notes
    beside = [column for column in told if column is not date_column]
    if not beside:
        raise InputError(sentence(f"{text.file} has dates and no column of prices or returns"))
    days, rows = found.dates, date_column.rows
    tickers = ticker_column(beside, days)
    if tickers:
        days, columns = widened(tickers, beside, days, notes)
        rows = np.zeros(len(days), dtype=np.int64)
    else:
        columns = prices_of(text.file, text.stem, beside, notes)
    _refuse_same_names(text.file, columns)
    return DatedTable(
        text.file, days, rows, _marked(text, columns, reading, notes), notes, text.percent
    )


def _read(path: Path, reading: Reading) -> TextTable:
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise InputError(sentence(f"{path} cannot be read: {error.strerror}")) from error
    if magic.startswith(sheets_in.MAGIC):
        return sheets_in.read_sheet(path, reading.sheet)
    if magic == parquet_in.MAGIC:
        if reading.sheet is not None:
            raise InputError(sentence(f"{path.name} has no sheets; leave out --sheet"))
        return parquet_in.read_parquet(path)
    return read_delimited(path, table=reading.sheet, periods=reading.periods)


def _refuse_same_names(file: str, columns: Sequence[Column]) -> None:
    seen: dict[str, Column] = {}
    for column in columns:
        other = seen.setdefault(column.name.casefold(), column)
        if other is not column:
            raise InputError(
                sentence(
                    f"{file} columns {other.number} and {column.number} are both named "
                    f"'{column.name}'; rename one of them"
                )
            )


def _marked(
    text: TextTable, columns: list[Column], reading: Reading, notes: list[str]
) -> list[Column]:
    """Return the columns with the decimal mark that the file proves; a sheet's needs no proof."""
    if text.typed or text.percent:
        return columns
    mark = decimal_mark(text.file, columns, text.delimiter, reading.decimal)
    if mark == ",":
        notes.append("Numbers: the comma is the decimal mark.")
    return [replace(column, mark=mark) for column in columns]


# All files --------------------------------------------------------------------------------------


def calendar_of(tables: Sequence[DatedTable], periods: float, notes: list[str]) -> Calendar:
    """Return the dates that any file has; the same date twice in a file is an error.

    Of several files with monthly or annual rows, those of one month or year belong together,
    whatever day they are dated at.
    """
    orders = []
    for table in tables:
        order = _oldest_first(table, notes, len(tables) > 1)
        _check_frequency(table.file, [table.days[i] for i in order], periods, notes)
        orders.append(order)
    if len(tables) == 1:
        return Calendar(tuple(tables[0].days[i] for i in orders[0]), orders)
    _refuse_shared_names(tables)
    return _joined(tables, periods, notes)


def _joined(tables: Sequence[DatedTable], periods: float, notes: list[str]) -> Calendar:
    letter = letter_of(periods)
    letter = letter if letter in {"M", "A"} else "D"
    row_of = [_rows_by_period(table, letter) for table in tables]
    day_of: dict[int, dt.date] = {}
    for day in sorted(day for table in tables for day in table.days):
        day_of[period_key(day, letter)] = day
    for table, rows in zip(tables, row_of, strict=True):
        _compare(table, rows, day_of, [other for other in row_of if other is not rows], notes)
    moved = sum(day_of[period_key(day, letter)] != day for table in tables for day in table.days)
    if moved:
        notes.append(
            f"Dates: rows of one {UNITS[letter]} were put together, at the last of their dates: "
            f"{moved} differed."
        )
    positions = [np.array([rows.get(key, -1) for key in day_of], dtype=np.intp) for rows in row_of]
    return Calendar(tuple(day_of.values()), positions)


def _refuse_shared_names(tables: Sequence[DatedTable]) -> None:
    holder: dict[str, DatedTable] = {}
    for table in tables:
        for column in table.columns:
            other = holder.setdefault(column.name.casefold(), table)
            if other is not table:
                raise InputError(
                    sentence(
                        f"{other.file} and {table.file} both hold a series '{column.name}'; rename "
                        "one, or leave its file out"
                    )
                )


def placed(
    values: NDArray[np.float64], column: Column, tables: Sequence[DatedTable], calendar: Calendar
) -> NDArray[np.float64]:
    """Return a column's numbers on the calendar, NaN for the dates that its file has not."""
    index = next(i for i, table in enumerate(tables) if column in table.columns)
    at = calendar.positions[index]
    return np.where(at < 0, math.nan, values[at])


def _oldest_first(table: DatedTable, notes: list[str], several: bool) -> NDArray[np.intp]:
    """Return the order of the rows by date; the same date twice is an error."""
    days, rows = table.days, table.rows
    numbers = np.fromiter((day.toordinal() for day in days), np.int64, len(days))
    order = np.argsort(numbers, kind="stable")
    twice = np.flatnonzero(np.diff(numbers[order]) == 0)
    if twice.size:
        first, second = order[twice[0]], order[twice[0] + 1]
        raise InputError(
            sentence(
                f"{table.file} has the date {days[first]} twice, in rows {rows[first]} and "
                f"{rows[second]}; keep one row for each date"
            )
        )
    steps = np.diff(numbers)
    whose = f" of {table.file}" if several else ""
    if len(steps) and (steps < 0).all():
        notes.append(f"Rows{whose}: newest first in the file; they were turned round.")
    elif (steps < 0).any():
        notes.append(
            f"Rows{whose}: not in the order of their dates; they were sorted, oldest first."
        )
    return order


def _check_frequency(file: str, days: Sequence[dt.date], periods: float, notes: list[str]) -> None:
    """Refuse periods per year that the dates contradict: every annual figure would be wrong."""
    if len(days) < 2:
        return  # too few numbers are refused by what reads them
    counted = (len(days) - 1) / (days[-1] - days[0]).days * 365.25
    if len(days) > FEW_DATES and not 0.9 < periods / counted < 1.1:
        notes.append(
            f"Check --periods: the dates of {file} come to {counted:.0f} rows a year, annual "
            f"figures are for {periods:g}."
        )
    gap = float(np.median(np.diff([day.toordinal() for day in days])))
    per_year = 365.25 / gap
    if 0.5 <= periods / per_year <= 2:
        return
    usual = {252: 1.0, 52: 7.0, 12: 30.4, 4: 91.3, 2: 182.6, 1: 365.25}
    fitting = min(usual, key=lambda count: abs(math.log(usual[count] / gap)))
    raise InputError(
        sentence(
            f"{file} has rows {gap:g} days apart but periods is {periods:g} a year; "
            f"say --periods {fitting}"
        )
    )


def _rows_by_period(table: DatedTable, letter: str) -> dict[int, int]:
    """Return the index of the row of each day, month or year; two in one are an error."""
    rows: dict[int, int] = {}
    for index, day in enumerate(table.days):
        other = rows.setdefault(period_key(day, letter), index)
        if other != index:
            raise InputError(
                sentence(
                    f"{table.file} has two rows in {period_text(day, letter)}, dated "
                    f"{table.days[other]} and {day}; keep one for each {UNITS[letter]}"
                )
            )
    return rows


def _compare(
    table: DatedTable,
    own: dict[int, int],
    day_of: dict[int, dt.date],
    others: list[dict[int, int]],
    notes: list[str],
) -> None:
    """Say which dates of the other files a file lacks; refuse one that hardly shares any."""
    theirs = set[int]().union(*others)
    shared_span = range(max(min(own), min(theirs)), min(max(own), max(theirs)) + 1)
    inside = [key for key in own if key in shared_span]
    common = [key for key in inside if key in theirs]
    if len(common) < max(LEAST_SHARE * len(inside), 1):
        raise InputError(
            sentence(
                f"{table.file} shares {len(common)} of its {len(own)} dates with the other files; "
                "use files of the same days and span"
            )
        )
    lacking = [day for key, day in day_of.items() if key not in own]
    if lacking:
        notes.append(
            f"Dates: {table.file} lacks {len(lacking)} of the {len(day_of)} dates of all files: "
            f"{first_of(lacking, 3)}; they stay missing."
        )
