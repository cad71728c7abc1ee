"""The built-in sample: daily prices 2005-2012 and Kenneth French's monthly series 1949-2017.

Sources and licences stand beside the files, in data/LICENCES.md.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MARKET = "S&P 500 (price index)"
MARKET_NOTE = (
    "The S&P 500 here is a price index: about 2 % a year of dividends are missing from it, "
    "while the stocks include theirs, so that alphas against it are too high."
)


@dataclass(frozen=True)
class DailyData:
    """Prices by day; `names` are the assets and, last, the market."""

    dates: tuple[dt.date, ...]
    names: tuple[str, ...]
    prices: NDArray[np.float64]
    """n x m, one column for each of `names`."""
    market: str
    rf: NDArray[np.float64]
    """n rates per day, decimal: rf[t] belongs to the return from day t-1 to day t."""

    @property
    def assets(self) -> tuple[str, ...]:
        """The names without the market."""
        return tuple(name for name in self.names if name != self.market)


@dataclass(frozen=True)
class MonthlyData:
    """Monthly decimal returns, dated at the month's end."""

    dates: tuple[dt.date, ...]
    factor_names: tuple[str, ...]
    factors: NDArray[np.float64]
    """n x 4, self-financing: never subtract rf from them."""
    rf: NDArray[np.float64]
    industry_names: tuple[str, ...]
    industries: NDArray[np.float64]
    """n x 12, total returns: subtract rf before regressing them."""


@dataclass(frozen=True)
class PortfolioData:
    """Monthly decimal total returns of portfolios sorted by size and by value or momentum."""

    dates: tuple[dt.date, ...]
    names: tuple[str, ...]
    returns: NDArray[np.float64]
    """n x 18, one column for each of `names`."""


def daily() -> DailyData:
    """Return the daily sample, 2005-01-03 to 2012-12-31.

    Examples
    --------
    >>> data = daily()
    >>> data.assets, data.prices.shape, str(data.dates[0])
    (('AAPL', 'GOOG', 'IBM', 'MSFT'), (2013, 5), '2005-01-03')
    """
    dates, names, values = _table("daily_prices.csv")
    return DailyData(dates, names[:-1], values[:, :-1], MARKET, values[:, -1])


def monthly(start: dt.date | None = None, end: dt.date | None = None) -> MonthlyData:
    """Return the monthly sample, 1949-01 to 2017-03, cut to `start` .. `end` where given.

    Examples
    --------
    >>> import datetime
    >>> data = monthly(start=datetime.date(1990, 1, 1))
    >>> len(data.dates), str(data.dates[0]), data.factor_names
    (327, '1990-01-31', ('Mkt-RF', 'SMB', 'HML', 'Mom'))
    """
    dates, names, values = _table("monthly_factors.csv")
    inside = [i for i, day in enumerate(dates) if _within(day, start, end)]
    rows = slice(inside[0], inside[-1] + 1) if inside else slice(0)
    risk_free = names.index("RF")
    return MonthlyData(
        dates=dates[rows],
        factor_names=names[:risk_free],
        factors=values[rows, :risk_free],
        rf=values[rows, risk_free],
        industry_names=names[risk_free + 1 :],
        industries=values[rows, risk_free + 1 :],
    )


def portfolios() -> PortfolioData:
    """Return the size-value and size-momentum portfolios, 1949-01 to 2017-03.

    Examples
    --------
    >>> portfolios().names[:3]
    ('S1V1', 'S1V3', 'S1V5')
    """
    return PortfolioData(*_table("monthly_portfolios.csv"))


def _within(day: dt.date, start: dt.date | None, end: dt.date | None) -> bool:
    return (start is None or start <= day) and (end is None or day <= end)


@cache
def _table(name: str) -> tuple[tuple[dt.date, ...], tuple[str, ...], NDArray[np.float64]]:
    """Return dates, column names and values of a file of ours; read once, so read-only."""
    import csv  # noqa: PLC0415  with resources, a tenth of the add-in's time to start
    from importlib import resources  # noqa: PLC0415  the same

    text = (resources.files("factor_core") / "data" / name).read_text(encoding="ascii")
    header, *rows = csv.reader(text.splitlines())
    values = np.array([[float(cell) for cell in row[1:]] for row in rows])
    values.flags.writeable = False
    return tuple(dt.date.fromisoformat(row[0]) for row in rows), tuple(header[1:]), values
