"""The zip for analysts on Windows: what it holds, and what its install.cmd does.

The Python steps are read out of install.cmd and run here as they stand, from a folder whose name
has spaces; cmd.exe itself is not here, so the rest of the file is checked as text.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from check_macros import VBA_Parser

import factor_core
from factor_core.workbook.addin import build_addin

ROOT = Path(__file__).parents[1]
VERSION = factor_core.__version__
WHEEL = f"factor_udfs-{VERSION}-py3-none-any.whl"
BOOKS = ("workbook_template.xlsm", "factor_udfs.xlam")
TEXTS = ("install.cmd", "INSTALL.txt", "LICENSE.txt")
GENERATED = {"vba/FactorFunctions.bas", "vba/FactorWizard.bas", "vba/xlwings.bas"}
SEARCHED = ("FOUND", "UNFIT", "ANSWER", "ERRORLEVEL", "WHY")  # no paths: they need no quotes
installs = pytest.mark.skipif(sys.platform == "win32", reason="would change this user's Excel")


def package(folder):
    """Make the zip as `nox -s package` does."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "core")))
    make = (sys.executable, ROOT / "scripts" / "package.py", folder)
    subprocess.run(make, check=True, env={**os.environ, "PYTHONPATH": path}, capture_output=True)
    return folder / f"factor-udfs-{VERSION}.zip"


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return package(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def files(archive):
    with zipfile.ZipFile(archive) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


@pytest.fixture(scope="module")
def script(files):
    return files["install.cmd"].decode("ascii").split("\r\n")


# ------------------------------------------------------------------------------- what is in it


def test_zip_holds_the_wheel_both_workbooks_the_macros_and_the_texts(files):
    folder = ROOT / "core" / "factor_core" / "workbook" / "vba"
    own = {f"vba/{path.name}" for path in folder.iterdir() if path.suffix in {".bas", ".cls"}}
    assert {"vba/FactorRuntime.bas", "vba/RibbonCallbacks.bas", "vba/ThisWorkbook.cls"} <= own
    assert set(files) == {WHEEL, *BOOKS, *TEXTS, *own, *GENERATED}


def test_template_is_the_committed_one_and_the_add_in_what_the_source_builds(files):
    assert files[BOOKS[0]] == (ROOT / BOOKS[0]).read_bytes()
    assert files[BOOKS[1]] == build_addin()


def test_two_builds_are_the_same_bytes(archive, tmp_path):
    assert package(tmp_path).read_bytes() == archive.read_bytes()


@pytest.mark.parametrize("book", BOOKS)
def test_macros_as_text_are_those_in_the_workbooks(files, book):
    def bare(code):
        lines = code.replace("\r\n", "\n").split("\n")
        return [line.rstrip() for line in lines if line and not line.startswith("Attribute VB_")]

    texts = [bare(data.decode("cp1252")) for name, data in files.items() if name[:4] == "vba/"]
    parser = VBA_Parser(book, data=files[book])
    modules = {name: bare(code) for _, _, name, code in parser.extract_macros() if bare(code)}
    parser.close()
    assert {"FactorFunctions.bas", "FactorRuntime.bas"} <= modules.keys()
    # An exported class has four lines before its text, which no workbook holds.
    beginnings = [text[4:] if text[0].startswith("VERSION") else text for text in texts]
    assert [name for name, code in modules.items() if code not in beginnings] == []


@pytest.mark.parametrize("name", TEXTS)
def test_texts_are_plain_ascii_with_the_line_ends_of_windows(files, name):
    text = files[name].decode("ascii")
    assert text.count("\n") == text.count("\r\n")
    assert text.endswith("\r\n")
    assert "@" not in text.removeprefix("@echo off")


def test_instructions_fit_one_page_and_name_what_is_there(files):
    lines = files["INSTALL.txt"].decode("ascii").splitlines()
    assert len(lines) <= 60
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert all(name in text for name in (WHEEL, *BOOKS, *TEXTS[::2]))


# ------------------------------------------------------------------------------- install.cmd


def labels(script):
    """Return the lines below each label."""
    found = {}
    for line in script:
        if line.startswith(":"):
            lines = found.setdefault(line[1:], [])
        elif found:
            lines.append(line)
    return found


def commands(script):
    """Return the lines that run Python."""
    return [line for line in script if line.startswith(("py -", '"%PYTHON%" '))]


def test_every_failure_is_one_sentence_and_a_pause(script):
    below = labels(script)
    targets = {target for line in script for target in re.findall(r"\bgoto (\w+)", line)}
    reasons = targets - {"install", "failed"}
    assert len(reasons) == 10
    for name in reasons:
        sentence, end = below[name][:2]
        assert re.fullmatch(r'set "WHY=[A-Za-z][^"&|<>^%!]{40,}"', sentence)
        assert end == "goto failed"
    assert below["failed"][1:4] == ["echo %WHY%", "pause", "exit /b 1"]
    assert below.keys() == targets | {"look_for"}


def test_every_step_that_can_fail_is_followed_by_its_reason(script):
    install = labels(script)["install"]
    steps = commands(install)
    assert len(steps) == 4
    for step in steps:
        after = install[install.index(step) + 1]
        assert re.fullmatch(r"if not %ERRORLEVEL%==0 goto \w+", after)


def test_paths_stand_in_quotes(script):
    for line in script:
        outside = "".join(re.split(r'"[^"]*"', line))
        assert line.count('"') % 2 == 0
        assert set(re.findall(r"%(\w+)%", outside)) <= set(SEARCHED), line


def test_variables_are_set_before_they_are_read(script):
    given = {"LOCALAPPDATA", "SystemRoot", "ERRORLEVEL"}
    read = {name for line in script for name in re.findall(r"%(\w+)%", line)}
    assert read <= given | {name for line in script for name in re.findall(r'set "(\w+)=', line)}


def test_pythons_that_are_looked_for_are_those_that_the_package_takes(script):
    (found,) = (
        re.search(r"in \(([\d. ]+)\) do call :look_for", line) for line in script if "%%V" in line
    )
    versions = [tuple(map(int, text.split("."))) for text in found[1].split()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert versions == sorted(versions, reverse=True)
    assert project["requires-python"] == ">={}.{}".format(*versions[-1])


@pytest.mark.parametrize(
    ("pretended", "code"),
    [
        ("", 0),
        (r"sys.base_prefix = 'C:\\Program Files\\WindowsApps\\Python'", 8),
        ("sys.maxsize = 2**31 - 1", 9),
    ],
)
def test_unfit_pythons_are_told_apart(script, pretended, code):
    (line,) = commands(labels(script)["look_for"])
    question = re.search('-c "(.*)"', line)[1]
    asked = f"import sys; {pretended}\n{question}"
    assert subprocess.run([sys.executable, "-I", "-c", asked], check=False).returncode == code
    assert f'if "%ANSWER%"=="{code}"' in "\n".join(labels(script)["look_for"])


# ------------------------------------------------------------------------------- its steps, run


def settings(script, here, target):
    """Return install.cmd's variables, with this system's slashes and an environment's layout."""
    values = {"LOCALAPPDATA": str(target), "FOUND": "3", "SystemRoot": ""}
    for line in script[: script.index('set "FOUND="')]:
        if found := re.fullmatch(r'(?:if "%~1"=="" )?set "(\w+)=(.*)"', line):
            text = found[2].replace("%~dp0", f"{here}/").replace("\\", "/")
            values[found[1]] = expanded(text.replace("Scripts/python.exe", "bin/python"), values)
    return values


def expanded(text, values):
    return re.sub(r"%(\w+)%", lambda found: values[found[1]], text)


@pytest.fixture(scope="module")
def unpacked(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unpacked") / "Downloads (1) & more"
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def ran(script, unpacked, tmp_path_factory):
    """Run each Python step of install.cmd; return the variables and what each step came to."""
    values = settings(script, unpacked, tmp_path_factory.mktemp("local") / "App Data")
    home = {"HOME": str(tmp_path_factory.mktemp("home"))}  # LibreOffice's extension goes there
    # Compiling every module of statsmodels would take longer than the rest of this file.
    environment = {
        **os.environ,
        **values,
        **home,
        "PIP_NO_COMPILE": "1",
        "NO_COLOR": "1",
        "COLUMNS": "200",
    }
    done = []
    for line in commands(labels(script)["install"]):
        words = shlex.split(expanded(line, values))
        words[:2] = [sys.executable] if words[0] == "py" else words[:2]
        step = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
        done.append(step)
    return values, done


@installs
def test_steps_make_an_environment_and_install_the_wheel_into_it(ran, unpacked):
    values, (venv, pip, *_) = ran
    assert (venv.returncode, pip.returncode) == (0, 0), venv.stderr + pip.stderr
    assert values["WHEEL"] == str(unpacked / WHEEL)
    assert Path(values["PYTHON"]).is_file()
    assert values["VENV"].endswith("App Data/factor-udfs/venv")


@installs
def test_installing_and_checking_here_are_about_libreoffice(ran):
    _, (_, _, install, doctor) = ran
    ends = {
        (0, "factor_udfs.oxt is in LibreOffice"),
        (1, "LibreOffice takes no extension from root"),
        (1, "o LibreOffice was found"),  # No, or no behind the sentence on Excel for Mac
        (1, "is too old for the functions"),
    }
    said = install.stdout + install.stderr
    assert [words for code, words in ends if code == install.returncode and words in said], said
    assert "Checks of Excel itself need Windows." in doctor.stdout
    assert doctor.returncode == 0, doctor.stdout


@installs
def test_installed_command_answers_and_calculates_the_template(ran, unpacked, tmp_path):
    program = Path(ran[0]["VENV"]) / "bin" / "factor-udfs"

    def run(*arguments):
        done = subprocess.run(
            [program, *arguments], capture_output=True, text=True, check=False, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("--version") == f"factor-udfs {VERSION}\n"
    assert "FACTOR_BETA" in run("functions")
    run("refresh", unpacked / BOOKS[0], "--out", tmp_path / "book.xlsm")
    assert (tmp_path / "book.xlsm").is_file()
