"""Build factor_udfs.xlam: the functions and the ribbon for every workbook that is open in Excel.

Its macros are the template's. Where both are open, a workbook that carries the macros calls its own
functions, as Excel looks in the formula's own workbook first; every other workbook calls the
add-in's. The numbers are the same: both reach the catalogue of the same installed package. Each has
a Python process of its own, because xlwings tells processes apart by the file whose macros start
them. The workbook's own tab hides; the add-in's buttons serve both.
"""

from __future__ import annotations

import datetime as dt
import io

import xlsxwriter

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import __version__
from factor_core.catalogue import CATALOGUE
from factor_core.workbook import macros, package

ADDIN = "factor_udfs.xlam"
SHEET, CODE_NAME = "xlwings.conf", "shtXlwingsConf"
# The rest is the user's: the settings file that `factor-udfs install` writes. What stands in the
# sheet would win over it, so only what must never be otherwise is here.
SETTINGS = (("ADD_WORKBOOK_TO_PYTHONPATH", "False"),)
ABOUT = {  # as Excel's list of add-ins shows them
    "title": "Factor models",
    "comments": f"Alpha, beta, hedge, position: the functions of factor-udfs {__version__}.",
    "created": dt.datetime(2024, 1, 1, tzinfo=dt.UTC),  # two builds are the same bytes
}


def build_addin() -> bytes:
    """Return the add-in; the same source gives the same bytes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties(ABOUT)
    project = macros.macro_project(CATALOGUE, [CODE_NAME])
    book.add_vba_project(io.BytesIO(project), is_stream=True)
    book.set_vba_name(macros.WORKBOOK_CODE_NAME)
    sheet = book.add_worksheet(SHEET)
    sheet.set_vba_name(CODE_NAME)
    for row, (key, value) in enumerate(SETTINGS):
        sheet.write_row(row, 0, [key, value])
    book.set_calc_mode("auto", 191029)
    book.calc_on_load = False
    book.close()
    ribbon = macros.ribbon(is_addin=True)
    return package.finish(buffer.getvalue(), ribbon=ribbon, spills={}, is_addin=True)
