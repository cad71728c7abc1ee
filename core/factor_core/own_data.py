"""The analyst's own CSV of prices or returns, read for `factor-udfs new`.

Nothing is guessed in silence: what the file proves is used and noted, what it leaves open is an
error that names the choice to make.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from factor_core.cells import NUMBER_AS_TEXT
from factor_core.date_text import DateOrder, find_date_column, is_date, read_dates
from factor_core.delimited import Column, read_delimited
from factor_core.errors import ERROR_TEXTS, InputError, sentence
from factor_core.labelled import Columns
from factor_core.number_text import DecimalMark, decimal_mark, read_numbers
from factor_core.regression import regress
from factor_core.returns import simple_returns

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

Kind = Literal["prices", "returns"]

FEWEST_RETURNS = 8  # the fewest for which every number of the workbook exists (omnibus needs 8)
FEW_DATES = 60  # too short a span to count rows a year by
HIGHEST_VOL = 2.5  # a year: an index's daily percentages taken for decimals give over 6
HIGHEST_RF = 1.0  # a year: annual percentages taken as rates per period give far more
HIGH_RF = 0.15
NORMAL_MEDIAN = 0.6745  # median of |z| for a normal z

MARKET_NAMES = {
    *("market", "mkt", "mktret", "marketreturn", "marketindex", "index", "benchmark", "bench"),
    *("sp500", "sandp500", "snp500", "spx", "gspc", "sp500tr", "spxt", "sptr", "inx"),
    *("mktrf", "marketrf", "marketexcess", "msciworld", "russell1000", "russell3000"),
    *("ftse100", "dax", "gdaxi", "stoxx50", "stoxx600", "nikkei225", "n225", "nasdaq100", "ndx"),
}
EXCESS_MARKET_NAMES = {"mktrf", "marketrf", "marketexcess"}
SELF_FINANCING_NAMES = {"smb", "hml", "rmw", "cma", "mom", "umd", "wml"}
_NOT_IN_A_WORKBOOK = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
RF_NAMES = {"rf", "riskfree", "riskfreerate", "rfrate", "rfr", "tbill", "tbills"}


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

    @property
    def assets(self) -> tuple[str, ...]:
        """The names without the market."""
        return self.names[:-1]


@dataclass(frozen=True)
class _Choice:
    """Which column is what; the market is the last of `series`."""

    series: list[Column]
    rf: Column | float


@dataclass(frozen=True)
class _Reading:
    """How the cells of this file are to be read."""

    kind: Kind
    periods: float
    mark: DecimalMark


def read_own_data(
    path: str | Path,
    kind: Kind = "prices",
    *,
    market: str | None = None,
    rf: float | str | None = None,
    periods: float = 252,
    dates: DateOrder | None = None,
    decimal: DecimalMark | None = None,
) -> OwnData:
    """Return the series of a CSV file with one column of dates and one for each asset.

    Parameters
    ----------
    path : path
        Comma, semicolon, tab or bar between cells; the first row holds the names.
    kind : {"prices", "returns"}
        Prices above 0, or decimal returns (0.01 or 1%).
    market : str, optional
        The market's column. Left out: the one column named as a market, such as SPX.
    rf : float or str, optional
        The column of the risk-free rate, decimal per period, or a number: the simple annual rate,
        decimal. Left out: the one column named as a risk-free rate, else 0.
    periods : float
        Periods per year: 252 daily, 52 weekly, 12 monthly.
    dates : {"dmy", "mdy"}, optional
        Order of day and month, needed only where no date of the column tells.
    decimal : {".", ","}, optional
        Decimal mark, needed only where no number of the file tells.

    Raises
    ------
    InputError
        A file, cell, column or choice that cannot be right, with its row and the remedy.
    """
    if not (math.isfinite(periods) and periods > 0):
        raise InputError(f"periods is {periods:g}; use 252 daily, 52 weekly, 12 monthly")
    table = read_delimited(Path(path).expanduser())
    notes = list(table.notes)
    named = _named_columns(table.file, table.columns, notes)
    date_column, form = find_date_column(table.file, named)
    if is_date(date_column.name, form):
        raise InputError(sentence(f"{table.file} begins with data; put a row of names above it"))
    days = read_dates(date_column, form, dates)
    notes += days.notes
    columns = [column for column in named if column is not date_column]
    mark = decimal_mark(table.file, columns, table.delimiter, decimal)
    if mark == ",":
        notes.append("Numbers: the comma is the decimal mark.")
    choice = _choose_columns(table.file, columns, market, rf, notes)
    reading = _Reading(kind, periods, mark)
    values = np.column_stack([_series(column, reading, notes) for column in choice.series])
    rates = _rates(choice.rf, len(values), reading, notes)
    order = _oldest_first(days.dates, date_column, notes)
    in_order = tuple(days.dates[index] for index in order)
    _check_frequency(table.file, in_order, periods, notes)
    names = tuple(column.name for column in choice.series)
    if kind == "returns" and rates.any():
        names, values = _total_market(names, values, rates, notes)
    _note_missing(names, values, kind, notes)
    _refuse_without_estimate(table.file, kind, Columns(values[order], names), rates[order])
    return OwnData(
        kind, in_order, names, values[order], names[-1], rates[order], float(periods), tuple(notes)
    )


# Columns ----------------------------------------------------------------------------------------


def _named_columns(file: str, columns: Sequence[Column], notes: list[str]) -> list[Column]:
    """Return the columns without those that are wholly blank; names must be there and differ."""
    kept = [column for column in columns if column.name or column.sample(1)]
    if len(kept) < len(columns):
        notes.append(f"{len(columns) - len(kept)} blank column(s) without a name skipped.")
    seen: dict[str, Column] = {}
    for column in kept:
        other = seen.setdefault(column.name.casefold(), column)
        if other is not column:
            raise InputError(
                sentence(
                    f"{file} columns {other.number} and {column.number} are both named "
                    f"'{column.name}'; rename one of them"
                )
            )
    return kept


def _choose_columns(
    file: str,
    columns: list[Column],
    market: str | None,
    rf: float | str | None,
    notes: list[str],
) -> _Choice:
    for column in columns:
        _refuse_name(file, column)
    rf_choice = _choose_rf(file, columns, rf, notes)
    if isinstance(rf_choice, Column) and market is not None and rf_choice is _find(columns, market):
        raise InputError(
            sentence(f"{file} column '{rf_choice.name}' is named as --market and as --rf")
        )
    series = [column for column in columns if column is not rf_choice]
    if not isinstance(rf_choice, Column):
        series = _without_rates(series, notes) if rf is not None else series
    chosen = _choose_market(file, series, market, notes)
    assets = [column for column in series if column is not chosen]
    if not assets:
        raise InputError(
            sentence(f"{file} has no asset beside the market '{chosen.name}'; add a column")
        )
    notes.append(f"Assets: {_listed([column.name for column in assets])}.")
    return _Choice([*assets, chosen], rf_choice)


def _refuse_name(file: str, column: Column) -> None:
    """Refuse what a sheet would not take as the head of a column."""
    place = f"{file} column {column.number}"
    if not column.name:
        raise InputError(sentence(f"{place} has no name; name or delete it"))
    what = ""
    if NUMBER_AS_TEXT.fullmatch(column.name):
        what = "a number"
    elif column.name.upper() in ERROR_TEXTS:
        what = "an error value of a spreadsheet"
    elif _NOT_IN_A_WORKBOOK.search(column.name):
        what = "with a character that no workbook can hold"
    if what:
        raise InputError(
            sentence(
                f"{place} is named '{_short(column.name)}', {what}; "
                "put a row of names above the data, or rename it"
            )
        )


def _choose_market(
    file: str, columns: list[Column], market: str | None, notes: list[str]
) -> Column:
    if market is not None:
        column = _find(columns, market)
        if column is None:
            raise InputError(
                sentence(f"{file} has no column '{market}'; it has {_quoted(columns)}")
            )
        return column
    candidates = [column for column in columns if _is_market(column.name)]
    if len(candidates) == 1:
        notes.append(f"Market: column '{candidates[0].name}', chosen by its name.")
        return candidates[0]
    found = "no column is" if not candidates else "several columns are"
    raise InputError(
        sentence(
            f"{file}: {found} named as a market; say --market NAME with one of "
            f"{_quoted(candidates or columns)}"
        )
    )


def _choose_rf(
    file: str, columns: list[Column], rf: float | str | None, notes: list[str]
) -> Column | float:
    """Return the column of the risk-free rate, or the annual rate."""
    if rf is None:
        return _obvious_rf(file, columns, notes)
    column = _find(columns, rf) if isinstance(rf, str) else None
    if column is not None:
        return column
    rate = _annual_rate(rf)
    if rate is None:
        raise InputError(
            sentence(
                f"{file} has no column '{rf}' for the risk-free rate; say --rf with one of "
                f"{_quoted(columns)} or an annual rate such as 0.03"
            )
        )
    if not -HIGHEST_RF < rate < HIGHEST_RF:
        raise InputError(
            f"rf is {rate:g}, that is {rate:.0%} a year; write 3 % a year as 0.03 or 3%"
        )
    notes.append(f"Risk-free rate: {rate:.4%} a year, simple, divided by the periods per year.")
    return rate


def _obvious_rf(file: str, columns: list[Column], notes: list[str]) -> Column | float:
    candidates = [column for column in columns if _key(column.name) in RF_NAMES]
    if len(candidates) > 1:
        raise InputError(
            sentence(
                f"{file} has several risk-free rates; say --rf with one of {_quoted(candidates)}"
            )
        )
    if candidates:
        notes.append(f"Risk-free rate: column '{candidates[0].name}', chosen by its name.")
        return candidates[0]
    notes.append("Risk-free rate: none given, 0 is used: excess returns equal the returns.")
    return 0.0


def _annual_rate(rf: float | str) -> float | None:
    """Return a rate given as a number, or as text such as 0.03 or 3%; None if it is neither."""
    match = re.fullmatch(r"\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*(%?)\s*", str(rf), re.ASCII)
    if match is None:
        return float(rf) if isinstance(rf, (int, float)) and math.isfinite(rf) else None
    return float(match.group(1) + ("e-2" if match.group(2) else ""))


def _without_rates(columns: list[Column], notes: list[str]) -> list[Column]:
    """Return the columns without a risk-free rate that a given number replaces."""
    left_out = [column.name for column in columns if _key(column.name) in RF_NAMES]
    if left_out:
        notes.append(f"Left out: column {_listed(left_out)}, because rf is given as a number.")
    return [column for column in columns if column.name not in left_out]


def _find(columns: Sequence[Column], name: str) -> Column | None:
    wanted = " ".join(name.split()).casefold()
    return next((column for column in columns if column.name.casefold() == wanted), None)


def _key(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _is_market(name: str) -> bool:
    return _key(name) in MARKET_NAMES or _key(name).startswith(("sp500", "sandp500"))


def _quoted(columns: Sequence[Column]) -> str:
    return _listed([f"'{column.name}'" for column in columns])


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


# Numbers ----------------------------------------------------------------------------------------


def _series(column: Column, reading: _Reading, notes: list[str]) -> NDArray[np.float64]:
    """Return the prices or returns of a column, in the order of the file."""
    values, percent = read_numbers(column, reading.mark)
    fewest = FEWEST_RETURNS + (reading.kind == "prices")
    count = int(np.isfinite(values).sum())
    if count < fewest:
        raise InputError(
            sentence(
                f"{column.file} column '{column.name}' has {count} number{'s' * (count != 1)}; "
                f"the workbook needs at least {fewest} {reading.kind}"
            )
        )
    if reading.kind == "prices":
        _check_prices(column, values, percent=percent)
    else:
        _check_returns(column, values, reading.periods, notes)
    if percent:
        notes.append(f"Percent signs: column '{column.name}' was divided by 100.")
    return values


def _check_prices(column: Column, values: NDArray[np.float64], *, percent: bool) -> None:
    """Refuse what cannot be a price."""
    wrong = np.flatnonzero(values <= 0)
    if not wrong.size and not percent:
        return
    finite = values[np.isfinite(values)]
    if percent or (np.median(np.abs(finite)) < 1 and wrong.size > 0.1 * finite.size):
        raise InputError(
            sentence(
                f"{column.file} column '{column.name}' looks like returns, not prices; "
                "use --returns in place of --prices"
            )
        )
    raise InputError(
        sentence(
            f"{column.place(int(wrong[0]))} is {values[wrong[0]]:g}; a price must be above 0: "
            "correct it or leave it blank"
        )
    )


def _check_returns(
    column: Column, values: NDArray[np.float64], periods: float, notes: list[str]
) -> None:
    """Refuse prices and percentages given as decimal returns."""
    moves = values[np.isfinite(values) & (values != 0)]
    if not moves.size:
        return
    typical = float(np.median(np.abs(moves)))
    where = f"{column.file} column '{column.name}'"
    if (moves > 0).all() and typical > 0.5:
        raise InputError(
            sentence(
                f"{where} looks like prices: all values are positive, typically {typical:.4g}; "
                "use --prices in place of --returns"
            )
        )
    if typical / NORMAL_MEDIAN * math.sqrt(periods) > HIGHEST_VOL:
        raise InputError(
            sentence(
                f"{where} moves by {typical:.3g} in a typical period, which looks like percent; "
                "divide it by 100 or write percent signs, so that 0.01 or 1% is one percent"
            )
        )
    ruined = np.flatnonzero(values < -1)
    if ruined.size:
        notes.append(f"Check {column.place(int(ruined[0]))}: a return below -100 %.")


def _rates(
    rf: Column | float, count: int, reading: _Reading, notes: list[str]
) -> NDArray[np.float64]:
    """Return the risk-free rate of each row, decimal per period."""
    if not isinstance(rf, Column):
        return np.full(count, rf / reading.periods)
    values = read_numbers(rf, reading.mark).values
    known = values[np.isfinite(values)]
    if not known.size:
        raise InputError(sentence(f"{rf.file} column '{rf.name}' has no numbers to be a rate"))
    yearly = float(np.median(known)) * reading.periods
    if abs(yearly) > HIGHEST_RF:
        raise InputError(
            sentence(
                f"{rf.file} column '{rf.name}' would be {yearly:.0%} a year; a rate per period, "
                f"decimal, is needed: divide percent by 100 and annual rates by {reading.periods:g}"
            )
        )
    doubt = "; check that it is per period and decimal" if abs(yearly) > HIGH_RF else ""
    notes.append(
        f"Risk-free rate: column '{rf.name}', decimal per period, typically {yearly:.2%} a year"
        f"{doubt}."
    )
    missing = count - known.size
    if missing:
        notes.append(f"Risk-free rate: missing in {missing} of {count} rows; they stay missing.")
    return values


def _total_market(
    names: tuple[str, ...],
    values: NDArray[np.float64],
    rates: NDArray[np.float64],
    notes: list[str],
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Add rf back to a market in excess of it, because the workbook subtracts rf from all."""
    factors = [name for name in names[:-1] if _key(name) in SELF_FINANCING_NAMES]
    if factors:
        notes.append(
            f"Check {_listed(factors)}: by name a self-financing factor, but treated as an asset, "
            "from which rf is subtracted."
        )
    if _key(names[-1]) not in EXCESS_MARKET_NAMES:
        return names, values
    total = next(name for name in ("Mkt", "Market", "Total market") if name not in names)
    notes.append(
        f"Market: '{names[-1]}' is in excess of rf by its name; rf was added back as '{total}', "
        "because the workbook subtracts rf from every series."
    )
    return (*names[:-1], total), np.column_stack([values[:, :-1], values[:, -1] + rates])


