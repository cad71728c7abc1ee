"""Write a compound file ([MS-CFB] version 3), the container of a VBA project.

Standard library only and without a clock: the same streams give the same bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SECTOR, MINI_SECTOR = 512, 64
MINI_STREAM_CUTOFF = 4096  # shorter streams share the mini stream
IDS_PER_SECTOR = SECTOR // 4
HEADER_DIFAT = 109  # FAT sectors that the header itself can name
LARGEST_FILE = 0x80000000  # version 3 readers take sizes as signed 32-bit numbers
FREE_SECTOR, END_OF_CHAIN = 0xFFFFFFFF, 0xFFFFFFFE
FAT_SECTOR, DIFAT_SECTOR = 0xFFFFFFFD, 0xFFFFFFFC
NO_ENTRY = 0xFFFFFFFF
RED, BLACK = 0, 1
STORAGE, STREAM, ROOT = 1, 2, 5
HEADER_START = struct.pack(
    "<8s16s5H6s",
    bytes.fromhex("D0CF11E0A1B11AE1"),
    bytes(16),
    0x3E,  # minor version
    3,  # major version: sectors of 512 bytes
    0xFFFE,  # little-endian
    SECTOR.bit_length() - 1,
    MINI_SECTOR.bit_length() - 1,
    bytes(6),
)

Tree = Mapping[str, "bytes | Tree"]


@dataclass
class _Entry:
    """One entry of the directory."""

    name: str
    kind: int
    data: bytes = b""
    left: int = NO_ENTRY
    right: int = NO_ENTRY
    child: int = NO_ENTRY
    color: int = BLACK
    start: int = END_OF_CHAIN
    size: int = 0

    def pack(self) -> bytes:
        name = self.name.encode("utf-16-le")
        # Stamped times and class ids stay zero: two builds must be the same bytes.
        return struct.pack(
            "<64sHBBIII16sIQQIQ",
            name,
            len(name) + 2 if name else 0,
            self.kind,
            self.color,
            self.left,
            self.right,
            self.child,
            bytes(16),
            0,
            0,
            0,
            0 if self.kind == STORAGE else self.start,
            self.size,
        )


class _Sectors:
    """The sectors after the header, and the chain that tells which follows which."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.fat: list[int] = []

    def add(self, blob: bytes) -> int:
        """Append a chain of sectors and return the first one's number."""
        if not blob:
            return END_OF_CHAIN
        first = len(self.fat)
        self.fat += _chain(first, len(blob), SECTOR)
        self.body += _padded(blob, SECTOR)
        return first


def compound_file(tree: Tree) -> bytes:
    """Return the file that holds `tree`: a name leads to a stream's bytes or to a storage."""
    root = _Entry("Root Entry", ROOT)
    entries = [root]
    root.child = _add_entries(entries, tree)
    if sum(entry.size for entry in entries) >= LARGEST_FILE // 2:
        raise ValueError("the streams are too large for a compound file; 1 GiB is the limit here")
    sectors = _Sectors()
    mini_fat = _place_streams(entries, sectors)
    mini_fat_start = sectors.add(mini_fat)
    directory_start = sectors.add(_directory(entries))
    return _with_allocation_table(sectors, directory_start, mini_fat_start, len(mini_fat))


def _add_entries(entries: list[_Entry], tree: Tree) -> int:
    """Append the tree's entries, depth first, and return the top of their search tree."""
    upper = [name.upper() for name in tree]
    if len(set(upper)) < len(upper):
        raise ValueError(f"stream names differ only in case: {sorted(tree)}")
    numbers = []
    for name, value in tree.items():
        _check_name(name)
        entry = _Entry(name, STREAM if isinstance(value, bytes) else STORAGE)
        numbers.append(len(entries))
        entries.append(entry)
        if isinstance(value, bytes):
            entry.data, entry.size = value, len(value)
        else:
            entry.child = _add_entries(entries, value)
    numbers.sort(key=lambda number: _sort_key(entries[number].name))
    return _balance(entries, numbers)


def _check_name(name: str) -> None:
    if not name or len(name.encode("utf-16-le")) > 62 or any(c in "/\\:!" for c in name):
        raise ValueError(f'"{name}" is no stream name; use 1 to 31 characters without / \\ : !')


def _sort_key(name: str) -> tuple[int, str]:
    """Shorter names come first, then capitals' order: readers search by this order."""
    return len(name.encode("utf-16-le")), name.upper()


