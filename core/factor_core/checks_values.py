"""Findings on the values of one series: what they are, if not decimal returns of every row."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.findings import NORMAL_MEDIAN, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from factor_core.findings import Inspected, Series
    from factor_core.labelled import Vector

# docs/checks.md states what each threshold means and how often clean data pass it.
FEWEST_VALUES = 8
LOWEST_PRICE = 0.05
SMOOTH_PRICE = 0.25  # standard deviation of a price's changes over its mean
HIGHEST_VOL = 2.5  # a year: an index's daily percentages taken for decimals give over 6
HIGHEST_MOVE = 0.3  # a typical move, where no dates tell how often
TIMES_LARGER = 25.0  # than the other side of the regression: percent are 100 times
DOUBTFUL_VOL = 1.0
DOUBTFUL_MOVE = 0.05
NEAR_ZERO = 0.04  # of a typical move: what rf leaves of a day without a trade
LONGEST_RUN = 5
MOST_IDLE = 0.03  # share of rows without a move
FAR = 10.0  # robust standard deviations
LONE, TIMES_NEXT, MOST_LONE = 20.0, 6.0, 5
LARGE = 8.0
UNDONE = 0.2  # of a move that the next row takes back, but for this share
SPLITS = np.array([2, 3, 4, 5, 8, 10, 15, 20, 25, 50, 100])
SPLIT_TOLERANCE, FAR_SPLIT = 0.03, 15.0
OVERLAP, OVERLAP_ERRORS = 0.25, 4.0


def not_returns(_data: Inspected, series: tuple[Series, ...]) -> Iterator[tuple[Series, Finding]]:
    """Prices, or 1 + return, in place of returns; nothing else can be said of such a series."""
    for each in series:
        values = each.known
        if len(values) < FEWEST_VALUES or not (values > LOWEST_PRICE).all() or not np.ptp(values):
            continue
        unit = values / values.max()
        if np.std(np.diff(unit)) > SMOOTH_PRICE * unit.mean():
            continue
        near_one = 0.8 < float(np.median(values)) < 1.25 and abs(_autocorrelation(unit)) < 0.5
        what = "1 + return in place of the return" if near_one else "prices in place of returns"
        shown = f"values from {values.min():.4g} to {values.max():.4g}"
        remedy = "subtract 1" if near_one else "use SIMPLE_RETURNS of them"
        where = f"{each.place}: {shown}"
        yield each, Finding("error", what, where, float(len(values)), remedy)


def _autocorrelation(values: Vector) -> float:
    """Return the correlation of each value with the next."""
    x = values - values.mean()
    total = float(x @ x)
    return float(x[1:] @ x[:-1]) / total if total > 0 else 0.0


def percent(data: Inspected, series: tuple[Series, ...]) -> Iterator[tuple[Series, Finding]]:
    """Percent in place of decimals, by the size of typical moves."""
    sides = {
        "asset_returns": [each.typical for each in series if each.argument == "factor_returns"],
        "factor_returns": [each.typical for each in series if each.argument == "asset_returns"],
    }
    for each in series:
        typical = each.typical
        if len(each.known) < FEWEST_VALUES or not typical:
            continue
        if data.periods:
            size = typical / NORMAL_MEDIAN * math.sqrt(data.periods)
            certain, doubtful = size > HIGHEST_VOL, size > DOUBTFUL_VOL
        else:
            certain, doubtful = typical > HIGHEST_MOVE, typical > DOUBTFUL_MOVE
        others = [size for size in sides[each.argument] if size]
        larger = typical / float(np.median(others)) if others else 0.0
        if certain or (doubtful and larger > TIMES_LARGER):
            times = f", {larger:.0f} times the other side's" if larger > TIMES_LARGER else ""
            yield (
                each,
                Finding(
                    "error",
                    "percent in place of decimals",
                    f"{each.place}: a typical move is {typical:.3g}{times}",
                    float(len(each.known)),
                    "divide by 100: 0.01 is 1 %",
                ),
            )


def lower_frequency(
    _data: Inspected, series: tuple[Series, ...]
) -> Iterator[tuple[Series, Finding]]:
    """Series with a value only every few rows, the others blank, zero or filled down."""
    for each in series:
        there = np.flatnonzero(~np.isnan(each.values))
        if len(there) < FEWEST_VALUES or not np.ptp(each.known):
            continue
        moved = np.flatnonzero((each.values != 0) & ~np.isnan(each.values))
        changed = there[1:][np.diff(each.known) != 0]
        for rows, how in ((there, "blank"), (moved, "zero"), (changed, "the same value again")):
            every = _regular_step(rows)
            if every:
                yield (
                    each,
                    Finding(
                        "warning",
                        "unequal frequency",
                        f"{each.place}: a value every {every:g} rows, between them {how}",
                        float(len(rows)),
                        "bring all series to this frequency with COMPOUND_RETURNS, then align them",
                    ),
                )
                break


def _regular_step(rows: NDArray[np.intp]) -> float:
    """Return the usual distance of rows when it is above one and nearly always the same, else 0."""
    if len(rows) < 4:
        return 0.0
    steps = np.diff(rows)
    typical = float(np.median(steps))
    alike = np.mean(np.abs(steps - typical) <= max(1.0, 0.35 * typical))
    return typical if typical >= 2 and np.mean(steps == 1) < 0.1 and alike > 0.75 else 0.0


def stale(data: Inspected, series: tuple[Series, ...]) -> Iterator[Finding]:
    """Rows without a move: prices that were not quoted, or filled forward."""
    for each in series:
        if len(each.known) < FEWEST_VALUES or not np.ptp(each.known):
            continue
        previous = np.append(np.nan, each.values[:-1])
        still = (each.values == 0) | (each.values == previous)
        quiet = still | (np.abs(each.values) < NEAR_ZERO * each.typical)
        in_runs = _in_runs(quiet, LONGEST_RUN)
        share = float(still.sum()) / len(each.known)
        often = share > MOST_IDLE and still.sum() >= LONGEST_RUN
        if not in_runs.any() and not often:
            continue
        rows = np.flatnonzero(in_runs | still if often else in_runs)
        yield Finding(
            "warning",
            "stale: no move, row after row" if in_runs.any() else "stale: many rows without a move",
            f"{each.place}: {data.rows_text(rows)}",
            float(rows.size),
            "blank the days without a trade, or use a series that is quoted every row",
        )


def _in_runs(flags: NDArray[np.bool_], length: int) -> NDArray[np.bool_]:
    """Return which flags stand in an unbroken run of at least `length`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    found = np.zeros(len(flags), dtype=bool)
    for begin, end in edges.reshape(-1, 2):
        found[begin:end] = end - begin >= length
    return found


