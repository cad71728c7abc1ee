"""Page Hedge desk: a book of positions, its hedge netted and in instruments, and what it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import BEHIND_COLUMN, CHART_COLUMN, LAST_COLUMN
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_hedge_asset import LEAST_ROWS, write_asset
from factor_core.workbook.pages_hedge_industries import write_industries
from factor_core.workbook.pages_sizing import MILLIONS, dollars
from factor_core.workbook.references import (
    ALL,
    FACTOR_VARIANCE,
    FIRST_ROW,
    HEADER_ROW,
    asset_head,
    returns_columns,
)

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

TOP = 3  # row of the first section, from 0
CHARTS = (TOP, CHART_COLUMN)
POSITIONS = (3_000_000, 2_000_000, -1_500_000, 1_000_000)  # of the assets in turn, to begin with
SHOWN = 1000  # rows at most in the cloud of profits: more hide one another
THOUSANDS = '$#,##0,"K";-$#,##0,"K"'

# Behind the charts: the book's profit and loss without and with hedge, and fitted lines.
BOOK, HEDGED, FITTED = (BEHIND_COLUMN + i for i in (0, 1, 11))


class Desk(NamedTuple):
    """The table of positions: a row an asset, the hedge below them."""

    first: int  # row of the first asset, from 0
    assets: int  # their number

    @property
    def hedge(self) -> int:
        """Return the row of the hedge as the sheet numbers it."""
        return self.first + self.assets + 1

    def cells(self, letter: str, hedged: bool = False) -> str:
        """Return a column: of the assets alone, or of the assets and their hedge."""
        return f"${letter}${self.first + 1}:${letter}${self.hedge - (not hedged)}"

    @property
    def book(self) -> str:
        """Return positions and betas of the assets, as the hedging functions take them."""
        return f"{self.cells('B')},{self.cells('C')}"

    @property
    def scale(self) -> str:
        """Return the formula of the money that a difference is compared with."""
        return f"SUMPRODUCT(ABS({self.cells('B')}))"


def write_hedge_desk(book: Book, data: TemplateData, refs: References) -> Page:
    """Write the page Hedge desk: the daily book, the chosen asset, and the monthly industries."""
    page = book.page(
        "Hedge desk",
        '="Hedge desk: a book against "&market_name',
        "Net the whole book first, then hedge once: money in the factor, in instruments and in "
        "contracts, and what is left.",
    )
    blocks.grid(page)
    desk = Desk(TOP + 3, len(data.assets))
    _write_positions(page, data, desk)
    _write_profit(page, data, desk, refs)
    row = _write_instruments(page, desk, desk.hedge + 2)
    row = _write_before_and_after(page, desk, row + 1)
    row = _write_effectiveness(page, data, desk, row + 1)
    _draw_positions(page, desk)
    _draw_profit(page, data, refs)
    row = write_asset(page, data, desk.cells("B"), row + 1, CHARTS)
    last = write_industries(page, row + 1)
    page.freeze(3)
    page.print_setup(last, LAST_COLUMN)
    return page


# ---------------------------------------------------------------------------------- the book


def _write_positions(page: Page, data: TemplateData, desk: Desk) -> None:
    """Write one row an asset: its position (an input), beta, money in the market, own risk."""
    page.section(TOP, "The book: positions are inputs, the rest follows", last=9)
    market = desk.cells("D")
    text = (
        f'=IF({desk.scale}=0,"The book is empty: type positions into column B.",'
        f'"Only what is left after netting must be hedged: "&{dollars(f"SUM({market})")}&" in "'
        '&market_name&". Hedging each asset alone would trade "&'
        f'{dollars(f"SUMPRODUCT(ABS({market}))")}&"; a long position hedges a short one.")'
    )
    blocks.paragraph(page, TOP + 1, text, longest="netting " * 24)
    heads = ("Position", "money", "beta", "money in the market", "residual vol a year", "own risk")
    blocks.header(page, TOP + 2, 0, heads, lines=2)
    _write_assets(page, data, desk)
    page.text(desk.hedge - 1, 0, '="Hedge in "&market_name')
    page.formula(desk.hedge - 1, 1, f"=-SUM({market})", "money")
    page.value(desk.hedge - 1, 2, 1, "number")
    page.value(desk.hedge - 1, 4, 0, "percent1")
    for row in range(desk.first, desk.hedge):
        page.formula(row, 3, f"=B{row + 1}*C{row + 1}", "money")
        page.formula(row, 5, f"=ABS(B{row + 1})*E{row + 1}", "money")
    blocks.note(page, desk.hedge - 1, "Minus what the positions hold.", first=6)
    for column, letter in ((1, "B"), (3, "D")):
        total = f"=SUM({desk.cells(letter, hedged=True)})"
        page.formula(desk.hedge, column, total, "strong money")
    page.formula(desk.hedge, 5, f"=SQRT(SUMSQ({desk.cells('F')}))", "strong money")
    page.text(desk.hedge, 0, "Book and hedge", "strong")
    blocks.note(page, desk.hedge, "Own risks add as squares, as if independent.", first=6)
    page.book.name("desk_positions", page.range(desk.first, 1, desk.hedge - 1, 1))


def _write_assets(page: Page, data: TemplateData, desk: Desk) -> None:
    for i in range(desk.assets):
        page.formula(desk.first + i, 0, f"={asset_head(data, i)}")
        page.value(desk.first + i, 1, POSITIONS[i % len(POSITIONS)], "input money")
        blocks.numbers_only(page, desk.first + i, 1)
    shape = (desk.assets, 1)
    page.spill(desk.first, 2, f"=FACTOR_BETA({ALL})", shape, "number", header=False)
    own = f"=RESIDUAL_VOL({ALL},periods)"
    page.spill(desk.first, 4, own, shape, "percent1", header=False)
    notes = (
        "Short positions are negative.",
        "Own risk, a year: |position| x residual vol.",
    )
    for i, text in enumerate(notes[: desk.assets]):
        blocks.note(page, desk.first + i, text, first=6)


def _write_instruments(page: Page, desk: Desk, row: int) -> int:
    """Write the legs of the market in instruments, and the trades that hedge the book."""
    title = "The hedge in the factor and in instruments: HEDGE_NOTIONALS, HEDGE_TRADES"
    page.section(row, title, last=9)
    row += 1
    notional = f"=HEDGE_NOTIONALS({desk.book})"
    page.labelled(row, 0, '="Money in "&market_name', notional, "money")
    page.formula(row, 2, f"=$B${desk.hedge}", "money")
    page.verdict(row, 3, f"ABS(B{row + 1}-C{row + 1})<=1E-9*{desk.scale}")
    blocks.note(page, row, "- position x beta, summed: the row of the hedge above.")
    blocks.header(page, row + 1, 0, ("Instruments: their names and legs are inputs", "", "", "sum"))
    for column, name, leg in ((1, "Future", 1.0), (2, "Index fund", 0.0)):
        page.value(row + 1, column, name, "input text")
        page.value(row + 2, column, leg, "input number2")
        blocks.numbers_only(page, row + 2, column)
    legs, whole = f"$B${row + 3}:$C${row + 3}", f"D{row + 3}"
    page.text(row + 2, 0, '="Money for 1 of "&market_name')
    page.formula(row + 2, 3, f"=SUM({legs})", "number2")
    text = f'=IF(ABS({whole}-1)<1E-9,"A whole hedge.","No whole hedge: the legs do not sum to 1.")'
    blocks.note(page, row + 2, text)
    page.text(row + 3, 0, "Trades, netted")
    page.spill(row + 3, 1, f"=HEDGE_TRADES({desk.book},{legs})", (1, 2), "money", header=False)
    text = "Negative: sell. Legs of 0.5 and 0.5 would share the hedge between the two."
    blocks.note(page, row + 3, text)
    page.text(row + 4, 0, "Native: - position x beta x leg, summed")
    for column, letter in ((1, "B"), (2, "C")):
        native = f"=-SUMPRODUCT({desk.book})*{letter}{row + 3}"
        page.formula(row + 4, column, native, "money")
    for r in (row + 3, row + 4):
        page.formula(r, 3, f"=SUM(B{r + 1}:C{r + 1})", "money")
    ours, native = (f"B{r}:D{r}" for r in (row + 4, row + 5))
    page.verdict(row + 4, 4, f"SUMXMY2({ours},{native})<=(1E-9*{desk.scale})^2")
    return row + 5


def _write_profit(page: Page, data: TemplateData, desk: Desk, refs: References) -> None:
    """Write the book's profit and loss a period in money, without and with its hedge."""
    blocks.behind_charts(page, HEADER_ROW - 1, 14, 14, BEHIND_COLUMN)
    first, last = HEADER_ROW + 1, HEADER_ROW + refs.n
    excess = returns_columns(data).excess
    end = (FIRST_ROW + refs.n - 1, excess + desk.assets - 1)
    assets = f"Returns!{xl_range_abs(FIRST_ROW, excess, *end)}"
    # As a portfolio of known exposures; a gap of the market is made one of the book's, too.
    own = f"TRACKING_SERIES({refs.market},{assets},{desk.cells('B')})"
    hedged = f"HEDGED_SERIES({own},{refs.market},SUM({desk.cells('D')}))"
    for column, head, formula in ((BOOK, "unhedged", own), (HEDGED, "hedged", hedged)):
        page.text(HEADER_ROW, column, head, "header")
        page.spill(first, column, f"={formula}", (refs.n, 1), "money", header=False)
        page.book.name(f"profit_{head}", page.range(HEADER_ROW, column, last, column))


