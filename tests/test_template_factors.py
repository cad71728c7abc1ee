"""What the pages Performance, Multi-factor, Covariance, Risk or return and Attribution show.

Oracles: statsmodels 0.15 (OLS; HAC with use_correction; F tests of restrictions), scipy's
distributions and moments, numpy, and the closed forms named at each test.
"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from small_template import daily as daily_rows
from small_template import errors_shown, gaps, typed
from template_cells import beside, block, column, find, fit, hac_t, named, near, workbook

from factor_core import sample
from factor_core.workbook import build
from factor_core.workbook.pages_multifactor import FACTORS, INDUSTRIES

YEAR, MONTH, CONFIDENCE = 252, 12, 0.95
QUANTILE = stats.norm.ppf((1 + CONFIDENCE) / 2)
NAMES = tuple(INDUSTRIES)


@pytest.fixture(scope="module")
def book(template_bytes):
    return workbook(template_bytes, values=True)


@pytest.fixture(scope="module")
def daily():
    """Total and excess returns of the sample: assets, market last."""
    data = sample.daily()
    returns = data.prices[1:] / data.prices[:-1] - 1
    return data.names, returns, returns - data.rf[1:, None]


@pytest.fixture(scope="module")
def monthly():
    data = sample.monthly(start=dt.date(1990, 1, 1))
    return data.factors, data.industries - data.rf[:, None]


@pytest.fixture(scope="module")
def model(monthly):
    """Betas, covariance of the factors, idiosyncratic variances and the model's, a year."""
    factors, industries = monthly
    fits = [fit(industries[:, i], factors) for i in range(12)]
    betas = np.array([ols.params[1:] for ols in fits])
    idio = np.array([ols.resid.var(ddof=1) for ols in fits]) * MONTH
    factor_cov = np.cov(factors.T) * MONTH
    return betas, factor_cov, idio, betas @ factor_cov @ betas.T + np.diag(idio)


PAGES = (
    *(build.write_start, build.write_data, build.write_returns, build.write_tracking),
    *(build.write_hedged, build.write_performance, build.write_multifactor),
    *(build.write_covariance, build.write_risk_or_return, build.write_attribution),
    build.write_monthly,
)
SHOWN = {"Performance": 24, "Multi-factor": 11, "Covariance": 14, "Risk or return": 13}
SHOWN |= {"Attribution": 24}  # "agrees" of each page, at least
LONG_SHORT = np.array([0.5, 0, -0.3, 0, 0, 0.6, 0, 0.2, 0, 0, -0.4, 0])


