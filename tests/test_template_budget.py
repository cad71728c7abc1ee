"""The page Budget: positions, limits and risk by numpy, statsmodels and scipy.

Oracles: statsmodels 0.15 (OLS) for alphas, betas and residuals; numpy for portfolio arithmetic;
scipy 1.17 (SLSQP) for the positions within limits, norm for the law of the first passage.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import optimize, stats
from small_template import built, daily, errors_shown, three_assets, typed, words
from template_cells import beside, block, find, fit, hac_t, near, workbook

from factor_core import sample

PAGE, YEAR, HORIZON, BUDGET, WEIGHT = "Budget", 252, 12, 1_000_000, 0.25
GROSS, NAME, FACTOR, SHARE = 20_000_000, 9_000_000, 2_000_000, 0.05
TYPED = -0.04  # an alpha of the analyst's own


@pytest.fixture(scope="module")
def sheet(template_bytes):
    return workbook(template_bytes, values=True)[PAGE]


class Model:
    """Forecasts and risk a year of the sample's assets; `book` puts the market below them."""

    def __init__(self):
        data = sample.daily()
        excess = data.prices[1:] / data.prices[:-1] - 1 - data.rf[1:, None]
        self.market = excess[:, -1]
        fits = [fit(one, self.market) for one in excess[:, :-1].T]
        self.history = np.array([one.params[0] for one in fits]) * YEAR
        self.t = np.array([hac_t(one, self.market) for one in excess[:, :-1].T])
        self.alphas = WEIGHT * self.history
        self.betas = np.array([one.params[1] for one in fits])
        self.own = np.array([one.resid.var(ddof=1) for one in fits]) * YEAR
        self.factor = self.market.var(ddof=1) * YEAR
        self.cov = self.factor * np.outer(self.betas, self.betas) + np.diag(self.own)
        betas = np.append(self.betas, 1)
        self.book = self.factor * np.outer(betas, betas) + np.diag(np.append(self.own, 0))

    def volatility(self, positions):
        return math.sqrt(positions @ self.book @ positions / HORIZON)


@pytest.fixture(scope="module")
def model():
    return Model()


@pytest.fixture(scope="module")
def positions(sheet):
    """Money in four assets and the hedge: a row each, a column each way."""
    return block(sheet, "Position in money", (5, 5), right=2)


# ---------------------------------------------------------------------------------- forecasts


def test_alphas_are_shrunk_history(sheet, model):
    table = block(sheet, "Asset", (4, 3))
    assert table[:, 0] == near(model.history)
    assert table[:, 1] == near(model.t)
    assert table[:, 2] == near(WEIGHT * model.history)
    used = np.column_stack([model.alphas, model.betas, np.sqrt(model.own), model.own])
    assert block(sheet, "Asset", (4, 4), right=5) == near(used)


def test_an_alpha_that_is_typed_goes_before_history(three, changed):
    before, after = (find(sheet, "Asset") for sheet in (three, changed[PAGE]))
    assert [after.offset(row, 5).value for row in (1, 3)] == [
        before.offset(row, 5).value for row in (1, 3)
    ]
    assert before.offset(2, 4).value is None
    assert after.offset(2, 5).value == TYPED != before.offset(2, 5).value
    assert find(changed[PAGE], "Position in money").offset(2, 4).value < 0  # Treynor-Black sells


def test_noise_of_the_alphas_is_counted(sheet, model):
    sentence = next(v for v in words({PAGE: sheet}, PAGE) if str(v).startswith("Historical alphas"))
    assert f"beyond 2 there are {(np.abs(model.t) > 2).sum()} of 4 here" in sentence


# ---------------------------------------------------------------------------------- four ways


def test_four_ways_use_the_same_budget(sheet, model, positions):
    label = find(sheet, "Volatility over the horizon: BUDGET_USE")
    for j in range(5):
        assert label.offset(0, 2 + j).value == near(model.volatility(positions[:, j]))
    for j in range(3):
        assert model.volatility(positions[:, j]) == near(BUDGET)
    assert model.volatility(positions[:, 3]) <= BUDGET * (1 + 1e-9)


