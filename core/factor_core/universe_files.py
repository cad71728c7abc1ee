"""Files of returns, Parquet or CSV: what their columns are, and their rows in bounded memory.

pyarrow is imported at the top: only `factor-udfs table` imports this module, and it looks first
whether pyarrow is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from threading import get_ident
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from factor_core.date_text import (
    find_date_column,
    is_digit_date,
    is_written_date,
    may_be_dates,
    read_dates,
)
from factor_core.delimited import read_delimited
from factor_core.errors import InputError, sentence
from factor_core.number_text import MISSING, decimal_mark
from factor_core.parquet_in import MAGIC
from factor_core.text_table import Column
from factor_core.universe_edges import first_line, small_print

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from factor_core.date_text import DateOrder
    from factor_core.number_text import DecimalMark
    from factor_core.universe import Days

    Places = NDArray[np.int32]
    Kind = Literal["date", "text", "number", "mixed"]

HEAD_ROWS = 50  # rows of a file that show what its columns are
BLOCK = 2**24  # bytes of CSV read at once
BATCH = 2**19  # rows of a long Parquet file read at once
MISSING_TEXTS = sorted({form for word in MISSING for form in (word, word.upper(), word.title())})
MISSING_TEXTS += ["NaN", "#N/A N/A"]


class Stamp(NamedTuple):
    """What tells that a file has changed since it was looked at."""

    path: str
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """Return the stamp of a file that must be there."""
        try:
            found = path.stat()
        except OSError as error:
            raise InputError(sentence(f"{path} cannot be read: {error.strerror}")) from error
        if path.is_dir():
            raise InputError(sentence(f"{path} is a folder; give one Parquet or CSV file"))
        return cls(str(path.absolute()), found.st_size, found.st_mtime_ns)


class HeadColumn(NamedTuple):
    """A column as the first rows of the file show it."""

    sample: Column
    kind: Kind


@dataclass(frozen=True)
class Wide:
    """One row a date, one column an asset."""

    date: str
    assets: tuple[str, ...]


@dataclass(frozen=True)
class Long:
    """One row an asset and date."""

    date: str
    asset: str
    value: str


class ReturnsFile(Protocol):
    """A file of returns in one of the formats."""

    name: str
    first_row: int  # of data, as sentences count rows
    notes: list[str]  # what had to be decided on the way

    def head(self) -> list[HeadColumn]:
        """Return all columns as the first rows show them."""

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield columns, `texts` as they are and `numbers` as float64, some rows at a time."""


def open_returns(path: Path, decimal: DecimalMark | None) -> ReturnsFile:
    """Return the file in the format that its content shows."""
    return ParquetReturns(path) if is_parquet(path) else CsvReturns(path, decimal)


def is_parquet(path: Path) -> bool:
    """Return whether the content of a file, which must be there, is Parquet."""
    stamp = Stamp.of(path)
    if not stamp.size:
        raise InputError(sentence(f"{path.name} is empty"))
    with path.open("rb") as stream:
        return stream.read(4) == MAGIC


# ------------------------------------------------------------------ the layout


def find_layout(file: ReturnsFile, named: str | None) -> Wide | Long:
    """Return which column is what; `named` are the three columns of a long file, if given.

    A file of three columns, one of which is text and no date, is long; nothing else is taken for
    long unless it is said.
    """
    head = file.head()
    names = [column.sample.name for column in head]
    refuse_names(file.name, names)
    if named is not None:
        return _named_layout(file.name, names, named)
    date = _date_column(file.name, head)
    others = [column for column in head if column.sample.name != date]
    texts = [column.sample for column in others if column.kind != "number"]
    is_mixed = any(column.kind == "mixed" for column in others)  # a number mistyped, not a name
    if len(others) == 2 and len(texts) == 1 and not is_mixed:
        (value,) = (name for name in names if name not in (date, texts[0].name))
        return Long(date, texts[0].name, value)
    _refuse_no_returns(file.name, date, others, texts)
    return Wide(date, tuple(column.sample.name for column in others))


