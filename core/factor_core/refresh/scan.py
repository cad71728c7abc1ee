"""Finding the formulas of a sheet in its XML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from openpyxl.formula.tokenizer import TokenizerError
from openpyxl.formula.translate import Translator, TranslatorError

from factor_core.refresh import xml_bytes
from factor_core.refresh.addresses import Area, Position, address, area_of, position
from factor_core.refresh.values import Stored

if TYPE_CHECKING:
    from factor_core.refresh.xml_bytes import Attributes

HAS_FORMULA = re.compile(rb"<(?:\w+:)?f[\s/>]")

Kind = Literal["plain", "dynamic", "array", "data table"]


@dataclass(slots=True)
class FormulaCell:
    """A cell that holds a formula, as the file has it."""

    row: int
    column: int
    text: str  # without the leading =; "" for a follower of a shared formula
    kind: Kind
    area: Area  # the stored array or spill range, else the cell itself
    stored: Stored
    shared: str | None = None  # the index that links a shared formula's cells

    @property
    def address(self) -> str:
        """The cell's A1 name."""
        return address(self.row, self.column)


@dataclass(slots=True)
class _Open:
    """The cell that the parser is inside of."""

    row: int
    column: int
    attributes: Attributes
    formula: Attributes | None = None
    formula_text: str = ""
    value: str | None = None


@dataclass(slots=True)
class _Scanner:
    cells: list[FormulaCell] = field(default_factory=list)
    row: int = 0
    column: int = 0
    cell: _Open | None = None
    text: list[str] | None = None

    def start(self, name: str, attributes: Attributes) -> None:
        name = xml_bytes.local(name)
        if name == "c":
            self.row, self.column = here = place(attributes, self.row, self.column)
            self.cell = _Open(*here, attributes)
        elif name == "row":
            self.row, self.column = int(attributes.get("r", self.row + 1)), 0
        elif self.cell is not None and name in ("f", "v"):
            self.text = []
            if name == "f":
                self.cell.formula = attributes

    def data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def end(self, name: str) -> None:
        cell = self.cell
        if cell is None:
            return
        name = xml_bytes.local(name)
        if name == "c":
            if cell.formula is not None:
                self.cells.append(_formula_cell(cell, cell.formula))
            self.cell = None
        elif self.text is not None and name in ("f", "v"):
            text, self.text = "".join(self.text), None
            if name == "f":
                cell.formula_text = text
            else:
                cell.value = text


def place(attributes: Attributes, row: int, column: int) -> Position:
    """Return where a cell is; one without an address stands right of the one before."""
    name = attributes.get("r")
    return position(name) if name else (row, column + 1)


def formula_cells(part: str, xml: bytes) -> list[FormulaCell]:
    """Return every formula of a sheet, in the order of the file."""
    if not HAS_FORMULA.search(xml):
        return []
    scanner, parser = _Scanner(), xml_bytes.parser(part, xml)
    parser.StartElementHandler = scanner.start
    parser.EndElementHandler = scanner.end
    parser.CharacterDataHandler = scanner.data
    xml_bytes.parse(part, xml, parser)
    _spell_out_shared(scanner.cells)
    return scanner.cells


def _formula_cell(cell: _Open, formula: Attributes) -> FormulaCell:
    kind: Kind = "plain"
    area = Area(cell.row, cell.column, cell.row, cell.column)
    shared = None
    match formula.get("t"):
        case "array":
            kind = "dynamic" if cell.attributes.get("cm") else "array"
            area = area_of(formula["ref"]) if "ref" in formula else area
        case "dataTable":
            kind, area = "data table", area_of(formula["ref"]) if "ref" in formula else area
        case "shared":
            shared = formula.get("si")
    stored = Stored(cell.attributes.get("t"), cell.value)
    return FormulaCell(cell.row, cell.column, cell.formula_text, kind, area, stored, shared)


def _spell_out_shared(cells: list[FormulaCell]) -> None:
    """Give each follower of a shared formula its own text; one without its master keeps ""."""
    masters = {cell.shared: cell for cell in cells if cell.shared is not None and cell.text}
    for cell in cells:
        master = masters.get(cell.shared) if cell.shared is not None else None
        if master is None or cell.text:
            continue
        try:
            moved = Translator("=" + master.text, master.address).translate_formula(cell.address)
        except (TokenizerError, TranslatorError, IndexError):
            continue
        cell.text = moved[1:]
