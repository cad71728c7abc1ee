"""Pages Performance and Variance: return for risk, and what the risk and the return are made of."""

from __future__ import annotations

# ruff: noqa: E501  (formulas are read better whole than wrapped)
from dataclasses import replace
from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import BEHIND_COLUMN, CHART_COLUMN, CLOSE, Line
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_sizing import Rows, horizon, joint_rows
from factor_core.workbook.references import ALL, BOTH, FIRST_ROW, HEADER_ROW, returns_columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

CHARTS = (3, CHART_COLUMN)
HEADS = ("Measure", "value", "second way", "check", "meaning")

# In the formulas below, {both} is asset and market together, as a regression takes them; {asset}
# and {market} are each of them over the rows of that regression.
RATIOS = (
    Line("Mean excess return a year", '=ANNUALIZE(AVERAGE(asset_excess),periods,"mean")', "percent", "=AVERAGE(asset_excess)*periods", "Arithmetic mean x periods: the mean that a regression splits into alpha and beta."),
    Line("Volatility a year", '=ANNUALIZE(STDEV.S(asset_excess),periods,"vol")', "percent", "=STDEV.S(asset_excess)*SQRT(periods)", "Standard deviation with n-1, x SQRT(periods)."),
    Line("Sharpe ratio, unhedged", "=SHARPE_RATIO(asset_excess,periods)", "number", "=AVERAGE(asset_excess)/STDEV.S(asset_excess)*SQRT(periods)", "Mean over volatility, both in excess of the risk-free rate."),
    Line("Sharpe ratio, hedged", "=SHARPE_RATIO(HEDGED_SERIES({both}),periods)", "number", "=APPRAISAL_RATIO({both},periods)", "The Sharpe ratio of r - beta x market is the appraisal ratio: the second way."),
    Line("Appraisal ratio", "=APPRAISAL_RATIO({both},periods)", "number", "=INTERCEPT({both})*SQRT(periods)/(STEYX({both})*SQRT((COUNT({asset})-2)/(COUNT({asset})-1)))", "Alpha over residual volatility. STEYX divides by n-2; the root makes it n-1."),
    Line("Treynor ratio", "=TREYNOR_RATIO({both},periods)", "percent", "=AVERAGE({asset})*periods/SLOPE({both})", "Mean excess return per unit of beta: compare it with the market's own mean, below."),
    Line("Mean excess return of the market a year", '=ANNUALIZE(AVERAGE(market_excess),periods,"mean")', "percent", "=AVERAGE(market_excess)*periods", "The Treynor ratio of the market itself: its beta is 1."),
    Line("Sharpe ratio of the market", "=SHARPE_RATIO(market_excess,periods)", "number", "=AVERAGE(market_excess)/STDEV.S(market_excess)*SQRT(periods)", "What the market paid for its risk over the same sample."),
    Line("t of the mean", "=MEAN_TSTAT(asset_excess)", "number2", "=AVERAGE(asset_excess)/(STDEV.S(asset_excess)/SQRT(COUNT(asset_excess)))", "Beyond about 2, the mean is unlikely to be chance."),
    Line("t of alpha", "=ALPHA_TSTAT({both})", "number2", "=INTERCEPT({both})/(STEYX({both})*SQRT(1/COUNT({asset})+AVERAGE({market})^2/DEVSQ({market})))", "Intercept over its standard error STEYX x SQRT(1/n + mean^2/DEVSQ) of the market."),
    Line("t of alpha, Newey-West", '=ALPHA_TSTAT({both},"hac")', "number2", note="Standard error that allows for volatility that comes in clusters."),
)  # fmt: skip

RATIO_LAWS = (
    Line("Sharpe ratio = t of the mean x SQRT(periods / n)", "=MEAN_TSTAT(asset_excess)*SQRT(periods/COUNT(asset_excess))", "number", "=SHARPE_RATIO(asset_excess,periods)", "Exact: a Sharpe ratio and a t statistic differ only by the length of the sample."),
    Line("Appraisal = t of alpha x SQRT(periods / n), nearly", "=ALPHA_TSTAT({both})*SQRT(periods/COUNT({asset}))", "number", note="Two small factors are missing; the next line has them."),
    Line("... x SQRT((n-1)/(n-2)) x SQRT(1 + S^2): exactly", "=ALPHA_TSTAT({both})*SQRT(periods/COUNT({asset}))*SQRT((COUNT({asset})-1)/(COUNT({asset})-2))*SQRT(1+(AVERAGE({market})/STDEV.P({market}))^2)", "number", "=APPRAISAL_RATIO({both},periods)", "n-2 of inference against n-1 of risk; S is the market's mean / STDEV.P per period, because an uncertain beta makes alpha less certain."),
    Line("Sharpe = rho x market's + SQRT(1-rho^2) x appraisal", "=CORREL({both})*SHARPE_RATIO({market},periods)+SQRT(1-RSQ({both}))*APPRAISAL_RATIO({both},periods)", "number", "=AVERAGE({asset})/STDEV.S({asset})*SQRT(periods)", "Exact. A hedge gives up the first term and scales the second up to 1."),
)  # fmt: skip

