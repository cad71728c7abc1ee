"""Page Rolling: how beta has moved, whether by more than chance, and what a hedge makes of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_col_to_name

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CHART_COLUMN, Line
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_hedging import FULL, OUT_OF_SAMPLE
from factor_core.workbook.references import BOTH, FIRST_ROW, HEADER_ROW
from factor_core.workbook.rolling_tables import (
    below_header,
    draw_periods,
    write_hedges,
    write_periods,
)

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

BETA = f"FACTOR_BETA({BOTH})"
WINDOWS = f"{BOTH},rolling_window,window_least"
HEADS = ("Measure", "value", "second way", "check", "meaning")
MOST_DRAWN = 260  # points of a line: more are not seen, and make the file larger
WITH_GAPS, WITHOUT_GAPS = 0.8, 1.0  # share of a window's rows that must be there

ROLLED = blocks.BEHIND_COLUMN  # the beta of every window
DRAWN = ROLLED + 2  # the rows that charts draw
DATE, ALPHA, BETA_AT, FIT, RISK, ROWS_IN, T, LOW, HIGH, WHOLE, RISK_A_YEAR = range(11)
IN_SAMPLE, TRADED, HELD = range(11, 14)
INPUTS, MOVED = 3, 9  # rows of the first sections, from 0
FULL_BETA, LAST_BETA = "full_sample_beta", f"$B${MOVED + 4}"


def write_rolling(book: Book, data: TemplateData, refs: References) -> Page:
    """Write beta over time: rolling, weighted and by calendar year, and the hedges they make."""
    page = book.page(
        "Rolling",
        '="Beta of "&asset_name&" over time"',
        "One beta for the whole sample is an average over times that may have differed.",
    )
    blocks.grid(page)
    book.name(FULL_BETA, page.reference(MOVED + 2, 1))
    book.name("last_window_beta", page.reference(MOVED + 3, 1))
    _write_inputs(page, data)
    _write_windows(page, refs)
    _write_drawn_rows(page, data, refs)
    row = _write_movement(page, data, refs)
    periods, row = write_periods(page, data, row + 1)
    row = write_hedges(page, row + 1)
    _draw(page, refs, periods)
    page.freeze(3)
    page.print_setup(row, blocks.LAST_COLUMN)
    return page


# ------------------------------------------------------------------------------- the parameters


def _write_inputs(page: Page, data: TemplateData) -> None:
    page.section(INPUTS, "Window and weights", last=9)
    row = INPUTS + 1
    page.labelled(row, 0, "Rolling window, rows (set on Start)", "=rolling_window", "integer")
    blocks.note(page, row, "Longer: steadier, but older. Shorter: newer, but mostly noise.")
    half = "Half-life of the weights, rows"
    page.input(row + 1, 0, half, _half_life(data), "ewma_halflife", "general")
    blocks.note(page, row + 1, "EWMA_BETA: a row this old counts half as much as the newest one.")
    share = WITH_GAPS if data.has_gaps else WITHOUT_GAPS
    page.input(
        row + 2, 0, "Share of a window that must be there", share, "window_share", "percent1"
    )
    text = "At 100% one missing row blanks every window that holds it."
    blocks.note(page, row + 2, text)
    blocks.numbers_only(page, row + 1, 1, blocks.ABOVE_ZERO)
    share_rule = {"criteria": "between", "minimum": 0.01, "maximum": 1}
    blocks.numbers_only(page, row + 2, 1, share_rule)
    least = "=MAX(3,ROUND(window_share*rolling_window,0))"
    page.book.name(
        "window_least", page.labelled(row + 3, 0, "Rows that a window needs", least, "integer")
    )
    blocks.note(page, row + 3, "The argument min_obs; a line with two parameters needs three.")


def _half_life(data: TemplateData) -> int:
    """Return a quarter of a year, as long as a third of the rows allows."""
    return int(max(2, min(data.periods / 4, data.in_common(data.chosen[0]) // 3)))


# ------------------------------------------------------------------------ behind the charts


def _write_windows(page: Page, refs: References) -> None:
    """Write the beta of every window, row by row as on the page Returns."""
    blocks.behind_charts(page, HEADER_ROW - 1, 14, DRAWN + HELD - ROLLED + 1, ROLLED)
    # No window may have rows enough: the column keeps its shape, with #N/A, and a sentence tells.
    none = f'IF(SEQUENCE({refs.n + 1})=1,"none",NA())'
    formula = f"=IFERROR(ROLLING_BETA({WINDOWS}),{none})"
    page.spill(HEADER_ROW, ROLLED, formula, (refs.n + 1, 1), "number")


def _step(refs: References) -> int:
    return math.ceil(refs.n / MOST_DRAWN)


def _count(refs: References) -> int:
    return math.ceil(refs.n / _step(refs))


def _drawn(page: Page, refs: References, column: int) -> str:
    return page.range(FIRST_ROW, DRAWN + column, HEADER_ROW + _count(refs), DRAWN + column)


def _chosen(refs: References, cells: str) -> str:
    """Return the formula of every so manieth row of some cells, the last one included."""
    return f"FILTER({cells},MOD({refs.n}-SEQUENCE({refs.n}),{_step(refs)})=0)"


def _write_drawn_rows(page: Page, data: TemplateData, refs: References) -> None:
    """Write the rows that charts draw: dates, the windows' regressions, the band around beta."""
    count = _count(refs)
    heads = ("Date", "alpha", "rolling beta", "R-squared", "residual volatility", "rows in window")
    for column, head in enumerate(heads):
        page.text(HEADER_ROW, DRAWN + column, head, "header")
    at = (FIRST_ROW, DRAWN + DATE)
    page.spill(*at, f"={_chosen(refs, refs.dates)}", (count, 1), "date", header=False)
    none = f"IF(SEQUENCE({count},4)>0,NA())"
    after_header = f"SEQUENCE({refs.n + 1})-1"
    kept = f"({after_header}>0)*(MOD({refs.n}-({after_header}),{_step(refs)})=0)"
    formula = f"=IFERROR(FILTER(ROLLING_REGRESSION({WINDOWS}),{kept}),{none})"
    styles_of = ("percent4", "number", "percent1", "percent")
    page.spill(FIRST_ROW, DRAWN + ALPHA, formula, (count, 4), styles_of, header=False)
    rows = range(refs.n - (count - 1) * _step(refs), refs.n + 1, _step(refs))
    windows = [_window_rows(data, refs, row) for row in rows]
    page.long_column(FIRST_ROW, DRAWN + ROWS_IN, windows, "integer")
    _write_quantiles(page, count)
    for column, head, formula, style in _derived(page, refs):
        page.text(HEADER_ROW, DRAWN + column, head, "header")
        page.spill(FIRST_ROW, DRAWN + column, f"={formula}", (count, 1), style, header=False)


