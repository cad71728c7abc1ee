"""Findings on the regression: what it cannot separate, a series a row late, the wrong benchmark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from factor_core.findings import Finding, named
from factor_core.lag_scan import correlation, scan_lags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from factor_core.findings import Inspected, Series
    from factor_core.labelled import Matrix, Vector

EXACT = 1e-10  # share of a factor that the others leave; below, rounding
HIGHEST_VIF = 10.0  # Marquardt (1970)
SAME = 1 - 1e-9
SHIFT_ERRORS = 5.0  # standard errors of Fisher's z, of rank correlations
FEWEST_IN_HALF = 60


def constant(_data: Inspected, series: tuple[Series, ...]) -> Iterator[tuple[Series, Finding]]:
    """Series that never change."""
    for each in series:
        if len(each.known) > 1 and not np.ptp(each.known):
            where = f"{each.place}: always {each.known[0]:g}"
            remedy = "leave it out: nothing moves with it, and regressions refuse it"
            count = float(len(each.known))
            yield each, Finding("error", "constant", where, count, remedy)


def same_series(data: Inspected, series: tuple[Series, ...]) -> Iterator[Finding]:
    """Assets that are one of the factors."""
    for asset in data.assets:
        for factor in data.factors:
            if asset not in series or factor not in series:
                continue
            r, n = correlation(asset.scaled, factor.scaled)
            if n >= 3 and abs(r) > SAME:
                where = f"{asset.place} and {factor.place}"
                remedy = "leave one of them out: the fit is exact and its residual is rounding"
                yield Finding("warning", "the asset is the factor", where, float(n), remedy)


def collinear(data: Inspected, series: tuple[Series, ...]) -> Iterator[Finding]:
    """Factors that the others make up, wholly or nearly."""
    factors = [factor for factor in data.factors if factor in series]
    block = np.column_stack([factor.scaled for factor in factors]) if factors else np.empty((0, 0))
    block = block[~np.isnan(block).any(axis=1)]
    if len(factors) < 2 or len(block) <= len(factors) + 1 or not np.ptp(block, axis=0).all():
        return
    scaled = (block - block.mean(axis=0)) / block.std(axis=0)
    free: list[int] = []
    for j, factor in enumerate(factors):
        left, weights = _left_by(scaled[:, free], scaled[:, j])
        if left > EXACT:
            free.append(j)
            continue
        used = [factors[i] for i, w in zip(free, weights, strict=True) if abs(w) > 1e-6]
        remedy = "leave it out: betas are not defined, and regressions refuse it"
        where = f"{factor.place} from {named(used)}"
        yield Finding("error", "collinear: made up of others", where, float(len(block)), remedy)
    vif = {j: 1 / _left_by(scaled[:, [i for i in free if i != j]], scaled[:, j])[0] for j in free}
    close = [j for j in free if vif[j] > HIGHEST_VIF]
    if close:
        yield Finding(
            "warning",
            f"nearly collinear: variance inflation up to {max(vif.values()):.0f}",
            named([factors[j] for j in close]),
            float(len(block)),
            "leave one out: its beta cannot be told from the others'",
        )


def _left_by(others: Matrix, factor: Vector) -> tuple[float, Vector]:
    """Return the share of a factor's variance that others leave, and their weights."""
    if not others.shape[1]:
        return 1.0, np.empty(0)
    weights = np.linalg.lstsq(others, factor, rcond=None)[0].astype(np.float64)
    rest = factor - others @ weights
    return float(rest @ rest) / float(factor @ factor), weights


def shifted(data: Inspected, series: tuple[Series, ...]) -> Iterator[Finding]:
    """Series that fit better a row or more away, over all rows or over half of them."""
    ranks = {each.place: _ranks(each.values) for each in series}
    half = data.rows // 2
    parts = [slice(None), slice(half), slice(half, None)]
    for factor in (each for each in data.factors if each in series):
        told: set[str] = set()
        for part in parts if half >= FEWEST_IN_HALF else parts[:1]:
            late: dict[int, list[Series]] = {}
            for asset in data.assets:
                if asset not in series or asset.place in told:
                    continue
                scan = scan_lags(ranks[asset.place][part], ranks[factor.place][part])
                if scan.is_clear(SHIFT_ERRORS):
                    late.setdefault(int(scan.lag), []).append(asset)
                    told.add(asset.place)
            for lag, assets in late.items():
                yield _shift(data, assets, factor, lag, part)


def _shift(data: Inspected, assets: list[Series], factor: Series, lag: int, part: slice) -> Finding:
    behind, ahead = ([factor], assets) if lag > 0 else (assets, [factor])
    rows = np.arange(data.rows)[part]
    half = "" if len(rows) == data.rows else f", {data.rows_text(rows)}"
    return Finding(
        "warning",
        f"shifted: fits best {abs(lag)} row(s) later",
        f"{named(behind)} behind {named(ahead)}{half}",
        float(len(rows)),
        "align by date with ALIGN_SERIES; a market that closes hours earlier looks the same",
    )


def _ranks(values: Vector) -> Vector:
    """Return the ranks, equal values sharing theirs: outliers then weigh like others."""
    ranks = np.full(len(values), np.nan)
    there = ~np.isnan(values)
    _, inverse, counts = np.unique(values[there], return_inverse=True, return_counts=True)
    ranks[there] = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return ranks
