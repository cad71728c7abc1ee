"""The pages Data and Returns: the series the analyst brings, and what regressions need of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from factor_core.workbook import blocks, charts, data_check, styles
from factor_core.workbook.charts import Series
from factor_core.workbook.references import (
    FIRST_ROW,
    HEADER_ROW,
    References,
    TemplateData,
    returns_columns,
)

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page

GROUP_ROW = HEADER_ROW - 1
MOST_DRAWN = 6  # lines that one chart can tell apart

# ------------------------------------------------------------------------------------------- Data


def write_data(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the series themselves, where they come from and what is missing in them."""
    kind = "returns" if data.are_returns else "prices"
    page = book.page(
        "Data",
        f"Data: {kind} and the risk-free rate",
        f"One row a date, oldest first. With your own: factor-udfs new BOOK.xlsm --{kind} FILE.csv",
    )
    right = len(data.names) + 3
    page.widths(12, *[13] * (len(data.names) + 1), 3, 26, *[13] * 9)
    _write_series(page, data)
    row = _write_source(page, data, right)
    row = _write_completeness(page, data, row + 1, right)
    _write_risk_free(page, data, row + 1, right)
    data_check.write_findings(page, data, HEADER_ROW, right + 11)
    below = data_check.write_summary(page, row + 6, right, right + 11)
    if not data.are_returns:
        _draw_prices(page, data, below + 1, right)
    page.freeze(FIRST_ROW, 1)
    page.print_setup(FIRST_ROW + len(data.dates) - 1, right + 9, (HEADER_ROW, HEADER_ROW))
    book.name("price_dates", _data_column(page, data, 0))
    if not data.are_returns:
        book.name("prices", page.range(HEADER_ROW, 1, _last(data), len(data.names)))
    else:
        book.name("all_returns", page.range(HEADER_ROW, 1, _last(data), len(data.names)))
    return page


def _last(data: TemplateData) -> int:
    """Return the last row of the Data page's table."""
    return FIRST_ROW + len(data.dates) - 1


def _data_column(page: Page, data: TemplateData, column: int, first: int = FIRST_ROW) -> str:
    return page.range(first, column, _last(data), column)


def _write_series(page: Page, data: TemplateData) -> None:
    """Write dates, values and rates; a missing one stays a blank cell."""
    style = "input percent" if data.are_returns else "input price"
    rf_column = len(data.names) + 1
    page.text(GROUP_ROW, 1, "Returns, decimal" if data.are_returns else "Prices", "strong")
    page.text(GROUP_ROW, rf_column, "Rate a period", "strong")
    page.text(HEADER_ROW, 0, "Date", "header")
    for column, name in enumerate([*data.names, "Risk-free"], 1):
        page.value(HEADER_ROW, column, name, "header")  # whatever it is, it is no formula
    page.height(HEADER_ROW, 34)
    for i, day in enumerate(data.dates):
        row = FIRST_ROW + i
        page.value(row, 0, day, "input date")
        for j, value in enumerate(data.values[i], 1):
            page.value(row, j, None if np.isnan(value) else float(value), style)
        rate = data.rf[i]
        page.value(row, rf_column, None if np.isnan(rate) else float(rate), "input percent4")


def _write_source(page: Page, data: TemplateData, column: int) -> int:
    last = column + 9
    page.section(HEADER_ROW, "Source", first=column, last=last, tall=False)
    row = HEADER_ROW + 1
    for text in (data.source, *data.notes):
        page.value(row, column, text, "label")
        row += 1
    return row


