"""Charts carry a copy of the numbers they draw: brought up to date, or dropped when it cannot be.

A viewer that does not calculate draws that copy, so an old one would be an old picture.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from factor_core.errors import ExcelError
from factor_core.refresh import xml_bytes
from factor_core.refresh.addresses import LAST_ROW, split_sheet
from factor_core.refresh.engine import Unavailable
from factor_core.refresh.references import SheetArea
from factor_core.refresh.splice import Put
from factor_core.refresh.values import Value, number_text, same, store

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from factor_core.refresh.collect import Outcome
    from factor_core.refresh.package import Package
    from factor_core.refresh.plan import Plan
    from factor_core.refresh.report import Report
    from factor_core.refresh.solve import Solver
    from factor_core.refresh.xml_bytes import Attributes

CHART = "drawingml.chart+xml"
CACHES = frozenset({"numCache", "strCache", "multiLvlStrCache", "dlblRangeCache"})
AREAS = re.compile(r"(?:'(?:[^']|'')+'|[^,()'])+")
DROPPED = (
    "{part}: the stored picture of {formula} could not be brought up to date and was removed; "
    "a spreadsheet program draws it from the cells"
)

Edit = tuple[int, int, bytes]


class _Point(NamedTuple):
    """What a cell shows now; `old` where it keeps what it showed before."""

    value: Value
    old: bool


@dataclass(slots=True)
class _Cache:
    """One copy of numbers or texts in a chart, and the reference it was taken from."""

    formula: str
    kind: str = ""
    tag: str = ""
    start: int = 0
    end: int = 0
    count: int | None = None
    points: dict[int, str] = field(default_factory=dict)
    formats: dict[int, str] = field(default_factory=dict)
    first: int | None = None  # where the count and points begin
    close: int = 0


def refresh_charts(
    package: Package, plan: Plan, solver: Solver, outcome: Outcome, report: Report
) -> None:
    """Bring the copies in every chart up to date."""
    parts = package.parts_of_type(CHART)
    caches = {part: _Scanner(part, package.parts[part]).caches for part in parts}
    source = _Source(plan, solver, outcome)
    source.prepare(cache.formula for found in caches.values() for cache in found)
    for part, found in caches.items():
        edits = []
        for cache in found:
            edit = _edit(cache, source.points(cache.formula))
            if edit is not None:
                edits.append(edit)
                if not edit[2]:
                    report.warnings.append(DROPPED.format(part=part, formula=cache.formula))
        package.parts[part] = xml_bytes.apply_edits(package.parts[part], edits)


class _Scanner:
    """Finds the caches of a chart and their places."""

    def __init__(self, part: str, xml: bytes) -> None:
        self.xml, self.caches = xml, list[_Cache]()
        self.formula = ""
        self.cache: _Cache | None = None
        self.index: int | None = None
        self.text: list[str] | None = None
        self.parser = xml_bytes.parser(part, xml)
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        xml_bytes.parse(part, xml, self.parser)

    def _start(self, name: str, attributes: Attributes) -> None:
        local, offset = xml_bytes.local(name), self.parser.CurrentByteIndex
        if local == "f" or (local == "v" and self.index is not None):
            self.text = []
        elif local in CACHES:
            self.cache = _Cache(self.formula, local, name, offset)
        elif self.cache is not None and local in ("ptCount", "pt", "lvl"):
            if self.cache.first is None:
                self.cache.first = offset
            if local == "ptCount":
                self.cache.count = int(attributes["val"])
            elif local == "pt":
                self.index = int(attributes["idx"])
                if "formatCode" in attributes:
                    self.cache.formats[self.index] = attributes["formatCode"]

    def _data(self, text: str) -> None:
        if self.text is not None:
            self.text.append(text)

    def _end(self, name: str) -> None:
        local = xml_bytes.local(name)
        if self.text is not None and local in ("f", "v"):
            text, self.text = "".join(self.text), None
            if local == "f":
                self.formula = text
            elif self.cache is not None and self.index is not None:
                self.cache.points[self.index] = text
        elif local == "pt":
            self.index = None
        elif self.cache is not None and local == self.cache.kind:
            self._close(self.cache)

    def _close(self, cache: _Cache) -> None:
        tag = xml_bytes.tag_end(self.xml, cache.start)
        if xml_bytes.closes_itself(self.xml, tag):
            cache.close = cache.end = tag
        else:
            cache.close = self.parser.CurrentByteIndex
            cache.end = xml_bytes.tag_end(self.xml, cache.close)
        self.caches.append(cache)
        self.cache = None


class _Source:
    """The values that a chart's references stand for now."""

    def __init__(self, plan: Plan, solver: Solver, outcome: Outcome) -> None:
        self.references, self.bench = plan.hoister.references, solver.bench
        self.outcome = outcome
        self.stored = {(h.sheet, h.cell.row, h.cell.column): h.cell.stored for h in plan.hosts}

    def prepare(self, formulas: Iterable[str]) -> None:
        """Have the engine calculate the references that are names made with OFFSET and the like."""
        known = len(self.bench.slots)
        for formula in formulas:
            for text in self._parts(formula):
                if self._place(text) is None:
                    self.bench.add_slot(_dereferenced(text))
        if len(self.bench.slots) > known:
            new = list(self.bench.slots.values())[known:]
            self.bench.push(new)
            self.bench.calculate()

    def points(self, formula: str) -> list[_Point] | None:
        """Return the values in the chart's order; None where they cannot be told."""
        points: list[_Point] = []
        for text in self._parts(formula):
            place = self._place(text)
            part = self._calculated(text) if place is None else list(self._area(place))
            if part is None:
                return None
            points += part
        return points

    def _parts(self, formula: str) -> list[str]:
        """Split a reference to several areas, (Data!A1:A9,Data!C1), without this book's name."""
        texts = [text.strip() for text in AREAS.findall(formula)]
        return [self._own(text) for text in texts if text]

    def _own(self, text: str) -> str:
        owner, name = split_sheet(text.removeprefix("[0]!"))
        return text if owner and owner.upper() in self.references.sheets else name

    def _place(self, text: str) -> SheetArea | None:
        place = self.references.area(text, "")
        if place is None or place.area.bottom < LAST_ROW:
            return place
        used = self.bench.reader.used(place.sheet)
        return place._replace(area=place.area._replace(bottom=used.bottom))

    def _calculated(self, text: str) -> list[_Point] | None:
        slot = self.bench.slots.get(_dereferenced(text))
        if slot is None or slot.refused or slot.spread is None:
            return None
        block = self.bench.reader.block(SheetArea(slot.sheet, slot.spread.area))
        if isinstance(block, Unavailable):
            return None
        values = [value for row in block.rows() for value in row]
        # A name that means nothing is one error; an error in the cells comes with other cells.
        lost = len(values) == 1 and isinstance(values[0], ExcelError)
        return None if lost else [_Point(value, old=False) for value in values]

    def _area(self, place: SheetArea) -> Iterator[_Point]:
        sheet = place.sheet
        changes = self.outcome.changes.get(sheet, {})
        kept = self.outcome.kept.get(sheet, ())
        for at in place.area.positions():
            change = changes.get(at)
            if isinstance(change, Put):
                stored = self.stored.get((sheet, *at))
                yield _Point(change.value, bool(stored and same(stored, store(change.value))))
            elif change is not None:
                yield _Point(None, old=False)
            else:
                value = self.bench.reader.value(sheet, *at)
                if isinstance(value, Unavailable) or at in kept:
                    yield _Point(None, old=True)
                else:
                    yield _Point(value, old=value is not None)


