"""The pages Tracking and Hedged: the position that moves as the asset does, and what it leaves."""

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
WIDE = (860, 350)  # pixels
SERIES = blocks.BEHIND_COLUMN
BETA = f"FACTOR_BETA({BOTH})"

# --------------------------------------------------------------------------------------- Tracking

TRACKING_GROWTH = SERIES + 2  # asset, then tracking
TRACKING = (
    Line(
        "Dollars of market for each dollar",
        f"={BETA}",
        "number",
        f"=SLOPE({BOTH})",
        "Beta. Negative would mean short.",
    ),
    Line(
        "Mean a year",
        "=ANNUALIZE(AVERAGE({tracking}),periods)",
        "percent",
        f"={BETA}*AVERAGE({{m}})*periods",
        "Beta x the market's mean: what the market paid for the asset's market risk.",
    ),
    Line(
        "Volatility a year",
        '=ANNUALIZE(STDEV.S({tracking}),periods,"vol")',
        "percent",
        f"=ABS({BETA})*STDEV.S({{m}})*SQRT(periods)",
        "|Beta| x the market's volatility: the asset's factor risk.",
    ),
    Line(
        "Sharpe ratio",
        "=SHARPE_RATIO(tracking,periods)",
        "number",
        f"=SIGN({BETA})*SHARPE_RATIO({{m}},periods)",
        "That of the market: leverage does not change it.",
    ),
    Line(
        "Correlation with the asset",
        "=CORREL(asset_excess,{tracking})",
        "number",
        f"=SQRT(R_SQUARED({BOTH}))",
        "The square root of R-squared.",
    ),
    Line(
        "Beta of the asset on it",
        "=FACTOR_BETA(asset_excess,tracking)",
        "number",
        "=1",
        "One for one: that is what tracking means.",
    ),
    Line(
        "Alpha of the asset on it, a year",
        "=FACTOR_ALPHA(asset_excess,tracking,periods)",
        "percent",
        f"=FACTOR_ALPHA({BOTH},periods)",
        "The asset's mean less its tracking portfolio's.",
    ),
)


def write_tracking(book: Book, data: TemplateData, refs: References) -> Page:
    """Write the position in the market that moves as the asset does."""
    page = book.page(
        "Tracking",
        '="The market position that tracks "&asset_name',
        "For each dollar of the asset, beta dollars in the market: no other amount comes closer.",
    )
    blocks.grid(page)
    _series_head(page)
    _dates(page, refs)
    tracking = page.spill(
        HEADER_ROW, SERIES + 1, f"=TRACKING_SERIES({BOTH})", (refs.n + 1, 1), "percent"
    )
    book.name("tracking", tracking)
    _growth(page, refs, TRACKING_GROWTH, "=asset_name", refs.asset)
    own = page.range(HEADER_ROW + 1, SERIES + 1, HEADER_ROW + refs.n, SERIES + 1)
    _growth(page, refs, TRACKING_GROWTH + 1, f"={page.reference(HEADER_ROW, SERIES + 1)}", own)
    row = _write_tracking_numbers(page, data, TOP)
    row = _write_tracking_errors(page, refs, row + 1)
    _draw_tracking(page, refs)
    page.freeze(3)
    page.print_setup(row, blocks.LAST_COLUMN)
    return page


def _write_tracking_numbers(page: Page, data: TemplateData, row: int) -> int:
    page.section(row, "What the tracking portfolio does", last=9)
    cells = {"tracking": data.native("tracking"), "m": data.market_rows}
    return blocks.lines(page, row + 1, blocks.filled(TRACKING, **cells))


def _write_tracking_errors(page: Page, refs: References, row: int) -> int:
    page.section(row, "Two distances that are often mixed up", last=9)
    active = f"{refs.asset}-{refs.market}"
    numbers = f'IF(ISNUMBER({active}),{active},"")'
    residual = f"RESIDUAL_VOL({BOTH},periods)"
    market = f'IF(ISNUMBER({active}),{refs.market},"")'
    gap = f"(FACTOR_BETA({BOTH})-1)^2*VAR.S({market})*periods"
    block = (
        Line(
            "Residual volatility a year",
            f"={residual}",
            "percent1",
            f'=STEYX({BOTH})*SQRT((FACTOR_STAT({BOTH},"n")-2)/(FACTOR_STAT({BOTH},"n")-1)*periods)',
            "Volatility of asset - beta x market: what is left after the hedge. STEYX divides by"
            " n-2, risk by n-1.",
        ),
        Line(
            "Tracking error a year",
            f"=STDEV.S({numbers})*SQRT(periods)",
            "percent1",
            f"=SQRT({residual}^2+{gap})",
            "Volatility of asset - market: a fund against its benchmark. It holds the bet that beta"
            " is not 1.",
        ),
    )
    return blocks.lines(page, row + 1, block)


