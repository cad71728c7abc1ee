"""What makes Excel offer to repair a workbook, or open it with dead macros: found without Excel.

`problems(workbook)` is empty for a sound file. Macros and ribbon are in `check_macros`.
"""

from __future__ import annotations

import io
import itertools
import math
import posixpath
import re
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from openpyxl.formula import Tokenizer
from openpyxl.utils import range_boundaries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
PACKAGE_TYPE = "{http://schemas.openxmlformats.org/package/2006/content-types}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
LAST_ROW, LAST_COLUMN = 1_048_576, 16_384
CALCULATION_ID = 191029  # a file of an older Excel is recalculated at opening
ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"}
# Functions younger than the file format: stored with a prefix, or the cell shows #NAME?.
PREFIXED = set(
    """
    ANCHORARRAY BYCOL BYROW CHOOSECOLS CHOOSEROWS CONCAT DROP EXPAND FILTER HSTACK IFS LAMBDA LET
    MAKEARRAY MAP MAXIFS MINIFS RANDARRAY REDUCE SCAN SEQUENCE SORT SORTBY SWITCH TAKE TEXTAFTER
    TEXTBEFORE TEXTJOIN TEXTSPLIT TOCOL TOROW UNIQUE VSTACK WRAPCOLS WRAPROWS XLOOKUP XMATCH
    CONFIDENCE.NORM CONFIDENCE.T COVARIANCE.P COVARIANCE.S F.DIST F.DIST.RT F.INV F.INV.RT
    NORM.DIST NORM.INV NORM.S.DIST NORM.S.INV PERCENTILE.EXC PERCENTILE.INC STDEV.P STDEV.S T.DIST
    T.DIST.2T T.DIST.RT T.INV T.INV.2T VAR.P VAR.S CHISQ.DIST CHISQ.DIST.RT CHISQ.INV CHISQ.INV.RT
    """.split()  # noqa: SIM905  a list of so many words would hide them in quotes
)
# The order in which a sheet's children must stand; ECMA-376 part 1, CT_Worksheet.
SHEET_ORDER = """
    sheetPr dimension sheetViews sheetFormatPr cols sheetData sheetCalcPr sheetProtection
    protectedRanges scenarios autoFilter sortState dataConsolidate customSheetViews mergeCells
    phoneticPr conditionalFormatting dataValidations hyperlinks printOptions pageMargins
    pageSetup headerFooter rowBreaks colBreaks customProperties cellWatches ignoredErrors
    smartTags drawing legacyDrawing legacyDrawingHF drawingHF picture oleObjects controls
    webPublishItems tableParts extLst
""".split()  # noqa: SIM905  the same

Area = tuple[int, int, int, int]  # left, top, right, bottom, from 1, as openpyxl has it


@dataclass
class Sheet:
    name: str
    part: str
    root: ET.Element
    cells: list[tuple[int, ET.Element]] = field(default_factory=list)  # row number, cell

    def __post_init__(self) -> None:
        for row in self.root.iter(MAIN + "row"):
            self.cells += [(int(row.get("r", "0")), cell) for cell in row]


