"""The pages Co-movement and Regression: alpha, beta and their uncertainty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CHART_COLUMN, Line
from factor_core.workbook.charts import Series
from factor_core.workbook.references import BOTH, HEADER_ROW, References, TemplateData

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page

TOP = 3  # row of the first section, from 0
PAIR_CHART, BESIDE = (438, 330), 7  # pixels; columns from one chart to the chart beside it
BETA = f"FACTOR_BETA({BOTH})"
N, DF = (f'FACTOR_STAT({BOTH},"{name}")' for name in ("n", "df"))

# ------------------------------------------------------------------------------------ Co-movement

PAIR_SERIES = blocks.BEHIND_COLUMN + BESIDE - 1  # two charts stand beside one another

AGAINST_MARKET = (
    Line(
        "Alpha a period",
        "=FACTOR_ALPHA({r},market_excess)",
        "percent4",
        note="Intercept of the line: the average return when the market stands still.",
    ),
    Line(
        "Alpha a year",
        "=FACTOR_ALPHA({r},market_excess,periods)",
        "percent",
        note="Scales with the number of periods.",
    ),
    Line(
        "Beta",
        "=FACTOR_BETA({r},market_excess)",
        "number",
        note="Slope of the line. Beta does not scale: it is the same for a day and a year.",
    ),
    Line(
        "R-squared",
        "=R_SQUARED({r},market_excess)",
        "percent1",
        note="Share of the points' up and down that the line explains.",
    ),
    Line(
        "Volatility a year",
        "=STDEV.S({r})*SQRT(periods)",
        "percent1",
        note="Scales with the square root of the number of periods.",
    ),
    Line(
        "Residual volatility a year",
        "=RESIDUAL_VOL({r},market_excess,periods)",
        "percent1",
        note="Distance of the points from the line: what a market hedge cannot remove.",
    ),
)


def write_comovement(book: Book, data: TemplateData, refs: References) -> Page:
    """Write two assets against the market, before and after the market is taken out."""
    page = book.page(
        "Co-movement",
        '="How much of "&asset_name&" and "&second_asset&" is the market?"',
        "Each point is one period. The line takes the market out; what is left of it is the "
        "residual, which has no correlation with the market.",
    )
    blocks.grid(page)
    _write_residuals(page, refs)
    page.section(TOP, "Each against the market", last=9)
    heads = ["", "=asset_name", "=second_asset"]
    blocks.header(page, TOP + 1, 0, heads, lines=blocks.lines_of_names(data.assets))
    row = TOP + 2
    for line in AGAINST_MARKET:
        _two(page, row, line)
        row += 1
    row = _write_correlations(page, data, row)
    row = _write_with_one_another(page, data, row + 1)
    _draw_pairs(page, refs)
    page.freeze(3)
    page.print_setup(row, blocks.LAST_COLUMN)
    return page


def _two(page: Page, row: int, line: Line) -> None:
    """Write one measure of the asset and of the second asset side by side."""
    page.text(row, 0, line.label)
    for column, name in ((1, "asset_excess"), (2, "second_excess")):
        page.formula(row, column, line.formula.format(r=name), line.style)
    if line.note:
        blocks.note(page, row, line.note)


def _write_correlations(page: Page, data: TemplateData, row: int) -> int:
    """Write the correlation with the market before and after hedging."""
    before = Line(
        "Correlation with the market", "=CORREL({r},market_excess)", "number", note="Native CORREL."
    )
    same = Line(
        "the same by ours",
        "=SIGN(FACTOR_BETA({r},market_excess))*SQRT(R_SQUARED({r},market_excess))",
        "number",
        note="The sign of beta times the root of R-squared.",
    )
    _two(page, row, before)
    _two(page, row + 1, same)
    native, ours = (page.range(row + i, 1, row + i, 2) for i in range(2))
    page.agrees(row + 1, 3, f"SUM({ours})", f"SUM({native})", blocks.CLOSE)
    page.text(row + 2, 0, "Correlation after hedging")
    for column, name in ((1, "asset_residual"), (2, "second_residual")):
        residual = data.native(name)
        formula = f"=ROUND(CORREL({residual},market_excess),9)"
        page.formula(row + 2, column, formula, "number")
    after = page.range(row + 2, 1, row + 2, 2)
    page.agrees(row + 2, 3, f"SUMSQ({after})", "0", blocks.EXACT_ZERO)
    blocks.note(page, row + 2, "0 by construction: the regression leaves nothing of the market.")
    return row + 3


def _write_with_one_another(page: Page, data: TemplateData, row: int) -> int:
    """Write how much of the two assets' co-movement the market explains."""
    page.section(row, '="Why "&asset_name&" and "&second_asset&" move together"', last=9)
    first, second = data.native("asset_residual"), data.native("second_residual")
    implied = f"=CORREL({BOTH})*CORREL(second_excess,market_excess)"
    block = (
        Line(
            "Correlation of the two",
            "=CORREL(asset_excess,second_excess)",
            "number",
            note="Of the excess returns, as they are.",
        ),
        Line(
            "explained by the market",
            implied,
            "number",
            note=(
                "The product of both correlations with the market: all there would be if the market"
                " were the only common cause."
            ),
        ),
        Line(
            "Correlation of the residuals",
            f"=CORREL({first},{second})",
            "number",
            note=(
                "What is left when the market is out. Far from 0: another common factor (an"
                " industry, a style) is at work, and hedging the market does not diversify it."
            ),
        ),
    )
    return blocks.lines(page, row + 1, block)


