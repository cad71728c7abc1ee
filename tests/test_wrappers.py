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

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import __version__
from factor_core.catalogue import CATALOGUE as PRODUCT
from factor_core.errors import ERROR_CODES
from factor_core.workbook import macros
from factor_core.workbook.pages_start import BUDGET, BUDGET_PERIODS
from factor_core.workbook.vba_project import Module
from factor_core.workbook.wrappers import (
    VBA_WORDS,
    check_names,
    functions_module,
    is_cell_address,
    wizard_module,
)

OWN_SOURCES = (*(f"{name}.bas" for name in macros.OWN_MODULES), "ThisWorkbook.cls")
LONGEST_PROCEDURE = 40
LABELS = {
    "Workbook": ["Refresh all", "Explain error in this cell", "Restart Python"],
    "Data": ["Insert Fama-French factors", "Refresh data"],
    "Insert": ["Factor summary", "Hedge and sizing"],
    "Help": ["Functions", "Check set-up", "About"],
}
# What our modules call of xlwings', which the compiler check cannot read: it declares a DLL.
BRIDGE = """Option Explicit
Function XLPy()
End Function
Sub KillPy()
End Sub
Function GetConfig(configKey As String, Optional default As String = "") As Variant
End Function
"""


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
    for module in (functions_module, wizard_module):
        with pytest.raises(ValueError, match=r'LONGEST: its text "x+\.\.\." has 256 characters'):
            module({"LONGEST": function("LONGEST", summary="x" * 256)})


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


# --------------------------------------------------------------------------------- the wizard


def described(catalogue):
    """Return name, category, sentence and argument texts of each call of Describe."""
    found = {}
    for call in re.findall(r"^    Describe (.*)$", joined(wizard_module(catalogue)), re.MULTILINE):
        texts = [text.replace('""', '"') for text in re.findall(r'"((?:[^"]|"")*)"', call)]
        found[texts[0]] = texts[1:]
        assert call.endswith(")")
    return found


def test_wizard_has_the_catalogues_texts_of_every_function():
    assert described(PRODUCT) == {
        f.name: [f"Factor models: {f.category}", f.summary, *(a.kind.text for a in f.arguments)]
        for f in PRODUCT.values()
    }


def test_wizard_texts_fit_excel():
    texts = [text for function in described(PRODUCT).values() for text in function]
    assert max(map(len, texts)) <= 255
    assert all(text.isascii() for text in texts)
    assert Module("FactorWizard", code=wizard_module(PRODUCT)).source()


def test_every_category_is_described_at_opening():
    text = wizard_module(PRODUCT)
    called = re.findall(r"^    (Describe\w+)$", text, re.MULTILINE)
    assert sorted(called) == sorted(re.findall(r"^Private Sub (Describe\w+)\(", text, re.MULTILINE))


def test_list_of_names_is_the_catalogue():
    lines = re.findall(r'names = names & " ([^"]+)"', wizard_module(PRODUCT))
    assert " ".join(lines).split() == list(PRODUCT)
    assert max(map(len, lines)) < 100


def test_macros_say_their_version():
    assert f'FACTOR_VERSION As String = "{__version__}"' in wizard_module(PRODUCT)


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


@pytest.mark.parametrize("name", OWN_SOURCES)
def test_procedures_are_short(name):
    text = macros.source(name)
    bodies = re.findall(
        r"^(?:Public|Private) (?:Sub|Function) .*?^End ", text, re.DOTALL | re.MULTILINE
    )
    assert bodies
    assert max(body.count("\n") for body in bodies) <= LONGEST_PROCEDURE


def test_opening_waits_for_nothing():
    (body,) = re.findall(
        r"Sub Workbook_Open\(\)\n(.*?)\nEnd Sub", macros.source("ThisWorkbook.cls")
    )
    assert body.split() == [
        *("Application.OnTime", "Now,", "MacroIn(ThisWorkbook,"),
        '"RibbonCallbacks.AfterOpening")',
    ]
    assert "\nPublic Sub AfterOpening()\n" in macros.source("RibbonCallbacks.bas")
    for name in OWN_SOURCES:
        assert not re.search(r"Auto_?Open", macros.source(name), re.IGNORECASE)


def test_what_excel_starts_by_name_is_not_in_a_private_module():
    private = {n for n in OWN_SOURCES if "\nOption Private Module\n" in macros.source(n)}
    assert set(OWN_SOURCES) - private == {"RibbonCallbacks.bas", "ThisWorkbook.cls"}
    commands = macros.source("FactorCommands.bas")
    for name in re.findall(r'AskOtherProjects "(\w+)"', commands):
        assert f"\nPublic Sub {name}(ByVal " in macros.source("RibbonCallbacks.bas")


def test_ribbon_adds_no_function_to_the_wizard():
    assert "Public Function" not in macros.source("RibbonCallbacks.bas")


def test_formulas_of_the_insert_buttons_call_functions_of_the_catalogue():
    commands = macros.source("FactorCommands.bas")
    called = set(re.findall(r'"=([A-Z_]+)\(', commands))
    called |= set(re.findall(r'FactorCall\("([A-Z_]+)"', commands))
    assert {"FF_FACTORS", "FACTOR_SUMMARY", "FACTOR_BETA", "HEDGED_POSITION_SIZE"} <= called
    assert called <= set(PRODUCT)


