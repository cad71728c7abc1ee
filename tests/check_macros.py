"""The part of `check_workbook` that reads the VBA project and the ribbon.

Everything is read by olefile and oletools, not by the code that wrote it.
"""

from __future__ import annotations

import io
import itertools
import re
import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import olefile

from factor_core.workbook.wrappers import is_cell_address

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # oletools calls pyparsing by old names
    from oletools.olevba import VBA_Parser, decompress_stream  # noqa: F401  for the tests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree import ElementTree as ET

    from check_workbook import Book

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
PROJECT_TYPE = "application/vnd.ms-office.vbaProject"
MAIN_TYPES = {  # workbook, workbook with macros, add-in
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
    "application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    "application/vnd.ms-excel.addin.macroEnabled.main+xml",
}
WORKBOOK_CLASS = "{00020819-0000-0000-C000-000000000046}"
SHEET_CLASS = {
    "worksheet": "{00020820-0000-0000-C000-000000000046}",
    "chartsheet": "{00020821-0000-0000-C000-000000000046}",
}
RIBBON_NAMESPACE = {  # relationship type -> namespace of the document it leads to
    "http://schemas.microsoft.com/office/2006/relationships/ui/extensibility": (
        "{http://schemas.microsoft.com/office/2006/01/customui}"
    ),
    "http://schemas.microsoft.com/office/2007/relationships/ui/extensibility": (
        "{http://schemas.microsoft.com/office/2009/07/customui}"
    ),
}
# The parameters that Office passes to each callback; a toggle's onAction gets its state as well.
CALLBACK_ARITY = {"onLoad": 1, "onAction": 1, "onChange": 2, "getLabel": 2, "getEnabled": 2}
CALLBACK_ARITY |= {"getVisible": 2, "getText": 2, "getPressed": 2, "getImage": 2, "getSize": 2}
CALLBACK_ARITY |= {"getScreentip": 2, "getSupertip": 2, "getKeytip": 2}
LONGEST_TEXT = {"label": 1024, "screentip": 1024, "supertip": 1024, "keytip": 3, "id": 1024}
PROCEDURE = re.compile(
    r"^(Public |Private |Friend )?(?:Static )?(Sub|Function|Property Get) (\w+)[ \t]*"
    r"\(((?:[^()]|\(\))*)\)",
    re.MULTILINE | re.IGNORECASE,
)


@dataclass
class VbaModule:
    name: str
    stream: str = ""
    offset: int = 0
    is_standard: bool = False
    source: str = ""

    def attribute(self, name: str) -> str:
        found = re.search(rf'^Attribute {name} = "?([^"\r\n]*)', self.source, re.MULTILINE)
        return found[1] if found else ""

    def public_procedures(self) -> Iterator[tuple[str, str, int]]:
        """Yield kind, name and number of parameters; continued lines are joined first."""
        code = re.sub(r" _\r?\n\s*", " ", self.source)
        for scope, kind, name, parameters in PROCEDURE.findall(code):
            if scope.strip().lower() != "private":
                yield kind, name, len(parameters.split(",")) if parameters.strip() else 0


@dataclass
class Project:
    """A VBA project as olefile and oletools read it."""

    blob: bytes
    modules: list[VbaModule] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    text: str = ""
    streams: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        strict = olefile.DEFECT_INCORRECT
        with olefile.OleFileIO(io.BytesIO(self.blob), raise_defects=strict) as file:
            self.streams = ["/".join(path) for path in file.listdir()]
            self.text = file.openstream("PROJECT").read().decode("cp1252")
            self._read_dir(_decompressed(file.openstream("VBA/dir").read()))
            for module in self.modules:
                stream = file.openstream(f"VBA/{module.stream}").read()
                module.source = _decompressed(stream[module.offset :]).decode("cp1252")

    def _read_dir(self, data: bytes) -> None:
        position = 0
        while position < len(data):
            number = int.from_bytes(data[position : position + 2], "little")
            size = int.from_bytes(data[position + 2 : position + 6], "little")
            size = 6 if number == 0x09 else size  # the version's size field leaves a part out
            value = data[position + 6 : position + 6 + size]
            position += 6 + size
            if number == 0x16:
                self.references.append(value.decode("cp1252"))
            elif number == 0x19:
                self.modules.append(VbaModule(value.decode("cp1252")))
            elif number == 0x1A:
                self.modules[-1].stream = value.decode("cp1252")
            elif number == 0x31:
                self.modules[-1].offset = int.from_bytes(value, "little")
            elif number in {0x21, 0x22}:
                self.modules[-1].is_standard = number == 0x21