def _write_residuals(page: Page, refs: References) -> None:
    """Write the series behind the charts and the two ends of each fitted line."""
    blocks.behind_charts(page, HEADER_ROW - 1, 14, 9, PAIR_SERIES)
    blocks.header(page, HEADER_ROW, PAIR_SERIES, ["Date"], left=())
    page.spill(HEADER_ROW + 1, PAIR_SERIES, f"={refs.dates}", (refs.n, 1), "date", header=False)
    for offset, name in ((1, "asset"), (2, "second")):
        formula = f"=RESIDUAL_SERIES({name}_excess,market_excess)"
        cells = page.spill(HEADER_ROW, PAIR_SERIES + offset, formula, (refs.n + 1, 1), "percent")
        page.book.name(f"{name}_residual", cells)
    column = PAIR_SERIES + 4
    blocks.header(page, HEADER_ROW, column, ["Fitted line at", "=asset_name", "=second_asset"])
    for row, end in ((HEADER_ROW + 1, "MIN"), (HEADER_ROW + 2, "MAX")):
        page.formula(row, column, f"={end}(market_excess)", "percent")
        at = xl_rowcol_to_cell(row, column)
        for offset, name in ((1, "asset_excess"), (2, "second_excess")):
            line = f"FACTOR_ALPHA({name},market_excess)+FACTOR_BETA({name},market_excess)*{at}"
            page.formula(row, column + offset, f"={line}", "percent")


def _draw_pairs(page: Page, refs: References) -> None:
    """Draw both assets with their lines, and below them their residuals."""
    last = HEADER_ROW + refs.n
    ends = page.range(HEADER_ROW + 1, PAIR_SERIES + 4, HEADER_ROW + 2, PAIR_SERIES + 4)
    for offset, (name, cells) in enumerate(
        (("asset_name", refs.asset), ("second_asset", refs.second)), 1
    ):
        colour = styles.ASSET if offset == 1 else styles.SECOND
        column = CHART_COLUMN + BESIDE * (offset - 1)
        fitted = PAIR_SERIES + 4 + offset
        line = page.range(HEADER_ROW + 1, fitted, HEADER_ROW + 2, fitted)
        residual = page.range(HEADER_ROW + 1, PAIR_SERIES + offset, last, PAIR_SERIES + offset)
        head = f"={page.reference(HEADER_ROW, fitted)}"
        above = (
            Series(head, f"={refs.market}", f"={cells}", colour),
            Series("alpha + beta x market", f"={ends}", f"={line}", styles.MARKET, line=True),
        )
        title = f'={name}&" against "&market_name'
        axes = ("Market, excess return a period", "Asset, excess return a period")
        charts.scatter(page, (TOP, column), title, axes, above, PAIR_CHART)
        title = f'="What the market leaves of "&{name}'
        below = (Series("residual", f"={refs.market}", f"={residual}", styles.OWN),)
        axes = ("Market, excess return a period", "Residual a period")
        charts.scatter(page, (TOP, column), title, axes, below, PAIR_CHART)


# ------------------------------------------------------------------------------------- Regression

FIT_SERIES = blocks.BEHIND_COLUMN


def write_regression(book: Book, data: TemplateData, refs: References) -> Page:
    """Write the regression, beta by other ways, the trap of mixed ddof and the statistics."""
    page = book.page(
        "Regression",
        '="Regression of "&asset_name&" on "&market_name',
        "Excess return of the asset = alpha + beta x excess return of the market + residual.",
    )
    blocks.grid(page)
    row = _write_regressions(page, TOP)
    row = _write_ways_to_beta(page, data, row + 1)
    row = _write_mixed_ddof(page, data, row + 1)
    row = _write_null_beta(page, row + 1)
    row = _write_statistics(page, data, row + 1)
    last = _write_diagnostics(page, data, row + 1)
    _write_histogram(page, data)
    _draw_residuals(page, refs)
    page.freeze(3)
    page.print_setup(last, blocks.LAST_COLUMN)
    return page


