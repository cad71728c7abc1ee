"""The workbook as a zip of parts: sheets, names and tables found, changed parts put back."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from factor_core.errors import FactorError
from factor_core.refresh.addresses import Area, area_of
from factor_core.refresh.values import unescaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Element = ET.Element

OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
BINARY_WORKBOOK = b"application/vnd.ms-excel.sheet.binary"
RELATIONSHIP_ID = re.compile(r"\{[^}]*relationships\}id$")
CALCULATION = re.compile(rb"<(?:\w+:)?calcPr\b[^>]*>")
EXCEL_CALCULATION_ID = 191029  # an older calcId makes Excel calculate everything anew at opening


@dataclass(frozen=True, slots=True)
class Table:
    """An Excel table, for structured references."""

    sheet: str
    area: Area
    header: int
    totals: int
    columns: tuple[str, ...]


class Package:
    """The parts of one workbook, and what formulas need to know of it."""

    def __init__(self, data: bytes) -> None:
        self.infos, self.parts, self.comment = _unzipped(data)
        self.original = dict(self.parts)
        self.workbook = self._workbook_part()
        root = self._xml(self.workbook)
        targets = dict(self._relationships(self.workbook))
        self.sheets: dict[str, str] = {}  # a sheet's name -> its part, in the order of the tabs
        tabs = []
        for element in _all(root, "sheet"):
            name = element.get("name", "")
            tabs.append(name)
            part = targets.get(_relationship(element), ("", ""))
            if part[0].endswith("/worksheet"):
                self.sheets[name] = part[1]
        self.names = _names(root, tabs)
        properties = next(_all(root, "workbookPr"), None)
        self.date1904 = properties is not None and properties.get("date1904") in ("1", "true")
        self.tables = self._tables()

    def _workbook_part(self) -> str:
        if BINARY_WORKBOOK in self.parts.get("[Content_Types].xml", b""):
            raise FactorError("it is an .xlsb file; save it as .xlsx or .xlsm")
        for kind, part in dict(self._relationships("")).values():
            if kind.endswith("/officeDocument"):
                if local(self._xml(part).tag) != "workbook":
                    break
                return part
        raise FactorError("it is not an Excel workbook; use an .xlsx or .xlsm file")

    def _relationships(self, part: str) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield (id, (type, target part)) of everything inside the file that `part` refers to."""
        folder, name = posixpath.split(part)
        index = posixpath.join(folder, "_rels", name + ".rels")
        if index not in self.parts:
            return
        for element in self._xml(index):
            if element.get("TargetMode") != "External":
                target = element.get("Target", "")
                target = target if target.startswith("/") else posixpath.join("/", folder, target)
                target = posixpath.normpath(target).lstrip("/")
                yield element.get("Id", ""), (element.get("Type", ""), target)

    def _tables(self) -> dict[str, Table]:
        tables = {}
        for sheet, part in self.sheets.items():
            for kind, target in dict(self._relationships(part)).values():
                if kind.endswith("/table"):
                    element = self._xml(target)
                    name = element.get("displayName", element.get("name", ""))
                    tables[name.upper()] = _table(sheet, element)
        return tables

    def parts_of_type(self, ending: str) -> list[str]:
        """Return the parts whose content type ends so, for instance `drawingml.chart+xml`."""
        root = self._xml("[Content_Types].xml")
        return [
            element.get("PartName", "").lstrip("/")
            for element in _all(root, "Override")
            if element.get("ContentType", "").endswith(ending)
            and element.get("PartName", "").lstrip("/") in self.parts
        ]

    def _xml(self, part: str) -> Element:
        if part not in self.parts:
            raise FactorError(f"the workbook is damaged: the part {part} is missing")
        try:
            return ET.fromstring(self.parts[part])  # noqa: S314  expat bounds entities
        except ET.ParseError as error:
            raise FactorError(f"the workbook is damaged: {part}: {error}") from None

    def keep_values_at_opening(self) -> None:
        """Let Excel show the values of the file: without Python it would wipe ours at opening."""
        xml = self.parts[self.workbook]
        found = CALCULATION.search(xml)
        if found is None:
            return
        tag = re.sub(rb"""\s(?:fullCalcOnLoad|forceFullCalc)=(?:"[^"]*"|'[^']*')""", b"", found[0])
        calculated = re.search(rb"""calcId=["'](\d+)["']""", tag)
        if calculated and int(calculated[1]) < EXCEL_CALCULATION_ID:
            tag = tag.replace(calculated[0], b'calcId="%d"' % EXCEL_CALCULATION_ID)
        self.parts[self.workbook] = xml[: found.start()] + tag + xml[found.end() :]

    @property
    def changed_parts(self) -> list[str]:
        """The parts whose bytes differ from the file's."""
        return [name for name, data in self.parts.items() if data != self.original[name]]

    def to_bytes(
        self, replaced: Mapping[str, bytes] | None = None, *, compressed: bool = True
    ) -> bytes:
        """Return the zip, its parts in the file's order with the file's dates."""
        parts = self.parts | dict(replaced or {})
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.comment = self.comment
            for old in self.infos:
                new = zipfile.ZipInfo(old.filename, old.date_time)
                new.compress_type = old.compress_type if compressed else zipfile.ZIP_STORED
                new.external_attr, new.create_system = old.external_attr, old.create_system
                new.comment = old.comment
                archive.writestr(new, parts[old.filename])
        return buffer.getvalue()


def _unzipped(data: bytes) -> tuple[list[zipfile.ZipInfo], dict[str, bytes], bytes]:
    if data.startswith(OLE_MAGIC):
        if ENCRYPTED in data:
            raise FactorError("it is encrypted; remove the password to open in Excel, then refresh")
        raise FactorError("it is an .xls file (Excel 97-2003); save it as .xlsx or .xlsm")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
            parts = {info.filename: archive.read(info) for info in infos}
            comment = archive.comment
    except zipfile.BadZipFile as error:
        if data[:2] == b"PK":
            raise FactorError(f"the workbook is damaged: {error}") from None
        raise FactorError("it is not an Excel workbook; use an .xlsx or .xlsm file") from None
    except (zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise FactorError(f"the workbook is damaged: {error}") from None
    if len(parts) != len(infos):
        raise FactorError("the workbook is damaged: a part is in it twice")
    return infos, parts, comment


def _relationship(element: Element) -> str:
    return next((v for k, v in element.attrib.items() if RELATIONSHIP_ID.match(k)), "")


def _names(root: Element, tabs: list[str]) -> dict[tuple[str | None, str], str]:
    """Return (sheet or None, upper-case name) -> definition."""
    names: dict[tuple[str | None, str], str] = {}
    for element in _all(root, "definedName"):
        index = element.get("localSheetId")
        sheet = tabs[int(index)] if index is not None and int(index) < len(tabs) else None
        names[sheet, element.get("name", "").upper()] = element.text or ""
    return names


def _table(sheet: str, element: Element) -> Table:
    return Table(
        sheet,
        area_of(element.get("ref", "A1")),
        int(element.get("headerRowCount", "1")),
        int(element.get("totalsRowCount", "0")),
        tuple(unescaped(column.get("name", "")) for column in _all(element, "tableColumn")),
    )


def local(tag: str) -> str:
    """Return an element's name without its namespace: strict files have another one."""
    return tag.rpartition("}")[2]


def _all(root: Element, name: str) -> Iterator[Element]:
    return (element for element in root.iter() if local(element.tag) == name)
