"""Build the template: every page written, the macros put in, every formula calculated.

The same data give the same bytes: nothing here asks for the time, the machine or chance.
"""

from __future__ import annotations

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
from factor_core.workbook.pages_attribution import write_attribution
from factor_core.workbook.pages_betas import write_betas
from factor_core.workbook.pages_budget import write_budget
from factor_core.workbook.pages_covariance import write_covariance
from factor_core.workbook.pages_data import write_data, write_returns
from factor_core.workbook.pages_estimation import write_comovement, write_regression
from factor_core.workbook.pages_exercises import write_exercises
from factor_core.workbook.pages_factors import write_factors
from factor_core.workbook.pages_hedge_desk import write_hedge_desk
from factor_core.workbook.pages_hedging import write_hedged, write_tracking
from factor_core.workbook.pages_magnitudes import write_magnitudes
from factor_core.workbook.pages_monthly import write_monthly
from factor_core.workbook.pages_multifactor import write_multifactor
from factor_core.workbook.pages_performance import write_performance, write_variance
from factor_core.workbook.pages_reference import write_conventions, write_functions
from factor_core.workbook.pages_risk_or_return import write_risk_or_return
from factor_core.workbook.pages_rolling import write_rolling
from factor_core.workbook.pages_sizing import write_sizing
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
    write_rolling,
    write_betas,
    write_sizing,
    write_performance,
    write_variance,
    write_multifactor,
    write_covariance,
    write_risk_or_return,
    write_attribution,
    write_hedge_desk,
    write_budget,
    write_exercises,
    write_monthly,
    write_conventions,
    write_functions,
)
TITLE = "Factor models: alpha, beta, hedge, position"
SETTINGS = (
    # Nothing beside the workbook is needed: a folder on OneDrive has no path that Python can use.
    ("ADD_WORKBOOK_TO_PYTHONPATH", "False"),
    ("UDF MODULES", "factor_udfs"),
    ("SHOW CONSOLE", "False"),
)
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
    "Four well-known stocks, chosen with hindsight: their alphas say nothing about picking stocks.",
    "GOOG is today's GOOGL. Sources and licences: factor_core/data/LICENCES.md.",
)
MOST_ROWS, MOST_VALUES = 12_600, 150_000  # more would take minutes and gigabytes
DIVIDENDS_NOTE = (
    "Is {} a price index? Then set the dividends that it lacks on the sheet Start: alphas against "
    "it are too high by beta times them."
)


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
        chosen=("MSFT", "AAPL"),
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
        chosen=(own.assets[0], own.assets[min(1, len(own.assets) - 1)]),
        notes=own.notes
        if own.market_of_factors
        else (*own.notes, DIVIDENDS_NOTE.format(own.market)),
        factors=own.factors,
    )


def build(data: TemplateData) -> Built:
    """Return the finished, calculated workbook on these data."""
    _require_room(data)
    book = Book(TITLE)
    refs = references(data)
    pages = [write(book, data, refs) for write in _pages(data)]
    for page, before, after in zip(pages, [None, *pages], [*pages[1:], None], strict=False):
        page.navigation(before, after)
    code_names = [page.code_name for page in pages]
    macros.add_macros(book.xlsx, CATALOGUE, code_names, SETTINGS).very_hidden()
    spills = {page.name: page.spills for page in pages}
    written = package.finish(book.to_bytes(), ribbon=macros.ribbon(), spills=spills)
    calculated, report = refresh_bytes(written, name="the workbook")
    wrong = [
        *(f"{cell.cell} was not calculated: {cell.reason}" for cell in report.not_calculated),
        *wrong_spills(calculated, spills),
    ]
    if wrong:
        raise ValueError(f"the pages do not fit what they call: {'; '.join(wrong)}")
    return Built(calculated, errors(calculated, spills))


def _pages(data: TemplateData) -> tuple[WritePage, ...]:
    """Return the pages in their order: joined factors stand before the sample of several."""
    if data.factors is None:
        return PAGES
    at = PAGES.index(write_multifactor)
    return (*PAGES[:at], write_factors, *PAGES[at:])


def _require_room(data: TemplateData) -> None:
    rows, series = data.values.shape
    if rows > MOST_ROWS:
        raise InputError(
            f"the data have {rows} rows; a workbook takes at most {MOST_ROWS}, 50 years of days: "
            "cut the file, or use weekly or monthly rows"
        )
    if rows * series > MOST_VALUES:
        raise InputError(
            f"the data have {rows} rows x {series} series; a workbook takes at most "
            f"{MOST_VALUES} values: leave out assets, or use weekly or monthly rows"
        )
