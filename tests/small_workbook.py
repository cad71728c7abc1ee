"""A small workbook with everything that the template has: what the workbook tests take apart."""

from __future__ import annotations

import datetime as dt
import inspect
import io
import zipfile

import xlsxwriter

from factor_core.catalogue import Argument, Function
from factor_core.kinds import Kind
from factor_core.workbook import macros, package

SHEETS = {"Inputs": "shtInputs", "Results": "shtResults"}
SPILL = {"Results": [(1, 0, 4, 1)]}


def function(name, *arguments, summary="One sentence."):
    """Return a catalogue entry; an argument that ends in ? is optional."""
    kind = Kind("a range of numbers", lambda raw, _name: raw)
    needed = inspect.Parameter.empty
    described = (
        Argument(a.strip("?"), kind, None if a.endswith("?") else needed) for a in arguments
    )
    return Function(name, "Estimation", summary, tuple(described), body=len)


CATALOGUE = {
    "FACTOR_BETA": function("FACTOR_BETA", "asset_returns", "factor_returns", "factor?"),
    "ADDIN_INFO": function("ADDIN_INFO"),
}


def unfinished():
    """Return the workbook as XlsxWriter writes it."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    book.set_properties({"title": "Small", "created": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)})
    book.add_vba_project(io.BytesIO(macros.macro_project(CATALOGUE, list(SHEETS.values()))), True)
    book.set_vba_name(macros.WORKBOOK_CODE_NAME)
    sheets = {name: book.add_worksheet(name) for name in SHEETS}
    for name, code_name in SHEETS.items():
        sheets[name].set_vba_name(code_name)
    _write_inputs(book, sheets["Inputs"])
    _write_results(book, sheets["Results"])
    book.set_calc_mode("auto", 191029)
    book.calc_on_load = False
    book.close()
    return buffer.getvalue()


def _write_inputs(book, sheet):
    sheet.write_row(0, 0, ["asset & co", "market"])
    for row in range(1, 9):
        sheet.write_row(row, 0, [0.01 * row, 0.02 * row])
    sheet.data_validation("D1", {"validate": "list", "source": ["asset", "market"]})
    sheet.write_url("D2", "internal:'Results'!A1", string="to the results")
    sheet.write_url("D3", "https://example.org/")
    sheet.merge_range("D5:E6", "merged", book.add_format({"bold": True}))
    negative = book.add_format({"font_color": "#C00000"})
    options = {"type": "cell", "criteria": "<", "value": 0, "format": negative}
    sheet.conditional_format("A2:B9", options)
    book.define_name("AssetReturns", "=Inputs!$A$2:$A$9")


def _write_results(book, sheet):
    sheet.write(0, 0, "asset & co")
    formula = "=FACTOR_REGRESSION(AssetReturns,Inputs!B2:B9)"
    sheet.write_dynamic_array_formula(1, 0, 4, 1, formula, None, "name")
    table = [["name", "coef"], ["alpha < 0 & so on", 0.5], ["beta", "#N/A"], ["r2", 0.25]]
    for row, cells in enumerate(table, 1):
        for column, cell in enumerate(cells):
            if (row, column) != (1, 0):
                sheet.write(row, column, cell)
    percent = book.add_format({"num_format": "0.0000%"})
    sheet.write_formula("D1", "=_xlfn.VAR.S(AssetReturns)", percent, 0.5)
    chart = book.add_chart({"type": "scatter"})
    chart.add_series({"categories": "=Inputs!$B$2:$B$9", "values": "=Inputs!$A$2:$A$9"})
    sheet.insert_chart("F2", chart)


def small_workbook():
    """Return the finished workbook."""
    return package.finish(unfinished(), ribbon=macros.ribbon(), spills=SPILL)


def parts_of(workbook):
    """Return the parts of a workbook file."""
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def workbook_of(parts):
    """Return a workbook file of these parts, as they are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, blob in parts.items():
            archive.writestr(name, blob)
    return out.getvalue()
