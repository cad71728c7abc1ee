"""Betas moved towards what is known before the estimate, and betas of another capital structure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import DivisionError, InputError, NumericalError
from factor_core.returns import refuse_where

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Vector

BLUME_WEIGHT = 2 / 3  # exactly, which the usual 0.67 and 0.33 only round
FEWEST_BETAS = 3  # below, a cross-section has no variance worth the name


def blume_beta(
    beta: ArrayLike, weight: float = BLUME_WEIGHT, prior: float = 1.0
) -> NDArray[np.float64]:
    """Return betas moved towards a common value, as betas themselves move over time.

    Parameters
    ----------
    beta : array of any shape
        Estimated betas.
    weight : float
        Weight of the estimate, from 0 to 1; by default exactly 2/3.
    prior : float
        The beta towards which estimates are moved.

    Returns
    -------
    ndarray of the same shape
        NaN where a beta is missing.

    Raises
    ------
    InputError
        A weight outside 0 to 1.

    Notes
    -----
    weight x beta + (1 - weight) x prior.

    References
    ----------
    M. E. Blume (1971), On the Assessment of Risk, Journal of Finance 26(1), 1-10.

    Examples
    --------
    >>> blume_beta([1.3, 0.7]).round(6)
    array([1.2, 0.8])
    """
    if not 0 <= weight <= 1:
        raise InputError(f"weight is {weight:g}; use 0 to 1, the share of the estimate")
    return weight * np.asarray(beta, dtype=np.float64) + (1 - weight) * prior


def vasicek_beta(
    betas: ArrayLike,
    std_errors: ArrayLike,
    prior: float | None = None,
    prior_var: float | None = None,
) -> NDArray[np.float64]:
    """Return betas moved towards a common value, the more so the less certain each estimate is.

    Parameters
    ----------
    betas : array of any shape
        Estimated betas. A row or a column is one cross-section; in a block, each column is one.
    std_errors : array of the same shape, or float
        Their standard errors.
    prior : float, optional
        The beta expected before any estimate; None is the cross-section's mean.
    prior_var : float, optional
        The variance of true betas around it; None is the cross-section's variance, ddof 1.

    Returns
    -------
    ndarray of the same shape
        NaN where a beta or its standard error is missing; the cross-section is made of the others.

    Raises
    ------
    InputError
        Betas and standard errors of unequal shapes.
    DivisionError
        A standard error and a prior variance of 0 at once: both would be certain.
    NumericalError
        A negative standard error or prior variance, or fewer than three betas in a cross-section
        that has to give the prior.

    Notes
    -----
    (prior_var x beta + se^2 x prior) / (prior_var + se^2): the mean of the posterior for a normal
    prior and a normal estimate.

    References
    ----------
    O. A. Vasicek (1973), A Note on Using Cross-Sectional Information in Bayesian Estimation of
    Security Betas, Journal of Finance 28(5), 1233-1239.

    Examples
    --------
    >>> vasicek_beta([0.8, 1.0, 1.2], [0.2, 0.2, 0.2]).round(6)
    array([0.9, 1. , 1.1])
    >>> vasicek_beta([1.5], [0.3], prior=1.0, prior_var=0.09).round(6)
    array([1.25])
    """
    given = np.asarray(betas, dtype=np.float64)
    errors = _same_shape(given, np.asarray(std_errors, dtype=np.float64), "betas", "std_errors")
    refuse_where(errors < 0, errors, "std_errors", "a standard error is never negative")
    if prior_var is not None and prior_var < 0:
        raise NumericalError(f"prior_var is {prior_var:g}; a variance is never negative")
    known = np.where(np.isnan(errors), np.nan, given)
    columns = _cross_sections(known)
    centre = _of_each(columns, np.mean) if prior is None else np.array([prior])
    spread = _of_each(columns, _variance) if prior_var is None else np.array([prior_var])
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large shows as missing
        precise = errors**2 + spread
        moved = (spread * known + errors**2 * centre) / np.where(precise == 0, np.nan, precise)
    if (precise == 0).any():
        raise DivisionError(
            "a standard error and the prior's variance are both 0: the estimate and the prior "
            "cannot both be certain; give prior_var or a standard error above 0"
        )
    return moved


def lever_beta(beta: ArrayLike, debt_equity: ArrayLike, tax_rate: ArrayLike) -> NDArray[np.float64]:
    """Return the beta of the equity of a firm with debt from the beta of its assets.

    Parameters
    ----------
    beta : array of any shape
        Betas without debt.
    debt_equity : array of the same shape, or float
        Debt over equity at market values.
    tax_rate : array of the same shape, or float
        Tax rate of the firm, decimal.

    Returns
    -------
    ndarray of the same shape
        NaN where a number is missing.

    Raises
    ------
    InputError
        Unequal shapes.
    NumericalError
        Negative debt over equity, or a tax rate outside 0 to 1.

    Notes
    -----
    beta x (1 + (1 - tax_rate) x debt_equity): debt without market risk, held at a constant amount.

    References
    ----------
    R. S. Hamada (1972), The Effect of the Firm's Capital Structure on the Systematic Risk of Common
    Stocks, Journal of Finance 27(2), 435-452.

    Examples
    --------
    >>> lever_beta([0.8], 0.5, 0.25).round(6)
    array([1.1])
    """
    given = np.asarray(beta, dtype=np.float64)
    return given * _leverage(given, debt_equity, tax_rate)


def unlever_beta(
    beta: ArrayLike, debt_equity: ArrayLike, tax_rate: ArrayLike
) -> NDArray[np.float64]:
    """Return the beta of the assets of a firm from the beta of its equity.

    Parameters
    ----------
    beta : array of any shape
        Betas of the equity.
    debt_equity : array of the same shape, or float
        Debt over equity at market values.
    tax_rate : array of the same shape, or float
        Tax rate of the firm, decimal.

    Returns
    -------
    ndarray of the same shape
        NaN where a number is missing.

    Raises
    ------
    InputError
        Unequal shapes.
    NumericalError
        Negative debt over equity, or a tax rate outside 0 to 1.

    Notes
    -----
    beta / (1 + (1 - tax_rate) x debt_equity): debt without market risk, held at a constant amount.

    References
    ----------
    R. S. Hamada (1972), The Effect of the Firm's Capital Structure on the Systematic Risk of Common
    Stocks, Journal of Finance 27(2), 435-452.

    Examples
    --------
    >>> unlever_beta([1.1], 0.5, 0.25).round(6)
    array([0.8])
    """
    given = np.asarray(beta, dtype=np.float64)
    return given / _leverage(given, debt_equity, tax_rate)


def _leverage(
    beta: NDArray[np.float64], debt_equity: ArrayLike, tax_rate: ArrayLike
) -> NDArray[np.float64]:
    """Return the equity's beta over the assets'."""
    debt = np.asarray(debt_equity, dtype=np.float64)
    tax = np.asarray(tax_rate, dtype=np.float64)
    refuse_where(debt < 0, debt, "debt_equity", "use 0 or more: debt over equity at market values")
    refuse_where((tax < 0) | (tax > 1), tax, "tax_rate", "use 0 to 1, for example 0.25 for 25 %")
    blocks = [(n, v) for n, v in (("beta", beta), ("debt_equity", debt)) if v.size > 1]
    if blocks:
        name, first = blocks[0]
        debt, tax = (
            _same_shape(first, values, name, other)
            for values, other in ((debt, "debt_equity"), (tax, "tax_rate"))
        )
    return 1 + (1 - tax) * debt


def _same_shape(
    first: NDArray[np.float64], second: NDArray[np.float64], name: str, other: str
) -> NDArray[np.float64]:
    """Return `second` in the shape of `first`; one number stands for all."""
    if second.size == 1:
        return np.full(first.shape, second.ravel()[0])
    if second.shape != first.shape:
        one, two = (" x ".join(map(str, values.shape or (1,))) for values in (first, second))
        raise InputError(
            f"{name} is {one} and {other} is {two}, headers counted; "
            f"use equal shapes or one number for {other}"
        )
    return second


def _cross_sections(betas: NDArray[np.float64]) -> Matrix:
    """Return betas as one column a cross-section; a row is one, whether a header stands above."""
    rows = betas.reshape(len(betas), -1) if betas.ndim else betas.reshape(1, 1)
    one_row = (~np.isnan(rows)).any(axis=1).sum() <= 1
    return rows.reshape(-1, 1) if one_row else rows


def _of_each(columns: Matrix, statistic: Callable[[Vector], float]) -> Vector:
    """Return the statistic of each column's betas; too few of them raise NumericalError."""
    values = []
    for number, column in enumerate(columns.T, 1):
        betas = column[~np.isnan(column)]
        if len(betas) < FEWEST_BETAS:
            place = f" in column {number}" if columns.shape[1] > 1 else ""
            raise NumericalError(
                f"betas has {len(betas)} with a standard error{place}; a prior from the "
                f"cross-section needs at least {FEWEST_BETAS}, or give prior and prior_var"
            )
        values.append(statistic(betas))
    return np.array(values)


def _variance(betas: Vector) -> float:
    return float(np.var(betas, ddof=1))
