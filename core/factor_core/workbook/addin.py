"""Build factor_udfs.xlam: the functions and the ribbon for every workbook that is open in Excel.

Its macros are the template's. Where both are open, a workbook that carries the macros calls its own
functions, as Excel looks in the formula's own workbook first; every other workbook calls the
add-in's. The numbers are the same: both reach the catalogue of the same installed package. Each has
a Python process of its own, because xlwings tells processes apart by the file whose macros start
them. The workbook's own tab hides; the add-in's buttons serve both.
"""

from __future__ import annotations

import io

import xlsxwriter

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import __version__
from factor_core.catalogue import CATALOGUE
from factor_core.refresh.package import EXCEL_CALCULATION_ID
from factor_core.workbook import macros, package
from factor_core.workbook.layout import CREATED

ADDIN = "factor_udfs.xlam"
# The rest is the user's: the settings file that `factor-udfs install` writes. What stands in the
# sheet would win over it, so only what must never be otherwise is here.
SETTINGS = (("ADD_WORKBOOK_TO_PYTHONPATH", "False"),)
ABOUT = {  # as Excel's list of add-ins shows them
    "title": "Factor models",
    "comments": f"Alpha, beta, hedge, position: the functions of factor-udfs {__version__}.",
    "created": CREATED,
}


def build_addin() -> bytes:
    """Return the add-in; the same source gives the same bytes."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties(ABOUT)
    macros.add_macros(book, CATALOGUE, [], SETTINGS)
    book.set_calc_mode("auto", EXCEL_CALCULATION_ID)
    book.calc_on_load = False
    book.close()
    ribbon = macros.ribbon(is_addin=True)
    return package.finish(buffer.getvalue(), ribbon=ribbon, spills={}, is_addin=True)
