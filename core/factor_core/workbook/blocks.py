"""Blocks of a page: rows of values with their cross-checks, heads, notes, titles of charts."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factor_core.workbook.layout import Page

LINE_HEIGHT = 15.5
ROOM = 1.12  # letters are narrower than the digits that a column's width counts
LABEL_WIDTH, NUMBER_WIDTH, LAST_COLUMN, CHART_COLUMN = 44, 14, 9, 11
LETTERS = 1.2  # of running text in the width of one digit, which columns are measured in
CHECK = "check"  # head of the columns that say "agrees"
CLOSE = "1E-9"  # two programs' regressions agree to about 12 digits; a wrong formula is off by more


@dataclass(frozen=True)
class Line:
    """A labelled value, a second way to the same value, and what it means.

    A line without a check has no "agrees" cell; `tolerance` is relative to the second way.
    """

    label: str
    formula: str
    style: str
    check: str = ""
    note: str = ""
    tolerance: str = CLOSE


def filled(block: Sequence[Line], **names: str) -> list[Line]:
    """Return lines whose formulas have the texts of `names` in the place of {name}."""
    return [
        replace(line, formula=line.formula.format(**names), check=line.check.format(**names))
        for line in block
    ]


def grid(page: Page) -> None:
    """Set the widths of a page: a label, nine numbers, a gap, charts."""
    page.widths(LABEL_WIDTH, *([NUMBER_WIDTH] * LAST_COLUMN), 2)
    page.sheet.set_default_row(LINE_HEIGHT)


def header(
    page: Page,
    row: int,
    column: int,
    texts: Sequence[str],
    lines: int = 1,
    left: Sequence[int] = (0,),
) -> None:
    """Write the heads of a table's columns; those of words, here `left`, stand left."""
    for offset, text in enumerate(texts):
        style = "header_centre" if text == CHECK else "header"
        page.text(row, column + offset, text, "header_left" if offset in left else style)
    if lines > 1:
        page.sheet.set_row(row, LINE_HEIGHT * lines)


def line_heads(page: Page, row: int, texts: Sequence[str]) -> None:
    """Write the heads of a block of lines: label, value, second way, check, note."""
    header(page, row, 0, (*texts, *[""] * (LAST_COLUMN + 1 - len(texts))), left=(0, 4))


def lines(page: Page, row: int, block: Sequence[Line]) -> int:
    """Write label, value, check, "agrees" and note from `row` down; return the next row."""
    for line in block:
        page.labelled(row, 0, line.label, line.formula, line.style)
        if line.check:
            page.formula(row, 2, line.check, line.style)
            page.agrees(row, 3, f"B{row + 1}", f"C{row + 1}", line.tolerance)
        if line.note:
            note(page, row, line.note, first=4)
        row += 1
    return row


def row_of(
    page: Page, row: int, label: str, formulas: Sequence[str], style: str, remark: str = ""
) -> None:
    """Write a label, formulas right of it ("" leaves a cell empty), and a note from column G on."""
    page.text(row, 0, label)
    for column, formula in enumerate(formulas, 1):
        if formula:
            page.formula(row, column, formula, style)
    if remark:
        note(page, row, remark, first=6)


def note(page: Page, row: int, text: str, first: int = 4, last: int = LAST_COLUMN) -> None:
    """Write a grey note over the number columns first..last, as high as its text needs."""
    _wrapped(page, row, text, (first, last), "wrapped remark", NUMBER_WIDTH * (last - first + 1))


def paragraph(page: Page, row: int, text: str, last: int = LAST_COLUMN, width: float = 0) -> None:
    """Write a paragraph over the columns 0..last, as high as its text needs."""
    width = width or LABEL_WIDTH + NUMBER_WIDTH * last
    _wrapped(page, row, text, (0, last), "paragraph", width)


def _wrapped(
    page: Page, row: int, text: str, columns: tuple[int, int], style: str, width: float
) -> None:
    cell_format = page.book.format(style)
    page.sheet.merge_range(row, columns[0], row, columns[1], "", cell_format)
    # Excel refuses an array formula in merged cells, so a live text here is a plain one.
    write = page.plain if text.startswith("=") else page.text
    write(row, columns[0], text, style)
    page.sheet.set_row(row, LINE_HEIGHT * math.ceil(len(text) / (width * LETTERS)))


def all_agree(page: Page, row: int, column: int, ours: str, theirs: str) -> None:
    """Write a live cross-check of a whole range against another."""
    page.verdict(row, column, f"SUMXMY2({ours},{theirs})<={CLOSE}^2*SUMSQ({theirs})")


def live_title(page: Page, row: int, column: int, formula: str) -> str:
    """Write a chart's title as a formula in a cell that the chart covers; return its reference."""
    page.formula(row, column, formula, "remark")
    return f"={page.reference(row, column)}"
