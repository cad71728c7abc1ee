"""What a reference in a formula stands for: areas, names and structured references."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from factor_core.refresh.addresses import Area, area_or_none, quoted, split_sheet
from factor_core.refresh.formula_tree import (
    NotComputableError,
    Token,
    invocations,
    parse,
    tokens,
)

if TYPE_CHECKING:
    from factor_core.refresh.package import Package, Table

STRUCTURED = re.compile(r"([^\[\]!'\s:]+)(\[.*\])?", re.DOTALL)
ABSOLUTE = re.compile(
    r"\$[A-Z]+\$\d+(:\$[A-Z]+\$\d+)?|\$[A-Z]+:\$[A-Z]+|\$\d+:\$\d+", re.IGNORECASE
)
MOVING = frozenset({"OFFSET", "INDIRECT"})


class SheetArea(NamedTuple):
    """An area on a sheet of this workbook."""

    sheet: str
    area: Area


class References:
    """The sheets, names and tables of one workbook, as formulas refer to them."""

    def __init__(self, package: Package) -> None:
        self.sheets = {name.upper(): name for name in package.sheets}
        self.names, self.tables = package.names, package.tables
        self._moving: dict[tuple[str | None, str], bool] = {}

    def definition(self, name: str, sheet: str | None) -> str | None:
        """Return what a name stands for, seen from `sheet`; None if there is no such name."""
        local = self.names.get((sheet, name.upper()))
        return self.names.get((None, name.upper())) if local is None else local

    def is_local(self, name: str, sheet: str) -> bool:
        """Whether the name belongs to this one sheet."""
        return (sheet, name.upper()) in self.names

    def area(self, text: str, sheet: str, depth: int = 0) -> SheetArea | None:
        """Return the area that a reference or name stands for; None if it must be calculated."""
        owner, rest = split_sheet(text.strip())
        if owner is not None:
            if owner.upper() not in self.sheets:
                return None
            sheet = self.sheets[owner.upper()]
        found = area_or_none(rest)
        if found:
            return SheetArea(sheet, found)
        definition = self.definition(rest, sheet)
        if definition is None or depth > 20:
            return None
        return self.area(definition, sheet, depth + 1)

    def is_moving(self, text: str, sheet: str) -> bool:
        """Whether a token is a name whose cells OFFSET or INDIRECT decide."""
        owner, name = split_sheet(text)
        owner = self.sheets.get(owner.upper(), owner) if owner else sheet
        key = (owner if self.is_local(name, owner) else None, name.upper())
        definition = self.names.get(key)
        if definition is None or "(" not in definition:
            return False
        if key not in self._moving:
            try:
                found = {call.plain_name for call in invocations(parse(definition))}
            except NotComputableError:
                found = set()
            self._moving[key] = bool(found & MOVING)
        return self._moving[key]

    def depends_on_place(self, text: str, sheet: str) -> bool:
        """Whether a token is a name with relative references, which mean other cells elsewhere."""
        owner, name = split_sheet(text)
        definition = self.definition(name, owner or sheet)
        if definition is None or area_or_none(name):
            return False
        try:
            found = tokens(parse(definition))
        except NotComputableError:
            return True
        references = (split_sheet(token.text)[1] for token in found if token.kind == "RANGE")
        return any(area_or_none(ref) and not ABSOLUTE.fullmatch(ref) for ref in references)

    def joins_areas(self, text: str, sheet: str) -> bool:
        """Whether a reference or name stands for several areas, or one on several sheets."""
        owner, name = split_sheet(text)
        if owner is not None and ":" in owner:
            return True
        definition = self.definition(name, owner or sheet)
        if definition is None or area_or_none(name):
            return False
        try:
            nodes = parse(definition)
        except NotComputableError:
            return False
        inner = (node.text for node in nodes if isinstance(node, Token))
        return "," in inner

    def is_table(self, text: str) -> bool:
        """Whether a token refers to a table of this workbook."""
        found = STRUCTURED.fullmatch(text)
        return found is not None and found[1].upper() in self.tables

    def table_area(self, text: str, row: int) -> SheetArea:
        """Return the area of a structured reference in a formula on this row."""
        found = STRUCTURED.fullmatch(text)
        if found is None:
            raise NotComputableError(f"the table reference {text} cannot be read")
        table = self.tables[found[1].upper()]
        items, columns = _specifiers((found[2] or "[]")[1:-1])
        left, right = _columns(table, columns)
        top, bottom = _rows(table, items, row)
        return SheetArea(table.sheet, Area(top, left, bottom, right))


def reference_text(place: SheetArea) -> str:
    """Return the area as any sheet's formula can name it."""
    return f"{quoted(place.sheet)}!{place.area.absolute}"


def _specifiers(text: str) -> tuple[set[str], list[str]]:
    """Split the inside of T[...] into its #items and its columns."""
    items: set[str] = set()
    columns: list[str] = []
    if text.startswith("@"):
        items.add("#THIS ROW")
        text = text[1:]
    for part in _bracketed(text):
        if part.startswith("#"):
            items.add(part.upper())
        elif part:
            columns.append(re.sub(r"'(.)", r"\1", part, flags=re.DOTALL))
    return items, columns


def _bracketed(text: str) -> list[str]:
    """Return the parts of [a],[b]:[c], or the text itself where it has no brackets."""
    if not text.lstrip().startswith("["):
        return [text]
    return re.findall(r"\[((?:[^'\]]|'.)*)\]", text, re.DOTALL)


def _columns(table: Table, names: list[str]) -> tuple[int, int]:
    if not names:
        return table.area.left, table.area.right
    known = [column.upper() for column in table.columns]
    for name in names:
        if name.upper() not in known:
            raise NotComputableError(f"the table has no column {name!r}")
    places = [table.area.left + known.index(name.upper()) for name in names]
    return min(places), max(places)


def _rows(table: Table, items: set[str], row: int) -> tuple[int, int]:
    area = table.area
    top, bottom = area.top + table.header, area.bottom - table.totals
    if "#ALL" in items:
        return area.top, area.bottom
    if "#THIS ROW" in items:
        if not top <= row <= bottom:
            raise NotComputableError("a this-row reference from outside the table's rows")
        return row, row
    if "#HEADERS" in items:
        return area.top, bottom if "#DATA" in items else area.top
    if "#TOTALS" in items:
        return (top if "#DATA" in items else area.bottom), area.bottom
    return top, bottom


def is_multi_cell(token: Token, references: References, sheet: str, row: int) -> bool:
    """Whether the token refers to more than one cell."""
    if token.kind != "RANGE":
        return False
    if references.is_table(token.text):
        return not references.table_area(token.text, row).area.single
    place = references.area(token.text, sheet)
    return place is not None and not place.area.single
