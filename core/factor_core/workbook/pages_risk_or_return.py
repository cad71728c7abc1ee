"""Page Risk or return: R2, alphas and the GRS test of the industries under three models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CLOSE
from factor_core.workbook.charts import Series
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

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page, StyleOfCell
    from factor_core.workbook.references import References, TemplateData

MODELS = (("CAPM", "factors_capm", 1), ("FF3", "factors_ff3", 3), ("Carhart", "factors_carhart", 4))
FIRST_INDUSTRY, GRS, SPANNING, PREMIA, LESSON = 6, 22, 37, 49, 63
MEAN = 10  # column of the average returns, before those by the CAPM and by Carhart
LESSON_TEXTS = (
    (
        "A factor model can be a good model of risk and a poor model of average returns. For "
        "hedging and sizing, R2 is what counts; for judging a manager or a price, alpha and the "
        "GRS test are."
    ),
    (
        "A high R2 also makes small alphas significant: residuals shrink, and t is alpha over "
        "residual risk / SQRT(n)."
    ),
)


def write_risk_or_return(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Risk or return: R2 beside alphas and the GRS test, for three models."""
    page = book.page(
        "Risk or return",
        "Does the model explain risk, or return?",
        "R2 says how much of the realised variation the factors explain; alphas and the GRS test "
        "say whether they explain average returns. The twelve monthly industries on three models.",
    )
    grid(page)
    _by_model(page)
    _grs(page)
    _spanning(page)
    _premia(page)
    _lesson(page)
    _risk_or_return_charts(page)
    page.freeze(3)
    page.print_setup(LESSON + 9, LAST)
    return page


def _by_model(page: Page) -> None:
    """Write R2, alpha and t of every industry under every model, and what the models predict."""
    page.section(3, "Twelve industries under three models", last=LAST)
    groups = (
        ("R2", "R_SQUARED(industry_excess,{})", "percent1"),
        ("alpha a year", "FACTOR_ALPHA(industry_excess,{},12)", "percent"),
        ("t of alpha, Newey-West", 'ALPHA_TSTAT(industry_excess,{},"hac")', "number2"),
    )
    heads = ("Industry", *[model[0] for model in MODELS] * len(groups), "sample", "CAPM", "Carhart")
    blocks.header(page, 5, 0, heads)
    for i, name in enumerate(INDUSTRIES):
        page.text(FIRST_INDUSTRY + i, 0, name)
    for g, (text, formula, style) in enumerate(groups):
        page.text(4, 1 + 3 * g, text, "strong")
        for j, (_, factors, _) in enumerate(MODELS):
            filled = f"={formula.format(factors)}"
            page.spill(FIRST_INDUSTRY, 1 + 3 * g + j, filled, (COUNT, 1), style, header=False)
    page.text(4, MEAN, "mean a year, and by model", "strong")
    for i in range(COUNT):
        row = FIRST_INDUSTRY + i
        page.formula(row, MEAN, f"=AVERAGE(INDEX(industry_excess,0,{i + 1}))*12", "percent")
        for column, alpha in ((MEAN + 1, 4), (MEAN + 2, 6)):
            page.formula(row, column, f"={cells(row, MEAN)}-{cells(row, alpha)}", "percent")
    _summaries(page, FIRST_INDUSTRY + COUNT)


def _summaries(page: Page, row: int) -> None:
    """Write the columns' summaries, Bonferroni's count, and the checks of what models predict."""
    page.text(row, 0, "Mean; mean |alpha|; |t| > 2", "strong label")
    for column in range(1, LAST + 1):
        own = cells(FIRST_INDUSTRY, column, COUNT)
        summary = ("=AVERAGE({})", "=SUMPRODUCT(ABS({}))/12", "=SUMPRODUCT(--(ABS({})>2))")
        group = (column - 1) // 3 % 3
        style = ("percent1", "percent", "integer")[group]
        page.formula(row, column, summary[group].format(own), f"strong {style}")
    best = f"BONFERRONI_T({COUNT},1-confidence,{OBSERVATIONS}-{K + 1})"
    page.text(row + 1, 0, "|t| beyond Bonferroni's")
    page.formula(row + 1, 1, f"={best}", "number2")
    remark(page, row + 1, "is what the best of twelve must exceed; so many do:", 2)
    for column in (7, 8, 9):
        own = cells(FIRST_INDUSTRY, column, COUNT)
        beyond = f"=SUMPRODUCT(--(ABS({own})>{cells(row + 1, 1)}))"
        page.formula(row + 1, column, beyond, "integer")
    for column, factors, k in ((MEAN + 1, "factors_capm", 1), (MEAN + 2, "factors_carhart", K)):
        means = f"TRANSPOSE({cells(LESSON + 7, 1, 1, k)})" if k > 1 else cells(LESSON + 7, 1)
        paid = f"MMULT(FACTOR_BETA(industry_excess,{factors}),{means})"
        blocks.all_agree(page, row + 1, column, cells(FIRST_INDUSTRY, column, COUNT), paid)
    blocks.behind_charts(page, 4, 12, 5, BEHIND)
    for j, (name, _, _) in enumerate(MODELS):
        page.text(5, BEHIND + j, name, "header")
        sizes = f"=ABS({cells(FIRST_INDUSTRY, 7 + j, COUNT)})"
        page.spill(FIRST_INDUSTRY, BEHIND + j, sizes, (COUNT, 1), "number2", header=False)