def made(data):
    """Return a workbook of the pages on several factors, and those that they refer to."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "PAGES", PAGES)
        return build.build(data)


@pytest.fixture(scope="module")
def changed():
    """A short book after another industry and a long-short portfolio were typed in."""
    written = made(daily_rows(60, [0, 2, 3, 4])).workbook
    first = find(workbook(written, values=True)["Attribution"], "your weight").row + 1
    weights = {f"B{first + i}": weight for i, weight in enumerate(LONG_SHORT)}
    chosen = typed(written, "Multi-factor", B5="Durbl")
    return workbook(typed(chosen, "Attribution", **weights), values=True)


def sharpe(returns, periods):
    return returns.mean() / returns.std(ddof=1) * math.sqrt(periods)


# -------------------------------------------------------------------------------- Performance


def capture(asset, market, rows):
    """Geometric mean of the asset over that of the market in these rows."""
    means = [np.prod(1 + x[rows]) ** (1 / rows.sum()) - 1 for x in (asset, market)]
    return means[0] / means[1]


def test_every_asset_stands_beside_its_benchmark(book, daily):
    names, total, excess = daily
    header = find(book["Performance"], "tracking error").offset(0, -1)
    market = excess[:, -1]
    vol = market.std(ddof=1) * math.sqrt(YEAR)
    for i, name in enumerate(names[:-1]):
        asset, active = excess[:, i], excess[:, i] - market
        up, down = (
            capture(total[:, i], total[:, -1], rows)
            for rows in (total[:, -1] > 0, total[:, -1] < 0)
        )
        ratio = sharpe(asset, YEAR)
        ols = fit(asset, market)
        appraisal = ols.params[0] / ols.resid.std(ddof=1) * math.sqrt(YEAR)
        expected = [
            active.std(ddof=1) * math.sqrt(YEAR),
            sharpe(active, YEAR),
            ratio * vol,
            (ratio - sharpe(market, YEAR)) * vol,
            up,
            down,
            mertens(asset, YEAR),
            (QUANTILE / appraisal) ** 2,
            len(asset) / YEAR,
        ]
        row = [header.offset(1 + i, j).value for j in range(10)]
        assert row[0] == name
        assert row[1:] == near(expected)


def mertens(returns, periods):
    """Standard error of a Sharpe ratio a year: Mertens (2002), moments by scipy."""
    s = returns.mean() / returns.std(ddof=1)
    skew, kurtosis = stats.skew(returns), stats.kurtosis(returns, fisher=False)
    return math.sqrt(periods / len(returns) * (1 - s * skew + (kurtosis - 1) * s**2 / 4))


def test_history_that_the_chosen_asset_needs(book, daily):
    names, total, excess = daily
    chosen = names.index(named(book, "asset_name"))
    asset, market = excess[:, chosen], excess[:, -1]
    sheet = book["Performance"]
    ratio, error = sharpe(asset, YEAR), mertens(asset, YEAR)
    assert beside(sheet, "Standard error of the Sharpe ratio") == near(error)
    assert beside(sheet, "Sharpe ratio, low end") == near(ratio - QUANTILE * error)
    assert beside(sheet, "Sharpe ratio, high end") == near(ratio + QUANTILE * error)
    assert beside(sheet, "Years that its Sharpe ratio needs") == near((QUANTILE / ratio) ** 2)
    best = stats.t.ppf(1 - (1 - CONFIDENCE) / 2 / (len(names) - 1), len(asset) - 2)
    assert beside(sheet, "t that the best of all assets must exceed") == near(best)
    down = total[:, -1] < 0
    assert beside(sheet, "Down capture") == near(capture(total[:, chosen], total[:, -1], down))
    (said,) = [c.value for c in sheet["A"] if str(c.value).startswith("MSFT has ")]
    stands = abs(hac_t(asset, market)) > best
    assert ("would still stand" in said) == stands
    assert "too short" in said


# -------------------------------------------------------------------------------- Multi-factor


HYPOTHESES = {
    "SMB, HML and Mom are all 0": "SMB=HML=Mom=0",
    "Mkt-RF is 1, the others 0": "Mkt=1,SMB=HML=Mom=0",
    "Mom is 0": "Mom=0",
}


@pytest.mark.parametrize("label", HYPOTHESES)
def test_joint_hypotheses_about_betas(book, monthly, label):
    factors, industries = monthly
    ols = sm.OLS(industries[:, 0], sm.add_constant(factors)).fit()
    ols.model.exog_names[:] = ["const", "Mkt", "SMB", "HML", "Mom"]
    test = ols.f_test(HYPOTHESES[label])
    lags = math.floor(4 * (len(factors) / 100) ** (2 / 9))
    options = {"maxlags": lags, "use_correction": True, "use_t": True}
    robust = ols.get_robustcov_results("HAC", **options).f_test(HYPOTHESES[label])
    shown = [beside(book["Multi-factor"], label, right) for right in (1, 2, 3, 4, 7)]
    expected = [float(test.fvalue), test.df_num, test.df_denom, float(test.pvalue)]
    assert shown == pytest.approx([*expected, float(robust.pvalue)], rel=1e-7)
    rejected = "rejected" if float(robust.pvalue) < 1 - CONFIDENCE else "not rejected"
    assert beside(book["Multi-factor"], label, 8) == rejected


def test_intervals_of_alphas_are_newey_west_s(book, monthly):
    factors, industries = monthly
    table = block(book["Multi-factor"], "Alpha a year", (12, 4), right=0)
    for i in range(12):
        alpha = fit(industries[:, i], factors).params[0] * MONTH
        quantile = stats.t.ppf((1 + CONFIDENCE) / 2, len(factors) - 5)
        half = quantile * abs(alpha / hac_t(industries[:, i], factors))
        assert table[i] == pytest.approx([alpha, half, alpha - half, alpha + half], rel=1e-8)


# ---------------------------------------------------------------------------------- Covariance


def matrix(sheet, title):
    """Return the matrix of all industries below a title that begins so."""
    (at,) = [cell for cell in sheet["A"] if str(cell.value).startswith(title)]
    return block(sheet, at, (12, 12), right=1, down=2)


def test_model_covariance_has_the_variances_of_the_sample(book, monthly, model):
    _, industries = monthly
    shown = matrix(book["Covariance"], "Covariance by the model, a year")
    assert shown == near(model[3])
    assert np.diag(shown) == near(industries.var(axis=0, ddof=1) * MONTH)
    vols = block(book["Covariance"], find(book["Covariance"], "Industry"), (12, 2))
    assert vols == near(np.sqrt(np.column_stack([np.diag(shown)] * 2)))


def test_what_the_model_misses_are_the_residuals_correlations_shrunk(book, monthly):
    factors, industries = monthly
    fits = [fit(industries[:, i], factors) for i in range(12)]
    residuals = np.corrcoef(np.array([ols.resid for ols in fits]))
    kept = np.sqrt([1 - ols.rsquared for ols in fits])
    missed = residuals * np.outer(kept, kept)
    np.fill_diagonal(missed, 0)
    sheet = book["Covariance"]
    sample_ = matrix(sheet, "Correlations in the sample")
    by_model = matrix(sheet, "Correlations by the model")
    assert sample_ == near(np.corrcoef(industries.T))
    assert sample_ - by_model == pytest.approx(missed, abs=1e-12)
    assert matrix(sheet, "Correlation in the sample less") == pytest.approx(missed, abs=1e-12)
    assert matrix(sheet, "Correlations of the residuals") == near(residuals)
    i, j = np.unravel_index(np.abs(missed).argmax(), missed.shape)
    assert beside(sheet, "Pair most missed") == f"{NAMES[min(i, j)]}-{NAMES[max(i, j)]}"
    assert beside(sheet, "... by") == near(np.abs(missed).max())


def test_residual_correlations_beyond_chance_are_counted(book, monthly):
    factors, industries = monthly
    upper = np.triu_indices(12, 1)
    fits = [fit(industries[:, i], factors) for i in range(12)]
    residuals = np.corrcoef(np.array([ols.resid for ols in fits]))[upper]
    returns = np.corrcoef(industries.T)[upper]
    sheet = book["Covariance"]
    limit = QUANTILE / math.sqrt(len(factors))
    assert beside(sheet, "Chance's limit") == near(limit)
    assert beside(sheet, "Pairs beyond it") == (np.abs(residuals) > limit).sum()
    before, after = (beside(sheet, f"Mean absolute, {what}") for what in ("returns", "residuals"))
    assert after == near(np.abs(residuals).mean())
    assert before == near(np.abs(returns).mean())
    assert after < before / 2


def test_chosen_industry_s_correlations_are_drawn(changed):
    sheet = changed["Covariance"]
    drawn = block(sheet, "in the sample", (12, 2), right=0)
    own = NAMES.index("Durbl")
    assert drawn[:, 0] == near(matrix(sheet, "Correlations in the sample")[own])
    assert drawn[:, 1] == near(matrix(sheet, "Correlations by the model")[own])


# ------------------------------------------------------------------------------ Risk or return


def test_predicted_returns_are_betas_times_means(book, monthly):
    factors, industries = monthly
    table = block(book["Risk or return"], "sample", (12, 3), right=0)
    mean = industries.mean(axis=0)
    predicted = [
        [fit(industries[:, i], factors[:, :k]).params[1:] @ factors[:, :k].mean(axis=0)
         for i in range(12)]
        for k in (1, 4)
    ]  # fmt: skip
    assert table == near(np.column_stack([mean, *predicted]) * MONTH)


def test_alphas_beyond_bonferroni_are_counted(book, monthly):
    factors, industries = monthly
    sheet = book["Risk or return"]
    limit = stats.t.ppf(1 - (1 - CONFIDENCE) / 24, len(factors) - 5)
    label = "|t| beyond Bonferroni's"
    assert beside(sheet, label) == near(limit)
    counts = [
        sum(abs(hac_t(industries[:, i], factors[:, :k])) > limit for i in range(12))
        for k in (1, 3, 4)
    ]
    assert [beside(sheet, label, right) for right in (7, 8, 9)] == counts


@pytest.mark.parametrize(("title", "added", "k"), [
    ("SMB and HML on the market", (1, 2), 1),
    ("Mom on FF3", (3,), 3),
])  # fmt: skip
def test_added_factors_have_the_alpha_of_their_regression(book, monthly, title, added, k):
    factors, _ = monthly
    sheet = book["Risk or return"]
    corner = find(sheet, title)
    for i, j in enumerate(added):
        ols = fit(factors[:, j], factors[:, :k])
        expected = [ols.params[0], ols.bse[0], ols.tvalues[0], ols.pvalues[0]]
        assert corner.offset(2 + i, 0).value == FACTORS[j]
        shown = [corner.offset(2 + i, 1 + c).value for c in range(4)]
        assert shown == pytest.approx(expected, rel=1e-8)
    if len(added) == 1:
        assert corner.offset(3, 1).value == near(ols.tvalues[0] ** 2)


def test_premia_are_those_of_a_cross_section_every_month(book, monthly):
    factors, industries = monthly
    betas = np.array([fit(industries[:, i], factors).params[1:] for i in range(12)])
    each = np.array([fit(row, betas).params for row in industries])
    lambdas, se = each.mean(axis=0), each.std(axis=0, ddof=1) / math.sqrt(len(each))
    table = block(book["Risk or return"], "lambda", (5, 3), right=0)
    assert table == pytest.approx(np.column_stack([lambdas, se, lambdas / se]), rel=1e-8)
    own = block(book["Risk or return"], "own mean", (4, 2), right=0, down=2)
    means = factors.mean(axis=0)
    t = means / factors.std(axis=0, ddof=1) * math.sqrt(len(factors))
    assert own == near(np.column_stack([means, t]))


# --------------------------------------------------------------------------------- Attribution


def test_mean_return_of_the_asset_is_alpha_and_market(book, daily):
    names, _, excess = daily
    sheet = book["Attribution"]
    for name, right in (("asset_name", 1), ("second_asset", 5)):
        asset, market = excess[:, names.index(named(book, name))], excess[:, -1]
        ols = fit(asset, market)
        shown = column(sheet, "Source", 3, right=right)
        expected = [ols.params[0], ols.params[1] * market.mean(), asset.mean()]
        assert shown == near(np.array(expected) * YEAR)
        share = column(sheet, "Source", 3, right={1: 4, 5: 6}[right])
        assert share == near([1 - ols.rsquared, ols.rsquared, 1])


@pytest.mark.parametrize("page", ["book", "changed"])
@pytest.mark.parametrize(("right", "k"), [(1, 1), (2, 3), (3, 4)])
def test_mean_return_of_the_industry_under_each_model(request, monthly, page, right, k):
    factors, industries = monthly
    book = request.getfixturevalue(page)
    industry = industries[:, NAMES.index(named(book, "industry_name"))]
    factors = factors[:, :k]
    ols = fit(industry, factors)
    paid = ols.params[1:] * factors.mean(axis=0)
    sheet = book["Attribution"]
    source = find(sheet, "Source", 1)
    shown = block(sheet, source, (k + 1, 1), right=right)[:, 0]
    assert shown == near(np.array([ols.params[0], *paid]) * MONTH)
    assert source.offset(6, 0).value == "Total"
    assert source.offset(6, right).value == near(industry.mean() * MONTH)
    assert shown.sum() == near(industry.mean() * MONTH)
    appraisal = ols.params[0] / ols.resid.std(ddof=1) * math.sqrt(MONTH)
    hedged = industry - factors @ ols.params[1:]
    assert beside(sheet, "R2", right) == near(ols.rsquared)
    assert beside(sheet, "t of alpha, Newey-West", right) == near(hac_t(industry, factors))
    assert beside(sheet, "Appraisal ratio", right) == near(appraisal)
    assert beside(sheet, "... and its error", right) == near(mertens(hedged, MONTH))
    needed = (QUANTILE / appraisal) ** 2
    assert beside(sheet, "Years that alpha needs", right) == near(needed)
    enough = "long enough" if len(industry) / MONTH >= needed else "too short"
    assert beside(sheet, "The history is", right) == enough


@pytest.mark.parametrize("page", ["book", "changed"])
def test_waterfall_is_drawn_from_where_each_step_begins_to_where_it_ends(request, page):
    """Columns stack away from zero on both sides of it; the first of them is not seen."""
    sheet = request.getfixturevalue(page)["Attribution"]
    table = block(sheet, "carries", (6, 8), right=-2)
    parts = column(sheet, find(sheet, "Source", 1), 5, right=3)
    ends = np.cumsum(parts)
    for i, (start, end, carries, *seen) in enumerate(table):
        above = max(carries, 0) + sum(max(x, 0) for x in seen)
        below = min(carries, 0) + sum(min(x, 0) for x in seen)
        if i == 5:
            assert (start, end, seen[-1]) == (0, near(ends[-1]), near(ends[-1]))
            continue
        assert (start, end) == (near(ends[i - 1] if i else 0), near(ends[i]))
        assert above == pytest.approx(max(start, end, 0), abs=1e-12)
        assert below == pytest.approx(min(start, end, 0), abs=1e-12)
        assert sum(abs(x) for x in seen) == near(abs(parts[i]))
        rises = abs(seen[0]) + abs(seen[1])
        assert rises == near(abs(parts[i]) if parts[i] >= 0 else 0)


def test_a_step_across_zero_is_cut_in_two(changed):
    """Durbl's alpha is below 0 and the market lifts its mean above."""
    table = block(changed["Attribution"], "carries", (2, 5), right=-2)
    assert table[0, 1] < 0 < table[1, 1]
    assert table[1, 2] == 0
    assert table[1, 3] == near(table[1, 1])
    assert table[1, 4] == near(table[0, 1])


