"""Page Betas: what each other beta corrects, when to use it, and whether shrunk betas forecast."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from xlsxwriter.utility import xl_range_abs

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CHART_COLUMN, Input, write_inputs
from factor_core.workbook.charts import Series
from factor_core.workbook.layout import LINE_HEIGHT
from factor_core.workbook.references import ALL, BOTH, FIRST_ROW, HEADER_ROW, returns_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

BETA = f"FACTOR_BETA({BOTH})"
FEWEST_ASSETS = 3  # below, a cross-section has no spread worth the name
INPUTS, TABLE = 3, 11  # rows of the first sections, from 0
CORRECTS, USE = 5, 7  # columns of the table's texts
MARKET = 2  # columns from the asset's to the market's on Returns
CHART_SIZE = (570, 460)
TIMING_SHAPE = (4, 7)


PARAMETERS = (
    Input(
        "Threshold of up and down, a period",
        0,
        "beta_threshold",
        "percent",
        "Excess return of the market that parts rising from falling rows.",
        {"criteria": "between", "minimum": -1, "maximum": 1},
    ),
    Input(
        "Lags and leads of the market, rows",
        3,
        "stale_rows",
        "integer",
        "DIMSON_BETA: how long a price may be behind, or ahead.",
        {"criteria": "between", "minimum": 0, "maximum": 20},
    ),
    Input(
        "Debt over equity of the firm",
        0.25,
        "debt_equity",
        "number2",
        "At market values. An example: type your firm's.",
        {"criteria": "between", "minimum": 0, "maximum": 100},
    ),
    Input(
        "Debt over equity that you plan",
        0.5,
        "planned_debt_equity",
        "number2",
        "The beta of the assets is levered again with it.",
        {"criteria": "between", "minimum": 0, "maximum": 100},
    ),
    Input(
        "Tax rate of the firm",
        0.21,
        "tax_rate",
        "percent1",
        "21% or 0.21.",
        {"criteria": "between", "minimum": 0, "maximum": 1},
    ),
    Input(
        "Spread of true betas, with few assets",
        0.3,
        "prior_spread",
        "number2",
        "VASICEK_BETA asks for it where there are fewer than three assets.",
        blocks.ABOVE_ZERO,
    ),
)


class Estimator(NamedTuple):
    """A beta: its name, formula and second way, what it corrects and when to use it."""

    name: str
    formula: str
    check: str
    corrects: str
    use: str


def write_betas(book: Book, data: TemplateData, refs: References) -> Page:
    """Write every other beta of the chosen asset, the shrunk betas of all assets, and timing."""
    page = book.page(
        "Betas",
        '="Which beta of "&asset_name&"?"',
        "Least squares answers one question; each of these answers another one, or the same one "
        "with less noise.",
    )
    blocks.grid(page)
    _write_parameters(page)
    estimators = _estimators(data, refs)
    assets = TABLE + len(estimators) + 4  # row of the section on all assets, from 0
    _write_estimators(page, data, estimators)
    row = _write_assets(page, data, assets)
    row = _write_contest(page, data, row + 1)
    last = _write_timing(page, refs, row + 1)
    _draw_estimators(page, len(estimators))
    _draw_assets(page, assets + 5, len(data.assets))
    page.freeze(3)
    page.print_setup(last, blocks.LAST_COLUMN)
    return page


def _write_parameters(page: Page) -> None:
    page.section(INPUTS, "What the table below assumes", last=9)
    write_inputs(page, INPUTS + 1, PARAMETERS, first=2)


# --------------------------------------------------------------------------- the chosen asset


def _estimators(data: TemplateData, refs: References) -> tuple[Estimator, ...]:
    """Return the betas of the table, in its order."""
    return (*_less_noise(), *_stale(data), *_conditional(refs), *_robust_and_levered())


def _less_noise() -> tuple[Estimator, ...]:
    """Return least squares, and the betas that move it towards others or towards today."""
    found = 'MATCH(TRUE,INDEX(assets_excess,1,0)&""=asset_name,0)'
    return (
        Estimator(
            "Least squares",
            f"={BETA}",
            f"=SLOPE({BOTH})",
            "Nothing: the yardstick.",
            "To hedge what the sample holds, and as the start of the others.",
        ),
        Estimator(
            "Blume",
            f"=BLUME_BETA({BETA})",
            f"=2/3*SLOPE({BOTH})+1/3",
            "A beta far from 1 is so partly by error.",
            "A forecast of one asset's beta; weight 2/3 whatever its error.",
        ),
        Estimator(
            "Vasicek, all assets as prior",
            f"=VASICEK_BETA({BETA},BETA_SE({BOTH}),prior_mean,prior_variance)",
            f"=INDEX(vasicek_betas,{found})",
            "The same, by how sure each beta is.",
            "A forecast where there are several assets: the surer the estimate, the less it moves.",
        ),
        Estimator(
            "Weighted, half-life of Rolling",
            f"=EWMA_BETA({BOTH},ewma_halflife)",
            "",
            "Old rows count as much as new ones.",
            "Today's hedge, where beta drifts.",
        ),
        Estimator(
            "The last rolling window",
            "=last_window_beta",
            "",
            "The same, with a window.",
            "As the last one; it jumps when a large day leaves the window.",
        ),
    )


def _stale(data: TemplateData) -> tuple[Estimator, ...]:
    """Return the betas for prices that are of another moment than the market's."""
    corrects = "A stale price shows the market's move a row late."
    return (
        Estimator(
            "Dimson, 1 lag and lead",
            f'=IFERROR(INDEX(DIMSON_BETA({BOTH},1,1),1,1),"none")',
            "" if data.has_gaps else _dimson(data),
            corrects,
            "Thinly traded assets; other closing hours. Each lag adds error of estimation.",
        ),
        Estimator(
            '="Dimson, "&stale_rows&" lags and leads"',
            f'=IFERROR(INDEX(DIMSON_BETA({BOTH},stale_rows,stale_rows),1,1),"none")',
            "",
            "Prices stale for longer.",
            "If it differs much from the row above, one lag is too few, or it is noise.",
        ),
        Estimator(
            "Scholes-Williams",
            f'=IFERROR(SCHOLES_WILLIAMS_BETA({BOTH}),"none")',
            "" if data.has_gaps else _scholes_williams(data),
            corrects,
            "Thin trading within a row; allows for autocorrelation of the market.",
        ),
    )


