"""Cells to clean arrays, and results back to cells: the only cleaning, the only writing.

Every host hands over the same few shapes: one value, rows of values (nested tuples from COM, nested
lists from JSON), a flat list, a numpy array. What a cell may hold is decided here and nowhere else:
a number is a number; a blank, "" and #N/A are missing; anything else in a number range is an error
that names its row and column.
"""

from __future__ import annotations

import datetime as dt
import marshal
import math
import re
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from factor_core.errors import (
    ERROR_CODES,
    ERROR_TEXTS,
    ExcelError,
    InputError,
    MissingDataError,
    short,
)
from factor_core.labelled import Columns, Examined, RefusedCell, Table, refuse_infinite

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

Rows = list[Any] | tuple[Any, ...]

COM_MISSING = -2147352572  # DISP_E_PARAMNOTFOUND: an optional argument left out, as COM sends it
COM_ERRORS = range(-2146828288, -2146825987)  # any Excel error, known or new, as COM sends it
CODE_OF_COM_ERROR = {code: text for text, code in ERROR_CODES.items()}
WHOLE_SHEET_ROWS = 100_000  # a longer reference means "the whole column": cut after its last cell
TRIM_STEP = 4096
NULL_TYPES = frozenset({"JsNull", "JsUndefined", "NAType", "NaTType"})  # pyodide's, pandas' blanks
NAN = math.nan
EXCEL_EPOCH = dt.date(1899, 12, 30)
LAST_SERIAL = 2_958_465  # 9999-12-31, Excel's last day; beyond it lies 20240131 meant as a date
# With a decimal mark, an exponent or a percent sign: digits alone are a name, as of a decile.
NUMBER_AS_TEXT = re.compile(
    r"[-+]?(?=.*[.,%eE])(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?\s*%?", re.ASCII
)
FLOAT_TAG, NONE_TAG, LIST_TAG, TUPLE_TAG = b"g"[0], b"N"[0], b"["[0], b"("[0]
ROW_HEAD = 5  # bytes before the cells of a row, and before the rows: tag and length
WIDE, DEEP = 16, 512  # columns and rows of a block with gaps; smaller, it is sooner read by cell


class _BadCellError(Exception):
    """What was found in a cell that cannot be used; its place is added by the caller."""


# ---------------------------------------------------------------------------------- reading


def read_columns(cells: object, name: str) -> Columns:
    """Return a range of numbers as columns, its first row as names where it holds only text."""
    rows = _rows(cells, name)
    total = len(rows)
    if isinstance(rows, np.ndarray):
        refuse_infinite(rows, name)
        return Columns(_without_nan_tail(rows), rows=total)
    rows = _without_blank_tail(rows)
    values = _float_block(rows)
    names: tuple[str, ...] = ()
    if values is None:
        _refuse_ragged(rows, name)
        names = _header(rows)
        body = rows[1:] if names else rows
        values = _float_block(body) if names else None
        if values is None and len(body[0]) >= WIDE and len(body) >= DEEP:
            values = _gapped_block(body)
        if values is None:
            values = _cell_block(body, name, 2 if names else 1, _number)
    headers = 1 if names else 0
    refuse_infinite(values, name, 1 + headers)
    return Columns(values, names, total - headers)


def read_every_cell(cells: object, name: str) -> Examined:
    """Return a range of numbers whatever its cells hold: what is no number is listed, and NaN."""
    rows = _rows(cells, name)
    total = len(rows)
    names: tuple[str, ...] = ()
    refused: list[RefusedCell] = []
    if isinstance(rows, np.ndarray):
        values = _without_nan_tail(rows).copy()
    else:
        rows = _without_blank_tail(rows)
        _refuse_ragged(rows, name)
        names = _header(rows)
        values, refused = _examined(rows[1:] if names else rows, 2 if names else 1, _number)
    infinite = np.isinf(values)
    first_row = 2 if names else 1
    refused += [RefusedCell(i + first_row, j + 1, "infinite") for i, j in np.argwhere(infinite)]
    values[infinite] = NAN
    return Examined(Columns(values, names, total - len(names[:1])), sorted(refused))


