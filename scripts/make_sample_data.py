"""Rebuild the sample data in core/factor_core/data from the three packages that carry it.

Run once by whoever changes the samples: `python scripts/make_sample_data.py [FOLDER]`. It needs
bokeh-sampledata 2026.1 or later, arch and linearmodels. The same packages give the same bytes.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path

DATA = Path(__file__).resolve().parents[1] / "core" / "factor_core" / "data"
FIRST_DAY, LAST_DAY = dt.date(2005, 1, 3), dt.date(2012, 12, 31)
TICKERS = ("AAPL", "GOOG", "IBM", "MSFT")
MARKET = "S&P 500 (price index)"
FACTORS = {"MktRF": "Mkt-RF", "SMB": "SMB", "HML": "HML", "Mom": "Mom", "RF": "RF"}
INDUSTRIES = (
    *("NoDur", "Durbl", "Manuf", "Enrgy", "Chems", "BusEq"),
    *("Telcm", "Utils", "Shops", "Hlth", "Money", "Other"),
)
PORTFOLIOS = tuple(
    f"S{size}{sort}{level}" for sort in "VM" for size in (1, 3, 5) for level in (1, 3, 5)
)

Prices = dict[dt.date, float]
Months = dict[dt.date, dict[str, float]]


def stock_prices() -> dict[str, Prices]:
    """Return the adjusted closes of bokeh_sampledata.stocks by ticker and day."""
    version = metadata.version("bokeh-sampledata")
    if int(version.split(".")[0]) < 2026:
        message = f"bokeh-sampledata {version} carries a vendor's prices; 2026.1 the public ones"
        raise SystemExit(message)
    from bokeh_sampledata import stocks  # noqa: PLC0415 - after the check of its version

    found = {}
    for ticker in TICKERS:
        series = getattr(stocks, ticker)
        days = map(dt.date.fromisoformat, series["date"])
        found[ticker] = dict(zip(days, series["adj_close"], strict=True))
    return found


def index_levels() -> Prices:
    """Return the closes of the S&P 500 price index by day."""
    from arch.data import sp500  # noqa: PLC0415 - this script also runs where only one is wanted

    closes = sp500.load()["Adj Close"]
    return {day.date(): float(close) for day, close in closes.items()}


def french_months() -> Months:
    """Return linearmodels' copy of Kenneth French's monthly series, dated at the month's end.

    French prints percent with two decimals. The package divided by 100, so that 1.17 became
    0.011699999999999999; four decimals give back the printed number.
    """
    from linearmodels.datasets import french  # noqa: PLC0415 - as above

    table = french.load()
    months = {}
    for first_day, row in zip(table.pop("dates"), table.to_dict("records"), strict=True):
        for name, value in row.items():
            if abs(value - round(value, 4)) > 1e-12:
                raise SystemExit(f"{first_day:%Y-%m} {name} = {value!r} has over four decimals")
        months[month_end(first_day.date())] = {k: round(v, 4) for k, v in row.items()}
    return months


def month_end(day: dt.date) -> dt.date:
    """Return the last calendar day of the month of `day`."""
    later = day.replace(day=28) + dt.timedelta(days=4)
    return later - dt.timedelta(days=later.day)


def daily_rows() -> list[list[str]]:
    """Return date, four stocks, the index and the daily risk-free rate, header first."""
    stocks, index, months = stock_prices(), index_levels(), french_months()
    days = [day for day in sorted(index) if FIRST_DAY <= day <= LAST_DAY]
    trading_days = Counter(map(month_end, days))
    rows = [["date", *TICKERS, MARKET, "rf"]]
    for day in days:
        month = month_end(day)
        rate = (1 + months[month]["RF"]) ** (1 / trading_days[month]) - 1
        # Twelve digits: the last bits of a power differ between C libraries.
        values = [*(stocks[t][day] for t in TICKERS), index[day], float(f"{rate:.12g}")]
        rows.append([day.isoformat(), *map(repr, values)])
    return rows


def monthly_rows(columns: dict[str, str]) -> list[list[str]]:
    """Return date and `columns` (source name to our name) of every month, header first."""
    rows = [["date", *columns.values()]]
    for month, values in french_months().items():
        rows.append([month.isoformat(), *(repr(values[name]) for name in columns)])
    return rows


def write_csv(path: Path, rows: list[list[str]]) -> None:
    """Write `rows` with LF line ends, so that every system makes the same bytes."""
    with path.open("w", encoding="ascii", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    print(f"{path.name}: {len(rows) - 1} rows")


def write_tables(folder: Path) -> None:
    """Write the three sample tables into `folder`."""
    industries = {name: name for name in INDUSTRIES}
    write_csv(folder / "daily_prices.csv", daily_rows())
    write_csv(folder / "monthly_factors.csv", monthly_rows(FACTORS | industries))
    write_csv(folder / "monthly_portfolios.csv", monthly_rows({name: name for name in PORTFOLIOS}))


def packaged_file(package: str, name: str) -> str:
    """Return the text of the file `name` among the licence files of an installed package."""
    for file in metadata.files(package) or []:
        if file.name == name and "licenses" in file.parts:
            return file.read_text(encoding="utf-8")
    raise SystemExit(f"{package} is installed without {name}")


def write_licences(folder: Path) -> None:
    """Copy the licences of arch and linearmodels, and bokeh's record of its prices' source."""
    for package in ("arch", "linearmodels"):
        text = packaged_file(package, "LICENSE.md")
        (folder / f"LICENCE-{package}.md").write_text(text, encoding="utf-8", newline="\n")
    records = json.loads(packaged_file("bokeh-sampledata", "datasets.json"))
    entries = records if isinstance(records, list) else records["datasets"]
    record = next(entry for entry in entries if entry["module"] == "stocks")
    text = json.dumps(record, indent=2, ensure_ascii=True) + "\n"
    (folder / "PROVENANCE-bokeh-stocks.json").write_text(text, encoding="ascii", newline="\n")


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA
    target.mkdir(parents=True, exist_ok=True)
    write_tables(target)
    write_licences(target)
