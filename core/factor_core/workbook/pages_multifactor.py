"""Page Multi-factor: industries on Fama-French and momentum factors, their hedge and covariance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from factor_core import sample
from factor_core.workbook import blocks, charts
from factor_core.workbook.blocks import CLOSE
from factor_core.workbook.charts import Series
from factor_core.workbook.layout import LINE_HEIGHT
from factor_core.workbook.pages_monthly import START
from factor_core.workbook.pages_sizing import dollars

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

FACTORS = ("Mkt-RF", "SMB", "HML", "Mom")
INDUSTRIES = {
    "NoDur": "Consumer non-durables: food, tobacco, textiles, toys",
    "Durbl": "Consumer durables: cars, TVs, furniture",
    "Manuf": "Manufacturing: machinery, trucks, planes, paper",
    "Enrgy": "Oil, gas and coal",
    "Chems": "Chemicals and allied products",
    "BusEq": "Business equipment: computers, software, electronics",
    "Telcm": "Telephone and television transmission",
    "Utils": "Utilities",
    "Shops": "Wholesale, retail and some services",
    "Hlth": "Health care, medical equipment, drugs",
    "Money": "Finance",
    "Other": "Everything else: mines, construction, hotels, entertainment",
}
CHART_SIZE = (570, 310)  # three of them end before the section that begins the second printed page
COUNT, K, LAST, CHARTS = len(INDUSTRIES), len(FACTORS), 12, 14
ONE, ALL, MONTHS = "industry_chosen,factors_carhart", "industry_excess,factors_carhart", "12"
OBSERVATIONS = "COUNT(monthly_dates)"
REGRESSION, LINEST, HEDGE, TABLE = 7, 15, 21, 29  # rows of the sections, from 0
FACTOR_COV, MODEL, SAMPLE, FIT, RESIDUAL = 46, 54, 69, 84, 92


def cells(row: int, column: int, rows: int = 1, columns: int = 1) -> str:
    """Return an absolute reference on the same sheet."""
    if rows == columns == 1:
        return str(xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True))
    return str(xl_range_abs(row, column, row + rows - 1, column + columns - 1))


def grid(page: Page) -> None:
    """Set the widths of a page with tables of twelve columns."""
    page.widths(27, *([11.5] * LAST), 2)
    page.usual_height(LINE_HEIGHT)


def remark(page: Page, row: int, text: str, first: int) -> None:
    """Write a grey remark that runs over the empty cells right of it."""
    page.text(row, first, text, "remark")


def write_multifactor(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Multi-factor: one industry in detail, twelve at once, and their covariance."""
    page = book.page(
        "Multi-factor",
        '="Several factors: "&industry_name&" and eleven other industries"',
        "Market, size (SMB), value (HML) and momentum (Mom), monthly from 1990-01 to 2017-03. This "
        "page stays on the built-in sample, whatever data the daily pages hold.",
    )
    grid(page)
    _choose(page)
    _regression(page)
    _linest(page)
    _hedge(page)
    _table(page)
    _factor_covariance(page)
    _model_covariance(page)
    _residual_correlation(page)
    _multifactor_charts(page)
    page.freeze(3)
    page.print_setup(RESIDUAL + COUNT + 3, LAST)
    return page


def _choose(page: Page) -> None:
    page.section(3, "Choose an industry", last=LAST)
    names = sample.monthly(start=START).industry_names
    page.input(4, 0, "Industry", names[0], "industry_name", "text")
    page.choice(4, 1, list(names))
    described = ",".join(f'"{name}","{text}"' for name, text in INDUSTRIES.items())
    page.text(4, 2, f"=SWITCH(industry_name,{described})", "remark")
    remark(page, 5, "The one input that stands here and not on Start.", 2)


def _regression(page: Page) -> None:
    """Write the regression table and, beside it, the half-widths that the chart draws."""
    page.section(REGRESSION, '="Regression of "&industry_name&" on four factors"', last=LAST)
    row = REGRESSION + 1
    columns = ("label_column", "number", "number", "number2", "number", "number", "number")
    page.spill(row, 0, f"=FACTOR_REGRESSION({ONE})", (K + 2, 7), columns)
    heads = ("For the chart", "beta", '="+/- "&ROUND(100*confidence,2)&" %"', "+/- 95 %", "check")
    blocks.header(page, row, 8, heads)
    for i in range(K):
        own = row + 2 + i
        error = f"*{cells(own, 2)}"
        freedom = f"{OBSERVATIONS}-{K + 1}"
        page.formula(own, 8, f"={cells(own, 0)}")
        page.formula(own, 9, f"={cells(own, 1)}", "number")
        page.formula(own, 10, f"=T.INV.2T(1-confidence,{freedom}){error}", "number")
        page.formula(own, 11, f"=T.INV.2T(0.05,{freedom}){error}", "number")
        page.agrees(own, 12, cells(own, 11), f"({cells(own, 6)}-{cells(own, 5)})/2", CLOSE)
    remark(page, row + 1, "Standard error x T.INV.2T:", 8)


