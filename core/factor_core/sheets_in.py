"""A sheet of the analyst's workbook as rows of text: dates as 2020-01-31, numbers as Python's."""

from __future__ import annotations

import datetime as dt
import io
import math
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from factor_core.errors import FactorError, InputError, listed, sentence
from factor_core.refresh import xml_bytes
from factor_core.refresh.package import Package
from factor_core.text_table import TextTable, table_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from factor_core.layouts import Record

MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # a zip, and the older format that also locks files
_LARGEST_INTEGER = 2**53
_OLD = "is an old Excel workbook (.xls) or locked by a password; save it as .xlsx without one"


def read_sheet(path: Path, sheet: str | None = None) -> TextTable:
    """Return the table of a sheet of an .xlsx or .xlsm workbook, by the values kept in it.

    Parameters
    ----------
    path : path
        The workbook; it is never written to.
    sheet : str, optional
        The sheet's name; capitals do not matter. Left out: the only visible one with cells.

    Raises
    ------
    InputError
        No such workbook or sheet, several sheets to choose from, a formula without a value, and
        whatever `text_table.table_of` refuses.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(sentence(f"{path} cannot be read: {error.strerror}")) from error
    if data.startswith(MAGIC[1]):
        raise InputError(sentence(f"{path.name} {_OLD}"))
    notes: list[str] = []
    try:
        package = Package(data)
        name, rows = _rows(path.name, data, sheet, notes)
        marks = _Marks(package, name)
    except InputError:
        raise
    except FactorError as error:
        hint = "; unpack a zip file first" if "not an Excel workbook" in str(error) else ""
        raise InputError(sentence(f"{path.name} cannot be read: {error}{hint}")) from error
    file = f"{path.name} sheet '{name}'"
    marks.refuse_formula_without_value(file)
    notes += marks.notes()
    if package.date1904:
        notes.append("Dates: the workbook counts its days from 1904.")
    table = table_of(file, path.stem, _records(rows), notes, typed=True)
    return replace(table, from_1904=package.date1904)


def _rows(
    file: str, data: bytes, wanted: str | None, notes: list[str]
) -> tuple[str, list[tuple[Any, ...]]]:
    """Return the name and the rows of the sheet that is meant."""
    import openpyxl  # noqa: PLC0415  the command line starts without it

    try:
        with warnings.catch_warnings():
            # It warns of styles and extensions that it would lose at saving; nothing is saved here.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheets = {sheet.title: sheet for sheet in book.worksheets}
            for sheet in sheets.values():
                sheet.reset_dimensions()  # programs write wrong ones, which would cut the rows
            name = _choose(file, sheets, wanted, notes)
            return name, [tuple(row) for row in sheets[name].iter_rows(values_only=True)]
    except FactorError:
        raise
    except Exception as error:  # it raises whatever a damaged file trips over
        raise InputError(
            sentence(
                f"{file} is a damaged workbook ({type(error).__name__}); open it in Excel and save "
                "it anew"
            )
        ) from error


def _choose(file: str, sheets: dict[str, Any], wanted: str | None, notes: list[str]) -> str:
    """Return the name of the sheet that is meant."""
    if wanted is not None:
        folded = wanted.strip().casefold()
        chosen = next((name for name in sheets if name.strip().casefold() == folded), None)
        if chosen is None:
            raise InputError(sentence(f"{file} has no sheet '{wanted}'; it has {_quoted(sheets)}"))
        return chosen
    seen = [name for name, sheet in sheets.items() if sheet.sheet_state == "visible"]
    filled = [name for name in seen if _has_cells(sheets[name])]
    if not filled:
        raise InputError(
            sentence(f"{file} has no visible sheet with cells; say --sheet NAME for a hidden one")
        )
    if len(filled) > 1:
        raise InputError(
            sentence(f"{file} has several sheets; say --sheet with one of {_quoted(filled)}")
        )
    if len(sheets) > 1:
        notes.append(f"Sheet: '{filled[0]}', the only visible one with cells.")
    return filled[0]


def _has_cells(sheet: Any) -> bool:
    return any(_is_told(cell) for row in sheet.iter_rows(values_only=True) for cell in row)


def _is_told(cell: object) -> bool:
    return cell is not None and cell != ""


def _quoted(names: Iterable[str]) -> str:
    return listed([f"'{name}'" for name in names], 8)


# Cells ------------------------------------------------------------------------------------------


def _records(rows: list[tuple[Any, ...]]) -> Iterator[Record]:
    """Yield the rows that are not blank, all of one length, as text."""
    texts = [[cell_text(cell) for cell in row] for row in rows]
    width = max((j + 1 for row in texts for j, cell in enumerate(row) if cell.strip()), default=0)
    for number, row in enumerate(texts, start=1):
        if any(cell.strip() for cell in row):
            yield number, (row + [""] * width)[:width]


def cell_text(cell: object) -> str:
    """Return a value as the text from which the same value is read: dates ISO, numbers Python's."""
    if cell is None:
        return ""
    if isinstance(cell, bool | str):
        return str(cell).upper() if isinstance(cell, bool) else cell.replace("\n", " ")
    if isinstance(cell, int | float):
        whole = float(cell).is_integer() and abs(cell) <= _LARGEST_INTEGER
        return "" if math.isnan(cell) else str(int(cell)) if whole else repr(cell)
    if isinstance(cell, dt.datetime):
        midnight = cell.time() == dt.time()
        return cell.date().isoformat() if midnight else f"{cell:%Y-%m-%d %H:%M:%S}"
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


