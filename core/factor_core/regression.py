"""Least squares of assets on factors: the one estimation every function goes through.

Here are the names and the gaps; the numbers come from `least_squares`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.labelled import Columns, as_columns, same_rows
from factor_core.least_squares import RefusedError, Solution, TooFewRowsError, solve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Vector

    Group = tuple[slice | NDArray[np.intp], NDArray[np.intp] | None]
    Part = tuple[slice | NDArray[np.intp], NDArray[np.intp] | None, Solution]

EXACT_FIT = 1e-13  # residuals relative to the returns; below, they are rounding
ASSET_BLOCK = 64  # assets solved at once: their residuals stay in the processor's cache


class Regression(NamedTuple):
    """Least squares of m assets on k factors; every asset is a regression of its own.

    Attributes
    ----------
    alpha : ndarray of shape (m,)
        Intercepts per period; 0 where none was estimated.
    beta : ndarray of shape (m, k)
    residuals : ndarray of shape (n_rows, m)
        NaN in rows that were dropped for that asset.
    n : ndarray of shape (m,)
        Complete rows used.
    ssr, tss : ndarray of shape (m,)
        Residual and total sum of squares; the total is centred when there is an intercept. Both are
        exactly 0 for a constant asset.
    r_squared : ndarray of shape (m,)
        Share of the asset's variance that the factors explain; NaN for a constant asset.
    asset_mean : ndarray of shape (m,)
    factor_mean : ndarray of shape (m, k)
        0 without an intercept, where nothing is centred.
    inverse : ndarray of shape (m, k, k)
        Inverse cross-product of the (centred) factors.
    unit_variance : ndarray of shape (m, k + 1), or (m, k) without an intercept
        Variance of alpha and of each beta for residuals of variance 1.
    assets, factors : Columns
        The input, with its names.
    intercept : bool
    """

    alpha: Vector
    beta: Matrix
    residuals: Matrix
    n: Vector
    ssr: Vector
    tss: Vector
    r_squared: Vector
    asset_mean: Vector
    factor_mean: Matrix
    inverse: Matrix
    unit_variance: Matrix
    assets: Columns
    factors: Columns
    intercept: bool

    @property
    def k(self) -> int:
        """The number of factors."""
        return int(self.beta.shape[1])

    @property
    def df(self) -> Vector:
        """Degrees of freedom for inference: n - k - 1, or n - k without an intercept."""
        return self.n - (self.k + int(self.intercept))

    @property
    def idio_variance(self) -> Vector:
        """Variance of the residuals, ddof 1: the risk that hedging leaves; 0 for an exact fit.

        A position sized on the rounding of an exact fit would be a billion times too large.
        """
        return np.where(self.is_exact, 0.0, self.ssr / (self.n - 1))

    @property
    def is_exact(self) -> NDArray[np.bool_]:
        """Whether the factors explain the asset but for rounding; a constant asset counts."""
        size = np.sqrt(self.tss / self.n) + np.abs(self.asset_mean)
        return ~(np.sqrt(self.ssr / self.n) > EXACT_FIT * size)

    @property
    def factor_values(self) -> Matrix:
        """Factor returns over the rows of the residuals, shape (n_rows, k)."""
        values: Matrix
        _, values = same_rows({"asset_returns": self.assets, "factor_returns": self.factors})
        return values


def regress(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, intercept: bool = True
) -> Regression:
    r"""Return the least-squares regression of each asset on all factors.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    intercept : bool
        Whether alpha is estimated or taken as 0.

    Returns
    -------
    Regression

    Raises
    ------
    InputError
        Unequal lengths, or infinite values.
    NumericalError
        Fewer than k + 2 complete rows (k + 1 without an intercept), a constant factor, collinear
        factors, or numbers whose squares leave the float range.

    Notes
    -----
    Minimises :math:`\sum_t (r_{tj} - \alpha_j - \beta_j' f_t)^2` for each asset j. A row is dropped
    for an asset where its return or any factor is missing (NaN). A constant asset has beta 0 and
    alpha its mean.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapter 3.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> fit = regress(0.001 + 1.5 * market, market)
    >>> fit.beta.round(6), fit.alpha.round(6)
    (array([[1.5]]), array([0.001]))
    """
    assets = as_columns(asset_returns, "asset_returns")
    factors = as_columns(factor_returns, "factor_returns")
    if not assets.width or not factors.width:
        raise InputError("a regression needs at least one asset and one factor")
    y, x = assets.values, factors.values
    if len(y) != len(x) or assets.rows != factors.rows:
        y, x = same_rows({"asset_returns": assets, "factor_returns": factors})
    with np.errstate(over="ignore", invalid="ignore"):  # numbers too large are refused by name
        try:
            solution = _solve_all(y, x, intercept)
        except RefusedError as refused:
            raise NumericalError(_sentence(refused, assets, factors)) from None
    return Regression(*solution, assets, factors, intercept)


def _solve_all(y: Matrix, x: Matrix, intercept: bool) -> Solution:
    """Return all assets, each over its own complete rows.

    A NaN shows in every sum, so that complete data, the usual case, are solved without a look for
    gaps; only what was refused is looked at again.
    """
    m = y.shape[1]
    try:
        if m <= ASSET_BLOCK:
            return solve(y, x, intercept)
        parts = _solve_groups(y, x, _blocks(m), intercept)
    except RefusedError:
        parts = _solve_groups(y, x, _patterns(_complete_rows(y, x)), intercept)
    return _merge(parts, y.shape)


def _complete_rows(y: Matrix, x: Matrix) -> NDArray[np.bool_]:
    """Return for each asset which rows have its return and every factor, shape (n_rows, m)."""
    missing = np.isnan(y)
    for factor in x.T:  # a third of the time of any(axis=1) over few columns
        missing |= np.isnan(factor)[:, None]
    return ~missing


def _blocks(m: int) -> Iterator[Group]:
    """Yield all assets over every row."""
    return ((slice(start, start + ASSET_BLOCK), None) for start in range(0, m, ASSET_BLOCK))


def _patterns(complete: NDArray[np.bool_]) -> Iterator[Group]:
    """Yield the assets that share their complete rows, and those rows."""
    by_pattern: dict[bytes, list[int]] = {}
    for j in range(complete.shape[1]):
        by_pattern.setdefault(complete[:, j].tobytes(), []).append(j)
    for alike in by_pattern.values():
        rows = np.flatnonzero(complete[:, alike[0]])
        for start in range(0, len(alike), ASSET_BLOCK):
            yield np.array(alike[start : start + ASSET_BLOCK]), rows


def _solve_groups(y: Matrix, x: Matrix, groups: Iterable[Group], intercept: bool) -> list[Part]:
    parts: list[Part] = []
    for columns, rows in groups:
        returns, factors = (y[:, columns], x) if rows is None else (y[rows][:, columns], x[rows])
        try:
            parts.append((columns, rows, solve(returns, factors, intercept)))
        except RefusedError as refused:
            refused.asset = int(np.arange(y.shape[1])[columns][refused.asset])
            raise
    return parts


def _merge(parts: list[Part], shape: tuple[int, ...]) -> Solution:
    """Return the parts as one solution in the order of the assets; dropped rows show NaN."""
    n_rows, m = shape
    merged = {
        name: np.empty((m, *values.shape[1:]))
        for name, values in parts[0][2]._asdict().items()
        if name != "residuals"
    }
    residuals = np.full((m, n_rows), np.nan)  # an asset's residuals lie side by side in memory
    for columns, rows, part in parts:
        for name, values in merged.items():
            values[columns] = getattr(part, name)
        if rows is None:
            residuals[columns] = part.residuals.T
        else:
            residuals[np.arange(m)[columns][:, None], rows] = part.residuals.T
    return Solution(residuals=residuals.T, **merged)


def refuse_constant_asset(fit: Regression) -> None:
    """Raise DivisionError for an asset without variance to explain; Excel's RSQ shows the same."""
    if not fit.tss.all():
        asset = column_name("asset_returns", fit.assets, int((fit.tss == 0).argmax()))
        raise DivisionError(f"{asset} is constant over the complete rows: no variance to explain")


