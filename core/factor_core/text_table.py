"""A file as columns of text, whatever it was written by: CSV, a sheet of a workbook, Parquet.

A reader yields the rows that are not blank, each with its number; here they become columns. What is
no part of the table (titles, repeated names, a line of small print below) is left out with a note.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, first_of, sentence
from factor_core.layouts import Layout, find_layout, is_number_like, quoted_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from factor_core.layouts import Record
    from factor_core.number_text import DecimalMark

SHEET_ROWS = 1_048_576
HEADING_ROWS = 16  # rows of a worksheet that the workbook's own titles may take
MOST_ROWS = SHEET_ROWS - HEADING_ROWS

_BATCH = 4_096  # larger batches keep the garbage collector busy: 65,536 take twice the time
_HEAD_ROWS = 200  # by which titles, names and data are told apart
MOST_FOOTNOTES = 40  # rows of text: more are a second table, not small print


@dataclass(eq=False)
class Column:
    """One column of text; `batches` hold its cells, each batch one string joined by line ends.

    A million cells as separate strings cost ten times the memory of the text itself.
    """

    file: str
    name: str
    number: int
    rows: NDArray[np.int64]
    """The row of the file of each cell, the first row being 1."""
    batches: list[str] = field(default_factory=list)
    heads: tuple[str, ...] = ()
    """The cells above the column, where more than one row names it."""
    mark: DecimalMark = "."
    typed: bool = False
    """Whether numbers are the file's own (a sheet, Parquet), so that text has none to guess at."""

    def cells(self) -> Iterator[str]:
        """Yield every cell without the spaces around it."""
        for batch in self.batches:
            for cell in batch.split("\n"):
                yield cell.strip()

    def sample(self, count: int = 200) -> list[str]:
        """Return the first `count` cells that are not blank."""
        return list(islice(filter(None, self.cells()), count))

    def place(self, index: int) -> str:
        """Return where the cell stands, to begin an error sentence with."""
        return f"{self.file} row {self.rows[index]}, column '{self.label}'"

    def named(self, name: str) -> Column:
        """Return the same column under another name."""
        return replace(self, name=name)

    @property
    def label(self) -> str:
        """The column's name, or its number where the name is blank."""
        return self.name or str(self.number)


@dataclass(frozen=True)
class TextTable:
    """A file read as text: its columns, and what had to be decided on the way."""

    file: str
    columns: list[Column]
    notes: list[str]
    stem: str
    """The name of a file of one asset: its ticker where a title gives it, else the file's."""
    delimiter: str = ""
    encoding: str = ""
    typed: bool = False
    from_1904: bool = False
    """Whether a sheet counts its days from 1904, as some workbooks of the Mac do."""
    percent: bool = False
    """Whether the source says that its numbers are percent; they carry percent signs here."""


def table_of(
    file: str,
    stem: str,
    records: Iterable[Record],
    notes: list[str],
    *,
    typed: bool = False,
    first_rows: int | None = None,
) -> TextTable:
    """Return the table in the rows of a file; `notes` are those made so far.

    Of `first_rows` only, nothing is noted that the rest of the file may belie.

    Raises
    ------
    InputError
        No row of data, a row of another length than the names, a line break inside a cell, or more
        rows than a worksheet has.
    """
    stream = islice(records, first_rows)
    head = list(islice(stream, _HEAD_ROWS))
    if not head:
        raise InputError(sentence(f"{file} is empty"))
    layout = find_layout(file, head)
    rows = _Rows(file, layout, chain(head[layout.first :], stream))
    columns = _columns(file, rows, typed=typed)
    notes = [*notes, *layout.notes, *(rows.notes if first_rows is None else [])]
    return TextTable(file, columns, notes, layout.title or stem, typed=typed)


