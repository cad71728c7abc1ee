"""Page Attribution: which factors a mean return and a portfolio's risk come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from factor_core import sample
from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CLOSE
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_covariance import BETAS, FACTOR_COV, IDIO, MODEL_COV
from factor_core.workbook.pages_monthly import START
from factor_core.workbook.pages_multifactor import (
    BEHIND,
    CHARTS,
    COUNT,
    FACTORS,
    INDUSTRIES,
    LAST,
    OBSERVATIONS,
    K,
    cells,
    grid,
    remark,
)
from factor_core.workbook.pages_risk_or_return import MODELS
from factor_core.workbook.pages_sizing import joint_rows
from factor_core.workbook.references import BOTH

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

ASSET, INDUSTRY, PORTFOLIO, SOURCES = 3, 11, 30, 50  # rows of the sections, from 0
PARTS = ("alpha", *FACTORS)
COLOURS = (styles.OWN, styles.MARKET, styles.SECOND, styles.REFERENCE, styles.SIXTH)
BY_FACTOR = 21  # row of the heads behind the last chart
# A step of the waterfall from {s} to {e}: what carries it, and what is seen above and below zero.
ABOVE = "(MAX(0,MAX({s},{e}))-MAX(0,MIN({s},{e})))"
BELOW = "(MIN(0,MIN({s},{e}))-MIN(0,MAX({s},{e})))"
STEPS = (
    ("carries", "MAX(0,MIN({s},{e}))+MIN(0,MAX({s},{e}))", ""),
    ("adds", f"IF({{e}}>={{s}},{ABOVE},0)", styles.OWN),
    ("adds, below 0", f"IF({{e}}>={{s}},{BELOW},0)", styles.OWN),
    ("takes away", f"IF({{e}}<{{s}},{ABOVE},0)", styles.MARKET),
    ("takes away, below 0", f"IF({{e}}<{{s}},{BELOW},0)", styles.MARKET),
    ("mean", "0", styles.ASSET),
)
LISTED = ("adds", "takes away", "mean")
FIRST = PORTFOLIO + 3  # row of the first industry
WEIGHTS = cells(FIRST, 1, COUNT)
EQUAL = f"SEQUENCE({COUNT},1,1,0)/{COUNT}"
RISK = "PORTFOLIO_RISK({},{},{},{}^2)"
MONTHLY = "portfolio_excess,factors_carhart"


def write_attribution(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Attribution: an asset, an industry under three models, and a portfolio."""
    page = book.page(
        "Attribution",
        '="Where returns and risks come from: "&asset_name&", "&industry_name&" and a portfolio"',
        "A mean return is alpha plus beta x mean of each factor; a variance splits by factor and "
        "by asset. Both add up exactly. The split describes the sample; it promises nothing.",
    )
    grid(page)
    _asset(page, data)
    _industry(page)
    _series(page)
    _by_industry(page)
    last = _by_source(page)
    _model_chart(page)
    _waterfall(page)
    _portfolio_charts(page)
    page.freeze(3)
    page.print_setup(last, LAST)
    return page


# ------------------------------------------------------------------------------------- the asset


def _asset(page: Page, data: TemplateData) -> None:
    """Write the chosen and the second asset's mean return and risk by source, from daily data."""
    title = '="Mean excess return a year of "&asset_name&" and "&second_asset&", by "&market_name'
    page.section(ASSET, title, last=LAST)
    row = ASSET + 1
    names = ("=asset_name", "native", "check", "share of risk", "=second_asset", "share of risk")
    heads = ("Source", *names, *[""] * 6)
    blocks.header(page, row, 0, heads, lines=blocks.lines_of_names(data.assets))
    rows = joint_rows(data)
    native = (
        f"=INTERCEPT({BOTH})*periods",
        f"=SLOPE({BOTH})*AVERAGE({rows.market})*periods",
        f"=AVERAGE({rows.asset})*periods",
    )
    for i, label in enumerate(("Alpha", '="Beta x "&market_name', "Total")):
        own = row + 1 + i
        page.text(own, 0, label)
        style = "strong percent" if i == 2 else "percent"
        risk_row = (3, 2, 4)[i]  # VARIANCE_DECOMP lists the factor first
        for column, series in ((1, "asset_excess"), (5, "second_excess")):
            pair = f"{series},market_excess"
            formula = f"=INDEX(RETURN_ATTRIBUTION({pair},periods),{i + 2},2)"
            page.formula(own, column, formula, style)
            share = f"=INDEX(VARIANCE_DECOMP({pair}),{risk_row},4)"
            page.formula(own, (4, 6)[column > 1], share, "percent1")
        page.formula(own, 2, native[i], "percent")
        page.agrees(own, 3, cells(own, 1), cells(own, 2), CLOSE)
    alpha, market, total = (cells(row + 1 + i, 1) for i in range(3))
    text = (
        f'="The market gave "&ROUND(100*{market},1)&" of the "&ROUND(100*{total},1)&" % a year '
        f'that "&asset_name&" earned above cash, and carries "&ROUND(100*{cells(row + 2, 4)},0)&'
        f'" % of its risk. The other "&ROUND(100*{alpha},1)&" % is alpha: it cost the rest of the '
        'risk."'
    )
    blocks.paragraph(page, row + 4, text, last=LAST)
    notes = ("Intercept x periods; its risk is the residual's.", "Beta x the market's mean.")
    for i, text in enumerate(notes):
        remark(page, row + 1 + i, text, 7)


