"""The checker itself: a sound workbook passes, and each kind of damage is found and named."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import pytest
from check_workbook import problems
from small_workbook import CATALOGUE, SHEETS, parts_of, small_workbook, unfinished, workbook_of

from factor_core.workbook import macros
from factor_core.workbook.vba_project import Module, VbaProject
from factor_core.workbook.wrappers import functions_module, wizard_module

BOOK, STYLES, TYPES = "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"
INPUTS, RESULTS = "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"
CHART, RIBBON, MACROS = "xl/charts/chart1.xml", "customUI/customUI14.xml", "xl/vbaProject.bin"


@pytest.fixture(scope="module")
def parts():
    return parts_of(small_workbook())


def test_sound_workbook_has_no_problems(parts):
    assert problems(workbook_of(parts)) == []


def test_workbook_without_ribbon_has_no_problems():
    assert problems(unfinished()) == []


def test_file_on_disk_is_read(tmp_path):
    path = tmp_path / "small.xlsm"
    path.write_bytes(small_workbook())
    assert problems(path) == problems(str(path)) == []


def test_file_that_is_no_zip_is_one_problem():
    assert problems(b"not a workbook") == ["not a workbook file: File is not a zip file"]


@pytest.mark.parametrize(
    ("part", "old", "new", "found"),
    [
        # the package
        (INPUTS, "</worksheet>", "", "not well-formed"),
        (TYPES, 'PartName="/xl/styles.xml"', 'PartName="/xl/gone.xml"', "missing part xl/gone.xml"),
        (TYPES, 'Extension="bin"', 'Extension="dat"', "xl/vbaProject.bin: no content type"),
        (
            "xl/_rels/workbook.xml.rels",
            'Target="styles.xml"',
            'Target="x.xml"',
            "leads to a missing",
        ),
        ("xl/_rels/workbook.xml.rels", 'Id="rId2"', 'Id="rId1"', "2 relationships rId1"),
        (RESULTS, 'r:id="rId1"', 'r:id="rId9"', "drawing uses a missing rId9"),
        # the workbook
        (BOOK, 'name="Inputs"', 'name="In/puts"', "bad sheet name 'In/puts'"),
        (BOOK, 'name="Inputs"', f'name="{"I" * 32}"', "bad sheet name"),
        (BOOK, 'name="Inputs"', 'name="RESULTS"', "2 sheets named results"),
        (BOOK, 'sheetId="2"', 'sheetId="1"', "2 sheets with the id 1"),
        (BOOK, "sheetId=", 'state="hidden" sheetId=', "no sheet is visible"),
        (BOOK, "<calcPr", '<calcPr fullCalcOnLoad="1"', "fullCalcOnLoad is on"),
        (BOOK, "191029", "124519", "calcId is older"),
        (
            BOOK,
            "<definedName ",
            '<definedName name="assetreturns">1</definedName><definedName ',
            "2",
        ),
        (BOOK, 'name="AssetReturns"', 'name="FF3"', "illegal defined name FF3"),
        (BOOK, 'name="AssetReturns"', 'name="R1C1"', "illegal defined name R1C1"),
        (BOOK, "Inputs!$A$2:$A$9", "Gone!$A$2:$A$9", "missing sheet Gone"),
        (BOOK, "Inputs!$A$2:$A$9", "Inputs!#REF!", "refers to nothing"),
        (BOOK, "<definedName ", '<definedName localSheetId="7" ', "belongs to a missing sheet"),
        (STYLES, 'fontId="1"', 'fontId="77"', "fontId beyond the fonts"),
        (STYLES, '<fonts count="', '<fonts count="1', "fonts and hold"),
        (STYLES, 'numFmtId="164" font', 'numFmtId="199" font', "number format 199 is not defined"),
        (CHART, "Inputs!$A$2", "Gone!$A$2", "a series refers to a missing sheet Gone"),
        (CHART, "<c:valAx><c:axId val=", "<c:valAx><c:axId val='8'/><c:x val=", "is not defined"),
        # the cells
        (INPUTS, "<pageMargins", "<sheetData/><pageMargins", "elements stand in the wrong order"),
        (INPUTS, 'r="A2"', 'r="C2"', "cell out of order"),
        (INPUTS, 'r="B2"', 'r="A2"', "cell out of order"),
        (INPUTS, 'r="B2"', 'r="B3"', "cell out of order"),
        (INPUTS, '<c r="B2"', '<c r="B2" s="99"', "style 99 is missing"),
        (RESULTS, 'cm="1"', 'cm="2"', "cell metadata 2 is missing"),
        (INPUTS, 't="s"><v>0<', 't="s"><v>900<', 'type s that is "900"'),
        (INPUTS, '<c r="B2"><v>', '<c r="B2" t="b"><v>', "type b"),
        (INPUTS, '<c r="B2"><v>', '<c r="B2"><v>nan', "type n"),
        (INPUTS, '<c r="B2"><v>0.02', '<c r="B2"><v>inf', "type n"),
        (RESULTS, "#N/A", "#OOPS!", "type e"),
        (RESULTS, "<f>_xlfn", "<f>=_xlfn", "stored with its ="),
        (RESULTS, "VAR.S(AssetReturns)", "VAR.S((AssetReturns)", "unbalanced parentheses"),
        (RESULTS, "_xlfn.VAR.S", "VAR.S", "VAR.S is stored without _xlfn."),
        (RESULTS, "_xlfn.VAR.S", "LET", "LET is stored without _xlfn."),
        (RESULTS, "VAR.S(AssetReturns)", "VAR.S(Gone!A1)", "missing sheet Gone"),
        (RESULTS, 'ref="A2:B5"', 'ref="A3:B5"', "array formula for A3:B5"),
        (RESULTS, 'r="B5"><v>', 'r="B5"><f>1+1</f><v>', "Results!B5: a formula inside the result"),
        (
            RESULTS,
            "<pageMargins",
            '<mergeCells count="1"><mergeCell ref="B5:C6"/></mergeCells><pageMargins',
            "array A2:B5 and merged B5:C6 overlap",
        ),
        (INPUTS, "'Results'!A1", "'Gone'!A1", "a link leads to a missing sheet Gone"),
        (INPUTS, 'dxfId="0"', 'dxfId="5"', "missing style 5"),
        (INPUTS, '"asset,market"', f'"{"a," * 200}"', "a list of choices of 400 characters"),
        (INPUTS, '"asset,market"', "Gone!$A$1:$A$3", "a validation refers to a missing sheet Gone"),
        (INPUTS, 'sqref="D1"', 'sqref="D0"', "dataValidation for D0"),
        # macros and ribbon
        (TYPES, "ms-excel.sheet.macroEnabled", "ms-excel.sheet", "says that it has none"),
        (TYPES, "ms-office.vbaProject", "ms-office.other", "another part's content type"),
        (RESULTS, "shtResults", "shtOther", "no module for the code name shtOther"),
        (BOOK, 'codeName="ThisWorkbook"', 'codeName="Book"', "no module for the code name Book"),
        (RIBBON, "2009/07/customui", "2006/01/customui", "namespace does not fit"),
        (RIBBON, "FactorModelsRefreshAll", "FactorModelsTab", "2 controls FactorModelsTab"),
        (RIBBON, "OnRefreshAll", "OnRefreshSome", "OnRefreshSome is no public procedure"),
        (RIBBON, "OnRefreshAll", "AfterOpening", "needs a Sub with 1 parameter"),
        (RIBBON, 'onAction="RibbonCallbacks.OnR', 'getLabel="RibbonCallbacks.OnR', "2 parameter"),
        (RIBBON, 'keytip="R"', 'keytip="RRRR"', "keytip has over 3 characters"),
        (RIBBON, 'keytip="R"', 'keytip="E"', "keytips E and E are in each other's way"),
        (RIBBON, 'keytip="R"', 'keytip="EA"', "keytips EA and E are in each other's way"),
        (RIBBON, 'keytip="R"', 'keytip="r"', "r is no keytip"),
        (RIBBON, "IsTabWanted", "OnAbout", "needs a Sub with 2 parameter"),
        (TYPES, "sheet.macroEnabled.main", "template.macroEnabled.main", "does not open"),
    ],
)
def test_damage_is_found(parts, part, old, new, found):
    text = parts[part].decode()
    assert old in text
    damaged = workbook_of(parts | {part: text.replace(old, new).encode()})
    assert any(found in problem for problem in problems(damaged)), problems(damaged)


@pytest.mark.parametrize("name", [BOOK, STYLES, TYPES, "_rels/.rels"])
def test_missing_part_is_found(parts, name):
    damaged = workbook_of({part: blob for part, blob in parts.items() if part != name})
    assert f"{name} is missing" in problems(damaged)


def test_part_that_nothing_leads_to_is_found(parts):
    damaged = workbook_of(parts | {"xl/stray.xml": b"<stray/>"})
    assert "xl/stray.xml: no relationship leads to this part" in problems(damaged)


def test_two_parts_of_one_name_are_found(parts):
    damaged = workbook_of(parts | {"xl/STYLES.xml": parts[STYLES]})
    assert "xl/styles.xml: 2 parts of this name" in problems(damaged)


def test_flipped_byte_is_found(parts):
    file = bytearray(workbook_of(parts))
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        file[archive.getinfo(BOOK).header_offset + 200] ^= 1
    assert any("CRC" in problem for problem in problems(bytes(file)))


def test_truncated_macro_project_is_found(parts):
    damaged = workbook_of(parts | {MACROS: parts[MACROS][:5000]})
    assert "xl/vbaProject.bin is damaged" in problems(damaged)


def test_missing_macro_project_is_found(parts):
    damaged = workbook_of({part: blob for part, blob in parts.items() if part != MACROS})
    assert "the workbook says that it has macros and has none" in problems(damaged)


# ------------------------------------------------------------------ damage inside the VBA project


class Unchecked(Module):
    """A module whose text is stored as it stands: what a bad writer would do."""

    def source(self):
        return self.code


class Mislabelled(VbaProject):
    def _project_stream(self):
        return super()._project_stream().replace(b"Module=FactorRuntime", b"Module=FactorRun")


class WronglyProtected(VbaProject):
    def _project_stream(self):
        return re.sub(rb'GC="..', b'GC="00', super()._project_stream())


def sound_modules():
    return [
        Module("ThisWorkbook", "workbook"),
        *(Module(name, "sheet") for name in SHEETS.values()),
        Module("FactorFunctions", code=functions_module(CATALOGUE)),
        Module("FactorWizard", code=wizard_module(CATALOGUE)),
        *(Module(name, code=macros.source(f"{name}.bas")) for name in macros.OWN_MODULES),
    ]


def with_module(text, name="Extra"):
    return VbaProject([*sound_modules(), Unchecked(name, code=text)], "FactorModels")


NAMED = 'Attribute VB_Name = "Extra"\r\n'


def test_small_project_of_own_modules_is_sound(parts):
    project = VbaProject(sound_modules(), "FactorModels")
    assert problems(workbook_of(parts | {MACROS: project.to_bytes()})) == []


@pytest.mark.parametrize(
    ("project", "found"),
    [
        (with_module('Attribute VB_Name = "Other"\r\n'), "its VB_Name is Other"),
        (with_module(f"{NAMED}' {'x' * 1030}\r\n"), "line 2: more than 1,023 characters"),
        (with_module(NAMED + "x = 1 + _\r\n" * 25), "line 26: more than 24 continued lines"),
        (
            with_module(f"{NAMED}Sub AfterOpening()\r\nEnd Sub\r\n"),
            "afteropening is a public procedure of",
        ),
        (with_module(f"{NAMED}Function FF3()\r\nEnd Function\r\n"), "ff3 is a cell address"),
        (with_module(f"{NAMED}Sub Extra()\r\nEnd Sub\r\n"), "extra has a module's name"),
        (with_module(f"{NAMED}Sub A()\r\nEnd Sub\r\nSub a()\r\nEnd Sub\r\n"), "a is a public"),
        (VbaProject(sound_modules()[:-1], "FactorModels"), "is no public procedure"),
        (VbaProject([*sound_modules(), Module("shtGone", "sheet")], "P"), "shtGone is no sheet's"),
        (VbaProject(sound_modules(), "P", references=()), "need a reference to Office"),
        (Mislabelled(sound_modules(), "P"), "PROJECT lists"),
        (WronglyProtected(sound_modules(), "P"), "GC does not fit the project's id"),
    ],
)
def test_damaged_macros_are_found(parts, project, found):
    damaged = workbook_of(parts | {MACROS: project.to_bytes()})
    assert any(found in problem for problem in problems(damaged)), problems(damaged)


def test_sheet_module_of_another_kind_is_found(parts):
    modules = sound_modules()
    modules[1] = replace(modules[1], kind="chartsheet")
    damaged = workbook_of(parts | {MACROS: VbaProject(modules, "P").to_bytes()})
    assert "VBA: module shtInputs is of another kind than its sheet" in problems(damaged)
