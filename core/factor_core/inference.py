"""How sure the estimates are: t statistics, regression tables and the summaries built on them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from factor_core.covariance import hac_lags, standard_errors, standard_errors_each
from factor_core.distributions import student_p, two_sided_quantile
from factor_core.errors import NumericalError, error_cell, require_positive
from factor_core.fit_statistics import adjusted_r_squared, fit_statistic
from factor_core.labelled import Columns, Table, one_column, padded
from factor_core.regression import (
    constant_asset,
    exact_fit,
    refuse_constant_asset,
    refuse_exact_fit,
    regress,
    regress_each,
    sheet_row,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector
    from factor_core.regression import Regression

LEVEL = 0.95  # of the intervals in a regression table
SE_IN_WORDS = {
    "ols": "ols: classical, equal variances",
    "hc0": "hc0: White",
    "hc1": "hc1: White x n/(n-k-1)",
    "hc2": "hc2: White, residuals over sqrt(1 - leverage)",
    "hc3": "hc3: White, residuals over 1 - leverage",
}

Row = tuple[object, ...]


def alpha_tstat(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    se: str = "ols",
    lags: int | None = None,
    null_value: float = 0.0,
) -> Vector:
    """Return the t statistic of each asset's alpha.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Standard errors; hac has the small-sample factor n / (n - k - 1).
    lags : int, optional
        Lags of hac; None is floor(4 (n / 100)^(2/9)).
    null_value : float
        Alpha per period that the test takes as true.

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself. Compare with Student's t
        with n - k - 1 degrees of freedom, whichever the standard errors.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, an unknown `se`, or lags that do not fit.
    DivisionError
        An asset that the factors explain exactly: its standard errors are 0.
    NumericalError
        Fewer than k + 2 complete rows, or a factor that is constant or collinear.

    Notes
    -----
    (alpha - null_value) / se(alpha). It does not depend on the periods a year.

    References
    ----------
    M. C. Jensen, Journal of Finance 23 (1968), 389-416.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> alpha_tstat([0.02, -0.02, 0.05, 0.01, 0.02], market).round(4)
    array([1.546])
    """
    fit = regress(asset_returns, factor_returns)
    refuse_exact_fit(fit)
    return (fit.alpha - null_value) / standard_errors(fit, se, lags)[:, 0]


def beta_tstat(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    se: str = "ols",
    lags: int | None = None,
    null_value: float = 0.0,
) -> Vector | Matrix:
    """Return the t statistic of each beta of each asset.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Standard errors; hac has the small-sample factor n / (n - k - 1).
    lags : int, optional
        Lags of hac; None is floor(4 (n / 100)^(2/9)).
    null_value : float
        Beta that the test takes as true, for every factor.

    Returns
    -------
    ndarray of shape (m,) for one factor, else (m, k)
        Rows with a missing value are left out, for each asset by itself. Compare with Student's t
        with n - k - 1 degrees of freedom, whichever the standard errors.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, an unknown `se`, or lags that do not fit.
    DivisionError
        An asset that the factors explain exactly: its standard errors are 0.
    NumericalError
        Fewer than k + 2 complete rows, or a factor that is constant or collinear.

    Notes
    -----
    (beta - null_value) / se(beta), factor by factor.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapter 5.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> beta_tstat([0.02, -0.02, 0.05, 0.01, 0.02], market, null_value=1).round(4)
    array([1.2667])
    """
    fit = regress(asset_returns, factor_returns)
    refuse_exact_fit(fit)
    t = (fit.beta - null_value) / standard_errors(fit, se, lags)[:, 1:]
    return t[:, 0] if fit.k == 1 else t


def factor_stat(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, stat: str
) -> Vector:
    """Return one statistic of each asset's regression by name.

    Parameters
    ----------
    asset_returns : array of shape (n,) or (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    stat : str
        n (complete rows), df (n - k - 1), r2, adj_r2, s (standard error of the regression, divisor
        df), f and f_p (all betas 0, classical), loglik, aic, bic (normal likelihood, k + 1
        parameters), dw (Durbin-Watson), skew and kurtosis of the residuals (3 is normal), jb and
        jb_p (Jarque-Bera), omnibus (D'Agostino and Pearson), cond (largest over smallest singular
        value of [1 X], neither centred nor scaled).

    Returns
    -------
    ndarray of shape (m,)
        Rows with a missing value are left out, for each asset by itself; dw takes the rows around
        them as neighbours.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, or an unknown name.
    DivisionError
        A constant asset (r2, adj_r2), or one that the factors explain exactly (all that divide by
        the residuals).
    NumericalError
        Fewer than k + 2 complete rows (omnibus: 8), or a factor that is constant or collinear.

    Notes
    -----
    The definitions are those of statsmodels' OLS summary: log-likelihood
    -n/2 (ln(2 pi) + ln(SSR / n) + 1) with the residual sum of squares SSR, Jarque-Bera
    n/6 (S^2 + (K - 3)^2 / 4) with skewness S and kurtosis K of divisor n.

    References
    ----------
    W. H. Greene, Econometric Analysis, 8th ed., chapters 3 to 5 and 20.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> factor_stat([0.02, -0.02, 0.05, 0.01, 0.02], market, "f").round(2)
    array([38.44])
    """
    return fit_statistic(regress(asset_returns, factor_returns), stat)


def factor_regression(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    se: str = "ols",
    lags: int | None = None,
    intercept: bool = True,
    small_sample: bool = True,
) -> Table:
    """Return the regression table of one asset.

    Parameters
    ----------
    asset_returns : array of shape (n,)
        Excess returns per period of one asset, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Standard errors.
    lags : int, optional
        Lags of hac; None is floor(4 (n / 100)^(2/9)).
    intercept : bool
        Whether alpha is estimated or taken as 0; without it the table has no alpha.
    small_sample : bool
        Whether hac is multiplied by n / (n - k - 1); it has no effect on the others.

    Returns
    -------
    Table of alpha and one row a factor
        Coefficient, standard error, t, two-sided p and the 95 % interval. p and interval are
        Student's t with n - k - 1 degrees of freedom (n - k without an intercept) under every
        estimator, as R's coeftest; statsmodels takes the normal for robust errors. Rows with a
        missing value are left out.

    Raises
    ------
    InputError
        Several assets, unequal lengths, infinite values, an unknown `se`, or lags that do not fit.
    NumericalError
        Too few complete rows, or a factor that is constant or collinear.

    Warnings
    --------
    Where the factors explain the asset exactly, t and p are error cells; the rest is shown.

    Notes
    -----
    With Z the factors beside a column of ones: coefficients (Z'Z)^-1 Z'r; ols errors are the roots
    of the diagonal of s^2 (Z'Z)^-1, s^2 = sum of e_t^2 / (n - k - 1); robust errors those of
    (Z'Z)^-1 S (Z'Z)^-1, where S sums e_t^2 z_t z_t' (hc0; hc1 times n / (n - k - 1), hc2 and hc3
    with e_t^2 over 1 - h_t and its square) or, for hac, also the products of rows up to `lags`
    apart, weighted by 1 - lag / (lags + 1).

    References
    ----------
    J. MacKinnon and H. White, Journal of Econometrics 29 (1985), 305-325.
    W. Newey and K. West, Econometrica 55 (1987), 703-708.

    Examples
    --------
    >>> table = factor_regression([0.02, -0.02, 0.05, 0.01, 0.02], [0.01, -0.02, 0.03, 0.00, 0.02])
    >>> table.header[:4]
    ('name', 'coef', 'se', 't')
    >>> [(row[0], round(row[1], 4), round(row[2], 4)) for row in table.rows]
    [('alpha', 0.0059, 0.0038), ('factor 1', 1.2568, 0.2027)]
    """
    fit = _regress_one(asset_returns, factor_returns, intercept)
    errors = standard_errors(fit, se, lags, small_sample)[0]
    coefficients = np.concatenate([fit.alpha, fit.beta[0]]) if intercept else fit.beta[0]
    df = float(fit.df[0])
    reach = two_sided_quantile(1 - LEVEL, df) * errors
    t = _t_cells(fit, coefficients, errors)
    p = t if fit.is_exact[0] else student_p(coefficients / errors, df).tolist()
    low, high = coefficients - reach, coefficients + reach
    columns = (coefficients.tolist(), errors.tolist(), t, p, low.tolist(), high.tolist())
    names = (*(("alpha",) if intercept else ()), *fit.factors.labels("factor"))
    percent = f"{LEVEL:.0%}".rstrip("%")
    header = ("name", "coef", "se", "t", "p", f"low {percent}", f"high {percent}")
    return Table(header, list(zip(names, *columns, strict=True)))


def factor_summary(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    periods: float = 252,
    se: str = "ols",
) -> Table:
    """Return everything about one asset and its factors as one block.

    Parameters
    ----------
    asset_returns : array of shape (n,)
        Excess returns per period of one asset, decimal, oldest first.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    periods : float
        Periods a year.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Standard errors; hac takes floor(4 (n / 100)^(2/9)) lags and the factor n / (n - k - 1).

    Returns
    -------
    Table of 17 + 2 k rows and 6 columns
        Label, value per period, value a year, standard error, t, share of the variance. Its rows
        depend on the number of factors only. Rows used are counted in the range of asset_returns,
        its header included; rows with a missing value are left out.

    Raises
    ------
    InputError
        Several assets, unequal lengths, infinite values, or an unknown `se`.
    DivisionError
        A constant asset: it has no variance to explain.
    NumericalError
        Fewer than k + 2 complete rows, a factor that is constant or collinear, or periods not
        above 0.

    Notes
    -----
    Means and variances scale by the periods a year, volatilities and ratios by their square root;
    betas do not scale. Variances and volatilities have ddof 1, so that the shares add up to 1;
    standard errors have n - k - 1 degrees of freedom.

    References
    ----------
    R. C. Grinold and R. N. Kahn, Active Portfolio Management, 2nd ed., chapters 3 to 5.

    Examples
    --------
    >>> block = factor_summary([0.02, -0.02, 0.05, 0.01, 0.02], [0.01, -0.02, 0.03, 0.00, 0.02], 12)
    >>> block.header
    ('asset 1', 'per period', 'a year', 'std error', 't', 'share')
    >>> [(row[0], round(row[1], 4)) for row in block.rows[:3]]
    [('alpha', 0.0059), ('beta factor 1', 1.2568), ('R-squared', 0.9276)]
    """
    require_positive(periods, "periods")
    fit = _regress_one(asset_returns, factor_returns)
    refuse_constant_asset(fit)
    rows = [
        *_coefficient_rows(fit, periods, se),
        ("R-squared", float(fit.r_squared[0])),
        ("adjusted R-squared", float(adjusted_r_squared(fit)[0])),
        *_variance_rows(fit, periods),
        *_mean_rows(fit, periods),
        *_ratio_rows(fit, periods),
        *_sample_rows(fit, se),
    ]
    header = (fit.assets.labels("asset")[0], "per period", "a year", "std error", "t", "share")
    return padded(header, rows)


def factor_table(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    periods: float = 252,
    se: str = "hac",
) -> Table:
    """Return one row an asset: alpha, t, betas, R-squared, idiosyncratic volatility, appraisal, n.

    Parameters
    ----------
    asset_returns : array of shape (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows.
    periods : float
        Periods a year.
    se : {"ols", "hc0", "hc1", "hc2", "hc3", "hac"}
        Standard errors of t(alpha); hac takes floor(4 (n / 100)^(2/9)) lags and the factor
        n / (n - k - 1).

    Returns
    -------
    Table of m rows and 6 + k columns
        Alpha, idiosyncratic volatility (ddof 1) and appraisal ratio are a year's. Rows with a
        missing value are left out, for each asset by itself. An asset that cannot be estimated
        shows error cells with the reason, and its n.

    Raises
    ------
    InputError
        Unequal lengths, infinite values, or an unknown `se`.
    NumericalError
        No asset can be estimated (the first one's reason), or periods not above 0.

    Notes
    -----
    The appraisal ratio is alpha P / (sd(e) sqrt(P)), the Sharpe ratio of the hedged asset.

    References
    ----------
    J. L. Treynor and F. Black, Journal of Business 46 (1973), 66-86.

    Examples
    --------
    >>> market = [0.01, -0.02, 0.03, 0.00, 0.02]
    >>> funds = np.column_stack([[0.02, -0.02, 0.05, 0.01, 0.02], [0.01, 0.0, 0.01, 0.0, 0.02]])
    >>> table = factor_table(funds, market, 12, "ols")
    >>> table.header
    ('name', 'alpha a year', 't(alpha)', 'beta factor 1', 'R2', 'idio vol', 'appraisal', 'n')
    >>> [row[0] for row in table.rows]
    ['asset 1', 'asset 2']
    """
    table, refused = factor_table_each(asset_returns, factor_returns, periods, se)
    if len(refused) == len(table.rows):
        raise refused[0]
    return table


def factor_table_each(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    periods: float = 252,
    se: str = "hac",
) -> tuple[Table, dict[int, NumericalError]]:
    """Return `factor_table`, even where no asset has an estimate, and why some have none.

    Raises
    ------
    InputError
        As `factor_table`.
    NumericalError
        Periods not above 0.

    Examples
    --------
    >>> table, refused = factor_table_each([0.02, -0.02], [0.01, -0.02], 12)
    >>> table.rows[0][1], table.rows[0][-1]
    ('#NUM!', 2.0)
    >>> str(refused[0])[:60]
    'asset_returns has 2 complete rows for 1 factor(s); at least '
    """
    require_positive(periods, "periods")
    fit, refused = regress_each(asset_returns, factor_returns)
    errors, undecided = standard_errors_each(fit, se, coefficients=slice(0, 1))
    refused |= undecided
    numbers = _table_rows(fit, errors, periods)
    for j, reason in refused.items():
        numbers[j] = (error_cell(reason),) * len(numbers[j])
    named = zip(fit.assets.labels("asset"), numbers, fit.n.tolist(), strict=True)
    rows = [(label, *values, n) for label, values, n in named]
    betas = (f"beta {name}" for name in fit.factors.labels("factor"))
    header = ("name", "alpha a year", "t(alpha)", *betas, "R2", "idio vol", "appraisal", "n")
    return Table(header, rows), refused


def _table_rows(fit: Regression, errors: Matrix, periods: float) -> list[Row]:
    """Return the numbers of each asset, an error cell where one of them does not exist."""
    vol, root = np.sqrt(fit.idio_variance), math.sqrt(periods)
    exact, constant = fit.is_exact, fit.tss == 0
    with np.errstate(divide="ignore", invalid="ignore"):  # where error cells take their place
        columns = (
            fit.alpha * periods,
            fit.alpha / errors[:, 0],
            *fit.beta.T,
            fit.r_squared,
            vol * root,
            fit.alpha / vol * root,
        )
    rows = np.array(columns, dtype=object).T
    for j in np.flatnonzero(exact):
        rows[j, [1, -1]] = error_cell(exact_fit(fit, int(j)))
    for j in np.flatnonzero(constant):
        rows[j, -3] = error_cell(constant_asset(fit, int(j)))
    return [tuple(row) for row in rows.tolist()]


# ------------------------------------------------------------------ the rows of a summary


def _coefficient_rows(fit: Regression, periods: float, se: str) -> list[Row]:
    errors = standard_errors(fit, se)[0].tolist()
    alpha, betas = float(fit.alpha[0]), fit.beta[0].tolist()
    t = _t_cells(fit, np.array([alpha, *betas]), np.array(errors))
    names = fit.factors.labels("factor")
    return [
        ("alpha", alpha, alpha * periods, errors[0], t[0]),
        *(
            (f"beta {name}", beta, None, error, ratio)
            for name, beta, error, ratio in zip(names, betas, errors[1:], t[1:], strict=True)
        ),
    ]


def _variance_rows(fit: Regression, periods: float) -> list[Row]:
    total, idio = float(fit.tss[0] / (fit.n[0] - 1)), float(fit.idio_variance[0])
    share = float(fit.r_squared[0])
    vols = math.sqrt(total), math.sqrt(idio)
    return [
        ("total variance", total, total * periods, None, None, 1.0),
        ("factor variance", total - idio, (total - idio) * periods, None, None, share),
        ("idiosyncratic variance", idio, idio * periods, None, None, 1 - share),
        ("total volatility", vols[0], vols[0] * math.sqrt(periods)),
        ("residual volatility", vols[1], vols[1] * math.sqrt(periods)),
    ]


def _mean_rows(fit: Regression, periods: float) -> list[Row]:
    names = (*(f"mean {name}" for name in fit.factors.labels("factor")), "mean excess return")
    means = (*fit.factor_mean[0].tolist(), float(fit.asset_mean[0]))
    return [(name, mean, mean * periods) for name, mean in zip(names, means, strict=True)]


def _ratio_rows(fit: Regression, periods: float) -> list[Row]:
    sharpe = float(fit.asset_mean[0]) / math.sqrt(fit.tss[0] / (fit.n[0] - 1))
    alpha, variance = float(fit.alpha[0]), float(fit.idio_variance[0])
    root = math.sqrt(periods)
    appraisal: tuple[object, object] = (error_cell(exact_fit(fit, 0)),) * 2
    if not fit.is_exact[0]:
        ratio = alpha / math.sqrt(variance)
        appraisal = ratio, ratio * root
    return [("Sharpe ratio", sharpe, sharpe * root), ("appraisal ratio", *appraisal)]


def _sample_rows(fit: Regression, se: str) -> list[Row]:
    used = np.flatnonzero(~np.isnan(fit.residuals[:, 0]))
    return [
        ("rows used", float(fit.n[0])),
        ("first row used", float(sheet_row(fit.assets, int(used[0])))),
        ("last row used", float(sheet_row(fit.assets, int(used[-1])))),
        ("ddof of variances and volatilities", 1.0),
        ("degrees of freedom of t, n-k-1", float(fit.df[0])),
        ("standard errors", _in_words(se, int(fit.n[0]))),
    ]


def _in_words(se: str, n: int) -> str:
    if se == "hac":
        return f"hac: Newey-West, Bartlett kernel, {hac_lags(n)} lags, x n/(n-k-1)"
    return SE_IN_WORDS[se]


# ------------------------------------------------------------------ shared


def _regress_one(
    asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns, intercept: bool = True
) -> Regression:
    remedy = "use one asset (FACTOR_TABLE takes several)"
    return regress(one_column(asset_returns, "asset_returns", remedy), factor_returns, intercept)


def _t_cells(fit: Regression, coefficients: Vector, errors: Vector) -> list[object]:
    """Return t of the one asset's coefficients; error cells where its residuals are 0."""
    if fit.is_exact[0]:
        return [error_cell(exact_fit(fit, 0))] * len(errors)
    return (coefficients / errors).tolist()
