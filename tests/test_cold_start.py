"""What starting the add-in loads: a workbook waits for every import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = {"factor_core", "factor_udfs"}
RUNTIME = {"numpy", "xxhash"}
# Of the standard library: each takes milliseconds, and no function of every sheet needs it.
SLOW_STANDARD = {
    *("asyncio", "csv", "email", "http", "importlib.metadata", "importlib.resources"),
    *("multiprocessing", "sqlite3", "ssl", "tempfile", "unittest", "urllib", "xml", "zipfile"),
}
CELLS = """
import factor_udfs as f
x = [[0.01 * ((7 * i) % 11 - 5), 0.01 * ((5 * i) % 13 - 6)] for i in range(60)]
y = [[a + 0.5 * b + 0.001 * (i % 3)] for i, (a, b) in enumerate(x)]
"""
AT_ONCE = {  # what every sheet of betas, hedges and sizes asks for
    "FACTOR_BETA": "f.FACTOR_BETA(y, x)",
    "FACTOR_ALPHA": "f.FACTOR_ALPHA(y, x)",
    "R_SQUARED": "f.R_SQUARED(y, x)",
    "ALPHA_TSTAT": "f.ALPHA_TSTAT(y, x, 'hac')",
    "FACTOR_TABLE": "f.FACTOR_TABLE(y, x)",
    "HEDGED_SERIES": "f.HEDGED_SERIES(y, x)",
    "HEDGED_SERIES, rolling": "f.HEDGED_SERIES(y, x, None, 24)",
    "ROLLING_BETA": "f.ROLLING_BETA(y, x, 24)",
    "EWMA_BETA": "f.EWMA_BETA(y, x)",
    "VARIANCE_DECOMP": "f.VARIANCE_DECOMP(y, x)",
    "POSITION_SIZE": "f.POSITION_SIZE(1000000, 0.02)",
    "SHARPE_RATIO": "f.SHARPE_RATIO(y)",
    "ADDIN_INFO": "f.ADDIN_INFO()",
}


@cache
def loaded_by(program):
    """Return the modules in a new process once a program has run."""
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport json, sys; print(json.dumps([*sys.modules]))"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "core")))},
    )
    return frozenset(json.loads(done.stdout))


def packages(modules):
    """Return the packages among modules that come neither from us nor with Python."""
    top = {name.split(".")[0] for name in modules}
    return top - OURS - set(sys.stdlib_module_names) - {"__main__", "__mp_main__"}


def added(program, before):
    """Return the modules that a program loads beyond those of another."""
    return loaded_by(program) - loaded_by(before)


def test_starting_loads_numpy_and_xxhash_and_no_other_package():
    # Editable installs and site hooks load packages of their own, before any statement runs.
    assert packages(added("import factor_udfs", "pass")) == RUNTIME


def test_starting_loads_nothing_slow_of_the_standard_library():
    beyond_numpy = added("import factor_udfs", "import numpy")
    slow = {name for name in beyond_numpy if name in SLOW_STANDARD}
    assert not slow, "import these where they are first needed"


def test_the_lists_are_of_modules_that_exist():
    assert {name.split(".")[0] for name in SLOW_STANDARD} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("function", AT_ONCE)
def test_functions_of_every_sheet_load_no_package_when_first_called(function):
    program = f"{CELLS}cells = {AT_ONCE[function]}\nassert not str(cells).startswith('#'), cells"
    assert not packages(added(program, CELLS))


def test_p_values_load_scipy_and_no_table_library():
    program = f"{CELLS}cells = f.FACTOR_REGRESSION(y, x)\nassert len(cells) == 4"
    assert packages(added(program, CELLS)) & {"pandas", "scipy", "statsmodels"} == {"scipy"}


def test_diagnostics_find_statsmodels_when_first_needed():
    program = f"{CELLS}cells = f.FACTOR_DIAGNOSTICS(y, x)\nassert len(cells) > 4"
    assert "statsmodels" in packages(added(program, CELLS))