def _derived(page: Page, refs: References) -> tuple[tuple[int, str, str, str], ...]:
    """Return column, head, formula and style of what follows from the regressions drawn."""
    beta, fit, n, t = (_drawn(page, refs, column) for column in (BETA_AT, FIT, ROWS_IN, T))
    error = f"{t}*ABS({beta})*SQRT(ABS(1-{fit})/{fit}/({n}-2))"
    low, high, risk = (_drawn(page, refs, column) for column in (LOW, HIGH, RISK))
    held = f"({low}<={FULL_BETA})*({high}>={FULL_BETA})"
    level = 'ROUND(100*confidence,2)&" %"'
    growth = [
        _chosen(refs, f"Hedged!{below_header(refs, OUT_OF_SAMPLE + offset)}") for offset in (0, 1)
    ]
    return (
        (LOW, f'="low, "&{level}', f"IFERROR({beta}-{error},NA())", "number"),
        (HIGH, f'="high, "&{level}', f"IFERROR({beta}+{error},NA())", "number"),
        (WHOLE, "full sample", f"{FULL_BETA}+0*SEQUENCE({_count(refs)})", "number"),
        (RISK_A_YEAR, "residual volatility a year", f"{risk}*SQRT(periods)", "percent1"),
        (IN_SAMPLE, "full-sample beta", growth[0], "number"),
        (TRADED, "rolling lagged beta", growth[1], "number"),
        (HELD, "holds the full sample's", f"IFERROR({held},NA())", "integer"),
    )


def _window_rows(data: TemplateData, refs: References, row: int) -> str:
    """Return the formula of the complete rows in the window that ends with a row of returns."""
    if not data.has_gaps:
        return f"=MIN({row},rolling_window)"
    there = f"Hedged!{below_header(refs, FULL)}"
    return f"=COUNT(INDEX({there},MAX(1,{row}-rolling_window+1)):INDEX({there},{row}))"


