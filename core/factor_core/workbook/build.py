"""Build the template: every page written, the macros put in, every formula calculated.

The same data give the same bytes: nothing here asks for the time, the machine or chance.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import factor_udfs  # noqa: F401  fills the catalogue
from factor_core import sample
from factor_core.catalogue import CATALOGUE
from factor_core.errors import InputError
from factor_core.refresh import refresh_bytes
from factor_core.workbook import macros, package
from factor_core.workbook.calculated import errors, wrong_spills
from factor_core.workbook.layout import Book, Page
from factor_core.workbook.pages_data import write_data, write_returns
from factor_core.workbook.pages_estimation import write_comovement, write_regression
from factor_core.workbook.pages_hedging import write_hedged, write_tracking
from factor_core.workbook.pages_magnitudes import write_magnitudes
from factor_core.workbook.pages_start import write_start
from factor_core.workbook.references import References, TemplateData, references

if TYPE_CHECKING:
    from factor_core.own_data import OwnData

WritePage = Callable[[Book, TemplateData, References], Page]
PAGES: tuple[WritePage, ...] = (
    write_start,
    write_data,
    write_returns,
    write_comovement,
    write_regression,
    write_magnitudes,
    write_tracking,
    write_hedged,
)
TITLE = "Factor models: alpha, beta, hedge, position"
SETTINGS = (
    # Nothing beside the workbook is needed: a folder on OneDrive has no path that Python can use.
    ("ADD_WORKBOOK_TO_PYTHONPATH", "False"),
    ("UDF MODULES", "factor_udfs"),
    ("DEBUG UDFS", "False"),
    ("SHOW CONSOLE", "False"),
)
SETTINGS_SHEET, SETTINGS_CODE_NAME = "xlwings.conf", "shtXlwingsConf"
SAMPLE_SOURCE = (
    "Built-in sample: closing prices adjusted for splits and dividends (public domain, WIKI prices "
    "by way of bokeh_sampledata); market: S&P 500 (arch, NCSA)."
)
SAMPLE_NOTES = (
    sample.MARKET_NOTE,
    (
        "Risk-free rate: Kenneth French's monthly bill rate spread over the month's trading days "
        "(linearmodels, NCSA)."
    ),
    "GOOG is today's GOOGL. Sources and licences: factor_core/data/LICENCES.md.",
)
MOST_CELLS = 400_000  # a workbook of more values takes minutes to make and to open


@dataclass(frozen=True)
class Built:
    """A finished workbook, and the cells that show an error although no series is short there."""

    workbook: bytes
    errors: list[str]


def sample_data() -> TemplateData:
    """Return the built-in daily sample."""
    daily = sample.daily()
    return TemplateData(
        dates=daily.dates,
        names=daily.names,
        values=daily.prices,
        rf=daily.rf,
        periods=252,
        source=SAMPLE_SOURCE,
        notes=SAMPLE_NOTES,
        missing_dividends=0.02,
    )


def from_own_data(own: OwnData, file: str) -> TemplateData:
    """Return the analyst's own series, read from `file`."""
    return TemplateData(
        dates=own.dates,
        names=own.names,
        values=own.values,
        rf=own.rf,
        periods=own.periods,
        source=f"{file}: your own {own.kind}.",
        are_returns=own.kind == "returns",
        notes=own.notes,
    )


def build(data: TemplateData) -> Built:
    """Return the finished, calculated workbook on these data."""
    _require_room(data)
    book = Book(TITLE)
    refs = references(data)
    pages = [write(book, data, refs) for write in PAGES]
    for page, before, after in zip(pages, [None, *pages], [*pages[1:], None], strict=False):
        page.navigation(before, after)
    _write_settings(book)
    code_names = [*(page.code_name for page in pages), SETTINGS_CODE_NAME]
    project = macros.macro_project(CATALOGUE, code_names)
    book.xlsx.add_vba_project(io.BytesIO(project), is_stream=True)
    book.xlsx.set_vba_name(macros.WORKBOOK_CODE_NAME)
    spills = {page.name: page.spills for page in pages}
    written = package.finish(book.to_bytes(), ribbon=macros.ribbon(), spills=spills)
    calculated, report = refresh_bytes(written, name="the workbook")
    wrong = wrong_spills(calculated, spills)
    if wrong:
        raise ValueError(f"pages declare other shapes than functions return: {'; '.join(wrong)}")
    return Built(calculated, errors(calculated, spills))


def _require_room(data: TemplateData) -> None:
    cells = data.values.size
    if cells > MOST_CELLS:
        rows, columns = data.values.shape
        raise InputError(
            f"the data have {rows} rows x {columns} columns = {cells} values; a workbook takes at "
            f"most {MOST_CELLS}: leave out assets, or use weekly or monthly rows"
        )


def _write_settings(book: Book) -> None:
    """Write what xlwings reads when a formula starts Python."""
    sheet = book.xlsx.add_worksheet(SETTINGS_SHEET)
    sheet.set_vba_name(SETTINGS_CODE_NAME)
    for row, (key, value) in enumerate(SETTINGS):
        sheet.write_string(row, 0, key)
        sheet.write_string(row, 1, value)
    sheet.very_hidden()
