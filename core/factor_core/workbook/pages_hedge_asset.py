"""Middle of the page Hedge desk: the chosen asset to another beta or share, least variance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import (
    ABOVE_ZERO,
    ANY_NUMBER,
    BEHIND_COLUMN,
    Input,
    Line,
    write_inputs,
)
from factor_core.workbook.charts import Series
from factor_core.workbook.references import BOTH, HEADER_ROW, returns_columns

if TYPE_CHECKING:
    from factor_core.workbook.layout import Page, StyleOfCell
    from factor_core.workbook.references import TemplateData

FALLBACK = 1_000_000  # money in the chosen asset where the book has none of it
NO_PRICE = 1_000.0  # of the market, where the data are returns
LEAST_ROWS = 5  # for what a hedge did: a beta, a correlation, two volatilities
STEPS = 20  # of the curve on either side of the full hedge
CURVE = BEHIND_COLUMN + 3  # the curve, behind the charts


def write_asset(
    page: Page, data: TemplateData, positions: str, row: int, charts_at: tuple[int, int]
) -> int:
    """Write the chosen asset's hedges from `row` down; return the next row.

    `positions` are the cells of the assets' positions in the book.
    """
    row = _write_target_beta(page, data, positions, row)
    row = _write_factor_share(page, data, row + 1, charts_at)
    return _write_least_variance(page, data, row + 1)


# ------------------------------------------------------------------- another beta, another share


FUTURE_MONEY = "future_price*future_multiplier"
CALL = "TARGET_BETA_HEDGE({value},{beta},target_beta,future_beta"
TARGETS = (
    Line(
        '="Money in "&asset_name',
        f"=IF({{position}}=0,{FALLBACK},{{position}})",
        "money",
        note=f"Its position in the book above; {FALLBACK:,} where the book has none.",
    ),
    Line("Its beta", f"=FACTOR_BETA({BOTH})", "number", f"=SLOPE({BOTH})", "Its move for 1 of it."),
    Line(
        "Hedge in money",
        f"={CALL})",
        "money",
        f"={{value}}*(target_beta-SLOPE({BOTH}))/future_beta",
        "Value x (wanted - beta) / beta of the future. Negative: sell.",
    ),
    Line(
        "Hedge in contracts",
        f"=INDEX({CALL},future_price,future_multiplier),1,1)",
        "integer",
        f"=SIGN({{money}})*ROUND(MAX(0,ABS({{money}})/({FUTURE_MONEY})-0.5),0)",
        "Whole contracts, rounded toward less hedge.",
    ),
    Line(
        "Beta left",
        f"=INDEX({CALL},future_price,future_multiplier),1,2)",
        "number",
        f"={{beta}}+{{contracts}}*{FUTURE_MONEY}*future_beta/{{value}}",
        "Not quite the beta wanted: contracts come whole.",
    ),
    Line(
        "Money in the market beyond what was wanted",
        "=({left}-target_beta)*{value}",
        "money",
        f"=({{contracts}}*{FUTURE_MONEY}-{{money}})*future_beta",
        "What rounding leaves: less than one contract.",
        "1E-6",
    ),
)


def _write_target_beta(page: Page, data: TemplateData, positions: str, row: int) -> int:
    """Write the hedge of the chosen asset that leaves a wanted beta, in money and contracts."""
    page.section(row, '="To another beta: "&asset_name&" with index futures"', last=9)
    price = "At first the market's last price; 1,000 where the sheet Data holds returns."
    inputs = (
        Input("Beta wanted", 0.5, "target_beta", "number2", "0 hedges it fully.", ANY_NUMBER),
        Input(
            "Beta of the future",
            1.0,
            "future_beta",
            "number2",
            "1 where it is a future on the market itself.",
            ABOVE_ZERO,
        ),
        Input("Price of the future", _price(data), "future_price", "price", price, ABOVE_ZERO),
        Input(
            "Multiplier: units in one contract",
            50.0,
            "future_multiplier",
            "general",
            "50 for a future on 50 times the index.",
            ABOVE_ZERO,
        ),
    )
    at = write_inputs(page, row + 1, inputs)
    blocks.line_heads(page, at, ("Hedge", "value", "second way", blocks.CHECK, "meaning"))
    position = f'INDEX({positions},MATCH(TRUE,INDEX(assets_excess,1,0)&""=asset_name,0))'
    names = ("value", "beta", "money", "contracts", "left")
    cells = {name: f"$B${at + 2 + i}" for i, name in enumerate(names)}
    return blocks.lines(page, at + 1, blocks.filled(TARGETS, position=position, **cells))


def _price(data: TemplateData) -> float:
    if data.are_returns:
        return NO_PRICE
    market = data.values[:, -1]
    return round(float(market[~np.isnan(market)][-1]), 2)


VARIANCES = (
    Line("Its beta", f"=FACTOR_BETA({BOTH})", "number", f"=SLOPE({BOTH})"),
    Line("Variance of the market a period", "=VAR.S({market})", "number6"),
    Line(
        "Own variance a period",
        f"=RESIDUAL_VOL({BOTH})^2",
        "number6",
        f'=STEYX({BOTH})^2*(FACTOR_STAT({BOTH},"n")-2)/(FACTOR_STAT({BOTH},"n")-1)',
    ),
)
SHARES = (
    (
        "Root 1: leaves a beta of the same sign",
        "=INDEX({roots},1,1)",
        "=target_share",
        "The smaller trade, and the usual one.",
    ),
    (
        "Root 2: leaves its mirror image",
        "=INDEX({roots},1,2)",
        "=target_share",
        "Trades past the full hedge, to the same share.",
    ),
    ("Full hedge", f"=HEDGE_RATIO({BOTH})", "=0", "HEDGE_RATIO: minus beta."),
    ("No hedge", "=0", f"=R_SQUARED({BOTH})", "The factor share is R2."),
)


def _write_factor_share(
    page: Page, data: TemplateData, row: int, charts_at: tuple[int, int]
) -> int:
    """Write both hedges that leave the market a given share of the variance, and their curve."""
    page.section(row, '="A given factor share: "&asset_name&", FACTOR_SHARE_HEDGE"', last=9)
    page.input(row + 1, 0, "Factor share wanted", 0.1, "target_share", "percent1")
    rule = {"criteria": "between", "minimum": 0, "maximum": 0.99}
    blocks.numbers_only(page, row + 1, 1, rule)
    text = "Share of the variance that may be the market's: from 0 to below 100 %."
    blocks.note(page, row + 1, text)
    lines = blocks.filled(VARIANCES, market=data.market_rows)
    at = blocks.lines(page, row + 2, lines)
    beta, market, own = (f"$B${at - i}" for i in (2, 1, 0))
    heads = ("Hedge", "market per 1", "beta left", "factor share", "share wanted", blocks.CHECK)
    blocks.header(page, at, 0, heads)
    roots = f"FACTOR_SHARE_HEDGE({beta},{market},{own},target_share)"
    for r, (label, hedge, wanted, remark) in enumerate(SHARES, at + 1):
        left = f"=B{r + 1}+{beta}"
        blocks.row_of(page, r, label, (hedge.format(roots=roots), left), "number", remark)
        share = f"=C{r + 1}^2*{market}/(C{r + 1}^2*{market}+{own})"
        page.formula(r, 3, share, "percent1")
        page.formula(r, 4, wanted, "percent1")
        page.verdict(r, 5, f"ABS(D{r + 1}-E{r + 1})<=1E-9")
    text = (
        "Near the full hedge the curve is flat: a hedge that is a little wrong leaves little "
        "factor risk, so that the last contracts buy the least."
    )
    blocks.paragraph(page, at + 5, text)
    _write_curve(page, at, (beta, market, own))
    _draw_share(page, at, charts_at)
    return at + 6


def _write_curve(page: Page, row: int, cells: tuple[str, str, str]) -> None:
    """Write the factor share on a grid of hedges, as wide as both roots and no hedge need."""
    beta, market, own = cells
    page.text(HEADER_ROW, CURVE, "market per 1", "header")
    page.text(HEADER_ROW, CURVE + 1, "factor share", "header")
    page.text(HEADER_ROW, CURVE + 2, "share wanted", "header")
    width = f"1.2*MAX(ABS({beta}),ABS($C${row + 2}))"
    for i in range(2 * STEPS + 1):
        r = HEADER_ROW + 1 + i
        page.formula(r, CURVE, f"=-{beta}+({i - STEPS})/{STEPS}*{width}", "number")
        hedge = f"{xl_rowcol_to_cell(r, CURVE)}+{beta}"
        share = f"=({hedge})^2*{market}/(({hedge})^2*{market}+{own})"
        page.formula(r, CURVE + 1, share, "percent1")
        page.formula(r, CURVE + 2, "=target_share", "percent1")


# ------------------------------------------------------------------------------ least variance


def _write_least_variance(page: Page, data: TemplateData, row: int) -> int:
    """Write the hedge of the chosen asset by the second asset and the market together."""
    columns = returns_columns(data)
    first, last = columns.chosen + 1, columns.chosen + 2  # the second asset, then the market
    cells = xl_range_abs(HEADER_ROW, first, HEADER_ROW + data.returns, last)
    instruments = f"Returns!{cells}"
    title = '="Least variance: "&asset_name&" with "&second_asset&" and "&market_name'
    page.section(row, title, last=9)
    page.input(row + 1, 0, "Ridge", 0, "ridge", "number2")
    blocks.numbers_only(page, row + 1, 1, {"criteria": "between", "minimum": 0, "maximum": 1e6})
    text = "0: least variance in sample. 0.1 shrinks the ratios of instruments that overlap."
    blocks.note(page, row + 1, text)
    page.text(row + 2, 0, "Rows in common")
    columns_used = ("asset_excess", "second_excess", "market_excess")
    both = "*".join(f"ISNUMBER({name})" for name in columns_used)
    page.formula(row + 2, 1, f"=SUMPRODUCT({both})", "integer")
    rows = f"$B${row + 3}"
    text = (
        '=IF(second_asset=asset_name,"The second asset is the asset itself: choose another.",'
        '"In sample, another instrument always helps.")'
    )
    blocks.note(page, row + 2, text)
    call = f"MIN_VAR_HEDGE(asset_excess,{instruments},ridge)"
    few = f'IF(SEQUENCE(7,4)=1,"Fewer than {LEAST_ROWS} rows in common","-")'
    table = f"=IF({rows}>={LEAST_ROWS},{call},{few})"
    page.spill(row + 3, 0, table, (7, 4), least_variance_style(2))
    ratios = f"B{row + 5}:B{row + 6}"
    series = data.native(f"HEDGED_SERIES(asset_excess,{instruments},-{ratios})")
    found = f'=IF({rows}<{LEAST_ROWS},"-",STDEV.S({series}))'
    at, before, after = row + 10, f"B{row + 7}", f"B{row + 8}"
    note = "The volatility of asset + ratios x instruments, row by row: that of the table."
    blocks.row_of(page, at, "Volatility after, from the series", (found,), "percent")
    page.verdict(at, 3, f"IF({rows}<{LEAST_ROWS},0,ABS(B{at + 1}-{after})/{before})<=1E-9")
    blocks.note(page, at, note)
    alone = (f"=RESIDUAL_VOL({BOTH})",)
    blocks.row_of(page, at + 1, "With the market alone", alone, "percent")
    blocks.note(page, at + 1, "RESIDUAL_VOL: the second instrument must be worth its costs.")
    return at + 2


def least_variance_style(instruments: int) -> StyleOfCell:
    """Return the styles of the table of MIN_VAR_HEDGE with so many instruments."""
    forms = ["number"] * instruments + ["percent", "percent", "percent1", "integer"]

    def style(i: int, j: int) -> str:
        if i == 0:
            return ("header_left", "header", "header", "header_note")[j]
        return ("label_column", forms[i - 1], "number2", "remark")[j]

    return style


def _draw_share(page: Page, row: int, charts_at: tuple[int, int]) -> None:
    """Draw the curve, the share wanted, both roots, the full hedge and none."""
    first, last = HEADER_ROW + 1, HEADER_ROW + 1 + 2 * STEPS
    x = f"={page.range(first, CURVE, last, CURVE)}"
    lines = [
        Series(
            f"={page.reference(HEADER_ROW, CURVE + i)}",
            x,
            f"={page.range(first, CURVE + i, last, CURVE + i)}",
            colour,
            line=True,
            dash=dash,
        )
        for i, colour, dash in ((1, styles.MARKET, "solid"), (2, styles.REFERENCE, "dash"))
    ]
    points = [
        Series(name, f"={page.reference(r, 1)}", f"={page.reference(r, 3)}", colour, size=9)
        for r, (name, colour) in enumerate(
            (
                ("root 1", styles.ASSET),
                ("root 2", styles.SECOND),
                ("full hedge", styles.OWN),
                ("no hedge", styles.GREY),
            ),
            row + 1,
        )
    ]
    title = '="Factor share of "&asset_name&" against its hedge"'
    axes = ("Market for each 1 of the asset", "Factor share of the variance")
    formats = ("0.0", "0%")
    charts.scatter(page, charts_at, title, axes, [*lines, *points], number_formats=formats)