WEIGHTS = {"book": np.full(12, 1 / 12), "changed": LONG_SHORT}


@pytest.mark.parametrize("page", WEIGHTS)
def test_portfolio_s_risk_is_shared_among_industries(request, monthly, model, page):
    weights, cov = WEIGHTS[page], model[3]
    factors, industries = monthly
    del factors
    sheet = request.getfixturevalue(page)["Attribution"]
    table = block(sheet, "your weight", (12, 8), right=0)
    mean = industries.mean(axis=0) * MONTH
    vol = math.sqrt(weights @ cov @ weights)
    real = np.cov(industries.T) * MONTH
    equal = np.full(12, 1 / 12)
    shares = [w * (c @ w) / (w @ c @ w) for w, c in ((weights, real), (equal, cov))]
    marginal = cov @ weights / vol
    brought = weights * marginal
    expected = [weights, mean, weights * mean, marginal, brought, brought / vol, *shares]
    assert table == pytest.approx(np.column_stack(expected), rel=1e-8, abs=1e-15)
    largest = int((brought / vol).argmax())
    assert beside(sheet, "Most of the risk") == NAMES[largest]


@pytest.mark.parametrize("page", WEIGHTS)
def test_portfolio_s_risk_and_return_by_factor(request, monthly, model, page):
    weights = WEIGHTS[page]
    factors, industries = monthly
    betas, factor_cov, idio, cov = model
    portfolio = industries @ weights
    ols = fit(portfolio, factors)
    exposure = weights @ betas
    variances = exposure * (factor_cov @ exposure)
    total, rest = weights @ cov @ weights, weights**2 @ idio
    sheet = request.getfixturevalue(page)["Attribution"]
    corner = find(sheet, "exposure").offset(0, -1)
    exposures = block(sheet, corner, (4, 2), right=1)
    shown = block(sheet, corner, (7, 6), right=4)
    assert exposures[:, 0] == near(exposure)
    assert exposures[:, 1] == pytest.approx(ols.params[1:], rel=1e-8)
    parts = np.array([*variances, variances.sum(), rest, total])
    alone = [
        *abs(exposure) * np.sqrt(np.diag(factor_cov)),
        *np.sqrt([variances.sum(), rest, total]),
    ]
    assert shown[:, 0] == pytest.approx(alone, rel=1e-8)
    assert shown[:, 1] == pytest.approx(parts / math.sqrt(total), rel=1e-8)
    assert shown[:, 2] == pytest.approx(parts / total, rel=1e-8)
    paid = ols.params[1:] * factors.mean(axis=0)
    means = [*paid, paid.sum(), ols.params[0], portfolio.mean()]
    assert shown[:, 3] == pytest.approx(np.array(means) * MONTH, rel=1e-8)
    real = [ols.resid.var(ddof=1) * MONTH, portfolio.var(ddof=1) * MONTH]
    assert shown[:, 4] == pytest.approx(parts, rel=1e-8)
    assert shown[:, 5] == pytest.approx([*parts[:5], *real], rel=1e-8)
    (said,) = [c.value for c in sheet["A"] if str(c.value).startswith("Volatility a year:")]
    assert ("raises" in said) == (real[0] > rest)


