"""The add-in: rebuilt and compared, read by other tools, and the template's equal in its macros."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from check_macros import Project
from check_workbook import problems
from small_workbook import parts_of, workbook_of

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import __version__
from factor_core.catalogue import CATALOGUE
from factor_core.hosts import installation
from factor_core.hosts.settings_sheet import settings_in_sheet
from factor_core.workbook import addin, macros
from factor_core.workbook.addin import build_addin

ROOT = Path(__file__).parents[1]
MACROS, RIBBON = "xl/vbaProject.bin", "customUI/customUI14.xml"


@pytest.fixture(scope="module")
def rebuilt():
    return build_addin()


@pytest.fixture(scope="module")
def parts(rebuilt):
    return parts_of(rebuilt)


def modules(project):
    return {module.name: module.source for module in Project(project).modules}


def test_committed_addin_is_what_the_source_builds(rebuilt):
    assert parts_of((ROOT / addin.ADDIN).read_bytes()) == parts_of(rebuilt)


def test_two_builds_are_the_same_bytes(rebuilt):
    assert build_addin() == rebuilt


def test_addin_has_the_name_that_is_installed_and_asked_for():
    assert addin.ADDIN == installation.ADDIN
    assert f'ADDIN As String = "{addin.ADDIN}"' in macros.source("FactorCommands.bas")


def test_checker_finds_nothing_that_excel_would_repair(rebuilt):
    assert problems(rebuilt) == []


def test_checker_finds_an_addin_without_macros(parts):
    damaged = workbook_of({name: blob for name, blob in parts.items() if name != MACROS})
    assert "the workbook says that it has macros and has none" in problems(damaged)


def test_validator_of_office_files_finds_nothing(rebuilt, tmp_path):
    audit = shutil.which("openxml-audit", path=Path(sys.executable).parent)
    if audit is None:
        pytest.skip("openxml-audit is not installed")
    path = tmp_path / addin.ADDIN
    path.write_bytes(rebuilt)
    done = subprocess.run(
        [audit, "-f", "microsoft365", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_main_part_says_that_it_is_an_addin(parts):
    types = parts["[Content_Types].xml"]
    assert b"application/vnd.ms-excel.addin.macroEnabled.main+xml" in types
    assert b"sheet.macroEnabled" not in types


def test_addin_and_workbooks_have_the_same_macros(parts):
    workbook = modules(macros.macro_project(CATALOGUE, ["shtXlwingsConf"]))
    assert modules(parts[MACROS]) == workbook


def test_every_function_is_in_the_addin(parts):
    text = modules(parts[MACROS])["FactorFunctions"]
    assert [name for name in CATALOGUE if f"Public Function {name}(" not in text] == []


def test_tab_of_the_addin_never_hides(parts):
    assert parts[RIBBON] == macros.ribbon(is_addin=True)
    assert b"getVisible" not in parts[RIBBON]


def test_settings_of_the_user_win_over_all_but_the_path(rebuilt):
    """A row in the sheet would win over what `factor-udfs install --external-server` writes."""
    assert settings_in_sheet(rebuilt, "xlwings.conf") == {"ADD_WORKBOOK_TO_PYTHONPATH": "False"}


def test_list_of_addins_shows_what_it_is(parts):
    properties = parts["docProps/core.xml"].decode()
    assert "<dc:title>Factor models</dc:title>" in properties
    assert f"the functions of factor-udfs {__version__}.</dc:description>" in properties
