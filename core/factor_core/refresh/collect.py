"""From the calculated copy back to the file: the new values, and what to say of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from factor_core.errors import ExcelError
from factor_core.refresh.addresses import address
from factor_core.refresh.engine import Unavailable
from factor_core.refresh.report import CellError, NotCalculated, Report
from factor_core.refresh.solve import WAITS
from factor_core.refresh.splice import CLEAR, Change, Put
from factor_core.refresh.values import FILE_ERRORS, Value

if TYPE_CHECKING:
    from factor_core.refresh.addresses import Area, Position
    from factor_core.refresh.plan import Host, Plan
    from factor_core.refresh.solve import Solver
    from factor_core.refresh.workbench import Target

SPILL = "the result has no room: cells right of it or below it are not empty"


@dataclass(slots=True)
class Outcome:
    """The changes of each sheet, and the hosts whose cells keep what the file holds."""

    changes: dict[str, dict[Position, Change]] = field(default_factory=dict)
    kept: dict[str, set[Position]] = field(default_factory=dict)


def collect(plan: Plan, solver: Solver, report: Report) -> Outcome:
    """Gather every formula's new value; report what has none and every error with a reason."""
    outcome = Outcome()
    formulas = {(host.sheet, host.cell.row, host.cell.column) for host in plan.hosts}
    clears: list[tuple[str, Position]] = []
    for host in plan.hosts:
        target = solver.bench.target(host)
        reason = host.reason or (target.refused if target else None)
        area = solver.bench.filled(host)
        values = {} if reason else _values(host.sheet, area, solver)
        reason = reason or _unavailable(host, target, values, solver)
        if reason:
            _keep(host, reason, outcome, report)
            continue
        _put(host, area, values, outcome)
        clears += [(host.sheet, at) for at in host.followers if at not in values]
        _report_errors(host, values, solver, report)
    for sheet, at in clears:
        if (sheet, *at) not in formulas:
            outcome.changes[sheet].setdefault(at, CLEAR)
    return outcome


def _values(sheet: str, area: Area, solver: Solver) -> dict[Position, Value | Unavailable]:
    reader = solver.bench.reader
    return {at: reader.value(sheet, *at) for at in area.positions()}


def _unavailable(
    host: Host,
    target: Target | None,
    values: dict[Position, Value | Unavailable],
    solver: Solver,
) -> str | None:
    """Return why the host has no value, if it has none."""
    for value in values.values():
        if isinstance(value, Unavailable):
            return solver.reason(host) or (WAITS if value.pending else value.reason)
    if solver.bench.lacks_value(host):
        return WAITS
    # An array that is in its own way: with its old cells empty it cannot be calculated, and with
    # them waiting it has no room.
    return "circular reference" if target and target.stubbed else None


def _keep(host: Host, reason: str, outcome: Outcome, report: Report) -> None:
    report.not_calculated.append(NotCalculated(host.name, "=" + host.cell.text, reason))
    kept = outcome.kept.setdefault(host.sheet, set())
    kept |= {(host.cell.row, host.cell.column), *host.followers}


def _put(
    host: Host, area: Area, values: dict[Position, Value | Unavailable], outcome: Outcome
) -> None:
    changes = outcome.changes.setdefault(host.sheet, {})
    for at, value in values.items():
        if not isinstance(value, Unavailable):
            # A formula never shows a true blank.
            changes[at] = Put(0.0 if value is None else value)
    if host.cell.kind == "dynamic":
        at = (host.cell.row, host.cell.column)
        first = changes[at]
        changes[at] = Put(first.value if isinstance(first, Put) else 0.0, area.text)


def _report_errors(
    host: Host, values: dict[Position, Value | Unavailable], solver: Solver, report: Report
) -> None:
    """Report the sentences of our functions, and errors that the file cannot hold."""
    anchor = (host.cell.row, host.cell.column)
    shown = any(isinstance(value, ExcelError) for value in values.values())
    for call in solver.calls_of(host):
        result = solver.bench.results.get(call)
        for error in result.errors if result else ():
            report.errors.append(_error(host.name, error, solver.calls[call].name, shown=shown))
    for at, value in values.items():
        if isinstance(value, ExcelError) and value not in FILE_ERRORS:
            reason = SPILL if value == "#SPILL!" and at == anchor else ""
            name = f"{host.sheet}!{address(*at)}"
            report.errors.append(_error(name, ExcelError(value, reason)))


def _error(
    cell: str, error: ExcelError, function: str | None = None, *, shown: bool = True
) -> CellError:
    stored = str(error) if error in FILE_ERRORS else "#VALUE!"
    return CellError(cell, str(error), stored, error.message, function, shown)
