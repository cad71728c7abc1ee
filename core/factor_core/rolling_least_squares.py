"""Least squares in rolling windows, all windows at once and to the accuracy of one QR a window.

The cross-products of all windows are factorised by Cholesky together; windows whose factors are
nearly collinear, or whose asset is explained nearly exactly, go through Householder QR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.rolling_moments import co_moment, cut_into_windows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from factor_core.labelled import Matrix
    from factor_core.rolling_moments import Flags, Room, Series, Windows

    Places = NDArray[np.intp]

CHOLESKY_LIMIT = 1e-4  # 1 - R2 of a series on those before it; below, QR keeps the digits
CONSTANT_LIMIT = 1e-15  # spread of a series relative to its level; below, it is rounding
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
        basis = _factorise([windows.cut(column) for column in x.T], room)
        means = [windows.mean(factor) for factor in basis.factors] if results.shape[1] > k else []
        of_factors = room.taken
        for j in columns:
            room.taken = of_factors
            asset = windows.cut(y[:, j])
            projections = _project(basis, asset, room)
            fit = _fit_quality(windows, asset, projections) if means else None
            betas = _substitute_back(basis, projections, room.scratch)
            results[j, :k] = [beta.ravel()[:n] for beta in betas]
            if fit:
                alpha = _alpha(windows.mean(asset), betas, means, room.scratch)
                numbers = alpha, fit.r_squared, fit.vol
                results[j, k:] = [number.ravel()[:n] for number in numbers]
                inexact.append((j, np.flatnonzero(fit.doubtful.ravel()[:n] & ~windows.absent)))
    for j in columns:
        results[j, :, windows.absent] = np.nan
    doubtful = ~(basis.gap.ravel()[:n] > CHOLESKY_LIMIT) & ~windows.absent
    _mend_by_qr(results, windows, y, x, columns, np.flatnonzero(doubtful))
    for j, ends in inexact:
        _mend_by_qr(results, windows, y, x, np.array([j]), ends[~doubtful[ends]])


def _arrays_in_use(k: int) -> int:
    """Return how many arrays of all windows one asset on k factors takes, gaps or none."""
    of_a_series, of_the_factors, of_an_asset, shared = 5, k * (k + 3) // 2, k + 2, 2
    return (k + 1) * of_a_series + of_the_factors + of_an_asset + shared


# ------------------------------------------------------------------ Cholesky, all windows at once


@dataclass(frozen=True, slots=True)
class _Factorised:
    """Cholesky factors of the factors' co-moments: each entry is an array over all windows."""

    factors: list[Series]
    lower: list[list[Matrix]]  # row i holds entries 0 .. i - 1
    inverse_diagonal: list[Matrix]
    gap: Matrix  # smallest 1 - R2 of a factor on those before it


def _factorise(factors: list[Series], room: Room) -> _Factorised:
    scratch, gap = room.scratch, room.take()
    gap.fill(np.inf)
    lower: list[list[Matrix]] = [[] for _ in factors]
    inverse_diagonal: list[Matrix] = []
    for j, factor in enumerate(factors):
        square = co_moment(factor, factor, room)
        varies = _varies(square, factor)
        beyond = room.take()
        beyond[:] = square
        for entry in lower[j]:
            beyond -= np.multiply(entry, entry, out=scratch)
        np.minimum(gap, np.divide(beyond, square, out=scratch), out=gap, where=varies)
        gap[~varies] = 0.0
        inverse = np.sqrt(beyond, out=beyond)
        inverse_diagonal.append(np.divide(1.0, inverse, out=inverse))
        for i in range(j + 1, len(factors)):
            entry = co_moment(factors[i], factor, room)
            for left, above in zip(lower[i], lower[j], strict=True):
                entry -= np.multiply(left, above, out=scratch)
            entry *= inverse
            lower[i].append(entry)
    return _Factorised(factors, lower, inverse_diagonal, gap)


def _varies(square: Matrix, series: Series) -> Flags:
    varies: Flags = square > (CONSTANT_LIMIT * series.level) ** 2 * square.shape[1]
    return varies


def _project(basis: _Factorised, asset: Series, room: Room) -> list[Matrix]:
    """Return the asset's coordinates along the orthonormal factors: forward substitution."""
    projections: list[Matrix] = []
    for j, factor in enumerate(basis.factors):
        entry = co_moment(asset, factor, room)
        for left, above in zip(basis.lower[j], projections, strict=True):
            entry -= np.multiply(left, above, out=room.scratch)
        entry *= basis.inverse_diagonal[j]
        projections.append(entry)
    return projections


def _substitute_back(
    basis: _Factorised, projections: list[Matrix], scratch: Matrix
) -> list[Matrix]:
    """Return the betas on each factor, in the memory of the projections."""
    betas = projections
    for j in reversed(range(len(betas))):
        for i in range(j + 1, len(betas)):
            betas[j] -= np.multiply(basis.lower[i][j], betas[i], out=scratch)
        betas[j] *= basis.inverse_diagonal[j]
    return betas


class _FitQuality(NamedTuple):
    """How well the factors explain an asset, an array over all windows each."""

    r_squared: Matrix
    vol: Matrix
    doubtful: Flags  # the residuals are too small a difference of sums of squares


def _fit_quality(windows: Windows, asset: Series, projections: list[Matrix]) -> _FitQuality:
    room = windows.room
    square = co_moment(asset, asset, room)
    varies = _varies(square, asset)
    unexplained = room.take()
    unexplained[:] = square
    for projection in projections:
        unexplained -= np.multiply(projection, projection, out=room.scratch)
    unexplained[~varies] = 0.0
    share = unexplained / np.where(varies, square, np.nan)
    vol = np.sqrt(np.maximum(unexplained, 0.0) / (windows.count - 1))
    return _FitQuality(1 - share, vol, varies & ~(share > CHOLESKY_LIMIT))


def _alpha(mean: Matrix, betas: list[Matrix], means: list[Matrix], scratch: Matrix) -> Matrix:
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


def _mend_by_qr(
    results: Matrix, windows: Windows, y: Matrix, x: Matrix, columns: Places, ends: Places
) -> None:
    """Replace the numbers of the windows that end in rows `ends` by those of Householder QR."""
    window, k = windows.window, x.shape[1]
    if not ends.size:
        return
    front = window - 1 if ends[0] < window - 1 else 0  # no rows stand before the first one
    block = np.pad(np.column_stack([x, y[:, columns]]), ((front, 0), (0, 0)))
    usable = np.pad(windows.usable, (front, 0))
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