def _write_regressions(page: Page, row: int) -> int:
    """Write the table with both standard errors; the names of its cells serve the rest."""
    style = ["label", *["number6"] * 2, "number2", "number", *["number6"] * 2]
    page.section(row, "Least squares", last=9)
    formula = f"=FACTOR_REGRESSION({BOTH})"
    page.spill(row + 1, 0, formula, (3, 7), style)
    for name, (line, column) in {"se_of_alpha": (2, 2), "se_of_beta": (3, 2)}.items():
        page.book.name(name, page.reference(row + line, column))
    page.section(row + 5, "The same with Newey-West standard errors", last=9)
    formula = f'=FACTOR_REGRESSION({BOTH},"hac")'
    page.spill(row + 6, 0, formula, (3, 7), style)
    page.book.name("se_of_beta_hac", page.reference(row + 8, 2))
    note = (
        "Same coefficients, other standard errors: returns have waves of volatility and some "
        "autocorrelation, which least squares does not allow for. p and intervals use Student's t."
    )
    blocks.paragraph(page, row + 9, note)
    return row + 10


def _write_ways_to_beta(page: Page, data: TemplateData, row: int) -> int:
    page.section(row, "The same numbers by the spreadsheet's own functions", last=9)
    m = data.market_rows
    cov_var = f"=COVARIANCE.S({BOTH})/VAR.S({m})"
    by_correlation = f"=CORREL({BOTH})*STDEV.S({data.asset_rows})/STDEV.S({m})"
    se = f"=STEYX({BOTH})/SQRT(DEVSQ({m}))"
    beta = f"={BETA}"
    block = (
        Line("Beta = SLOPE", beta, "number6", f"=SLOPE({BOTH})", "Ours left, native right."),
        Line("Beta = COVARIANCE.S / VAR.S", beta, "number6", cov_var, "Both with n - 1: right."),
        Line(
            "Beta = COVARIANCE.P / VAR.P",
            beta,
            "number6",
            f"=COVARIANCE.P({BOTH})/VAR.P({m})",
            "Both with n: right as well, n cancels.",
        ),
        Line(
            "Beta = correlation x ratio of vols",
            beta,
            "number6",
            by_correlation,
            "Correlation alone is no hedge ratio: the ratio of volatilities belongs to it.",
        ),
        Line("Alpha = INTERCEPT", f"=FACTOR_ALPHA({BOTH})", "number6", f"=INTERCEPT({BOTH})"),
        Line("R-squared = RSQ", f"=R_SQUARED({BOTH})", "number6", f"=RSQ({BOTH})"),
        Line(
            "Standard error of beta",
            "=se_of_beta",
            "number6",
            se,
            "STEYX / sqrt(DEVSQ of the market): n - 2 degrees of freedom.",
        ),
    )
    return blocks.lines(page, row + 1, block)


def _write_mixed_ddof(page: Page, data: TemplateData, row: int) -> int:
    page.section(row, "The trap: covariance with n - 1 over variance with n", last=9)
    mixed = f"COVARIANCE.S({BOTH})/VAR.P({data.market_rows})"
    block = (
        Line(
            "COVARIANCE.S / VAR.P",
            f"={mixed}",
            "number6",
            f"={BETA}*{N}/({N}-1)",
            "What numpy's cov over numpy's var gives: their defaults differ. Right: beta x n / (n"
            " - 1).",
        ),
        Line(
            "Too large by the factor",
            f"={mixed}/{BETA}",
            "number6",
            f"={N}/({N}-1)",
            "0.05 % with eight years of days, 1.7 % with 60 months: never mix the two.",
        ),
        Line(
            "n",
            f"={N}",
            "integer",
            "=SUMPRODUCT(ISNUMBER(asset_excess)*ISNUMBER(market_excess))",
            "Rows in which both have a return.",
        ),
    )
    return blocks.lines(page, row + 1, block)