# ---------------------------------------------------------------------------------- the industry


def _industry(page: Page) -> None:
    """Write the chosen industry's mean return under three models, and what alpha would prove."""
    title = '="Mean excess return a year of "&industry_name&" under three models"'
    page.section(INDUSTRY, title, last=LAST)
    row = INDUSTRY + 1
    names = [name for name, _, _ in MODELS]
    heads = ("Source", *names, "", "Carhart", "beta", "mean a year", "beta x mean", "check")
    blocks.header(page, row, 0, (*heads, "", "", ""), left=(0, 5))
    for i, label in enumerate((*PARTS, "Total", "Sum of the parts", "Mean x 12", "check")):
        page.text(row + 1 + i, 0, label)
    for j, (_, factors, k) in enumerate(MODELS, 1):
        _model(page, row, j, factors, k)
    for i, name in enumerate(FACTORS):
        own = row + 2 + i
        page.text(own, 5, name)
        beta = f'=FACTOR_BETA(industry_chosen,factors_carhart,"{name}")'
        page.formula(own, 6, beta, "number")
        page.formula(own, 7, f"=AVERAGE(INDEX(factors_carhart,0,{i + 1}))*12", "percent")
        page.formula(own, 8, f"={cells(own, 6)}*{cells(own, 7)}", "percent")
        page.agrees(own, 9, cells(own, 8), cells(own, 3), CLOSE)
    remark(page, row + 1, "The same mean return: alpha is what the model leaves over.", 5)
    text = "A factor pays when the industry is exposed to it and it paid in the sample."
    remark(page, row + 6, text, 5)
    _proof(page, row + 10)


def _model(page: Page, row: int, column: int, factors: str, k: int) -> None:
    """Write the parts of the mean under one model, their sum, and the checks below."""
    split = f"RETURN_ATTRIBUTION(industry_chosen,{factors},12)"
    parts = f"=INDEX({split},SEQUENCE({k + 1})+1,2)"
    page.spill(row + 1, column, parts, (k + 1, 1), "percent", header=False)
    total = row + 1 + len(PARTS)
    page.formula(total, column, f"=INDEX({split},{k + 3},2)", "strong percent")
    page.formula(total + 1, column, f"=SUM({cells(row + 1, column, k + 1)})", "percent")
    page.formula(total + 2, column, "=AVERAGE(industry_chosen)*12", "percent")
    own, again, mean = (cells(total + i, column) for i in range(3))
    same = f"AND(ABS({own}-{mean})<1E-12,ABS({again}-{mean})<1E-12)"
    page.verdict(total + 3, column, same)


def _proof(page: Page, row: int) -> None:
    """Write what the alpha of each model would need to be believed."""
    lines = (
        ("R2", "=R_SQUARED({})", "percent1"),
        ("t of alpha, Newey-West", '=ALPHA_TSTAT({},"hac")', "number2"),
        ("Appraisal ratio", "=APPRAISAL_RATIO({},12)", "number2"),
        ("... and its error", "=SHARPE_SE(HEDGED_SERIES({}),12)", "number2"),
        ("Years that alpha needs", "=YEARS_NEEDED({ratio},confidence)", "price"),
        ("Years there are", f"={OBSERVATIONS}/12", "number2"),
        ("The history is", '=IF({there}>={needed},"long enough","too short")', "word"),
    )
    for i, (label, formula, style) in enumerate(lines):
        page.text(row + i, 0, label)
        for j, (_, factors, _) in enumerate(MODELS, 1):
            ratio, needed, there = (cells(row + at, j) for at in (2, 4, 5))
            filled = formula.replace("{}", f"industry_chosen,{factors}").format(
                ratio=ratio, needed=needed, there=there
            )
            page.formula(row + i, j, filled, style)
    notes = (
        "The factors' share of the variance: more of it makes alpha surer, not larger.",
        "Beyond about 2 alpha is unlikely to be chance, were this the only industry looked at.",
        "Alpha over residual volatility, a year.",
        "By Mertens, of the hedged series: skewness and fat tails count.",
        "(normal quantile / appraisal ratio)^2 at the confidence of Start.",
        "No finer data help: an alpha needs years.",
    )
    for i, text in enumerate(notes):
        remark(page, row + i, text, 5)


