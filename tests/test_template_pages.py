"""The laws that the template's pages show, read from the calculated file.

Oracles: statsmodels 0.15 (OLS, HAC with use_correction and Student's t) on the sample data, numpy
for moments, the closed form of Gibbons, Ross and Shanken (1989) with scipy's F distribution.
"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from scipy import stats
from template_cells import beside, block, close, column, find, fit, hac_t, named, near, workbook

from factor_core import sample
from factor_core.catalogue import CATALOGUE
from factor_core.workbook import pages_reference
from factor_core.workbook.build import build
from factor_core.workbook.pages_multifactor import FACTORS, INDUSTRIES
from factor_core.workbook.references import TemplateData

PAGES = {
    "Sizing": 14,
    "Performance": 28,
    "Variance": 12,
    "Multi-factor": 11,
    "Covariance": 14,
    "Risk or return": 13,
    "Attribution": 24,
    "Hedge desk": 31,
    "Budget": 22,
    "Exercises": 40,
    "Monthly": 2,
    "Conventions": 10,
}
BUDGET, PREMIUM, YEAR, MONTH = 1_000_000, 0.05, 252, 12


@pytest.fixture(scope="module")
def book(template_bytes):
    return workbook(template_bytes, values=True)


@pytest.fixture(scope="module")
def formulas(template_bytes):
    return workbook(template_bytes, values=False)


@pytest.fixture(scope="module")
def daily():
    """Excess returns of the sample: assets, market last."""
    data = sample.daily()
    return data.names, data.prices[1:] / data.prices[:-1] - 1 - data.rf[1:, None]


@pytest.fixture(scope="module")
def monthly():
    data = sample.monthly(start=dt.date(1990, 1, 1))
    return data.factors, data.industries - data.rf[:, None]


@pytest.fixture(scope="module")
def pair(book, daily):
    """Excess returns of the asset that is chosen on Start, and of the market."""
    names, returns = daily
    return returns[:, names.index(named(book, "asset_name"))], returns[:, -1]


# ---------------------------------------------------------------------------------- all pages


@pytest.mark.parametrize("page", PAGES)
def test_every_second_way_agrees(book, page):
    words = [cell.value for row in book[page].iter_rows() for cell in row]
    assert words.count("differs") == 0
    assert words.count("agrees") >= PAGES[page]


@pytest.mark.parametrize("page", [*PAGES, "Functions"])
def test_no_cell_shows_an_error(book, page):
    errors = [
        (cell.coordinate, cell.value)
        for row in book[page].iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("#")
    ]
    assert errors == []


def test_no_formula_depends_on_the_machine(formulas):
    live = [
        str(getattr(cell.value, "text", cell.value))
        for sheet in formulas
        for row in sheet.iter_rows()
        for cell in row
        if cell.data_type == "f"
    ]
    for name in (
        "ADDIN_INFO(",
        "NOW(",
        "TODAY(",
        "RAND(",
        "CELL(",
        "INFO(",
        "OFFSET(",
        "INDIRECT(",
    ):
        assert not [text for text in live if name in text.upper()]


@pytest.fixture(scope="module")
def gaps():
    """The template on short monthly returns with gaps: an asset, the market, the rate."""
    data = sample.monthly(start=dt.date(2010, 1, 1))
    market = data.factors[:, 0] + data.rf
    values = np.column_stack([data.industries[:, :3], market])
    values[5:9, 0] = values[20, 3] = values[:12, 2] = np.nan
    rf = data.rf.copy()
    rf[40] = np.nan
    names = (*data.industry_names[:3], "Market")
    chosen = (names[0], names[2])
    return build(
        TemplateData(data.dates, names, values, rf, 12, "test", are_returns=True, chosen=chosen)
    ).workbook


@pytest.mark.parametrize("page", PAGES)
def test_second_ways_agree_on_data_with_gaps(gaps, page):
    words = [cell.value for row in workbook(gaps, values=True)[page].iter_rows() for cell in row]
    assert words.count("differs") == 0
    one_asset_less = 1  # than in the sample, with a check of its own
    assert words.count("agrees") >= PAGES[page] - one_asset_less


# ------------------------------------------------------------------------------------- Sizing


def test_position_is_the_budget_over_volatility_of_the_same_horizon(book, pair):
    vol = pair[0].std(ddof=1)
    header = find(book["Sizing"], "Budget")
    for row, periods in ((1, MONTH), (2, MONTH), (3, 1)):
        position = header.offset(row, 1).value
        assert position == near(BUDGET / (vol * math.sqrt(YEAR / periods)))


def test_hedged_position_is_larger_by_the_root_of_unexplained_variance(book, pair):
    ols = fit(*pair)
    header = find(book["Sizing"], "Budget")
    for row in (1, 2, 3):
        unhedged, hedged, hedge, ratio = (header.offset(row, j).value for j in (1, 2, 3, 4))
        assert ratio == near(1 / math.sqrt(1 - ols.rsquared))
        assert hedged == near(unhedged / math.sqrt(1 - ols.rsquared))
        assert hedge == near(-ols.params[1] * hedged)


def test_a_budget_a_month_allows_the_root_of_twelve_of_a_budget_a_year(book):
    header = find(book["Sizing"], "Budget")
    for column_ in (1, 2, 3):
        month, year = (header.offset(row, column_).value for row in (2, 3))
        assert month == near(year * math.sqrt(12))


def test_mixed_horizons_miss_the_budget_by_the_root_of_twelve(book):
    risks = column(book["Sizing"], "risk / budget", 4)
    assert risks == close([1, 1, math.sqrt(12), 1 / math.sqrt(12)])


def test_expected_profit_splits_into_market_and_alpha(book, pair):
    ols = fit(*pair)
    sheet = book["Sizing"]
    unhedged = find(sheet, "Budget").offset(1, 1).value
    hedged = find(sheet, "Budget").offset(1, 2).value
    alpha, beta, mean = *ols.params, pair[1].mean()
    market = [beside(sheet, "From the market", right) for right in (1, 2)]
    own = [beside(sheet, "From alpha: risk-adjusted", right) for right in (1, 2)]
    total = [beside(sheet, "Total", right) for right in (1, 2)]
    assert market == [near(unhedged * beta * mean * YEAR), 0]
    assert own == [near(size * alpha * YEAR) for size in (unhedged, hedged)]
    assert total == [near(a + b) for a, b in zip(market, own, strict=True)]


def test_hedging_leaves_no_money_in_the_market(book, pair):
    sheet = book["Sizing"]
    unhedged = find(sheet, "Budget").offset(1, 1).value
    beta = fit(*pair).params[1]
    assert beside(sheet, "Money in the market") == near(beta * unhedged)
    assert abs(beside(sheet, "Money in the market", 2)) < 1e-6


def test_profit_over_risk_is_the_sharpe_ratio(book, pair):
    ols = fit(*pair)
    root = math.sqrt(YEAR)
    sharpe = pair[0].mean() / pair[0].std(ddof=1) * root
    appraisal = ols.params[0] / ols.resid.std(ddof=1) * root
    sheet = book["Sizing"]
    assert beside(sheet, "Total / volatility", 1) == near(sharpe)
    assert beside(sheet, "Total / volatility", 2) == near(appraisal)


# -------------------------------------------------------------------------------- Performance


def test_every_asset_has_the_ratios_of_its_own_regression(book, daily):
    names, returns = daily
    header, market = find(book["Performance"], "Asset"), returns[:, -1]
    for i, name in enumerate(names[:-1]):
        asset = returns[:, i]
        ols = fit(asset, market)
        row = [header.offset(1 + i, j).value for j in range(10)]
        appraisal = ols.params[0] / ols.resid.std(ddof=1) * math.sqrt(YEAR)
        expected = {
            1: asset.mean() / asset.std(ddof=1) * math.sqrt(YEAR),
            2: appraisal,
            3: appraisal,
            5: asset.mean() * YEAR / ols.params[1],
            6: asset.mean() / asset.std(ddof=1) * math.sqrt(len(asset)),
            7: ols.tvalues[0],
            8: hac_t(asset, market),
            9: ols.params[0] * YEAR,
        }
        assert row[0] == name
        assert {j: row[j] for j in expected} == {j: near(v) for j, v in expected.items()}


def test_appraisal_ratio_is_t_of_alpha_up_to_two_known_factors(book, pair):
    n, market = len(pair[0]), pair[1]
    ols = fit(*pair)
    sharpe = market.mean() / market.std(ddof=0)
    exact = ols.tvalues[0] * math.sqrt(YEAR / n * (n - 1) / (n - 2) * (1 + sharpe**2))
    label = "... x SQRT((n-1)/(n-2)) x SQRT(1 + S^2): exactly"
    assert beside(book["Performance"], label) == near(exact)
    assert beside(book["Performance"], "Appraisal ratio") == near(exact)


def test_sharpe_ratio_is_the_market_s_and_the_appraisal_ratio_mixed_by_correlation(book, pair):
    asset, market = pair
    rho = np.corrcoef(asset, market)[0, 1]
    own, markets = (x.mean() / x.std(ddof=1) * math.sqrt(YEAR) for x in pair)
    appraisal = fit(*pair).params[0] / fit(*pair).resid.std(ddof=1) * math.sqrt(YEAR)
    assert own == near(rho * markets + math.sqrt(1 - rho**2) * appraisal)
    label = "Sharpe = rho x market's + SQRT(1-rho^2) x appraisal"
    assert beside(book["Performance"], label) == near(own)


# ----------------------------------------------------------------------------------- Variance


def test_variance_splits_into_market_and_rest(book, pair):
    ols = fit(*pair)
    factor = ols.params[1] ** 2 * pair[1].var(ddof=1)
    rest = ols.resid.var(ddof=1)
    total = pair[0].var(ddof=1)
    variances = np.array([factor, rest, total])
    for nth, periods in ((0, 1), (1, YEAR)):
        table = block(book["Variance"], "source", (3, 3), nth=nth)
        assert table[:, 0] == near(variances * periods)
        assert table[:, 1] == near(np.sqrt(variances * periods))
        assert table[:, 2] == near(variances / total)
        assert table[2, 2] == close(1)


def test_return_splits_into_market_and_alpha(book, pair):
    ols = fit(*pair)
    sheet = book["Variance"]
    parts = block(sheet, "source", (3, 1), nth=2)[:, 0]
    market = ols.params[1] * pair[1].mean()
    assert sorted(parts[:2]) == near(sorted([ols.params[0] * YEAR, market * YEAR]))
    assert parts[2] == near(pair[0].mean() * YEAR)


def test_shares_of_every_asset_sum_to_one(book, daily):
    names, returns = daily
    count = len(names) - 1
    sheet = book["Variance"]
    shares = column(sheet, "factor share", count)
    rest = column(sheet, "idiosyncratic share", count)
    r2 = [fit(returns[:, i], returns[:, -1]).rsquared for i in range(count)]
    assert shares == near(r2)
    assert shares + rest == near(np.ones(count))


# -------------------------------------------------------------------------------- Several factors


def test_monthly_page_holds_the_sample_and_the_live_factors(book, monthly):
    sheet = book["Monthly"]
    factors, industries = monthly
    count = len(factors)
    assert block(sheet, "Date", (count, 4)) == close(factors, abs=0)
    live = block(sheet, find(sheet, "FF_FACTORS, live").offset(1, 0), (count, 4))
    assert live == close(factors, abs=0)
    excess = block(sheet, "NoDur", (count, 12), right=0, nth=1)
    assert excess == close(industries, abs=1e-15)


def test_regression_of_the_chosen_industry(book, monthly):
    factors, industries = monthly
    ols = fit(industries[:, 0], factors)
    low_high = ols.conf_int()
    table = block(book["Multi-factor"], "alpha", (5, 6), down=0)
    expected = np.column_stack([ols.params, ols.bse, ols.tvalues, ols.pvalues, low_high])
    assert table == pytest.approx(expected, rel=1e-8)


def test_error_bars_are_half_of_the_interval(book, monthly):
    factors, industries = monthly
    low_high = fit(industries[:, 0], factors).conf_int()[1:]
    half = block(book["Multi-factor"], "For the chart", (4, 1), right=2, down=2)[:, 0]
    assert half == near((low_high[:, 1] - low_high[:, 0]) / 2)


def test_linest_lists_the_factors_backwards(book, monthly):
    factors, industries = monthly
    betas = fit(industries[:, 0], factors).params
    sheet = book["Multi-factor"]
    backwards = [beside(sheet, "LINEST", right) for right in range(1, 6)]
    assert backwards == near(betas[::-1])
    in_order = [beside(sheet, "FACTOR_BETA in order", right) for right in range(1, 5)]
    assert in_order == near(betas[1:])


def test_hedge_is_minus_the_betas_and_leaves_none(book, monthly):
    factors, industries = monthly
    ols = fit(industries[:, 0], factors)
    sheet = book["Multi-factor"]
    ratio = [beside(sheet, "per 1 of the industry", right) for right in range(1, 5)]
    left = [beside(sheet, "Betas after hedging", right) for right in range(1, 5)]
    assert ratio == near(-ols.params[1:])
    assert left == close(np.zeros(4), abs=1e-12)
    assert beside(sheet, "Volatility", 3) == near(math.sqrt(1 - ols.rsquared))


def test_factor_table_is_a_regression_a_row(book, monthly):
    factors, industries = monthly
    table = block(book["Multi-factor"], "alpha a year", (12, 10), right=0)
    for i in range(12):
        ols = fit(industries[:, i], factors)
        idio = ols.resid.std(ddof=1)
        expected = [
            ols.params[0] * MONTH,
            hac_t(industries[:, i], factors),
            *ols.params[1:],
            ols.rsquared,
            idio * math.sqrt(MONTH),
            ols.params[0] / idio * math.sqrt(MONTH),
            len(factors),
        ]
        assert table[i] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("model", "k"), [(0, 1), (1, 3), (2, 4)])
def test_grs_of_each_model(book, monthly, model, k):
    factors, industries = monthly
    factors = factors[:, :k]
    n, m = industries.shape
    fits = [fit(industries[:, i], factors) for i in range(m)]
    alpha = np.array([ols.params[0] for ols in fits])
    sigma = np.column_stack([ols.resid for ols in fits])
    sigma = sigma.T @ sigma / n
    mean = factors.mean(axis=0)
    omega = np.atleast_2d(np.cov(factors.T, ddof=0))
    quadratic = alpha @ np.linalg.solve(sigma, alpha) / (1 + mean @ np.linalg.solve(omega, mean))
    f = (n - m - k) / m * quadratic
    shown = column(book["Risk or return"], "statistic", 5, right=1 + model)
    p = stats.f.sf(f, m, n - m - k)
    assert shown == pytest.approx([f, m, n - m - k, p, np.abs(alpha).mean()], rel=1e-8)


def test_a_better_model_of_risk_need_not_be_one_of_return(book):
    sheet = book["Risk or return"]
    label = "Mean; mean |alpha|; |t| > 2"
    r2 = [beside(sheet, label, right) for right in (1, 2, 3)]
    f = [beside(sheet, "F", right) for right in (1, 2, 3)]
    assert r2 == sorted(r2)
    assert f[2] > f[0]


# ---------------------------------------------------------------------------------- Exercises


def test_exercises_are_about_the_second_asset(book, daily):
    names, returns = daily
    sheet = book["Exercises"]
    second = named(book, "second_asset")
    asset, market = returns[:, names.index(second)], returns[:, -1]
    ols = fit(asset, market)
    idio = ols.resid.std(ddof=1)
    assert second in sheet["A1"].value
    assert beside(sheet, "Beta") == near(ols.params[1])
    assert beside(sheet, "t of alpha") == near(ols.tvalues[0])
    assert beside(sheet, "t of beta") == near(ols.tvalues[1])
    budget = 5_000_000
    unhedged = budget / (asset.std(ddof=1) * math.sqrt(YEAR))
    hedged = budget / (idio * math.sqrt(YEAR))
    assert beside(sheet, "Position, unhedged") == near(unhedged)
    assert beside(sheet, "Position, hedged") == near(hedged)
    assert beside(sheet, "Position in the market", nth=1) == near(-ols.params[1] * hedged)
    assert beside(sheet, "Profit a year, unhedged") == near(unhedged * asset.mean() * YEAR)
    assert beside(sheet, "Profit a year, hedged") == near(hedged * ols.params[0] * YEAR)


@pytest.mark.parametrize(
    ("label", "printed", "relative"),
    [
        ("F = t of beta squared", 6940.4, 1e-4),
        ("R2 = F / (F + n - 2)", 0.4152, 1e-3),
        ("Position on $1,000,000 a month", 10_379_567, 1e-6),
        ("The same from full-precision figures, $ million", 10.384121419128503, 1e-15),
        ("Hedged position on $1,000,000 a month", 13_585_656, 1e-3),
        ("Hedged position on $1,000,000 a year", 3_921_841, 1e-3),
        ("Days behind a beta of np.cov over np.var", 251, 1e-3),
    ],
)
def test_published_figures_follow_from_one_another(book, label, printed, relative):
    """Printed in a university course: MSFT on the market, daily, 1986-03-14 to 2024-12-31."""
    assert beside(book["Exercises"], label) == pytest.approx(printed, rel=relative)


# -------------------------------------------------------------------- Conventions and Functions


def test_every_function_is_listed_as_the_catalogue_has_it(book):
    rows = book["Functions"].iter_rows(min_row=6, max_col=3, values_only=True)
    listed = {usage: summary for _, usage, summary in rows if usage}
    assert listed == {function.usage: function.summary for function in CATALOGUE.values()}


def test_every_function_has_a_live_example_but_the_machine_s_own(formulas):
    assert set(CATALOGUE) - set(pages_reference.EXAMPLES) == {"ADDIN_INFO"}
    sheet = formulas["Functions"]
    for row in range(6, 6 + len(CATALOGUE)):
        example, live = sheet.cell(row, 4).value, sheet.cell(row, 5)
        if "ADDIN_INFO" not in example:
            text = getattr(live.value, "text", live.value)
            assert text.replace("_xlfn.", "") == example


def test_every_convention_with_an_example_shows_its_value(book):
    shown = [
        book["Conventions"].cell(6 + i, 5).value is not None
        for i in range(len(pages_reference.CONVENTIONS))
    ]
    assert shown == [bool(convention.example) for convention in pages_reference.CONVENTIONS]


@pytest.mark.parametrize(
    "name",
    [
        "assets_excess",
        "industry_name",
        "industry_chosen",
        "industry_excess",
        "factors_capm",
        "factors_ff3",
        "factors_carhart",
        "monthly_dates",
        "monthly_rf",
    ],
)
def test_ranges_of_several_factors_have_names(book, name):
    assert name in book.defined_names


def test_pages_name_the_factors_and_industries_of_the_sample():
    months = sample.monthly(start=dt.date(1990, 1, 1))
    assert months.factor_names == FACTORS
    assert months.industry_names == tuple(INDUSTRIES)