def _linest(page: Page) -> None:
    page.section(LINEST, "Trap: LINEST turns the factors round", last=LAST)
    row = LINEST + 1
    blocks.header(page, row, 0, ("", *reversed(FACTORS), "intercept", "check"))
    below = "INDEX({0},2,1):INDEX({0},ROWS({0}),{1})"
    y, x = below.format("industry_chosen", 1), below.format("factors_carhart", K)
    page.text(row + 1, 0, "LINEST")
    page.spill(row + 1, 1, f"=LINEST({y},{x})", (1, K + 1), "number", header=False)
    page.text(row + 2, 0, "FACTOR_BETA by name")
    for j in range(K):
        page.formula(row + 2, 1 + j, f"=FACTOR_BETA({ONE},{cells(row, 1 + j)})", "number")
    page.formula(row + 2, 1 + K, f"=FACTOR_ALPHA({ONE})", "number")
    ranges = (cells(row + i, 1, 1, K + 1) for i in (2, 1))
    blocks.all_agree(page, row + 2, K + 2, *ranges)
    page.text(row + 3, 0, "FACTOR_BETA in order")
    page.spill(row + 3, 1, f"=FACTOR_BETA({ONE})", (1, K), "number", header=False)
    remark(page, row + 1, "LINEST lists the last factor first and takes no header row.", K + 3)
    remark(page, row + 2, "Ours names a factor by its header ...", K + 3)
    remark(page, row + 3, "... or keeps the order given: Mkt-RF, SMB, HML, Mom.", K + 3)


def _hedge(page: Page) -> None:
    page.section(HEDGE, '="Hedging "&industry_name&" with four factors"', last=LAST)
    row = HEDGE + 1
    blocks.header(page, row, 0, ("Position in", *FACTORS, "check"))
    page.text(row + 1, 0, "per 1 of the industry")
    page.spill(row + 1, 1, f"=HEDGE_RATIO({ONE})", (1, K), "number", header=False)
    page.text(row + 2, 0, f'="for "&{dollars("budget")}')
    for j in range(K):
        page.formula(row + 2, 1 + j, f"={cells(row + 1, 1 + j)}*budget", "money")
    page.text(row + 3, 0, "Betas after hedging")
    left = f"=FACTOR_BETA(HEDGED_SERIES({ONE}),factors_carhart)"
    page.spill(row + 3, 1, left, (1, K), "number6", header=False)
    page.verdict(row + 3, K + 1, f"SUMSQ({cells(row + 3, 1, 1, K)})<1E-20")
    remark(
        page, row + 1, "Minus the betas: Mkt-RF is long stocks and short bills, SMB and HML and", 6
    )
    remark(page, row + 2, "Mom are long and short stocks. Each needs no money of its own.", 6)
    remark(page, row + 3, "All 0: nothing of the four factors is left, in sample.", 6)
    blocks.header(
        page, row + 4, 0, ("A year", "before", "after", "after / before", "root", "check")
    )
    page.text(row + 5, 0, "Volatility")
    hedged = f"STDEV.S(HEDGED_SERIES({ONE}))"
    page.formula(row + 5, 1, "=STDEV.S(industry_chosen)*SQRT(12)", "percent")
    page.formula(row + 5, 2, f"={hedged}*SQRT(12)", "percent")
    page.formula(row + 5, 3, f"={cells(row + 5, 2)}/{cells(row + 5, 1)}", "number")
    page.formula(row + 5, 4, f"=SQRT(1-R_SQUARED({ONE}))", "number")
    page.agrees(row + 5, 5, cells(row + 5, 3), cells(row + 5, 4), CLOSE)
    remark(page, row + 5, "SQRT(1 - R2) of the volatility is left, with any number of factors.", 6)


