"""Kenneth French's factors beside the analyst's rows, matched by day, week, month or year."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from factor_core import french
from factor_core.errors import FactorError, InputError, first_of, sentence, short
from factor_core.labelled import Columns
from factor_core.own_series import FEWEST_RETURNS
from factor_core.period_keys import UNITS, letter_of, period_key, period_text
from factor_core.regression import regress

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from factor_core.own_series import Kind

MARKET = "Mkt-RF"
LIBRARY = "Kenneth French's library"


@dataclass(frozen=True)
class FactorBlock:
    """Factors on the analyst's dates; NaN where the library has none."""

    model: str
    names: tuple[str, ...]
    """Mkt-RF first; RF is none of them."""
    values: NDArray[np.float64]
    """n x len(names), self-financing returns of the analyst's rows, decimal."""
    rf: NDArray[np.float64]
    """n rates of the same rows."""
    source: str

    @property
    def market(self) -> NDArray[np.float64]:
        """The market's total return, Mkt-RF + RF."""
        return self.values[:, self.names.index(MARKET)] + self.rf


def join_factors(
    model: str,
    file: str | None,
    days: Sequence[dt.date],
    kind: Kind,
    periods: float,
    notes: list[str],
) -> FactorBlock:
    """Return the factors of a model on the analyst's dates, and say what the join drops.

    Parameters
    ----------
    model : {"CAPM", "FF3", "FF5", "CARHART", "FF6"}
        Which factors.
    file : str or None
        None: the library. "sample": the built-in monthly sample. Else files of the library.
    days : sequence of date
        The analyst's dates, oldest first.
    kind : {"prices", "returns"}
        The return of a price spans the time since the row before, so that factors are compounded
        over it: each total return by itself, RF apart, the market in excess as their difference.
        A return stands for its own period alone.
    periods : float
        Rows a year, which give the frequency of the factors.
    notes : list of str
        Takes what was matched, compounded and left without factors.

    Raises
    ------
    InputError
        Another frequency, two rows in one month, no common period.
    FactorError
        The library cannot be had: the sentence says what to do.
    """
    letter = letter_of(periods)
    if letter is None:
        raise InputError(
            f"--factors needs daily, weekly, monthly or annual rows, but periods is {periods:g}; "
            "say --periods 252, 52, 12 or 1"
        )
    found = _factors(model, letter, file)
    own = np.array([period_key(day, letter) for day in days])
    _refuse_two_rows(own, days, letter)
    his_days = [french.date_of(serial) for serial in found.dates]
    his = np.array([period_key(day, letter) for day in his_days])
    first, last = _spans(own, his, kind)
    if not (last >= 0).any():
        raise InputError(
            sentence(
                f"no date of yours, {days[0]} to {days[-1]}, has factors: those of {model} run "
                f"from {his_days[0]} to {his_days[-1]}"
            )
        )
    _note_join(days, his_days, first, last, letter, notes)
    values = _compounded(found.values, first, last, found.names)
    source = {None: LIBRARY, french.SAMPLE: "the built-in sample"}.get(file, str(file))
    notes += [f"Factors: {note}." for note in found.notes]
    return FactorBlock(
        model.strip().upper(), found.names[:-1], values[:, :-1], values[:, -1], source
    )


def _factors(model: str, letter: str, file: str | None) -> french.Factors:
    try:
        return french.factors(model, letter, file=file)
    except FactorError as error:
        # His sentences name the arguments of the worksheet function.
        text = str(error).replace("give file ", "give --factors-file ")
        text = text.replace("leave file out", "leave --factors-file out")
        raise type(error)(sentence(f"--factors {model}: {text}")) from error


def _refuse_two_rows(own: NDArray[np.int64], days: Sequence[dt.date], letter: str) -> None:
    same = np.flatnonzero(np.diff(own) == 0)
    if same.size:
        at = int(same[0])
        raise InputError(
            sentence(
                f"{days[at]} and {days[at + 1]} lie in one {UNITS[letter]}, so that its factors "
                f"belong to both; keep one row for each {UNITS[letter]}"
            )
        )