BENCHMARK = (
    Line("Tracking error a year", "=TRACKING_ERROR({both},periods)", "percent", "=SQRT((VAR.S({asset})+VAR.S({market})-2*COVARIANCE.S({both}))*periods)", "Volatility of asset less market. Not the residual volatility: here beta counts as 1."),
    Line("Information ratio", "=INFORMATION_RATIO({both},periods)", "number", "=(AVERAGE({asset})-AVERAGE({market}))*periods/{tracking_error}", "Mean above the market over the tracking error. Trap: a high beta alone raises it when markets rise; the appraisal ratio takes beta out."),
    Line("M-squared a year", "=MSQUARED({both},periods)", "percent", "=SHARPE_RATIO({asset},periods)*STDEV.S({market})*SQRT(periods)", "What the asset, mixed with cash to the market's volatility, would have earned above cash: the Sharpe ratio in percent."),
    Line("M-squared less the market's mean", "=MSQUARED_ALPHA({both},periods)", "percent", "=(SHARPE_RATIO({asset},periods)-SHARPE_RATIO({market},periods))*STDEV.S({market})*SQRT(periods)", "Above 0 where the asset's Sharpe ratio is above the market's."),
)  # fmt: skip

OWN_RETURNS = 'INDEX(all_returns,0,MATCH(TRUE,INDEX(all_returns,1,0)&""=asset_name,0))'
MARKET_RETURNS = "INDEX(all_returns,0,COLUMNS(all_returns))"
# A text, as the header is, counts as above any number: ISNUMBER comes first.
ROWS_WHERE = 'IF(ISNUMBER({own}),IF(ISNUMBER({market}),IF({market}{sign}0,{x},""),""),"")'
CAPTURES = (
    ("Up capture", "UP_CAPTURE", ">", "Geometric mean return, risk-free rate included, in the rows in which the market rises, over the market's own."),
    ("Down capture", "DOWN_CAPTURE", "<", "The same in the rows in which it falls. Trap: a beta above 1 alone lifts both; look at the two together."),
)  # fmt: skip

SHARPE, APPRAISAL = "SHARPE_RATIO(asset_excess,periods)", "APPRAISAL_RATIO({both},periods)"
MERTENS = (
    "=SQRT(periods/COUNT({x})*(1-{s}*SKEW.P({x})+(2+((COUNT({x})-2)*(COUNT({x})-3)/(COUNT({x})-1)"
    "*KURT({x})-6)/(COUNT({x})+1))*{s}^2/4))"
).format(x="asset_excess", s="(AVERAGE(asset_excess)/STDEV.S(asset_excess))")
QUANTILE = "NORM.S.INV((1+confidence)/2)"
HISTORY = (
    Line("Years of data", '=FACTOR_STAT({both},"n")/periods', "number2", "=COUNT({asset})/periods", "Rows / periods a year. More rows in the same years do not help: only years do."),
    Line("Standard error of the Sharpe ratio", "=SHARPE_SE(asset_excess,periods)", "number", MERTENS, "By Mertens: skewness and fat tails are in it; KURT corrects for small samples, which is taken back."),
    Line("Sharpe ratio, low end", f"={SHARPE}-{QUANTILE}*SHARPE_SE(asset_excess,periods)", "number2", note="Of the interval at the confidence level of Start: ratio less the normal quantile x error."),
    Line("Sharpe ratio, high end", f"={SHARPE}+{QUANTILE}*SHARPE_SE(asset_excess,periods)", "number2"),
    Line("Years that its Sharpe ratio needs", f"=YEARS_NEEDED({SHARPE},confidence)", "price", f"=({QUANTILE}/{SHARPE})^2", "Until the t of the mean reaches the quantile. A ratio of 0.5 needs 15 years at 95 %."),
    Line("Years that its alpha needs", f"=YEARS_NEEDED({APPRAISAL},confidence)", "price", f"=({QUANTILE}/{APPRAISAL})^2", "Even then the chance to see it is one half: the t of a sample scatters around the true one."),
    Line("t that the best of all assets must exceed", "=BONFERRONI_T(COLUMNS(assets_excess),1-confidence,COUNT({asset})-2)", "number2", "=T.INV.2T((1-confidence)/COLUMNS(assets_excess),COUNT({asset})-2)", "Bonferroni: the best of several is lucky. Assets looked at and left out of this workbook count, too."),
)  # fmt: skip

