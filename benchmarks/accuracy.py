"""Accuracy beside the peers: certified data sets, and series made to break least squares.

The numbers are largest relative errors of a coefficient. The references are NIST's certified
values, 60 digits of mpmath and, for windows, 80 bits; the tests hold the functions to the same.
"""

from __future__ import annotations

import json
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import harness  # before numpy: it gives BLAS one thread
import numpy as np
import statsmodels.api as sm
from statsmodels.regression.rolling import RollingOLS

from factor_core.regression import regress
from factor_core.rolling import rolling_regression

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from exact_least_squares import HOSTILE, exact_solution, householder, offset
from exact_rolling import WINDOW, by_long_double, by_window_qr, errors, hostile_series

if TYPE_CHECKING:
    from collections.abc import Callable

    Vector = np.ndarray

TESTS = Path(__file__).resolve().parents[1] / "tests"
NIST = json.loads((TESTS / "oracles" / "nist.json").read_text(encoding="ascii"))
CERTIFIED = ("Longley", "Filip", "Wampler5")
EPS = float(np.finfo(float).eps)
ROWS = 240


def ours(y: Vector, x: Vector) -> Vector:
    fit = regress(y, x)
    return np.concatenate([fit.alpha, fit.beta[0]])


def by_statsmodels(y: Vector, x: Vector) -> Vector:
    return sm.OLS(y, sm.add_constant(x)).fit().params


def by_lstsq(y: Vector, x: Vector) -> Vector:
    return np.linalg.lstsq(np.column_stack([np.ones(len(y)), x]), y)[0]


def peers() -> dict[str, Callable[[Vector, Vector], Vector]]:
    """Return what gives alpha and betas."""
    found = {"factor_core": ours, "statsmodels OLS": by_statsmodels, "numpy lstsq": by_lstsq}
    if linear := harness.peer("scikit-learn", "sklearn.linear_model"):

        def by_sklearn(y: Vector, x: Vector) -> Vector:
            fit = linear.LinearRegression().fit(x, y)
            return np.array([fit.intercept_, *fit.coef_])

        found["scikit-learn"] = by_sklearn
    return found


def largest(found: Vector, exact: Vector) -> float:
    return float(np.max(np.abs(found / exact - 1)))


def certified(name: str) -> tuple[Vector, Vector, Vector]:
    data = np.array(NIST[name]["data"])
    k = len(NIST[name]["parameters"]) - 1
    x = data[:, 1:] if name == "Longley" else data[:, 1:] ** np.arange(1, k + 1)
    return data[:, 0], x, np.array(NIST[name]["estimates"])


def nist() -> None:
    found = peers()
    rows = []
    for name in CERTIFIED:
        y, x, exact = certified(name)
        off = {peer: largest(fit(y, x), exact) for peer, fit in found.items()}
        rows.append((f"NIST {name}", *(f"{error:.0e}" for error in off.values())))
        harness.reached(name, off["factor_core"])
    harness.table("Largest error of a coefficient", ("data", *found), rows)


def hostile() -> None:
    found = peers()
    rows, worst = [], 0.0
    for name, make in HOSTILE.items():
        y, x = make(np.random.default_rng(11), ROWS)
        exact = exact_solution(y, x)[0][1:]
        off = {peer: largest(fit(y, x)[1:], exact) for peer, fit in found.items()}
        by_qr = max(largest(householder(y, x, centre), exact) for centre in (False, True))
        rows.append((name, *(f"{error:.0e}" for error in off.values()), f"{by_qr:.0e}"))
        worst = max(worst, off["factor_core"] / (8 * by_qr + 64 * EPS))
    heads = ("series", *found, "Householder QR")
    harness.table(f"Largest error of a beta, {ROWS} rows, three factors", heads, rows)
    harness.reached("Householder", worst)
    y, x = offset(1e6)(np.random.default_rng(12), ROWS)
    harness.reached("offset", largest(ours(y, x)[1:], exact_solution(y, x)[0][1:]))


def windows() -> None:
    rows, worst = [], 0.0
    for name, (y, x) in hostile_series(3).items():
        exact = by_long_double(y, x)
        off = errors(rolling_regression(y, x, WINDOW).values[WINDOW - 1 :], exact, y, x)
        allowed = errors(by_window_qr(y, x), exact, y, x)
        worst = max(worst, *(off[what] / max(1e-10, 4 * allowed[what]) for what in off))
        fit = RollingOLS(y, sm.add_constant(x), WINDOW).fit(params_only=True)
        betas = np.asarray(fit.params)[WINDOW - 1 :, 1:]
        exact = exact[:, 1:4].astype(float)
        theirs = np.abs(betas - exact).max(axis=1) / np.abs(exact).max(axis=1)
        peer = f"{np.nanmax(theirs):.0e}"
        rows.append((name, f"{off['betas']:.0e}", peer, f"{allowed['betas']:.0e}"))
    heads = ("series", "factor_core", "RollingOLS", "one QR a window")
    harness.table(f"Largest error of rolling betas, windows of {WINDOW} rows", heads, rows)
    harness.reached("rolling accuracy", worst)


def main() -> None:
    """Show the tables."""
    print(harness.machine())
    warnings.simplefilter("ignore")  # statsmodels warns of a design that it calls singular
    nist()
    hostile()
    if np.finfo(np.longdouble).nmant >= 63:
        windows()
    else:
        print("rolling windows: not measured, long double is no wider than double here")


if __name__ == "__main__":
    main()
