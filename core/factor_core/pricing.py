"""Tests of whether factors explain average returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import NumericalError
from factor_core.labelled import Columns, Table
from factor_core.regression import column_name, refuse_exact_fit
from factor_core.risk import regress_jointly

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.regression import Regression

DEPENDENT = 1e-10  # residual of an asset relative to those before it; below, it is rounding


def grs_test(asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns) -> Table:
    r"""Return the Gibbons-Ross-Shanken test that the alphas of all assets are 0.

    Parameters
    ----------
    asset_returns : array of shape (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n, k)
        Returns of self-financing factors over the same rows.

    Returns
    -------
    Table
        F, its degrees of freedom df1 = m and df2 = n - m - k, p, and the mean absolute alpha per
        period, over the rows in which no asset and no factor is missing.

    Raises
    ------
    InputError
        Unequal lengths.
    DivisionError
        An asset that the factors explain exactly.
    NumericalError
        n not above m + k, an asset that the factors and other assets explain exactly, or a factor
        that is constant or collinear.

    Notes
    -----
    :math:`F = \frac{n - m - k}{m} \frac{\hat\alpha' \hat\Sigma^{-1} \hat\alpha}
    {1 + \bar f' \hat\Omega^{-1} \bar f}` with the covariance matrices of residuals and factors
    divided by n. Exact in small samples when the residuals are normal and alike over time.

    References
    ----------
    M. R. Gibbons, S. A. Ross and J. Shanken (1989), A Test of the Efficiency of a Given Portfolio,
    Econometrica 57(5), 1121-1152.

    Examples
    --------
    >>> from factor_core.sample import monthly
    >>> data = monthly()
    >>> industries = data.industries - data.rf[:, None]
    >>> for name, value in grs_test(industries, data.factors[:, :3]).rows:
    ...     print(f"{name:14} {value:.4f}")
    F              5.1830
    df1            12.0000
    df2            804.0000
    p              0.0000
    mean abs alpha 0.0017
    """
    # Imported here: scipy takes longer to load than everything else of a first call.
    from scipy.special import fdtrc  # noqa: PLC0415

    fit = regress_jointly(asset_returns, factor_returns)
    n, m, k = int(fit.n[0]), fit.assets.width, fit.k
    df2 = n - m - k
    if df2 < 1:
        raise NumericalError(
            f"{n} complete rows for {m} assets and {k} factor(s); at least {m + k + 1} are needed"
        )
    mean = fit.factor_mean[0]
    premium = 1 / n + float(mean @ fit.inverse[0] @ mean)
    f = df2 / m * _alpha_length(fit) / premium
    return Table(
        ("statistic", "value"),
        [
            ("F", f),
            ("df1", m),
            ("df2", df2),
            ("p", float(fdtrc(m, df2, f))),
            ("mean abs alpha", float(np.abs(fit.alpha).mean())),
        ],
    )


def _alpha_length(fit: Regression) -> float:
    """Return alpha' (E'E)^-1 alpha from the QR of the residuals E, which never squares them."""
    refuse_exact_fit(fit)
    size = np.sqrt(fit.ssr)
    _, triangle = np.linalg.qr(fit.residuals / size)
    independent = np.abs(triangle.diagonal()) > DEPENDENT
    if not independent.all():
        asset = column_name("asset_returns", fit.assets, int((~independent).argmax()))
        raise NumericalError(
            f"{asset} is explained exactly by the factors and the assets before it; leave it out"
        )
    root = np.linalg.solve(triangle.T, fit.alpha / size)
    return float(root @ root)
