"""The page Hedge desk: every number by numpy and statsmodels, and on an analyst's own data.

Oracles: statsmodels 0.15 (OLS) for betas and residuals, numpy for moments and for the closed form
of ridge regression, the formulas of Hull (10th ed., section 3.5) for contracts.
"""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from small_template import (
    apart,
    built,
    daily,
    errors_shown,
    gaps,
    months,
    three_assets,
    typed,
    words,
)
from template_cells import beside, block, find, fit, near, workbook

from factor_core import sample
from factor_core.workbook.pages_hedge_desk import POSITIONS
from factor_core.workbook.pages_hedge_industries import LEGS
from factor_core.workbook.pages_hedge_industries import POSITIONS as INDUSTRY_POSITIONS

PAGE, YEAR, MONTHS = "Hedge desk", 252, 12
CHECKS, BUDGET_CHECKS = 31, 22  # on either page, whatever the data
HELD = np.array(POSITIONS, dtype=float)


@pytest.fixture(scope="module")
def sheet(template_bytes):
    return workbook(template_bytes, values=True)[PAGE]


@pytest.fixture(scope="module")
def returns():
    """Excess returns of the sample's four assets, and of the market."""
    data = sample.daily()
    excess = data.prices[1:] / data.prices[:-1] - 1 - data.rf[1:, None]
    return excess[:, :-1], excess[:, -1]


@pytest.fixture(scope="module")
def betas(returns):
    assets, market = returns
    return np.array([fit(one, market).params[1] for one in assets.T])


@pytest.fixture(scope="module")
def own(returns):
    """Residual variances a year."""
    assets, market = returns
    return np.array([fit(one, market).resid.var(ddof=1) * YEAR for one in assets.T])


@pytest.fixture(scope="module")
def monthly():
    data = sample.monthly(start=dt.date(1990, 1, 1))
    return data.industries - data.rf[:, None], data.factors


# ---------------------------------------------------------------------------------- the book


def test_hedge_is_minus_the_money_that_the_book_holds_in_the_market(sheet, betas):
    table = block(sheet, "Position", (4, 5))
    assert table[:, 0] == near(HELD)
    assert table[:, 1] == near(betas)
    assert table[:, 2] == near(HELD * betas)
    market = find(sheet, "Position").offset(5, 0).value
    assert market == "Hedge in S&P 500 (price index)"
    assert beside(sheet, market) == near(-HELD @ betas)
    assert beside(sheet, "Money in S&P 500 (price index)") == near(-HELD @ betas)
    assert abs(beside(sheet, "Book and hedge", 3)) < 1e-6


def test_what_netting_saves_is_said_in_words(sheet, betas):
    netted, gross = HELD @ betas, np.abs(HELD * betas).sum()
    sentence = next(v for v in words({PAGE: sheet}, PAGE) if str(v).startswith("Only what is left"))
    assert f"${netted:,.0f} in S&P 500" in sentence
    assert f"would trade ${gross:,.0f};" in sentence


def test_model_risk_is_market_and_own_variance(sheet, betas, own, returns):
    money, factor = HELD @ betas, returns[1].var(ddof=1) * YEAR
    residual = HELD**2 @ own
    total = math.sqrt(money**2 * factor + residual)
    after = math.sqrt(residual)
    for label, before, left in (
        ("Total volatility: PORTFOLIO_RISK", total, after),
        ("... from the market", abs(money) * math.sqrt(factor), 0),
        ("... from own risk", after, after),
        ("Factor share of the variance", money**2 * factor / total**2, 0),
    ):
        assert beside(sheet, label) == near(before), label
        assert beside(sheet, label, 2) == pytest.approx(left, rel=1e-9, abs=1e-9), label


def test_effectiveness_is_that_of_the_book_s_own_profit(sheet, betas, returns):
    assets, market = returns
    book = assets @ HELD
    hedged = book - HELD @ betas * market
    effect = 1 - hedged.var() / book.var()
    assert beside(sheet, "effectiveness") == pytest.approx(effect, abs=1e-8)  # shown rounded
    assert beside(sheet, "vol before") == near(book.std(ddof=1))
    assert beside(sheet, "vol after") == near(hedged.std(ddof=1))
    left = fit(hedged, market)
    assert abs(beside(sheet, "beta left S&P 500 (price index)")) < 1e-6
    assert beside(sheet, "beta left S&P 500 (price index)", 2) == near(left.bse[1])
    assert beside(sheet, "n") == len(market)


# ------------------------------------------------------------------------------ the chosen asset