def _spans(
    own: NDArray[np.int64], his: NDArray[np.int64], kind: Kind
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the first and last of his rows that each of the analyst's rows spans; -1 for none."""
    at = np.searchsorted(his, own)
    inside = at < len(his)
    matched = inside & (his[np.where(inside, at, 0)] == own)
    last = np.where(matched, at, -1)
    first = last.copy()
    if kind == "prices":
        after = np.searchsorted(his, own[:-1], side="right")
        first[1:] = np.where(matched[1:], after, -1)
        # Before his first row there is nothing to compound: what is known is the row itself.
        first[1:] = np.where(own[:-1] < his[0], last[1:], first[1:])
    return first, last


def _compounded(
    values: NDArray[np.float64],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    names: Sequence[str],
) -> NDArray[np.float64]:
    """Return the factors over the rows first..last of each of the analyst's rows, RF last."""
    market = list(names).index(MARKET)
    totals = values.copy()
    totals[:, market] += values[:, -1]
    result = np.full((len(last), values.shape[1]), np.nan)
    for i, (begin, end) in enumerate(zip(first, last, strict=True)):
        if end >= 0 and begin == end:
            result[i] = values[end]  # bit for bit what the library has
        elif end >= 0:
            result[i] = np.prod(1 + totals[begin : end + 1], axis=0) - 1
            result[i, market] -= result[i, -1]
    return result


def _note_join(
    days: Sequence[dt.date],
    his_days: Sequence[dt.date],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    letter: str,
    notes: list[str],
) -> None:
    matched = last >= 0
    unit = UNITS[letter]
    if letter != "D":
        at = int(np.argmax(matched))
        notes.append(
            f"Factors: matched by {unit}: your row of {days[at]} with his {unit} "
            f"{period_text(his_days[int(last[at])], letter)}."
        )
    if letter == "M" and all(day.day == 1 for day in days):
        notes.append(
            "Check the dates: every row is dated on the first of a month and taken for the month "
            "that begins there; if 2020-02-01 means the end of January, date it 2020-01-31."
        )
    without = [day for day, there in zip(days, matched, strict=True) if not there]
    if without:
        notes.append(
            f"Factors: {len(without)} of your {len(days)} rows have none and drop out of what uses "
            f"them: {first_of(without, 3)}; his data run from {his_days[0]} to {his_days[-1]}."
        )
    _note_not_yours(his_days, first, last, unit, notes)


def _note_not_yours(
    his_days: Sequence[dt.date],
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    unit: str,
    notes: list[str],
) -> None:
    """Say what becomes of his rows between the analyst's first and last that the analyst lacks."""
    used = set(last[last >= 0].tolist())
    compounded = {
        row
        for begin, end in zip(first.tolist(), last.tolist(), strict=True)
        for row in range(begin, end)
    }
    between = [row for row in range(min(used), max(used) + 1) if row not in used]
    joined = [his_days[row] for row in between if row in compounded]
    dropped = [his_days[row] for row in between if row not in compounded]
    if joined:
        notes.append(
            f"Factors: {len(joined)} {unit}(s) that you have no row for were compounded into the "
            f"next row, whose return spans them: {first_of(joined, 3)}."
        )
    if dropped:
        notes.append(
            f"Factors: {len(dropped)} {unit}(s) of his that you have no row for are left out: "
            f"{first_of(dropped, 3)}."
        )


def refuse_without_estimate(file: str, excess: Columns, block: FactorBlock) -> None:
    """Refuse an asset that has no regression on the factors, or an exact one."""
    factors = block.values[len(block.values) - len(excess.values) :]
    fewest = len(block.names) + FEWEST_RETURNS
    for name, returns in zip(excess.names[:-1], excess.values.T, strict=False):
        common = ~np.isnan(returns) & ~np.isnan(factors).any(axis=1)
        where = f"{file} column '{short(name)}'"
        if common.sum() < fewest:
            raise InputError(
                sentence(
                    f"{where} has {common.sum()} returns with factors of {block.model}; at least "
                    f"{fewest} are needed: leave the column or --factors out, or take more rows"
                )
            )
        try:
            exact = bool(regress(returns, Columns(factors, block.names)).is_exact[0])
        except FactorError as error:
            raise InputError(
                sentence(f"{where} on the factors of {block.model}: {error}")
            ) from error
        if exact:
            raise InputError(
                sentence(f"{where} only repeats factors of {block.model}; leave the column out")
            )


def index_of(returns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return levels that grow by these returns, 100 before the first; NaN where there is none.

    The level after a missing return goes on from the one before it.
    """
    levels = np.full(len(returns), np.nan)
    known = np.flatnonzero(~np.isnan(returns[1:])) + 1
    if known.size:
        levels[known[0] - 1] = 100.0
        levels[known] = 100.0 * np.cumprod(1 + returns[known])
    return levels