VARIANCE_LAWS = (
    Line("Factor share = R2", "=FACTOR_SHARE({both})", "percent", "=RSQ({both})", "R2 is the share of variance that the market explains."),
    Line("R2 of the regression", "=R_SQUARED({both})", "percent", "=CORREL({both})^2", "With one factor R2 is the squared correlation."),
    Line("Total variance = VAR.S", "=B8", "variance", "=VAR.S({asset})", "All sample moments use n-1."),
    Line("Factor variance = beta^2 x VAR.S of the market", "=B6", "variance", "=SLOPE({both})^2*VAR.S({market})", "SLOPE and VAR.S beside ours."),
    Line("Idiosyncratic variance = residual volatility^2", "=B7", "variance", "=RESIDUAL_VOL({both})^2", "The residuals' variance with n-1, as the shares need it."),
    Line("... = STEYX^2 x (n-2)/(n-1)", "=B7", "variance", "=STEYX({both})^2*(COUNT({asset})-2)/(COUNT({asset})-1)", "Trap: STEYX divides by n-2, as inference does. Mixed in unscaled, shares sum to over 1."),
    Line("Variance a year = variance per period x periods", "=B14", "number", "=B8*periods", "The same factor for every part, so the shares stay."),
)  # fmt: skip


def name_assets(book: Book, data: TemplateData) -> None:
    """Name the excess returns of the assets without the market: assets_excess."""
    first = returns_columns(data).excess
    last = (FIRST_ROW + data.returns - 1, first + len(data.assets) - 1)
    book.name("assets_excess", f"Returns!{xl_range_abs(HEADER_ROW, first, *last)}")