def read_every_date(cells: object, name: str) -> Examined:
    """Return a column of dates whatever its cells hold: what is no date is listed, and NaN.

    Serial numbers keep their fraction, the time of day.
    """
    rows = _rows(cells, name)
    total = len(rows)
    if isinstance(rows, np.ndarray):
        rows = _without_nan_tail(rows).tolist()
    rows = _without_blank_tail(rows)
    _refuse_ragged(rows, name)
    _refuse_several_columns((len(rows), len(rows[0])), name)
    names = _header(rows) if not _is_iso_date(rows[0][0]) else ()
    first_row = 2 if names else 1
    serials, refused = _examined(rows[first_row - 1 :], first_row, _serial)
    wrong = _no_dates(serials)
    refused += [
        RefusedCell(int(i) + first_row, 1, f"{serials[i, 0]:.15g}, outside 1900 to 9999")
        for i in np.flatnonzero(wrong)
    ]
    serials[wrong] = NAN
    return Examined(Columns(serials, names, total - first_row + 1), sorted(refused))


def _examined(
    rows: Rows, first_row: int, read: Callable[[Any], float]
) -> tuple[NDArray[np.float64], list[RefusedCell]]:
    """Return `read` of every cell, NaN where it is refused, and the cells that are."""
    values = _float_block(rows)
    if values is not None:
        return values, []
    block = np.full((len(rows), len(rows[0])), NAN)
    refused = []
    for i, row in enumerate(rows):
        for j, cell in enumerate(row):
            try:
                block[i, j] = read(cell)
            except _BadCellError as bad:
                refused.append(RefusedCell(i + first_row, j + 1, str(bad)))
    return block, refused


def read_number(cells: object, name: str) -> float:
    """Return one cell as a number."""
    cell = one_cell(cells, name)
    try:
        value = _number(cell)
    except _BadCellError as bad:
        raise InputError(f"{name} is {bad}; use a number") from None
    if not math.isfinite(value):
        found = "missing" if math.isnan(value) else "infinite"
        raise InputError(f"{name} is {found}; use a number")
    return value


def read_integer(cells: object, name: str) -> int:
    """Return one cell as a whole number."""
    value = read_number(cells, name)
    if value != int(value):
        raise InputError(f"{name} is {value:g}; use a whole number")
    return int(value)


def read_flag(cells: object, name: str) -> bool:
    """Return one cell as TRUE or FALSE; 1 and 0 mean the same."""
    cell = one_cell(cells, name)
    word = cell.strip().upper() if isinstance(cell, str) else ""
    if word in ("TRUE", "FALSE"):
        return word == "TRUE"
    if isinstance(cell, bool | int | float) and cell in (0, 1):
        return bool(cell)
    raise InputError(f"{name} is {describe(cell)}; use TRUE or FALSE")


def read_text(cells: object, name: str) -> str:
    """Return one cell as text."""
    cell = one_cell(cells, name)
    if _is_text(cell):
        return str(cell).strip()
    raise InputError(f"{name} is {describe(cell)}; use text")


def read_text_or_integer(cells: object, name: str) -> str | int:
    """Return one cell as text, or as a whole number (a position)."""
    cell = one_cell(cells, name)
    return str(cell).strip() if _is_text(cell) else read_integer(cell, name)


def read_dates(cells: object, name: str) -> Columns:
    """Return one column of dates as Excel serial numbers; a missing date is NaN.

    Serial numbers, dates and ISO text ("2024-01-31") are dates. The time of day is cut off, and so
    is a time zone: the date is the one written.
    """
    times = read_times(cells, name)
    return Columns(np.floor(times.values), times.names, times.rows)


