"""Betas that a few extreme rows cannot turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import NumericalError, require_choice
from factor_core.regression import column_name, regress

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Columns, Matrix, Vector
    from factor_core.regression import Regression

METHODS = ("huber", "tukey")
TOLERANCE = 1e-12  # change of the standardised coefficients in the last round
MOST_ROUNDS = 2_000
NO_SCALE = 1e-14  # median residual relative to the asset's spread; below, it is rounding


def robust_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    method: str = "huber",
) -> Vector | Matrix:
    """Return the betas of each asset by an M-estimator, which gives extreme rows less weight.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    method : {"huber", "tukey"}
        Huber's weights, which fall with the size of a residual, or Tukey's biweight, which leaves
        residuals of more than 4.685 scales out altogether.

    Returns
    -------
    ndarray of shape (m,) for one factor, else (m, k)
        Betas in the order of the factors. Rows with a missing value are left out, for each asset by
        itself. A constant asset has beta 0.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, or an unknown method.
    NumericalError
        Fewer than k + 2 complete rows, a factor that is constant or collinear, residuals of which
        half are 0, or weights that do not settle.

    Warnings
    --------
    Extreme rows of the factors themselves (leverage) still count in full.

    Notes
    -----
    b solves sum(psi(e / s) (1, f)) = 0 with s = median(|e|) / 0.6745; huber: psi(u) =
    max(-1.345, min(1.345, u)), tukey: psi(u) = u (1 - (u / 4.685)^2)^2 for |u| < 4.685, else 0.
    Both have 95 % of the efficiency of least squares for normal residuals. From statsmodels' RLM,
    iterated to the last digits from the least-squares betas.

    References
    ----------
    P. J. Huber and E. M. Ronchetti (2009), Robust Statistics, 2nd ed., chapter 7.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02, -0.01, 0.04, -0.03])
    >>> asset = market + np.array([1, -1, 2, 0, -2, 1, -1, 0]) * 1e-3
    >>> asset[7] = 0.09  # a misprint
    >>> robust_beta(asset, market, "tukey").round(2)
    array([1.])
    """
    require_choice(method, METHODS, "method")
    fit = regress(asset_returns, factor_returns)
    betas = fit.beta.copy()
    for j in np.flatnonzero(~fit.is_exact):
        betas[j] = _m_estimate(fit, int(j), method)
    return betas[:, 0] if fit.k == 1 else betas


def _m_estimate(fit: Regression, j: int, method: str) -> Vector:
    """Return the betas of asset j.

    The second pass works in units of the scale that the first one found: those of least squares may
    be a gross error's, in which nothing changes any more long before the betas have settled.
    """
    import statsmodels.api as sm  # noqa: PLC0415  slow to import, and needed here only

    norm = {"huber": sm.robust.norms.HuberT, "tukey": sm.robust.norms.TukeyBiweight}[method]()
    rows = np.flatnonzero(~np.isnan(fit.residuals[:, j]))
    asset = fit.assets.values[rows, j]
    factors = fit.factor_values[rows] - fit.factor_mean[j]
    spread = np.sqrt(np.mean(factors**2, axis=0))
    design = sm.add_constant(factors / spread, has_constant="add")
    centre = float(np.median(asset))
    coefficients = np.r_[fit.asset_mean[j] - centre, fit.beta[j] * spread]
    size = 0.0
    for _ in ("from least squares", "to the last digits"):
        residuals = asset - centre - design @ coefficients
        size = float(np.median(np.abs(residuals)))
        _require_scale(fit, j, size)
        model = sm.RLM(residuals / size, design, M=norm)
        start = np.zeros(design.shape[1])
        found = model.fit(maxiter=MOST_ROUNDS, tol=TOLERANCE, conv="coefs", start_params=start)
        _require_settled(fit, j, method, found.fit_history["iteration"])
        coefficients = coefficients + np.asarray(found.params) * size
    # A scale that goes on shrinking has its fixed point at 0.
    _require_scale(fit, j, size if model.scale > 0.5 else 0.0)
    betas: Vector = coefficients[1:] / spread
    return betas


def _require_scale(fit: Regression, j: int, size: float) -> None:
    if size > NO_SCALE * float(np.sqrt(fit.tss[j] / fit.n[j])):
        return
    raise NumericalError(
        f"{column_name('asset_returns', fit.assets, j)} lies on one line with the factors in half "
        "of its rows (stale returns?), so that its residuals have no robust scale; use "
        "FACTOR_BETA, or blank the stale rows"
    )


def _require_settled(fit: Regression, j: int, method: str, rounds: int) -> None:
    if rounds >= MOST_ROUNDS:
        other = METHODS[1 - METHODS.index(method)]
        raise NumericalError(
            f"{column_name('asset_returns', fit.assets, j)}: the weights of {method} do not "
            f"settle in {MOST_ROUNDS} rounds; use {other}"
        )
