"""Finishing the file that XlsxWriter wrote.

Oracles: openpyxl 3.1.5 reads it; openxml-audit 0.8.0 checks it by the schemas of Microsoft 365.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter
from small_workbook import SPILL, parts_of, small_workbook, unfinished

from factor_core.workbook import macros, package

RESULTS = "xl/worksheets/sheet2.xml"
CHANGED = {RESULTS, "xl/sharedStrings.xml", "_rels/.rels"}


@pytest.fixture(scope="module")
def finished():
    return small_workbook()


def written(write):
    """Return the bytes of a one-sheet workbook."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    write(book, book.add_worksheet("One"))
    book.close()
    return buffer.getvalue()


def finish(xlsx, areas):
    return package.finish(xlsx, ribbon=macros.ribbon(), spills={"One": areas})


def test_spilled_text_is_a_formula_result(finished):
    sheet = parts_of(finished)[RESULTS].decode()
    assert '<c r="B2" t="str"><v>coef</v></c>' in sheet
    assert '<c r="A3" t="str"><v>alpha &lt; 0 &amp; so on</v></c>' in sheet


def test_spilled_error_is_an_error(finished):
    assert '<c r="B4" t="e"><v>#N/A</v></c>' in parts_of(finished)[RESULTS].decode()


def test_typed_text_stays_a_shared_string(finished):
    assert '<c r="A1" t="s"><v>0</v></c>' in parts_of(finished)[RESULTS].decode()


def test_another_reader_sees_the_same_cells_before_and_after(finished):
    before, after = (
        openpyxl.load_workbook(io.BytesIO(blob), data_only=True)
        for blob in (unfinished(), finished)
    )
    for sheet in before.worksheets:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        assert rows == [[cell.value for cell in row] for row in after[sheet.title].iter_rows()]


def test_parts_that_need_nothing_keep_their_bytes(finished):
    before, after = parts_of(unfinished()), parts_of(finished)
    assert after.keys() - before.keys() == {"customUI/customUI14.xml"}
    assert {name for name in before if before[name] != after[name]} == CHANGED


def test_bytes_around_a_changed_cell_stay():
    def write(book, sheet):
        sheet.write_string(0, 0, "x", book.add_format({"bold": True}))
        sheet.write_string(5, 3, "outside")

    before = written(write)
    after = parts_of(finish(before, [(0, 0, 0, 0)]))["xl/worksheets/sheet1.xml"]
    old = b'<c r="A1" s="1" t="s"><v>0</v></c>'
    new = b'<c r="A1" s="1" t="str"><v>x</v></c>'
    assert after == parts_of(before)["xl/worksheets/sheet1.xml"].replace(old, new)


@pytest.mark.parametrize(
    "text",
    ["a & b < c > d", '"quoted"', "  spaces  ", "Größe €", "line\nbreak", "'", "]]>", "\ttab"],
)
def test_text_survives_becoming_a_result(text):
    blob = finish(written(lambda _, sheet: sheet.write_string(0, 0, text)), [(0, 0, 0, 0)])
    assert openpyxl.load_workbook(io.BytesIO(blob))["One"]["A1"].value == text


def test_uses_of_shared_strings_are_counted():
    def write(_, sheet):
        for row in range(4):
            sheet.write_string(row, 0, "same")

    strings = parts_of(finish(written(write), [(0, 0, 2, 0)]))["xl/sharedStrings.xml"]
    assert b'count="1" uniqueCount="1"' in strings


def test_workbook_without_text_can_be_finished():
    blob = finish(written(lambda _, sheet: sheet.write_number(0, 0, 1.5)), [(0, 0, 3, 3)])
    assert openpyxl.load_workbook(io.BytesIO(blob))["One"]["A1"].value == 1.5


def test_sheet_with_a_name_of_many_characters_is_found():
    def write(book, _):
        book.add_worksheet("R&D 'quoted' €").write_string(0, 0, "x")

    blob = package.finish(
        written(write), ribbon=macros.ribbon(), spills={"R&D 'quoted' €": [(0, 0, 0, 0)]}
    )
    assert b'<c r="A1" t="str"><v>x</v></c>' in parts_of(blob)["xl/worksheets/sheet2.xml"]


def test_ribbon_is_added_whole(finished):
    parts = parts_of(finished)
    assert parts["customUI/customUI14.xml"] == macros.ribbon()
    assert b'Target="customUI/customUI14.xml"/></Relationships>' in parts["_rels/.rels"]


def test_two_builds_are_the_same_bytes(finished):
    assert small_workbook() == finished


def test_file_says_nothing_of_this_machine_or_day(finished):
    with zipfile.ZipFile(io.BytesIO(finished)) as archive:
        entries = archive.infolist()
    assert [entry.filename for entry in entries[:2]] == ["[Content_Types].xml", "_rels/.rels"]
    names = [entry.filename for entry in entries[2:]]
    assert names == sorted(names)
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {entry.create_system for entry in entries} == {3}


def test_finishing_twice_is_refused(finished):
    with pytest.raises(ValueError, match="has a ribbon already"):
        package.finish(finished, ribbon=macros.ribbon(), spills=SPILL)


def test_unknown_sheet_is_refused():
    with pytest.raises(ValueError, match="no sheet Gone"):
        package.finish(unfinished(), ribbon=macros.ribbon(), spills={"Gone": []})


def test_addin_differs_from_the_workbook_by_its_type_only(finished):
    addin = package.finish(unfinished(), ribbon=macros.ribbon(), spills=SPILL, is_addin=True)
    before, after = parts_of(finished), parts_of(addin)
    types = "[Content_Types].xml"
    assert {name for name in before if before[name] != after[name]} == {types}
    main = b'PartName="/xl/workbook.xml" ContentType="application/vnd.ms-excel.%s.macroEnabled'
    assert main % b"sheet" in before[types]
    assert main % b"addin" in after[types]


def test_addin_without_macros_is_refused():
    plain = written(lambda _, sheet: sheet.write_number(0, 0, 1.5))
    with pytest.raises(ValueError, match="made of a workbook with macros"):
        package.finish(plain, ribbon=macros.ribbon(), spills={}, is_addin=True)


def test_rich_text_in_a_spilled_cell_is_refused():
    def write(book, sheet):
        sheet.write_rich_string(0, 0, "plain", book.add_format({"bold": True}), "bold")

    with pytest.raises(ValueError, match="A1 is spilled; rich text cannot stand there"):
        finish(written(write), [(0, 0, 0, 0)])
    assert finish(written(write), [(1, 0, 1, 0)])


def test_ribbon_that_is_none_is_refused():
    with pytest.raises(ValueError, match="no customUI document"):
        package.finish(unfinished(), ribbon=b"<ribbon/>", spills={})


def test_validator_of_office_files_finds_nothing(finished, tmp_path):
    audit = shutil.which("openxml-audit", path=Path(sys.executable).parent)
    if audit is None:
        pytest.skip("openxml-audit is not installed")
    path = tmp_path / "small.xlsm"
    path.write_bytes(finished)
    done = subprocess.run(
        [audit, "-f", "microsoft365", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