def read_times(cells: object, name: str) -> Columns:
    """Return one column of dates with their time of day, a fraction of the serial number."""
    rows = _rows(cells, name)
    total = len(rows)
    if isinstance(rows, np.ndarray):
        rows = _without_nan_tail(rows).tolist()
    rows = _without_blank_tail(rows)
    _refuse_ragged(rows, name)
    names = _header(rows) if not _is_iso_date(rows[0][0]) else ()
    headers = 1 if names else 0
    serials = _cell_block(rows[headers:], name, 1 + headers, _serial)
    _refuse_several_columns(serials.shape, name)
    _refuse_no_dates(serials[:, 0], name, 1 + headers)
    return Columns(serials, names, total - headers)


def is_missing(cells: object) -> bool:
    """Return whether the argument was left out or is one blank cell."""
    while isinstance(cells, list | tuple) and len(cells) == 1:
        cells = cells[0]
    if isinstance(cells, int):
        return cells == COM_MISSING
    return _is_blank(cells) or type(cells).__name__ in NULL_TYPES


def one_cell(cells: object, name: str) -> Any:
    """Return what the one cell of this range holds."""
    if isinstance(cells, np.ndarray):
        cells = _array_rows(cells, name)
        cells = cells.tolist() if isinstance(cells, np.ndarray) else cells
    for _ in ("row", "cell"):
        if isinstance(cells, list | tuple):
            if len(cells) != 1:
                found = "a range of several cells" if cells else "an empty range"
                raise InputError(f"{name} is {found}; use one cell")
            cells = cells[0]
    if isinstance(cells, list | tuple):
        raise InputError(f"{name} has several areas; use one cell")
    return _plain(cells)


def describe(cell: object) -> str:
    """Return what a cell holds, in the words of an error sentence."""
    cell = _plain(cell)
    if _is_blank(cell):
        return "blank"
    if isinstance(cell, str):
        return _describe_text(cell)
    if isinstance(cell, bool | int | float | Decimal):
        return _describe_number(cell)
    if isinstance(cell, dt.date):
        return f"the date {cell.isoformat()[:10]}"
    return "a range of its own" if isinstance(cell, list | tuple) else f"a {type(cell).__name__}"


def _describe_text(cell: str) -> str:
    if cell in ERROR_TEXTS:
        # An error that one of our own functions returned says why; so then does the outer one.
        reason = getattr(cell, "message", "")
        return f"{cell} ({reason})" if reason else str(cell)
    return f'text "{short(cell, 40)}"'


def _describe_number(cell: float | Decimal) -> str:
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int) and cell in COM_ERRORS:
        return CODE_OF_COM_ERROR.get(cell, "an error value")
    try:
        return f"{float(cell):g}"
    except (OverflowError, ValueError):  # an integer of 400 digits; Decimal's signalling NaN
        return "a number too large for a cell"


def _rows(cells: object, name: str) -> Rows | NDArray[np.float64]:
    """Return what a host handed over as rows; a float array stays an array."""
    if isinstance(cells, np.ndarray):
        return _array_rows(cells, name)
    if not isinstance(cells, list | tuple):
        return ((cells,),)
    if not cells:
        raise InputError(f"{name} is an empty range; use a range with numbers")
    first = cells[0]
    if not isinstance(first, list | tuple):
        return _flat_rows(cells, name)
    if not first:
        raise InputError(f"{name} is an empty range; use a range with numbers")
    if isinstance(first[0], list | tuple):
        raise InputError(f"{name} has several areas; use one rectangular range")
    return cells


def _refuse_ragged(rows: Rows, name: str) -> None:
    """Raise InputError unless rows are a rectangle; the fast path has proven that by itself."""
    width = len(rows[0])
    if set(map(type, rows)) <= {list, tuple} and set(map(len, rows)) == {width}:
        return
    for i, row in enumerate(rows, 1):
        if not isinstance(row, list | tuple) or len(row) != width:
            raise InputError(f"{name} row {i} is not as wide as row 1; use a rectangular range")


