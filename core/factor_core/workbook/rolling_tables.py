"""The tables of the page Rolling: beta by calendar year, and what hedges by rolling betas leave."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from xlsxwriter.utility import xl_range_abs

from factor_core.workbook import blocks, charts
from factor_core.workbook.blocks import CHART_COLUMN, CLOSE, Line
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_hedging import LEAST_ROWS
from factor_core.workbook.references import BOTH, FIRST_ROW, HEADER_ROW, returns_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from factor_core.workbook.layout import Page
    from factor_core.workbook.references import References, TemplateData

MARKET = 2  # columns from the asset's to the market's on Returns
FEWEST_IN_BLOCK = 12  # rows a block of the calendar has by design; a beta needs three


def block_years(data: TemplateData) -> int:
    """Return the years of a block of the calendar that has rows enough for a beta of its own."""
    rows_a_year = data.returns / max(data.years, 1.0)
    return max(1, math.ceil(FEWEST_IN_BLOCK / rows_a_year))


def _blocks(data: TemplateData) -> list[list[int]]:
    """Return the rows of returns in each block of the calendar that has any."""
    years = block_years(data)
    rows: dict[int, list[int]] = {}
    for row, day in enumerate(data.dates[-data.returns :]):
        rows.setdefault(day.year // years, []).append(row)
    return list(rows.values())


def below_header(refs: References, column: int) -> str:
    """Return the cells of a long table's column below its header, without the sheet."""
    return str(xl_range_abs(FIRST_ROW, column, HEADER_ROW + refs.n, column))


# ------------------------------------------------------------------------------- by calendar

PERIOD_NOTE = (
    "Rows of different years do not overlap: their betas are independent, and their standard "
    "errors tell how far apart chance alone would put them. The last columns show what a hedge "
    "with one beta, and one with the rolling beta of the rows before, left in each."
)
ALIKE = (
    '"These betas differ by more than chance would make them (p = "&ROUND({p},4)&"): a hedge with '
    'one beta is too large in some years and too small in others."'
)
CHANCE = (
    '"Chance alone could make these betas differ as much (p = "&ROUND({p},2)&"): nothing here asks '
    'for a beta that changes."'
)


def write_periods(page: Page, data: TemplateData, row: int) -> tuple[tuple[int, int], int]:
    """Write beta by calendar year, and whether years differ; return the table's and next row."""
    years, rows_of = block_years(data), _blocks(data)
    count = len(rows_of)
    title = "By calendar year" if years == 1 else f"By blocks of {years} calendar years"
    page.section(row, f"{title}: PERIOD_BETA", last=9)
    blocks.paragraph(page, row + 1, PERIOD_NOTE)
    top = row + 2
    none = f'IF(SEQUENCE({count + 1},4)>0,"none")'
    formula = f'=IFERROR(PERIOD_BETA({BOTH},return_dates,"{years}Y"),{none})'
    page.spill(top, 0, formula, (count + 1, 4), ("label_column", "integer", "number", "number"))
    heads = (
        "second way", "check", "left by one beta", "", "from their mean, in se", "weight, 1/se^2",
    )  # fmt: skip
    lines = max(2, blocks.lines_of_names([f"beta {data.market}"]))
    blocks.header(page, top, 4, heads, lines=lines, left=())
    traded = f'PERIOD_BETA(IFNA(hedged_rolling,""),market_excess,return_dates,"{years}Y")'
    left = f'IFERROR(INDEX({traded},0,3),"none")'
    formula = f'=IF(SEQUENCE({count + 1})=1,"left by rolling beta",{left})'
    page.spill(top, 7, formula, (count + 1, 1), "number")
    mean = f"$B${top + count + 3}"
    asset = returns_columns(data).chosen
    for at, rows in enumerate(rows_of, top + 1):
        _period_row(page, at, (asset, FIRST_ROW + rows[0], FIRST_ROW + rows[-1]), mean)
    return (top + 1, top + count), _write_homogeneity(page, top + 1, top + count)


def _period_row(page: Page, row: int, returns: tuple[int, int, int], mean: str) -> None:
    """Write what is beside PERIOD_BETA; `returns` are the asset's column and its rows' ends."""
    number = row + 1
    column, first, last = returns
    pair = (f"Returns!{xl_range_abs(first, at, last, at)}" for at in (column, column + MARKET))
    slope = f'IF(ISNUMBER(C{number}),SLOPE({",".join(pair)}),"none")'
    page.formula(row, 4, f"={slope}", "number")
    blocks.agrees_or_none(page, row, (2, 4), 5)
    page.formula(row, 6, f'=IF(ISNUMBER(C{number}),C{number}-full_sample_beta,"none")', "number")
    distance = f"(C{number}-{mean})*SQRT(J{number})"
    page.formula(row, 8, f'=IF(J{number}>0,{distance},"none")', "number2")
    weight = f"IF(D{number}>0,1/D{number}^2,0)"
    page.formula(row, 9, f"=IF(ISNUMBER(D{number}),{weight},0)", "integer")


