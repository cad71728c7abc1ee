"""One regression beside statsmodels: coefficients, standard errors, R-squared and residuals.

Targets: statsmodels takes at least 30 times as long with one factor, 15 with three and 12 with six,
and with Newey-West errors 4; one factor takes at most 20 passes of np.dot over the returns.
"""

from __future__ import annotations

import harness  # first: it gives BLAS one thread
import numpy as np
import statsmodels
import statsmodels.api as sm

from factor_core.covariance import standard_errors
from factor_core.labelled import Columns
from factor_core.regression import regress

ROWS = 10_000
HAC_LAGS = (5, 50)


def data(k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(k)
    factors = rng.normal(0, 0.01, (ROWS, k)) + rng.normal(0, 0.005, (ROWS, 1))
    return factors @ rng.uniform(0.2, 1.2, k) + rng.normal(1e-4, 0.012, ROWS), factors


def ours(asset: Columns, factors: Columns, se: str = "ols", lags: int | None = None) -> object:
    fit = regress(asset, factors)
    return fit.alpha, fit.beta, standard_errors(fit, se, lags), fit.r_squared, fit.residuals


def theirs(y: np.ndarray, x: np.ndarray, **covariance: object) -> object:
    fit = sm.OLS(y, sm.add_constant(x)).fit(**covariance)
    return fit.params, fit.bse, fit.rsquared, fit.resid


def main() -> None:
    """Print the tables."""
    print(
        harness.machine(),
        f"numpy {np.__version__}, statsmodels {statsmodels.__version__}",
        sep=", ",
    )
    for k in (1, 3, 6):
        y, x = data(k)
        asset, factors = Columns(y[:, None]), Columns(x)
        harness.compare(
            f"One fit, {ROWS:,} rows, {k} factor(s)",
            {
                "factor_core": lambda a=asset, f=factors: ours(a, f),
                "statsmodels OLS": lambda y=y, x=x: theirs(y, x),
                "np.dot, one pass over the returns": lambda y=y: np.dot(y, y),
            },
        )
    for lags in HAC_LAGS:
        options = {"cov_type": "HAC", "cov_kwds": {"maxlags": lags, "use_correction": True}}
        harness.compare(
            f"The same with Newey-West errors of {lags} lags",
            {
                "factor_core": lambda n=lags: ours(asset, factors, "hac", n),
                "statsmodels HAC": lambda o=options: theirs(y, x, **o),
            },
        )


if __name__ == "__main__":
    main()