# ------------------------------------------------------------------------------ what it does


# Label, place in PORTFOLIO_RISK, native formula, meaning; {c} is the column of the natives.
RISKS = (
    ("Money in the market", "", "", "Nothing is left after the hedge."),
    (
        "Total volatility: PORTFOLIO_RISK",
        "2,3",
        f"SQRT({{c}}{{money}}^2*{FACTOR_VARIANCE}+{{own}}^2)",
        "Variances add: the market's and the own risks'.",
    ),
    (
        "... from the market",
        "3,3",
        "ABS({c}{money})*STDEV.S(market_excess)*SQRT(periods)",
        "|Money in the market| x its volatility.",
    ),
    ("... from own risk", "4,3", "{own}", "The hedge does not touch it."),
    (
        "Factor share of the variance",
        "3,5",
        "IF({c}{total}=0,0,{c}{market}/{c}{total})^2",
        "What the risk report calls factor risk.",
    ),
)


def _write_before_and_after(page: Page, desk: Desk, row: int) -> int:
    """Write money in the market and volatility a year by the model, before and after."""
    page.section(row, "Before and after, by the model: volatility in money a year", last=9)
    heads = ("The book", "before", "after", "native before", "native after", "check")
    blocks.header(page, row + 1, 0, heads)
    cells = {"own": f"$F${desk.hedge + 1}", "money": row + 3, "total": row + 4, "market": row + 5}
    for r, (label, place, native, remark) in enumerate(RISKS, row + 2):
        ours = [_model_risk(desk, hedged, place) for hedged in (False, True)]
        natives = [f"=SUMPRODUCT({desk.book})", "=0"]
        if place:
            natives = [f"={native.format(c=letter, **cells)}" for letter in "DE"]
        share = r == row + 1 + len(RISKS)
        blocks.row_of(page, r, label, (*ours, *natives), "percent1" if share else "money", remark)
        gap = f"MAX(ABS(B{r + 1}-D{r + 1}),ABS(C{r + 1}-E{r + 1}))"
        page.verdict(r, 5, f"{gap}<=1E-9*{'1' if share else desk.scale}")
    return row + 2 + len(RISKS)


