"""A small universe with everything that goes wrong in one, in every form a file can have."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

import factor_udfs

ROWS, FACTORS, ASSETS = 130, ("MKT", "SMB", "HML"), 23
FORMS = ("wide.parquet", "wide.csv", "long.parquet", "long.csv")
EXACT, CONSTANT, EMPTY, YOUNG = 3, 5, 8, 11
UNESTIMATED = {EMPTY, YOUNG}


def days(count=ROWS, first="2020-01-01"):
    every = np.arange(first, np.datetime64(first) + 2 * count, dtype="datetime64[D]")
    return every[np.is_busday(every)][:count]


def panel():
    """Return names, asset returns (n x m) and factor returns (n x k); NaN is missing."""
    rng = np.random.default_rng(5)
    x = rng.normal(0, 0.01, (ROWS, len(FACTORS)))
    y = x @ rng.normal(0.5, 0.5, (len(FACTORS), ASSETS)) + rng.normal(0, 0.02, (ROWS, ASSETS))
    y[:, EXACT] = 2 * x[:, 0]
    y[:, CONSTANT] = 0.001
    y[np.arange(ROWS)[:, None] < rng.integers(0, 80, ASSETS) * (np.arange(ASSETS) > 12)] = np.nan
    y[rng.random(y.shape) < 0.02] = np.nan
    y[:, EMPTY] = np.nan
    y[:-3, YOUNG] = np.nan
    x[[4, 60], 1] = np.nan
    names = ["BRK", "BRK.B", 'Fund "A", Inc', *(f"A{j}" for j in range(3, ASSETS))]
    return names, y, x


def write(path, names, values, dates=None):
    """Write a wide file in the form that its suffix says."""
    dates = days(len(values)) if dates is None else dates
    columns = [pa.array(column, from_pandas=True) for column in values.T]
    _write(path, pa.table([pa.array(dates), *columns], names=["date", *names]))


def write_long(path, names, values, dates=None, seed=0):
    """Write the returns that are there, one a row, in random order."""
    dates = days(len(values)) if dates is None else dates
    rows, assets = np.divmod(np.random.default_rng(seed).permutation(values.size), len(names))
    table = {
        "date": pa.array(dates[rows]),
        "asset": pa.array(np.array(names)[assets]),
        "return": pa.array(values[rows, assets], from_pandas=True),
    }
    _write(path, pa.table(table))


def _write(path, table):
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    else:
        pq.write_table(table, path)


def write_all(folder):
    """Write the panel in every form, and its factors; the factors begin and end later."""
    names, y, x = panel()
    for form in FORMS:
        (write_long if form.startswith("long") else write)(folder / form, names, y)
    write(folder / "factors.parquet", FACTORS, x)
    write(folder / "factors.csv", FACTORS, x)


def read(path):
    """Return the header and the rows of a table by name."""
    table = pq.read_table(path) if path.suffix == ".parquet" else pyarrow.csv.read_csv(path)
    rows = zip(*table.to_pydict().values(), strict=True)
    return table.column_names, {row[0]: row[1:] for row in rows}


def on_the_sheet(names, y, x, *options):
    """Return the header and the rows of FACTOR_TABLE, as cells in give them; None is an error."""
    cells = [list(names), *([None if np.isnan(v) else v for v in row] for row in y.tolist())]
    factors = [list(FACTORS), *([None if np.isnan(v) else v for v in row] for row in x.tolist())]
    header, *rows = factor_udfs.FACTOR_TABLE(cells, factors, *options)
    return header, {row[0]: row[1:] for row in rows}
