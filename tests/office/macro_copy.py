"""A small workbook with our whole macro project, changed only where LibreOffice is not Excel.

xlwings' module gives way to a stub of the same name. Members of Application that LibreOffice lacks,
and what would show a dialog or start a program, go to the tests. Each module ends with a canary,
each procedure of the ribbon and of the workbook's events with a marker.
"""

from __future__ import annotations

import io
import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
import xlsxwriter
from check_macros import CALLBACK_ARITY

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core.catalogue import CATALOGUE
from factor_core.workbook import macros, package
from factor_core.workbook.vba_project import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SHEETS = {"Inputs": "shtInputs", "Results": "shtResults"}
SOURCES = Path(__file__).with_name("vba")
STUBS = {
    "StubServer": "class",
    "StubApplication": "class",
    "StubControl": "class",
    "StubSheet": "class",
    "Harness": "standard",
}
LACKING = re.findall(
    r"^Public (?:Sub|Function|Property Let) (\w+)",
    (SOURCES / "StubApplication.cls").read_text("ascii"),
    re.MULTILINE,
)
OF_APPLICATION = re.compile(rf"(?<![\w.])Application\.({'|'.join(LACKING)})\b")
OF_VBA = {"MsgBox": "ShownMessage", "Shell": "StartedProgram"}
DIVERTED = re.compile(rf"(?<![\w.])({'|'.join(OF_VBA)})\b")
# Where LibreOffice's objects answer otherwise than Excel's: an error cell's Value is no error,
# FormulaArray comes in braces, a sheet's calculation cannot be switched off.
ELSEWHERE = {
    re.compile(r"\bIsError\((\w+)\.Value\)"): r"ShowsError(\1)",
    re.compile(r"(?<== )(\w+\.FormulaArray)$", re.MULTILINE): r"WithoutBraces(\1)",
    re.compile(r"\b([\w.]+)(?=\.EnableCalculation\b)"): r"StubOf(\1)",
    re.compile(r'CreateObject\("WScript\.Shell"\)\.Run\b'): "AwaitedProgram",
}
EXIT = re.compile(r"\bExit (?:Sub|Function)\b")
END = re.compile(r"^End (?:Sub|Function)\b", re.MULTILINE)
EVENT = re.compile(r"^Private Sub (Workbook_\w+)", re.MULTILINE)
PROCEDURE = re.compile(r"^(?:Public |Private )?(?:Sub|Function) (\w+)")
MARKED = ("RibbonCallbacks", "ThisWorkbook")


def macro_copy(
    change: Mapping[str, Callable[[str], str]] | None = None,
    formulas: Mapping[str, float] | None = None,
) -> bytes:
    """Return the workbook.

    `change` alters the source of a module, by its name; `formulas` stand in the first column of the
    first sheet, each with the value that the file holds for it.
    """
    project = macros.VbaProject

    def changed(modules: list[Module], name: str) -> object:
        ours = [_for_libreoffice(module, (change or {}).get(module.name)) for module in modules]
        stubs = [Module(n, kind, _source(n, kind)) for n, kind in STUBS.items()]
        asking = Module("Asking", code=_asking())
        return project([*ours, *stubs, asking], name)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(macros, "VbaProject", changed)
        bin_file = macros.macro_project(CATALOGUE, list(SHEETS.values()))
    return package.finish(_book(bin_file, formulas or {}), ribbon=macros.ribbon(), spills={})


def own_modules() -> list[str]:
    """Return the names of the modules that are ours, those of sheets apart."""
    names: list[str] = []

    def noted(modules: list[Module], _name: str) -> SimpleNamespace:
        names.extend(m.name for m in modules if m.kind != "sheet" and m.name != "xlwings")
        return SimpleNamespace(to_bytes=bytes)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(macros, "VbaProject", noted)
        macros.macro_project(CATALOGUE, list(SHEETS.values()))
    return names


def canary(module: str) -> str:
    """Return the name of a module's canary."""
    return f"{module}.CanaryOf{module}"