def _model_risk(desk: Desk, hedged: bool, place: str) -> str:
    """Return the formula of a cell of PORTFOLIO_RISK, or without a place of the exposure."""
    if not place:
        return f"=SUM({desk.cells('D', hedged)})"
    positions, betas, own = (desk.cells(letter, hedged) for letter in "BCE")
    risk = f"PORTFOLIO_RISK({positions},{betas},{FACTOR_VARIANCE},{own}^2)"
    return f"=IF({desk.scale}=0,0,INDEX({risk},{place}))"


EFFECTS = (
    (
        "percent1",
        "1-VAR.S({after})/VAR.S({before})",
        "1",
        "1 - variance after / before. Below 0 a hedge adds risk.",
    ),
    ("money", "STDEV.S({before})", "{scale}", "A period's volatility in money."),
    (
        "money",
        "STDEV.S({after})",
        "{scale}",
        "In sample: with betas that were not known at the time.",
    ),
    (
        "money",
        "ROUND(SLOPE({after},market_excess),8)",
        "{scale}",
        "Money still in the market: 0 where all have the same rows.",
    ),
    (
        "number",
        "CORREL({after},market_excess)",
        "1",
        "Correlation of what is left with the market.",
    ),
    ("integer", "COUNT({after})", "1", "Rows in which every asset and the market have a return."),
)