def _draw_tracking(page: Page, refs: References) -> None:
    first, last = HEADER_ROW + 1, HEADER_ROW + refs.n
    heads = [f"={page.reference(HEADER_ROW, TRACKING_GROWTH + i)}" for i in range(2)]
    own = f"={page.range(first, SERIES + 1, last, SERIES + 1)}"
    points = (
        Series(heads[0], f"={refs.market}", f"={refs.asset}", styles.ASSET),
        Series(heads[1], f"={refs.market}", own, styles.MARKET),
    )
    title = '=asset_name&" and its tracking portfolio against "&market_name'
    axes = ("Market, excess return a period", "Excess return a period")
    charts.scatter(page, (TOP, CHART_COLUMN), title, axes, points)
    growth = [page.range(first, TRACKING_GROWTH + i, last, TRACKING_GROWTH + i) for i in range(2)]
    drawn = [
        Series(head, f"={refs.dates}", f"={cells}", colour, width=1.5)
        for head, cells, colour in zip(heads, growth, (styles.ASSET, styles.MARKET), strict=True)
    ]
    title = '="Growth of 1 beyond cash: "&asset_name&" and its tracking portfolio"'
    axes = ("Date", "Growth of 1")
    charts.lines(page, (TOP, CHART_COLUMN), title, axes, drawn, years=refs.years)


# ----------------------------------------------------------------------------------------- Hedged

FULL, ROLLING, GROWTH, OUT_OF_SAMPLE = SERIES + 1, SERIES + 2, SERIES + 3, SERIES + 4


HEDGE = (
    Line(
        "Market for each dollar of the asset",
        f"=HEDGE_RATIO({BOTH})",
        "number",
        f"=-SLOPE({BOTH})",
        "Minus beta: sell that many dollars of the market.",
    ),
    Line(
        "Mean of the hedged series, a year",
        "=ANNUALIZE(AVERAGE({hedged}),periods)",
        "percent",
        f"=FACTOR_ALPHA({BOTH},periods)",
        "Alpha: the residual has mean 0, the hedged series keeps alpha.",
    ),
    Line(
        "Volatility of the hedged series, a year",
        '=ANNUALIZE(STDEV.S({hedged}),periods,"vol")',
        "percent",
        f"=RESIDUAL_VOL({BOTH},periods)",
        "The residual volatility.",
    ),
    Line(
        "Beta of the hedged series",
        "=ROUND(SLOPE({hedged},market_excess),9)",
        "number",
        "=0",
        "0: no market is left, in sample.",
        blocks.EXACT_ZERO,
    ),
    Line(
        "Correlation with the market",
        "=ROUND(CORREL({hedged},market_excess),9)",
        "number",
        "=0",
        "0 after the hedge; Co-movement shows it before.",
        blocks.EXACT_ZERO,
    ),
    Line(
        "Sharpe ratio of the hedged series",
        "=SHARPE_RATIO(hedged,periods)",
        "number",
        f"=APPRAISAL_RATIO({BOTH},periods)",
        "The appraisal ratio.",
    ),
)


def write_hedged(book: Book, data: TemplateData, refs: References) -> Page:
    """Write what is left of the asset when the market is hedged, in and out of sample."""
    page = book.page(
        "Hedged",
        '="Hedging "&asset_name&" with "&market_name',
        "Long the asset, short beta dollars of the market: alpha and the residual stay.",
    )
    blocks.grid(page)
    _write_hedged_series(page, refs)
    row = _write_hedge(page, data, TOP)
    last = _write_in_and_out(page, data, row + 1)
    draw_growth(page, refs, (TOP, CHART_COLUMN))
    _draw_hedged(page, refs)
    _draw_out_of_sample(page, refs, last + 1)
    page.freeze(3)
    page.print_setup(last, blocks.LAST_COLUMN)
    return page