def test_inserted_sizing_starts_from_the_templates_budget():
    commands = macros.source("FactorCommands.bas")
    constants = dict(re.findall(r"Const (\w+) As Long = (\d+)", commands))
    assert int(constants["BUDGET"]) == BUDGET
    assert int(constants["BUDGET_PERIODS"]) == BUDGET_PERIODS


def test_inserted_formulas_are_sound_arguments_of_their_functions():
    asset, market = [[0.01], [0.02], [-0.01], [0.03]], [[0.01], [0.01], [-0.02], [0.02]]
    block = PRODUCT["FACTOR_SUMMARY"].cells(asset, market, 252)
    sized = PRODUCT["HEDGED_POSITION_SIZE"].cells(1_000_000, asset, market, 12, 252)
    assert len(block[0]) == 6
    assert len(sized[0]) == 2
    assert all(isinstance(cell, float) for cell in sized[0])
    assert PRODUCT["FF_FACTORS"].cells("FF3", "M")[0][0] == "date"


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
    sources = {name: macros.source(name) for name in OWN_SOURCES if name.endswith(".bas")}
    sources |= {"FactorFunctions.bas": functions_module(PRODUCT), "xlwings.bas": BRIDGE}
    sources |= {"FactorWizard.bas": wizard_module(PRODUCT)}
    for name, text in sources.items():
        (tmp_path / name).write_text(text, "cp1252")
    found = vbalidator.precheck(str(tmp_path), host="excel")
    assert [issue["message"] for issue in found.issues] == []


def test_compiler_check_finds_a_misspelt_name(tmp_path):
    vbalidator = pytest.importorskip("vbalidator", reason="vbalidator is not installed")
    text = macros.source("FactorRuntime.bas").replace(" MarkErrors ans", " MarkErors ans")
    (tmp_path / "FactorRuntime.bas").write_text(text, "cp1252")
    found = vbalidator.precheck(str(tmp_path), host="excel")
    assert any("MarkErors" in issue["message"] for issue in found.issues)


# ---------------------------------------------------------------------- ribbon and whole project


def test_every_button_has_its_texts_its_picture_and_a_callback():
    ribbon = ET.fromstring(macros.ribbon())  # noqa: S314  our own file
    groups = [element for element in ribbon.iter() if element.tag.endswith("}group")]
    assert {g.get("label"): [b.get("label") for b in g] for g in groups} == LABELS
    needed = {"id", "label", "screentip", "supertip", "imageMso", "keytip", "onAction", "size"}
    buttons = [button for group in groups for button in group]
    for button in buttons:
        assert set(button.keys()) == needed
    for unique in needed - {"size"}:
        assert len({button.get(unique) for button in buttons}) == len(buttons)


def test_every_callback_is_a_sub_of_the_ribbon_control():
    callbacks = re.findall(r'on\w+="RibbonCallbacks\.(\w+)"', macros.ribbon().decode())
    assert len(callbacks) == sum(map(len, LABELS.values()))
    for name in callbacks:
        assert f"\nPublic Sub {name}(control As IRibbonControl)\n" in macros.source(
            "RibbonCallbacks.bas"
        )
    subs = re.findall(r"Public Sub (On\w+)\(", macros.source("RibbonCallbacks.bas"))
    assert sorted(callbacks) == sorted(subs)


def test_every_callback_presses_its_own_button():
    text = macros.source("RibbonCallbacks.bas")
    pressed = re.findall(r"Public Sub On(\w+)\(.*\n    Press \"(\w+)\"", text)
    assert all(name == button for name, button in pressed)
    cases = dict(re.findall(r'Case "(\w+)": text = (\w+)\(', text))
    assert cases == {button: f"Do{button}" for _, button in pressed}
    commands = macros.source("FactorCommands.bas")
    assert all(f"\nPublic Function {command}(" in commands for command in cases.values())


def test_own_tab_of_a_workbook_hides_behind_the_addins():
    assert macros.ribbon().count(b"getVisible") == 1
    assert macros.ribbon(is_addin=True) == re.sub(rb' getVisible="[^"]*"', b"", macros.ribbon())


def test_tab_carries_the_product_name():
    assert 'label="Factor Models"' in macros.ribbon().decode()


def test_project_holds_every_module_in_order():
    project = Project(macros.macro_project(CATALOGUE, ["shtStart", "shtData"]))
    assert [module.name for module in project.modules] == [
        *("ThisWorkbook", "shtStart", "shtData"),
        *("FactorFunctions", "FactorWizard", *macros.OWN_MODULES, "xlwings"),
    ]
    by_name = {module.name: module.source.replace("\r\n", "\n") for module in project.modules}
    assert by_name["FactorFunctions"] == functions_module(CATALOGUE)
    assert by_name["FactorWizard"] == wizard_module(CATALOGUE)
    for name in macros.OWN_MODULES:
        assert by_name[name] == macros.source(f"{name}.bas")


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
