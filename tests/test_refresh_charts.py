"""Charts carry a copy of what they draw: the refresh brings it up to date or removes it."""

from __future__ import annotations

import re

import pytest
import xlsxwriter
from refresh_books import Fake, Seen, fakes, given, parsed, parts, patched

from factor_core.errors import ExcelError
from factor_core.refresh import refresh_workbook

CHART = "xl/charts/chart1.xml"
C = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "book.xlsx"


def chart_book(path, series, formulas=(), cells=(), names=()):
    workbook = xlsxwriter.Workbook(path, {"use_future_functions": True})
    sheet = workbook.add_worksheet("Calc")
    for name, text in names:
        workbook.define_name(name, text)
    for cell, text, value in formulas:
        area = cell if ":" in cell else f"{cell}:{cell}"
        sheet.write_dynamic_array_formula(area, text, None, value)
    for cell, value in cells:
        sheet.write(cell, value)
    chart = workbook.add_chart({"type": "line"})
    for one in series:
        chart.add_series(one)
    sheet.insert_chart("H2", chart)
    workbook.close()
    return path


def caches(path, kind="numCache"):
    """Return [(reference, count, {index: text})] of the caches of one kind, by another parser."""
    root = parsed(parts(path)[CHART])
    found = []
    for parent in root.iter():
        cache = parent.find(C + kind)
        if cache is not None:
            points = {int(p.get("idx")): p.find(C + "v").text for p in cache.iter(C + "pt")}
            found.append((parent.find(C + "f").text, cache.find(C + "ptCount").get("val"), points))
    return found


def old_cache(path, old, new):
    patched(path, lambda name, xml: xml.replace(old, new) if name == CHART else xml)


def test_values_of_a_spill_reach_the_chart(path):
    series = [{"values": "=Calc!$A$1:$A$4", "categories": "=Calc!$B$1:$B$4", "name": "=Calc!$C$1"}]
    formulas = [("A1:A3", "=COUNTING(3)", 9), ("C1", '="n = "&TOTAL(3)', "old")]
    cells = [("A2", 8), ("A3", 7), ("B1", "p"), ("B2", "q"), ("B3", "r")]
    chart_book(path, series, formulas, cells)
    before = caches(path)
    assert before[0][2] == {0: "9", 1: "8", 2: "7"}
    report = refresh_workbook(path, functions=fakes())
    assert report.status == "ok"
    assert CHART in report.changed_parts
    assert caches(path) == [("Calc!$A$1:$A$4", "4", {0: "1", 1: "2", 2: "3"})]
    texts = {f: points for f, _, points in caches(path, "strCache")}
    assert texts == {"Calc!$B$1:$B$4": {0: "p", 1: "q", 2: "r"}, "Calc!$C$1": {0: "n = 3"}}
    assert b"<c:formatCode>General</c:formatCode>" in parts(path)[CHART]


def test_right_caches_keep_every_byte(path):
    chart_book(
        path, [{"values": "=Calc!$A$1:$A$3"}], [("A1", "=TOTAL(5)", 5)], [("A2", 2.5), ("A3", 0.1)]
    )
    old_cache(path, b">0.1<", b">0.10000000000000001<")
    before = parts(path)[CHART]
    report = refresh_workbook(path, functions=fakes())
    assert CHART not in report.changed_parts
    assert parts(path)[CHART] == before


def test_old_constants_in_a_cache_are_mended_too(path):
    chart_book(path, [{"values": "=Calc!$A$1:$A$2"}], [], [("A1", 1), ("A2", 2)])
    old_cache(path, b"<c:v>2</c:v>", b"<c:v>99</c:v>")
    refresh_workbook(path, functions=fakes())
    assert caches(path)[0][2] == {0: "1", 1: "2"}


def test_errors_texts_and_blanks_are_drawn_as_excel_draws_them(path):
    functions = {
        "NOTHING": Fake(given(ExcelError("#N/A", "no value"))),
        "EMPTY": Fake(given("")),
        "TRUTH": Fake(given(True)),
    }
    formulas = [("A1", "=NOTHING()", 1), ("A2", "=EMPTY()", 1), ("A3", "=TRUTH()", 0)]
    chart_book(path, [{"values": "=Calc!$A$1:$A$4"}], formulas)
    refresh_workbook(path, functions=functions)
    assert caches(path)[0][1:] == ("4", {0: "#N/A", 1: "0", 2: "1"})


def test_names_static_or_moving_are_followed(path):
    names = [("Fixed", "=Calc!$A$1:$A$2"), ("Moving", "=OFFSET(Calc!$A$1,0,0,COUNT(Calc!$A:$A),1)")]
    cells = [("A2", 2), ("A3", 3)]
    series = [{"values": "=Calc!$A$1:$A$2"}, {"values": "=Calc!$A$1:$A$3"}]
    chart_book(path, series, [("A1", "=TOTAL(5)", 1)], cells, names)
    old_cache(path, b"<c:f>Calc!$A$1:$A$2</c:f>", b"<c:f>[0]!Fixed</c:f>")
    old_cache(path, b"<c:f>Calc!$A$1:$A$3</c:f>", b"<c:f>'book.xlsx'!Moving</c:f>")
    refresh_workbook(path, functions=fakes())
    assert [points for _, _, points in caches(path)] == [{0: "5", 1: "2"}, {0: "5", 1: "2", 2: "3"}]
    assert not refresh_workbook(path, functions=fakes()).written


