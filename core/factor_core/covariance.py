"""Standard errors of regression coefficients: classical, heteroskedasticity-robust, Newey-West.

A coefficient is the true one plus a weighted sum of the disturbances; the weights are the rows of
the factors' pseudo-inverse. Weights times residuals are the scores, and every robust covariance is
an outer product of scores: nothing is inverted twice.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, NumericalError, require_choice
from factor_core.fit_cache import recall
from factor_core.least_squares import cross_products, workspace
from factor_core.many_errors import FULL_LEVERAGE, moving_sums, score_variances
from factor_core.regression import sheet_row

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from factor_core.labelled import Matrix, Vector
    from factor_core.regression import Regression

    Rows = slice | NDArray[np.intp]

STANDARD_ERRORS = ("ols", "hc0", "hc1", "hc2", "hc3", "hac")


def standard_errors(
    fit: Regression, se: str = "ols", lags: int | None = None, small_sample: bool = True
) -> Matrix:
    """Return the standard errors of alpha (if there is one) and betas.

    Parameters
    ----------
    fit : Regression
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
    lags : int, optional
        Lags of hac; None is floor(4 (n / 100)^(2/9)), with the n of each asset.
    small_sample : bool
        Whether hac is multiplied by n / (n - k - 1). The other estimators are not affected: hc1 to
        hc3 are small-sample corrections themselves.

    Returns
    -------
    ndarray of shape (m, k + 1), or (m, k) without an intercept

    Raises
    ------
    InputError
        Unknown `se`; lags below 0, not below n, or given with another estimator than hac.
    NumericalError
        hc2 or hc3 where a row has leverage 1.

    Examples
    --------
    >>> from factor_core.regression import regress
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> fit = regress([0.02, -0.02, 0.05, 0.01, 0.02], market)
    >>> standard_errors(fit).round(4)
    array([[0.0038, 0.2027]])
    """
    if se == "ols" and lags is None:  # the usual call, and none is ever refused
        return _classical(fit, slice(None))
    errors, refused = standard_errors_each(fit, se, lags, small_sample)
    for reason in refused.values():
        raise reason
    return errors


def standard_errors_each(
    fit: Regression,
    se: str = "ols",
    lags: int | None = None,
    small_sample: bool = True,
    coefficients: slice = slice(None),
) -> tuple[Matrix, dict[int, NumericalError]]:
    """Return `standard_errors` of the assets that have some, and why the others have none.

    Assets without estimate show NaN, and so do those that are refused; their error stands under
    their position. `coefficients` is which of alpha (if there is one) and betas are wanted.

    Raises
    ------
    InputError
        As `standard_errors`.

    Examples
    --------
    >>> from factor_core.regression import regress
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> fit = regress(np.outer([0.02, -0.02, 0.05, 0.01, 0.02], [1, 2]), market)
    >>> errors, refused = standard_errors_each(fit, "hac", coefficients=slice(0, 1))
    >>> errors.round(4), refused
    (array([[0.0015],
           [0.0031]]), {})
    """
    _check_choice(fit, se, lags)
    if se == "ols":
        return _classical(fit, coefficients), {}
    options = se, lags, small_sample, coefficients.indices(fit.k + 1), fit.intercept
    read = fit.residuals, fit.factor_values, fit.factor_mean, fit.inverse, fit.n
    errors, refused = recall(
        "standard_errors", read, options, lambda: _errors(fit, se, lags, small_sample, coefficients)
    )
    return errors.copy(), dict(refused)


def _classical(fit: Regression, coefficients: slice) -> Matrix:
    errors: Matrix = np.sqrt((fit.ssr / fit.df)[:, None] * fit.unit_variance[:, coefficients])
    return errors


def _errors(
    fit: Regression, se: str, lags: int | None, small_sample: bool, coefficients: slice
) -> tuple[Matrix, dict[int, NumericalError]]:
    """Return robust errors, many assets together, and why some assets have none."""
    variances = np.full((len(fit.n), fit.k + int(fit.intercept)), np.nan)[:, coefficients]
    assets = np.flatnonzero(_have_estimate(fit))
    refused: dict[int, NumericalError] = {}
    alone = assets.tolist()
    if len(assets) > 1:
        widths = np.array([_width(fit, j, se, lags) for j in alone])
        scored = score_variances(fit, assets, se, widths, coefficients)
        corrections = np.array([_correction(fit, j, se, small_sample) for j in alone])
        variances[assets] = scored.variances * corrections[:, None]
        refused = {j: _full_leverage(fit, row, se) for j, row in scored.decided.items()}
        alone = scored.alone
    for j in alone:
        refused.pop(j, None)
        try:
            variances[j] = _covariance(fit, j, se, lags, small_sample).diagonal()[coefficients]
        except NumericalError as reason:
            refused[j] = reason
    variances[list(refused)] = np.nan
    return np.sqrt(variances), dict(sorted(refused.items()))


def coefficient_covariance(
    fit: Regression, se: str = "ols", lags: int | None = None, small_sample: bool = True
) -> Matrix:
    r"""Return the covariance matrix of alpha (if there is one) and betas.

    Parameters are those of `standard_errors`.

    Returns
    -------
    ndarray of shape (m, p, p)
        p is k + 1, or k without an intercept.

    Raises
    ------
    InputError, NumericalError
        As `standard_errors`.

    Notes
    -----
    With weights :math:`w_t` (the coefficients are :math:`\sum_t w_t r_t`), residuals :math:`e_t`
    and leverages :math:`h_t`, the scores are :math:`u_t = w_t e_t` and hc0 is
    :math:`\sum_t u_t u_t'`. hc1 multiplies by n / (n - p); hc2 and hc3 divide :math:`e_t` by
    :math:`\sqrt{1 - h_t}` and by :math:`1 - h_t`. hac is Newey-West,

    .. math:: \sum_{|l| \le L} (1 - |l| / (L + 1)) \sum_t u_t u_{t-l}',

    which is the outer product of the zero-padded moving sums of L + 1 scores over L + 1: its cost
    hardly depends on L. Rows with a missing value are left out; their neighbours count as
    neighbours.

    References
    ----------
    J. MacKinnon and H. White, Journal of Econometrics 29 (1985), 305-325.
    W. Newey and K. West, Econometrica 55 (1987), 703-708.
    """
    _check_choice(fit, se, lags)
    return np.stack([_covariance(fit, j, se, lags, small_sample) for j in range(len(fit.alpha))])


def hac_lags(n: int, lags: int | None = None) -> int:
    """Return the lags of hac: those given, or floor(4 (n / 100)^(2/9)), which is below any n.

    Examples
    --------
    >>> hac_lags(100), hac_lags(10_000), hac_lags(51_200), hac_lags(100, 12)
    (4, 11, 16, 12)
    """
    if lags is not None:
        return lags
    return min(math.floor(4 * math.pow(n / 100, 2 / 9) + 1e-9), n - 1)  # 1e-9: powers round down


def _check_choice(fit: Regression, se: str, lags: int | None) -> None:
    require_choice(se, STANDARD_ERRORS, "se")
    if lags is None:
        return
    if se != "hac":
        raise InputError(f'lags is {lags} but se is "{se}"; leave lags blank or set se to hac')
    fewest = int(fit.n[_have_estimate(fit)].min(initial=fit.n.max()))
    if not 0 <= lags < fewest:
        raise InputError(f"lags is {lags}; use 0 to {fewest - 1}, below the {fewest} rows used")


def _have_estimate(fit: Regression) -> NDArray[np.bool_]:
    return ~np.isnan(fit.beta[:, 0])


def _width(fit: Regression, j: int, se: str, lags: int | None) -> int:
    """Return how many scores a moving sum has."""
    return hac_lags(int(fit.n[j]), lags) + 1 if se == "hac" else 1


def _correction(fit: Regression, j: int, se: str, small_sample: bool) -> float:
    """Return the factor for small samples."""
    corrected = se == "hc1" or (se == "hac" and small_sample)
    return float(fit.n[j] / fit.df[j]) if corrected else 1.0


def _covariance(fit: Regression, j: int, se: str, lags: int | None, small_sample: bool) -> Matrix:
    """Return the covariance of the coefficients of asset j, shape (p, p)."""
    n = int(fit.n[j])
    complete = n == len(fit.residuals)
    rows = slice(None) if complete else np.flatnonzero(~np.isnan(fit.residuals[:, j]))
    width = _width(fit, j, se, lags)
    room = workspace(3 * (fit.k + 1), n + width - 1).reshape(3, fit.k + 1, -1)
    weights, leverage = _weights(fit, j, rows, room[:2, :, :n])
    if se == "ols":
        return cross_products(weights) * float(fit.ssr[j] / fit.df[j])
    residuals = fit.residuals[rows, j]
    if se in ("hc2", "hc3"):
        spare = _spare(fit, leverage, rows, se)
        residuals = residuals / (np.sqrt(spare) if se == "hc2" else spare)
    weights *= residuals
    scores = moving_sums(weights, width, room[::2, : len(weights)])
    covariance: Matrix = cross_products(scores) * (_correction(fit, j, se, small_sample) / width)
    return covariance


def _weights(fit: Regression, j: int, rows: Rows, room: Matrix) -> tuple[Matrix, Vector]:
    """Return the weights of the rows in each coefficient, shape (p, n), and their leverage."""
    mean = fit.factor_mean[j]
    centred, weights = room[0, : fit.k], room[1]
    np.subtract(fit.factor_values[rows].T, mean[:, None], out=centred)
    of_betas = np.matmul(fit.inverse[j], centred, out=weights[1:])
    leverage = np.einsum("ij,ij->j", centred, of_betas)
    if not fit.intercept:
        return of_betas, leverage
    np.subtract(1 / fit.n[j], mean @ of_betas, out=weights[0])
    return weights, leverage + 1 / fit.n[j]


def _spare(fit: Regression, leverage: Vector, rows: Rows, se: str) -> Vector:
    """Return 1 - leverage; refuse a row that a coefficient passes through by force."""
    spare: Vector = 1 - leverage
    worst = int(spare.argmin())
    if spare[worst] < FULL_LEVERAGE:
        raise _full_leverage(fit, int(np.arange(len(fit.residuals))[rows][worst]), se)
    return spare


def _full_leverage(fit: Regression, row: int, se: str) -> NumericalError:
    return NumericalError(
        f"factor_returns row {sheet_row(fit.factors, row)} alone decides a coefficient (leverage "
        f"1), so that {se} does not exist; use ols, hc0, hc1 or hac"
    )
