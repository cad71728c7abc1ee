"""Delimited text, as spreadsheets and data vendors save it, as columns of text.

pandas.read_csv is not used here: it fills short rows, takes "1,2,3" for 123 when thousands are
allowed and forgets which row of the file a cell came from. An analyst's file is read strictly,
and what is wrong with it is said by row and column.
"""

from __future__ import annotations

import codecs
import csv
from collections import Counter
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SHEET_ROWS = 1_048_576
HEADING_ROWS = 16  # rows of a worksheet that the workbook's own titles may take
MOST_ROWS = SHEET_ROWS - HEADING_ROWS

_BATCH = 4_096  # larger batches keep the garbage collector busy: 65,536 take twice the time
_DELIMITERS = ("\t", ";", ",", "|")  # the comma after the semicolon: it may be a decimal mark
_HEAD = 65_536
_NOT_TEXT = {
    b"PK\x03\x04": "an Excel workbook or a zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a compressed file",
    b"PAR1": "a Parquet file",
    b"%PDF": "a PDF file",
}


@dataclass
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

    @property
    def label(self) -> str:
        """The column's name, or its number where the name is blank."""
        return self.name or str(self.number)


@dataclass(frozen=True)
class TextTable:
    """A file read as text: its columns, and what had to be decided on the way."""

    file: str
    delimiter: str
    columns: list[Column]
    notes: list[str]


def read_delimited(path: Path) -> TextTable:
    """Return the columns of a CSV file: comma, semicolon, tab or bar; UTF-8, UTF-16 or Windows.

    Raises
    ------
    InputError
        Not a readable text file, fewer than two columns, no row of data, a row of another length
        than the header, a line break inside a cell, or more rows than a worksheet has.
    """
    notes: list[str] = []
    try:
        encoding = _encoding(path, notes)
        with path.open(encoding=encoding, newline="") as stream:
            delimiter = _delimiter(path.name, stream.read(_HEAD))
            stream.seek(0)
            columns = _columns(path.name, csv.reader(stream, delimiter=delimiter), notes)
    except OSError as error:
        raise InputError(sentence(f"{path} cannot be read: {error.strerror}")) from error
    except UnicodeError as error:
        raise InputError(
            sentence(f"{path.name} is damaged UTF-16 text; save it as UTF-8")
        ) from error
    return TextTable(path.name, delimiter, columns, notes)


def _encoding(path: Path, notes: list[str]) -> str:
    """Return the encoding of the file."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    _refuse_other_kinds(path.name, head)
    if _decodes(path, "utf-8-sig"):
        return "utf-8-sig"
    if _decodes(path, "cp1252"):
        notes.append("The file is not UTF-8; it was read as Windows-1252.")
        return "cp1252"
    raise InputError(sentence(f"{path.name} is neither UTF-8 nor Windows text; save it as UTF-8"))


def _refuse_other_kinds(file: str, head: bytes) -> None:
    """Raise for a file that is not text, or text that is no table, saying what it is."""
    kinds = [kind for magic, kind in _NOT_TEXT.items() if head.startswith(magic)]
    if kinds:
        raise InputError(sentence(f"{file} is {kinds[0]}; save the sheet as CSV UTF-8"))
    if b"\0" in head:
        raise InputError(sentence(f"{file} is not a text file; save the sheet as CSV UTF-8"))
    if head.lstrip().startswith(b"<"):
        raise InputError(sentence(f"{file} is a web page, not CSV; download the data itself"))


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as stream:
            while stream.read(2**20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(file: str, head: str) -> str:
    """Return the delimiter that cuts most of the first lines into the same number of cells."""
    lines = [line for line in head.splitlines()[:50] if line.strip()]
    if not lines:
        raise InputError(sentence(f"{file} is empty"))
    best, best_share = "", 0.0
    for delimiter in _DELIMITERS:
        widths = Counter(map(len, csv.reader(lines, delimiter=delimiter)))
        width, count = widths.most_common(1)[0]
        share = count / widths.total()
        if width > 1 and share > best_share:
            best, best_share = delimiter, share
    if not best:
        raise InputError(
            sentence(f"{file} has one column only; dates and prices or returns are needed")
        )
    return best


def _columns(file: str, reader: Iterator[list[str]], notes: list[str]) -> list[Column]:
    """Return the named columns of `reader`, having checked that every row is whole."""
    records = _records(file, reader)
    header_row, header = next(records, (0, []))
    swallowed = any("\n" in name for name in header)
    header = [" ".join(name.split()) for name in header]
    while header and not header[-1]:
        header.pop()
    rows: list[int] = []
    batches: list[list[str]] = []
    while batch := list(islice(records, _BATCH)):
        rows += [row for row, _ in batch]
        _check_widths(file, batch, header, header_row)
        cells = list(zip(*(record[: len(header)] for _, record in batch), strict=True))
        batches.append([_joined(file, column, rows[-len(batch) :]) for column in cells])
        if len(rows) > MOST_ROWS:
            raise InputError(
                sentence(f"{file} has over {MOST_ROWS:,} rows of data; a worksheet holds no more")
            )
    if not header_row:
        raise InputError(sentence(f"{file} is empty"))
    if not rows:
        hint = "; is a quote open in it?" if swallowed else ""
        raise InputError(sentence(f"{file} has a row of names and no row of data{hint}"))
    _note_blank_rows(header_row, rows, notes)
    places = np.array(rows, dtype=np.int64)
    return [
        Column(file, name, number, places, [batch[number - 1] for batch in batches])
        for number, name in enumerate(header, start=1)
    ]


def _records(file: str, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank with their number in the file."""
    row = 0
    try:
        for row, record in enumerate(reader, start=1):
            if any(record) and any(map(str.strip, record)):
                yield row, record
    except csv.Error as error:
        raise InputError(sentence(f"{file} row {row + 1} is not CSV: {error}")) from error


def _check_widths(
    file: str, batch: list[tuple[int, list[str]]], header: list[str], header_row: int
) -> None:
    """Refuse a row cut short, or one with cells right of the last name."""
    width = len(header)
    for row, record in batch:
        if len(record) == width or (len(record) > width and not any(record[width:])):
            continue
        raise InputError(
            sentence(
                f"{file} row {row} has {len(record)} cells where the names in row {header_row} "
                f"are {width}; every row needs one cell for each name, and no title above them"
            )
        )


def _joined(file: str, cells: tuple[str, ...], rows: list[int]) -> str:
    text = "\n".join(cells)
    if text.count("\n") != len(cells) - 1:
        index = next(i for i, cell in enumerate(cells) if "\n" in cell)
        raise InputError(
            sentence(f"{file} row {rows[index]} has a line break inside a cell; is a quote open?")
        )
    return text


def _note_blank_rows(header_row: int, rows: list[int], notes: list[str]) -> None:
    blank = rows[-1] - header_row - len(rows)
    if blank:
        notes.append(f"{blank} blank row{'s' if blank > 1 else ''} skipped.")
