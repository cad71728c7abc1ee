"""Lower half of the page Hedge desk: a book of industries, four factors, seven instruments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_col_to_name

from factor_core import sample
from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import BEHIND_COLUMN, CHART_COLUMN
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_hedge_asset import least_variance_style
from factor_core.workbook.pages_monthly import START
from factor_core.workbook.pages_multifactor import FACTORS, INDUSTRIES
from factor_core.workbook.pages_sizing import MILLIONS, dollars

if TYPE_CHECKING:
    from factor_core.workbook.layout import Page

POSITIONS = dict.fromkeys(INDUSTRIES, 0) | {
    "Enrgy": -1_500_000,
    "BusEq": 3_000_000,
    "Utils": -2_000_000,
    "Shops": 1_000_000,
    "Hlth": 2_000_000,
    "Money": 1_500_000,
}  # to begin with: money in each
LEGS = {
    "Index future": (1, 0, 0, 0),
    "Small caps": (0, 1, 0, 0),
    "Large caps": (0, -1, 0, 0),
    "Value stocks": (0, 0, 1, 0),
    "Growth stocks": (0, 0, -1, 0),
    "Winners": (0, 0, 0, 1),
    "Losers": (0, 0, 0, -1),
}  # money in each instrument for 1 of Mkt-RF, SMB, HML and Mom
INSTRUMENTS = ("Mkt-RF", "Manuf", "Other")  # of the least-variance hedge, to begin with
COUNT, K = len(INDUSTRIES), len(FACTORS)
ALL, MONTHS = "industry_excess,factors_carhart", 12
HEADS, SERIES = 4, BEHIND_COLUMN + 7  # the instruments' returns, behind the charts
VALUES, BETAS, OWN = 1, 2, 2 + K  # columns of the table of positions
FACTOR_COVARIANCE = f"FACTOR_COV(factors_carhart,{MONTHS})"


def write_industries(page: Page, row: int) -> int:
    """Write the book of industries from `row` down; return the last row."""
    charts_at = (row, CHART_COLUMN)
    first = _write_positions(page, row)
    at = _write_instruments(page, first, first + COUNT + 4)
    trades = at - 3
    at = _write_before_and_after(page, first, at + 1)
    last = _write_least_variance(page, at + 1)
    _draw_exposures(page, charts_at, first)
    _draw_trades(page, charts_at, trades)
    return last


def _cells(first: int, column: int, last_column: int = 0) -> str:
    """Return the twelve rows of one or more columns."""
    end = xl_col_to_name(last_column or column)
    return f"${xl_col_to_name(column)}${first + 1}:${end}${first + COUNT}"


# ---------------------------------------------------------------------------------- the book


def _write_positions(page: Page, row: int) -> int:
    """Write positions, betas and residual volatilities; return the row of the first industry."""
    page.section(row, "Several factors: a book of industries (monthly sample)", last=9)
    first = row + 3
    betas, held = _cells(first, BETAS, OWN - 1), _cells(first, VALUES)
    gross = "+".join(f"SUMPRODUCT(ABS({held})*ABS({_cells(first, BETAS + j)}))" for j in range(K))
    netted = f"SUMPRODUCT(ABS({_totals(first)}))"
    text = (
        f'="Hedged one by one, the positions would need "&{dollars(gross)}&" in factors; netted, "'
        f'&{dollars(netted)}&". The factors follow Kenneth French, and this part stays on the '
        'built-in sample, whatever data the daily sheets hold."'
    )
    blocks.paragraph(page, row + 1, text, longest="netting " * 30)
    heads = ("Position", "money", *FACTORS, "residual vol a year", "own risk")
    blocks.header(page, row + 2, 0, heads, lines=2)
    for i, (name, money) in enumerate(POSITIONS.items()):
        page.text(first + i, 0, name)
        page.value(first + i, VALUES, money, "input money")
        blocks.numbers_only(page, first + i, VALUES)
        own = f"=ABS(B{first + i + 1})*G{first + i + 1}"
        page.formula(first + i, OWN + 1, own, "money")
    shape = (COUNT, K)
    page.spill(first, BETAS, f"=FACTOR_BETA({ALL})", shape, "number2", header=False)
    own = f"=RESIDUAL_VOL({ALL},{MONTHS})"
    page.spill(first, OWN, own, (COUNT, 1), "percent1", header=False)
    _write_hedge(page, first, held, betas)
    return first


def _write_hedge(page: Page, first: int, held: str, betas: str) -> None:
    """Write the book's money in each factor and the hedge, ours and native."""
    row = first + COUNT
    page.text(row, 0, "Money in the factor", "strong")
    page.formula(row, VALUES, f"=SUM({held})", "strong money")
    for j in range(K):
        exposure = f"=SUMPRODUCT({held},{_cells(first, BETAS + j)})"
        page.formula(row, BETAS + j, exposure, "strong money")
    page.formula(row, OWN + 1, f"=SQRT(SUMSQ({_cells(first, OWN + 1)}))", "strong money")
    page.text(row + 1, 0, "Hedge: HEDGE_NOTIONALS")
    hedge = f"=HEDGE_NOTIONALS({held},{betas})"
    page.spill(row + 1, BETAS, hedge, (1, K), "money", header=False)
    ours, totals = _row(row + 1, BETAS, K), _totals(first)
    page.verdict(row + 1, OWN, f"SUMPRODUCT(ABS({ours}+{totals}))<=1E-9*{_scale(first)}")
    page.text(row + 1, OWN + 1, "- position x beta", "remark")


