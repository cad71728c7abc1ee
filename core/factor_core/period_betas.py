"""Betas of each year, quarter or other block of the calendar."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from factor_core.calendar_periods import calendar_days
from factor_core.covariance import standard_errors
from factor_core.errors import InputError, NumericalError, error_cell
from factor_core.labelled import Columns, Table, as_columns, same_rows
from factor_core.regression import regress
from factor_core.risk import regress_one_asset

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Vector

MONTHS = {"Y": 12, "Q": 3, "M": 1}
FIRST_MONTH = 12 * 1970  # of numpy's calendar, counted from year 0, when all blocks begin


def period_beta(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    dates: ArrayLike | Columns,
    every: str = "1Y",
) -> Table:
    """Return the betas of one asset in each block of the calendar, with their standard errors.

    Parameters
    ----------
    asset_returns : array of shape (n,)
        Excess returns per period of one asset, decimal.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    dates : array of shape (n,)
        Excel serial numbers of the rows, in any order.
    every : str
        Length of a block: a whole number and Y (years), Q (quarters) or M (months), such as 1Y, 2Q
        or 6M. Blocks stand at the same places whatever the data: 2Y begins in even years, 6M in
        January and July.

    Returns
    -------
    Table of one row a block
        Its name, the rows used, and each factor's beta with its classical standard error. Rows with
        a missing value or date are left out. A block that cannot be estimated shows error cells
        with the reason; a block without any row is not shown.

    Raises
    ------
    InputError
        Several assets, unequal lengths, infinite values, or a length of another form.
    NumericalError
        No block can be estimated (the first one's reason).

    Notes
    -----
    In each block b minimises sum((r - a - b'f)^2); se has n - k - 1 degrees of freedom.

    References
    ----------
    M. E. Blume (1971), On the Assessment of Risk, Journal of Finance 26(1), 1-10.

    Examples
    --------
    >>> market = np.array([0.01, -0.02, 0.03, 0.00, 0.02, -0.01, 0.01, -0.03])
    >>> asset = np.where(np.arange(8) < 4, 1.0, 2.0) * market
    >>> quarters = 43831 + 92 * np.arange(8)  # from 2020-01-01
    >>> [(row[0], row[1], round(row[2], 6)) for row in period_beta(asset, market, quarters).rows]
    [('2020', 4.0, 1.0), ('2021', 4.0, 2.0)]
    """
    months = _months(every)
    fit = regress_one_asset(asset_returns, factor_returns)
    named = {"asset_returns": fit.assets, "factor_returns": fit.factors}
    y, x, days = same_rows(named | {"dates": as_columns(dates, "dates")})
    if days.shape[1] != 1:
        raise InputError(f"dates has {days.shape[1]} columns; use one column of dates")
    rows: list[tuple[object, ...]] = []
    refusals: list[NumericalError] = []
    for name, members in _blocks(days[:, 0], months):
        asset, factors = Columns(y[members]), Columns(x[members], fit.factors.names)
        used = ~np.isnan(np.column_stack([asset.values, factors.values])).any(axis=1)
        try:
            rows.append((name, float(used.sum()), *_betas_and_errors(asset, factors)))
        except NumericalError as refused:
            refusals.append(refused)
            rows.append((name, float(used.sum()), *(error_cell(refused),) * (2 * factors.width)))
    if len(refusals) == len(rows):
        raise refusals[0] if refusals else NumericalError("dates are missing in every row")
    pairs = ((f"beta {label}", f"se {label}") for label in fit.factors.labels("factor"))
    return Table(("period", "n", *(name for pair in pairs for name in pair)), rows)


def _months(every: str) -> int:
    """Return the months of a block."""
    found = re.fullmatch(r"([1-9]\d{0,2})([YQM])", every.strip().upper())
    if not found:
        raise InputError(
            f'every is "{every}"; use a whole number and Y, Q or M, such as 1Y, 2Q or 6M'
        )
    return int(found[1]) * MONTHS[found[2]]


def _blocks(days: Vector, months: int) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Yield the name and the rows of each block of the calendar that has any, in its order."""
    dated = np.flatnonzero(~np.isnan(days))
    stamps = calendar_days(days[dated]).astype("datetime64[M]")
    numbers = (stamps.astype(np.int64) + FIRST_MONTH) // months
    for number in np.unique(numbers):
        yield _name(int(number) * months, months), dated[numbers == number]


def _name(first: int, months: int) -> str:
    """Return the name of the block of `months` that begins with month `first` since year 0."""
    last = first + months - 1
    if months == 3:
        return f"{first // 12} Q{first % 12 // 3 + 1}"
    years = months % 12 == 0
    begins, ends = (
        f"{month // 12}" if years else f"{month // 12}-{month % 12 + 1:02d}"
        for month in (first, last)
    )
    return begins if begins == ends else f"{begins} to {ends}"


def _betas_and_errors(asset: Columns, factors: Columns) -> tuple[float, ...]:
    fit = regress(asset, factors)
    pairs = np.column_stack([fit.beta[0], standard_errors(fit)[0, 1:]])
    return tuple(pairs.ravel().tolist())
