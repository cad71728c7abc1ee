"""Refresh without Excel: every way a formula can use our functions, read back by openpyxl."""

from __future__ import annotations

import datetime as dt
import io
import json
import math
import re
import zipfile

import cellrune
import numpy as np
import pytest
import xlsxwriter
from refresh_books import (
    Fake,
    Seen,
    book,
    data,
    fakes,
    given,
    in_sheet,
    parts,
    patched,
)

from factor_core.errors import ExcelError, FactorError
from factor_core.refresh import refresh_bytes, refresh_workbook

DYNAMIC, PLAIN = "dynamic", "plain"
SHEET1 = "xl/worksheets/sheet1.xml"
Y, F = data()[:, 0], data()[:, 1:]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "book.xlsx"


def refresh(path, functions=None, **options):
    return refresh_workbook(path, functions=functions or fakes(), **options)


FORMS = {
    "a name": ("=TOTAL(Yn)", Y.sum()),
    "a name of this sheet only": ("=TOTAL(Loc)", F[:, 0].sum()),
    "a name made with OFFSET": ("=TOTAL(Dyn)", Y.sum()),
    "a name of a number": ("=TOTAL(Konst)", 2.5),
    "a name of a formula, and arithmetic": ("=TOTAL(Mid,Konst*2)", Y[:4].mean() + 5),
    "a range": ("=TOTAL(Data!$A$2:$A$21)", Y.sum()),
    "a range without $": ("=TOTAL(Data!A2:A21)", Y.sum()),
    "a range in other letters": ("=total(data!a2:a21)", Y.sum()),
    "a whole column with its header": ("=TOTAL(Data!A:A)", Y.sum()),
    "whole columns": ("=TOTAL(Data!B:D)", F.sum()),
    "whole rows": ("=TOTAL(Data!2:3)", data()[:2].sum()),
    "a table's column": ("=TOTAL(T[Y])", Y.sum()),
    "columns of a table": ("=TOTAL(T[[F 1]:[F3]])", F.sum()),
    "a whole table": ("=TOTAL(T)", data().sum()),
    "a table with everything": ("=TOTAL(T[#All])", data().sum()),
    "nothing left out": ("=TOTAL(1,,2)", 3),
    "a blank cell": ("=TOTAL(Z99)", 0),
    "another sheet's blank column": ("=TOTAL(Data!Q:Q)", 0),
    "nested in itself": ("=TOTAL(TOTAL(Yn)+1,TOTAL(Yn))", 2 * Y.sum() + 1),
    "nested whole": ("=TOTAL(SCALED(Yn,3))", 3 * Y.sum()),
    "inside native functions": ("=ROUND(ABS(TOTAL(Yn))*100,2)", round(abs(Y.sum()) * 100, 2)),
    "SUM of an array of ours": ("=SUM(SCALED(Yn))", 2 * Y.sum()),
    "INDEX of an array of ours": ("=INDEX(SCALED(Yn,5),3)", 5 * Y[2]),
    "LET": ("=LET(_xlpm.x,Yn,_xlpm.k,3,TOTAL(_xlpm.x*_xlpm.k)+_xlpm.k)", 3 * Y.sum() + 3),
    "LET of a call": ("=LET(_xlpm.b,TOTAL(Yn),_xlpm.b*_xlpm.b)", Y.sum() ** 2),
    "LET of a call in an argument": ("=LET(_xlpm.b,TOTAL(Yn),TOTAL(_xlpm.b,1))", Y.sum() + 1),
    "IF with two calls": ("=IF(TOTAL(1)<1E9,TOTAL(Yn),FAILING(1))", Y.sum()),
    "IFERROR around an error of ours": ('=IFERROR(FAILING(1),"caught")', "caught"),
    "INDEX as an argument": ("=TOTAL(INDEX(T,0,2))", F[:, 0].sum()),
    "INDEX by MATCH": ('=TOTAL(INDEX(T,0,MATCH("F2",T[#Headers],0)))', F[:, 1].sum()),
    "INDEX to INDEX": ("=TOTAL(INDEX(Yn,1):INDEX(Yn,4))", Y[:4].sum()),
    "cell to INDEX": ("=TOTAL(Data!A2:INDEX(Data!A:A,5))", Y[:4].sum()),
    "OFFSET": ("=TOTAL(OFFSET(Data!A1,1,0,5,1))", Y[:5].sum()),
    "XLOOKUP of a column": ('=TOTAL(XLOOKUP("F3",T[#Headers],T))', F[:, 2].sum()),
    "CHOOSECOLS": ("=TOTAL(CHOOSECOLS(T,1,4))", Y.sum() + F[:, 2].sum()),
    "TAKE": ("=TOTAL(TAKE(T,3))", data()[:3].sum()),
    "unary minus": ("=TOTAL(-Yn)", -Y.sum()),
    "an array constant": ("=TOTAL({1,2;3,4})", 10),
    "an array condition": ("=TOTAL(IF(Yn>0,Yn,0))", Y[Y > 0].sum()),
    "text with quotes": ('=KINDS("say ""yes""",TRUE,1)', "sbn"),
    "text that looks like a call": ('="TOTAL("&TOTAL(1)&")"', "TOTAL(1)"),
    "SINGLE": ("=SINGLE(SCALED(Yn))", 2 * Y[0]),
    "SINGLE in a later row": ("=SINGLE(SCALED(Yn,7))*1", 7 * Y[0]),
    "ROWS of a table": ("=ROWS(T)*TOTAL(1)", 20),
}


