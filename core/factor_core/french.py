"""Kenneth French's factors: which columns a model has, and how his files are joined and cut.

The files come from his library (`french_library`), from the user's disk, or from the sample.
"""

from __future__ import annotations

import datetime as dt
import logging
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core import sample
from factor_core.errors import InputError, MissingDataError, first_of
from factor_core.french_files import (
    FIVE_FACTORS,
    FREQUENCIES,
    MOMENTUM,
    THREE_FACTORS,
    day_of_stamp,
    file_for,
    tables_of,
)
from factor_core.labelled import Columns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from factor_core.french_files import Table
    from factor_core.french_library import Held

MODELS = {
    "CAPM": ("Mkt-RF", "RF"),
    "FF3": ("Mkt-RF", "SMB", "HML", "RF"),
    "CARHART": ("Mkt-RF", "SMB", "HML", "Mom", "RF"),
    "FF5": ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"),
    "FF6": ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "Mom", "RF"),
}
SAMPLE = "sample"  # in place of a file: the built-in monthly sample
EXCEL_DAY_ZERO = dt.date(1899, 12, 30)

_YEAR_OR_MONTH = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])?", re.ASCII)
log = logging.getLogger("factor_udfs")


@dataclass(frozen=True)
class Factors:
    """Factor returns by date: decimal, oldest first, NaN where missing."""

    dates: NDArray[np.int64]
    """n Excel serial numbers; months and years are dated at their last day."""
    names: tuple[str, ...]
    values: NDArray[np.float64]
    """n x len(names); the last column is RF."""
    notes: tuple[str, ...] = ()
    """What was joined, dropped or not available, in plain English."""
    warnings: tuple[str, ...] = ()
    """What the user would not expect: an older copy, rows lost between the files. In the log."""


class Part(NamedTuple):
    """A table, and the columns that are taken from it."""

    table: Table
    taken: list[str]


def factors(
    model: str = "FF3",
    frequency: str = "M",
    start_date: float | str | dt.date | None = None,
    end_date: float | str | dt.date | None = None,
    file: str | Path | None = None,
) -> Factors:
    """Return the factors of a model and the risk-free rate, by date.

    Parameters
    ----------
    model : {"CAPM", "FF3", "CARHART", "FF5", "FF6"}
        Which columns: Mkt-RF; then SMB, HML; RMW, CMA (FF5, FF6); Mom (CARHART, FF6); RF last.
    frequency : {"D", "W", "M", "A"}
        Daily, weekly, monthly, annual. French has weekly factors for CAPM and FF3 only.
    start_date, end_date : Excel serial number, ISO text or date, optional
        First and last day wanted, both included. Text may be a year or a month: "1990",
        "1990-01" or "1990-01-31".
    file : path, optional
        Left out: Kenneth French's library. A copy on disk serves for a day; then the file is
        downloaded again, within the time limit; where that fails the older copy serves.
        "sample": the built-in sample, monthly, 1949-01 to 2017-03, without RMW and CMA.
        Else files of the library as downloaded (CSV or zip), several separated by ";".

    Returns
    -------
    Factors
        dates (n Excel serial numbers, month or year end), names, values (n x columns, decimal
        returns per period), notes (sources, their age, what their join dropped), warnings.

    Raises
    ------
    InputError
        Unknown model or frequency, unreadable date or file, a column that no file holds.
    LibraryError
        A file of the library is not on disk and cannot be downloaded.
    MissingDataError
        No row between start_date and end_date.

    Notes
    -----
    The library prints percent; these are decimals. Its codes for missing, -99.99 and -999,
    become NaN and the row stays. Files are joined on the dates they share.

    References
    ----------
    Kenneth R. French, Data Library,
    https://mba.tuck.dartmouth.edu/pages/faculty/ken.french/data_library.html

    Examples
    --------
    >>> result = factors("CARHART", start_date="2017-02", file="sample")
    >>> result.names
    ('Mkt-RF', 'SMB', 'HML', 'Mom', 'RF')
    >>> result.values[-1].tolist(), int(result.dates[-1])
    ([0.0017, 0.0113, -0.0332, -0.0093, 0.0003], 42825)
    """
    names, code = columns_of(model), frequency_code(frequency)
    first, last = _day(start_date, "start_date"), _day(end_date, "end_date", last=True)
    if first and last and first > last:
        raise InputError(f"start_date {first} is after end_date {last}; exchange them")
    if file is None:
        result = _obtained(model, frequency)
    elif str(file).strip().lower() == SAMPLE:
        result = _from_sample(names, code)
    else:
        result = _from_files(str(file), names, code)
    return _cut(result, code, first, last)


