"""Least squares of many assets on the same factors, each over its own complete rows.

Assets without gaps share one QR of the factors. Assets with gaps differ in their rows only, hence
in the sums of products of factors over them: products, once for all assets, times the marks of
complete rows. Nothing is ever subtracted out of a sum. A step of refinement brings the betas to the
accuracy of QR; where it could not, the asset is solved alone.

References
----------
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., chapters 10, 12 and 20.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from factor_core.least_squares import (
    CHOLESKY_LIMIT,
    ROUNDING,
    Basis,
    RefusedError,
    Solution,
    TooFewRowsError,
    are_regular,
    orthonormal_basis,
    solve,
    squares,
    turn,
    unit_variance,
    workspace,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from factor_core.labelled import Matrix, Vector

    Places = NDArray[np.intp]
    Flags = NDArray[np.bool_]
    Patterns = dict[bytes, list[int]]  # assets by the rows they have, eight to a byte

ASSET_BLOCK = 64  # assets solved at once: their residuals stay in the processor's cache
BLOCK_NUMBERS = 2**18  # returns of a block; longer histories come in smaller blocks
FEW = 8  # patterns of gaps that are sooner solved one by one than together
MOST_PRODUCTS = 2**22  # numbers (32 MB) of the factors' products; beyond, assets are solved alone
FARTHEST = 100.0  # squared distance of a mean from the common centre, in variances
MULTIPLE = 4  # rows of a product's smaller side: one short of it costs a third more
BITS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)  # of each byte
ALL = slice(None)


def solve_each(y: Matrix, x: Matrix, intercept: bool) -> tuple[Solution, dict[int, RefusedError]]:
    """Return each asset's regression on all factors (y n x m, x n x k; NaN is missing).

    An asset without estimate shows NaN, and its refusal stands under its position.
    """
    task = _Task(y, x, intercept)
    patterns = _solve_complete(task)
    gapped = sum(map(len, patterns.values()))
    if len(patterns) > max(FEW, gapped // FEW) and _is_affordable(task):
        patterns = _solve_gapped(task, patterns)
    for marks, assets in patterns.items():
        present = np.unpackbits(np.frombuffer(marks, np.uint8), count=task.n)
        rows = np.flatnonzero(present)
        for block in task.blocks(np.array(assets)):
            _solve_alike(task, block, rows)
    return task.solution, dict(sorted(task.refused.items()))


class _Task:
    """The series over the rows without a missing factor, and the estimates so far.

    An asset's series waits where its residuals will stand, so that a large universe needs room for
    its returns and its residuals and nothing else of that size.
    """

    def __init__(self, y: Matrix, x: Matrix, intercept: bool) -> None:
        missing = np.isnan(x).any(axis=1)
        self.y = y
        self.rows = np.flatnonzero(~missing) if missing.any() else None
        self.x = x if self.rows is None else x[self.rows]
        self.n, self.k = self.x.shape
        self.intercept = intercept
        m, n_rows = y.shape[1], len(y)
        self.room = np.empty((m, n_rows))  # an asset's residuals lie side by side in memory
        self.series = self.room[:, : self.n]
        self.solution = _nothing(m, self.k, intercept)._replace(residuals=self.room.T)
        self.refused: dict[int, RefusedError] = {}

    def blocks(self, assets: Places) -> Iterator[Places]:
        """Cut assets into blocks that the processor's cache holds."""
        size = max(1, min(ASSET_BLOCK, BLOCK_NUMBERS // max(self.n, 1)))
        return (assets[start : start + size] for start in range(0, len(assets), size))

    def load(self, assets: slice | Places) -> None:
        """Put returns where their residuals will stand."""
        y = self.y[:, assets]
        turned = self.series[assets]  # a copy unless `assets` is a slice
        turn(y if self.rows is None else y[self.rows], turned)
        self.series[assets] = turned

    def enter(self, assets: Places, part: Solution) -> None:
        """Enter all numbers of estimates but the residuals."""
        for name, values in part._asdict().items():
            if name != "residuals":
                getattr(self.solution, name)[assets] = values

    def place(self, assets: Places, residuals: Matrix, rows: Places | slice = ALL) -> None:
        """Enter residuals (b x n), which belong to `rows` of those without a missing factor."""
        if self.rows is not None:  # else what is missing is so in the series that waits there
            rows = self.rows[rows]
            self.room[assets] = np.nan
        if isinstance(rows, slice):
            self.room[assets, rows] = residuals
        else:
            self.room[assets[:, None], rows] = residuals

    def refuse(self, assets: Places, refused: RefusedError, n: int) -> None:
        """Enter assets that have no estimate."""
        self.refused.update(dict.fromkeys(assets.tolist(), refused))
        for name, values in self.solution._asdict().items():
            if name != "residuals":
                values[assets] = np.nan
        self.solution.n[assets] = n
        self.room[assets] = np.nan


def _nothing(m: int, k: int, intercept: bool) -> Solution:
    """Return a solution that waits for its numbers."""
    scalars = ("alpha", "n", "ssr", "tss", "r_squared", "asset_mean")
    return Solution(
        residuals=np.empty((0, m)),
        beta=np.empty((m, k)),
        factor_mean=np.empty((m, k)),
        inverse=np.empty((m, k, k)),
        unit_variance=np.empty((m, k + int(intercept))),
        **{name: np.empty(m) for name in scalars},
    )


def _solve_alike(task: _Task, assets: Places, rows: Places | slice = ALL) -> None:
    """Solve a few assets with the same complete rows; enter those that have no estimate."""
    x = task.x[rows]
    try:
        part = solve(task.series[assets].T[rows], x, task.intercept)
    except RefusedError as refused:
        of_all = refused.factor is not None or isinstance(refused, TooFewRowsError)
        if of_all or len(assets) == 1:
            task.refuse(assets, refused, len(x))
            return
        for asset in assets:
            _solve_alike(task, np.array([asset]), rows)
    else:
        task.enter(assets, part)
        task.place(assets, part.residuals.T, rows)


# ------------------------------------------------------------------ assets without gaps


def _solve_complete(task: _Task) -> Patterns:
    """Solve the assets without gaps; return the others."""
    basis = _shared_basis(task)
    patterns: Patterns = {}
    for block in task.blocks(np.arange(task.y.shape[1])):
        task.load(slice(block[0], block[-1] + 1))
        sums = np.add.reduce(task.series[block[0] : block[-1] + 1], axis=1)
        gaps = np.isnan(sums)  # a NaN shows in the sum
        if gaps.any():
            present = np.packbits(~np.isnan(task.series[block[gaps]]), axis=1)
            for asset, marks in zip(block[gaps].tolist(), present, strict=True):
                patterns.setdefault(marks.tobytes(), []).append(asset)
        complete = block[~gaps]
        if basis is not None:
            complete = _project(task, basis, complete, sums[~gaps])
        if len(complete):
            _solve_alike(task, complete)
    return patterns


def _shared_basis(task: _Task) -> Basis | None:
    """Return an orthonormal basis of the factors; None where a block does better by itself.

    Nearly collinear factors take nearly all of their time in refinement, and factors that have no
    estimate are refused with the block.
    """
    if task.y.shape[1] <= ASSET_BLOCK:
        return None
    try:
        basis = orthonormal_basis(task.x, task.intercept)
    except RefusedError:
        return None
    if basis.nearly_collinear:
        return None
    if not task.intercept:
        return basis
    constant = np.full((1, task.n), task.n**-0.5)  # takes off the means
    spare = _spare(task.k + 1, task.n)
    left = np.column_stack([np.zeros((task.k, 1 + len(spare))), basis.left])
    return basis._replace(left=left, right=np.vstack([spare, constant, basis.right]))


def _spare(rows: int, n: int) -> Matrix:
    """Return rows of 0 that make the smaller side of a product a multiple."""
    return np.zeros((-rows % MULTIPLE, n))


def _project(task: _Task, basis: Basis, assets: Places, sums: Vector) -> Places:
    """Solve complete assets with given sums; return those left: constant, out of scale or far off.

    The mean of an asset goes with its projection on the constant, which is as exact as to take it
    off before, unless it is many times the asset's spread.
    """
    b, n = len(assets), task.n
    if not b:
        return assets
    in_place = assets[-1] - assets[0] == b - 1
    series = task.series[assets[0] : assets[-1] + 1] if in_place else task.series[assets]
    mean = sums / n
    lengths = series @ basis.right.T
    series -= np.matmul(lengths, basis.right, out=workspace(b, n))
    ssr, of_factors = squares(series), lengths[:, -task.k :]
    tss = ssr + squares(of_factors)
    centre = mean if task.intercept else np.zeros(b)
    solved = are_regular(tss, centre, n) & (n * centre**2 <= FARTHEST * tss)
    beta = lengths @ basis.left.T
    part = Solution(
        alpha=centre - beta @ basis.mean,
        beta=beta,
        residuals=series.T,
        n=np.full(b, float(n)),
        ssr=ssr,
        tss=tss,
        r_squared=1 - ssr / tss,
        asset_mean=mean,
        factor_mean=basis.mean,
        inverse=basis.inverse,
        unit_variance=unit_variance(basis.inverse, basis.mean, n, task.intercept),
    )
    task.enter(assets, part)
    if not in_place or task.rows is not None:
        task.place(assets, series.copy())
    left_over = assets[~solved]
    if len(left_over):
        task.load(left_over)
    return left_over


# ------------------------------------------------------------------ assets with gaps


def _is_affordable(task: _Task) -> bool:
    p = task.k + int(task.intercept)
    return task.n * p * (p + 1) // 2 <= MOST_PRODUCTS


class _Design(NamedTuple):
    """The factors around a common centre, a constant before them, and their products."""

    centre: Vector  # k
    values: Matrix  # p x n
    spared: Matrix  # the values, and rows of 0 below them
    products: Matrix  # n x p (p + 1) / 2


def _design(task: _Task) -> _Design:
    """Return the design; around medians, as one bad print would move the means of all assets."""
    if task.intercept:
        centre = np.median(task.x, axis=0)
        values = np.vstack([np.ones(task.n), (task.x - centre).T])
    else:
        centre, values = np.zeros(task.k), task.x.T.copy()
    spared = np.vstack([values, _spare(*values.shape)])
    i, j = np.triu_indices(len(values))
    return _Design(centre, spared[: len(values)], spared, values.T[:, i] * values.T[:, j])


class _Histories(NamedTuple):
    """Assets with gaps, sorted by their first and last complete rows."""

    assets: Places
    n: Vector  # complete rows
    first: Places
    stop: Places  # the row after the last

    def of(self, some: Places) -> _Histories:
        """Return those of some assets, by position."""
        return _Histories(self.assets[some], self.n[some], self.first[some], self.stop[some])


def _histories(patterns: Patterns) -> _Histories:
    """Return the assets' histories, read from the marks of their rows."""
    marks = np.frombuffer(b"".join(patterns), np.uint8).reshape(len(patterns), -1)
    n = BITS[marks].sum(axis=1, dtype=np.float64)
    begin, end = _first_mark(marks), 8 * marks.shape[1] - _first_mark(marks[:, ::-1], "little")
    end[n == 0] = 0
    assets = np.array([asset for alike in patterns.values() for asset in alike])
    of_asset = np.repeat(np.arange(len(marks)), [len(alike) for alike in patterns.values()])
    order = np.lexsort((end[of_asset], begin[of_asset]))
    of_asset = of_asset[order]
    return _Histories(assets[order], n[of_asset], begin[of_asset], end[of_asset])


def _first_mark(marks: NDArray[np.uint8], order: Literal["big", "little"] = "big") -> Places:
    """Return the position of the first bit that is set, by row; 0 where none is."""
    byte = (marks != 0).argmax(axis=1)
    bits = np.unpackbits(marks[np.arange(len(marks)), byte][:, None], axis=1, bitorder=order)
    return 8 * byte + bits.argmax(axis=1)


class _Span(NamedTuple):
    """The rows of a block of assets whose histories are alike."""

    used: slice  # from the first to the last that any asset has
    common: slice  # a stretch without gaps
    edges: list[slice]  # the rest of those used: there stand the gaps


def _span(histories: _Histories) -> _Span:
    used = slice(int(histories.first.min()), int(histories.stop.max()))
    common = slice(int(histories.first.max()), int(histories.stop.min()))
    holes = (histories.stop - histories.first > histories.n).any()
    if holes or common.start >= common.stop:
        return _Span(used, slice(0, 0), [used])
    edges = (slice(used.start, common.start), slice(common.stop, used.stop))
    return _Span(used, common, [edge for edge in edges if edge.start < edge.stop])


class _Geometry(NamedTuple):
    """Of each asset's complete rows, what its regression needs of the factors."""

    n: Vector
    moments: Matrix  # N x p x p, products of the design
    shift: Matrix  # N x k, the factors' means from the centre
    inverse: Matrix  # N x k x k, of the centred cross-products


def _solve_gapped(task: _Task, patterns: Patterns) -> Patterns:
    """Solve the assets with gaps together; return those that are better solved alone."""
    design, histories = _design(task), _histories(patterns)
    blocks = list(task.blocks(np.arange(len(histories.assets))))
    geometry, alone = _geometry(task, design, histories, blocks)
    for block in blocks:
        solvable = block[~alone[block]]
        if len(solvable):
            of_block = _Geometry(*(values[solvable] for values in geometry))
            among = histories.of(solvable)
            alone[solvable] = _solve_span(task, design, of_block, among)
    left_over = set(histories.assets[alone].tolist())
    rest = {marks: [j for j in assets if j in left_over] for marks, assets in patterns.items()}
    return {marks: assets for marks, assets in rest.items() if assets}


def _geometry(
    task: _Task, design: _Design, histories: _Histories, blocks: list[Places]
) -> tuple[_Geometry, Flags]:
    """Return the geometry, and for which assets a refinement would not make it as exact as QR."""
    n, p = histories.n, len(design.values)
    i, j = np.triu_indices(p)
    moments = np.empty((p, p, len(n)))
    for block in blocks:
        alike = histories.of(block)
        moments[i[:, None], j[:, None], block] = _sums(task, design.products, alike).T
    moments[j, i] = moments[i, j]
    with np.errstate(divide="ignore", invalid="ignore"):  # of what is solved alone after all
        shift = moments[0, 1:] / n if task.intercept else np.zeros((task.k, len(n)))
        cross = moments[-task.k :, -task.k :] - n * shift[:, None] * shift
        inverse, least = _invert(cross)
        squared = cross.diagonal().T
        farthest = np.max(n * shift**2 / squared, axis=0)
    exact = (farthest <= FARTHEST) & (least >= CHOLESKY_LIMIT * (1 + farthest))
    exact &= are_regular(squared, design.centre[:, None] + shift, n).all(axis=0)
    exact &= n > task.k + int(task.intercept)
    moments, inverse = (values.transpose(2, 0, 1).copy() for values in (moments, inverse))
    return _Geometry(n, moments, shift.T.copy(), inverse), ~exact


def _sums(task: _Task, products: Matrix, histories: _Histories) -> Matrix:
    """Return sums of products over complete rows, b x q; rows that all have are added once."""
    span = _span(histories)
    sums = np.add.reduce(products[span.common], axis=0)[None].repeat(len(histories.n), axis=0)
    for edge in span.edges:
        present = ~np.isnan(task.series[histories.assets, edge])
        sums += present.astype(np.float64) @ products[edge]
    return sums


def _invert(cross: Matrix) -> tuple[Matrix, Vector]:
    """Return inverses of N cross-products (k x k x N) by Cholesky of the correlations.

    Beside them the smallest pivots, 1 - R2 of a factor on those before it; NaN for what is not
    positive definite.
    """
    k = len(cross)
    length = np.sqrt(cross.diagonal().T)
    correlation = cross / length[:, None] / length
    lower, root = np.zeros_like(cross), np.zeros_like(cross)
    least = np.ones(cross.shape[2])
    for j in range(k):
        before = lower[j, :j]
        pivot = 1.0 - np.add.reduce(before * before, axis=0)
        least = np.minimum(least, pivot)
        lower[j, j] = np.sqrt(pivot)
        rest = np.add.reduce(lower[j + 1 :, :j] * before, axis=1)
        lower[j + 1 :, j] = (correlation[j + 1 :, j] - rest) / lower[j, j]
        root[j, j] = 1 / lower[j, j]
        root[j, :j] = -np.add.reduce(before[:, None] * root[:j, :j], axis=0) / lower[j, j]
    root /= length
    return np.einsum("ian,ibn->abn", root, root), least


class _Series(NamedTuple):
    """Returns of assets with gaps over the rows of a span; 0 where one is missing."""

    values: Matrix  # b x rows, around the centre
    mean: Vector
    centre: Vector  # the mean, or 0 without an intercept
    gaps: list[tuple[slice, Flags]]  # stretches of rows with gaps, and where they are

    def fill(self, series: Matrix, value: float) -> None:
        """Write a value where a return is missing."""
        for stretch, missing in self.gaps:
            np.copyto(series[:, stretch], value, where=missing)


def _centred_series(task: _Task, histories: _Histories, span: _Span) -> _Series:
    values = task.series[histories.assets, span.used]
    stretches = [slice(e.start - span.used.start, e.stop - span.used.start) for e in span.edges]
    gaps = [(stretch, np.isnan(values[:, stretch])) for stretch in stretches]
    series = _Series(values, np.empty(len(values)), np.zeros(len(values)), gaps)
    series.fill(values, 0.0)
    np.divide(np.add.reduce(values, axis=1), histories.n, out=series.mean)
    if not task.intercept:
        return series
    values -= series.mean[:, None]
    series.fill(values, 0.0)
    return series._replace(centre=series.mean)


def _solve_span(task: _Task, design: _Design, geometry: _Geometry, histories: _Histories) -> Flags:
    """Solve a block of assets with gaps; return those left: constant, or out of scale."""
    span = _span(histories)
    series = _centred_series(task, histories, span)
    tss = squares(series.values)
    regular = are_regular(tss, series.centre, geometry.n)
    values, p = design.values[:, span.used], len(design.values)
    spared = design.spared[:, span.used].T
    moments = (series.values @ spared)[:, :p]
    coefficients = _coefficients(geometry, moments)
    fitted = np.matmul(coefficients, values, out=workspace(*series.values.shape))
    residuals = np.subtract(series.values, fitted, out=fitted)
    series.fill(residuals, 0.0)
    change = _coefficients(geometry, (residuals @ spared)[:, :p])
    squared_change = np.einsum("bi,bij,bj->b", change, geometry.moments, change)
    if (squared_change > ROUNDING**2 * tss).any():
        residuals -= change @ values
        series.fill(residuals, 0.0)
    shift = moments[:, 0] / geometry.n if task.intercept else np.zeros(len(tss))
    of_means = series._replace(mean=series.mean + shift)  # with what rounding left of them
    sums = squares(residuals), tss - geometry.n * shift**2
    task.enter(
        histories.assets, _estimates(design, geometry, of_means, coefficients + change, sums)
    )
    series.fill(residuals, np.nan)
    task.place(histories.assets, residuals, span.used)
    if not regular.all():
        task.load(histories.assets[~regular])
    return ~regular


def _coefficients(geometry: _Geometry, moments: Matrix) -> Matrix:
    """Return the coefficients of the design (b x p) from the assets' moments with it."""
    if moments.shape[1] == geometry.shift.shape[1]:
        return np.einsum("bij,bj->bi", geometry.inverse, moments)
    centred = moments[:, 1:] - geometry.shift * moments[:, :1]
    beta = np.einsum("bij,bj->bi", geometry.inverse, centred)
    constant = moments[:, 0] / geometry.n - (beta * geometry.shift).sum(axis=1)
    return np.column_stack([constant, beta])


def _estimates(
    design: _Design,
    geometry: _Geometry,
    series: _Series,
    coefficients: Matrix,
    sums: tuple[Vector, Vector],
) -> Solution:
    """Return the estimates of a block, but for its residuals, in the factors' own terms."""
    k = len(design.centre)
    beta, mean = coefficients[:, -k:], design.centre + geometry.shift
    alpha, unit = np.zeros(len(beta)), geometry.inverse.diagonal(axis1=1, axis2=2)
    if len(design.values) > k:
        alpha = series.centre + coefficients[:, 0] - beta @ design.centre
        of_alpha = 1 / geometry.n + np.einsum("bi,bij,bj->b", mean, geometry.inverse, mean)
        unit = np.column_stack([of_alpha, unit])
    ssr, tss = sums
    return Solution(
        alpha=alpha,
        beta=beta,
        residuals=series.values.T,
        n=geometry.n,
        ssr=ssr,
        tss=tss,
        r_squared=1 - ssr / tss,
        asset_mean=series.mean,
        factor_mean=mean,
        inverse=geometry.inverse,
        unit_variance=unit,
    )
