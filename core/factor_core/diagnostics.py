"""Are the regression's assumptions met? The usual tests, by statsmodels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import ExcelError
from factor_core.labelled import Columns, Table
from factor_core.regression import refuse_exact_fit
from factor_core.risk import regress_one_asset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector
    from factor_core.regression import Regression

HEADER = ("diagnostic", "statistic", "p", "if all is well")
LJUNG_BOX_LAGS = 10
INDEPENDENT = 1e-10  # singular value relative to the largest; below, a product repeats others
EQUAL = 1e-10  # spread of shares of the sum of squares; below, all residuals are of one size

Row = tuple[str, object, object, str]


def factor_diagnostics(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns
) -> Table:
    """Return the usual tests of a regression's assumptions for one asset.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, 1)
        Excess returns per period, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.

    Returns
    -------
    Table
        Durbin-Watson; Breusch-Pagan (studentised) and White tests of constant variance; Ljung-Box
        test of 10 autocorrelations; Jarque-Bera test of normality; the variance inflation factor of
        each factor; the condition number of [1 F]; the largest leverage. p is blank where a
        diagnostic is no test. Rows with a missing value are dropped jointly; rows around a
        dropped one count as neighbours. A test that the rows are too few for, 20 for Ljung-Box
        and the number of squares and products and 1 for White, shows #N/A and what it needs.

    Raises
    ------
    InputError
        Unequal lengths, or several assets.
    NumericalError
        Fewer than k + 2 complete rows; constant or collinear factors; an exact fit.

    Notes
    -----
    A rejected constant variance or independence leaves alpha and beta unbiased but not their
    classical standard errors: use hac, or hc3 where only the variance moves.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapters 9 and 20.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> market = rng.normal(0, 0.01, 250)
    >>> table = factor_diagnostics(market + rng.normal(0, 0.01, 250), market)
    >>> [row[0] for row in table.rows][:3]
    ['Durbin-Watson', 'Breusch-Pagan', 'White']
    """
    fit = regress_one_asset(asset_returns, factor_returns)
    refuse_exact_fit(fit)
    rows = ~np.isnan(fit.residuals[:, 0])
    residuals, factors = fit.residuals[rows, 0], fit.factor_values[rows]
    design = np.column_stack([np.ones(len(residuals)), factors])
    names = fit.factors.labels("factor")
    return Table(
        HEADER,
        [
            *_tests(residuals, _standardised(factors)),
            *(
                (f"VIF {name}", inflation, "", "near 1; above 5 the factors overlap")
                for name, inflation in zip(names, _inflation(fit, factors), strict=True)
            ),
            ("condition number", float(np.linalg.cond(design)), "", "small; scale matters"),
            ("max leverage", float(_leverage(fit, factors).max()), "", _usual_leverage(fit)),
        ],
    )


def _standardised(factors: Matrix) -> Matrix:
    """Return [1 F] with factors of mean 0 and deviation 1.

    The tests do not depend on it, but squares of small returns would look like a constant.
    """
    centred = factors - factors.mean(axis=0)
    return np.column_stack([np.ones(len(factors)), centred / centred.std(axis=0)])


def _tests(residuals: Vector, design: Matrix) -> list[Row]:
    from statsmodels.stats import diagnostic, stattools  # noqa: PLC0415  slow: a second to import

    n, columns = design.shape
    first, second = np.triu_indices(columns)
    products = design[:, first] * design[:, second]
    ljung_box = f"Ljung-Box, {LJUNG_BOX_LAGS} lags"
    return [
        ("Durbin-Watson", float(stattools.durbin_watson(residuals)), "", "near 2"),
        _test("Breusch-Pagan", _constant_variance(residuals, design)),
        _too_few("White", n, products.shape[1] + 1)
        or _test("White", _constant_variance(residuals, products)),
        _too_few(ljung_box, n, 2 * LJUNG_BOX_LAGS)
        or _test(ljung_box, diagnostic.acorr_ljungbox(residuals, [LJUNG_BOX_LAGS]).iloc[0]),
        _test("Jarque-Bera", stattools.jarque_bera(residuals)),
    ]


def _constant_variance(residuals: Vector, drivers: Matrix) -> tuple[float, float]:
    """Return n x R2 of the squared residuals on what may drive them, and its p.

    Not statsmodels': a factor of 0 and 1, its own square, costs that one its rank.
    """
    from scipy import special  # noqa: PLC0415  slow to import, as statsmodels

    squares = residuals**2 / (residuals @ residuals)
    squares -= squares.mean()
    fitted, _, rank, _ = np.linalg.lstsq(drivers, squares, rcond=INDEPENDENT)
    total = float(squares @ squares)
    if total < EQUAL**2:
        return 0.0, 1.0
    left = squares - drivers @ fitted
    statistic = max(len(squares) * (1 - float(left @ left) / total), 0.0)
    return statistic, float(special.chdtrc(rank - 1, statistic))


def _test(name: str, statistic_and_p: Sequence[float]) -> Row:
    statistic, p = (float(number) for number in (*statistic_and_p,)[:2])
    return name, statistic, p, "p above 0.05"


def _too_few(name: str, n: int, needed: int) -> Row | None:
    """Return the row of a test that n rows are too few for, None where they are enough."""
    if n >= needed:
        return None
    reason = f"needs {needed} rows, has {n}"
    return name, ExcelError("#N/A", f"{name} {reason}"), "", reason


def _inflation(fit: Regression, factors: Matrix) -> list[float]:
    """Return 1 / (1 - R2) of each factor on the others: its share of the inverse cross-product."""
    squares = ((factors - fit.factor_mean[0]) ** 2).sum(axis=0)
    return [float(v) for v in squares * fit.inverse[0].diagonal()]


def _leverage(fit: Regression, factors: Matrix) -> Vector:
    """Return the diagonal of the hat matrix."""
    centred = factors - fit.factor_mean[0]
    return 1 / len(factors) + ((centred @ fit.inverse[0]) * centred).sum(axis=1)


def _usual_leverage(fit: Regression) -> str:
    return f"{(fit.k + 1) / fit.n[0]:.2g} on average"
