"""Where workers read partitions: columns of a Parquet file, or a spool made of any other file.

Rows of a CSV file hold all assets, and rows of a long file hold any: neither can be read by asset.
Such a file is read once, in bounded memory, and laid down beside the output, a file a partition.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from factor_core.atomic import write_whole
from factor_core.errors import FactorError, InputError, sentence
from factor_core.universe import Histories
from factor_core.universe_files import (
    Codes,
    Long,
    ParquetReturns,
    Stamp,
    Wide,
    encode_once,
    find_layout,
    open_returns,
    read_columns,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from factor_core.date_text import DateOrder
    from factor_core.labelled import Matrix
    from factor_core.number_text import DecimalMark
    from factor_core.universe import Days, Partition, Source
    from factor_core.universe_files import ReturnsFile

    Places = NDArray[
        np.int64
    ]  # of the file's rows among the job's dates, all of them met; -1 is none

RECORD = np.dtype([("date", "<i4"), ("asset", "<i4"), ("value", "<f8")])
INDEX = "index.json"


class Universe(NamedTuple):
    """The assets of a file of returns, and how its partitions are read."""

    names: tuple[str, ...]
    days: Days  # of every row of the source, or of every distinct date of a long file
    source: Callable[[Places], Source]
    notes: list[str]


class Reading(NamedTuple):
    """How a file of returns is to be read."""

    columns: str | None = None  # "DATE,ASSET,RETURN" of a long file
    dates: DateOrder | None = None
    decimal: DecimalMark | None = None


def read_universe(
    path: Path, reading: Reading, size: int, spool: Path, progress: Callable[[int], None]
) -> Universe:
    """Return the universe of a file; what cannot be read by asset is spooled in partitions.

    `progress` is called with the rows spooled so far.
    """
    file = open_returns(path, reading.decimal)
    layout = find_layout(file, reading.columns)
    if isinstance(layout, Wide) and isinstance(file, ParquetReturns):
        days, stamp = _wide_days(file, layout, reading.dates), file.stamp
        return Universe(
            layout.assets, days, lambda places: ParquetSource(stamp, places), file.notes
        )
    index = _kept_index(spool)
    if index is None:
        spool.mkdir(parents=True, exist_ok=True)
        if isinstance(layout, Wide):
            index = _spool_wide(file, layout, reading.dates, size, spool, progress)
        else:
            index = _spool_long(file, layout, reading.dates, size, spool, progress)
        write_whole(spool / INDEX, json.dumps(index).encode(), prefix=".index-")
    folder, days = str(spool.absolute()), np.array(index["days"], dtype="datetime64[D]")
    kind = WideSpool if isinstance(layout, Wide) else LongSpool
    names = tuple(index["names"])
    return Universe(names, days, lambda places: kind(folder, places), index["notes"])


def _wide_days(file: ReturnsFile, layout: Wide, order: DateOrder | None) -> Days:
    codes = Codes(file, layout.date)
    for batch in file.batches([layout.date], []):
        encode_once(codes, batch.column(0))
    days = codes.days(order, file.notes)
    _refuse_equal_days(codes, days)
    return days


def _refuse_equal_days(codes: Codes, days: Days) -> None:
    """Raise where two texts of a wide file are one day, as two times of a day are."""
    unique, counts = np.unique(days, return_counts=True)
    if len(unique) < len(days):
        raise InputError(
            sentence(
                f"{codes.file.name} has two rows for the date {unique[counts.argmax()]}; keep one"
            )
        )


# ------------------------------------------------------------------ the spool


def _kept_index(spool: Path) -> dict[str, Any] | None:
    """Return the index of a spool that an earlier run completed."""
    try:
        index = json.loads((spool / INDEX).read_bytes())
    except OSError:
        return None
    sizes = [_file_size(spool / name) for name in index["files"]]
    return index if sizes == index["sizes"] else None


def _file_size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _part(spool: Path, number: int) -> Path:
    return spool / f"{number:06}.returns"


def _clear(spool: Path) -> None:
    for path in spool.glob("*.returns"):
        path.unlink()


def _index(
    names: tuple[str, ...], days: Days, size: int, spool: Path, notes: list[str]
) -> dict[str, Any]:
    files = [_part(spool, number) for number in range(-(-len(names) // size))]
    for path in files:
        path.touch()  # of assets without any return
    return {
        "names": list(names),
        "days": np.datetime_as_string(days).tolist(),
        "notes": notes,
        "files": [path.name for path in files],
        "sizes": [_file_size(path) for path in files],
    }


def _spool_wide(
    file: ReturnsFile,
    layout: Wide,
    order: DateOrder | None,
    size: int,
    spool: Path,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Append every block of rows to the partitions' files, cut by column."""
    _clear(spool)
    codes = Codes(file, layout.date)
    starts = range(0, len(layout.assets), size)
    for batch in file.batches([layout.date], layout.assets):
        encode_once(codes, batch.column(0))
        block = np.empty((len(layout.assets), batch.num_rows))
        for j in range(len(layout.assets)):
            block[j] = batch.column(j + 1).to_numpy(zero_copy_only=False)
        for number, start in enumerate(starts):
            with _part(spool, number).open("ab") as part:
                part.write(block[start : start + size].T.astype("<f8").tobytes())
        progress(len(codes.texts))
    days = codes.days(order, file.notes)
    _refuse_equal_days(codes, days)
    return _index(layout.assets, days, size, spool, file.notes)