# --------------------------------------------------------------------------------- the portfolio


def _series(page: Page) -> None:
    """Write the portfolio's monthly returns behind the charts, and name them."""
    count = len(sample.monthly(start=START).dates)
    blocks.behind_charts(page, ASSET, 13, 12, BEHIND)
    page.text(ASSET + 1, BEHIND, "Portfolio", "header")
    below = f"INDEX(industry_excess,2,1):INDEX(industry_excess,{count + 1},{COUNT})"
    formula = f"=MMULT({below},{WEIGHTS})"
    page.spill(ASSET + 2, BEHIND, formula, (count, 1), "percent", header=False)
    series = page.range(ASSET + 1, BEHIND, ASSET + 1 + count, BEHIND)
    page.book.name("portfolio_excess", series)


def _by_industry(page: Page) -> None:
    """Write the weights, and the return and risk that each industry brings."""
    title = "A portfolio of the twelve industries: what each of them brings, a year"
    page.section(PORTFOLIO, title, last=LAST)
    text = "Weights are yours to change. What is short of 100 % is in bills; below 0 is short."
    remark(page, PORTFOLIO + 1, text, 0)
    heads = (
        "Industry", "your weight", "mean", "weight x mean", "marginal risk", "risk brought",
        "share of risk", "share, by sample", "share, equal weights",
    )  # fmt: skip
    blocks.header(page, FIRST - 1, 0, (*heads, "", "", "", ""), lines=2)
    first = cells(FIRST, 1).replace("$", "")
    rule = {
        "validate": "custom",
        "value": f"=AND(ISNUMBER({first}),ABS({first})<=10,SUMSQ({WEIGHTS})>0)",
        "ignore_blank": False,
        "error_message": "A weight is a number such as 10% or 0.1; not all of them may be 0.",
    }
    page.sheet.data_validation(FIRST, 1, FIRST + COUNT - 1, 1, rule)
    for i, name in enumerate(INDUSTRIES):
        row = FIRST + i
        page.text(row, 0, name)
        page.value(row, 1, 1 / COUNT, "input percent")
        page.formula(row, 2, f"=AVERAGE(INDEX(industry_excess,0,{i + 1}))*12", "percent")
        page.formula(row, 3, f"={cells(row, 1)}*{cells(row, 2)}", "percent")
    ours = f"RISK_CONTRIBUTION({WEIGHTS},{MODEL_COV})"
    columns = ("number", "percent", "percent1")
    page.spill(FIRST, 4, f"={ours}", (COUNT, 3), columns, header=False)
    sampled = f"=INDEX(RISK_CONTRIBUTION({WEIGHTS},FACTOR_COV(industry_excess,12)),0,3)"
    equal = f"=INDEX(RISK_CONTRIBUTION({EQUAL},{MODEL_COV}),0,3)"
    for column, formula in ((7, sampled), (8, equal)):
        page.spill(FIRST, column, formula, (COUNT, 1), "percent1", header=False)
    _industry_totals(page, FIRST + COUNT)


