"""Paper: no chart is cut, pages begin with sections, and a sheet a little too tall is shrunk.

Everything is read from the file: row heights, column widths, breaks, anchors of charts.
tests/test_pictures.py looks at the same on the pages that LibreOffice prints.
"""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from printed_pages import Sheet

from factor_core.workbook import blocks, build, charts, printing
from factor_core.workbook.layout import Book
from factor_core.workbook.references import TemplateData, references

TEMPLATE = Path(__file__).parents[1] / "workbook_template.xlsm"
EDGE = 4  # pixels at least between a chart and a break: its frame would be drawn on both pages
SMALLEST = 0.5  # a sheet is not shrunk below half its size to save a page
# Assets, rows: one asset over half a year, more assets than a page of rows, and wider than a page.
OTHER_DATA = [(1, 120), (17, 400), (40, 900)]


def written(assets, rows):
    """Return the sheets on random prices, written and not calculated."""
    prices = np.exp(np.random.default_rng(7).normal(0, 0.01, (rows, assets + 1)).cumsum(axis=0))
    names = (*(f"A{i}" for i in range(1, assets + 1)), "Market")
    dates = [dt.date(2010, 1, 4) + dt.timedelta(days=i) for i in range(rows)]
    rf = np.full(rows, 1e-4)
    chosen = (names[0], names[min(1, assets - 1)])
    data = TemplateData(dates, names, prices, rf, 252, "random prices", chosen=chosen)
    book = Book("other data")
    refs = references(data)
    for write in build.PAGES:
        write(book, data, refs)
    return openpyxl.load_workbook(io.BytesIO(book.to_bytes()))


@pytest.fixture(scope="module", params=["template", *OTHER_DATA], ids=str)
def sheets(request):
    if request.param == "template":
        book = openpyxl.load_workbook(TEMPLATE)
        return [Sheet(sheet) for sheet in book.worksheets[:-1]]
    return [Sheet(sheet) for sheet in written(*request.param).worksheets]


def test_no_chart_spans_a_page_break(sheets):
    """Neither a break that the file holds, nor one that a program makes where a page is full."""
    seen = 0
    for sheet in sheets:
        for box in sheet.boxes:
            seen += 1
            title = sheet.sheet.title
            (page,) = (one for one in sheet.pages if one[0] <= box.top < one[1])
            top, bottom = page
            assert box.bottom <= bottom, (title, box)
            if top:
                assert box.top >= top + EDGE, (title, box)
            if page != sheet.pages[-1]:
                assert box.bottom <= bottom - EDGE, (title, box)
            if not sheet.one_page:
                header = sheet.header if top else 0
                assert box.bottom - top + header <= sheet.room(sheet.scale), (title, box)
    assert seen >= 45


def test_no_page_but_those_of_long_tables_is_fuller_than_the_paper(sheets):
    """A program would break it where it likes."""
    for sheet in sheets:
        if sheet.header or sheet.one_page:
            continue
        for top, bottom in sheet.pages:
            assert bottom - top <= sheet.room(sheet.scale), sheet.sheet.title


def test_only_a_sheet_little_taller_than_a_page_is_shrunk_onto_one(sheets):
    for sheet in sheets:
        height = sheet.above(sheet.last_row)
        fits = height <= sheet.room(sheet.scale) * printing.SAFETY
        if sheet.one_page:
            assert not sheet.breaks, sheet.sheet.title
            assert not sheet.header, sheet.sheet.title
            assert not fits, sheet.sheet.title
            assert height <= sheet.room(SMALLEST), sheet.sheet.title
        elif not sheet.header:
            assert bool(sheet.breaks) != fits, sheet.sheet.title


def test_every_chart_prints_whole_in_width(sheets):
    for sheet in sheets:
        for box in sheet.boxes:
            assert box.right <= sheet.left_of(sheet.last_column), sheet.sheet.title


def test_charts_of_a_sheet_do_not_overlap(sheets):
    for sheet in sheets:
        for i, one in enumerate(sheet.boxes):
            for other in sheet.boxes[:i]:
                apart = (
                    one.top >= other.bottom
                    or other.top >= one.bottom
                    or one.left >= other.right
                    or other.left >= one.right
                )
                assert apart, (sheet.sheet.title, one, other)


