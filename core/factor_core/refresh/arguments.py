"""What each argument of a call is: a value, an area, another call, or a formula to calculate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from factor_core.refresh.addresses import split_sheet
from factor_core.refresh.hoist import MARK

if TYPE_CHECKING:
    from factor_core.refresh.hoist import Call
    from factor_core.refresh.references import References, SheetArea
    from factor_core.refresh.values import Value

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:E[-+]?\d+)?", re.IGNORECASE)
TEXT = re.compile(r'"((?:[^"]|"")*)"')


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written into the formula; None is an argument left out."""

    value: Value


@dataclass(frozen=True, slots=True)
class Range:
    """Cells of a sheet."""

    place: SheetArea


@dataclass(frozen=True, slots=True)
class Nested:
    """The result of another call."""

    call: int


@dataclass(frozen=True, slots=True)
class Calculated:
    """A formula that the engine calculates."""

    text: str


Source = Constant | Range | Nested | Calculated


def sources(call: Call, references: References) -> tuple[Source, ...]:
    """Return where each argument of a call comes from."""
    return tuple(_source(text, call.sheet, references) for text in call.arguments)


def _source(text: str | None, sheet: str, references: References) -> Source:
    if text is None:
        return Constant(None)
    if found := MARK.fullmatch(text):
        return Nested(int(found[1]))
    if NUMBER.fullmatch(text):
        return Constant(float(text))
    if text.upper() in ("TRUE", "FALSE"):
        return Constant(text.upper() == "TRUE")
    if found := TEXT.fullmatch(text):
        return Constant(found[1].replace('""', '"'))
    owner, _ = split_sheet(text)
    place = references.area(text, owner or sheet)
    return Range(place) if place else Calculated(text)
