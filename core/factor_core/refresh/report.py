"""What a refresh did: for the person, and as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Literal

EXIT_CODES = {"ok": 0, "partial": 3, "none": 1}

Status = Literal["ok", "partial", "none"]


@dataclass(frozen=True, slots=True)
class NotCalculated:
    """A formula that keeps its old value."""

    cell: str
    formula: str
    reason: str


@dataclass(frozen=True, slots=True)
class CellError:
    """An error value that the file now holds, with its explanation.

    `stored` is what the file can hold: Excel stores #VALUE! in place of #SPILL! and its like.
    """

    cell: str
    code: str
    stored: str
    sentence: str
    function: str | None = None
    shown: bool = True  # False where the formula around it caught the error


@dataclass(slots=True)
class Report:
    """The outcome of one refresh."""

    workbook: str
    output: str | None = None
    status: Status = "ok"
    written: bool = False
    formulas: int = 0
    calculated: int = 0
    our_formulas: int = 0
    calls: int = 0
    rounds: int = 0
    changed_cells: int = 0
    changed_parts: list[str] = field(default_factory=list)
    not_calculated: list[NotCalculated] = field(default_factory=list)
    errors: list[CellError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0: everything was calculated; 3: a part; 1: nothing."""
        return EXIT_CODES[self.status]

    def settle(self) -> None:
        """Set the status from what was and was not calculated."""
        self.calculated = self.formulas - len(self.not_calculated)
        if self.not_calculated:
            self.status = "partial" if self.calculated else "none"

    def to_json(self) -> str:
        """Return the report as JSON text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n"
