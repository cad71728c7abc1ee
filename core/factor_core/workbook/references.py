"""What the template's pages refer to on one another: data in, ranges of cells out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

    from factor_core.labelled import Matrix, Vector
    from factor_core.own_factors import FactorBlock

HEADER_ROW = 4  # of the long tables on Data and Returns, from 0; row 4 above it names the groups
FIRST_ROW = HEADER_ROW + 1
BOTH = "asset_excess,market_excess"  # the chosen asset and the market, by the names of their ranges
ALL = "assets_excess,market_excess"
FACTOR_VARIANCE = "VAR.S(market_excess)*periods"


@dataclass(frozen=True)
class TemplateData:
    """The series that a workbook is made of.

    Attributes
    ----------
    dates : dates of the rows, oldest first
    names : the assets, then the market last
    values : ndarray of shape (n, m + 1), prices, or returns where `are_returns`; NaN is missing
    rf : ndarray of shape (n,), risk-free rate per period, decimal; NaN is missing
    periods : periods a year
    source : where the data come from, in a sentence for the Data page
    notes : what was noticed when the data were read, a sentence each
    missing_dividends : return a year that the market's series leaves out, decimal
    chosen : the asset and the second asset that the inputs name at first
    factors : factors on the same dates, where the analyst joined some
    """

    dates: Sequence[dt.date]
    names: tuple[str, ...]
    values: Matrix
    rf: Vector
    periods: float
    source: str
    are_returns: bool = False
    notes: tuple[str, ...] = ()
    missing_dividends: float = 0.0
    chosen: tuple[str, str] = ("", "")
    factors: FactorBlock | None = None

    @property
    def market(self) -> str:
        """The market's name."""
        return self.names[-1]

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the assets."""
        return self.names[:-1]

    @property
    def returns(self) -> int:
        """The number of rows of returns: the first price has none."""
        return len(self.dates) - (not self.are_returns)

    def in_common(self, asset: str) -> int:
        """Return the number of rows in which the asset and the market have an excess return."""
        there = ~np.isnan(self.values)
        if not self.are_returns:
            there &= there.cumsum(axis=0) > 1  # the first price has no return
        both = there[:, self.names.index(asset)] & there[:, -1] & ~np.isnan(self.rf)
        return int(both.sum())

    @property
    def years(self) -> float:
        """The time from the first to the last date."""
        return (self.dates[-1] - self.dates[0]).days / 365.25

    @property
    def has_gaps(self) -> bool:
        """Whether any value is missing."""
        return bool(np.isnan(self.values).any() or np.isnan(self.rf).any())

    def native(self, series: str) -> str:
        """Return a series as native functions take it: they skip a text and stop at #N/A."""
        return f'IFNA({series},"")' if self.has_gaps else series

    @property
    def market_rows(self) -> str:
        """The market's column over the rows of the regression, for functions of one column."""
        return 'IF(ISNUMBER(asset_excess),market_excess,"")' if self.has_gaps else "market_excess"

    @property
    def asset_rows(self) -> str:
        """The asset's column over the rows of the regression, for functions of one column."""
        return 'IF(ISNUMBER(market_excess),asset_excess,"")' if self.has_gaps else "asset_excess"


@dataclass(frozen=True)
class References:
    """Columns on the Returns page without their header cells, for charts and row formulas.

    A missing return is #N/A here, which charts leave out. The defined names asset_excess,
    second_excess and market_excess hold the same columns with their header, and an empty text where
    a return is missing: native functions skip a text and stop at #N/A, ours skip both. A native
    function of one column takes `TemplateData.market_rows`, so that it uses the same rows as the
    regression; a spilled series of ours goes to native functions by `TemplateData.native`.
    """

    n: int  # rows of returns
    years: float  # from the first to the last of them
    first_row: int  # row of the first return, counted from 0
    dates: str
    asset: str
    second: str
    market: str


@dataclass(frozen=True)
class ReturnsColumns:
    """The columns of the Returns page, counted from 0."""

    dates: int
    simple: int  # first of the simple returns; the same as `rf` where the data are returns
    rf: int
    excess: int
    chosen: int  # asset, second asset, market
    charts: int  # the same for charts, right of all that prints
    statistics: int  # first column of the tables right of the series


def returns_columns(data: TemplateData) -> ReturnsColumns:
    """Return where the columns of the Returns page stand."""
    width = len(data.names)
    rf = 1 if data.are_returns else 1 + width
    excess = rf + 1
    chosen = excess + width
    return ReturnsColumns(0, 1, rf, excess, chosen, chosen + 15, chosen + 4)


def asset_names(data: TemplateData) -> str:
    """Return the cells of the Data page that hold the assets' names."""
    return f"Data!{xl_range_abs(HEADER_ROW, 1, HEADER_ROW, len(data.assets))}"


def asset_head(data: TemplateData, number: int) -> str:
    """Return the cell of the Returns page that holds an asset's name; they count from 0."""
    column = returns_columns(data).excess + number
    return f"Returns!{xl_rowcol_to_cell(HEADER_ROW, column, row_abs=True, col_abs=True)}"


def references(data: TemplateData) -> References:
    """Return the ranges on the Returns page that the other pages use."""
    columns = returns_columns(data)
    last_row = FIRST_ROW + data.returns - 1

    def column(number: int) -> str:
        return f"Returns!{xl_range_abs(FIRST_ROW, number, last_row, number)}"

    return References(
        n=data.returns,
        years=data.years,
        first_row=FIRST_ROW,
        dates=column(columns.dates),
        asset=column(columns.charts),
        second=column(columns.charts + 1),
        market=column(columns.charts + 2),
    )
