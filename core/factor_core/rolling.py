"""Least squares in rolling windows, all windows at once and to the accuracy of one QR a window.

Time is cut in blocks as long as the window, so that every window is the end of one block followed
by the beginning of the next: two running sums give its moments and nothing is ever subtracted out
again. A crash or a bad print is gone the day it leaves the window. Distances are measured from a
row of the window itself, so that a high level costs no digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from factor_core.errors import InputError, NumericalError
from factor_core.labelled import Columns, as_columns, same_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Vector

    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]

CHOLESKY_LIMIT = 1e-4  # 1 - R2 of a factor on those before it; below, QR keeps the digits
CONSTANT_LIMIT = 1e-15  # spread of a factor relative to its level; below, it is rounding
RANK_LIMIT = 1e-12  # relative length of a factor beyond those before it; below, it is rounding
QR_NUMBERS = 2**20  # numbers that one batch of QR holds: 8 MB


def rolling_betas(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    window: int,
    lag: int = 0,
    min_obs: int | None = None,
) -> Matrix:
    r"""Return the betas of each asset, estimated with intercept in rolling windows.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    window : int
        Rows of a window, those with missing values included.
    lag : int
        Rows by which the betas are delayed: with 1, row t shows what was known before row t.
    min_obs : int, optional
        Complete rows that a window needs; by default all of them.

    Returns
    -------
    ndarray of shape (n, m, k)
        Row t holds the betas of rows t - lag - window + 1 ... t - lag. NaN in the first
        window - 1 + lag rows, where a window has fewer than min_obs complete rows, and where its
        factors are constant or collinear, so that no betas exist.

    Raises
    ------
    InputError
        Unequal lengths, a negative lag, or min_obs above the window.
    NumericalError
        A window or min_obs below k + 2, or a window longer than the data.

    Notes
    -----
    Each window is an ordinary regression with intercept over its complete rows. Window sums follow
    van Herk and Gil-Werman (prefix and suffix sums of blocks); the halves of a window with gaps are
    merged by the pairwise formula of Chan, Golub and LeVeque. The cross-products are factorised by
    Cholesky for all windows at once; windows whose factors are close to collinear go through
    Householder QR.

    References
    ----------
    M. van Herk (1992), A fast algorithm for local minimum and maximum filters, Pattern Recognition
    Letters 13(7), 517-521. T. F. Chan, G. H. Golub and R. J. LeVeque (1983), Algorithms for
    Computing the Sample Variance, The American Statistician 37(3), 242-247.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> asset = np.where(np.arange(5) < 3, 1.0, 2.0) * market
    >>> rolling_betas(asset, market, window=3)[:, 0, 0].round(3)
    array([  nan,   nan, 1.   , 1.   , 1.143])
    """
    assets = as_columns(asset_returns, "asset_returns")
    factors = as_columns(factor_returns, "factor_returns")
    y, x = same_rows({"asset_returns": assets, "factor_returns": factors})
    needed = _require_window(len(y), x.shape[1], window, lag, min_obs)
    betas = np.empty((y.shape[1], x.shape[1], len(y)))  # time last: sums run along memory
    for columns, rows in gap_patterns(usable_rows(y, x)):
        _roll_into(betas, _cut_into_windows(rows, window, needed), y, x, columns)
    if lag:
        betas[..., lag:] = betas[..., :-lag].copy()
        betas[..., :lag] = np.nan
    return betas.transpose(2, 0, 1)


def usable_rows(y: Matrix, x: Matrix) -> Flags:
    """Return, for each column of y, in which rows it and every column of x are there."""
    factors_there = np.logical_and.reduce(~np.isnan(x), axis=1)
    usable: Flags = ~np.isnan(y) & factors_there[:, None]
    return usable


def gap_patterns(usable: Flags) -> list[tuple[Places, Flags]]:
    """Return (assets, rows) for each pattern of usable rows among the columns of `usable`."""
    if usable.all():
        return [(np.arange(usable.shape[1]), usable[:, 0])]
    alike: dict[bytes, list[int]] = {}
    for j, column in enumerate(np.ascontiguousarray(usable.T)):
        alike.setdefault(column.tobytes(), []).append(j)
    return [(np.array(columns), usable[:, columns[0]]) for columns in alike.values()]


def _require_window(n: int, k: int, window: int, lag: int, min_obs: int | None) -> int:
    """Return the complete rows that a window needs, once the arguments make sense together."""
    needed = window if min_obs is None else min_obs
    for name, value in (("window", window), ("min_obs", needed)):
        if value < k + 2:
            raise NumericalError(
                f"{name} is {value}; betas on {k} factor(s) need at least {k + 2} rows"
            )
    if needed > window:
        raise InputError(f"min_obs is {needed} and window is {window}; use at most the window")
    if lag < 0:
        raise InputError(f"lag is {lag}; use 0 or more rows, 1 for what could have been traded")
    if window + lag > n:
        delayed = f" delayed by {lag}" if lag else ""
        raise NumericalError(f"window is {window} rows{delayed}; the data have only {n}")
    return needed


@dataclass(frozen=True, slots=True)
class _Series:
    """One series as every window sees it; each array is of shape (blocks, window).

    `head` holds the rows of a block from its first on, `tail` those of the block before from its
    last back, both measured from a row of the window. Their running sums of products, less those
    of `minus` and plus those of `plus`, are sums of products of distances from the window's means.
    `level`, one a block, is the size of the numbers before anything was taken from them.
    """

    head: Matrix
    tail: Matrix
    level: Matrix
    minus: tuple[Matrix, ...]
    plus: tuple[Matrix, ...] = ()


def _co_moment(a: _Series, b: _Series, scratch: Matrix) -> Matrix:
    """Return the sum of products of distances from the means, for every window.

    Products go through `scratch`: memory given back and asked for anew costs more than the sums.
    """
    sums = _running(np.multiply(a.head, b.head, out=scratch))
    running = np.multiply(a.tail, b.tail, out=scratch)
    sums += np.cumsum(running, axis=1, out=running)[:, ::-1]
    for of_a, of_b in zip(a.minus, b.minus, strict=True):
        sums -= np.multiply(of_a, of_b, out=scratch)
    for of_a, of_b in zip(a.plus, b.plus, strict=True):
        sums += np.multiply(of_a, of_b, out=scratch)
    return sums


class _FullWindows:
    """Windows without gaps: both halves are measured from the first row of the later block."""

    def __init__(self, usable: Flags, window: int) -> None:
        self.usable, self.window = usable, window
        self.absent = np.arange(len(usable)) < window - 1

    def cut(self, values: Vector) -> _Series:
        blocks = _blocks(values, self.window)
        anchor = blocks[:, :1]
        head = blocks - anchor
        tail = np.zeros_like(blocks)
        np.subtract(blocks[:-1, :0:-1], anchor[1:], out=tail[1:, 1:])
        total = _running(head)
        total += _running(tail)[:, ::-1]
        total *= self.window**-0.5
        return _Series(head, tail, np.abs(anchor), minus=(total,))


class _GappedWindows:
    """Windows with gaps: each half is measured from a row of its own that is there."""

    def __init__(self, usable: Flags, window: int, needed: int) -> None:
        self.usable, self.window = usable, window
        there = self._there = _blocks(usable, window)
        there.ravel()[len(usable) :] = False
        self._first = there.argmax(axis=1)
        self._last = window - 1 - there[:, ::-1].argmax(axis=1)
        head = there.cumsum(axis=1).astype(np.float64)
        tail = np.zeros_like(head)
        tail[1:, 1:] = there[:-1, :0:-1].cumsum(axis=1)
        tail = tail[:, ::-1]
        both = head + tail
        self.absent = both.ravel()[: len(usable)] < needed
        self.absent[: window - 1] = True
        # An empty half weighs nothing: it has no mean to take out and nothing to be merged with.
        self._root_head, self._root_tail = (_inverse_or_0(np.sqrt(part)) for part in (head, tail))
        self._root_merge = np.sqrt(head * tail * _inverse_or_0(both))

    def cut(self, values: Vector) -> _Series:
        blocks = _blocks(values, self.window)
        number = np.arange(len(blocks))
        first, last = blocks[number, self._first, None], blocks[number, self._last, None]
        head = np.where(self._there, blocks - first, 0.0)
        tail = np.zeros_like(head)
        tail[1:, 1:] = np.where(self._there, blocks - last, 0.0)[:-1, :0:-1]
        between = np.zeros_like(first)
        between[1:] = first[1:] - last[:-1]
        # A block without a usable row has no anchor; it weighs 0, which 0 x NaN would not be.
        between[np.isnan(between)] = 0.0
        head_part = _running(head) * self._root_head
        tail_part = _running(tail)[:, ::-1] * self._root_tail
        mean_gap = between + (head_part * self._root_head - tail_part * self._root_tail)
        return _Series(
            head,
            tail,
            level=np.nan_to_num(np.abs(first)),
            minus=(head_part, tail_part),
            plus=(mean_gap * self._root_merge,),
        )


def _cut_into_windows(usable: Flags, window: int, needed: int) -> _FullWindows | _GappedWindows:
    if usable.all():
        return _FullWindows(usable, window)
    return _GappedWindows(usable, window, needed)


def _blocks(values: NDArray[Any], window: int) -> NDArray[Any]:
    """Return values as rows of the window's length, the last one filled up with the last value."""
    n = len(values)
    count = -(-n // window)
    blocks = np.empty(count * window, dtype=values.dtype)
    blocks[:n] = values
    blocks[n:] = values[-1]
    return blocks.reshape(count, window)


def _running(values: Matrix) -> Matrix:
    return np.cumsum(values, axis=1)


def _inverse_or_0(values: Matrix) -> Matrix:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


@dataclass(frozen=True, slots=True)
class _Factorised:
    """Cholesky factors of the factors' co-moments: each entry is an array over all windows."""

    factors: list[_Series]
    lower: list[list[Matrix]]  # row i holds entries 0 .. i - 1
    inverse_diagonal: list[Matrix]
    gap: Matrix  # smallest 1 - R2 of a factor on those before it
    scratch: Matrix


def _roll_into(
    betas: Matrix,
    windows: _FullWindows | _GappedWindows,
    y: Matrix,
    x: Matrix,
    columns: Places,
) -> None:
    """Store the betas of the assets that share one pattern of gaps in `betas` (m, k, n)."""
    n = len(y)
    # Windows that hold nothing or are singular divide by 0 here; they become NaN or go to QR.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        basis = _factorise([windows.cut(column) for column in x.T])
        for j in columns:
            for factor, beta in enumerate(_solve(basis, windows.cut(y[:, j]))):
                betas[j, factor] = beta.ravel()[:n]
    for j in columns:
        betas[j, :, windows.absent] = np.nan
    doubtful = ~(basis.gap.ravel()[:n] > CHOLESKY_LIMIT) & ~windows.absent
    block = np.column_stack([x, y[:, columns]])
    _mend_by_qr(betas, windows, block, columns, np.flatnonzero(doubtful))


def _factorise(factors: list[_Series]) -> _Factorised:
    scratch = np.empty_like(factors[0].head)
    lower: list[list[Matrix]] = [[] for _ in factors]
    inverse_diagonal: list[Matrix] = []
    gap = np.full_like(scratch, np.inf)
    for j, factor in enumerate(factors):
        square = _co_moment(factor, factor, scratch)
        varies = square > (CONSTANT_LIMIT * factor.level) ** 2 * square.shape[1]
        beyond = square.copy()
        for entry in lower[j]:
            beyond -= np.multiply(entry, entry, out=scratch)
        np.minimum(gap, np.divide(beyond, square, out=scratch), out=gap, where=varies)
        gap[~varies] = 0.0
        inverse = np.sqrt(beyond, out=beyond)
        inverse_diagonal.append(np.divide(1.0, inverse, out=inverse))
        for i in range(j + 1, len(factors)):
            entry = _co_moment(factors[i], factor, scratch)
            for left, above in zip(lower[i], lower[j], strict=True):
                entry -= np.multiply(left, above, out=scratch)
            entry *= inverse
            lower[i].append(entry)
    return _Factorised(factors, lower, inverse_diagonal, gap, scratch)


def _solve(basis: _Factorised, asset: _Series) -> list[Matrix]:
    """Return the betas on each factor by forward and backward substitution, over all windows."""
    betas: list[Matrix] = []
    scratch = basis.scratch
    for j, factor in enumerate(basis.factors):
        entry = _co_moment(asset, factor, scratch)
        for left, above in zip(basis.lower[j], betas, strict=True):
            entry -= np.multiply(left, above, out=scratch)
        entry *= basis.inverse_diagonal[j]
        betas.append(entry)
    for j in reversed(range(len(betas))):
        for i in range(j + 1, len(betas)):
            betas[j] -= np.multiply(basis.lower[i][j], betas[i], out=scratch)
        betas[j] *= basis.inverse_diagonal[j]
    return betas


def _mend_by_qr(
    betas: Matrix,
    windows: _FullWindows | _GappedWindows,
    block: Matrix,
    columns: Places,
    ends: Places,
) -> None:
    """Replace the betas of the windows that end in rows `ends` by those of Householder QR."""
    window, k = windows.window, betas.shape[1]
    views = np.lib.stride_tricks.sliding_window_view(block, window, axis=0)
    there = np.lib.stride_tricks.sliding_window_view(windows.usable, window)
    batch = max(1, QR_NUMBERS // (window * block.shape[1]))
    for start in range(0, len(ends), batch):
        rows = ends[start : start + batch]
        present = there[rows - window + 1, :, None]
        raw = views[rows - window + 1].transpose(0, 2, 1)
        # Measured from one of its rows, a constant column is 0 and stays 0 when centred.
        anchor = np.take_along_axis(raw, present.argmax(axis=1)[:, None], axis=1)
        data = np.where(present, raw - anchor, 0.0)
        mean = data.sum(axis=1, keepdims=True) / present.sum(axis=1, keepdims=True)
        # A gap is a row of zeros: it changes no product and so no beta.
        data = np.where(present, data - mean, 0.0)
        found = _qr_betas(data, np.abs(anchor[:, 0, :k]))
        betas[columns[:, None], :, rows] = found.transpose(2, 0, 1)


def _qr_betas(data: Matrix, level: Matrix) -> Matrix:
    """Return betas of shape (windows, k, m) for centred windows (windows, rows, k + m)."""
    k = level.shape[1]
    length = np.sqrt(np.einsum("qtj,qtj->qj", data[..., :k], data[..., :k]))
    varies = length > CONSTANT_LIMIT * level * data.shape[1] ** 0.5
    scaled = data[..., :k] / np.where(varies, length, 1.0)[:, None, :]
    basis, triangle = np.linalg.qr(scaled)
    independent = np.abs(np.diagonal(triangle, axis1=1, axis2=2)) > RANK_LIMIT
    exists = (varies & independent).all(axis=1)
    betas = np.full((len(data), k, data.shape[2] - k), np.nan)
    onto = basis[exists].transpose(0, 2, 1) @ data[exists][..., k:]
    betas[exists] = np.linalg.solve(triangle[exists], onto) / length[exists][:, :, None]
    return betas
