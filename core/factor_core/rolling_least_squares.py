"""Least squares in rolling windows, all windows at once and to the accuracy of one QR a window.

The cross-products of all windows are factorised by Cholesky together; windows whose factors are
nearly collinear, or whose asset is explained nearly exactly, go through Householder QR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.rolling_moments import CONSTANT_LIMIT, SeriesMoments, cut_into_windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from factor_core.labelled import Matrix
    from factor_core.rolling_moments import Flags, Moments, Room, Spread

    Places = NDArray[np.intp]

CHOLESKY_LIMIT = 1e-4  # 1 - R2 of a series on those before it; below, QR keeps the digits
RANK_LIMIT = 1e-12  # relative length of a factor beyond those before it; below, it is rounding
EXACT_FIT = 1e-13  # residuals relative to the returns; below, they are rounding
QR_NUMBERS = 2**20  # numbers that one batch of QR holds: 8 MB


def roll_into(
    results: Matrix, usable: Flags, window: int, needed: int, y: Matrix, x: Matrix, columns: Places
) -> None:
    """Store the regressions of assets that share one pattern of gaps in `results` (m, p, n).

    p is k for the betas alone, or k + 3: alpha, R-squared and residual volatility follow. NaN where
    a window has fewer than `needed` rows, and where its factors are constant or collinear.
    """
    n, k = x.shape
    windows = cut_into_windows(usable, window, needed, _arrays_in_use(k))
    room = windows.room
    inexact: list[tuple[int, Places]] = []
    # Windows that hold nothing or are singular divide by 0 here; they become NaN or go to QR.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factors = [windows.cut(column) for column in x.T]
        basis = factorise(SeriesMoments(factors, room), k)
        means = [windows.mean(factor) for factor in factors] if results.shape[1] > k else []
        of_factors = room.taken
        for j in columns:
            room.taken = of_factors
            asset = windows.cut(y[:, j])
            moments = SeriesMoments([*factors, asset], room)
            projections = project(basis, moments)
            fit = None
            if means:
                fit = fit_quality(moments.spread(k), projections, windows.count, room)
            betas = substitute_back(basis, projections, room.scratch)
            results[j, :k] = [beta.ravel()[:n] for beta in betas]
            if fit:
                alpha = intercept(windows.mean(asset), betas, means, room.scratch)
                numbers = alpha, fit.r_squared, fit.vol
                results[j, k:] = [number.ravel()[:n] for number in numbers]
                inexact.append((j, np.flatnonzero(fit.doubtful.ravel()[:n] & ~windows.absent)))
    for j in columns:
        results[j, :, windows.absent] = np.nan
    doubtful = ~(basis.gap.ravel()[:n] > CHOLESKY_LIMIT) & ~windows.absent
    mend_by_qr(results, usable, window, y, x, columns, np.flatnonzero(doubtful))
    for j, ends in inexact:
        mend_by_qr(results, usable, window, y, x, np.array([j]), ends[~doubtful[ends]])


def _arrays_in_use(k: int) -> int:
    """Return how many arrays of all windows one asset on k factors takes, gaps or none."""
    of_a_series, of_the_factors, of_an_asset, shared = 5, k * (k + 3) // 2, k + 2, 2
    return (k + 1) * of_a_series + of_the_factors + of_an_asset + shared


# ------------------------------------------------------------------ Cholesky, all windows at once


@dataclass(frozen=True, slots=True)
class Factorised:
    """Cholesky factors of the factors' co-moments: each entry is an array over all windows."""

    lower: list[list[Matrix]]  # row i holds entries 0 .. i - 1
    inverse_diagonal: list[Matrix]
    gap: Matrix  # smallest 1 - R2 of a factor on those before it, as a share of what it came from


