"""Page Budget: four ways to spend one risk budget on the assets, and who uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from xlsxwriter.utility import xl_col_to_name, xl_range_abs

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import (
    BEHIND_COLUMN,
    CHART_COLUMN,
    LAST_COLUMN,
    Input,
    Line,
    write_inputs,
)
from factor_core.workbook.charts import Series
from factor_core.workbook.layout import LINE_HEIGHT
from factor_core.workbook.pages_budget_limits import (
    Limited,
    draw_costs,
    write_costs,
    write_limits,
)
from factor_core.workbook.pages_sizing import MILLIONS, dollars, horizon
from factor_core.workbook.references import ALL, FACTOR_VARIANCE, asset_head

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

TOP = 3  # row of the first section, from 0
CHARTS = (TOP, CHART_COLUMN)
WAYS = ("in proportion", "risk parity", "Treynor-Black", "within limits", "Hedge desk")
COLOURS = (*styles.MODELS[:2], styles.OWN, styles.ASSET)  # of all ways but the desk's book
FIRST_WAY = 2  # column of the first of them
HISTORY, T, SHRUNK, OWN, USED, BETA, RESIDUAL, VARIANCE = range(1, 9)  # columns of the forecasts


class Rows(NamedTuple):
    """A table with a row an asset, and the market's or its hedge's below them."""

    first: int  # row of the first asset, from 0
    assets: int  # their number

    @property
    def market(self) -> int:
        """Return the row of the market, from 0."""
        return self.first + self.assets

    def cells(self, column: int, market: bool = False) -> str:
        """Return a column: of the assets alone, or of the assets and the market."""
        letter = xl_col_to_name(column)
        return f"${letter}${self.first + 1}:${letter}${self.market + market}"

    def covariance(self, market: bool = False) -> str:
        """Return the model's covariance a year, of the table of forecasts."""
        betas, own = (self.cells(column, market) for column in (BETA, VARIANCE))
        return f"MODEL_COV({betas},{FACTOR_VARIANCE},{own})"


