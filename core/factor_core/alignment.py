"""Two dated tables put side by side on their dates, and a report of what that does to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from factor_core import date_doubts
from factor_core.calendar_periods import frequency_of, iso_date
from factor_core.errors import InputError, MissingDataError, first_of, require_choice
from factor_core.labelled import Columns, Table, as_columns, same_rows
from factor_core.lag_scan import FEWEST_PAIRS, scan_lags

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Vector

JOINS = ("inner", "left", "right", "outer")
LISTED = 10


@dataclass(frozen=True, slots=True)
class _Dated:
    """One dated table: the rows that hold anything, in the order given."""

    dates: Vector  # whole Excel serial numbers; NaN where a value has no date
    times: int  # dates whose time of day was cut off
    values: Matrix
    sheet_rows: NDArray[np.intp]  # where each row stands in the range, its header counted
    which: str  # "1" or "2", as in the names of the arguments
    date_name: str
    names: tuple[str, ...]  # made up where the range had no header
    named: bool

    @property
    def label(self) -> str:
        """What reports call the table."""
        return self.names[0] if self.named else f"series {self.which}"


def align_series(
    dates_1: ArrayLike | Columns,
    values_1: ArrayLike | Columns,
    dates_2: ArrayLike | Columns,
    values_2: ArrayLike | Columns,
    join: str = "inner",
) -> Columns:
    """Return two dated tables side by side on their dates, sorted.

    Parameters
    ----------
    dates_1, dates_2 : array of shape (n_1,), (n_2,)
        Excel serial numbers in any order; a time of day is cut off, not rounded.
    values_1, values_2 : array of shape (n_1, m_1), (n_2, m_2)
    join : {"inner", "left", "right", "outer"}
        Which dates stay: those in both, those of the first, those of the second, or all.

    Returns
    -------
    Columns of shape (n, 1 + m_1 + m_2)
        Dates, then the values of both; NaN where a table has no value for the date. Named where
        either input is.

    Raises
    ------
    InputError
        Unequal lengths, a date that appears twice in one table, or a value without a date. A row
        that is blank throughout holds nothing and is passed over.
    MissingDataError
        No date to show.

    Notes
    -----
    A join by day, as of two tables of a database: no value is carried over to another date, and
    none is made up between two.

    References
    ----------
    E. F. Codd (1970), A Relational Model of Data for Large Shared Data Banks, Communications of
    the ACM 13(6), 377-387.

    Examples
    --------
    >>> align_series([45001, 45000], [2.0, 1.0], [45001, 45002], [0.2, 0.3]).values
    array([[4.5001e+04, 2.0000e+00, 2.0000e-01]])
    """
    require_choice(join, JOINS, "join")
    first, second = _dated(dates_1, values_1, "1"), _dated(dates_2, values_2, "2")
    for table in (first, second):
        _refuse_undated(table)
        _refuse_repeated(table)
    dates = _joined(first, second, join)
    block = np.column_stack([dates, _values_on(first, dates), _values_on(second, dates)])
    return Columns(block, _joined_names(first, second))


def _dated(
    given_dates: ArrayLike | Columns, given_values: ArrayLike | Columns, which: str
) -> _Dated:
    dates = as_columns(given_dates, f"dates_{which}")
    values = as_columns(given_values, f"values_{which}")
    if dates.width != 1:
        raise InputError(f"dates_{which} has {dates.width} columns; use one column of dates")
    serials, block = same_rows({f"dates_{which}": dates, f"values_{which}": values})
    if np.isnan(serials).all():
        raise MissingDataError(f"dates_{which} holds no date; use a column of dates")
    filled = np.flatnonzero(~(np.isnan(serials[:, 0]) & np.isnan(block).all(axis=1)))
    return _Dated(
        dates=np.floor(serials[filled, 0]),
        times=int((serials[filled, 0] % 1 > 0).sum()),
        values=block[filled],
        sheet_rows=filled + (2 if dates.names else 1),
        which=which,
        date_name=dates.names[0] if dates.names else "date",
        names=values.labels(f"values_{which} column"),
        named=bool(values.names),
    )


def _refuse_undated(table: _Dated) -> None:
    undated = np.isnan(table.dates)
    if undated.any():
        raise InputError(
            f"dates_{table.which} row {table.sheet_rows[undated][0]} is blank beside a value; "
            "use a date in each row that has values"
        )


def _refuse_repeated(table: _Dated) -> None:
    repeated = _repeats(table.dates)
    if repeated.any():
        date = table.dates[repeated][0]
        earlier = table.sheet_rows[table.dates == date][0]
        raise InputError(
            f"dates_{table.which} row {table.sheet_rows[repeated][0]} repeats the date "
            f"{iso_date(date)} of row {earlier}; keep one row a date"
        )


def _repeats(dates: Vector) -> NDArray[np.bool_]:
    """Return which dates stand in an earlier row too; a missing date repeats nothing."""
    repeated = np.ones(len(dates), dtype=bool)
    repeated[np.unique(dates, return_index=True)[1]] = False
    return repeated & ~np.isnan(dates)


def _joined(first: _Dated, second: _Dated, join: str) -> Vector:
    if join == "left":
        return np.sort(first.dates)
    if join == "right":
        return np.sort(second.dates)
    if join == "outer":
        return np.union1d(first.dates, second.dates)
    dates = np.intersect1d(first.dates, second.dates)
    if not len(dates):
        spans = (f"{iso_date(t.dates.min())} to {iso_date(t.dates.max())}" for t in (first, second))
        why = date_doubts.why_unmatched(first.dates, second.dates, "dates_1", "dates_2")
        raise MissingDataError("; ".join([f"no date is in both: {', and '.join(spans)}", *why]))
    return dates


def _values_on(table: _Dated, dates: Vector) -> Matrix:
    order = np.argsort(table.dates, kind="stable")
    place = np.searchsorted(table.dates, dates, sorter=order)
    rows = order[np.minimum(place, len(order) - 1)]
    return np.where((table.dates[rows] == dates)[:, None], table.values[rows], np.nan)


def _joined_names(first: _Dated, second: _Dated) -> tuple[str, ...]:
    if not (first.named or second.named):
        return ()
    source = first if first.named else second
    return (source.date_name, *first.names, *second.names)


def align_report(
    dates_1: ArrayLike | Columns,
    values_1: ArrayLike | Columns,
    dates_2: ArrayLike | Columns,
    values_2: ArrayLike | Columns,
) -> Table:
    r"""Return what aligning two dated tables matches and drops, and the lag at which they fit best.

    Parameters
    ----------
    dates_1, dates_2 : array of shape (n_1,), (n_2,)
        Excel serial numbers in any order; a time of day is cut off.
    values_1, values_2 : array of shape (n_1, m_1), (n_2, m_2)
        The first column of each is compared.

    Returns
    -------
    Table
        A row a finding, a column a table. Dates are ISO text. The filled rows of a table are its
        matched dates + dates not in the other + repeated dates + rows without a date.

    Raises
    ------
    InputError
        Unequal lengths.
    MissingDataError
        A table without dates.

    Notes
    -----
    The first column of each table is compared over the matched dates, shifted by up to five rows;
    where a date is repeated, its first row counts. A column whose values are all above 0 is a
    level, such as a price, and is compared by its changes. The best lag is the one with the largest
    absolute correlation; it is called a shift when it is better than the correlation as dated by
    four standard errors of Fisher's z, 1 / sqrt(n - 3). A positive lag means that the
    second table runs behind the first.

    The finding also says where the tables come at different frequencies, where months are dated on
    different days of the month, and where the dates themselves are doubtful: cells do not tell
    whether their workbook counts from 1904, but dates that match the other table's only 1462 days
    later or earlier do, and so do dates from Tuesday to Saturday. Sunday to Thursday is a market
    such as Riyadh's, or local midnights written in another time zone and a day early.

    References
    ----------
    R. A. Fisher (1921), On the Probable Error of a Coefficient of Correlation Deduced from a Small
    Sample, Metron 1, 3-32.

    Examples
    --------
    >>> report = align_report([45000, 45001, 45003], [1, 2, 3], [45001, 45002, 45003], [4, 5, 6])
    >>> for row in report.rows[:5]:
    ...     print(row)
    ('filled rows', 3, 3)
    ('dates in both', 2, 2)
    ('dates not in the other', 1, 1)
    ('the first ten of them', '2023-03-15', '2023-03-17')
    ('repeated dates', 0, 0)
    """
    first, second = _dated(dates_1, values_1, "1"), _dated(dates_2, values_2, "2")
    tables = (first, second)
    distinct = [_distinct(table) for table in tables]
    both = np.intersect1d(distinct[0], distinct[1])
    dropped = [np.setdiff1d(dates, both) for dates in distinct]
    # Only where both have data is a date that one of them has not a missing day.
    begin, end = max(dates[0] for dates in distinct), min(dates[-1] for dates in distinct)
    lacking = [dates[(dates >= begin) & (dates <= end)] for dates in reversed(dropped)]
    ends_of_both = (iso_date(both[0]), iso_date(both[-1])) if len(both) else ("none", "none")
    doubts = date_doubts.doubts(distinct[0], distinct[1], first.label, second.label)
    rows: list[tuple[object, ...]] = [
        ("filled rows", *(len(table.dates) for table in tables)),
        ("dates in both", len(both), len(both)),
        ("dates not in the other", *map(len, dropped)),
        ("the first ten of them", *(_listed([iso_date(d) for d in dates]) for dates in dropped)),
        ("repeated dates", *(int(_repeats(table.dates).sum()) for table in tables)),
        ("rows without a date", *(int(np.isnan(table.dates).sum()) for table in tables)),
        ("times of day cut off", *(table.times for table in tables)),
        ("frequency", *(frequency_of(dates) or "too few dates" for dates in distinct)),
        ("first date", *(iso_date(dates[0]) for dates in distinct)),
        ("last date", *(iso_date(dates[-1]) for dates in distinct)),
        ("first date in both", ends_of_both[0], ends_of_both[0]),
        ("last date in both", ends_of_both[1], ends_of_both[1]),
        ("months that lack days of the other", *map(_months, lacking)),
        *_lag_rows(first, second, both, doubts),
    ]
    return Table(("alignment", first.label, second.label), rows)


def _distinct(table: _Dated) -> Vector:
    """Return the distinct dates, sorted."""
    return np.unique(table.dates[~np.isnan(table.dates)])


def _listed(words: list[str]) -> str:
    return first_of(words, LISTED) or "none"


def _months(lacking: Vector) -> str:
    """Return the months that lack days, each with how many."""
    months, counts = np.unique([iso_date(date)[:7] for date in lacking], return_counts=True)
    return _listed([f"{month} ({n})" for month, n in zip(months, counts, strict=True)])


def _lag_rows(
    first: _Dated, second: _Dated, both: Vector, doubts: list[str]
) -> list[tuple[object, ...]]:
    """Return the rows that tell at which shift the first columns fit best, and all findings."""
    (one, how_1), (other, how_2) = (_comparable(table, both) for table in (first, second))
    scan = scan_lags(one, other)
    finding = "no shift: the dates fit"
    if np.isnan(scan.lag):
        finding = (
            f"no lag compared: fewer than {FEWEST_PAIRS} matched rows, or values that never vary"
        )
    elif scan.is_clear():
        behind, ahead = (second, first) if scan.lag > 0 else (first, second)
        finding = (
            f"shifted: {behind.label} runs {abs(scan.lag)} row(s) behind {ahead.label} "
            f"(correlation {scan.found:.2f}, as dated {scan.as_dated:.2f}); check its dates"
        )
    return [
        ("compared by", how_1, how_2),
        ("correlation as dated", scan.as_dated, ""),
        ("best lag in rows", scan.lag, ""),
        ("correlation at the best lag", scan.found, ""),
        ("finding", "; ".join([*doubts, finding]), ""),
    ]


def _comparable(table: _Dated, both: Vector) -> tuple[Vector, str]:
    """Return the first column over the matched dates, a level by its changes."""
    earliest = np.unique(table.dates, return_index=True)[1]
    once = replace(table, dates=table.dates[earliest], values=table.values[earliest, :1])
    values = _values_on(once, both)[:, 0]
    if len(values) < 2 or not (values[~np.isnan(values)] > 0).all():
        return values, "values"
    changes = np.full_like(values, np.nan)
    changes[1:] = np.diff(values) / values[:-1]
    return changes, "changes (all values are above 0)"
