"""Classic Excel on Windows: the catalogue's functions as xlwings' COM server calls them.

xlwings hands cells over untouched ("raw"). Python cannot send an error value by COM, so an error
travels as its text: "#N/A" among other cells, "#NUM! sentence" where it is the whole result. Our
VBA makes a real error of it and keeps the sentence; by xlwings' own wrapper a cell shows the text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import xlwings as xw
from xlwings.conversion import Accessor, Pipeline

from factor_core.errors import ExcelError
from factor_core.hosts import log_file

if TYPE_CHECKING:
    from collections.abc import Callable

    from factor_core.catalogue import Function


class ComCells(Accessor):
    """xlwings' writer of a result: rows of numbers, text and TRUE/FALSE."""

    @classmethod
    def writer(cls, _options: dict[str, Any]) -> Pipeline:
        """Return the one stage that makes rows of the result."""
        return Pipeline([_write_rows])


# Excel shows no traceback of Python: what goes wrong in us is only to be found in the log.
log_file.attach_when_excel_calls()


def publish(function: Function, call: Callable[..., object]) -> Callable[..., object]:
    """Register the function with xlwings, its arguments and result passed as they are."""
    published = xw.ret(ComCells)(call)
    for argument in function.arguments:
        published = xw.arg(argument.name, "raw", doc=argument.kind.text)(published)
    # outermost: xlwings' arg and ret reset what func has set
    registered: Callable[..., object] = xw.func(category=function.category)(published)
    return registered


def _write_rows(context: Any) -> None:
    result = context.value
    # xlwings' server takes the length of the result and of its first row: one value must be a row
    context.value = result if isinstance(result, list) else [[_explained(result)]]


def _explained(cell: object) -> object:
    """Return an error with its sentence behind it, any other cell as it is."""
    if isinstance(cell, ExcelError) and cell.message:
        return f"{cell} {cell.message}"
    return cell