def _shifted(data: TemplateData, offset: int, step: int) -> str:
    """Return the asset's (0) or the market's (2) rows, `step` rows before or after; one less."""
    column = returns_columns(data).chosen + offset
    first, last = FIRST_ROW + max(step, 0), HEADER_ROW + data.returns + min(step, 0)
    return f"Returns!{xl_range_abs(first, column, last, column)}"


def _dimson(data: TemplateData) -> str:
    column = returns_columns(data).chosen
    n, market = data.returns, column + MARKET
    columns = [
        f"Returns!{xl_range_abs(FIRST_ROW + step, market, FIRST_ROW + step + n - 3, market)}"
        for step in range(3)
    ]
    asset = f"Returns!{xl_range_abs(FIRST_ROW + 1, column, FIRST_ROW + n - 2, column)}"
    return f"=SUM(FACTOR_BETA({asset},CHOOSE({{1,2,3}},{','.join(columns)})))"


def _scholes_williams(data: TemplateData) -> str:
    late = f"SLOPE({_shifted(data, 0, 1)},{_shifted(data, MARKET, -1)})"
    early = f"SLOPE({_shifted(data, 0, -1)},{_shifted(data, MARKET, 1)})"
    rho = f"CORREL({_shifted(data, MARKET, 1)},{_shifted(data, MARKET, -1)})"
    return f'=IF(1+2*{rho}>0,({late}+SLOPE({BOTH})+{early})/(1+2*{rho}),"none")'