def test_every_form_of_argument(path):
    cells = {f"A{i}": (form, DYNAMIC) for i, (form, _) in enumerate(FORMS.values(), 1)}
    book(path, cells)
    report = refresh(path)
    assert report.status == "ok", report.not_calculated
    seen = Seen(path)
    for row, (name, (_, expected)) in enumerate(FORMS.items(), 1):
        got = seen[f"A{row}"]
        same = got == expected or (
            isinstance(expected, float | int) and math.isclose(got, expected, abs_tol=1e-12)
        )
        assert same, (name, got, expected)


def test_same_values_through_a_second_reader(path):
    book(path, {f"A{i}": (form, DYNAMIC) for i, (form, _) in enumerate(FORMS.values(), 1)})
    refresh(path)
    seen, other = Seen(path), cellrune.Workbook.open_path(path)
    values = other.read_range("My Calc", "A1", f"A{len(FORMS)}", values_only=True)["values"]
    stored = {v["address"]: v["value"].get("value") for v in values}
    assert all(seen[cell] == value for cell, value in stored.items())
    assert len(stored) == len(FORMS)


def test_blank_text_boolean_and_error_cells_reach_the_function_as_they_are(path):
    functions = fakes()
    cells = {"B1": 1.5, "B3": "text", "B4": True, "B6": 2.0}
    forms = [
        "B1:B6",
        "INDEX(B1:C6,0,1)",
        "OFFSET(B1,0,0,6,1)",
        "CHOOSECOLS(B1:C6,1)",
        "IF(TRUE,B1:B6)",
    ]
    formulas = {f"D{i}": (f"=KINDS({form})", DYNAMIC) for i, form in enumerate(forms, 1)}
    book(path, {"B5": ("=1/0", PLAIN), **formulas}, cells)
    refresh(path, functions)
    assert Seen(path).column("D", 1, 5) == ["n-sben"] * 5
    received = functions["KINDS"].calls[0][0]
    assert received[4][0] == "#DIV/0!"
    assert isinstance(received[4][0], ExcelError)


def test_one_blank_cell_is_none_and_numbers_are_one_float_matrix(path):
    functions = fakes()
    book(path, {"A1": ("=TOTAL(Yn,Z9,INDEX(Z1:Z9,4),3)", DYNAMIC)})
    refresh(path, functions)
    ((numbers, blank, reached, three),) = functions["TOTAL"].calls
    assert isinstance(numbers, np.ndarray)
    assert numbers.dtype == np.float64
    assert numbers.shape == (20, 1)
    assert blank is None
    assert reached is None
    assert three == 3.0


def test_whole_columns_of_one_sheet_have_one_length(path):
    functions = {"LENGTHS": Fake(lambda *ranges: str([len(r) for r in ranges]))}
    book(path, {"A1": ("=LENGTHS(Data!A:A,Data!B:C,Data!A2:A500)", DYNAMIC)})
    refresh(path, functions)
    assert Seen(path)["A1"] == "[21, 21, 499]"


