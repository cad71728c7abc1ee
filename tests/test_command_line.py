"""The command line, in this process and as the real thing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import factor_core
from factor_core import __main__ as command_line
from factor_core.catalogue import CATALOGUE
from factor_core.errors import InputError

ROOT = Path(__file__).parent.parent
COMMANDS = (
    *("new", "refresh", "template", "functions", "table"),
    *("install", "uninstall", "doctor", "com-server"),
)


def invoke(*arguments):
    return CliRunner().invoke(command_line.app, arguments, env={"COLUMNS": "200"})


def run(*arguments, cwd=ROOT):
    """Start the command line in a process of its own."""
    path = os.pathsep.join((str(ROOT), str(ROOT / "core")))
    return subprocess.run(
        [sys.executable, "-m", "factor_core", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200", "NO_COLOR": "1"},
    )


def test_version_is_the_packages():
    done = run("--version")
    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        f"factor-udfs {factor_core.__version__}\n",
        "",
    )


def test_without_a_command_it_lists_them():
    done = invoke()
    assert all(command in done.output for command in COMMANDS)
    assert invoke("--help").exit_code == 0


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    done = invoke(command, "--help")
    assert done.exit_code == 0
    assert len(done.output.splitlines()) > 5


def test_functions_lists_every_function_with_its_sentence():
    done = invoke("functions")
    assert done.exit_code == 0
    for name, function in CATALOGUE.items():
        (line,) = [line for line in done.output.splitlines() if name in line.split()]
        assert function.summary[:60] in line


@pytest.mark.parametrize("name", ["FACTOR_REGRESSION", "factor_regression", "Addin_Info"])
def test_one_function_is_explained_as_the_wizard_does(name):
    function = CATALOGUE[name.upper()]
    done = invoke("functions", name)
    assert done.exit_code == 0
    assert done.output.startswith(f"{function.usage}\n\n{function.summary}\n")
    for argument in function.arguments:
        assert argument.name in done.output
        assert argument.kind.text in " ".join(done.output.split())


def test_an_unknown_function_is_one_sentence_and_exit_1():
    done = run("functions", "FACTOR_BETTA")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        'factor-udfs: there is no function "FACTOR_BETTA"; did you mean FACTOR_BETA'
    )
    assert len(done.stderr.splitlines()) == 1
    assert run("functions", "QQQ").stderr == (
        'factor-udfs: there is no function "QQQ"; see factor-udfs functions\n'
    )


def test_an_unknown_command_is_explained():
    done = run("calculate")
    assert done.returncode == 2
    assert "No such command 'calculate'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InputError("prices.csv row 3\nis text"), "factor-udfs: prices.csv row 3 is text"),
        (PermissionError(13, "Permission denied", "b.xlsm"), "factor-udfs: b.xlsm: Permission"),
        (OSError("the disk is full"), "factor-udfs: the disk is full"),
    ],
)
def test_what_the_user_can_mend_is_a_sentence(monkeypatch, error, expected):
    def fails():
        raise error

    monkeypatch.setattr(command_line, "app", fails)
    with pytest.raises(SystemExit) as left:
        command_line.main()
    assert str(left.value.code).startswith(expected)
    assert "\n" not in left.value.code


def test_a_bug_of_ours_keeps_its_traceback(monkeypatch):
    def fails():
        raise ZeroDivisionError

    monkeypatch.setattr(command_line, "app", fails)
    with pytest.raises(ZeroDivisionError):
        command_line.main()


def test_refresh_of_a_missing_workbook_is_one_sentence_and_exit_1(tmp_path):
    done = run("refresh", "nowhere.xlsx", cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere.xlsx" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_new_on_a_missing_csv_is_one_sentence_and_exit_1(tmp_path):
    done = run("new", "book.xlsm", "--prices", "nowhere.csv", cwd=tmp_path)
    assert done.returncode == 1
    assert "nowhere.csv" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
