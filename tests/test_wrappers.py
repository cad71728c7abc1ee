"""The VBA side: wrappers made from the catalogue, our own modules, the ribbon, the whole project.

Oracle: vbalidator 1.7.0 (the object model of Excel's type library) for what VBA's compiler takes.
LibreOffice runs the same modules in the tests of the Excel side.
"""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from check_macros import Project
from hypothesis import given
from hypothesis import strategies as st
from small_workbook import CATALOGUE, function

from factor_core.errors import ERROR_CODES
from factor_core.workbook import macros
from factor_core.workbook.vba_project import Module
from factor_core.workbook.wrappers import (
    VBA_WORDS,
    check_names,
    functions_module,
    is_cell_address,
)

OWN_SOURCES = ("FactorRuntime.bas", "RibbonCallbacks.bas", "ThisWorkbook.cls")


def module_of(*functions):
    return functions_module({f.name: f for f in functions})


def joined(text):
    """Return VBA text with its continued lines joined."""
    return re.sub(r" _\n\s*", " ", text)


# ------------------------------------------------------------------------------- the wrappers


def test_each_catalogue_function_is_one_worksheet_function():
    text = joined(functions_module(CATALOGUE))
    assert re.findall(r"^Public Function (\w+)\(", text, re.MULTILINE) == list(CATALOGUE)
    assert text.count("End Function") == len(CATALOGUE)


def test_wrapper_hands_every_argument_over_in_order():
    assert module_of(CATALOGUE["FACTOR_BETA"]).endswith(
        "Public Function FACTOR_BETA(asset_returns, factor_returns, Optional factor)\n"
        'Attribute FACTOR_BETA.VB_Description = "One sentence."\n'
        '    FACTOR_BETA = FactorCall("FACTOR_BETA", '
        "Array(asset_returns, factor_returns, factor))\n"
        "End Function\n"
    )


def test_function_without_arguments_hands_an_empty_array_over():
    assert 'ADDIN_INFO = FactorCall("ADDIN_INFO", Array())' in module_of(CATALOGUE["ADDIN_INFO"])


def test_quotes_in_a_sentence_are_doubled():
    text = module_of(function("SHARPE_RATIO", "returns", summary='The "Sharpe" ratio.'))
    assert 'VB_Description = "The ""Sharpe"" ratio."' in text


@given(st.integers(1, 60))
def test_long_signatures_are_folded_within_the_limits_of_vba(count):
    names = [f"argument_number_{i}{'?' if i > 2 else ''}" for i in range(count)]
    text = module_of(function("SIZE_TO_LIMITS", *names))
    assert max(map(len, text.splitlines())) <= 102
    signature = joined(text).partition("Public Function SIZE_TO_LIMITS(")[2].partition(")")[0]
    wanted = [f"Optional {n[:-1]}" if n.endswith("?") else n for n in names]
    assert signature.split(", ") == wanted
    assert Module("FactorFunctions", code=text).source()  # no line or continuation too many


def test_sentence_that_the_wizard_would_cut_is_refused():
    assert module_of(function("LONGEST", summary="x" * 255))
    with pytest.raises(ValueError, match="LONGEST: its sentence has 256 characters"):
        module_of(function("LONGEST", summary="x" * 256))


@pytest.mark.parametrize("word", ["date", "end", "type", "Const", "scale", "name", "next"])
def test_words_of_vba_are_refused_as_names(word):
    with pytest.raises(ValueError, match=f'FF_FACTORS: "{word}" is a word of VBA'):
        module_of(function("FF_FACTORS", "model?", f"{word}?"))
    with pytest.raises(ValueError, match="is a word of VBA"):
        module_of(function(word))


@pytest.mark.parametrize("name", ["FF3", "M2", "R2", "GH1", "HC3", "XFD1048576", "RC", "R1C1", "C"])
def test_cell_addresses_are_refused_as_function_names(name):
    assert is_cell_address(name)
    assert is_cell_address(name.lower())
    with pytest.raises(ValueError, match=f"{name} is a cell address"):
        check_names(function(name))


@pytest.mark.parametrize("name", ["FACTOR_BETA", "MSQUARED", "XFE1", "ABCD1", "R_SQUARED"])
def test_other_names_are_no_cell_addresses(name):
    assert not is_cell_address(name)


@pytest.mark.parametrize("name", ["a b", "1st", "größe", "a-b", "_a"])
def test_names_that_vba_cannot_spell_are_refused(name):
    with pytest.raises(ValueError, match="is no VBA name"):
        check_names(function("FACTOR_BETA", name))


def test_names_that_differ_in_case_only_are_refused():
    with pytest.raises(ValueError, match="differ in case only"):
        check_names(function("FACTOR_BETA", "beta", "Beta"))
    with pytest.raises(ValueError, match="differ in case only"):
        check_names(function("BETA", "beta"))


def test_words_of_vba_are_lower_case():
    assert all(word == word.lower() for word in VBA_WORDS)


# --------------------------------------------------------------------------- our own modules


def test_module_name_in_each_source_is_its_file_name():
    for name in OWN_SOURCES:
        assert f'Attribute VB_Name = "{name.partition(".")[0]}"\n' in macros.source(name)


@pytest.mark.parametrize("name", OWN_SOURCES)
def test_own_sources_are_plain_text_with_declared_variables(name):
    text = macros.source(name)
    assert text.isascii()
    assert "\nOption Explicit\n" in text
    assert max(map(len, text.splitlines())) <= 100


