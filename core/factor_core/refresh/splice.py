"""Writing cell values into a sheet's XML, leaving every other byte as it is."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from factor_core.errors import FactorError
from factor_core.refresh import xml_bytes
from factor_core.refresh.addresses import Area, Position, address, area_of
from factor_core.refresh.scan import place
from factor_core.refresh.values import FILE_ERRORS, Stored, Value, same, store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from factor_core.refresh.xml_bytes import Attributes

REF = re.compile(rb"""\bref\s*=\s*(?:"[^"]*"|'[^']*')""")


@dataclass(frozen=True, slots=True)
class Put:
    """A new value for a cell; `ref` is the new range of its array formula."""

    value: Value
    ref: str | None = None


@dataclass(frozen=True, slots=True)
class Clear:
    """The cell loses formula and value; a styled cell stays as an empty shell."""


@dataclass(frozen=True, slots=True)
class Stub:
    """Another formula in place of the cell's own: for the engine's copy, never for the file."""

    formula: str
    ref: str | None = None  # the range that it fills, as a fixed array


Change = Put | Clear | Stub
CLEAR = Clear()


@dataclass(slots=True)
class _Cell:
    """Where the cell being read starts and what is known of it so far."""

    start: int
    attributes: Attributes
    change: Change
    formula: tuple[int, int] | None = None
    formula_ref: str | None = None
    contents_end: int = 0  # end of the last of <f>, <v>, <is>: what follows (extLst) is kept
    value: str | None = None


@dataclass(slots=True)
class _Row:
    number: int
    start: int
    tag_end: int
    attributes: Attributes
    waiting: list[int]
    inserted: bool = False


@dataclass(slots=True)
class _Sheet:
    """The places of a sheet that depend on all of its rows."""

    tag: tuple[int, int] = (0, 0)
    prefix: bytes = b""
    dimension: tuple[int, int, str] | None = None
    column_styles: list[tuple[int, int, str]] = field(default_factory=list)


def splice(part: str, xml: bytes, changes: Mapping[Position, Change]) -> tuple[bytes, int]:
    """Return the sheet with these cells changed, and how many were; equal values keep bytes."""
    if not changes:
        return xml, 0
    splicer = _Splicer(part, xml, changes)
    parser = splicer.parser
    parser.StartElementHandler = splicer.start
    parser.EndElementHandler = splicer.end
    parser.CharacterDataHandler = splicer.data
    xml_bytes.parse(part, xml, parser)
    return xml_bytes.apply_edits(xml, splicer.finished()), splicer.changed + len(splicer.added)