def _grs(page: Page) -> None:
    """Write the GRS test of each model and its parts by native formulas."""
    page.section(GRS, "GRS test: are all twelve alphas 0 at once?", last=LAST)
    row = GRS + 1
    blocks.header(page, row, 0, ("Model", *(model[0] for model in MODELS)))
    styles_of = _grs_style
    page.spill(row + 1, 0, f"=GRS_TEST(industry_excess,{MODELS[0][1]})", (6, 2), styles_of)
    for j, (_, factors, _) in enumerate(MODELS[1:], 2):
        formula = f"=INDEX(GRS_TEST(industry_excess,{factors}),0,2)"
        page.spill(row + 1, j, formula, (6, 1), lambda i, _: _grs_style(i, 1))
    labels = (
        "p by F.DIST.RT",
        "Verdict at 5 %",
        "Best appraisal ratio",
        "Sharpe ratio, factors",
        "F from the two",
        "check",
    )
    for i, label in enumerate(labels):
        page.text(row + 7 + i, 0, label)
    for j, model in enumerate(MODELS, 1):
        _grs_native(page, row, j, model)
    notes = (
        "Mean abs alpha is a month's; the table above has a year's.",
        "p: how often chance alone gives an F so large when every alpha is 0.",
        "",
        "Below 0.05 the model is rejected: not every alpha is 0.",
        "The best in-sample mix of the twelve hedged industries: SQRT(z'C^-1 z x 12), z their",
        "appraisal ratios a month, C their RESIDUAL_CORREL.",
        "F = best^2/12 x n/(n-1) / (1 + S^2/12) x (n-12-k)/12, S the factors' ratio.",
    )
    for i, text in enumerate(notes):
        remark(page, row + 5 + i, text, 5)


def _grs_style(i: int, j: int) -> str:
    if i == 0:
        return "header" if j else "header_left"
    form = ("number2", "integer", "integer", "scientific", "percent")[i - 1]
    return form if j else "label_column"


def _grs_native(page: Page, row: int, column: int, model: tuple[str, str, int]) -> None:
    """Write p and F of one model from their parts, each with the check below the column."""
    _, factors, k = model
    f, df1, df2, p = (cells(row + 2 + i, column) for i in range(4))
    page.formula(row + 7, column, f"=F.DIST.RT({f},{df1},{df2})", "scientific")
    page.formula(row + 8, column, f'=IF({p}<0.05,"rejected","not rejected")', "word")
    z = f"APPRAISAL_RATIO(industry_excess,{factors},1)"
    inverse = f"MINVERSE(RESIDUAL_CORREL(industry_excess,{factors}))"
    best = f"=SQRT(12*MMULT(TRANSPOSE({z}),MMULT({inverse},{z})))"
    page.formula(row + 9, column, best, "number2")
    means = cells(LESSON + 6, 1, 1, k)
    omega = f"MINVERSE(FACTOR_COV({factors})*({OBSERVATIONS}-1)/{OBSERVATIONS})"
    sharpe = f"=SQRT(12*MMULT({means},MMULT({omega},TRANSPOSE({means}))))"
    page.formula(row + 10, column, sharpe, "number2")
    squares = [f"{cells(row + 9 + i, column)}^2/12" for i in range(2)]
    own = (
        f"={squares[0]}*{OBSERVATIONS}/({OBSERVATIONS}-1)/(1+{squares[1]})"
        f"*({OBSERVATIONS}-{COUNT}-{k})/{COUNT}"
    )
    page.formula(row + 11, column, own, "number2")
    condition = "AND(ABS({0}/{1}-1)<1E-8,ABS({2}/{3}-1)<1E-8)"
    native_p, native_f = cells(row + 7, column), cells(row + 11, column)
    page.verdict(row + 12, column, condition.format(native_p, p, native_f, f))