def _write_null_beta(page: Page, row: int) -> int:
    page.section(row, '="Is beta different from "&null_beta&"?"', last=9)
    at = [page.reference(row + i, 1) for i in range(1, 8)]
    block = (
        Line(
            "t, least squares",
            f"=BETA_TSTAT({BOTH},,,null_beta)",
            "number2",
            f"=({BETA}-null_beta)/se_of_beta",
            "(beta - null value) / standard error. The table above tests against 0.",
        ),
        Line(
            "p, two-sided",
            f"=T.DIST.2T(ABS({at[0]}),{DF})",
            "number",
            note="Chance of a t this far from 0 if beta were the null value.",
        ),
        Line(
            "t, Newey-West",
            f'=BETA_TSTAT({BOTH},"hac",,null_beta)',
            "number2",
            f"=({BETA}-null_beta)/se_of_beta_hac",
        ),
        Line("p, two-sided", f"=T.DIST.2T(ABS({at[2]}),{DF})", "number"),
        Line(
            "Beta, low end",
            f"={BETA}-T.INV.2T(1-confidence,{DF})*se_of_beta_hac",
            "number",
            note="Interval at the confidence level of Start, Newey-West.",
        ),
        Line("Beta, high end", f"={BETA}+T.INV.2T(1-confidence,{DF})*se_of_beta_hac", "number"),
        Line(
            "Answer",
            f'=IF({at[3]}<1-confidence,"yes, different","no, cannot tell")',
            "answer",
            note="No is not a proof of equality: the data cannot tell the two apart.",
        ),
    )
    return blocks.lines(page, row + 1, block)


def _write_statistics(page: Page, data: TemplateData, row: int) -> int:
    """Write every statistic of the fit, and how to get it natively where that is possible."""
    page.section(row, "Statistics of the fit", last=9)
    cell = {name: page.reference(row + i, 1) for i, name in enumerate(STATISTICS, 1)}
    e = data.native("asset_residual")
    n, r2, ssr = cell["n"], f"RSQ({BOTH})", f"DEVSQ({e})"
    fourth = f"SUMPRODUCT(IF(ISNUMBER({e}),{e},0)^4)"
    checks = {
        "n": "=SUMPRODUCT(ISNUMBER(asset_excess)*ISNUMBER(market_excess))",
        "df": f"={n}-2",
        "r2": f"={r2}",
        "adj_r2": f"=1-(1-{r2})*({n}-1)/({n}-2)",
        "s": f"=STEYX({BOTH})",
        "f": f"={r2}/(1-{r2})*({n}-2)",
        # Below 1E-300 a program may write 0, or a number that others cannot read.
        "f_p": f"=MAX(0,F.DIST.RT({cell['f']},1,{n}-2)-1E-300)",
        "loglik": f"=-{n}/2*(LN(2*PI()*{ssr}/{n})+1)",
        "aic": f"=4-2*{cell['loglik']}",
        "bic": f"=2*LN({n})-2*{cell['loglik']}",
        "skew": f"=SKEW.P({e})",
        "kurtosis": f"={n}*{fourth}/{ssr}^2",
        "jb": f"={n}/6*({cell['skew']}^2+({cell['kurtosis']}-3)^2/4)",
        "jb_p": f"=EXP(-{cell['jb']}/2)",
    }
    block = [
        Line(label, f'=FACTOR_STAT({BOTH},"{name}")', style, checks.get(name, ""), note)
        for name, (label, style, note) in STATISTICS.items()
    ]
    return blocks.lines(page, row + 1, block)


STATISTICS = {
    "n": ("Rows used", "integer", ""),
    "df": ("Degrees of freedom", "integer", "Rows less coefficients: n - 2."),
    "r2": ("R-squared", "number", "Share of the variance that the line explains."),
    "adj_r2": (
        "Adjusted R-squared",
        "number",
        "Less what a useless factor would explain by chance.",
    ),
    "s": (
        "Standard error of the regression",
        "number6",
        "With n - 2. RESIDUAL_VOL divides by n - 1: the risk convention.",
    ),
    "f": ("F", "number2", "With one factor the square of beta's t."),
    "f_p": ("p of F", "scientific", ""),
    "loglik": ("Log-likelihood", "number2", "If residuals were normal."),
    "aic": ("AIC", "number2", "Compare models on the same rows: smaller is better."),
    "bic": ("BIC", "number2", "The same with a higher price for each coefficient."),
    "dw": (
        "Durbin-Watson",
        "number",
        "2: no autocorrelation. Below 1.5 or above 2.5: use Newey-West and look at the dates.",
    ),
    "skew": ("Skewness of the residuals", "number", "0 if normal."),
    "kurtosis": (
        "Kurtosis of the residuals",
        "number",
        "3 if normal; larger: more extreme periods than the normal law has.",
    ),
    "jb": ("Jarque-Bera", "number2", "Of skewness and kurtosis together."),
    "jb_p": (
        "p of Jarque-Bera",
        "scientific",
        (
            "Near 0: not normal. Fitted betas stay right; rare losses are larger than the normal"
            " law says."
        ),
    ),
    "omnibus": ("Omnibus (D'Agostino-Pearson)", "number2", "The same question by another test."),
    "cond": (
        "Condition number",
        "number2",
        (
            "Of the intercept and the market as given. Large only because returns are small"
            " numbers; with several factors it warns of collinearity."
        ),
    ),
}


