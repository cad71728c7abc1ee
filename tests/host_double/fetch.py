"""Get from the package index what the double runs but the project does not keep."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

PYWIN32 = "pywin32==312"
XLWINGS = "xlwings==0.37.8"
LONGEST_WAIT = 120  # seconds
# pip asks the build backend for a name and a version even where it only downloads. xlwings' own
# would have to be compiled first, and compiles nothing that is used here.
BACKEND = """
from pathlib import Path

def get_requires_for_build_wheel(config_settings=None):
    return []

def prepare_metadata_for_build_wheel(folder, config_settings=None):
    info = Path(folder) / "xlwings-0.37.8.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\\nName: xlwings\\nVersion: 0.37.8\\n")
    return info.name
"""


def pywin32(folder: Path) -> Path:
    """Return the folder of pywin32's modules written in Python; skip where there is none."""
    target = folder / PYWIN32
    if not target.is_dir():
        options = ("--platform", "win_amd64", "--python-version", "3.11", "--only-binary", ":all:")
        wheel = _download(PYWIN32, folder, *options)
        partly = _emptied(folder / "partly")
        with zipfile.ZipFile(wheel) as archive:
            wanted = ("win32com/", "win32/lib/")
            for name in archive.namelist():
                if name.startswith(wanted) and name.endswith(".py"):
                    archive.extract(name, partly)
        partly.rename(target)  # at once: an interrupted test must not leave half a library
    return target


def workbook_of_xlwings(folder: Path) -> Path:
    """Return the folder of xlwings' own test workbook and functions; skip where there is none."""
    target = folder / XLWINGS
    if not target.is_dir():
        backend = _emptied(folder / "backend")
        (backend / "maturin.py").write_text(BACKEND, encoding="utf-8")
        options = ("--no-binary", ":all:", "--no-build-isolation")
        source = _download(XLWINGS, folder, *options, PYTHONPATH=str(backend))
        partly = _emptied(folder / "partly")
        with tarfile.open(source) as archive:
            for member in archive.getmembers():
                if Path(member.name).name in ("udf_tests.py", "udf_tests.xlsm"):
                    member.name = Path(member.name).name
                    archive.extract(member, partly, filter="data")
        partly.rename(target)
    return target


def _download(requirement: str, folder: Path, *options: str, **environment: str) -> Path:
    target = _emptied(folder / "download")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
    command = (*pip, "download", "--no-deps", "--dest", str(target), *options, requirement)
    try:
        subprocess.run(
            command,
            check=True,
            timeout=LONGEST_WAIT,
            capture_output=True,
            env={**os.environ, **environment},
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"pip cannot fetch {requirement}, which the double of Excel runs")
    (file,) = target.iterdir()
    return file


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
