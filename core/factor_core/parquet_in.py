"""A Parquet file as rows of text, read with pyarrow, which is an extra of the package."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from factor_core.errors import InputError, sentence
from factor_core.sheets_in import cell_text
from factor_core.text_table import TextTable, table_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import ModuleType
    from typing import Any

    from factor_core.layouts import Record

MAGIC = b"PAR1"
INSTALL = 'install pyarrow: pip install "factor-udfs[parquet]"'
_INDEX = "__index_level_"  # pandas' name for an index without one


def read_parquet(path: Path) -> TextTable:
    """Return the columns of a Parquet file; the index that pandas kept is one of them.

    Raises
    ------
    InputError
        pyarrow is not installed, or the file is none that it reads.
    """
    arrow, parquet = _arrow()
    try:
        table = parquet.read_table(path)
        columns = [column.to_pylist() for column in table.columns]
    except OSError as error:
        raise InputError(sentence(f"{path.name} cannot be read: {error}")) from error
    except (arrow.ArrowException, ValueError, TypeError, OverflowError) as error:
        raise InputError(
            sentence(f"{path.name} is no Parquet file that can be read: {error}")
        ) from error
    records = _records([str(name) for name in table.column_names], columns)
    return table_of(path.name, path.stem, records, [], typed=True)


def _arrow() -> tuple[ModuleType, ModuleType]:
    try:
        import pyarrow as pa  # noqa: PLC0415  an extra of the package
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise InputError(f"a Parquet file needs pyarrow; {INSTALL}") from None
    return pa, parquet


def _records(names: list[str], columns: list[list[Any]]) -> Iterator[Record]:
    """Yield the rows of names and the rows of data; row 1 of the data is numbered 2."""
    heads = [_head(name) for name in names]
    depth = max((len(head) for head in heads), default=0)
    for level in range(depth):
        # A name of one part, as that of the dates, stands lowest.
        row = [(("",) * (depth - len(head)) + head)[level] for head in heads]
        # The rows of names take the number 1 together: the file has none.
        yield 1, row
    for number, cells in enumerate(zip(*columns, strict=True), start=2):
        yield number, [cell_text(cell) for cell in cells]


def _head(name: str) -> tuple[str, ...]:
    """Return the names of a column; pandas writes several as the text of a tuple."""
    if name.startswith(_INDEX):
        return ("index",)
    if name.startswith(("('", '("')):
        try:
            parts = ast.literal_eval(name)
        except (ValueError, SyntaxError):
            return (name,)
        if isinstance(parts, tuple):
            return tuple(str(part) for part in parts)
    return (name,)
