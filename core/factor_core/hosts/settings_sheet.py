"""The sheet xlwings.conf of a workbook or add-in, read from the file: Excel may have it open."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from factor_core.errors import InputError
from factor_core.refresh.package import Package, local
from factor_core.refresh.values import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator

SWITCHES = {"1": "True", "0": "False"}  # as VBA turns a logical value into text


def settings_in_sheet(workbook: bytes, sheet: str) -> dict[str, str] | None:
    """Return names in capitals and values, None where the workbook has no such sheet.

    VBA reads column A down to the first blank cell and stops with an error at a name met twice.
    """
    package = Package(workbook)
    part = next((p for name, p in package.sheets.items() if name.lower() == sheet), None)
    if part is None:
        return None
    cells = dict(_cells(package, package.parts.get(part, b"<none/>")))
    values: dict[str, str] = {}
    while name := cells.get(f"A{len(values) + 1}", "").upper():
        if name in values:
            raise InputError(f"its sheet {sheet} holds {name} twice; delete one of them")
        values[name] = cells.get(f"B{len(values) + 1}", "")
    return values


def _cells(package: Package, xml: bytes) -> Iterator[tuple[str, str]]:
    texts = _shared_texts(package)
    for cell in _all(ET.fromstring(xml), "c"):  # noqa: S314  expat bounds entities
        value = next(_all(cell, "v"), None)
        text = "" if value is None else value.text or ""
        kind = cell.get("t")
        if kind == "s":
            text = texts[int(text)]
        elif kind == "inlineStr":
            text = _text(cell)
        elif kind == "b":
            text = SWITCHES.get(text, text)
        if re.fullmatch(r"[AB]\d+", cell.get("r", "")):
            yield cell.get("r", ""), text


def _shared_texts(package: Package) -> list[str]:
    parts = package.parts_of_type("sharedStrings+xml")
    root = ET.fromstring(package.parts[parts[0]] if parts else b"<none/>")  # noqa: S314  likewise
    return [_text(item) for item in _all(root, "si")]


def _text(item: ET.Element) -> str:
    return unescaped("".join(_texts(item)))


def _texts(item: ET.Element) -> Iterator[str]:
    for inner in item:
        if local(inner.tag) == "t":
            yield inner.text or ""
        elif local(inner.tag) != "rPh":  # phonetic guides are no part of the text
            yield from _texts(inner)


def _all(root: ET.Element, name: str) -> Iterator[ET.Element]:
    return (element for element in root.iter() if local(element.tag) == name)