def ff_factors(
    model: str = "FF3",
    frequency: str = "M",
    start_date: float | str | dt.date | None = None,
    end_date: float | str | dt.date | None = None,
    file: str | Path | None = None,
) -> Columns:
    """Return what `factors` returns as one block: a date column, then a column a factor.

    Returns
    -------
    Columns of shape (n, 1 + k)
        Dates as Excel's serial numbers, then the factors and RF, decimal per period; NaN where the
        library has a code for a missing value.

    Raises
    ------
    InputError
        An unknown model or frequency, a start after the end, or a file that cannot be read. Where
        neither network nor disk has the data, the sentence names the argument `file`.

    Notes
    -----
    CAPM is Mkt-RF; FF3 adds SMB and HML; CARHART adds MOM to these; FF5 adds RMW and CMA; FF6 is
    FF5 and MOM. The files of a model are joined on dates that all have; percent become decimal.

    References
    ----------
    K. R. French, Data Library; E. F. Fama and K. R. French (1993), Journal of Financial Economics
    33(1), 3-56, and (2015), 116(1), 1-22; M. M. Carhart (1997), Journal of Finance 52(1), 57-82.

    Examples
    --------
    >>> block = ff_factors("CAPM", start_date="2017-03", file="sample")
    >>> block.names, block.values.tolist()
    (('date', 'Mkt-RF', 'RF'), [[42825.0, 0.0017, 0.0003]])
    """
    found = factors(model, frequency, start_date, end_date, file)
    for warning in found.warnings:
        _warn_once(warning)
    return Columns(np.column_stack([found.dates, found.values]), ("date", *found.names))


@lru_cache(maxsize=256)  # a workbook recalculates often: one line in the log says it
def _warn_once(warning: str) -> None:
    log.warning("FF_FACTORS: %s", warning)


def columns_of(model: str) -> tuple[str, ...]:
    """Return the columns of a model, RF last; InputError for another model."""
    try:
        return MODELS[str(model).strip().upper()]
    except KeyError:
        raise InputError(f'model is "{model}"; use {", ".join(MODELS)}') from None


def frequency_code(frequency: str) -> str:
    """Return the letter of a frequency as FREQUENCIES has it; InputError for another."""
    code = str(frequency).strip().upper()
    if code not in FREQUENCIES:
        choice = ", ".join(f"{letter} ({word})" for letter, word in FREQUENCIES.items())
        raise InputError(f'frequency is "{frequency}"; use {choice}')
    return code


# The library ------------------------------------------------------------------------------------


def library_files(model: str, frequency: str) -> tuple[str, ...]:
    """Return the names of the library's files that hold a model, that of the model first.

    Examples
    --------
    >>> library_files("FF6", "D")
    ('F-F_Research_Data_5_Factors_2x3_daily', 'F-F_Momentum_Factor_daily')
    """
    names, code = columns_of(model), frequency_code(frequency)
    wanted = ["RMW" if "RMW" in names else "Mkt-RF", *(["Mom"] if "Mom" in names else [])]
    files = {column: file_for(column, code) for column in wanted}
    absent = [column for column, found in files.items() if found is None]
    if absent:
        raise InputError(
            f"Kenneth French offers no {FREQUENCIES[code]} {' or '.join(absent)}; "
            f"for {str(model).strip().upper()} use frequency D, M or A, or use model CAPM or FF3"
        )
    return tuple(found.name for found in files.values() if found)


