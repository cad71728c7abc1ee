"""Where the charts and the printed pages of a sheet lie, from nothing but the file: in pixels."""

from __future__ import annotations

import itertools
from typing import NamedTuple

from openpyxl.utils import range_boundaries

from factor_core.workbook.measure import row_pixels

EMU = 9525  # English metric units to the pixel, by the Office Open XML standard
DOTS = 96  # pixels to the inch
A4 = (11.69, 8.27)  # inches, landscape
USUAL_COLUMN = 64


class Box(NamedTuple):
    """A chart, from the upper left corner of its sheet."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def shape(self):
        return (self.right - self.left) / (self.bottom - self.top)


class Sheet:
    """A sheet as it prints."""

    def __init__(self, sheet):
        """Read an openpyxl sheet."""
        self.sheet = sheet
        self.widths = {
            column: int(one.width * 7 + 0.5)
            for one in sheet.column_dimensions.values()
            for column in range(one.min, one.max + 1)
        }
        _, _, self.last_column, self.last_row = range_boundaries(
            sheet.print_area.rpartition("!")[2]
        )
        self.breaks = [one.id for one in sheet.row_breaks.brk]
        self.across = sheet.page_setup.fitToWidth or 1
        self.one_page = sheet.page_setup.fitToHeight != 0  # 1 is the default
        self.boxes = [self._box(chart.anchor) for chart in sheet._charts]

    def above(self, row):
        """Return the pixels of the rows above one that counts from 0."""
        usual = self.sheet.sheet_format.defaultRowHeight
        heights = (self.sheet.row_dimensions[i].height for i in range(1, row + 1))
        return sum(row_pixels(usual if height is None else height) for height in heights)

    def left_of(self, column):
        """Return the pixels of the columns left of one that counts from 0."""
        return sum(self.widths.get(i, USUAL_COLUMN) for i in range(1, column + 1))

    @property
    def scale(self):
        """Return the scale at which the print area is as wide as its pages, 1 at most."""
        margins = self.sheet.page_margins
        wide = (A4[0] - margins.left - margins.right) * DOTS * self.across
        return min(1, wide / self.left_of(self.last_column))

    def room(self, scale):
        """Return the pixels of rows that stand on one page."""
        margins = self.sheet.page_margins
        return (A4[1] - margins.top - margins.bottom) * DOTS / scale

    @property
    def header(self):
        """Return the pixels of the rows that repeat on each page but the first."""
        if not self.sheet.print_title_rows:
            return 0
        first, last = self.sheet.print_title_rows.replace("$", "").split(":")
        return self.above(int(last)) - self.above(int(first) - 1)

    @property
    def pages(self):
        """Return the upper and lower edge of each page as the file tells them."""
        edges = [self.above(row) for row in (0, *self.breaks, self.last_row)]
        return list(itertools.pairwise(edges))

    def _box(self, anchor):
        (left, top), (right, bottom) = (
            (
                self.left_of(end.col) + round(end.colOff / EMU),
                self.above(end.row) + round(end.rowOff / EMU),
            )
            for end in (anchor._from, anchor.to)
        )
        return Box(left, top, right, bottom)