def test_equal_proportions_are_equal_positions(positions):
    assert positions[:4, 0] == near(np.full(4, positions[0, 0]))


def test_risk_parity_has_equal_contributions_and_only_long_positions(sheet, model, positions):
    held = positions[:4, 1]
    contributions = held * (model.cov @ held)
    assert (held > 0).all()
    assert contributions == near(np.full(4, contributions.mean()))
    shares = block(sheet, "Share of the risk", (5, 5), right=2)
    assert shares[:, 1] == pytest.approx([0.25] * 4 + [0], abs=1e-9)


def test_treynor_black_is_alpha_over_own_variance_and_hedged(sheet, model, positions):
    held = positions[:4, 2]
    ratio = held / (model.alphas / model.own)
    assert ratio == near(np.full(4, ratio[0]))
    assert positions[4, 2] == near(-held @ model.betas)
    best = math.sqrt((model.alphas**2 / model.own).sum())
    assert beside(sheet, "Profit from the alphas / volatility a year", 4) == near(best)


def test_book_of_the_desk_is_taken_over_with_its_hedge(template_bytes, positions):
    desk = workbook(template_bytes, values=True)["Hedge desk"]
    assert positions[:, 4] == near(block(desk, "Position", (5, 1))[:, 0])


def test_shares_of_the_risk_are_contributions(sheet, model, positions):
    shares = block(sheet, "Share of the risk", (5, 5), right=2)
    for j in range(5):
        held = positions[:, j]
        expected = held * (model.book @ held) / (held @ model.book @ held)
        assert shares[:, j] == pytest.approx(expected, rel=1e-9, abs=1e-9)


# ---------------------------------------------------------------------------------- limits


def constrained(model, **dropped):
    """Return positions by scipy: SLSQP on long and short sides, in millions."""
    million, limits = 1e6, {"gross": GROSS, "name": NAME, "factor": FACTOR, "share": SHARE}
    limits |= dropped
    annual = BUDGET**2 * HORIZON / million**2
    name = limits["name"] / million if limits["name"] else None

    def net(x):
        return x[:4] - x[4:]

    rules = [lambda x: annual - net(x) @ model.cov @ net(x)]
    if limits["gross"]:
        rules.append(lambda x: limits["gross"] / million - x.sum())
    if limits["factor"]:
        rules += [
            lambda x: limits["factor"] / million - net(x) @ model.betas,
            lambda x: limits["factor"] / million + net(x) @ model.betas,
        ]
    if limits["share"]:
        rules.append(
            lambda x: limits["share"] * annual - (net(x) @ model.betas) ** 2 * model.factor
        )
    found = optimize.minimize(
        lambda x: -10 * model.alphas @ net(x),
        np.full(8, 0.1),
        method="SLSQP",
        bounds=[(0, name)] * 8,
        constraints=[{"type": "ineq", "fun": rule} for rule in rules],
        options={"maxiter": 500, "ftol": 1e-13},
    )
    assert found.success
    return net(found.x) * million


def test_positions_within_limits_are_those_of_another_solver(model, positions):
    expected = constrained(model)
    assert positions[:4, 3] == pytest.approx(expected, rel=1e-4, abs=100)
    assert model.alphas @ positions[:4, 3] == pytest.approx(model.alphas @ expected, rel=1e-6)


def test_what_binds_is_what_stands_at_its_limit(sheet):
    head = find(sheet, "Limit on")
    bound = []
    for row in range(1, 9):
        name, value, limit, status = (head.offset(row, j).value for j in (1, 2, 3, 4))
        at_limit = limit - abs(value) <= 1e-7 * limit
        assert (status == "binds") == at_limit, name
        bound += [name] if at_limit else []
    assert {"volatility", "gross"} & set(bound)
    assert any(name.startswith("asset") for name in bound)
    assert any(name.startswith("exposure") for name in bound)
    sentence = f"{len(bound)} limits bind"
    assert any(str(value).startswith(sentence) for value in words({PAGE: sheet}, PAGE))


