"""The analyst's own prices or returns, read for `factor-udfs new`.

Nothing is guessed in silence: what the files prove is used and noted, what they leave open is an
error that names the choice to make.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from factor_core import own_factors, own_series
from factor_core.errors import InputError
from factor_core.labelled import Columns
from factor_core.own_columns import Choice, choose_columns
from factor_core.own_factors import FactorBlock, index_of, join_factors
from factor_core.own_series import FEWEST_RETURNS, Kind
from factor_core.own_tables import Reading, calendar_of, placed, read_dated
from factor_core.text_table import Column

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from factor_core.date_text import DateOrder
    from factor_core.number_text import DecimalMark
    from factor_core.own_tables import Calendar, DatedTable

__all__ = ["FEWEST_RETURNS", "Kind", "OwnData", "read_own_data"]


@dataclass(frozen=True)
class OwnData:
    """The analyst's series, oldest row first; `names` are the assets and, last, the market."""

    kind: Kind
    dates: tuple[dt.date, ...]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    """n x m prices, or decimal returns, one column for each of `names`; NaN where missing."""
    market: str
    rf: NDArray[np.float64]
    """n rates per period, decimal: rf[t] belongs to the return of row t; NaN where missing."""
    periods: float
    notes: tuple[str, ...]
    """Everything noticed or decided, in plain English."""
    factors: FactorBlock | None = None
    """The factors that were joined, on the same dates."""
    market_of_factors: bool = False
    """Whether the market is that of the factors, dividends included."""

    @property
    def assets(self) -> tuple[str, ...]:
        """The names without the market."""
        return self.names[:-1]


def read_own_data(
    path: str | Path | Sequence[str | Path],
    kind: Kind | None = "prices",
    *,
    market: str | None = None,
    rf: float | str | None = None,
    periods: float = 252,
    dates: DateOrder | None = None,
    decimal: DecimalMark | None = None,
    sheet: str | None = None,
    factors: str | None = None,
    factors_file: str | None = None,
) -> OwnData:
    """Return the series of one or several files, each with a column of dates.

    Parameters
    ----------
    path : path or sequence of paths
        CSV (comma, semicolon, tab or bar), .xlsx or .xlsm, Parquet; wide, with a column for each
        asset, or long, with a row for each date and ticker. A file of the fields of one asset
        (open, high, low, close, adjusted close) is that asset, named by the file. Several files
        are joined on their dates.
    kind : {"prices", "returns"}, optional
        Prices above 0, or decimal returns (0.01 or 1%). None: what the numbers surely are.
    market : str, optional
        The market's column. Left out: the one column named as a market, such as SPX; else the
        market of the factors.
    rf : float or str, optional
        The column of the risk-free rate, decimal per period, or a number: the simple annual rate,
        decimal. Left out: that of the factors; without factors the one column named as a
        risk-free rate, else 0.
    periods : float
        Periods per year: 252 daily, 52 weekly, 12 monthly.
    dates : {"dmy", "mdy"}, optional
        Order of day and month, needed only where no date of the column tells.
    decimal : {".", ","}, optional
        Decimal mark, needed only where no number of the file tells.
    sheet : str, optional
        The sheet of a workbook, or the title of a table in a file of Kenneth French's.
    factors : {"CAPM", "FF3", "FF5", "CARHART", "FF6"}, optional
        Join the factors of this model on the dates.
    factors_file : str, optional
        Where they come from: left out the library, "sample", or files of the library.

    Raises
    ------
    InputError
        A file, cell, column or choice that cannot be right, with its row and the remedy.
    FactorError
        Factors that cannot be had.
    """
    if not (math.isfinite(periods) and periods > 0):
        raise InputError(f"periods is {periods:g}; use 252 daily, 52 weekly, 12 monthly")
    tables, notes = _read(
        [path] if isinstance(path, str | Path) else path, Reading(periods, dates, decimal, sheet)
    )
    file = _together([table.file for table in tables])
    calendar = calendar_of(tables, periods, notes)
    columns = [column for table in tables for column in table.columns]
    choice = choose_columns(file, columns, market, rf, notes, factors=factors is not None)
    series = own_series.read_series(choice.series)
    kind = kind or own_series.kind_of(series, notes)
    own_series.check_series(series, kind, periods, notes)
    percent = [one for one in series if not _is_known_percent(one.column, tables)]
    own_series.note_percent(percent, notes)
    values = np.column_stack([placed(one.values, one.column, tables, calendar) for one in series])
    names = tuple(one.column.name for one in series)
    block = None
    if factors is not None:
        block = join_factors(factors, factors_file, calendar.days, kind, periods, notes)
        names, values = _with_market(choice, names, values, block, kind, notes)
    rates = _rates(choice, tables, calendar, block, periods, notes)
    if kind == "returns" and rates.any():
        names, values = own_series.total_market(names, values, rates, notes)
    own_series.note_missing(names, values, kind, notes)
    excess = own_series.excess_of(kind, Columns(values, names), rates)
    own_series.refuse_without_estimate(file, excess)
    if block is not None:
        own_factors.refuse_without_estimate(file, excess, block)
    return OwnData(
        kind,
        calendar.days,
        names,
        values,
        names[-1],
        rates,
        float(periods),
        tuple(notes),
        block,
        choice.market is None,
    )


def _read(paths: Sequence[str | Path], reading: Reading) -> tuple[list[DatedTable], list[str]]:
    """Return the files, and what was noted of each, with its name where there are several."""
    tables = [read_dated(Path(path).expanduser(), reading) for path in paths]
    if not tables:
        raise InputError("no file is given; name one with --prices, --returns or --from")
    notes = [
        note if len(tables) == 1 or table.file in note else f"{table.file}: {note}"
        for table in tables
        for note in table.notes
    ]
    return tables, notes


def _together(files: Sequence[str]) -> str:
    """Return the files as sentences name them."""
    shown = " and ".join(files[:2])
    return shown if len(files) < 3 else f"{files[0]} and {len(files) - 1} more files"


def _is_known_percent(column: Column, tables: Sequence[DatedTable]) -> bool:
    return any(table.percent and column in table.columns for table in tables)


def _with_market(
    choice: Choice,
    names: tuple[str, ...],
    values: NDArray[np.float64],
    block: FactorBlock,
    kind: Kind,
    notes: list[str],
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Return the series with the factors' market last, where the analyst has none."""
    if choice.market is not None:
        return names, values
    name = own_series.new_name(("Mkt", "Market", "Total market"), names)
    form = "as an index that begins at 100" if kind == "prices" else "as returns"
    notes.append(
        f"Market: '{name}' is Mkt-RF + RF of the factors, {form}, because the workbook subtracts "
        "rf from every series."
    )
    market = index_of(block.market) if kind == "prices" else block.market
    return (*names, name), np.column_stack([values, market])


def _rates(
    choice: Choice,
    tables: Sequence[DatedTable],
    calendar: Calendar,
    block: FactorBlock | None,
    periods: float,
    notes: list[str],
) -> NDArray[np.float64]:
    """Return the risk-free rate of each row, decimal per period."""
    if isinstance(choice.rf, Column):
        read = own_series.read_rates(choice.rf, periods, notes)
        rates = placed(read, choice.rf, tables, calendar)
        own_series.note_missing_rates(rates, notes)
        return rates
    if choice.rf is None and block is not None:
        notes.append(f"Risk-free rate: RF of {block.model}, of each row's own period.")
        own_series.note_missing_rates(block.rf, notes)
        return block.rf
    return np.full(len(calendar.days), (choice.rf or 0.0) / periods)