def refuse_exact_fit(fit: Regression) -> None:
    """Raise DivisionError for an asset whose residuals are 0: nothing can be divided by them."""
    exact = fit.is_exact
    if exact.any():
        j = int(exact.argmax())
        asset = column_name("asset_returns", fit.assets, j)
        how = (
            "explained exactly by the factors" if fit.tss[j] else "constant over the complete rows"
        )
        raise DivisionError(f"{asset} is {how}: its residuals are 0")


def _sentence(refused: RefusedError, assets: Columns, factors: Columns) -> str:
    """Return the refusal with the name of the series."""
    if refused.factor is not None:
        return f"{column_name('factor_returns', factors, refused.factor)} {refused}"
    reason = f" ({_why_few(factors)})" if isinstance(refused, TooFewRowsError) else ""
    return f"{column_name('asset_returns', assets, refused.asset)} {refused}{reason}"


def _why_few(factors: Columns) -> str:
    """Return what probably leaves too few complete rows."""
    blank = np.isnan(factors.values).all(axis=0)
    if blank.any():
        return f"{column_name('factor_returns', factors, int(blank.argmax()))} is blank throughout"
    if factors.rows == 1 and factors.width > 1:
        return "periods run down the rows; TRANSPOSE turns a row of returns into a column"
    return "a row with a missing value is not complete"


def column_name(argument: str, columns: Columns, j: int) -> str:
    """Return how a sentence calls column j: its number where there are several, its header."""
    number = f" column {j + 1}" if columns.width > 1 else ""
    header = f" ({columns.names[j]})" if columns.names and columns.names[j] else ""
    return f"{argument}{number}{header}"


def sheet_row(columns: Columns, index: int) -> int:
    """Return the row of the range, its header counted, in which data row `index` stands."""
    return index + 1 + int(bool(columns.names))