def _conditional(refs: References) -> tuple[Estimator, ...]:
    """Return the betas of rising and falling markets."""
    y, x = refs.asset, refs.market
    over = f'=IFERROR(FACTOR_BETA(IF({x}{{}},{y},""),{x}),"none")'
    mean_y, mean_x = (f"AVERAGE(IF(ISNUMBER({y}+{x}),{one}))" for one in (y, x))
    both_fall = f"({y}<{mean_y})*({x}<{mean_x})*({y}-{mean_y})*({x}-{mean_x})"
    fall = f"({x}<{mean_x})*({x}-{mean_x})^2"
    together, alone = (f"SUM(IF(ISNUMBER({y}+{x}),{one}))" for one in (both_fall, fall))
    return (
        Estimator(
            "Up: the market above the threshold",
            f'=IFERROR(UP_BETA({BOTH},beta_threshold),"none")',
            over.format(">beta_threshold"),
            "One beta for rises and falls.",
            "To see whether the asset gains with the market; compare with the row below.",
        ),
        Estimator(
            "Down: the market below it",
            f'=IFERROR(DOWN_BETA({BOTH},beta_threshold),"none")',
            over.format("<beta_threshold"),
            "The same.",
            "To see what a falling market does. Half the rows: twice the variance.",
        ),
        Estimator(
            "Downside, Ang, Chen and Xing",
            f'=IFERROR(DOWNSIDE_BETA({BOTH}),"none")',
            over.format(f"<{mean_x}"),
            "Losses weigh more than gains.",
            "Research on downside risk; it compares the market with its mean.",
        ),
        Estimator(
            "Downside, Estrada",
            f'=IFERROR(DOWNSIDE_BETA({BOTH},"estrada"),"none")',
            f"={together}/{alone}",
            "The same.",
            "Semi-variance models of the cost of equity. Not a slope: compare it with its like.",
        ),
    )


def _robust_and_levered() -> tuple[Estimator, ...]:
    """Return the betas that outliers do not turn, and those of another debt."""
    own, planned = (f"(1+(1-tax_rate)*{name})" for name in ("debt_equity", "planned_debt_equity"))
    unlevered = f"UNLEVER_BETA({BETA},debt_equity,tax_rate)"
    return (
        Estimator(
            "Robust, Huber",
            f'=IFERROR(ROBUST_BETA({BOTH}),"none")',
            "",
            "A few rows far off the line decide.",
            "Data with errors; news days of the asset that will not repeat.",
        ),
        Estimator(
            "Robust, Tukey",
            f'=IFERROR(ROBUST_BETA({BOTH},"tukey"),"none")',
            "",
            "The same, more strictly.",
            "As above. A hedge must also carry the days that it leaves out.",
        ),
        Estimator(
            "Unlevered",
            f"={unlevered}",
            f"=SLOPE({BOTH})/{own}",
            "Debt raises the equity's beta.",
            "To compare firms: the beta of the assets (Hamada).",
        ),
        Estimator(
            "Levered again, as planned",
            f"=LEVER_BETA({unlevered},planned_debt_equity,tax_rate)",
            f"=SLOPE({BOTH})*{planned}/{own}",
            "Debt will change.",
            "Cost of equity after a change of debt; private firms from listed ones.",
        ),
    )


def _write_estimators(page: Page, data: TemplateData, estimators: Sequence[Estimator]) -> None:
    page.section(TABLE, '="Betas of "&asset_name&" on "&market_name', last=9)
    heads = (
        "Beta", "value", "less least squares", "second way", "check",
        "corrects", "", "when to use it", "", "",
    )  # fmt: skip
    blocks.header(page, TABLE + 1, 0, heads, lines=2, notes=(CORRECTS, USE))
    for row, one in enumerate(estimators, TABLE + 2):
        page.text(row, 0, one.name)
        page.formula(row, 1, one.formula, "number")
        less = f'IF(ISNUMBER(B{row + 1}),B{row + 1}-full_sample_beta,"none")'
        page.formula(row, 2, f"={less}", "number")
        if one.check:
            page.formula(row, 3, one.check, "number")
            blocks.agrees_or_none(page, row, (1, 3), 4)
        _two_notes(page, row, one.corrects, one.use)
    row = TABLE + 2 + len(estimators)
    page.labelled(row, 0, "Standard error of least squares", f"=BETA_SE({BOTH})", "number")
    page.formula(row, 3, f"=STEYX({BOTH})/SQRT(DEVSQ({data.market_rows}))", "number")
    blocks.agrees_or_none(page, row, (1, 3), 4)
    text = "A difference within twice of it is hard to tell from error of estimation."
    blocks.note(page, row, text, first=CORRECTS)


