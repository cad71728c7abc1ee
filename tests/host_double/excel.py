"""Excel's objects, as COM shows them to VBA and to xlwings."""

# ruff: noqa: N802  (the members are Excel's)

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any, ClassVar

from host_double.pywin32 import IID, ComObject
from host_double.variant import EMPTY, Variant, serial_of

SHEET_ROWS = 1_048_576
FIRST_ERROR = -2146828288  # CVErr(0) as the whole number that COM sends
ERRORS = {
    "#NULL!": 2000,
    "#DIV/0!": 2007,
    "#VALUE!": 2015,
    "#REF!": 2023,
    "#NAME?": 2029,
    "#NUM!": 2036,
    "#N/A": 2042,
    "#GETTING_DATA": 2043,
    "#SPILL!": 2045,
    "#CONNECT!": 2046,
    "#BLOCKED!": 2047,
    "#UNKNOWN!": 2048,
    "#FIELD!": 2049,
    "#CALC!": 2050,
}
ERROR_TEXTS = {FIRST_ERROR + number: text for text, number in ERRORS.items()}


def error(number: int) -> Variant:
    """Return what VBA's CVErr makes of the number."""
    return Variant("ERROR", FIRST_ERROR + number)


def cell(value: object, number_format: str = "General") -> Variant:
    """Return what a cell with this content holds: Range.Value of it."""
    if isinstance(value, Variant):
        return value
    if value is None:
        return EMPTY
    if isinstance(value, bool):
        return Variant("BOOL", value)
    if isinstance(value, dt.date):
        return Variant("DATE", serial_of(dt.datetime(*value.timetuple()[:6])))  # noqa: DTZ001
    if isinstance(value, str):
        return error(ERRORS[value]) if value in ERRORS else Variant("BSTR", value)
    return Variant({"Currency": "CY", "Date": "DATE"}.get(number_format, "R8"), float(value))


def value2(held: Variant) -> Variant:
    """Return Range.Value2 of a cell: dates and currency are plain numbers there."""
    return Variant("R8", float(held.value)) if held.kind in ("DATE", "CY") else held


def array(rows: Any) -> Variant:
    """Return an array as a formula hands it over, {1,2}: where it has one row, without that row."""
    cells = tuple(tuple(map(cell, row)) for row in rows)
    return Variant("ARRAY", cells[0] if len(cells) == 1 else cells)


class Application(ComObject):
    type_name = "_Application"
    members = ("Version", "Hwnd", "Name")
    Version, Hwnd, Name = "16.0", 1, "Microsoft Excel"


class Worksheets(ComObject):
    type_name = "Sheets"
    members = ("Count", "Item")

    def __init__(self, sheets: list[Worksheet]) -> None:
        self.sheets = sheets

    @property
    def Count(self) -> int:
        return len(self.sheets)

    def Item(self, number: float) -> Worksheet:
        return self.sheets[int(number) - 1]

    def enumerated(self) -> list[ComObject]:
        return list(self.sheets)


class Workbook(ComObject):
    """An unsaved workbook: no path, as on a colleague's machine before the first save."""

    type_name = "_Workbook"
    members = ("Name", "FullName", "Path", "Application", "Worksheets", "Sheets")
    Path = ""

    def __init__(self, name: str = "Book1.xlsm") -> None:
        self.Name = self.FullName = name
        self.Application = Application()
        self.Worksheets = self.Sheets = Worksheets([Worksheet("Sheet1", self)])


@dataclass(eq=False)
class Worksheet(ComObject):
    Name: str
    Parent: Workbook
    type_name: ClassVar[str] = "_Worksheet"
    members: ClassVar[tuple[str, ...]] = ("Name", "Parent")


@dataclass
class Lines(ComObject):
    """Range.Rows and Range.Columns."""

    Count: int
    type_name: ClassVar[str] = "Range"
    members: ClassVar[tuple[str, ...]] = ("Count",)


@dataclass(eq=False)
class Range(ComObject):
    """A block of cells: `rows` from its top; where `height` is larger, blank cells follow.

    What stands below `rows` is taken as below the used range of the sheet.
    """

    rows: list[list[object]]
    number_format: str = "General"
    height: int = 0
    Row: int = 1
    Column: int = 1
    Worksheet: Worksheet | None = None
    cells: tuple[tuple[Variant, ...], ...] = field(init=False)
    iid: ClassVar[IID] = IID("{00020846-0000-0000-C000-000000000046}")
    type_name: ClassVar[str] = "Range"
    members: ClassVar[tuple[str, ...]] = (
        *("Value", "Value2", "Row", "Column", "Rows", "Columns", "Count"),
        *("Worksheet", "Parent", "Address"),
    )

    def __post_init__(self) -> None:
        self.cells = tuple(tuple(cell(c, self.number_format) for c in row) for row in self.rows)
        self.height = self.height or len(self.cells)

    @property
    def is_whole_column(self) -> bool:
        return self.Row + self.height - 1 == SHEET_ROWS

    @property
    def Value(self) -> Variant:
        blank = (EMPTY,) * len(self.cells[0])
        return _block((*self.cells, *(blank,) * (self.height - len(self.cells))))

    @property
    def Value2(self) -> Variant:
        return self.value2(self.height)

    def value2(self, height: int) -> Variant:
        """Return Value2 of the first `height` rows."""
        blank = (EMPTY,) * len(self.cells[0])
        filled = [tuple(map(value2, row)) for row in self.cells[:height]]
        return _block((*filled, *(blank,) * (height - len(filled))))

    @property
    def Rows(self) -> Lines:
        return Lines(self.height)

    @property
    def Columns(self) -> Lines:
        return Lines(len(self.cells[0]))

    @property
    def Count(self) -> int:
        return self.height * len(self.cells[0])

    @property
    def Parent(self) -> Worksheet | None:
        return self.Worksheet

    def Address(self, *_arguments: object) -> str:
        return f"$A${self.Row}:$A${self.Row + self.height - 1}"


def _block(rows: tuple[tuple[Variant, ...], ...]) -> Variant:
    return rows[0][0] if len(rows) == len(rows[0]) == 1 else Variant("ARRAY", rows)
