"""Rolling regressions of many assets at once, each with gaps of its own.

Assets with different gaps differ in which rows are summed, not in what is summed: the factors'
products, measured from a row that all assets share, are formed once, and each asset's running sums
take its own rows of them. As in `rolling_moments`, a window is the end of one block of time and the
beginning of the next, and nothing is ever subtracted out of a running sum. The sums step through
time with many assets abreast, because a running sum along one series waits for each addition before
the next. Where an asset lacks the shared row, it may lie far from the window; then what is left of
a sum of squares is a small share of it, which is seen, and QR keeps the digits. The sums of as many
assets as are worked on at a time take at most 32 MB.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.least_squares import workspace
from factor_core.rolling_least_squares import (
    CHOLESKY_LIMIT,
    factorise,
    fit_quality,
    intercept,
    mend_by_qr,
    project,
    substitute_back,
)
from factor_core.rolling_moments import Room, Spread, varies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from factor_core.labelled import Matrix, Vector

    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]

ABREAST, SUMS_ABREAST = 64, 2_240  # at least at a time: fewer would wait for Python
FEWEST, FEWEST_SUMS = 16, 600  # assets and their sums below which each is sooner rolled alone
MOST_NUMBERS = 2**22  # numbers (32 MB) of the sums that are worked on at a time


def are_sooner_abreast(m: int, window: int, k: int) -> bool:
    """Return whether m assets are sooner rolled abreast than each alone."""
    return min(m, _most_abreast(window, k)) >= max(FEWEST, FEWEST_SUMS / _Layout(k).sums)


def roll_scattered_into(
    results: Matrix, usable: Flags, window: int, needed: int, y: Matrix, x: Matrix, columns: Places
) -> None:
    """Store the regressions of assets with gaps of their own in `results` (m, p, n).

    `usable` (n, m) marks the rows of each asset; p and the NaNs are those of `roll_into`.
    """
    task = _Task(results, usable, window, needed, y, x)
    # Assets that begin at the same time leave out the same blocks.
    by_start = columns[usable[:, columns].argmax(axis=0).argsort(kind="stable")]
    groups = -(-len(columns) // _most_abreast(window, x.shape[1]))
    for group in np.array_split(by_start, groups):
        # Windows that hold nothing or are singular divide by 0 here; they become NaN or go to QR.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            doubtful = _roll_group(task, group)
        for j, ends in zip(group, doubtful.T, strict=True):
            mend_by_qr(results, usable[:, j], window, y, x, np.array([j]), np.flatnonzero(ends))


class _Task(NamedTuple):
    results: Matrix
    usable: Flags
    window: int
    needed: int
    y: Matrix
    x: Matrix


def _roll_group(task: _Task, group: Places) -> Flags:
    """Store the regressions of some assets; return which windows QR is to mend, (n, assets)."""
    n, k = task.x.shape
    doubtful = np.zeros((n, len(group)), dtype=bool)
    counted = np.zeros((n + 1, len(group)), dtype=np.int32)
    task.usable[:, group].cumsum(axis=0, out=counted[1:])
    for start in range(0, n, task.window):
        ends = slice(start, min(start + task.window, n))
        after = np.arange(ends.start, ends.stop) + 1
        count = counted[after] - counted[np.maximum(0, after - task.window)]
        enough = count >= task.needed
        chosen = np.flatnonzero(enough.any(axis=0))
        task.results[np.delete(group, chosen), :, ends] = np.nan
        if not chosen.size:
            continue
        columns, enough = group[chosen], enough[:, chosen]
        moments = _ScatteredMoments(task, columns, ends, count[:, chosen].astype(np.float64))
        numbers, lost = _regress(moments, k, beside=task.results.shape[1] > k)
        for place, number in enumerate(numbers):
            np.copyto(number, np.nan, where=~enough)
            task.results[columns, place, ends] = number.T
        doubtful[ends, chosen] = lost & enough
    return doubtful


def _regress(moments: _ScatteredMoments, k: int, beside: bool) -> tuple[list[Matrix], Flags]:
    """Return betas, and what else is wanted, of all windows; and in which of them digits are lost.

    A pivot or an asset's sum of squares has lost as many digits as it is smaller than the sum that
    it came from, and no other sum more than those two of its series.
    """
    room = moments.room
    basis, spread = factorise(moments, k), moments.spread(k)
    projections = project(basis, moments)
    lost = ~(basis.gap > CHOLESKY_LIMIT)
    kept = np.divide(spread.square, spread.formed_from, out=room.scratch)
    lost |= spread.varies & ~(kept > CHOLESKY_LIMIT)
    fit = fit_quality(spread, projections, moments.count, room) if beside else None
    betas = substitute_back(basis, projections, room.scratch)
    if fit is None:
        return betas, lost
    means = [moments.mean(j) for j in range(k)]
    alpha = intercept(moments.mean(k), betas, means, room.scratch)
    return [*betas, alpha, fit.r_squared, fit.vol], lost | fit.doubtful


# ------------------------------------------------------------------ sums over the windows


def _most_abreast(window: int, k: int) -> int:
    """Return how many assets are rolled at a time: few, to stay in the processor's cache."""
    abreast = max(ABREAST, SUMS_ABREAST // _Layout(k).sums)
    return max(1, min(abreast, MOST_NUMBERS // (_arrays_in_use(k) * window)))


def _arrays_in_use(k: int) -> int:
    """Return how many arrays of all windows of a block are in use: both halves' sums, and more."""
    return 2 * _Layout(k).sums + 8


class _Layout(NamedTuple):
    """Where which sum stands: totals and products of factors, then those with the asset."""

    k: int

    @property
    def of_factors(self) -> int:
        return self.k * (self.k + 3) // 2

    @property
    def sums(self) -> int:
        return self.of_factors + self.k + 2

    def total(self, i: int) -> int:
        """Return the place of the sum of series i; the asset is series k."""
        return i if i < self.k else self.of_factors

    def product(self, i: int, j: int) -> int:
        """Return the place of the sum of products of series i >= j."""
        if i < self.k:
            return self.k + i * (i + 1) // 2 + j
        return self.of_factors + 1 + j


class _ScatteredMoments:
    """Co-moments over the windows of many assets that end in one block, (windows, assets) each."""

    def __init__(self, task: _Task, columns: Places, ends: slice, count: Matrix) -> None:
        self.count, self._root = count, np.sqrt(1.0 / count)
        self._window, self._layout = task.window, _Layout(task.x.shape[1])
        first = max(0, ends.start - task.window + 1)
        rows, lead = slice(first, ends.stop), ends.start - first
        there, factors = task.usable[rows, columns], task.x[rows]
        complete = np.logical_and.reduce(~np.isnan(factors), axis=1, keepdims=True)
        of_factors = _from_anchor(factors, complete, lead)
        of_assets = _from_anchor(task.y[rows, columns], there, lead)
        self._anchors = [*of_factors.anchor, of_assets.anchor]
        q, arrays = self._layout.sums, _arrays_in_use(self._layout.k)
        kept = workspace(arrays, task.window * len(columns))
        kept = kept.reshape(arrays, task.window, len(columns))
        self._sums, tail = kept[:q, : len(count)], kept[q : 2 * q, :lead]
        marks = there.astype(np.float64)
        for part, half in ((self._sums, slice(lead, None)), (tail, slice(lead))):
            _multiply(of_factors.values[half].T, marks[half], of_assets.values[half], part)
        _run(self._sums.swapaxes(0, 1))
        _run(tail.swapaxes(0, 1)[::-1])
        both = min(lead, len(count))
        self._sums[:, :both] += tail[:, :both]
        for i in range(self._layout.k + 1):
            self._sums[self._layout.total(i)] *= self._root
        self.room = Room(kept[q:, : len(count)])

    def product(self, i: int, j: int) -> Matrix:
        """Return the co-moment of series i > j, in the memory of their sum."""
        product = self._sums[self._layout.product(i, j)]
        product -= np.multiply(self._total(i), self._total(j), out=self.room.scratch)
        return product

    def spread(self, i: int) -> Spread:
        """Return how far series i is from its means."""
        total, whole = self._total(i), self._sums[self._layout.product(i, i)]
        square = np.multiply(total, total, out=self.room.take())
        np.subtract(whole, square, out=square)
        # What rounding leaves of a distant anchor's sum looks constant: ask the sum itself.
        there = varies(whole, np.abs(self._anchors[i]), self._window)
        return Spread(square, whole, there)

    def mean(self, i: int) -> Matrix:
        """Return the means of series i."""
        mean = np.multiply(self._total(i), self._root, out=self.room.take())
        mean += self._anchors[i]
        return mean

    def _total(self, i: int) -> Matrix:
        """Return the sums of series i over the root of the rows."""
        return self._sums[self._layout.total(i)]


class _Measured(NamedTuple):
    """Columns measured from one of their rows, 0 where nothing is there."""

    values: Matrix
    anchor: Vector


def _from_anchor(values: Matrix, there: Flags, lead: int) -> _Measured:
    """Measure columns from their last row up to row `lead`; where there is none, the first after.

    No window sees a later row by it, and without a gap there it is a row of every window.
    """
    before = there[lead::-1]
    back = before.argmax(axis=0)
    found = before[back, np.arange(there.shape[1])]
    row = np.where(found, lead - back, there.argmax(axis=0))
    anchor: Vector = values[row, np.arange(values.shape[1])]
    return _Measured(np.where(there, values - anchor, 0.0), anchor)


def _multiply(factors: Matrix, marks: Matrix, assets: Matrix, into: NDArray[np.float64]) -> None:
    """Write what is to be summed, in the order of _Layout: (sums, rows, assets)."""
    k = len(factors)
    i, j = np.tril_indices(k)
    of_factors = np.concatenate([factors, factors[i] * factors[j]])[..., None]
    np.multiply(of_factors, marks, out=into[: len(of_factors)])
    into[-k - 2] = assets
    np.multiply(factors[..., None], assets, out=into[-k - 1 : -1])
    np.multiply(assets, assets, out=into[-1])


def _run(rows: Iterable[NDArray[np.float64]]) -> None:
    """Add each row to the next."""
    for before, row in pairwise(rows):
        np.add(before, row, out=row)
