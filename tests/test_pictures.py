"""The template as LibreOffice prints it: what an analyst sees on paper, and the pictures of docs/.

Oracle: LibreOffice 25.2 and poppler, reading the file that we write. Skipped where there are none.
"""

from __future__ import annotations

import itertools
import re
import runpy
import shutil
import subprocess
import zlib
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
from office import calc
from openpyxl.utils import range_boundaries
from printed_pages import Sheet
from scipy import ndimage

from factor_core.workbook import build

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
PAGES_WITH_PICTURES = (ROOT / "README.md", ROOT / "docs" / "template.md")
LONG_TABLES = {"Data", "Returns", "Monthly", "Functions"}
ERROR = re.compile(r"#(?:N/A|VALUE!|NUM!|DIV/0!|REF!|NAME\?|NULL!|SPILL!|CALC!)|Err:\d+")
FOOTER = re.compile(r"\s*(.+?)\s{3,}Factor models.*Page (\d+) of \d+\s*")
DPI = 80  # of 11.69 x 8.27 inches of paper
FOOT = 0.41  # inches at the foot of a page, where nothing stands but the footer
LEAST_INK, MOST_BYTES = 0.01, 100_000


@pytest.fixture(scope="module")
def script():
    return SimpleNamespace(**runpy.run_path(str(ROOT / "scripts" / "render_sheets.py")))


@pytest.fixture(scope="module")
def template(tmp_path_factory, template_bytes):
    book = tmp_path_factory.mktemp("template") / "template.xlsm"
    book.write_bytes(template_bytes)
    return book


@pytest.fixture(scope="module")
def printed(script, template, tmp_path_factory):
    """Return a function that prints a copy of the template: sheets, then the PDF."""
    office = calc.installation()[0] / "soffice"
    if shutil.which("pdftoppm") is None:
        pytest.skip("pdftoppm is not installed; on Debian poppler-utils has it")

    def run(**options):
        copy = tmp_path_factory.mktemp("print") / "copy.xlsx"
        names = script.values_only(template, copy, **options)
        return names, script.to_pdf(copy, office)

    return run


@pytest.fixture(scope="module")
def whole(printed):
    """Return the PDF of the template as it prints."""
    return printed()[1]


@pytest.fixture(scope="module")
def paper(whole, values):
    """Return the lines of each printed page of each sheet, by the sheet's name in the footer."""
    pages = {sheet.title: [] for sheet in values.worksheets[:-1]}
    for name, _, lines in pages_of(whole):
        pages[name].append(lines)
    return pages


def pages_of(pdf):
    """Yield of each page the sheet that its footer names, its number, and the lines above."""
    high = round(8.27 * DPI)
    foot = round(FOOT * DPI)
    bodies, footers = (
        texts(pdf, top, height) for top, height in ((0, high - foot), (high - foot, foot))
    )
    for number, (body, footer) in enumerate(zip(bodies, footers, strict=True), 1):
        told = FOOTER.fullmatch("\n".join(footer))
        assert told, footer
        assert int(told[2]) == number
        yield told[1], number, body