def read_project(book: Book) -> Project | None:
    return _project(book.parts.get("xl/vbaProject.bin", b""))


@lru_cache(maxsize=4)
def _project(blob: bytes) -> Project | None:
    try:
        return Project(blob)
    except Exception:  # noqa: BLE001  oletools raises whatever damaged bytes lead it to
        return None


def _decompressed(data: bytes) -> bytes:
    return bytes(decompress_stream(bytearray(data)))


def project_part(book: Book) -> Iterator[str]:
    main_type = book.types.get("xl/workbook.xml", "")
    is_macro_book = "macroEnabled" in main_type
    if main_type not in MAIN_TYPES:
        yield f"xl/workbook.xml is of a type that Excel does not open: {main_type}"
    if "xl/vbaProject.bin" not in book.parts:
        if is_macro_book:
            yield "the workbook says that it has macros and has none"
        return
    if not is_macro_book:
        yield "the workbook has macros and its content type says that it has none"
    if book.types.get("xl/vbaProject.bin") != PROJECT_TYPE:
        yield "xl/vbaProject.bin has another part's content type"
    if read_project(book) is None:
        yield "xl/vbaProject.bin is damaged"


def project_streams(book: Book) -> Iterator[str]:
    project = read_project(book)
    if project is None:
        return
    listed = re.findall(
        r"^(?:Document|Module|Class|BaseClass)=([^/\r\n]+)", project.text, re.MULTILINE
    )
    names = [module.name for module in project.modules]
    if listed != names:
        yield f"VBA: PROJECT lists {listed} and dir lists {names}"
    identity = re.search(r'^ID="([^"]+)"', project.text, re.MULTILINE)
    key = sum(identity[1].encode()) & 0xFF if identity else -1
    for name in ("CMG", "DPB", "GC"):
        hidden = re.search(rf'^{name}="([0-9A-F]+)"', project.text, re.MULTILINE)
        if hidden is None or revealed(hidden[1])[0] != key:
            yield f"VBA: {name} does not fit the project's id"
    project_name = re.search(r'^Name="([^"]+)"', project.text, re.MULTILINE)
    if project_name and project_name[1].lower() in {name.lower() for name in names}:
        yield f"VBA: a module is called {project_name[1]}, as the project is"
    if any(stream.startswith("VBA/__SRP_") for stream in project.streams):
        yield "VBA: compiled streams of another version"


def revealed(text: str) -> tuple[int, bytes]:
    """Return the key and the data of a protection setting, [MS-OVBA] 2.4.3.3."""
    hidden = bytes.fromhex(text)
    key = previous = hidden[2] ^ hidden[0]
    plain = bytearray()
    for i in range(3, len(hidden)):
        previous = hidden[i] ^ ((hidden[i - 2] + previous) & 0xFF)
        plain.append(previous)
    skipped = (hidden[0] & 6) // 2
    size = int.from_bytes(plain[skipped : skipped + 4], "little")
    return key, bytes(plain[skipped + 4 : skipped + 4 + size])


def module_texts(book: Book) -> Iterator[str]:
    project = read_project(book)
    for module in project.modules if project else ():
        if module.attribute("VB_Name") != module.name:
            yield f"VBA {module.name}: its VB_Name is {module.attribute('VB_Name')}"
        continued = 0
        for number, line in enumerate(module.source.splitlines(), 1):
            continued = continued + 1 if line.endswith(" _") else 0
            if len(line) > 1023:
                yield f"VBA {module.name}, line {number}: more than 1,023 characters"
            if continued > 24:
                yield f"VBA {module.name}, line {number}: more than 24 continued lines"


def code_names(book: Book) -> Iterator[str]:
    project = read_project(book)
    if project is None:
        return
    properties = book.workbook.find(MAIN + "workbookPr")
    wanted = {properties.get("codeName") if properties is not None else None: WORKBOOK_CLASS}
    for sheet in book.sheets:
        settings = sheet.root.find(MAIN + "sheetPr")
        code_name = settings.get("codeName") if settings is not None else None
        wanted[code_name] = SHEET_CLASS.get(sheet.root.tag.rpartition("}")[2], "")
    found = {
        module.name: module.attribute("VB_Base")[1:]
        for module in project.modules
        if module.attribute("VB_Base")[1:] in {WORKBOOK_CLASS, *SHEET_CLASS.values()}
    }
    for name in wanted.keys() - found.keys():
        yield f"VBA: no module for the code name {name}"
    for name in found.keys() - wanted.keys():
        yield f"VBA: module {name} is no sheet's code name"
    for name in found.keys() & wanted.keys():
        if found[name] != wanted[name]:
            yield f"VBA: module {name} is of another kind than its sheet"


