"""The engine's copy of a workbook while it is being calculated.

Results of our functions lie on sheets that exist in the copy only, and so do arguments that are
formulas themselves. Nothing of this reaches the file: the file keeps its own formulas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from factor_core.refresh.addresses import Area, address, quoted
from factor_core.refresh.blocks import BLANK_MARK, Reader
from factor_core.refresh.engine import PENDING, Formula, Unavailable
from factor_core.refresh.hoist import MARK, Template, marks
from factor_core.refresh.references import SheetArea, reference_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from factor_core.refresh.engine import Engine
    from factor_core.refresh.plan import Host
    from factor_core.refresh.results import Result

MOST_FLIPS = 20


@dataclass(slots=True, eq=False)
class Target:
    """A formula set in the copy: a cell of the workbook (`host`), or an argument to calculate."""

    sheet: str
    row: int
    column: int
    template: Template
    host: Host | None = None
    extent: int | None = None  # its row on the sheet of extents, where it can spill
    pushed: str | None = None
    stubbed: bool = False  # its old followers hold PENDING
    flips: int = 0
    refused: str | None = None

    @property
    def plain(self) -> bool:
        """Whether Excel shows one cell of an array here."""
        return self.host is not None and self.host.cell.kind == "plain"

    @property
    def anchor(self) -> str:
        """The cell as any sheet's formula can name it."""
        return f"{quoted(self.sheet)}!{address(self.row, self.column)}"


class Workbench:
    """The engine, the formulas set in it, and the results of our calls."""

    def __init__(self, engine: Engine, static: Iterable[str]) -> None:
        self.engine, self.reader = engine, Reader(engine, frozenset(static))
        self.stem = _unused_stem(engine.sheets)
        self.one, self.sizes = f"{self.stem}_one", f"{self.stem}_size"
        self.targets: list[Target] = []
        self.slots: dict[str, Target] = {}
        self.results: dict[int, Result] = {}
        self._places: dict[int, SheetArea] = {}
        self._extents: list[Area] = []
        self._sizes_set: list[Formula] = []
        self._count = 0
        for name in (self.one, self.sizes):
            engine.add_sheet(name)

    # ------------------------------------------------------------------ formulas to set

    def add_host(self, host: Host, template: Template) -> None:
        """Note a cell whose formula is set here rather than read from the file."""
        cell = host.cell
        target = Target(host.sheet, cell.row, cell.column, template, host)
        target.stubbed = host.ours and bool(host.followers)
        self._add(target, spills=cell.kind == "dynamic")

    def hold(self, hosts: Iterable[Host]) -> None:
        """Make spilling formulas unavailable until they are set, or for good.

        They must be known as spilling: A1# of a plain cell would be #REF!, an error that
        dependents would take for a value.
        """
        self.engine.set_formulas(
            [Formula(h.sheet, h.cell.row, h.cell.column, PENDING, dynamic=True) for h in hosts]
        )

    def add_slot(self, text: str) -> None:
        """Note an argument that is a formula."""
        if text in self.slots:
            return
        sheet = f"{self.stem}_argument{len(self.slots)}"
        self.engine.add_sheet(sheet)
        # As a bare formula a blank would become 0; a missing return must stay missing.
        marked = f'_xlfn.LET(_xlpm._a,{text},IF(ISBLANK(_xlpm._a),"{BLANK_MARK}",_xlpm._a))'
        self.slots[text] = Target(sheet, 1, 1, Template(marked, tuple(dict.fromkeys(marks(text)))))
        self._add(self.slots[text], spills=True)

    def _add(self, target: Target, *, spills: bool) -> None:
        self.targets.append(target)
        if not spills:
            return
        row = target.extent = len(self._extents) + 1
        self._extents.append(Area(target.row, target.column, target.row, target.column))
        self._sizes_set += [
            Formula(self.sizes, row, column, f"{size}(_xlfn.ANCHORARRAY({target.anchor}))", True)
            for column, size in ((1, "ROWS"), (2, "COLUMNS"))
        ]

    def push(self, targets: Iterable[Target]) -> None:
        """Set each formula whose calls are done; one whose call was lost waits again."""
        formulas, owners = [], []
        for target in targets:
            done = all(call in self.results for call in target.template.calls)
            text = self._text(target) if done else PENDING
            if text == target.pushed or (not done and target.pushed is None):
                continue
            target.pushed = text
            self._free(target)
            new = list(_formulas(target, text))
            formulas += new
            owners += [target] * len(new)
        for index, reason in self.engine.set_formulas(formulas).items():
            owners[index].refused = reason

    def _free(self, target: Target) -> None:
        if target.stubbed and target.host is not None:
            self.engine.clear(target.sheet, target.host.followers)
            target.stubbed = False

    def _text(self, target: Target) -> str:
        """Return the formula with references to the results in place of the calls."""
        whole = target.template.whole is not None

        def reference(call: int) -> str:
            place = self._places[call]
            if place.area.single or (whole and not target.plain):
                return reference_text(place)
            if whole:
                first = Area(place.area.top, place.area.left, place.area.top, place.area.left)
                return reference_text(SheetArea(place.sheet, first))
            # An array, not a reference: a plain formula would pick the cell of its own row.
            return f"_xlfn.TAKE({reference_text(place)},{place.area.bottom})"

        return MARK.sub(lambda found: reference(int(found[1])), target.template.text)

    # ------------------------------------------------------------------ results

    def publish(self, changed: set[int]) -> None:
        """Write changed results into the copy; set the formulas that were waiting for them."""
        for call in sorted(changed & self.results.keys()):
            self._put(call, self.results[call])
        self.push(target for target in self.targets if changed & set(target.template.calls))

    def _put(self, call: int, result: Result) -> None:
        rows, columns = result.shape
        if result.single:
            place = SheetArea(self.one, Area(call + 1, 1, call + 1, 1))
        else:
            old = self._places.get(call)
            place = SheetArea(old.sheet if old else "", Area(1, 1, rows, columns))
            if old is None or old.area != place.area:
                self._count += 1
                place = place._replace(sheet=f"{self.stem}{self._count}")
                self.engine.add_sheet(place.sheet)
        self._places[call] = place
        self.engine.write(place.sheet, place.area.top, place.area.left, result.rows)

    # ------------------------------------------------------------------ calculating

    def calculate(self) -> None:
        """Calculate the copy, with every range that a formula spills into up to date."""
        self.engine.set_formulas(self._sizes_set)
        self._sizes_set = []
        self.engine.calculate()
        while self._settle():
            self.engine.calculate()
        self.reader.new_round()
        self._measure()

    def _settle(self) -> bool:
        """Keep what depends on the old cells of an array waiting while the array itself waits.

        The cells that an array filled at the last refresh are empty in the copy. As long as the
        array cannot be calculated they must be unavailable, not empty; once it can, they must be
        out of its way.
        """
        changed = False
        for target in self.targets:
            if target.host is None or not target.host.followers or target.extent is None:
                continue
            if target.pushed is None or target.flips >= MOST_FLIPS:
                continue
            state = self.engine.cell(target.sheet, target.row, target.column)
            waits = isinstance(state, Unavailable)
            if waits != target.stubbed:
                target.flips += 1
                changed = True
                self._stub(target) if waits else self._free(target)
        return changed

    def _stub(self, target: Target) -> None:
        if target.host is not None:
            self.engine.set_formulas(
                [Formula(target.sheet, *at, PENDING) for at in target.host.followers]
            )
            target.stubbed = True

    def _measure(self) -> None:
        if not self._extents:
            return
        sizes = self.engine.rows(self.sizes, Area(1, 1, len(self._extents), 2))
        for index, (rows, columns) in enumerate(sizes):
            top, left, *_ = self._extents[index]
            height = int(rows) if type(rows) is float else 1
            width = int(columns) if type(columns) is float else 1
            self._extents[index] = Area(top, left, top + height - 1, left + width - 1)
        for target in self.targets:
            if target.extent is not None:
                self.reader.grow(target.sheet, self.extent(target))

    def extent(self, target: Target) -> Area:
        """Return the cells that the formula fills."""
        if target.extent is None:
            return Area(target.row, target.column, target.row, target.column)
        return self._extents[target.extent - 1]


