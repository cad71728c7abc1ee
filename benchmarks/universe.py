"""A universe of 30,000 assets over ten years of days on six factors: throughput, scaling, memory.

The returns are simulated, a third of the histories are young, and stand in a Parquet file of one
column an asset. Every run is a process of its own, in turns with the others. Full speed leaves out
the first half, in which workers start and fill their memory, and the last partition, when they run
out of work; what two commands at once reach together is what the machine can give. What cannot be
read by asset, wide CSV and long files, is timed on a tenth of the universe. The table of more
workers is on paper: it multiplies what two workers of the cluster took of the storage, the
scheduler and the main process, and stops where the main process, here the scheduler too, does
nothing else.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import harness  # first: it gives BLAS one thread
import numpy as np
import psutil
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from factor_core.universe import MOST_ON_CLUSTER, Job, partition_size, partitions
from factor_core.universe_factors import meet, read_factors
from factor_core.universe_run import DEFAULT_MEGABYTES, Workers, estimate_universe
from factor_core.universe_sources import Reading, read_universe
from factor_core.universe_workers import estimate_part

ASSETS, DAYS, FACTORS = 30_000, 2_520, 6
BLOCK = 500  # assets simulated at once
FEWEST = 300  # returns of the youngest asset
ROUNDS = 5
DASK, APART = "dask", "apart"
ONE, TWO, CLUSTER = "one process", "two workers", "two workers of a Dask cluster"
AT_ONCE = "two commands at once, each on all"
MEASURED = ("total", "rate", "main", "own", "worker")


def simulate(folder: Path, assets: int) -> None:
    """Write factors.parquet, and returns.parquet with one column an asset."""
    rng = np.random.default_rng(1)
    days = np.arange("2014-01-02", "2034-01-02", dtype="datetime64[D]")
    days = pa.array(days[np.is_busday(days)][:DAYS])
    x = rng.normal(0, 0.01, (DAYS, FACTORS))
    factors = {f"F{j}": x[:, j] for j in range(FACTORS)}
    pq.write_table(pa.table({"date": days, **factors}), folder / "factors.parquet")
    columns: dict[str, object] = {"date": days}
    for start in range(0, assets, BLOCK):
        y = x @ rng.normal(0.5, 0.5, (FACTORS, BLOCK)) + rng.normal(0, 0.02, (DAYS, BLOCK))
        first = np.where(rng.random(BLOCK) < 1 / 3, rng.integers(0, DAYS - FEWEST, BLOCK), 0)
        y[np.arange(DAYS)[:, None] < first] = np.nan
        for j, series in enumerate(y.T):
            columns[f"A{start + j:05}"] = pa.array(series, from_pandas=True)
    pq.write_table(pa.table(columns), folder / "returns.parquet", use_dictionary=False)


def simulate_rows(folder: Path, assets: int) -> None:
    """Write the same returns as files that cannot be read by asset."""
    simulate(folder, assets)
    wide = pq.read_table(folder / "returns.parquet")
    pyarrow.csv.write_csv(wide, folder / "wide.csv")
    names = wide.column_names[1:]
    order = np.argsort(np.tile(np.arange(DAYS), assets), kind="stable")  # by date, as vendors do
    long = pa.table(
        {
            "date": pa.chunked_array([wide["date"].chunk(0)] * assets),
            "asset": pa.array(np.repeat(names, DAYS)),
            "return": pa.chunked_array([wide[name].chunk(0) for name in names]),
        }
    )
    pq.write_table(long.take(order), folder / "long.parquet")


def run_once(folder: Path, returns: str, workers: str) -> None:
    """Print the seconds of each phase and the peaks of memory of one run, as JSON."""
    with contextlib.ExitStack() as stack:
        if workers == DASK:
            from distributed import LocalCluster  # noqa: PLC0415  a second that one run needs

            local = {"host": "127.0.0.1", "dashboard_address": None, "memory_limit": 0}
            cluster = LocalCluster(n_workers=2, threads_per_worker=1, **local)
            who = Workers(scheduler=stack.enter_context(cluster).scheduler_address)
        else:
            who = Workers(count=int(workers))
        print(json.dumps(timed_run(folder, returns, who)))


def timed_run(folder: Path, returns: str, workers: Workers) -> dict[str, object]:
    phases: dict[str, float] = defaultdict(float)
    last = [time.perf_counter(), "start"]
    kept: list[tuple[float, float, int]] = []
    peaks: list[float] = []

    def progress(done: int, total: int | None, phase: str) -> None:
        now = time.perf_counter()
        phases[str(last[1])] += now - float(last[0])
        last[:] = [now, phase]
        if phase == "assets estimated":
            kept.append((now, time.process_time(), done))
            if done == total:  # the workers have done all, and still live
                children = psutil.Process().children(recursive=True)
                peaks.extend(peak(child.pid) for child in children)

    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place) / "table.parquet"
        factors = folder / "factors.parquet"
        report = estimate_universe(folder / returns, factors, out, None, workers, progress)
        progress(0, None, "end")
        if report.exit_code:
            sys.exit("not every asset was estimated")
    # From when every worker has run for a while, to before the first has nothing left to do.
    (begin, busy, before), *between, (end, idle, after) = kept[len(kept) // 2 : -1]
    return {
        "total": report.seconds,
        "phases": phases,
        "own": peak(os.getpid()),
        "worker": max(peaks, default=0),
        "rate": (after - before) / (end - begin),
        "main": (idle - busy) / (len(between) + 1),
    }


def peak(pid: int) -> float:
    """Return the most memory a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s*(\d+)", status)
    return int(found[1]) / 1e3 if found else 0.0