def factorise(moments: Moments, k: int) -> Factorised:
    """Return the Cholesky factors of the first k series' co-moments."""
    room = moments.room
    scratch, gap = room.scratch, room.take()
    gap.fill(np.inf)
    lower: list[list[Matrix]] = [[] for _ in range(k)]
    inverse_diagonal: list[Matrix] = []
    for j in range(k):
        spread = moments.spread(j)
        beyond = room.take()
        beyond[:] = spread.square
        for entry in lower[j]:
            beyond -= np.multiply(entry, entry, out=scratch)
        share = np.divide(beyond, spread.formed_from, out=scratch)
        np.minimum(gap, share, out=gap, where=spread.varies)
        gap[~spread.varies] = 0.0
        inverse = np.sqrt(beyond, out=beyond)
        inverse_diagonal.append(np.divide(1.0, inverse, out=inverse))
        for i in range(j + 1, k):
            entry = moments.product(i, j)
            for left, above in zip(lower[i], lower[j], strict=True):
                entry -= np.multiply(left, above, out=scratch)
            entry *= inverse
            lower[i].append(entry)
    return Factorised(lower, inverse_diagonal, gap)


def project(basis: Factorised, moments: Moments) -> list[Matrix]:
    """Return the asset's coordinates along the orthonormal factors: forward substitution."""
    projections: list[Matrix] = []
    k, scratch = len(basis.lower), moments.room.scratch
    for j in range(k):
        entry = moments.product(k, j)
        for left, above in zip(basis.lower[j], projections, strict=True):
            entry -= np.multiply(left, above, out=scratch)
        entry *= basis.inverse_diagonal[j]
        projections.append(entry)
    return projections


def substitute_back(basis: Factorised, projections: list[Matrix], scratch: Matrix) -> list[Matrix]:
    """Return the betas on each factor, in the memory of the projections."""
    betas = projections
    for j in reversed(range(len(betas))):
        for i in range(j + 1, len(betas)):
            betas[j] -= np.multiply(basis.lower[i][j], betas[i], out=scratch)
        betas[j] *= basis.inverse_diagonal[j]
    return betas


class FitQuality(NamedTuple):
    """How well the factors explain an asset, an array over all windows each."""

    r_squared: Matrix
    vol: Matrix
    doubtful: Flags  # the residuals are too small a difference of sums of squares


def fit_quality(spread: Spread, projections: list[Matrix], count: Matrix, room: Room) -> FitQuality:
    """Return the quality of fits to an asset with the given spread in windows of `count` rows."""
    square, varies = spread.square, spread.varies
    unexplained = room.take()
    unexplained[:] = square
    for projection in projections:
        unexplained -= np.multiply(projection, projection, out=room.scratch)
    unexplained[~varies] = 0.0
    share = unexplained / np.where(varies, square, np.nan)
    vol = np.sqrt(np.maximum(unexplained, 0.0) / (count - 1))
    kept = np.divide(unexplained, spread.formed_from, out=room.scratch)
    return FitQuality(1 - share, vol, varies & ~(kept > CHOLESKY_LIMIT))


def intercept(mean: Matrix, betas: list[Matrix], means: list[Matrix], scratch: Matrix) -> Matrix:
    """Return alpha in the memory of the asset's mean."""
    for beta, factor_mean in zip(betas, means, strict=True):
        mean -= np.multiply(beta, factor_mean, out=scratch)
    return mean


# ------------------------------------------------------------------ QR, where Cholesky loses digits


class _Batch(NamedTuple):
    """Windows as blocks of rows, centred; a gap is a row of zeros, which changes no product."""

    data: Matrix  # (windows, rows, k + m)
    anchor: Matrix  # (windows, k + m): a row of the window, from which its data were measured
    mean: Matrix  # (windows, k + m)
    rows: Matrix  # (windows, 1): how many are there


