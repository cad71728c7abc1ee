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

# One thing has one colour in every chart. The first three differ in lightness by so much that a
# grey print still tells them apart.
ASSET = "#1F4788"
MARKET = "#E88A3C"  # the market, and what it explains: fitted lines, tracking, factor risk
OWN = "#2E8540"  # what a hedge leaves: residuals, hedged series, alpha, idiosyncratic risk
SECOND, REFERENCE, SIXTH = "#7B52AB", "#A6A6A6", "#BF9000"
ASSETS = (ASSET, OWN, SECOND, REFERENCE, SIXTH)  # of several assets beside the market
MODELS = ("#9DB8DF", "#5B84C4", ASSET)  # the more factors, the darker

NUMBER_FORMATS = {
    "text": "@",
    "percent": "0.00%",
    "percent4": "0.0000%",
    "percent1": "0.0%",
    "number": "0.0000",
    "number2": "0.00",
    "signed2": "+0.00;-0.00;0.00",
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
OF_ANY_SIZE = ("money", "price", "text")  # letters shrink where they would be cut off or ####
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
        "bottom": 1,
        "bottom_color": BLUE,
    },
    "remark": {"font_color": GREY, "indent": 1},
    "answer": {"align": "right"},
    "wrapped": {"text_wrap": True},
    "wrapped remark": {"font_color": GREY, "text_wrap": True, "indent": 1},
    "topic": {"bold": True, "text_wrap": True},
    # Courier New: the one letter of fixed width that every system has in the same width.
    "code": {"font_name": "Courier New", "font_size": 9, "text_wrap": True},
    "paragraph": {"text_wrap": True},
    "label": {"font_color": "#000000"},
    "strong": {"bold": True},
    "header": {**HEADER, "align": "right"},
    "header_left": {**HEADER, "align": "left"},
    "header_note": {**HEADER, "align": "left", "indent": 1},
    "header_centre": {**HEADER, "align": "center"},
    "link": {"font_color": BLUE, "underline": 1},
    "check": {"bold": True, "align": "center"},
    "ordinal": {"align": "center", "font_color": GREY},
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
    fit = {"shrink": True} if style in OF_ANY_SIZE else {}
    return {**base, "num_format": NUMBER_FORMATS[style], **align, **fit}
