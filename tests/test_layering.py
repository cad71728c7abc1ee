"""The maths knows nothing of spreadsheets, and start-up loads nothing it does not need."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import factor_core

PACKAGE = Path(factor_core.__file__).parent
MATHS = {
    *(
        "adjusted_betas",
        "alignment",
        "betas",
        "coefficient_tests",
        "conditional_betas",
        "calendar_periods",
        "compounding",
        "covariance",
        "date_doubts",
        "diagnostics",
        "distributions",
        "estimation",
        "extended",
        "fit_statistics",
    ),
    *("convex_programme", "hedging_positions", "hedging_regression", "risk_model"),
    *("risk_portfolio", "sizing_limits", "sizing_portfolio"),
    *("period_betas", "robust", "rolling_least_squares", "rolling_moments", "rolling_scattered"),
    *("single_factor", "thin_trading", "weighted"),
    *("checks", "checks_benchmark", "checks_model", "checks_rows", "checks_values", "findings"),
    *(
        "hedging",
        "inference",
        "lag_scan",
        "least_squares",
        "many_assets",
        "many_errors",
        "performance",
        "pricing",
        "regression",
    ),
    *("relative_performance", "returns", "risk", "rolling", "sample", "significance", "sizing"),
}
# Kenneth French's library: data for the maths, from this disk, and by NETWORK alone from afar.
LIBRARY = {"french", "french_files", "french_library", "french_store"}
NETWORK = {"french_download"}
FOUNDATION = {"__init__", "errors", "fit_cache", "labelled"}
DOOR = {"cells", "kinds", "catalogue"}
EDGES = {
    "__main__",
    "about",
    "atomic",
    "data_command",
    "docs",
    "own_data",
    "date_text",
    "number_text",
    "delimited",
    *("fields", "french_portfolios", "layouts", "long_format", "parquet_in", "period_keys"),
    *("own_columns", "own_factors", "own_series", "own_tables", "sheets_in", "text_table"),
    *("table_command", "universe", "universe_factors", "universe_files", "universe_parts"),
    *("universe_edges", "universe_run", "universe_sources", "universe_workers"),
}
OF_THE_HOUSE = {f"factor_core.{name}" for name in MATHS | FOUNDATION} | {"factor_core"}
SLOW = {"pandas", "scipy", "statsmodels"}


def modules():
    return {path.stem for path in PACKAGE.glob("*.py")}


def imports(node):
    """Return what a piece of source imports, `from a import b` as a and a.b."""
    names = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            names |= {alias.name for alias in inner.names}
        elif isinstance(inner, ast.ImportFrom):
            assert inner.level == 0, "imports are absolute"
            names |= {inner.module} | {f"{inner.module}.{alias.name}" for alias in inner.names}
    return names


def tree(module):
    return ast.parse((PACKAGE / f"{module}.py").read_text(encoding="utf-8"))


def test_every_module_belongs_to_one_layer():
    assert modules() == MATHS | LIBRARY | NETWORK | FOUNDATION | DOOR | EDGES


@pytest.mark.parametrize("module", sorted(MATHS | FOUNDATION))
def test_the_maths_imports_no_door_and_no_spreadsheet(module):
    found = imports(tree(module))
    allowed = {"numpy", "xxhash", *SLOW, *sys.stdlib_module_names}
    foreign = {name.split(".")[0] for name in found} - allowed - {"factor_core"}
    assert not foreign
    of_ours = {".".join(name.split(".")[:2]) for name in found if name.startswith("factor_core")}
    assert of_ours <= OF_THE_HOUSE | {"factor_core.__version__"}


@pytest.mark.parametrize("module", sorted(LIBRARY | NETWORK))
def test_the_library_imports_no_door_and_no_spreadsheet(module):
    found = imports(tree(module))
    of_ours = {".".join(name.split(".")[:2]) for name in found if name.startswith("factor_core")}
    own = {f"factor_core.{name}" for name in LIBRARY | NETWORK | {"atomic"}}
    assert of_ours <= OF_THE_HOUSE | own
    assert not {name.split(".")[0] for name in found} & {"xlwings", "openpyxl", "typer", "rich"}


def test_only_the_download_reaches_the_network():
    ways_out = {"requests", "urllib3", "pandas_datareader", "httpx", "aiohttp", "socket", "ssl"}
    for module in sorted(modules() - NETWORK):
        found = imports(tree(module))
        assert not {name.split(".")[0] for name in found} & ways_out, module
        assert not found & {"urllib.request", "http.client", "ftplib"}, module


@pytest.mark.parametrize("module", sorted(MATHS | LIBRARY | FOUNDATION | DOOR))
def test_slow_packages_are_imported_where_first_needed(module):
    functions = (ast.FunctionDef, ast.Lambda)
    at_top = [node for node in tree(module).body if not isinstance(node, functions)]
    at_top = [node for node in at_top if not isinstance(node, ast.ClassDef | ast.If)]
    found = {name.split(".")[0] for node in at_top for name in imports(node)}
    assert not found & {*SLOW, "xlwings", "openpyxl", "xlsxwriter", "cellrune", "typer", "rich"}
    assert not found & {"pandas_datareader", "requests", "filelock", "platformdirs"}


def loaded_by(statement):
    program = f"{statement}; import sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        cwd=PACKAGE.parent.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((".", "core"))},
    )
    return {name.split(".")[0] for name in done.stdout.split()}


def test_starting_the_functions_loads_numpy_and_nothing_slow():
    loaded = loaded_by("import factor_udfs")
    assert "numpy" in loaded
    assert not loaded & {*SLOW, "xlwings", "openpyxl", "xlsxwriter", "cellrune", "typer", "rich"}


def test_starting_the_command_line_loads_no_maths():
    loaded = loaded_by("import factor_core.__main__")
    assert not loaded & {*SLOW, "numpy", "xlwings", "openpyxl", "xlsxwriter", "cellrune"}
