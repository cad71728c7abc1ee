"""How a page of the template prints: A4 landscape, one page wide, cut where a section begins.

Only a table of very many assets is wider than a page. No chart is cut: one that would be stands at
the top of the next printed page. The charts are therefore placed when all else is written.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from factor_core.workbook import charts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factor_core.workbook.charts import Chart
    from factor_core.workbook.layout import Page, Position

A4 = 9
INCHES = (11.69, 8.27)
SIDE, TOP, BOTTOM = 0.4, 0.45, 0.6  # margins, inches
DOTS = 96  # pixels to the inch
WIDEST = 3200  # pixels on one page, at a third of their size; more assets than a dozen need more
SAFETY = 0.97  # programs and fonts differ by some pixels
SMALLEST = 0.5  # scale down to which a page shrinks so that its last rows need no second one
LEAST_FILLED = 1 / 3  # of a printed page, before the next section may begin a new one
CHART_GAP = 14  # pixels between charts that stand below one another
EDGE = 6  # pixels between a chart and a break, where its frame would be drawn on both pages
FOOTER = "&L&8&A&C&8Factor models: alpha, beta, hedge, position&R&8Page &P of &N"


def set_up(page: Page, last_row: int, last_column: int, repeat: Position | None = None) -> None:
    """Set paper, margins, footer, the area that prints and its pages; place the charts.

    A long table has its header rows, `repeat`, on every page, and is cut between any two rows.
    """
    last_column = max([last_column, *(_last_column(page, chart) for chart in page.charts)])
    across = math.ceil(page.columns_pixels(0, last_column) / WIDEST)
    scale = _scale(page, last_column, across)
    breaks = _breaks(page, last_row, scale, repeat)
    tops = chart_tops(page, breaks)
    last_row = max(last_row, _last_row(page, tops))
    one = not repeat and not breaks and page.rows_pixels(0, last_row) > _room(scale)
    page.sheet.set_landscape()
    page.sheet.set_paper(A4)
    page.sheet.fit_to_pages(across, int(one))
    page.sheet.print_area(0, 0, last_row, last_column)
    page.sheet.set_h_pagebreaks(breaks)
    page.sheet.set_margins(left=SIDE, right=SIDE, top=TOP, bottom=BOTTOM)
    page.sheet.set_footer(FOOTER, {"margin": 0.3})
    if across > 1:
        page.sheet.repeat_columns(0)
    if repeat:
        page.sheet.repeat_rows(*repeat)
    for chart, top in zip(page.charts, tops, strict=True):
        charts.place(page, chart, top)


def chart_tops(page: Page, breaks: Sequence[int]) -> list[int]:
    """Return the pixels above each chart: below the one before it, and across no break."""
    edges = [page.rows_pixels(0, row - 1) for row in breaks]
    free: dict[int, int] = {}  # by column, the first pixel below the charts so far
    tops = [0] * len(page.charts)
    for number, chart in sorted(enumerate(page.charts), key=lambda one: one[1].cell[0]):
        row, column = chart.cell
        top = max(page.rows_pixels(0, row - 1), free.get(column, 0))
        for edge in edges:
            if top - EDGE < edge < top + chart.size[1] + EDGE:
                top = edge + EDGE
        tops[number] = top
        free[column] = top + chart.size[1] + CHART_GAP
    return tops


def _breaks(page: Page, last_row: int, scale: float, repeat: Position | None) -> list[int]:
    """Return the rows that begin a new printed page.

    Of a long table only those as far down as the charts: below them the program breaks as it likes.
    """
    breaks: list[int] = []
    start, room = 0, _room(scale)
    end = 0 if repeat else last_row
    last = max(end, _last_row(page, chart_tops(page, breaks)))
    if not repeat and page.rows_pixels(0, last) <= _room(min(scale, SMALLEST)):
        return breaks
    while page.rows_pixels(start, last) > room:
        start = _next_page(page, start, last, room)
        breaks.append(start)
        last = max(end, _last_row(page, chart_tops(page, breaks)))
        if repeat:
            room = _room(scale) - page.rows_pixels(*repeat)
    return breaks


def _next_page(page: Page, start: int, last: int, room: float) -> int:
    """Return the row that begins the page after the one of row `start`: a section's, if it can."""
    fit = [
        row
        for row in range(start + 1, last + 1)
        if LEAST_FILLED * room <= page.rows_pixels(start, row - 1) <= room
    ]
    sections = [row for row in fit if row in page.sections]
    return (sections or fit)[-1]


def _scale(page: Page, last_column: int, across: int) -> float:
    """Return the scale at which the columns are so many printed pages wide."""
    wide = (INCHES[0] - 2 * SIDE) * DOTS
    return min(1.0, across * wide / page.columns_pixels(0, last_column))


def _room(scale: float) -> float:
    """Return the pixels of rows on a printed page at a scale."""
    return (INCHES[1] - TOP - BOTTOM) * DOTS / scale * SAFETY


def _last_row(page: Page, tops: Sequence[int]) -> int:
    """Return the last row that charts reach which have so many pixels above them."""
    ends = (top + chart.size[1] - 1 for chart, top in zip(page.charts, tops, strict=True))
    return max((page.row_at(end) for end in ends), default=0)


def _last_column(page: Page, chart: Chart) -> int:
    first = last = chart.cell[1]
    while page.columns_pixels(first, last) < chart.size[0]:
        last += 1
    return last
