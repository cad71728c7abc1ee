"""The page Magnitudes: how large alpha is, how sure, how good a bet, and what to expect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CHART_COLUMN, Line
from factor_core.workbook.charts import Series
from factor_core.workbook.references import (
    BOTH,
    HEADER_ROW,
    References,
    TemplateData,
    returns_columns,
)

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page

TOP = 3  # row of the first section, from 0
BETA = f"FACTOR_BETA({BOTH})"
ALPHA = f"FACTOR_ALPHA({BOTH})"
ALPHA_A_YEAR = f"FACTOR_ALPHA({BOTH},periods)"
N, DF = (f'FACTOR_STAT({BOTH},"{name}")' for name in ("n", "df"))
BEHIND = blocks.BEHIND_COLUMN
MOST_DRAWN = 15  # assets that a chart can label
SUMMARY_STYLES = (
    ("percent4", "percent"),  # alpha
    *(("number", "number"),) * 3,  # beta, R-squared, adjusted
    *(("variance", "variance"),) * 3,  # total, factor, idiosyncratic
    *(("percent", "percent"),) * 2,  # total and residual volatility
    *(("percent4", "percent"),) * 2,  # means of market and asset
    *(("number", "number"),) * 2,  # Sharpe and appraisal ratio
    *(("integer", "integer"),) * 5,  # rows used, first, last, ddof, degrees of freedom
    ("label", "label"),  # which standard errors
)


def _summary_style(i: int, j: int) -> str:
    if i == 0:
        return "header" if j else "header_left"
    styles_of_row = SUMMARY_STYLES[i - 1]
    return ("label", *styles_of_row, "number6", "number2", "percent1")[j]


LARGE_AND_SURE = (
    Line(
        "Alpha a period",
        f"={ALPHA}",
        "percent4",
        f"=INTERCEPT({BOTH})",
        "Looks like nothing over one period ...",
    ),
    Line(
        "Alpha a year",
        f"={ALPHA_A_YEAR}",
        "percent",
        f"=ANNUALIZE({ALPHA},periods)",
        "... and is x periods a year: a mean scales with time.",
    ),
    Line("t, least squares", f"=ALPHA_TSTAT({BOTH})", "number2", f"={ALPHA}/se_of_alpha"),
    Line("t, Newey-West", f'=ALPHA_TSTAT({BOTH},"hac")', "number2"),
    Line(
        "p, two-sided, Newey-West",
        f"=T.DIST.2T(ABS({{t}}),{DF})",
        "number",
        note=(
            "Chance of a t this far from 0 if alpha were 0. Picked out of many assets, it means"
            " less."
        ),
    ),
    Line(
        "Alpha a year, low end",
        f"={ALPHA_A_YEAR}-{{half}}",
        "percent",
        note="Interval at the confidence level of Start.",
    ),
    Line("Alpha a year, high end", f"={ALPHA_A_YEAR}+{{half}}", "percent"),
    Line(
        "Significant?",
        f'=IF(ABS({{t}})>T.INV.2T(1-confidence,{DF}),"yes","no")',
        "answer",
        note="Whether chance alone would rarely give an alpha this large.",
    ),
)


def write_magnitudes(book: Book, data: TemplateData, refs: References) -> Page:
    """Write how large alpha is, whether it is significant, worth a bet, and what to expect."""
    page = book.page(
        "Magnitudes",
        '="Alpha of "&asset_name&": how large, how sure, how good a bet?"',
        "Significant and good are two questions: the t statistic grows with the years of data, "
        "the appraisal ratio does not.",
    )
    blocks.grid(page)
    row = _write_alpha(page, TOP)
    row = _write_bet(page, row + 1)
    row = _write_dividends(page, refs, row + 1)
    row = _write_expected(page, data, row + 1)
    row = _write_table(page, data, row + 1)
    page.section(row, "Everything in one block: FACTOR_SUMMARY", last=9)
    formula = f"=FACTOR_SUMMARY({BOTH},periods)"
    page.spill(row + 1, 0, formula, (len(SUMMARY_STYLES) + 1, 6), _summary_style, header=False)
    page.freeze(3)
    page.print_setup(row + 1 + len(SUMMARY_STYLES), blocks.LAST_COLUMN)
    return page


def _write_alpha(page: Page, row: int) -> int:
    page.section(row, "How large, how sure", last=9)
    t = page.reference(row + 4, 1)
    half = f"T.INV.2T(1-confidence,{DF})*{ALPHA_A_YEAR}/{t}"
    return blocks.lines(page, row + 1, blocks.filled(LARGE_AND_SURE, t=t, half=half))


def _write_bet(page: Page, row: int) -> int:
    page.section(row, "Is it a good bet?", last=9)
    appraisal, market = page.reference(row + 1, 1), page.reference(row + 3, 1)
    block = (
        Line(
            "Appraisal ratio",
            f"=APPRAISAL_RATIO({BOTH},periods)",
            "number",
            f"=SHARPE_RATIO(HEDGED_SERIES({BOTH}),periods)",
            "Alpha a year per unit of residual volatility: the Sharpe ratio of the hedged asset.",
        ),
        Line(
            "Sharpe ratio of the asset",
            "=SHARPE_RATIO(asset_excess,periods)",
            "number",
            note="Unhedged: alpha and market together.",
        ),
        Line(
            "Sharpe ratio of the market",
            "=SHARPE_RATIO(market_excess,periods)",
            "number",
            note="The yardstick: a bet below it pays less for its risk than the market did.",
        ),
        Line(
            "Best mix of market and hedged asset",
            f"=SQRT({market}^2+{appraisal}^2)",
            "number",
            note="The highest Sharpe ratio the two allowed in this sample: the squares add.",
        ),
        Line("Years of data", f"={N}/periods", "number2"),
        Line(
            "Years to be sure of this ratio",
            f"=(T.INV.2T(1-confidence,{DF})/{appraisal})^2",
            "number2",
            note="t is about the ratio x sqrt(years): a good bet can take decades to prove.",
        ),
    )
    return blocks.lines(page, row + 1, block)


def _write_dividends(page: Page, refs: References, row: int) -> int:
    page.section(row, "Alpha against a market that pays its dividends", last=9)
    with_dividends = f"=FACTOR_ALPHA({refs.asset},{refs.market}+missing_dividends/periods,periods)"
    native = f"={ALPHA_A_YEAR}-{BETA}*missing_dividends"
    block = (
        Line(
            "Alpha a year, dividends added",
            with_dividends,
            "percent",
            native,
            "A price index leaves dividends out; alpha against it is too high by beta x dividends."
            " Start holds the assumption.",
        ),
    )
    return blocks.lines(page, row + 1, block)


def _write_expected(page: Page, data: TemplateData, row: int) -> int:
    page.section(row, "What return to expect, a year", last=9)
    realised = f"ANNUALIZE(AVERAGE({data.market_rows}),periods)"
    mean = f"=rf_annual+ANNUALIZE(AVERAGE({data.asset_rows}),periods)"
    block = (
        Line(
            "CAPM: rf + beta x premium",
            f"=CAPM_RETURN(rf_annual,{BETA},market_premium)",
            "percent",
            f"=rf_annual+{BETA}*market_premium",
            "The premium is your forecast on Start; alpha is taken as 0.",
        ),
        Line(
            "with alpha",
            f"=EXPECTED_RETURN(rf_annual,{BETA},market_premium,{ALPHA_A_YEAR})",
            "percent",
            f"=rf_annual+{BETA}*market_premium+{ALPHA_A_YEAR}",
            "Only if you believe that the alpha of the past goes on.",
        ),
        Line(
            "Realised: with the market's mean",
            f"=EXPECTED_RETURN(rf_annual,{BETA},{realised},{ALPHA_A_YEAR})",
            "percent",
            mean,
            "With the market's realised mean it is the asset's own mean: a regression line passes"
            " through the means.",
        ),
    )
    return blocks.lines(page, row + 1, block)


def _write_table(page: Page, data: TemplateData, row: int) -> int:
    """Write all assets side by side, and draw alphas with intervals and means against betas."""
    page.section(row, "All assets side by side: FACTOR_TABLE", last=9)
    columns, m = returns_columns(data), len(data.assets)
    last = HEADER_ROW + data.returns
    assets = f"Returns!{xl_range_abs(HEADER_ROW, columns.excess, last, columns.excess + m - 1)}"
    formula = f'=FACTOR_TABLE({assets},market_excess,periods,"hac")'
    style = ["label", "percent", "number2", "number", "percent1", "percent1", "number", "integer"]
    page.spill(row + 1, 0, formula, (m + 1, 8), style)
    blocks.header(page, row + 1, 8, ["mean", "interval +-"], lines=2, left=())
    for i in range(m):
        at = row + 2 + i
        cells = [xl_rowcol_to_cell(at, column) for column in range(8)]
        column = columns.excess + i
        series = data.native(f"Returns!{xl_range_abs(HEADER_ROW + 1, column, last, column)}")
        page.formula(at, 8, f"=ANNUALIZE(AVERAGE({series}),periods)", "percent")
        half = f"=T.INV.2T(1-confidence,{cells[7]}-2)*{cells[1]}/{cells[2]}"
        page.formula(at, 9, half, "percent")
    _draw_table(page, row + 2, min(m, MOST_DRAWN))
    return row + m + 3


def _draw_table(page: Page, row: int, m: int) -> None:
    """Draw alphas with their intervals, and means against betas."""

    def column(number: int) -> str:
        return f"={page.range(row, number, row + m - 1, number)}"

    low, high = BEHIND, BEHIND + 1
    blocks.behind_charts(page, TOP, 14, 2, BEHIND)
    for i in range(m):
        alpha, half = (xl_rowcol_to_cell(row + i, j) for j in (1, 9))
        page.formula(TOP + 1 + i, low, f"={alpha}-{half}", "percent")
        page.formula(TOP + 1 + i, high, f"={alpha}+{half}", "percent")
    ends = tuple(f"={page.range(TOP + 1, j, TOP + m, j)}" for j in (low, high))
    bars = [
        Series("alpha a year", column(0), column(1), error_bars=column(9), ends=(ends[0], ends[1]))
    ]
    axes = ("Asset", "Alpha a year, with its interval")
    title = "Alpha a year, and how sure it is (Newey-West)"
    where = (TOP, CHART_COLUMN)
    charts.columns(page, where, title, axes, bars, number_format="0%")
    line = _market_line(page, TOP + MOST_DRAWN + 2, page.range(row, 3, row + m - 1, 3))
    points = [*(_point(page, row + i) for i in range(m)), line]
    axes = ("Beta", "Mean excess return a year")
    title = "Mean return and beta: the height above the line is alpha"
    charts.scatter(page, where, title, axes, points, number_formats=("0.0", "0%"))


def _point(page: Page, row: int) -> Series:
    """Return the point of one asset: its beta and its mean."""
    name, beta, mean = (f"={page.reference(row, column)}" for column in (0, 3, 8))
    return Series(name, beta, mean, styles.ASSET, size=7, labelled=True)


def _market_line(page: Page, row: int, betas: str) -> Series:
    """Write the two ends of the line of mixes of market and cash, and return it."""
    page.value(row, BEHIND, 0, "number")
    page.formula(row + 1, BEHIND, f"=1.1*MAX(1,{betas})", "number")
    for end in (row, row + 1):
        mean = f"={xl_rowcol_to_cell(end, BEHIND)}*AVERAGE(market_excess)*periods"
        page.formula(end, BEHIND + 1, mean, "percent")
    x, y = (page.range(row, BEHIND + j, row + 1, BEHIND + j) for j in (0, 1))
    return Series("market and cash mixed", f"={x}", f"={y}", styles.MARKET, line=True)