def _write_hedged_series(page: Page, refs: References) -> None:
    _series_head(page)
    _dates(page, refs)
    shape = (refs.n + 1, 1)
    full = page.spill(HEADER_ROW, FULL, f"=HEDGED_SERIES({BOTH})", shape, "percent")
    page.book.name("hedged", full)
    # Where the window leaves no rows the column keeps its shape, with #N/A: a sentence says so.
    rolling = (
        f'=IF(FACTOR_STAT({BOTH},"n")>=rolling_window+{LEAST_ROWS},'
        f"HEDGED_SERIES({BOTH},,rolling_window,1),"
        'IF(SEQUENCE(ROWS(asset_excess))=1,asset_name&" hedged",NA()))'
    )
    cells = page.spill(HEADER_ROW, ROLLING, rolling, shape, "percent")
    page.book.name("hedged_rolling", cells)
    first, last = HEADER_ROW + 1, HEADER_ROW + refs.n
    own, traded = (page.range(first, column, last, column) for column in (FULL, ROLLING))
    _growth(page, refs, GROWTH, '=asset_name&" hedged"', own)
    # Both over the rows that a rolling beta exists for, so that they compare like with like.
    _growth(page, refs, OUT_OF_SAMPLE, "full-sample beta", own, where=traded)
    _growth(page, refs, OUT_OF_SAMPLE + 1, "rolling lagged beta", traded, where=traded)


def _write_hedge(page: Page, data: TemplateData, row: int) -> int:
    page.section(row, "The hedge, and what it must give", last=9)
    return blocks.lines(page, row + 1, blocks.filled(HEDGE, hedged=data.native("hedged")))


class _Column:
    """A column of the comparison in and out of sample: a series, over the rows of another."""

    def __init__(self, head: str, series: str, rows: str, data: TemplateData) -> None:
        self.head = head
        self.values = f'IF(ISNUMBER({rows}),{series},"")' if rows else data.native(series)


def _write_in_and_out(page: Page, data: TemplateData, row: int) -> int:
    """Write the hedge with the full sample's beta beside the one that could have been traded."""
    page.section(row, "In sample beside out of sample", last=9)
    all_rows, rows_left = (xl_rowcol_to_cell(row + 3, column) for column in (2, 3))
    too_few = TOO_FEW.format(rows=all_rows)
    text = f'=IF({rows_left}<{LEAST_ROWS},{too_few},"{OUT_OF_SAMPLE_TEXT}")'
    blocks.paragraph(page, row + 1, text, longest=OUT_OF_SAMPLE_TEXT)
    columns = (
        _Column("asset, all rows", "asset_excess", "", data),
        _Column("hedged in sample, all rows", "hedged", "", data),
        _Column("asset, rows out of sample", "asset_excess", "hedged_rolling", data),
        _Column("hedged in sample, the same rows", "hedged", "hedged_rolling", data),
        _Column("hedged with rolling lagged beta", "hedged_rolling", "hedged_rolling", data),
    )
    blocks.header(page, row + 2, 0, ["", *(column.head for column in columns)], lines=3)
    at = row + 3
    for label, formula, style, remark in COMPARED:
        page.text(at, 0, label)
        for j, column in enumerate(columns, 1):
            cell = {
                "x": column.values,
                "c": xl_rowcol_to_cell(at - 2, j),
                "d": xl_rowcol_to_cell(at - 1, j),
            }
            text = formula.format(**cell)
            if j >= 3 and formula != COMPARED[0][1]:
                few = f"{xl_rowcol_to_cell(row + 3, j)}<{LEAST_ROWS}"
                text = f'=IF({few},"none",{text[1:]})'
            page.formula(at, j, text, style)
        if remark:
            blocks.note(page, at, remark, first=6)
        at += 1
    return at


LEAST_ROWS = 3  # out of sample: fewer have no correlation
OUT_OF_SAMPLE_TEXT = (
    "The beta of the full sample was not known at the time. The rolling one uses only the rows "
    "before (the window is set on Start) and trades a row later. Its hedge is seldom as neat."
)
TOO_FEW = (
    '"Nothing is out of sample: "&asset_name&" has "&{rows}&" rows in common with "&market_name&" '
    'and the rolling window takes "&rolling_window&". Set a smaller window on Start."'
)
COMPARED = (
    (
        "Rows",
        "=COUNT({x})",
        "integer",
        "The first window has no rolling beta yet: #N/A, left out.",
    ),
    ("Mean a year", "=AVERAGE({x})*periods", "percent", ""),
    ("Volatility a year", "=STDEV.S({x})*SQRT(periods)", "percent", ""),
    ("Sharpe ratio", "={c}/{d}", "number", "Compare within the last three columns: the same rows."),
    (
        "Beta left",
        "=SLOPE({x},market_excess)",
        "number",
        "In sample 0 by construction over all rows only.",
    ),
    (
        "Correlation with the market",
        "=CORREL({x},market_excess)",
        "number",
        "What of the market a tradable hedge let through.",
    ),
)