def _write_homogeneity(page: Page, first: int, last: int) -> int:
    """Write whether the betas of the rows first..last differ by more than chance."""
    row = last + 2
    mean, *others = _homogeneity(first, last, row)
    few = f"COUNT($I${first + 1}:$I${last + 1})<2"
    row = blocks.lines_or_none(page, row, [mean, *(_unless(line, few) for line in others)])
    p = f"$B${row}"
    told = f"IF({p}<0.05,{ALIKE.format(p=p)},{CHANCE.format(p=p)})"
    text = f'=IF(ISNUMBER({p}),{told},"Too few of them have a beta to compare.")'
    blocks.paragraph(page, row, text, longest=blocks.spoken(ALIKE))
    return row + 1


def _homogeneity(first: int, last: int, row: int) -> tuple[Line, ...]:
    """Return the lines, written from `row` down, that compare the betas of the rows first..last."""
    beta, error, distance, weight = (f"${c}${first + 1}:${c}${last + 1}" for c in "CDIJ")
    spread, noise, chi = (f"$B${row + offset}" for offset in (2, 3, 5))
    return (
        Line(
            "Mean, each weighted by 1/se^2",
            f'=IF(SUM({weight})=0,"none",SUMPRODUCT({weight},{beta})/SUM({weight}))',
            "number",
            note="The surer a beta, the more it counts.",
        ),
        Line("Spread of these betas", f"=STDEV.S({beta})", "number", note="Standard deviation."),
        Line(
            "Spread that noise alone would give",
            f"=SQRT(SUMSQ({error})/COUNT({error}))",
            "number",
            note="Root of the mean squared standard error.",
        ),
        Line(
            "Spread of beta itself",
            f"=SQRT(MAX(0,{spread}^2-{noise}^2))",
            "number",
            note="What is left: variances of beta and of noise add.",
        ),
        Line(
            "Chi-square that all are alike",
            f"=SUMPRODUCT({weight},{beta},{beta})-SUMPRODUCT({weight},{beta})^2/SUM({weight})",
            "number2",
            f"=SUMSQ({distance})",
            "Cochran's Q: squared distances from the mean, in standard errors.",
        ),
        Line(
            "p",
            f"=CHISQ.DIST.RT({chi},COUNT({distance})-1)",
            "number",
            note="Too small where volatility comes in waves: the standard errors are classical.",
        ),
    )


def _unless(line: Line, condition: str) -> Line:
    """Return a line that says "none" where a condition holds."""
    said = {
        name: f'=IF({condition},"none",{formula[1:]})'
        for name, formula in (("formula", line.formula), ("check", line.check))
        if formula
    }
    return replace(line, **said)


# ---------------------------------------------------------------------------- the hedges

HEDGE_NOTE = (
    "All over the same rows: those for which a beta of the rows before exists. Short windows "
    "follow beta sooner, but hedge with its errors and trade more."
)
BEST = (
    '"Of the hedges that could have been traded, the least volatile over these rows was: "&{best}&"'
    ', "&ROUND(100*{least},2)&" % a year. The beta of the full sample, known only afterwards, left '
    '"&ROUND(100*{whole},2)&" %."'
)
TOO_SHORT = (
    '"Nothing is out of sample: "&asset_name&" has "&{rows}&" rows in common with "&market_name&" '
    'and the rolling window takes "&rolling_window&". Set a smaller window on Start."'
)


class Hedge(NamedTuple):
    """A hedge: its label, the rows of its window, the hedged series, and what to know of it."""

    label: str
    window: str
    series: str
    remark: str


PART = "=MIN(rolling_window,MAX(5,ROUND(rolling_window/{0},0)))"
WITH_WINDOW = "HEDGED_SERIES(asset_excess,market_excess,,{window},1)"
HEDGES = (
    Hedge("Unhedged", "", "asset_excess", "What there is to hedge."),
    Hedge("Dollar for dollar: beta 1", "", "asset_excess-market_excess", "No estimate at all."),
    Hedge("A quarter of the window, lagged", PART.format(4), WITH_WINDOW, "New, but noisy."),
    Hedge("Half of the window, lagged", PART.format(2), WITH_WINDOW, "Between the two."),
    Hedge("The window of Start, lagged", "=rolling_window", "hedged_rolling", "As on Hedged."),
    Hedge("Full sample: known only afterwards", "", "hedged", "Hindsight."),
)
TRADABLE = range(1, 5)  # of them


