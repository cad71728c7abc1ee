"""VARIANT, the one sort of value that crosses COM, and pywin32's two conversions of it.

After com/win32com/src/oleargs.cpp and win32/src/PyTime.cpp of pywin32, the cases in the same order.
Left out is what no function can return or be given: records, values by reference,
win32com.client.VARIANT, and objects on their way from Python to Excel.
"""

from __future__ import annotations

import ctypes
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DISP_E_PARAMNOTFOUND = -2147352572
OLE_EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001  a DATE has no time zone
CURRENCY_SCALE = 10_000


@dataclass(frozen=True)
class Variant:
    """A value with its type: `kind` is the name of its VARTYPE; an ARRAY holds nested tuples."""

    kind: str
    value: Any = None


EMPTY = Variant("EMPTY")
MISSING = Variant("ERROR", DISP_E_PARAMNOTFOUND)  # an argument left out


class Time(dt.datetime):
    """pywintypes.datetime, which a DATE becomes: always with the time zone UTC."""


@dataclass(frozen=True)
class Mark:
    """One of pythoncom's marks for values that Python has no word for."""

    sent: Variant


def time_of(serial: float) -> Time:
    """Return the time of a DATE, to the millisecond as pywin32 rounds it."""
    milliseconds = round(serial * 86_400_000)
    time = OLE_EPOCH + dt.timedelta(milliseconds=milliseconds)
    return Time.combine(time.date(), time.time(), dt.UTC)


def serial_of(time: dt.datetime) -> float:
    """Return the DATE of a time; its time zone is not looked at."""
    return (time.replace(tzinfo=None) - OLE_EPOCH) / dt.timedelta(days=1)


# ------------------------------------------------------------------------------ VARIANT to Python


def to_python(variant: Variant) -> Any:
    """Return what Python receives (PyCom_PyObjectFromVariant)."""
    kind, value = variant.kind, variant.value
    if kind == "ARRAY":
        return _tuples(value)
    if kind in ("EMPTY", "NULL"):
        return None
    if kind == "DATE":
        return time_of(value)
    if kind == "CY":
        return Decimal(round(value * CURRENCY_SCALE)) / CURRENCY_SCALE
    if kind in ("R8", "BSTR", "BOOL", "I4", "I8", "DISPATCH", "ERROR"):
        return value  # an error value loses its type here: it is a whole number like any other
    raise TypeError(f"VARIANT of type {kind}")


def _tuples(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    # The blank rest of a whole column is a million times the same row: converted once.
    done: dict[int, Any] = {}
    for row in rows:
        if id(row) not in done:
            done[id(row)] = _tuples(row) if isinstance(row, tuple) else to_python(row)
    return tuple(done[id(row)] for row in rows)


# ------------------------------------------------------------------------------ Python to VARIANT


def from_python(value: Any) -> Variant:
    """Return what Python sends (PyCom_VariantFromPyObject); its order decides, as in pywin32."""
    for python_type, convert in SIMPLE_TYPES.items():
        if isinstance(value, python_type):
            return convert(value)
    if isinstance(value, Mark):
        return value.sent
    return _of_other_type(value)


def _whole_number(value: int) -> Variant:
    bits = value.bit_length()
    if bits > 64 or (bits == 64 and value < -(2**63)):
        return Variant("R8", float(value))
    if bits > 32:
        return Variant("UI8" if bits == 64 and value > 0 else "I8", value)
    if bits == 32 and value > 0:
        return Variant("UI4", value)
    return Variant("I4" if value >= -(2**31) else "I8", value)


SIMPLE_TYPES: dict[type, Callable[[Any], Variant]] = {
    str: lambda text: Variant("BSTR", str(text)),
    bool: lambda flag: Variant("BOOL", flag),  # before int, of which it is one
    int: _whole_number,
    float: lambda number: Variant("R8", float(number)),
    type(None): lambda _: Variant("NULL"),
}


def _of_other_type(value: Any) -> Variant:
    if isinstance(value, dt.datetime):
        return Variant("DATE", serial_of(value))
    if hasattr(value, "timetuple"):
        return Variant("DATE", serial_of(dt.datetime(*value.timetuple()[:6])))  # noqa: DTZ001
    if isinstance(value, bytes | bytearray | memoryview):
        return Variant("ARRAY", tuple(Variant("UI1", byte) for byte in bytes(value)))
    if _is_sequence(value):
        return Variant("ARRAY", _safearray(value, _dimensions(value, 0, {})))
    if isinstance(value, Decimal):
        return Variant("CY", float(value))
    if hasattr(type(value), "__float__") or hasattr(type(value), "__index__"):
        return Variant("R8", float(value))
    name = type(value).__name__
    raise TypeError(f"Objects of type '{name}' can not be converted to a COM VARIANT")


def _is_sequence(value: Any) -> bool:
    return bool(ctypes.pythonapi.PySequence_Check(ctypes.py_object(value)))


def _dimensions(value: Any, depth: int, sizes: dict[int, int]) -> int:
    """Return how many dimensions the array has: sequences of unequal length make no further one."""
    if isinstance(value, str | bytes) or not _is_sequence(value):
        return depth
    if sizes.setdefault(depth, len(value)) != len(value):
        return depth
    inner = [_dimensions(value[i], depth + 1, sizes) for i in range(len(value))]
    return min(inner, default=depth + 1)


def _safearray(value: Any, dimensions: int) -> tuple[Any, ...]:
    items = [value[i] for i in range(len(value))]
    if dimensions == 1:
        return tuple(map(from_python, items))
    if len({len(item) for item in items}) > 1:
        raise TypeError("All dimensions must be a sequence of the same size")
    return tuple(_safearray(item, dimensions - 1) for item in items)
