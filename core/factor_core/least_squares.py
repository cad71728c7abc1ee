"""Least squares over complete rows: the numerical core, without names, gaps or cells.

The factors are centred and their cross-product is scaled to a correlation matrix, whose Cholesky
factor gives the betas; one step of refinement on the residuals brings them to the accuracy of
Householder QR. Where the factors are close to collinear, QR of the centred factors takes over, and
the refinement has twice the precision. Normal equations are never formed on raw data.

References
----------
G. H. Golub and C. F. Van Loan, Matrix Computations, 4th ed., sections 4.2, 5.2 and 5.3.
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapter 20.
"""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core import extended

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from factor_core.labelled import Matrix, Vector

EPS = float(np.finfo(np.float64).eps)
CHOLESKY_LIMIT = 1e-4  # 1 - R2 of a factor on those before it; below, QR keeps the digits
RANK_LIMIT = 1e-13  # relative length of a factor beyond those before it; below, it is rounding
CONSTANT_LIMIT = 1e-13  # spread of a series relative to its mean; below, it is rounding
ROUNDING = 4 * EPS  # of a correction relative to the returns: residuals would gain no digit by it
SMALLEST, LARGEST = 1e-120, 1e120  # sum of squares; beyond, fourth powers leave the float range
TILE, TILE_WIDTH = 256, 8  # rows and fewest columns of a tile that is turned at once
LARGEST_WORKSPACE = 2**23  # numbers (64 MB) that a thread keeps between calls


class Solution(NamedTuple):
    """Least squares of b assets on k factors over n rows; p = k, and 1 for an intercept."""

    alpha: Vector
    beta: Matrix  # b x k
    residuals: Matrix  # n x b
    n: Vector
    ssr: Vector
    tss: Vector
    r_squared: Vector
    asset_mean: Vector
    factor_mean: Matrix  # b x k
    inverse: Matrix  # b x k x k
    unit_variance: Matrix  # b x p


class RefusedError(Exception):
    """Series that have no estimate: the reason, and the position of the factor if it is one's."""

    def __init__(self, problem: str, *, factor: int | None = None) -> None:
        super().__init__(problem)
        self.factor = factor


class TooFewRowsError(RefusedError):
    """An asset without enough complete rows."""


def solve(y: Matrix, x: Matrix, intercept: bool) -> Solution:
    """Return the regression of each asset (n x b) on all factors (n x k); there are no gaps.

    Raises
    ------
    RefusedError
        Too few rows, a constant factor, collinear factors, numbers (NaN among them) that no square
        can hold.
    """
    n, k = x.shape
    _refuse_few_rows(n, k, intercept)
    line = _solve_line(y[:, 0], x[:, 0], intercept) if k == y.shape[1] == 1 else None
    return line or _solve_block(y, x, intercept)


def _solve_line(y: Vector, x: Vector, intercept: bool) -> Solution | None:
    """Return one asset on one factor: `_solve_block` in scalars, at a third of its cost.

    None where a series is constant or out of scale, which `_solve_block` handles.
    """
    n = len(x)
    x_mean = float(np.add.reduce(x)) / n if intercept else 0.0
    y_mean = float(np.add.reduce(y)) / n
    y_centre = y_mean if intercept else 0.0
    factor = np.subtract(x, x_mean, out=workspace(1, n)[0])
    residuals = np.subtract(y, y_centre)  # of alpha; beta comes off below
    sxx, sxy = float(factor.dot(factor)), float(factor.dot(residuals))
    if not _is_regular(sxx, x_mean, n):
        return None
    beta = sxy / sxx
    residuals -= np.multiply(factor, beta, out=factor)
    ssr = float(residuals.dot(residuals))
    tss = ssr + beta * sxy  # what is explained is at right angles to the rest
    if not _is_regular(tss, y_centre, n):
        return None
    unit_variances = (1 / n + x_mean * x_mean / sxx, 1 / sxx)
    fit = (y_centre - beta * x_mean, beta, n, ssr, tss, 1 - ssr / tss, y_mean, x_mean)
    numbers = np.array(fit + unit_variances)
    numbers.setflags(write=False)  # and so are the parts, each of which would cost as much
    return Solution(  # in its order: to name all eleven would take a hundredth longer
        numbers[0:1],  # alpha
        numbers[1:2, None],  # beta
        residuals[:, None],
        numbers[2:3],  # n
        numbers[3:4],  # ssr
        numbers[4:5],  # tss
        numbers[5:6],  # r_squared
        numbers[6:7],  # asset_mean
        numbers[7:8, None],  # factor_mean
        numbers[9:10, None, None],  # inverse
        numbers[None, 8 if intercept else 9 :],  # unit_variance
    )