@dataclass
class Book:
    """A workbook file, opened as far as its damage allows."""

    archive: zipfile.ZipFile
    parts: dict[str, bytes] = field(default_factory=dict)
    xml: dict[str, ET.Element] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    relations: dict[str, dict[str, tuple[str, str]]] = field(default_factory=dict)  # source, id
    sheets: list[Sheet] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in self.archive.namelist():
            try:
                self.parts[name] = self.archive.read(name)
            except zipfile.BadZipFile as error:
                self.broken[name] = str(error)
        for name, blob in self.parts.items():
            if name.endswith((".xml", ".rels", ".vml")):
                try:
                    self.xml[name] = ET.fromstring(blob)  # noqa: S314  our own file, in a test
                except ET.ParseError as error:
                    self.broken[name] = f"not well-formed: {error}"
        self._read_types()
        for name, root in self.xml.items():
            if name.endswith(".rels"):
                self._read_relations(name, root)
        self._read_sheets()

    @property
    def workbook(self) -> ET.Element:
        return self.xml.get("xl/workbook.xml", ET.Element(MAIN + "workbook"))

    def _read_types(self) -> None:
        root = self.xml.get("[Content_Types].xml", ET.Element("none"))
        default = {e.get("Extension", "").lower(): e for e in root.iter(PACKAGE_TYPE + "Default")}
        override = {e.get("PartName", "")[1:]: e for e in root.iter(PACKAGE_TYPE + "Override")}
        for name in self.parts:
            element = override.get(name, default.get(name.rpartition(".")[2].lower()))
            if element is not None:
                self.types[name] = element.get("ContentType", "")

    def _read_relations(self, name: str, root: ET.Element) -> None:
        folder, _, file = name.rpartition("_rels/")
        targets = self.relations.setdefault(folder + file.removesuffix(".rels"), {})
        for relation in root:
            target = posixpath.normpath(posixpath.join("/", folder, relation.get("Target", "")))
            if relation.get("TargetMode") == "External":
                target = ""
            targets[relation.get("Id", "")] = (relation.get("Type", ""), target.lstrip("/"))

    def _read_sheets(self) -> None:
        relations = self.relations.get("xl/workbook.xml", {})
        for sheet in self.workbook.iter(MAIN + "sheet"):
            part = relations.get(sheet.get(RELATION + "id", ""), ("", ""))[1]
            if part in self.xml:
                self.sheets.append(Sheet(sheet.get("name", ""), part, self.xml[part]))


def problems(workbook: str | Path | bytes) -> list[str]:
    """Return a sentence for each thing that Excel would repair, or that would be dead in it."""
    from check_macros import MACRO_CHECKS  # noqa: PLC0415  it needs Book

    source = io.BytesIO(workbook) if isinstance(workbook, bytes) else workbook
    try:
        archive = zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        return [f"not a workbook file: {error}"]
    with archive:
        book = Book(archive)
        checks = (*PACKAGE_CHECKS, *WORKBOOK_CHECKS, *SHEET_CHECKS, *MACRO_CHECKS)
        return [problem for check in checks for problem in check(book)]


# ------------------------------------------------------------------------------- the package


def zip_entries(book: Book) -> Iterator[str]:
    for name, reason in book.broken.items():
        yield f"{name}: {reason}"
    names = book.archive.namelist()
    for name, uses in Counter(n.lower() for n in names).items():
        if uses > 1:
            yield f"{name}: {uses} parts of this name"
    for name in ("[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/styles.xml"):
        if name not in names:
            yield f"{name} is missing"


def content_types(book: Book) -> Iterator[str]:
    for name in book.parts:
        if name not in book.types and name != "[Content_Types].xml" and not name.endswith("/"):
            yield f"{name}: no content type"
    root = book.xml.get("[Content_Types].xml", ET.Element("none"))
    named = [e.get("PartName", "")[1:] for e in root.iter(PACKAGE_TYPE + "Override")]
    for name, uses in Counter(named).items():
        if uses > 1:
            yield f"{name}: {uses} content types"
        if name not in book.parts:
            yield f"content type for a missing part {name}"


def relationships(book: Book) -> Iterator[str]:
    for name, root in book.xml.items():
        if not name.endswith(".rels"):
            continue
        for identity, uses in Counter(r.get("Id") for r in root).items():
            if uses > 1:
                yield f"{name}: {uses} relationships {identity}"
    for source, targets in book.relations.items():
        for identity, (_, target) in targets.items():
            if target and target not in book.parts:
                yield f"{source or 'package'}: {identity} leads to a missing part {target}"


def relationship_uses(book: Book) -> Iterator[str]:
    for name, root in book.xml.items():
        for element, attribute in itertools.product(root.iter(), ("id", "embed", "link", "pict")):
            identity = element.get(RELATION + attribute)
            if identity is not None and identity not in book.relations.get(name, {}):
                yield f"{name}: {element.tag.rpartition('}')[2]} uses a missing {identity}"


def reachable_parts(book: Book) -> Iterator[str]:
    reached, waiting = {"[Content_Types].xml"}, [""]
    while waiting:
        for _, target in book.relations.get(waiting.pop(), {}).values():
            if target in book.parts and target not in reached:
                reached.add(target)
                waiting.append(target)
    for name in book.parts:
        if name not in reached and not name.endswith(".rels"):
            yield f"{name}: no relationship leads to this part"


PACKAGE_CHECKS = (
    zip_entries,
    content_types,
    relationships,
    relationship_uses,
    reachable_parts,
)