def _spool_long(
    file: ReturnsFile,
    layout: Long,
    order: DateOrder | None,
    size: int,
    spool: Path,
    progress: Callable[[int], None],
) -> dict[str, Any]:
    """Append every row to the file of its asset's partition, whatever the order of the rows."""
    _clear(spool)
    dates, assets = Codes(file, layout.date), Codes(file, layout.asset)
    rows = 0
    for batch in file.batches([layout.date, layout.asset], [layout.value]):
        records = np.empty(batch.num_rows, RECORD)
        records["date"] = dates.encode(batch.column(0))
        number, records["asset"] = np.divmod(assets.encode(batch.column(1)), size)
        records["value"] = batch.column(2).to_numpy(zero_copy_only=False)
        _append(spool, records, number)
        rows += len(records)
        progress(rows)
    names = f"dates in '{layout.date}', assets in '{layout.asset}', returns in '{layout.value}'"
    file.notes.append(f"{file.name} is a long file: {names}.")
    days = dates.days(order, file.notes)
    return _index(tuple(assets.texts), days, size, spool, file.notes)


def _append(spool: Path, records: NDArray[np.void], number: NDArray[np.int32]) -> None:
    present = ~np.isnan(records["value"])  # a missing return is the absence of one
    records, number = records[present], number[present]
    if (number[1:] < number[:-1]).any():
        order = np.argsort(number, kind="stable")
        records, number = records[order], number[order]
    cuts = np.flatnonzero(np.diff(number, prepend=-1, append=-1))
    for start, stop in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        with _part(spool, int(number[start])).open("ab") as part:
            part.write(records[start:stop].tobytes())


# ------------------------------------------------------------------ read by a worker


@dataclass(frozen=True)
class ParquetSource:
    """Columns of a wide Parquet file."""

    stamp: Stamp
    places: Places

    def read(self, partition: Partition) -> Histories:
        """Return the histories of the partition's assets."""
        self._refuse_other_file()
        values = read_columns(self.stamp, partition.names)
        self._refuse_other_file()  # nor one written meanwhile
        return Histories(_placed(values, self.places), {})

    def _refuse_other_file(self) -> None:
        path = Path(self.stamp.path)
        if not path.exists():
            raise _unseen(path)
        if Stamp.of(path) != self.stamp:
            raise FactorError(
                sentence(f"{path.name} has changed since the run began; run the command again")
            )


@dataclass(frozen=True)
class WideSpool:
    """Files of rows, a column an asset."""

    folder: str
    places: Places

    def read(self, partition: Partition) -> Histories:
        """Return the histories of the partition's assets."""
        path = _seen(self.folder, partition)
        shape = len(self.places), len(partition.names)
        return Histories(_placed(np.memmap(path, "<f8", "c", shape=shape), self.places), {})


@dataclass(frozen=True)
class LongSpool:
    """Files of records (date, asset, return) in any order."""

    folder: str
    places: Places

    def read(self, partition: Partition) -> Histories:
        """Return the histories of the partition's assets."""
        records = np.fromfile(_seen(self.folder, partition), RECORD)
        row = self.places[records["date"]]
        records, row = records[row >= 0], row[row >= 0]
        values = np.full((self.places.max() + 1, len(partition.names)), np.nan)
        values[row, records["asset"]] = records["value"]
        twice: dict[int, int] = {}
        if np.count_nonzero(~np.isnan(values)) < len(records):
            cells = Counter(zip(records["asset"].tolist(), row.tolist(), strict=True))
            for (asset, date), count in sorted(cells.items(), reverse=True):
                if count > 1:
                    twice[asset] = date
        return Histories(values, twice)


def _placed(values: Matrix, places: Places) -> Matrix:
    """Return rows in the order of the factors' dates; a date without a row is missing."""
    n = int(places.max()) + 1
    if np.array_equal(places, np.arange(n)):
        return np.asarray(values)
    rows = np.full(n, -1)
    rows[places[places >= 0]] = np.flatnonzero(places >= 0)
    placed = np.full((n, values.shape[1]), np.nan)
    placed[rows >= 0] = values[rows[rows >= 0]]
    return placed


def _seen(folder: str, partition: Partition) -> Path:
    path = _part(Path(folder), partition.number)
    if not path.exists():
        raise _unseen(path)
    return path


def _unseen(path: Path) -> FactorError:
    return FactorError(
        sentence(
            f"a worker on {platform.node()} sees no file {path.name}; put RETURNS and --out where "
            "every worker sees them under the same path"
        )
    )
