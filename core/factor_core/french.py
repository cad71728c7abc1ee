"""Kenneth French's factors: from the files of his library, or from the built-in monthly sample."""

from __future__ import annotations

import calendar
import datetime as dt
import re
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core import sample
from factor_core.errors import InputError, MissingDataError
from factor_core.labelled import Columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MODELS = {
    "CAPM": ("Mkt-RF", "RF"),
    "FF3": ("Mkt-RF", "SMB", "HML", "RF"),
    "CARHART": ("Mkt-RF", "SMB", "HML", "Mom", "RF"),
    "FF5": ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"),
    "FF6": ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "Mom", "RF"),
}
FREQUENCIES = {"D": "daily", "W": "weekly", "M": "monthly", "A": "annual"}
THREE_FACTOR_FILE = "F-F_Research_Data_Factors"
FIVE_FACTOR_FILE = "F-F_Research_Data_5_Factors_2x3"
MOMENTUM_FILE = "F-F_Momentum_Factor"
MISSING_PERCENT = (-99.99, -999.0)
EXCEL_DAY_ZERO = dt.date(1899, 12, 30)
LARGEST_FILE = (
    64 * 2**20
)  # French's largest daily factor file is 2 MB; anything near this is not his

_ALIASES = {"MKTRF": "Mkt-RF", "MOM": "Mom", "UMD": "Mom", "WML": "Mom"}
_YEAR_OR_MONTH = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])?", re.ASCII)
_ROW = re.compile(r"\s*(\d{4}(?:\d\d){0,2})\s*,(.*)", re.ASCII)


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


class _Table(NamedTuple):
    """One table of a file; `frequency` is D, M or A by the form of its dates."""

    source: str
    frequency: str
    names: tuple[str, ...]
    days: list[dt.date]
    values: NDArray[np.float64]