def _write_quantiles(page: Page, count: int) -> None:
    """Write Student's t for the rows of each window; finding them all takes the refresh a second.

    Nearly all windows are full, and share one.
    """
    head = page.reference(HEADER_ROW - 1, DRAWN + T)
    page.formula(
        HEADER_ROW - 1, DRAWN + T, "=T.INV.2T(1-confidence,MAX(1,rolling_window-2))", "number"
    )
    page.text(HEADER_ROW, DRAWN + T, "t", "header")
    n, beta = (xl_col_to_name(DRAWN + column) for column in (ROWS_IN, BETA_AT))
    quantiles = [
        f"=IF(ISNUMBER({beta}{row}),IF({n}{row}=rolling_window,{head},"
        f"TINV(1-confidence,MAX(1,{n}{row}-2))),0)"
        for row in range(FIRST_ROW + 1, FIRST_ROW + 1 + count)
    ]
    page.long_column(FIRST_ROW, DRAWN + T, quantiles, "number")


# ------------------------------------------------------------------------- how beta has moved

NO_WINDOW = (
    '"No window of "&rolling_window&" rows has "&window_least&" rows in which both "&asset_name&" '
    'and "&market_name&" have a return. Set a smaller window on Start, or a smaller share above."'
)
MOVES = (
    '"The beta of "&rolling_window&" rows was lowest, "&ROUND({low},2)&", in the window that ended '
    'on "&{low_date}&", and highest, "&ROUND({high},2)&", in the one of "&{high_date}&". Windows '
    'that overlap share their rows, so the line looks smoother than what it estimates."'
)


def _write_movement(page: Page, data: TemplateData, refs: References) -> int:
    """Write beta by window and by weights; return the next row."""
    page.section(MOVED, "How beta has moved", last=9)
    blocks.line_heads(page, MOVED + 1, HEADS)
    rolled = page.range(FIRST_ROW, ROLLED, HEADER_ROW + refs.n, ROLLED)
    row = blocks.lines_or_none(page, MOVED + 2, _last_window(data, refs))
    ends = tuple(
        line
        for word, name in (("Lowest", "MIN"), ("Highest", "MAX"))
        for line in _extreme(word, name, rolled, refs)
    )
    extremes = row
    for offset, line in enumerate(ends):
        # The line below the extreme finds the date of the number above it.
        formula = line.formula.format(above=f"B{row + offset}")
        page.labelled(row + offset, 0, line.label, formula, line.style)
    blocks.note(page, row, "Errors of estimation alone spread them, too: see the years below.")
    row += len(ends)
    drawn = _drawn(page, refs, HELD)
    held = f"AVERAGE(IF(ISNUMBER({drawn}),{drawn}))"
    line = Line(
        "Intervals that hold the full sample's beta",
        f'=IF(COUNT({drawn})=0,"none",{held})',
        "percent1",
        note="Nearly all of them, had beta been constant. Of the windows drawn in the chart.",
    )
    row = blocks.lines_or_none(page, row, (line,))
    cells = {
        "low": f"B{extremes + 1}",
        "low_date": _spoken_date(f"B{extremes + 2}"),
        "high": f"B{extremes + 3}",
        "high_date": _spoken_date(f"B{extremes + 4}"),
    }
    text = f"=IF(ISNUMBER(B{extremes + 1}),{MOVES.format(**cells)},{NO_WINDOW})"
    blocks.paragraph(page, row, text, longest=blocks.spoken(MOVES))
    return row + 1