def _row(row: int, column: int, count: int) -> str:
    last = xl_col_to_name(column + count - 1)
    return f"${xl_col_to_name(column)}${row + 1}:${last}${row + 1}"


def _totals(first: int) -> str:
    return _row(first + COUNT, BETAS, K)


def _scale(first: int) -> str:
    return f"SUMPRODUCT(ABS({_cells(first, VALUES)}))"


def _write_instruments(page: Page, first: int, row: int) -> int:
    """Write the matrix of legs and the trades; return the row below them."""
    page.section(row - 1, "From four factors to seven instruments: the legs are inputs", last=9)
    blocks.header(page, row, 0, ("Money for 1 of the factor", *[""] * len(LEGS), "sum"))
    for column, name in enumerate(LEGS, 1):
        page.value(row, column, name, "input text")
    for j, factor in enumerate(FACTORS):
        page.text(row + 1 + j, 0, factor)
        for column, leg in enumerate(LEGS.values(), 1):
            page.value(row + 1 + j, column, leg[j], "input general")
            blocks.numbers_only(page, row + 1 + j, column)
        own = _row(row + 1 + j, 1, len(LEGS))
        page.formula(row + 1 + j, 1 + len(LEGS), f"=SUM({own})", "general")
    last = xl_col_to_name(len(LEGS))
    legs = f"$B${row + 2}:${last}${row + 1 + K}"
    held, betas = _cells(first, VALUES), _cells(first, BETAS, OWN - 1)
    at = row + 1 + K
    page.text(at, 0, "Trades, netted: HEDGE_TRADES", "strong")
    trades = f"=HEDGE_TRADES({held},{betas},{legs})"
    shape = (1, len(LEGS))
    page.spill(at, 1, trades, shape, "strong money", header=False)
    page.text(at + 1, 0, "Native: MMULT(hedge, legs)")
    native = f"=MMULT({_row(first + COUNT + 1, BETAS, K)},{legs})"
    page.spill(at + 1, 1, native, shape, "money", header=False)
    for r in (at, at + 1):
        page.formula(r, 1 + len(LEGS), f"=SUM({_row(r, 1, len(LEGS))})", "money")
    gap = f"SUMXMY2({_row(at, 1, len(LEGS))},{_row(at + 1, 1, len(LEGS))})"
    page.verdict(at + 1, 2 + len(LEGS), f"{gap}<=(1E-9*{_scale(first)})^2")
    text = (
        "SMB is long small and short large stocks, so its legs are 1 and -1 and sum to 0; the "
        "market's excess return is a future, which needs no loan beside it. The hedge is as good "
        "as the instruments: it assumes that each basket holds what the factor's own leg holds."
    )
    blocks.paragraph(page, at + 2, text)
    return at + 3


# ------------------------------------------------------------------------------ what it does


