"""`factor-udfs refresh`: the progress bar, the summary, the exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from factor_core.errors import FactorError, sentence
from factor_core.refresh.run import refresh_workbook

if TYPE_CHECKING:
    from pathlib import Path

    from factor_core.refresh.report import Report

LONGEST_LIST = 20
EXIT_NOTHING = 1


def run(book: Path, out: Path | None, json_path: Path | None) -> int:
    """Refresh a workbook, show how it goes and what came of it; return the exit code."""
    console = Console()
    try:
        report = _with_progress(book, out)
        if json_path is not None:
            _write_json(json_path, report)
    except FactorError as error:
        Console(stderr=True).print(f"[red]Error:[/] {escape(sentence(error))}", soft_wrap=True)
        return EXIT_NOTHING
    _summarise(console, report)
    return report.exit_code


def _with_progress(book: Path, out: Path | None) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def show(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=total or None, description=escape(text))

        return refresh_workbook(book, out, progress=show)


def _write_json(path: Path, report: Report) -> None:
    try:
        path.write_text(report.to_json(), encoding="utf-8")
    except OSError as error:
        raise FactorError(f"the report {path} cannot be written: {error.strerror}") from None


def _summarise(console: Console, report: Report) -> None:
    def line(text: str) -> None:
        console.print(text, soft_wrap=True, highlight=False)

    what = f"{report.calculated:,} of {report.formulas:,} formulas calculated"
    line(f"{what}, {report.our_formulas:,} of them with factor functions, {report.seconds:.1f} s")
    if report.written:
        line(f"{report.changed_cells:,} cells changed; written to {escape(str(report.output))}")
    else:
        line(f"no value changed; {escape(str(report.output))} stays as it is")
    for title, items in (
        ("not calculated, old value kept", [(n.cell, n.reason) for n in report.not_calculated]),
        ("error values", [(e.cell, f"{e.code} {e.sentence}") for e in report.errors]),
    ):
        if items:
            line(f"[bold]{len(items):,} {title}:[/]")
            for cell, text in items[:LONGEST_LIST]:
                line(f"  {escape(cell)}: {escape(text)}")
            if len(items) > LONGEST_LIST:
                line(f"  and {len(items) - LONGEST_LIST:,} more; --json lists all")
    for warning in report.warnings:
        line(f"[yellow]Note:[/] {escape(warning)}")
