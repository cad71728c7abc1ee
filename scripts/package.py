"""Make dist/factor-udfs-VERSION.zip: what an analyst on Windows unpacks and installs from.

    python scripts/package.py [FOLDER]

The wheel, both workbooks, their macros as text, install.cmd and INSTALL.txt. Nothing is fetched;
the same sources give the same bytes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from importlib import resources
from pathlib import Path

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import __version__
from factor_core.catalogue import CATALOGUE
from factor_core.workbook import macros
from factor_core.workbook.addin import ADDIN, build_addin
from factor_core.workbook.wrappers import functions_module, wizard_module

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT / "scripts" / "package"
TEMPLATE = "workbook_template.xlsm"
MACROS = (".bas", ".cls")
# The earliest date that a zip can hold: the day of the build would change its bytes.
NO_DATE = (1980, 1, 1, 0, 0, 0)
UNIX, PLAIN_FILE = 3, 0o100644


def build_package(folder: Path) -> Path:
    """Write the zip into the folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"factor-udfs-{__version__}.zip"
    files = {**texts(), **workbooks(), **macro_sources(), **wheel()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files, key=str.lower):
            entry = zipfile.ZipInfo(name, NO_DATE)
            entry.create_system, entry.external_attr = UNIX, PLAIN_FILE << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name])
    return path


def texts() -> dict[str, bytes]:
    """Return install.cmd and what is to be read, with the line ends that Windows needs."""
    sources = {
        "install.cmd": TEXTS / "install.cmd",
        "INSTALL.txt": TEXTS / "INSTALL.txt",
        "LICENSE.txt": ROOT / "LICENSE",
    }
    return {
        name: windows_text(path.read_text("ascii").replace("@VERSION@", __version__), "ascii")
        for name, path in sources.items()
    }


def workbooks() -> dict[str, bytes]:
    """Return the template as the project keeps it, and the add-in, which is built at once."""
    return {TEMPLATE: (ROOT / TEMPLATE).read_bytes(), ADDIN: build_addin()}


def macro_sources() -> dict[str, bytes]:
    """Return every module as text that Excel's VBA editor can import."""
    folder = resources.files("factor_core.workbook").joinpath("vba")
    own = sorted(item.name for item in folder.iterdir() if Path(item.name).suffix in MACROS)
    modules = {
        **{name: macros.source(name) for name in own},
        "FactorFunctions.bas": functions_module(CATALOGUE),
        "FactorWizard.bas": wizard_module(CATALOGUE),
        "xlwings.bas": macros.xlwings_source(),
    }
    return {f"vba/{name}": windows_text(code, "cp1252") for name, code in modules.items()}


def wheel() -> dict[str, bytes]:
    """Return the wheel, built by the hatchling that is here."""
    with tempfile.TemporaryDirectory() as folder:
        build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
        subprocess.run(build, cwd=ROOT, check=True, capture_output=True)  # noqa: S603  our own tool
        (built,) = Path(folder).glob("*.whl")
        return {built.name: built.read_bytes()}


def windows_text(text: str, encoding: str) -> bytes:
    """Return the text with the line ends without which cmd.exe and VBA misread it."""
    lines = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    return "".join(f"{line}\r\n" for line in lines).encode(encoding)


if __name__ == "__main__":
    print(f"wrote {build_package(Path(*sys.argv[1:2]) if sys.argv[1:] else ROOT / 'dist')}")