def _write_before_and_after(page: Page, first: int, row: int) -> int:
    """Write betas and volatility of the book's own returns, before and after the hedge."""
    page.section(row, "Before and after: the book of industries", last=9)
    blocks.header(page, row + 1, 0, ("Money in the factor, by regression", "", *FACTORS, "check"))
    held = _cells(first, VALUES)
    book = f"TRACKING_SERIES(industry_chosen,industry_excess,{held})"
    hedged = f"HEDGED_SERIES({book},factors_carhart,{_totals(first)})"
    for r, label, series, expected in (
        (row + 2, "of the book's profit", book, _totals(first)),
        (row + 3, "of the hedged book's profit", hedged, "0"),
    ):
        page.text(r, 0, label)
        formula = f"=ROUND(FACTOR_BETA({series},factors_carhart),6)"
        page.spill(r, BETAS, formula, (1, K), "money", header=False)
        gap = f"SUMPRODUCT(ABS({_row(r, BETAS, K)}-{expected}))"
        page.verdict(r, OWN, f"{gap}<=1E-9*{_scale(first)}")
    text = "Beta of a sum = sum of betas."
    blocks.note(page, row + 2, text, first=OWN + 1)
    blocks.note(page, row + 3, "In sample nothing is left.", first=OWN + 1)
    heads = ("Volatility a year", "before", "after", "effectiveness", "1 - (after / before)^2")
    blocks.header(page, row + 4, 0, (*heads, blocks.CHECK), lines=2)
    _write_volatilities(page, first, row + 5, (book, hedged))
    return row + 8


def _write_volatilities(page: Page, first: int, row: int, series: tuple[str, str]) -> None:
    """Write the volatility of the series, and what the model with independent residuals says."""
    book, hedged = series
    scale = _scale(first)
    effect = f"HEDGE_EFFECTIVENESS({book},{hedged},factors_carhart)"
    root = f"*SQRT({MONTHS})"
    real = [f"=IF({scale}=0,0,INDEX({effect},{line},2){root})" for line in (3, 4)]
    blocks.row_of(page, row, "In the sample", real, "money")
    page.formula(row, 3, f"=IF({scale}=0,0,INDEX({effect},2,2))", "percent1")
    held, betas, own = _cells(first, VALUES), _cells(first, BETAS, OWN - 1), _cells(first, OWN)
    risk = f"PORTFOLIO_RISK({held},{betas},{FACTOR_COVARIANCE},{own}^2)"
    before = f"=IF({scale}=0,0,INDEX({risk},2,3))"
    model = (before, f"=$H${first + COUNT + 1}")
    blocks.row_of(page, row + 1, "By the model: PORTFOLIO_RISK", model, "money")
    page.formula(row + 1, 3, f"=IF({scale}=0,0,1-(C{row + 2}/B{row + 2})^2)", "percent1")
    page.formula(row, 4, f"=IF({scale}=0,0,1-(C{row + 1}/B{row + 1})^2)", "percent1")
    page.verdict(row, 5, f"ABS(D{row + 1}-E{row + 1})<=1E-9")
    text = (
        f'="The model takes the residuals as independent and puts the hedged book at "&'
        f"{dollars(f'C{row + 2}')}&"
        f'" a year; in the sample it was "&{dollars(f"C{row + 1}")}&": "&'
        f'IF(C{row + 1}>C{row + 2},"the residuals of this book add up more than that.",'
        '"the residuals of this book offset one another in part.")'
    )
    blocks.paragraph(page, row + 2, text, longest="residual " * 22)


# ------------------------------------------------------------------------------ least variance


def _write_least_variance(page: Page, row: int) -> int:
    """Write the hedge of the chosen industry by three instruments, without and with a ridge."""
    page.section(row, '="Least variance: "&industry_name&" hedged with three instruments"', last=9)
    page.text(row + 1, 0, "Instruments")
    names = ["Mkt-RF", *INDUSTRIES]
    for column, name in enumerate(INSTRUMENTS, 1):
        page.value(row + 1, column, name, "input text")
        page.choice(row + 1, column, names)
    picked = _row(row + 1, 1, len(INSTRUMENTS))
    text = (
        f'=IF(SUMPRODUCT(--({picked}=industry_name))>0,"One of them is the industry itself.",'
        '"The industry is chosen on the sheet Multi-factor.")'
    )
    blocks.note(page, row + 1, text)
    page.input(row + 2, 0, "Ridge of the second table", 0.1, "industry_ridge", "number2")
    rule = {"criteria": "between", "minimum": 0, "maximum": 1e6}
    blocks.numbers_only(page, row + 2, 1, rule)
    text = "Each instrument counts as if it had that share of its variance on top, of its own."
    blocks.note(page, row + 2, text)
    series = _write_instrument_returns(page, row + 1)
    shape = (len(INSTRUMENTS) + 5, 4)
    at, ends = row + 3, []
    for ridge in ("", ",industry_ridge"):
        call = f"=MIN_VAR_HEDGE(industry_chosen,{series}{ridge})"
        page.spill(at, 0, call, shape, least_variance_style(len(INSTRUMENTS)))
        ends.append(at)
        at += shape[0]
    return _check_least_variance(page, at, series, ends)