def _refuse_without_estimate(
    file: str, kind: Kind, series: Columns, rates: NDArray[np.float64]
) -> None:
    """Refuse an asset that has no regression on the market, or an exact one.

    A workbook of error cells explains neither.
    """
    moves = series.values if kind == "returns" else simple_returns(series).values
    excess = moves - (rates if kind == "returns" else rates[1:])[:, None]
    *assets, market = (f"'{_short(name)}'" for name in series.names)
    for name, returns in zip(assets, excess.T, strict=False):
        reason = _no_estimate(returns, excess[:, -1], market)
        if reason:
            raise InputError(sentence(f"{file} column {name} {reason}"))


def _no_estimate(returns: NDArray[np.float64], market: NDArray[np.float64], name: str) -> str:
    """Return why the returns cannot be estimated or hedged; empty where they can."""
    common = ~np.isnan(returns) & ~np.isnan(market)
    count = int(common.sum())
    if count < FEWEST_RETURNS:
        few = f"has {count} returns in common with the market {name}"
        return f"{few}; at least {FEWEST_RETURNS} are needed: leave the column out"
    if not np.ptp(market[common]):
        return f"has returns only where the market {name} never changes; choose another --market"
    fit = regress(returns, market)
    if not fit.tss[0]:
        return "never changes, so that there is no risk to explain; leave the column out"
    if fit.is_exact[0]:
        return f"only repeats the market {name}, so that a hedge leaves nothing; leave it out"
    return ""


