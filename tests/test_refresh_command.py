"""`factor-udfs refresh` as the user runs it: exit codes, summary, JSON report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from refresh_books import Seen, book, data

ROOT = Path(__file__).parents[1]
GOOD = {"A1": ("=FACTOR_BETA(Yn,T[F 1])", "dynamic"), "A2": ("=A1*2", "plain")}
BAD = {"A3": ("=NOSUCH(1)", "plain")}


def refresh(*arguments):
    path = os.pathsep.join((str(ROOT), str(ROOT / "core")))
    return subprocess.run(
        [sys.executable, "-m", "factor_core", "refresh", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "60"},
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "my book.xlsx"


def test_all_calculated_is_exit_code_0_with_the_number_of_the_definition(path):
    done = refresh(book(path, GOOD))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "2 of 2 formulas calculated, 1 of them with factor functions, in "
    )
    assert f"2 cells changed; written to {path}" in done.stdout
    y, x = data()[:, 0], data()[:, 1]
    beta = np.cov(y, x)[0, 1] / x.var(ddof=1)
    assert Seen(path)["A1"] == pytest.approx(beta, rel=1e-12)
    assert Seen(path)["A2"] == pytest.approx(2 * beta, rel=1e-12)
    again = refresh(path)
    assert again.returncode == 0
    assert f"no value changed; {path} stays as it is" in again.stdout


def test_partly_calculated_is_exit_code_3_and_lists_the_cells(path):
    done = refresh(book(path, GOOD | BAD))
    assert done.returncode == 3
    assert (
        "1 not calculated, old value kept:\n  My Calc!A3: the function NOSUCH is not" in done.stdout
    )


def test_nothing_calculated_is_exit_code_1(path):
    assert refresh(book(path, BAD)).returncode == 1


def test_unusable_file_is_one_sentence_and_exit_code_1(path):
    path.write_bytes(b"PK no zip")
    done = refresh(path)
    assert done.returncode == 1
    assert (
        done.stderr.strip().splitlines()[-1].startswith("factor-udfs: my book.xlsx: the workbook")
    )
    assert "Traceback" not in done.stderr


def test_out_and_json(path, tmp_path):
    out, report = tmp_path / "out.xlsx", tmp_path / "report.json"
    formulas = GOOD | BAD | {"A4": ("=FACTOR_BETA(Yn,Konst)", "dynamic")}
    before = book(path, formulas).read_bytes()
    assert refresh(path, "--out", out, "--json", report).returncode == 3
    assert path.read_bytes() == before
    content = json.loads(report.read_text())
    assert content["output"] == str(out)
    assert (content["status"], content["calculated"], content["formulas"]) == ("partial", 3, 4)
    assert content["not_calculated"][0]["cell"] == "My Calc!A3"
    (error,) = content["errors"]
    assert (error["cell"], error["function"], error["code"]) == (
        "My Calc!A4",
        "FACTOR_BETA",
        "#VALUE!",
    )
    assert error["sentence"].startswith("FACTOR_BETA: ")


def test_report_that_cannot_be_written_stops_before_the_work(path):
    before = book(path, GOOD).read_bytes()
    done = refresh(path, "--json", path.parent / "none" / "report.json")
    assert done.returncode == 1
    assert "for the report is not there" in done.stderr
    assert path.read_bytes() == before


def test_long_lists_are_cut_in_the_summary(path):
    formulas = {f"A{i}": ("=NOSUCH(1)", "plain") for i in range(1, 31)}
    done = refresh(book(path, GOOD | formulas | {"B1": ("=1", "plain")}))
    assert "30 not calculated" in done.stdout
    assert "and 10 more; --json FILE lists all" in done.stdout
