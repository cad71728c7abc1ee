"""One sheet of LibreOffice Calc as the tests write and read it, with our extension installed."""

from __future__ import annotations

import math

from openpyxl.utils import get_column_letter

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core.catalogue import CATALOGUE
from factor_core.hosts.libreoffice import component, extension
from office import calc as office

CODES = component.CALC_TEXTS
REFUSED = 504  # Calc's own error for what it does not hand over
ERROR_CELLS = {"#N/A": "=NA()", "#DIV/0!": "=1/0", "#NUM!": "=10^400", "#VALUE!": '="a"+1'}
INFO = "GA1:GB40"  # beside all that a test writes


class Sheet:
    """One sheet of a new workbook: arguments right of column Z, results left of it."""

    def __init__(self, calc):
        self.calc = calc

    def put(self, rows, column=30, row=1):
        """Write a block of cells, return its address; an error is its formula."""
        last = f"{get_column_letter(column + len(rows[0]) - 1)}{row + len(rows) - 1}"
        address = f"{get_column_letter(column)}{row}:{last}"
        self.calc.ask("write", "Sheet1", address, [[blanked(c) for c in line] for line in rows])
        for i, line in enumerate(rows):
            for j, cell in enumerate(line):
                if isinstance(cell, str) and cell.startswith("="):
                    place = f"{get_column_letter(column + j)}{row + i}"
                    self.calc.ask("type", "Sheet1", place, cell, False)
        return address

    def put_all(self, given):
        """Write arguments side by side, return their addresses as a formula names them."""
        column, addresses = 30, []
        for block in given.values():
            rows = block if isinstance(block, list) else [[block]]
            address = self.put(rows, column)
            addresses.append(address if isinstance(block, list) else address.split(":")[0])
            column += len(rows[0])
        return ";".join(addresses)

    def shows(self, formula):
        """Return what one cell with this formula shows."""
        self.calc.ask("type", "Sheet1", "A1", formula, False)
        ((cell,),) = self.calc.ask("results", "Sheet1", "A1")
        return told(cell)

    def shows_array(self, formula, rows, columns):
        """Return what an array formula over so many cells shows."""
        address = f"A1:{get_column_letter(columns)}{rows}"
        self.calc.ask("type", "Sheet1", address, formula, True)
        return [[told(cell) for cell in row] for row in self.calc.ask("results", "Sheet1", address)]

    def info(self):
        """Return ADDIN_INFO as a dictionary."""
        self.calc.ask("type", "Sheet1", INFO, "=ADDIN_INFO()", True)
        return {told(item): told(text) for item, text in self.calc.ask("results", "Sheet1", INFO)}


def blanked(cell):
    return None if isinstance(cell, str) and cell.startswith("=") else cell


def told(cell):
    """Return a cell's value; an error as its text, or Calc's own number of it."""
    return CODES.get(cell["error"], cell["error"]) if isinstance(cell, dict) else cell


def same(found, expected, tolerance=1e-12):
    if isinstance(expected, float) and isinstance(found, float):
        return math.isclose(found, expected, rel_tol=tolerance, abs_tol=1e-300)
    return found == expected


def build(folder, **changed):
    log = folder / "log" / "functions.log"
    path = folder / extension.NAME
    settings = extension.settings_of_this_python(str(log)) | changed
    path.write_bytes(extension.build(CATALOGUE, settings))
    return path


def running(folder, choice, **changed):
    """Return a LibreOffice with the extension; `changed` are settings of it."""
    built = build(folder, **changed)
    home = folder / "office"
    home.mkdir()
    return office.start(home, built, {component.CHOICE: choice, "XDG_STATE_HOME": str(folder)})


def chained(rows):
    return [cell for row in rows for cell in row]