# What the values do not say ---------------------------------------------------------------------


class _Marks:
    """What a sheet's XML says that the values of its cells do not."""

    def __init__(self, package: Package, sheet: str) -> None:
        self.uncalculated = ""
        self.hidden_rows: list[int] = []
        self.hidden_columns = 0
        self._cell: dict[str, str] = {}
        self._formula = self._value = self._in_value = False
        part = package.sheets[sheet]
        xml = package.parts[part]
        parser = xml_bytes.parser(part, xml)
        parser.StartElementHandler = self._opened
        parser.CharacterDataHandler = self._heard
        parser.EndElementHandler = self._closed
        xml_bytes.parse(part, xml, parser)

    def _opened(self, name: str, attributes: dict[str, str]) -> None:
        local = xml_bytes.local(name)
        if local == "c":
            self._cell, self._formula, self._value = attributes, False, False
        elif local == "f":
            self._formula = True
        elif local == "v":
            self._in_value = True
        elif attributes.get("hidden") in {"1", "true"}:
            if local == "row":
                self.hidden_rows.append(int(attributes.get("r", "0")))
            self.hidden_columns += local == "col"

    def _heard(self, text: str) -> None:
        self._value |= self._in_value and bool(text)

    def _closed(self, name: str) -> None:
        local = xml_bytes.local(name)
        if local == "v":
            self._in_value = False
        # A formula that gives an empty text has the type "str", and no value either.
        elif local == "c" and self._formula and not self._value and self._cell.get("t") != "str":
            self.uncalculated = self.uncalculated or self._cell.get("r", "?")

    def refuse_formula_without_value(self, file: str) -> None:
        """Raise where a program wrote a formula and nobody calculated it: it would look blank."""
        if self.uncalculated:
            raise InputError(
                sentence(
                    f"{file} cell {self.uncalculated} is a formula without a value; open the "
                    "workbook in Excel or LibreOffice, let it calculate, and save it"
                )
            )

    def notes(self) -> list[str]:
        """Return what to say of hidden rows and columns: they are data like the others."""
        found = []
        if self.hidden_rows:
            count, first = len(self.hidden_rows), self.hidden_rows[0]
            found.append(
                f"Hidden: {count} row(s) of the sheet are hidden, the first is row {first}; they "
                "are used like the others."
            )
        if self.hidden_columns:
            found.append("Hidden: the sheet has hidden columns; they are used like the others.")
        return found
