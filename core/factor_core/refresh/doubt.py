"""Native formulas that the engine calculates past a cell it could not calculate.

COUNTIF, SUMIFS, MATCH and their like skip an unavailable cell in place of becoming unavailable
themselves. Where such a cell lies in what they look over, their result is a guess: not used.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from factor_core.refresh.formula_tree import NotComputableError, invocations, parse, tokens
from factor_core.refresh.references import MOVING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from factor_core.refresh.addresses import Position
    from factor_core.refresh.references import References, SheetArea
    from factor_core.refresh.repairs import Place

LOOKS_OVER = re.compile(
    r"\b(?:(?:COUNT|SUM|AVERAGE|MAX|MIN)IFS?|COUNTBLANK|X?MATCH|[XVH]?LOOKUP"
    r"|D(?:AVERAGE|COUNTA?|GET|MAX|MIN|PRODUCT|STDEVP?|SUM|VARP?))\s*\(",
    re.IGNORECASE,
)


class Doubt:
    """Tells which formulas look over cells that could not be calculated."""

    def __init__(self, references: References) -> None:
        self.references = references
        self._seen: dict[tuple[str, Place], list[SheetArea] | None] = {}

    def concerns(self, text: str, place: Place, lost: Mapping[str, set[Position]]) -> bool:
        """Whether the formula looks over one of the lost cells, as far as can be told."""
        if not LOOKS_OVER.search(text):
            return False
        areas = self.areas(text, place)
        if areas is None:
            return True
        return any(_holds(area, lost.get(area.sheet, set())) for area in areas)

    def areas(self, text: str, place: Place) -> list[SheetArea] | None:
        """Return the areas that a formula names; None where it decides by itself what it reads."""
        key = (text, place)
        if key not in self._seen:
            self._seen[key] = self._areas(text, place)
        return self._seen[key]

    def _areas(self, text: str, place: Place) -> list[SheetArea] | None:
        try:
            nodes = parse(text)
            if {call.plain_name for call in invocations(nodes)} & MOVING:
                return None
            found = []
            for token in tokens(nodes):
                if token.kind != "RANGE":
                    continue
                if self.references.is_moving(token.text, place.sheet):
                    return None
                area = self._area(token.text, place)
                if area is not None:
                    found.append(area)
        except NotComputableError:
            return None
        return found

    def _area(self, text: str, place: Place) -> SheetArea | None:
        if self.references.is_table(text):
            return self.references.table_area(text, place.row)
        return self.references.area(text, place.sheet)


def _holds(place: SheetArea, lost: set[Position]) -> bool:
    top, left, bottom, right = place.area
    return any(top <= row <= bottom and left <= column <= right for row, column in lost)