@dataclass
class _Block:
    """A table while it is being read."""

    names: tuple[str, ...]
    digits: int
    days: list[dt.date] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)


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
        Daily, weekly, monthly, annual. The built-in sample is monthly.
    start_date, end_date : Excel serial number, ISO text or date, optional
        First and last day wanted, both included. Text may be a year or a month: "1990",
        "1990-01" or "1990-01-31".
    file : path, optional
        Files of Kenneth French's library as downloaded (CSV or zip), several separated by ";".
        Left out: the built-in sample, monthly, 1949-01 to 2017-03, without RMW and CMA.

    Returns
    -------
    Factors
        dates (n Excel serial numbers, month or year end), names, values (n x columns, decimal
        returns per period), notes (what the join of several files dropped).

    Raises
    ------
    InputError
        Unknown model or frequency, unreadable date or file, a column that no file holds.
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
    >>> result = factors("CARHART", start_date="2017-02")
    >>> result.names
    ('Mkt-RF', 'SMB', 'HML', 'Mom', 'RF')
    >>> result.values[-1].tolist(), int(result.dates[-1])
    ([0.0017, 0.0113, -0.0332, -0.0093, 0.0003], 42825)
    """
    names = _columns_of(model)
    code = _frequency_code(frequency)
    first, last = _day(start_date, "start_date"), _day(end_date, "end_date", last=True)
    if first and last and first > last:
        raise InputError(f"start_date {first} is after end_date {last}; exchange them")
    result = _from_sample(names, code) if file is None else _from_files(str(file), names, code)
    return _cut(result, code, first, last)


def ff_factors(
    model: str = "FF3",
    frequency: str = "M",
    start_date: float | str | dt.date | None = None,
    end_date: float | str | dt.date | None = None,
    file: str | Path | None = None,
) -> Columns:
    """Return what `factors` returns as one block: a date column, then a column a factor.

    Examples
    --------
    >>> block = ff_factors("CAPM", start_date="2017-03")
    >>> block.names, block.values.tolist()
    (('date', 'Mkt-RF', 'RF'), [[42825.0, 0.0017, 0.0003]])
    """
    found = factors(model, frequency, start_date, end_date, file)
    return Columns(np.column_stack([found.dates, found.values]), ("date", *found.names))


def _columns_of(model: str) -> tuple[str, ...]:
    try:
        return MODELS[str(model).strip().upper()]
    except KeyError:
        raise InputError(f'model is "{model}"; use {", ".join(MODELS)}') from None


def _frequency_code(frequency: str) -> str:
    code = str(frequency).strip().upper()
    if code not in FREQUENCIES:
        choice = ", ".join(f"{letter} ({word})" for letter, word in FREQUENCIES.items())
        raise InputError(f'frequency is "{frequency}"; use {choice}')
    return code


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
    day = _day_of_text(value.strip(), last) if isinstance(value, str) else _day_of_serial(value)
    if day is None:
        raise InputError(
            f'{argument} is "{value}", which is no date; use a date cell or text such as 1990-01-31'
        )
    return day


def _day_of_serial(serial: float) -> dt.date | None:
    """Return the day of a serial number from March 1900 on: before that Excel miscounts."""
    if isinstance(serial, bool) or not 61 <= serial < 2958466:
        return None
    return EXCEL_DAY_ZERO + dt.timedelta(days=int(serial))


def _day_of_text(text: str, last: bool) -> dt.date | None:
    match = re.fullmatch(r"(\d{4})(?:-?(\d\d)(?:-?(\d\d))?)?", text, re.ASCII)
    if not match:
        return None
    year = int(match.group(1))
    month = int(match.group(2) or (12 if last else 1))
    try:
        day = int(match.group(3) or (calendar.monthrange(year, month)[1] if last else 1))
        return dt.date(year, month, day)
    except ValueError:
        return None


def _cut(result: Factors, frequency: str, first: dt.date | None, last: dt.date | None) -> Factors:
    """Return the rows from `first` to `last`, saying where the data begin late or end early."""
    inside = np.ones(len(result.dates), dtype=bool)
    if first:
        inside &= result.dates >= _serial(first)
    if last:
        inside &= result.dates <= _serial(last)
    begin, end = _date(result.dates[0]), _date(result.dates[-1])
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
    return Factors(result.dates[inside], result.names, result.values[inside], tuple(notes))


def _serial(day: dt.date) -> int:
    return (day - EXCEL_DAY_ZERO).days


def _date(serial: np.int64) -> dt.date:
    return EXCEL_DAY_ZERO + dt.timedelta(days=int(serial))


# The built-in sample ----------------------------------------------------------------------------


def _from_sample(names: tuple[str, ...], frequency: str) -> Factors:
    data = sample.monthly()
    if frequency != "M":
        raise InputError(
            f'frequency is "{frequency}" and the built-in sample is monthly; give a file of '
            f"Kenneth French's library with {FREQUENCIES[frequency]} rows in the file argument"
        )
    columns = dict(zip(data.factor_names, data.factors.T, strict=True)) | {"RF": data.rf}
    absent = [name for name in names if name not in columns]
    if absent:
        momentum = [name for name in names if name == "Mom"]
        needed = "; ".join(dict.fromkeys(map(_library_file, absent + momentum)))
        raise InputError(
            f"the built-in sample has no {' and '.join(absent)}; give Kenneth French's {needed} "
            "(CSV or zip) in the file argument"
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
    tables = [table for part in parts for table in _tables_of(part)]
    fitting = [table for table in tables if _true_frequency(table) == frequency]
    if not fitting:
        held = ", ".join(sorted({FREQUENCIES[_true_frequency(table)] for table in tables}))
        sources = ", ".join(dict.fromkeys(table.source for table in tables))
        raise InputError(f'frequency is "{frequency}" but {sources} holds only {held} rows')
    chosen = _choose(fitting, names)
    return _join(chosen, names)


def _true_frequency(table: _Table) -> str:
    """Return D, W, M or A: weekly files date their rows by day as daily ones do."""
    if table.frequency != "D" or len(table.days) < 3:
        return table.frequency
    gaps = np.diff([day.toordinal() for day in table.days])
    return "W" if np.median(gaps) >= 5 else "D"


def _choose(tables: Sequence[_Table], names: tuple[str, ...]) -> list[tuple[_Table, list[str]]]:
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
        chosen.append((best, taken))
        missing = [name for name in missing if name not in taken]
    return chosen


def _library_file(column: str) -> str:
    """Return the name of the library's file that holds `column`."""
    if column == "Mom":
        return MOMENTUM_FILE
    return FIVE_FACTOR_FILE if column in {"RMW", "CMA"} else THREE_FACTOR_FILE


def _join(chosen: list[tuple[_Table, list[str]]], names: tuple[str, ...]) -> Factors:
    """Return the columns on the dates that every table has, and say what that dropped."""
    shared = set.intersection(*(set(table.days) for table, _ in chosen))
    if not shared:
        sources = " and ".join(table.source for table, _ in chosen)
        raise InputError(f"{sources} share no date; check that both are of the same frequency")
    days, notes, columns = sorted(shared), [], {}
    for table, taken in chosen:
        row_of = {day: row for row, day in enumerate(table.days)}
        rows = [row_of[day] for day in days]
        for name in taken:
            columns[name] = table.values[rows, table.names.index(name)]
        notes += _notes_on(table, taken, sorted(set(table.days) - shared))
    dates = np.array([_serial(day) for day in days], dtype=np.int64)
    return Factors(dates, names, np.column_stack([columns[n] for n in names]), tuple(notes))


def _notes_on(table: _Table, taken: list[str], dropped: list[dt.date]) -> list[str]:
    notes = [f"{', '.join(taken)} from {table.source}"]
    if dropped:
        days = ", ".join(map(str, dropped[:10])) + (", ..." if len(dropped) > 10 else "")
        notes.append(
            f"dropped {len(dropped)} of {len(table.days)} rows of {table.source}, which the other "
            f"file does not have: {days}"
        )
    if "SMB" in taken and "RMW" in table.names and "RMW" not in taken:
        notes.append(f"SMB of {table.source} is that of the five-factor model")
    return notes