def write_performance(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Performance: ratios of the chosen asset and of all assets, hedged and not."""
    page = book.page(
        "Performance",
        '="Performance of "&asset_name&", unhedged and hedged"',
        "Return for risk, before and after hedging, and how sure one can be of it.",
    )
    blocks.grid(page)
    name_assets(book, data)
    page.section(3, '="Ratios of "&asset_name', last=9)
    blocks.line_heads(page, 4, HEADS)
    row = blocks.lines(page, 5, _lines(RATIOS, data))
    row = _against_benchmark(page, row + 1, data)
    page.section(row + 1, "How ratios and t statistics are one another", last=9)
    blocks.line_heads(page, row + 2, HEADS)
    row = blocks.lines(page, row + 3, _lines(RATIO_LAWS, data))
    row = _history(page, row + 1, data)
    row = _ratio_table(page, row + 1, data)
    last = _benchmark_table(page, row + 2, row - 1 - len(data.assets), data)
    page.freeze(3)
    page.print_setup(last, blocks.LAST_COLUMN)
    return page


def _against_benchmark(page: Page, row: int, data: TemplateData) -> int:
    """Write the ratios that compare with the market as it is; return the row below them."""
    page.section(row, '=asset_name&" beside "&market_name&" as its benchmark"', last=9)
    blocks.line_heads(page, row + 1, HEADS)
    tracking_error = f"B{row + 3}"
    first = blocks.lines(page, row + 2, _lines(BENCHMARK, data, tracking_error=tracking_error))
    for own, (label, function, sign, meaning) in enumerate(CAPTURES, first):
        ours, native = _capture(function, sign, OWN_RETURNS)
        page.labelled(own, 0, label, ours, "number")
        page.formula(own, 2, native, "number")
        b, c = f"B{own + 1}", f"C{own + 1}"
        page.verdict(own, 3, f"IF(ISNUMBER({b}),ABS({b}-{c})<={CLOSE}*ABS({c}),{b}={c})")
        blocks.note(page, own, meaning)
    return first + len(CAPTURES)


def _capture(function: str, sign: str, own: str) -> tuple[str, str]:
    """Return the formulas of a capture of the market's rises or falls, ours and the native one.

    Both say "none" where the market never rises or falls, as it may in a short sample.
    """
    rows = ROWS_WHERE.replace("{sign}", sign)
    asset, market = (
        rows.format(own=own, market=MARKET_RETURNS, x=x) for x in (own, MARKET_RETURNS)
    )
    mean = "PRODUCT(1+IF(ISNUMBER({0}),{0},0))^(1/COUNT({0}))-1"
    native = f"({mean.format(asset)})/({mean.format(market)})"
    either = f'=IF(COUNT({market})=0,"none",{{}})'
    return either.format(f"{function}({own},{MARKET_RETURNS})"), either.format(native)


def _history(page: Page, row: int, data: TemplateData) -> int:
    """Write how much data the ratios would need, and say what that means for this asset."""
    page.section(row, '="How much history does "&asset_name&" need?"', last=9)
    blocks.line_heads(page, row + 1, HEADS)
    after = blocks.lines(page, row + 2, _lines(HISTORY, data))
    there, needed, best = (f"B{number}" for number in (row + 3, row + 8, row + 9))
    t = f"B{5 + len(RATIOS)}"  # the last of the ratios, Newey-West
    text = (
        f'=asset_name&" has "&FIXED({there},1)&" years. An appraisal ratio like this sample\'s is '
        f'told from 0 in "&FIXED({needed},1)&" years. "&IF({there}<{needed},'
        '"The history is too short for its alpha","The history is long enough for its alpha")&'
        f'IF(COLUMNS(assets_excess)=1,".",IF(ABS({t})>{best},"; as the best of "&'
        'COLUMNS(assets_excess)&" assets its t would still stand.","; as the best of "&'
        'COLUMNS(assets_excess)&" assets its t would not stand."))'
    )
    blocks.paragraph(page, after, text, longest="m" * 210)
    return after + 1


def _lines(block: Sequence[Line], data: TemplateData, **names: str) -> list[Line]:
    rows = joint_rows(data)
    return blocks.filled(block, both=BOTH, asset=rows.asset, market=rows.market, **names)


def _ratio_table(page: Page, row: int, data: TemplateData) -> int:
    """Write one row an asset by formulas that take all assets; return the last row."""
    page.section(row, "All assets, one formula a column", last=9)
    heads = (
        "Asset", "Sharpe unhedged", "Sharpe hedged", "appraisal ratio", "check",
        "Treynor ratio", "t of the mean", "t of alpha", "t of alpha, Newey-West", "alpha a year",
    )  # fmt: skip
    blocks.header(page, row + 1, 0, heads, lines=2)
    count, first = len(data.assets), row + 2
    columns = (
        (1, "SHARPE_RATIO(assets_excess,periods)", "number"),
        (2, f"SHARPE_RATIO(HEDGED_SERIES({ALL}),periods)", "number"),
        (3, f"APPRAISAL_RATIO({ALL},periods)", "number"),
        (5, f"TREYNOR_RATIO({ALL},periods)", "percent"),
        (6, "MEAN_TSTAT(assets_excess)", "number2"),
        (7, f"ALPHA_TSTAT({ALL})", "number2"),
        (8, f'ALPHA_TSTAT({ALL},"hac")', "number2"),
        (9, f"FACTOR_ALPHA({ALL},periods)", "percent"),
    )
    for column, formula, style in columns:
        page.spill(first, column, f"={formula}", (count, 1), style, header=False)
    for i in range(count):
        page.formula(first + i, 0, f"=INDEX(assets_excess,1,{i + 1})")
        page.agrees(first + i, 4, f"C{first + i + 1}", f"D{first + i + 1}", CLOSE)
    text = (
        "Hedging raises the Sharpe ratio of an asset whose appraisal ratio is high beside the "
        "market's Sharpe ratio, and lowers it where the market's is; what is left is alpha alone."
    )
    blocks.paragraph(page, first + count + 1, text)
    _ratio_chart(page, first, count)
    return first + count + 1


def _benchmark_table(page: Page, row: int, names: int, data: TemplateData) -> int:
    """Write all assets beside the market, and the history that each needs; return the last row.

    The names of the assets stand from the row `names` down.
    """
    page.section(row, '="All assets beside "&market_name', last=9)
    heads = (
        "Asset", "tracking error", "information ratio", "M-squared", "M-squared less market",
        "up capture", "down capture", "error of the Sharpe ratio", "years its alpha needs",
        "years there are",
    )  # fmt: skip
    blocks.header(page, row + 1, 0, heads, lines=3)
    count, first = len(data.assets), row + 2
    columns = (
        (1, f"TRACKING_ERROR({ALL},periods)", "percent"),
        (2, f"INFORMATION_RATIO({ALL},periods)", "number"),
        (3, f"MSQUARED({ALL},periods)", "percent"),
        (4, f"MSQUARED_ALPHA({ALL},periods)", "percent"),
        (7, "SHARPE_SE(assets_excess,periods)", "number"),
    )
    for column, formula, style in columns:
        page.spill(first, column, f"={formula}", (count, 1), style, header=False)
    for i in range(count):
        own = f"INDEX(assets_excess,0,{i + 1}),market_excess"
        page.formula(first + i, 0, f"={xl_rowcol_to_cell(names + i, 0)}")
        page.formula(
            first + i, 8, f"=YEARS_NEEDED(APPRAISAL_RATIO({own},periods),confidence)", "price"
        )
        for column, (_, function, sign, _) in enumerate(CAPTURES, 5):
            ours, _ = _capture(function, sign, f"INDEX(all_returns,0,{i + 1})")
            page.formula(first + i, column, ours, "number2")
        page.formula(first + i, 9, f'=FACTOR_STAT({own},"n")/periods', "number2")
    text = (
        "Years: at the confidence level of Start, for an appraisal ratio like the sample's. Captures "
        "are of total returns and of no annual figures: 1 is as much as the market."
    )
    blocks.paragraph(page, first + count + 1, text)
    return first + count + 1


def _ratio_chart(page: Page, first: int, count: int) -> None:
    names = f"={page.range(first, 0, first + count - 1, 0)}"

    def drawn(column: int, colour: str) -> Series:
        cells = page.range(first, column, first + count - 1, column)
        return Series(f"={page.reference(first - 1, column)}", names, f"={cells}", colour)

    series = [drawn(1, styles.ASSET), drawn(2, styles.OWN)]
    axes = ("Asset", "Sharpe ratio a year")
    title = "Sharpe ratio, unhedged and hedged"
    charts.columns(page, CHARTS, title, axes, series, number_format="0.0")
    series = [_with_interval(page, first, count, drawn(1, styles.ASSET))]
    title = '="Sharpe ratio, unhedged, with intervals of "&ROUND(100*confidence,2)&" %"'
    charts.columns(page, CHARTS, title, axes, series, number_format="0.0")
    series = [drawn(7, styles.ASSET), drawn(8, styles.REFERENCE)]
    axes = ("Asset", "t statistic")
    title = "t of alpha: how sure is it?"
    charts.columns(page, CHARTS, title, axes, series, number_format="0.0")


def _with_interval(page: Page, first: int, count: int, ratios: Series) -> Series:
    """Write half of each Sharpe ratio's interval and its ends, and put them on the columns."""
    blocks.behind_charts(page, first - 2, 13, 3, BEHIND_COLUMN)
    blocks.header(page, first - 1, BEHIND_COLUMN, ("+/-", "low end", "high end"), left=())
    half = f"={QUANTILE}*SHARPE_SE(assets_excess,periods)"
    page.spill(first, BEHIND_COLUMN, half, (count, 1), "number", header=False)
    for row in range(first + 1, first + 1 + count):
        error = xl_rowcol_to_cell(row - 1, BEHIND_COLUMN)
        for column, sign in ((BEHIND_COLUMN + 1, "-"), (BEHIND_COLUMN + 2, "+")):
            page.formula(row - 1, column, f"=B{row}{sign}{error}", "number")
    bars, low, high = (
        f"={page.range(first, column, first + count - 1, column)}"
        for column in range(BEHIND_COLUMN, BEHIND_COLUMN + 3)
    )
    return replace(ratios, error_bars=bars, ends=(low, high))


# ----------------------------------------------------------------------------------- Variance


def write_variance(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Variance: factor and idiosyncratic risk, their shares, and the return's."""
    page = book.page(
        "Variance",
        '="What the risk and the return of "&asset_name&" are made of"',
        "Variance splits exactly into the market's part, beta^2 x market variance, and the "
        "idiosyncratic rest; the shares are R2 and 1 - R2.",
    )
    blocks.grid(page)
    page.section(3, f'="Variance of "&asset_name&" "&{horizon("periods", "per")}', last=9)
    styles_of = ("label_column", "variance", "percent", "percent1")
    page.spill(4, 0, f"=VARIANCE_DECOMP({BOTH})", (4, 4), styles_of)
    blocks.note(page, 5, "beta^2 x variance of the market.", first=4)
    blocks.note(page, 6, "What the hedge leaves.", first=4)
    blocks.note(page, 7, "Variances and shares add up exactly; volatilities do not.", first=4)
    page.section(9, '="Variance of "&asset_name&" per year"', last=9)
    page.spill(10, 0, f"=VARIANCE_DECOMP({BOTH},periods)", (4, 4), styles_of)
    text = "Variances grow with time, volatilities with its root, shares not at all."
    blocks.note(page, 11, text, first=4)
    page.section(15, "Cross-checks", last=9)
    blocks.line_heads(page, 16, ("Law", "value", "second way", "check", "meaning"))
    row = blocks.lines(page, 17, _lines(VARIANCE_LAWS, data))
    row = _attribution(page, row + 1, joint_rows(data))
    last = _variance_table(page, row + 1, data)
    page.freeze(3)
    page.print_setup(last, blocks.LAST_COLUMN)
    return page


def _attribution(page: Page, row: int, rows: Rows) -> int:
    """Write the split of the mean return; return the row below it."""
    page.section(row, '="Mean excess return of "&asset_name&" a year"', last=9)
    page.spill(
        row + 1, 0, f"=RETURN_ATTRIBUTION({BOTH},periods)", (4, 2), ("label_column", "percent")
    )
    total = row + 5
    check = Line(
        "Their sum = mean of the asset x periods",
        f"=B{row + 3}+B{row + 4}",
        "percent",
        f"=AVERAGE({rows.asset})*periods",
        "The split of the mean adds exactly too.",
    )
    blocks.lines(page, total, (check,))
    text = "The market's share of the risk and its share of the return need not be alike."
    blocks.note(page, row + 2, text, first=4)
    return total + 1


def _variance_table(page: Page, row: int, data: TemplateData) -> int:
    """Write the decomposition of every asset and its charts; return the last row."""
    page.section(row, "All assets, a year", last=9)
    heads = (
        "Asset", "factor variance", "idiosyncratic variance", "total variance", "factor share",
        "idiosyncratic share", "check", "total volatility", "factor volatility",
        "idiosyncratic volatility",
    )  # fmt: skip
    blocks.header(page, row + 1, 0, heads, lines=2)
    count, first = len(data.assets), row + 2
    page.spill(first, 4, f"=FACTOR_SHARE({ALL})", (count, 1), "percent1", header=False)
    page.spill(first, 9, f"=RESIDUAL_VOL({ALL},periods)", (count, 1), "percent", header=False)
    for i in range(count):
        own, number = first + i, first + i + 1
        one = f"VARIANCE_DECOMP(INDEX(assets_excess,0,{i + 1}),market_excess,periods)"
        page.formula(own, 0, f"=INDEX(assets_excess,1,{i + 1})")
        for column, part in ((1, 2), (2, 3), (3, 4)):
            page.formula(own, column, f"=INDEX({one},{part},2)", "number")
        page.formula(own, 5, f"=C{number}/D{number}", "percent1")
        page.agrees(own, 6, f"E{number}+F{number}", "1", CLOSE)
        page.formula(own, 7, f"=SQRT(D{number})", "percent")
        page.formula(own, 8, f"=SQRT(B{number})", "percent")
    _variance_charts(page, first, count)
    return first + count


def _variance_charts(page: Page, first: int, count: int) -> None:
    names = f"={page.range(first, 0, first + count - 1, 0)}"

    def stacked(columns: tuple[int, int]) -> list[Series]:
        return [
            Series(
                f"={page.reference(first - 1, column)}",
                names,
                f"={page.range(first, column, first + count - 1, column)}",
                colour,
            )
            for column, colour in zip(columns, (styles.MARKET, styles.OWN), strict=True)
        ]

    axes = ("Asset", "Variance a year")
    title = "Variance a year: factor and idiosyncratic"
    charts.columns(page, CHARTS, title, axes, stacked((1, 2)), number_format="0.00", stacked=True)
    axes = ("Share of variance", "Asset")
    title = "Shares of variance: R2 and 1 - R2"
    charts.columns(
        page, CHARTS, title, axes, stacked((4, 5)),
        number_format="0%", shares=True, horizontal=True,
    )  # fmt: skip