def _flat_rows(cells: Sequence[Any], name: str) -> Rows:
    if any(isinstance(cell, list | tuple) for cell in cells):
        raise InputError(f"{name} mixes single cells and rows; use a rectangular range")
    return [(cell,) for cell in cells]


def _array_rows(cells: NDArray[Any], name: str) -> Rows | NDArray[np.float64]:
    if cells.ndim > 2:
        raise InputError(f"{name} has {cells.ndim} dimensions; use one block of rows and columns")
    if cells.size == 0:
        raise InputError(f"{name} is an empty range; use a range with numbers")
    block = cells[:, None] if cells.ndim == 1 else np.atleast_2d(cells)
    rows: Rows
    if isinstance(block, np.ma.MaskedArray):
        rows = block.astype(object).tolist()  # None where masked
    elif block.dtype.kind == "f":
        with np.errstate(over="ignore"):  # a long double beyond float64 is refused as infinite
            return np.ascontiguousarray(block, dtype=np.float64)
    elif block.dtype.kind in "mM":
        # Nanoseconds, pandas' unit, have no Python type: they would come out as bare integers.
        rows = block.astype(f"{block.dtype.kind}8[us]").tolist()
    else:
        rows = block.astype(object).tolist()
    return rows


def _without_blank_tail(rows: Rows) -> Rows:
    """Return a reference to the whole column cut after its last filled row, comparing in slices."""
    n = len(rows)
    if n <= WHOLE_SHEET_ROWS:
        return rows
    row_kind = tuple if isinstance(rows[0], tuple) else list  # never a named tuple's own class
    for blank in (None, ""):
        empty = row_kind((blank,) * len(rows[0]))
        step = (tuple if isinstance(rows, tuple) else list)((empty,)) * TRIM_STEP
        try:
            while n > TRIM_STEP and rows[n - TRIM_STEP : n] == step:
                n -= TRIM_STEP
            while n > 2 and rows[n - 1] == empty:  # never the header alone
                n -= 1
        except (TypeError, ValueError):  # pandas.NA and arrays do not say whether they are equal
            break
    return rows[:n]


def _without_nan_tail(values: NDArray[np.float64]) -> NDArray[np.float64]:
    if len(values) <= WHOLE_SHEET_ROWS:
        return values
    filled = np.flatnonzero(~np.isnan(values).all(axis=1))
    return values[: filled[-1] + 1] if filled.size else values[:1]


def _header(rows: Rows) -> tuple[str, ...]:
    """Return the first row as names when it holds text and nothing but text and blanks.

    Numbers stored as text, "0.0123" or "1.2%", are no names: the first return would go unseen.
    """
    if len(rows) < 2:
        return ()
    first = [_plain(cell) for cell in rows[0]]
    names = [cell.strip() for cell in first if _is_text(cell)]
    if not names or not all(_is_text(c) or _is_blank(c) for c in first):
        return ()
    if all(map(NUMBER_AS_TEXT.fullmatch, names)):
        return ()
    return tuple("" if cell is None else str(cell).strip() for cell in first)


def _is_half_header(row: Sequence[Any]) -> bool:
    """Return whether a row holds a name beside something else, such as the year 2024."""
    texts = [_is_text(_plain(cell)) for cell in row]
    return any(texts) and not all(texts)


