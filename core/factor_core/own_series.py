"""The numbers of the analyst's columns: prices or returns, rates, and whether they can be right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from factor_core.checks_values import HIGHEST_VOL
from factor_core.errors import InputError, listed, sentence, short
from factor_core.fields import field_key
from factor_core.findings import NORMAL_MEDIAN
from factor_core.labelled import Columns
from factor_core.number_text import read_numbers
from factor_core.own_columns import HIGHEST_RF, SELF_FINANCING_NAMES, is_excess_market
from factor_core.regression import regress
from factor_core.returns import simple_returns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from factor_core.text_table import Column

Kind = Literal["prices", "returns"]

FEWEST_RETURNS = 8  # the fewest for which every number of the workbook exists (omnibus needs 8)
HIGH_RF = 0.15
SURELY_A_PRICE = 2.0  # below it a series of positive numbers may be 1 + return, or an exchange rate
MANY_FALLS = 0.05  # share of numbers not above 0 that returns have and prices have not


class Series(NamedTuple):
    """The numbers of a column in the order of its file."""

    column: Column
    values: NDArray[np.float64]
    percent: bool


def read_series(columns: Sequence[Column]) -> list[Series]:
    """Return the numbers of each column, NaN where missing."""
    return [Series(column, *read_numbers(column)) for column in columns]


def kind_of(series: Sequence[Series], notes: list[str]) -> Kind:
    """Return whether the numbers are prices or returns; InputError where they may be either."""
    looks = [_looks_like(one) for one in series]
    for kind in ("prices", "returns"):
        if all(look == kind for look in looks):
            why = {"prices": "all are positive, typically above 2", "returns": "many are below 0"}
            notes.append(f"Taken for {kind}: {why[kind]}; --prices or --returns decides otherwise.")
            return kind
    doubtful = next((i for i, look in enumerate(looks) if not look), 0)
    column = series[doubtful].column
    mixture = "" if not looks[doubtful] else ", others are of the other kind"
    look = looks[doubtful] or "neither surely prices nor surely returns"
    raise InputError(
        sentence(
            f"{column.file} column '{short(column.name)}' looks like {look}{mixture}; say --prices "
            "or --returns in place of --from, or keep columns of one kind"
        )
    )


def _looks_like(series: Series) -> Kind | None:
    known = series.values[np.isfinite(series.values)]
    if not known.size:
        return None
    falls = float(np.mean(known <= 0))
    if series.percent or falls > MANY_FALLS:
        return "returns"
    return "prices" if falls == 0 and float(np.median(known)) > SURELY_A_PRICE else None


def check_series(series: Sequence[Series], kind: Kind, periods: float, notes: list[str]) -> None:
    """Refuse numbers that cannot be what they are given for, with the column and the remedy."""
    for one in series:
        _check_count(one, kind)
        if kind == "prices":
            _check_prices(one.column, one.values, percent=one.percent)
        else:
            _check_returns(one.column, one.values, periods, notes)


def note_percent(series: Sequence[Series], notes: list[str]) -> None:
    """Say which columns had percent signs."""
    names = [one.column.name for one in series if one.percent]
    if names:
        notes.append(f"Percent signs: {listed(names)} divided by 100.")


def _check_count(series: Series, kind: Kind) -> None:
    column, fewest = series.column, FEWEST_RETURNS + (kind == "prices")
    count = int(np.isfinite(series.values).sum())
    if count < fewest:
        raise InputError(
            sentence(
                f"{column.file} column '{column.name}' has {count} number{'s' * (count != 1)}; "
                f"the workbook needs at least {fewest} {kind}"
            )
        )


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


def read_rates(rf: Column, periods: float, notes: list[str]) -> NDArray[np.float64]:
    """Return the risk-free rates of a column, decimal per period, in the order of its file."""
    values = read_numbers(rf).values
    known = values[np.isfinite(values)]
    if not known.size:
        raise InputError(sentence(f"{rf.file} column '{rf.name}' has no numbers to be a rate"))
    yearly = float(np.median(known)) * periods
    if abs(yearly) > HIGHEST_RF:
        raise InputError(
            sentence(
                f"{rf.file} column '{rf.name}' would be {yearly:.0%} a year; a rate per period, "
                f"decimal, is needed: divide percent by 100 and annual rates by {periods:g}"
            )
        )
    doubt = "; check that it is per period and decimal" if abs(yearly) > HIGH_RF else ""
    notes.append(
        f"Risk-free rate: column '{rf.name}', decimal per period, typically {yearly:.2%} a year"
        f"{doubt}."
    )
    return values


def note_missing_rates(rates: NDArray[np.float64], notes: list[str]) -> None:
    """Say in how many rows the risk-free rate is missing."""
    missing = int(np.isnan(rates).sum())
    if missing:
        notes.append(
            f"Risk-free rate: missing in {missing} of {len(rates)} rows; they stay missing."
        )


def total_market(
    names: tuple[str, ...],
    values: NDArray[np.float64],
    rates: NDArray[np.float64],
    notes: list[str],
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Add rf back to a market in excess of it, because the workbook subtracts rf from all."""
    factors = [name for name in names[:-1] if field_key(name) in SELF_FINANCING_NAMES]
    if factors:
        notes.append(
            f"Check {listed(factors)}: by name a self-financing factor, but treated as an asset, "
            "from which rf is subtracted."
        )
    if not is_excess_market(names[-1]):
        return names, values
    total = new_name(("Mkt", "Market", "Total market"), names)
    notes.append(
        f"Market: '{names[-1]}' is in excess of rf by its name; rf was added back as '{total}', "
        "because the workbook subtracts rf from every series."
    )
    return (*names[:-1], total), np.column_stack([values[:, :-1], values[:, -1] + rates])


def new_name(wanted: Sequence[str], taken: Sequence[str]) -> str:
    """Return the first name that no series has."""
    return next(name for name in (*wanted, "Mkt (French)") if name not in taken)


def note_missing(
    names: tuple[str, ...], values: NDArray[np.float64], kind: Kind, notes: list[str]
) -> None:
    """Say how many numbers each series lacks."""
    counts = dict(zip(names, np.isnan(values).sum(axis=0).tolist(), strict=True))
    gaps = [f"{name} {count}" for name, count in counts.items() if count]
    if gaps:
        spans = "; a return across a gap spans it" if kind == "prices" else ""
        notes.append(f"Missing: {listed(gaps)} of {len(values)} rows; they stay missing{spans}.")


def excess_of(kind: Kind, series: Columns, rates: NDArray[np.float64]) -> Columns:
    """Return the excess returns that the workbook will have: of prices one row fewer."""
    moves = series.values if kind == "returns" else simple_returns(series).values
    return Columns(moves - rates[len(rates) - len(moves) :, None], series.names)


def refuse_without_estimate(file: str, excess: Columns) -> None:
    """Refuse an asset that has no regression on the market, or an exact one.

    A workbook of error cells explains neither.
    """
    *assets, market = (f"'{short(name)}'" for name in excess.names)
    for name, returns in zip(assets, excess.values.T, strict=False):
        reason = _no_estimate(returns, excess.values[:, -1], market)
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