def _refuse_no_returns(file: str, date: str, others: list[HeadColumn], texts: list[Column]) -> None:
    """Raise where a wide file has columns without name or number."""
    if texts:
        shown = next((cell for cell in texts[0].sample() if not is_number(cell)), "")
        raise InputError(
            sentence(
                f"{file} column '{texts[0].label}' holds text such as \"{shown[:30]}\"; use "
                "decimal numbers, or name the columns of a long file: --columns DATE,ASSET,RETURN"
            )
        )
    if not others:
        raise InputError(sentence(f"{file} has no column of returns beside '{date}'; add one"))
    blank = [column.sample.number for column in others if not column.sample.name]
    if blank:
        raise InputError(sentence(f"{file} column {blank[0]} has no name; name or delete it"))


def refuse_names(file: str, names: list[str]) -> None:
    """Raise where two columns have one name, or where none but the dates' can be without."""
    seen: dict[str, int] = {}
    for number, name in enumerate(names, 1):
        if seen.setdefault(name, number) != number:
            named = f"named '{name}'" if name else "without a name"
            raise InputError(
                sentence(
                    f"{file} columns {seen[name]} and {number} are both {named}; rename one of them"
                )
            )


def _named_layout(file: str, names: list[str], named: str) -> Long:
    wanted = [name.strip() for name in named.split(",")]
    if len(wanted) != 3 or len(set(wanted)) != 3:
        raise InputError(
            sentence(f'--columns is "{named}"; name three columns: --columns DATE,ASSET,RETURN')
        )
    for name in wanted:
        if name not in names:
            shown = ", ".join(names[:8])
            raise InputError(sentence(f"{file} has no column '{name}'; it has {shown}"))
    return Long(*wanted)


def _date_column(file: str, head: list[HeadColumn]) -> str:
    """Return the name of the column of dates; only columns that may hold some are looked at."""
    samples = [column.sample for column in head if column.kind != "number"]
    samples += [c.sample for c in head if c.kind == "number" and may_be_dates(c.sample)]
    found, _ = find_date_column(file, samples)
    if is_written_date(found.name) or is_digit_date(found.name):
        raise InputError(sentence(f"{file} begins with data; put a row of names above it"))
    return found.name


# ------------------------------------------------------------------ values by first appearance


class Codes:
    """The distinct values of a column, numbered as they appear from batch to batch."""

    def __init__(self, file: ReturnsFile, name: str) -> None:
        self.file = file
        self.name = name
        self.texts: list[str] = []
        self.rows: list[int] = []  # where each was first seen
        self._code: dict[str, int] = {}
        self._seen = file.first_row

    def encode(self, values: pa.Array) -> Places:
        """Return the numbers of the next values."""
        first_row, self._seen = self._seen, self._seen + len(values)
        if values.null_count:
            self._refuse_blank(first_row + int(np.asarray(values.is_null()).argmax()))
        coded = values.dictionary_encode()
        places = coded.indices.to_numpy(zero_copy_only=False)
        first = np.full(len(coded.dictionary), -1)
        first[places[::-1]] = np.arange(len(places))[::-1]
        found = zip(coded.dictionary.to_pylist(), first.tolist(), strict=True)
        own = [self._number(value, first_row + row) if row >= 0 else -1 for value, row in found]
        return np.array(own, dtype=np.int32)[places]

    def _number(self, value: object, row: int) -> int:
        # pyarrow shows a day as its midnight where the column is one of moments.
        text = str(value).removesuffix(" 00:00:00").strip()
        if not text:
            self._refuse_blank(row)
        code = self._code.setdefault(text, len(self.texts))
        if code == len(self.texts):
            self.texts.append(text)
            self.rows.append(row)
        return code

    def _refuse_blank(self, row: int) -> None:
        raise InputError(
            sentence(
                f"{self.file.name} row {row}, column '{self.name}' is blank; fill or delete it"
            )
        )

    def days(self, order: DateOrder | None, notes: list[str]) -> Days:
        """Return the values as days."""
        rows = np.array(self.rows, dtype=np.int64)
        column = Column(self.file.name, self.name, 1, rows, ["\n".join(self.texts)])
        # It is known to be the dates: digits need no further proof by name or order.
        _, form = find_date_column(self.file.name, [column.named("date")])
        dates = read_dates(column, form, order)
        notes += [note for note in dates.notes if "cut off" in note or "two-digit" in note]
        return np.array(dates.dates, dtype="datetime64[D]")


