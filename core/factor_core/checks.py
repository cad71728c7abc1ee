"""FACTOR_CHECK: what is wrong with the data, before a number is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core import checks_benchmark, checks_model, checks_rows, checks_values
from factor_core.calendar_periods import iso_date
from factor_core.findings import HEADER, SEVERITIES, Finding, inspect
from factor_core.labelled import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from factor_core.findings import Inspected
    from factor_core.labelled import Columns, Examined

CHECKED = (
    "cells, missing rows, percent, prices, frequency, stale rows, outliers, overlap, shifts, "
    "constant and collinear factors, sample size"
)
CHECKED_BY_DATE = "order, repeats, gaps and days of the week, price index, raw returns"


def factor_check(
    asset_returns: ArrayLike | Columns | Examined,
    factor_returns: ArrayLike | Columns | Examined,
    dates: ArrayLike | Columns | Examined | None = None,
) -> Table:
    r"""Return what is wrong, doubtful or worth knowing about data, one finding a row.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    dates : array of shape (n,), optional
        Excel serial numbers of the rows. Without them nothing that depends on the calendar is
        looked at.

    Returns
    -------
    Table of five columns
        Severity, finding, where (argument, column, rows as the range counts them, dates), how many
        cells, rows or periods, remedy. error: functions refuse the data or their result is wrong;
        warning: the result probably misleads; info: to know. Errors come first. The last row says
        what was looked at and how many rows regressions use.

    Raises
    ------
    InputError
        Ranges of unequal length. Cells that are no numbers are findings here, not errors.

    Notes
    -----
    docs/checks.md states every rule, its threshold, and how often clean data pass it: normal,
    Student t with 4 degrees of freedom, and GARCH(1,1) returns, daily and monthly. Nothing is
    corrected: a finding is an opinion on the data, which stay as they are.

    References
    ----------
    D. W. Marquardt (1970), Generalized Inverses, Ridge Regression, Biased Linear Estimation, and
    Nonlinear Estimation, Technometrics 12(3), 591-612, for the variance inflation of 10.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> market = rng.normal(0, 0.01, 250)
    >>> asset = market + rng.normal(0, 0.01, 250)
    >>> for row in factor_check(100 * asset, market).rows:
    ...     print(row[0], "|", row[1], "|", row[2].partition(",")[0])
    error | percent in place of decimals | asset_returns column 1: a typical move is 0.846
    info | looked at | rows 1 to 250; without dates
    """
    data = inspect(asset_returns, factor_returns, dates)
    found = sorted(_findings(data), key=lambda each: SEVERITIES.index(each.severity))
    return Table(HEADER, [finding.cells for finding in (*found, _looked_at(data, found))])


def _findings(data: Inspected) -> Iterator[Finding]:
    """Return every finding; a series that is something else is not judged as returns."""
    yield from checks_rows.cells(data)
    yield from checks_rows.missing_rows(data)
    yield from checks_rows.few_rows(data)
    yield from checks_rows.dates(data)
    series = data.series
    for check in (
        checks_values.not_returns,
        checks_model.constant,
        checks_values.percent,
        checks_values.lower_frequency,
    ):
        strange = list(check(data, series))
        yield from (finding for _, finding in strange)
        told = {id(each) for each, _ in strange}
        series = tuple(each for each in series if id(each) not in told)
    for judge in (
        checks_values.stale,
        checks_values.outliers,
        checks_values.large_moves,
        checks_values.overlapping,
        checks_model.same_series,
        checks_model.collinear,
        checks_model.shifted,
        checks_benchmark.benchmark,
    ):
        yield from judge(data, series)


def _looked_at(data: Inspected, found: list[Finding]) -> Finding:
    """Return the last row: what was looked at, and what regressions use."""
    last = data.rows - 1 + data.first_row
    if data.days is None or np.isnan(data.days).all():
        span = "without dates"
    else:
        frequency = data.frequency or "too few dates"
        span = f"{iso_date(np.nanmin(data.days))} to {iso_date(np.nanmax(data.days))}, {frequency}"
    checked = CHECKED if data.days is None else f"{CHECKED}; {CHECKED_BY_DATE}"
    return Finding(
        "info",
        "looked at" if found else "nothing found",
        f"rows {data.first_row} to {last}; {span}",
        float(min(data.complete)),
        f"counted: complete rows; looked at: {checked}",
    )
