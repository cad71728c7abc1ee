"""Ranges as our functions take them: read from the engine column by column, each column once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from factor_core.refresh.addresses import LAST_COLUMN, LAST_ROW, Area, address
from factor_core.refresh.engine import Unavailable
from factor_core.refresh.references import SheetArea

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from factor_core.refresh.engine import Cell, Engine
    from factor_core.refresh.values import Value

BLANK_MARK = "\ue000blank\ue000"  # stands for a blank in a calculated array, where it would be 0
Argument = object


@dataclass(frozen=True, slots=True)
class Block:
    """The values of a range: numbers as a matrix (blank is NaN), everything else by position."""

    numbers: NDArray[np.float64]
    others: dict[tuple[int, int], Value] = field(default_factory=dict)

    def argument(self) -> Argument:
        """Return it as the catalogue takes arguments: a value, a float matrix, or rows of cells."""
        if self.numbers.size == 1:
            number = float(self.numbers[0, 0])
            return self.others.get((0, 0), None if np.isnan(number) else number)
        return self.rows() if self.others else self.numbers

    def rows(self) -> list[list[Value]]:
        """Return rows of cells."""
        rows: list[list[Value]] = self.numbers.tolist()
        for row, column in np.argwhere(np.isnan(self.numbers)).tolist():
            rows[row][column] = None
        for (row, column), value in self.others.items():
            rows[row][column] = value
        return rows

    @property
    def fingerprint(self) -> int:
        """A number that changes when a value changes."""
        others = tuple((at, type(value), value) for at, value in self.others.items())
        return hash((self.numbers.shape, self.numbers.tobytes(), others))


@dataclass(slots=True)
class _Column:
    numbers: NDArray[np.float64]
    others: dict[int, Cell]


class Reader:
    """Reads ranges of one workbook between two calculations."""

    def __init__(self, engine: Engine, static: Collection[str]) -> None:
        self.engine, self.static = engine, frozenset(static)
        self.columns: dict[tuple[str, int], _Column] = {}
        self.least = dict(engine.used)
        self.grown: dict[str, Area] = {}
        self.waiting: list[SheetArea] = []

    def include(self, sheet: str, area: Area) -> None:
        """Note cells that belong to the used range though the engine's copy has them empty."""
        self.least[sheet] = _both(self.least.get(sheet, area), area)

    def new_round(self) -> None:
        """Forget what a calculation may have changed."""
        self.columns = {key: c for key, c in self.columns.items() if key[0] in self.static}
        self.grown = {}
        self.waiting = []

    def wait(self, sheet: str, area: Area) -> None:
        """Note cells that look empty until the next calculation and are not."""
        self.waiting.append(SheetArea(sheet, area))

    def grow(self, sheet: str, area: Area) -> None:
        """Note cells that formulas spill into: they belong to the used range."""
        self.grown[sheet] = _both(self.grown.get(sheet, area), area)

    def used(self, sheet: str) -> Area:
        """Return the used range, from A1."""
        corner = Area(1, 1, 1, 1)
        return _both(self.least.get(sheet, corner), self.grown.get(sheet, corner))

    def common_bottom(self, places: Collection[SheetArea]) -> int:
        """Return the row at which the whole columns of one call are cut, as in Excel all alike."""
        whole = [place for place in places if place.area.bottom == LAST_ROW]
        return max((self.used(place.sheet).bottom for place in whole), default=1)

    def block(self, place: SheetArea, bottom: int = 1) -> Block | Unavailable:
        """Return the values of an area, or why they are not there yet.

        A whole column reaches to `bottom` at least.
        """
        sheet, area = place.sheet, self._clipped(place, bottom)
        if any(w.sheet == sheet and w.area.overlaps(area) for w in self.waiting):
            return Unavailable("it waits for an array", pending=True)
        rows = area.bottom - area.top + 1
        numbers = np.full((rows, area.right - area.left + 1), np.nan)
        others: dict[tuple[int, int], Value] = {}
        for index, number in enumerate(range(area.left, area.right + 1)):
            column = self._column(sheet, number)
            part = column.numbers[area.top - 1 : area.bottom]
            numbers[: len(part), index] = part
            for row, value in column.others.items():
                if area.top <= row <= area.bottom:
                    if isinstance(value, Unavailable):
                        reason = f"{address(row, number)}: {value.reason}"
                        return Unavailable(reason, value.pending, (sheet, row, number))
                    others[row - area.top, index] = value
        return Block(numbers, others)

    def _clipped(self, place: SheetArea, bottom: int) -> Area:
        """Return the area, whole columns and rows cut to the used range as in Excel's host."""
        area, used = place.area, self.used(place.sheet)
        last = max(used.bottom, area.top, bottom) if area.bottom == LAST_ROW else area.bottom
        right = max(used.right, area.left) if area.right == LAST_COLUMN else area.right
        return Area(area.top, area.left, last, right)

    def value(self, sheet: str, row: int, column: int) -> Cell:
        """Return one cell, through the same columns."""
        cells = self._column(sheet, column)
        if row in cells.others:
            return cells.others[row]
        number = cells.numbers[row - 1] if row <= len(cells.numbers) else np.nan
        return None if np.isnan(number) else float(number)

    def _column(self, sheet: str, column: int) -> _Column:
        key = (sheet, column)
        if key not in self.columns:
            used = self.used(sheet)
            if column > used.right:
                self.columns[key] = _Column(np.empty(0), {})
            else:
                self.columns[key] = self._read(sheet, column, used.bottom)
        return self.columns[key]

    def _read(self, sheet: str, column: int, bottom: int) -> _Column:
        numbers = np.full(bottom, np.nan)
        others: dict[int, Cell] = {}
        for row, (cell,) in enumerate(self.engine.rows(sheet, Area(1, column, bottom, column)), 1):
            if type(cell) is float:
                numbers[row - 1] = cell
            elif cell is not None:
                others[row] = None if cell == BLANK_MARK else cell
        return _Column(numbers, others)


def _both(one: Area, other: Area) -> Area:
    """Return the area from A1 that holds both."""
    return Area(1, 1, max(one.bottom, other.bottom), max(one.right, other.right))
