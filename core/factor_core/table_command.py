"""`factor-udfs table`: what it needs, the progress bar, the summary, the exit code."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple, get_args

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from factor_core.date_text import DateOrder
from factor_core.errors import InputError, one_of
from factor_core.number_text import DecimalMark

if TYPE_CHECKING:
    from pathlib import Path

    from factor_core.universe_run import Options, Report, Workers

INTERRUPTED = 130  # what a shell expects of Ctrl-C
NEEDED = ("pyarrow", "threadpoolctl")


class Asked(NamedTuple):
    """The options as they were typed."""

    out: Path | None
    periods: float
    se: str
    rf: str | None
    columns: str | None
    dates: str | None
    decimal: str | None
    workers: int | None
    scheduler: str | None
    partition_size: int | None
    memory: float | None
    resume: bool


def table(returns: Path, factors: Path, asked: Asked) -> int:
    """Estimate a universe, show how it goes and what came of it; return the exit code.

    0: every asset is estimated; 3: some are not, and their rows say why; 1: none is.
    """
    missing = [package for package in NEEDED if find_spec(package) is None]
    if missing:
        raise InputError(f'table needs {" and ".join(missing)}: pip install "factor-udfs[table]"')
    out = asked.out or returns.with_name(f"{returns.stem}_table.parquet")
    options, workers = _options(asked), _workers(asked)
    try:
        report = _with_progress(returns, factors, out, options, workers)
    except KeyboardInterrupt:
        kept = "what is done is kept: the same command goes on from there"
        Console(stderr=True).print(f"stopped; {kept}", soft_wrap=True)
        return INTERRUPTED
    _summarise(report)
    return report.exit_code


def _options(asked: Asked) -> Options:
    from factor_core.universe_run import Options  # noqa: PLC0415  pyarrow is there, as checked
    from factor_core.universe_sources import Reading  # noqa: PLC0415  as above

    reading = Reading(
        asked.columns,
        one_of("--dates", asked.dates, get_args(DateOrder)),
        one_of("--decimal", asked.decimal, get_args(DecimalMark)),
    )
    return Options(asked.periods, asked.se.lower(), asked.rf, reading)


def _workers(asked: Asked) -> Workers:
    from factor_core.universe_run import DEFAULT_MEGABYTES, Workers  # noqa: PLC0415  as above

    if asked.partition_size is not None and asked.memory is not None:
        raise InputError("--partition-size and --memory are both given; use one of them")
    return Workers(
        asked.workers,
        asked.scheduler,
        asked.partition_size,
        DEFAULT_MEGABYTES if asked.memory is None else asked.memory,
        asked.resume,
    )


def _with_progress(
    returns: Path, factors: Path, out: Path, options: Options, workers: Workers
) -> Report:
    from factor_core.universe_run import estimate_universe  # noqa: PLC0415  as above

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the factors", total=None)

        def show(done: int, total: int | None, text: str) -> None:
            bar.update(task, completed=done, total=total, description=text)

        return estimate_universe(returns, factors, out, options, workers, show)


def _summarise(report: Report) -> None:
    console = Console(highlight=False, soft_wrap=True)
    written = report.written
    for note in report.notes:
        console.print(f"[yellow]Note:[/] {escape(note)}")
    console.print(
        f"{written.estimated:,} of {written.assets:,} assets estimated on {report.factors} "
        f"factor(s) in {report.seconds:.1f} s"
    )
    if report.kept:
        console.print(
            f"resumed: {report.kept:,} of {report.partitions:,} partitions were there already"
        )
    if written.errors:
        console.print(f"[bold]{written.errors:,} with an error:[/]")
        for name, reason in written.shown:
            console.print(f"  {escape(name)}: {escape(reason)}")
        if written.errors > len(written.shown):
            more = written.errors - len(written.shown)
            console.print(f"  and {more:,} more; the column error names all")
    console.print(f"wrote {escape(str(report.out))}")
