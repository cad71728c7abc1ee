"""The calculation engine for native formulas: a thin adapter around cellrune.

cellrune marks what it cannot calculate as unavailable, even through IFERROR, and everything that
depends on it. `Unavailable` carries the reason.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cellrune

from factor_core.errors import ExcelError, FactorError
from factor_core.refresh.addresses import Area, address, area_of
from factor_core.refresh.values import Value

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

EPOCH_1900, EPOCH_1904 = dt.datetime(1899, 12, 30), dt.datetime(1904, 1, 1)  # noqa: DTZ001  cells have no zone
BATCH = 50_000  # the engine takes at most 100,000 edits at once
READ_ROWS = 4096  # one read makes a dict a cell; short reads keep the memory low
PENDING = "__PENDING__()"  # an unknown function: the cell and its dependents are unavailable
# The engine's own limits guard servers against strangers' files; here the file is the user's.
HUGE = 1 << 40
READ_LIMITS: Any = dict.fromkeys(
    (
        "max_archive_bytes",
        "max_entries",
        "max_entry_uncompressed_bytes",
        "max_total_uncompressed_bytes",
        "max_compression_ratio",
        "max_sheets",
        "max_cells_per_sheet",
        "max_total_cells",
        "max_shared_strings",
        "max_total_shared_string_bytes",
        "max_total_cell_text_bytes",
        "max_defined_names",
        "max_total_formula_bytes",
        "max_merged_ranges",
        "max_tables",
        "max_table_columns",
    ),
    HUGE,
)
# Enough for SLOPE of two full columns.
CALCULATION_LIMITS = {"max_array_cells": 1 << 28, "max_function_iterations": 1 << 28}

REASONS = {
    "calculation.unsupported_function": "the function {detail} is not supported",
    "calculation.unsupported_name": "the name {detail} is not known",
    "calculation.unsupported_expression": "it uses {detail}, which is not supported",
    "calculation.circular_reference": "circular reference",
    "calculation.blocked_by_upstream": "it depends on a cell that could not be calculated",
    "calculation.parse_error": "the formula cannot be read",
    "calculation.missing_formula_text": "the file holds no text for this formula",
}


@dataclass(frozen=True, slots=True)
class Unavailable:
    """What stands in for a value that the engine cannot calculate."""

    reason: str
    pending: bool = False  # waits for a function of ours
    cell: tuple[str, int, int] | None = None  # where it was met


Cell = Value | Unavailable


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula to set in the engine's copy of the workbook."""

    sheet: str
    row: int
    column: int
    text: str
    dynamic: bool = False