def _dereferenced(name: str) -> str:
    return f"INDEX({name},0,0)"


def _edit(cache: _Cache, points: list[_Point] | None) -> Edit | None:
    """Return the change to a cache: None where it is right, no new bytes where it must go."""
    gone = (cache.start, cache.end, b"")
    if points is None:
        return gone
    if cache.kind == "multiLvlStrCache":
        return None if all(point.old for point in points) else gone
    try:
        texts = _texts(cache, points)
    except KeyError:
        return gone
    if cache.count == len(points) and _equal(cache, texts):
        return None
    if cache.first is None:
        return gone
    return cache.first, cache.close, _points_xml(cache, len(points), texts)


def _texts(cache: _Cache, points: list[_Point]) -> dict[int, str]:
    """Return the text of each point; a KeyError means that an old one is wanted and not there."""
    texts = {}
    for index, point in enumerate(points):
        if point.value is None and point.old:
            texts[index] = cache.points[index]
        elif point.value is None:
            continue
        elif cache.kind == "numCache":
            texts[index] = _number_text(point.value)
        elif point.old and isinstance(point.value, float) and index in cache.points:
            texts[index] = cache.points[index]  # shown in its number format, a date for instance
        else:
            texts[index] = _text(point.value)
    return texts


def _number_text(value: Value) -> str:
    if isinstance(value, ExcelError):
        return str(value)
    if isinstance(value, str):
        return "0"  # Excel draws text at zero
    return number_text(float(value or 0))


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return number_text(value) if isinstance(value, float) else str(value)


def _equal(cache: _Cache, texts: dict[int, str]) -> bool:
    if cache.points.keys() != texts.keys():
        return False
    return all(
        text == cache.points[index]
        or (cache.kind == "numCache" and _close(text, cache.points[index]))
        for index, text in texts.items()
    )


def _close(new: str, old: str) -> bool:
    """Whether both texts are the same number: Excel writes 17 digits, we write the shortest."""
    try:
        return float(new) == float(old)
    except ValueError:
        return False


def _points_xml(cache: _Cache, count: int, texts: dict[int, str]) -> bytes:
    prefix = cache.tag.rpartition(":")[0]
    # The points of a data-label cache belong to the chart's own namespace, its element does not.
    prefix = "c:" if cache.kind == "dlblRangeCache" else f"{prefix}:" if prefix else ""
    pieces = [f'<{prefix}ptCount val="{count}"/>']
    for index, text in texts.items():
        style = cache.formats.get(index)
        code = f" formatCode={quoteattr(style)}" if style else ""
        pieces.append(
            f'<{prefix}pt idx="{index}"{code}><{prefix}v>{escape(text)}</{prefix}v></{prefix}pt>'
        )
    return "".join(pieces).encode()
