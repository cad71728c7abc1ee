"""The risk of a portfolio: by factor, by asset, and shared equally."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import NumericalError, require_positive
from factor_core.labelled import Table
from factor_core.risk_model import (
    ROUNDING,
    covariance_matrix,
    factor_model,
    portfolio_variance,
    portfolio_vol,
    vector,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from factor_core.labelled import Columns, Matrix, Vector
    from factor_core.risk_model import FactorModel

NEWTON_STEPS = 200  # a dozen are usual
CONVERGED = 1e-11  # Newton decrement; the step from there has twice the digits
LARGEST = ROUNDING**-0.5  # beyond, the portfolio's risk is no more than the rounding of cov


def portfolio_risk(
    weights: ArrayLike,
    betas: ArrayLike | Columns,
    factor_cov: ArrayLike | Columns,
    idio_vars: ArrayLike,
    periods: float = 1,
) -> Table:
    """Return a portfolio's risk by the factor model: total, by factor and by asset.

    Parameters
    ----------
    weights : array of shape (m,)
        Weights, or money in each asset: with money, volatilities are money.
    betas : array of shape (m, k)
        One row an asset, one column a factor.
    factor_cov : array of shape (k, k)
        Covariance matrix of the factors per period.
    idio_vars : array of shape (m,)
        Idiosyncratic variances per period.
    periods : float
        Periods a year for yearly volatilities; 1 for those per period.

    Returns
    -------
    Table of 3 + k + m rows
        Total, factor, idiosyncratic, each factor, each asset. Exposure (B'w to a factor, the weight
        of an asset), volatility of that part alone, contribution to the total volatility, and
        share. The factors' contributions sum to that of the row factor; factor and idiosyncratic,
        and again all assets, sum to the total.

    Raises
    ------
    InputError
        Shapes that do not fit together, a missing number, or a factor_cov that is no covariance
        matrix.
    NumericalError
        A portfolio without risk, or periods not above 0.

    Notes
    -----
    variance = x' F x + sum(w_i^2 d_i) with the exposures x = B'w. Factor j contributes
    x_j (F x)_j / vol, asset i w_i (cov w)_i / vol with cov = B F B' + D, and a share is the
    contribution over vol. A hedge contributes less than nothing.

    References
    ----------
    R. C. Grinold and R. N. Kahn, Active Portfolio Management, 2nd ed., chapter 3.

    Examples
    --------
    >>> table = portfolio_risk([1e6, -5e5], [[1.0], [1.2]], [[0.04]], [0.01, 0.0225])
    >>> for name, exposure, vol, contribution, share in table.rows:
    ...     print(f"{name:13} {vol:7.0f} {contribution:7.0f} {share:6.1%}")
    total          148408  148408 100.0%
    factor          80000   43124  29.1%
    idiosyncratic  125000  105284  70.9%
    factor 1        80000   43124  29.1%
    asset 1        223607  175192 118.0%
    asset 2        141510  -26784 -18.0%
    """
    require_positive(periods, "periods")
    model = factor_model(betas, factor_cov, idio_vars)
    held = vector(weights, "weights", model.idio_vars.size, "idio_vars has")
    products, vol = portfolio_vol(held, model.cov, "weights")
    scale = periods**0.5
    rows = [*_by_source(held, model, vol), *_by_asset(held, model, products / vol)]
    return Table(
        ("source", "exposure", "volatility", "contribution", "share"),
        [
            (name, exposure, alone * scale, part * scale, part / vol)
            for name, exposure, alone, part in rows
        ],
    )


Row = tuple[str, object, float, float]


def _by_source(held: Vector, model: FactorModel, vol: float) -> Iterator[Row]:
    """Yield total, factor, idiosyncratic and each factor: exposure, volatility, contribution."""
    exposures = model.betas.T @ held
    products, factor_variance = portfolio_variance(exposures, model.factor_cov, "weights")
    idio_variance = float(held**2 @ model.idio_vars)
    yield "total", "", vol, vol
    yield "factor", "", factor_variance**0.5, factor_variance / vol
    yield "idiosyncratic", "", idio_variance**0.5, idio_variance / vol
    vols = np.sqrt(model.factor_cov.diagonal())
    for name, exposure, own, product in zip(model.factors, exposures, vols, products, strict=True):
        yield name, float(exposure), abs(float(exposure * own)), float(exposure * product / vol)


def _by_asset(held: Vector, model: FactorModel, marginal: Vector) -> Iterator[Row]:
    vols = np.sqrt(model.cov.diagonal())
    for i, (weight, own, effect) in enumerate(zip(held, vols, marginal, strict=True), 1):
        yield f"asset {i}", float(weight), abs(float(weight * own)), float(weight * effect)


def risk_contribution(weights: ArrayLike, cov: ArrayLike | Columns) -> Matrix:
    """Return what each asset adds to a portfolio's volatility.

    Parameters
    ----------
    weights : array of shape (m,)
        Weights, or money in each asset.
    cov : array of shape (m, m)
        Covariance matrix of the assets.

    Returns
    -------
    ndarray of shape (m, 3)
        Marginal (volatility per unit more of the asset), contribution, and share. Contributions sum
        to the volatility, shares to 1.

    Raises
    ------
    InputError
        Another number of weights than of rows, a missing number, or no covariance matrix.
    NumericalError
        A portfolio without risk.

    Notes
    -----
    marginal_i = (cov w)_i / vol with vol = sqrt(w' cov w); contribution_i = w_i marginal_i;
    share_i = contribution_i / vol.

    References
    ----------
    R. Litterman (1996), Hot Spots and Hedges, Journal of Portfolio Management 23(5), 52-75.

    Examples
    --------
    >>> risk_contribution([0.5, 0.5], [[0.04, 0.01], [0.01, 0.09]]).round(4)
    array([[0.1291, 0.0645, 0.3333],
           [0.2582, 0.1291, 0.6667]])
    """
    matrix = covariance_matrix(cov, "cov")
    held = vector(weights, "weights", len(matrix), "cov has a size of")
    products, vol = portfolio_vol(held, matrix, "weights")
    marginal = products / vol
    return np.column_stack([marginal, held * marginal, held * marginal / vol])


def risk_parity_weights(cov: ArrayLike | Columns) -> Vector:
    """Return the long-only weights whose risk contributions are all equal.

    Parameters
    ----------
    cov : array of shape (m, m)
        Covariance matrix of the assets.

    Returns
    -------
    ndarray of shape (m,)
        Positive, with sum 1: there is exactly one such portfolio.

    Raises
    ------
    InputError
        A missing number, or no covariance matrix.
    NumericalError
        An asset, or a portfolio of long positions, without risk: it would take all the weight.

    Notes
    -----
    Minimises y' cov y / 2 - sum(ln y_i) / m by damped Newton steps, which find its only minimum
    from any start; w = y / sum(y). There y_i (cov y)_i = 1/m for every asset.

    References
    ----------
    F. Spinu (2013), An Algorithm for Computing Risk Parity Weights, SSRN 2297383.
    S. Maillard, T. Roncalli and J. Teiletche (2010), The Properties of Equally Weighted Risk
    Contribution Portfolios, Journal of Portfolio Management 36(4), 60-70.

    Examples
    --------
    >>> risk_parity_weights([[0.04, 0.0], [0.0, 0.16]]).round(6)
    array([0.666667, 0.333333])
    """
    matrix = covariance_matrix(cov, "cov")
    vols = np.sqrt(matrix.diagonal())
    if not vols.all():
        i = int((vols == 0).argmax()) + 1
        raise NumericalError(
            f"cov gives asset {i} no variance: it would take all the weight; leave it out"
        )
    sized = _equal_contributions(matrix / vols / vols[:, None]) / vols
    return sized / sized.sum()


def _equal_contributions(correlations: Matrix) -> Vector:
    """Return y with y_i (C y)_i = 1 for all i.

    m times Spinu's function is self-concordant: with steps of 1 / (1 + decrement) Newton's method
    stays inside and converges from any start, and with whole steps it ends quadratically.
    """
    m = len(correlations)
    y = np.full(m, 1 / max(float(correlations.mean()) * m, 1 / m) ** 0.5)
    for _ in range(NEWTON_STEPS):
        if y.max() > LARGEST:
            break
        gradient = correlations @ y - 1 / y
        step = np.linalg.solve(correlations + np.diag(1 / y**2), gradient)
        decrement = float(gradient @ step)
        # Contributions are known to the rounding of a variance that is small beside its terms.
        if decrement < (CONVERGED * max(1.0, float(y.max()) ** 2)) ** 2:
            return y - step
        y = y - step / (1.0 if decrement < 1 / 16 else 1 + decrement**0.5)
    raise NumericalError(
        "cov lets long positions offset one another but for rounding: there is no risk to share; "
        "leave one of them out"
    )
