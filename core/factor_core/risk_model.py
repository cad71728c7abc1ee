"""A covariance matrix and a factor model of risk as arguments: they are checked here, once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from factor_core.errors import InputError, NumericalError
from factor_core.labelled import Columns, as_columns
from factor_core.regression import sheet_row

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from factor_core.labelled import Matrix, Vector

ROUNDING = 1e-10  # of a correlation: what a sheet's own arithmetic leaves in a covariance matrix
NO_RISK = (
    1e-14  # variance relative to what would be there if nothing offset; below, no digit is left
)


@dataclass(frozen=True, eq=False)
class FactorModel:
    """The covariance B F B' + D of m assets on k factors."""

    betas: Matrix  # m x k
    factor_cov: Matrix  # k x k
    idio_vars: Vector  # m
    factors: tuple[str, ...]  # k names

    @cached_property
    def systematic(self) -> Matrix:
        """What the factors make of the covariance, B F B', symmetric to the last bit."""
        with np.errstate(over="ignore", invalid="ignore"):  # shown as an error, or refused by name
            part: Matrix = self.betas @ self.factor_cov @ self.betas.T
            return (part + part.T) / 2

    @cached_property
    def cov(self) -> Matrix:
        """The covariance of the assets."""
        return self.systematic + np.diag(self.idio_vars)


def factor_model(
    betas: ArrayLike | Columns, factor_cov: ArrayLike | Columns, idio_vars: ArrayLike
) -> FactorModel:
    """Return the model; shapes that do not fit and what is no covariance raise InputError."""
    idiosyncratic = at_least_zero(idio_vars, "idio_vars", "a variance is never negative")
    factors = covariance_matrix(factor_cov, "factor_cov")
    loads = full_block(betas, "betas")
    found, wanted = loads.values.shape, (idiosyncratic.size, len(factors))
    if found != wanted:
        raise InputError(
            f"betas is {found[0]} x {found[1]}; with {wanted[0]} idio_vars and "
            f"a {wanted[1]} x {wanted[1]} factor_cov use {wanted[0]} x {wanted[1]}, an asset a row"
        )
    headers = loads.names or (factor_cov.names if isinstance(factor_cov, Columns) else ())
    names = Columns(factors, headers).labels("factor")
    return FactorModel(loads.values, factors, idiosyncratic, names)


def covariance_matrix(cov: ArrayLike | Columns, name: str) -> Matrix:
    """Return a covariance matrix, symmetric to the last bit.

    Raises
    ------
    InputError
        Not square; a negative variance, of an asset or of any portfolio; halves that differ; a
        correlation beyond 1. Differences within `ROUNDING` of a correlation are rounding.
    """
    columns = full_block(cov, name)
    matrix = columns.values
    rows, width = matrix.shape
    if rows != width:
        raise InputError(f"{name} is {rows} x {width}; use as many rows as columns")
    variances = matrix.diagonal()
    if (variances < 0).any():
        i = int((variances < 0).argmax())
        raise InputError(f"{_cell(columns, name, i, i)}; a variance is never negative")
    vols = np.sqrt(variances)
    _refuse_asymmetric(columns, name, np.outer(vols, vols))
    _refuse_beyond_one(columns, name, np.outer(vols, vols))
    _refuse_indefinite(matrix, vols, name)
    return matrix / 2 + matrix.T / 2


def _refuse_asymmetric(columns: Columns, name: str, largest: Matrix) -> None:
    matrix = columns.values
    unequal = np.abs(matrix - matrix.T) > ROUNDING * largest
    if unequal.any():
        i, j = map(int, np.argwhere(unequal)[0])
        raise InputError(
            f"{name} is not symmetric: {_cell(columns, '', i, j)} and {_cell(columns, '', j, i)}; "
            "use a covariance matrix"
        )


def _refuse_beyond_one(columns: Columns, name: str, largest: Matrix) -> None:
    beyond = np.abs(columns.values) > (1 + ROUNDING) * largest
    if beyond.any():
        i, j = map(int, np.argwhere(beyond)[0])
        raise InputError(
            f"{_cell(columns, name, i, j)}: a correlation beyond 1, which gives some portfolio a "
            f"negative variance; those two variances allow at most {largest[i, j]:g}"
        )


def _refuse_indefinite(matrix: Matrix, vols: Vector, name: str) -> None:
    # As correlations: a portfolio of small variances must not hide behind one large variance.
    scale = np.where(vols > 0, vols, 1.0)
    spectrum = np.linalg.eigvalsh(matrix / scale / scale[:, None])  # smallest first
    if spectrum[0] < -ROUNDING * spectrum[-1]:
        raise InputError(
            f"{name} gives some portfolio a negative variance; use a covariance matrix of complete "
            "rows, such as FACTOR_COV makes"
        )


def _cell(columns: Columns, name: str, i: int, j: int) -> str:
    """Return a cell as a sentence names it, with what it holds."""
    place = f"{name} row {sheet_row(columns, i)}, column {j + 1}".strip()
    return f"{place} is {columns.values[i, j]:g}"


def full_block(data: ArrayLike | Columns, name: str) -> Columns:
    """Return a block without gaps; a missing number raises InputError."""
    columns = as_columns(data, name)
    missing = np.isnan(columns.values)
    if missing.any():
        i, j = map(int, np.argwhere(missing)[0])
        place = f"row {sheet_row(columns, i)}, column {j + 1}"
        raise InputError(f"{name} {place} is missing; use a number")
    return columns


def vector(data: ArrayLike, name: str, size: int | None = None, per: str = "") -> Vector:
    """Return numbers without gaps as a vector; `size` of them, one `per` row of another argument.

    Raises
    ------
    InputError
        Another number of them, or a missing one.
    """
    values = np.asarray(data, dtype=np.float64).ravel()
    if size is not None and values.size != size:
        raise InputError(f"{name} has {values.size} number(s) and {per} {size}; use one each")
    if not np.isfinite(values).all():
        i = int((~np.isfinite(values)).argmax())
        found = "missing" if np.isnan(values[i]) else "infinite"
        raise InputError(f"{name} number {i + 1} is {found}; use a number")
    return values


def at_least_zero(data: ArrayLike, name: str, reason: str) -> Vector:
    """Return numbers as a vector; a negative one raises InputError with the reason."""
    values = vector(data, name)
    if (values < 0).any():
        i = int((values < 0).argmax())
        place = f" number {i + 1}" if values.size > 1 else ""
        raise InputError(f"{name}{place} is {values[i]:g}; {reason}")
    return values


def portfolio_variance(weights: Vector, cov: Matrix, name: str) -> tuple[Vector, float]:
    """Return cov w and w' cov w, the latter 0 where positions offset but for rounding.

    Raises
    ------
    NumericalError
        Numbers whose squares leave the float range.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        products: Vector = cov @ weights
        variance = float(weights @ products)
        largest = float(np.abs(weights) @ (np.abs(cov) @ np.abs(weights)))
    if not np.isfinite(largest):
        raise NumericalError(f"{name} and the covariances are too large to calculate with")
    return products, variance if variance > NO_RISK * largest else 0.0


def portfolio_vol(weights: Vector, cov: Matrix, name: str) -> tuple[Vector, float]:
    """Return cov w and the volatility; a portfolio without risk raises NumericalError."""
    products, variance = portfolio_variance(weights, cov, name)
    if not variance:
        why = "they offset one another" if weights.any() else "all are 0"
        raise NumericalError(f"{name} make a portfolio without risk ({why}); use positions at risk")
    return products, variance**0.5
