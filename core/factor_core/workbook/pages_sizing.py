"""Page Sizing: a volatility budget to a position, hedged and not, and what it should earn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CHART_COLUMN, CLOSE, Line
from factor_core.workbook.charts import Series
from factor_core.workbook.references import BOTH

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

WORDS = (
    '{0}=252,"{1} day",{0}=52,"{1} week",{0}=12,"{1} month",{0}=4,"{1} quarter",{0}=1,"{1} year"'
)
MILLIONS = '$#,##0.0,,"M"'


def horizon(periods: str, article: str) -> str:
    """Return the formula text that says a number of periods a year in words, "a month"."""
    return f'IFS({WORDS.format(periods, article)},TRUE,"{article} period")'


def dollars(amount: str) -> str:
    """Return the formula text that says an amount of money; TEXT's formats vary with the language.

    In a German Excel the comma of "#,##0" is a decimal mark; FIXED knows the language's own.
    """
    return f'"$"&FIXED({amount},0)'


class Rows(NamedTuple):
    """The columns of an asset and the market over the rows that their regression uses."""

    asset: str
    market: str


def joint_rows(data: TemplateData, asset: str = "asset_excess") -> Rows:
    """Return the columns for functions of one column, which would use every row of it."""
    if not data.has_gaps:
        return Rows(asset, "market_excess")
    both = 'IF(ISNUMBER({}),{},"")'
    return Rows(both.format("market_excess", asset), both.format(asset, "market_excess"))


VOLS, SIZES, TRAP, PROFITS = 10, 16, 24, 31  # rows of the sections of Sizing, from 0
TOTAL_VOL, RESIDUAL_VOL = VOLS + 3, VOLS + 4  # as the sheet numbers them, from 1
CHOSEN, MONTH, YEAR = SIZES + 3, SIZES + 4, SIZES + 5
UNHEDGED, HEDGED, HEDGE = f"$B${CHOSEN}", f"$C${CHOSEN}", f"$D${CHOSEN}"


def write_sizing(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Sizing: a volatility budget to a position, hedged and not, and its profit."""
    page = book.page(
        "Sizing",
        '="Sizing a position in "&asset_name',
        "A volatility budget says how much money may be at risk over a horizon; the position "
        "follows from the volatility over the same horizon.",
    )
    blocks.grid(page)
    rows = joint_rows(data)
    _budget(page, rows)
    _volatilities(page, rows)
    _positions(page, rows)
    _mixed_horizons(page)
    _expected_profit(page)
    _profit_for_risk(page, PROFITS + 7, rows)
    _sizing_charts(page)
    page.freeze(3)
    page.print_setup(PROFITS + 8, blocks.LAST_COLUMN)
    return page


def _budget(page: Page, rows: Rows) -> None:
    page.section(3, "The budget (its input cells stand on Start)", last=9)
    block = (
        Line(
            "Volatility budget",
            "=budget",
            "money",
            note="One standard deviation of the profit over the horizon: in about one period of "
            "three the gain or loss is larger.",
        ),
        Line(
            "Horizon of the budget, periods a year",
            "=budget_periods",
            "integer",
            note="12 is a month, 1 a year. POSITION_SIZE takes the horizon as an argument, never "
            "as an assumption.",
        ),
        Line(
            "Frequency of the returns, periods a year",
            "=periods",
            "integer",
            note="252 trading days, 52 weeks, 12 months.",
        ),
        Line(
            '="Mean of the market, "&' + horizon("periods", "per"),
            f"=AVERAGE({rows.market})",
            "percent4",
            note="The sample's mean is no forecast: the last line of this page uses the premium "
            "of Start instead.",
        ),
    )
    blocks.lines(page, 4, block)


def _volatilities(page: Page, rows: Rows) -> None:
    page.section(VOLS, '="Volatility of "&asset_name&" by horizon"', last=9)
    heads = ("Volatility", f"={horizon('periods', 'per')}", "per month", "per year")
    blocks.header(page, VOLS + 1, 0, (*heads, "year, native", "check"))
    residual = f"VAR.S({rows.asset})-SLOPE({BOTH})^2*VAR.S({rows.market})"
    total = f"STDEV.S({rows.asset})"
    sources = (
        ("Total: without hedge", f"={total}", f"={total}*SQRT(periods)"),
        ("Residual: with hedge", f"=RESIDUAL_VOL({BOTH})", f"=SQRT(({residual})*periods)"),
        (
            "From the market: |beta| x market volatility",
            f"=ABS(FACTOR_BETA({BOTH}))*STDEV.S({rows.market})",
            f"=SQRT(E{TOTAL_VOL}^2-E{RESIDUAL_VOL}^2)",
        ),
    )
    notes = (
        '="Volatility grows with the square root of time: to a year it is x SQRT("&periods&")."',
        "Standard deviation of the residuals with n-1, so that the parts add up.",
        "Variances add, volatilities do not: total^2 = residual^2 + market^2.",
    )
    for i, (label, formula, native) in enumerate(sources):
        row = VOLS + 2 + i
        month, year = (f"=VOL_SCALE($B{row + 1},periods,{target})" for target in (12, 1))
        blocks.row_of(page, row, label, (formula, month, year, native), "percent", notes[i])
        page.agrees(row, 5, f"D{row + 1}", f"E{row + 1}", CLOSE)


