"""Who estimates the partitions: this process, processes of this machine, or a Dask cluster.

All three yield a partition's part of the table, encoded, as soon as it is there, in any order, hold
few partitions at a time, and give a partition whose worker was lost to another.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from importlib.util import find_spec
from typing import TYPE_CHECKING

from factor_core.errors import FactorError, InputError, sentence
from factor_core.universe import Job, Partition, estimate_partition
from factor_core.universe_files import close_files
from factor_core.universe_parts import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import distributed

    Estimates = Iterator[tuple[Partition, bytes]]

AHEAD = 2  # partitions a worker has at hand, so that it never waits for the next
MOST_LOSSES = 3  # pools broken without a partition between them
PATIENCE = 30.0  # seconds to be answered by a scheduler, and for its first worker


def estimate(
    job: Job,
    partitions: Sequence[Partition],
    workers: int,
    scheduler: str | None,
    on_loss: Callable[[], None],
) -> Estimates:
    """Yield every partition with its part of the table, in the order in which they are done."""
    if scheduler is not None and partitions:
        return on_cluster(job, partitions, scheduler)
    workers = min(workers, len(partitions))
    if workers <= 1:
        return in_this_process(job, partitions)
    return in_processes(job, partitions, workers, on_loss)


def estimate_part(job: Job, partition: Partition) -> bytes:
    """Return a partition's part of the table, as the file that is kept of it."""
    return encoded(partition, estimate_partition(job, partition), job.fingerprint)


def in_this_process(job: Job, partitions: Sequence[Partition]) -> Estimates:
    """Yield partitions one after the other."""
    try:
        for partition in partitions:
            yield partition, estimate_part(job, partition)
    finally:
        close_files()


# ------------------------------------------------------------------ processes of this machine


def in_processes(
    job: Job, partitions: Sequence[Partition], workers: int, on_loss: Callable[[], None]
) -> Estimates:
    """Yield partitions estimated by a pool of processes.

    A process that dies, as for want of memory, takes its pool with it; a new pool takes over.
    """
    waiting, losses = deque(partitions), 0
    while waiting:
        busy: dict[Future[bytes], Partition] = {}
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, context, _begin_worker, (job,))
        try:
            for done in _keep_busy(pool, waiting, busy, AHEAD * workers):
                losses = 0
                yield done
        except BrokenProcessPool:
            losses += 1
            if losses == MOST_LOSSES:
                raise FactorError(_dying(busy.values())) from None
            on_loss()
            waiting.extendleft(busy.values())
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_job: list[Job] = []  # of the worker that this process is


def _begin_worker(job: Job) -> None:
    _job.append(job)  # once: it holds the factors
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is answered once, by the main process
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _estimate_here(partition: Partition) -> bytes:
    return estimate_part(_job[0], partition)


def _end_with_parent() -> None:
    """End a worker whose main process was killed: nothing else would ever tell it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _keep_busy(
    pool: ProcessPoolExecutor,
    waiting: deque[Partition],
    busy: dict[Future[bytes], Partition],
    most: int,
) -> Estimates:
    """Yield what is done; at every moment a partition is waiting, busy or yielded."""
    while waiting or busy:
        while waiting and len(busy) < most:
            future = pool.submit(_estimate_here, waiting[0])
            busy[future] = waiting.popleft()
        done, _ = wait(busy, return_when=FIRST_COMPLETED)
        for future in done:
            part = future.result()
            yield busy.pop(future), part


def _dying(partitions: Iterable[Partition]) -> str:
    numbers = ", ".join(str(partition.number) for partition in list(partitions)[:8])
    return sentence(
        f"workers die at the partitions {numbers}, as they do when memory runs out; use fewer "
        "--workers or a smaller --partition-size"
    )


# ------------------------------------------------------------------ a Dask cluster


def on_cluster(job: Job, partitions: Sequence[Partition], address: str) -> Estimates:
    """Yield partitions estimated by the workers of an existing Dask cluster.

    The scheduler gives a lost worker's partition to another by itself.
    """
    if find_spec("distributed") is None:
        raise InputError('--scheduler needs Dask: pip install "factor-udfs[cluster]"')
    from distributed import as_completed  # noqa: PLC0415  one second that only clusters need

    waiting = deque(partitions)
    busy: dict[distributed.Future[bytes], Partition] = {}
    with _client(address) as client:
        queue = as_completed(loop=client.loop)
        try:
            while waiting or busy:
                most = AHEAD * max(1, sum(client.nthreads().values()))
                while waiting and len(busy) < most:
                    partition = waiting.popleft()
                    future = client.submit(estimate_part, job, partition, pure=False)
                    busy[future] = partition
                    queue.add(future)
                future = next(queue)
                partition = busy.pop(future)
                yield partition, _result(future, partition)
        except OSError as error:
            raise FactorError(
                sentence(
                    f"the scheduler at {address} was lost; what is done is kept: the same command "
                    f"goes on from there ({error})"
                )
            ) from error


def _client(address: str) -> distributed.Client:
    from distributed import Client  # noqa: PLC0415  as above

    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(
            sentence(
                f"no Dask scheduler answers at {address}; give its address, such as "
                f"tcp://host:8786 ({error})"
            )
        ) from error
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except OSError as error:
        client.close()
        raise InputError(
            sentence(f"the scheduler at {address} has no worker; start one")
        ) from error
    return client


def _result(future: distributed.Future[bytes], partition: Partition) -> bytes:
    from distributed import KilledWorker  # noqa: PLC0415  as above

    if future.status in ("cancelled", "lost"):
        raise ConnectionError(future.status)
    error = future.exception()
    if isinstance(error, KilledWorker):
        raise FactorError(_dying([partition]))
    if isinstance(error, ImportError):
        raise FactorError(
            sentence(f"a worker has no factor-udfs ({error}); install the same version there")
        )
    if isinstance(error, OSError):
        raise FactorError(sentence(f"a worker cannot read partition {partition.number}: {error}"))
    return future.result()
