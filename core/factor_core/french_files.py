"""Kenneth French's files as he publishes them: prose, and tables of percent by date."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.errors import FactorError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

FREQUENCIES = {"D": "daily", "W": "weekly", "M": "monthly", "A": "annual"}
THREE_FACTORS = "F-F_Research_Data_Factors"
FIVE_FACTORS = "F-F_Research_Data_5_Factors_2x3"
MOMENTUM = "F-F_Momentum_Factor"
MISSING_PERCENT = (-99.99, -999.0)
LARGEST_FILE = 64 * 2**20  # bytes; his largest factor file has 2 MB: anything near this is not his

_COLUMNS = {
    THREE_FACTORS: ("Mkt-RF", "SMB", "HML", "RF"),
    FIVE_FACTORS: ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"),
    MOMENTUM: ("Mom",),
}
_ALIASES = {"MKTRF": "Mkt-RF", "MOM": "Mom", "UMD": "Mom", "WML": "Mom"}
ROW = re.compile(r"\s*(\d{4}(?:\d\d){0,2})\s*,(.*)", re.ASCII)


class LibraryFile(NamedTuple):
    """One file of the library: its name there, and what it must hold."""

    name: str
    columns: tuple[str, ...]
    frequencies: str
    """Letters of FREQUENCIES: a monthly file has an annual table below the monthly one."""


class Table(NamedTuple):
    """One table of a file; `frequency` is D, W, M or A."""

    source: str
    frequency: str
    names: tuple[str, ...]
    days: tuple[dt.date, ...]
    values: NDArray[np.float64]
    """n x len(names), decimal, NaN where missing."""


class LibraryError(FactorError):
    """A file of the library that could not be had, or not be used as it came."""

    def __init__(self, sentence: str, *, answered: bool = False) -> None:
        super().__init__(sentence)
        self.answered = answered
        """Whether the server gave an answer, which it will give again, or none."""


@dataclass
class _Block:
    """A table while it is being read."""

    names: tuple[str, ...]
    digits: int
    days: list[dt.date] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)


def _catalogue() -> dict[str, LibraryFile]:
    offers = [(THREE_FACTORS, "", "MA"), (THREE_FACTORS, "_weekly", "W")]
    offers += [(FIVE_FACTORS, "", "MA"), (MOMENTUM, "", "MA")]
    offers += [(base, "_daily", "D") for base in _COLUMNS]
    return {
        f"{base}{ending}": LibraryFile(f"{base}{ending}", _COLUMNS[base], frequencies)
        for base, ending, frequencies in offers
    }


FILES = _catalogue()


def file_for(column: str, frequency: str) -> LibraryFile | None:
    """Return the file of the library with this factor at this frequency; None: French has none.

    RF, the market, SMB and HML are those of the three-factor file; the five-factor file holds
    another SMB.

    Examples
    --------
    >>> file_for("Mom", "D").name
    'F-F_Momentum_Factor_daily'
    >>> file_for("CMA", "W") is None
    True
    """
    base = next(base for base, columns in _COLUMNS.items() if column in columns)
    ending = {"D": "_daily", "W": "_weekly"}.get(frequency, "")
    return FILES.get(base + ending)


def tables_of(path: str | Path) -> tuple[Table, ...]:
    """Return every table of a file of the library, CSV or zip."""
    from pathlib import Path  # noqa: PLC0415  with zipfile, a tenth of the add-in's time to start

    source = Path(path).expanduser()
    return tables_in(source.name, read_bytes(source))


def read_bytes(source: Path) -> bytes:
    """Return the bytes of a file that may be the library's by its size."""
    try:
        if source.is_file() and source.stat().st_size > LARGEST_FILE:
            raise InputError(f"file {source.name} is over 64 MB; no file of the library is")
        return source.read_bytes()
    except OSError as error:
        raise InputError(f"file {source} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=16)  # every FF_FACTORS of a workbook reads the same few files
def tables_in(name: str, data: bytes) -> tuple[Table, ...]:
    """Return every table in the bytes of a CSV or zip file of this name."""
    lines = _text_of(name, data).splitlines()
    tables = _parse(name, lines)
    if not tables:
        begins = next((line.strip() for line in lines if line.strip()), "nothing")[:40]
        raise InputError(f"file {name} holds no table of factors by date; it begins: {begins}")
    return tuple(tables)


def require(file: LibraryFile, tables: Sequence[Table]) -> None:
    """Raise InputError unless the tables are those that this file of the library has."""
    for letter in file.frequencies:
        held = [table for table in tables if table.frequency == letter]
        columns = {name for table in held for name in table.names}
        lacking = [name for name in file.columns if name not in columns]
        if not held:
            raise InputError(f"file {tables[0].source} has no {FREQUENCIES[letter]} table")
        if lacking:
            raise InputError(
                f"file {tables[0].source} has no {FREQUENCIES[letter]} column "
                f"{', '.join(lacking)} but {', '.join(held[0].names)}"
            )


def day_of_stamp(text: str, *, last: bool) -> dt.date | None:
    """Return the day of YYYY, YYYYMM, YYYYMMDD with or without dashes; None when it is none.

    A month or a year means its first day, or with `last` its last.
    """
    import calendar  # noqa: PLC0415  it brings the locale: as in tables_of

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


# Bytes to text ----------------------------------------------------------------------------------


def _text_of(name: str, data: bytes) -> str:
    import zipfile  # noqa: PLC0415  as in tables_of

    if zipfile.is_zipfile(io.BytesIO(data)):
        data = _unzipped(name, data)
    elif data.startswith(b"PK") or (name.lower().endswith(".zip") and b"\0" in data):
        raise InputError(f"file {name} is not a whole zip file; download it again")
    if b"\0" in data:
        raise InputError(f"file {name} is not text; use the library's CSV or zip file")
    return data.decode("utf-8-sig", errors="replace")


def _unzipped(name: str, data: bytes) -> bytes:
    import zipfile  # noqa: PLC0415  as in tables_of
    import zlib  # noqa: PLC0415  the same

    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [
                m for m in archive.infolist() if m.filename.lower().endswith((".csv", ".txt"))
            ]
            if len(members) != 1:
                raise InputError(f"file {name} holds {len(members)} CSV files; one is expected")
            if members[0].file_size > LARGEST_FILE:
                raise InputError(f"file {name} unpacks to over 64 MB; not the library's")
            return archive.read(members[0])
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        # RuntimeError is zipfile's word for a file locked by a password.
        raise InputError(
            f"file {name} is a damaged or locked zip file; download it again"
        ) from error


# Text to tables ---------------------------------------------------------------------------------


def _parse(source: str, lines: Sequence[str]) -> list[Table]:
    """Return the tables between the prose: rows that begin with a date, below a line of names."""
    blocks: list[_Block] = []
    block, header = None, ""
    for number, line in enumerate(lines, start=1):
        # The daily momentum file ends every line, blank ones too, with spare commas.
        if not line.strip(" ,\t"):
            continue
        match = ROW.fullmatch(line)
        if not match or (block is None and not _is_data(match.group(2))):
            block, header = None, line
            continue
        where = f"file {source} row {number}"
        stamp, cells = match.group(1), match.group(2).split(",")
        if block is None or len(stamp) != block.digits:
            block = _Block(_names(header, cells, where), len(stamp))
            blocks.append(block)
        block.days.append(_stamp_day(stamp, where))
        block.rows.append(_decimals(cells, len(block.names), where))
    return [_finished(source, block) for block in blocks]


def _is_data(text: str) -> bool:
    """Return whether `text` is numbers between commas, not prose that begins with a year."""
    return re.fullmatch(r"[-+.,\d\s]*\d[-+.,\d\s]*", text, re.ASCII) is not None


def _names(header: str, cells: list[str], where: str) -> tuple[str, ...]:
    names = [cell.strip().strip('"') for cell in header.split(",")[1:]]
    while names and not names[-1]:
        names.pop()
    width = len(_without_spare(cells, len(names)))
    if len(names) != width or not all(names):
        raise InputError(f"{where}: no line of {width} column names stands above this table")
    known = tuple(_ALIASES.get(name.upper().replace("-", ""), name.upper()) for name in names)
    twice, times = Counter(known).most_common(1)[0]
    if times > 1:
        raise InputError(f"{where}: the line of names above has {twice} twice")
    return known


def _without_spare(cells: list[str], width: int) -> list[str]:
    """Return the cells without empty ones beyond the last column: they hold nothing to lose."""
    kept = list(cells)
    while len(kept) > width and not kept[-1].strip():
        kept.pop()
    return kept


def _stamp_day(stamp: str, where: str) -> dt.date:
    """Return the day of YYYYMMDD, or the last day of YYYYMM or YYYY."""
    day = day_of_stamp(stamp, last=True)
    if day is None:
        raise InputError(f"{where}: {stamp} is no date; YYYYMMDD, YYYYMM or YYYY is expected")
    return day


def _decimals(cells: list[str], width: int, where: str) -> list[float]:
    kept = _without_spare(cells, width)
    if len(kept) != width:
        raise InputError(f"{where} has {len(kept)} numbers where the table has {width} columns")
    return [_decimal(cell.strip(), where) for cell in kept]


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


def _finished(source: str, block: _Block) -> Table:
    twice, times = Counter(block.days).most_common(1)[0]
    if times > 1:
        raise InputError(f"file {source} has the date {twice} twice in one table")
    values = np.array(block.rows)
    values.flags.writeable = False  # the tables are kept and shared between calls
    return Table(source, _frequency(block), block.names, tuple(block.days), values)


def _frequency(block: _Block) -> str:
    """Return D, W, M or A: weekly files date their rows by day as daily ones do."""
    letter = {4: "A", 6: "M", 8: "D"}[block.digits]
    if letter != "D" or len(block.days) < 3:
        return letter
    gaps = np.diff([day.toordinal() for day in block.days])
    return "W" if np.median(gaps) >= 5 else "D"
