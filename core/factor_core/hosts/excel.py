"""Classic Excel on Windows: the catalogue's functions as xlwings' COM server calls them.

xlwings hands cells over untouched ("raw") and our own writer sends error values as the whole numbers
that the VBA wrapper turns into real Excel errors: Python cannot send an error value by COM itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import xlwings as xw
from xlwings.conversion import Accessor, Pipeline

from factor_core.errors import ERROR_CODES, ExcelError

if TYPE_CHECKING:
    from factor_core.catalogue import Function


class ComCells(Accessor):  # type: ignore[misc]
    """xlwings' writer of a result: rows of numbers, text, TRUE/FALSE and error codes."""

    @classmethod
    def writer(cls, _options: dict[str, Any]) -> Pipeline:
        """Return the one stage that turns error values into their codes."""
        return Pipeline().append_stage(_write_codes)


def publish(function: Function, call: Callable[..., object]) -> Callable[..., object]:
    """Register the function with xlwings, its arguments and result passed as they are."""
    published = xw.ret(ComCells)(call)
    for argument in function.arguments:
        published = xw.arg(argument.name, "raw", doc=argument.kind.text)(published)
    # outermost: xlwings' arg and ret reset what func has set
    registered: Callable[..., object] = xw.func(category=function.category)(published)
    return registered


def _write_codes(context: Any) -> None:
    value = context.value
    if isinstance(value, list):
        context.value = [[_com_cell(cell) for cell in row] for row in value]
    else:
        context.value = _com_cell(value)


def _com_cell(cell: object) -> object:
    if isinstance(cell, ExcelError):
        return ERROR_CODES.get(cell, ERROR_CODES["#VALUE!"])
    return cell
