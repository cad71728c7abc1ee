"""Workbooks, stand-in functions and readers for the tests of the refresh."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import numpy as np
import openpyxl
import xlsxwriter

from factor_core.errors import ExcelError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROWS = 20


@dataclass
class Fake:
    """A function of the same face as the catalogue's, which notes how it was called."""

    body: Callable[..., Any]
    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def cells(self, *cells: object) -> list[list[object]]:
        self.calls.append(cells)
        try:
            result = self.body(*cells)
        except ArithmeticError as error:
            result = ExcelError("#NUM!", f"FAKE: {error}")
        return result if isinstance(result, list) else [[result]]


def numbers(cells: object) -> np.ndarray:
    """Return an argument's numbers as a matrix; everything else is NaN."""
    rows = cells if isinstance(cells, list | np.ndarray) else [[cells]]
    return np.array(
        [
            [
                float(v) if isinstance(v, float | int) and not isinstance(v, bool) else np.nan
                for v in row
            ]
            for row in rows
        ]
    )


def total(*arguments: object) -> float:
    return float(sum(np.nansum(numbers(a)) for a in arguments if a is not None))


def scaled(cells: object, by: float | None = None) -> list[list[object]]:
    return [[float(v) for v in row] for row in numbers(cells) * (by or 2.0)]


def counting(n: object) -> list[list[object]]:
    return [[float(i + 1)] for i in range(int(numbers(n)[0, 0]))]


def failing(*_: object) -> object:
    raise ZeroDivisionError("nothing to divide")


def kinds(*arguments: object) -> str:
    """Return the kinds of the cells received: what a blank, a text, an error look like."""
    names = {float: "n", int: "n", str: "s", bool: "b", ExcelError: "e", type(None): "-"}
    text = []
    for argument in arguments:
        rows = argument if isinstance(argument, list | np.ndarray) else [[argument]]
        for row in rows:
            for value in row:
                blank = isinstance(value, float) and np.isnan(value)
                text.append("-" if blank else names.get(type(value), "n"))
    return "".join(text)


def given(value: object) -> Callable[..., object]:
    return lambda *_: value


def fakes() -> dict[str, Fake]:
    return {
        "TOTAL": Fake(total),
        "SCALED": Fake(scaled),
        "COUNTING": Fake(counting),
        "FAILING": Fake(failing),
        "KINDS": Fake(kinds),
    }


def data(seed: int = 0, rows: int = ROWS) -> np.ndarray:
    # Rounded: XlsxWriter stores 16 digits, one too few for some numbers.
    return np.random.default_rng(seed).normal(size=(rows, 4)).round(6)


def book(
    path: Path | io.BytesIO,
    formulas: dict[str, tuple[str, str]],
    cells: dict[str, object] | None = None,
    patch: Callable[[str, bytes], bytes] | None = None,
    rows: int = ROWS,
    options: dict[str, object] | None = None,
) -> Path | io.BytesIO:
    """Write a workbook: sheet `My Calc` with the formulas, sheet `Data` with a table of numbers.

    `formulas` maps a cell to (text, kind); kind is "plain", "dynamic" or a fixed array's range.
    """
    workbook = xlsxwriter.Workbook(path, {"use_future_functions": True, **(options or {})})
    calc, sheet = workbook.add_worksheet("My Calc"), workbook.add_worksheet("Data")
    heads = ["Y", "F 1", "F2", "F3"]
    for row, line in enumerate(data(rows=rows), 1):
        sheet.write_row(row, 0, line)
    sheet.add_table(0, 0, rows, 3, {"name": "T", "columns": [{"header": h} for h in heads]})
    workbook.define_name("Yn", f"=Data!$A$2:$A${rows + 1}")
    workbook.define_name("Dyn", "=OFFSET(Data!$A$1,1,0,COUNTA(Data!$A:$A)-1,1)")
    workbook.define_name("Konst", "=2.5")
    workbook.define_name("Mid", "=AVERAGE(Data!$A$2:$A$5)")
    workbook.define_name("'My Calc'!Loc", f"=Data!$B$2:$B${rows + 1}")
    workbook.define_name("Left", "='My Calc'!A1")
    workbook.define_name("Both", "=Data!$A$2:$A$3,Data!$C$2:$C$3")
    for cell, (text, kind) in formulas.items():
        if kind == "plain":
            calc.write_formula(cell, text)
        elif kind == "dynamic":
            calc.write_dynamic_array_formula(f"{cell}:{cell}", text)
        else:
            calc.write_array_formula(kind, "{" + text + "}")
    for cell, value in (cells or {}).items():
        calc.write(cell, value)
    workbook.close()
    if patch:
        patched(path, patch)
    return path


def parsed(xml: bytes) -> ET.Element:
    """Return the tree by a parser that the refresh does not use for sheets and charts."""
    return ET.fromstring(xml)  # noqa: S314  our own test workbooks


def parts(source: Path | bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def patched(path: Path | io.BytesIO, patch: Callable[[str, bytes], bytes]) -> None:
    """Rewrite every part of a workbook through `patch(name, bytes)`."""
    with zipfile.ZipFile(path) as archive:
        items = [(name, archive.read(name)) for name in archive.namelist()]
    if isinstance(path, io.BytesIO):
        path.seek(0)
        path.truncate()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in items:
            archive.writestr(name, patch(name, content))


def in_sheet(number: int, *pairs: tuple[bytes, bytes]) -> Callable[[str, bytes], bytes]:
    """Return a patch that replaces bytes in one sheet; each must be there."""

    def patch(name: str, content: bytes) -> bytes:
        if name.endswith(f"sheet{number}.xml"):
            for old, new in pairs:
                assert old in content, old
                content = content.replace(old, new)
        return content

    return patch


class Seen:
    """What openpyxl reads from the file: the values that a viewer shows."""

    def __init__(self, path: Path, sheet: str = "My Calc") -> None:
        self.sheet = openpyxl.load_workbook(path, data_only=True)[sheet]

    def __getitem__(self, cell: str) -> Any:
        return self.sheet[cell].value

    def column(self, letter: str, first: int, last: int) -> list[Any]:
        return [self[f"{letter}{row}"] for row in range(first, last + 1)]
