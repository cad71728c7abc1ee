"""What holds for each function, whatever its numbers: shape, order of rows, missing rows.

A function that is not in this table fails tests/test_every_function.py.
"""

from __future__ import annotations

from typing import NamedTuple


class Laws(NamedTuple):
    """The laws of one function where its needed arguments alone are given."""

    shape: str
    """Rows x columns of the result in n rows, m assets, k factors; no header in the input."""
    order: str
    """What another order of the rows does: `free` (nothing), `moves` (the result's rows follow),
    `matters`, or `-` where no argument has rows in time."""
    gaps: str
    """A row with a missing cell: `dropped` (as if deleted), `shown` (deleted, but its row stays as
    #N/A), `own` (a rule of its own, tested with the function), or `-`."""
    m: tuple[int, ...] = (1, 3)
    """Numbers of assets that the function is tried with."""
    k: tuple[int, ...] = (1, 2)
    """Numbers of factors that the function is tried with."""


ONE = (1,)
LAWS = {
    # Returns
    "SIMPLE_RETURNS": Laws("n-1 x m", "matters", "own"),
    "LOG_RETURNS": Laws("n-1 x m", "matters", "own"),
    "EXCESS_RETURNS": Laws("n x m", "moves", "shown"),
    "RF_PER_PERIOD": Laws("2 x 1", "-", "-"),
    "ANNUALIZE": Laws("1 x 2", "-", "-"),
    "VOL_SCALE": Laws("2 x 1", "-", "-"),
    "ALIGN_SERIES": Laws("n x 4", "free", "own"),
    "COMPOUND_RETURNS": Laws("n x m+1", "free", "own"),
    "ALIGN_REPORT": Laws("19 x 3", "free", "own"),
    # Estimation
    "FACTOR_BETA": Laws("m x k", "free", "dropped"),
    "FACTOR_ALPHA": Laws("m x 1", "free", "dropped"),
    "R_SQUARED": Laws("m x 1", "free", "dropped"),
    "RESIDUAL_VOL": Laws("m x 1", "free", "dropped"),
    "RESIDUAL_SERIES": Laws("n x m", "moves", "shown"),
    "ALPHA_TSTAT": Laws("m x 1", "free", "dropped"),
    "BETA_TSTAT": Laws("m x k", "free", "dropped"),
    "BETA_SE": Laws("m x k", "free", "dropped"),
    "BETA_CI": Laws("m x 2*k", "free", "dropped"),
    "BETA_TEST": Laws("m x 2*k", "free", "dropped"),
    "FACTOR_STAT": Laws("m x 1", "free", "dropped"),
    "FACTOR_WALD": Laws("m x 4", "free", "dropped"),
    "FACTOR_DIAGNOSTICS": Laws("k+8 x 4", "matters", "dropped", m=ONE),
    "FACTOR_REGRESSION": Laws("k+2 x 7", "free", "dropped", m=ONE),
    "FACTOR_SUMMARY": Laws("2*k+18 x 6", "free", "dropped", m=ONE),
    "FACTOR_TABLE": Laws("m+1 x k+7", "matters", "dropped"),  # its default is hac
    "SUBSAMPLE_TEST": Laws("k+6 x 6", "matters", "own", m=ONE),
    # Betas
    "ROLLING_BETA": Laws("n x k*m", "matters", "own"),
    "ROLLING_REGRESSION": Laws("n x (k+3)*m", "matters", "own"),
    "PERIOD_BETA": Laws("5 x 2*k+2", "free", "dropped", m=ONE),
    "EWMA_BETA": Laws("m x k", "matters", "dropped"),
    "BLUME_BETA": Laws("2 x 1", "-", "-"),
    "VASICEK_BETA": Laws("3 x 1", "-", "-"),
    "DIMSON_BETA": Laws("m x 2", "matters", "dropped", k=ONE),
    "SCHOLES_WILLIAMS_BETA": Laws("m x 1", "matters", "dropped", k=ONE),
    "UP_BETA": Laws("m x 1", "free", "dropped", k=ONE),
    "DOWN_BETA": Laws("m x 1", "free", "dropped", k=ONE),
    "DOWNSIDE_BETA": Laws("m x 1", "free", "dropped", k=ONE),
    "TIMING_MODEL": Laws("4 x 7", "free", "dropped", m=ONE, k=ONE),
    "ROBUST_BETA": Laws("m x k", "free", "dropped"),
    "LEVER_BETA": Laws("2 x 1", "-", "-"),
    "UNLEVER_BETA": Laws("2 x 1", "-", "-"),
    "CAPM_RETURN": Laws("1 x 1", "-", "-"),
    "EXPECTED_RETURN": Laws("1 x 1", "-", "-"),
    # Hedging
    "TRACKING_SERIES": Laws("n x m", "moves", "shown"),
    "HEDGED_SERIES": Laws("n x m", "moves", "shown"),
    "HEDGE_RATIO": Laws("m x k", "free", "dropped"),
    "HEDGE_NOTIONALS": Laws("1 x 2", "-", "-"),
    "HEDGE_TRADES": Laws("1 x 3", "-", "-"),
    "MIN_VAR_HEDGE": Laws("7 x 4", "free", "dropped", m=ONE),
    "TARGET_BETA_HEDGE": Laws("1 x 1", "-", "-"),
    "FACTOR_SHARE_HEDGE": Laws("1 x 2", "-", "-"),
    "HEDGE_EFFECTIVENESS": Laws("2*k+5 x 3", "free", "dropped", m=ONE),
    # Risk
    "VARIANCE_DECOMP": Laws("k+3 x 4", "free", "dropped", m=ONE),
    "FACTOR_SHARE": Laws("m x 1", "free", "dropped"),
    "TRACKING_ERROR": Laws("m x 1", "free", "dropped"),
    "FACTOR_COV": Laws("k x k", "free", "dropped"),
    "MODEL_COV": Laws("2 x 2", "-", "-"),
    "PORTFOLIO_RISK": Laws("8 x 5", "-", "-"),
    "RISK_CONTRIBUTION": Laws("2 x 3", "-", "-"),
    "RESIDUAL_CORREL": Laws("m x m", "free", "dropped", m=(2, 3)),
    # Sizing
    "POSITION_SIZE": Laws("2 x 1", "-", "-"),
    "HEDGED_POSITION_SIZE": Laws("1 x k+1", "free", "dropped", m=ONE),
    "EXPECTED_PNL": Laws("1 x 1", "-", "-"),
    "SIZE_PORTFOLIO": Laws("2 x 1", "-", "-"),
    "TREYNOR_BLACK": Laws("2 x 1", "-", "-"),
    "SIZE_TO_LIMITS": Laws("9 x 4", "-", "-"),
    "RISK_PARITY_WEIGHTS": Laws("2 x 1", "-", "-"),
    "BUDGET_USE": Laws("6 x 3", "-", "-"),
    "STOP_LOSS_VOL": Laws("1 x 1", "-", "-"),
    # Performance
    "SHARPE_RATIO": Laws("m x 1", "free", "dropped"),
    "APPRAISAL_RATIO": Laws("m x 1", "free", "dropped"),
    "TREYNOR_RATIO": Laws("m x 1", "free", "dropped", k=ONE),
    "INFORMATION_RATIO": Laws("m x 1", "free", "dropped"),
    "MSQUARED": Laws("m x 1", "free", "dropped"),
    "MSQUARED_ALPHA": Laws("m x 1", "free", "dropped"),
    "UP_CAPTURE": Laws("m x 1", "free", "dropped"),
    "DOWN_CAPTURE": Laws("m x 1", "free", "dropped"),
    "MEAN_TSTAT": Laws("m x 1", "free", "dropped"),
    "SHARPE_SE": Laws("m x 1", "free", "dropped"),
    "YEARS_NEEDED": Laws("1 x 1", "-", "-"),
    "BONFERRONI_T": Laws("1 x 1", "-", "-"),
    "RETURN_ATTRIBUTION": Laws("k+3 x 2", "free", "dropped", m=ONE),
    "BOTTOM_UP_BETA": Laws("1 x 2", "-", "-"),
    # Pricing
    "GRS_TEST": Laws("6 x 2", "free", "dropped"),
    "FAMA_MACBETH": Laws("k+5 x 8", "free", "dropped", m=(4, 6)),
    "SPANNING_TEST": Laws("m+5 x 5", "free", "dropped"),
    # Data
    "FF_FACTORS": Laws("820 x 5", "-", "-"),
    "FACTOR_CHECK": Laws("2 x 5", "free", "own"),  # a row a finding
}
