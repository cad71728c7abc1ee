"""The table while it grows: a file a partition, kept until all are there.

An interrupted run goes on where it stopped. Every part carries a fingerprint of the content of both
files and of every option that can change a number, so that parts of different inputs never meet.
"""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from xxhash import xxh3_128

from factor_core.atomic import write_whole
from factor_core.errors import FactorError, InputError, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from factor_core.universe import Partition, Rows

MANIFEST = "manifest.json"
PARTS = "parts"
SPOOL = "spool"
TAG = b"factor_udfs"  # key of the fingerprint in a Parquet file's description
SUFFIXES = (".parquet", ".csv")
SHOWN = 20  # assets with errors that a summary names


def content(path: Path) -> str:
    """Return a digest of every byte of a file."""
    digest = xxh3_128()
    with path.open("rb") as stream:
        while block := stream.read(2**22):
            digest.update(block)
    return digest.hexdigest()


class Written(NamedTuple):
    """What stands in the finished table."""

    assets: int
    estimated: int
    errors: int  # assets with a reason in the column `error`
    shown: list[tuple[str, str]]  # the first of them


@dataclass
class Parts:
    """The folder of the parts of one output file."""

    out: Path
    inputs: dict[str, object]
    """Content of the files and the options that the numbers depend on."""
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        described = json.dumps(self.inputs, sort_keys=True)
        self.fingerprint = xxh3_128(described.encode()).hexdigest()

    @property
    def folder(self) -> Path:
        """The folder beside the output; it is gone when the table is whole."""
        return self.out.with_name(f"{self.out.name}.parts")

    @property
    def spool(self) -> Path:
        """Where returns are laid down that cannot be read by asset."""
        return self.folder / SPOOL

    def begin(self, resume: bool) -> list[str]:
        """Make the folder; parts of other inputs are discarded, which a note says."""
        manifest, notes = self.folder / MANIFEST, []
        if manifest.exists():
            alike = manifest.read_bytes() == self._manifest()
            if not (alike and resume):
                why = "its files or options differ" if resume else "as --no-resume asks"
                notes.append(f"The parts of an earlier run were discarded: {why}.")
                self.remove()
        (self.folder / PARTS).mkdir(parents=True, exist_ok=True)
        write_whole(manifest, self._manifest(), prefix=".manifest-")
        return notes

    def _manifest(self) -> bytes:
        described = {"fingerprint": self.fingerprint, "inputs": self.inputs}
        return json.dumps(described, indent=1).encode()

    def missing(self, partitions: Sequence[Partition]) -> list[Partition]:
        """Return the partitions that no part of this very run's inputs holds."""
        return [partition for partition in partitions if not self._is_whole(partition)]

    def _is_whole(self, partition: Partition) -> bool:
        try:
            part = pq.read_metadata(self._path(partition.number))
        except (OSError, pa.ArrowException):
            return False
        rows_fit = part.num_rows == len(partition.names)
        return rows_fit and (part.metadata or {}).get(TAG) == self.fingerprint.encode()

    def _path(self, number: int) -> Path:
        return self.folder / PARTS / f"{number:06}.parquet"

    def write(self, partition: Partition, part: bytes) -> None:
        """Keep the encoded rows of a partition.

        Nobody waits for the disk: a part that a power cut damages is found and done again.
        """
        target = self._path(partition.number)
        waiting = target.with_suffix(".tmp")
        waiting.write_bytes(part)
        waiting.replace(target)

    def assemble(self, count: int, progress: Callable[[int], None]) -> Written:
        """Write the table, part after part, and put it in its place whole."""
        waiting = self.folder / f"table{self.out.suffix.lower()}"
        assets = estimated = errors = 0
        shown: list[tuple[str, str]] = []
        with contextlib.ExitStack() as stack:
            writer = None
            for part in self._read(count):
                if writer is None:
                    writer = stack.enter_context(_writer(waiting, part.schema))
                writer.write_table(part)
                assets += part.num_rows
                estimated += part.num_rows - part.column(1).null_count
                reasons = part.column("error")
                errors += len(reasons) - reasons.null_count
                if reasons.null_count < len(reasons) and len(shown) < SHOWN:
                    bad = part.filter(reasons.is_valid())
                    shown += zip(bad["name"].to_pylist(), bad["error"].to_pylist(), strict=True)
                progress(assets)
        waiting.replace(self.out)
        self.remove()
        return Written(assets, estimated, errors, shown[:SHOWN])

    def _read(self, count: int) -> Iterator[pa.Table]:
        for number in range(count):
            part = pq.read_table(self._path(number), use_threads=False)
            if (part.schema.metadata or {}).get(TAG) != self.fingerprint.encode():
                raise FactorError(
                    sentence(
                        f"{self.folder.name} was changed by another run to the same --out; run the "
                        "command again"
                    )
                )
            yield part

    def remove(self) -> None:
        """Remove what runs have written, and the folder unless somebody else put a file there."""
        for folder in (self.folder / PARTS, self.spool, self.folder):
            for pattern in ("*.parquet", "*.returns", "*.json", "table.*", "*.tmp"):
                for path in folder.glob(pattern):
                    path.unlink()
            with contextlib.suppress(OSError):
                folder.rmdir()


def encoded(partition: Partition, rows: Rows, fingerprint: str) -> bytes:
    """Return the rows of a partition as a Parquet file.

    Workers encode them: the main process then only writes, and can serve as many more.
    """
    stream = io.BytesIO()
    pq.write_table(_as_arrow(partition, rows, fingerprint), stream, use_dictionary=False)
    return stream.getvalue()


def check_out(out: Path) -> None:
    """Raise unless the output can be written there and nothing is overwritten."""
    if out.suffix.lower() not in SUFFIXES:
        raise InputError(sentence(f"--out {out.name} must end in {' or '.join(SUFFIXES)}"))
    if not out.parent.is_dir():
        raise InputError(sentence(f"there is no folder {out.parent}; create it first"))
    if out.exists():
        raise InputError(sentence(f"{out} exists; choose another --out, or delete it first"))


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter | pyarrow.csv.CSVWriter:
    if path.suffix == ".csv":
        return pyarrow.csv.CSVWriter(path, schema)
    return pq.ParquetWriter(path, schema)


def _as_arrow(partition: Partition, rows: Rows, fingerprint: str) -> pa.Table:
    """Return rows as they stand in the table: a number that does not exist is null."""
    name, *numbers, n = rows.header
    columns = [pa.array(values, pa.float64(), from_pandas=True) for values in rows.numbers.T[:-1]]
    counts = rows.numbers[:, -1]
    whole = np.nan_to_num(counts).astype(np.int64)
    table = {
        name: pa.array(partition.names, pa.string()),
        **dict(zip(numbers, columns, strict=True)),
        n: pa.array(whole, pa.int64(), mask=np.isnan(counts)),
        "error": pa.array(rows.reasons, pa.string()),
    }
    return pa.table(table).replace_schema_metadata({TAG: fingerprint.encode()})