def _last_window(data: TemplateData, refs: References) -> tuple[Line, ...]:
    """Return beta of the whole sample, of the last window and by weights, with second ways."""
    last = "INDEX({0},ROWS({0})+1-rolling_window):INDEX({0},ROWS({0}))"
    pair = f"{last.format('asset_excess')},{last.format('market_excess')}"
    count = "COUNT(INDEX(hedged,ROWS(hedged)+1-rolling_window):INDEX(hedged,ROWS(hedged)))"
    error = f"ABS({LAST_BETA})*SQRT((1/RSQ({pair})-1)/({count}-2))"
    return (
        Line("Beta of the full sample", f"={BETA}", "number", f"=SLOPE({BOTH})", "The grey line."),
        Line(
            "Beta of the last window",
            f'=IFERROR(INDEX(ROLLING_BETA({WINDOWS}),{refs.n + 1},1),"none")',
            "number",
            f'=IF(ISNUMBER({LAST_BETA}),SLOPE({pair}),"none")',
            "Today's estimate. SLOPE of the last rows beside it.",
        ),
        Line(
            "Its standard error",
            f'=IF(ISNUMBER({LAST_BETA}),BETA_SE({pair}),"none")',
            "number",
            f'=IF(ISNUMBER({LAST_BETA}),{error},"none")',
            "|beta| x SQRT((1/R2 - 1) / (n-2)): how the band in the chart is made.",
        ),
        Line(
            "Beta by weights that halve",
            f"=EWMA_BETA({BOTH},ewma_halflife)",
            "number",
            "" if data.has_gaps else _weighted_slope(refs),
            "EWMA_BETA: no row leaves at once, as it does at the end of a window.",
        ),
        Line(
            "Window that is as steady, rows",
            "=(1+0.5^(1/ewma_halflife))/(1-0.5^(1/ewma_halflife))",
            "integer",
            note="A window of so many rows is as sure of its beta: about 2.9 half-lives.",
        ),
    )


def _weighted_slope(refs: References) -> str:
    """Return the weighted covariance over the weighted variance by native functions."""
    weights = f"0.5^(({refs.n}-SEQUENCE({refs.n}))/ewma_halflife)"
    y, x = refs.asset, refs.market
    total, mean_x, mean_y = (f"SUM({weights}{factor})" for factor in ("", f"*{x}", f"*{y}"))
    covariance = f"SUM({weights}*{x}*{y})*{total}-{mean_x}*{mean_y}"
    return f"=({covariance})/(SUM({weights}*{x}^2)*{total}-{mean_x}^2)"


def _extreme(word: str, name: str, rolled: str, refs: References) -> tuple[Line, Line]:
    """Return an extreme of the rolling betas, and the date of its window's end."""
    numbers = f"IF(ISNUMBER({rolled}),{rolled})"
    found = f"INDEX({refs.dates},MATCH({{above}},{rolled},0))"
    return (
        Line(
            f"{word} rolling beta",
            f'=IF(COUNT({rolled})=0,"none",{name}({numbers}))',
            "number",
        ),
        Line("... of the window that ended on", f'=IFERROR({found},"none")', "date"),
    )


def _spoken_date(cell: str) -> str:
    """Return the formula text of a date as 2010-05-06; TEXT's formats vary with the language."""
    return f'YEAR({cell})&"-"&RIGHT("0"&MONTH({cell}),2)&"-"&RIGHT("0"&DAY({cell}),2)'


# ------------------------------------------------------------------------------------- charts


def _draw(page: Page, refs: References, periods: tuple[int, int]) -> None:
    place, size = (3, CHART_COLUMN), charts.SMALLER
    title = '="Beta of "&asset_name&" in windows of "&rolling_window&" rows"'
    band = styles.MODELS[0]
    series = [
        _line(page, refs, LOW, band, width=1.25),
        _line(page, refs, HIGH, band, width=1.25),
        _line(page, refs, WHOLE, styles.REFERENCE, dash="dash"),
        _line(page, refs, BETA_AT, styles.ASSET, width=2.25),
    ]
    charts.lines(
        page, place, title, ("Date", "Beta"), series, size, number_format="0.0", years=refs.years
    )
    title = '="How well the market explains "&asset_name'
    series = [_line(page, refs, FIT, styles.MARKET), _line(page, refs, RISK_A_YEAR, styles.OWN)]
    axes = ("Date", "R-squared; volatility a year")
    charts.lines(page, place, title, axes, series, size, number_format="0%", years=refs.years)
    draw_periods(page, DRAWN + HELD + 2, *periods)
    title = '=asset_name&" hedged: with hindsight, and as it could be traded"'
    series = [
        _line(page, refs, IN_SAMPLE, styles.REFERENCE, width=3.5),
        _line(page, refs, TRADED, styles.OWN, width=1.25),
    ]
    axes = ("Date", "Growth of 1, out of sample")
    charts.lines(page, place, title, axes, series, size, years=refs.years)


def _line(
    page: Page, refs: References, column: int, colour: str, width: float = 1.75, dash: str = "solid"
) -> Series:
    head = f"={page.reference(HEADER_ROW, DRAWN + column)}"
    dates, cells = (f"={_drawn(page, refs, which)}" for which in (DATE, column))
    return Series(head, dates, cells, colour, width=width, dash=dash)
