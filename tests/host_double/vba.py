"""The VBA between a cell and Python, written after its texts: both ways that a call can take.

Ours is FactorRuntime.bas of the workbook, from a call to its result and sentence; what it keeps for
each cell is no part of this. The other is what xlwings' Import Functions writes. All VBA of xlwings
goes through its DLL.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from host_double.excel import ERRORS, FIRST_ERROR, Range, cell, error
from host_double.pywin32 import PyIDispatch, ServerError, call, calls_to_excel
from host_double.variant import EMPTY, MISSING, Variant

if TYPE_CHECKING:
    from collections.abc import Callable

    from host_double.excel import Workbook

PYTHON_MODULE = "factor_udfs"
LAST_ERROR = -2146825988
LONGEST_SENTENCE = 250
UNEXPECTED = "Unexpected Python Error: Traceback (most recent call last):"


@dataclass(frozen=True)
class Answer:
    """What the cell gets, why (if it failed), the types that Python sent and its calls to Excel."""

    cell: Variant
    sentence: str
    sent: frozenset[str]
    calls_to_excel: int


class Server:
    """Python's COM object as VBA holds it: behind xlwings' DLL."""

    def __init__(self, pointer: PyIDispatch) -> None:
        self.pointer = pointer
        self.sent: frozenset[str] = frozenset()

    def call_udf(self, *arguments: Variant) -> Variant:
        """Return what CallUDF answers; raise ServerError with what VBA finds in Err.Description."""
        self.sent = frozenset()
        try:
            answer = call(self.pointer, "CallUDF", *arguments)
        except ServerError as failed:
            raise ServerError(_last_line_first(failed.description)) from failed
        self.sent = frozenset(_kinds(answer))
        return answer


def _last_line_first(description: str) -> str:
    """Return a traceback as the DLL turns it round, any other text as it is."""
    first, *lines = description.split("\n")
    return "\n".join(filter(None, reversed(lines))) if first == UNEXPECTED else description


def _kinds(value: Any) -> set[str]:
    if isinstance(value, tuple):
        return {kind for item in value for kind in _kinds(item)}
    return _kinds(value.value) if value.kind == "ARRAY" else {value.kind}


# -------------------------------------------------------------- our own way: FactorRuntime.bas


def factor_call(server: Server, name: str, *arguments: object) -> Answer:
    """Return what =NAME(...) shows by way of FactorRuntime's FactorCall."""
    calls_to_excel.clear()
    try:
        values = Variant("ARRAY", tuple(_plain_values(arguments)))
        text = (Variant("BSTR", PYTHON_MODULE), Variant("BSTR", name))
        answer = server.call_udf(*text, values)
        shown, sentence = _mark_errors(answer)
    except ServerError as failed:
        text = failed.description.replace("\r", "\n").split("\n")[0][:LONGEST_SENTENCE]
        shown, sentence = error(ERRORS["#VALUE!"]), f"{name}: {text}"
    return Answer(shown, sentence, server.sent, calls_to_excel.total())


def _plain_values(arguments: tuple[object, ...]) -> list[Variant]:
    columns = [r for r in arguments if isinstance(r, Range) and r.is_whole_column]
    bottom = max((r.Row + len(r.cells) - 1 for r in columns), default=1)
    return [_plain_value(argument, bottom) for argument in arguments]


def _plain_value(argument: object, bottom: int) -> Variant:
    if not isinstance(argument, Range):
        return EMPTY if argument == MISSING else _with_rows_and_columns(cell(argument))
    if not argument.is_whole_column:
        return argument.Value2
    return argument.value2(max(bottom, argument.Row) - argument.Row + 1)


def _with_rows_and_columns(value: Variant) -> Variant:
    if value.kind != "ARRAY" or isinstance(value.value[0], tuple):
        return value
    return Variant("ARRAY", (value.value,))


def _mark_errors(answer: Variant) -> tuple[Variant, str]:
    if answer.kind == "ARRAY":
        return Variant("ARRAY", _each(answer.value, _cell_value)), ""
    if answer.kind == "BSTR":
        code, space, sentence = answer.value.partition(" ")
        if space and code in ERRORS:
            return error(ERRORS[code]), sentence
    return _cell_value(answer), ""


def _each(values: tuple[Any, ...], change: Callable[[Variant], Variant]) -> tuple[Any, ...]:
    return tuple(_each(v, change) if isinstance(v, tuple) else change(v) for v in values)


def _cell_value(value: Variant) -> Variant:
    if value.kind == "I4" and FIRST_ERROR <= value.value <= LAST_ERROR:
        return error(value.value - FIRST_ERROR)
    if value.kind == "BSTR" and value.value in ERRORS:
        return error(ERRORS[value.value])
    return Variant("BSTR", "") if value.kind in ("EMPTY", "NULL") else value


# -------------------------------------------------------------- xlwings' way: Import Functions


def stock_call(
    server: Server, workbook: Workbook, module: str, name: str, *arguments: object
) -> Answer:
    """Return what =NAME(...) shows by way of the function that Import Functions has written."""
    calls_to_excel.clear()
    sheet = workbook.Worksheets.sheets[0]
    caller = Range([[None]], Row=20, Column=5, Worksheet=sheet)
    for argument in arguments:
        if isinstance(argument, Range):
            argument.Worksheet = sheet
    given = Variant("ARRAY", tuple(map(_argument, arguments)))
    text = (Variant("BSTR", module), Variant("BSTR", name))
    try:
        answer = server.call_udf(*text, given, _pointer(workbook), _pointer(caller))
    except ServerError as failed:
        answer = Variant("BSTR", failed.description)
    return Answer(answer, "", server.sent, calls_to_excel.total())


def _argument(value: object) -> Variant:
    return _pointer(value) if isinstance(value, Range) else cell(value)


def _pointer(target: Any) -> Variant:
    return Variant("DISPATCH", PyIDispatch(target))