def mend_by_qr(
    results: Matrix,
    usable: Flags,
    window: int,
    y: Matrix,
    x: Matrix,
    columns: Places,
    ends: Places,
) -> None:
    """Replace the numbers of the windows that end in rows `ends` by those of Householder QR."""
    k = x.shape[1]
    if not ends.size:
        return
    front = window - 1 if ends[0] < window - 1 else 0  # no rows stand before the first one
    block = np.pad(np.column_stack([x, y[:, columns]]), ((front, 0), (0, 0)))
    usable = np.pad(usable, (front, 0))
    views = np.lib.stride_tricks.sliding_window_view(block, window, axis=0)
    there = np.lib.stride_tricks.sliding_window_view(usable, window)
    size = max(1, QR_NUMBERS // (window * block.shape[1]))
    for start in range(0, len(ends), size):
        rows = ends[start : start + size]
        first = rows + front - window + 1
        batch = _centred(views[first].transpose(0, 2, 1), there[first])
        betas = _qr_betas(batch, k)
        into = np.ix_(columns, np.arange(k), rows)
        results[into] = betas.transpose(2, 1, 0)
        if results.shape[1] > k:
            into = np.ix_(columns, np.arange(k, k + 3), rows)
            results[into] = _qr_fit_quality(batch, betas).transpose(2, 0, 1)


def _centred(raw: Matrix, present: Flags) -> _Batch:
    present = present[:, :, None]
    # Measured from one of its rows, a constant column is 0 and stays 0 when centred.
    anchor = np.take_along_axis(raw, present.argmax(axis=1)[:, None], axis=1)
    data = np.where(present, raw - anchor, 0.0)
    count = present.sum(axis=1)
    mean = data.sum(axis=1) / count
    centred = np.where(present, data - mean[:, None], 0.0)
    return _Batch(centred, anchor[:, 0], anchor[:, 0] + mean, count)


def _qr_betas(batch: _Batch, k: int) -> Matrix:
    """Return betas of shape (windows, k, m), NaN where the factors are constant or collinear."""
    data, factors = batch.data, batch.data[..., :k]
    length = np.sqrt(np.einsum("qtj,qtj->qj", factors, factors))
    varies = length > CONSTANT_LIMIT * np.abs(batch.anchor[:, :k]) * data.shape[1] ** 0.5
    scaled = factors / np.where(varies, length, 1.0)[:, None, :]
    basis, triangle = np.linalg.qr(scaled)
    independent = np.abs(np.diagonal(triangle, axis1=1, axis2=2)) > RANK_LIMIT
    exists = (varies & independent).all(axis=1)
    betas = np.full((len(data), k, data.shape[2] - k), np.nan)
    onto = basis[exists].transpose(0, 2, 1) @ data[exists][..., k:]
    betas[exists] = np.linalg.solve(triangle[exists], onto) / length[exists][:, :, None]
    return betas


def _qr_fit_quality(batch: _Batch, betas: Matrix) -> Matrix:
    """Return alpha, R-squared and residual volatility, shape (3, windows, m)."""
    k = betas.shape[1]
    factors, assets = batch.data[..., :k], batch.data[..., k:]
    residuals = assets - factors @ betas
    ssr = np.einsum("qtj,qtj->qj", residuals, residuals)
    tss = np.einsum("qtj,qtj->qj", assets, assets)
    constant = np.sqrt(tss) <= CONSTANT_LIMIT * np.abs(batch.anchor[:, k:]) * assets.shape[1] ** 0.5
    # What rounding leaves of an exact fit is no risk: a position sized on it would be enormous.
    size = np.sqrt(tss / batch.rows) + np.abs(batch.mean[:, k:])
    ssr[constant | (np.sqrt(ssr / batch.rows) <= EXACT_FIT * size)] = 0.0
    ssr[np.isnan(betas).any(axis=1)] = np.nan
    alpha = batch.mean[:, k:] - np.einsum("qk,qkm->qm", batch.mean[:, :k], betas)
    r_squared = 1 - ssr / np.where(constant, np.nan, tss)
    return np.stack([alpha, r_squared, np.sqrt(ssr / (batch.rows - 1))])
