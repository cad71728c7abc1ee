"""Pictures of a workbook's sheets: `python scripts/render_sheets.py BOOK FOLDER [WIDTH]`.

One PNG a sheet, named after it, as LibreOffice prints it: the values stored in the file, nothing
recalculated. It needs LibreOffice and poppler's pdftoppm. Of long tables, whose header repeats on
each printed page, only the first rows.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]  # rows x columns x red, green, blue

WIDTH = 1100  # pixels of a picture
ROWS_SHOWN = 54  # of a long table
LOW_DPI, MARGIN, WHITE = 40, 0.12, 250  # to find the page's contents; inches of white around them
COLOURS = 32  # of a picture: fewer make a smaller file
SHADES, VIVID = 24, 20  # what counts as one colour; how much more than a grey a colour counts
PRINT_AREA = re.compile(
    r'(<definedName name="_xlnm\.Print_Area" localSheetId="(\d+)"[^>]*>[^<]*?:\$[A-Z]+\$)(\d+)(?=<)'
)
REPEATED = re.compile(r'<definedName name="_xlnm\.Print_Titles" localSheetId="(\d+)"')
# LibreOffice calculates array formulas at loading, ours too, which it may not know.
FORMULA = re.compile(rb' cm="1"(?=[ >])|<f\b[^>]*/>|<f\b[^>]*>.*?</f>', re.DOTALL)
FOOTER = re.compile(rb"<headerFooter>.*?</headerFooter>", re.DOTALL)
BREAKS = re.compile(rb"<rowBreaks\b.*?</rowBreaks>", re.DOTALL)
DRAWING = re.compile(rb"<drawing\b[^>]*/>")


def render(book: Path, folder: Path, width: int = WIDTH) -> list[Path]:
    """Write the pictures of the visible sheets, white margins cut off; return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "sheets.xlsx"
        names = values_only(book, copy, one_page_each=True)
        pdf = to_pdf(copy)
        pictures = []
        for number, name in enumerate(names, 1):
            picture = folder / picture_name(name)
            picture.write_bytes(png(cropped(pdf, number, width)))
            pictures.append(picture)
        return pictures


def picture_name(sheet: str) -> str:
    """Return the file name of a sheet's picture."""
    return re.sub(r"\W+", "-", sheet.lower()) + ".png"


def values_only(
    book: Path, copy: Path, *, one_page_each: bool = False, charts: bool = True
) -> list[str]:
    """Copy a workbook, values only, to an .xlsx; return the names of its visible sheets.

    `one_page_each` puts a whole sheet, or a long table's first rows, on one page without footer.
    """
    sheets: list[str] = []
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/workbook.xml":
                text = data.decode()
                sheets = re.findall(r"<sheet [^>]*>", text)
                data = _shorter(text).encode() if one_page_each else data
            elif name.startswith("xl/worksheets/sheet"):
                data = FORMULA.sub(b"", data)
                if one_page_each:
                    data = data.replace(b' fitToHeight="0"', b' fitToHeight="1"')
                    data = BREAKS.sub(b"", FOOTER.sub(b"", data))
                if not charts:
                    data = DRAWING.sub(b"", data)
            new.writestr(name, data)
    visible = [sheet for sheet in sheets if "state=" not in sheet]
    return [sheet.partition('name="')[2].partition('"')[0] for sheet in visible]


def _shorter(workbook: str) -> str:
    """Return a workbook's part in which only the first rows of long tables print."""
    long = set(REPEATED.findall(workbook))

    def shorter(area: re.Match[str]) -> str:
        last = int(area[3])
        return f"{area[1]}{min(last, ROWS_SHOWN) if area[2] in long else last}"

    return PRINT_AREA.sub(shorter, workbook)


def to_pdf(book: Path, office: str | Path = "soffice") -> Path:
    """Print a workbook with LibreOffice to a PDF beside it."""
    program = shutil.which(office)
    if program is None:
        raise SystemExit("LibreOffice (soffice) is not installed, and the pictures are made by it")
    profile = (book.parent / "profile").as_uri()
    command = [program, f"-env:UserInstallation={profile}", "--headless", "--convert-to", "pdf"]
    convert = [*command, "--outdir", str(book.parent), str(book)]
    subprocess.run(convert, check=True, capture_output=True)  # noqa: S603
    return book.with_suffix(".pdf")


def page_pixels(pdf: Path, number: int, dpi: float, *box: str) -> Pixels:
    """Return a page of a PDF, or a box of it in pdftoppm's words, as pixels."""
    one = ["-f", str(number), "-l", str(number), "-r", f"{dpi:.3f}", *box]
    run = subprocess.run(["pdftoppm", *one, str(pdf)], check=True, capture_output=True)  # noqa: S603, S607
    magic, size, _, pixels = run.stdout.split(b"\n", 3)
    if magic != b"P6":
        raise SystemExit(f"page {number} of the PDF could not be read")
    width, height = map(int, size.split())
    return np.frombuffer(pixels, np.uint8).reshape(height, width, 3)


def cropped(pdf: Path, number: int, width: int) -> Pixels:
    """Return the part of a page that is not white, so many pixels wide."""
    drawn = (page_pixels(pdf, number, LOW_DPI) < WHITE).any(axis=2)
    edges = [np.flatnonzero(drawn.any(axis=axis))[[0, -1]] for axis in (0, 1)]
    (left, right), (top, bottom) = (
        (first / LOW_DPI, (last + 1) / LOW_DPI) for first, last in edges
    )
    dpi = width / (right - left + 2 * MARGIN)
    x, y, high = (round(inches * dpi) for inches in (left - MARGIN, top - MARGIN, bottom - top))
    box = ("-x", x, "-y", y, "-W", width, "-H", high + round(2 * MARGIN * dpi))
    return page_pixels(pdf, number, dpi, *map(str, box))


def png(pixels: Pixels) -> bytes:
    """Return the picture as a PNG of few colours; the same pixels give the same bytes."""
    palette, numbers = _palette(pixels)
    height, width = numbers.shape
    no_filter = np.zeros((height, 1), np.uint8)  # what each row begins with
    rows = np.hstack([no_filter, numbers])
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)  # 8 bits a pixel, by palette
    parts = (
        (b"IHDR", head),
        (b"PLTE", palette.tobytes()),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _palette(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Return a palette for a picture, and the number of each pixel's colour in it."""
    codes = pixels.astype(np.int64) @ [256**2, 256, 1]
    found, where, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = np.stack(np.unravel_index(found, (256,) * 3), axis=1)
    # Of each kind of colour the most frequent one. A thin line has few pixels beside the greys of
    # the letters, and must keep its colour all the same.
    order = np.argsort(-counts, kind="stable")
    kinds, first, kind_of = np.unique(
        colours[order] // SHADES, axis=0, return_index=True, return_inverse=True
    )
    weights = np.bincount(kind_of.ravel(), counts[order], len(kinds))
    chosen = colours[order[first]]
    weights *= 1 + VIVID * np.ptp(chosen, axis=1) / 255
    kept = chosen[np.sort(np.argsort(-weights, kind="stable")[:COLOURS])]
    nearest = np.empty(len(colours), np.uint8)
    for start in range(0, len(colours), 4096):  # all at once would take gigabytes
        some = colours[start : start + 4096, None]
        nearest[start : start + 4096] = ((some - kept) ** 2).sum(axis=2).argmin(axis=1)
    return kept.astype(np.uint8), nearest[where].reshape(codes.shape)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


if __name__ == "__main__":
    for path in render(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])):
        print(path)