def draw_growth(page: Page, refs: References, where: tuple[int, int]) -> None:
    """Draw the growth of asset, tracking portfolio and hedged asset, on whatever page."""
    title = '="Growth of 1 beyond cash: "&asset_name&", tracking and hedged"'
    drawn = [
        _line("Tracking", TRACKING_GROWTH, refs, styles.ASSET),
        _line("Tracking", TRACKING_GROWTH + 1, refs, styles.MARKET),
        _line("Hedged", GROWTH, refs, styles.OWN),
    ]
    charts.lines(page, where, title, ("Date", "Growth of 1"), drawn, years=refs.years)


def _line(sheet: str, column: int, refs: References, colour: str, width: float = 1.5) -> Series:
    """Return a line over dates of a column behind the charts of a page."""
    cells = xl_range_abs(HEADER_ROW + 1, column, HEADER_ROW + refs.n, column)
    head = xl_rowcol_to_cell(HEADER_ROW, column, row_abs=True, col_abs=True)
    x, y = f"={refs.dates}", f"={sheet}!{cells}"
    return Series(f"={sheet}!{head}", x, y, colour, width=width)


def _draw_hedged(page: Page, refs: References) -> None:
    title = '=asset_name&" hedged, against "&market_name&": no slope is left"'
    hedged = page.range(HEADER_ROW + 1, FULL, HEADER_ROW + refs.n, FULL)
    head = f"={page.reference(HEADER_ROW, FULL)}"
    points = (
        Series(head, f"={refs.market}", f"={hedged}", styles.OWN),
        _alpha_line(page, TOP + 3),
    )
    axes = ("Market, excess return a period", "Excess return a period")
    charts.scatter(page, (TOP, CHART_COLUMN), title, axes, points)


def _draw_out_of_sample(page: Page, refs: References, row: int) -> None:
    """Draw the hedge in sample beside the tradable one, below their table."""
    title = '=asset_name&" hedged: in sample, and as it could have been traded"'
    drawn = [
        _line("Hedged", OUT_OF_SAMPLE, refs, styles.REFERENCE, width=3.5),
        _line("Hedged", OUT_OF_SAMPLE + 1, refs, styles.OWN, width=1.25),
    ]
    axes = ("Date", "Growth of 1, out of sample")
    charts.lines(page, (row, 0), title, axes, drawn, WIDE, years=refs.years)


def _alpha_line(page: Page, row: int) -> Series:
    """Write the ends of the fitted line, which is flat after hedging, under the chart."""
    for i, end in enumerate(("MIN", "MAX")):
        page.formula(row + i, CHART_COLUMN + 1, f"={end}(market_excess)", "percent")
        page.formula(row + i, CHART_COLUMN + 2, f"=FACTOR_ALPHA({BOTH})", "percent4")
    x, y = (page.range(row, CHART_COLUMN + j, row + 1, CHART_COLUMN + j) for j in (1, 2))
    return Series("alpha + 0 x market", f"={x}", f"={y}", styles.MARKET, line=True)


# ----------------------------------------------------------------------------------------- shared


def _series_head(page: Page) -> None:
    blocks.behind_charts(page, HEADER_ROW - 1, 22, 6, SERIES)


def _dates(page: Page, refs: References) -> None:
    page.text(HEADER_ROW, SERIES, "Date", "header")
    page.spill(HEADER_ROW + 1, SERIES, f"={refs.dates}", (refs.n, 1), "date", header=False)


def _growth(
    page: Page, refs: References, column: int, head: str, returns: str, where: str = ""
) -> None:
    """Write the growth of 1 row by row; a row without a number in `where` adds nothing."""
    page.text(HEADER_ROW, column, head, "header")
    r, w = _column_of(returns), _column_of(where or returns)
    formulas = []
    for row in range(HEADER_ROW + 1, HEADER_ROW + 1 + refs.n):
        before = xl_rowcol_to_cell(row - 1, column) if row > HEADER_ROW + 1 else "1"
        grown = f"{before}*(1+{r}{row + 1})"
        formulas.append(f"=IF(ISNUMBER({w}{row + 1}),{grown},{before})")
    page.long_column(HEADER_ROW + 1, column, formulas, "number")


def _column_of(cells: str) -> str:
    """Return "Returns!$S" of the range "Returns!$S$6:$S$2017"."""
    sheet, _, address = cells.rpartition("!")
    return f"{sheet}!${address.split('$')[1]}"
