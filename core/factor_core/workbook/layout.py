"""A book of pages: the few things the template's sheets are made of, each laid out in one way.

A page writes labels, inputs, formulas and spilled tables to a sheet and remembers what the finished
file needs to know: the named inputs, and the rectangle that each formula fills.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import xlsxwriter
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from factor_core.refresh.package import EXCEL_CALCULATION_ID
from factor_core.workbook import evaluation, measure, printing, styles

if TYPE_CHECKING:
    from factor_core.workbook.charts import Chart

LINE_HEIGHT = 16.5  # points
SECTION_HEIGHT = 22.5
NORMAL_HEIGHT, NORMAL_WIDTH = 15.0, 8.43  # of rows and columns that nobody sized
CREATED = dt.datetime(2024, 1, 1)  # noqa: DTZ001  a fixed date: the same input gives the same bytes
NAVIGATION_ROW = 2
Rectangle = tuple[int, int, int, int]
Position = tuple[int, int]  # row and column
StyleOfCell = Callable[[int, int], str]


class Book:
    """The workbook being written, its formats and its names."""

    def __init__(self, title: str) -> None:
        self._buffer = io.BytesIO()
        self.xlsx = xlsxwriter.Workbook(
            self._buffer, {"in_memory": True, "use_future_functions": True}
        )
        self.xlsx.set_properties({"title": title, "created": CREATED})
        self.xlsx.set_calc_mode("auto", EXCEL_CALCULATION_ID)
        self.xlsx.calc_on_load = False  # Excel without Python would wipe every value at opening
        self.xlsx.set_size(2600, 1600)
        self.pages: dict[str, Page] = {}
        self.single_names: set[str] = set()  # names of one cell
        self._formats: dict[str, Any] = {}

    def format(self, style: str) -> Any:
        """Return the XlsxWriter format of a style of `styles`."""
        if style not in self._formats:
            self._formats[style] = self.xlsx.add_format(styles.properties(style))
        return self._formats[style]

    def page(self, name: str, title: str, sentence: str, tab: str = styles.BLUE) -> Page:
        """Return a new page with its title and one sentence below it."""
        page = Page(self, name, title, sentence, tab)
        self.pages[name] = page
        return page

    def name(self, name: str, reference: str) -> None:
        """Define a name for a reference such as "='Data'!$B$5"."""
        self.xlsx.define_name(name, reference if reference.startswith("=") else f"={reference}")
        if evaluation.ONE_CELL.fullmatch(reference):
            self.single_names.add(name)

    def to_bytes(self) -> bytes:
        """Return the finished .xlsx file."""
        self.xlsx.close()
        return self._buffer.getvalue()


class Page:
    """One sheet of the template; rows and columns count from 0."""

    def __init__(self, book: Book, name: str, title: str, sentence: str, tab: str) -> None:
        self.book = book
        self.name = name
        self.sheet = book.xlsx.add_worksheet(name)
        self.code_name = "sht" + "".join(c for c in name.title() if c.isalnum())
        self.sheet.set_vba_name(self.code_name)
        self.sheet.hide_gridlines(2)
        self.sheet.set_tab_color(tab)
        self.spills: list[Rectangle] = []
        self.formulas = 0
        self.sections: list[int] = []  # rows where a printed page may begin
        self.charts: list[Chart] = []  # of a cell or a column, from the upper one down
        self._widths: dict[int, float] = {}
        self._heights: dict[int, float] = {}
        self._usual_height = NORMAL_HEIGHT
        self.text(0, 0, title, "title")
        self.text(1, 0, sentence, "subtitle")
        self.height(0, 27)
        self.height(NAVIGATION_ROW, 19)

    def text(self, row: int, column: int, text: str, style: str = "label") -> None:
        """Write text; text that begins with "=" is a live formula."""
        if text.startswith("="):
            # Not as an array: a merged cell cannot hold one.
            self.plain(row, column, text, style)
        else:
            self.sheet.write_string(row, column, text, self.book.format(style))

    def section(
        self, row: int, text: str, first: int = 0, last: int = 7, *, tall: bool = True
    ) -> None:
        """Write a section heading with a rule across the columns first..last.

        Beside a long table the row keeps its height: `tall` is False.
        """
        for column in range(first, last + 1):
            self.sheet.write_blank(row, column, None, self.book.format("section"))
        self.text(row, first, text, "section")
        if tall:
            self.height(row, SECTION_HEIGHT)
            self.sections.append(row)

    def value(self, row: int, column: int, value: object, style: str) -> None:
        """Write a constant: a number, text or a date; None leaves a formatted blank."""
        cell_format = self.book.format(style)
        if value is None:
            self.sheet.write_blank(row, column, None, cell_format)
        elif isinstance(value, dt.date):
            self.sheet.write_datetime(row, column, value, cell_format)
        elif isinstance(value, str):
            self.sheet.write_string(row, column, value, cell_format)
        else:
            self.sheet.write_number(row, column, value, cell_format)

    def input(self, row: int, column: int, label: str, value: object, name: str, style: str) -> str:
        """Write a label and, right of it, an input cell called `name`; return its reference."""
        self.text(row, column, label)
        self.value(row, column + 1, value, f"input {style}")
        reference = self.reference(row, column + 1)
        self.book.name(name, reference)
        return reference

    def choice(self, row: int, column: int, source: str | list[str]) -> None:
        """Give an input cell a drop-down list."""
        self.sheet.data_validation(row, column, row, column, {"validate": "list", "source": source})

    def formula(self, row: int, column: int, formula: str, style: str = "general") -> None:
        """Write a formula of one cell; a name of one cell must be defined before it is used."""
        if not evaluation.needs_array(formula, self.book.single_names):
            self.plain(row, column, formula, style)
            return
        self.sheet.write_dynamic_array_formula(
            row, column, row, column, formula, self.book.format(style), 0
        )
        self.formulas += 1

    def plain(self, row: int, column: int, formula: str, style: str = "general") -> None:
        """Write a native formula of one cell in the classic form."""
        self.sheet.write_formula(row, column, formula, self.book.format(style), 0)
        self.formulas += 1

    def long_column(self, row: int, column: int, formulas: Sequence[str], style: str) -> None:
        """Write native formulas below one another, none of them younger than Excel 2007."""
        # Looking each of them up among the younger functions takes longer than writing it.
        self.sheet.use_future_functions = False
        for i, formula in enumerate(formulas):
            self.plain(row + i, column, formula, style)
        self.sheet.use_future_functions = True

    def labelled(self, row: int, column: int, label: str, formula: str, style: str) -> str:
        """Write a label and, right of it, a formula; return the formula cell's reference."""
        self.text(row, column, label)
        self.formula(row, column + 1, formula, style)
        return self.reference(row, column + 1)

    def spill(
        self,
        row: int,
        column: int,
        formula: str,
        shape: tuple[int, int],
        style: str | Sequence[str] | StyleOfCell,
        header: bool = True,
    ) -> str:
        """Write a formula that fills `shape`, header row included; return its reference.

        `style` is one style, one a column, or a function of the row and column within the table.
        """
        rows, columns = shape
        last = (row + rows - 1, column + columns - 1)
        style_of = _style_function(style, header)
        first = self.book.format(style_of(0, 0))
        self.sheet.write_dynamic_array_formula(row, column, *last, formula, first, 0)
        for i in range(rows):
            for j in range(columns):
                if i or j:
                    cell_format = self.book.format(style_of(i, j))
                    self.sheet.write_blank(row + i, column + j, None, cell_format)
        self.spills.append((row, column, *last))
        self.formulas += 1
        return self.range(row, column, *last)

    def agrees(
        self, row: int, column: int, ours: str, theirs: str, tolerance: str = "1E-12"
    ) -> None:
        """Write a live cross-check of one number: "agrees", or "differs" in orange."""
        scale = f"MAX(1E-12,ABS({theirs}))"
        self.verdict(row, column, f"ABS({ours}-({theirs}))<={tolerance}*{scale}")

    def verdict(self, row: int, column: int, condition: str) -> None:
        """Write "agrees" while the condition holds, or "differs" in orange."""
        self.formula(row, column, f'=IF({condition},"agrees","differs")', "check")
        for word, colour in (("agrees", styles.GREEN), ("differs", styles.ORANGE)):
            rule = {"type": "cell", "criteria": "==", "value": f'"{word}"'}
            colour_format = self.book.xlsx.add_format({"font_color": colour})
            self.sheet.conditional_format(
                row, column, row, column, {**rule, "format": colour_format}
            )

    def link(self, row: int, column: int, page: str, text: str) -> None:
        """Write a link to another page."""
        target = f"internal:'{page}'!A1"
        self.sheet.write_url(row, column, target, self.book.format("link"), text)

    def navigation(self, before: Page | None, after: Page | None) -> None:
        """Write small links to the page before, to Start and to the page after."""
        if before:
            self.link(NAVIGATION_ROW, 0, before.name, f"\N{LEFTWARDS ARROW} {before.name}")
            self.link(NAVIGATION_ROW, 1, "Start", "Start")
        if after:
            column = 2 if before else 0
            self.link(NAVIGATION_ROW, column, after.name, f"{after.name} \N{RIGHTWARDS ARROW}")

    def widths(self, *widths: float, first: int = 0) -> None:
        """Set the widths of the columns from `first` on, in digits."""
        for column, width in enumerate(widths, first):
            self.sheet.set_column(column, column, width)
            self._widths[column] = width

    def height(self, row: int, points: float) -> None:
        """Set the height of a row."""
        self.sheet.set_row(row, points)
        self._heights[row] = points

    def usual_height(self, points: float) -> None:
        """Set the height of the rows that have none of their own."""
        self.sheet.set_default_row(points)
        self._usual_height = points

    def columns_pixels(self, first: int, last: int) -> int:
        """Return the width of the columns first..last."""
        widths = (self._widths.get(column, NORMAL_WIDTH) for column in range(first, last + 1))
        return sum(measure.column_pixels(width) for width in widths)

    def rows_pixels(self, first: int, last: int) -> int:
        """Return the height of the rows first..last."""
        heights = (self._heights.get(row, self._usual_height) for row in range(first, last + 1))
        return sum(measure.row_pixels(height) for height in heights)

    def row_at(self, pixels: int) -> int:
        """Return the row that stands so many pixels below the upper edge."""
        row = 0
        while (height := self.rows_pixels(row, row)) <= pixels:
            pixels -= height
            row += 1
        return row

    def freeze(self, row: int, column: int = 0) -> None:
        """Keep the rows above `row` and the columns left of `column` in view."""
        self.sheet.freeze_panes(row, column)

    def print_setup(
        self, last_row: int, last_column: int, repeat: tuple[int, int] | None = None
    ) -> None:
        """Print the page landscape, one page wide, broken between sections; its charts too.

        A long table has its header rows, `repeat`, on every page. Call it when all is written.
        """
        printing.set_up(self, last_row, last_column, repeat)

    def reference(self, row: int, column: int) -> str:
        """Return an absolute reference to one cell, with the sheet's name."""
        return f"{self._quoted}!{xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)}"

    def range(self, row: int, column: int, last_row: int, last_column: int) -> str:
        """Return an absolute reference to a rectangle, with the sheet's name."""
        return f"{self._quoted}!{xl_range_abs(row, column, last_row, last_column)}"

    @property
    def _quoted(self) -> str:
        return f"'{self.name}'" if not self.name.isalnum() else self.name


def _style_function(style: str | Sequence[str] | StyleOfCell, header: bool) -> StyleOfCell:
    def style_of(i: int, j: int) -> str:
        if callable(style):
            return style(i, j)
        own = style if isinstance(style, str) else style[j]
        if header and i == 0 and own == "remark":
            return "header_note"
        if header and i == 0:
            return (
                "header_left" if own in ("text", "general", "label", "label_column") else "header"
            )
        return own

    return style_of
