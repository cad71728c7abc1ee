"""Robust standard errors of many assets at once: variances of coefficients from their scores.

A score is a residual times the row's weight in a coefficient. For standard errors, each coefficient
needs its own scores only, and these are one product of matrices for a block of assets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.least_squares import squares, workspace
from factor_core.many_assets import ASSET_BLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from factor_core.labelled import Matrix, Vector
    from factor_core.regression import Regression

    Places = NDArray[np.intp]
    Flags = NDArray[np.bool_]

BLOCK_NUMBERS = 2**18  # residuals of a block; longer histories come in smaller blocks
FARTHEST = 1e4  # squared distance of an asset's factor means from the centre of its block
FULL_LEVERAGE = 1e-10  # 1 - leverage; below, the row alone decides a coefficient


class Scored(NamedTuple):
    """What the scores of some assets and coefficients give."""

    variances: Matrix  # assets x coefficients, without the factor for small samples
    decided: dict[int, int]  # assets without variance, and the row that decides a coefficient
    alone: list[int]  # assets too far from the others to share a centre with them


def score_variances(
    fit: Regression, assets: Places, se: str, widths: NDArray[np.int64], coefficients: slice
) -> Scored:
    """Return the variances of coefficients: sums of squared scores, or of their moving sums.

    Parameters
    ----------
    fit : Regression
    assets : ndarray of shape (b,)
        Those that have an estimate.
    se : {"hc0", "hc1", "hc2", "hc3", "hac"}
    widths : ndarray of shape (b,)
        Scores in a moving sum: lags + 1 for hac, else 1.
    coefficients : slice
        Of alpha (if there is one) and betas.
    """
    values = fit.factor_values
    found: list[Matrix] = []
    decided: dict[int, int] = {}
    alone: list[int] = []
    for some in _blocks(len(assets), len(values)):
        block = _block(fit, values, assets[some])
        alone += block.assets[_farthest(fit, block) > FARTHEST].tolist()
        if se in ("hc2", "hc3"):
            decided.update(_spread_by_leverage(fit, block, se))
        found.append(_block_variances(fit, block, widths[some], coefficients))
    return Scored(np.vstack(found), decided, alone)


def moving_sums(scores: Matrix, width: int, room: Matrix) -> Matrix:
    """Return sums of `width` neighbouring scores, zero-padded, in one of two rooms.

    Their outer product over `width` is the Bartlett-weighted sum of autocovariances: two rows l
    apart share width - l of the sums. Sums of neighbours double from step to step, so that nothing
    is subtracted and the cost hardly depends on the width.
    """
    sums, neighbours = scores, 1
    free, kept = room
    for bit in f"{width:b}"[1:]:
        sums, free, kept = _plus_later(sums, sums, neighbours, free), kept, free
        neighbours *= 2
        if bit == "1":
            sums, free, kept = _plus_later(sums, scores, neighbours, free), kept, free
            neighbours += 1
    return sums


def _plus_later(first: Matrix, later: Matrix, shift: int, room: Matrix) -> Matrix:
    """Return the sum of two series of which the second begins `shift` later and ends last."""
    n = first.shape[1]
    out = room[:, : later.shape[1] + shift]
    out[:, : min(shift, n)] = first[:, :shift]
    out[:, n:shift] = 0.0
    np.add(first[:, shift:], later[:, : max(n - shift, 0)], out=out[:, shift:n])
    out[:, max(n, shift) :] = later[:, max(n - shift, 0) :]
    return out


class _Block(NamedTuple):
    """Assets, their residuals with 0 for a missing one, and the factors around a common centre."""

    assets: Places
    residuals: Matrix  # b x n_rows
    present: Flags | None  # b x n_rows; None where nothing is missing
    factors: Matrix  # k x n_rows
    offset: Matrix  # b x k, the factor means of each asset from the centre


def _blocks(b: int, n: int) -> Iterator[slice]:
    size = max(1, min(ASSET_BLOCK, BLOCK_NUMBERS // max(n, 1)))
    return (slice(start, start + size) for start in range(0, b, size))


def _block(fit: Regression, values: Matrix, assets: Places) -> _Block:
    residuals = fit.residuals.T[assets]
    missing = np.isnan(residuals)
    gaps = bool(missing.any())
    if gaps:
        np.copyto(residuals, 0.0, where=missing)
    mean = fit.factor_mean[assets]
    centre = mean.mean(axis=0)
    factors = (values - centre).T.copy()
    factors[np.isnan(factors)] = 0.0  # a row of residuals is missing there
    return _Block(assets, residuals, ~missing if gaps else None, factors, mean - centre)


def _farthest(fit: Regression, block: _Block) -> Vector:
    """Return the squared distance from the centre, in variances of the factors."""
    inverse, offset = fit.inverse[block.assets], block.offset
    distance: Vector = np.einsum("bi,bij,bj->b", offset, inverse, offset) * fit.n[block.assets]
    return distance


def _of_rows(block: _Block, direction: Matrix, constant: Vector | float) -> Matrix:
    """Return constant + direction (b x k) times the factors around each asset's own means."""
    rows = direction @ block.factors
    rows += (constant - (direction * block.offset).sum(axis=1))[:, None]
    return rows


