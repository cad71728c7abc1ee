"""Which of the analyst's columns is the market, which the risk-free rate, which are assets."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from factor_core.cells import NUMBER_AS_TEXT
from factor_core.errors import ERROR_TEXTS, InputError, listed, sentence, short
from factor_core.fields import BESIDE, field_key
from factor_core.text_table import Column

if TYPE_CHECKING:
    from collections.abc import Sequence


HIGHEST_RF = 1.0  # a year: annual percentages taken as rates per period give far more

MARKET_NAMES = {
    *("market", "mkt", "mktret", "marketreturn", "marketindex", "index", "benchmark", "bench"),
    *("sp500", "sandp500", "snp500", "spx", "gspc", "sp500tr", "spxt", "sptr", "inx"),
    *("mktrf", "marketrf", "marketexcess", "msciworld", "russell1000", "russell3000"),
    "sp50",  # FactSet's
    *("ftse100", "dax", "gdaxi", "stoxx50", "stoxx600", "nikkei225", "n225", "nasdaq100", "ndx"),
}
EXCESS_MARKET_NAMES = {"mktrf", "marketrf", "marketexcess"}
OF_THE_FACTORS = {"mkt", "mktrf", "market"}  # what --market may call the market of joined factors
SELF_FINANCING_NAMES = {"smb", "hml", "rmw", "cma", "mom", "umd", "wml"}
RF_NAMES = {"rf", "riskfree", "riskfreerate", "rfrate", "rfr", "tbill", "tbills"}
_NOT_IN_A_WORKBOOK = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


@dataclass(frozen=True)
class Choice:
    """Which column is what."""

    assets: list[Column]
    market: Column | None
    """None: the market of the factors that are joined."""
    rf: Column | float | None
    """A column of rates per period, one rate a year, or None: that of the factors."""

    @property
    def series(self) -> list[Column]:
        """The assets and, where it is a column, the market last."""
        return [*self.assets, *([self.market] if self.market else [])]


def choose_columns(
    file: str,
    columns: list[Column],
    market: str | None,
    rf: float | str | None,
    notes: list[str],
    *,
    factors: bool = False,
) -> Choice:
    """Return which column is what, as it is said or as names tell; with a note of each choice.

    Parameters
    ----------
    file : str
        The file or files, for sentences.
    columns : list of Column
        Every column but the dates.
    market, rf : str or None
        The names that the analyst gave; `rf` may be a rate a year.
    notes : list of str
        Takes what was decided.
    factors : bool
        Whether factors are joined, whose market and risk-free rate stand in for what is not there.
    """
    for column in columns:
        _refuse_name(column)
    rf_choice = _choose_rf(file, columns, rf, notes, factors=factors)
    if isinstance(rf_choice, Column) and market is not None and rf_choice is _find(columns, market):
        raise InputError(
            sentence(f"{file} column '{rf_choice.name}' is named as --market and as --rf")
        )
    series = [column for column in columns if column is not rf_choice]
    if not isinstance(rf_choice, Column) and (rf is not None or factors):
        series = _without_rates(series, notes, given=rf is not None)
    chosen = _choose_market(file, series, market, notes, factors=factors)
    assets = [column for column in series if column is not chosen]
    if not assets:
        name = f"the market '{chosen.name}'" if chosen else "the dates"
        raise InputError(
            sentence(f"{file} has no asset beside {name}; add a column, or another file")
        )
    _note_assets(assets, notes)
    return Choice(assets, chosen, rf_choice)


def _note_assets(assets: list[Column], notes: list[str]) -> None:
    notes.append(f"Assets: {listed([column.name for column in assets])}.")
    fields = [column.name for column in assets if field_key(column.name) in BESIDE]
    if fields:
        notes.append(
            f"Check {listed(fields)}: by name a field of a price file, but treated as an asset."
        )


def _refuse_name(column: Column) -> None:
    """Refuse what a sheet would not take as the head of a column."""
    place = f"{column.file} column {column.number}"
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
                f"{place} is named '{short(column.name)}', {what}; "
                "put a row of names above the data, or rename it"
            )
        )


# The market -------------------------------------------------------------------------------------


def _choose_market(
    file: str, columns: list[Column], market: str | None, notes: list[str], *, factors: bool
) -> Column | None:
    if market is not None:
        column = _find(columns, market)
        if column is None and not (factors and field_key(market) in OF_THE_FACTORS):
            raise InputError(
                sentence(f"{file} has no column '{market}'; it has {_quoted(columns)}")
            )
        return column
    candidates = [column for column in columns if _is_market(column.name)]
    if len(candidates) == 1:
        notes.append(f"Market: column '{candidates[0].name}', chosen by its name.")
        return candidates[0]
    if factors and not candidates:
        return None
    if len(columns) == 1 and not candidates:
        raise InputError(
            sentence(
                f"{file} holds one series only, '{columns[0].name}'; add the file of the market "
                "with another --prices or --returns, or join one with --factors CAPM"
            )
        )
    found = "no column is" if not candidates else "several columns are"
    raise InputError(
        sentence(
            f"{file}: {found} named as a market; say --market NAME with one of "
            f"{_quoted(candidates or columns)}"
        )
    )


def is_excess_market(name: str) -> bool:
    """Return whether a name is that of a market in excess of the risk-free rate."""
    return field_key(name) in EXCESS_MARKET_NAMES


def _is_market(name: str) -> bool:
    # Bloomberg calls an index "SPX Index"; the plain name is what the list has.
    key = field_key(re.sub(r"(?<=\w) index$", "", name, flags=re.IGNORECASE))
    return key in MARKET_NAMES or key.startswith(("sp500", "sandp500"))


# The risk-free rate -----------------------------------------------------------------------------


def _choose_rf(
    file: str,
    columns: list[Column],
    rf: float | str | None,
    notes: list[str],
    *,
    factors: bool,
) -> Column | float | None:
    """Return the column of the risk-free rate, the annual rate, or None for that of the factors."""
    if rf is None and factors:
        return None
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


def is_rf_name(name: str) -> bool:
    """Return whether a name is that of a risk-free rate."""
    return field_key(name) in RF_NAMES


def _obvious_rf(file: str, columns: list[Column], notes: list[str]) -> Column | float:
    candidates = [column for column in columns if is_rf_name(column.name)]
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


def _without_rates(columns: list[Column], notes: list[str], *, given: bool) -> list[Column]:
    """Return the columns without a risk-free rate that a number or the factors' own replaces."""
    left_out = [column.name for column in columns if is_rf_name(column.name)]
    if left_out:
        why = "rf is given as a number" if given else "the factors' RF is used; --rf NAME keeps it"
        notes.append(f"Left out: column {listed(left_out)}, because {why}.")
    return [column for column in columns if column.name not in left_out]


def _find(columns: Sequence[Column], name: str) -> Column | None:
    wanted = " ".join(name.split()).casefold()
    return next((column for column in columns if column.name.casefold() == wanted), None)


def _quoted(columns: Sequence[Column]) -> str:
    return listed([f"'{column.name}'" for column in columns])
