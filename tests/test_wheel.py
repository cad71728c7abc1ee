"""The wheel, installed where nothing else is."""

import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

import factor_core

ROOT = Path(__file__).parent.parent
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input", "--quiet")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    subprocess.run([sys.executable, *PIP, *map(str, build)], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return the programs' folder of an environment that holds the wheel and what it needs."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if sys.platform == "win32" else "bin")
    # Compiling every module of statsmodels would take longer than the rest of this file.
    install = ("install", "--no-compile", str(wheel))
    subprocess.run([programs / "python", *PIP, *install], check=True, cwd=folder)
    return programs


def run(program, *arguments):
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, check=False, cwd=program.parent
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_the_functions_and_one_package(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert tops == {
        "factor_udfs.py",
        "factor_core",
        f"factor_udfs-{factor_core.__version__}.dist-info",
    }


def test_the_wheel_holds_every_file_of_the_package(wheel):
    source = ROOT / "core"
    expected = {
        path.relative_to(source).as_posix()
        for path in (source / "factor_core").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert expected <= set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_carries_its_licences(wheel):
    names = [name for name in zipfile.ZipFile(wheel).namelist() if "/licenses/" in name]
    assert any(name.endswith("/LICENSE") for name in names)
    assert any(name.endswith("/LICENCES.md") for name in names)


def test_the_version_stands_once_and_is_the_packages():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == factor_core.__version__


def test_an_installed_function_answers(installed):
    call = "import factor_udfs; print(factor_udfs.FACTOR_BETA([.01, -.02, .03], [.01, -.02, .04]))"
    beta = float(run(installed / "python", "-c", call))
    assert beta == pytest.approx(5 / 6, rel=1e-12)  # by hand


def test_the_installed_command_starts(installed):
    assert run(installed / "factor-udfs", "--version") == f"factor-udfs {factor_core.__version__}\n"
    assert "FACTOR_BETA" in run(installed / "factor-udfs", "functions")


def test_no_generic_name_is_installed(installed):
    # By distribution: pandas-datareader 0.11.1 leaves its own `tests` and `docs` beside itself.
    look = (
        "from importlib.metadata import packages_distributions as owners; "
        "print(*sorted(name for name, of in owners().items() if 'factor-udfs' in of))"
    )
    assert run(installed / "python", "-c", look) == "factor_core factor_udfs\n"


def test_the_installed_requirements_agree(installed):
    assert run(installed / "python", "-m", "pip", "check").startswith("No broken requirements")