def _write_instrument_returns(page: Page, row: int) -> str:
    """Write the returns of the chosen instruments behind the charts; return their cells."""
    count = len(sample.monthly(start=START).dates)
    for j in range(len(INSTRUMENTS)):
        name = f"${xl_col_to_name(1 + j)}${row + 1}"
        found = f"INDEX(industry_excess,0,MATCH({name},INDEX(industry_excess,1,0),0))"
        formula = f'=IF({name}="Mkt-RF",INDEX(factors_carhart,0,1),{found})'
        page.spill(HEADS, SERIES + j, formula, (count + 1, 1), "percent")
    return page.range(HEADS, SERIES, HEADS + count, SERIES + len(INSTRUMENTS) - 1)


def _check_least_variance(page: Page, row: int, series: str, tables: list[int]) -> int:
    """Write the ratios by regression beside the first table, and the moral in words."""
    count = len(INSTRUMENTS)
    page.text(row, 0, "Ratios by regression: HEDGE_RATIO")
    ratio = f"=HEDGE_RATIO(industry_chosen,{series})"
    page.spill(row, 1, ratio, (1, count), "number", header=False)
    ours = f"$B${tables[0] + 2}:$B${tables[0] + 1 + count}"
    theirs = "+".join(
        f"ABS(B{tables[0] + 2 + j}-{xl_col_to_name(1 + j)}{row + 1})" for j in range(count)
    )
    page.verdict(row, count + 1, f"{theirs}<=1E-9*(1+SUMPRODUCT(ABS({ours})))")
    blocks.note(page, row, "Without a ridge they are minus the betas.", first=5)
    sizes = [f"SUMPRODUCT(ABS($B${at + 2}:$B${at + 1 + count}))" for at in tables]
    after = [f"B{at + 3 + count}" for at in tables]
    text = (
        f'="The ridge takes the trades from "&ROUND({sizes[0]},2)&" to "&ROUND({sizes[1]},2)&'
        f'" for each 1 hedged and the volatility after from "&ROUND(100*{after[0]},2)&" to "&'
        f'ROUND(100*{after[1]},2)&" % a month. In sample the ridge never wins; out of sample the '
        'ratios of instruments that overlap (VIF above 5) are the least certain."'
    )
    blocks.paragraph(page, row + 1, text, longest="overlap " * 36)
    return row + 1


# ------------------------------------------------------------------------------------- charts


def _draw_exposures(page: Page, place: tuple[int, int], first: int) -> None:
    heads = f"={page.range(first - 1, BETAS, first - 1, OWN - 1)}"
    series = [
        Series(name, heads, f"={page.range(row, BETAS, row, OWN - 1)}", colour)
        for name, row, colour in (
            ("book", first + COUNT, styles.ASSET),
            ("hedge", first + COUNT + 1, styles.MARKET),
        )
    ]
    title = "Money in each factor: the book of industries and its hedge"
    axes = ("Factor", "$ million")
    charts.columns(page, place, title, axes, series, number_format=MILLIONS)


def _draw_trades(page: Page, place: tuple[int, int], row: int) -> None:
    heads = row - K - 1
    series = Series(
        "trade",
        f"={page.range(heads, 1, heads, len(LEGS))}",
        f"={page.range(row, 1, row, len(LEGS))}",
        styles.MARKET,
    )
    axes = ("Instrument", "$ million, negative: sell")
    title = "Trades that hedge the book of industries"
    charts.columns(page, place, title, axes, [series], number_format=MILLIONS)
