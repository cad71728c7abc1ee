"""What a call of our functions gave."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from factor_core.errors import ExcelError
from factor_core.refresh.blocks import Block
from factor_core.refresh.values import LONGEST_TEXT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factor_core.refresh.values import Value


@dataclass(frozen=True, slots=True)
class Result:
    """Rows of cells, as many in each row."""

    rows: list[list[Value]]

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.rows), len(self.rows[0])

    @property
    def single(self) -> bool:
        """Whether it is one cell."""
        return self.shape == (1, 1)

    @property
    def errors(self) -> list[ExcelError]:
        """The errors in it that say why, each sentence once."""
        found = (v for row in self.rows for v in row if isinstance(v, ExcelError) and v.message)
        return list({error.message: error for error in found}.values())

    def block(self) -> Block:
        """Return it as the argument of another call."""
        numbers = np.full(self.shape, np.nan)
        others: dict[tuple[int, int], Value] = {}
        for i, row in enumerate(self.rows):
            for j, value in enumerate(row):
                if type(value) is float:
                    numbers[i, j] = value
                else:
                    others[i, j] = value
        return Block(numbers, others)


def clean(rows: Sequence[Sequence[Any]]) -> Result:
    """Return the rows with values that a cell can hold, short rows filled with #N/A."""
    width = max((len(row) for row in rows), default=0)
    if not width:
        return Result([[ExcelError("#CALC!", "the function returned no cells")]])
    missing = ExcelError("#N/A")
    return Result(
        [[_clean(value) for value in row] + [missing] * (width - len(row)) for row in rows]
    )


def _clean(value: Any) -> Value:
    if value is None:
        return ""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool | ExcelError):
        return value
    if isinstance(value, int | float):
        number = float(value)
        return number if math.isfinite(number) else ExcelError("#NUM!", "the result is not finite")
    text = str(value).encode("utf-8", "replace").decode()
    if len(text) > LONGEST_TEXT:
        return ExcelError("#VALUE!", f"the text is longer than {LONGEST_TEXT:,} characters")
    return text