def _write_completeness(page: Page, data: TemplateData, row: int, column: int) -> int:
    """Write what each column holds, and what aligning the chosen asset with the market drops."""
    page.section(row, "What is there, what is missing", first=column, last=column + 9, tall=False)
    names = ["Series", "first date", "last date", "filled", "missing", "first", "last"]
    blocks.header(page, row + 1, column, names)
    style = "percent" if data.are_returns else "price"
    every = [*data.names, "Risk-free"]
    dates = _data_column(page, data, 0)
    for offset in range(len(every)):
        at = row + 2 + offset
        cells = _data_column(page, data, offset + 1)
        page.text(at, column, f"={page.reference(HEADER_ROW, offset + 1)}")
        own = "percent4" if offset == len(data.names) else style
        for step, (formula, form) in enumerate(
            (
                (f'=MIN(IF(ISNUMBER({cells}),{dates},""))', "date"),
                (f'=MAX(IF(ISNUMBER({cells}),{dates},""))', "date"),
                (f"=COUNT({cells})", "integer"),
                (f"=ROWS({cells})-COUNT({cells})", "integer"),
                (f"=INDEX({cells},MATCH(TRUE,ISNUMBER({cells}),0))", own),
                (f"=LOOKUP(2,1/ISNUMBER({cells}),{cells})", own),
            ),
            1,
        ):
            page.formula(at, column + step, formula, form)
    return row + 2 + len(every)


def _write_risk_free(page: Page, data: TemplateData, row: int, column: int) -> None:
    page.section(row, "Risk-free rate a year", first=column, last=column + 9, tall=False)
    # The first price has no return, so its rate is not used.
    first = FIRST_ROW + (not data.are_returns)
    cells = _data_column(page, data, len(data.names) + 1, first)
    page.labelled(row + 1, column, "rf_annual", f"=ANNUALIZE(AVERAGE({cells}),periods)", "percent")
    page.book.name("rf_annual", page.reference(row + 1, column + 1))
    page.labelled(row + 2, column, "the same, native", f"=AVERAGE({cells})*periods", "percent")
    page.agrees(row + 2, column + 2, "rf_annual", page.reference(row + 2, column + 1))
    page.labelled(
        row + 3, column, "and back to a period", "=RF_PER_PERIOD(rf_annual,periods)", "percent4"
    )
    note = "The mean scales by the number of periods; rf_annual / periods is the average rate."
    page.text(row + 3, column + 3, note, "remark")


def _draw_prices(page: Page, data: TemplateData, row: int, column: int) -> None:
    series = [
        Series(
            name=f"={page.reference(HEADER_ROW, j)}",
            x=f"={_data_column(page, data, 0)}",
            y=f"={_data_column(page, data, j)}",
            colour=styles.MARKET if j == len(data.names) else styles.ASSETS[j - 1],
            width=1.25,
        )
        for j in _drawn(data)
    ]
    charts.lines(
        page,
        (row, column),
        "Prices, on a scale where equal heights are equal returns",
        ("Date", "Price (log scale)"),
        series,
        size=(860, 420),
        number_format="#,##0",
        years=data.years,
        logarithmic=True,
    )


def _drawn(data: TemplateData) -> list[int]:
    """Return the columns that the chart of prices shows: the first assets and the market."""
    width = len(data.names)
    return [*range(1, min(width, MOST_DRAWN)), width]


# ---------------------------------------------------------------------------------------- Returns


def write_returns(book: Book, data: TemplateData, refs: References) -> Page:
    """Write returns, excess returns, the columns chosen on Start, and their statistics."""
    page = book.page(
        "Returns",
        '="Returns: "&asset_name&", "&second_asset&" and "&market_name',
        "Excess returns are what regressions need: subtract the risk-free rate once, here.",
    )
    columns = returns_columns(data)
    page.widths(11, *[10] * (columns.statistics - 2), 3, 32, 20, 20, *[12] * 7)
    page.height(HEADER_ROW, 34)
    _write_return_columns(page, data)
    _write_chosen(page, data)
    at = columns.statistics
    row = _write_statistics(page, data, HEADER_ROW, at)
    row = _write_alignment(page, row + 1, at)
    if data.periods > 200:  # only daily rows can lose a holiday
        _write_row_loss(page, refs, row + 1, at)
    page.freeze(FIRST_ROW, 1)
    page.print_setup(FIRST_ROW + refs.n - 1, at + 9, (HEADER_ROW, HEADER_ROW))
    return page