def _book(bin_file: bytes, formulas: Mapping[str, float]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.add_vba_project(io.BytesIO(bin_file), is_stream=True)
    book.set_vba_name(macros.WORKBOOK_CODE_NAME)
    for name, code_name in SHEETS.items():
        book.add_worksheet(name).set_vba_name(code_name)
    for row, (formula, value) in enumerate(formulas.items()):
        book.worksheets()[0].write_formula(row, 0, f"={formula}", None, value)
    book.calc_on_load = False
    book.close()
    return buffer.getvalue()


def _source(name: str, kind: str = "standard") -> str:
    return (SOURCES / f"{name}.{'cls' if kind == 'class' else 'bas'}").read_text("ascii")


def _for_libreoffice(module: Module, change: Callable[[str], str] | None) -> Module:
    code = _source("xlwings") if module.name == "xlwings" else module.code
    code = OF_APPLICATION.sub(r"ExcelApplication.\1", code)
    for as_in_excel, as_here in ELSEWHERE.items():
        code = as_in_excel.sub(as_here, code)
    code = DIVERTED.sub(lambda found: OF_VBA[found[1]], code)
    if module.name in MARKED:
        code = _marked(EVENT.sub(r"Public Sub Test\1", code))  # not before the tests listen
    if change:
        code = change(code)
    if module.kind != "sheet":
        name = f"CanaryOf{module.name}"
        code += f'\nPublic Function {name}() As String\n    {name} = "compiled"\nEnd Function\n'
    return Module(module.name, module.kind, code)


def _marked(code: str) -> str:
    """Return the code with a call of EndMarker wherever a procedure ends."""
    lines, name = [], ""
    for line in code.splitlines():
        name = found[1] if (found := PROCEDURE.match(line)) else name
        if END.match(line):
            lines.append(f'    EndMarker "{name}"')
        lines.append(EXIT.sub(rf'EndMarker "{name}": \g<0>', line))
    return "\n".join(lines) + "\n"


def _asking() -> str:
    """Return a module that calls any function of the catalogue with any number of its arguments."""
    cases = []
    for function in CATALOGUE.values():
        needed = sum(not argument.optional for argument in function.arguments)
        for count in range(needed, len(function.arguments) + 1):
            values = ", ".join(f"Given(values({i}))" for i in range(count))
            cases.append(f'    Case "{function.name}/{count}"')
            cases.append(f"        result = {function.name}({values})")
    return "\n".join(
        [
            'Attribute VB_Name = "Asking"',
            "Option Explicit",
            "Public Function Ask(ByVal functionName As String, ByVal values As Variant) As Variant",
            "    Dim result As Variant",
            '    result = "not asked"',
            '    Select Case functionName & "/" & UBound(values) + 1',
            *cases,
            "    End Select",
            "    Ask = Told(result)",
            "End Function",
            "",
            "Public Function Press(ByVal id As String, ByVal callback As String) As Variant",
            "    Dim answer As Variant",
            "    Select Case callback",
            *_presses(),
            "    End Select",
            "    Press = Told(answer)",
            "End Function",
            "",
        ]
    )


def _presses() -> Iterator[str]:
    for attribute, callback in sorted(callbacks()):
        yield f'    Case "{attribute} {callback}"'
        answer = ", answer" if attribute.startswith("get") else ""
        yield f"        {callback} Control(id){answer}"
    for event in events():
        yield f'    Case "event {event}"'
        yield f"        ThisWorkbook.Test{event}"


def events() -> list[str]:
    """Return the procedures of ThisWorkbook that Excel calls by itself."""
    return EVENT.findall(macros.source("ThisWorkbook.cls"))


def callbacks() -> set[tuple[str, str]]:
    """Return attribute and procedure of every callback that the ribbon names."""
    return {
        (attribute, value)
        for element in ET.fromstring(macros.ribbon()).iter()  # noqa: S314  our own file
        for attribute, value in element.attrib.items()
        if attribute in CALLBACK_ARITY
    }
