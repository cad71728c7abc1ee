"""One refresh from beginning to end."""

from __future__ import annotations

import datetime as dt
import importlib
import time
from pathlib import Path
from typing import TYPE_CHECKING

from factor_core.errors import FactorError
from factor_core.refresh import files
from factor_core.refresh.charts import refresh_charts
from factor_core.refresh.collect import Outcome, collect
from factor_core.refresh.engine import Engine
from factor_core.refresh.package import Package
from factor_core.refresh.plan import engine_copy, make_plan
from factor_core.refresh.report import Report
from factor_core.refresh.solve import SheetFunction, Solver
from factor_core.refresh.splice import splice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from factor_core.refresh.plan import Host, Plan

    Progress = Callable[[int, int, str], None]


def refresh_workbook(
    path: str | Path,
    out: str | Path | None = None,
    *,
    functions: Mapping[str, SheetFunction] | None = None,
    progress: Progress | None = None,
    now: dt.datetime | None = None,
) -> Report:
    """Recalculate a workbook without Excel and replace it, or write it to `out`.

    Formulas, styles, charts and macros stay as they are; only values change. What cannot be
    calculated keeps its old value and is listed in the report. `functions` maps upper-case names to
    catalogue functions (the catalogue itself, if left out); `progress` is called with (done, total,
    text); `now` is what TODAY and NOW show.

    Raises
    ------
    FactorError
        The file cannot be read or written, or is no workbook; the file on disk is then untouched.
    """
    started = time.perf_counter()
    original = files.read(Path(path))
    target = files.check_target(Path(out) if out is not None else Path(path), Path(path))
    name = Path(path).name
    data, report = refresh_bytes(
        original.data, name=name, functions=functions, progress=progress, now=now
    )
    report.output = str(out if out is not None else path)
    if data != original.data or target != original.path:
        report.written = not (target.exists() and target.read_bytes() == data)
    if report.written:
        files.replace(target, data, original)
    report.seconds = round(time.perf_counter() - started, 3)
    return report


def refresh_bytes(
    data: bytes,
    *,
    name: str = "workbook",
    functions: Mapping[str, SheetFunction] | None = None,
    progress: Progress | None = None,
    now: dt.datetime | None = None,
) -> tuple[bytes, Report]:
    """Recalculate a workbook in memory; the very same bytes come back when no value changes."""
    started = time.perf_counter()
    report = Report(name)
    try:
        package = Package(data)
        _refresh(package, report, functions, progress or _silent, now or _now())
    except FactorError as error:
        raise type(error)(f"{name}: {error}") from None
    report.changed_parts = package.changed_parts
    report.seconds = round(time.perf_counter() - started, 3)
    return (package.to_bytes() if report.changed_parts else data), report


def _refresh(
    package: Package,
    report: Report,
    functions: Mapping[str, SheetFunction] | None,
    progress: Progress,
    now: dt.datetime,
) -> None:
    progress(0, 0, "reading the workbook")
    functions = _catalogue() if functions is None else functions
    plan = make_plan(package, functions.keys())
    report.formulas = len(plan.hosts)
    report.our_formulas = sum(host.ours for host in plan.hosts)
    report.calls = len(plan.hoister.calls)
    engine = Engine(engine_copy(package, plan), now, date1904=package.date1904)
    solver = Solver(engine, plan, functions, progress)
    solver.solve()
    report.rounds = solver.rounds
    progress(report.calls, report.calls, "writing the values")
    outcome = collect(plan, solver, report)
    report.settle()
    _write_back(package, outcome, report)
    refresh_charts(package, plan, solver, outcome, report)
    _warn(package, plan, solver, report)
    if report.status == "ok" and report.formulas:
        package.keep_values_at_opening()


def _write_back(package: Package, outcome: Outcome, report: Report) -> None:
    for sheet, changes in outcome.changes.items():
        part = package.sheets[sheet]
        package.parts[part], cells = splice(part, package.parts[part], changes)
        report.changed_cells += cells


def _warn(package: Package, plan: Plan, solver: Solver, report: Report) -> None:
    if legacy := [host.name for host in plan.hosts if _shows_corner(host, solver)]:
        report.warnings.append(
            f"{_listed(legacy)}: stored without the dynamic-array mark, so only the first cell of "
            "the result is shown, as in Excel; enter the formula again in Excel to see all"
        )
    if any(part.startswith("xl/pivotCache/") for part in package.parts):
        report.warnings.append("pivot tables keep their values; refresh them in Excel")
    if any(part.startswith("xl/charts/chartEx") for part in package.parts):
        report.warnings.append("charts of Excel's newer kinds keep their stored picture")


def _shows_corner(host: Host, solver: Solver) -> bool:
    """Whether a legacy formula shows one cell of a larger result."""
    whole = host.template.whole if host.template and host.cell.kind == "plain" else None
    result = solver.bench.results.get(whole) if whole is not None else None
    return result is not None and not result.single


def _listed(names: list[str], most: int = 5) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _catalogue() -> Mapping[str, SheetFunction]:
    """Return the catalogue, filled: the functions are written outside of the package."""
    importlib.import_module("factor_udfs")
    catalogue: Mapping[str, SheetFunction] = importlib.import_module(
        "factor_core.catalogue"
    ).CATALOGUE
    return catalogue


def _silent(done: int, total: int, text: str) -> None:
    """Show no progress."""


def _now() -> dt.datetime:
    return dt.datetime.now().astimezone()