def test_several_areas_and_quoted_sheets(path):
    chart_book(
        path, [{"values": "=Calc!$A$1:$A$2"}], [("A1", "=TOTAL(5)", 1)], [("A2", 2), ("C1", 3)]
    )
    old_cache(path, b"<c:f>Calc!$A$1:$A$2</c:f>", b"<c:f>('Calc'!$A$1:$A$2,Calc!$C$1)</c:f>")
    refresh_workbook(path, functions=fakes())
    assert caches(path)[0][1:] == ("3", {0: "5", 1: "2", 2: "3"})


def test_what_cannot_be_found_is_removed_and_said(path):
    chart_book(path, [{"values": "=Calc!$A$1:$A$2"}], [], [("A1", 1), ("A2", 2)])
    old_cache(path, b"<c:f>Calc!$A$1:$A$2</c:f>", b"<c:f>Calc!NoSuchName</c:f>")
    report = refresh_workbook(path, functions=fakes())
    assert caches(path) == []
    assert b"<c:numRef><c:f>Calc!NoSuchName</c:f></c:numRef>" in parts(path)[CHART]
    assert "NoSuchName" in report.warnings[0]
    assert not refresh_workbook(path, functions=fakes()).written


def test_cells_that_keep_their_value_keep_their_point(path):
    formulas = [("A1", "=NOSUCH()", 42), ("A2", "=TOTAL(5)", 1)]
    chart_book(path, [{"values": "=Calc!$A$1:$A$2"}], formulas)
    refresh_workbook(path, functions=fakes())
    assert caches(path)[0][2] == {0: "42", 1: "5"}
    assert (Seen(path, "Calc")["A1"], Seen(path, "Calc")["A2"]) == (42, 5)


def test_formats_of_points_and_dates_as_categories_stay(path):
    chart_book(path, [{"values": "=Calc!$A$1:$A$2", "categories": "=Calc!$B$1:$B$2"}],
               [("A1", "=TOTAL(5)", 1)], [("A2", 2), ("B1", "Jan"), ("B2", 45292)])  # fmt: skip
    old_cache(path, b'<c:pt idx="0"><c:v>1</c:v>', b'<c:pt idx="0" formatCode="0.0%"><c:v>1</c:v>')
    old_cache(path, b"<c:v>45292</c:v>", b"<c:v>1/1/2024</c:v>")
    refresh_workbook(path, functions=fakes())
    assert b'<c:pt idx="0" formatCode="0.0%"><c:v>5</c:v></c:pt>' in parts(path)[CHART]
    assert caches(path, "strCache")[0][2] == {0: "Jan", 1: "1/1/2024"}


def multi_level(path):
    pattern = rb"<c:cat>.*?</c:cat>"
    levels = (
        b"<c:cat><c:multiLvlStrRef><c:f>Calc!$B$1:$C$2</c:f><c:multiLvlStrCache>"
        b'<c:ptCount val="2"/>'
        b'<c:lvl><c:pt idx="0"><c:v>x</c:v></c:pt></c:lvl><c:lvl><c:pt idx="0"><c:v>p</c:v></c:pt>'
        b"</c:lvl></c:multiLvlStrCache></c:multiLvlStrRef></c:cat>"
    )
    patched(
        path,
        lambda name, xml: re.sub(pattern, levels, xml, flags=re.DOTALL) if name == CHART else xml,
    )


@pytest.mark.parametrize("label", ["constant", "formula"])
def test_categories_of_several_levels_go_only_when_they_changed(path, label):
    formulas = [("A1", "=TOTAL(5)", 1)] + (
        [("B1", '="p"&TOTAL(1)', "p")] if label == "formula" else []
    )
    cells = [("A2", 2), ("C1", "x"), ("B2", "q"), ("C2", "y")] + (
        [] if label == "formula" else [("B1", "p")]
    )
    series = [{"values": "=Calc!$A$1:$A$2", "categories": "=Calc!$B$1:$B$2"}]
    chart_book(path, series, formulas, cells)
    multi_level(path)
    refresh_workbook(path, functions=fakes())
    assert (b"multiLvlStrCache" in parts(path)[CHART]) == (label == "constant")
    assert caches(path)[0][2] == {0: "5", 1: "2"}
    parsed(parts(path)[CHART])


def test_newer_kinds_of_charts_and_pivot_tables_are_mentioned(path):
    chart_book(path, [{"values": "=Calc!$A$1:$A$2"}], [("A1", "=TOTAL(5)", 1)])
    with xlsxwriter.workbook.ZipFile(path, "a") as archive:
        archive.writestr("xl/charts/chartEx1.xml", "<x/>")
        archive.writestr("xl/pivotCache/pivotCacheDefinition1.xml", "<x/>")
    warnings = refresh_workbook(path, functions=fakes()).warnings
    assert ["pivot" in w for w in warnings] == [True, False]
    assert "newer kinds" in warnings[1]