# ------------------------------------------------------------------------------ other data


def all_agree(book):
    for page, least in SHOWN.items():
        words = [cell.value for row in book[page].iter_rows() for cell in row]
        assert "differs" not in words, page
        assert words.count("agrees") >= least, page


def test_every_second_way_agrees_on_changed_inputs(changed):
    all_agree(changed)
    for page in SHOWN:
        assert errors_shown(changed, page) == []


@pytest.mark.parametrize("data", [gaps, lambda: daily_rows(12, [1, 4])])
def test_every_second_way_agrees_on_own_data(data):
    written = made(data())
    assert written.errors == []
    all_agree(workbook(written.workbook, values=True))


def test_a_market_that_never_falls_has_no_down_capture():
    data = daily_rows(40, [0, 2, 4])
    data.values[:, -1] = 100 * 1.001 ** np.arange(40) + np.arange(40) % 3 * 0.01
    written = made(data)
    assert written.errors == []
    sheet = workbook(written.workbook, values=True)["Performance"]
    assert beside(sheet, "Down capture") == beside(sheet, "Down capture", 2) == "none"
    assert beside(sheet, "Down capture", 3) == "agrees"
    assert column(sheet, "up capture", 2) == near(
        [capture(r, m, m > 0) for m in [change(data.values[:, 2])]
         for r in (change(data.values[:, 0]), change(data.values[:, 1]))]
    )  # fmt: skip
    header = find(sheet, "down capture")
    assert [header.offset(i, 0).value for i in (1, 2)] == ["none", "none"]


def change(prices):
    return prices[1:] / prices[:-1] - 1