def _write_effectiveness(page: Page, data: TemplateData, desk: Desk, row: int) -> int:
    """Write what the hedge did in the sample, beside native functions of the same series."""
    page.section(row, "What the hedge did in the sample: HEDGE_EFFECTIVENESS", last=9)
    few = f"OR({desk.scale}=0,COUNT(profit_hedged)<{LEAST_ROWS})"
    shape = (len(EFFECTS) + 1, 3)
    sentence = (
        f'IF(SEQUENCE({shape[0]},{shape[1]})=1,"No book, or fewer than {LEAST_ROWS} rows","-")'
    )
    table = "HEDGE_EFFECTIVENESS(profit_unhedged,profit_hedged,market_excess)"

    def style(i: int, j: int) -> str:
        if i == 0:
            return "header" if j else "header_left"
        return EFFECTS[i - 1][0] if j else "label_column"

    page.spill(row + 1, 0, f"=IF({few},{sentence},IFERROR(ROUND({table},8),{table}))", shape, style)
    blocks.header(page, row + 1, 3, ("native", blocks.CHECK), left=())
    after = data.native("profit_hedged")
    before = (
        'IF(ISNUMBER(profit_hedged),profit_unhedged,"")' if data.has_gaps else "profit_unhedged"
    )
    for r, (form, native, scale, remark) in enumerate(EFFECTS, row + 2):
        value = native.format(before=before, after=after)
        page.formula(r, 3, f'=IF({few},"-",{value})', form)
        gap = f"IF({few},0,ABS(B{r + 1}-D{r + 1}))"
        page.verdict(r, 4, f"{gap}<=1E-8*{scale.format(scale=desk.scale)}")
        blocks.note(page, r, remark, first=5)
    return row + 2 + len(EFFECTS)


# ------------------------------------------------------------------------------------- charts


def _draw_positions(page: Page, desk: Desk) -> None:
    columns = ((1, styles.ASSET), (3, styles.MARKET))
    series = charts.of_columns(page, desk.first - 1, desk.hedge - 1, columns)
    title = "Positions, and the money in the market that they hold"
    axes = ("Position", "$ million")
    charts.columns(page, CHARTS, title, axes, series, number_format=MILLIONS)


def _draw_profit(page: Page, data: TemplateData, refs: References) -> None:
    last = HEADER_ROW + refs.n
    first = max(HEADER_ROW + 1, last - SHOWN + 1)
    market = returns_columns(data).charts + 2  # stands in the same rows
    points = [
        Series(
            f"={page.reference(HEADER_ROW, column)}",
            f"=Returns!{xl_range_abs(first, market, last, market)}",
            f"={page.range(first, column, last, column)}",
            colour,
        )
        for column, colour in ((BOOK, styles.ASSET), (HEDGED, styles.OWN))
    ]
    points += _fitted_lines(page, data)
    title = "Profit of the book against the market, unhedged and hedged"
    if refs.n > SHOWN:
        title = f"Profit of the book against the market, last {SHOWN:,} rows"
    axes = ("Market, excess return a period", "Profit a period")
    formats = ("0%", THOUSANDS)
    charts.scatter(page, CHARTS, title, axes, points, number_formats=formats)


def _fitted_lines(page: Page, data: TemplateData) -> list[Series]:
    """Write the ends of the lines through both clouds behind the charts; return their series."""
    few, fitted = f"COUNT(profit_hedged)<{LEAST_ROWS}", []
    x = page.range(HEADER_ROW + 1, FITTED, HEADER_ROW + 2, FITTED)
    for i, end in enumerate(("MIN", "MAX"), HEADER_ROW + 1):
        page.formula(i, FITTED, f"={end}(market_excess)", "percent")
    for j, (name, colour) in enumerate((("unhedged", styles.ASSET), ("hedged", styles.OWN)), 1):
        page.text(HEADER_ROW, FITTED + j, f"{name}, line of all rows", "header")
        series = data.native(f"profit_{name}")
        for r in (HEADER_ROW + 1, HEADER_ROW + 2):
            at = xl_rowcol_to_cell(r, FITTED)
            line = f"INTERCEPT({series},market_excess)+SLOPE({series},market_excess)*{at}"
            page.formula(r, FITTED + j, f"=IF({few},0,{line})", "money")
        head = f"={page.reference(HEADER_ROW, FITTED + j)}"
        y = page.range(HEADER_ROW + 1, FITTED + j, HEADER_ROW + 2, FITTED + j)
        fitted.append(Series(head, f"={x}", f"={y}", colour, line=True))
    return fitted