def test_dropping_a_limit_never_costs_and_the_budget_alone_earns_most(sheet, model):
    cases = {
        "with all limits": {},
        "without gross limit": {"gross": None},
        "without limit a name": {"name": None},
        "without limit on the market": {"factor": None},
        "without factor share limit": {"share": None},
    }
    base = beside(sheet, "with all limits")
    for label, dropped in cases.items():
        profit = beside(sheet, label)
        assert profit == pytest.approx(model.alphas @ constrained(model, **dropped), rel=1e-6)
        assert beside(sheet, label, 2) == pytest.approx(profit - base, abs=1e-6)
        assert profit >= base * (1 - 1e-9)
    best = math.sqrt(model.alphas @ np.linalg.solve(model.cov, model.alphas) * HORIZON) * BUDGET
    assert beside(sheet, "with the budget alone") == pytest.approx(best, rel=1e-9)


# ------------------------------------------------------------------------------ use, stop-loss


def test_use_of_the_budget_and_sources_of_risk_are_of_the_positions_chosen(three, changed):
    assert beside(three, "Positions") == "within limits"
    for sheet, right in ((three, 5), (changed[PAGE], 4)):
        held = block(sheet, "Position in money", (4, 1), right=right)[:, 0]
        table = find(sheet, "Over a year")
        assert [table.offset(row, 2).value for row in range(5, 9)] == near(held)
    assert beside(changed[PAGE], "Over the budget's horizon", 2, 1) == near(BUDGET)
    assert words(changed, PAGE).count("differs") == 0


def test_stop_loss_is_hit_with_the_probability_that_was_wanted(sheet):
    vol, probability = beside(sheet, "A year"), beside(sheet, "Probability of it")
    loss = beside(sheet, "Loss that stops the book")
    drift, distance = beside(sheet, "Sharpe ratio that you count on"), loss / vol
    hit = stats.norm.cdf(-distance - drift)
    hit += math.exp(-2 * distance * drift) * stats.norm.cdf(drift - distance)
    assert hit == near(probability)
    calm = beside(sheet, "A year with a Sharpe ratio of 0")
    assert calm == near(loss / stats.norm.isf(probability / 2))
    allowed = beside(sheet, "Over the budget's horizon", nth=1)
    assert allowed == near(vol / math.sqrt(HORIZON))
    sentence = "The budget is larger" if allowed < BUDGET else "The stop-loss bears"
    assert any(str(value).startswith(sentence) for value in words({PAGE: sheet}, PAGE))


# ---------------------------------------------------------------------------------- own data


@pytest.fixture(scope="module")
def three():
    """Return the page on three assets, AAPL, IBM and MSFT, as it is made."""
    return workbook(three_assets(), values=True)[PAGE]


@pytest.fixture(scope="module")
def changed(three):
    """Return the book after an alpha of IBM was typed and Treynor-Black was chosen."""
    cells = {
        find(three, "Asset").offset(2, 4).coordinate: TYPED,
        find(three, "Positions").offset(0, 1).coordinate: "Treynor-Black",
    }
    return workbook(typed(three_assets(), PAGE, **cells), values=True)


def test_a_blank_limit_is_no_limit(three):
    labels = ("Gross limit", "Limit a name", "Limit on the market", "Limit on the factor share")
    cells = {find(three, label).offset(0, 1).coordinate: None for label in labels}
    book = workbook(typed(three_assets(), PAGE, **cells), values=True)
    assert errors_shown(book, PAGE) == []
    assert words(book, PAGE).count("differs") == 0
    alone = beside(three, "with the budget alone")
    assert beside(book[PAGE], "with all limits") == pytest.approx(alone, rel=1e-9)


def test_many_assets_leave_out_what_would_be_solved_anew_for_minutes(monkeypatch):
    from factor_core.workbook import pages_budget_limits  # noqa: PLC0415  only here

    monkeypatch.setattr(pages_budget_limits, "MOST_SOLVED", 1)
    made = built(daily(60, [0, 2, 4]))
    assert made.errors == []
    shown = words(workbook(made.workbook, values=True), PAGE)
    assert "with all limits" not in shown
    assert "Share of the risk" in shown
    assert shown.count("differs") == 0
