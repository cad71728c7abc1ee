"""The positions that earn the most under limits on risk, size, factors and single names."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from factor_core.convex_programme import Programme, UnprovenError, maximise
from factor_core.errors import InputError, NumericalError, require_positive
from factor_core.labelled import Table
from factor_core.risk_model import at_least_zero, factor_model, portfolio_variance, vector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike

    from factor_core.labelled import Columns, Matrix, Vector
    from factor_core.risk_model import FactorModel

HEADER = ("item", "value", "limit", "status")
ROUNDING = 1e-12  # of a position, or of an exposure relative to what it nets; below, it is 0
BINDS = 1e-8  # of a limit left; below, it binds
RISKLESS = 1e-10  # variance of a combination of unit-volatility positions; below, it has no risk

Row = tuple[str, float, object, str]


class _Limits(NamedTuple):
    """Limits in money, but the share; None where there is none."""

    budget: float
    gross: float | None
    name: Vector | None  # m
    factors: Vector | None  # k
    share: float | None


def size_to_limits(
    alphas: ArrayLike,
    betas: ArrayLike | Columns,
    factor_cov: ArrayLike | Columns,
    idio_vars: ArrayLike,
    budget: float,
    gross_limit: float | None = None,
    name_limit: ArrayLike | None = None,
    factor_limits: ArrayLike | None = None,
    share_limit: float | None = None,
) -> Table:
    """Return the positions that earn the most within a volatility budget and other limits.

    Parameters
    ----------
    alphas : array of shape (m,)
        Expected return of each asset, decimal. Alphas, covariances and budget are of one horizon,
        for example all of a year.
    betas : array of shape (m, k)
        One row an asset, one column a factor.
    factor_cov : array of shape (k, k)
        Covariance matrix of the factors.
    idio_vars : array of shape (m,)
        Idiosyncratic variances.
    budget : float
        Largest volatility of the portfolio, in money.
    gross_limit : float, optional
        Largest sum of the positions' sizes, long and short, in money.
    name_limit : float or array of shape (m,), optional
        Largest size of one position in money: one for all, or one each; 0 leaves an asset out.
    factor_limits : float or array of shape (k,), optional
        Largest exposure to a factor in money, either way: one for all, or one each; 0 is neutral.
    share_limit : float, optional
        Largest share of the budget's variance that factor risk may take, 0 to 1; 0 hedges it all.

    Returns
    -------
    Table of m + k + 4 rows
        Money in each asset; volatility, gross, exposure to each factor, factor share of the
        budget's variance; expected profit. Beside each number its limit, and "binds" where that
        limit is reached. An asset at its name_limit binds in its own row.

    Raises
    ------
    InputError
        Shapes that do not fit together, no covariance matrix, or a negative limit.
    NumericalError
        A budget or gross_limit not above 0; a share outside 0 to 1; alphas that are all 0; an asset
        without risk; positions without risk that earn without end; or a maximum that could not be
        proven.

    Warnings
    --------
    The share is one of the budget, which keeps the limits convex. Where the budget does not bind,
    factor risk is a larger share of the volatility that is left; compare the rows. Work grows with
    the cube of the assets: about a second for 100 of them, several for 300.

    Notes
    -----
    Maximise alphas' w subject to w' (B F B' + D) w <= budget^2, sum |w_i| <= gross_limit,
    |w_i| <= name_limit_i, |(B'w)_j| <= factor_limit_j, w' B F B' w <= share_limit budget^2. Solved
    by sequential quadratic programming, then Newton's method on the limits that bind; the result
    meets the conditions of Karush, Kuhn and Tucker to 9 digits, or there is none.

    References
    ----------
    S. Boyd and L. Vandenberghe, Convex Optimization, chapters 4 and 5.
    G. A. Paleologo, Advanced Portfolio Management (2021).

    Examples
    --------
    >>> alphas, betas, idio_vars = [0.05, 0.02, -0.03], [[1.0], [1.2], [0.8]], [0.04, 0.09, 0.04]
    >>> table = size_to_limits(alphas, betas, [[0.03]], idio_vars, 1e6, factor_limits=0)
    >>> for name, value, limit, binds in table.rows:
    ...     print(f"{name:18} {value:9.3g} {limit!s:9} {binds}".rstrip())
    asset 1              3.1e+06
    asset 2             2.85e+04
    asset 3            -3.92e+06
    volatility             1e+06 1000000.0 binds
    gross               7.05e+06
    exposure factor 1          0 0.0       binds
    factor share               0
    expected profit     2.73e+05
    """
    model = factor_model(betas, factor_cov, idio_vars)
    m, k = model.betas.shape
    expected = vector(alphas, "alphas", m, "idio_vars")
    if not expected.any():
        raise NumericalError("alphas are all 0: there is nothing to size; use at least one alpha")
    limits = _limits(budget, gross_limit, name_limit, factor_limits, share_limit, (m, k))
    vols = _vols(model)
    _require_bounded(expected, model, vols, limits)
    units = _units(vols, limits)
    try:
        with np.errstate(all="ignore"):  # what leaves the float range has no proof
            optimum = maximise(_programme(expected, model, units, limits))
    except UnprovenError:
        raise NumericalError(
            "no maximum could be proven: alphas, variances or limits of very unequal size, or "
            "limits near 0; give limits of a like size, 0 to exclude, or leave some blank"
        ) from None
    sizes = optimum.x[:m] - optimum.x[m:]
    held = units * np.where(np.abs(sizes) > ROUNDING, sizes, 0.0)
    return Table(HEADER, list(_rows(held, expected, model, limits)))


def _limits(
    budget: float,
    gross_limit: float | None,
    name_limit: ArrayLike | None,
    factor_limits: ArrayLike | None,
    share_limit: float | None,
    shape: tuple[int, int],
) -> _Limits:
    """Return the limits, checked; one name or factor limit is one for all."""
    require_positive(budget, "budget")
    if gross_limit is not None:
        require_positive(gross_limit, "gross_limit")
    if share_limit is not None and not 0 <= share_limit <= 1:
        raise NumericalError(
            f"share_limit is {share_limit:g}; use a share from 0 to 1, or leave it blank"
        )
    names = _one_each(name_limit, "name_limit", shape[0], "asset")
    factors = _one_each(factor_limits, "factor_limits", shape[1], "factor")
    return _Limits(budget, gross_limit, names, factors, share_limit)


def _one_each(limit: ArrayLike | None, name: str, size: int, of: str) -> Vector | None:
    if limit is None:
        return None
    values = at_least_zero(limit, name, "a limit is never negative: it holds long and short")
    if values.size not in (1, size):
        raise InputError(
            f"{name} has {values.size} numbers; use one for all, or {size}, one for each {of}"
        )
    return np.broadcast_to(values, (size,))


def _vols(model: FactorModel) -> Vector:
    """Return the volatility of each asset; one without risk has no scale and is refused."""
    variances = model.cov.diagonal()
    if not np.isfinite(variances).all():
        raise NumericalError("betas and factor_cov are too large to calculate with")
    if not (variances > 0).all():
        i = int((variances <= 0).argmax()) + 1
        raise NumericalError(
            f"asset {i} has no risk: its idio_vars and its betas are 0; leave it out"
        )
    return np.sqrt(variances)


def _require_bounded(expected: Vector, model: FactorModel, vols: Vector, limits: _Limits) -> None:
    """Raise NumericalError where positions that offset earn alpha without risk and limit."""
    if limits.gross is not None or limits.name is not None:
        return
    spectrum, portfolios = np.linalg.eigh(model.cov / vols / vols[:, None])
    riskless = portfolios[:, spectrum < RISKLESS]
    ratios = expected / vols
    if (np.abs(ratios @ riskless) > RISKLESS * np.abs(ratios).max()).any():
        raise NumericalError(
            "some assets offset one another to no risk and still earn alpha, without end; "
            "give a gross_limit or a name_limit, or idio_vars above 0"
        )


def _units(vols: Vector, limits: _Limits) -> Vector:
    """Return the size in money that each position is measured in: what one limit allows it."""
    units = limits.budget / vols
    if limits.gross is not None:
        units = np.minimum(units, limits.gross)
    if limits.name is not None:
        units = np.where(limits.name > 0, np.minimum(units, limits.name), units)
    return units


def _programme(expected: Vector, model: FactorModel, units: Vector, limits: _Limits) -> Programme:
    """Return the programme in units of each asset: its long side, then its short side."""
    sides = np.hstack([np.diag(units), -np.diag(units)])
    risk = sides / limits.budget
    quadratics = [(risk.T @ model.cov @ risk, 1.0)]
    if limits.share is not None and 0 < limits.share < 1:  # a share of 1 is the budget itself
        quadratics.append((risk.T @ model.systematic @ risk, limits.share))
    rows, bounds = _linear(model, sides, limits)
    upper = np.full(len(units), np.inf) if limits.name is None else limits.name / units
    profit = expected / np.abs(expected).max() @ sides
    return Programme(
        profit / np.abs(profit).max(), quadratics, rows, bounds, np.concatenate([upper, upper])
    )


def _linear(model: FactorModel, sides: Matrix, limits: _Limits) -> tuple[Matrix, Vector]:
    """Return the limits that are linear in the sides, each row of length 1."""
    exposures = model.betas.T @ sides
    rows, bounds = [np.empty((0, sides.shape[1]))], [np.empty(0)]
    if limits.gross is not None:
        rows.append(np.abs(sides).sum(axis=0)[None])
        bounds.append(np.array([limits.gross]))
    if limits.factors is not None:
        rows += [exposures, -exposures]
        bounds += [limits.factors, limits.factors]
    if limits.share == 0:
        spectrum, portfolios = np.linalg.eigh(model.factor_cov)
        root = np.sqrt(np.maximum(spectrum, 0.0))[:, None] * portfolios.T
        rows += [root @ exposures, -root @ exposures]
        bounds.append(np.zeros(2 * len(root)))
    matrix, limit = np.vstack(rows), np.concatenate(bounds)
    lengths = np.linalg.norm(matrix, axis=1)
    used = lengths > RISKLESS * lengths.max(initial=0.0)  # a factor that no asset has limits none
    return matrix[used] / lengths[used, None], limit[used] / lengths[used]


def _rows(held: Vector, expected: Vector, model: FactorModel, limits: _Limits) -> Iterator[Row]:
    """Yield what each limit is about, its value, the limit, and whether it binds."""
    m, k = model.betas.shape
    for i, (size, limit) in enumerate(zip(held, _each(limits.name, m), strict=True), 1):
        yield _row(f"asset {i}", size, limit, 0.0)
    _, variance = portfolio_variance(held, model.cov, "positions")
    yield _row("volatility", variance**0.5, limits.budget, 0.0)
    yield _row("gross", float(np.abs(held).sum()), limits.gross, 0.0)
    sizes = np.abs(held) @ np.abs(model.betas)
    exposures = np.where(np.abs(held @ model.betas) > ROUNDING * sizes, held @ model.betas, 0.0)
    each = zip(model.factors, exposures, _each(limits.factors, k), sizes, strict=True)
    for name, exposure, limit, size in each:
        yield _row(f"exposure {name}", exposure, limit, size)
    _, systematic = portfolio_variance(held, model.systematic, "positions")
    share = (systematic**0.5 / limits.budget) ** 2
    yield _row("factor share", share if share > ROUNDING**2 else 0.0, limits.share, 1.0)
    yield ("expected profit", float(held @ expected), "", "")


def _each(limit: Vector | None, size: int) -> list[float | None]:
    return [None] * size if limit is None else [float(one) for one in limit]


def _row(name: str, value: float, limit: float | None, size: float) -> Row:
    """Return a row of the result; `size` is what a limit of 0 is compared with."""
    if limit is None:
        return name, float(value), "", ""
    binds = limit - abs(value) <= BINDS * max(limit, size)
    return name, float(value), limit, "binds" if binds else ""