def test_contracts_are_whole_and_hedge_less(sheet, betas):
    """The chosen asset is MSFT, half of whose beta stays: Hull, section 3.5."""
    value, beta = HELD[3], betas[3]
    money = value * (0.5 - beta)
    assert beside(sheet, "Money in MSFT") == value
    assert beside(sheet, "Hedge in money") == near(money)
    price, multiplier = (
        beside(sheet, label)
        for label in ("Price of the future", "Multiplier: units in one contract")
    )
    assert price == near(round(sample.daily().prices[-1, -1], 2))
    contracts = math.trunc(money / price / multiplier)
    assert contracts
    assert beside(sheet, "Hedge in contracts") == contracts
    assert beside(sheet, "Beta left") == near(beta + contracts * price * multiplier / value)


def test_both_roots_leave_the_factor_share_that_was_wanted(sheet, betas, own, returns):
    factor = returns[1].var(ddof=1)
    residual = own[3] / YEAR
    for label, sign in (
        ("Root 1: leaves a beta of the same sign", 1),
        ("Root 2: leaves its mirror image", -1),
    ):
        hedge, left, share = (beside(sheet, label, j) for j in (1, 2, 3))
        assert left == near(betas[3] + hedge)
        assert math.copysign(1, left) == sign
        assert share == near(0.1) == near(left**2 * factor / (left**2 * factor + residual))
    assert beside(sheet, "Full hedge") == near(-betas[3])
    r2 = 1 - residual / (residual + betas[3] ** 2 * factor)
    assert beside(sheet, "No hedge", 3) == near(r2)


def test_curve_of_the_factor_share_has_its_lowest_point_at_the_full_hedge(sheet, betas):
    curve = block(sheet, find(sheet, "market per 1"), (41, 2), right=0)
    lowest = curve[curve[:, 1].argmin()]
    assert lowest == pytest.approx([-betas[3], 0], abs=1e-12)
    assert (np.diff(curve[:20, 1]) < 0).all()
    assert curve[::-1, 1] == near(curve[:, 1])
    assert curve[0, 0] < beside(sheet, "Root 2: leaves its mirror image")
    assert curve[-1, 0] > 0  # no hedge is on it, too


def test_least_variance_is_the_regression_on_both_instruments(sheet, returns):
    assets, market = returns
    instruments = np.column_stack([assets[:, 0], market])  # the second asset is AAPL
    ols = fit(assets[:, 3], instruments)
    rows = block(sheet, find(sheet, "item"), (6, 1), right=1)[:, 0]
    assert rows[:2] == near(-ols.params[1:])
    assert rows[2] == near(assets[:, 3].std(ddof=1))
    assert rows[3] == near(ols.resid.std(ddof=1))
    assert rows[4] == near(ols.rsquared)


# -------------------------------------------------------------------------------- the industries


def industry_betas(monthly):
    industries, factors = monthly
    return np.array([fit(one, factors).params[1:] for one in industries.T])


def test_industries_are_hedged_in_four_factors_and_seven_instruments(sheet, monthly):
    held = np.array(list(INDUSTRY_POSITIONS.values()), dtype=float)
    exposures = held @ industry_betas(monthly)
    hedge = [beside(sheet, "Hedge: HEDGE_NOTIONALS", 2 + j) for j in range(4)]
    assert hedge == near(-exposures)
    trades = [beside(sheet, "Trades, netted: HEDGE_TRADES", 1 + j) for j in range(7)]
    assert trades == near(-exposures @ np.array(list(LEGS.values()), dtype=float).T)


def test_hedged_industries_have_no_exposure_in_sample(sheet, monthly):
    industries, factors = monthly
    held = np.array(list(INDUSTRY_POSITIONS.values()), dtype=float)
    book = industries @ held
    ols = fit(book, factors)
    assert [beside(sheet, "of the book's profit", 2 + j) for j in range(4)] == near(ols.params[1:])
    left = [beside(sheet, "of the hedged book's profit", 2 + j) for j in range(4)]
    assert left == pytest.approx([0] * 4, abs=1e-5)
    before, after, effect = (beside(sheet, "In the sample", j) for j in (1, 2, 3))
    assert before == near(book.std(ddof=1) * math.sqrt(MONTHS))
    assert after == near(ols.resid.std(ddof=1) * math.sqrt(MONTHS))
    assert effect == near(ols.rsquared)


def test_model_takes_the_residuals_of_the_industries_as_independent(sheet, monthly):
    industries, factors = monthly
    held = np.array(list(INDUSTRY_POSITIONS.values()), dtype=float)
    exposures = held @ industry_betas(monthly)
    own = np.array([fit(one, factors).resid.var(ddof=1) for one in industries.T])
    residual = held**2 @ own
    total = exposures @ np.cov(factors.T) @ exposures + residual
    before, after = (beside(sheet, "By the model: PORTFOLIO_RISK", j) for j in (1, 2))
    assert before == near(math.sqrt(total * MONTHS))
    assert after == near(math.sqrt(residual * MONTHS))