def _spanning(page: Page) -> None:
    """Write whether the factors that FF3 and Carhart add earn more than those before explain."""
    page.section(SPANNING, "Do the added factors add? SPANNING_TEST", last=LAST)
    row = SPANNING + 1
    added = f"INDEX(factors_carhart,0,2):INDEX(factors_carhart,0,3),{MODELS[0][1]}"
    momentum = f"INDEX(factors_carhart,0,{K}),{MODELS[1][1]}"
    page.text(row, 0, "SMB and HML on the market", "strong")
    page.text(row, 6, "Mom on FF3", "strong")
    for column, formula, count in ((0, added, 2), (6, momentum, 1)):
        shape = (count + 5, 5)
        page.spill(row + 1, column, f"=SPANNING_TEST({formula})", shape, _spanning_style(count))
    last = row + 8
    page.text(last, 0, "F by the Sharpe ratios")
    for column, count, model in ((1, 2, 1), (7, 1, 2)):
        with_, without = (f"({cells(GRS + 11, m + 1)}^2/12)" for m in (model, model - 1))
        top = row + 2 + count  # row of F
        f, df2 = cells(top, column), cells(top + 2, column)
        own = f"={df2}/{count}*({with_}-{without})/(1+{without})"
        page.formula(last, column, own, "number2")
        page.agrees(last, column + 1, cells(last, column), f, CLOSE)
    page.text(last, 6, "F again")
    text = (
        "Alpha other than 0: with the new factor the best Sharpe ratio is higher than without it."
    )
    remark(page, last + 1, text, 0)


def _spanning_style(count: int) -> StyleOfCell:
    def style(i: int, j: int) -> str:
        if i == 0:
            return "header" if j else "header_left"
        if j == 0:
            return "label_column"
        if i <= count:
            return ("percent", "percent", "number2", "number")[j - 1]
        return ("number2", "integer", "integer", "number")[i - count - 1]

    return style


def _premia(page: Page) -> None:
    """Write the premia that the industries' average returns give, beside the factors' own."""
    page.section(PREMIA, "Which premia do the industries' returns give? FAMA_MACBETH", last=LAST)
    row = PREMIA + 1
    table = "FAMA_MACBETH(industry_excess,factors_carhart)"
    page.spill(row, 0, f"={table}", (K + 5, 8), _premia_style)
    heads = ("by LINEST", "check", "own mean", "t of it")
    blocks.header(page, row, 9, heads, left=())
    fit = "LINEST({},FACTOR_BETA(industry_excess,factors_carhart),TRUE,TRUE)".format(
        f"{cells(FIRST_INDUSTRY, MEAN, COUNT)}/12"
    )
    for i in range(K + 1):
        page.formula(row + 1 + i, 9, f"=INDEX({fit},1,{K + 1 - i})", "percent")
        page.agrees(row + 1 + i, 10, cells(row + 1 + i, 1), cells(row + 1 + i, 9), CLOSE)
        if i:
            page.formula(row + 1 + i, 11, f"={cells(LESSON + 6, i)}", "percent")
            page.formula(row + 1 + i, 12, f"={cells(LESSON + 8, i)}", "number2")
    page.formula(row + K + 2, 9, f"=INDEX({fit},3,1)", "percent1")
    page.agrees(row + K + 2, 10, cells(row + K + 2, 1), cells(row + K + 2, 9), CLOSE)
    market, t, own = cells(row + 2, 1), cells(row + 2, 3), cells(row + 2, 11)
    text = (
        f'="The industries price the market at "&FIXED(100*{market},2)&" % a month (t "&'
        f'FIXED({t},1)&"), while it earned "&FIXED(100*{own},2)&" %: "&IF(ABS({t})<2,"betas this '
        'much alike cannot tell a premium. More, and more different, portfolios could."'
        ',"its premium shows.")'
    )
    blocks.paragraph(page, row + K + 6, text, last=LAST)
    text = (
        "Premia a month: betas of all rows, then a cross-section every month. Shanken's errors "
        "allow for betas that are estimates. An intercept apart from 0 is return that no factor "
        "explains."
    )
    blocks.paragraph(page, row + K + 7, text, last=LAST)


