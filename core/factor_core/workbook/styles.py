"""The template's cell formats: one consistent look, in colours that also print in grey.

Blue on pale yellow is an input, black on white a result: the convention of financial models.
"""

from __future__ import annotations

from typing import Any

FONT = "Calibri"
NAVY = "#1F3864"
BLUE = "#2F5597"
INPUT_BLUE = "#0000C0"
INPUT_FILL = "#FFF7D6"
HEADER_FILL = "#DCE6F2"
GREY = "#595959"
LINE = "#A6A6A6"
GREEN = "#2E7D32"
ORANGE = "#C55A11"
PALE = "#F2F2F2"

# Chart colours in order of use; they differ in lightness, so a grey print still tells them apart.
SERIES = (BLUE, ORANGE, "#7F7F7F", "#70AD47", "#BF9000", "#7030A0")

NUMBER_FORMATS = {
    "text": "@",
    "percent": "0.00%",
    "percent4": "0.0000%",
    "percent1": "0.0%",
    "number": "0.0000",
    "number2": "0.00",
    "number6": "0.000000",
    "scientific": "0.00E+00",
    "variance": "0.000000",
    "integer": "#,##0",
    "money": "$#,##0;-$#,##0",
    "price": "#,##0.00",
    "date": "yyyy-mm-dd",
    "month": "mmm yyyy",
    "general": "General",
}
RIGHT_ALIGNED = frozenset(NUMBER_FORMATS) - {"text", "general"}

HEADER = {
    "bold": True,
    "bg_color": HEADER_FILL,
    "font_color": NAVY,
    "bottom": 1,
    "bottom_color": BLUE,
    "text_wrap": True,
    "valign": "vcenter",
}
NAMED: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 18, "font_color": NAVY},
    "subtitle": {"font_size": 11, "font_color": GREY, "italic": True},
    "section": {
        "bold": True,
        "font_size": 13,
        "font_color": NAVY,
        "bottom": 2,
        "bottom_color": BLUE,
    },
    "remark": {"font_color": GREY, "indent": 1},
    "answer": {"align": "right"},
    "wrapped": {"text_wrap": True},
    "wrapped remark": {"font_color": GREY, "text_wrap": True, "indent": 1},
    "topic": {"bold": True, "text_wrap": True},
    "code": {"font_name": "Consolas", "font_size": 10, "text_wrap": True},
    "paragraph": {"text_wrap": True, "valign": "top"},
    "label": {"font_color": "#000000"},
    "strong": {"bold": True},
    "header": {**HEADER, "align": "right"},
    "header_left": {**HEADER, "align": "left"},
    "header_centre": {**HEADER, "align": "center"},
    "link": {"font_color": BLUE, "underline": 1},
    "check": {"bold": True, "align": "center"},
    "word": {"bold": True, "align": "right"},
    "label_column": {"align": "left"},
}


def properties(style: str) -> dict[str, Any]:
    """Return XlsxWriter's properties of a style.

    A style is a name of NAMED, a number format of NUMBER_FORMATS, or "input " with a number format;
    "strong " before any of them makes it bold with a line above (a total).
    """
    base: dict[str, Any] = {"font_name": FONT, "font_size": 11, "valign": "vcenter"}
    if style.startswith("strong "):
        total = {"bold": True, "top": 1, "top_color": LINE}
        return {**base, **properties(style.removeprefix("strong ")), **total}
    if style.startswith("input "):
        cell = properties(style.removeprefix("input "))
        frame = {"border": 1, "border_color": LINE, "locked": False}
        return {**cell, "font_color": INPUT_BLUE, "bg_color": INPUT_FILL, **frame}
    if style in NAMED:
        return {**base, **NAMED[style]}
    align = {"align": "right"} if style in RIGHT_ALIGNED else {}
    return {**base, "num_format": NUMBER_FORMATS[style], **align}
