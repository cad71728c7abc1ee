"""Blocks of a page: rows of values with their cross-checks, heads, notes, titles of charts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from factor_core.workbook.layout import LINE_HEIGHT
from factor_core.workbook.measure import column_pixels, lines_needed, strong_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from factor_core.workbook.layout import Page

    Rule = Mapping[str, object]

LABEL_WIDTH, NUMBER_WIDTH, LAST_COLUMN, CHART_COLUMN = 44, 12.5, 9, 11
BEHIND_COLUMN = CHART_COLUMN + 11  # right of all that prints
VALUE = "MSFT"  # as long as what a formula's reference shows, as a rule
CHECK = "check"  # head of the columns that say "agrees"
EXACT_ZERO = "1"  # agrees() scales by at least 1E-12: a difference of 1E-12 from 0 passes
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
    page.usual_height(LINE_HEIGHT)


def header(
    page: Page,
    row: int,
    column: int,
    texts: Sequence[str],
    lines: int = 1,
    left: Sequence[int] = (0,),
    notes: Sequence[int] = (),
) -> None:
    """Write the heads of a table's columns; those of words stand left, of notes indented."""
    special = dict.fromkeys(left, "header_left") | dict.fromkeys(notes, "header_note")
    for offset, text in enumerate(texts):
        style = "header_centre" if text == CHECK else "header"
        page.text(row, column + offset, text, special.get(offset, style))
    if lines > 1:
        page.height(row, LINE_HEIGHT * lines)


def lines_of_names(names: Sequence[str]) -> int:
    """Return the lines that the longest of these names needs at the head of a column."""
    return max(lines_needed(name, column_pixels(NUMBER_WIDTH), strong_pixels) for name in names)


def line_heads(page: Page, row: int, texts: Sequence[str]) -> None:
    """Write the heads of a block of lines: label, value, second way, check, note."""
    header(page, row, 0, (*texts, *[""] * (LAST_COLUMN + 1 - len(texts))), notes=(4,))


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


def lines_or_none(page: Page, row: int, block: Sequence[Line]) -> int:
    """Write lines of which some may have no value, and say "none"; return the next row."""
    for line in block:
        page.labelled(row, 0, line.label, line.formula, line.style)
        if line.check:
            page.formula(row, 2, line.check, line.style)
            agrees_or_none(page, row, (1, 2), 3, line.tolerance)
        if line.note:
            note(page, row, line.note)
        row += 1
    return row


def agrees_or_none(
    page: Page, row: int, columns: tuple[int, int], check: int, tolerance: str = CLOSE
) -> None:
    """Write "agrees" where two cells of a row hold the same number, or both of them none."""
    ours, theirs = (f"{chr(ord('A') + column)}{row + 1}" for column in columns)
    same = f"ABS({ours}-{theirs})<={tolerance}*MAX(1E-12,ABS({theirs}))"
    page.verdict(row, check, f"IF(AND(ISNUMBER({ours}),ISNUMBER({theirs})),{same},{ours}={theirs})")


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


def note(page: Page, row: int, text: str, first: int = 4, last: int = LAST_COLUMN) -> int:
    """Write a grey note over the number columns first..last; return the lines that it takes."""
    return _wrapped(page, row, text, (first, last), "wrapped remark", indent=1)


def paragraph(page: Page, row: int, text: str, last: int = LAST_COLUMN, longest: str = "") -> None:
    """Write a paragraph over the columns 0..last, as high as its text needs.

    `longest` is what a formula says at most, where that is not all its texts in a row.
    """
    _wrapped(page, row, text, (0, last), "paragraph", longest=longest)


def _wrapped(
    page: Page,
    row: int,
    text: str,
    columns: tuple[int, int],
    style: str,
    indent: int = 0,
    longest: str = "",
) -> int:
    cell_format = page.book.format(style)
    page.sheet.merge_range(row, columns[0], row, columns[1], "", cell_format)
    page.text(row, columns[0], text, style)
    said = longest or (spoken(text) if text.startswith("=") else text)
    needed = lines_needed(said, page.columns_pixels(*columns), indent=indent)
    page.height(row, LINE_HEIGHT * needed)
    return needed


def spoken(formula: str) -> str:
    """Return about what a formula of texts and numbers will say."""
    return VALUE.join(re.findall(r'"([^"]*)"', formula))


ANY_NUMBER: Rule = {"criteria": "between", "minimum": -1e12, "maximum": 1e12}
ABOVE_ZERO: Rule = {"criteria": ">", "value": 0}


def numbers_only(page: Page, row: int, column: int, rule: Rule = ANY_NUMBER) -> None:
    """Let an input cell hold nothing but a number that follows the rule."""
    page.sheet.data_validation(row, column, row, column, {"validate": "decimal", **rule})


class Input(NamedTuple):
    """An input cell of a page: its name in formulas, how it looks, a hint, what it may hold."""

    label: str
    value: float
    name: str
    style: str
    hint: str
    rule: Rule


def write_inputs(page: Page, row: int, inputs: Sequence[Input], first: int = 4) -> int:
    """Write input cells of numbers, with hints from column `first` on; return the next row."""
    for one in inputs:
        page.input(row, 0, one.label, one.value, one.name, one.style)
        numbers_only(page, row, 1, one.rule)
        note(page, row, one.hint, first)
        row += 1
    return row


def behind_charts(page: Page, row: int, width: float, count: int, column: int) -> None:
    """Head the `count` columns from `column` on that charts draw and nobody prints."""
    page.text(row, column, "Behind the charts", "strong")
    page.widths(*[width] * count, first=column)


def all_agree(page: Page, row: int, column: int, ours: str, theirs: str) -> None:
    """Write a live cross-check of a whole range against another."""
    page.verdict(row, column, f"SUMXMY2({ours},{theirs})<={CLOSE}^2*SUMSQ({theirs})")
