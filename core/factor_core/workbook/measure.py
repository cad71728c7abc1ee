"""How large columns, rows and texts are in pixels, as Excel counts them: 96 to the inch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_pixel_width

if TYPE_CHECKING:
    from collections.abc import Callable

PADDING = 7  # Excel leaves it free in a cell, beside the text
INDENT = 9  # of one step
CODE_LETTER = 7.5  # width of every letter of Courier New at 9 points, padding included


def column_pixels(width: float) -> int:
    """Return the pixels of a column that is `width` digits wide."""
    return int(width * 7 + 0.5) + 5


def row_pixels(points: float) -> int:
    """Return the pixels of a row that is `points` high."""
    return int(points * 4 / 3)


def text_pixels(text: str) -> float:
    """Return the width of a text in the sheets' letters, Calibri 11."""
    return float(xl_pixel_width(text))


def strong_pixels(text: str) -> float:
    """Return the width of a bold text."""
    return 1.06 * text_pixels(text)


def code_pixels(text: str) -> float:
    """Return the width of a formula that is shown as text."""
    return CODE_LETTER * len(text)


def lines_needed(
    text: str, pixels: float, width: Callable[[str], float] = text_pixels, indent: int = 0
) -> int:
    """Return the lines that a text takes in so many pixels, broken between words."""
    room = pixels - PADDING - INDENT * indent
    lines, used = 1, 0.0
    for word in text.split(" "):
        wide = width(word)
        space = width(" ") if used else 0.0
        if used and used + space + wide > room:
            lines, used, space = lines + 1, 0.0, 0.0
        more = int(wide // room)  # a word longer than a line is broken anywhere
        lines, used = lines + more, used + space + wide - more * room
    return lines