def _write_return_columns(page: Page, data: TemplateData) -> None:
    columns, n, width = returns_columns(data), data.returns, len(data.names)
    first = FIRST_ROW + (not data.are_returns)
    dates = f"Data!{xl_range_abs(first, 0, _last(data), 0)}"
    rates = f"Data!{xl_range_abs(first, width + 1, _last(data), width + 1)}"
    page.text(HEADER_ROW, columns.dates, "Date", "header")
    page.spill(FIRST_ROW, columns.dates, f"={dates}", (n, 1), "date", header=False)
    if not data.are_returns:
        page.text(GROUP_ROW, columns.simple, "Simple returns", "strong")
        block = page.spill(
            HEADER_ROW, columns.simple, "=SIMPLE_RETURNS(prices)", (n + 1, width), "percent"
        )
        page.book.name("all_returns", block)
    page.text(HEADER_ROW, columns.rf, "Risk-free", "header")
    rf = f"=IF(ISNUMBER({rates}),{rates},NA())"
    page.spill(FIRST_ROW, columns.rf, rf, (n, 1), "percent4", header=False)
    page.book.name("rf", page.range(HEADER_ROW, columns.rf, HEADER_ROW + n, columns.rf))
    page.text(GROUP_ROW, columns.excess, "Excess returns", "strong")
    excess = page.spill(
        HEADER_ROW,
        columns.excess,
        "=EXCESS_RETURNS(all_returns,rf)",
        (n + 1, width),
        "percent",
    )
    page.book.name("excess_all", excess)
    dated = page.range(HEADER_ROW, columns.dates, HEADER_ROW + n, columns.dates)
    page.book.name("return_dates", dated)


def _write_chosen(page: Page, data: TemplateData) -> None:
    """Write the asset, the second asset and the market, and the same three for charts."""
    columns, n = returns_columns(data), data.returns
    page.text(GROUP_ROW, columns.chosen, "Chosen on Start", "strong")
    page.text(GROUP_ROW, columns.charts, "The same for charts", "strong")
    # Looked up as a text, "Fund?" would find "Fund1", and a name of 256 letters nothing.
    # LibreOffice finds text of an add-in's array equal to no text until it is joined to one.
    column_of = 'MATCH(TRUE,INDEX(excess_all,1,0)&""={},0)'
    numbers = (
        column_of.format("asset_name"),
        column_of.format("second_asset"),
        "COLUMNS(excess_all)",
    )
    defined = ("asset_excess", "second_excess", "market_excess")
    for offset, (name, number) in enumerate(zip(defined, numbers, strict=True)):
        # Native functions skip an empty text and stop at #N/A.
        formula = f'=IFNA(INDEX(excess_all,0,{number}),"")'
        column = columns.chosen + offset
        cells = page.spill(HEADER_ROW, column, formula, (n + 1, 1), "percent")
        page.book.name(name, cells)
        chart = columns.charts + offset
        page.text(HEADER_ROW, chart, f"={page.reference(HEADER_ROW, column)}", "header")
        below = page.range(FIRST_ROW, column, HEADER_ROW + n, column)
        # Charts leave #N/A out; a text among the x values would turn them into 1, 2, 3.
        numbers_only = f"=IF(ISNUMBER({below}),{below},NA())"
        page.spill(FIRST_ROW, chart, numbers_only, (n, 1), "percent", header=False)


class Moment(NamedTuple):
    """A column of the table of statistics; {x} is an asset's excess returns, {m} the market's."""

    name: str
    formula: str
    style: str


MOMENTS = (
    Moment("n", "=COUNT({x})", "integer"),
    Moment("mean a year", "=ANNUALIZE(AVERAGE({x}),periods)", "percent"),
    Moment("volatility a year", '=ANNUALIZE(STDEV.S({x}),periods,"vol")', "percent"),
    Moment("Sharpe ratio", "=SHARPE_RATIO({x},periods)", "number"),
    Moment("the same, native", "=AVERAGE({x})/STDEV.S({x})*SQRT(periods)", "number"),
    Moment("", "", ""),
    Moment("smallest", "=MIN({x})", "percent"),
    Moment("largest", "=MAX({x})", "percent"),
    Moment("correl. with market", "=CORREL({x},{m})", "number"),
)


