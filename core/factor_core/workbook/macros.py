"""The VBA project and the ribbon of our workbooks, put together from the sources in vba/."""

from __future__ import annotations

import io
from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factor_core.workbook.vba_project import Module, VbaProject
from factor_core.workbook.wrappers import functions_module, wizard_module

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from factor_core.catalogue import Function

PROJECT_NAME = "FactorModels"
WORKBOOK_CODE_NAME = "ThisWorkbook"
SETTINGS_SHEET, SETTINGS_CODE_NAME = "xlwings.conf", "shtXlwingsConf"
OWN_MODULES = (
    "FactorRuntime",
    "FactorCells",
    "FactorCommands",
    "FactorOpening",
    "RibbonCallbacks",
)
ONLY_WITHOUT_ADDIN = b' getVisible="RibbonCallbacks.IsTabWanted"'


def add_macros(
    book: Any,
    catalogue: Mapping[str, Function],
    sheet_code_names: Sequence[str],
    settings: Sequence[tuple[str, str]],
) -> Any:
    """Put the macros into an XlsxWriter workbook, and a last sheet with what xlwings reads.

    xlwings reads it when a formula starts Python. Return that sheet.
    """
    sheet = book.add_worksheet(SETTINGS_SHEET)
    sheet.set_vba_name(SETTINGS_CODE_NAME)
    for row, (key, value) in enumerate(settings):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    project = macro_project(catalogue, [*sheet_code_names, SETTINGS_CODE_NAME])
    book.add_vba_project(io.BytesIO(project), is_stream=True)
    book.set_vba_name(WORKBOOK_CODE_NAME)
    return sheet


def macro_project(catalogue: Mapping[str, Function], sheet_code_names: Sequence[str]) -> bytes:
    """Return vbaProject.bin for a workbook whose sheets have these code names, in sheet order."""
    return VbaProject(
        [
            Module(WORKBOOK_CODE_NAME, "workbook", source("ThisWorkbook.cls")),
            *(Module(name, "sheet") for name in sheet_code_names),
            Module("FactorFunctions", code=functions_module(catalogue)),
            Module("FactorWizard", code=wizard_module(catalogue)),
            *(Module(name, code=source(f"{name}.bas")) for name in OWN_MODULES),
            Module("xlwings", code=xlwings_source()),
        ],
        PROJECT_NAME,
    ).to_bytes()


def ribbon(*, is_addin: bool = False) -> bytes:
    """Return the ribbon tab; a workbook's own hides where the add-in's is there."""
    xml = resources.files(__package__).joinpath("vba", "customUI14.xml").read_bytes()
    return xml.replace(ONLY_WITHOUT_ADDIN, b"") if is_addin else xml


def source(name: str) -> str:
    """Return one of our own VBA sources."""
    return resources.files(__package__).joinpath("vba", name).read_text("cp1252")


def xlwings_source() -> str:
    """Return the VBA module of the installed xlwings, unchanged.

    Its version must be the installed one: the module looks for a DLL with the version in its name.
    """
    installed = metadata.distribution("xlwings")
    path = Path(str(installed.locate_file("xlwings/xlwings.bas")))
    text = path.read_text("cp1252") if path.is_file() else ""
    if f'XLWINGS_VERSION As String = "{installed.version}"' not in text:
        raise ValueError(
            f"the VBA module of xlwings {installed.version} is missing or of another version; "
            f"reinstall it with: pip install --force-reinstall xlwings=={installed.version}"
        )
    return text