def _table(page: Page) -> None:
    page.section(TABLE, "Twelve industries, one formula: FACTOR_TABLE", last=LAST)
    row = TABLE + 1
    beta = ["number2"] * K
    columns = (
        "label_column",
        "percent",
        "number2",
        *beta,
        "percent1",
        "percent",
        "number2",
        "integer",
    )
    page.spill(row, 0, f"=FACTOR_TABLE({ALL},{MONTHS})", (COUNT + 1, len(columns)), columns)
    page.height(row, 2 * LINE_HEIGHT)
    own = row + COUNT + 1
    page.text(own, 0, '=industry_name&" alone"')
    page.formula(own, 1, f"=FACTOR_ALPHA({ONE},{MONTHS})", "percent")
    page.formula(own, 2, f'=ALPHA_TSTAT({ONE},"hac")', "number2")
    page.spill(own, 3, f"=FACTOR_BETA({ONE})", (1, K), "number2", header=False)
    page.formula(own, 7, f"=R_SQUARED({ONE})", "percent1")
    page.formula(own, 8, f"=RESIDUAL_VOL({ONE},{MONTHS})", "percent")
    page.formula(own, 9, f"=APPRAISAL_RATIO({ONE},{MONTHS})", "number2")
    page.formula(own, 10, f'=FACTOR_STAT({ONE},"n")', "integer")
    match = f"MATCH(industry_name,{cells(row, 0, COUNT + 1)},0)"
    same = f"INDEX({cells(row, 1, COUNT + 1, 10)},{match},0)"
    blocks.all_agree(page, own, 11, cells(own, 1, 1, 10), same)
    text = (
        "Newey-West standard errors. The last line asks for the chosen industry's numbers singly."
    )
    remark(page, own + 1, text, 0)


def _matrix_names(page: Page, row: int, column: int, names: tuple[str, ...]) -> None:
    blocks.header(page, row, column, ("", *names))
    for i, name in enumerate(names):
        page.text(row + 1 + i, column, name)


def _factor_covariance(page: Page) -> None:
    page.section(FACTOR_COV, "Covariance of the factors, a year", last=LAST)
    row = FACTOR_COV + 1
    _matrix_names(page, row, 0, FACTORS)
    formula = f"=FACTOR_COV(factors_carhart,{MONTHS})"
    page.spill(row + 1, 1, formula, (K, K), "number", header=False)
    _matrix_names(page, row, 6, FACTORS)
    page.text(row, 6, "native", "header_left")
    _covariances(page, row + 1, 7, "factors_carhart", K)
    ranges = (cells(row + 1, column, K, K) for column in (1, 7))
    blocks.all_agree(page, row + 1, 12, *ranges)
    _heat(page, (row + 1, 1, row + K, K))


def _covariances(page: Page, row: int, column: int, name: str, count: int) -> None:
    for i in range(count):
        for j in range(count):
            pair = ",".join(f"INDEX({name},0,{at + 1})" for at in (i, j))
            page.plain(row + i, column + j, f"=COVARIANCE.S({pair})*{MONTHS}", "number")


def _heat(page: Page, rectangle: tuple[int, int, int, int], signed: bool = False) -> None:
    """Colour a matrix by size; a signed one is orange below 0 and blue above."""
    rule: dict[str, object] = {
        "type": "2_color_scale",
        "min_color": "#FFFFFF",
        "max_color": "#9DB8DF",
    }
    if signed:
        middle = {"mid_type": "num", "mid_value": 0, "mid_color": "#FFFFFF"}
        ends = {"min_type": "num", "min_value": -0.6, "max_type": "num", "max_value": 0.6}
        rule |= {"type": "3_color_scale", "min_color": "#F0B48C", **middle, **ends}
    page.sheet.conditional_format(*rectangle, rule)