def _float_block(rows: Rows) -> NDArray[np.float64] | None:
    """Return rows that hold floats only as a matrix; None when anything else is among them.

    marshal (version 2) writes each float as a tag and 8 bytes and each row as a tag and its length.
    When the stream has the length of an all-float rectangle and every tag and row header stands
    where such a rectangle puts it, the bytes are the matrix: two strided views check and read it.
    """
    if not rows:
        return None
    n, k = len(rows), len(rows[0])
    try:
        stream = marshal.dumps(rows, 2)
    except ValueError:  # a cell of a type that marshal does not know
        return None
    row_bytes = ROW_HEAD + 9 * k
    if len(stream) != ROW_HEAD + n * row_bytes:
        return None
    tags = np.ndarray((n, k), np.uint8, stream, 2 * ROW_HEAD, (row_bytes, 9))
    heads = np.ndarray((n,), np.uint8, stream, ROW_HEAD, (row_bytes,))
    widths = np.ndarray((n,), "<i4", stream, ROW_HEAD + 1, (row_bytes,))
    is_rectangle = (
        heads[0] in (LIST_TAG, TUPLE_TAG)
        and (heads == heads[0]).all()
        and (widths == k).all()
        and (tags == FLOAT_TAG).all()
    )
    if not is_rectangle:
        return None
    return np.ndarray((n, k), "<f8", stream, 2 * ROW_HEAD + 1, (row_bytes, 9)).copy()


def _gapped_block(rows: Rows) -> NDArray[np.float64] | None:
    """Return equally wide rows of floats and None as a matrix; None when anything else is there.

    As `_float_block`, but where a cell begins in a row's stream depends on the cells before it: all
    rows are read at once, cell by cell, and every row must end with its stream.
    """
    n, k = len(rows), len(rows[0])
    try:
        streams = [marshal.dumps(row, 2) for row in rows]
    except ValueError:
        return None
    ends = np.cumsum(np.fromiter(map(len, streams), np.intp, n))
    stream = b"".join(streams) + bytes(8)  # behind the last cell, which may be a None
    tags = np.frombuffer(stream, np.uint8)
    floats = np.ndarray((len(tags) - 8,), "<f8", stream, 0, (1,))
    at = np.concatenate(([0], ends[:-1])) + ROW_HEAD
    block = np.full((k, n), NAN)
    for cells in block:
        is_float = tags[at] == FLOAT_TAG
        if not (is_float | (tags[at] == NONE_TAG)).all():
            return None
        cells[is_float] = floats[at[is_float] + 1]
        at += np.where(is_float, 9, 1)
    return block.T.copy() if (at == ends).all() else None


def _cell_block(
    rows: Rows, name: str, first_row: int, read: Callable[[Any], float]
) -> NDArray[np.float64]:
    """Return `read` of every cell as a matrix; name the first cell it refuses with its place."""
    flat = chain.from_iterable(rows)
    try:
        values = [
            cell if cell.__class__ is float else NAN if cell is None else read(cell)
            for cell in flat  # blanks before young funds are half of many a range
        ]
    except _BadCellError:
        _name_bad_cell(rows, name, first_row, read)
        raise
    return np.array(values, dtype=np.float64).reshape(len(rows), len(rows[0]))


def _name_bad_cell(rows: Rows, name: str, first_row: int, read: Callable[[Any], float]) -> None:
    remedy = "use a date" if read is _serial else "use a number or leave it blank"
    for i, row in enumerate(rows, first_row):
        for j, cell in enumerate(row, 1):
            try:
                read(cell)
            except _BadCellError as bad:
                if i == 1 and _is_half_header(row):
                    remedy = "use a number, or text in every column of a header"
                place = f"{name} row {i}, column {j}"
                raise InputError(f"{place} is {bad}; {remedy}") from None


def _number(cell: Any) -> float:
    """Return a cell as a number, NaN when it is missing."""
    cell = _plain(cell)
    if _is_blank(cell) or (isinstance(cell, str) and cell == "#N/A"):
        return NAN
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise _BadCellError(describe(cell))
    if isinstance(cell, int) and cell in COM_ERRORS:
        if cell == ERROR_CODES["#N/A"]:
            return NAN
        raise _BadCellError(describe(cell))
    try:
        return float(cell)
    except (OverflowError, ValueError):
        raise _BadCellError(describe(cell)) from None


