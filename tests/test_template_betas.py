"""The pages Rolling and Betas: what they show, read from the calculated file.

Oracles: statsmodels 0.15 (OLS, WLS, RLM) on the sample data, pandas 2 (rolling covariances), numpy,
scipy 1.17 (chi-square, Student's t).
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from template_cells import block, find, fit, near, workbook

from factor_core import sample
from factor_core.workbook import build
from factor_core.workbook.references import TemplateData

YEAR, WINDOW, HALF_LIFE = 252, 252, 63
CHECKS = {"Rolling": 19, "Betas": 18}
BEHIND = {"beta": 23, "date": 25, "low": 32, "high": 33}  # columns behind the charts of Rolling
FIRST = 6  # their first row


@pytest.fixture(scope="module")
def book(template_bytes):
    return workbook(template_bytes, values=True)


@pytest.fixture(scope="module")
def excess():
    data = sample.daily()
    values = data.prices[1:] / data.prices[:-1] - 1 - data.rf[1:, None]
    return pd.DataFrame(values, columns=data.names, index=pd.to_datetime(data.dates[1:]))


@pytest.fixture(scope="module")
def pair(excess):
    return excess["MSFT"], excess.iloc[:, -1]


def slope(y, x):
    return fit(np.asarray(y), np.asarray(x)).params[1]


def rolling_betas(y, x, window):
    return y.rolling(window).cov(x) / x.rolling(window).var()


def words(sheet):
    return [cell.value for row in sheet.iter_rows() for cell in row]


def beside(sheet, label, right=1, nth=0):
    """Return the value right of the nth cell of the first column that shows this text."""
    rows = [row for row in sheet.iter_rows() if row[0].value == label]
    assert len(rows) > nth, f"{sheet.title} has no row {label!r}"
    return rows[nth][right].value


def paragraph(sheet, start):
    return next(word for word in words(sheet) if isinstance(word, str) and word.startswith(start))


@pytest.mark.parametrize("page", CHECKS)
def test_every_second_way_agrees(book, page):
    shown = words(book[page])
    assert shown.count("differs") == 0
    assert shown.count("agrees") >= CHECKS[page]


# ------------------------------------------------------------------------------------ Rolling


def test_every_row_has_the_beta_of_the_window_that_ends_there(book, pair):
    sheet = book["Rolling"]
    shown = [sheet.cell(FIRST + i, BEHIND["beta"]).value for i in range(len(pair[0]))]
    expected = rolling_betas(*pair, WINDOW)
    assert shown[: WINDOW - 1] == ["#N/A"] * (WINDOW - 1)
    assert shown[WINDOW - 1 :] == near(expected[WINDOW - 1 :].to_list())


def test_lowest_and_highest_beta_have_the_dates_of_their_windows(book, pair):
    sheet, betas = book["Rolling"], rolling_betas(*pair, WINDOW)
    for nth, (label, at) in enumerate(
        (("Lowest rolling beta", betas.idxmin()), ("Highest rolling beta", betas.idxmax()))
    ):
        assert beside(sheet, label) == near(betas[at])
        assert beside(sheet, "... of the window that ended on", nth=nth) == at
        assert f"{at:%Y-%m-%d}" in paragraph(sheet, "The beta of 252 rows was lowest")


def test_band_is_the_interval_of_each_window_and_the_last_row_is_drawn(book, pair):
    sheet, (y, x) = book["Rolling"], pair
    drawn = 0
    for row in range(FIRST, FIRST + 252):
        date = sheet.cell(row, BEHIND["date"]).value
        end = y.index.get_loc(date) + 1
        if end < WINDOW or drawn % 40:
            drawn += end >= WINDOW
            continue
        drawn += 1
        ols = fit(y.iloc[end - WINDOW : end], x.iloc[end - WINDOW : end].to_numpy())
        shown = [sheet.cell(row, BEHIND[name]).value for name in ("low", "high")]
        assert shown == near(ols.conf_int().iloc[1].to_list())
    assert drawn > 200
    assert date == y.index[-1]


def test_last_window_and_weighted_beta_are_those_of_statsmodels(book, pair):
    sheet, (y, x) = book["Rolling"], pair
    last = fit(y.iloc[-WINDOW:].to_numpy(), x.iloc[-WINDOW:].to_numpy())
    weights = 0.5 ** (np.arange(len(y))[::-1] / HALF_LIFE)
    weighted = sm.WLS(y.to_numpy(), sm.add_constant(x.to_numpy()), weights=weights).fit()
    assert beside(sheet, "Beta of the full sample") == near(slope(*pair))
    assert beside(sheet, "Beta of the last window") == near(last.params[1])
    assert beside(sheet, "Its standard error") == near(last.bse[1])
    assert beside(sheet, "Beta by weights that halve") == near(weighted.params[1])


@pytest.fixture(scope="module")
def years(pair):
    """Return the regression of each calendar year."""
    y, x = pair
    return {str(year): fit(y[y.index.year == year], x[x.index.year == year].to_numpy()) for year in
            sorted(set(y.index.year))}  # fmt: skip


def test_each_year_has_its_own_beta_and_what_hedges_left_in_it(book, pair, years):
    sheet, (y, x) = book["Rolling"], pair
    traded = y - rolling_betas(y, x, WINDOW).shift(1) * x
    top = find(sheet, "period")
    for down, (year, ols) in enumerate(years.items(), 1):
        shown = [top.offset(down, right).value for right in (0, 1, 2, 3, 6, 7)]
        assert shown[:5] == [
            year, ols.nobs, near(ols.params.iloc[1]), near(ols.bse.iloc[1]),
            near(ols.params.iloc[1] - slope(y, x)),
        ]  # fmt: skip
        known = traded[year].dropna()
        left = near(slope(known, x[known.index])) if len(known) >= 3 else "none"
        assert shown[5] == left
    assert top.offset(len(years) + 1, 0).value is None


def test_years_are_compared_by_the_distance_from_their_weighted_mean(book, years):
    betas = np.array([ols.params.iloc[1] for ols in years.values()])
    errors = np.array([ols.bse.iloc[1] for ols in years.values()])
    mean = np.average(betas, weights=1 / errors**2)
    q = (((betas - mean) / errors) ** 2).sum()
    noise = math.sqrt((errors**2).mean())
    p = stats.chi2.sf(q, len(betas) - 1)
    sheet = book["Rolling"]
    assert beside(sheet, "Mean, each weighted by 1/se^2") == near(mean)
    assert beside(sheet, "Spread of these betas") == near(betas.std(ddof=1))
    assert beside(sheet, "Spread that noise alone would give") == near(noise)
    own = math.sqrt(max(0, betas.var(ddof=1) - noise**2))
    assert beside(sheet, "Spread of beta itself") == near(own)
    assert beside(sheet, "Chi-square that all are alike") == near(q)
    assert beside(sheet, "p") == near(p)
    assert p < 0.05
    assert f"p = {round(p, 4)}" in paragraph(sheet, "These betas differ by more than chance")


def test_hedges_are_compared_over_the_rows_that_could_have_been_traded(book, pair):
    sheet, (y, x) = book["Rolling"], pair
    rows = y.index[WINDOW:]
    hedged = {"Unhedged": y, "Dollar for dollar: beta 1": y - x}
    windows = {"A quarter of the window": 63, "Half of the window": 126, "The window of Start": 252}
    for label, window in windows.items():
        betas = rolling_betas(y, x, window)
        hedged[f"{label}, lagged"] = y - betas.shift(1) * x
        trades = betas.diff().abs().mean() * YEAR
        assert beside(sheet, f"{label}, lagged") == window
        assert beside(sheet, f"{label}, lagged", 7) == pytest.approx(trades, rel=1e-8)
    hedged["Full sample: known only afterwards"] = y - slope(y, x) * x
    vols = {}
    for label, series in hedged.items():
        vols[label] = series[rows].std() * math.sqrt(YEAR)
        assert beside(sheet, label, 2) == near(vols[label])
        assert beside(sheet, label, 3) == near(vols[label] / vols["Unhedged"])
        assert beside(sheet, label, 4) == pytest.approx(slope(series[rows], x[rows]), rel=1e-8)
        correlation = np.corrcoef(series[rows], x[rows])[0, 1]
        assert beside(sheet, label, 5) == pytest.approx(correlation, rel=1e-8)
    tradable = list(hedged)[1:-1]
    best = min(tradable, key=vols.get)
    assert f"was: {best}, " in paragraph(sheet, "Of the hedges that could have been traded")


# -------------------------------------------------------------------------------------- Betas


def robust(y, x, norm):
    options = {"maxiter": 500, "tol": 1e-12}
    return sm.RLM(y, sm.add_constant(x), M=norm).fit(**options).params[1]


def expected_betas(y, x, all_betas, all_errors, error):
    beta, market = slope(y, x), x.mean()
    prior, spread = all_betas.mean(), all_betas.var(ddof=1)
    lagged = {k: slope(y[max(0, k) : len(y) + min(0, k)], x[max(0, -k) : len(x) + min(0, -k)])
              for k in (-1, 0, 1)}  # fmt: skip
    rho = np.corrcoef(x[1:], x[:-1])[0, 1]
    falls = np.minimum(y - y.mean(), 0), np.minimum(x - market, 0)
    unlevered = beta / (1 + 0.79 * 0.25)
    return {
        "Least squares": beta,
        "Blume": 2 / 3 * beta + 1 / 3,
        "Vasicek, all assets as prior": (spread * beta + error**2 * prior) / (spread + error**2),
        "Dimson, 1 lag and lead": dimson(y, x, 1),
        "Dimson, 3 lags and leads": dimson(y, x, 3),
        "Scholes-Williams": sum(lagged.values()) / (1 + 2 * rho),
        "Up: the market above the threshold": slope(y[x > 0], x[x > 0]),
        "Down: the market below it": slope(y[x < 0], x[x < 0]),
        "Downside, Ang, Chen and Xing": slope(y[x < market], x[x < market]),
        "Downside, Estrada": (falls[0] * falls[1]).sum() / (falls[1] ** 2).sum(),
        "Unlevered": unlevered,
        "Levered again, as planned": unlevered * (1 + 0.79 * 0.5),
    }


def dimson(y, x, k):
    rows = range(k, len(x) - k)
    around = np.array([x[i - k : i + k + 1] for i in rows])
    return fit(y[k : len(y) - k], around).params[1:].sum()


@pytest.fixture(scope="module")
def fits(excess):
    market = excess.iloc[:, -1].to_numpy()
    return {name: fit(excess[name].to_numpy(), market) for name in excess.columns[:-1]}


def test_every_beta_of_the_table_is_that_of_the_other_program(book, pair, fits):
    sheet, (y, x) = book["Betas"], (series.to_numpy() for series in pair)
    betas, errors = (np.array([getattr(f, a)[1] for f in fits.values()]) for a in ("params", "bse"))
    expected = expected_betas(y, x, betas, errors, fits["MSFT"].bse[1])
    assert {label: beside(sheet, label) for label in expected} == {
        label: near(value) for label, value in expected.items()
    }
    for label, norm in (
        ("Huber", sm.robust.norms.HuberT()),
        ("Tukey", sm.robust.norms.TukeyBiweight()),
    ):
        assert beside(sheet, f"Robust, {label}") == pytest.approx(robust(y, x, norm), rel=1e-7)
    rolling = book["Rolling"]
    for label, there in (
        ("Weighted, half-life of Rolling", "Beta by weights that halve"),
        ("The last rolling window", "Beta of the last window"),
    ):
        assert beside(sheet, label) == beside(rolling, there)
    for label, value in expected.items():
        assert beside(sheet, label, 2) == pytest.approx(value - slope(y, x), abs=1e-9)
        assert len(beside(sheet, label, 5)) > 5
        assert len(beside(sheet, label, 7)) > 10


def test_shrunk_betas_of_all_assets(book, fits):
    betas = np.array([ols.params[1] for ols in fits.values()])
    errors = np.array([ols.bse[1] for ols in fits.values()])
    weight = betas.var(ddof=1) / (betas.var(ddof=1) + errors**2)
    shrunk = weight * betas + (1 - weight) * betas.mean()
    table = block(book["Betas"], "least squares", (len(betas), 4), right=0)
    assert table == near(np.column_stack([betas, errors, 2 / 3 * betas + 1 / 3, shrunk]))


def test_the_contest_is_won_by_the_betas_with_the_smallest_errors(book, excess):
    half = len(excess) // 2
    first, second = excess.iloc[:half], excess.iloc[half:]
    fits = [
        [fit(part[name].to_numpy(), part.iloc[:, -1].to_numpy()) for part in (first, second)]
        for name in excess.columns[:-1]
    ]
    before, after = (np.array([pair[i].params[1] for pair in fits]) for i in (0, 1))
    errors = np.array([pair[0].bse[1] for pair in fits])
    weight = before.var(ddof=1) / (before.var(ddof=1) + errors**2)
    forecasts = {
        "least squares": before,
        "Blume": 2 / 3 * before + 1 / 3,
        "Vasicek": weight * before + (1 - weight) * before.mean(),
    }
    missed = {name: math.sqrt(((f - after) ** 2).mean()) for name, f in forecasts.items()}
    sheet = book["Betas"]
    shown = [beside(sheet, "Root mean square", right) for right in (6, 7, 8)]
    assert shown == near(list(missed.values()))
    best = min(missed, key=missed.get)
    assert paragraph(sheet, "Over the second half").startswith(f"Over the second half {best} came")


@pytest.mark.parametrize(("nth", "model"), [(0, "TM"), (1, "HM")])
def test_timing_models_are_regressions_with_a_term_for_the_bend(book, pair, nth, model):
    y, x = (series.to_numpy() for series in pair)
    bend = x**2 if model == "TM" else np.maximum(0, -x)
    ols = fit(y, np.column_stack([x, bend]))
    expected = np.column_stack([ols.params, ols.bse, ols.tvalues, ols.pvalues, ols.conf_int()])
    corner = find(book["Betas"], "coef", nth)
    assert block(book["Betas"], corner, (3, 6), right=0) == pytest.approx(expected, rel=1e-7)
    assert ols.tvalues[2] > 2
    assert corner.offset(4, -1).value.startswith("Beta was higher when the market rose")


# ------------------------------------------------------------------------------- own data

PAGES = (
    *(build.write_start, build.write_data, build.write_returns, build.write_tracking),
    *(build.write_hedged, build.write_rolling, build.write_betas, build.write_performance),
)


def made(data):
    """Return the workbook of these pages alone, which shows no error but the #N/A of a series."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "PAGES", PAGES)
        built = build.build(data)
    assert built.errors == []
    book = workbook(built.workbook, values=True)
    for page in CHECKS:
        assert words(book[page]).count("differs") == 0
        printed = [cell.value for row in book[page].iter_rows(max_col=10) for cell in row]
        assert not [w for w in printed if isinstance(w, str) and w.startswith("#")]
    return book