def two_sheets_of_unequal_length(path, formula):
    workbook = xlsxwriter.Workbook(path)
    calc, short, long = (workbook.add_worksheet(name) for name in ("Calc", "Short", "Long"))
    for row in range(30):
        long.write(row, 0, float(row % 7))
        if row < 25:
            short.write(row, 0, float(row % 5))
    calc.write_dynamic_array_formula("A1:A1", formula, value=-1)
    workbook.close()


def test_whole_columns_of_two_sheets_have_one_length_in_a_call(path):
    functions = {"LENGTHS": Fake(lambda *ranges: str([len(r) for r in ranges]))}
    two_sheets_of_unequal_length(path, "=LENGTHS(Short!A:A,Long!$A:$A)")
    assert refresh(path, functions).status == "ok"
    assert Seen(path, "Calc")["A1"] == "[30, 30]"


def test_pairs_of_whole_columns_of_two_sheets_are_refused_not_guessed(path):
    two_sheets_of_unequal_length(path, "=SLOPE(Short!A:A,'Long'!A:A)")
    report = refresh(path)
    assert "whole columns of two sheets" in report.not_calculated[0].reason
    assert Seen(path, "Calc")["A1"] == -1


def test_equal_calls_are_made_once(path):
    functions = fakes()
    formulas = {f"A{i}": ("=TOTAL(Yn,2)", DYNAMIC) for i in range(1, 9)}
    report = refresh(book(path, formulas), functions)
    assert report.calls == len(functions["TOTAL"].calls) == 1
    assert Seen(path).column("A", 1, 8) == [pytest.approx(Y.sum() + 2)] * 8


def test_unqualified_ranges_belong_to_the_sheet_of_the_formula(path):
    workbook = xlsxwriter.Workbook(path)
    for name, value in (("One", 1), ("Two", 2)):
        sheet = workbook.add_worksheet(name)
        sheet.write("A1", value)
        sheet.write_dynamic_array_formula("B1:B1", "=TOTAL(A1)")
    workbook.close()
    refresh(path)
    assert (Seen(path, "One")["B1"], Seen(path, "Two")["B1"]) == (1, 2)


