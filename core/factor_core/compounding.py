"""Returns of short periods compounded into weeks, months, quarters or years."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.calendar_periods import (
    MONTHS,
    OWN_PERIOD,
    PERIOD_WORDS,
    frequency_of,
    iso_date,
    period_ends,
    period_starts,
    row_after,
    row_before,
)
from factor_core.errors import InputError, MissingDataError, NumericalError, require_choice
from factor_core.labelled import Columns, as_columns, one_column, same_rows
from factor_core.regression import sheet_row

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Vector

FREQUENCIES = ("W", "M", "Q", "A")
LENGTHS = {"W": 7, **{word: 30 * months for word, months in MONTHS.items()}}


class CutPeriod(NamedTuple):
    """A period at one end of the data that the data do not fill."""

    end: float
    """Its last calendar day."""
    edge: float
    """The first, or last, date in it that the data have."""
    which: str
    """first or last"""


def compound_returns(
    returns: ArrayLike | Columns, dates: ArrayLike | Columns, frequency: str = "M"
) -> Columns:
    r"""Return returns compounded into weeks, months, quarters or years.

    Parameters
    ----------
    returns : array of shape (n,) or (n, m)
        Decimal simple returns per row; a column an asset.
    dates : array of shape (n,)
        Excel serial numbers of the days on which the returns end, in any order; a time of day is
        cut off.
    frequency : {"W", "M", "Q", "A"}
        Weeks that end on a Friday, calendar months, quarters or years.

    Returns
    -------
    Columns of shape (p, 1 + m)
        A row a period, oldest first: its last calendar day, as Kenneth French dates his months,
        so that series of different exchanges fit; then the compound returns. NaN where a return
        of the period is missing, and in a period between others that has no row at all. A first
        and a last period that the data do not fill are dropped; FACTOR_CHECK names them. Named
        where either input is.

    Raises
    ------
    InputError
        Unequal lengths, a date that stands in two rows, a return without a date, or rows that are
        further apart than the periods asked for.
    NumericalError
        A return below -100 %, which does not compound.
    MissingDataError
        No complete period.

    Warnings
    --------
    Compound returns and risk-free rates apart and subtract afterwards: compounded excess returns
    are not the excess of compounded returns. Rows that are not there cannot be told from holidays:
    FACTOR_CHECK names months that lack days.

    Notes
    -----
    (1 + r_1)(1 + r_2)...(1 + r_q) - 1 over the q rows dated within the period. A period is
    filled when the row before its first, or after its last, would fall outside it: for daily rows
    the next weekday that is no usual holiday (see `calendar_periods.is_usual_holiday`), for weekly
    rows seven days away, for monthly rows the next month.

    References
    ----------
    J. Y. Campbell, A. W. Lo and A. C. MacKinlay, The Econometrics of Financial Markets (1997),
    section 1.4.

    Examples
    --------
    February 2024, a first day of which is missing, is dropped:

    >>> days = np.arange(45324, 45352)  # 2024-02-02 to 2024-02-29
    >>> march = np.arange(45352, 45383)
    >>> dates = np.concatenate([days, march])
    >>> compound_returns(np.full(len(dates), 0.001), dates).values.round(6)
    array([[4.5382e+04, 3.1470e-02]])
    """
    require_choice(frequency, FREQUENCIES, "frequency")
    columns = as_columns(returns, "returns")
    days = one_column(dates, "dates", "use one column of dates")
    serials, values = _dated(columns, days)
    _refuse_longer_rows(serials, frequency)
    ends = period_ends(serials, frequency)
    cut = [period.end for period in cut_periods(serials, frequency)]
    every = every_end(ends, frequency)
    kept = every[~np.isin(every, cut)]
    if not len(kept):
        raise MissingDataError(
            f"no complete {PERIOD_WORDS[frequency]} between {iso_date(serials.min())} and "
            f"{iso_date(serials.max())}; use more rows or a shorter frequency"
        )
    block = np.column_stack([kept, _products(values, ends, kept)])
    return Columns(block, _names(columns, days))


def _names(columns: Columns, days: Columns) -> tuple[str, ...]:
    if not (columns.names or days.names):
        return ()
    return (days.names[0] if days.names else "date", *columns.labels("returns column"))


def _dated(columns: Columns, days: Columns) -> tuple[Vector, Matrix]:
    """Return the rows that have a date; refuse what would be lost or counted twice."""
    values, block = same_rows({"returns": columns, "dates": days})
    serials = np.floor(block[:, 0])
    undated = np.isnan(serials)
    lost = np.flatnonzero(undated & ~np.isnan(values).all(axis=1))
    if lost.size:
        raise InputError(
            f"dates row {sheet_row(days, lost[0])} is blank beside a return; use a date"
        )
    if undated.all():
        raise MissingDataError("dates holds no date; use a column of dates")
    _refuse_repeated(serials, days)
    ruined = np.argwhere(values < -1)
    if ruined.size:
        row, column = ruined[0]
        raise NumericalError(
            f"returns row {sheet_row(columns, row)}, column {column + 1} is "
            f"{values[row, column]:g}; a loss above 100 % does not compound: use decimal returns"
        )
    return serials[~undated], values[~undated]


def _refuse_repeated(serials: Vector, days: Columns) -> None:
    order = np.argsort(serials, kind="stable")
    twice = np.flatnonzero(np.diff(serials[order]) == 0)
    if twice.size:
        one, other = order[twice[0]], order[twice[0] + 1]
        raise InputError(
            f"dates row {sheet_row(days, other)} repeats the date {iso_date(serials[one])} of row "
            f"{sheet_row(days, one)}; keep one row a date"
        )


def _refuse_longer_rows(serials: Vector, frequency: str) -> None:
    found = frequency_of(serials)
    own = OWN_PERIOD.get(found, "")
    if own and LENGTHS[own] > LENGTHS[frequency]:
        raise InputError(
            f'dates are {found} and frequency is "{frequency}", a {PERIOD_WORDS[frequency]}; '
            f'use "{own}" or longer'
        )


def cut_periods(dates: Vector, frequency: str) -> list[CutPeriod]:
    """Return the first and the last period where the dates do not fill them."""
    first, last = float(dates.min()), float(dates.max())
    ends = period_ends(np.array([first, last]), frequency)
    cut = []
    if row_before(first, dates) >= period_starts(ends, frequency)[0]:
        cut.append(CutPeriod(float(ends[0]), first, "first"))
    if row_after(last, dates) <= ends[1]:
        cut.append(CutPeriod(float(ends[1]), last, "last"))
    return cut


def every_end(ends: Vector, frequency: str) -> Vector:
    """Return the ends of all periods from the first to the last, those without a row too."""
    first, last = float(ends.min()), float(ends.max())
    days = np.arange(first, last + 1, 7.0 if frequency == "W" else 28.0)
    return np.unique(np.append(period_ends(days, frequency), last))


def _products(values: Matrix, ends: Vector, kept: Vector) -> Matrix:
    """Return the compound return of each period; NaN where it has a gap or no row."""
    with np.errstate(divide="ignore"):  # all is lost: the compound return is -1
        logs = np.log1p(values)
    place: NDArray[np.intp] = np.searchsorted(kept, ends)
    inside = (place < len(kept)) & (kept[np.minimum(place, len(kept) - 1)] == ends)
    total = np.zeros((len(kept), values.shape[1]))
    np.add.at(total, place[inside], logs[inside])
    total[np.bincount(place[inside], minlength=len(kept)) == 0] = np.nan
    return np.expm1(total)