def _short(name: str) -> str:
    return name if len(name) <= 60 else name[:57] + "..."


def _note_missing(
    names: tuple[str, ...], values: NDArray[np.float64], kind: Kind, notes: list[str]
) -> None:
    counts = dict(zip(names, np.isnan(values).sum(axis=0).tolist(), strict=True))
    gaps = [f"{name} {count}" for name, count in counts.items() if count]
    if gaps:
        spans = "; a return across a gap spans it" if kind == "prices" else ""
        notes.append(f"Missing: {_listed(gaps)} of {len(values)} rows; they stay missing{spans}.")


# Rows -------------------------------------------------------------------------------------------


def _oldest_first(days: Sequence[dt.date], column: Column, notes: list[str]) -> NDArray[np.intp]:
    """Return the order of the rows by date; the same date twice is an error."""
    numbers = np.fromiter((day.toordinal() for day in days), np.int64, len(days))
    order = np.argsort(numbers, kind="stable")
    twice = np.flatnonzero(np.diff(numbers[order]) == 0)
    if twice.size:
        first, second = order[twice[0]], order[twice[0] + 1]
        raise InputError(
            sentence(
                f"{column.file} has the date {days[first]} twice, in rows {column.rows[first]} and "
                f"{column.rows[second]}; keep one row for each date"
            )
        )
    steps = np.diff(numbers)
    if (steps < 0).all():
        notes.append("Rows: newest first in the file; they were turned round.")
    elif (steps < 0).any():
        notes.append("Rows: not in the order of their dates; they were sorted, oldest first.")
    return order


def _check_frequency(file: str, days: Sequence[dt.date], periods: float, notes: list[str]) -> None:
    """Refuse periods per year that the dates contradict: every annual figure would be wrong."""
    counted = (len(days) - 1) / (days[-1] - days[0]).days * 365.25
    if len(days) > FEW_DATES and not 0.9 < periods / counted < 1.1:
        notes.append(
            f"Check --periods: the dates come to {counted:.0f} rows a year, annual figures are for "
            f"{periods:g}."
        )
    gap = float(np.median(np.diff([day.toordinal() for day in days])))
    per_year = 365.25 / gap
    if 0.5 <= periods / per_year <= 2:
        return
    usual = {252: 1.0, 52: 7.0, 12: 30.4, 4: 91.3, 2: 182.6, 1: 365.25}
    fitting = min(usual, key=lambda count: abs(math.log(usual[count] / gap)))
    raise InputError(
        sentence(
            f"{file} has rows {gap:g} days apart but periods is {periods:g} a year; "
            f"say --periods {fitting}"
        )
    )
