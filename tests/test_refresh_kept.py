"""What the refresh cannot calculate keeps its old value, and so does all that depends on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from refresh_books import Seen, book, fakes, in_sheet, patched

from factor_core.refresh import refresh_workbook

if TYPE_CHECKING:
    from factor_core.refresh import Report

DYNAMIC, PLAIN = "dynamic", "plain"
SHEET1 = "xl/worksheets/sheet1.xml"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "book.xlsx"


def refresh(path):
    return refresh_workbook(path, functions=fakes())


def reasons(report: Report) -> dict[str, str]:
    return {n.cell.removeprefix("My Calc!"): n.reason for n in report.not_calculated}


OLD = 77


def old_values(path, *cells):
    """Give formula cells an old value, as an earlier refresh would have left it."""

    def patch(name, xml):
        if name != SHEET1:
            return xml
        for cell in cells:
            pattern = rb'(<c r="%b"[^>]*>(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)<v>)[^<]*' % cell.encode()
            xml, count = re.subn(pattern, rb"\g<1>%d" % OLD, xml)
            assert count == 1, cell
        return xml

    patched(path, patch)


def test_what_cannot_be_calculated_keeps_its_old_value_and_so_do_dependents(path):
    formulas = {
        "A1": ("=NOSUCH(1)", DYNAMIC),
        "A2": ("=A1+1", PLAIN),
        "A3": ("=IFERROR(NOSUCH(1),5)", PLAIN),
        "A4": ("=IF(FALSE,NOSUCH(1),5)", PLAIN),
        "A5": ('=TOTAL(INDIRECT("A1"))', DYNAMIC),
        "A6": ("=TOTAL(A7)", DYNAMIC),
        "A7": ("=TOTAL(A6)", DYNAMIC),
        "A8": ("=A9", PLAIN),
        "A9": ("=A8", PLAIN),
        "A10": ("=TOTAL(A2)", DYNAMIC),
        "A11": ("=TOTAL(A10*2)", DYNAMIC),
        "A12": ("=TOTAL((B1:B2,B4:B5))", DYNAMIC),
        "A13": ("=MAP(B1:B2,LAMBDA(_xlpm.x,TOTAL(_xlpm.x)))", DYNAMIC),
        "A15": ("=TOTAL(ROW())", DYNAMIC),
        "A16": ("=TOTAL([1]Sheet1!A1)", DYNAMIC),
        "A17": ("=[1]Sheet1!A1+1", PLAIN),
        "A18": ("=TOTAL(Left)", DYNAMIC),
        "A19": ("=NONAME+1", PLAIN),
        "A22": ("=TOTAL(Both)", DYNAMIC),
        "A23": ("=TOTAL('My Calc:Data'!B1)", DYNAMIC),
        "A20": ("=SHEETS()", PLAIN),
        "A21": ("=SUM(A1:A20)", PLAIN),
    }
    book(path, {**formulas, "B1": ("=1+1", PLAIN)})
    old_values(path, *formulas)
    report = refresh(path)
    why = reasons(report)
    assert report.status == "partial"
    assert why.keys() == formulas.keys()
    seen = Seen(path)
    assert {cell: seen[cell] for cell in formulas} == dict.fromkeys(formulas, OLD)
    assert seen["B1"] == 2
    expected = {
        "A1": "NOSUCH",
        "A2": "depends on",
        "A5": "INDIRECT",
        "A6": "circular",
        "A7": "circular",
        "A8": "circular",
        "A10": "TOTAL: argument 1: A2: it depends",
        "A11": "argument 1: it depends",
        "A12": "several areas",
        "A13": "inside LAMBDA",
        "A15": "ROW",
        "A16": "[1]",
        "A17": "[1]",
        "A18": "relative",
        "A19": "NONAME",
        "A20": "SHEETS",
        "A22": "several areas (Both)",
        "A23": "several areas",
    }
    assert all(text in why[cell] for cell, text in expected.items()), why


LOOKS = {
    "COUNTIF": 'COUNTIF(A1:A9,">0")',
    "SUMIFS": 'SUMIFS(A1:A9,A1:A9,">0")',
    "AVERAGEIF": 'AVERAGEIF(A1:A9,">0")',
    "COUNTBLANK": "COUNTBLANK(A1:A9)",
    "MATCH": "MATCH(3,A1:A9,0)",
    "VLOOKUP": "VLOOKUP(3,A1:A9,1,FALSE)",
    "XLOOKUP": "XLOOKUP(3,A1:A9,A1:A9)",
    "ROWS of a spill": "ROWS(ANCHORARRAY(C1))",
    "SUM of a spill": "SUM(ANCHORARRAY(C1))",
    "SUM of a spill's cells": "SUM(C2:C4)",
    "COUNT of a spill's cells": "COUNT(C2:C4)",
    "IFERROR of a spill": "IFERROR(SUM(ANCHORARRAY(C1)),1)",
    "by a moving reference": 'COUNTIF(OFFSET(A1,0,0,9),">0")',
}


@pytest.mark.parametrize("name", LOOKS)
def test_no_native_function_looks_past_a_cell_without_value(path, name):
    formulas = {
        "A2": ("=NOSUCH(1)", DYNAMIC),
        "C1": ("=NOSUCH(2)", DYNAMIC),
        "E1": (f"={LOOKS[name]}", DYNAMIC),
        "E2": ("=E1+1", PLAIN),
        "E3": (f"=TOTAL({LOOKS[name]})", DYNAMIC),
    }
    book(path, formulas, {"A1": 1, "A3": 3, "A4": 4})
    patched(path, in_sheet(1, (b'ref="C1"', b'ref="C1:C4"')))
    old_values(path, "E1", "E2", "E3")
    why = reasons(refresh(path))
    assert {"E1", "E2", "E3"} <= why.keys()
    assert Seen(path).column("E", 1, 3) == [OLD] * 3


def test_array_with_a_hole_keeps_all_its_cells_and_dependents(path):
    formulas = {"A2": ("=NOSUCH(1)", PLAIN), "C1": ("=A1:A3*2", DYNAMIC), "D1": ("=C1+1", PLAIN)}
    book(path, formulas, {"A1": 1, "A3": 3})
    assert {"C1", "D1"} <= reasons(refresh(path)).keys()


def test_call_that_reads_its_own_spill_is_circular(path):
    formulas = {"A1": ("=COUNTING(TOTAL(A3:A9)+4)", DYNAMIC), "C1": ("=A2", PLAIN)}
    why = reasons(refresh(book(path, formulas)))
    assert "circular" in why["A1"]
    assert "C1" in why


def test_nothing_calculated_is_its_own_status(path):
    report = refresh(book(path, {"A1": ("=NOSUCH(1)", DYNAMIC)}))
    assert (report.status, report.exit_code) == ("none", 1)
    assert not report.written


def test_workbook_without_formulas_is_left_alone(path):
    book(path, {}, {"A1": 1})
    before = path.read_bytes()
    report = refresh(path)
    assert (report.status, report.formulas, report.written) == ("ok", 0, False)
    assert path.read_bytes() == before


def test_data_table_keeps_its_values_and_is_reported(path):
    table = (
        b"<f>1+1</f><v>0</v>",
        b'<f t="dataTable" ref="A1:A2" dt2D="0" dtr="0" r1="C1"/><v>9</v>',
    )
    book(path, {"A1": ("=1+1", PLAIN), "B1": ("=A2+1", PLAIN)}, {"A2": 8}, in_sheet(1, table))
    why = reasons(refresh(path))
    assert "data table" in why["A1"]
    assert "B1" in why
    assert Seen(path).column("A", 1, 2) == [9, 8]