def encode_once(codes: Codes, values: pa.Array) -> None:
    """Enter the next dates of a wide file, each of which must be a new one."""
    known = len(codes.texts)
    places = codes.encode(values)
    repeated = np.flatnonzero(places != np.arange(known, known + len(places)))
    if len(repeated):
        first = int(places[repeated[0]])
        row = codes.file.first_row + known + int(repeated[0])
        raise InputError(
            sentence(
                f"{codes.file.name} rows {codes.rows[first]} and {row} are both of "
                f"{codes.texts[first]}; keep one, or name the columns of a long file: "
                "--columns DATE,ASSET,RETURN"
            )
        )


# ------------------------------------------------------------------ Parquet


@lru_cache(maxsize=8)
def _opened(stamp: Stamp, _thread: int) -> pq.ParquetFile:
    """Return the file, opened once a thread: the description of 30,000 columns takes 0.1 s."""
    return pq.ParquetFile(stamp.path)


def close_files() -> None:
    """Close what `read_columns` has opened."""
    _opened.cache_clear()


class ParquetReturns:
    """A Parquet file; of its columns only those that are asked for are read."""

    first_row = 1

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self.notes: list[str] = []
        self.stamp = Stamp.of(path)
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowException, OSError) as error:
            raise InputError(sentence(f"{path.name} is a damaged Parquet file: {error}")) from error
        if not self._file.metadata.num_rows:
            raise InputError(sentence(f"{path.name} has no row of data"))
        self.rows = int(self._file.metadata.num_rows)

    def head(self) -> list[HeadColumn]:
        """Return all columns as the schema and the first rows show them."""
        fields = list(enumerate(self._file.schema_arrow, 1))
        kinds = {number: _kind(self.name, field) for number, field in fields}
        blank = [Column(self.name, field.name, n, np.empty(0, np.int64)) for n, field in fields]
        shown = [c.name for c in blank if kinds[c.number] != "number" or may_be_dates(c)]
        first = next(self._file.iter_batches(HEAD_ROWS, columns=shown, use_threads=False), None)
        for column in blank:
            if first is not None and column.name in shown:
                values = first.column(column.name).drop_null().to_pylist()
                column.batches.append("\n".join(str(value) for value in values))
        return [HeadColumn(column, kinds[column.number]) for column in blank]

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield columns, `texts` as they are and `numbers` as float64, some rows at a time."""
        wanted = [*texts, *numbers]
        read = self._file.iter_batches(BATCH, columns=wanted, use_threads=False)
        for batch in read:
            own = [batch.column(name) for name in texts]
            own += [_as_numbers(self.name, name, batch.column(name)) for name in numbers]
            yield pa.record_batch(own, names=wanted)


def read_columns(stamp: Stamp, names: Sequence[str]) -> NDArray[np.float64]:
    """Return columns of a Parquet file as n x m numbers; NaN is missing."""
    table = _opened(stamp, get_ident()).read(columns=list(names), use_threads=False)
    values = np.empty((table.num_rows, len(names)), order="F")
    for j, column in enumerate(names):  # `a.b` is read with `a`: pick by name
        values[:, j] = _as_numbers(stamp.path, column, table.column(column)).to_numpy()
    return values


def _kind(file: str, field: pa.Field) -> Kind:
    types, own = pa.types, field.type
    if types.is_date(own) or types.is_timestamp(own):
        return "date"
    own = own.value_type if types.is_dictionary(own) else own
    if types.is_string(own) or types.is_large_string(own) or types.is_string_view(own):
        return "text"
    if types.is_floating(own) or types.is_integer(own) or types.is_decimal(own):
        return "number"
    if types.is_null(own):  # an asset without any return
        return "number"
    raise InputError(
        sentence(f"{file} column '{field.name}' holds {own}; use numbers, dates or text")
    )


def _as_numbers(file: str, name: str, values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.float64())
    except pa.ArrowException as error:
        raise InputError(sentence(f"{file} column '{name}' is no number: {error}")) from error


# ------------------------------------------------------------------ CSV


class CsvReturns:
    """A CSV file, read from its first row to its last in blocks."""

    def __init__(self, path: Path, decimal: DecimalMark | None) -> None:
        self.name = path.name
        self._path = path
        self._table = read_delimited(path, first_rows=HEAD_ROWS)
        self._decimal = decimal
        self.first_row = int(self._table.columns[0].rows[0])
        self._skipped, self._width = first_line(path, self._table)
        self._end, below = small_print(path, self._table)
        self.notes = [*self._table.notes, *below]

    def head(self) -> list[HeadColumn]:
        """Return all columns as the first rows show them."""
        return [HeadColumn(column, _kind_of_text(column)) for column in self._table.columns]

    def batches(self, texts: Sequence[str], numbers: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield columns, `texts` as text and `numbers` as float64, some rows at a time."""
        csv = pyarrow.csv
        table, names = self._table, [column.name for column in self._table.columns]
        shown = [column for column in table.columns if column.name in set(numbers)]
        mark = decimal_mark(self.name, shown, table.delimiter, self._decimal)
        types = {name: pa.float64() for name in numbers}
        types |= {name: pa.dictionary(pa.int32(), pa.string()) for name in texts}
        # Spreadsheets write blank cells right of the last name: they are read to prove them blank.
        beyond = [f"\0{j}" for j in range(len(names), self._width)]
        types |= dict.fromkeys(beyond, pa.null())
        header = sum(map(len, names))
        reading = csv.ReadOptions(
            use_threads=False,  # with threads its errors lack the row
            block_size=max(BLOCK, 32 * header),  # a row must fit
            skip_rows=self._skipped,
            column_names=[*names, *beyond],
            encoding="utf8" if table.encoding.startswith("utf-8") else table.encoding,
        )
        converting = csv.ConvertOptions(
            column_types=types,
            null_values=MISSING_TEXTS,
            decimal_point=mark,
            include_columns=[*texts, *numbers, *beyond],
        )
        parsing = csv.ParseOptions(delimiter=table.delimiter)
        try:
            with pa.OSFile(str(self._path)) as whole:
                stream = whole.get_stream(0, self._end)
                for batch in csv.open_csv(stream, reading, parsing, converting):
                    yield batch.select([*texts, *numbers])
        except pa.ArrowInvalid as error:
            raise InputError(self._sentence(str(error))) from error

    def _sentence(self, error: str) -> str:
        """Return pyarrow's words with the names that the file gives."""
        text = re.search(r"column #(\d+): Row #(\d+): .*invalid value '(.*)'", error, re.DOTALL)
        if text:
            number, row, cell = text.groups()
            if int(number) >= len(self._table.columns):
                return sentence(
                    f'{self.name} row {row} has "{cell[:30]}" right of the last name; name its '
                    "column or clear it"
                )
            name = self._table.columns[int(number)].name
            return sentence(
                f"{self.name} row {row}, column '{name}' is text \"{cell[:30]}\"; "
                "use a decimal number or leave it blank"
            )
        cut = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", error)
        if cut:
            row, expected, found = cut.groups()
            return sentence(
                f"{self.name} row {row} has {found} cells where the names are {expected}; "
                "every row needs one cell for each name"
            )
        return sentence(f"{self.name} cannot be read to its end: {error}")


def _kind_of_text(column: Column) -> Kind:
    numbers = {is_number(cell) for cell in column.sample(HEAD_ROWS)}
    if len(numbers) > 1:
        return "mixed"
    return "text" if False in numbers else "number"


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, or missing, with either decimal mark."""
    if cell.lower() in MISSING:
        return True
    try:
        float(cell.replace(",", ".", 1))
    except ValueError:
        return False
    return True
