"""Get from the package index what the double runs but the project does not keep."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

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
    options = ("--platform", "win_amd64", "--python-version", "3.11", "--only-binary", ":all:")
    return _kept(folder / PYWIN32, options, _unpack_modules)


def workbook_of_xlwings(folder: Path) -> Path:
    """Return the folder of xlwings' own test workbook and functions; skip where there is none."""
    options = ("--no-binary", ":all:", "--no-build-isolation")
    return _kept(folder / XLWINGS, options, _unpack_workbook)


def _unpack_modules(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(("win32com/", "win32/lib/")) and name.endswith(".py"):
                archive.extract(name, target)


def _unpack_workbook(source: Path, target: Path) -> None:
    with tarfile.open(source) as archive:
        for member in archive.getmembers():
            name = Path(member.name).name
            if name in ("udf_tests.py", "udf_tests.xlsm"):
                (target / name).write_bytes(archive.extractfile(member).read())


def _kept(target: Path, options: tuple[str, ...], unpack: Callable[[Path, Path], None]) -> Path:
    if not target.is_dir():
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            fetched, unpacked = Path(scratch, "fetched"), Path(scratch, "unpacked")
            unpacked.mkdir()
            unpack(_download(target.name, options, fetched), unpacked)
            unpacked.rename(target)  # at once: an interrupted test must not leave half of it
    return target


def _download(requirement: str, options: tuple[str, ...], target: Path) -> Path:
    backend = target.parent / "backend"
    backend.mkdir()
    (backend / "maturin.py").write_text(BACKEND, encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")
    command = (*pip, "download", "--no-deps", "--dest", str(target), *options, requirement)
    try:
        subprocess.run(
            command,
            check=True,
            timeout=LONGEST_WAIT,
            capture_output=True,
            env={**os.environ, "PYTHONPATH": str(backend)},
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        pytest.skip(f"pip cannot fetch {requirement}, which the double of Excel needs")
    (file,) = target.iterdir()
    return file
