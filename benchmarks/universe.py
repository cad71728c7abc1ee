"""A universe of 30,000 assets over ten years of days on six factors: throughput, scaling, memory.

The returns are simulated, a third of the histories are young, and stand in a Parquet file of one
column an asset. Every run is a process of its own; a run's phases and peaks of memory are its own.
What cannot be read by asset, wide CSV and long files, is timed on a tenth of the universe.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import harness  # first: it gives BLAS one thread
import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from factor_core.universe_run import Workers, estimate_universe

ASSETS, DAYS, FACTORS = 30_000, 2_520, 6
BLOCK = 500  # assets simulated at once
FEWEST = 300  # returns of the youngest asset
ROUNDS = 3


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


def run_once(folder: Path, returns: str, workers: int) -> None:
    """Print the seconds of each phase and the peaks of memory of one run."""
    phases: dict[str, float] = defaultdict(float)
    last = [time.perf_counter(), "start"]
    kept: list[tuple[float, int]] = []

    def progress(done: int, _total: int | None, phase: str) -> None:
        now = time.perf_counter()
        phases[str(last[1])] += now - float(last[0])
        last[:] = [now, phase]
        if phase == "assets estimated":
            kept.append((now, done))

    with tempfile.TemporaryDirectory(dir=folder) as place:
        out = Path(place) / "table.parquet"
        report = estimate_universe(
            folder / returns,
            folder / "factors.parquet",
            out,
            workers=Workers(count=workers),
            progress=progress,
        )
        progress(0, None, "end")
        if report.exit_code:
            sys.exit("not every asset was estimated")
    own = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    peaks = {"own": int(own[1]) / 1e3 if own else 0, "worker": worker / 1e3}
    (begin, before), *_, (end, after) = kept[1:]  # workers have started when one has delivered
    rate = {"rate": (after - before) / (end - begin)}
    print(json.dumps({"total": report.seconds, "phases": phases} | peaks | rate))


def call(*arguments: object) -> str:
    """Run a part of this script in a process of its own, whose memory is its own."""
    program = [sys.executable, __file__, *map(str, arguments)]
    return subprocess.run(program, check=True, capture_output=True, text=True).stdout


def measure(folder: Path, returns: str, workers: int) -> dict:
    """Return the fastest of some runs."""
    runs = [json.loads(call("run_once", folder, returns, workers)) for _ in range(ROUNDS)]
    return min(runs, key=lambda run: run["total"])


def show(title: str, runs: dict[str, dict]) -> None:
    heads = ("run", "in all", "estimation", "assets/s at full speed", "main process", "a worker")
    rows = [
        (
            name,
            f"{run['total']:.2f} s",
            f"{run['phases']['assets estimated']:.2f} s",
            f"{run['rate']:,.0f}",
            f"{run['own']:,.0f} MB",
            f"{run['worker']:,.0f} MB",
        )
        for name, run in runs.items()
    ]
    harness.table(title, heads, rows)
    for name, run in runs.items():
        phases = ", ".join(f"{phase} {s:.2f} s" for phase, s in run["phases"].items())
        print(f"  {name}: {phases}")


def main() -> None:
    """Print the tables."""
    print(harness.machine(), f"numpy {np.__version__}, pyarrow {pa.__version__}", sep=", ")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        call("simulate", folder, ASSETS)
        size = (folder / "returns.parquet").stat().st_size
        print(f"{ASSETS:,} assets x {DAYS:,} days x {FACTORS} factors, {size / 1e6:,.0f} MB")
        runs = {f"{n} worker(s)": measure(folder, "returns.parquet", n) for n in (1, 2)}
        show(f"{ASSETS:,} assets x {DAYS:,} days x {FACTORS} factors, wide Parquet", runs)
        one, two = (run["rate"] for run in runs.values())
        harness.reached("universe", two / one)  # both once started
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        call("simulate_rows", folder, ASSETS // 10)
        runs = {name: measure(folder, name, 2) for name in ("wide.csv", "long.parquet")}
        show(f"Read by rows, {ASSETS // 10:,} assets, two workers", runs)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run_once", folder, returns, workers]:
            run_once(Path(folder), returns, int(workers))
        case ["simulate", folder, assets]:
            simulate(Path(folder), int(assets))
        case ["simulate_rows", folder, assets]:
            simulate_rows(Path(folder), int(assets))
        case _:
            main()