def write_hedges(page: Page, row: int) -> int:
    """Write what hedges by windows of several lengths leave; return the last row."""
    page.section(row, "What a hedge with each of them leaves", last=9)
    blocks.paragraph(page, row + 1, HEDGE_NOTE)
    top = row + 2
    heads = (
        "Hedge", "window, rows", "volatility a year", "of unhedged", "beta left",
        "correlation left", "check", "beta traded a year", "what it is", "",
    )  # fmt: skip
    blocks.header(page, top, 0, heads, lines=2, notes=(8,))
    few = f"COUNT(hedged_rolling)<{LEAST_ROWS}"
    market = f"$C${top + 2}"
    page.text(top + 1, 0, "The market itself")
    page.formula(top + 1, 2, f'=IF({few},"none",{_volatility("market_excess")})', "percent")
    blocks.note(page, top + 1, "Over the same rows.", first=8)
    for at, hedge in enumerate(HEDGES, top + 2):
        own = hedge.series.format(window=f"$B{at + 1}")
        pair = f"{_same_rows(own)},{_same_rows('market_excess')}"
        formulas = {
            2: _volatility(own),
            3: f"C{at + 1}/$C${top + 3}",
            4: f"FACTOR_BETA({pair})",
            5: f"E{at + 1}*{market}/C{at + 1}",
        }
        _hedge_row(page, at, hedge, {c: f'=IF({few},"none",{f})' for c, f in formulas.items()})
        agrees = f"ABS(F{at + 1}^2-R_SQUARED({pair}))<={CLOSE}"
        page.verdict(at, 6, f"IF({few},TRUE,{agrees})")
    return _conclude(page, top + 2, few)


def _same_rows(series: str) -> str:
    """Return a series over the rows in which the hedge by the window of Start exists."""
    return f'IF(ISNUMBER(hedged_rolling),{series},"")'


def _volatility(series: str) -> str:
    return f'ANNUALIZE(STDEV.S({_same_rows(series)}),periods,"vol")'


def _hedge_row(page: Page, row: int, hedge: Hedge, formulas: Mapping[int, str]) -> None:
    page.text(row, 0, hedge.label)
    for column, formula in formulas.items():
        page.formula(row, column, formula, "number" if column > 3 else "percent")
    blocks.note(page, row, hedge.remark, first=8)
    if hedge.window:
        page.formula(row, 1, hedge.window, "integer")
        page.formula(row, 7, _traded(f"$B{row + 1}"), "number2")


def _traded(window: str) -> str:
    """Return the formula of the mean absolute change of a rolling beta, a year."""
    least = f"MAX(3,ROUND(window_share*{window},0))"
    change = "-".join(f"ROLLING_BETA({BOTH},{window},{least},{lag})" for lag in (0, 1))
    return f'=IFERROR(AVERAGE(IFERROR(ABS({change}),""))*periods,"none")'


def _conclude(page: Page, first: int, few: str) -> int:
    """Write in words which hedge did best; return the row."""
    rows = [first + 1 + offset for offset in TRADABLE]
    least = f"MIN($C${rows[0]}:$C${rows[-1]})"
    best = f"$A${rows[-1]}"
    for row in rows[-2::-1]:
        best = f"IF($C${row}={least},$A${row},{best})"
    row = first + len(HEDGES)
    told = BEST.format(best=best, least=least, whole=f"$C${row}")
    short = TOO_SHORT.format(rows="COUNT(hedged)")
    blocks.paragraph(page, row, f"=IF({few},{short},{told})", longest=blocks.spoken(BEST))
    return row


def draw_periods(page: Page, column: int, first: int, last: int) -> None:
    """Draw the betas of the table in rows first..last with their intervals."""
    count = last - first + 1
    beta, error, n = (f"${c}${first + 1}:${c}${last + 1}" for c in "CDB")
    half = f"T.INV.2T(1-confidence,{n}-2)*{error}"
    columns = (
        ("half-width", f'IFERROR({half},"")'),
        ("low end", f'IFERROR({beta}-{half},"")'),
        ("high end", f'IFERROR({beta}+{half},"")'),
    )
    cells = []
    for offset, (head, formula) in enumerate(columns):
        page.text(HEADER_ROW, column + offset, head, "header")
        at = (HEADER_ROW + 1, column + offset)
        spilled = page.spill(*at, f"={formula}", (count, 1), "number", header=False)
        cells.append(f"={spilled}")
    page.widths(*[14] * len(columns), first=column)
    names, betas = (f"={page.range(first, c, last, c)}" for c in (0, 2))
    title = '="Beta of "&asset_name&" by period, with intervals of "&ROUND(100*confidence,2)&" %"'
    head = f"={page.reference(first - 1, 2)}"
    one = Series(head, names, betas, error_bars=cells[0], ends=(cells[1], cells[2]))
    axes = ("Period", "Beta")
    charts.columns(page, (3, CHART_COLUMN), title, axes, [one], charts.SMALLER, "0.0")
