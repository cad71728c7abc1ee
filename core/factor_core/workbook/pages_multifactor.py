"""Page Multi-factor: industries on Fama-French and momentum factors, one in detail and all."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

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
COUNT, K, LAST, CHARTS = len(INDUSTRIES), len(FACTORS), 12, 14
ONE, ALL, MONTHS = "industry_chosen,factors_carhart", "industry_excess,factors_carhart", "12"
OBSERVATIONS = "COUNT(monthly_dates)"
REGRESSION, WALD, LINEST, HEDGE, TABLE = 7, 15, 22, 28, 36  # rows of the sections, from 0
BEHIND = CHARTS + 11  # right of all that prints


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
    """Write the page Multi-factor: one industry in detail, and twelve at once."""
    page = book.page(
        "Multi-factor",
        '="Several factors: "&industry_name&" and eleven other industries"',
        "Market, size (SMB), value (HML) and momentum (Mom), monthly from 1990-01 to 2017-03. This "
        "page stays on the built-in sample, whatever data the daily pages hold.",
    )
    grid(page)
    _choose(page)
    _regression(page)
    _wald(page)
    _linest(page)
    _hedge(page)
    _table(page)
    _alpha_intervals(page)
    _multifactor_charts(page)
    page.freeze(3)
    page.print_setup(TABLE + COUNT + 3, LAST)
    return page


def _choose(page: Page) -> None:
    page.section(3, "Choose an industry", last=LAST)
    names = sample.monthly(start=START).industry_names
    page.input(4, 0, "Industry", names[0], "industry_name", "text")
    page.choice(4, 1, list(names))
    described = ",".join(f'"{name}","{text}"' for name, text in INDUSTRIES.items())
    page.text(4, 2, f"=SWITCH(industry_name,{described})", "remark")
    remark(
        page,
        5,
        "This input stands here and not on Start; the pages on several factors follow it.",
        2,
    )


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


class Hypothesis(NamedTuple):
    """Restrictions on the betas of the four factors, and F by other means."""

    label: str
    restrictions: str
    values: str
    size: int
    second: str  # F
    meaning: str


SSR = f"((1-R_SQUARED({ONE}))*DEVSQ(industry_chosen))"
FREEDOM = f"({OBSERVATIONS}-{K + 1})"
BELOW = "INDEX({0},2,1):INDEX({0},ROWS({0}),{1})"
EXPLAINED = f"(R_SQUARED({ONE})-R_SQUARED(industry_chosen,factors_capm))"
HYPOTHESES = (
    Hypothesis(
        "SMB, HML and Mom are all 0",
        "{0,1,0,0;0,0,1,0;0,0,0,1}",
        "0",
        3,
        f"{EXPLAINED}/3/((1-R_SQUARED({ONE}))/{FREEDOM})",
        "Does the CAPM do? F by the two R2",
    ),
    Hypothesis(
        "Mkt-RF is 1, the others 0",
        "{1,0,0,0;0,1,0,0;0,0,1,0;0,0,0,1}",
        "{1;0;0;0}",
        4,
        f"(DEVSQ({BELOW.format('industry_chosen', 1)}-{BELOW.format('factors_capm', 1)})-{SSR})/4"
        f"/({SSR}/{FREEDOM})",
        "Is it the market? F by DEVSQ of the difference",
    ),
    Hypothesis(
        "Mom is 0",
        "{0,0,0,1}",
        "0",
        1,
        f"{cells(REGRESSION + 2 + K, 3)}^2",
        "One restriction: F is t squared",
    ),
)


def _wald(page: Page) -> None:
    title = '="Joint tests of the betas of "&industry_name&": FACTOR_WALD"'
    page.section(WALD, title, last=LAST)
    row = WALD + 1
    heads = ("Hypothesis", "F", "df1", "df2", "p", "F again", "check", "p, hac", "verdict", "")
    blocks.header(page, row, 0, (*heads, "", "", ""))
    for i, one in enumerate(HYPOTHESES, 1):
        own = row + i
        page.text(own, 0, one.label)
        wald = f"FACTOR_WALD({ONE},{one.restrictions},{one.values}"
        columns = ("number2", "integer", "integer", "scientific")
        page.spill(own, 1, f"={wald})", (1, 4), columns, header=False)
        page.formula(own, 5, f"={one.second}", "number2")
        f, p, again = (cells(own, column) for column in (1, 4, 5))
        same_p = f"ABS({p}-F.DIST.RT({again},{one.size},{FREEDOM}))<1E-9"
        page.verdict(own, 6, f"AND(ABS({f}/{again}-1)<{CLOSE},{same_p})")
        page.formula(own, 7, f'=INDEX({wald},"hac"),1,4)', "scientific")
        rejected = f'=IF({cells(own, 7)}<1-confidence,"rejected","not rejected")'
        page.formula(own, 8, rejected, "word")
        remark(page, own, one.meaning, 9)
    text = (
        "Betas small one by one may matter together. The verdict is by Newey-West (hac), at the "
        "confidence level of Start."
    )
    remark(page, row + 4, text, 0)


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


def _alpha_intervals(page: Page) -> None:
    """Write half of each alpha's interval and its ends, which only the chart needs."""
    blocks.behind_charts(page, TABLE, 14, 4, BEHIND)
    blocks.header(page, TABLE + 1, BEHIND, ("Alpha a year", "+/-", "low end", "high end"))
    for own in range(TABLE + 2, TABLE + 2 + COUNT):
        alpha, t = cells(own, 1), cells(own, 2)
        half = cells(own, BEHIND + 1)
        page.formula(own, BEHIND, f"={alpha}", "percent")
        quantile = f"T.INV.2T(1-confidence,{FREEDOM})"
        page.formula(own, BEHIND + 1, f"=ABS({alpha}/{t})*{quantile}", "percent")
        page.formula(own, BEHIND + 2, f"={alpha}-{half}", "percent")
        page.formula(own, BEHIND + 3, f"={alpha}+{half}", "percent")


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
    size = charts.SMALLER
    charts.columns(page, (3, CHARTS), title, axes, [betas], size, "0.00")
    first, last = TABLE + 2, TABLE + 1 + COUNT
    names = f"={page.range(first, 0, last, 0)}"
    head = f"={page.reference(TABLE + 1, 7)}"
    explained = Series(head, names, f"={page.range(first, 7, last, 7)}")
    title = "R2 on four factors by industry"
    charts.columns(page, (3, CHARTS), title, ("Industry", "R2"), [explained], size, "0%")
    drawn = [f"={page.range(first, BEHIND + j, last, BEHIND + j)}" for j in range(4)]
    head = f"={page.reference(TABLE + 1, BEHIND)}"
    alphas = Series(head, names, drawn[0], error_bars=drawn[1], ends=(drawn[2], drawn[3]))
    title = '="Alpha a year on four factors, with intervals of "&ROUND(100*confidence,2)&" %"'
    charts.columns(page, (3, CHARTS), title, ("Industry", "Alpha a year"), [alphas], size, "0%")