def _industry_totals(page: Page, row: int) -> None:
    page.text(row, 0, "Total", "strong label")
    for column in (1, 3, 5, 6, 7, 8):
        style = "strong percent1" if column > 5 else "strong percent"
        page.formula(row, column, f"=SUM({cells(FIRST, column, COUNT)})", style)
    for column in (2, 4):
        page.text(row, column, "", "strong label")
    page.text(row + 1, 0, "check")
    page.agrees(row + 1, 3, cells(row, 3), "AVERAGE(portfolio_excess)*12", CLOSE)
    risk = RISK.format(WEIGHTS, BETAS, FACTOR_COV, IDIO)
    theirs = f"INDEX({risk},SEQUENCE({COUNT})+{4 + K},4)"
    blocks.all_agree(page, row + 1, 5, cells(FIRST, 5, COUNT), theirs)
    for column in (6, 7, 8):
        page.agrees(row + 1, column, cells(row, column), "1", CLOSE)
    shares, names = cells(FIRST, 6, COUNT), cells(FIRST, 0, COUNT)
    place = f"MATCH(MAX({shares}),{shares},0)"
    largest = f"INDEX({names},{place})"
    page.formula(row + 2, 1, f"={largest}", "word")
    page.formula(row + 2, 2, f"=INDEX({WEIGHTS},{place})", "percent")
    page.text(row + 2, 0, "Most of the risk")
    page.formula(row + 2, 3, f"=MAX({shares})", "percent1")
    remark(page, row + 2, "is of this industry: its weight, and its share of the risk.", 4)
    notes = (
        (0, "Marginal: risk that 1 more of it adds;"),
        (1, "risk brought = weight x marginal."),
        (2, "They sum to the volatility: a hedge"),
        (3, "brings less than nothing."),
        (5, "By sample: the same shares with the"),
        (6, "covariances of the sample instead of"),
        (7, "B F B' + D."),
    )
    for i, text in notes:
        remark(page, FIRST + i, text, 9)


def _by_source(page: Page) -> int:
    """Write the portfolio's risk and return by factor; return the last row."""
    page.section(SOURCES, "The same portfolio by factor, a year: PORTFOLIO_RISK", last=LAST)
    row = SOURCES + 1
    heads = (
        "Source", "exposure", "by regression", "check", "volatility alone", "risk brought",
        "share of risk", "mean return", "variance, model", "variance, sample", "check",
        "share, equal weights", "",
    )  # fmt: skip
    blocks.header(page, row, 0, heads, lines=2)
    labels = (*FACTORS, "Factors together", "Idiosyncratic; alpha", "Total")
    for i, label in enumerate(labels):
        page.text(row + 1 + i, 0, label, "strong label" if label == "Total" else "label")
    for i, name in enumerate(FACTORS):
        own = row + 1 + i
        page.formula(own, 1, f"=INDEX(BOTTOM_UP_BETA({WEIGHTS},{BETAS}),1,{i + 1})", "number")
        page.formula(own, 2, f'=FACTOR_BETA({MONTHLY},"{name}")', "number")
        page.agrees(own, 3, cells(own, 1), cells(own, 2), "1E-8")
    order = "{5;6;7;8;3;4;2}"
    risk, equal = (RISK.format(w, BETAS, FACTOR_COV, IDIO) for w in (WEIGHTS, EQUAL))
    formula = f"=INDEX({risk},{order},SEQUENCE(1,3)+2)"
    page.spill(row + 1, 4, formula, (K + 3, 3), _source_style, header=False)
    formula = f"=INDEX({equal},{order},5)"
    shares = (K + 3, 1)
    page.spill(row + 1, 11, formula, shares, lambda i, _: _source_style(i, 2), header=False)
    for i in range(K + 3):
        _source(page, row + 1, i)
    return _residuals_text(page, row + K + 4)


def _source_style(i: int, j: int) -> str:
    form = ("percent", "percent", "percent1")[j]
    return f"strong {form}" if i == K + 2 else form


def _source(page: Page, first: int, i: int) -> None:
    """Write a source's mean return, and its variance by the model and in the sample."""
    row = first + i
    together, rest, total = first + K, first + K + 1, first + K + 2
    paid = "INDEX(RETURN_ATTRIBUTION(portfolio_excess,factors_carhart,12),{},2)"
    found = "INDEX(VARIANCE_DECOMP(portfolio_excess,factors_carhart,12),{},2)"
    if row == together:
        mean = f"=SUM({cells(first, 7, K)})"
        variance = f"=SUM({cells(first, 9, K)})"
    else:
        mean = f"={paid.format({rest: 2, total: K + 3}.get(row, i + 3))}"
        variance = f"={found.format({rest: K + 2, total: K + 3}.get(row, i + 2))}"
    strong = "strong " if row == total else ""
    page.formula(row, 7, mean, f"{strong}percent")
    page.formula(row, 8, f"={cells(row, 5)}*{cells(total, 4)}", f"{strong}variance")
    page.formula(row, 9, variance, f"{strong}variance")
    if row <= together:
        page.agrees(row, 10, cells(row, 8), cells(row, 9), "1E-8")