class _Splicer:
    """One pass over a sheet that collects the edits."""

    def __init__(self, part: str, xml: bytes, changes: Mapping[Position, Change]) -> None:
        self.part, self.xml, self.changes = part, xml, changes
        self.parser = xml_bytes.parser(part, xml)
        self.edits: list[tuple[int, int, bytes]] = []
        self.rows: dict[int, list[int]] = {}
        for row, column in sorted(changes):
            self.rows.setdefault(row, []).append(column)
        self.waiting_rows = sorted(self.rows, reverse=True)
        self.sheet = _Sheet()
        self.row: _Row | None = None
        self.cell: _Cell | None = None
        self.at: Position = (0, 0)
        self.text: list[str] | None = None
        self.child = 0
        self.added: list[Position] = []
        self.changed = 0

    # ------------------------------------------------------------------ parser's events

    def start(self, name: str, attributes: Attributes) -> None:
        """Note an element that begins."""
        offset, name_here = self.parser.CurrentByteIndex, xml_bytes.local(name)
        match name_here:
            case "c":
                self._start_cell(offset, attributes)
            case "f" | "v" | "is" if self.cell is not None:
                self.child = offset
                self.text = [] if name_here == "v" else self.text
                if name_here == "f":
                    self.cell.formula_ref = attributes.get("ref")
            case "row":
                self._start_row(offset, attributes)
            case "sheetData":
                self.sheet.tag = (offset, xml_bytes.tag_end(self.xml, offset))
                prefix = name.rpartition(":")[0]
                self.sheet.prefix = f"{prefix}:".encode() if prefix else b""
            case "col" if attributes.get("style"):
                span = int(attributes["min"]), int(attributes["max"])
                self.sheet.column_styles.append((*span, attributes["style"]))
            case "dimension" if attributes.get("ref"):
                end = xml_bytes.tag_end(self.xml, offset)
                self.sheet.dimension = (offset, end, attributes["ref"])

    def data(self, text: str) -> None:
        """Collect the text of a value."""
        if self.text is not None:
            self.text.append(text)

    def end(self, name: str) -> None:
        """Note an element that ends."""
        name = xml_bytes.local(name)
        if name in ("f", "v", "is"):
            if self.cell is not None:
                self._end_child(self.cell, name)
        elif name == "c":
            if self.cell is not None:
                self._end_cell(self.cell)
        elif name == "row" and self.row is not None:
            self._end_row(self.row)
        elif name == "sheetData":
            self._end_sheet_data()

    # ------------------------------------------------------------------ rows

    def _start_row(self, offset: int, attributes: Attributes) -> None:
        number = int(attributes.get("r", self.at[0] + 1))
        if number <= self.at[0]:
            raise FactorError(f"the workbook is damaged: {self.part}: row {number} is out of order")
        self._new_rows_before(number, offset)
        if self.waiting_rows and self.waiting_rows[-1] == number:
            self.waiting_rows.pop()
        waiting = list(reversed(self.rows.get(number, [])))
        end = xml_bytes.tag_end(self.xml, offset)
        self.row, self.at = _Row(number, offset, end, attributes, waiting), (number, 0)

    def _new_rows_before(self, number: int, offset: int) -> None:
        new = []
        while self.waiting_rows and self.waiting_rows[-1] < number:
            new.append(self._new_row(self.waiting_rows.pop()))
        if any(new):
            self.edits.append((offset, offset, b"".join(new)))

    def _new_row(self, number: int) -> bytes:
        cells = b"".join(self._new_cell((number, column), None) for column in self.rows[number])
        prefix = self.sheet.prefix
        return b'<%brow r="%d">%b</%brow>' % (prefix, number, cells, prefix) if cells else b""

    def _end_row(self, row: _Row) -> None:
        new = self._new_cells_before(row, 1 << 20)
        tag = self.xml[row.start : row.tag_end]
        if xml_bytes.closes_itself(self.xml, row.tag_end):
            if new:
                opened = xml_bytes.without(tag[:-2], "spans").rstrip() + b">"
                closing = b"</%brow>" % self.sheet.prefix
                self.edits.append((row.start, row.tag_end, opened + new + closing))
        else:
            if new:
                offset = self.parser.CurrentByteIndex
                self.edits.append((offset, offset, new))
            # spans is an optional hint that new cells make wrong.
            if row.inserted and xml_bytes.without(tag, "spans") != tag:
                self.edits.append((row.start, row.tag_end, xml_bytes.without(tag, "spans")))
        self.row = None

    # ------------------------------------------------------------------ cells

    def _start_cell(self, offset: int, attributes: Attributes) -> None:
        if self.row is None:
            return
        row, column = place(attributes, *self.at)
        if row != self.row.number or column <= self.at[1]:
            name = address(row, column)
            raise FactorError(f"the workbook is damaged: {self.part}: {name} is out of order")
        self.at = (row, column)
        new = self._new_cells_before(self.row, column)
        if new:
            self.edits.append((offset, offset, new))
        if self.row.waiting and self.row.waiting[-1] == column:
            self.row.waiting.pop()
            self.cell = _Cell(offset, attributes, self.changes[self.at])

    def _new_cells_before(self, row: _Row, column: int) -> bytes:
        new = b""
        while row.waiting and row.waiting[-1] < column:
            new += self._new_cell((row.number, row.waiting.pop()), row)
        row.inserted = row.inserted or bool(new)
        return new

    def _new_cell(self, at: Position, row: _Row | None) -> bytes:
        change, prefix = self.changes[at], self.sheet.prefix
        body = self._contents(change)
        if not body:
            return b""
        self.added.append(at)
        attributes = b' r="%b"' % address(*at).encode()
        style = self._style(at[1], row)
        if style:
            attributes += b' s="%b"' % style.encode()
        return b"<%bc%b%b>%b</%bc>" % (prefix, attributes, _type_of(change), body, prefix)

    def _style(self, column: int, row: _Row | None) -> str | None:
        if row and row.attributes.get("customFormat") in ("1", "true") and row.attributes.get("s"):
            return row.attributes["s"]
        spans = self.sheet.column_styles
        return next((style for low, high, style in spans if low <= column <= high), None)

    def _end_child(self, cell: _Cell, name: str) -> None:
        tag = xml_bytes.tag_end(self.xml, self.child)
        if xml_bytes.closes_itself(self.xml, tag):
            end = tag
        else:
            end = xml_bytes.tag_end(self.xml, self.parser.CurrentByteIndex)
        if name == "f":
            cell.formula = (self.child, end)
        elif name == "v" and self.text is not None:
            cell.value, self.text = "".join(self.text), None
        cell.contents_end = end

    def _end_cell(self, cell: _Cell) -> None:
        self.cell = None
        if _keeps(cell):
            return
        tag_end = xml_bytes.tag_end(self.xml, cell.start)
        if xml_bytes.closes_itself(self.xml, tag_end):
            end, tail = tag_end, b""
        else:
            closing = self.parser.CurrentByteIndex
            end = xml_bytes.tag_end(self.xml, closing)
            tail = self.xml[max(cell.contents_end, tag_end) : closing]
        new = self._rewritten(cell, tag_end, tail)
        if new != self.xml[cell.start : end]:
            self.edits.append((cell.start, end, new))
            self.changed += 1

    def _rewritten(self, cell: _Cell, tag_end: int, tail: bytes) -> bytes:
        change = cell.change
        if isinstance(change, Clear) and "s" not in cell.attributes:
            return b""
        tag = self.xml[cell.start : tag_end].rstrip(b">").rstrip(b"/").rstrip()
        # vm points at rich data (#SPILL!'s details, a picture) of the old value; cm marks a
        # dynamic formula.
        gone = ("t", "vm") if isinstance(change, Put) else ("t", "vm", "cm")
        tag = xml_bytes.without(tag, *gone)
        body = self._old_formula(cell) + self._contents(change) + tail
        prefix = self.sheet.prefix
        tag += _type_of(change)
        return tag + b">%b</%bc>" % (body, prefix) if body else tag + b"/>"

    def _old_formula(self, cell: _Cell) -> bytes:
        if cell.formula is None or not isinstance(cell.change, Put):
            return b""
        formula = self.xml[slice(*cell.formula)]
        if cell.change.ref is None or cell.formula_ref is None:
            return formula
        end = xml_bytes.tag_end(formula, 0)
        tag = REF.sub(b'ref="%b"' % cell.change.ref.encode(), formula[:end], count=1)
        return tag + formula[end:]

    def _contents(self, change: Change) -> bytes:
        prefix = self.sheet.prefix
        match change:
            case Stub(formula, ref):
                array = b' t="array" ref="%b"' % ref.encode() if ref else b""
                return b"<%bf%b>%b</%bf>" % (prefix, array, escape(formula).encode(), prefix)
            case Put(value) if (text := store(value).text) is not None:
                return b"<%bv>%b</%bv>" % (prefix, escape(text).encode(), prefix)
        return b""

    # ------------------------------------------------------------------ the whole sheet

    def _end_sheet_data(self) -> None:
        start, tag_end = self.sheet.tag
        new = b""
        while self.waiting_rows:
            new += self._new_row(self.waiting_rows.pop())
        if not new:
            return
        if xml_bytes.closes_itself(self.xml, tag_end):
            opened = self.xml[start : tag_end - 2].rstrip() + b">"
            closing = b"</%bsheetData>" % self.sheet.prefix
            self.edits.append((start, tag_end, opened + new + closing))
        else:
            offset = self.parser.CurrentByteIndex
            self.edits.append((offset, offset, new))

    def finished(self) -> list[tuple[int, int, bytes]]:
        """Return all edits, the sheet's stated dimension among them."""
        if self.added and self.sheet.dimension:
            start, end, old = self.sheet.dimension
            rows, columns = zip(*self.added, strict=True)
            area = area_of(old)
            grown = Area(
                min(area.top, *rows),
                min(area.left, *columns),
                max(area.bottom, *rows),
                max(area.right, *columns),
            )
            tag = REF.sub(b'ref="%b"' % grown.text.encode(), self.xml[start:end], count=1)
            if grown != area:
                self.edits.append((start, end, tag))
        return self.edits


def _keeps(cell: _Cell) -> bool:
    """Whether the cell's bytes already say what the change says."""
    if not isinstance(cell.change, Put):
        return False
    if cell.change.ref not in (None, cell.formula_ref):
        return False
    new = store(cell.change.value)
    rich = "vm" in cell.attributes and cell.change.value in FILE_ERRORS
    return not rich and same(Stored(cell.attributes.get("t"), cell.value), new)


def _type_of(change: Change) -> bytes:
    kind = store(change.value).kind if isinstance(change, Put) else None
    return b' t="%b"' % kind.encode() if kind else b""