class _Rows:
    """The rows of data of a table; `notes` say what was left out, once all rows were taken."""

    def __init__(self, file: str, layout: Layout, records: Iterator[Record]) -> None:
        self.file = file
        self.layout = layout
        self.notes: list[str] = []
        self._records = records
        self._repeated: list[int] = []
        self._last = layout.above

    def __iter__(self) -> Iterator[Record]:
        held: list[Record] = []
        count = 0
        at = -1 if self.layout.dates is None else self.layout.dates
        for row, record in self._records:
            # A date in its place is what nearly every row has: a million rows are not stripped.
            if not held and 0 <= at < len(record) and record[at][:1].isdigit():
                yield row, record
                self._last, count = row, count + 1
                continue
            cells = [cell.strip() for cell in record]
            if cells in self.layout.heading:
                self._repeated.append(row)
                continue
            if self._is_text_only(cells) and len(held) < MOST_FOOTNOTES:
                held.append((row, record))
                continue
            # Text between rows of data is no small print: its row is refused by those who read it.
            for one in [*held, (row, record)]:
                yield one
                self._last, count = one[0], count + 1
            held = []
        if not count and held:
            yield from held
            held = []
        self._conclude(held, count)

    def _is_text_only(self, cells: list[str]) -> bool:
        """Return whether a row has words, no date in its place and no number anywhere."""
        at = self.layout.dates
        if at is None or (at < len(cells) and cells[at][:1].isdigit()):
            return False
        told = [cell for cell in cells if cell]
        beside = cells[:at] + cells[at + 1 :]
        return any(map(str.isalpha, "".join(told))) and not any(map(is_number_like, beside))

    def _conclude(self, held: list[Record], count: int) -> None:
        repeated = [row for row in self._repeated if row <= self._last]
        blank = self._last - self.layout.above - count - len(repeated)
        if blank > 0:
            self.notes.append(f"{blank} blank row{'s' if blank > 1 else ''} skipped.")
        if self._repeated:
            self.notes.append(f"Repeated names skipped: row {first_of(self._repeated, 5)}.")
        if held:
            self.notes.append(f"Below the table, left out: {quoted_rows(held)}.")


# Columns ----------------------------------------------------------------------------------------


def _columns(file: str, records: _Rows, *, typed: bool) -> list[Column]:
    """Return the columns of the rows of data, having checked that every row is whole."""
    layout = records.layout
    width = len(layout.names)
    rows: list[int] = []
    batches: list[list[str]] = []
    stream = iter(records)
    while batch := list(islice(stream, _BATCH)):
        rows += [row for row, _ in batch]
        whole = _whole(file, batch, layout)
        cells = list(zip(*whole, strict=True))
        batches.append([_joined(file, column, rows[-len(batch) :]) for column in cells])
        if len(rows) > MOST_ROWS:
            raise InputError(
                sentence(f"{file} has over {MOST_ROWS:,} rows of data; a worksheet holds no more")
            )
    if not rows:
        hint = "; is a quote open in it?" if layout.swallowed else ""
        raise InputError(sentence(f"{file} has a row of names and no row of data{hint}"))
    places = np.array(rows, dtype=np.int64)
    return [
        Column(
            file,
            layout.names[j],
            j + 1,
            places,
            [batch[j] for batch in batches],
            layout.heads[j],
            typed=typed,
        )
        for j in range(width)
    ]


def _whole(file: str, batch: list[Record], layout: Layout) -> list[list[str]]:
    """Return rows of one length; refuse one cut short, or with cells right of the last name."""
    width = len(layout.names)
    for row, record in batch:
        if len(record) == width or (len(record) > width and not any(record[width:])):
            continue
        raise InputError(
            sentence(
                f"{file} row {row} has {len(record)} cells where the names in row {layout.row} "
                f"are {width}; every row needs one cell for each name"
            )
        )
    return [record[:width] for _, record in batch]


def _joined(file: str, cells: tuple[str, ...], rows: list[int]) -> str:
    text = "\n".join(cells)
    if text.count("\n") != len(cells) - 1:
        index = next(i for i, cell in enumerate(cells) if "\n" in cell)
        raise InputError(
            sentence(f"{file} row {rows[index]} has a line break inside a cell; is a quote open?")
        )
    return text
