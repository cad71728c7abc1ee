"""FACTOR_CHECK of the workbook's own series: on the Data page, and in what `new` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from xlsxwriter.utility import xl_col_to_name

from factor_core import returns
from factor_core.calendar_periods import EXCEL_DAY_ZERO
from factor_core.checks import factor_check
from factor_core.labelled import Columns

if TYPE_CHECKING:
    from factor_core.labelled import Table
    from factor_core.workbook.layout import Page
    from factor_core.workbook.references import TemplateData

WIDTHS = (10, 44, 64, 10, 60)
STYLES = ("label", "label", "label", "integer", "label")


def excess_returns(data: TemplateData) -> Columns:
    """Return the excess returns of the assets and, last, of the market."""
    rf = data.rf if data.are_returns else data.rf[1:]
    series = Columns(data.values, data.names)
    simple = series if data.are_returns else returns.simple_returns(series)
    return returns.excess_returns(simple, rf)


def findings(data: TemplateData) -> Table:
    """Return what FACTOR_CHECK says of all assets against the market, as the Data page shows it."""
    excess = excess_returns(data)
    days = np.array(data.dates[-data.returns :], dtype="M8[D]") - EXCEL_DAY_ZERO
    return factor_check(
        Columns(excess.values[:, :-1], data.assets),
        Columns(excess.values[:, -1:], (data.market,)),
        Columns(days.astype(np.float64)[:, None], ("Date",)),
    )


def write_findings(page: Page, data: TemplateData, row: int, column: int) -> None:
    """Write FACTOR_CHECK, live, over the excess returns of the Returns page."""
    last = column + len(WIDTHS) - 1
    page.section(row, "What is wrong or doubtful", first=column, last=last, tall=False)
    for offset, width in enumerate(WIDTHS):
        page.sheet.set_column(column + offset, column + offset, width)
    shape = (len(findings(data).rows) + 1, len(WIDTHS))
    formula = "=FACTOR_CHECK(assets_excess,market_excess,return_dates)"
    page.book.name("findings", page.spill(row + 1, column, formula, shape, STYLES))


def write_summary(page: Page, row: int, column: int, findings_column: int) -> int:
    """Write how many findings need a look, and the first of them; return the row below."""
    page.section(row, "Checked by FACTOR_CHECK", first=column, last=column + 9, tall=False)
    severity = 'INDEX(findings,0,1)&""'  # LibreOffice compares no text of an array until joined
    count = f'=SUMPRODUCT(({severity}="error")+({severity}="warning"))'
    page.labelled(row + 1, column, "errors and warnings", count, "integer")
    letter = xl_col_to_name(findings_column)
    where = f"Each with its place and remedy from column {letter} on; docs/checks.md has the rules."
    page.text(row + 1, column + 3, where, "remark")
    page.text(row + 2, column, "the first finding")
    first = '=INDEX(findings,2,1)&": "&INDEX(findings,2,2)'
    page.formula(row + 2, column + 1, first, "label")
    return row + 3
