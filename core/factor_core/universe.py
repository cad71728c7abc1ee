"""A universe larger than a sheet: cut by asset, each partition estimated as FACTOR_TABLE does.

A partition is read where it is estimated, and only its rows of the table come back: a worker holds
one partition, and nobody holds the universe.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from threadpoolctl import ThreadpoolController

from factor_core import __version__
from factor_core.errors import ExcelError, FactorError, InputError, sentence
from factor_core.fit_cache import clear_cache
from factor_core.inference import factor_table_each
from factor_core.labelled import Columns
from factor_core.regression import column_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from factor_core.labelled import Matrix, Table, Vector

    Days = NDArray[np.datetime64]

MOST_ASSETS = 512  # of a partition: more gain no speed, and an interruption costs more
MOST_ON_CLUSTER = 2048  # a cluster passes a partition on in the time in which 150 are estimated
COPIES = 10  # of a partition's returns, at the height of its estimation, in bytes of a worker


class Partition(NamedTuple):
    """Neighbouring assets of the universe, estimated together."""

    number: int
    first: int  # the position of its first asset in the universe
    names: tuple[str, ...]


class Histories(NamedTuple):
    """The returns of a partition over the dates of the factors."""

    returns: Matrix  # n x m; NaN is missing
    twice: dict[int, int]  # assets with two returns on one date: the row of that date


class Source(Protocol):
    """Where a worker reads a partition."""

    def read(self, partition: Partition) -> Histories:
        """Return the histories of the partition's assets."""


@dataclass(frozen=True)
class Job:
    """Everything a worker needs to estimate any partition."""

    source: Source
    dates: Days
    factors: Matrix
    factor_names: tuple[str, ...]
    rf: Vector | None
    """Risk-free rate per period, taken off every return; None where returns are excess returns."""
    periods: float
    se: str
    fingerprint: str
    """What the parts of this very table carry."""
    version: str = __version__


class Rows(NamedTuple):
    """Rows of FACTOR_TABLE without their names; `reasons` explain numbers that are NaN."""

    header: tuple[str, ...]
    numbers: Matrix
    reasons: list[str | None]


def partitions(names: Sequence[str], size: int) -> list[Partition]:
    """Cut the universe into partitions of `size` assets.

    Examples
    --------
    >>> [part.names for part in partitions(["A", "B", "C"], 2)]
    [('A', 'B'), ('C',)]
    """
    starts = range(0, len(names), size)
    return [
        Partition(number, start, tuple(names[start : start + size]))
        for number, start in enumerate(starts)
    ]


def partition_size(rows: int, megabytes: float, most: int = MOST_ASSETS) -> int:
    """Return how many histories of `rows` returns a worker can estimate in `megabytes`.

    Examples
    --------
    >>> partition_size(2520, 256), partition_size(2520, 16)
    (512, 79)
    """
    of_one = rows * 8 * COPIES / 1e6
    if of_one > megabytes:
        raise InputError(
            f"--memory is {megabytes:g} MB; one asset of {rows:,} rows needs {of_one:.1f} MB"
        )
    return min(most, int(megabytes / of_one))


def estimate_partition(job: Job, partition: Partition) -> Rows:
    """Return the rows of FACTOR_TABLE for the assets of a partition.

    An asset that cannot be estimated has NaN and the reason; no asset is ever left out.
    """
    if job.version != __version__:
        raise FactorError(
            f"a worker has factor-udfs {__version__} and this machine {job.version}; "
            "install the same version on both"
        )
    with _blas().limit(limits=1, user_api="blas"):  # a worker is given one processor
        returns, twice = job.source.read(partition)
        if job.rf is not None:
            returns -= job.rf[:, None]
        refused = _unusable(job, partition, returns, twice)
        returns[:, list(refused)] = np.nan
        factors = Columns(job.factors, job.factor_names)
        table, _ = factor_table_each(Columns(returns), factors, job.periods, job.se)
        clear_cache()  # no partition comes twice, and its fits would outgrow it
    return _as_rows(table, partition.names, refused)


@cache
def _blas() -> ThreadpoolController:
    """Return the control of BLAS, which takes a tenth of a partition's time to find."""
    return ThreadpoolController()


def _unusable(
    job: Job, partition: Partition, returns: Matrix, twice: dict[int, int]
) -> dict[int, str]:
    """Return why assets by position have no history to estimate."""
    infinite = np.isinf(returns)
    refused = {
        int(j): f"{partition.names[j]} is infinite on {job.dates[infinite[:, j].argmax()]}; "
        "use a number or leave it blank"
        for j in np.flatnonzero(infinite.any(axis=0))
    }
    for j, row in twice.items():
        refused[j] = f"{partition.names[j]} has two returns on {job.dates[row]}; keep one"
    return {j: f"{InputError.code} {sentence(reason)}" for j, reason in refused.items()}


def _as_rows(table: Table, names: tuple[str, ...], refused: dict[int, str]) -> Rows:
    """Return the table's numbers, with the reason of the first that is none beside them."""
    anonymous = Columns(np.empty((0, len(names))))
    numbers = np.full((len(names), len(table.header) - 1), np.nan)
    reasons: list[str | None] = []
    for j, (_, *cells) in enumerate(table.rows):
        errors = [cell for cell in cells if isinstance(cell, ExcelError)]
        if j in refused:
            reasons.append(refused[j])
            continue
        numbers[j] = [np.nan if cell in errors else cell for cell in cells] if errors else cells
        # The sentence counts columns within the partition; the table tells assets by name.
        of_partition = column_name("asset_returns", anonymous, j)
        reason = errors[0].message.replace(of_partition, names[j], 1) if errors else ""
        reasons.append(f"{errors[0]} {sentence(reason)}" if errors else None)
    return Rows(tuple(table.header), numbers, reasons)
