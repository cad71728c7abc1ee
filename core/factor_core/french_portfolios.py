"""Kenneth French's own files as the analyst's data: several tables of percent between prose.

`french_files` reads his factors for FF_FACTORS; here a file of portfolios, such as industries, is
taken as the series of a workbook, so that a table must be chosen by its title.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TextIO

from factor_core.errors import InputError, sentence
from factor_core.french_files import ROW
from factor_core.text_table import TextTable, table_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from factor_core.layouts import Record

_OWNER = re.compile(r"Kenneth R\. French")
_NAMES_AND_ROW = re.compile(r"^\s*,[^\n]*\n\s*\d{4}(?:\d\d){0,2}\s*,", re.MULTILINE)
LEAST_PERCENT = 0.08  # typical size of a percentage: his calmest daily factor moves by 0.12
_NO_RETURNS = re.compile(
    r"number of firms|average firm size|sum of be|average of be|be/me", re.IGNORECASE
)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_MISSING = re.compile(r"-99\.99|-999(?:\.0*)?")
_DIGITS = {4: "annual", 6: "monthly", 8: "daily or weekly"}


class _Section(NamedTuple):
    """One table of a file: its title, the row of its names, its rows."""

    title: str
    names: Record
    rows: list[Record]

    @property
    def digits(self) -> int:
        return len(self.rows[0][1][0])


def is_from_library(text: str) -> bool:
    """Return whether a file says that it is Kenneth French's, and has his names above his dates."""
    return bool(_OWNER.search(text) and _NAMES_AND_ROW.search(text))


def read(path: Path, stream: TextIO, title: str | None, periods: float) -> TextTable:
    """Return the table whose title holds `title`, or the only one that fits `periods`.

    Raises
    ------
    InputError
        No table of returns fits, or several do: the sentence lists their titles.
    """
    file = path.name
    sections = [s for s in _sections(stream) if s.rows and not _NO_RETURNS.search(s.title)]
    section = _chosen(file, sections, title, periods)
    _refuse_decimals(file, section)
    records = [section.names, *((row, _percent(cells)) for row, cells in section.rows)]
    begin, end = section.rows[0][0], section.rows[-1][0]
    shown = f"of {_DIGITS[section.digits]} rows {begin} to {end}"
    shown += f", headed '{section.title}'" if section.title else ""
    note = (
        f"{file} is Kenneth French's: the table {shown}; percent were divided by 100, "
        "his codes for missing, -99.99 and -999, are blank."
    )
    return replace(table_of(file, path.stem, records, [note]), percent=True)


def _sections(stream: TextIO) -> list[_Section]:
    sections: list[_Section] = []
    names: Record = (0, [])
    title, heading = "", ""
    for number, line in enumerate(stream, start=1):
        text = line.strip(" ,\t\r\n")
        match = ROW.fullmatch(line.rstrip(" ,\t\r\n"))
        if match and names[1]:
            cells = [match[1], *(cell.strip() for cell in match[2].split(","))]
            same = sections and sections[-1].names is names
            if not same or sections[-1].digits != len(match[1]):
                sections.append(_Section(title, names, []))
            sections[-1].rows.append((number, cells))
        elif line.lstrip().startswith(",") and text:
            names = (number, ["Date", *(cell.strip() for cell in text.split(","))])
            title, heading = heading, ""
        elif text:
            heading = text
            names = (0, [])
    return sections


def _chosen(file: str, sections: Sequence[_Section], title: str | None, periods: float) -> _Section:
    digits = 4 if periods < 2 else 6 if periods <= 12 else 8
    fitting = [section for section in sections if section.digits == digits]
    if title is not None:
        fitting = [s for s in fitting if title.strip().casefold() in s.title.casefold()]
    if len(fitting) == 1:
        return fitting[0]
    titles = ", ".join(f"'{section.title}'" for section in (fitting or sections)[:4])
    if fitting:
        raise InputError(sentence(f"{file} holds several tables; say --sheet with one of {titles}"))
    kinds = " and ".join(dict.fromkeys(_DIGITS[section.digits] for section in sections)) or "no"
    wanted = f" with '{title}' in its title" if title is not None else ""
    raise InputError(
        sentence(
            f"{file} holds no {_DIGITS[digits]} table{wanted}, which --periods {periods:g} asks "
            f"for; it holds {kinds} rows: {titles or 'no table of returns'}"
        )
    )


def _refuse_decimals(file: str, section: _Section) -> None:
    """Raise where the numbers are too small for percent: somebody has divided them already."""
    cells = [cell for _, row in section.rows for cell in row[1:] if not _MISSING.fullmatch(cell)]
    sizes = sorted(abs(float(cell)) for cell in cells if _NUMBER.fullmatch(cell) and float(cell))
    if sizes and sizes[len(sizes) // 2] < LEAST_PERCENT:
        raise InputError(
            sentence(
                f"{file} says that it is Kenneth French's, but its numbers are typically "
                f"{sizes[len(sizes) // 2]:.2g}, too small for percent; take his own file, or give "
                "yours a first column named Date"
            )
        )


def _percent(cells: list[str]) -> list[str]:
    """Return a row with percent signs, and his codes for missing as blanks."""
    date, *numbers = cells
    return [date, *("" if _MISSING.fullmatch(n) or not n else f"{n}%" for n in numbers)]