def _formulas(target: Target, text: str) -> Iterable[Formula]:
    """Return what to set: one formula, or one a cell for an array of fixed size."""
    cell = target.host.cell if target.host else None
    if cell is None or cell.kind != "array":
        yield Formula(target.sheet, target.row, target.column, text, dynamic=not target.plain)
        return
    for row, column in cell.area.positions():
        part = text
        if text != PENDING:
            part = _cell_of(text, row - cell.area.top, column - cell.area.left)
        yield Formula(target.sheet, row, column, part, dynamic=True)


def _cell_of(text: str, row: int, column: int) -> str:
    """Return the formula of one cell of a fixed array.

    Excel repeats a single row or column over the range and fills with #N/A what is left over.
    """
    value = "_xlpm._v"
    checks = ",".join(
        f"OR({size}({value})=1,{size}({value})>{index})"
        for size, index in (("ROWS", row), ("COLUMNS", column))
    )
    at = ",".join(
        f"MIN({index + 1},{size}({value}))" for size, index in (("ROWS", row), ("COLUMNS", column))
    )
    # IF(TRUE,...) because the engine's INDEX fails on a variable that holds an array.
    return f"_xlfn.LET({value},{text},IF(AND({checks}),INDEX(IF(TRUE,{value}),{at}),NA()))"


def _unused_stem(sheets: set[str]) -> str:
    stem = "__r"
    while any(name.startswith(stem.upper()) for name in sheets):
        stem += "r"
    return stem