def _model_covariance(page: Page) -> None:
    """Write B F B' + D beside the sample's covariance, and how far apart they are."""
    names = tuple(INDUSTRIES)
    page.section(MODEL, "Covariance of the industries by the model, a year: B F B' + D", last=LAST)
    _matrix_names(page, MODEL + 1, 0, names)
    betas, idio = cells(TABLE + 2, 3, COUNT, K), cells(TABLE + 2, 8, COUNT)
    factor = cells(FACTOR_COV + 2, 1, K, K)
    formula = f"=MODEL_COV({betas},{factor},{idio}^2)"
    page.spill(MODEL + 2, 1, formula, (COUNT, COUNT), "number", header=False)
    page.section(
        SAMPLE, "Covariance of the industries in the sample, a year: COVARIANCE.S", last=LAST
    )
    _matrix_names(page, SAMPLE + 1, 0, names)
    _covariances(page, SAMPLE + 2, 1, "industry_excess", COUNT)
    for row in (MODEL + 2, SAMPLE + 2):
        _heat(page, (row, 1, row + COUNT - 1, COUNT))
    page.section(FIT, "How far apart are they?", last=LAST)
    model, real = (cells(row + 2, 1, COUNT, COUNT) for row in (MODEL, SAMPLE))
    diagonal = f"(SEQUENCE({COUNT})=SEQUENCE(1,{COUNT}))"
    page.labelled(FIT + 1, 0, "Variances, model", f"=SUMPRODUCT({diagonal}*{model})", "number")
    page.text(FIT + 2, 0, "Variances, sample")
    page.formula(FIT + 2, 1, f"=SUMPRODUCT({diagonal}*{real})", "number")
    page.agrees(FIT + 2, 2, cells(FIT + 1, 1), cells(FIT + 2, 1), CLOSE)
    others = f"SUMPRODUCT((1-{diagonal})*ABS({{}}))/{COUNT * (COUNT - 1)}"
    page.text(FIT + 3, 0, "Mean absolute covariance")
    page.formula(FIT + 3, 1, f"={others.format(real)}", "number")
    page.text(FIT + 4, 0, "Mean absolute difference")
    page.formula(FIT + 4, 1, f"={others.format(f'{model}-{real}')}", "number")
    page.text(FIT + 5, 0, "Difference / covariance")
    page.formula(FIT + 5, 1, f"={cells(FIT + 4, 1)}/{cells(FIT + 3, 1)}", "percent1")
    notes = (
        "The sums of the diagonals are equal: D holds exactly what the factors leave.",
        "Off the diagonal the model knows only what goes through the factors.",
        "For 500 assets the model needs 2,510 numbers, the sample's matrix 125,250; with fewer",
        "than 500 periods that matrix has no inverse. This is what a factor model of risk is for.",
    )
    for i, text in enumerate(notes):
        remark(page, FIT + 2 + i, text, 3)


def _residual_correlation(page: Page) -> None:
    page.section(RESIDUAL, "Correlations of the residuals: the model takes them as 0", last=LAST)
    row = RESIDUAL + 1
    _matrix_names(page, row, 0, tuple(INDUSTRIES))
    page.spill(row + 1, 1, f"=RESIDUAL_CORREL({ALL})", (COUNT, COUNT), "number2", header=False)
    _heat(page, (row + 1, 1, row + COUNT, COUNT), signed=True)
    matrix = cells(row + 1, 1, COUNT, COUNT)
    mean = f"(SUMPRODUCT(ABS({{}}))-{COUNT})/{COUNT * (COUNT - 1)}"
    own = row + COUNT + 1
    page.text(own, 0, "Mean absolute, residuals")
    page.formula(own, 1, f"={mean.format(matrix)}", "number2")
    page.text(own + 1, 0, "Mean absolute, returns")
    real = cells(SAMPLE + 2, 1, COUNT, COUNT)
    diagonal = f"(SEQUENCE({COUNT})=SEQUENCE(1,{COUNT}))"
    vols = f"SQRT(MMULT({diagonal}*{real},SEQUENCE({COUNT},1,1,0)))"
    correlations = f"{real}/MMULT({vols},TRANSPOSE({vols}))"
    page.formula(own + 1, 1, f"={mean.format(correlations)}", "number2")
    text = (
        "Four factors remove most of the co-movement. What is left, blue or orange above, is risk"
    )
    remark(page, own, text, 3)
    text = "that the model leaves out: similar industries still move together."
    remark(page, own + 1, text, 3)


def _multifactor_charts(page: Page) -> None:
    first, last = REGRESSION + 3, REGRESSION + 2 + K
    title = '="Betas of "&industry_name&" with intervals of "&ROUND(100*confidence,2)&" %"'
    betas = Series(
        f"={page.reference(REGRESSION + 1, 9)}",
        f"={page.range(first, 8, last, 8)}",
        f"={page.range(first, 9, last, 9)}",
        error_bars=f"={page.range(first, 10, last, 10)}",
    )
    axes = ("Factor", "Beta")
    size = CHART_SIZE
    charts.columns(page, (3, CHARTS), title, axes, [betas], size, "0.00")
    first, last = TABLE + 2, TABLE + 1 + COUNT
    names = f"={page.range(first, 0, last, 0)}"
    for column, title, axis, form in (
        (7, "R2 on four factors by industry", "R2", "0%"),
        (1, "Alpha a year on four factors by industry", "Alpha a year", "0%"),
    ):
        series = Series(
            f"={page.reference(TABLE + 1, column)}",
            names,
            f"={page.range(first, column, last, column)}",
        )
        axes = ("Industry", axis)
        charts.columns(page, (3, CHARTS), title, axes, [series], size, form)
