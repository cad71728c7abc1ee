"""Check a calculated workbook against what its pages declared: spills and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from factor_core.refresh import xml_bytes
from factor_core.refresh.addresses import address, position
from factor_core.refresh.package import Package
from factor_core.refresh.scan import formula_cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from factor_core.refresh.xml_bytes import Attributes
    from factor_core.workbook.layout import Rectangle

NOT_AVAILABLE = "#N/A"  # what a series shows where it has no value


def wrong_spills(workbook: bytes, spills: Mapping[str, Sequence[Rectangle]]) -> list[str]:
    """Return a sentence for each formula that fills another area than its page declared.

    A formula that has come out as one error fits any area: `errors` names it.
    """
    package = Package(workbook)
    found = []
    for sheet, declared in spills.items():
        part = package.sheets[sheet]
        failed = {position(cell) for cell, _ in _error_cells(part, package.parts[part])}
        filled = {
            (cell.row - 1, cell.column - 1): cell.area
            for cell in formula_cells(part, package.parts[part])
        }
        for top, left, bottom, right in declared:
            area = filled[top, left]
            rows, columns = area.bottom - area.top + 1, area.right - area.left + 1
            if rows == columns == 1 and (area.top, area.left) in failed:
                continue
            if (rows, columns) != (bottom - top + 1, right - left + 1):
                found.append(
                    f"{sheet}!{address(area.top, area.left)} fills {rows} x {columns} cells "
                    f"instead of {bottom - top + 1} x {right - left + 1}"
                )
    return found


def errors(workbook: bytes, spills: Mapping[str, Sequence[Rectangle]]) -> list[str]:
    """Return "sheet!cell error" for each error but the #N/A of a series."""
    package = Package(workbook)
    found = []
    for sheet, part in package.sheets.items():
        for cell, error in _error_cells(part, package.parts[part]):
            row, column = position(cell)
            in_series = any(
                top <= row - 1 <= bottom and left <= column - 1 <= right and bottom > top
                for top, left, bottom, right in spills.get(sheet, ())
            )
            if error != NOT_AVAILABLE or not in_series:
                found.append(f"{sheet}!{cell} {error}")
    return found


def _error_cells(part: str, xml: bytes) -> Iterator[tuple[str, str]]:
    """Yield address and error of each cell that shows one."""
    found: list[tuple[str, str]] = []
    open_cell = ""
    texts: list[str] | None = None

    def opened(name: str, attributes: Attributes) -> None:
        nonlocal open_cell, texts
        if name == "c":
            open_cell = attributes["r"] if attributes.get("t") == "e" else ""
        elif name == "v" and open_cell:
            texts = []

    def closed(name: str) -> None:
        nonlocal texts
        if name == "v" and texts is not None:
            found.append((open_cell, "".join(texts)))
            texts = None

    def heard(text: str) -> None:
        if texts is not None:
            texts.append(text)

    parser = xml_bytes.parser(part, xml)
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    parser.CharacterDataHandler = heard
    xml_bytes.parse(part, xml, parser)
    yield from found