def of_sample(rows, columns, periods=YEAR):
    data = sample.daily()
    names = tuple(data.names[column] for column in columns)
    values, rf = data.prices[:rows][:, columns].copy(), data.rf[:rows]
    chosen = (names[0], names[min(1, len(names) - 2)])
    return TemplateData(data.dates[:rows], names, values, rf, periods, "t", chosen=chosen)


def of_months(step=1):
    data = sample.monthly()
    values = np.column_stack([data.industries[:, :3], data.factors[:, 0] + data.rf])
    rows = slice(-87 if step == 1 else None, None, step)
    names = (*data.industry_names[:3], "Market")
    return TemplateData(
        data.dates[rows], names, values[rows].copy(), data.rf[rows], 12 // step, "t",
        are_returns=True, chosen=(names[0], names[2]),
    )  # fmt: skip


def test_gaps_leave_the_rows_of_each_window_that_are_there():
    data = of_months()
    data.values[5:9, 0] = data.values[20, 3] = data.values[:12, 2] = np.nan
    book = made(data)
    sheet = book["Rolling"]
    y, x = (data.values[:, column] - data.rf for column in (0, 3))
    needed, window = 10, 12
    assert beside(sheet, "Rows that a window needs") == needed
    for end in range(1, len(y) + 1):
        rows = slice(max(0, end - window), end)
        there = ~np.isnan(y[rows]) & ~np.isnan(x[rows])
        shown = sheet.cell(FIRST + end - 1, BEHIND["beta"]).value
        low = sheet.cell(FIRST + end - 1, BEHIND["low"]).value
        if there.sum() < needed:
            assert (shown, low) == ("#N/A", "#N/A")
            continue
        ols = fit(y[rows][there], x[rows][there])
        assert shown == near(ols.params[1])
        assert low == pytest.approx(ols.conf_int()[1, 0], rel=1e-7)


