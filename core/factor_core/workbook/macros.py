"""The VBA project and the ribbon of our workbooks, put together from the sources in vba/."""

from __future__ import annotations

from importlib import metadata, resources
from pathlib import Path
from typing import TYPE_CHECKING

from factor_core.workbook.vba_project import Module, VbaProject
from factor_core.workbook.wrappers import functions_module, wizard_module

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from factor_core.catalogue import Function

PROJECT_NAME = "FactorModels"
WORKBOOK_CODE_NAME = "ThisWorkbook"
OWN_MODULES = (
    "FactorRuntime",
    "FactorCells",
    "FactorCommands",
    "FactorOpening",
    "RibbonCallbacks",
)
ONLY_WITHOUT_ADDIN = b' getVisible="RibbonCallbacks.IsTabWanted"'


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