def _positions(page: Page, rows: Rows) -> None:
    page.section(SIZES, "Position that uses the budget", last=9)
    heads = ("Budget", "unhedged", "hedged", "hedge: market", "hedged / unhedged", "check")
    blocks.header(page, SIZES + 1, 0, heads, lines=2)
    notes = (
        "Hedged = unhedged / SQRT(1-R2) at every horizon: only residual risk uses the budget.",
        "The hedge is the money in the market: -beta x hedged position.",
        "The same money as a year's budget buys SQRT(12) = 3.46 times less than as a month's.",
    )
    for i, periods in enumerate(("budget_periods", "12", "1")):
        row = SIZES + 2 + i
        label = f'={dollars("budget")}&" "&{horizon(periods, "a")}'
        size = f"=POSITION_SIZE(budget,$B${TOTAL_VOL},{periods},periods)"
        label += "" if i else '&" (as chosen on Start)"'
        blocks.row_of(page, row, label, (size,), "money", notes[i])
        hedged = f"=HEDGED_POSITION_SIZE(budget,{BOTH},{periods},periods)"
        page.spill(row, 2, hedged, (1, 2), "money", header=False)
        page.formula(row, 4, f"=C{row + 1}/B{row + 1}", "number")
        page.agrees(row, 5, f"E{row + 1}", f"1/SQRT(1-R_SQUARED({BOTH}))", CLOSE)
    row = SIZES + 5
    root = "SQRT(periods/budget_periods)"
    native = (
        f"=budget/(STDEV.S({rows.asset})*{root})",
        f"=budget/(E{RESIDUAL_VOL}/SQRT(periods)*{root})",
        f"=-SLOPE({BOTH})*C{row + 1}",
        f"=1/SQRT(1-RSQ({BOTH}))",
    )
    label = "Native: budget / (vol x SQRT(periods / horizon))"
    blocks.row_of(page, row, label, native[:3], "money", "1 / SQRT(1 - RSQ) stands beside it.")
    page.formula(row, 4, native[3], "number")
    blocks.all_agree(page, row, 5, f"B{CHOSEN}:E{CHOSEN}", f"B{row + 1}:E{row + 1}")


def _mixed_horizons(page: Page) -> None:
    """Write the trap of a month's budget over a year's volatility, worked out."""
    page.section(TRAP, "Trap: a month's and a year's numbers mixed", last=9)
    heads = ("Hedged position", "position", "vol a month", "vol a year", "risk / budget", "check")
    blocks.header(page, TRAP + 1, 0, heads)
    month, year = f"$C${RESIDUAL_VOL}", f"$D${RESIDUAL_VOL}"
    cases = (
        ("Right: budget a month, volatility a month", f"=C{MONTH}", "C", "1"),
        ("Right: budget a year, volatility a year", f"=C{YEAR}", "D", "1"),
        ("Wrong: budget a year, volatility a month", f"=budget/{month}", "D", "SQRT(12)"),
        ("Wrong: budget a month, volatility a year", f"=budget/{year}", "C", "1/SQRT(12)"),
    )
    notes = (
        "Meets the budget over a month.",
        "Meets the budget over a year.",
        "SQRT(12) = 3.46 times the risk that was allowed over the year.",
        "Uses only 29 % of the budget over the month.",
    )
    for i, (label, position, column, ratio) in enumerate(cases):
        row = TRAP + 2 + i
        risks = (f"=$B{row + 1}*{month}", f"=$B{row + 1}*{year}")
        blocks.row_of(page, row, label, (position, *risks), "money", notes[i])
        page.formula(row, 4, f"={column}{row + 1}/budget", "number2")
        page.agrees(row, 5, f"E{row + 1}", ratio, CLOSE)


def _profit(position: str, beta: str, kind: str, mean: str = "$B$8") -> str:
    return f'=EXPECTED_PNL({position},FACTOR_ALPHA({BOTH}),{beta},{mean},periods,"{kind}")'


