from __future__ import annotations

import logging
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np

import factor_core
from factor_core import about, fit_cache
from factor_core.about import addin_info
from factor_core.regression import regress

CORE = Path(factor_core.__file__).parents[1]


def info():
    return dict(addin_info().rows)


def test_versions_are_those_installed():
    rows = info()
    assert rows["version"] == factor_core.__version__
    assert rows["Python"].startswith(platform.python_version())
    for package in ("numpy", "pandas", "scipy", "statsmodels", "xlwings", "xxhash"):
        assert rows[package] == metadata.version(package)


def test_a_package_that_is_not_there_is_said_to_be_absent(monkeypatch):
    def absent(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", absent)
    assert info()["xlwings"] == "not installed"


def test_log_file_is_the_one_the_host_opened(tmp_path):
    assert info()["log file"] == "none in this host"
    log = logging.getLogger("factor_udfs")
    handler = logging.FileHandler(tmp_path / "functions.log", delay=True)
    log.addHandler(handler)
    try:
        assert info()["log file"] == str(tmp_path / "functions.log")
    finally:
        log.removeHandler(handler)
        handler.close()


def test_a_host_tells_its_name_and_what_its_cells_hide(monkeypatch):
    monkeypatch.setattr(about, "_told", {})
    assert info()["host"] == "Python"
    about.declare("host", "LibreOffice 25.2 (in-process)")
    about.declare("last error", "POSITION_SIZE: vol is 0; a volatility must be above 0")
    rows = info()
    assert rows["host"] == "LibreOffice 25.2 (in-process)"
    assert rows["last error"].startswith("POSITION_SIZE: vol is 0")
    assert list(rows).index("last error") == list(rows).index("log file") + 1


def test_the_share_of_fits_found_again_is_shown(monkeypatch):
    monkeypatch.setattr(fit_cache, "_made", [fit_cache.FitCache(10**6)])
    assert info()["fit cache"].startswith("0 of 0 fits found again (0%); 0 kept in 0.0 of 1 MB")
    market = np.arange(9.0) ** 2
    for _ in range(4):
        regress(np.arange(9.0), market)
    assert info()["fit cache"].startswith("3 of 4 fits found again (75%); 1 kept in 0.0 of 1 MB")
    monkeypatch.setattr(fit_cache, "_made", [fit_cache.FitCache(0)])
    assert info()["fit cache"] == "switched off by FACTOR_UDFS_CACHE_MB"


def test_a_wrong_size_of_the_cache_is_said_and_hides_nothing_else(monkeypatch):
    monkeypatch.setattr(fit_cache, "_made", [])
    monkeypatch.setenv("FACTOR_UDFS_CACHE_MB", "much")
    rows = info()
    assert 'FACTOR_UDFS_CACHE_MB is "much"; use megabytes, 0 for no cache' in rows["fit cache"]
    assert rows["version"] == factor_core.__version__


def test_every_row_is_a_label_and_a_text_that_fits_a_cell():
    table = addin_info()
    assert table.header == ("item", "value")
    for label, text in table.rows:
        assert label.isascii()
        assert text.isascii()
        assert 0 < len(text) <= 255


def test_asking_loads_no_package():
    question = (
        "import sys; from factor_core.about import addin_info; addin_info(); "
        "print([p for p in ('pandas', 'statsmodels', 'scipy', 'xlwings') if p in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", question], capture_output=True, text=True, check=True, cwd=CORE
    )
    assert answer.stdout.strip() == "[]"