def _two_notes(page: Page, row: int, corrects: str, use: str) -> None:
    """Write two notes side by side; the row is as high as the longer one needs."""
    ends = ((CORRECTS, USE - 1), (USE, blocks.LAST_COLUMN))
    needed = [
        blocks.note(page, row, text, first=first, last=last)
        for text, (first, last) in zip((corrects, use), ends, strict=True)
    ]
    page.height(row, LINE_HEIGHT * max(needed))


# -------------------------------------------------------------------------------- all assets

SHRUNK = (
    "A cross-section of estimates is wider than that of true betas: errors spread it. Blume moves "
    "every beta a third of the way to 1, Vasicek each towards the mean of all, by its own error."
)


def _write_assets(page: Page, data: TemplateData, row: int) -> int:
    """Write raw and shrunk betas, one row an asset; return the row below."""
    count, first = len(data.assets), row + 5
    page.section(row, "All assets, raw and shrunk", last=9)
    blocks.paragraph(page, row + 1, SHRUNK)
    betas, errors = (page.range(first, c, first + count - 1, c) for c in (1, 2))
    few = f"COUNT({betas})<{FEWEST_ASSETS}"
    prior = (
        ("prior_mean", "Prior: mean of the betas", f"AVERAGE({betas})", "1"),
        ("prior_variance", "Prior: variance of the betas", f"VAR.S({betas})", "prior_spread^2"),
    )
    for at, (name, label, formula, otherwise) in enumerate(prior, row + 2):
        cell = page.labelled(at, 0, label, f"=IF({few},{otherwise},{formula})", "number")
        page.book.name(name, cell)
    text = "With fewer than three assets: 1, and the square of the spread above."
    blocks.note(page, row + 2, text, first=2)
    heads = ("Asset", "least squares", "standard error", "Blume", "Vasicek", "second way", "check")
    blocks.header(page, row + 4, 0, (*heads, "weight of its own beta", "moved by", ""), lines=2)
    arguments = f"{betas},{errors}" + (",prior_mean,prior_variance" * (count < FEWEST_ASSETS))
    columns = (
        (1, f"FACTOR_BETA({ALL})"),
        (2, f"BETA_SE({ALL})"),
        (3, f"BLUME_BETA({betas})"),
        (4, f"VASICEK_BETA({arguments})"),
    )
    for column, formula in columns:
        page.spill(first, column, f"={formula}", (count, 1), "number", header=False)
    page.book.name("vasicek_betas", page.range(first, 4, first + count - 1, 4))
    for i in range(count):
        _asset_row(page, first + i, i + 1)
    return first + count


def _asset_row(page: Page, row: int, number: int) -> None:
    """Write an asset's name and its Vasicek beta by native arithmetic."""
    at = row + 1
    page.formula(row, 0, f"=INDEX(assets_excess,1,{number})")
    both = f"(prior_variance+C{at}^2)"
    page.formula(row, 5, f"=(prior_variance*B{at}+C{at}^2*prior_mean)/{both}", "number")
    blocks.agrees_or_none(page, row, (4, 5), 6)
    page.formula(row, 7, f"=prior_variance/{both}", "percent1")
    page.formula(row, 8, f"=E{at}-B{at}", "number")


# ------------------------------------------------------------------------------- the contest