def _solve_block(y: Matrix, x: Matrix, intercept: bool) -> Solution:
    """Return b assets on k factors by Cholesky, or by QR where factors are nearly collinear."""
    (n, k), b = x.shape, y.shape[1]
    work = workspace(k + b, n)
    work[:k] = x.T
    turn(y, work[k:])
    mean = np.add.reduce(work, axis=1) / n
    _refuse_nan(work, mean, k)
    centre = mean if intercept else np.zeros(k + b)
    if intercept:
        work -= centre[:, None]
    factors, assets, factor_mean = work[:k], work[k:], centre[:k]
    cross = cross_products(factors)
    _refuse_degenerate(factors, factor_mean, cross.diagonal())
    tss = _flatten_constants(assets, centre[k:], squares(assets))
    basis = _factorise(factors, factor_mean, cross)
    beta, residuals = _project(basis, factors, assets, cross, tss)
    if basis.nearly_collinear:
        exact = extended.distances(x.T, factor_mean), extended.distances(y.T, centre[k:])
        first = beta, residuals
        beta, residuals = extended.refine(*exact, basis.left, basis.right, *first, intercept)
        beta[tss == 0] = residuals[tss == 0] = 0.0
    ssr = squares(residuals)
    unit = unit_variance(basis.inverse, factor_mean, n, intercept)
    return Solution(
        alpha=centre[k:] - beta.dot(factor_mean),
        beta=beta,
        residuals=residuals.T,
        n=np.full(b, float(n)),
        ssr=ssr,
        tss=tss,
        r_squared=1 - ssr / tss,
        asset_mean=mean[k:],
        factor_mean=factor_mean[None].repeat(b, axis=0),
        inverse=basis.inverse[None].repeat(b, axis=0),
        unit_variance=unit[None].repeat(b, axis=0),
    )


class Basis(NamedTuple):
    """The inverse cross-product of the centred factors, and betas as left @ (right @ asset)."""

    mean: Vector  # k; 0 where nothing is centred
    inverse: Matrix  # k x k
    left: Matrix  # k x k
    right: Matrix  # k x n
    nearly_collinear: bool


def orthonormal_basis(x: Matrix, intercept: bool) -> Basis:
    """Return the basis by QR of factors (n x k) without gaps: its `right` is orthonormal.

    Raises
    ------
    RefusedError
        As `solve`.
    """
    n, k = x.shape
    _refuse_few_rows(n, k, intercept)
    factors = x.T.copy()
    mean = np.add.reduce(factors, axis=1) / n
    _refuse_nan(factors, mean, k)
    centre = mean if intercept else np.zeros(k)
    factors -= centre[:, None]
    squared = squares(factors)
    _refuse_degenerate(factors, centre, squared)
    return _factorise_by_qr(factors, centre, np.sqrt(squared))


def _factorise(factors: Matrix, mean: Vector, cross: Matrix) -> Basis:
    """Return the basis of centred factors (k x n) whose cross-product is given."""
    length = np.sqrt(cross.diagonal())
    try:
        lower = np.linalg.cholesky(cross / length[:, None] / length)
    except np.linalg.LinAlgError:
        return _factorise_by_qr(factors, mean, length)
    if lower.diagonal().min() ** 2 < CHOLESKY_LIMIT:
        return _factorise_by_qr(factors, mean, length)
    root = np.linalg.inv(lower) / length
    inverse = root.T.dot(root)  # of matrices this small, `@` is half the cost of the product
    return Basis(mean, inverse, inverse, factors, nearly_collinear=False)


def _factorise_by_qr(factors: Matrix, mean: Vector, length: Vector) -> Basis:
    """Return the basis by Householder QR; refuse collinear factors.

    The mean of a series far from 0 is rounded by more than nearly collinear factors may differ,
    hence the second centring.
    """
    if mean.any():
        shift = factors.mean(axis=1)
        factors -= shift[:, None]
        mean += shift
    orthonormal, triangle = np.linalg.qr((factors / length[:, None]).T)
    root_n = factors.shape[1] ** 0.5
    rounding = 4 * EPS * float((np.abs(mean) * root_n / length).max())  # of the data themselves
    collinear = np.abs(triangle.diagonal()) < RANK_LIMIT + rounding
    if collinear.any():
        problem = "is a linear combination of the other factors; leave it out"
        raise RefusedError(problem, factor=int(collinear.argmax()))
    left = np.linalg.inv(triangle) / length[:, None]
    nearly_collinear = bool(np.abs(triangle.diagonal()).min() ** 2 < CHOLESKY_LIMIT)
    return Basis(mean, left @ left.T, left, orthonormal.T, nearly_collinear)


def _project(
    basis: Basis, factors: Matrix, assets: Matrix, cross: Matrix, tss: Vector
) -> tuple[Matrix, Matrix]:
    """Return betas (b x k) and residuals (b x n) of centred assets, refined once."""
    beta = basis.left.dot(basis.right.dot(assets.T)).T
    residuals = beta.dot(factors)
    np.subtract(assets, residuals, out=residuals)
    correction = basis.left.dot(basis.right.dot(residuals.T)).T
    moved = np.add.reduce(correction.dot(cross) * correction, axis=1)
    if (moved > ROUNDING**2 * tss).any():
        residuals -= correction.dot(factors)
    return beta + correction, residuals


