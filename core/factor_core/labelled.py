"""Arrays that carry their names: what cells become on the way in, and tables on the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import ArrayLike, NDArray

    Matrix = NDArray[np.float64]
    Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of numbers, one row a period, oldest first; NaN is a missing cell.

    Attributes
    ----------
    values : ndarray of shape (n, m)
    names : tuple of str
        The header texts; empty where the range had no header.
    rows : int
        Rows of the range below the header. Larger than n where a reference over the whole sheet
        was cut after its last filled row.
    """

    values: Matrix
    names: tuple[str, ...] = ()
    rows: int = -1

    def __post_init__(self) -> None:
        if self.rows < 0:
            object.__setattr__(self, "rows", len(self.values))

    @property
    def width(self) -> int:
        """The number of columns."""
        return int(self.values.shape[1])

    def labels(self, word: str) -> tuple[str, ...]:
        """Return the names, or `word 1`, `word 2` ... where there are none."""
        given = self.names or ("",) * self.width
        return tuple(name or f"{word} {j}" for j, name in enumerate(given, 1))


class RefusedCell(NamedTuple):
    """A cell that holds no number, and where it stands in its range, counted from 1."""

    row: int
    column: int
    found: str


@dataclass(frozen=True, slots=True, eq=False)
class Examined:
    """Columns of a range that may hold anything: NaN also where a cell was refused."""

    columns: Columns
    refused: Sequence[RefusedCell] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """A result with a header: each row a label and its numbers, as the cells will show them."""

    header: Sequence[str]
    rows: Sequence[Sequence[object]]


def padded(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return the table whose shorter rows end in blank cells: a range of cells is a rectangle."""
    return Table(header, [(*row, *(None,) * (len(header) - len(row))) for row in rows])


def as_columns(data: ArrayLike | Columns, name: str) -> Columns:
    """Return `data` as Columns: a vector is one column; NaN is missing, infinity an error."""
    if isinstance(data, Columns):
        return data
    try:
        values = np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} holds something that is no number; use numbers or NaN") from None
    if values.ndim > 2:
        raise InputError(f"{name} has {values.ndim} dimensions; use one block of rows and columns")
    values = values[:, None] if values.ndim == 1 else np.atleast_2d(values)
    refuse_infinite(values, name)
    return Columns(values)


def one_column(data: ArrayLike | Columns, name: str, remedy: str, of_a_row: str = "") -> Columns:
    """Return the one column of an argument; several raise InputError.

    The remedy ends in `of_a_row` where they lie in a row that was meant as a column.
    """
    columns = as_columns(data, name)
    if columns.width == 1:
        return columns
    hint = of_a_row if columns.rows == 1 else ""
    raise InputError(f"{name} has {columns.width} columns; {remedy}{hint}")


def refuse_infinite(values: Matrix, name: str, first_row: int = 1) -> None:
    """Raise InputError that names the first infinite cell."""
    infinite = np.isinf(values)
    if infinite.any():
        row, column = np.argwhere(infinite)[0]
        raise InputError(
            f"{name} row {row + first_row}, column {column + 1} is infinite; "
            "use a number or leave it blank"
        )


def same_rows(named: dict[str, Columns]) -> list[Matrix]:
    """Return the values of inputs that must be equally long, filled with NaN to a common length.

    Only a reference over the whole sheet is ever filled: it was cut after its last filled row.
    """
    (first, reference), *others = named.items()
    for name, columns in others:
        if columns.rows != reference.rows:
            raise InputError(_unequal(first, reference, name, columns))
    longest = max(len(columns.values) for columns in named.values())
    return [_filled(columns.values, longest) for columns in named.values()]


def _unequal(first: str, one: Columns, second: str, other: Columns) -> str:
    """Return the sentence on two lengths; a header on one side only is the usual reason."""
    begins, remedy = {True: "", False: ""}, "use ranges of equal length"
    if bool(one.names) != bool(other.names):
        begins = {True: " below its header", False: " without a header"}
        remedy += ", both with a header or both without"
    return (
        f"{first} has {one.rows} rows{begins[bool(one.names)]} and {second} has {other.rows}"
        f"{begins[bool(other.names)]}; {remedy}"
    )


def _filled(values: Matrix, length: int) -> Matrix:
    if len(values) == length:
        return values
    tail = np.full((length - len(values), values.shape[1]), np.nan)
    return np.vstack([values, tail])