def outliers(data: Inspected, series: tuple[Series, ...]) -> Iterator[Finding]:
    """Single rows that are hardly returns."""
    for each in series:
        if len(each.known) < FEWEST_VALUES or not each.spread:
            continue
        sizes = each.distances
        kinds = (
            (
                "a loss above 100 %",
                each.values < -1,
                "correct it: no price falls below 0",
            ),
            (
                "wrong price: a jump that the next row takes back",
                _undone(each.values, sizes),
                "correct the price between the two rows",
            ),
            (
                "looks like a split that was not adjusted for",
                _split(each.values, sizes),
                "use adjusted prices, or correct the row",
            ),
            ("outlier, far beyond all others", _lone(sizes), "check the row at its source"),
        )
        told = np.zeros(len(sizes), dtype=bool)
        for what, flags, remedy in kinds:
            rows = np.flatnonzero(flags & ~told)
            told |= flags
            if rows.size:
                move = each.values[rows[np.argmax(np.abs(each.values[rows]))]]
                where = f"{each.place}: {data.rows_text(rows)}; the largest is {move:.4g}"
                yield Finding("warning", what, where, float(rows.size), remedy)


def large_moves(data: Inspected, series: tuple[Series, ...]) -> Iterator[Finding]:
    """Rows that may well be true and deserve a look, in one finding for all series."""
    counts, largest = 0, (0.0, "")
    for each in series:
        if len(each.known) < FEWEST_VALUES or not each.spread:
            continue
        sizes = each.distances
        rows = np.flatnonzero(sizes > LARGE)
        counts += rows.size
        if rows.size and sizes[rows].max() > largest[0]:
            row = rows[[np.argmax(sizes[rows])]]
            move = f"{each.place}: {data.rows_text(row)}, {each.values[row[0]]:.4g}"
            largest = (float(sizes[row[0]]), move)
    if counts:
        what = f"large moves, over {LARGE:g} robust standard deviations"
        where = f"the largest in {largest[1]}"
        remedy = "look at them once: a few rows decide much of beta"
        yield Finding("info", what, where, float(counts), remedy)


def _undone(values: Vector, sizes: Vector) -> NDArray[np.bool_]:
    """Return moves of which the next row leaves next to nothing, and those next rows."""
    left = np.abs((1 + values[:-1]) * (1 + values[1:]) - 1)
    smaller = np.minimum(np.abs(values[:-1]), np.abs(values[1:]))
    there_and_back = (sizes[:-1] > FAR) & (sizes[1:] > FAR) & (left < UNDONE * smaller)
    return np.append(there_and_back, False) | np.append(False, there_and_back)


def _split(values: Vector, sizes: Vector) -> NDArray[np.bool_]:
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.abs(np.log(np.where(values > -1, 1 + values, np.nan)))
    near = np.abs(growth[:, None] - np.log(SPLITS)) < SPLIT_TOLERANCE
    found: NDArray[np.bool_] = near.any(axis=1) & (sizes > FAR_SPLIT)
    return found


def _lone(sizes: Vector) -> NDArray[np.bool_]:
    """Return the few largest moves when the next one is several times smaller."""
    known = np.sort(sizes[~np.isnan(sizes)])[::-1]
    for j in range(min(MOST_LONE, len(known) - 1), 0, -1):
        if known[j - 1] > LONE and known[j - 1] >= TIMES_NEXT * known[j]:
            found: NDArray[np.bool_] = sizes >= known[j - 1]
            return found
    return np.zeros(len(sizes), dtype=bool)


def overlapping(data: Inspected, series: tuple[Series, ...]) -> Iterator[Finding]:
    """Series whose rows repeat most of the row before: overlapping or smoothed returns."""
    for each in series:
        n = len(each.known)
        known = each.scaled[~np.isnan(each.scaled)]
        found = _autocorrelation(known) if n >= 2 * FEWEST_VALUES else 0.0
        if found > OVERLAP + OVERLAP_ERRORS / math.sqrt(max(n, 1)):
            whole = data.frequency or "each"
            yield Finding(
                "warning",
                "each row repeats much of the one before: overlapping or smoothed returns",
                f"{each.place}: autocorrelation {found:.2f}",
                float(n),
                f"use returns of one row's own period ({whole} row); standard errors are too small",
            )