def procedure_names(book: Book) -> Iterator[str]:
    """A public name in two modules is ambiguous; in one it may stand under #If and #Else."""
    project = read_project(book)
    standard = [module for module in project.modules if module.is_standard] if project else []
    homes: dict[str, list[str]] = {}
    for module in standard:
        found = [(kind.lower(), name.lower()) for kind, name, _ in module.public_procedures()]
        names = {name for _, name in found} if "#Else" in module.source else [n for _, n in found]
        for name in names:
            homes.setdefault(name, []).append(module.name)
        for kind, name in found:
            if kind == "function" and is_cell_address(name):
                yield f"VBA: function {name} is a cell address"
    modules = {module.name.lower() for module in project.modules} if project else set()
    for name, places in homes.items():
        if len(places) > 1:
            yield f"VBA: {name} is a public procedure of {' and '.join(sorted(places))}"
        if name in modules:
            yield f"VBA: procedure {name} has a module's name; a cell shows #NAME?"


def ribbon_documents(book: Book) -> Iterator[tuple[str, ET.Element]]:
    for kind, target in book.relations.get("", {}).values():
        if kind in RIBBON_NAMESPACE and target in book.xml:
            yield kind, book.xml[target]


def ribbon_form(book: Book) -> Iterator[str]:
    for kind, root in ribbon_documents(book):
        if root.tag != RIBBON_NAMESPACE[kind] + "customUI":
            yield "ribbon: the namespace does not fit the relationship"
        for identity, uses in Counter(e.get("id") for e in root.iter()).items():
            if identity and uses > 1:
                yield f"ribbon: {uses} controls {identity}"
        yield from _keytips(root)
        for element in root.iter():
            for attribute, limit in LONGEST_TEXT.items():
                if len(element.get(attribute, "")) > limit:
                    yield f"ribbon: {element.get('id')}: {attribute} has over {limit} characters"


def _keytips(root: ET.Element) -> Iterator[str]:
    """Two keytips of one tab: neither may be the other's beginning, or it is never reached."""
    for tab in (element for element in root.iter() if element.tag.endswith("}tab")):
        keys = [e.get("keytip", "") for e in tab.iter() if e is not tab and e.get("keytip")]
        for one, other in itertools.combinations(keys, 2):
            if one.startswith(other) or other.startswith(one):
                yield f"ribbon: the keytips {one} and {other} are in each other's way"
        for key in keys:
            if not re.fullmatch("[A-Z0-9]{1,3}", key):
                yield f"ribbon: {key} is no keytip; capitals and digits only"


def ribbon_callbacks(book: Book) -> Iterator[str]:
    project = read_project(book)
    modules = [module for module in project.modules if module.is_standard] if project else []
    procedures = {
        (module.name, name): (kind, parameters)
        for module in modules
        for kind, name, parameters in module.public_procedures()
    }
    for _, root in ribbon_documents(book):
        for element, attribute in itertools.product(root.iter(), CALLBACK_ARITY):
            callback = element.get(attribute)
            if callback is None:
                continue
            module, _, name = callback.rpartition(".")
            is_toggle = element.tag.endswith(("toggleButton", "checkBox"))
            wanted = CALLBACK_ARITY[attribute] + (attribute == "onAction" and is_toggle)
            found = procedures.get((module, name))
            if found is None:
                yield f"ribbon: {attribute} {callback} is no public procedure"
            elif found != ("Sub", wanted):
                yield f"ribbon: {attribute} {callback} needs a Sub with {wanted} parameter(s)"


def ribbon_reference(book: Book) -> Iterator[str]:
    project = read_project(book)
    if project is None or "Office" in project.references:
        return
    if any("IRibbon" in module.source for module in project.modules):
        yield "VBA: the ribbon's types need a reference to Office"


MACRO_CHECKS = (
    project_part,
    project_streams,
    module_texts,
    code_names,
    procedure_names,
    ribbon_form,
    ribbon_callbacks,
    ribbon_reference,
)