def test_no_window_with_rows_enough_is_a_sentence():
    data = of_sample(100, [0, 2, 3, 4])
    data.values[::3, 0] = data.values[::5, 3] = np.nan
    sheet = made(data)["Rolling"]
    assert beside(sheet, "Beta of the last window") == "none"
    assert "Set a smaller window on Start, or a smaller share" in paragraph(sheet, "No window of")


def test_the_shortest_series_of_one_asset_makes_both_pages():
    book = made(of_sample(9, [0, 4]))
    assert beside(book["Betas"], "Dimson, 3 lags and leads") == "none"
    assert beside(book["Betas"], "Prior: mean of the betas") == 1
    assert beside(book["Betas"], "Prior: variance of the betas") == near(0.09)
    assert beside(book["Rolling"], "p") == "none"
    assert "Too few of them have a beta to compare." in words(book["Rolling"])


def test_rows_of_a_year_are_too_few_and_stand_together_in_longer_blocks():
    data = of_months(step=12)
    sheet = made(data)["Rolling"]
    assert "By blocks of 12 calendar years: PERIOD_BETA" in words(sheet)
    counts = {}
    for day in data.dates:
        counts[day.year // 12] = counts.get(day.year // 12, 0) + 1
    shown = block(sheet, "n", (len(counts), 1), right=0)[:, 0]
    assert shown.tolist() == list(counts.values())
