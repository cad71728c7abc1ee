"""Reading the cells of a calculated template, and the regressions to compare them with.

Oracle: statsmodels 0.15 (OLS, HAC with use_correction and Student's t).
"""

from __future__ import annotations

import io
import math
import warnings

import numpy as np
import openpyxl
import pytest
import statsmodels.api as sm


def workbook(data, *, values):
    with warnings.catch_warnings():
        # openpyxl knows neither the ribbon nor newer conditional formats, which are not its matter.
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def named(book, name):
    """Return the value of the one cell that has this name."""
    ((sheet, cell),) = book.defined_names[name].destinations
    return book[sheet][cell.replace("$", "")].value


def fit(returns, factors):
    return sm.OLS(returns, sm.add_constant(factors)).fit()


def hac_t(returns, factors):
    """t of alpha: Newey-West, Bartlett kernel, small-sample factor."""
    n = len(returns)
    lags = math.floor(4 * (n / 100) ** (2 / 9))
    options = {"maxlags": lags, "use_correction": True}
    return fit(returns, factors).get_robustcov_results("HAC", use_t=True, **options).tvalues[0]


def find(sheet, label, nth=0):
    """Return the nth cell that shows this text."""
    found = [cell for row in sheet.iter_rows() for cell in row if cell.value == label]
    assert len(found) > nth, f"{sheet.title} has no cell {label!r}"
    return found[nth]


def beside(sheet, label, right=1, down=0, nth=0):
    """Return the value right of (and below) the cell that shows this text."""
    return find(sheet, label, nth).offset(down, right).value


def block(sheet, corner, shape, right=1, down=1, nth=0):
    """Return the numbers of a table with this corner: a cell, or the text that it shows."""
    corner = find(sheet, corner, nth) if isinstance(corner, str) else corner
    rows, columns = shape
    return np.array(
        [[corner.offset(down + i, right + j).value for j in range(columns)] for i in range(rows)],
        dtype=float,
    )


def column(sheet, label, count, right=0, nth=0):
    return block(sheet, label, (count, 1), right=right, nth=nth)[:, 0]


close = pytest.approx


def near(expected):
    return pytest.approx(expected, rel=1e-9)
