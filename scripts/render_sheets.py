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

MOST_ROWS = 70
PRINT_AREA = re.compile(
    r'(<definedName name="_xlnm\.Print_Area"[^>]*>[^<]*?\$[A-Z]+\$\d+:\$[A-Z]+\$)(\d+)(?=<)'
)

# LibreOffice calculates array formulas at loading and does not know our functions.
FORMULA = re.compile(rb' cm="1"(?=[ >])|<f\b[^>]*/>|<f\b[^>]*>.*?</f>', re.DOTALL)


def render(book: Path, folder: Path, dpi: int = 80) -> list[Path]:
    """Return the pictures of the visible sheets, in their order."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "sheets.xlsx"
        names = one_page_each(book, copy)
        profile = (Path(scratch) / "profile").as_uri()
        office = ["soffice", f"-env:UserInstallation={profile}", "--headless"]
        convert = [*office, "--convert-to", "pdf", "--outdir", scratch, str(copy)]
        subprocess.run(convert, check=True, capture_output=True)  # noqa: S603
        pages = ["pdftoppm", "-r", str(dpi), "-png", str(copy.with_suffix(".pdf"))]
        subprocess.run([*pages, f"{scratch}/page"], check=True)  # noqa: S603
        pictures = sorted(Path(scratch).glob("page-*.png"))
        if len(pictures) != len(names):
            raise SystemExit(f"{len(names)} sheets gave {len(pictures)} pages")
        return [
            Path(picture.replace(folder / f"{number:02} {name}.png"))
            for number, (picture, name) in enumerate(zip(pictures, names, strict=True), 1)
        ]


def one_page_each(book: Path, copy: Path) -> list[str]:
    """Copy a workbook, values only, each sheet on one page; return the names of the sheets."""
    with zipfile.ZipFile(book) as old, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/workbook.xml":
                text = data.decode()
                data = PRINT_AREA.sub(_shorter, text).encode()
                sheets = re.findall(r"<sheet [^>]*>", text)
            elif name.startswith("xl/worksheets/sheet"):
                data = FORMULA.sub(b"", data.replace(b' fitToHeight="0"', b' fitToHeight="1"'))
            new.writestr(name, data)
    visible = [sheet for sheet in sheets if "state=" not in sheet]
    return [re.search(r'name="([^"]*)"', sheet)[1] for sheet in visible]  # type: ignore[index]


def _shorter(area: re.Match[str]) -> str:
    return f"{area[1]}{min(int(area[2]), MOST_ROWS)}"


if __name__ == "__main__":
    for path in render(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:])):
        print(path)
