"""Tests of whether factors explain average returns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.covariance import standard_errors
from factor_core.distributions import f_p, student_p
from factor_core.errors import DivisionError, ExcelError, FactorError, NumericalError, sentence
from factor_core.labelled import Columns, Table, as_columns, padded
from factor_core.regression import EXACT_FIT, column_name, refuse_exact_fit
from factor_core.risk import regress_jointly

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector
    from factor_core.regression import Regression

DEPENDENT = 1e-10  # residual of an asset relative to those before it; below, it is rounding
ALIKE = 1e-10  # spread of betas over assets relative to the largest; below, it is rounding


def grs_test(asset_returns: ArrayLike | Columns, factor_returns: ArrayLike | Columns) -> Table:
    """Return the Gibbons-Ross-Shanken test that the alphas of all assets are 0.

    Parameters
    ----------
    asset_returns : array of shape (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n, k)
        Returns of self-financing factors over the same rows.

    Returns
    -------
    Table
        F, its degrees of freedom df1 = m and df2 = n - m - k, p, and the mean absolute alpha per
        period, over the rows in which no asset and no factor is missing.

    Raises
    ------
    InputError
        Unequal lengths.
    DivisionError
        An asset that the factors explain exactly.
    NumericalError
        n not above m + k, an asset that the factors and other assets explain exactly, or a factor
        that is constant or collinear.

    Notes
    -----
    F = (n - m - k)/m x (alpha' S^-1 alpha) / (1 + mean(f)' O^-1 mean(f)) with the covariance
    matrices S of the residuals and O of the factors, divisor n. Exact in small samples when the
    residuals are normal and alike over time.

    References
    ----------
    M. R. Gibbons, S. A. Ross and J. Shanken (1989), A Test of the Efficiency of a Given Portfolio,
    Econometrica 57(5), 1121-1152.

    Examples
    --------
    >>> from factor_core.sample import monthly
    >>> data = monthly()
    >>> industries = data.industries - data.rf[:, None]
    >>> for name, value in grs_test(industries, data.factors[:, :3]).rows:
    ...     print(f"{name:14} {value:.4f}")
    F              5.1830
    df1            12.0000
    df2            804.0000
    p              0.0000
    mean abs alpha 0.0017
    """
    fit = regress_jointly(asset_returns, factor_returns)
    mean_size = float(np.abs(fit.alpha).mean())
    return Table(("statistic", "value"), [*_grs_rows(fit), ("mean abs alpha", mean_size)])


def _grs_rows(fit: Regression) -> list[tuple[str, float]]:
    """Return F, df1, df2 and p of the test that all alphas are 0."""
    n, m, k = int(fit.n[0]), fit.assets.width, fit.k
    df2 = n - m - k
    if df2 < 1:
        raise NumericalError(
            f"{n} complete rows for {m} assets and {k} factor(s); at least {m + k + 1} are needed"
        )
    refuse_exact_fit(fit)
    mean = fit.factor_mean[0]
    premium = 1 / n + float(mean @ fit.inverse[0] @ mean)
    f = df2 / m * _alpha_length(fit) / premium
    return [("F", f), ("df1", m), ("df2", df2), ("p", float(f_p(np.array(f), m, df2)))]


def _alpha_length(fit: Regression) -> float:
    """Return alpha' (E'E)^-1 alpha from the QR of the residuals E, which never squares them."""
    size = np.sqrt(fit.ssr)
    _, triangle = np.linalg.qr(fit.residuals / size)
    independent = np.abs(triangle.diagonal()) > DEPENDENT
    if not independent.all():
        asset = column_name("asset_returns", fit.assets, int((~independent).argmax()))
        raise NumericalError(
            f"{asset} is explained exactly by the factors and the assets before it; leave it out"
        )
    root = np.linalg.solve(triangle.T, fit.alpha / size)
    return float(root @ root)


def fama_macbeth(
    asset_returns: ArrayLike | Columns,
    factor_returns: ArrayLike | Columns,
    intercept: bool = True,
    shanken: bool = True,
) -> Table:
    """Return the premium of each factor by the two-pass regressions of Fama and MacBeth.

    Parameters
    ----------
    asset_returns : array of shape (n, m)
        Excess returns per period, decimal, oldest first; a column an asset.
    factor_returns : array of shape (n,) or (n, k)
        Factor returns over the same rows; they need not be returns of portfolios.
    intercept : bool
        Whether each cross-section has an intercept; for excess returns it should be near 0.
    shanken : bool
        Whether to add the columns corrected for betas that are estimates.

    Returns
    -------
    Table of k + 4 rows, one less without an intercept, and 8 columns, 5 without shanken
        For the intercept and each factor: premium per period (lambda), standard error, t and
        two-sided p (Student's t with n - 1 degrees of freedom); with shanken the last three again
        by Shanken's standard error. Then the R-squared of the cross-section, assets and rows. Rows
        in which any asset or factor is missing are left out.

    Raises
    ------
    InputError
        Unequal lengths or infinite values.
    DivisionError
        A premium that is the same in every period.
    NumericalError
        Fewer assets than premia and 1, betas that are all alike or combinations of one another
        over the assets, fewer than k + 2 rows, or a factor that is constant or collinear.

    Warnings
    --------
    The R-squared compares average returns with their mean over the assets, also without an
    intercept, where it may be below 0. With few assets it is high by chance.

    Notes
    -----
    First pass: betas B of each asset over all rows, with intercept. Second pass: in every row the
    returns on [1 B] by least squares; lambda is the mean of these premia and se their standard
    deviation (ddof 1) over sqrt(n). Shanken: se^2 = ((1 + c) var(e) + var(f)) / n with the part e
    of the premium's series that comes from residuals, the part f that is the factor itself (0 for
    the intercept), and c = lambda' cov(f)^-1 lambda. R2 = 1 - sum of squared pricing errors / sum
    of squared deviations of the average returns.

    References
    ----------
    E. F. Fama and J. D. MacBeth, Risk, Return, and Equilibrium: Empirical Tests, Journal of
    Political Economy 81 (1973), 607-636.
    J. Shanken, On the Estimation of Beta-Pricing Models, Review of Financial Studies 5 (1992),
    1-33.
    J. H. Cochrane, Asset Pricing, revised ed., chapter 12.

    Examples
    --------
    >>> from factor_core.sample import monthly, portfolios
    >>> returns = portfolios().returns - monthly().rf[:, None]
    >>> table = fama_macbeth(returns, monthly().factors[:, :1])
    >>> print(*table.header, sep=", ")
    name, lambda, se, t, p, Shanken se, Shanken t, Shanken p
    >>> for row in table.rows:
    ...     print(row[0], *(round(cell, 4) for cell in row[1:4] if cell is not None))
    intercept 0.0174 0.0028 6.2928
    factor 1 -0.0088 0.0032 -2.7433
    cross-section R2 0.1603
    assets 18
    rows 819
    """
    fit = regress_jointly(asset_returns, factor_returns)
    labels = (*(("intercept",) if intercept else ()), *fit.factors.labels("factor"))
    weights = _cross_section(fit, intercept)
    premia = fit.assets.values @ weights.T
    size = np.abs(fit.assets.values) @ np.abs(weights.T)
    n = len(premia)
    mean, deviation = premia.mean(axis=0), premia.std(axis=0, ddof=1)
    for label, spread, usual in zip(labels, deviation, size.mean(axis=0), strict=True):
        if not spread > EXACT_FIT * usual:
            raise DivisionError(f"the premium of {label} is the same in every row: its error is 0")
    columns = [mean, *_error_t_p(mean, deviation / np.sqrt(n), n)]
    if shanken:
        columns += _error_t_p(mean, _shanken_error(fit, mean, weights), n)
    header = ("name", "lambda", "se", "t", "p", "Shanken se", "Shanken t", "Shanken p")
    rest = [
        ("cross-section R2", _cross_section_r2(fit, mean, intercept)),
        ("assets", fit.assets.width),
        ("rows", n),
    ]
    rows = zip(labels, *(column.tolist() for column in columns), strict=True)
    return padded(header[: 1 + len(columns)], [*rows, *rest])


def _error_t_p(mean: Vector, error: Vector, n: int) -> list[Vector]:
    t = mean / error
    return [error, t, student_p(t, n - 1)]


def _cross_section(fit: Regression, intercept: bool) -> Matrix:
    """Return the weights of the assets in each premium, shape (p, m): least squares on betas."""
    m, k = fit.beta.shape
    needed = k + 1 + int(intercept)
    if m < needed:
        raise NumericalError(
            f"asset_returns has {m} asset(s) for {needed - 1} premia; at least {needed} are needed"
        )
    design = np.column_stack([np.ones(m), fit.beta]) if intercept else fit.beta
    length = np.linalg.norm(design, axis=0)
    _refuse_alike(fit, length[-k:] if intercept else length)
    orthonormal, triangle = np.linalg.qr(design / length)
    small = np.abs(triangle.diagonal()) < ALIKE
    if small.any():
        j = int(small.argmax()) - int(intercept)
        others = "the intercept" if j == 0 else "those of the factors before it"
        raise NumericalError(
            f"{column_name('factor_returns', fit.factors, j)} has betas that cannot be told from "
            f"{others} over these {m} assets; leave it out or use assets that differ more"
        )
    weights: Matrix = np.linalg.solve(triangle, orthonormal.T) / length[:, None]
    return weights


def _refuse_alike(fit: Regression, length: Vector) -> None:
    """Raise NumericalError for a factor on which no asset has a beta."""
    if not length.all():
        factor = column_name("factor_returns", fit.factors, int((length == 0).argmax()))
        raise NumericalError(f"{factor} has a beta of 0 for every asset: it has no premium")


def _shanken_error(fit: Regression, premia: Vector, weights: Matrix) -> Vector:
    n, k = len(fit.residuals), fit.k
    risk = premia[-k:]
    squared_sharpe = (n - 1) * float(risk @ fit.inverse[0] @ risk)
    variance = (1 + squared_sharpe) * (fit.residuals @ weights.T).var(axis=0, ddof=1)
    variance[-k:] += fit.factor_values.var(axis=0, ddof=1)
    return np.sqrt(variance / n)


def _cross_section_r2(fit: Regression, premia: Vector, intercept: bool) -> object:
    """Return the share of the differences between average returns that betas explain."""
    priced = fit.beta @ premia[-fit.k :] + (premia[0] if intercept else 0.0)
    error, distance = fit.asset_mean - priced, fit.asset_mean - fit.asset_mean.mean()
    total = float(distance @ distance)
    if total <= (EXACT_FIT * np.abs(fit.asset_mean).max()) ** 2:
        reason = "all assets have the same average return: there is nothing to explain"
        return ExcelError(DivisionError.code, sentence(reason))
    return 1 - float(error @ error) / total


def spanning_test(new_factor: ArrayLike | Columns, factor_returns: ArrayLike | Columns) -> Table:
    """Return whether a new factor adds to given ones: its alpha on them, and the GRS test of it.

    Parameters
    ----------
    new_factor : array of shape (n,) or (n, m)
        Returns of the new self-financing factor per period, decimal, oldest first; several columns
        are several new factors.
    factor_returns : array of shape (n,) or (n, k)
        Returns of the self-financing factors that are there already, over the same rows.

    Returns
    -------
    Table of m + 4 rows and 5 columns
        For each new factor alpha per period, its classical standard error, t and two-sided p
        (Student's t with n - k - 1 degrees of freedom). Then the Gibbons-Ross-Shanken test that the
        alphas of all new factors are 0: F, df1 = m, df2 = n - m - k and p. Rows in which any factor
        is missing are left out.

    Raises
    ------
    InputError
        Unequal lengths or infinite values.
    DivisionError
        A new factor that the others explain exactly.
    NumericalError
        n not above m + k, a new factor that repeats the others before it, or a factor that is
        constant or collinear.

    Notes
    -----
    Self-financing returns span a new one where its alpha is 0: the highest Sharpe ratio S that the
    factors allow does not rise. F = (n - m - k)/m x (S_with^2 - S_without^2)/(1 + S_without^2) with
    moments of divisor n; for one new factor F = t^2. For total returns Huberman and Kandel ask that
    the betas sum to 1, too: FACTOR_WALD tests alpha = 0 and sum = 1 together.

    References
    ----------
    G. Huberman and S. Kandel, Mean-Variance Spanning, Journal of Finance 42 (1987), 873-888.
    M. R. Gibbons, S. A. Ross and J. Shanken, A Test of the Efficiency of a Given Portfolio,
    Econometrica 57 (1989), 1121-1152.

    Examples
    --------
    Does momentum add to Fama's and French's three factors?

    >>> from factor_core.sample import monthly
    >>> factors = monthly().factors
    >>> for row in spanning_test(factors[:, 3], factors[:, :3]).rows:
    ...     print(row[0], *(round(cell, 4) for cell in row[1:] if cell is not None))
    new factor 1 0.009 0.0014 6.6666 0.0
    GRS F 44.4439
    df1 1
    df2 815
    p 0.0
    """
    new = as_columns(new_factor, "new_factor")
    try:
        fit = regress_jointly(new, factor_returns)
        test = _grs_rows(fit)
    except FactorError as refused:  # a regression calls its left side asset_returns
        raise type(refused)(str(refused).replace("asset_returns", "new_factor")) from None
    errors = standard_errors(fit)[:, 0]
    t = fit.alpha / errors
    columns = (fit.alpha, errors, t, student_p(t, fit.df))
    rows = zip(new.labels("new factor"), *(c.tolist() for c in columns), strict=True)
    named = zip(("GRS F", "df1", "df2", "p"), (value for _, value in test), strict=True)
    header = ("name", "alpha", "se", "t", "p")
    return padded(header, [*rows, *named])