def _obtained(model: str, frequency: str) -> Factors:
    # Imported here: most workbooks have no FF_FACTORS, and every start would pay for it.
    from factor_core.french_library import obtain  # noqa: PLC0415

    held = [obtain(name) for name in library_files(model, frequency)]
    return from_library(model, frequency, held)


def from_library(model: str, frequency: str, held: Sequence[Held]) -> Factors:
    """Return the factors of a model out of the library's files, with the age of each."""
    names, code = columns_of(model), frequency_code(frequency)
    tables = [table for one in held for table in one.tables if table.frequency == code]
    joined = _join(_choose(tables, names), names)
    ages = [one.copy.history for one in held]
    old = tuple(one.warning for one in held if one.warning)
    return Factors(
        joined.dates,
        joined.names,
        joined.values,
        (*joined.notes, *ages, *old),
        (*joined.warnings, *old),
    )


# Dates ------------------------------------------------------------------------------------------


def _day(
    value: float | str | dt.date | None, argument: str, *, last: bool = False
) -> dt.date | None:
    """Return the day that `value` means; of a month or year the first, or with `last` the last."""
    if value is None or value == "":
        return None
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    if not isinstance(value, str) and _YEAR_OR_MONTH.fullmatch(f"{value:.15g}"):
        # As a serial number it lies in 1905 or beyond 2420: the span would be cut in silence.
        raise InputError(
            f'{argument} is the number {value:.15g}; use a date cell or the text "{value:.15g}"'
        )
    if isinstance(value, str):
        day = day_of_stamp(value.strip(), last=last)
    else:
        day = _day_of_serial(value)
    if day is None:
        raise InputError(
            f'{argument} is "{value}", which is no date; use a date cell or text such as 1990-01-31'
        )
    return day


def _day_of_serial(serial: float) -> dt.date | None:
    """Return the day of a serial number from March 1900 on: before that Excel miscounts."""
    if isinstance(serial, bool) or not 61 <= serial < 2958466:
        return None
    return date_of(serial)


def _cut(result: Factors, frequency: str, first: dt.date | None, last: dt.date | None) -> Factors:
    """Return the rows from `first` to `last`, saying where the data begin late or end early."""
    inside = np.ones(len(result.dates), dtype=bool)
    if first:
        inside &= result.dates >= _serial(first)
    if last:
        inside &= result.dates <= _serial(last)
    begin, end = date_of(result.dates[0]), date_of(result.dates[-1])
    if not inside.any():
        wanted = f"{first or 'the start'} to {last or 'the end'}"
        raise MissingDataError(f"no factors from {wanted}; the data run from {begin} to {end}")
    notes = list(result.notes)
    # A month is dated at its end: wanting its first day asks for nothing earlier than the data.
    opening = {"M": begin.replace(day=1), "A": begin.replace(month=1, day=1)}.get(frequency, begin)
    if first and first < opening:
        notes.append(f"the data begin on {begin}, later than start_date {first}")
    if last and last > end:
        notes.append(f"the data end on {end}, before end_date {last}")
    dates, values = result.dates[inside], result.values[inside]
    return Factors(dates, result.names, values, tuple(notes), result.warnings)


def _serial(day: dt.date) -> int:
    return (day - EXCEL_DAY_ZERO).days


def date_of(serial: float | np.int64) -> dt.date:
    """Return the day of a serial number."""
    return EXCEL_DAY_ZERO + dt.timedelta(days=int(serial))


# The built-in sample ----------------------------------------------------------------------------


def _from_sample(names: tuple[str, ...], frequency: str) -> Factors:
    data = sample.monthly()
    if frequency != "M":
        raise InputError(
            f'frequency is "{frequency}" and the built-in sample is monthly; leave file out for '
            f"Kenneth French's library, or give a file of it with {FREQUENCIES[frequency]} rows"
        )
    columns = dict(zip(data.factor_names, data.factors.T, strict=True)) | {"RF": data.rf}
    absent = [name for name in names if name not in columns]
    if absent:
        momentum = [name for name in names if name == "Mom"]
        needed = "; ".join(dict.fromkeys(map(_library_file, absent + momentum)))
        raise InputError(
            f"the built-in sample has no {' and '.join(absent)}; leave file out for Kenneth "
            f"French's library, or give his {needed} (CSV or zip)"
        )
    dates = np.array([_serial(day) for day in data.dates], dtype=np.int64)
    values = np.column_stack([columns[name] for name in names])
    note = f"built-in sample, {data.dates[0]} to {data.dates[-1]}"
    return Factors(dates, names, values, (note,))


