"""`factor-udfs refresh`: the progress bar, the summary, the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from factor_core.errors import FactorError
from factor_core.refresh.run import refresh_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from factor_core.refresh.report import Report

LONGEST_LIST = 20


def run(book: Path, out: Path | None, json_path: Path | None) -> int:
    """Refresh a workbook, show how it goes and what came of it; return the exit code.

    0: every formula is calculated; 3: some keep their old value; 1: none is calculated.
    """
    if json_path is not None and not json_path.parent.is_dir():
        raise FactorError(f"the folder {json_path.parent} for the report is not there")
    report = _with_progress(book, out)
    if json_path is not None:
        json_path.write_text(report.to_json(), encoding="utf-8")
    _summarise(report)
    return report.exit_code


def _with_progress(book: Path, out: Path | None) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the workbook", total=None)

        def show(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=total or None, description=escape(text))

        return refresh_workbook(book, out, progress=show)


def _summarise(report: Report) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{report.calculated:,} of {report.formulas:,} formulas calculated, "
        f"{report.our_formulas:,} of them with factor functions, in {report.seconds:.1f} s"
    )
    where = escape(str(report.output))
    if report.written:
        console.print(f"{report.changed_cells:,} cells changed; written to {where}")
    else:
        console.print(f"no value changed; {where} stays as it is")
    kept = [(n.cell, n.reason) for n in report.not_calculated]
    shown = [(e.cell, f"{e.code} {e.sentence}") for e in report.errors if e.shown]
    _list(console, "not calculated, old value kept", kept)
    _list(console, "with an error value", shown)
    for warning in report.warnings:
        console.print(f"[yellow]Note:[/] {escape(warning)}")


def _list(console: Console, title: str, items: list[tuple[str, str]]) -> None:
    if not items:
        return
    console.print(f"[bold]{len(items):,} {title}:[/]")
    for cell, text in items[:LONGEST_LIST]:
        console.print(f"  {escape(cell)}: {escape(text)}")
    if len(items) > LONGEST_LIST:
        console.print(f"  and {len(items) - LONGEST_LIST:,} more; --json FILE lists all")
