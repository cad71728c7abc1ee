"""Page Factors: the factors that `factor-udfs new --factors` joined, and the assets on them.

The page is written only where factors were joined. It names the range `factors`, row by row that of
`excess_all`, so that any formula of the workbook takes it as factor_returns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.workbook import blocks
from factor_core.workbook.references import FIRST_ROW, HEADER_ROW

if TYPE_CHECKING:
    from factor_core.own_factors import FactorBlock
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

ONE = "asset_excess,factors"
GAP = 3  # rows between two tables


def write_factors(book: Book, data: TemplateData, refs: References) -> Page:
    """Write the factors of each row of returns and, right of them, what they explain."""
    block = data.factors
    if block is None:
        raise ValueError("no factors were joined, so there is no page for them")
    page = book.page(
        "Factors",
        f'="{block.model} on your rows: "&asset_name',
        f"Joined by date from {block.source}: decimal, self-financing, so that no risk-free rate "
        "is subtracted. Formulas take them by the name factors.",
    )
    right = len(block.names) + 2
    page.widths(12, *[10.5] * len(block.names), 3, 24, *[12] * (len(block.names) + 6))
    _write_columns(page, data, block, refs)
    row = _write_asset(page, block, right)
    row = _write_table(page, data, block, row, right)
    page.freeze(FIRST_ROW, 1)
    last = max(row, HEADER_ROW + refs.n)
    page.print_setup(last, right + len(block.names) + 6, (HEADER_ROW, HEADER_ROW))
    return page


def _write_columns(page: Page, data: TemplateData, block: FactorBlock, refs: References) -> None:
    """Write the dates of the returns and the factors; a missing one stays a blank cell."""
    page.text(HEADER_ROW - 1, 1, f"{block.model}, decimal", "strong")
    blocks.header(page, HEADER_ROW, 0, ("Date", *block.names))
    page.spill(FIRST_ROW, 0, f"={refs.dates}", (refs.n, 1), "date", header=False)
    values = block.values[-data.returns :]
    for i, row in enumerate(values):
        for j, value in enumerate(row, 1):
            cell = None if np.isnan(value) else float(value)
            page.value(FIRST_ROW + i, j, cell, "input percent")
    named = page.range(HEADER_ROW, 1, HEADER_ROW + refs.n, len(block.names))
    page.book.name("factors", named)


def _write_asset(page: Page, block: FactorBlock, column: int) -> int:
    """Write the regression, the hedge and the risk of the asset chosen on Start."""
    k = len(block.names)
    last = column + k + 6
    title = f'="Regression of "&asset_name&" on {block.model}"'
    page.section(HEADER_ROW - 1, title, first=column, last=last, tall=False)
    styles = ("label_column", "number", "number", "number2", "number", "number", "number")
    page.spill(HEADER_ROW, column, f"=FACTOR_REGRESSION({ONE})", (k + 2, 7), styles)
    row = HEADER_ROW + k + GAP
    title = '="Position in each factor that hedges 1 of "&asset_name'
    page.section(row, title, first=column, last=last, tall=False)
    blocks.header(page, row + 1, column, ("", *block.names, "beta left"))
    page.text(row + 2, column, "Hedge ratio")
    page.spill(row + 2, column + 1, f"=HEDGE_RATIO({ONE})", (1, k), "number", header=False)
    page.formula(
        row + 2,
        column + k + 1,
        f"=MAX(ABS(FACTOR_BETA(HEDGED_SERIES({ONE}),factors)))",
        "number6",
    )
    row += 2 + GAP - 1
    title = '="Where the variance of "&asset_name&" comes from, a year"'
    page.section(row, title, first=column, last=last, tall=False)
    shape = (k + 3, 4)
    decomposition = f"=VARIANCE_DECOMP({ONE},periods)"
    columns = ("label_column", "number6", "percent", "percent")
    page.spill(row + 1, column, decomposition, shape, columns)
    shares = page.range(row + 2, column + 3, row + 2 + k, column + 3)
    page.text(row + k + GAP + 1, column, "R-squared, the same by its own function")
    page.formula(row + k + GAP + 1, column + 3, f"=R_SQUARED({ONE})", "percent")
    ours = f"SUM({shares})-{page.reference(row + 2 + k, column + 3)}"
    page.agrees(row + k + GAP + 1, column + 4, ours, f"R_SQUARED({ONE})", blocks.CLOSE)
    return row + k + GAP + GAP


def _write_table(page: Page, data: TemplateData, block: FactorBlock, row: int, column: int) -> int:
    """Write one row an asset: every asset on the same factors."""
    k = len(block.names)
    title = f"Every asset on {block.model}, Newey-West standard errors"
    page.section(row, title, first=column, last=column + k + 6, tall=False)
    styles = (
        *("label_column", "percent", "number2"),
        *["number"] * k,
        *("percent", "percent", "number", "integer"),
    )
    shape = (len(data.assets) + 1, k + 7)
    page.spill(row + 1, column, "=FACTOR_TABLE(assets_excess,factors,periods)", shape, styles)
    return row + len(data.assets) + 2
