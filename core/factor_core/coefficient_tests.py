"""Tests of betas and alpha: intervals, hypotheses about one or several, stability over time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.covariance import coefficient_covariance, standard_errors
from factor_core.distributions import f_p, require_probability, student_p, two_sided_quantile
from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.labelled import Columns, as_columns, padded, same_rows
from factor_core.regression import (
    Regression,
    column_name,
    refuse_exact_fit,
    regress,
    sheet_row,
)
from factor_core.risk import regress_one_asset

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Table, Vector

DEPENDENT = 1e-10  # part of a restriction beyond those before it; below, it is rounding
SINGULAR = 1e-12  # smallest eigenvalue of a correlation matrix; below, it is rounding


def beta_se(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    se: str = "ols",
    lags: int | None = None,
) -> Vector | Matrix:
    """Return the standard error of each beta of each asset.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Kind of standard errors; hac has the small-sample factor n / (n - k - 1).
    lags : int, optional
        Lags of hac; None is floor(4 (n / 100)^(2/9)).

    Returns
    -------
    ndarray of shape (m,) for one factor, else (m, k)
        In the order of the factors. Rows with a missing value are left out, for each asset by
        itself. Where the factors explain the asset exactly it is 0 but for rounding.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, an unknown `se`, or lags that do not fit.
    NumericalError
        Fewer than k + 2 complete rows, or a factor that is constant or collinear.

    Notes
    -----
    ols: the root of s^2 (X_c'X_c)^-1's diagonal, with centred factors X_c and s^2 = sum e^2 /
    (n - k - 1); the others as in FACTOR_REGRESSION. Beta does not scale with the periods a year,
    nor does its standard error.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapter 4.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> beta_se([0.02, -0.02, 0.05, 0.01, 0.02], market).round(4)
    array([0.2027])
    """
    fit = regress(asset_returns, factor_returns)
    errors: Matrix = standard_errors(fit, se, lags)[:, 1:]
    return errors[:, 0] if fit.k == 1 else errors


def beta_ci(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    level: float = 0.95,
    se: str = "ols",
    lags: int | None = None,
) -> Matrix:
    """Return the confidence interval of each beta of each asset: low, high, factor by factor.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    level : float
        Probability with which such an interval holds the true beta.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Kind of standard errors; hac has the small-sample factor n / (n - k - 1).
    lags : int, optional
        Lags of hac; None is floor(4 (n / 100)^(2/9)).

    Returns
    -------
    ndarray of shape (m, 2k)
        Low and high of the first factor, then of the second, and so on: one row an asset. Rows
        with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, an unknown `se`, or lags that do not fit.
    NumericalError
        Fewer than k + 2 complete rows, a factor that is constant or collinear, or a level that is
        not between 0 and 1.

    Notes
    -----
    beta -/+ t x se, with the quantile t of Student's distribution with n - k - 1 degrees of freedom
    that is exceeded with probability (1 - level) / 2, whichever the standard errors. R's coefci
    does so; statsmodels takes the normal for robust errors unless told use_t.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., section 4.7.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> beta_ci([0.02, -0.02, 0.05, 0.01, 0.02], market).round(4)
    array([[0.6117, 1.9018]])
    """
    require_probability(level, "level", "0.95 for 95 %")
    fit = regress(asset_returns, factor_returns)
    reach = standard_errors(fit, se, lags)[:, 1:]
    reach *= np.array([two_sided_quantile(1 - level, df) for df in fit.df])[:, None]
    return _pairs(fit.beta - reach, fit.beta + reach)


def beta_test(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    null_value: float = 1.0,
    se: str = "ols",
    lags: int | None = None,
) -> Matrix:
    """Return t and p of the test that a beta is `null_value`, factor by factor.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    null_value : float
        Beta that the test takes as true, for every factor; 1 is that of the market itself.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Kind of standard errors; hac has the small-sample factor n / (n - k - 1).
    lags : int, optional
        Lags of hac; None is floor(4 (n / 100)^(2/9)).

    Returns
    -------
    ndarray of shape (m, 2k)
        t and two-sided p of the first factor, then of the second, and so on: one row an asset.
        Rows with a missing value are left out, for each asset by itself.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, an unknown `se`, or lags that do not fit.
    DivisionError
        An asset that the factors explain exactly: its standard errors are 0.
    NumericalError
        Fewer than k + 2 complete rows, or a factor that is constant or collinear.

    Notes
    -----
    t = (beta - null_value) / se; p is Student's with n - k - 1 degrees of freedom, whichever the
    standard errors.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapter 5.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> beta_test([0.02, -0.02, 0.05, 0.01, 0.02], market).round(4)
    array([[1.2667, 0.2947]])
    """
    fit = regress(asset_returns, factor_returns)
    refuse_exact_fit(fit)
    t = (fit.beta - null_value) / standard_errors(fit, se, lags)[:, 1:]
    return _pairs(t, student_p(t, fit.df[:, None]))


def _pairs(first: Matrix, second: Matrix) -> Matrix:
    """Return two m x k blocks as m x 2k: the two numbers of each factor side by side."""
    return np.stack([first, second], axis=2).reshape(len(first), -1)


def factor_wald(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    restrictions: ArrayLike | Columns,
    values: ArrayLike = 0.0,
    se: str = "ols",
) -> Matrix:
    """Return the Wald test of linear restrictions on the coefficients: F, df1, df2, p.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    restrictions : array of shape (q, k) or (q, k + 1)
        One row a restriction: the weights of the coefficients. With k columns they are those of the
        betas in the order of the factors; with k + 1 the first is that of alpha. The width alone
        tells which.
    values : float or array of shape (q,)
        What each weighted sum is under the hypothesis; one number for all.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Kind of the coefficients' covariance; hac takes floor(4 (n / 100)^(2/9)) lags and the factor
        n / (n - k - 1).

    Returns
    -------
    ndarray of shape (m, 4)
        F, df1 = q, df2 = n - k - 1 and p: one row an asset. Rows with a missing value are left out,
        for each asset by itself.

    Raises
    ------
    InputError
        Restrictions of another width or that repeat one another, values of another number, unequal
        lengths, infinite values, or an unknown `se`.
    DivisionError
        An asset that the factors explain exactly: its standard errors are 0.
    NumericalError
        Fewer than k + 2 complete rows, a factor that is constant or collinear, or a robust
        covariance that is singular.

    Notes
    -----
    F = (R b - v)' (R V R')^-1 (R b - v) / q with the coefficients b, their covariance V,
    restrictions R and values v, compared with F(q, n - k - 1) whichever the covariance, as R's
    waldtest. With ols it is the F test of restricted against unrestricted least squares.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapter 5.

    Examples
    --------
    The test that alpha is 0 and beta is 1:

    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> asset = [0.02, -0.02, 0.05, 0.01, 0.02]
    >>> factor_wald(asset, market, [[1, 0], [0, 1]], [0, 1]).round(4)
    array([[3.4333, 2.    , 3.    , 0.1677]])
    """
    fit = regress(asset_returns, factor_returns)
    weights = _restrictions(restrictions, fit)
    wanted = _values(values, len(weights))
    refuse_exact_fit(fit)
    covariance = coefficient_covariance(fit, se)
    distance = np.column_stack([fit.alpha, fit.beta]) @ weights.T - wanted
    q = len(weights)
    squares = [_length(d, weights, c, se) for d, c in zip(distance, covariance, strict=True)]
    f = np.array(squares) / q
    return np.column_stack([f, np.full_like(f, q), fit.df, f_p(f, q, fit.df)])


def _restrictions(restrictions: ArrayLike | Columns, fit: Regression) -> Matrix:
    """Return the restrictions on alpha and betas, shape (q, k + 1)."""
    columns = as_columns(restrictions, "restrictions")
    block = columns.values
    rows, width = block.shape
    if width not in (fit.k, fit.k + 1):
        lying = "; TRANSPOSE turns a column into a row" if rows in (fit.k, fit.k + 1) else ""
        raise InputError(
            f"restrictions has {width} columns for {fit.k} factor(s); use one row a restriction "
            f"with {fit.k} columns (betas) or {fit.k + 1} (alpha, then betas){lying}"
        )
    for i, row in enumerate(block):
        place = f"restrictions row {sheet_row(columns, i)}"
        if np.isnan(row).any():
            raise InputError(f"{place}, column {np.isnan(row).argmax() + 1} is blank; use a number")
        if not row.any():
            raise InputError(f"{place} holds only 0; it must weight a coefficient")
    _refuse_repeated(columns)
    return block if width > fit.k else np.column_stack([np.zeros(rows), block])


def _refuse_repeated(columns: Columns) -> None:
    """Raise InputError for a restriction that says nothing beyond those above it."""
    units = columns.values / np.abs(columns.values).max(axis=1, keepdims=True)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    for i, unit in enumerate(units):
        others = units[:i].T
        beyond = unit - others @ np.linalg.lstsq(others, unit, rcond=None)[0]
        if np.linalg.norm(beyond) < DEPENDENT:
            place = f"restrictions row {sheet_row(columns, i)}"
            raise InputError(f"{place} follows from those above it; leave it out")


def _values(values: ArrayLike, q: int) -> Vector:
    wanted = np.asarray(values, dtype=np.float64).ravel()
    if len(wanted) not in (1, q):
        raise InputError(
            f"values holds {len(wanted)} numbers for {q} restriction(s); use one number, or one a "
            "restriction"
        )
    return wanted


def _length(distance: Vector, weights: Matrix, covariance: Matrix, se: str) -> float:
    """Return distance' (R V R')^-1 distance; it is scaled, as factors may differ in size."""
    restricted = weights @ covariance @ weights.T
    size = np.abs(weights) @ np.sqrt(covariance.diagonal())  # of what cancels in a variance of 0
    scale = np.sqrt(np.maximum(restricted.diagonal(), 0.0))
    if (scale**2 > SINGULAR * size**2).all():
        correlation = restricted / scale / scale[:, None]
        if np.linalg.eigvalsh(correlation)[0] > SINGULAR:
            scaled = distance / scale
            return float(scaled @ np.linalg.solve(correlation, scaled))
    raise NumericalError(
        f"the {se} covariance of the restricted coefficients is singular over these rows; use "
        "fewer restrictions, more rows or another se"
    )


class _Parts(NamedTuple):
    """The regressions over all rows and over the rows before and from the split."""

    whole: Regression
    first: Regression
    second: Regression


def subsample_test(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, split: int
) -> Table:
    """Return alpha and betas before and after a split, and Chow's test that they are the same.

    Parameters
    ----------
    asset_returns : array of shape (n,)
        Excess returns per period of one asset, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    split : int
        Rows of the range that are the first part; the rest is the second. Rows with a missing value
        count, a header does not.

    Returns
    -------
    Table of k + 5 rows and 6 columns
        For alpha and each beta: its value in both parts, the difference (second less first), its t
        and two-sided p with n - 2 (k + 1) degrees of freedom. Then the complete rows of both parts,
        Chow's F, its degrees of freedom df1 = k + 1 and df2 = n - 2 (k + 1), and p. Rows with a
        missing value are left out.

    Raises
    ------
    InputError
        Several assets, unequal lengths, infinite values, or a split that leaves no rows in a part.
    DivisionError
        An asset that the factors explain exactly in both parts.
    NumericalError
        A part with fewer than k + 2 complete rows, or with a factor that is constant or collinear.

    Warnings
    --------
    Both tests take the residual variance as equal in both parts, and the split as chosen before
    the data were seen: at the best of many splits F is far too large.

    Notes
    -----
    F = ((S - S1 - S2) / (k + 1)) / ((S1 + S2) / (n - 2 (k + 1))) with the residual sums of squares
    of the whole and of the parts. t is the difference over its standard error from both parts with
    the pooled residual variance: that of the factors times a dummy in one regression.

    References
    ----------
    G. C. Chow, Tests of Equality Between Sets of Coefficients in Two Linear Regressions,
    Econometrica 28 (1960), 591-605.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02, -0.01, 0.03, 0.01])
    >>> noise = np.array([1, -1, 2, 0, -1, 1, -2, 1]) / 1000
    >>> asset = noise + market * np.array([1, 1, 1, 1, 2, 2, 2, 2])
    >>> for row in subsample_test(asset, market, 4).rows:
    ...     print(row[0], *(round(cell, 4) for cell in row[1:] if cell is not None))
    alpha 0.0002 0.0007 0.0005 0.9819 0.3817
    beta factor 1 1.0615 1.9229 0.8613 30.9537 0.0
    rows 4.0 4.0
    Chow F 656.3636
    df 2.0 4.0
    p 0.0
    """
    parts = _split(asset_returns, factor_returns, split)
    labels = ("alpha", *(f"beta {name}" for name in parts.whole.factors.labels("factor")))
    df = float(parts.first.df[0] + parts.second.df[0])
    pooled = (parts.first.ssr[0] + parts.second.ssr[0]) / df
    first, second = (np.concatenate([part.alpha, part.beta[0]]) for part in parts[1:])
    errors = np.sqrt(pooled * (parts.first.unit_variance[0] + parts.second.unit_variance[0]))
    t = (second - first) / errors
    columns = (first, second, second - first, t, student_p(t, df))
    q = len(first)
    f = (parts.whole.ssr[0] / df / pooled - 1) * df / q
    tests = [
        ("rows", float(parts.first.n[0]), float(parts.second.n[0])),
        ("Chow F", float(f)),
        ("df", float(q), df),
        ("p", float(f_p(f, q, df))),
    ]
    rows = zip(labels, *(column.tolist() for column in columns), strict=True)
    header = ("name", "first part", "second part", "difference", "t", "p")
    return padded(header, [*rows, *tests])


def _split(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, split: int
) -> _Parts:
    whole = regress_one_asset(asset_returns, factor_returns)
    named = {"asset_returns": whole.assets, "factor_returns": whole.factors}
    y, x = same_rows(named)
    if not 1 <= split < len(y):
        raise InputError(f"split is {split}; use 1 to {len(y) - 1}, the rows of the first part")
    first, second = (
        _part(Columns(y[rows], whole.assets.names), Columns(x[rows], whole.factors.names), words)
        for rows, words in ((slice(split), "first"), (slice(split, None), "second"))
    )
    if first.is_exact[0] and second.is_exact[0]:
        asset = column_name("asset_returns", whole.assets, 0)
        raise DivisionError(f"{asset} is explained exactly in both parts: its residuals are 0")
    return _Parts(whole, first, second)


def _part(asset: Columns, factors: Columns, which: str) -> Regression:
    """Return the regression over one part; a refusal says in which."""
    try:
        return regress(asset, factors)
    except NumericalError as refused:
        raise type(refused)(f"in the {which} part of {len(asset.values)} rows {refused}") from None