DIAGNOSTICS = 9  # rows of the table, its head included


def _write_diagnostics(page: Page, data: TemplateData, row: int) -> int:
    """Write the tests of what least squares assumes, two of them done natively as well."""
    page.section(row, "Diagnostics: does least squares fit these data?", last=9)
    formula = f"=FACTOR_DIAGNOSTICS({BOTH})"
    page.spill(row + 1, 0, formula, (DIAGNOSTICS, 4), ["label", "number", "number", "remark"])
    page.text(row + 1, 4, "", "header")  # a note runs over this column
    blocks.header(page, row + 1, 6, ["native", "check"], left=())
    m, e = data.market_rows, data.native("asset_residual")
    squares = f'IF(ISNUMBER({e}),{e}^2,"")'
    deviation = f'IF(ISNUMBER({m}),({m}-AVERAGE({m}))^2,"")'
    natives = (
        (row + 3, f"={N}*RSQ({squares},market_excess)"),  # Breusch-Pagan in Koenker's form
        (row + 9, f"=1/{N}+MAX({deviation})/DEVSQ({m})"),  # leverage of the most extreme row
    )
    for at, native in natives:
        page.formula(at, 6, native, "number")
        page.agrees(at, 7, f"B{at + 1}", f"G{at + 1}", blocks.CLOSE)
    note = (
        "Returns often fail Breusch-Pagan, White and Jarque-Bera. Beta stays unbiased; what fails "
        "is the standard error of least squares: judge by Newey-West."
    )
    blocks.paragraph(page, row + 1 + DIAGNOSTICS, note)
    return row + 1 + DIAGNOSTICS


def _write_histogram(page: Page, data: TemplateData) -> None:
    """Count residuals by size beside what the normal law gives."""
    blocks.behind_charts(page, HEADER_ROW - 1, 24, 3, FIT_SERIES)
    heads = ["Residual / its volatility", "residuals", "normal law"]
    blocks.header(page, HEADER_ROW, FIT_SERIES, heads)
    e = data.native("asset_residual")
    s = f"RESIDUAL_VOL({BOTH})"
    for i in range(BINS):
        row = HEADER_ROW + 1 + i
        centre = xl_rowcol_to_cell(row, FIT_SERIES)
        page.value(row, FIT_SERIES, (i - BINS // 2) / 2, "number2")
        low = f"{centre}-0.25" if i else "-1E9"
        high = f"{centre}+0.25" if i < BINS - 1 else "1E9"
        z = f"IF(ISNUMBER({e}),{e}/{s},2E9)"
        counted = f"=SUMPRODUCT(({z}>={low})*({z}<{high}))"
        page.formula(row, FIT_SERIES + 1, counted, "integer")
        share = f"(NORM.S.DIST({high},TRUE)-NORM.S.DIST({low},TRUE))"
        page.formula(row, FIT_SERIES + 2, f"={N}*{share}", "number2")


BINS = 21  # half a volatility each, the outermost open


def _draw_residuals(page: Page, refs: References) -> None:
    last = HEADER_ROW + refs.n
    cells = xl_range_abs(HEADER_ROW + 1, PAIR_SERIES + 1, last, PAIR_SERIES + 1)
    residual = f"='Co-movement'!{cells}"
    title = '="Residuals of "&asset_name&" over time"'
    series = [Series("residual", f"={refs.dates}", residual, styles.OWN, width=0.75)]
    axes = ("Date", "Residual a period")
    where = (TOP, CHART_COLUMN)
    charts.lines(page, where, title, axes, series, number_format="0%", years=refs.years)
    title = '="Residuals of "&asset_name&" beside the normal law"'
    first, end = HEADER_ROW + 1, HEADER_ROW + BINS
    centres = f"={page.range(first, FIT_SERIES, end, FIT_SERIES)}"
    bars = [
        Series(name, centres, f"={page.range(first, column, end, column)}", colour)
        for name, column, colour in (
            ("residuals", FIT_SERIES + 1, styles.OWN),
            ("normal law", FIT_SERIES + 2, styles.REFERENCE),
        )
    ]
    axes = ("Residual in units of its volatility (outermost: and beyond)", "Periods")
    charts.columns(page, where, title, axes, bars, number_format="#,##0", numbered=True)