def test_workbook_does_nothing_at_opening():
    assert "Sub " not in macros.source("ThisWorkbook.cls")
    for name in OWN_SOURCES:
        assert not re.search(r"Auto_?Open|Workbook_Open", macros.source(name), re.IGNORECASE)


def test_error_texts_and_codes_become_the_same_error():
    runtime = macros.source("FactorRuntime.bas")
    numbers = dict(re.findall(r'Case "(#[^"]+)": ErrorNumber = (\d+)', runtime))
    assert {text: int(number) for text, number in numbers.items()} == {
        text: code & 0xFFFF for text, code in ERROR_CODES.items()
    }
    first = int(re.search(r"FIRST_ERROR_CODE As Long = (-\d+)", runtime)[1])
    last = int(re.search(r"LAST_ERROR_CODE As Long = (-\d+)", runtime)[1])
    assert all(first <= code <= last for code in ERROR_CODES.values())


def test_modules_compile_by_the_object_model_of_excel(tmp_path):
    vbalidator = pytest.importorskip("vbalidator", reason="vbalidator is not installed")
    bridge = "Option Explicit\nFunction XLPy()\nEnd Function\nSub KillPy()\nEnd Sub\n"
    sources = {name: macros.source(name) for name in OWN_SOURCES if name.endswith(".bas")}
    sources |= {"FactorFunctions.bas": functions_module(CATALOGUE), "xlwings.bas": bridge}
    for name, text in sources.items():
        (tmp_path / name).write_text(text, "cp1252")
    found = vbalidator.precheck(str(tmp_path), host="excel")
    assert [issue["message"] for issue in found.issues] == []


def test_compiler_check_finds_a_misspelt_name(tmp_path):
    vbalidator = pytest.importorskip("vbalidator", reason="vbalidator is not installed")
    text = macros.source("FactorRuntime.bas").replace("MarkErrors answer", "MarkErors answer")
    (tmp_path / "FactorRuntime.bas").write_text(text, "cp1252")
    found = vbalidator.precheck(str(tmp_path), host="excel")
    assert any("MarkErors" in issue["message"] for issue in found.issues)


# ---------------------------------------------------------------------- ribbon and whole project


def test_every_button_has_its_texts_its_picture_and_a_callback():
    ribbon = ET.fromstring(macros.ribbon())  # noqa: S314  our own file
    buttons = [element for element in ribbon.iter() if element.tag.endswith("}button")]
    assert [button.get("label") for button in buttons] == ["Refresh all", "Restart Python"]
    for button in buttons:
        assert {"label", "screentip", "supertip", "imageMso", "keytip", "onAction"} <= set(
            button.keys()
        )
    assert len({button.get("keytip") for button in buttons}) == len(buttons)


def test_every_callback_is_a_sub_of_the_ribbon_control():
    callbacks = re.findall(r'on\w+="RibbonCallbacks\.(\w+)"', macros.ribbon().decode())
    for name in callbacks:
        assert f"\nPublic Sub {name}(control As IRibbonControl)\n" in macros.source(
            "RibbonCallbacks.bas"
        )
    subs = re.findall(r"Public Sub (On\w+)\(", macros.source("RibbonCallbacks.bas"))
    assert sorted(callbacks) == sorted(subs)


def test_tab_carries_the_product_name():
    assert 'label="Factor Models"' in macros.ribbon().decode()


def test_project_holds_every_module_in_order():
    project = Project(macros.macro_project(CATALOGUE, ["shtStart", "shtData"]))
    assert [module.name for module in project.modules] == [
        *("ThisWorkbook", "shtStart", "shtData"),
        *("FactorFunctions", "FactorRuntime", "RibbonCallbacks", "xlwings"),
    ]
    by_name = {module.name: module.source.replace("\r\n", "\n") for module in project.modules}
    assert by_name["FactorFunctions"] == functions_module(CATALOGUE)
    assert by_name["FactorRuntime"] == macros.source("FactorRuntime.bas")
    assert by_name["RibbonCallbacks"] == macros.source("RibbonCallbacks.bas")


def test_module_of_xlwings_is_the_installed_one_unchanged():
    installed = Path(metadata.distribution("xlwings").locate_file("xlwings/xlwings.bas"))
    project = Project(macros.macro_project(CATALOGUE, ["shtStart"]))
    assert project.modules[-1].source.encode("cp1252") == installed.read_bytes()
    version = metadata.version("xlwings")
    assert f"xlwings64-{version}.dll" in project.modules[-1].source


@pytest.mark.parametrize("text", ["", 'Public Const XLWINGS_VERSION As String = "0.0.2"'])
def test_module_of_another_xlwings_is_refused(tmp_path, monkeypatch, text):
    for name in ("xlwings", "xlwings-0.0.1.dist-info"):
        (tmp_path / name).mkdir()
    (tmp_path / "xlwings-0.0.1.dist-info/METADATA").write_text("Name: xlwings\nVersion: 0.0.1\n")
    (tmp_path / "xlwings/xlwings.bas").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ValueError, match=r"xlwings 0\.0\.1 is missing or of another version"):
        macros.xlwings_source()


def test_two_builds_of_the_project_are_the_same_bytes():
    first, second = (macros.macro_project(CATALOGUE, ["shtStart"]) for _ in range(2))
    assert first == second
