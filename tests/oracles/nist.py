"""Write nist.json: NIST's certified linear regressions (StRD), read from its own .dat files.

Run by hand: python tests/oracles/nist.py FOLDER. The folder is that of the files as NIST publishes
them (public domain, US government); here data/nist of Debian's package gretl-data 2022c-1.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

NAMES = (
    *("Norris", "Pontius", "NoInt1", "NoInt2", "Filip", "Longley"),
    *("Wampler1", "Wampler2", "Wampler3", "Wampler4", "Wampler5"),
)
TARGET = Path(__file__).with_suffix(".json")


def certified(lines: list[str]) -> dict[str, object]:
    """Return the certified values: B0, B1 ... with their standard deviations, and the fit's."""
    words = [line.split() for line in lines[25:58] if line.strip()]
    parameters = [row for row in words if re.fullmatch(r"B\d+", row[0])]
    spread = next(row[2] for row in words if row[:2] == ["Standard", "Deviation"] and row[2:])
    share = next(row[1] for row in words if row[0] == "R-Squared")
    regression, residual = (
        next(row for row in words if row[0] == source and len(row) > 3)
        for source in ("Regression", "Residual")
    )
    return {
        "parameters": [row[0] for row in parameters],
        "estimates": [float(row[1]) for row in parameters],
        "deviations": [float(row[2]) for row in parameters],
        "residual_deviation": float(spread),
        "r_squared": float(share),
        "residual_sum_of_squares": float(residual[2]),
        "f": None if regression[4] == "Infinity" else float(regression[4]),
    }


def dataset(path: Path) -> dict[str, object]:
    """Return data (y first, then the predictors) and certified values of one file."""
    lines = path.read_text(encoding="ascii").splitlines()
    rows = [[float(cell) for cell in line.split()] for line in lines[60:] if line.strip()]
    return {**certified(lines), "data": rows}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    found = {name: dataset(folder / f"{name}.dat") for name in NAMES}
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(values)}" for name, values in found.items())
    TARGET.write_text(f"{{\n{text}\n}}\n", encoding="ascii")
    print(f"{TARGET.name}: {len(found)} data sets")  # noqa: T201  says what it wrote