class Engine:
    """One workbook inside the engine."""

    def __init__(self, data: bytes, now: dt.datetime, *, date1904: bool) -> None:
        try:
            self.book: Any = cellrune.Workbook.from_bytes(data, read_limits=READ_LIMITS)
        except cellrune.CellRuneError as error:
            raise FactorError(f"the workbook cannot be read: {error}") from None
        epoch = EPOCH_1904 if date1904 else EPOCH_1900
        serial = (now.replace(tzinfo=None) - epoch) / dt.timedelta(days=1)
        # A fixed seed: a second refresh must find RAND's numbers as it left them.
        self.clock = {"today_serial": float(int(serial)), "now_serial": serial, "random_seed": 0}
        summary = self.book.summary()["sheets"]
        self.used = {s["name"]: area_of(s["used_range"]) for s in summary if s["used_range"]}
        self.sheets = {s["name"].upper() for s in summary}
        self.calculated = False
        self.limits: dict[str, int] | None = CALCULATION_LIMITS

    def add_sheet(self, name: str) -> None:
        """Add a sheet; it exists in the engine's copy only."""
        self.calculated = False
        self.book.add_sheet(name)

    def write(self, sheet: str, row: int, column: int, rows: Sequence[Sequence[Value]]) -> None:
        """Write a block of values."""
        self.calculated = False
        step = max(1, BATCH // max(len(rows[0]), 1))
        for start in range(0, len(rows), step):
            block = [[_typed(value) for value in line] for line in rows[start : start + step]]
            self.book.write_values(sheet, address(row + start, column), block)

    def set_formulas(self, formulas: Sequence[Formula]) -> dict[int, str]:
        """Set formulas; return the reason for each that the engine refuses, by its index."""
        refused: dict[int, str] = {}
        changes = [_change(formula) for formula in formulas]
        for start in range(0, len(changes), BATCH):
            batch = changes[start : start + BATCH]
            try:
                self._apply(batch)
            except cellrune.CellRuneError:
                refused |= self._set_one_by_one(batch, start)
        return refused

    def _set_one_by_one(self, changes: list[dict[str, Any]], start: int) -> dict[int, str]:
        refused = {}
        for index, change in enumerate(changes, start):
            try:
                self._apply([change])
            except cellrune.CellRuneError as error:
                refused[index] = f"the formula cannot be read: {error}"
        return refused

    def clear(self, sheet: str, positions: Iterable[tuple[int, int]]) -> None:
        """Empty cells, formulas included."""
        changes = [
            {"kind": "clear_cell", "sheet": sheet, "address": address(*at)} for at in positions
        ]
        for start in range(0, len(changes), BATCH):
            self._apply(changes[start : start + BATCH])

    def _apply(self, changes: list[dict[str, Any]]) -> None:
        self.calculated = False
        self.book.apply_changes(self.book.summary()["semantic_revision"], changes)

    def calculate(self) -> None:
        """Calculate the whole workbook."""
        try:
            self.book.calculate(**self.clock, calculation_limits=self.limits)
        except cellrune.CellRuneError as error:
            if self.limits is None:
                raise FactorError(f"the workbook cannot be calculated: {error}") from None
            # With the engine's own limits only the formulas that are too large are lost.
            self.limits = None
            self.calculate()
        self.calculated = True

    def cell(self, sheet: str, row: int, column: int) -> Cell:
        """Return one calculated cell."""
        return next(self.rows(sheet, Area(row, column, row, column)))[0]

    def rows(self, sheet: str, area: Area) -> Iterator[list[Cell]]:
        """Yield the calculated rows of an area."""
        if not self.calculated:
            # After an edit the engine shows formulas as blanks: a wrong number, not an error.
            raise AssertionError("the engine is read before it has calculated")
        for top in range(area.top, area.bottom + 1, READ_ROWS):
            bottom = min(top + READ_ROWS - 1, area.bottom)
            first, last = address(top, area.left), address(bottom, area.right)
            for row in self.book.read_values(sheet, first, last):
                yield [_value(cell) for cell in row]


def _change(formula: Formula) -> dict[str, Any]:
    change = {
        "kind": "set_formula",
        "sheet": formula.sheet,
        "address": address(formula.row, formula.column),
        "formula": "=" + formula.text,
    }
    return change | {"dynamic_array": True} if formula.dynamic else change


def _typed(value: Value) -> dict[str, object]:
    if value is None:
        return {"kind": "blank"}
    if isinstance(value, ExcelError):
        return {"kind": "error", "value": str(value)}
    if isinstance(value, bool):
        return {"kind": "logical", "value": value}
    if isinstance(value, int | float):
        return {"kind": "number", "value": float(value)}
    return {"kind": "text", "value": value}


def _value(cell: dict[str, Any]) -> Cell:
    kind = cell["kind"]
    if kind in ("number", "text", "logical"):
        value: Value = cell["value"]
        return value
    if kind == "blank":
        return None
    if kind == "error":
        return ExcelError(cell["value"])
    return _unavailable(cell)


def _unavailable(cell: dict[str, Any]) -> Unavailable:
    detail = (cell.get("detail") or "something").removeprefix("_XLFN.").removeprefix("_XLWS.")
    if detail == "__PENDING__":
        return Unavailable("it waits for a function of ours", pending=True)
    reason = REASONS.get(cell["code"], cell["message"])
    return Unavailable(reason.format(detail=detail))
