"""The template as LibreOffice prints it: what an analyst sees on paper, and the pictures of docs/.

Oracle: LibreOffice 25.2 and poppler, reading the file that we write. Skipped where there are none.
"""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import zipfile
import zlib
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openpyxl
import pytest
from office import calc
from openpyxl.utils import range_boundaries
from scipy import ndimage

from factor_core.workbook import build

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
PAGES_WITH_PICTURES = (ROOT / "README.md", ROOT / "docs" / "template.md")
LONG_TABLES = {"Data", "Returns", "Monthly"}
ERROR = re.compile(r"#(?:N/A|VALUE!|NUM!|DIV/0!|REF!|NAME\?|NULL!|SPILL!|CALC!)|Err:\d+")
FOOTER = re.compile(r"\s*(.+?)\s{3,}Factor models.*Page \d+ of \d+")
# Its charts reach below its last row: without them LibreOffice prints it at another scale.
OTHER_SCALE = {"Rolling"}
DPI = 80  # of 11.69 x 8.27 inches of paper
LEAST_INK, MOST_BYTES = 0.01, 150_000


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
def paper(printed):
    """Return the text of each printed page of each sheet, by the sheet's name in the footer."""
    names, pdf = printed()
    told = subprocess.run(
        ["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, check=True
    ).stdout
    pages = {name: [] for name in names}
    for page in told.split("\f")[:-1]:
        lines = [line for line in page.splitlines() if line.strip()]
        # Labels of a chart at the foot of a page may follow the footer in the text.
        ends = [FOOTER.fullmatch(line) for line in lines[-6:]]
        (footer,) = [end for end in ends if end]
        pages[footer[1]].append([line for line in lines if line != footer[0]])
    return pages


@pytest.fixture(scope="module")
def values(template):
    return openpyxl.load_workbook(template, data_only=True)


@pytest.fixture(scope="module")
def with_and_without_charts(printed, script):
    """Return each sheet's page as pixels, drawn with its charts and without them."""
    names, pdf = printed(one_page_each=True)
    _, bare = printed(one_page_each=True, charts=False)
    return {
        name: (script.page_pixels(pdf, i, DPI), script.page_pixels(bare, i, DPI))
        for i, name in enumerate(names, 1)
        if name not in OTHER_SCALE
    }


def charts_in_file(template):
    """Return the number of charts of each sheet, from the file's own drawings."""
    with zipfile.ZipFile(template) as archive:
        names = re.findall(r'<sheet name="([^"]+)"', archive.read("xl/workbook.xml").decode())
        counts = {}
        for number, name in enumerate(names, 1):
            relations = f"xl/worksheets/_rels/sheet{number}.xml.rels"
            text = archive.read(relations).decode() if relations in archive.namelist() else ""
            drawings = re.findall(r"drawings/drawing\d+\.xml", text)
            counts[name] = sum(
                archive.read(f"xl/{drawing}").count(b"<c:chart ") for drawing in drawings
            )
    return counts


# ------------------------------------------------------------------------- on paper


def test_every_sheet_prints_and_names_itself_and_the_page_below(paper):
    assert len(paper) == len(build.PAGES)
    for name, pages in paper.items():
        assert pages, name
        assert len(" ".join(pages[0])) > 300, name


def test_every_sheet_prints_one_page_wide_and_breaks_where_the_file_says(paper, template):
    """A sheet two pages wide would have twice as many pages."""
    book = openpyxl.load_workbook(template)
    for name, pages in paper.items():
        if name in LONG_TABLES:
            dated = [any(re.search(r"\bDate\b", line) for line in page) for page in pages]
            assert all(dated), name  # column A, by the rows that repeat
            assert len(pages) > 5
        elif name == "Functions":  # a long table, too: its header stands on every page
            assert all("What it gives" in " ".join(page) for page in pages)
        else:
            # Where charts leave no row free for a break, LibreOffice cuts by itself, once at most.
            broken = len(book[name].row_breaks.brk)
            assert len(pages) == 1 + broken or (not broken and len(pages) == 2), name


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


def test_every_chart_of_the_file_is_drawn_apart_from_the_others(with_and_without_charts, template):
    """What differs from the page without charts falls into as many frames as there are charts."""
    counts = charts_in_file(template)
    drawn = {}
    for name, (page, bare) in with_and_without_charts.items():
        frames, _ = ndimage.label(changed(page, bare))
        drawn[name] = len(ndimage.find_objects(frames))
    assert sum(counts.values()) >= 25
    assert drawn == {name: counts[name] for name in drawn}


def test_every_chart_shows_its_series_in_colour(with_and_without_charts):
    for name, (page, bare) in with_and_without_charts.items():
        frames, _ = ndimage.label(changed(page, bare))
        for place in ndimage.find_objects(frames):
            chart = page[place].astype(int)
            height, width = chart.shape[:2]
            assert min(height, width) > 0.7 * DPI, (name, place)  # inches on this paper
            inside = chart[height // 8 : -height // 8, width // 8 : -width // 20]
            assert (np.ptp(inside, axis=2) > 60).mean() > 0.002, (name, place)


def changed(page, bare):
    """Return the frames of what differs: each chart has a closed line around it."""
    assert page.shape == bare.shape
    return ndimage.binary_fill_holes((page.astype(int) != bare).any(axis=2))


def test_nothing_stands_between_charts_below_one_another(with_and_without_charts):
    """What serves a chart (its title, the ends of a line) is covered by it or does not print."""
    gaps = 0
    for name, (page, bare) in with_and_without_charts.items():
        frames, _ = ndimage.label(changed(page, bare))
        places = sorted(ndimage.find_objects(frames), key=lambda place: place[0].start)
        for upper in places:
            below = [p for p in places if p[0].start > upper[0].stop and beneath(upper, p)]
            if below:
                gap = page[upper[0].stop : below[0][0].start, upper[1]]
                gaps += 1
                assert gap.size, name
                assert (gap > 200).all(), name  # the frames are light, letters dark
    assert gaps >= 10


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