# ------------------------------------------------------------------------------ the workbook


def sheet_names(book: Book) -> Iterator[str]:
    tabs = list(book.workbook.iter(MAIN + "sheet"))
    names = [tab.get("name", "") for tab in tabs]
    for name in names:
        if not 0 < len(name) <= 31 or re.search(r"[\[\]:*?/\\]|^'|'$", name):
            yield f"bad sheet name {name!r}"
    for name, uses in Counter(name.lower() for name in names).items():
        if uses > 1:
            yield f"{uses} sheets named {name}"
    for identity, uses in Counter(tab.get("sheetId") for tab in tabs).items():
        if uses > 1:
            yield f"{uses} sheets with the id {identity}"
    if all(tab.get("state", "visible") != "visible" for tab in tabs):
        yield "no sheet is visible"


def recalculation(book: Book) -> Iterator[str]:
    """At opening, Excel without Python would put errors in place of the values in the file."""
    settings = book.workbook.find(MAIN + "calcPr")
    if settings is None or int(settings.get("calcId", "0")) < CALCULATION_ID:
        yield f"calcId is older than {CALCULATION_ID}: Excel calculates at opening"
    elif settings.get("fullCalcOnLoad", "0") in {"1", "true"}:
        yield "fullCalcOnLoad is on: Excel calculates at opening"


def defined_names(book: Book) -> Iterator[str]:
    names = list(book.workbook.iter(MAIN + "definedName"))
    uses = Counter((n.get("name", "").lower(), n.get("localSheetId")) for n in names)
    for (name, _), count in uses.items():
        if count > 1:
            yield f"{count} defined names {name}"
    for element in names:
        name, text = element.get("name", ""), element.text or ""
        if not name.startswith("_xlnm.") and not _is_legal_name(name):
            yield f"illegal defined name {name}"
        if int(element.get("localSheetId", "0")) >= len(book.sheets):
            yield f"defined name {name} belongs to a missing sheet"
        if "#REF!" in text:
            yield f"defined name {name} refers to nothing: {text}"
        for sheet in _missing_sheets(book, text):
            yield f"defined name {name} refers to a missing sheet {sheet}"


def _is_legal_name(name: str) -> bool:
    if not re.fullmatch(r"[A-Za-z_\\][\w.\\]*", name) or len(name) > 255:
        return False
    return not re.fullmatch(r"[A-Za-z]{1,3}\d+|[Rr]\d*([Cc]\d*)?|[Cc]\d*", name)


def _missing_sheets(book: Book, formula: str) -> Iterator[str]:
    known = {sheet.name.lower() for sheet in book.sheets}
    known |= {tab.get("name", "").lower() for tab in book.workbook.iter(MAIN + "sheet")}
    for token in Tokenizer("=" + formula).items:
        if token.type == "OPERAND" and token.subtype == "RANGE" and "!" in token.value:
            sheet = token.value.rpartition("!")[0].strip("'").replace("''", "'")
            if sheet.lower() not in known:
                yield sheet


def style_indexes(book: Book) -> Iterator[str]:
    styles = book.xml.get("xl/styles.xml", ET.Element("none"))
    size = {e.tag.removeprefix(MAIN): len(e) for e in styles}
    formats = {e.get("numFmtId") for e in styles.iter(MAIN + "numFmt")}
    of = {"fontId": "fonts", "fillId": "fills", "borderId": "borders", "xfId": "cellStyleXfs"}
    for i, xf in enumerate(styles.findall(f"{MAIN}cellXfs/{MAIN}xf")):
        for attribute, table in of.items():
            if int(xf.get(attribute, "0")) >= size.get(table, 0):
                yield f"cell style {i}: {attribute} beyond the {table}"
        number_format = xf.get("numFmtId", "0")
        if int(number_format) >= 164 and number_format not in formats:
            yield f"cell style {i}: number format {number_format} is not defined"
    for table in ("fonts", "fills", "borders", "cellXfs"):
        stated = (styles.find(MAIN + table) or ET.Element("none")).get("count")
        if stated is not None and int(stated) != size[table]:
            yield f"styles count {stated} {table} and hold {size[table]}"


