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
class Spread:
    """The cells that one array fills, measured after each calculation."""

    sheet: str
    area: Area
    holes: bool = False  # some of its values could not be calculated; the engine shows #VALUE!


@dataclass(slots=True, eq=False)
class Target:
    """A formula set in the copy: a cell of the workbook (`host`), or an argument to calculate."""

    sheet: str
    row: int
    column: int
    template: Template
    host: Host | None = None
    spread: Spread | None = None  # where it can spill
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
        self._spreads: list[Spread] = []
        self._fixed: dict[int, Spread] = {}  # the file's own fixed arrays
        self._measures: list[Formula] = []
        self._count = 0
        self.unsettled: list[Target] = []
        self.taken: set[tuple[str, int, int]] = set()  # cells with formulas of their own
        self._target_of: dict[int, Target] = {}
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
        if target.host is not None:
            self._target_of[id(target.host)] = target
        if spills:
            area = Area(target.row, target.column, target.row, target.column)
            target.spread = Spread(target.sheet, area)
            self._watch(target.spread, f"_xlfn.ANCHORARRAY({target.anchor})")

    def add_fixed(self, host: Host) -> None:
        """Note an array formula of fixed size that the engine calculates from the file."""
        self._fixed[id(host)] = spread = Spread(host.sheet, host.cell.area)
        self._watch(spread, reference_text(SheetArea(host.sheet, host.cell.area)))

    def _watch(self, spread: Spread, reference: str) -> None:
        self._spreads.append(spread)
        row = len(self._spreads)
        self._measures += [
            Formula(self.sizes, row, column, f"{measure}({reference})", dynamic=True)
            for column, measure in enumerate(("ROWS", "COLUMNS", "COUNT"), 1)
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

    def withhold(self, hosts: Iterable[Host]) -> None:
        """Make formulas unavailable for good that have a value which cannot be trusted."""
        held = {id(host): host for host in hosts}
        self.targets = [target for target in self.targets if id(target.host) not in held]
        for host in held.values():
            cells = [(host.cell.row, host.cell.column), *host.followers]
            self.engine.clear(host.sheet, cells)
            spills = host.cell.kind == "dynamic"
            self.engine.set_formulas(
                [
                    Formula(host.sheet, *at, PENDING, dynamic=spills and not number)
                    for number, at in enumerate(cells)
                ]
            )

    def claim(self, host: Host) -> None:
        """Count the cells that a formula fills now among those that wait with it."""
        spread = self.spread(host)
        if spread is not None:
            new = (at for at in spread.area.positions() if (host.sheet, *at) not in self.taken)
            host.followers = tuple(dict.fromkeys((*host.followers, *new)))

    def _free(self, target: Target) -> None:
        if target.stubbed and target.host is not None:
            cell = target.host.cell
            self.engine.clear(target.sheet, [(cell.row, cell.column), *target.host.followers])
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
        self._settle()
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
        """Calculate the copy; note where formulas spill to, and which arrays are unsettled."""
        self.engine.set_formulas(self._measures)
        self._measures = []
        self.engine.calculate()
        self.reader.new_round()
        self._measure()
        self.unsettled = [target for target in self.targets if self._is_unsettled(target)]
        for target in self.unsettled:
            if target.host is not None and not target.stubbed:
                self.reader.wait(target.sheet, target.host.cell.area)

    def _is_unsettled(self, target: Target) -> bool:
        """Whether the old cells of an array are empty while it waits, or wait while it does not.

        What an array filled at the last refresh is empty in the copy. As long as the array cannot
        be calculated these cells must be unavailable, not empty: dependents would count them as
        0. Once it can, they must be out of its way.
        """
        if target.host is None or not target.host.followers or target.spread is None:
            return False
        if target.pushed is None or target.flips >= MOST_FLIPS:
            return False
        state = self.engine.cell(target.sheet, target.row, target.column)
        return isinstance(state, Unavailable) != target.stubbed

    def _settle(self) -> None:
        for target in self.unsettled:
            target.flips += 1
            if not target.stubbed:
                self._stub(target)
            elif target.pushed is not None:
                self._free(target)
                self.engine.set_formulas(list(_formulas(target, target.pushed)))
        self.unsettled = []

    def _stub(self, target: Target) -> None:
        if target.host is not None:
            self.engine.set_formulas(
                [Formula(target.sheet, *at, PENDING) for at in target.host.followers]
            )
            target.stubbed = True

    def _measure(self) -> None:
        if not self._spreads:
            return
        measured = self.engine.rows(self.sizes, Area(1, 1, len(self._spreads), 3))
        for spread, (rows, columns, count) in zip(self._spreads, measured, strict=True):
            top, left, *_ = spread.area
            height = int(rows) if type(rows) is float else 1
            width = int(columns) if type(columns) is float else 1
            spread.area = Area(top, left, top + height - 1, left + width - 1)
            # Of an array with holes only COUNT tells: its cells show #VALUE! there.
            spread.holes = isinstance(count, Unavailable) and not spread.area.single
            self.reader.grow(spread.sheet, spread.area)
            if spread.holes:
                self.reader.wait(spread.sheet, spread.area)

    def spread(self, host: Host) -> Spread | None:
        """Return what an array formula fills; None for a formula of one cell."""
        target = self._target_of.get(id(host))
        return target.spread if target and target.spread else self._fixed.get(id(host))

    def filled(self, host: Host) -> Area:
        """Return the cells that show a formula's result."""
        if host.cell.kind == "array":
            return host.cell.area
        spread = self.spread(host)
        row, column = host.cell.row, host.cell.column
        return spread.area if spread else Area(row, column, row, column)

    def waits(self, host: Host) -> bool:
        """Whether a formula has no value, not even in its first cell."""
        value = self.reader.value(host.sheet, host.cell.row, host.cell.column)
        return isinstance(value, Unavailable)

    def lacks_value(self, host: Host) -> bool:
        """Whether a cell of the formula's result has no value."""
        spread = self.spread(host)
        return self.waits(host) or (spread is not None and spread.holes)

    def target(self, host: Host) -> Target | None:
        """Return the formula set for a cell, unless the engine calculates the file's own."""
        return self._target_of.get(id(host))


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
