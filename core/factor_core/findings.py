"""What FACTOR_CHECK looks at and what it finds: the series in their rows, and one finding a row."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.calendar_periods import ROWS_A_YEAR, frequency_of, iso_date
from factor_core.errors import first_of, sentence, short
from factor_core.labelled import Columns, Examined, as_columns, same_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from factor_core.labelled import Matrix, RefusedCell, Vector

SEVERITIES = ("error", "warning", "info")
HEADER = ("severity", "finding", "where", "how many", "remedy")
SHOWN_RUNS = 3
LONGEST_NAME = 40
NORMAL_MEDIAN = 0.6745  # median of |z| for a normal z


class Finding(NamedTuple):
    """One row of FACTOR_CHECK."""

    severity: str
    finding: str
    where: str
    number: float
    remedy: str

    @property
    def cells(self) -> tuple[object, ...]:
        """The row as cells: every text printable and short enough for one."""
        return tuple(text if isinstance(text, float) else sentence(text) for text in self)


@dataclass(frozen=True, eq=False)
class Series:
    """One column of returns."""

    argument: str
    column: int
    name: str
    values: Vector
    first_row: int
    """The row of the range in which the first value stands: 2 below a header."""

    @property
    def place(self) -> str:
        """How a finding names the column."""
        name = short(self.name, LONGEST_NAME)
        return f"{self.argument} column {self.column}" + (f' "{name}"' if name else "")

    @cached_property
    def known(self) -> Vector:
        """The values without the missing ones."""
        return self.values[~np.isnan(self.values)]

    @cached_property
    def scaled(self) -> Vector:
        """The values over the largest of them: products of these never overflow."""
        largest = float(np.abs(self.known).max()) if len(self.known) else 0.0
        return self.values / largest if largest else self.values

    @cached_property
    def spread(self) -> float:
        """Robust standard deviation: the median distance from the median over that of a normal."""
        if not len(self.known):
            return 0.0
        return float(np.median(np.abs(self.known - np.median(self.known)))) / NORMAL_MEDIAN

    @cached_property
    def distances(self) -> Vector:
        """Robust standard deviations from the median to each value; `spread` is not 0."""
        return np.abs(self.values - np.median(self.known)) / self.spread

    @cached_property
    def typical(self) -> float:
        """The median size of the moves: zeros are none."""
        moves = np.abs(self.known[self.known != 0])
        return float(np.median(moves)) if len(moves) else 0.0


@dataclass(frozen=True, eq=False)
class Inspected:
    """The series of one call, row by row, with their dates where they were given."""

    assets: tuple[Series, ...]
    factors: tuple[Series, ...]
    dates: Vector | None
    """Serial numbers with their time of day; NaN where a row has no date."""
    refused: dict[str, Sequence[RefusedCell]]

    @property
    def series(self) -> tuple[Series, ...]:
        """Assets, then factors."""
        return self.assets + self.factors

    @property
    def rows(self) -> int:
        """The number of rows, those without a value too."""
        return len(self.factors[0].values)

    @property
    def first_row(self) -> int:
        """The row of the ranges in which the first value stands."""
        return self.factors[0].first_row

    @cached_property
    def days(self) -> Vector | None:
        """Whole dates, NaN where missing; None without dates."""
        return None if self.dates is None else np.floor(self.dates)

    @cached_property
    def frequency(self) -> str:
        """How often the rows come, by their dates; "" where that is not known."""
        return "" if self.days is None else frequency_of(self.days)

    @property
    def periods(self) -> float | None:
        """Rows a year, where the dates tell."""
        return ROWS_A_YEAR.get(self.frequency)

    @cached_property
    def complete(self) -> tuple[int, ...]:
        """The number of rows that a regression of each asset uses."""
        there = ~np.isnan(np.column_stack([factor.values for factor in self.factors])).any(axis=1)
        return tuple(int((there & ~np.isnan(asset.values)).sum()) for asset in self.assets)

    def rows_text(self, rows: NDArray[np.intp]) -> str:
        """Return rows as the sheet counts them, neighbours as a range, with their dates."""
        runs = np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1)
        word = "row" if len(rows) == 1 else "rows"
        return f"{word} {first_of(runs, SHOWN_RUNS, self._run_text)}"

    def _run_text(self, run: NDArray[np.intp]) -> str:
        ends = run[[0]] if len(run) == 1 else run[[0, -1]]
        text = " to ".join(str(row + self.first_row) for row in ends)
        if self.days is None or np.isnan(self.days[ends]).any():
            return text
        return f"{text} ({' to '.join(iso_date(day) for day in self.days[ends])})"


def inspect(
    asset_returns: ArrayLike | Columns | Examined,
    factor_returns: ArrayLike | Columns | Examined,
    dates: ArrayLike | Columns | Examined | None,
) -> Inspected:
    """Return the series to look at; a tail that is blank in all ranges is no row of theirs."""
    given = {"asset_returns": asset_returns, "factor_returns": factor_returns}
    if dates is not None:
        given["dates"] = dates
    examined = {name: _examined(data, name) for name, data in given.items()}
    blocks = same_rows({name: each.columns for name, each in examined.items()})
    filled = np.flatnonzero(~np.isnan(np.column_stack(blocks)).all(axis=1)).tolist()
    filled += [
        cell.row - (2 if each.columns.names else 1)
        for each in examined.values()
        for cell in each.refused
    ]
    end = max(filled) + 1 if filled else len(blocks[0])
    assets, factors = (
        _series(name, examined[name].columns, block[:end])
        for name, block in zip(given, blocks[:2], strict=False)
    )
    return Inspected(
        assets,
        factors,
        blocks[2][:end, 0] if dates is not None else None,
        {name: each.refused for name, each in examined.items()},
    )


def _examined(data: ArrayLike | Columns | Examined, name: str) -> Examined:
    return data if isinstance(data, Examined) else Examined(as_columns(data, name))


def _series(argument: str, columns: Columns, block: Matrix) -> tuple[Series, ...]:
    names = columns.names or ("",) * columns.width
    first_row = 2 if columns.names else 1
    return tuple(
        Series(argument, j + 1, name, block[:, j], first_row) for j, name in enumerate(names)
    )


def named(series: Sequence[Series]) -> str:
    """Return several columns in few words: the columns of each argument together."""
    if len(series) == 1:
        return series[0].place
    texts = []
    for argument in dict.fromkeys(each.argument for each in series):
        columns = [str(each.column) for each in series if each.argument == argument]
        word = "column" if len(columns) == 1 else "columns"
        texts.append(f"{argument} {word} {first_of(columns, 8)}")
    return " and ".join(texts)