def _residuals_text(page: Page, row: int) -> int:
    """Say what the residuals' correlations do to this portfolio; return the last row."""
    model, real = cells(row - 1, 8), cells(row - 1, 9)
    idio, again = cells(row - 2, 8), cells(row - 2, 9)
    in_words = (
        f'="Volatility a year: "&FIXED(100*SQRT({model}),2)&" % by the model, "&FIXED(100*SQRT('
        f"{real}),2)&\" % in the sample. The factors' part is the same by both. The residuals are "
        f'correlated, and that "&IF({again}>{idio},"raises","lowers")&" the idiosyncratic variance '
        f'by "&FIXED(100*ABS({again}/{idio}-1),0)&" %."'
    )
    lesson = (
        "A factor's share of the risk may be below 0, where it offsets another one. Read across: a "
        "factor that takes much of the risk and gave little of the return was no good bet in this "
        "sample; HEDGE_NOTIONALS says what takes it out."
    )
    texts = (in_words, lesson)
    for i, text in enumerate(texts):
        blocks.paragraph(page, row + i, text, last=LAST)
    return row + len(texts) - 1


# ------------------------------------------------------------------------------------- the charts


def _model_chart(page: Page) -> None:
    """Draw the parts of the industry's mean return, stacked, a column a model."""
    head = INDUSTRY + 1
    models = f"={page.range(head, 1, head, len(MODELS))}"
    series = [
        Series(
            f"={page.reference(head + 1 + i, 0)}",
            models,
            f"={page.range(head + 1 + i, 1, head + 1 + i, len(MODELS))}",
            colour,
        )
        for i, colour in enumerate(COLOURS)
    ]
    title = '="What the mean return of "&industry_name&" is made of"'
    axes = ("Model", "Mean a year")
    charts.columns(page, (3, CHARTS), title, axes, series, charts.SMALLER, "0%", stacked=True)


def _waterfall(page: Page) -> None:
    """Draw the way from alpha over the factors to the mean, each step from where the last ended.

    Bars stack away from zero on both sides of it, so a step is cut in two where it crosses zero.
    """
    column, row = BEHIND + 2, ASSET + 1
    blocks.header(page, row, column, ("Step", "start", "end", *(name for name, *_ in STEPS)))
    parts = INDUSTRY + 2
    for i, label in enumerate((*PARTS, "Total")):
        own = row + 1 + i
        start, end = cells(own, column + 1), cells(own, column + 2)
        page.text(own, column, label)
        before = cells(own - 1, column + 2) if 0 < i <= K else "0"
        page.formula(own, column + 1, f"={before}", "percent")
        page.formula(own, column + 2, f"={start}+{cells(parts + i, 3)}", "percent")
        for j, (name, formula, _) in enumerate(STEPS, column + 3):
            drawn = formula.format(s=start, e=end)
            if i > K:
                drawn = end if name == "mean" else "0"
            page.formula(own, j, f"={drawn}", "percent")
    last = row + 1 + len(PARTS)
    names = f"={page.range(row + 1, column, last, column)}"
    series = [
        Series(
            f"={page.reference(row, j)}",
            names,
            f"={page.range(row + 1, j, last, j)}",
            colour,
            listed=name in LISTED,
        )
        for j, (name, _, colour) in enumerate(STEPS, column + 3)
    ]
    title = '="From alpha to the mean return of "&industry_name&", by Carhart"'
    axes = ("Source, then their total", "Return a year")
    charts.columns(page, (3, CHARTS), title, axes, series, charts.SMALLER, "0%", stacked=True)


def _portfolio_charts(page: Page) -> None:
    """Draw the weights beside the shares of risk, and the risk by factor."""
    last = FIRST + COUNT - 1
    colours = ((1, styles.REFERENCE), (6, styles.ASSET))
    series = charts.of_columns(page, FIRST - 1, last, colours)
    title = "Your weights, and the shares of the risk that they bring"
    axes = ("Industry", "Share")
    charts.columns(page, (3, CHARTS), title, axes, series, charts.SMALLER, "0%")
    first, last = SOURCES + 2, SOURCES + 1 + K
    rest = SOURCES + 3 + K  # factors together are left out: the bars would count them twice
    column = BEHIND + 2
    head = BY_FACTOR
    blocks.header(page, head, column, ("Source", "your weights", "equal weights"))
    for i, row in enumerate((*range(first, last + 1), rest), 1):
        page.formula(head + i, column, f"={cells(row, 0)}")
        page.formula(head + i, column + 1, f"={cells(row, 6)}", "percent1")
        page.formula(head + i, column + 2, f"={cells(row, 11)}", "percent1")
    colours = ((column + 1, styles.ASSET), (column + 2, styles.REFERENCE))
    series = charts.of_columns(page, head, head + K + 1, colours, column)
    title = "Shares of the portfolio's risk by factor"
    axes = ("Source", "Share of risk")
    charts.columns(page, (3, CHARTS), title, axes, series, charts.SMALLER, "0%")
