"""Page Monthly: Kenneth French's monthly factors and 12 industries, from the built-in sample."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from factor_core import sample
from factor_core.workbook import blocks

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

START = dt.date(1990, 1, 1)
HEADS, FIRST = 4, 5  # rows of the heads and of the first month, from 0
FACTORS, RF, INDUSTRIES = 1, 5, 7
EXCESS, CHOSEN, FRENCH = 20, 33, 35
GAPS = (6, 19, 34)
MODELS = {"factors_capm": 1, "factors_ff3": 3, "factors_carhart": 4}


def write_monthly(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Monthly, which names the ranges that the pages on several factors use."""
    page = book.page(
        "Monthly",
        "Monthly factors and industries, 1990-01 to 2017-03",
        "Kenneth French's data library: decimal returns a month, dated at the month's end. The "
        "pages on several factors use this sample, whatever data the daily pages hold.",
    )
    months = sample.monthly(start=START)
    count, industries = len(months.dates), len(months.industry_names)
    last = FIRST + count - 1
    page.widths(11, *([9] * (FRENCH + 6)))
    for gap in GAPS:
        page.widths(2, first=gap)
    page.widths(12, first=CHOSEN)
    page.widths(11, first=FRENCH)
    _values(page, months)
    _names(page, last, industries)
    _spills(page, count, industries)
    _check_french(page, last)
    page.freeze(FIRST, 1)
    page.print_setup(last, EXCESS - 2, repeat=(HEADS, HEADS))  # the rest would print too small
    return page


def _values(page: Page, months: sample.MonthlyData) -> None:
    """Write the sample's columns: date, factors, risk-free rate, industries."""
    names = ("Date", *months.factor_names, "RF")
    blocks.header(page, HEADS, 0, names, left=())
    for j, name in enumerate(months.industry_names):
        page.text(HEADS, INDUSTRIES + j, name, "header")
    for i, day in enumerate(months.dates):
        row = FIRST + i
        page.value(row, 0, day, "month")
        for j, value in enumerate(months.factors[i]):
            page.value(row, FACTORS + j, float(value), "percent")
        page.value(row, RF, float(months.rf[i]), "percent")
        for j, value in enumerate(months.industries[i]):
            page.value(row, INDUSTRIES + j, float(value), "percent")


def _names(page: Page, last: int, industries: int) -> None:
    names = {
        "monthly_dates": (0, 0),
        "monthly_factors": (FACTORS, RF - 1),
        "monthly_rf": (RF, RF),
        "industries": (INDUSTRIES, INDUSTRIES + industries - 1),
        "industry_excess": (EXCESS, EXCESS + industries - 1),
        "industry_chosen": (CHOSEN, CHOSEN),
    }
    names |= {model: (FACTORS, FACTORS + k - 1) for model, k in MODELS.items()}
    for name, (first_column, last_column) in names.items():
        page.book.name(name, page.range(HEADS, first_column, last, last_column))


def _spills(page: Page, count: int, industries: int) -> None:
    """Write the excess returns, the chosen industry and the live factors."""
    last = FRENCH + 5
    for first, end, text in (
        (FACTORS, RF, "Factors (self-financing) and RF"),
        (INDUSTRIES, INDUSTRIES + industries - 1, "Industries: total returns, value-weighted"),
        (EXCESS, EXCESS + industries - 1, "Excess returns: EXCESS_RETURNS(industries, monthly_rf)"),
        (CHOSEN, CHOSEN, "Chosen"),
        (FRENCH, last, "FF_FACTORS, live"),
    ):
        page.section(HEADS - 1, text, first=first, last=end)
    shape = (count + 1, industries)
    page.spill(HEADS, EXCESS, "=EXCESS_RETURNS(industries,monthly_rf)", shape, "percent")
    chosen = "INDEX(industry_excess,0,MATCH(industry_name,INDEX(industry_excess,1,0),0))"
    page.spill(HEADS, CHOSEN, f"={chosen}", (count + 1, 1), "percent")
    french = '=FF_FACTORS("CARHART","M",MIN(monthly_dates),MAX(monthly_dates),"sample")'
    page.spill(HEADS, FRENCH, french, (count + 1, 6), ("month", *(["percent"] * 5)))


def _check_french(page: Page, last: int) -> None:
    """Write the checks of the live factors against the columns, above them."""
    page.text(HEADS - 2, FRENCH, "The factors of the function and of the columns B to F:")
    live = page.range(FIRST, FRENCH + 1, last, FRENCH + 5)
    blocks.all_agree(page, HEADS - 2, FRENCH + 5, live, page.range(FIRST, FACTORS, last, RF))
    native = f"=SUM({page.range(FIRST, INDUSTRIES, last, INDUSTRIES)})"
    native += f"-SUM({page.range(FIRST, RF, last, RF)})"
    page.text(HEADS - 2, EXCESS, "Sum of the first column: ours, native")
    page.formula(HEADS - 2, EXCESS + 5, "=SUM(INDEX(industry_excess,0,1))", "percent")
    page.formula(HEADS - 2, EXCESS + 6, native, "percent")
    ours, theirs = (page.reference(HEADS - 2, EXCESS + column) for column in (5, 6))
    page.agrees(HEADS - 2, EXCESS + 7, ours, theirs, blocks.CLOSE)
