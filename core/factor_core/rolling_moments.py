"""Sums over every rolling window at once, without ever subtracting a row out again.

Time is cut in blocks as long as the window, so that every window is the end of one block followed
by the beginning of the next: two running sums give its moments. A crash or a bad print is gone the
day it leaves the window. Distances are measured from a row of the window itself, so that a high
level costs no digits.

References
----------
M. van Herk (1992), A fast algorithm for local minimum and maximum filters, Pattern Recognition
Letters 13(7), 517-521. T. F. Chan, G. H. Golub and R. J. LeVeque (1983), Algorithms for Computing
the Sample Variance, The American Statistician 37(3), 242-247.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from factor_core.least_squares import workspace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from factor_core.labelled import Matrix, Vector

    Flags = NDArray[np.bool_]

CONSTANT_LIMIT = 1e-15  # spread of a series relative to its level; below, it is rounding


class Room:
    """Arrays of all windows in memory that a thread keeps: page faults cost more than the sums.

    What is taken holds what was there before, and is taken by others once the room is left.
    """

    def __init__(self, kept: NDArray[np.float64]) -> None:
        self._kept = kept  # an array of all windows after the other
        self.taken = 0  # set back to an earlier number, what was taken since is free again
        self.scratch = self.take()

    def take(self) -> Matrix:
        """Return an array of all windows."""
        place = self.taken
        self.taken += 1
        return self._kept[place] if place < len(self._kept) else np.empty(self._kept.shape[1:])


@dataclass(frozen=True, slots=True)
class Series:
    """One series as every window sees it; each array is of shape (blocks, window).

    `head` holds the rows of a block from its first on, measured from `anchor`, and `tail` those of
    the block before from its last back, measured from `tail_anchor`. Their running sums of
    products, less those of `minus` and plus those of `plus`, are sums of products of distances from
    the window's means.
    """

    head: Matrix
    tail: Matrix
    anchor: Matrix  # (blocks, 1)
    tail_anchor: Matrix  # (blocks, 1)
    minus: tuple[Matrix, ...]
    plus: tuple[Matrix, ...] = ()

    @property
    def level(self) -> Matrix:
        """The size of the numbers before anything was taken from them, one a block."""
        larger: Matrix = np.fmax(np.abs(self.anchor), np.abs(self.tail_anchor))
        return np.nan_to_num(larger)


def co_moment(a: Series, b: Series, room: Room) -> Matrix:
    """Return the sum of products of distances from the means, for every window."""
    scratch = room.scratch
    sums = np.cumsum(np.multiply(a.head, b.head, out=scratch), axis=1, out=room.take())
    running = np.multiply(a.tail, b.tail, out=scratch)
    sums += np.cumsum(running, axis=1, out=running)[:, ::-1]
    for of_a, of_b in zip(a.minus, b.minus, strict=True):
        sums -= np.multiply(of_a, of_b, out=scratch)
    for of_a, of_b in zip(a.plus, b.plus, strict=True):
        sums += np.multiply(of_a, of_b, out=scratch)
    return sums


class Spread(NamedTuple):
    """How far a series is from its means, an array over all windows each."""

    square: Matrix  # the sum of squared distances
    formed_from: Matrix  # the sum of squares that it is the rest of: their ratio is digits lost
    varies: Flags  # else what is left is rounding


class Moments(Protocol):
    """Co-moments of series in all windows: the factors, and an asset as the last of them."""

    room: Room

    def product(self, i: int, j: int) -> Matrix:
        """Return the co-moment of two series; asked for once, the caller may overwrite it."""
        ...

    def spread(self, i: int) -> Spread:
        """Return how far a series is from its means."""
        ...


class SeriesMoments:
    """Co-moments of series that see the same windows."""

    def __init__(self, series: Sequence[Series], room: Room) -> None:
        self._series, self.room = series, room

    def product(self, i: int, j: int) -> Matrix:
        """Return the co-moment of two series."""
        return co_moment(self._series[i], self._series[j], self.room)

    def spread(self, i: int) -> Spread:
        """Return how far a series is from its means."""
        square = self.product(i, i)
        return Spread(square, square, varies(square, self._series[i].level, square.shape[1]))


def varies(square: Matrix, level: Matrix | float, rows: int) -> Flags:
    """Return in which windows a sum of squares over `rows` rows is more than rounding."""
    larger: Flags = square > (CONSTANT_LIMIT * level) ** 2 * rows
    return larger


class FullWindows:
    """Windows without gaps: both halves are measured from the first row of the later block.

    The windows of the first block are shorter, because no rows stand before it.
    """

    def __init__(self, usable: Flags, window: int, needed: int, room: Room) -> None:
        self.usable, self.window, self.room = usable, window, room
        self.absent = np.arange(len(usable)) < needed - 1
        self._root_first = np.arange(1.0, window + 1) ** -0.5

    @property
    def count(self) -> Matrix:
        """The rows of each window."""
        rows = np.full((-(-len(self.usable) // self.window), self.window), float(self.window))
        rows[0] = np.arange(1.0, self.window + 1)
        return rows

    def cut(self, values: Vector) -> Series:
        """Return `values` as every window sees them."""
        head, tail, total = (self.room.take() for _ in range(3))
        _fill_blocks(head, values)
        anchor = head[:, :1].copy()
        tail[0] = tail[:, 0] = 0.0
        np.subtract(head[:-1, :0:-1], anchor[1:], out=tail[1:, 1:])
        head -= anchor
        np.cumsum(head, axis=1, out=total)
        total += np.cumsum(tail, axis=1, out=self.room.scratch)[:, ::-1]
        total[0] *= self._root_first
        total[1:] *= self.window**-0.5
        return Series(head, tail, anchor, anchor, minus=(total,))

    def mean(self, series: Series) -> Matrix:
        """Return the mean of a series in every window."""
        mean: Matrix = series.minus[0] / np.sqrt(self.count)
        mean += series.anchor
        return mean


class GappedWindows:
    """Windows with gaps: each half is measured from a row of its own that is there."""

    def __init__(self, usable: Flags, window: int, needed: int, room: Room) -> None:
        self.room = room
        there = self._there = np.empty(room.scratch.shape, dtype=bool)
        _fill_blocks(there, usable)
        there.ravel()[len(usable) :] = False
        self._first = there.argmax(axis=1)
        self._last = window - 1 - there[:, ::-1].argmax(axis=1)
        head = self._head_count = there.cumsum(axis=1).astype(np.float64)
        tail = np.zeros_like(head)
        tail[1:, 1:] = there[:-1, :0:-1].cumsum(axis=1)
        tail = self._tail_count = tail[:, ::-1]
        self.count = head + tail
        self.absent = self.count.ravel()[: len(usable)] < needed
        # An empty half weighs nothing: it has no mean to take out and nothing to be merged with.
        self._root_head, self._root_tail = (_inverse_or_0(np.sqrt(part)) for part in (head, tail))
        self._root_merge = np.sqrt(head * tail * _inverse_or_0(self.count))

    def cut(self, values: Vector) -> Series:
        """Return `values` as every window sees them."""
        head, tail, head_part, tail_part = (self.room.take() for _ in range(4))
        _fill_blocks(head, values)
        number = np.arange(len(head))
        first, last = head[number, self._first, None], head[number, self._last, None]
        there_before = self._there[:-1, :0:-1]
        tail[0] = tail[:, 0] = 0.0
        np.subtract(head[:-1, :0:-1], last[:-1], out=tail[1:, 1:])
        np.copyto(tail[1:, 1:], 0.0, where=~there_before)
        head -= first
        np.copyto(head, 0.0, where=~self._there)
        last_before = np.full_like(last, np.nan)
        last_before[1:] = last[:-1]
        # A block without a usable row has no anchor; it weighs 0, which 0 x NaN would not be.
        between = first - last_before
        between[np.isnan(between)] = 0.0
        np.cumsum(head, axis=1, out=head_part)
        head_part *= self._root_head
        running = np.cumsum(tail, axis=1, out=self.room.scratch)
        np.multiply(running[:, ::-1], self._root_tail, out=tail_part)
        mean_gap = np.multiply(head_part, self._root_head, out=self.room.take())
        mean_gap -= np.multiply(tail_part, self._root_tail, out=self.room.scratch)
        mean_gap += between
        mean_gap *= self._root_merge
        minus = head_part, tail_part
        return Series(head, tail, first, last_before, minus, plus=(mean_gap,))

    def mean(self, series: Series) -> Matrix:
        """Return the mean of a series in every window; NaN where it holds no row."""
        head_part, tail_part = series.minus
        of_head = series.anchor + head_part * self._root_head
        of_tail = series.tail_anchor + tail_part * self._root_tail
        # The mean of both halves lies from the head's towards the tail's by the tail's share.
        share = np.sqrt(self._tail_count * _inverse_or_0(self.count)) * self._root_head
        of_both = of_head - series.plus[0] * share
        return np.where(self._head_count > 0, of_both, of_tail)


Windows = FullWindows | GappedWindows


def cut_into_windows(usable: Flags, window: int, needed: int, arrays: int) -> Windows:
    """Return the windows over rows of which `usable` are there, each with `needed` of them.

    `arrays` is how many arrays of all windows are in use at a time.
    """
    blocks = -(-len(usable) // window)
    room = Room(workspace(arrays, blocks * window).reshape(arrays, blocks, window))
    kind = FullWindows if usable.all() else GappedWindows
    return kind(usable, window, needed, room)


def _fill_blocks(blocks: NDArray[Any], values: NDArray[Any]) -> None:
    """Write values into rows of the window's length, the last one filled up with the last value."""
    flat = blocks.reshape(-1)
    flat[: len(values)] = values
    flat[len(values) :] = values[-1]


def _inverse_or_0(values: Matrix) -> Matrix:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)