def test_printed_pages_of_the_template_begin_with_sections():
    book = openpyxl.load_workbook(TEMPLATE)
    breaks = 0
    for sheet in book.worksheets[:-1]:
        for one in sheet.row_breaks.brk:
            breaks += 1
            heading = sheet.cell(one.id + 1, 1)  # a break stands above the row it names from 0
            assert heading.value, (sheet.title, one.id)
            assert heading.font.b, (sheet.title, one.id)
            assert sheet.row_dimensions[one.id + 1].height == 22.5, (sheet.title, one.id)
    assert breaks >= 10


# ------------------------------------------------------------------------- small books


def with_charts(page, cell, count, size=charts.SIZE):
    page.value(200, 30, 1, "number")
    cells = f"={page.range(200, 30, 200, 30)}"
    for _ in range(count):
        series = [charts.Series(cells, cells, cells)]
        charts.columns(page, cell, "A chart of one", ("x", "y"), series, size)


def read(book, name):
    return Sheet(openpyxl.load_workbook(io.BytesIO(book.to_bytes()))[name])


def page_of(*sections):
    book = Book("small")
    page = book.page("Small", "Small", "Sections and charts.")
    blocks.grid(page)
    for row in sections:
        page.section(row, "A part")
    return book, page


def test_chart_that_a_break_would_cut_stands_at_the_top_of_the_next_page():
    book, page = page_of(3, 20, 40, 48, 70, 90)
    with_charts(page, (3, 11), 3)  # the third would stand across the section of row 48
    page.print_setup(110, 9)
    sheet = read(book, "Small")
    assert sheet.breaks[0] == 48
    first, second, third = sheet.boxes
    assert (first.top, second.top) == (sheet.above(3), first.bottom + printing.CHART_GAP)
    assert third.top == sheet.above(48) + printing.EDGE


def test_charts_that_reach_below_the_last_row_get_pages_of_their_own():
    book, page = page_of(3)
    with_charts(page, (3, 11), 7)
    page.print_setup(10, 9)
    sheet = read(book, "Small")
    assert len(sheet.pages) == 3
    assert sheet.above(sheet.last_row) >= sheet.boxes[-1].bottom
    for box in sheet.boxes:
        assert sum(top <= box.top and box.bottom <= bottom for top, bottom in sheet.pages) == 1


def test_section_longer_than_a_page_is_cut_where_the_page_is_full():
    book, page = page_of(3)
    page.print_setup(200, 19)
    sheet = read(book, "Small")
    room = sheet.room(sheet.scale)
    assert len(sheet.pages) == -(-sheet.above(sheet.last_row + 1) // (room * printing.SAFETY))
    for top, bottom in sheet.pages[:-1]:
        assert 0.9 * room < bottom - top <= room


def test_section_that_would_begin_at_the_foot_of_a_page_begins_the_next():
    """Its heading would stand there alone."""
    book, page = page_of(3)
    page.print_setup(200, 19)
    full = read(book, "Small").breaks[0]
    for heading in range(full - 3, full):
        book, page = page_of(3, heading)
        page.print_setup(200, 19)
        assert read(book, "Small").breaks[0] == heading


def test_live_title_of_a_chart_stands_behind_it():
    book, page = page_of(3, 48, 90)
    page.value(200, 30, 1, "number")
    cells = f"={page.range(200, 30, 200, 30)}"
    for _ in range(3):
        series = [charts.Series(cells, cells, cells)]
        charts.columns(page, (3, 11), '="A chart of "&$AE$201', ("x", "y"), series)
    page.print_setup(110, 9)
    sheet = read(book, "Small")
    rows = [
        row
        for row in range(1, 110)
        if str(sheet.sheet.cell(row, 12).value).startswith('="A chart of')
    ]
    assert len(rows) == 3
    for row, box in zip(rows, sheet.boxes, strict=True):
        assert box.top < sheet.above(row - 1)
        assert sheet.above(row) < box.bottom