CONTEST = (
    "The betas of the first half of the rows, as forecasts of those of the second half. A proof "
    "takes hundreds of assets and many halves; this is one draw, on these data."
)
WON = (
    '"Over the second half "&{best}&" came closest: its errors are "&ROUND({least},3)&" on '
    'average, those of least squares "&ROUND({raw},3)&"."'
)
NO_HALF = '"No asset has rows enough in both halves, and a prior from three assets, to compare."'


def _write_contest(page: Page, data: TemplateData, row: int) -> int:
    """Write which betas of the first half forecast those of the second; return the row below."""
    count, first = len(data.assets), row + 3
    page.section(row, "Do shrunk betas forecast better?", last=9)
    blocks.paragraph(page, row + 1, CONTEST)
    heads = (
        "Asset", "first half", "standard error", "Blume", "Vasicek", "second half",
        "error, least squares", "error, Blume", "error, Vasicek", "",
    )  # fmt: skip
    blocks.header(page, row + 2, 0, heads, lines=2)
    for i in range(count):
        _contestant(page, data, first + i, i)
    cells = [page.range(first, c, first + count - 1, c) for c in (1, 2)]
    # With few assets the prior is the one above: 1, and the spread that was typed.
    prior = ",prior_mean,prior_variance" * (count < FEWEST_ASSETS)
    forecast = f'IFERROR(VASICEK_BETA({",".join(cells)}{prior}),"none")'
    formula = f"=IF(SEQUENCE({count})>0,{forecast})"
    page.spill(first, 4, formula, (count, 1), "number", header=False)
    last = first + count
    page.text(last, 0, "Root mean square", "strong")
    for column in "GHI":
        range_ = f"{column}{first + 1}:{column}{last}"
        mean = f'=IF(COUNT({range_})=0,"none",SQRT(SUMSQ({range_})/COUNT({range_})))'
        page.formula(last, ord(column) - ord("A"), mean, "strong number")
    raw, blume, vasicek = (f"${column}${last + 1}" for column in "GHI")
    least = f"MIN({raw},{blume},{vasicek})"
    best = f'IF({raw}={least},"least squares",IF({blume}={least},"Blume","Vasicek"))'
    won = WON.format(best=best, least=least, raw=raw)
    text = f"=IF(AND(ISNUMBER({raw}),ISNUMBER({vasicek})),{won},{NO_HALF})"
    blocks.paragraph(page, last + 1, text, longest=blocks.spoken(WON))
    return last + 2


def _contestant(page: Page, data: TemplateData, row: int, number: int) -> None:
    """Write an asset's betas of both halves, and the errors of the forecasts."""
    at = row + 1
    half = data.returns // 2
    column = returns_columns(data).excess
    ends = (FIRST_ROW, FIRST_ROW + half - 1), (FIRST_ROW + half, HEADER_ROW + data.returns)
    first, second = (
        ",".join(
            f"Returns!{xl_range_abs(top, c, end, c)}"
            for c in (column + number, column + len(data.assets))
        )
        for top, end in ends
    )
    page.formula(row, 0, f"=INDEX(assets_excess,1,{number + 1})")
    page.formula(row, 1, f'=IFERROR(FACTOR_BETA({first}),"")', "number")
    page.formula(row, 2, f'=IFERROR(BETA_SE({first}),"")', "number")
    page.formula(row, 3, f'=IF(ISNUMBER(B{at}),BLUME_BETA(B{at}),"none")', "number")
    page.formula(row, 5, f'=IFERROR(FACTOR_BETA({second}),"none")', "number")
    for forecast, error in ("BG", "DH", "EI"):
        both = f"AND(ISNUMBER({forecast}{at}),ISNUMBER(E{at}),ISNUMBER(F{at}))"
        formula = f'=IF({both},{forecast}{at}-F{at},"none")'
        page.formula(row, ord(error) - ord("A"), formula, "number")


# ------------------------------------------------------------------------------------ timing