@pytest.mark.parametrize(("nth", "ridge"), [(1, 0), (2, 0.1)])
def test_ridge_adds_a_share_of_each_instrument_s_own_variance(sheet, monthly, nth, ridge):
    industries, factors = monthly
    instruments = np.column_stack([factors[:, 0], industries[:, 2], industries[:, 11]])
    cov = np.cov(instruments.T)
    with_asset = np.cov(np.column_stack([industries[:, 0], instruments]).T)[0, 1:]
    ratios = -np.linalg.solve(cov + ridge * np.diag(cov.diagonal()), with_asset)
    head = find(sheet, "item", nth)
    assert [head.offset(1 + j, 1).value for j in range(3)] == near(ratios)
    after = (industries[:, 0] + instruments @ ratios).std(ddof=1)
    assert head.offset(5, 1).value == near(after)
    inflation = np.linalg.inv(np.corrcoef(instruments.T)).diagonal()
    assert [head.offset(1 + j, 2).value for j in range(3)] == near(inflation)
    warned = [bool(head.offset(1 + j, 3).value) for j in range(3)]
    assert warned == list(inflation > 5)
    assert any(warned)


# ---------------------------------------------------------------------------------- own data


@pytest.fixture(scope="module")
def three():
    """Return the page on three assets, AAPL, IBM and MSFT, as it is made."""
    return workbook(three_assets(), values=True)[PAGE]


def at(sheet, label, right=1):
    return find(sheet, label).offset(0, right).coordinate


@pytest.fixture(scope="module")
def changed(three):
    """Return the book after the first position was sold and the hedge spread."""
    legs = find(three, "Trades, netted")
    spread = {legs.offset(-1, 1).coordinate: 0.75, legs.offset(-1, 2).coordinate: 0.5}
    cells = {at(three, "AAPL"): 0, **spread}
    return workbook(typed(three_assets(), PAGE, **cells), values=True)


def test_instruments_share_the_hedge_by_their_legs(changed):
    data = daily(150, [0, 2, 3, 4])
    excess = data.values[1:] / data.values[:-1] - 1 - data.rf[1:, None]
    betas = np.array([fit(one, excess[:, -1]).params[1] for one in excess[:, :-1].T])
    hedge = -HELD[1:3] @ betas[1:]
    label = find(changed[PAGE], "Trades, netted")
    trades = [label.offset(0, j).value for j in (1, 2)]
    assert trades == near([0.75 * hedge, 0.5 * hedge])
    assert "No whole hedge: the legs do not sum to 1." in words(changed, PAGE)
    assert words(changed, PAGE).count("differs") == 0


def test_a_position_that_the_book_lacks_is_taken_as_a_million(changed):
    assert beside(changed[PAGE], "Money in AAPL") == 1_000_000
    assert errors_shown(changed, PAGE) == []


@pytest.mark.parametrize("data", [lambda: daily(9, [0, 4]), gaps, months])
def test_every_check_agrees_on_data_of_another_shape(data):
    made = built(data())
    assert made.errors == []
    for page, checks in ((PAGE, CHECKS), ("Budget", BUDGET_CHECKS)):
        shown = words(workbook(made.workbook, values=True), page)
        assert shown.count("differs") == 0
        assert shown.count("agrees") == checks


def test_assets_without_a_row_in_common_are_a_sentence():
    made = built(apart())
    assert made.errors == []
    shown = words(workbook(made.workbook, values=True), PAGE)
    assert "No book, or fewer than 5 rows" in shown
    assert "Fewer than 5 rows in common" in shown
    assert shown.count("differs") == 0
    assert shown.count("agrees") == CHECKS


def test_an_empty_book_is_a_sentence_and_no_error(three):
    cells = {at(three, name): 0 for name in ("AAPL", "IBM", "MSFT")}
    book = workbook(typed(three_assets(), PAGE, **cells), values=True)
    assert "The book is empty: type positions into column B." in words(book, PAGE)
    assert "No book, or fewer than 5 rows" in words(book, PAGE)
    for page in (PAGE, "Budget"):
        assert errors_shown(book, page) == []
        assert words(book, page).count("differs") == 0


def test_the_asset_as_its_own_instrument_is_a_sentence():
    book = workbook(typed(three_assets(), "Start", B6="AAPL"), values=True)
    assert "The second asset is the asset itself: choose another." in words(book, PAGE)
    assert errors_shown(book, PAGE) == []
    assert words(book, PAGE).count("differs") == 0
