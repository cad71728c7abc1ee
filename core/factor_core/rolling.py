"""Betas, alpha, R-squared and residual volatility in rolling windows, for each asset by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, NumericalError
from factor_core.fit_cache import recall
from factor_core.labelled import Columns, as_columns, same_rows
from factor_core.regression import regress
from factor_core.rolling_least_squares import roll_into
from factor_core.rolling_scattered import are_sooner_abreast, roll_scattered_into

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix

    Flags = NDArray[np.bool_]
    Places = NDArray[np.intp]

ALIKE = 4  # assets with the same gaps that are sooner rolled with each other than with all others
BESIDE_BETAS = ("alpha", "R2", "residual vol")


def rolling_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    window: int = 252,
    min_obs: int | None = None,
    lag: int = 0,
) -> Columns:
    """Return the betas of each asset in rolling windows, one row a row of the input.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    window : int
        Rows of a window, those with missing values included.
    min_obs : int, optional
        Complete rows that a window needs; by default all of them. With fewer, the first windows,
        which have not yet as many rows behind them, are used as soon as they have min_obs.
    lag : int
        Rows by which the betas are delayed: with 1, row t shows what was known before row t and
        could have been traded.

    Returns
    -------
    Columns of shape (n, m k)
        The betas of the first asset on each factor, then those of the next asset. Row t holds those
        of rows t - lag - window + 1 ... t - lag. NaN in the first window - 1 + lag rows (min_obs -
        1 + lag where min_obs is given), where a window has fewer than min_obs complete rows, and
        where its factors are constant or collinear. Inputs with headers give a header.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, a negative lag, or min_obs above the window.
    NumericalError
        A window or min_obs below k + 2, a window with its lag longer than the data, or no window in
        which any asset has betas.

    Warnings
    --------
    One missing row blanks every window that holds it, unless min_obs allows for gaps. In
    HEDGED_SERIES a window is made of complete rows instead, however far back they lie; without gaps
    its betas are those of this function with a lag of 1.

    Notes
    -----
    In each window b minimises sum((r - a - b'f)^2) over the window's complete rows.

    References
    ----------
    E. F. Fama and J. D. MacBeth (1973), Risk, Return, and Equilibrium: Empirical Tests, Journal of
    Political Economy 81(3), 607-636. M. van Herk (1992), Pattern Recognition Letters 13(7),
    517-521 (the algorithm of the window sums).

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> asset = np.where(np.arange(5) < 3, 1.0, 2.0) * market
    >>> rolling_beta(asset, market, window=3).values.ravel().round(3)
    array([  nan,   nan, 1.   , 1.   , 1.143])
    >>> rolling_beta(asset, market, window=4, min_obs=3, lag=1).values.ravel().round(3)
    array([nan, nan, nan,  1.,  1.])
    """
    assets = as_columns(asset_returns, "asset_returns")
    factors = as_columns(factor_returns, "factor_returns")
    results = _roll(assets, factors, window, min_obs, lag, beside=0)
    _refuse_nothing(results, assets, factors, window, min_obs)
    return _as_columns(results, assets, factors, _beta_names(factors))


def rolling_regression(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    window: int = 252,
    min_obs: int | None = None,
) -> Columns:
    """Return alpha, betas, R-squared and residual volatility of each asset in rolling windows.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    window : int
        Rows of a window, those with missing values included.
    min_obs : int, optional
        Complete rows that a window needs; by default all of them. With fewer, the first windows,
        which have not yet as many rows behind them, are used as soon as they have min_obs.

    Returns
    -------
    Columns of shape (n, m (k + 3))
        Alpha per period, the betas, R-squared and residual volatility per period (ddof 1) of the
        first asset, then those of the next. Row t holds those of the window that ends in row t. NaN
        in the first window - 1 rows (min_obs - 1 where min_obs is given), where a window has fewer
        than min_obs complete rows, and where its factors are constant or collinear; R-squared also
        where the asset is constant. Inputs with headers give a header.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, or min_obs above the window.
    NumericalError
        A window or min_obs below k + 2, a window longer than the data, or no window in which any
        asset has betas.

    Warnings
    --------
    One missing row blanks every window that holds it, unless min_obs allows for gaps.

    Notes
    -----
    In each window a and b minimise sum(e^2) with e = r - a - b'f over its complete rows;
    R2 = 1 - sum(e^2) / sum((r - mean(r))^2), residual vol = sqrt(sum(e^2) / (n - 1)).

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapter 3. M. van Herk (1992), Pattern Recognition
    Letters 13(7), 517-521 (the algorithm of the window sums).

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> asset = np.array([0.02, -0.02, 0.05, 0.01, 0.02])
    >>> rolling_regression(asset, market, window=5).values[-1].round(4)
    array([0.0059, 1.2568, 0.9276, 0.0068])
    """
    assets = as_columns(asset_returns, "asset_returns")
    factors = as_columns(factor_returns, "factor_returns")
    results = _roll(assets, factors, window, min_obs, 0, beside=len(BESIDE_BETAS))
    _refuse_nothing(results, assets, factors, window, min_obs)
    k = factors.width
    alpha_first = [k, *range(k), *range(k + 1, k + len(BESIDE_BETAS))]
    alpha, *others = BESIDE_BETAS
    names = (alpha, *_beta_names(factors), *others)
    return _as_columns(results[..., alpha_first], assets, factors, names)


def rolling_betas(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    window: int,
    lag: int = 0,
    min_obs: int | None = None,
) -> Matrix:
    """Return the numbers of `rolling_beta` as an array of shape (n, m, k); NaN may fill it.

    They may be read-only: whoever asks again gets the same ones.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02])
    >>> rolling_betas(1.5 * market, market, window=4)[:, 0, 0].round(6)
    array([nan, nan, nan, 1.5, 1.5])
    """
    assets = as_columns(asset_returns, "asset_returns")
    factors = as_columns(factor_returns, "factor_returns")
    return _roll(assets, factors, window, min_obs, lag, beside=0)


def usable_rows(y: Matrix, x: Matrix) -> Flags:
    """Return, for each column of y, in which rows it and every column of x are there."""
    usable: Flags = ~np.isnan(y)
    missing = np.isnan(x)
    if missing.any():  # a look along rows of a few factors costs more than everything else here
        usable &= ~missing.any(axis=1, keepdims=True)
    return usable


def gap_patterns(usable: Flags) -> list[tuple[Places, Flags]]:
    """Return (assets, rows) for each pattern of usable rows among the columns of `usable`."""
    if usable.all():
        return [(np.arange(usable.shape[1]), usable[:, 0])]
    alike: dict[bytes, list[int]] = {}
    for j, column in enumerate(np.ascontiguousarray(usable.T)):
        alike.setdefault(column.tobytes(), []).append(j)
    return [(np.array(columns), usable[:, columns[0]]) for columns in alike.values()]


def _roll(
    assets: Columns, factors: Columns, window: int, min_obs: int | None, lag: int, beside: int
) -> Matrix:
    """Return results of shape (n, m, k + beside): the betas, and what else is wanted."""
    y, x = same_rows({"asset_returns": assets, "factor_returns": factors})
    (n, k), m = x.shape, y.shape[1]
    needed = _require_window((n, m, k), window, lag, min_obs)

    def compute() -> tuple[Matrix]:
        results = np.empty((m, k + beside, n))  # time last: sums run along memory
        usable = usable_rows(y, x)
        patterns = gap_patterns(usable)
        scattered = _scattered(patterns, window, k)
        if scattered.size:
            roll_scattered_into(results, usable, window, needed, y, x, scattered)
            patterns = [pattern for pattern in patterns if len(pattern[0]) >= ALIKE]
        for columns, rows in patterns:
            roll_into(results, rows, window, needed, y, x, columns)
        return (results,)

    (results,) = recall("rolling", (y, x), (window, needed, beside), compute)
    if lag:
        early = np.full_like(results[..., :lag], np.nan)
        results = np.concatenate([early, results[..., :-lag]], axis=-1)
    return results.transpose(2, 0, 1)


def _scattered(patterns: list[tuple[Places, Flags]], window: int, k: int) -> Places:
    """Return the assets that share their gaps with few others, where they are many."""
    of_few = [columns for columns, _ in patterns if len(columns) < ALIKE]
    if not are_sooner_abreast(sum(map(len, of_few)), window, k):
        return np.empty(0, dtype=np.intp)
    return np.concatenate(of_few)


def _require_window(shape: tuple[int, int, int], window: int, lag: int, min_obs: int | None) -> int:
    """Return the complete rows that a window needs, once the arguments make sense together."""
    n, m, k = shape
    needed = window if min_obs is None else min_obs
    lying = n == 1 and max(m, k) > 1
    hint = "; TRANSPOSE turns a row of returns into a column" if lying else ""
    for name, value in (("window", window), ("min_obs", needed)):
        if value < k + 2:
            raise NumericalError(
                f"{name} is {value}; betas on {k} factor(s) need at least {k + 2} rows{hint}"
            )
    if needed > window:
        raise InputError(f"min_obs is {needed} and window is {window}; use at most the window")
    if lag < 0:
        raise InputError(f"lag is {lag}; use 0 or more rows, 1 for what could have been traded")
    if window + lag > n:
        delayed = f" delayed by {lag}" if lag else ""
        raise NumericalError(f"window is {window} rows{delayed}; the data have only {n}{hint}")
    return needed


def _refuse_nothing(
    results: Matrix, assets: Columns, factors: Columns, window: int, min_obs: int | None
) -> None:
    """Raise NumericalError where no window has betas, with the reason."""
    if not np.isnan(results[..., 0]).all():
        return
    regress(assets, factors)  # a factor without betas on all the rows is refused by its name
    usable = usable_rows(*same_rows({"asset_returns": assets, "factor_returns": factors}))
    counted = np.pad(usable.cumsum(axis=0), ((1, 0), (0, 0)))
    fullest = int((counted[window:] - counted[:-window]).max())
    needed = window if min_obs is None else min_obs
    if fullest < needed:
        raise NumericalError(
            f"no window of {window} rows has {needed} complete rows, the fullest has {fullest}; "
            "use a smaller min_obs or fill the gaps"
        )
    raise NumericalError(
        f"factor_returns is constant or collinear in every window of {window} rows; "
        "use a longer window or fewer factors"
    )


def _beta_names(factors: Columns) -> tuple[str, ...]:
    return tuple(f"beta {name}" for name in factors.labels("factor"))


def _as_columns(
    results: Matrix, assets: Columns, factors: Columns, names: tuple[str, ...]
) -> Columns:
    """Return results (n, m, p) side by side, named where the inputs are."""
    if assets.width > 1:
        names = tuple(f"{asset} {name}" for asset in assets.labels("asset") for name in names)
    headed = names if assets.names or factors.names else ()
    values = results.reshape(len(results), -1)
    # The kept numbers are read-only; what a caller gets is its own, one column as well as several.
    return Columns(values if values.flags.writeable else values.copy(), headed, assets.rows)