def _tables_of(path: str) -> list[_Table]:
    """Return every table of a file of the library, CSV or zip."""
    source = Path(path).expanduser()
    lines = _text_of(source).splitlines()
    tables = _parse(source.name, lines)
    if not tables:
        begins = next((line.strip() for line in lines if line.strip()), "nothing")[:40]
        raise InputError(
            f"file {source.name} holds no table of factors by date; it begins: {begins}"
        )
    return tables


def _text_of(source: Path) -> str:
    try:
        if zipfile.is_zipfile(source):
            data = _unzipped(source)
        elif source.stat().st_size > LARGEST_FILE:
            raise InputError(f"file {source.name} is over 64 MB; no file of the library is")
        else:
            data = source.read_bytes()
    except OSError as error:
        raise InputError(f"file {source} cannot be read: {error.strerror}") from error
    if source.suffix.lower() == ".zip" and not zipfile.is_zipfile(source):
        raise InputError(f"file {source.name} is not a whole zip file; download it again")
    if b"\0" in data:
        raise InputError(f"file {source.name} is not text; use the library's CSV or zip file")
    return data.decode("utf-8-sig", errors="replace")


def _unzipped(source: Path) -> bytes:
    try:
        with zipfile.ZipFile(source) as archive:
            members = [
                m for m in archive.infolist() if m.filename.lower().endswith((".csv", ".txt"))
            ]
            if len(members) != 1:
                raise InputError(
                    f"file {source.name} holds {len(members)} CSV files; one is expected"
                )
            if members[0].file_size > LARGEST_FILE:
                raise InputError(f"file {source.name} unpacks to over 64 MB; not the library's")
            return archive.read(members[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # RuntimeError is zipfile's word for a file locked by a password.
        raise InputError(
            f"file {source.name} is a damaged or locked zip file; download it again"
        ) from error


def _parse(source: str, lines: Sequence[str]) -> list[_Table]:
    """Return the tables between the prose: rows that begin with a date, below a line of names."""
    blocks: list[_Block] = []
    block, header = None, ""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        match = _ROW.fullmatch(line)
        if not match or (block is None and not _is_data(match.group(2))):
            block, header = None, line
            continue
        where = f"file {source} row {number}"
        stamp, cells = match.group(1), match.group(2).split(",")
        if block is None or len(stamp) != block.digits:
            block = _Block(_names(header, len(cells), where), len(stamp))
            blocks.append(block)
        block.days.append(_stamp_day(stamp, where))
        block.rows.append(_decimals(cells, len(block.names), where))
    return [_finished(source, block) for block in blocks]


def _is_data(text: str) -> bool:
    """Return whether `text` is numbers between commas, not prose that begins with a year."""
    return re.fullmatch(r"[-+.,\d\s]*\d[-+.,\d\s]*", text, re.ASCII) is not None


def _names(header: str, width: int, where: str) -> tuple[str, ...]:
    names = tuple(cell.strip().strip('"') for cell in header.split(",")[1:])
    if len(names) != width or not all(names):
        raise InputError(f"{where}: no line of {width} column names stands above this table")
    return tuple(_ALIASES.get(name.upper().replace("-", ""), name.upper()) for name in names)


def _stamp_day(stamp: str, where: str) -> dt.date:
    """Return the day of YYYYMMDD, or the last day of YYYYMM or YYYY."""
    day = _day_of_text(stamp, last=True)
    if day is None:
        raise InputError(f"{where}: {stamp} is no date; YYYYMMDD, YYYYMM or YYYY is expected")
    return day


def _decimals(cells: list[str], width: int, where: str) -> list[float]:
    if len(cells) != width:
        raise InputError(f"{where} has {len(cells)} numbers where the table has {width} columns")
    return [_decimal(cell.strip(), where) for cell in cells]


def _decimal(percent: str, where: str) -> float:
    """Return the decimal of a printed percentage; NaN for a blank and for the codes of missing."""
    if not percent:
        return float("nan")
    try:
        # Shifting the printed point keeps 1.17 at 0.0117; dividing gives 0.011699999999999999.
        value = float(f"{percent}e-2")
    except ValueError:
        raise InputError(f'{where} holds "{percent}" where a percentage is expected') from None
    return float("nan") if float(percent) in MISSING_PERCENT else value


def _finished(source: str, block: _Block) -> _Table:
    twice, times = Counter(block.days).most_common(1)[0]
    if times > 1:
        raise InputError(f"file {source} has the date {twice} twice in one table")
    frequency = {4: "A", 6: "M", 8: "D"}[block.digits]
    return _Table(source, frequency, block.names, block.days, np.array(block.rows))
