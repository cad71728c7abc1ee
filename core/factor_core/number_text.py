"""Numbers as people and programs write them: one decimal mark over a whole file, or a sentence."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from factor_core.errors import ERROR_TEXTS, InputError, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from factor_core.text_table import Column

DecimalMark = Literal[".", ","]

MISSING = {"", "-", "--", ".", "na", "n/a", "#n/a", "#n/a n/a", "#na", "nan", "null", "none"}

_SPACES_AND_QUOTES = "[\u00a0\u2009\u202f '\u2019]"  # thousands in France, Switzerland, ISO 31
_NOT_PLAIN = re.compile(r"[^0-9.eE+\-\n]")
_COMMA_IS_DECIMAL = re.compile(
    r"(?<![0-9])0?,[0-9]|,[0-9]{1,2}(?![0-9])|,[0-9]{4}|\.[0-9]{3}[,.]", re.ASCII
)
_DOT_IS_DECIMAL = re.compile(
    r"(?<![0-9])0?\.[0-9]|\.[0-9]{1,2}(?![0-9])|\.[0-9]{4}|,[0-9]{3}[,.]", re.ASCII
)


class Numbers(NamedTuple):
    """The numbers of a column, NaN where missing, and whether they carried percent signs."""

    values: NDArray[np.float64]
    percent: bool


def decimal_mark(
    file: str, columns: Sequence[Column], delimiter: str, given: DecimalMark | None
) -> DecimalMark:
    """Return the decimal mark that the numbers of the file prove, or else the one given.

    1,234 alone may be a thousand or one and a bit: then the analyst is asked, never guessed for.
    """
    batches = [batch for column in columns for batch in column.batches]
    comma = any(_COMMA_IS_DECIMAL.search(batch) for batch in batches)
    dot = any(_DOT_IS_DECIMAL.search(batch) for batch in batches)
    if given:
        return given
    if comma and dot:
        raise InputError(
            sentence(
                f"{file} has decimal commas and decimal points; say --decimal , or --decimal ."
            )
        )
    if comma or dot:
        return "," if comma else "."
    # A semicolon between cells is what programs write where the comma is the decimal mark.
    doubtful = any("," in batch or (delimiter == ";" and "." in batch) for batch in batches)
    if doubtful:
        raise InputError(
            sentence(
                f"{file} does not show whether numbers such as 1,234 or 1.234 are thousands; "
                "say --decimal . or --decimal , for the decimal mark"
            )
        )
    return "."


def read_numbers(column: Column) -> Numbers:
    """Return the numbers of `column`; a cell that is neither number nor blank is an error.

    Blanks and the usual marks of missing data (NA, #N/A, NaN, null, -) become NaN. A percent sign
    divides by 100, and then every number of the column but 0 must carry one.
    """
    parts: list[NDArray[np.float64]] = []
    reader = _CellReader(column)
    for batch in column.batches:
        start = sum(map(len, parts))
        plain = column.mark == "." and not _NOT_PLAIN.search(batch)
        numbers = _plain_numbers(batch) if plain else None
        if numbers is None:
            numbers = [reader.read(start + i, cell) for i, cell in enumerate(batch.split("\n"))]
        elif reader.first_percent is None and reader.first_plain is None:
            reader.first_plain = next((start + i for i, x in enumerate(numbers) if x), None)
        parts.append(np.array(numbers, dtype=np.float64))
    values = np.concatenate(parts)
    reader.refuse_mixture()
    _refuse_infinite(column, values)
    return Numbers(values, reader.first_percent is not None)


def _plain_numbers(batch: str) -> list[float] | None:
    """Return the numbers of cells made of digits, points and exponents only, else None."""
    try:
        return list(map(float, batch.split("\n")))
    except ValueError:
        return None


class _CellReader:
    """Reads single cells and remembers where percent signs stood and where they did not."""

    def __init__(self, column: Column) -> None:
        mark = column.mark
        self.column = column
        self.first_percent: int | None = None
        self.first_plain: int | None = None
        self._mark = mark
        point, group = re.escape(mark), re.escape("." if mark == "," else ",")
        self._plain = re.compile(
            rf"[-+]?(?:[0-9]+(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][-+]?[0-9]+)?"
        )
        between = f"(?:{group}|{_SPACES_AND_QUOTES})"
        self._grouped = re.compile(rf"[-+]?[0-9]{{1,3}}(?:{between}[0-9]{{3}})+(?:{point}[0-9]*)?")
        self._between = re.compile(between)

    def read(self, index: int, cell: str) -> float:
        """Return the number in `cell`; NaN where it is missing."""
        text = cell.strip().replace("\u2212", "-")  # typographic minus, as word processors set it
        if text.lower() in MISSING:
            return math.nan
        body = text.removesuffix("%").rstrip()
        # In a sheet 1,234 is text, and whether it is a thousand only its writer knows.
        if not self.column.typed and self._grouped.fullmatch(body):
            body = self._between.sub("", body)
        elif not self._plain.fullmatch(body):
            raise InputError(self._no_number(index, text))
        number = float(body.replace(self._mark, "."))
        if text.endswith("%"):
            self.first_percent = index if self.first_percent is None else self.first_percent
            return _hundredth(body.replace(self._mark, "."))
        if number and self.first_plain is None:
            self.first_plain = index
        return number

    def _no_number(self, index: int, text: str) -> str:
        if text.upper() in ERROR_TEXTS:
            return sentence(
                f"{self.column.place(index)} is the error {text.upper()}; mend the formula or "
                "clear the cell"
            )
        if self.column.typed:
            return sentence(
                f'{self.column.place(index)} is text "{text[:30]}"; make it a number or clear it'
            )
        hint = f" with '{self._mark}' as the decimal mark"
        return sentence(
            f'{self.column.place(index)} is text "{text[:30]}"; use a number'
            f"{hint if re.search('[0-9]', text) else ''} or leave it blank"
        )

    def refuse_mixture(self) -> None:
        """Raise where some numbers of the column carry a percent sign and others do not."""
        if self.first_percent is None or self.first_plain is None:
            return
        raise InputError(
            sentence(
                f"{self.column.place(self.first_plain)} has no percent sign but row "
                f"{self.column.rows[self.first_percent]} has one; write all in one way"
            )
        )


def _hundredth(text: str) -> float:
    """Return a percentage as a decimal; shifting the point keeps 1.17 % at 0.0117."""
    return float(text) / 100 if "e" in text.lower() else float(f"{text}e-2")


def _refuse_infinite(column: Column, values: NDArray[np.float64]) -> None:
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        raise InputError(
            sentence(f"{column.place(int(infinite[0]))} is too large to be a number; correct it")
        )