def write_budget(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Budget: forecasts, positions by four ways, limits, use of the budget."""
    page = book.page(
        "Budget",
        '="One risk budget: "&' + f'{dollars("budget")}&" "&{horizon("budget_periods", "a")}',
        "The same budget spent in four ways on all assets: what each earns by the forecasts, what "
        "it risks, which limits bind, and who uses the budget.",
    )
    blocks.grid(page)
    page.widths(17, first=1)  # what limits and parts of the risk are called
    forecasts = Rows(TOP + 4, len(data.assets))
    _write_forecasts(page, data, forecasts)
    ways = Rows(forecasts.market + 4, len(data.assets))
    limits = ways.market + len(STATISTICS) + 7  # row of the section of limits
    limited = Limited(limits, len(data.assets))
    _write_positions(page, forecasts, ways, limited)
    costs = write_limits(page, limited, _inputs_of(forecasts), forecasts.first) + 1
    row = write_costs(page, limited, _inputs_of(forecasts), costs)
    table = Rows(row + 3, len(data.assets))
    _write_shares(page, forecasts, ways, table)
    _write_laws(page, forecasts, ways, table)
    row = _write_examined(page, forecasts, ways, table.market + 3)
    last = _write_stop_loss(page, row + 1)
    _draw_ways(page, ways, table)
    draw_costs(page, limited, costs)
    page.freeze(3)
    page.print_setup(last, LAST_COLUMN)
    return page


def _inputs_of(forecasts: Rows) -> dict[str, str]:
    """Return the cells of the forecasts by what they hold."""
    columns = {"alphas": USED, "betas": BETA, "own": VARIANCE}
    return {name: forecasts.cells(column) for name, column in columns.items()}


# ---------------------------------------------------------------------------------- forecasts


def _write_forecasts(page: Page, data: TemplateData, table: Rows) -> None:
    """Write alphas, historical, shrunk and the analyst's own, and the model of risk."""
    page.section(TOP, "Forecasts of alpha, and the model of risk, a year", last=9)
    text = "The rest is shrunk to 0. Better: type alphas of your own into column E."
    rule = {"criteria": "between", "minimum": 0.001, "maximum": 1}
    label = "Weight of the historical alphas"
    write_inputs(page, TOP + 1, [Input(label, 0.25, "alpha_weight", "percent1", text, rule)])
    t = table.cells(T)
    text = (
        '="Historical alphas are mostly noise, and whoever sizes by them picks the luckiest. With '
        f'a t beyond 2 there are "&SUMPRODUCT(--(ABS({t})>2))&" of "&ROWS({t})&" here. What '
        'follows is only as good as the alphas in column F."'
    )
    blocks.paragraph(page, TOP + 2, text, longest="alphas " * 26)
    heads = (
        *("Asset", "alpha in the sample", "t, Newey-West", "shrunk", "your own", "used"),
        *("beta", "residual vol", "residual variance"),
    )
    blocks.header(page, TOP + 3, 0, heads, lines=2)
    _write_model(page, data, table)


def _write_model(page: Page, data: TemplateData, table: Rows) -> None:
    """Write a row an asset, and the market below: alphas of each kind, beta and own risk."""
    shape = (table.assets, 1)
    for column, formula, style in (
        (HISTORY, f"FACTOR_ALPHA({ALL},periods)", "percent"),
        (T, f'ALPHA_TSTAT({ALL},"hac")', "number2"),
        (BETA, f"FACTOR_BETA({ALL})", "number"),
        (RESIDUAL, f"RESIDUAL_VOL({ALL},periods)", "percent"),
    ):
        page.spill(table.first, column, f"={formula}", shape, style, header=False)
    for i in range(table.assets):
        r = table.first + i
        page.formula(r, 0, f"={asset_head(data, i)}")
        page.formula(r, SHRUNK, f"=alpha_weight*B{r + 1}", "percent")
        page.value(r, OWN, None, "input percent")
        blocks.numbers_only(page, r, OWN)
        page.formula(r, USED, f'=IF(E{r + 1}="",D{r + 1},E{r + 1})', "strong percent")
        page.formula(r, VARIANCE, f"=H{r + 1}^2", "number6")
    page.text(table.market, 0, "=market_name")
    for column, value, style in (
        (USED, 0, "percent"),
        (BETA, 1, "number"),
        (RESIDUAL, 0, "percent"),
        (VARIANCE, 0, "number6"),
    ):
        page.value(table.market, column, value, style)


# ------------------------------------------------------------------------------ four ways

PROFIT = "Profit a year from the alphas"
STATISTICS = (
    ("Gross: long and short", "SUMPRODUCT(ABS({x}))", "money"),
    ("Money in the market", "SUMPRODUCT({x},{beta})", "money"),
    ("Volatility over the horizon: BUDGET_USE", "INDEX(BUDGET_USE({use}),2,2)", "money"),
    (
        "... native: SQRT(market + own variance)",
        f"SQRT(({{c}}{{money}}^2*{FACTOR_VARIANCE}+SUMPRODUCT({{x}}^2*{{own}}))/budget_periods)",
        "money",
    ),
    ("Check", "", ""),
    ("Share of the budget used", "{c}{vol}/budget", "percent1"),
    (
        "Factor share of the variance",
        f"IF({{c}}{{vol}}=0,0,{{c}}{{money}}^2*{FACTOR_VARIANCE}/({{c}}{{vol}}^2*budget_periods))",
        "percent1",
    ),
    (PROFIT, "SUMPRODUCT({x},{alpha})", "strong money"),
    ("Profit a year from the market premium of Start", "{c}{money}*market_premium", "money"),
    (
        "Profit from the alphas / volatility a year",
        "IF({c}{vol}=0,0,{c}{profit}/({c}{vol}*SQRT(budget_periods)))",
        "number2",
    ),
)


def _write_positions(page: Page, forecasts: Rows, table: Rows, limited: Limited) -> None:
    """Write the positions of each way side by side, and what each of them risks and earns."""
    page.section(table.first - 2, "Four ways to spend it, and the book of the Hedge desk", last=9)
    heads = ("Position in money", "proportion", *WAYS)
    blocks.header(page, table.first - 1, 0, heads, lines=2)
    cov, horizons = forecasts.covariance(), "budget,budget_periods,1"
    weights = (table.cells(1), f"RISK_PARITY_WEIGHTS({cov})")
    sized = [f"=SIZE_PORTFOLIO({one},{cov},{horizons})" for one in weights]
    alphas, own = forecasts.cells(USED), forecasts.cells(VARIANCE)
    formulas = (*sized, f"=TREYNOR_BLACK({alphas},{own},{horizons})")
    limits, desk = FIRST_WAY + 3, FIRST_WAY + 4
    for i in range(table.assets):
        page.formula(table.first + i, 0, f"=A{forecasts.first + i + 1}")
        page.value(table.first + i, 1, 1, "input number2")
        blocks.numbers_only(page, table.first + i, 1)
        page.formula(table.first + i, limits, f"=$C${limited.head + i + 2}", "money")
    for column, formula in enumerate(formulas, FIRST_WAY):
        page.spill(table.first, column, formula, (table.assets, 1), "money", header=False)
    for column in (FIRST_WAY, FIRST_WAY + 1, limits):
        page.value(table.market, column, 0, "money")
    treynor_black = FIRST_WAY + 2
    hedge = f"=-SUMPRODUCT({table.cells(treynor_black)},{forecasts.cells(BETA)})"
    page.formula(table.market, treynor_black, hedge, "money")
    shape = (table.assets + 1, 1)
    page.spill(table.first, desk, "=desk_positions", shape, "money", header=False)
    page.text(table.market, 0, '="Hedge in "&market_name')
    _write_statistics(page, forecasts, table)


def _write_statistics(page: Page, forecasts: Rows, table: Rows) -> None:
    top = table.market + 1
    cells = {"money": top + 2, "vol": top + 3, "profit": top + 8}
    model = forecasts.covariance(market=True)
    for j in range(len(WAYS)):
        column = FIRST_WAY + j
        x = table.cells(column, market=True)
        names = {
            "x": x,
            "c": xl_col_to_name(column),
            "beta": forecasts.cells(BETA, market=True),
            "own": forecasts.cells(VARIANCE, market=True),
            "alpha": forecasts.cells(USED, market=True),
            "use": f"{x},{model},budget,budget_periods,1",
            **cells,
        }
        for row, (_, formula, style) in enumerate(STATISTICS, top):
            if formula:
                page.formula(row, column, f"={formula.format(**names)}", style)
            else:
                gap = f"ABS({names['c']}{row - 1}-{names['c']}{row})"
                page.verdict(row, column, f"{gap}<=1E-9*budget")
    for row, (label, *_) in enumerate(STATISTICS, top):
        page.text(row, 0, label)


def _write_laws(page: Page, forecasts: Rows, ways: Rows, shares: Rows) -> None:
    """Write what must hold for each way, below their table."""
    row = ways.market + len(STATISTICS) + 2
    last = xl_col_to_name(FIRST_WAY + 2)
    alphas, own = forecasts.cells(USED), forecasts.cells(VARIANCE)
    parity = shares.cells(FIRST_WAY + 1)
    heads = ("What each way is for", "value", "second way", blocks.CHECK, "meaning")
    blocks.line_heads(page, row, heads)
    block = (
        Line(
            "In proportion: volatility / budget",
            f"=C{ways.market + 4}/budget",
            "number",
            "=1",
            "You choose the proportions in column B; the budget sets their size.",
        ),
        Line(
            "Risk parity: largest - smallest share of risk",
            f"=ROUND(MAX({parity})-MIN({parity}),9)",
            "number",
            "=0",
            "Long only, equal risk each, no forecast: where no alpha is known.",
            blocks.EXACT_ZERO,
        ),
        Line(
            "Treynor-Black: alpha profit / volatility",
            f"={last}{ways.market + len(STATISTICS) + 1}",
            "number",
            f"=SQRT(SUMPRODUCT({alphas}^2/{own}))",
            "Squared appraisal ratios add: by the model no hedged book does better.",
        ),
    )
    blocks.lines(page, row + 1, block)


# ---------------------------------------------------------------------------- who uses it


def _write_shares(page: Page, forecasts: Rows, ways: Rows, table: Rows) -> None:
    """Write the share of the risk that each position contributes, by way."""
    page.section(table.first - 2, "Who uses the budget: RISK_CONTRIBUTION, shares", last=9)
    blocks.header(page, table.first - 1, 0, ("Share of the risk", "", *WAYS), lines=2)
    for i in range(table.assets):
        page.formula(table.first + i, 0, f"=A{forecasts.first + i + 1}")
    page.text(table.market, 0, '="Hedge in "&market_name')
    page.text(table.market + 1, 0, "Sum", "strong")
    model = forecasts.covariance(market=True)
    for column in range(FIRST_WAY, FIRST_WAY + len(WAYS)):
        x = ways.cells(column, market=True)
        shares = f"=IF(SUMSQ({x})=0,{x},INDEX(RISK_CONTRIBUTION({x},{model}),0,3))"
        shape = (table.assets + 1, 1)
        page.spill(table.first, column, shares, shape, "percent1", header=False)
        total = f"=SUM({table.cells(column, market=True)})"
        page.formula(table.market + 1, column, total, "strong percent1")
    everything = f"C{table.market + 2}:F{table.market + 2}"
    page.verdict(table.market + 1, FIRST_WAY + len(WAYS), f"ABS(SUM({everything})-4)<=1E-9")
    blocks.note(page, table.first, "Below 0: a hedge.", first=7)


def _write_examined(page: Page, forecasts: Rows, ways: Rows, row: int) -> int:
    """Write the use of the budget and the sources of risk of one way, chosen here."""
    page.section(row, "One of them in detail: BUDGET_USE and PORTFOLIO_RISK", last=9)
    page.input(row + 1, 0, "Positions", WAYS[3], "positions_examined", "text")
    page.choice(row + 1, 1, list(WAYS))
    blocks.note(page, row + 1, "Choose one of the columns above.", first=2)
    count = ways.assets + 1
    last = xl_col_to_name(FIRST_WAY + len(WAYS) - 1)
    heads = f"$C${ways.first}:${last}${ways.first}"
    page.text(CHARTS[0] + 1, BEHIND_COLUMN, "Positions examined", "header")
    blocks.behind_charts(page, CHARTS[0], 18, 1, BEHIND_COLUMN)
    top = CHARTS[0] + 2
    for i in range(count):
        row_of_ways = f"$C${ways.first + i + 1}:${last}${ways.first + i + 1}"
        chosen = f"=SUMPRODUCT(({heads}=positions_examined)*{row_of_ways})"
        page.formula(top + i, BEHIND_COLUMN, chosen, "money")
    x = xl_range_abs(top, BEHIND_COLUMN, top + count - 1, BEHIND_COLUMN)
    return _write_tables(page, forecasts, (row + 2, x))


def _write_tables(page: Page, forecasts: Rows, place: tuple[int, str]) -> int:
    """Write both tables of the positions that are examined, with the assets' names beside them."""
    row, x = place
    count = forecasts.assets + 1
    use = f"=BUDGET_USE({x},{forecasts.covariance(market=True)},budget,budget_periods,1)"
    page.text(row, 0, "Over the budget's horizon", "header_left")
    shape = (4 + count, 3)
    page.spill(row, 1, use, shape, ("label_column", "money", "percent1"))
    names = [f"=A{forecasts.first + i + 1}" for i in range(count)]
    for i, text in enumerate(["All positions", "Budget of Start", "Left of it", *names], row + 1):
        page.text(i, 0, text)
    parts = f"C{row + 5}:C{row + 4 + count}"
    page.height(row, 2 * LINE_HEIGHT)
    used = f"C{row + 2}"
    page.verdict(row + 1, 4, f"ABS(SUM({parts})-{used})<=1E-9*budget")
    blocks.note(page, row + 1, "The contributions sum to the volatility.", first=5)
    row += shape[0] + 1
    betas, own = (forecasts.cells(column, market=True) for column in (BETA, VARIANCE))
    shape = (5 + count, 5)
    risk = f"PORTFOLIO_RISK({x},{betas},{FACTOR_VARIANCE},{own})"
    none = f'IF(SEQUENCE({shape[0]},{shape[1]})=1,"no positions","-")'
    page.text(row, 0, "Over a year", "header_left")
    columns = ("label_column", "money", "money", "money", "percent1")
    page.spill(row, 1, f"=IF(SUMSQ({x})=0,{none},{risk})", shape, columns)
    labels = ("All risk", "... of the market", "... of the assets themselves", "=market_name")
    for i, text in enumerate([*labels, *names], row + 1):
        page.text(i, 0, text)
    gap = f"ABS(D{row + 2}-{used}*SQRT(budget_periods))"
    page.verdict(row + 1, 6, f"IF(SUMSQ({x})=0,0,{gap})<=1E-9*budget")
    blocks.note(page, row + 1, "SQRT(horizon) x the volatility above.", first=7)
    return row + shape[0]


# ---------------------------------------------------------------------------------- stop-loss


STOP_INPUTS = (
    Input(
        "Loss that stops the book",
        5_000_000,
        "stop_loss",
        "money",
        "From the start, at any time within the horizon.",
        blocks.ABOVE_ZERO,
    ),
    Input(
        "Probability of it",
        0.05,
        "stop_probability",
        "percent1",
        "That this loss is reached.",
        {"criteria": "between", "minimum": 0.0001, "maximum": 0.9999},
    ),
    Input("Horizon, years", 1, "stop_years", "number2", "Above 0.", blocks.ABOVE_ZERO),
    Input(
        "Sharpe ratio that you count on",
        0.5,
        "stop_sharpe",
        "number2",
        "0 is the careful choice: what you count on may not come.",
        {"criteria": "between", "minimum": -10, "maximum": 10},
    ),
)
DISTANCE = "(stop_loss/({vol}*SQRT(stop_years)))"
DRIFT = "(stop_sharpe*SQRT(stop_years))"
STOP_LINES = (
    Line(
        "A year",
        "=STOP_LOSS_VOL(stop_loss,stop_probability,stop_years,stop_sharpe)",
        "money",
        note="Larger with a higher Sharpe ratio: profits move the start away from the stop.",
    ),
    Line(
        "Probability at that volatility",
        "=stop_probability",
        "percent",
        f"=NORM.S.DIST(-{DISTANCE}-{DRIFT},TRUE)"
        f"+EXP(-2*{DISTANCE}*{DRIFT})*NORM.S.DIST({DRIFT}-{DISTANCE},TRUE)",
        "The law of the first passage of a Brownian motion with drift.",
    ),
    Line(
        "A year with a Sharpe ratio of 0",
        "=STOP_LOSS_VOL(stop_loss,stop_probability,stop_years)",
        "money",
        "=-stop_loss/NORM.S.INV(stop_probability/2)/SQRT(stop_years)",
        "Twice the probability to end below the loss (reflection).",
    ),
    Line(
        "Over the budget's horizon",
        "=VOL_SCALE({vol},1,budget_periods)",
        "money",
        "={vol}/SQRT(budget_periods)",
        "The largest budget that this stop-loss can bear.",
    ),
)


def _write_stop_loss(page: Page, row: int) -> int:
    """Write the volatility that a stop-loss allows, beside the budget."""
    page.section(row, "What a stop-loss allows: STOP_LOSS_VOL", last=9)
    at = write_inputs(page, row + 1, STOP_INPUTS)
    blocks.line_heads(page, at, ("Volatility", "value", "second way", blocks.CHECK, "meaning"))
    end = blocks.lines(page, at + 1, blocks.filled(STOP_LINES, vol=f"$B${at + 2}"))
    text = (
        f'=IF(budget>B{end},"The budget is larger than that: the stop-loss would be hit more often '
        f'than in "&ROUND(100*stop_probability,1)&" % of cases.","The stop-loss bears the budget: '
        f'"&ROUND(100*budget/B{end},0)&" % of what it allows.")'
    )
    blocks.paragraph(page, end, text, longest="budget " * 18)
    return end


# ------------------------------------------------------------------------------------- charts


def _draw_ways(page: Page, ways: Rows, shares: Rows) -> None:
    for table, title, axis, form in (
        (ways, "Positions for the same budget", "$ million", MILLIONS),
        (shares, "Who uses the budget: share of the risk by asset", "Share of the risk", "0%"),
    ):
        columns = enumerate(COLOURS, FIRST_WAY)
        series = charts.of_columns(page, table.first - 1, table.market, columns)
        charts.columns(page, CHARTS, title, ("Position", axis), series, number_format=form)
    row = ways.market + 1 + [label for label, *_ in STATISTICS].index(PROFIT)
    last = FIRST_WAY + len(COLOURS) - 1
    profit = Series(
        f"={page.reference(row, 0)}",
        f"={page.range(ways.first - 1, FIRST_WAY, ways.first - 1, last)}",
        f"={page.range(row, FIRST_WAY, row, last)}",
        styles.OWN,
    )
    axes = ("Way to spend the budget", "$ million a year")
    title = "Profit a year from the alphas, if they are right"
    charts.columns(page, CHARTS, title, axes, [profit], number_format=MILLIONS)