def texts(pdf, top, height):
    """Return the lines of text that each page has in a strip of its height."""
    box = ["-r", str(DPI), "-x", "0", "-W", "2000", "-y", str(top), "-H", str(height)]
    command = ["pdftotext", "-layout", *box, str(pdf), "-"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [[line for line in page.splitlines() if line.strip()] for page in told.split("\f")[:-1]]


@pytest.fixture(scope="module")
def values(template):
    return openpyxl.load_workbook(template, data_only=True)


@pytest.fixture(scope="module")
def with_and_without_charts(whole, printed, script, boxes):
    """Return the printed pages of each sheet that has charts, drawn with them and without.

    Of long tables only the first two, where their charts stand.
    """
    _, bare = printed(charts=False)
    placed = [(name, number) for name, number, _ in pages_of(whole)]
    assert placed == [(name, number) for name, number, _ in pages_of(bare)]
    pages = {name: [] for name in boxes}
    for name, number in placed:
        if name in pages and (len(pages[name]) < 2 or name not in LONG_TABLES):
            pages[name].append([script.page_pixels(pdf, number, DPI) for pdf in (whole, bare)])
    return pages


@pytest.fixture(scope="module")
def boxes(template):
    """Return the places of each sheet's charts, from the file's own anchors."""
    book = openpyxl.load_workbook(template)
    sheets = [Sheet(sheet) for sheet in book.worksheets[:-1]]
    return {one.sheet.title: one.boxes for one in sheets if one.boxes}


def frames(page, bare):
    """Return the places of what differs on a page: each chart has a closed line around it."""
    assert page.shape == bare.shape
    changed = ndimage.binary_fill_holes((page.astype(int) != bare).any(axis=2))
    return ndimage.find_objects(ndimage.label(changed)[0])


# ------------------------------------------------------------------------- on paper


def test_every_sheet_prints_and_names_itself_and_the_page_below(paper):
    assert len(paper) == len(build.PAGES)
    for name, pages in paper.items():
        assert pages, name
        assert len(" ".join(pages[0])) > 300, name


def test_every_sheet_prints_one_page_wide_and_breaks_where_the_file_says(paper, template, values):
    """A sheet two pages wide would have twice as many pages. Long tables repeat their header."""
    book = openpyxl.load_workbook(template)
    for name, pages in paper.items():
        sheet = book[name]
        if sheet.print_title_rows:
            header = words_of(
                values[name], int(sheet.print_title_rows.partition(":")[2].strip("$"))
            )
            assert len(header) >= 6, name
            assert len(pages) > 2, name
            for page in pages:
                assert header <= set(" ".join(page).split()), name
        else:
            assert len(pages) == 1 + len(sheet.row_breaks.brk), name


def words_of(sheet, row):
    """Return the words in the row of the table's heads, up to the first free column."""
    texts_of = itertools.takewhile(bool, (cell.value for cell in sheet[row]))
    return {word for text in texts_of for word in str(text).split()}


def test_no_number_is_wider_than_its_column(paper):
    words = [word for pages in paper.values() for page in pages for line in page for word in [line]]
    assert len(words) > 2000
    assert [word for word in words if "##" in word] == []


def test_no_error_is_printed_that_the_file_does_not_hold(paper, values):
    for name, pages in paper.items():
        sheet = values[name]
        left, top, right, bottom = range_boundaries(sheet.print_area.rpartition("!")[2])
        rows = sheet.iter_rows(top, bottom, left, right, values_only=True)
        held = Counter(
            error for row in rows for v in row if isinstance(v, str) for error in ERROR.findall(v)
        )
        shown = Counter(error for page in pages for line in page for error in ERROR.findall(line))
        assert shown == held, name


def test_no_printed_cell_is_an_error(values):
    for sheet in values.worksheets[:-1]:
        left, top, right, bottom = range_boundaries(sheet.print_area.rpartition("!")[2])
        rows = sheet.iter_rows(top, bottom, left, right, values_only=True)
        assert not any(ERROR.fullmatch(str(v)) for row in rows for v in row), sheet.title


# ------------------------------------------------------------------------- charts


def test_every_chart_lies_whole_on_one_page_apart_from_the_others(with_and_without_charts, boxes):
    """Each is a frame of its own, of the shape that the file gives it; one cut would be two."""
    assert sum(map(len, boxes.values())) >= 45
    for name, pages in with_and_without_charts.items():
        drawn = sorted(shape(place) for page, bare in pages for place in frames(page, bare))
        filed = sorted(one.shape for one in boxes[name])
        # LibreOffice gives rows without a height of their own, as on Data, 5 % less than Excel.
        assert drawn == pytest.approx(filed, rel=0.06), name


def shape(place):
    (top, bottom), (left, right) = ((one.start, one.stop) for one in place)
    return (right - left) / (bottom - top)


def test_every_chart_shows_its_series_in_colour(with_and_without_charts):
    for name, pages in with_and_without_charts.items():
        for page, bare in pages:
            for place in frames(page, bare):
                chart = page[place].astype(int)
                height, width = chart.shape[:2]
                assert min(height, width) > 0.8 * DPI, (name, place)  # inches on this paper
                inside = chart[height // 8 : -height // 8, width // 8 : -width // 20]
                assert (np.ptp(inside, axis=2) > 60).mean() > 0.002, (name, place)


def test_nothing_stands_between_charts_below_one_another(with_and_without_charts):
    """What serves a chart (its title, the ends of a line) is covered by it or does not print."""
    gaps = 0
    for name, pages in with_and_without_charts.items():
        for page, bare in pages:
            places = sorted(frames(page, bare), key=lambda place: place[0].start)
            for upper in places:
                below = [p for p in places if p[0].start > upper[0].stop and beneath(upper, p)]
                if below:
                    gap = page[upper[0].stop : below[0][0].start, upper[1]]
                    gaps += 1
                    assert gap.size, name
                    assert (gap > 200).all(), name  # the frames are light, letters dark
    assert gaps >= 20


def beneath(upper, lower):
    return abs(upper[1].start - lower[1].start) < 4


# ------------------------------------------------------------------------- pictures of the docs


def test_pictures_are_one_a_sheet_and_small(values):
    script = runpy.run_path(str(ROOT / "scripts" / "render_sheets.py"))
    wanted = {script["picture_name"](sheet.title) for sheet in values.worksheets[:-1]}
    assert {path.name for path in IMAGES.iterdir()} == wanted
    shown = (ROOT / "docs" / "template.md").read_text("utf-8")
    assert set(re.findall(r"\(images/([^)]+)\)", shown)) == wanted
    for path in IMAGES.iterdir():
        assert path.stat().st_size < MOST_BYTES, path.name
        numbers, palette = decoded(path.read_bytes())
        assert min(numbers.shape) > 300, path.name
        paper_white = int(palette.sum(axis=1).argmax())
        assert (numbers != paper_white).mean() > LEAST_INK, path.name


def decoded(png):
    """Return a palette picture's numbers and colours, read by the PNG specification."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    parts, at = {}, 8
    while at < len(png):
        size = int.from_bytes(png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        assert int.from_bytes(png[at + 8 + size : at + 12 + size]) == zlib.crc32(kind + data)
        parts[kind] = data
        at += 12 + size
    width, height = (int.from_bytes(parts[b"IHDR"][i : i + 4]) for i in (0, 4))
    rows = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any()
    return rows[:, 1:], np.frombuffer(parts[b"PLTE"], np.uint8).reshape(-1, 3)


def test_the_same_pixels_give_the_same_small_picture(script):
    pixels = np.full((40, 50, 3), 255, np.uint8)
    pixels[10:20, 10:20] = (31, 71, 136)
    pixels[30, 5:9] = (232, 138, 60)  # a thin line keeps its colour
    numbers, palette = decoded(script.png(pixels))
    assert (palette[numbers] == pixels).all()
    assert script.png(pixels) == script.png(pixels.copy())


@pytest.mark.parametrize("page", PAGES_WITH_PICTURES, ids=lambda page: page.name)
def test_every_picture_that_the_docs_name_exists(page):
    named = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text("utf-8"))
    assert named
    assert [name for name in named if not (page.parent / name).is_file()] == []
