"""Two dated tables put side by side on their dates, and a report of what that does to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, MissingDataError, require_choice
from factor_core.labelled import Columns, Table, as_columns, same_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, Vector

JOINS = ("inner", "left", "right", "outer")
EXCEL_DAY_ZERO = np.datetime64("1899-12-30")
LISTED_DATES = 10
LARGEST_SHIFT = 5
FEWEST_PAIRS = 20  # below, the best of eleven lags is chance
CLEAR_SHIFT = 4.0  # standard errors of Fisher's z by which a shift must fit better to be named


@dataclass(frozen=True, slots=True)
class _Dated:
    """One dated table: the rows that hold anything, in the order given."""

    dates: Vector  # whole Excel serial numbers; NaN where a value has no date
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
        Excel serial numbers in any order; a time of day is cut off.
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
        raise InputError(
            f"dates_{table.which} row {table.sheet_rows[repeated][0]} repeats the date "
            f"{_iso(table.dates[repeated][0])}; keep one row a date"
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
        spans = (f"{_iso(t.dates.min())} to {_iso(t.dates.max())}" for t in (first, second))
        raise MissingDataError(f"no date is in both: {', and '.join(spans)}")
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


def _iso(serial: float) -> str:
    return str(EXCEL_DAY_ZERO + int(serial))


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
    four standard errors of Fisher's z, :math:`1 / \sqrt{n - 3}`. A positive lag means that the
    second table runs behind the first.

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
    first = _dated(as_columns(dates_1, "dates_1"), as_columns(values_1, "values_1"), "1")
    second = _dated(as_columns(dates_2, "dates_2"), as_columns(values_2, "values_2"), "2")
    tables = (first, second)
    distinct = [_distinct(table) for table in tables]
    both = np.intersect1d(distinct[0], distinct[1])
    dropped = [np.setdiff1d(dates, both) for dates in distinct]
    ends = [(_iso(dates[0]), _iso(dates[-1])) for dates in distinct]
    ends_of_both = (_iso(both[0]), _iso(both[-1])) if len(both) else ("none", "none")
    rows: list[tuple[object, ...]] = [
        ("filled rows", *(len(table.dates) for table in tables)),
        ("dates in both", len(both), len(both)),
        ("dates not in the other", *map(len, dropped)),
        ("the first ten of them", *map(_listed, dropped)),
        ("repeated dates", *(int(_repeats(table.dates).sum()) for table in tables)),
        ("rows without a date", *(int(np.isnan(table.dates).sum()) for table in tables)),
        ("first date", *(first_date for first_date, _ in ends)),
        ("last date", *(last_date for _, last_date in ends)),
        ("first date in both", ends_of_both[0], ends_of_both[0]),
        ("last date in both", ends_of_both[1], ends_of_both[1]),
        *_lag_rows(first, second, both),
    ]
    return Table(("alignment", first.label, second.label), rows)


def _distinct(table: _Dated) -> Vector:
    """Return the distinct dates, sorted."""
    return np.unique(table.dates[~np.isnan(table.dates)])


def _listed(dates: Vector) -> str:
    shown = [_iso(date) for date in dates[:LISTED_DATES]]
    return ", ".join(shown + ["..."] * (len(dates) > LISTED_DATES)) or "none"


def _lag_rows(first: _Dated, second: _Dated, both: Vector) -> list[tuple[object, ...]]:
    """Return the rows that tell at which shift the first columns fit best."""
    (one, how_1), (other, how_2) = (_comparable(table, both) for table in (first, second))
    fits = {lag: _correlation(one, other, lag) for lag in range(-LARGEST_SHIFT, LARGEST_SHIFT + 1)}
    as_dated, pairs = fits[0]
    enough = {lag: r for lag, (r, n) in fits.items() if n >= FEWEST_PAIRS and not np.isnan(r)}
    best, found = np.nan, np.nan
    finding = f"no lag compared: fewer than {FEWEST_PAIRS} matched rows, or values that never vary"
    if pairs >= FEWEST_PAIRS and enough:
        # Of equal fits the smallest shift: it must be better to be named.
        best = max(enough, key=lambda lag: (abs(enough[lag]), -abs(lag)))
        found = enough[best]
        finding = "no shift: the dates fit"
        if best and _is_clear(found, as_dated, pairs):
            behind, ahead = (second, first) if best > 0 else (first, second)
            finding = (
                f"shifted: {behind.label} runs {abs(best)} row(s) behind {ahead.label} "
                f"(correlation {found:.2f}, as dated {as_dated:.2f}); check its dates"
            )
    return [
        ("compared by", how_1, how_2),
        ("correlation as dated", as_dated, ""),
        ("best lag in rows", best, ""),
        ("correlation at the best lag", found, ""),
        ("finding", finding, ""),
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


def _correlation(first: Vector, second: Vector, lag: int) -> tuple[float, int]:
    """Return the correlation of first[t] and second[t + lag], and the number of pairs."""
    overlap = max(len(first) - abs(lag), 0)
    x, y = first[max(-lag, 0) :][:overlap], second[max(lag, 0) :][:overlap]
    paired = ~(np.isnan(x) | np.isnan(y))
    x, y = x[paired], y[paired]
    if len(x) < 3:
        return np.nan, len(x)
    x, y = x - x.mean(), y - y.mean()
    length = float(np.sqrt((x @ x) * (y @ y)))
    return (float(x @ y) / length if length > 0 else np.nan), len(x)


def _is_clear(found: float, as_dated: float, pairs: int) -> bool:
    """Return whether a shift fits better than the dates by more than chance would."""
    perfect = 1 - 1e-12  # a correlation of 1 has no finite z
    now = 0.0 if np.isnan(as_dated) else abs(as_dated)
    gain = np.arctanh(min(abs(found), perfect)) - np.arctanh(min(now, perfect))
    return bool(gain * np.sqrt(pairs - 3) > CLEAR_SHIFT)
