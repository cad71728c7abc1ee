"""The factors of a universe, and the dates on which returns and factors meet."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.date_text import find_date_column, read_dates
from factor_core.delimited import read_delimited
from factor_core.errors import InputError, sentence
from factor_core.number_text import decimal_mark, read_numbers
from factor_core.own_columns import is_rf_name
from factor_core.universe_files import (
    Codes,
    ParquetReturns,
    Wide,
    encode_once,
    find_layout,
    is_parquet,
    refuse_names,
)

if TYPE_CHECKING:
    from pathlib import Path

    from factor_core.date_text import DateOrder
    from factor_core.labelled import Matrix, Vector
    from factor_core.number_text import DecimalMark
    from factor_core.universe import Days
    from factor_core.universe_sources import Places

NO_RATE = "none"  # --rf none: returns are excess returns although the factors carry a rate


class Factors(NamedTuple):
    """Factor returns, oldest first."""

    dates: Days
    names: tuple[str, ...]
    values: Matrix  # n x k; NaN is missing
    rf: Vector | None  # rate per period, taken off every return
    notes: list[str]


def read_factors(
    path: Path,
    rf: str | None,
    order: DateOrder | None,
    decimal: DecimalMark | None,
    periods: float = 252,
) -> Factors:
    """Return the factors of a wide Parquet or CSV file: one column of dates, one a factor.

    Of a file of Kenneth French's the table is taken whose rows come `periods` times a year.

    Raises
    ------
    InputError
        A file, cell or column that cannot be right; a column that is named as a risk-free rate
        where `rf` does not say whether to take it off the returns.
    """
    days, names, values, notes = _read(path, order, decimal, periods)
    if "" in names:
        raise InputError(sentence(f"{path.name} has a factor without a name; name or delete it"))
    rate = _rate_column(path.name, names, rf)
    kept = [j for j in range(len(names)) if j != rate]
    if not kept:
        raise InputError(sentence(f"{path.name} has no factor beside '{names[0]}'; add a column"))
    if np.isinf(values).any():
        row, column = np.argwhere(np.isinf(values))[0]
        raise InputError(
            sentence(f"{path.name} has an infinite '{names[column]}' on {days[row]}; correct it")
        )
    oldest_first = np.argsort(days, kind="stable")
    days, values = days[oldest_first], values[oldest_first]
    again = np.flatnonzero(days[1:] == days[:-1])
    if len(again):
        raise InputError(sentence(f"{path.name} has two rows of {days[again[0]]}; keep one"))
    taken_off = rate is not None and rf != NO_RATE
    return Factors(
        days,
        tuple(names[j] for j in kept),
        values[:, kept],
        values[:, rate] if taken_off else None,
        notes,
    )


def _read(
    path: Path, order: DateOrder | None, decimal: DecimalMark | None, periods: float
) -> tuple[Days, tuple[str, ...], Matrix, list[str]]:
    if is_parquet(path):
        return _read_parquet(ParquetReturns(path), order)
    try:
        table = read_delimited(path, periods=periods)
    except InputError as error:  # `table` has no --sheet
        text = str(error).replace("say --sheet with one of", "save one as its own CSV:")
        raise InputError(text) from error
    refuse_names(table.file, [column.name for column in table.columns])
    date, form = find_date_column(table.file, table.columns)
    columns = [column for column in table.columns if column is not date]
    if not table.percent:  # written with a point by the one who wrote the percent signs
        mark = decimal_mark(table.file, columns, table.delimiter, decimal)
        columns = [replace(column, mark=mark) for column in columns]
    values = np.column_stack([read_numbers(column).values for column in columns])
    days = np.array(read_dates(date, form, order).dates, dtype="datetime64[D]")
    return days, tuple(column.name for column in columns), values, table.notes


def _read_parquet(
    file: ParquetReturns, order: DateOrder | None
) -> tuple[Days, tuple[str, ...], Matrix, list[str]]:
    layout = find_layout(file, None)
    if not isinstance(layout, Wide):
        raise InputError(
            sentence(f"{file.name} is a long file; factors need one column each, and one of dates")
        )
    codes, blocks = Codes(file, layout.date), []
    for batch in file.batches([layout.date], layout.assets):
        encode_once(codes, batch.column(0))
        columns = [column.to_numpy(zero_copy_only=False) for column in batch.columns[1:]]
        blocks.append(np.column_stack(columns))
    return codes.days(order, file.notes), layout.assets, np.vstack(blocks), file.notes


def _rate_column(file: str, names: tuple[str, ...], rf: str | None) -> int | None:
    """Return the position of the risk-free rate, which is no factor."""
    obvious = [j for j, name in enumerate(names) if is_rf_name(name)]
    if rf is None and obvious:
        name = names[obvious[0]]
        raise InputError(
            sentence(
                f"{file} has a risk-free rate '{name}', which is no factor: say --rf {name} to "
                f"take it off the returns, or --rf {NO_RATE} where they are excess returns"
            )
        )
    if rf is None:
        return None
    if rf == NO_RATE:
        return obvious[0] if obvious else None
    if rf not in names:
        raise InputError(
            sentence(f"{file} has no column '{rf}' for --rf; it has {', '.join(names[:8])}")
        )
    return names.index(rf)


class Meeting(NamedTuple):
    """The dates that returns and factors share."""

    factors: Factors  # on these dates only
    places: Places  # of the rows of the returns among them; -1 where a row is left out
    note: str | None


def meet(days: Days, factors: Factors, returns_name: str, factors_name: str) -> Meeting:
    """Return factors and returns on the dates that both have; say which dates are left out.

    A date without factors has no complete row, so that it cannot enter any estimate.
    """
    shared = np.isin(factors.dates, days)
    dates = factors.dates[shared]
    if not len(dates):
        raise InputError(
            sentence(
                f"no date of {returns_name} ({_span(days)}) is in {factors_name} "
                f"({_span(factors.dates)}); both need the same dates"
            )
        )
    places = np.searchsorted(dates, days)
    places[~np.isin(days, dates)] = -1
    lost = np.unique(days[places < 0])
    note = None
    if len(lost):
        note = (
            f"{len(lost):,} of the {len(np.unique(days)):,} dates of {returns_name} "
            f"({_span(lost)}) have no factors and are left out."
        )
    rf = None if factors.rf is None else factors.rf[shared]
    met = factors._replace(dates=dates, values=factors.values[shared], rf=rf)
    return Meeting(met, places, note)


def _span(days: Days) -> str:
    return f"{days.min()} to {days.max()}"