LONGEST_TIMED = "Beta was higher when the market rose: that is what skill at timing would show."
TIMED = (
    '=IF(ISNUMBER({t}),IF(ABS({t})<2,"No sign of timing: the coefficient could be chance.",'
    'IF({t}>0,"' + LONGEST_TIMED + '",'
    '"Beta was higher when the market fell: the opposite of timing.")),'
    '"Too few rows, or a market that only rose or only fell.")'
)


def _write_timing(page: Page, refs: References, row: int) -> int:
    """Write the two models of market timing; return the last row."""
    page.section(row, "Does beta rise with the market? TIMING_MODEL", last=9)
    text = (
        "A fund that times the market has more beta in rises than in falls: its line bends. Both "
        "models add a term for the bend; alpha beside it is that of selection alone. The bend of a "
        "share is no skill: it says that one beta does not fit all markets. A few extreme days can "
        "make t large, because its standard error is the classical one."
    )
    blocks.paragraph(page, row + 1, text)
    y, x = refs.asset, refs.market
    models = (
        ("TM", "Treynor and Mazuy: market squared", f"{x}^{{1,2}}"),
        ("HM", "Henriksson and Merton: max(0, -market)", f"CHOOSE({{1,2}},{x},IF({x}<0,-{x},0))"),
    )
    row += 2
    for model, title, factors in models:
        page.text(row, 0, title, "strong")
        none = f'IF(SEQUENCE({TIMING_SHAPE[0]},{TIMING_SHAPE[1]})>0,"none")'
        columns = ("label_column", "number6", "number6", "number2", "number", "number6", "number6")
        formula = f'=IFERROR(TIMING_MODEL({BOTH},"{model}"),{none})'
        page.spill(row + 1, 0, formula, TIMING_SHAPE, columns)
        blocks.header(page, row + 1, 7, ("second way", "check", ""), left=())
        page.formula(
            row + 4, 7, f'=IFERROR(INDEX(FACTOR_BETA({y},{factors}),1,2),"none")', "number6"
        )
        blocks.agrees_or_none(page, row + 4, (1, 7), 8)
        blocks.paragraph(page, row + 5, TIMED.format(t=f"$D${row + 5}"), longest=LONGEST_TIMED)
        row += 7
    return row - 2


# ------------------------------------------------------------------------------------ charts


def _draw_estimators(page: Page, count: int) -> None:
    """Draw the betas of the table; bars begin below, so that they take its rows upside down."""
    column = blocks.BEHIND_COLUMN
    blocks.behind_charts(page, HEADER_ROW - 1, 30, 2, column)
    page.text(HEADER_ROW, column, "Beta", "header_left")
    page.text(HEADER_ROW, column + 1, "value", "header")
    for at, row in enumerate(range(TABLE + 1 + count, TABLE + 1, -1), FIRST_ROW):
        page.formula(at, column, f"=$A${row + 1}")
        page.formula(at, column + 1, f"=$B${row + 1}", "number")
    last = FIRST_ROW + count - 1
    names, betas = (f"={page.range(FIRST_ROW, column + j, last, column + j)}" for j in (0, 1))
    one = Series(f"={page.reference(HEADER_ROW, column + 1)}", names, betas)
    title = '="Betas of "&asset_name'
    axes = ("Beta", "Estimator")
    place = (3, CHART_COLUMN)
    charts.columns(page, place, title, axes, [one], CHART_SIZE, "0.0", horizontal=True)


def _draw_assets(page: Page, first: int, count: int) -> None:
    last = first + count - 1
    colours = ((1, styles.ASSET), (3, styles.REFERENCE), (4, styles.SIXTH))
    raw, *shrunk = charts.of_columns(page, first - 1, last, colours)
    series = [replace(raw, error_bars=f"={page.range(first, 2, last, 2)}"), *shrunk]
    title = "Betas of all assets: raw, with one standard error, and shrunk"
    axes = ("Asset", "Beta")
    charts.columns(page, (3, CHART_COLUMN), title, axes, series, number_format="0.0")
