"""The page Start: what the analyst chooses, what comes out of it, and the way through."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from xlsxwriter.utility import xl_rowcol_to_cell

from factor_core.workbook import blocks, styles
from factor_core.workbook.blocks import Line
from factor_core.workbook.pages_hedging import draw_growth
from factor_core.workbook.references import References, TemplateData, asset_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from factor_core.workbook.layout import Book, Page

TOP = 3  # row of the first section, from 0
STEPS_COLUMN = 11
BUDGET, BUDGET_PERIODS = 1_000_000, 12  # money, and the periods a year of its horizon


class Input(NamedTuple):
    """An input cell: its name in formulas, how it looks, and a hint beside it."""

    label: str
    name: str
    style: str
    hint: str


INPUTS = (
    Input("Asset", "asset_name", "text", "Change this one cell and every sheet follows."),
    Input("Second asset", "second_asset", "text", "For comparisons and the exercises."),
    Input(
        "Periods a year",
        "periods",
        "general",
        "252 daily, 52 weekly, 12 monthly. It must fit the rows of the sheet Data.",
    ),
    Input(
        "Market premium a year",
        "market_premium",
        "percent",
        "Your forecast of the market's return above the risk-free rate: 5% or 0.05.",
    ),
    Input(
        "Dividends the market lacks, a year",
        "missing_dividends",
        "percent",
        "About 2 % for a price index such as the S&P 500; 0 for a total-return index.",
    ),
    Input(
        "Risk budget",
        "budget",
        "money",
        "Volatility in money, above 0, that the position may have over the horizon below.",
    ),
    Input(
        "Budget's horizon, periods a year",
        "budget_periods",
        "general",
        "12: the budget is for a month. 1: for a year. Mixing them up is the usual error.",
    ),
    Input(
        "Exercise budget, a year",
        "exercise_budget",
        "money",
        "Used on the sheet Exercises, above 0; its horizon is a year.",
    ),
    Input(
        "Confidence level",
        "confidence",
        "percent1",
        "Of the intervals that the sheets add to the tables' 95 %: 95% or 0.95.",
    ),
    Input(
        "Rolling window, rows",
        "rolling_window",
        "integer",
        "Rows behind each beta of the hedge that could have been traded; fewer than there are.",
    ),
    Input(
        "Null value of beta",
        "null_beta",
        "number2",
        "1: does the asset move as the market does? 0: does it move with it at all?",
    ),
)


class Step(NamedTuple):
    """A page of the template and the question it answers."""

    page: str
    question: str


STEPS = (
    Step("Data", "Which prices and which risk-free rate? What is missing, what did dates drop?"),
    Step(
        "Returns", "Simple returns, returns in excess of the risk-free rate, and their statistics."
    ),
    Step("Co-movement", "How much of two assets' movement is the market? What is left of it?"),
    Step("Regression", "Alpha, beta and their uncertainty, and beta by three other ways."),
    Step("Magnitudes", "Is alpha significant? Is it a good bet? What return to expect?"),
    Step("Tracking", "Which position in the market moves as the asset does?"),
    Step("Hedged", "What is left when the market is hedged, in sample and as one could trade it?"),
    Step("Rolling", "How has beta moved, by more than chance? What does a hedge make of it?"),
    Step("Betas", "Which beta for which question: shrunk, stale, up and down, robust, levered?"),
    Step("Sizing", "How large a position does the risk budget allow, hedged and not?"),
    Step("Performance", "Sharpe, appraisal and Treynor ratios: which number answers what?"),
    Step("Variance", "How much of the risk is the market's, how much the asset's own?"),
    Step("Factors", "Your assets on Kenneth French's factors, joined to them by date."),
    Step("Multi-factor", "Several factors and twelve industries at once, monthly."),
    Step("Covariance", "Does the model know how the industries move together?"),
    Step("Risk or return", "Does the model explain variation, average returns, or both?"),
    Step("Attribution", "Which factors did a return, and a portfolio's risk, come from?"),
    Step(
        "Hedge desk", "A book of positions: what to trade in the factor, in instruments, contracts?"
    ),
    Step("Budget", "One risk budget for all assets: how large is each, and which limit binds?"),
    Step("Exercises", "The second asset from regression to position, to try for yourself."),
    Step("Monthly", "The monthly sample behind the pages on several factors."),
    Step("Conventions", "What every function assumes: units, ddof, degrees of freedom, periods."),
    Step("Functions", "Every function with its arguments."),
)

RESULTS = (
    Line(
        "Beta",
        "=FACTOR_BETA({r},market_excess)",
        "number",
        note="Move of the asset, in %, that went with 1 % of the market.",
    ),
    Line(
        "t of beta against the null value",
        '=BETA_TSTAT({r},market_excess,"hac",,null_beta)',
        "number2",
        note="Newey-West. Beyond about 2 either way, beta differs from the null value.",
    ),
    Line(
        "Alpha a year",
        "=FACTOR_ALPHA({r},market_excess,periods)",
        "percent",
        note="Average return that the market does not explain. History, not a forecast.",
    ),
    Line(
        "t of alpha",
        "=ALPHA_TSTAT({r},market_excess)",
        "number2",
        note="Least squares. Grows with the years of data.",
    ),
    Line(
        "t of alpha, Newey-West",
        '=ALPHA_TSTAT({r},market_excess,"hac")',
        "number2",
        note="Allows for volatility that comes in waves and for autocorrelation.",
    ),
    Line(
        "R-squared",
        "=R_SQUARED({r},market_excess)",
        "percent1",
        note="Share of the variance that the market explains.",
    ),
    Line(
        "Volatility a year",
        "=STDEV.S({r})*SQRT(periods)",
        "percent1",
        note="Of the excess return, unhedged.",
    ),
    Line(
        "Residual volatility a year",
        "=RESIDUAL_VOL({r},market_excess,periods)",
        "percent1",
        note="What a market hedge leaves.",
    ),
    Line(
        "Sharpe ratio, unhedged",
        "=SHARPE_RATIO({r},periods)",
        "number",
        note="A year's mean excess return over its volatility.",
    ),
    Line(
        "Appraisal ratio",
        "=APPRAISAL_RATIO({r},market_excess,periods)",
        "number",
        note="Alpha over residual volatility: the Sharpe ratio of the hedged asset.",
    ),
    Line(
        "Position for the budget, unhedged",
        "=POSITION_SIZE(budget,STDEV.S({r}),budget_periods,periods)",
        "money",
        note="Its volatility over the budget's horizon is the budget.",
    ),
    Line(
        "Position for the budget, hedged",
        "=INDEX(HEDGED_POSITION_SIZE(budget,{r},market_excess,budget_periods,periods),1,1)",
        "money",
        note="Larger, because only the residual counts: unhedged / sqrt(1 - R2).",
    ),
    Line(
        "Market position that hedges it",
        "=INDEX(HEDGED_POSITION_SIZE(budget,{r},market_excess,budget_periods,periods),1,2)",
        "money",
        note="Minus beta times the hedged position.",
    ),
    Line(
        "Rows used",
        '=FACTOR_STAT({r},market_excess,"n")',
        "integer",
        note="Rows in which both the asset and the market have a return.",
    ),
)

IN_WORDS = (
    '="When "&market_name&" moved 1 %, "&asset_name&" moved "&ROUND({beta},2)&" % on average. The '
    'market explains "&ROUND(100*{r2},0)&" % of its variance. What it does not explain earned "'
    '&ROUND(100*{alpha},1)&" % a year with a volatility of "&ROUND(100*{vol},1)&" %: "'
    '&IF(ABS({t})>=2,"more than chance would give.","chance alone could give that.")'
)


def write_start(book: Book, data: TemplateData, refs: References) -> Page:
    """Write the inputs, what comes out of them, and the way through the workbook."""
    page = book.page(
        "Start",
        '="Factor models: "&asset_name&" against "&market_name',
        "From prices to alpha, beta, a hedge and a position. Choose an asset below: "
        "every sheet, number, title and chart follows.",
        tab=styles.ORANGE,
    )
    blocks.grid(page)
    page.widths(5, 16, 66, first=STEPS_COLUMN)
    last = _write_inputs(page, data, TOP)
    last = _write_legend(page, last + 1)
    last = _write_results(page, data, last + 1)
    below = _write_steps(page, data, TOP, STEPS_COLUMN)
    draw_growth(page, refs, (below + 1, STEPS_COLUMN))
    page.freeze(3)
    page.print_setup(last, STEPS_COLUMN + 2)
    return page


def _write_inputs(page: Page, data: TemplateData, top: int) -> int:
    page.section(top, "Choose", last=9)
    values, rules = _values(data), _rules(data)
    for row, one in enumerate(INPUTS, top + 1):
        page.input(row, 0, one.label, values[one.name], one.name, one.style)
        blocks.note(page, row, one.hint)
        rule = {"error_message": one.hint, **rules[one.name]}
        page.sheet.data_validation(row, 1, row, 1, rule)
    row = top + 1 + len(INPUTS)
    market = "=INDEX(excess_all,1,COLUMNS(excess_all))"
    page.labelled(row, 0, "Market", market, "label")
    page.book.name("market_name", page.reference(row, 1))
    blocks.note(page, row, "The last series of the sheet Data.")
    page.text(row + 1, 0, "Risk-free rate a year")
    page.plain(row + 1, 1, "=rf_annual", "percent")  # a name that the sheet Data defines
    blocks.note(page, row + 1, "Average of the sheet Data's rate x periods a year.")
    return row + 2


def _values(data: TemplateData) -> dict[str, object]:
    asset, second = data.chosen
    return {
        "asset_name": asset,
        "second_asset": second,
        "periods": data.periods,
        "market_premium": 0.05,
        "missing_dividends": data.missing_dividends,
        "budget": BUDGET,
        "budget_periods": BUDGET_PERIODS,
        "exercise_budget": 5_000_000,
        "confidence": 0.95,
        "rolling_window": _window(data),
        "null_beta": 1,
    }


def _rules(data: TemplateData) -> dict[str, Mapping[str, object]]:
    """Return what each input may hold: else an error would only show further on."""
    names = {"validate": "list", "source": f"={asset_names(data)}"}
    rate = _between("decimal", -1, 1)
    money = {"validate": "decimal", "criteria": ">", "value": 0}
    return {
        "asset_name": names,
        "second_asset": names,
        "periods": _between("decimal", 0.1, 366),
        "market_premium": rate,
        "missing_dividends": rate,
        "budget": money,
        "budget_periods": {"validate": "list", "source": ["1", "4", "12", "52", "252"]},
        "exercise_budget": money,
        "confidence": _between("decimal", 0.5, 0.9999),
        "rolling_window": _between("integer", 3, data.returns - 2),
        "null_beta": _between("decimal", -10, 10),
    }


def _between(kind: str, low: float, high: float) -> Mapping[str, object]:
    return {"validate": kind, "criteria": "between", "minimum": low, "maximum": high}


def _window(data: TemplateData) -> int:
    """Return a year of rows, or a third of the asset's where they are less than three years."""
    return int(max(3, min(data.periods, data.in_common(data.chosen[0]) // 3)))


def _write_legend(page: Page, row: int) -> int:
    page.section(row, "How to read the sheets", last=9)
    page.value(row + 1, 0, "Blue on yellow", "input text")
    page.text(
        row + 1, 1, "An input: change it. Those of one sheet alone stand there, the rest here."
    )
    page.text(row + 2, 0, "Black")
    page.text(row + 2, 1, "A live formula, ours or the spreadsheet's own.")
    page.agrees(row + 3, 0, "1", "1")
    page.text(row + 3, 1, "Two ways to the same number agree; differs, in orange, if they do not.")
    page.text(row + 4, 0, "Grey", "remark")
    page.text(row + 4, 1, "What the number means, and its trap.")
    page.text(row + 5, 0, "Charts: blue, orange, green")
    page.text(row + 5, 1, "The asset; the market and what it explains; what a hedge leaves.")
    return row + 6


def _write_results(page: Page, data: TemplateData, row: int) -> int:
    page.section(row, "What comes out", last=9)
    heads = ["", "=asset_name", "=second_asset"]
    blocks.header(page, row + 1, 0, heads, lines=blocks.lines_of_names(data.assets))
    first = row + 2
    for offset, line in enumerate(RESULTS):
        for column, name in ((1, "asset_excess"), (2, "second_excess")):
            page.formula(first + offset, column, line.formula.format(r=name), line.style)
        page.text(first + offset, 0, line.label)
        blocks.note(page, first + offset, line.note)
    end = first + len(RESULTS)
    cell = {
        key: xl_rowcol_to_cell(first + offset, 1)
        for key, offset in (("beta", 0), ("alpha", 2), ("t", 4), ("r2", 5), ("vol", 7))
    }
    page.section(end + 1, "In words", last=9)
    blocks.paragraph(page, end + 2, IN_WORDS.format(**cell))
    return end + 2


def _write_steps(page: Page, data: TemplateData, row: int, column: int) -> int:
    """Write a line a page that the workbook has; return the row below the last."""
    page.section(row, "The way through", first=column, last=column + 2)
    steps = [step for step in STEPS if step.page != "Factors" or data.factors is not None]
    for number, step in enumerate(steps, 1):
        page.value(row + number, column, number, "ordinal")
        page.link(row + number, column + 1, step.page, step.page)
        page.text(row + number, column + 2, step.question, "remark")
    return row + len(steps) + 1
