"""Run every benchmark and write benchmarks/results.json and docs/performance.md.

    python benchmarks/run.py              everything: a quarter of an hour, at rest
    python benchmarks/run.py rolling      one script or several: shown, and nothing is written

Each script runs in a process of its own: its settings, and what it loads, touch no other.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import harness
import performance_page

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SCRIPTS = (  # in the order of the page
    *("workbook", "single_fit", "many_assets", "rolling", "accuracy", "cells", "libreoffice"),
    *("cold_start", "refresh", "universe"),
)
IN_ONE_PROCESS = ("workbook", "single_fit", "many_assets", "rolling", "cells")
# Freed memory stays with the process (glibc): what the operating system takes to give it back
# changes from minute to minute on a virtual machine, and hits whoever runs next.
KEEP_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "4000000000"}
PACKAGES = (
    *("numpy", "scipy", "pandas", "statsmodels", "scikit-learn", "polars", "polars-ols"),
    *("xlwings", "xxhash", "cellrune", "pyarrow", "distributed"),
)


def measured(name: str) -> dict[str, Any]:
    """Return what a script shows, run in a process of its own."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "core"), os.environ.get("PYTHONPATH", "")))
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "taken.json"
        command = [sys.executable, str(HERE / "run.py"), "one", name, str(out)]
        kept = KEEP_MEMORY if name in IN_ONE_PROCESS else {}
        subprocess.run(command, check=True, env={**os.environ, **kept, "PYTHONPATH": path})
        return json.loads(out.read_text(encoding="utf-8"))


def one(name: str, out: Path) -> None:
    """Run a script in this process and write what it shows."""
    script = importlib.import_module(name)
    script.main()
    says = " ".join((script.__doc__ or "").split())
    taken = {"name": name, "says": says, **harness.TAKEN}
    out.write_text(json.dumps(taken), encoding="utf-8")


def machine() -> dict[str, str]:
    """Return what the numbers are measured on; nothing that tells whose machine it is."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} on {platform.machine()}",
        "Python": platform.python_version(),
        "linear algebra": _blas(),
        "processes waiting before the run": _load(),
    }


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _blas() -> str:
    import numpy as np  # noqa: PLC0415  the scripts set the number of threads before it

    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{blas['name']} {blas['version']}, one thread"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def packages() -> dict[str, str]:
    """Return the versions of what is installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def main(names: list[str]) -> None:
    """Run all or some scripts; only a whole run is written down."""
    wanted = names or [name for name in SCRIPTS if (HERE / f"{name}.py").exists()]
    results: dict[str, Any] = {
        "measured": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "machine": machine(),
        "packages": packages(),
    }
    results["scripts"] = [measured(name) for name in wanted]
    print(performance_page.targets(results))
    if names:
        return
    text = json.dumps(results, indent=1, ensure_ascii=True) + "\n"
    (HERE / "results.json").write_text(text, encoding="utf-8", newline="\n")
    performance_page.write(ROOT)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["one", name, out]:
            one(name, Path(out))
        case names:
            main(names)
