"""Values of cells as a sheet's XML stores them."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from factor_core.errors import ExcelError

# Every other error (#SPILL!, #CALC!, ...) needs rich-data parts that only Excel can write; Excel
# itself stores #VALUE! in their place.
FILE_ERRORS = frozenset(
    {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA"}
)
LONGEST_TEXT = 32_767
ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
NEEDS_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)|[\x00-\x08\x0b-\x1f\ufffe\uffff]|[\ud800-\udfff]")

Value = float | str | bool | None


class Stored(NamedTuple):
    """A value as the file holds it: the `t` attribute and the text of `<v>`; None for a blank."""

    kind: str | None
    text: str | None


def store(value: Value) -> Stored:
    """Return how the file holds this value."""
    if value is None:
        return Stored(None, None)
    if isinstance(value, ExcelError):
        return Stored("e", value if value in FILE_ERRORS else "#VALUE!")
    if isinstance(value, bool):
        return Stored("b", "1" if value else "0")
    if isinstance(value, int | float):
        return Stored(None, number_text(value)) if math.isfinite(value) else Stored("e", "#NUM!")
    return Stored("str", escaped(value))


def number_text(value: float) -> str:
    """Return the shortest text that reads back as exactly this number."""
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(float(value))


def same(old: Stored, new: Stored) -> bool:
    """Whether both texts mean one value, so that the old bytes can stay."""
    if old.text is None or new.text is None:
        return old.text == new.text
    if (old.kind or "n") != (new.kind or "n"):
        return False
    if new.kind is None:
        return _as_number(old.text) == float(new.text)
    if new.kind == "str":
        return unescaped(old.text) == unescaped(new.text)
    return old.text == new.text


def read(stored: Stored) -> Value:
    """Return the value of a formula's stored result."""
    kind, text = stored
    if text is None:
        return None
    if kind == "e":
        return ExcelError(text)
    if kind == "b":
        return text.strip() in ("1", "true")
    if kind in (None, "n"):
        return _as_number(text)
    return unescaped(text)


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def escaped(text: str) -> str:
    """Return text with characters that XML cannot hold written as Excel writes them, _x0007_."""
    return NEEDS_ESCAPE.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


def unescaped(text: str) -> str:
    """Return text with Excel's _x0007_ turned back into characters."""
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