def _balance(entries: list[_Entry], numbers: list[int]) -> int:
    """Link sorted entries into a red-black tree and return its top.

    Halving leaves gaps on the lowest level only, so painting an incomplete lowest level red gives
    every path the same number of black entries.
    """
    lowest = len(numbers).bit_length()
    is_perfect = len(numbers) == (1 << lowest) - 1

    def link(low: int, high: int, level: int) -> int:
        if low >= high:
            return NO_ENTRY
        middle = (low + high) // 2
        entry = entries[numbers[middle]]
        entry.color = RED if level == lowest and not is_perfect else BLACK
        entry.left = link(low, middle, level + 1)
        entry.right = link(middle + 1, high, level + 1)
        return numbers[middle]

    return link(0, len(numbers), 1)


def _place_streams(entries: list[_Entry], sectors: _Sectors) -> bytes:
    """Give each stream its sectors, long ones first, and return the table of the mini stream."""
    mini, mini_fat = bytearray(), list[int]()
    for entry in entries[1:]:
        if entry.size >= MINI_STREAM_CUTOFF:
            entry.start = sectors.add(entry.data)
        elif entry.size:
            entry.start = len(mini_fat)
            mini_fat += _chain(entry.start, entry.size, MINI_SECTOR)
            mini += _padded(entry.data, MINI_SECTOR)
    root = entries[0]
    root.start, root.size = sectors.add(bytes(mini)), len(mini)
    return _padded(_ids(mini_fat), SECTOR, b"\xff")


def _directory(entries: list[_Entry]) -> bytes:
    packed = [entry.pack() for entry in entries]
    unused = _Entry("", 0, color=0, start=0).pack()
    return b"".join(packed + [unused] * (-len(packed) % (SECTOR // len(unused))))


def _with_allocation_table(
    sectors: _Sectors, directory_start: int, mini_fat_start: int, mini_fat_size: int
) -> bytes:
    """Return the whole file: header, sectors, then the table of all sectors and its own index."""
    used = len(sectors.fat)
    fat_count, difat_count = _table_sizes(used)
    fat_numbers = list(range(used, used + fat_count))
    first_difat = used + fat_count
    fat = sectors.fat + [FAT_SECTOR] * fat_count + [DIFAT_SECTOR] * difat_count
    counts = (
        0,  # version 3 does not count directory sectors
        fat_count,
        directory_start,
        0,  # no transactions
        MINI_STREAM_CUTOFF,
        mini_fat_start,
        mini_fat_size // SECTOR,
        first_difat if difat_count else END_OF_CHAIN,
        difat_count,
    )
    header = HEADER_START + _ids(counts) + _ids(fat_numbers[:HEADER_DIFAT])
    return b"".join(
        [
            _padded(header, SECTOR, b"\xff"),
            sectors.body,
            _padded(_ids(fat), SECTOR, b"\xff"),
            _difat(fat_numbers[HEADER_DIFAT:], first_difat),
        ]
    )


def _table_sizes(used: int) -> tuple[int, int]:
    """Return how many sectors the FAT and the DIFAT need; both list themselves."""
    fat_count = difat_count = 0
    while fat_count * IDS_PER_SECTOR < used + fat_count + difat_count:
        fat_count += 1
        difat_count = _sectors_for(fat_count - HEADER_DIFAT, IDS_PER_SECTOR - 1)
    return fat_count, difat_count


def _difat(fat_numbers: list[int], first: int) -> bytes:
    """Return the sectors that name the FAT sectors beyond those in the header."""
    per_sector = IDS_PER_SECTOR - 1
    count = _sectors_for(len(fat_numbers), per_sector)
    out = bytearray()
    for i in range(count):
        named = fat_numbers[i * per_sector : (i + 1) * per_sector]
        named += [FREE_SECTOR] * (per_sector - len(named))
        out += _ids([*named, first + i + 1 if i + 1 < count else END_OF_CHAIN])
    return bytes(out)


def _sectors_for(amount: int, capacity: int) -> int:
    return max(0, -(-amount // capacity))


def _chain(first: int, size: int, sector: int) -> list[int]:
    count = _sectors_for(size, sector)
    return [*range(first + 1, first + count), END_OF_CHAIN]


def _ids(numbers: Iterable[int]) -> bytes:
    return b"".join(struct.pack("<I", number) for number in numbers)


def _padded(blob: bytes | bytearray, size: int, fill: bytes = b"\0") -> bytes:
    return bytes(blob) + fill * (-len(blob) % size)