def _serial(cell: Any) -> float:
    """Return a cell as Excel's serial number of a date, NaN when it is missing."""
    cell = _plain(cell)
    if _is_text(cell):
        try:
            cell = dt.datetime.fromisoformat(cell.strip())
        except ValueError:
            raise _BadCellError(f"{describe(cell)}, not a date like 2024-01-31") from None
    time = 0.0
    if isinstance(cell, dt.datetime):
        time = (cell.hour * 3600 + cell.minute * 60 + cell.second) / 86_400
        cell = cell.date()
    if isinstance(cell, dt.date):
        return (cell - EXCEL_EPOCH).days + time
    return _number(cell)


def _refuse_several_columns(shape: tuple[int, ...], name: str) -> None:
    height, width = shape
    if width != 1:
        hint = ": TRANSPOSE turns a row into a column" if height == 1 else ""
        raise InputError(f"{name} has {width} columns; use one column of dates{hint}")


def _refuse_no_dates(serials: NDArray[np.float64], name: str, first_row: int) -> None:
    wrong = np.flatnonzero(_no_dates(serials))
    if wrong.size:
        row = int(wrong[0])
        raise InputError(
            f"{name} row {row + first_row} is {serials[row]:.15g}, outside 1900 to 9999; "
            "use a date or text like 2024-01-31"
        )


def _no_dates(serials: NDArray[np.float64]) -> NDArray[np.bool_]:
    return (serials < 1) | (np.floor(serials) > LAST_SERIAL)


def _is_iso_date(cell: Any) -> bool:
    try:
        return _is_text(cell) and not math.isnan(_serial(cell))
    except _BadCellError:
        return False


def _is_text(cell: Any) -> bool:
    return isinstance(cell, str) and cell not in ERROR_TEXTS and cell.strip() != ""


def _is_blank(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and cell == "")


def _plain(cell: Any) -> Any:
    """Return numpy's scalars as Python's own, foreign blanks as None."""
    if isinstance(cell, np.datetime64 | np.timedelta64):
        cell = cell.astype(f"{cell.dtype.kind}8[us]").item()  # nanoseconds would be an integer
    elif isinstance(cell, np.generic):
        cell = cell.item()
    return None if type(cell).__name__ in NULL_TYPES else cell


# ---------------------------------------------------------------------------------- writing


def write_cells(result: object) -> list[list[object]]:
    """Return a result as rows of cells: numbers, text, TRUE/FALSE and error values.

    A vector becomes a column. NaN is #N/A, infinity #NUM!. Columns with names get a header row, so
    that the result lines up with the rows of its input.
    """
    rows = _result_rows(result)
    if not rows or not rows[0]:
        raise MissingDataError("the result is empty: no row is left to show")
    return rows


def _result_rows(result: object) -> list[list[object]]:
    if isinstance(result, Columns):
        header: list[list[object]] = [list(result.names)] if result.names else []
        return [*header, *_write_block(result.values)]
    if isinstance(result, Table):
        header = [list(result.header)] if result.header else []
        return [*header, *([_write_cell(cell) for cell in row] for row in result.rows)]
    if isinstance(result, np.ndarray):
        return _write_block(result[:, None] if result.ndim == 1 else np.atleast_2d(result))
    return [[_write_cell(result)]]


def _write_block(block: NDArray[np.float64]) -> list[list[object]]:
    block = np.asarray(block, dtype=np.float64)
    rows: list[list[object]] = block.tolist()
    if not np.isfinite(block).all():
        rows = [[_write_cell(cell) for cell in row] for row in rows]
    return rows


def _write_cell(cell: object) -> object:
    cell = _plain(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool | str):
        return cell
    if not isinstance(cell, int | float):
        raise TypeError(f"a cell cannot show a {type(cell).__name__}")
    if math.isnan(cell):
        return ExcelError("#N/A", "no value: data are missing or too large to calculate with")
    if math.isinf(cell):
        return ExcelError("#NUM!", "the result is too large for a cell")
    return float(cell)
