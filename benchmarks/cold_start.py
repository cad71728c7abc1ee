"""Start-up: import of the functions beside numpy's own, and the first call of some of them.

Every run is a new process with its bytecode written; times are those of the processor. In the last
column is the call again, once everything is loaded.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import harness
from targets import duration

ROOT = Path(__file__).resolve().parents[1]
RUNS = 15
PEERS = ("numpy", "pandas", "statsmodels.api")
CALLS = {
    "FACTOR_BETA": "f.FACTOR_BETA(y, x)",
    "HEDGED_SERIES": "f.HEDGED_SERIES(y, x)",
    "ROLLING_BETA": "f.ROLLING_BETA(y, x, 24)",
    "FACTOR_SUMMARY": "f.FACTOR_SUMMARY(y, x)",
    "FACTOR_REGRESSION, with p": "f.FACTOR_REGRESSION(y, x)",
    "FACTOR_DIAGNOSTICS": "f.FACTOR_DIAGNOSTICS(y, x)",
}
IMPORT = """
import json, time
start = time.process_time()
import {module}
print(json.dumps([time.process_time() - start]))
"""
CALL = """
import json, random, time
import factor_udfs as f
x = [[random.gauss(0, 0.01) for _ in range(3)] for _ in range(250)]
y = [[sum(row) + random.gauss(0, 0.01)] for row in x]
seconds = []
for _ in range(2):
    start = time.process_time()
    result = {call}
    seconds.append(time.process_time() - start)
assert not str(result).startswith("#"), result.message
print(json.dumps(seconds))
"""


def run(program: str, bytecode: str) -> list[float]:
    """Return the seconds that a new process prints."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "core")))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # installed packages have their bytecode
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, check=True
    )
    return json.loads(done.stdout)


def interleaved(programs: dict[str, str], runs: int) -> dict[str, list[list[float]]]:
    """Return the seconds of each run of each program; the first round only writes bytecode."""
    seconds: dict[str, list[list[float]]] = {name: [] for name in programs}
    with tempfile.TemporaryDirectory() as bytecode:
        for program in programs.values():
            run(program, bytecode)
        for _ in range(runs):
            for name, program in programs.items():
                seconds[name].append(run(program, bytecode))
    return seconds


def imports() -> None:
    modules = ("factor_udfs", *PEERS)
    seconds = interleaved({name: IMPORT.format(module=name) for name in modules}, RUNS)
    ours = [first for (first,) in seconds["factor_udfs"]]
    ratios = {
        name: statistics.median(own / first for own, (first,) in zip(ours, times, strict=True))
        for name, times in seconds.items()
    }
    rows = [
        (f"import {name}", duration(statistics.median(s for (s,) in times)), f"{ratios[name]:.3g}")
        for name, times in seconds.items()
    ]
    heads = ("statement", "median", "import factor_udfs takes so many times as long")
    harness.table("Import in a new process", heads, rows)
    harness.reached("cold start", ratios["numpy"])


def first_calls() -> None:
    programs = {name: CALL.format(call=call) for name, call in CALLS.items()}
    rows = []
    for name, times in interleaved(programs, RUNS // 3).items():
        first, again = (statistics.median(kind) for kind in zip(*times, strict=True))
        rows.append((name, duration(first), duration(again)))
    harness.table(
        "First call after the import, 250 rows, three factors", ("function", "first", "again"), rows
    )


def main() -> None:
    """Show the tables."""
    print(harness.machine())
    imports()
    first_calls()


if __name__ == "__main__":
    main()