def _write_statistics(page: Page, data: TemplateData, row: int, column: int) -> int:
    page.section(row - 1, "Excess returns in numbers", first=column, last=column + 9, tall=False)
    header = ["Series", *(moment.name for moment in MOMENTS)]
    blocks.header(page, row, column, header, lines=2)
    first = returns_columns(data).excess
    market = _numbers(page, data, first + len(data.names) - 1)
    for offset in range(len(data.names)):
        at = row + 1 + offset
        cells = _numbers(page, data, first + offset)
        page.text(at, column, f"={page.reference(HEADER_ROW, first + offset)}")
        for step, moment in enumerate(MOMENTS, 1):
            if moment.formula:
                formula = moment.formula.format(x=cells, m=market)
                page.formula(at, column + step, formula, moment.style)
        ours, theirs = page.reference(at, column + 4), page.reference(at, column + 5)
        page.agrees(at, column + 6, ours, theirs)
    return row + 1 + len(data.names)


def _numbers(page: Page, data: TemplateData, column: int) -> str:
    """Return a column of excess returns as native functions take it: without #N/A."""
    cells = page.range(FIRST_ROW, column, HEADER_ROW + data.returns, column)
    return data.native(cells)


def _write_alignment(page: Page, row: int, column: int) -> int:
    """Write what matching the dates of the asset and of the market drops."""
    page.section(row, "What matching the dates drops", first=column, last=column + 9, tall=False)
    note = (
        "Dates on which the asset has a return, beside those of the market. "
        "The lag that fits best shows a series that is dated a row too early or late."
    )
    page.text(row + 1, column, note, "remark")
    pairs = (f'IF({name}<>"",return_dates,""),{name}' for name in ("asset_excess", "market_excess"))
    formula = f"=ALIGN_REPORT({','.join(pairs)})"
    page.spill(row + 2, column, formula, (ALIGNMENT_ROWS, 3), _alignment_style, header=False)
    end = row + 2 + ALIGNMENT_ROWS
    listed, finding = row + 2 + LISTED_ROW, end - 1
    texts = (
        f'="Only "&asset_name&": "&{xl_rowcol_to_cell(listed, column + 1)}',
        f'="Only "&market_name&": "&{xl_rowcol_to_cell(listed, column + 2)}',
        f'="Finding: "&{xl_rowcol_to_cell(finding, column + 1)}',
    )
    for offset, text in enumerate(texts):  # whole, where the table's cells cut them off
        page.text(end + offset, column, text)
    return end + len(texts)


ALIGNMENT_ROWS = 19
LISTED_ROW, CORRELATION_ROWS = 4, (15, 17)


def _alignment_style(i: int, j: int) -> str:
    if i == 0:
        return "header" if j else "header_left"
    if j == 0:
        return "label"
    return "number" if i in CORRELATION_ROWS else "answer"


HOLIDAYS = (
    "(MONTH({d})=10)*(WEEKDAY({d})=2)*(DAY({d})>7)*(DAY({d})<15)+(MONTH({d})=11)*(DAY({d})=11)"
)


def _write_row_loss(page: Page, refs: References, row: int, column: int) -> None:
    """Write what becomes of beta when days without a quoted bill rate are dropped in silence."""
    page.section(
        row, "The trap of rows dropped in silence", first=column, last=column + 9, tall=False
    )
    closed = HOLIDAYS.format(d=refs.dates)
    kept = f'IF({closed}=0,{{0}},"")'  # LibreOffice calls no function on an array with #N/A
    lines = (
        ("Bond market closed, days", f"=SUMPRODUCT({closed})", "integer"),
        (
            "Largest market move among them",
            f'=MAX(IF(({closed})*ISNUMBER({refs.market})>0,{refs.market},""))',
            "percent",
        ),
        ("Beta, every row", "=FACTOR_BETA(asset_excess,market_excess)", "number6"),
        (
            "Beta without those days",
            f"=FACTOR_BETA({kept.format(refs.asset)},{kept.format(refs.market)})",
            "number6",
        ),
    )
    for offset, (label, formula, style) in enumerate(lines, 1):
        page.labelled(row + offset, column, label, formula, style)
    notes = (
        "On Columbus Day and Veterans Day shares trade in New York and bonds do not.",
        "Joining prices with quoted bill rates by date deletes these days, 2008-10-13 among them.",
        "Every row that has a return is used here;",
        "a join that drops rows changes beta, and nothing in the output says so.",
    )
    for offset, text in enumerate(notes, 1):
        page.text(row + offset, column + 3, text, "remark")