def _expected_profit(page: Page) -> None:
    page.section(PROFITS, "Expected profit a year of the chosen positions", last=9)
    heads = ("Dollars a year", "unhedged", "hedged", "native unhedged", "native hedged", "check")
    blocks.header(page, PROFITS + 1, 0, heads, lines=2)
    beta, slope, intercept = f"FACTOR_BETA({BOTH})", f"SLOPE({BOTH})", f"INTERCEPT({BOTH})"
    exposure = (f"={beta}*{UNHEDGED}", f"={beta}*{HEDGED}+{HEDGE}")
    remark = "Beta x position, hedge included: after hedging no money is left in the market."
    blocks.row_of(page, PROFITS + 2, "Money in the market", exposure, "money", remark)
    parts = (
        ("factor", "From the market", f"={slope}*$B$8*periods*{UNHEDGED}", "=0"),
        (
            "alpha",
            "From alpha: risk-adjusted",
            f"={intercept}*periods*{UNHEDGED}",
            f"={intercept}*periods*{HEDGED}",
        ),
        (
            "total",
            "Total",
            f"=({slope}*$B$8+{intercept})*periods*{UNHEDGED}",
            f"={intercept}*periods*{HEDGED}",
        ),
    )
    notes = (
        "Position x beta x mean of the market: the hedge gives it up with its risk.",
        "Position x alpha: the reason to hold it, and the least certain number.",
        "Their sum. The unhedged total is position x the asset's own mean.",
    )
    for i, (kind, label, *natives) in enumerate(parts):
        row = PROFITS + 3 + i
        ours = (_profit(UNHEDGED, beta, kind), _profit(HEDGED, "0", kind))
        style = "strong money" if kind == "total" else "money"
        blocks.row_of(page, row, label, (*ours, *natives), style, notes[i])
        blocks.all_agree(page, row, 5, f"B{row + 1}:C{row + 1}", f"D{row + 1}:E{row + 1}")


def _profit_for_risk(page: Page, row: int, rows: Rows) -> None:
    """Write risk, profit over risk, and the profit at the premium of Start, from `row` down."""
    vols = (f"={UNHEDGED}*$D${TOTAL_VOL}", f"={HEDGED}*$D${RESIDUAL_VOL}")
    remark = "Both meet the same budget, so both carry the same risk."
    blocks.row_of(page, row - 1, "Volatility a year", vols, "money", remark)
    ratios = (
        f"=B{row - 1}/B{row}",
        f"=C{row - 1}/C{row}",
        f"=SHARPE_RATIO({rows.asset},periods)",
        f"=APPRAISAL_RATIO({BOTH},periods)",
    )
    remark = "Profit over risk is the Sharpe ratio; for the hedged position the appraisal ratio."
    blocks.row_of(page, row, "Total / volatility", ratios, "number", remark)
    blocks.all_agree(page, row, 5, f"B{row + 1}:C{row + 1}", f"D{row + 1}:E{row + 1}")
    premium, beta = "market_premium/periods", f"FACTOR_BETA({BOTH})"
    label = '="Total with a market premium of "&ROUND(100*market_premium,1)&" % a year"'
    totals = (_profit(UNHEDGED, beta, "total", premium), _profit(HEDGED, "0", "total", premium))
    remark = "The hedged position does not depend on the premium."
    blocks.row_of(page, row + 1, label, totals, "money", remark)


def _sizing_charts(page: Page) -> None:
    title = f'="Position in "&asset_name&" on a budget of "&{dollars("budget")}'
    rows = (MONTH - 1, YEAR - 1)
    budgets = f"={page.range(rows[0], 0, rows[1], 0)}"
    series = [
        Series(
            f"={page.reference(SIZES + 1, column)}",
            budgets,
            f"={page.range(rows[0], column, rows[1], column)}",
            colour,
        )
        for column, colour in ((1, styles.ASSET), (2, styles.OWN))
    ]
    axes = ("Budget", "Position, $ million")
    place = (3, CHART_COLUMN)
    charts.columns(page, place, title, axes, series, number_format=MILLIONS)
    title = '="Expected profit a year on the chosen budget: "&asset_name'
    heads = f"={page.range(PROFITS + 1, 1, PROFITS + 1, 2)}"
    series = [
        Series(f"={page.reference(row, 0)}", heads, f"={page.range(row, 1, row, 2)}", colour)
        for row, colour in ((PROFITS + 3, styles.MARKET), (PROFITS + 4, styles.OWN))
    ]
    axes = ("Position", "Profit a year, $ million")
    charts.columns(page, place, title, axes, series, number_format=MILLIONS, stacked=True)
