"""Are the regression's assumptions met? The usual tests, by statsmodels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import NumericalError
from factor_core.labelled import Columns, Table
from factor_core.regression import refuse_exact_fit
from factor_core.risk import regress_one_asset

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector
    from factor_core.regression import Regression

HEADER = ("diagnostic", "statistic", "p", "if all is well")
LJUNG_BOX_LAGS = 10
FEWEST_ROWS = 2 * LJUNG_BOX_LAGS


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
        dropped one count as neighbours.

    Raises
    ------
    InputError
        Unequal lengths, or several assets.
    NumericalError
        Fewer than 20 complete rows, or too few for the White test's squares and products; constant
        or collinear factors; an exact fit.

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
    _require_rows(len(residuals), fit.k)
    design = np.column_stack([np.ones(len(residuals)), factors])
    names = fit.factors.labels("factor")
    return Table(
        HEADER,
        [
            *_tests(residuals, design),
            *(
                (f"VIF {name}", inflation, "", "near 1; above 5 the factors overlap")
                for name, inflation in zip(names, _inflation(fit, factors), strict=True)
            ),
            ("condition number", float(np.linalg.cond(design)), "", "small; scale matters"),
            ("max leverage", float(_leverage(fit, factors).max()), "", _usual_leverage(fit)),
        ],
    )


def _tests(residuals: Vector, design: Matrix) -> list[tuple[str, float, object, str]]:
    from statsmodels.stats import diagnostic, stattools  # noqa: PLC0415  slow: a second to import

    breusch_pagan = diagnostic.het_breuschpagan(residuals, design)
    white = diagnostic.het_white(residuals, design)
    ljung_box = diagnostic.acorr_ljungbox(residuals, lags=[LJUNG_BOX_LAGS]).iloc[0]
    jarque_bera = stattools.jarque_bera(residuals)
    return [
        ("Durbin-Watson", float(stattools.durbin_watson(residuals)), "", "near 2"),
        ("Breusch-Pagan", float(breusch_pagan[0]), float(breusch_pagan[1]), "p above 0.05"),
        ("White", float(white[0]), float(white[1]), "p above 0.05"),
        (
            f"Ljung-Box, {LJUNG_BOX_LAGS} lags",
            *(float(ljung_box["lb_stat"]), float(ljung_box["lb_pvalue"]), "p above 0.05"),
        ),
        ("Jarque-Bera", float(jarque_bera[0]), float(jarque_bera[1]), "p above 0.05"),
    ]


def _require_rows(n: int, k: int) -> None:
    needed = max(FEWEST_ROWS, (k + 1) * (k + 2) // 2 + 1)
    if n < needed:
        raise NumericalError(
            f"asset_returns has {n} complete rows for {k} factor(s); the tests need {needed}"
        )


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
