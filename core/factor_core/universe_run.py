"""FACTOR_TABLE of a whole universe, from two files to a third."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from factor_core import __version__
from factor_core.covariance import STANDARD_ERRORS
from factor_core.errors import FactorError, InputError, require_choice, require_positive, sentence
from factor_core.universe import (
    MOST_ASSETS,
    MOST_ON_CLUSTER,
    Job,
    partition_size,
    partitions,
)
from factor_core.universe_factors import meet, read_factors
from factor_core.universe_files import Stamp
from factor_core.universe_parts import Parts, Written, check_out, content
from factor_core.universe_sources import Reading, read_universe
from factor_core.universe_workers import estimate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from factor_core.universe import Partition

    Progress = Callable[[int, int | None, str], None]  # done, of how many, doing what

DEFAULT_MEGABYTES = 512.0


@dataclass(frozen=True)
class Options:
    """What the numbers depend on beside the two files."""

    periods: float = 252
    se: str = "hac"
    rf: str | None = None
    reading: Reading = field(default_factory=Reading)


@dataclass(frozen=True)
class Workers:
    """Who does the work; the numbers do not depend on it."""

    count: int | None = None  # None is one a processor
    scheduler: str | None = None
    assets: int | None = None  # of a partition; None is as many as `megabytes` hold
    megabytes: float = DEFAULT_MEGABYTES
    resume: bool = True


@dataclass(frozen=True)
class Report:
    """What came of a run."""

    out: Path
    written: Written
    factors: int
    partitions: int
    kept: int  # partitions of an interrupted run
    seconds: float
    notes: list[str]

    @property
    def exit_code(self) -> int:
        """0: every asset is estimated; 3: some are not; 1: none is."""
        if self.written.estimated == self.written.assets:
            return 0
        return 3 if self.written.estimated else 1


def estimate_universe(
    returns: Path,
    factors: Path,
    out: Path,
    options: Options | None = None,
    workers: Workers | None = None,
    progress: Progress = lambda *_: None,
) -> Report:
    """Write FACTOR_TABLE of every asset of a file of returns, and say what came of it.

    Raises
    ------
    InputError
        A file, column or option that cannot be right, with the remedy. A single asset that cannot
        be estimated is no error of the run: its row of the table says why.
    FactorError
        Workers that die or cannot see the files, or files that change during the run.
    """
    options, workers, start = options or Options(), workers or Workers(), time.perf_counter()
    _check(options, workers, out)
    plan = _plan(returns, factors, out, options, workers, progress)
    missing = plan.parts.missing(plan.partitions)
    losses = _estimate(plan, missing, workers, progress)
    if losses:
        plan.notes.append(f"Workers were lost {losses} time(s); their partitions were redone.")
    progress(0, plan.assets, "writing the table")
    written = plan.parts.assemble(
        len(plan.partitions), lambda done: progress(done, plan.assets, "writing the table")
    )
    return Report(
        out,
        written,
        len(plan.job.factor_names),
        len(plan.partitions),
        len(plan.partitions) - len(missing),
        time.perf_counter() - start,
        plan.notes,
    )


class _Plan(NamedTuple):
    """What is to be done, and where it is kept."""

    parts: Parts
    job: Job
    partitions: list[Partition]
    assets: int
    notes: list[str]


def _plan(
    returns: Path,
    factors: Path,
    out: Path,
    options: Options,
    workers: Workers,
    progress: Progress,
) -> _Plan:
    """Read the factors and the shape of the universe; lay returns down by asset where needed."""
    stamps = Stamp.of(returns), Stamp.of(factors)
    reading = options.reading
    read = read_factors(factors, options.rf, reading.dates, reading.decimal, options.periods)
    most = MOST_ASSETS if workers.scheduler is None else MOST_ON_CLUSTER
    size = workers.assets or partition_size(len(read.dates), workers.megabytes, most)
    progress(0, None, "fingerprint of the files")
    parts = Parts(out, _inputs(returns, factors, options, size))
    notes = parts.begin(workers.resume)
    try:
        universe = read_universe(
            returns,
            reading,
            size,
            parts.spool,
            lambda rows: progress(rows, None, "rows laid down by asset"),
        )
        meeting = meet(universe.days, read, returns.name, factors.name)
        _refuse_changed((returns, factors), stamps)
    except FactorError:
        parts.remove()  # nothing was estimated of a file that cannot be read
        raise
    notes += [*read.notes, *universe.notes, *([meeting.note] if meeting.note else [])]
    met, source = meeting.factors, universe.source(meeting.places)
    estimator = options.periods, options.se, parts.fingerprint
    job = Job(source, met.dates, met.values, met.names, met.rf, *estimator)
    return _Plan(parts, job, partitions(universe.names, size), len(universe.names), notes)


def _check(options: Options, workers: Workers, out: Path) -> None:
    require_positive(options.periods, "periods")
    require_choice(options.se, STANDARD_ERRORS, "se")
    if workers.count is not None and workers.scheduler is not None:
        raise InputError("--workers is for this machine; a cluster has its own: drop one of them")
    for option, number in (("--workers", workers.count), ("--partition-size", workers.assets)):
        if number is not None and number < 1:
            raise InputError(f"{option} is {number}; use 1 or more")
    check_out(out)


def _inputs(returns: Path, factors: Path, options: Options, size: int) -> dict[str, object]:
    return {
        "factor_udfs": __version__,
        "returns": content(returns),
        "factors": content(factors),
        "periods": float(options.periods),
        "se": options.se,
        "rf": options.rf,
        "reading": list(options.reading),
        "partition_size": size,
    }


def _refuse_changed(paths: tuple[Path, ...], stamps: tuple[Stamp, ...]) -> None:
    for path, stamp in zip(paths, stamps, strict=True):
        if Stamp.of(path) != stamp:
            raise FactorError(sentence(f"{path.name} has changed meanwhile; run it again"))


def _estimate(
    plan: _Plan, missing: Sequence[Partition], workers: Workers, progress: Progress
) -> int:
    """Estimate and keep the missing partitions; return how often workers were lost."""
    losses = 0

    def count_loss() -> None:
        nonlocal losses
        losses += 1

    done = plan.assets - sum(len(partition.names) for partition in missing)
    count = workers.count or os.cpu_count() or 1
    progress(done, plan.assets, "assets estimated")
    for partition, part in estimate(plan.job, missing, count, workers.scheduler, count_loss):
        plan.parts.write(partition, part)
        done += len(partition.names)
        progress(done, plan.assets, "assets estimated")
    return losses
