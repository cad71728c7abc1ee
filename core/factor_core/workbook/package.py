"""Finish the workbook that XlsxWriter wrote: what Excel stores and XlsxWriter cannot say.

Bytes are replaced exactly where expat finds an element; everything else stays as it was written.
An XML library that writes the parts anew would rename prefixes and lose what it does not know.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from xlsxwriter.utility import xl_cell_to_rowcol

from factor_core.errors import ERROR_CODES
from factor_core.refresh import xml_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

RIBBON_PART = "customUI/customUI14.xml"
RIBBON_TYPE = "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility"
CONTENT_TYPES, PACKAGE_RELATIONS = "[Content_Types].xml", "_rels/.rels"
WORKBOOK, WORKBOOK_RELATIONS = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
MACRO_WORKBOOK_TYPE = b"application/vnd.ms-excel.sheet.macroEnabled.main+xml"
ADDIN_TYPE = b"application/vnd.ms-excel.addin.macroEnabled.main+xml"
SHARED_STRINGS = "xl/sharedStrings.xml"

Area = tuple[int, int, int, int]  # first row, first column, last row, last column, from 0
Parts = dict[str, bytes]
Edit = tuple[int, int, bytes]  # first byte, byte after the last, what stands there instead


def finish(
    xlsx: bytes, *, ribbon: bytes, spills: Mapping[str, Sequence[Area]], is_addin: bool = False
) -> bytes:
    """Return the workbook with its ribbon and its spilled cells as Excel stores them.

    `spills` names, for each sheet, the areas that array formulas fill. XlsxWriter puts their texts
    among the shared strings, where Excel keeps typed text only. An add-in is a workbook whose main
    part says so by its content type. The same parts give the same bytes.
    """
    with zipfile.ZipFile(io.BytesIO(xlsx)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    _type_spilled_cells(parts, spills)
    _add_ribbon(parts, ribbon)
    if is_addin:
        _turn_into_addin(parts)
    return _zipped(parts)


def _type_spilled_cells(parts: Parts, spills: Mapping[str, Sequence[Area]]) -> None:
    """Turn shared strings inside spilled areas into results of a formula: text or error."""
    part_of = _sheet_parts(parts)
    texts = _shared_texts(parts.get(SHARED_STRINGS, b"<sst/>"))
    freed = 0
    for sheet, areas in spills.items():
        if sheet not in part_of:
            raise ValueError(f"there is no sheet {sheet} to mark spilled cells on")
        xml = parts[part_of[sheet]]
        edits = [
            _formula_result(cell, texts)
            for cell in _elements(xml, "c")
            if cell.attributes.get("t") == "s" and _is_inside(cell.attributes["r"], areas)
        ]
        parts[part_of[sheet]] = xml_bytes.apply_edits(xml, edits)
        freed += len(edits)
    if freed:
        parts[SHARED_STRINGS] = _with_fewer_uses(parts[SHARED_STRINGS], freed)


def _sheet_parts(parts: Parts) -> dict[str, str]:
    """Return the part of each sheet by the name on its tab."""
    target = {
        relation.attributes["Id"]: relation.attributes["Target"].lstrip("/")
        for relation in _elements(parts[WORKBOOK_RELATIONS], "Relationship")
    }
    return {
        sheet.attributes["name"]: "xl/" + target[sheet.attributes["r:id"]].removeprefix("xl/")
        for sheet in _elements(parts[WORKBOOK], "sheet")
    }


def _shared_texts(xml: bytes) -> list[str | None]:
    """Return the shared strings in order; None for rich text, which no formula can return."""
    return [
        None if b"<r>" in xml[item.start : item.end] else item.text for item in _elements(xml, "si")
    ]


def _formula_result(cell: Element, texts: Sequence[str | None]) -> Edit:
    text = texts[int(cell.text)]
    if text is None:
        raise ValueError(f"cell {cell.attributes['r']} is spilled; rich text cannot stand there")
    attributes = cell.attributes | {"t": "e" if text in ERROR_CODES else "str"}
    start_tag = " ".join(f"{name}={quoteattr(value)}" for name, value in attributes.items())
    return cell.start, cell.end, f"<c {start_tag}><v>{escape(text)}</v></c>".encode()


def _is_inside(reference: str, areas: Sequence[Area]) -> bool:
    row, column = xl_cell_to_rowcol(reference)
    return any(
        top <= row <= bottom and left <= column <= right for top, left, bottom, right in areas
    )


def _with_fewer_uses(xml: bytes, freed: int) -> bytes:
    """Return the shared strings with fewer uses counted; the strings keep their numbers."""
    (table,) = _elements(xml, "sst")
    count = int(table.attributes["count"])
    end = xml_bytes.tag_end(xml, table.start)
    lowered = xml[table.start : end].replace(
        b' count="%d"' % count, b' count="%d"' % (count - freed)
    )
    return xml_bytes.apply_edits(xml, [(table.start, end, lowered)])


def _add_ribbon(parts: Parts, ribbon: bytes) -> None:
    relations = list(_elements(parts[PACKAGE_RELATIONS], "Relationship"))
    if RIBBON_PART in parts or any(r.attributes["Type"] == RIBBON_TYPE for r in relations):
        raise ValueError("the workbook has a ribbon already; finish a file that XlsxWriter wrote")
    defaults = _elements(parts[CONTENT_TYPES], "Default")
    if not any(default.attributes["Extension"] == "xml" for default in defaults):
        raise ValueError("the workbook names no content type for .xml; the ribbon needs it")
    if len(list(_elements(ribbon, "customUI"))) != 1:
        raise ValueError("the ribbon is no customUI document")
    (table,) = _elements(parts[PACKAGE_RELATIONS], "Relationships")
    relation = f'<Relationship Id="rIdRibbon" Type="{RIBBON_TYPE}" Target="{RIBBON_PART}"/>'
    edit = (table.text_end, table.text_end, relation.encode("ascii"))
    parts[PACKAGE_RELATIONS] = xml_bytes.apply_edits(parts[PACKAGE_RELATIONS], [edit])
    parts[RIBBON_PART] = ribbon


def _turn_into_addin(parts: Parts) -> None:
    if parts[CONTENT_TYPES].count(MACRO_WORKBOOK_TYPE) != 1:
        raise ValueError("an add-in is made of a workbook with macros; this one has none")
    parts[CONTENT_TYPES] = parts[CONTENT_TYPES].replace(MACRO_WORKBOOK_TYPE, ADDIN_TYPE)


def _zipped(parts: Parts) -> bytes:
    """Return the parts as a zip whose bytes depend on nothing but the parts."""
    out = io.BytesIO()
    first = (CONTENT_TYPES, PACKAGE_RELATIONS)  # where readers and file-type detectors look first
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in [*first, *sorted(parts.keys() - set(first))]:
            entry = zipfile.ZipInfo(name)  # dated 1980, the oldest that a zip can say
            entry.create_system = 3  # not this machine's: Windows and Linux write the same bytes
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, parts[name], zipfile.ZIP_DEFLATED)
    return out.getvalue()


@dataclass
class Element:
    """An XML element and the bytes it stands in."""

    attributes: xml_bytes.Attributes
    start: int
    text_end: int = 0
    end: int = 0
    text: str = ""


def _elements(xml: bytes, tag: str) -> Iterator[Element]:
    """Yield every element called `tag`, prefix included, with its whole text."""
    found: list[Element] = []
    open_elements: list[Element] = []
    reader = xml_bytes.parser(tag, xml)

    def opened(name: str, attributes: xml_bytes.Attributes) -> None:
        if name == tag:
            found.append(Element(attributes, reader.CurrentByteIndex))
            open_elements.append(found[-1])

    def closed(name: str) -> None:
        if name == tag:
            element = open_elements.pop()
            element.text_end = reader.CurrentByteIndex
            element.end = xml_bytes.tag_end(xml, element.text_end)

    def heard(text: str) -> None:
        for element in open_elements:
            element.text += text

    reader.StartElementHandler = opened
    reader.EndElementHandler = closed
    reader.CharacterDataHandler = heard
    xml_bytes.parse(tag, xml, reader)
    yield from found
