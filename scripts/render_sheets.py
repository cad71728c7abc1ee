"""Render the sheets of a workbook to pictures: `python scripts/render_sheets.py BOOK FOLDER [DPI]`.

One PNG a sheet, named after it, as LibreOffice prints it: the values stored in the file, nothing
recalculated. It needs LibreOffice and poppler's pdftoppm. Of long sheets, only the first rows.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

MOST_ROWS = 70
LOW_DPI, MARGIN = 40, 0.15  # to find the page's contents; inches of white left around them
PRINT_AREA = re.compile(
    r'(<definedName name="_xlnm\.Print_Area"[^>]*>[^<]*?\$[A-Z]+\$\d+:\$[A-Z]+\$)(\d+)(?=<)'
)
# LibreOffice calculates array formulas at loading and does not know our functions.
FORMULA = re.compile(rb' cm="1"(?=[ >])|<f\b[^>]*/>|<f\b[^>]*>.*?</f>', re.DOTALL)
FOOTER = re.compile(rb"<headerFooter>.*?</headerFooter>", re.DOTALL)


def render(book: Path, folder: Path, dpi: int = 80) -> list[Path]:
    """Return the pictures of the visible sheets, in their order, white margins cut off."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "sheets.xlsx"
        names = one_page_each(book, copy)
        profile = (Path(scratch) / "profile").as_uri()
        office = ["soffice", f"-env:UserInstallation={profile}", "--headless"]
        convert = [*office, "--convert-to", "pdf", "--outdir", scratch, str(copy)]
        subprocess.run(convert, check=True, capture_output=True)  # noqa: S603
        pdf = copy.with_suffix(".pdf")
        pictures = []
        for number, name in enumerate(names, 1):
            picture = folder / f"{number:02} {name}"
            crop = crop_box(pdf, number, dpi)
            page(pdf, number, "-r", str(dpi), "-png", *crop, "-singlefile", str(picture))
            pictures.append(picture.with_name(f"{picture.name}.png"))
        return pictures


def one_page_each(book: Path, copy: Path) -> list[str]:
    """Copy a workbook, values only, each sheet on one page; return the names of the sheets."""
    sheets: list[str] = []
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/workbook.xml":
                text = data.decode()
                data = PRINT_AREA.sub(_shorter, text).encode()
                sheets = re.findall(r"<sheet [^>]*>", text)
            elif name.startswith("xl/worksheets/sheet"):
                data = data.replace(b' fitToHeight="0"', b' fitToHeight="1"')
                data = FOOTER.sub(b"", FORMULA.sub(b"", data))
            new.writestr(name, data)
    visible = [sheet for sheet in sheets if "state=" not in sheet]
    return [sheet.partition('name="')[2].partition('"')[0] for sheet in visible]


def _shorter(area: re.Match[str]) -> str:
    return f"{area[1]}{min(int(area[2]), MOST_ROWS)}"


def crop_box(pdf: Path, number: int, dpi: int) -> list[str]:
    """Return pdftoppm's arguments for the part of a page that is not white."""
    magic, size, _, pixels = page(pdf, number, "-r", str(LOW_DPI), "-gray").split(b"\n", 3)
    if magic != b"P5":
        raise SystemExit(f"page {number} of the PDF could not be read")
    width, height = map(int, size.split())
    drawn = np.frombuffer(pixels, np.uint8).reshape(height, width) < 250
    scale, margin = dpi / LOW_DPI, round(MARGIN * dpi)
    box = []
    for letter, extent, hits in (("x", "W", drawn.any(axis=0)), ("y", "H", drawn.any(axis=1))):
        first, last = np.flatnonzero(hits)[[0, -1]]
        start = max(0, round(first * scale) - margin)
        box += [f"-{letter}", str(start)]
        box += [f"-{extent}", str(round((last + 1) * scale) + margin - start)]
    return box


def page(pdf: Path, number: int, *arguments: str) -> bytes:
    """Run pdftoppm on one page; return the picture, or nothing where it goes to a file."""
    options = ["-f", str(number), "-l", str(number)]
    # The file to write comes after the PDF.
    last = [arguments[-1]] if "-singlefile" in arguments else []
    options += arguments[: len(arguments) - len(last)]
    command = ["pdftoppm", *options, str(pdf), *last]
    return subprocess.run(command, check=True, capture_output=True).stdout  # noqa: S603


if __name__ == "__main__":
    for path in render(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])):
        print(path)