def traffic(folder: Path) -> dict[str, float]:
    """Return the bytes an asset takes from storage, and through the scheduler on its way."""
    factors = read_factors(folder / "factors.parquet", None, None, None)
    returns = folder / "returns.parquet"
    universe = read_universe(returns, Reading(), 0, folder / "spool", print)
    meeting = meet(universe.days, factors, returns.name, "factors.parquet")
    met, source = meeting.factors, universe.source(meeting.places)
    job = Job(source, met.dates, met.values, met.names, None, 252, "hac", "")
    size = partition_size(len(met.dates), DEFAULT_MEGABYTES, MOST_ON_CLUSTER)
    partition = partitions(universe.names, size)[0]
    sent, back = pickle.dumps((job, partition)), estimate_part(job, partition)
    read = returns.stat().st_size / len(universe.names)
    return {"read": read, "passed": (len(sent) + len(back)) / size, "size": size}


def call(*arguments: object) -> str:
    """Run a part of this script in a process of its own, whose memory is its own."""
    program = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(program, check=True, capture_output=True, text=True).stdout


def begin(folder: Path, returns: str, workers: str) -> subprocess.Popen[str]:
    program = [sys.executable, __file__, "run_once", str(folder), returns, workers]
    return subprocess.Popen(program, stdout=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> dict:
    said, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a run failed with exit code {process.returncode}")
    return json.loads(said)


def measure(folder: Path, returns: str, candidates: dict[str, str]) -> dict[str, list[dict]]:
    """Return the runs of each candidate, all of them in turns."""
    runs: dict[str, list[dict]] = {name: [] for name in candidates}
    for _ in range(ROUNDS):
        for name, workers in candidates.items():
            both = [begin(folder, returns, "1") for _ in range(2)] if workers == APART else []
            done = [ended(process) for process in both or [begin(folder, returns, workers)]]
            rate = sum(run["rate"] for run in done)  # together, where there are two
            runs[name].append(done[0] | {"rate": rate})
    return runs


def ratio(runs: dict[str, list[dict]], above: str, below: str) -> float:
    """Return the median over the rounds of one candidate's full speed over another's."""
    rounds = zip(runs[above], runs[below], strict=True)
    return statistics.median(one["rate"] / other["rate"] for one, other in rounds)


def medians(every: list[dict]) -> dict:
    """Return a run's numbers, each the median of the rounds."""
    numbers = {key: statistics.median(run[key] for run in every) for key in MEASURED}
    estimation = statistics.median(run["phases"]["assets estimated"] for run in every)
    return numbers | {"estimation": estimation}


def show(title: str, runs: dict[str, list[dict]]) -> None:
    heads = ("run", "in all", "estimation", "assets/s at full speed", "main process", "a worker")
    rows = [
        (
            name,
            f"{run['total']:.2f} s",
            f"{run['estimation']:.2f} s",
            f"{run['rate']:,.0f}",
            f"{run['own']:,.0f} MB",
            f"{run['worker']:,.0f} MB" if run["worker"] else "",
        )
        for name, run in ((name, medians(every)) for name, every in runs.items())
    ]
    harness.table(title, heads, rows)


def plan(run: dict, moved: dict[str, float]) -> None:
    """Show what more workers would need, from what two of a cluster took."""
    of_one = run["rate"] / 2
    most = int(moved["size"] / (of_one * run["main"]))  # then the main process does nothing else
    rows = []
    for workers in (*(count for count in (2, 4, 8, 16, 32) if count < most), most):
        rate = workers * of_one
        rows.append(
            (
                f"{workers}" if workers < most else f"{workers}, the most",
                f"{rate:,.0f}",
                f"{rate * moved['read'] / 1e6:,.0f} MB/s",
                f"{rate * moved['passed'] / 1e6:,.1f} MB/s",
                f"{rate / moved['size'] * run['main']:.0%}",
            )
        )
    heads = ("workers", "assets/s", "from storage", "through the scheduler", "main process busy")
    harness.table("On paper: more workers of a cluster, as fast as these two", heads, rows)


def main() -> None:
    """Show the tables."""
    print(harness.machine(), f"numpy {np.__version__}, pyarrow {pa.__version__}", sep=", ")
    shape = f"x {DAYS:,} days x {FACTORS} factors"
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        call("simulate", folder, ASSETS)
        candidates = {ONE: "1", AT_ONCE: APART, TWO: "2"}
        if harness.peer("Dask", "distributed"):
            candidates[CLUSTER] = DASK
        runs = measure(folder, "returns.parquet", candidates)
        show(f"{ASSETS:,} assets {shape}, wide Parquet", runs)
        if CLUSTER in runs:
            plan(medians(runs[CLUSTER]), traffic(folder))
        harness.reached("universe", ratio(runs, TWO, ONE))
        harness.reached("universe, machine", ratio(runs, TWO, AT_ONCE))
        harness.reached("universe, memory", medians(runs[TWO])["worker"])
    with tempfile.TemporaryDirectory() as place:
        folder, some = Path(place), ASSETS // 10
        call("simulate_rows", folder, some)
        runs = measure(folder, "wide.csv", {"wide CSV": "2"})
        runs |= measure(folder, "long.parquet", {"long Parquet": "2"})
        show(f"Read by rows: {some:,} assets {shape}, two workers", runs)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run_once", folder, returns, workers]:
            run_once(Path(folder), returns, workers)
        case ["simulate", folder, assets]:
            simulate(Path(folder), int(assets))
        case ["simulate_rows", folder, assets]:
            simulate_rows(Path(folder), int(assets))
        case _:
            main()
