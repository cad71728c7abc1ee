"""Least squares of assets on factors: the one estimation every function goes through.

Here are the names and the gaps; the numbers come from `least_squares`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.fit_cache import recall
from factor_core.labelled import Columns, as_columns, same_rows
from factor_core.least_squares import RefusedError, Solution, TooFewRowsError, solve
from factor_core.many_assets import ASSET_BLOCK, solve_each

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Vector

EXACT_FIT = 1e-13  # residuals relative to the returns; below, they are rounding


class Regression(NamedTuple):
    """Least squares of m assets on k factors; every asset is a regression of its own.

    Arrays are read-only: every function that asks for the same regression gets the same ones.

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
        return self.n - self.unit_variance.shape[1]

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
    fit, refused = regress_each(asset_returns, factor_returns, intercept)
    for reason in refused.values():
        raise reason
    return fit


def regress_each(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, intercept: bool = True
) -> tuple[Regression, dict[int, NumericalError]]:
    """Return `regress` of the assets that have an estimate, and why the others have none.

    The numbers of an asset without estimate are NaN, but for its n; its error stands under its
    position.

    Raises
    ------
    InputError
        As `regress`.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> young = [np.nan, np.nan, np.nan, 0.01, 0.02]
    >>> fit, refused = regress_each(np.column_stack([1.5 * market, young]), market)
    >>> fit.beta[:, 0].round(6), fit.n
    (array([1.5, nan]), array([5., 2.]))
    >>> str(refused[1])[:81]
    'asset_returns column 2 has 2 complete rows for 1 factor(s); at least 3 are needed'
    """
    assets = as_columns(asset_returns, "asset_returns")
    factors = as_columns(factor_returns, "factor_returns")
    if not assets.width or not factors.width:
        raise InputError("a regression needs at least one asset and one factor")
    y, x = assets.values, factors.values
    if len(y) != len(x) or assets.rows != factors.rows:
        y, x = same_rows({"asset_returns": assets, "factor_returns": factors})
    solution, refused = recall("regress", (y, x), (intercept,), lambda: _solve_all(y, x, intercept))
    reasons = {
        j: NumericalError(_sentence(reason, j, assets, factors)) for j, reason in refused.items()
    }
    return Regression(*solution, assets, factors, intercept), reasons


def _solve_all(y: Matrix, x: Matrix, intercept: bool) -> tuple[Solution, dict[int, RefusedError]]:
    """Return the regressions, and the refusals by asset.

    A NaN shows in every sum, so that a few complete series, the usual case, are solved without a
    look for gaps; only what was refused is looked at again.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # refused by name
        if y.shape[1] <= ASSET_BLOCK:
            try:
                return solve(y, x, intercept), {}
            except RefusedError:
                pass
        return solve_each(y, x, intercept)


def refuse_constant_asset(fit: Regression) -> None:
    """Raise DivisionError for an asset without variance to explain; Excel's RSQ shows the same."""
    if not fit.tss.all():
        raise constant_asset(fit, int((fit.tss == 0).argmax()))


def constant_asset(fit: Regression, j: int) -> DivisionError:
    """Return the error of asset j, which is constant."""
    asset = column_name("asset_returns", fit.assets, j)
    return DivisionError(f"{asset} is constant over the complete rows: no variance to explain")


def refuse_exact_fit(fit: Regression) -> None:
    """Raise DivisionError for an asset whose residuals are 0: nothing can be divided by them."""
    exact = fit.is_exact
    if exact.any():
        raise exact_fit(fit, int(exact.argmax()))


def exact_fit(fit: Regression, j: int) -> DivisionError:
    """Return the error of asset j, whose residuals are 0."""
    asset = column_name("asset_returns", fit.assets, j)
    how = "explained exactly by the factors" if fit.tss[j] else "constant over the complete rows"
    return DivisionError(f"{asset} is {how}: its residuals are 0")


def _sentence(refused: RefusedError, j: int, assets: Columns, factors: Columns) -> str:
    """Return the refusal with the name of the series."""
    if refused.factor is not None:
        return f"{column_name('factor_returns', factors, refused.factor)} {refused}"
    reason = f" ({_why_few(factors)})" if isinstance(refused, TooFewRowsError) else ""
    return f"{column_name('asset_returns', assets, j)} {refused}{reason}"


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