def _premia_style(i: int, j: int) -> str:
    if i == 0:
        return "header" if j else "header_left"
    if j == 0:
        return "label_column"
    if i <= K + 1:
        return "percent" if j in (1, 2, 5) else "number2"
    return "percent1" if i == K + 2 else "integer"


def _lesson(page: Page) -> None:
    page.section(LESSON, "The lesson", last=LAST)
    row = FIRST_INDUSTRY + COUNT
    risk = _by_model_text("Mean R2", [f'ROUND(100*{cells(row, 1 + j)},1)&" %"' for j in range(3)])
    risk += '&". The added factors explain more of what happened month by month."'
    alpha = [f'ROUND(100*{cells(row, 4 + j)},1)&" %"' for j in range(3)]
    tests = [f"ROUND({cells(GRS + 3, 1 + j)},1)" for j in range(3)]
    reward = _by_model_text("Mean absolute alpha a year", alpha)
    reward += "&" + _by_model_text(". GRS F", tests)[1:]
    reward += '&". Average returns are explained no better."'
    texts = (risk, reward, *LESSON_TEXTS)
    for i, text in enumerate(texts):
        blocks.paragraph(page, LESSON + 1 + i, text, last=LAST)
    blocks.header(page, LESSON + 5, 0, ("Mean of the factors", *FACTORS))
    page.text(LESSON + 6, 0, "a month")
    page.text(LESSON + 7, 0, "a year")
    page.text(LESSON + 8, 0, "t of the mean")
    for j in range(K):
        factor = f"INDEX(factors_carhart,0,{j + 1})"
        page.formula(LESSON + 6, 1 + j, f"=AVERAGE({factor})", "percent")
        page.formula(LESSON + 7, 1 + j, f"=ANNUALIZE({cells(LESSON + 6, 1 + j)},12)", "percent")
        page.formula(LESSON + 8, 1 + j, f"=MEAN_TSTAT({factor})", "number2")


def _by_model_text(what: str, texts: list[str]) -> str:
    """Return a formula that says a number of each model, "what: 1 (CAPM), 2 (FF3), 3 (Carhart)"."""
    named = (f'{text}&" ({name})' for text, (name, _, _) in zip(texts, MODELS, strict=True))
    return f'="{what}: "&' + ', "&'.join(named) + '"'


def _risk_or_return_charts(page: Page) -> None:
    first, last = FIRST_INDUSTRY, FIRST_INDUSTRY + COUNT - 1
    colours = styles.MODELS
    points = [
        Series(
            f"={page.reference(5, 1 + j)}",
            f"={page.range(first, 1 + j, last, 1 + j)}",
            f"={page.range(first, BEHIND + j, last, BEHIND + j)}",
            colours[j],
        )
        for j in range(3)
    ]
    title = "R2 beside |t of alpha|: one point an industry and model"
    axes = ("R2", "|t of alpha|")
    charts.scatter(page, (3, CHARTS), title, axes, points, charts.SMALLER, ("0%", "0.0"))
    _draw_predictions(page, first, last)
    bars = charts.of_columns(page, first - 1, last, enumerate(colours, 1))
    title = "R2 of each industry under three models"
    charts.columns(page, (3, CHARTS), title, ("Industry", "R2"), bars, charts.SMALLER, "0%")


def _draw_predictions(page: Page, first: int, last: int) -> None:
    """Draw average returns against those that two models predict, with the line of no alpha."""
    page.text(5, BEHIND + 4, "no alpha", "header")
    both = cells(first, MEAN, COUNT, 3)
    for row, end in ((first, "MIN"), (first + 1, "MAX")):
        page.formula(row, BEHIND + 4, f"={end}({both})", "percent")
    ends = f"={page.range(first, BEHIND + 4, first + 1, BEHIND + 4)}"
    y = f"={page.range(first, MEAN, last, MEAN)}"
    points = [
        Series(
            f"={page.reference(5, MEAN + j)}",
            f"={page.range(first, MEAN + j, last, MEAN + j)}",
            y,
            colour,
            size=6,
        )
        for j, colour in ((1, styles.MODELS[0]), (2, styles.MODELS[2]))
    ]
    line = Series("no alpha", ends, ends, styles.REFERENCE, line=True)
    title = "Average returns, and those that two models explain"
    axes = ("Mean a year by the model", "Mean a year in the sample")
    charts.scatter(page, (3, CHARTS), title, axes, [*points, line], charts.SMALLER)