SPELLINGS = [
    b"_xll.TOTAL(5)",
    b"[1]!TOTAL(5)",
    b"'C:\\a b\\x.xlam'!TOTAL(5)",
    b"x.xlam!TOTAL(5)",
    b"_xldudf_TOTAL(5)",
    b"_xldudf_SPACE_TOTAL(5)",
    b"_xludf.TOTAL(5)",
    b"Total( 5 )",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_an_add_in_function_is_known_and_kept(path, spelling):
    patch = in_sheet(1, (b">TOTAL(5)", b">" + spelling))
    book(path, {"A1": ("=TOTAL(5)", DYNAMIC)}, patch=patch)
    assert refresh(path).status == "ok"
    assert Seen(path)["A1"] == 5
    assert spelling in parts(path)[SHEET1]


def test_chain_of_calls_through_cells_and_spills(path):
    formulas = {
        "A1": ("=SCALED(Yn,10)", DYNAMIC),
        "C1": ("=TOTAL(ANCHORARRAY(A1))", DYNAMIC),
        "C2": ("=TOTAL(A2:A20)", DYNAMIC),
        "C3": ("=C2*2", PLAIN),
        "C4": ("=TOTAL(C3)", DYNAMIC),
        "D1": ("=ANCHORARRAY(A1)*C4", DYNAMIC),
        "F1": ("=TOTAL(D1:D20)", DYNAMIC),
        "F2": ("=TOTAL(A:A)", DYNAMIC),
    }
    assert refresh(book(path, formulas)).status == "ok"
    seen, tail = Seen(path), 10 * Y[1:].sum()
    assert seen["C1"] == pytest.approx(10 * Y.sum())
    assert seen["C4"] == pytest.approx(2 * tail)
    assert seen["F1"] == pytest.approx(10 * Y.sum() * 2 * tail)
    assert seen["F2"] == pytest.approx(10 * Y.sum())


def test_plain_formula_shows_the_first_cell_and_says_so(path):
    formulas = {
        "A5": ("=SCALED(Yn)", PLAIN),
        "A6": ("=SCALED(Yn)+1", PLAIN),
        "A7": ("=TOTAL(1)", PLAIN),
    }
    report = refresh(book(path, formulas))
    assert Seen(path).column("A", 5, 8) == [2 * Y[0], 2 * Y[0] + 1, 1, None]
    assert [w.partition(":")[0] for w in report.warnings] == ["My Calc!A5"]


def test_plain_formula_with_array_arithmetic_is_refused_not_guessed(path):
    report = refresh(
        book(path, {"A1": ("=TOTAL(Yn*2)", PLAIN), "A2": ("=TOTAL(IF(Yn>0,1))", PLAIN)})
    )
    assert [n.cell for n in report.not_calculated] == ["My Calc!A1", "My Calc!A2"]
    assert "without the dynamic-array mark" in report.not_calculated[0].reason


def test_fixed_array_fills_its_range_with_na_and_repeats_single_rows(path):
    formulas = {
        "G1": ("=SCALED(Data!A2:A5)", "G1:G6"),
        "H1": ("=SCALED(Data!A2:A3)+1", "H1:H2"),
        "J1": ("=SCALED(Data!A2:C2)", "J1:M2"),
        "O1": ("=TOTAL(4)", "O1:P2"),
        "R1": ("=TOTAL(5)", "R1:R1"),
    }
    assert refresh(book(path, formulas)).status == "ok"
    seen = Seen(path)
    assert seen.column("G", 1, 6) == [*(2 * Y[:4]), "#N/A", "#N/A"]
    assert seen.column("H", 1, 2) == [2 * Y[0] + 1, 2 * Y[1] + 1]
    assert [seen[f"{c}2"] for c in "JKLM"] == [*(2 * data()[0, :3]), "#N/A"]
    assert [seen[c] for c in ("O1", "O2", "P1", "P2", "R1")] == [4, 4, 4, 4, 5]


def test_shared_formulas_are_moved_and_stay_shared(path):
    shared = in_sheet(
        1,
        (b"<f>TOTAL(B1)</f>", b'<f t="shared" ref="A1:A3" si="0">TOTAL(B1)</f>'),
        (b"<f>TOTAL(B2)</f>", b'<f t="shared" si="0"/>'),
        (b"<f>TOTAL(B3)</f>", b'<f t="shared" si="0"/>'),
    )
    formulas = {f"A{i}": (f"=TOTAL(B{i})", PLAIN) for i in (1, 2, 3)}
    book(path, formulas, {"B1": 1, "B2": 2, "B3": 3}, patch=shared)
    refresh(path)
    assert Seen(path).column("A", 1, 3) == [1, 2, 3]
    assert parts(path)[SHEET1].count(b'<f t="shared" si="0"/>') == 2


def test_table_formulas_of_this_row(path):
    formulas = {f"A{i}": ("=TOTAL(T[[#This Row],[Y]],1)", PLAIN) for i in (2, 5)}
    assert refresh(book(path, formulas)).status == "ok"
    assert (Seen(path)["A2"], Seen(path)["A5"]) == (Y[0] + 1, Y[3] + 1)


def set_b1(path, value):
    patched(path, lambda name, xml: re.sub(rb'(<c r="B1"[^>]*><v>)\d+', rb"\g<1>%d" % value, xml)
            if name == SHEET1 else xml)  # fmt: skip


def test_spill_grows_shrinks_and_is_blocked(path):
    formulas = {
        "A1": ("=COUNTING(B1)", DYNAMIC),
        "D1": ("=SUM(ANCHORARRAY(A1))", DYNAMIC),
        "E1": ("=ROWS(ANCHORARRAY(A1))", DYNAMIC),
        "F1": ("=SUM(A2:A8)", PLAIN),
    }
    book(path, formulas, {"B1": 4, "A9": "wall"})
    for size in (4, 7, 2, 8, 3):
        set_b1(path, size)
        assert refresh(path).status == "ok"
        seen = Seen(path)
        column = [*range(1, size + 1), *[None] * (8 - size), "wall"]
        assert seen.column("A", 1, 9) == column
        assert (seen["D1"], seen["E1"], seen["F1"]) == (
            size * (size + 1) / 2,
            size,
            sum(range(2, size + 1)),
        )
        assert f'ref="A1:A{size}"'.encode() in parts(path)[SHEET1]
    set_b1(path, 12)
    report = refresh(path)
    assert Seen(path).column("A", 1, 9) == ["#VALUE!", *[None] * 7, "wall"]
    first = report.errors[0]
    assert (first.cell, first.code, first.stored) == ("My Calc!A1", "#SPILL!", "#VALUE!")
    assert "not empty" in first.sentence
    set_b1(path, 2)
    refresh(path)
    assert Seen(path).column("A", 1, 3) == [1, 2, None]


def test_native_spills_around_ours(path):
    formulas = {
        "A1": ("=SEQUENCE(B1)*TOTAL(2)", DYNAMIC),
        "D1": ("=SORT(ANCHORARRAY(A1),1,-1)", DYNAMIC),
        "F1": ("=SEQUENCE(3)", DYNAMIC),
    }
    book(path, formulas, {"B1": 3})
    assert refresh(path).status == "ok"
    seen = Seen(path)
    assert [seen.column(c, 1, 4) for c in "ADF"] == [
        [2, 4, 6, None],
        [6, 4, 2, None],
        [1, 2, 3, None],
    ]


def test_second_run_changes_no_byte_and_does_not_touch_the_file(path):
    book(path, {f"A{i}": (form, DYNAMIC) for i, (form, _) in enumerate(FORMS.values(), 1)})
    first = refresh(path)
    content, stamp = path.read_bytes(), path.stat()
    second = refresh(path)
    assert first.written
    assert not second.written
    assert (second.changed_cells, second.changed_parts) == (0, [])
    assert path.read_bytes() == content
    assert (path.stat().st_mtime_ns, path.stat().st_ino) == (stamp.st_mtime_ns, stamp.st_ino)
    assert refresh_bytes(content, functions=fakes())[0] is content


def test_only_sheets_with_new_values_change(path):
    formulas = {"A1": ("=TOTAL(Yn)", DYNAMIC), "C1": ("=SCALED(Yn)", DYNAMIC)}
    book(path, formulas, patch=lambda _, xml: xml.replace(b' fullCalcOnLoad="1"', b""))
    patched(
        path, lambda name, xml: xml.replace(b"124519", b"191029") if "workbook" in name else xml
    )
    before = parts(path)
    report = refresh(path)
    after = parts(path)
    assert report.changed_parts == [SHEET1]
    assert list(before) == list(after)
    assert [name for name in before if before[name] != after[name]] == [SHEET1]
    assert b'cm="1"' in after[SHEET1]


@pytest.mark.filterwarnings("ignore:Sparkline:UserWarning")
def test_macros_ribbon_pictures_and_rules_keep_every_byte(tmp_path):
    path = tmp_path / "book.xlsm"
    workbook = xlsxwriter.Workbook(path)
    workbook.add_vba_project(io.BytesIO(b"any bytes"), is_stream=True)
    sheet = workbook.add_worksheet("My Calc")
    percent = workbook.add_format({"num_format": "0.00%", "bold": True})
    sheet.write_dynamic_array_formula("A1:A3", "=COUNTING(3)", percent, 1)
    sheet.write_comment("A1", "a note")
    sheet.conditional_format("A1:A9", {"type": "3_color_scale"})
    sheet.data_validation("B1", {"validate": "list", "source": ["a", "b"]})
    sheet.merge_range("D1:E1", "merged", percent)
    sheet.insert_button("F1", {"macro": "Go"})
    sheet.add_sparkline("G1", {"range": "A1:A3"})
    workbook.close()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("customUI/customUI14.xml", "<customUI/>")
    before = parts(path)
    refresh(path)
    after = parts(path)
    assert list(after) == list(before)
    assert {n for n in before if before[n] != after[n]} == {SHEET1, "xl/workbook.xml"}
    outside = re.compile(rb"<sheetData>.*</sheetData>", re.DOTALL)
    assert outside.sub(b"", after[SHEET1]) == outside.sub(b"", before[SHEET1])
    assert Seen(path).column("A", 1, 3) == [1, 2, 3]
    assert Seen(path).sheet["A1"].number_format == "0.00%"


def test_the_template_is_as_a_refresh_leaves_it(template_bytes):
    content, report = refresh_bytes(template_bytes)
    assert (report.status, report.changed_parts) == ("ok", [])
    assert content is template_bytes


def test_calculation_at_opening_is_switched_off_once_all_is_calculated(path):
    book(path, {"A1": ("=TOTAL(1)", DYNAMIC)})
    refresh(path)
    found = re.search(rb"<calcPr[^>]*>", parts(path)["xl/workbook.xml"])[0]
    assert b"fullCalcOnLoad" not in found
    assert b'calcId="191029"' in found
    book(path, {"A1": ("=NOSUCH(1)", DYNAMIC), "A2": ("=1+1", PLAIN)})
    assert refresh(path).status == "partial"
    assert b'fullCalcOnLoad="1"' in parts(path)["xl/workbook.xml"]


# ---------------------------------------------------------------------- values and errors


def test_errors_of_ours_are_real_error_values_with_their_sentence_in_the_report(path):
    functions = fakes() | {
        "NUMBER": Fake(given(ExcelError("#NUM!", "NUMBER: vol is 0; it must be above 0"))),
        "SERIES": Fake(
            given([[1.0], [ExcelError("#N/A")], [ExcelError("#N/A", "SERIES: no rows")]])
        ),
    }
    formulas = {
        "A1": ("=NUMBER()", DYNAMIC),
        "B1": ("=SERIES()", DYNAMIC),
        "A3": ("=NUMBER()*2", PLAIN),
        "A4": ("=IFERROR(NUMBER(),0)", PLAIN),
    }
    report = refresh(book(path, formulas), functions)
    assert report.status == "ok"
    assert b'<c r="A1" cm="1" t="e">' in parts(path)[SHEET1]
    assert Seen(path)["A1"] == "#NUM!"
    told = {e.cell: (e.code, e.sentence, e.function, e.shown) for e in report.errors}
    sentence = "NUMBER: vol is 0; it must be above 0"
    assert told == {
        "My Calc!A1": ("#NUM!", sentence, "NUMBER", True),
        "My Calc!A3": ("#NUM!", sentence, "NUMBER", True),
        "My Calc!A4": ("#NUM!", sentence, "NUMBER", False),
        "My Calc!B1": ("#N/A", "SERIES: no rows", "SERIES", True),
    }


def test_new_error_codes_are_stored_as_value_with_the_code_in_the_report(path):
    functions = {"CALC": Fake(given(ExcelError("#CALC!", "CALC: empty array")))}
    report = refresh(book(path, {"A1": ("=CALC()", DYNAMIC)}), functions)
    assert Seen(path)["A1"] == "#VALUE!"
    assert {(e.code, e.stored) for e in report.errors} == {("#CALC!", "#VALUE!")}


TEXTS = ["", " two spaces  ", "a&b<c>\"d'", "line\nbreak", "carriage\rreturn", "tab\t", "\x07bell",
         "_x0041_", "é€😀", "TRUE", "#N/A", "=1+1", "12", "]]>", "x" * 32767]  # fmt: skip


def test_text_of_every_kind_survives(path):
    functions = {f"TEXT{i}": Fake(given(text)) for i, text in enumerate(TEXTS)}
    book(path, {f"A{i + 1}": (f"=TEXT{i}()", DYNAMIC) for i in range(len(TEXTS))})
    assert refresh(path, functions).status == "ok"
    xml = parts(path)[SHEET1]
    assert b"_x0007_bell" in xml
    assert b"_x005F_x0041_" in xml
    assert b"carriage_x000D_return" in xml
    engine = cellrune.Workbook.open_path(path)
    for i, text in enumerate(TEXTS):
        got = engine.read_values("My Calc", f"A{i + 1}", f"A{i + 1}")[0][0]
        assert got["kind"] == "unavailable" or got == {"kind": "text", "value": text}
    seen = Seen(path)
    assert [seen[f"A{i}"] for i in (2, 3, 4, 9, 10)] == [TEXTS[i] for i in (1, 2, 3, 8, 9)]
    assert not refresh(path, functions).written


def test_odd_results_become_cells(path):
    odd = [None, math.inf, math.nan, np.float64(2.5), np.int64(3), True, -0.0, 1e-300, 1e300]
    odd += [0.1 + 0.2, "y" * 32768, "\ud800", [], [[1.0, 2.0], [3.0]]]
    expected = [
        "",
        "#NUM!",
        "#NUM!",
        2.5,
        3,
        True,
        0,
        1e-300,
        1e300,
        0.1 + 0.2,
        "#VALUE!",
        "?",
        "#VALUE!",
        1,
    ]
    functions = {f"ODD{i}": Fake(given(value)) for i, value in enumerate(odd)}
    book(path, {f"A{i * 3 + 1}": (f"=ODD{i}()", DYNAMIC) for i in range(len(odd))})
    refresh(path, functions)
    seen = Seen(path)
    got = [seen[f"A{i * 3 + 1}"] for i in range(len(odd))]
    assert [("" if value is None else value) for value in got] == expected
    assert (seen["A41"], seen["B41"]) == (3, "#N/A")


def test_today_follows_the_workbooks_date_system(path):
    now = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
    for date1904, serial in ((False, 45351), (True, 45351 - 1462)):
        patch = (b"<workbookPr ", b'<workbookPr date1904="1" ') if date1904 else (b"", b"")
        formulas = {
            "A1": ("=TODAY()", PLAIN),
            "A2": ("=NOW()", PLAIN),
            "A3": ("=TOTAL(TODAY())", DYNAMIC),
        }
        book(
            path,
            formulas,
            patch=lambda _, xml, patch=patch: xml.replace(*patch) if patch[0] else xml,
        )
        refresh(path, now=now)
        xml = parts(path)[SHEET1].decode()
        values = re.findall(r"<v>([^<]*)</v>", xml)
        assert [float(v) for v in values[:3]] == [serial, serial + 0.5, serial]


def test_random_numbers_are_the_same_at_every_refresh(path):
    book(path, {"A1": ("=RAND()", PLAIN), "A2": ("=TOTAL(A1)", DYNAMIC)})
    assert refresh(path).status == "ok"
    assert 0 < Seen(path)["A1"] == Seen(path)["A2"] < 1
    assert not refresh(path).written


def test_progress_counts_every_call_once(path):
    book(path, {f"A{i}": (f"=TOTAL(Yn,{i})", DYNAMIC) for i in range(1, 6)})
    steps = []
    refresh(path, progress=lambda done, total, text: steps.append((done, total, text)))
    assert steps[0] == (0, 0, "reading the workbook")
    assert steps[1] == (0, 5, "calculating the cells, round 1")
    called = [step for step in steps if step[2].startswith("TOTAL")]
    assert called == [(i, 5, f"TOTAL in My Calc!A{i}") for i in range(1, 6)]
    assert steps[-1] == (5, 5, "writing the values")


def test_report_is_json(path):
    report = refresh(book(path, {"A1": ("=FAILING(1)", DYNAMIC), "A2": ("=NOSUCH()", PLAIN)}))
    content = json.loads(report.to_json())
    assert content["status"] == "partial"
    assert content["errors"][0]["sentence"] == "FAKE: nothing to divide"
    assert content["not_calculated"] == [
        {
            "cell": "My Calc!A2",
            "formula": "=NOSUCH()",
            "reason": "the function NOSUCH is not supported",
        }
    ]


def test_refresh_in_memory_names_the_workbook_in_its_errors():
    with pytest.raises(FactorError, match=r"^mine\.xlsx: it is not an Excel workbook"):
        refresh_bytes(b"no zip", name="mine.xlsx", functions={})


def test_catalogue_is_the_default():
    buffer = io.BytesIO()
    book(buffer, {"A1": ("=VOL_SCALE(0.01,252,12)", DYNAMIC)})
    content, report = refresh_bytes(buffer.getvalue())
    assert report.status == "ok"
    assert Seen(io.BytesIO(content))["A1"] == pytest.approx(0.01 * math.sqrt(21))


def test_unknown_exception_in_a_function_is_not_hidden(path):
    book(path, {"A1": ("=TOTAL(1)", DYNAMIC)})
    before = path.read_bytes()
    with pytest.raises(ValueError, match="ours"):
        refresh(path, {"TOTAL": Fake(lambda *_: (_ for _ in ()).throw(ValueError("ours")))})
    assert path.read_bytes() == before