def chart_references(book: Book) -> Iterator[str]:
    for name, root in book.xml.items():
        for formula in root.iter(CHART + "f"):
            for sheet in _missing_sheets(book, formula.text or ""):
                yield f"{name}: a series refers to a missing sheet {sheet}"
        axes = {axis.get("val") for axis in root.findall(f".//{CHART}plotArea/*/{CHART}axId")}
        kinds = ("valAx", "catAx", "dateAx", "serAx")
        found = [root.findall(f".//{CHART}{kind}/{CHART}axId") for kind in kinds]
        defined = {axis.get("val") for axis in itertools.chain.from_iterable(found)}
        if axes - defined:
            yield f"{name}: axis {sorted(map(str, axes - defined))} is not defined"


WORKBOOK_CHECKS = (sheet_names, recalculation, defined_names, style_indexes, chart_references)

# -------------------------------------------------------------------------------- the sheets


def child_order(book: Book) -> Iterator[str]:
    for sheet in book.sheets:
        names = [child.tag.removeprefix(MAIN) for child in sheet.root]
        known = [SHEET_ORDER.index(name) for name in names if name in SHEET_ORDER]
        if known != sorted(known):
            yield f"{sheet.name}: its elements stand in the wrong order: {' '.join(names)}"


def cell_order(book: Book) -> Iterator[str]:
    for sheet in book.sheets:
        last = (0, 0)
        for row, cell in sheet.cells:
            area = _area(cell.get("r", ""))
            if area is None or area[1] != row or (row, area[0]) <= last:
                yield f"{sheet.name}!{cell.get('r')}: cell out of order, doubled or in another row"
            else:
                last = (row, area[0])


def cell_indexes(book: Book) -> Iterator[str]:
    styles = book.xml.get("xl/styles.xml", ET.Element("none"))
    metadata = book.xml.get("xl/metadata.xml", ET.Element("none"))
    limits = {
        "s": ("style", len(styles.findall(f"{MAIN}cellXfs/{MAIN}xf")) - 1),
        "cm": ("cell metadata", len(metadata.findall(f"{MAIN}cellMetadata/{MAIN}bk"))),
        "vm": ("value metadata", len(metadata.findall(f"{MAIN}valueMetadata/{MAIN}bk"))),
    }
    for sheet in book.sheets:
        for _, cell in sheet.cells:
            for attribute, (what, largest) in limits.items():
                if int(cell.get(attribute, "0")) > largest:
                    yield f"{sheet.name}!{cell.get('r')}: {what} {cell.get(attribute)} is missing"


def cell_values(book: Book) -> Iterator[str]:
    strings = book.xml.get("xl/sharedStrings.xml", ET.Element("none"))
    string_count = len(strings.findall(MAIN + "si"))
    for sheet in book.sheets:
        for _, cell in sheet.cells:
            value = cell.findtext(MAIN + "v")
            problem = value is not None and _value_problem(cell.get("t", "n"), value, string_count)
            if problem:
                yield f"{sheet.name}!{cell.get('r')}: {problem}"


def _value_problem(kind: str, value: str, string_count: int) -> str:
    is_sound = {
        "s": value.isdigit() and int(value) < string_count,
        "b": value in {"0", "1"},
        "e": value in ERRORS,
        "str": len(value) <= 32_767,
        "n": _is_finite(value),
    }
    return "" if is_sound.get(kind) else f'a value of type {kind} that is "{value[:40]}"'


def _is_finite(value: str) -> bool:
    try:
        return math.isfinite(float(value))
    except ValueError:
        return False


def formulas(book: Book) -> Iterator[str]:
    for sheet in book.sheets:
        for _, cell in sheet.cells:
            text = cell.findtext(MAIN + "f")
            if text:
                for problem in _formula_problems(book, text):
                    yield f"{sheet.name}!{cell.get('r')}: {problem}"


def _formula_problems(book: Book, text: str) -> Iterator[str]:
    if text.startswith("="):
        yield "the formula is stored with its ="
        return
    if len(text) > 8_192:
        yield f"a formula of {len(text)} characters; 8,192 is the limit"
    bare = re.sub(r'"[^"]*"|\'[^\']*\'', "", text)
    if bare.count("(") != bare.count(")"):
        yield f"unbalanced parentheses in {text}"
        return
    for function in re.findall(r"(?<![\w.])([A-Z][A-Z0-9.]*)\(", bare):
        if function in PREFIXED:
            yield f"{function} is stored without _xlfn."
    for missing in _missing_sheets(book, text):
        yield f"the formula refers to a missing sheet {missing}"


