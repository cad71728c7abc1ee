"""Where the rows of data of a delimited file begin and end, as bytes and lines, for pyarrow.

Our own reader tells titles, names and data apart by rows; pyarrow knows lines alone, and takes
every line to the end of the file for data.
"""

from __future__ import annotations

import csv
from itertools import islice
from typing import TYPE_CHECKING

from factor_core.date_text import is_written_date
from factor_core.layouts import is_number_like
from factor_core.text_table import MOST_FOOTNOTES

if TYPE_CHECKING:
    from pathlib import Path

    from factor_core.text_table import TextTable

_TAIL = 65_536  # bytes in which small print below a table stands
_SHOWN = 60  # letters of a line that a note shows


def first_line(path: Path, table: TextTable) -> tuple[int, int]:
    """Return the lines above the first row of data, and its cells with those beyond the names.

    The lines are more than the rows where a title has several.
    """
    rows = int(table.columns[0].rows[0]) - 1
    with path.open(encoding=table.encoding, newline="") as stream:
        reader = csv.reader(stream, delimiter=table.delimiter)
        for _ in islice(reader, rows):
            pass
        lines = int(reader.line_num)
        return lines, len(next(reader))


def small_print(path: Path, table: TextTable) -> tuple[int, list[str]]:
    """Return the byte at which the table ends, and a note of the lines of text below it.

    Of UTF-16 none is looked for: such a line is then refused as any row that is no data.
    """
    size = path.stat().st_size
    if table.encoding == "utf-16":
        return size, []
    with path.open("rb") as stream:
        stream.seek(max(0, size - _TAIL))
        lines = stream.read().splitlines(keepends=True)
    end = at = size
    below: list[str] = []
    for line in reversed(lines[size > _TAIL :]):  # the first may be cut
        at -= len(line)
        text = line.decode(table.encoding, errors="replace")
        cells = [cell.strip() for cell in next(csv.reader([text], delimiter=table.delimiter), [])]
        if any(cells) and not _is_text(cells):
            break
        if any(cells):
            end = at
            below.append(", ".join(filter(None, cells)))
    if not below or len(below) > MOST_FOOTNOTES:
        return size, []
    shown = "; ".join(f'"{text[:_SHOWN]}"' for text in below[:-4:-1])
    more = f" and {len(below) - 3} more" if len(below) > 3 else ""
    return end, [f"Below the table, left out: {shown}{more}."]


def _is_text(cells: list[str]) -> bool:
    """Return whether a row has words, and neither a number nor a date, however impossible."""
    if not any(map(str.isalpha, "".join(cells))):
        return False
    return not any(
        cell[:1].isdigit() or is_number_like(cell) or is_written_date(cell) for cell in cells
    )
