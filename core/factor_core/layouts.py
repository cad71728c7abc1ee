"""Where a table begins in a file: titles above it, one or more rows of names, then the data.

People's tools write titles, the ticker and the field in rows of their own, or a row for the name of
the dates alone. The rows are told apart by the dates of the data.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from factor_core.date_text import DATE_NAMES, is_digit_date, is_written_date
from factor_core.errors import InputError, sentence, short
from factor_core.fields import is_field

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NAME_ROWS = 4  # ticker, name, field, and the name of the dates
_IDENTIFIERS = {"security", "ticker", "symbol", "identifier", "instrument"}
_SURE_DATE_NAMES = DATE_NAMES - {"", "period"}  # "Period, D" is a title of Bloomberg's
_BESIDE_TICKERS = {
    *("", "date", "dates", "price", "name", "field", "fields", "attributes"),
    *_IDENTIFIERS,
}
_PLACEHOLDER = re.compile(r"Unnamed: \d+(?:_level_\d+)?")  # pandas' word for a blank name
_NUMBER_LIKE = re.compile(r"[-+(]?[\d.,' \u00a0\u202f]*\d(?:[eE][-+]?\d+)?\)?\s*%?")

Record = tuple[int, list[str]]
"""A row that is not blank: its number, the first being 1, and its cells."""


@dataclass(frozen=True)
class Layout:
    """What the first rows of a file are."""

    first: int
    """Index of the first row of data among the rows that are not blank."""
    row: int
    """Number of the row of names."""
    above: int
    """Number of the last row above the data."""
    names: list[str]
    heads: list[tuple[str, ...]]
    """For each column the cells of every row of names, the uppermost first."""
    heading: list[list[str]]
    """The rows of names as they stand, to know them again further down."""
    dates: int | None
    """Index of the column of dates; None where none is found."""
    title: str
    """The ticker of a file of one asset, where a title names it."""
    swallowed: bool
    """Whether a name has a line break, as an open quote leaves it."""
    notes: list[str]


def find_layout(file: str, head: Sequence[Record]) -> Layout:
    """Return what the first rows of a file are; a file of data without names is refused."""
    rows = [[_name(cell) for cell in cells] for _, cells in head]
    dates, first = _first_data(rows)
    if first == 0:
        raise InputError(sentence(f"{file} begins with data; put a row of names above it"))
    filled = _filled_columns(rows[first:], dates)
    used = _name_rows(rows[:first], [row for row, _ in head[:first]], dates, filled)
    width = max((j + 1 for i in used for j, cell in enumerate(rows[i]) if cell), default=0)
    levels = [_spread(_padded(rows[i], width), dates, i != used[-1]) for i in used]
    heads = list(zip(*levels, strict=True))
    left_out = [i for i in range(first) if i not in used]
    names = [_last_head(cells) for cells in heads]
    return Layout(
        first=first,
        row=head[used[-1]][0],
        above=head[first - 1][0],
        names=names,
        heads=heads,
        heading=[[cell.strip() for cell in head[i][1]] for i in used],
        dates=dates,
        title=_ticker([rows[i] for i in left_out]),
        swallowed=any("\n" in cell for cell in head[used[-1]][1]),
        notes=_notes(head, used, left_out),
    )


def _name(cell: str) -> str:
    text = " ".join(cell.split())
    return "" if _PLACEHOLDER.fullmatch(text) else text


def _padded(cells: list[str], width: int) -> list[str]:
    return (cells + [""] * width)[:width]


def _last_head(cells: tuple[str, ...]) -> str:
    return next((cell for cell in reversed(cells) if cell), "")


# The data ---------------------------------------------------------------------------------------


def _first_data(rows: list[list[str]]) -> tuple[int | None, int]:
    """Return the column of dates and the first row of data; without dates the second row."""
    width = max(map(len, rows))
    dated = [
        [i for i, cells in enumerate(rows) if j < len(cells) and is_written_date(cells[j])]
        for j in range(width)
    ]
    digits = [_digit_dates(rows, j) for j in range(width)]
    most = max(range(width), key=lambda j: (len(dated[j]), -j))
    by_digits = max(range(width), key=lambda j: (len(digits[j]), -j))
    found, column = dated[most], most
    if len(digits[by_digits]) > len(found):
        found, column = digits[by_digits], by_digits
    if not found:
        return None, 1
    # A date alone above the table, as that of a report, has no number beside it.
    first = next((i for i in found if _has_number(rows[i], column)), found[0])
    while first - 1 in found or (first > 1 and _is_data(rows[first - 1], column)):
        first -= 1
    return column, first


def _digit_dates(rows: list[list[str]], column: int) -> list[int]:
    """Return the rows whose digits may be dates: in the first column, or in one called so."""
    found = [
        i for i, cells in enumerate(rows) if column < len(cells) and is_digit_date(cells[column])
    ]
    if not found or column == 0:
        return found
    names = {cells[column].lower() for cells in rows[: found[0]] if column < len(cells)}
    return found if names & (DATE_NAMES - {""}) else []


def _is_data(cells: list[str], dates: int) -> bool:
    """Return whether a row right above dated ones holds numbers: its date is then an error."""
    return _cell(cells, dates).lower() not in DATE_NAMES - {""} and _has_number(cells, dates)


def _has_number(cells: list[str], dates: int) -> bool:
    beside = cells[:dates] + cells[dates + 1 :]
    return any(is_number_like(cell) and not is_written_date(cell) for cell in beside)


def _filled_columns(rows: list[list[str]], dates: int | None) -> list[int]:
    """Return the columns, but that of dates, in which any row of data has a cell."""
    width = max(map(len, rows), default=0)
    return [
        j for j in range(width) if j != dates and any(j < len(cells) and cells[j] for cells in rows)
    ]


# The names --------------------------------------------------------------------------------------


def _name_rows(
    above: list[list[str]], numbers: list[int], dates: int | None, filled: list[int]
) -> list[int]:
    """Return which of the rows above the data hold names, the uppermost first.

    Rows of names stand right above one another: after a blank row titles begin.
    """
    lowest = len(above) - 1
    if dates is None:
        return [lowest]
    for i in range(lowest, max(-1, lowest - MOST_NAME_ROWS), -1):
        if i < lowest and numbers[i + 1] - numbers[i] > 1:
            break
        date_name = _cell(above[i], dates).lower()
        if date_name in _SURE_DATE_NAMES and _tells_apart([above[i]], filled):
            return [i]
    used = [lowest]
    while not _tells_apart([above[i] for i in used], filled) and len(used) < MOST_NAME_ROWS:
        i = used[0] - 1
        together = i >= 0 and numbers[i + 1] - numbers[i] <= 1
        if not together or not _may_hold_names(above[i], dates, filled):
            break
        used.insert(0, i)
    return used


def _cell(cells: list[str], column: int) -> str:
    return cells[column] if column < len(cells) else ""


def _tells_apart(levels: list[list[str]], filled: list[int]) -> bool:
    """Return whether rows of names give every column a name of its own, not only fields."""
    names = [tuple(_cell(cells, j).casefold() for cells in levels) for j in filled]
    told = all(any(name) for name in names) and len(set(names)) == len(names)
    fields = all(is_field(part) for name in names for part in name if part)
    # One asset's file has no row of tickers: it is taken as it is when no row above can be one.
    return told and not fields


def _may_hold_names(cells: list[str], dates: int, filled: list[int]) -> bool:
    beside = _cell(cells, dates).lower() in _BESIDE_TICKERS
    return beside and sum(bool(_cell(cells, j)) for j in filled) > (len(filled) > 1)


def _spread(cells: list[str], dates: int | None, upper: bool) -> list[str]:
    """Return an upper row of names with each name over the blank cells right of it, as merged."""
    if not upper:
        return cells
    spread: list[str] = []
    for j, cell in enumerate(cells):
        before = spread[-1] if spread and j - 1 != dates else ""
        spread.append(cell or before)
    return spread


def _ticker(titles: list[list[str]]) -> str:
    """Return the ticker that a title such as "Security, SPX Index" gives."""
    for cells in titles:
        told = [cell for cell in cells if cell]
        if len(told) == 2 and told[0].rstrip(":").lower() in _IDENTIFIERS:
            return told[1]
    return ""


def _notes(head: Sequence[Record], used: list[int], left_out: list[int]) -> list[str]:
    notes = []
    if left_out:
        notes.append(f"Above the table, left out: {quoted_rows([head[i] for i in left_out])}.")
    rows = dict.fromkeys(head[i][0] for i in used)
    if len(rows) > 1:
        notes.append(f"Names: from rows {' and '.join(map(str, rows))}.")
    return notes


def is_number_like(cell: str) -> bool:
    """Return whether a cell is a number in whatever way of writing."""
    return _NUMBER_LIKE.fullmatch(cell) is not None


def quoted_rows(records: Sequence[Record], most: int = 3) -> str:
    """Return rows that are left out as a note shows them."""
    shown = [f'row {row} "{_shown(cells)}"' for row, cells in records[:most]]
    return "; ".join(shown) + (f" and {len(records) - most} more" if len(records) > most else "")


def _shown(cells: list[str]) -> str:
    text = ", ".join(filter(None, map(str.strip, cells)))
    return short(" ".join(text.split()))
