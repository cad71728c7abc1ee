"""Cell addresses: A1 text to numbers and back."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
CELL = re.compile(r"\$?([A-Za-z]{1,3})\$?(\d{1,7})")
AREA = re.compile(rf"{CELL.pattern}(?::{CELL.pattern})?")
COLUMNS = re.compile(r"\$?([A-Za-z]{1,3}):\$?([A-Za-z]{1,3})")
ROWS = re.compile(r"\$?(\d{1,7}):\$?(\d{1,7})")

Position = tuple[int, int]


class Area(NamedTuple):
    """A rectangle of cells; rows and columns count from 1."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def text(self) -> str:
        """The area as a formula or a `ref` attribute names it."""
        first = address(self.top, self.left)
        return first if self.single else f"{first}:{address(self.bottom, self.right)}"

    @property
    def absolute(self) -> str:
        """The area with $ signs, so that no copy can move it."""
        first = f"${column_name(self.left)}${self.top}"
        return first if self.single else f"{first}:${column_name(self.right)}${self.bottom}"

    @property
    def single(self) -> bool:
        """Whether the area is one cell."""
        return self.top == self.bottom and self.left == self.right

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return self.bottom - self.top + 1

    @property
    def columns(self) -> int:
        """How many columns it has."""
        return self.right - self.left + 1

    def positions(self) -> Iterator[Position]:
        """Yield every (row, column), row by row."""
        for row in range(self.top, self.bottom + 1):
            for column in range(self.left, self.right + 1):
                yield row, column

    def overlaps(self, other: Area) -> bool:
        """Whether a cell belongs to both."""
        return (
            self.top <= other.bottom
            and other.top <= self.bottom
            and self.left <= other.right
            and other.left <= self.right
        )


@lru_cache(maxsize=4096)
def column_name(column: int) -> str:
    """Return the letters of a column number.

    Examples
    --------
    >>> column_name(1), column_name(28), column_name(16384)
    ('A', 'AB', 'XFD')
    """
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return letters


@lru_cache(maxsize=4096)
def column_number(letters: str) -> int:
    """Return the number of a column's letters."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def address(row: int, column: int) -> str:
    """Return the A1 name of a cell."""
    return f"{column_name(column)}{row}"


def position(text: str) -> Position:
    """Return (row, column) of an A1 name."""
    found = CELL.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no cell address")
    return int(found[2]), column_number(found[1])


def area_of(text: str) -> Area:
    """Return the area of `A1` or `A1:B2`, its corners in any order."""
    first, _, last = text.partition(":")
    top, left = position(first)
    bottom, right = position(last or first)
    return Area(min(top, bottom), min(left, right), max(top, bottom), max(left, right))


def area_or_none(text: str) -> Area | None:
    """Return the area of a reference without a sheet; whole columns and rows reach to the edge."""
    if AREA.fullmatch(text):
        return area_of(text)
    if found := COLUMNS.fullmatch(text):
        first, last = sorted((column_number(found[1]), column_number(found[2])))
        return Area(1, first, LAST_ROW, last)
    if found := ROWS.fullmatch(text):
        first, last = sorted((int(found[1]), int(found[2])))
        return Area(first, 1, last, LAST_COLUMN)
    return None


def quoted(sheet: str) -> str:
    """Return a sheet's name as a formula writes it."""
    return "'" + sheet.replace("'", "''") + "'"


def split_sheet(text: str) -> tuple[str | None, str]:
    """Split `'My sheet'!A1` into the sheet's name and the rest; no sheet gives None.

    Examples
    --------
    >>> split_sheet("'It''s'!A1:B2"), split_sheet("A1")
    (("It's", 'A1:B2'), (None, 'A1'))
    """
    found = re.fullmatch(r"'((?:[^']|'')+)'!(.+)|([^'!\[\]]+)!(.+)", text, re.DOTALL)
    if found is None:
        return None, text
    if found[1]:
        return found[1].replace("''", "'"), found[2]
    return found[3], found[4]