def covered_areas(book: Book) -> Iterator[str]:
    """Array formulas and merged cells may not overlap; no formula stands in another's result."""
    for sheet in book.sheets:
        found = [(c, c.find(MAIN + "f"), _area(c.get("r", ""))) for _, c in sheet.cells]
        formula_cells = [(cell, f, here) for cell, f, here in found if f is not None and here]
        arrays = {
            f"array {f.get('ref')}": _area(f.get("ref", ""))
            for _, f, _ in formula_cells
            if f.get("t") == "array"
        }
        merged = {f"merged {text}": area for text, area in _areas(sheet, "mergeCell")}
        for (a, b), (c, d) in itertools.combinations((arrays | merged).items(), 2):
            if _overlap(b, d):
                yield f"{sheet.name}: {a} and {c} overlap"
        for cell, formula, here in formula_cells:
            area = _area(formula.get("ref", "")) if formula.get("t") == "array" else None
            if formula.get("t") == "array" and (area is None or area[:2] != here[:2]):
                yield f"{sheet.name}!{cell.get('r')}: array formula for {formula.get('ref')}"
            for what, covered in arrays.items():
                if _overlap(covered, here) and covered and covered[:2] != here[:2]:
                    yield f"{sheet.name}!{cell.get('r')}: a formula inside the result of {what}"


def sheet_references(book: Book) -> Iterator[str]:
    for sheet in book.sheets:
        for link in sheet.root.iter(MAIN + "hyperlink"):
            for missing in _missing_sheets(book, link.get("location", "")):
                yield f"{sheet.name}!{link.get('ref')}: a link leads to a missing sheet {missing}"
        for tag in ("conditionalFormatting", "dataValidation", "ignoredError", "hyperlink"):
            for text, area in _areas(sheet, tag):
                if area is None:
                    yield f"{sheet.name}: {tag} for {text}"


def conditional_formats(book: Book) -> Iterator[str]:
    styles = book.xml.get("xl/styles.xml", ET.Element("none"))
    formats = len(styles.findall(f"{MAIN}dxfs/{MAIN}dxf"))
    for sheet in book.sheets:
        for rule in sheet.root.iter(MAIN + "cfRule"):
            if int(rule.get("dxfId", "-1")) >= formats:
                yield f"{sheet.name}: conditional format uses a missing style {rule.get('dxfId')}"


def validations(book: Book) -> Iterator[str]:
    """Data validation: the lengths that Excel insists on, and where the choices stand."""
    longest = {"promptTitle": 32, "errorTitle": 32, "prompt": 255, "error": 255}
    for sheet in book.sheets:
        for rule in sheet.root.iter(MAIN + "dataValidation"):
            choices = rule.findtext(MAIN + "formula1") or ""
            if choices.startswith('"') and len(choices) > 257:
                yield f"{sheet.name}: a list of choices of {len(choices) - 2} characters"
            for attribute, limit in longest.items():
                if len(rule.get(attribute, "")) > limit:
                    yield f"{sheet.name}: a validation's {attribute} has over {limit} characters"
            for missing in _missing_sheets(book, "" if choices.startswith('"') else choices):
                yield f"{sheet.name}: a validation refers to a missing sheet {missing}"


def _areas(sheet: Sheet, tag: str) -> Iterator[tuple[str, Area | None]]:
    for element in sheet.root.iter(MAIN + tag):
        for text in (element.get("sqref") or element.get("ref", "")).split() or [""]:
            yield text, _area(text)


def _area(text: str) -> Area | None:
    try:
        left, top, right, bottom = range_boundaries(text)
    except (ValueError, TypeError):
        return None
    if None in {left, top, right, bottom}:  # whole rows or columns
        return None
    is_sound = 1 <= left <= right <= LAST_COLUMN and 1 <= top <= bottom <= LAST_ROW
    return (left, top, right, bottom) if is_sound else None


def _overlap(a: Area | None, b: Area | None) -> bool:
    if a is None or b is None:
        return False
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


SHEET_CHECKS = (
    child_order,
    cell_order,
    cell_indexes,
    cell_values,
    formulas,
    covered_areas,
    sheet_references,
    conditional_formats,
    validations,
)