def _weights(fit: Regression, block: _Block, j: int) -> Matrix:
    """Return the weights of the rows in coefficient j, b x n_rows."""
    inverse = fit.inverse[block.assets]
    if not fit.intercept:
        return _of_rows(block, inverse[:, j], 0.0)
    if j:
        return _of_rows(block, inverse[:, j - 1], 0.0)
    direction = -np.einsum("bi,bij->bj", fit.factor_mean[block.assets], inverse)
    return _of_rows(block, direction, 1 / fit.n[block.assets])


def _spread_by_leverage(fit: Regression, block: _Block, se: str) -> dict[int, int]:
    """Divide the residuals as hc2 and hc3 do; return the assets with a row of leverage 1."""
    spare = np.ones_like(block.residuals)
    if fit.intercept:
        spare -= 1 / fit.n[block.assets][:, None]
    for j in range(fit.k):
        own = block.factors[j] - block.offset[:, j, None]
        spare -= own * _of_rows(block, fit.inverse[block.assets, j], 0.0)
    if block.present is not None:
        np.copyto(spare, 1.0, where=~block.present)
    worst = spare.argmin(axis=1)
    decided = spare[np.arange(len(worst)), worst] < FULL_LEVERAGE
    spare[decided] = 1.0  # refused; a root or quotient would only warn
    block.residuals[:] /= np.sqrt(spare) if se == "hc2" else spare
    return dict(zip(block.assets[decided].tolist(), worst[decided].tolist(), strict=True))


def _block_variances(
    fit: Regression, block: _Block, widths: NDArray[np.int64], coefficients: slice
) -> Matrix:
    """Return the variances of a block, b x coefficients."""
    wanted = range(fit.k + int(fit.intercept))[coefficients]
    variances = np.empty((len(block.assets), len(wanted)))
    for column, j in enumerate(wanted):
        scores = _weights(fit, block, j)
        scores *= block.residuals
        if widths.max() > 1:
            scores = _without_gaps(fit, block, scores)
        for width in np.unique(widths).tolist():
            alike = widths == width
            some = scores if alike.all() else scores[alike]
            if width > 1:
                room = workspace(2 * len(some), some.shape[1] + width - 1)
                some = moving_sums(some, width, room.reshape(2, len(some), -1))
            variances[alike, column] = squares(some) / width
    return variances


def _without_gaps(fit: Regression, block: _Block, scores: Matrix) -> Matrix:
    """Return the scores closed up where an asset has gaps between its rows."""
    if block.present is None:
        return scores
    n = fit.n[block.assets].astype(np.intp)
    first, last = block.present.argmax(axis=1), block.present[:, ::-1].argmax(axis=1)
    holes = scores.shape[1] - last - first > n
    if not holes.any():
        return scores
    closed = np.zeros((np.count_nonzero(holes), scores.shape[1]))
    closed[np.arange(scores.shape[1]) < n[holes][:, None]] = scores[holes][block.present[holes]]
    scores[holes] = closed
    return scores