def unit_variance(inverse: Matrix, mean: Vector, n: int, intercept: bool) -> Vector:
    """Return the variances of alpha (if there is one) and betas for residuals of variance 1."""
    of_betas: Vector = inverse.diagonal()
    if not intercept:
        return of_betas
    return np.concatenate(((1 / n + mean.dot(inverse).dot(mean),), of_betas))


def cross_products(series: Matrix) -> Matrix:
    """Return series @ series.T, row by row: twice as fast as one product for few long rows."""
    k = len(series)
    cross = np.empty((k, k))
    for i in range(k):
        cross[i, i:] = cross[i:, i] = series[i:].dot(series[i])
    return cross


def squares(series: Matrix) -> Vector:
    """Return the sum of squares of each row; as products they cost half of einsum."""
    return (series[:, None] @ series[:, :, None])[:, 0, 0]


def _refuse_few_rows(n: int, k: int, intercept: bool) -> None:
    """Raise TooFewRowsError where no degree of freedom is left."""
    needed = k + 1 + int(intercept)
    if n < needed:
        raise TooFewRowsError(
            f"has {n} complete rows for {k} factor(s); at least {needed} are needed"
        )


def _refuse_nan(series: Matrix, mean: Vector, k: int) -> None:
    """Raise RefusedError for a missing value, or numbers so large that their sum is none."""
    if math.isnan(mean.dot(mean)):
        j = int(np.isnan(mean).argmax())
        raise RefusedError(_out_of_scale(series[j], 0.0), factor=j if j < k else None)


def _refuse_degenerate(factors: Matrix, mean: Vector, squares: Vector) -> None:
    """Raise RefusedError for a factor that is constant or out of scale."""
    for j in _irregular(mean, squares, factors.shape[1]):
        if _is_constant(factors[j], mean[j]):
            problem = "is constant over the complete rows; a factor must vary"
            raise RefusedError(problem, factor=j)
        raise RefusedError(_out_of_scale(factors[j], mean[j]), factor=j)


def _flatten_constants(assets: Matrix, mean: Vector, squares: Vector) -> Vector:
    """Set constant assets to exactly 0, so that their betas are; refuse assets out of scale."""
    for j in _irregular(mean, squares, assets.shape[1]):
        if not _is_constant(assets[j], mean[j]):
            raise RefusedError(_out_of_scale(assets[j], mean[j]))
        assets[j] = 0.0
        squares[j] = 0.0
    return squares


def _irregular(mean: Vector, squares: Vector, n: int) -> list[int]:
    pairs = enumerate(zip(squares.tolist(), mean.tolist(), strict=True))
    return [j for j, (square, centre) in pairs if not _is_regular(square, centre, n)]


def are_regular(squared: Matrix, mean: Matrix, n: float | Vector) -> NDArray[np.bool_]:
    """Return whether sums of squares are more than rounding and within range; NaN is not."""
    spread = (squared > SMALLEST) & (squared < LARGEST)
    varies: NDArray[np.bool_] = spread & (n * (CONSTANT_LIMIT * mean) ** 2 < squared)
    return varies


def _is_regular(square: float, mean: float, n: int) -> bool:
    """Return `are_regular` of one series, at a tenth of the cost."""
    return SMALLEST < square < LARGEST and n * (CONSTANT_LIMIT * mean) ** 2 < square


def _is_constant(centred: Vector, mean: float) -> bool:
    spread = float(np.abs(centred).max())
    if spread == 0:
        return True
    length = spread * float(np.linalg.norm(centred / spread))  # spread**2 may underflow
    return bool(length <= CONSTANT_LIMIT * abs(mean) * len(centred) ** 0.5 < LARGEST)


def _out_of_scale(centred: Vector, mean: float) -> str:
    size = float(np.abs(centred).max()) + abs(mean)
    return (
        f"holds numbers of the order of {size:.0e}, whose squares leave the computer's range; "
        "use decimal returns (0.01 for 1 %)"
    )


def turn(columns: Matrix, rows: Matrix) -> None:
    """Write columns (n x b) as rows (b x n): by tiles, where the processor would wait for memory.

    Columns that lie a power of two apart push each other out of its cache, up to ten times as slow:
    a tile has an odd width.
    """
    n, b = columns.shape
    if b < TILE_WIDTH or columns.flags.f_contiguous:
        rows[:] = columns.T
        return
    tile = np.empty((TILE, b | 1))[:, :b]
    for start in range(0, n, TILE):
        part = tile[: min(TILE, n - start)]
        part[:] = columns[start : start + TILE]
        rows[:, start : start + TILE] = part.T


_kept = threading.local()


def workspace(rows: int, n: int) -> Matrix:
    """Return scratch memory, one a thread: page faults of fresh memory cost more than the maths."""
    if rows * n > LARGEST_WORKSPACE:
        return np.empty((rows, n))
    buffer = getattr(_kept, "buffer", None)
    if buffer is None or buffer.size < rows * n:
        buffer = _kept.buffer = np.empty(rows * n)
    return buffer[: rows * n].reshape(rows, n)
