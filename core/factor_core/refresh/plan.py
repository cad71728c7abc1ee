"""What is to be done with each formula of a workbook, and the copy that the engine gets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from factor_core.refresh.engine import PENDING
from factor_core.refresh.formula_tree import NotComputableError, parse, render
from factor_core.refresh.hoist import Hoister, Template
from factor_core.refresh.references import References
from factor_core.refresh.repairs import Place, is_suspect, repaired
from factor_core.refresh.scan import FormulaCell, formula_cells
from factor_core.refresh.splice import CLEAR, Change, Stub, splice

if TYPE_CHECKING:
    from collections.abc import Collection

    from factor_core.refresh.addresses import Position
    from factor_core.refresh.package import Package

STUB = Stub(PENDING)


@dataclass(slots=True)
class Host:
    """A formula cell and how it is calculated."""

    sheet: str
    cell: FormulaCell
    followers: tuple[Position, ...]  # the other cells of its array, as the file has it
    template: Template | None = None  # None: the engine calculates the file's own text
    ours: bool = False
    reason: str | None = None  # why it cannot be calculated

    @property
    def name(self) -> str:
        """The cell as the report names it."""
        return f"{self.sheet}!{self.cell.address}"

    @property
    def place(self) -> Place:
        """Where it stands, and whether Excel evaluates it as a legacy formula."""
        return Place(self.sheet, self.cell.row, self.cell.column, self.cell.kind == "plain")


@dataclass(slots=True)
class Plan:
    """All formulas of a workbook and the distinct calls of our functions in them."""

    hosts: list[Host]
    hoister: Hoister
    changes: dict[str, dict[Position, Change]] = field(default_factory=dict)

    @property
    def formula_sheets(self) -> set[str]:
        """The sheets that hold formulas."""
        return {host.sheet for host in self.hosts}


def make_plan(package: Package, functions: Collection[str]) -> Plan:
    """Read every formula and decide how it is calculated."""
    references = References(package)
    plan = Plan([], Hoister(functions, references))
    for sheet, part in package.sheets.items():
        cells = formula_cells(part, package.parts.get(part, b""))
        taken = {(cell.row, cell.column) for cell in cells}
        for cell in cells:
            followers = tuple(at for at in cell.area.positions() if at not in taken)
            host = Host(sheet, cell, followers)
            _decide(host, plan.hoister, references)
            _note_changes(host, plan.changes.setdefault(sheet, {}))
            plan.hosts.append(host)
    return plan


def _decide(host: Host, hoister: Hoister, references: References) -> None:
    cell = host.cell
    if cell.kind == "data table":
        host.reason = "data tables are not supported"
        return
    if not cell.text:
        host.reason = "the file holds no text for this formula"
        return
    try:
        host.ours = hoister.may_have_ours(cell.text) and hoister.has_ours(parse(cell.text))
        if host.ours:
            host.template = hoister.template(cell.text, host.place, host.name)
        elif cell.kind == "dynamic":
            host.template = Template(_repaired(host, references), ())
        elif (text := _repaired(host, references)) != cell.text:
            host.template = Template(text, ())
    except NotComputableError as error:
        host.reason = str(error)


def _repaired(host: Host, references: References) -> str:
    """Return the text for the engine; the cell's own text where nothing needs a repair."""
    text, place = host.cell.text, host.place
    if not is_suspect(text, place, references):
        return text
    nodes = parse(text)
    fixed = repaired(nodes, place, references)
    return text if fixed == nodes else render(fixed)


def _note_changes(host: Host, changes: dict[Position, Change]) -> None:
    """Say what the engine's copy holds in place of the host's cells."""
    if host.template is None and host.reason is None:
        return
    for at in ((host.cell.row, host.cell.column), *host.followers):
        changes.setdefault(at, CLEAR)
    if host.ours or host.reason:
        changes.update(_stubs(host))


def _stubs(host: Host) -> dict[Position, Change]:
    """Return what makes the cells unavailable, and with them what depends on them.

    So do cells that wait for one of our functions, or that will never be calculated: left empty,
    they would count as 0. The first cell of a spilling formula is set in the engine itself.
    """
    anchor, area = (host.cell.row, host.cell.column), host.cell.area
    if host.cell.kind != "dynamic":
        whole = area.rows * area.columns == len(host.followers) + 1
        if whole and not area.single:
            return {anchor: Stub(PENDING, area.text)}
        return dict.fromkeys((anchor, *host.followers), STUB)
    right = area._replace(left=area.left + 1, bottom=area.top)
    below = area._replace(top=area.top + 1)
    parts = [part for part in (right, below) if part.rows > 0 and part.columns > 0]
    if sum(part.rows * part.columns for part in parts) != len(host.followers):
        return dict.fromkeys(host.followers, STUB)
    # One array formula in place of thousands of single ones, which would slow the engine down.
    return {(part.top, part.left): Stub(PENDING, part.text) for part in parts}


def engine_copy(package: Package, plan: Plan) -> bytes:
    """Return the workbook for the engine, without the formulas that it is given one by one."""
    replaced = {}
    for sheet, changes in plan.changes.items():
        part = package.sheets[sheet]
        replaced[part], _ = splice(part, package.parts[part], changes)
    return package.to_bytes(replaced, compressed=False)
