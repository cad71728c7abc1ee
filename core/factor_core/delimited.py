"""Delimited text, as spreadsheets and data vendors save it, as rows of cells.

pandas.read_csv is not used here: it fills short rows, takes "1,2,3" for 123 when thousands are
allowed and forgets which row of the file a cell came from. An analyst's file is read strictly,
and what is wrong with it is said by row and column.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from factor_core import french_portfolios
from factor_core.errors import InputError, sentence
from factor_core.text_table import TextTable, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from factor_core.layouts import Record

_DELIMITERS = ("\t", ";", ",", "|")  # the comma after the semicolon: it may be a decimal mark
_HEAD = 65_536
_TAIL = 2_048
_ASCII_HEADS = (b"<TICKER>", b"<DATE>", b"<DTYYYYMMDD>")  # of MetaStock-style files
_NOT_TEXT = {
    b"\x1f\x8b": "a compressed file",
    b"%PDF": "a PDF file",
}
# Excel's own word for the delimiter, in the first line of a file.
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[\t;,| ]*', re.IGNORECASE)


def read_delimited(
    path: Path,
    *,
    table: str | None = None,
    periods: float = 252,
    first_rows: int | None = None,
) -> TextTable:
    """Return the columns of a CSV file: comma, semicolon, tab or bar; UTF-8, UTF-16 or Windows.

    Of a file of Kenneth French's, which holds several tables, `table` names the one that is meant
    and `periods` its frequency. Of a file larger than memory `first_rows` show what it is.

    Raises
    ------
    InputError
        Not a readable text file, fewer than two columns, no row of data, a row of another length
        than the names, a line break inside a cell, or more rows than a worksheet has.
    """
    notes: list[str] = []
    try:
        encoding = _encoding(path, notes)
        with path.open(encoding=encoding, newline="") as stream:
            head = stream.read(_HEAD)
            if french_portfolios.is_from_library(head + _tail(path)):
                if first_rows is not None:
                    raise InputError(_several_tables(path.name))
                stream.seek(0)
                return french_portfolios.read(path, stream, table, periods)
            if table is not None:
                raise InputError(sentence(f"{path.name} has no sheets; leave out --sheet"))
            delimiter, skipped = _delimiter(path.name, head)
            stream.seek(0)
            records = _records(path.name, csv.reader(stream, delimiter=delimiter), skipped)
            found = table_of(path.name, path.stem, records, notes, first_rows=first_rows)
            return replace(found, delimiter=delimiter, encoding=encoding)
    except OSError as error:
        raise InputError(sentence(f"{path} cannot be read: {error.strerror}")) from error
    except UnicodeError as error:
        raise InputError(
            sentence(f"{path.name} is damaged UTF-16 text; save it as UTF-8")
        ) from error


def _several_tables(file: str) -> str:
    return sentence(
        f"{file} is a file of Kenneth French's, with percent and several tables; save the one that "
        "is meant as CSV with decimal numbers"
    )


def _tail(path: Path) -> str:
    """Return the end of the file, where its copyright stands, as far as it is plain letters."""
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - _TAIL))
        return stream.read().decode("ascii", errors="replace")


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
    if head.lstrip().startswith(b"<") and not head.lstrip().upper().startswith(_ASCII_HEADS):
        raise InputError(sentence(f"{file} is a web page, not CSV; download the data itself"))


def _decodes(path: Path, encoding: str) -> bool:
    try:
        with path.open(encoding=encoding, newline="") as stream:
            while stream.read(2**20):
                pass
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(file: str, head: str) -> tuple[str, int]:
    """Return the delimiter, and the number of first lines that only name it.

    Where no line names it, it is the one that cuts most of the first lines into the same number
    of cells.
    """
    lines = [line for line in head.splitlines()[:50] if line.strip()]
    if not lines:
        raise InputError(sentence(f"{file} is empty"))
    named = _SEPARATOR_LINE.fullmatch(lines[0].strip(" \ufeff"))
    if named:
        return named[1], 1
    best, best_share = "", 0.0
    for delimiter in _DELIMITERS:
        widths = Counter(map(len, csv.reader(lines, delimiter=delimiter)))
        width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1]))
        share = count / widths.total()
        if width > 1 and share > best_share:
            best, best_share = delimiter, share
    if not best:
        raise InputError(
            sentence(f"{file} has one column only; dates and prices or returns are needed")
        )
    return best, 0


def _records(file: str, reader: Iterator[list[str]], skipped: int) -> Iterator[Record]:
    """Yield the rows that are not blank with their number in the file."""
    row = 0
    try:
        for row, record in enumerate(reader, start=1):
            if any(record) and any(map(str.strip, record)):
                if skipped:
                    skipped -= 1
                    continue
                yield row, record
    except csv.Error as error:
        raise InputError(sentence(f"{file} row {row + 1} is not CSV: {error}")) from error
