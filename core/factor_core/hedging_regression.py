"""The hedge that regression finds, and how well a hedge did."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.errors import DivisionError, ExcelError, NumericalError
from factor_core.labelled import Columns, Table, as_columns, one_column, same_rows
from factor_core.least_squares import CONSTANT_LIMIT, RefusedError, solve
from factor_core.regression import EXACT_FIT, column_name, regress

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector

LARGEST_RIDGE = 1e6  # beyond, no hedge is left
OVERLAP = 5.0  # variance inflation; above, instruments overlap (FACTOR_DIAGNOSTICS says the same)
WARNING = "overlaps the others: the ratio is uncertain; ridge steadies it"


def min_var_hedge(
    asset_returns: ArrayLike | Columns, instrument_returns: ArrayLike | Columns, ridge: float = 0.0
) -> Table:
    """Return the hedge of an asset by instruments that leaves the least variance.

    Parameters
    ----------
    asset_returns : array of shape (n,)
        Returns per period of one asset, decimal, oldest first.
    instrument_returns : array of shape (n,) or (n, j)
        Returns of the hedging instruments over the same rows: one column an instrument.
    ridge : float
        0 for the least variance in sample. Above, each instrument counts as if it had that share of
        its variance on top, of its own: ratios shrink, those of instruments that overlap most, and
        collinear instruments are no error. 0.1 is a mild one.

    Returns
    -------
    Table of j + 4 rows
        Position in each instrument per 1 of the asset, its variance inflation (VIF), and a warning
        where that is above 5. Below them vol before and vol after, the volatilities per period
        (ddof 1) without and with this hedge; R2, the share of the variance it removes; and n. Rows
        with a missing value are left out.

    Raises
    ------
    InputError
        Several assets, or unequal lengths.
    DivisionError
        A constant asset: there is nothing to hedge.
    NumericalError
        Too few complete rows, a constant instrument, a ridge below 0 or above 1e6, or, without a
        ridge, collinear instruments.

    Notes
    -----
    h = -(S + ridge diag(S))^-1 s with S the covariance of the instruments and s theirs with the
    asset. The ridge is relative, so that the hedge in money does not depend on the units of an
    instrument. VIF_j = 1 / (1 - R2 of instrument j on the others).

    References
    ----------
    L. L. Ederington (1979), The Hedging Performance of the New Futures Markets, Journal of Finance
    34(1), 157-170.
    A. E. Hoerl and R. W. Kennard (1970), Ridge Regression, Technometrics 12(1), 55-67.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> for name, value, *_ in min_var_hedge([0.02, -0.02, 0.03, 0.01, 0.03], market).rows:
    ...     print(f"{name:12} {value:7.4f}")
    instrument 1 -1.0405
    vol before    0.0207
    vol after     0.0054
    R2            0.9316
    n             5.0000
    """
    if not 0 <= ridge <= LARGEST_RIDGE:
        raise NumericalError(
            f"ridge is {ridge:g}; use 0 for none, or a share of the variance such as 0.1, at most "
            f"{LARGEST_RIDGE:g}"
        )
    sample = _sample(asset_returns, instrument_returns, needs_rank=ridge == 0)
    ratios = -_coefficients(sample, ridge)
    before = _volatility(sample.asset)
    after = float((sample.asset + sample.scaled @ ratios).std(ddof=1))
    inflation = _inflation(sample.scaled)
    names = sample.instruments.labels("instrument")
    rows = [
        (name, float(ratio), vif, WARNING if vif > OVERLAP else "")
        for name, ratio, vif in zip(names, ratios / sample.vols, inflation, strict=True)
    ]
    numbers = {
        "vol before": before,
        "vol after": after,
        "R2": 1 - (after / before) ** 2,
        "n": len(sample.asset),
    }
    blank = ("", "")
    return Table(
        ("item", "value", "VIF", "warning"),
        [*rows, *((name, value, *blank) for name, value in numbers.items())],
    )


class _Sample(NamedTuple):
    """Complete rows: the asset less its mean, and instruments of mean 0 and volatility 1."""

    asset: Vector
    scaled: Matrix
    vols: Vector
    instruments: Columns


def _sample(
    asset_returns: ArrayLike | Columns, instrument_returns: ArrayLike | Columns, *, needs_rank: bool
) -> _Sample:
    asset = _one_asset(asset_returns, "asset_returns")
    instruments = as_columns(instrument_returns, "instrument_returns")
    y, x = same_rows({"asset_returns": asset, "instrument_returns": instruments})
    complete = ~(np.isnan(y).any(axis=1) | np.isnan(x).any(axis=1))
    needed = x.shape[1] + 2 if needs_rank else 3
    _require_rows(int(complete.sum()), needed, instruments)
    y, x = y[complete, 0], x[complete]
    _refuse_constant_columns(x, instruments)
    _refuse_constant_asset(y)
    distance = x - x[0]  # from one of its rows first: a series far from 0 keeps its digits
    distance -= distance.mean(axis=0)
    vols = distance.std(axis=0, ddof=1)
    if not (np.isfinite(vols) & (vols > 0)).all():
        raise NumericalError("instrument_returns are too large or too small to calculate with")
    centred = y - y[0]
    return _Sample(centred - centred.mean(), distance / vols, vols, instruments)


def _coefficients(sample: _Sample, ridge: float) -> Vector:
    """Return the (ridge) regression on the scaled instruments.

    A ridge is rows of its own below the data: solved by the one least squares of the house, with no
    normal equations.
    """
    n, j = sample.scaled.shape
    y, x = sample.asset[:, None], sample.scaled
    if ridge:
        y = np.vstack([y, np.zeros((j, 1))])
        x = np.vstack([x, np.eye(j) * (ridge * (n - 1)) ** 0.5])
    try:
        return solve(y, x, intercept=False).beta[0]
    except RefusedError as refused:
        if refused.factor is None:
            raise NumericalError(f"asset_returns {refused}") from None
        name = column_name("instrument_returns", sample.instruments, refused.factor)
        raise NumericalError(f"{name} {refused}; leave it out, or use a ridge above 0") from None


def _inflation(scaled: Matrix) -> list[float]:
    """Return 1 / (1 - R2) of each instrument on the others, infinite where they repeat it."""
    found = []
    for j, own in enumerate(scaled.T):
        others = np.delete(scaled, j, axis=1)
        left = own - others @ np.linalg.lstsq(others, own, rcond=None)[0] if others.size else own
        share = float(left @ left) / float(own @ own)
        found.append(1 / share if share > EXACT_FIT**2 else np.inf)
    return found


def hedge_effectiveness(
    asset_returns: ArrayLike | Columns,
    hedged_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
) -> Table:
    """Return how much risk a hedge removed, and which exposure it left.

    Parameters
    ----------
    asset_returns, hedged_returns : array of shape (n,)
        Returns per period of one asset, without its hedge and with it, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.

    Returns
    -------
    Table of 4 + 2 k rows
        Effectiveness; volatility per period (ddof 1) before and after; for each factor the beta
        left with its standard error, and the correlation left; n. All over the rows in which
        neither series nor a factor is missing, so that a rolling hedge is compared with the asset
        over the same rows.

    Raises
    ------
    InputError
        Several assets, or unequal lengths.
    DivisionError
        A constant asset: there was nothing to hedge.
    NumericalError
        Too few complete rows, or a factor that is constant or collinear.

    Notes
    -----
    effectiveness = 1 - var(hedged) / var(asset): 1 is a perfect hedge, below 0 it added risk. The
    betas left are those of the regression of the hedged returns on all factors, with classical
    standard errors of n - k - 1 degrees of freedom; in sample a full-sample hedge leaves 0.

    References
    ----------
    L. L. Ederington (1979), The Hedging Performance of the New Futures Markets, Journal of Finance
    34(1), 157-170.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> asset, hedged = [0.02, -0.02, 0.03, 0.01, 0.03], [0.01, 0.00, 0.00, 0.01, 0.01]
    >>> for name, value, _ in hedge_effectiveness(asset, hedged, market).rows:
    ...     print(f"{name:20} {value:7.4f}")
    effectiveness         0.9302
    vol before            0.0207
    vol after             0.0055
    beta left factor 1    0.0405
    correlation factor 1  0.1424
    n                     5.0000
    """
    asset = _one_asset(asset_returns, "asset_returns")
    hedged = _one_asset(hedged_returns, "hedged_returns")
    factors = as_columns(factor_returns, "factor_returns")
    columns = {"asset_returns": asset, "hedged_returns": hedged, "factor_returns": factors}
    series = np.hstack(same_rows(columns))
    series = series[~np.isnan(series).any(axis=1)]
    _require_rows(len(series), factors.width + 2, factors)
    before, after, used = series[:, 0], series[:, 1], Columns(series[:, 2:], factors.names)
    _refuse_constant_asset(before)
    vols = [_volatility(before), float(after.std(ddof=1))]
    rows = [
        ("effectiveness", 1 - (vols[1] / vols[0]) ** 2, ""),
        ("vol before", vols[0], ""),
        ("vol after", vols[1], ""),
        *_exposure_left(after, used),
        ("n", len(series), ""),
    ]
    return Table(("measure", "value", "standard error"), rows)


def _exposure_left(hedged: Vector, factors: Columns) -> list[tuple[str, object, object]]:
    fit = regress(hedged, factors)
    errors = np.sqrt(fit.ssr[0] / fit.df[0] * fit.unit_variance[0, 1:])
    names = factors.labels("factor")
    betas = [
        (f"beta left {name}", float(beta), float(error))
        for name, beta, error in zip(names, fit.beta[0], errors, strict=True)
    ]
    return [
        *betas,
        *(
            (f"correlation {name}", _correlation(hedged, factor), "")
            for name, factor in zip(names, factors.values.T, strict=True)
        ),
    ]


def _correlation(hedged: Vector, factor: Vector) -> float | ExcelError:
    if _is_constant(hedged):
        return ExcelError("#N/A", "the hedged returns are constant: they correlate with nothing")
    one, other = hedged - hedged.mean(), factor - factor.mean()
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


def _one_asset(returns: ArrayLike | Columns, name: str) -> Columns:
    return one_column(returns, name, "use one asset", "; TRANSPOSE turns a row into a column")


def _require_rows(found: int, needed: int, columns: Columns) -> None:
    if found < needed:
        lying = columns.rows == 1 and columns.width > 1
        hint = "TRANSPOSE turns a row of returns into a column" if lying else "blanks drop a row"
        raise NumericalError(
            f"asset_returns and the others have {found} complete row(s); at least {needed} are "
            f"needed for {columns.width} column(s) ({hint})"
        )


def _refuse_constant_asset(asset: Vector) -> None:
    if _is_constant(asset):
        raise DivisionError("asset_returns is constant over the complete rows: nothing to hedge")


def _refuse_constant_columns(values: Matrix, columns: Columns) -> None:
    for j, series in enumerate(values.T):
        if _is_constant(series):
            name = column_name("instrument_returns", columns, j)
            raise NumericalError(f"{name} is constant over the complete rows; it hedges nothing")


def _volatility(asset: Vector) -> float:
    """Return the volatility of an asset that varies; squares may leave the float range."""
    vol = float(asset.std(ddof=1))
    if not 0 < vol < np.inf:
        raise NumericalError("asset_returns are too large or too small to calculate with")
    return vol


def _is_constant(series: Vector) -> bool:
    # Not `<=`: what is no number cannot be compared, and is not calculated with either.
    return not series.max() - series.min() > CONSTANT_LIMIT * np.abs(series).max()
