"""How a page of the template prints: A4 landscape, one page wide, cut where a section begins.

Only a table of very many assets is wider than a page.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from factor_core.workbook.layout import Page, Position

A4 = 9
INCHES = (11.69, 8.27)
SIDE, TOP, BOTTOM = 0.4, 0.45, 0.6  # margins, inches
DOTS = 96  # pixels to the inch
WIDEST = 3200  # pixels on one page, at a third of their size; more assets than a dozen need more
SAFETY = 0.95  # programs and fonts differ by some pixels
TALLEST = 1.35  # pages of rows that still print on one, smaller, before a chart is cut
CHART_GAP = 14  # pixels between charts that stand below one another
FOOTER = "&L&8&A&C&8Factor models: alpha, beta, hedge, position&R&8Page &P of &N"


def set_up(page: Page, last_row: int, last_column: int) -> None:
    """Set paper, margins, footer and the area that prints."""
    page.sheet.set_landscape()
    page.sheet.set_paper(A4)
    across = math.ceil(page.columns_pixels(0, last_column) / WIDEST)
    page.sheet.fit_to_pages(across, 0)
    if across > 1:
        page.sheet.repeat_columns(0)
    page.sheet.print_area(0, 0, last_row, last_column)
    page.sheet.set_margins(left=SIDE, right=SIDE, top=TOP, bottom=BOTTOM)
    page.sheet.set_footer(FOOTER, {"margin": 0.3})


def end_of_charts(page: Page, place: Position) -> Position:
    """Return the last row and column that the charts from `place` down reach."""
    sizes = page.charts[place]
    height = sum(height + CHART_GAP for _, height in sizes) - CHART_GAP
    row, column = place
    while page.rows_pixels(place[0], row) < height:
        row += 1
    while page.columns_pixels(place[1], column) < max(width for width, _ in sizes):
        column += 1
    return row, column


def set_breaks(page: Page, last_row: int, last_column: int) -> None:
    """Begin new printed pages where sections do; rather shrink a page than cut a chart."""
    found, rest = _breaks(page, last_row, last_column)
    if not found and 1 < rest <= TALLEST:
        page.sheet.fit_to_pages(1, 1)
    else:
        page.sheet.set_h_pagebreaks(found)


def _breaks(page: Page, last_row: int, last_column: int) -> tuple[list[int], float]:
    """Return the rows that begin a new printed page, and how many pages the rest would take.

    A page begins with a section, or else between two charts; it cuts no chart where it need not.
    """
    room = _rows_room(page, last_column)
    spans = [span for place in page.charts for span in _chart_spans(page, place)]
    free = [row for row in range(1, last_row) if not any(top < row <= end for top, end in spans)]
    found: list[int] = []
    start = 0
    while (height := page.rows_pixels(start, last_row)) > room:
        fit = [
            row
            for row in free
            if row > start and room / 3 <= page.rows_pixels(start, row - 1) <= room
        ]
        sections = [row for row in fit if row in page.sections]
        if not sections and (not fit or (not found and height <= TALLEST * room)):
            break  # it prints smaller, or the program cuts where it must
        start = sections[-1] if sections else fit[-1]
        found.append(start)
    return found, height / room


def _rows_room(page: Page, last_column: int) -> float:
    """Return the pixels of rows on a printed page, which shrinks with the columns' width."""
    wide, high = INCHES[0] - 2 * SIDE, INCHES[1] - TOP - BOTTOM
    scale = min(1.0, wide * DOTS / page.columns_pixels(0, last_column))
    return high * DOTS / scale * SAFETY


def _chart_spans(page: Page, place: Position) -> list[Position]:
    """Return the first and the last row of each chart from `place` down."""
    spans = []
    top = 0
    for _, height in page.charts[place]:
        first = last = place[0]
        while page.rows_pixels(place[0], first) <= top:
            first += 1
        while page.rows_pixels(place[0], last) < top + height:
            last += 1
        spans.append((first, last))
        top += height + CHART_GAP
    return spans