# Files ------------------------------------------------------------------------------------------


def _from_files(paths: str, names: tuple[str, ...], frequency: str) -> Factors:
    """Return the columns `names` from one or several files, joined on date."""
    parts = [part.strip() for part in paths.split(";") if part.strip()]
    if not parts:
        raise InputError("file is blank; give the path of a file, or leave the argument out")
    tables = [table for part in parts for table in tables_of(part)]
    fitting = [table for table in tables if table.frequency == frequency]
    if not fitting:
        held = ", ".join(sorted({FREQUENCIES[table.frequency] for table in tables}))
        sources = ", ".join(dict.fromkeys(table.source for table in tables))
        raise InputError(f'frequency is "{frequency}" but {sources} holds only {held} rows')
    return _join(_choose(fitting, names), names)


def _choose(tables: Sequence[Table], names: tuple[str, ...]) -> list[Part]:
    """Return each table to read with the columns to take from it.

    The table with most of the wanted columns goes first, so that SMB comes with the HML, RMW and
    CMA that were built with it: French's three- and five-factor files hold different SMB.
    """
    missing, chosen = list(names), []
    while missing:
        best = max(tables, key=lambda t: (len(set(missing) & set(t.names)), -len(t.names)))
        taken = [name for name in missing if name in best.names]
        if not taken:
            sources = ", ".join(dict.fromkeys(table.source for table in tables))
            needed = _library_file(missing[0])
            raise InputError(f"{sources} has no column {missing[0]}; add {needed} after a ;")
        chosen.append(Part(best, taken))
        missing = [name for name in missing if name not in taken]
    return chosen


def _library_file(column: str) -> str:
    """Return the name of the library's file that holds `column`."""
    if column == "Mom":
        return MOMENTUM
    return FIVE_FACTORS if column in {"RMW", "CMA"} else THREE_FACTORS


def _join(parts: Sequence[Part], names: tuple[str, ...]) -> Factors:
    """Return the columns on the dates that every table has, and say what that dropped."""
    shared = set.intersection(*(set(part.table.days) for part in parts))
    if not shared:
        sources = " and ".join(part.table.source for part in parts)
        raise InputError(f"{sources} share no date; check that both are of the same frequency")
    days, columns = sorted(shared), {}
    notes: list[str] = []
    warnings: list[str] = []
    for table, taken in parts:
        row_of = {day: row for row, day in enumerate(table.days)}
        rows = [row_of[day] for day in days]
        for name in taken:
            columns[name] = table.values[rows, table.names.index(name)]
        dropped = [day for day in sorted(table.days) if day not in shared]
        notes += _notes_on(table, taken, dropped)
        # That one series began earlier is known of all of them; what is lost later is not.
        later = [day for day in dropped if day > days[0]]
        warnings += [_drop_text(table, later)] if later else []
    dates = np.array([_serial(day) for day in days], dtype=np.int64)
    values = np.column_stack([columns[name] for name in names])
    return Factors(dates, names, values, tuple(notes), tuple(warnings))


def _notes_on(table: Table, taken: list[str], dropped: list[dt.date]) -> list[str]:
    notes = [f"{', '.join(taken)} from {table.source}"]
    if dropped:
        notes.append(_drop_text(table, dropped))
    if "SMB" in taken and "RMW" in table.names and "RMW" not in taken:
        notes.append(f"SMB of {table.source} is that of the five-factor model")
    return notes


def _drop_text(table: Table, dropped: list[dt.date]) -> str:
    return (
        f"dropped {len(dropped)} of {len(table.days)} rows of {table.source}, which the other "
        f"file does not have: {first_of(dropped, 10)}"
    )
