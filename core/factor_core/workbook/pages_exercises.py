"""Page Exercises: the second asset from regression to position, and a published case recomputed."""

from __future__ import annotations

# ruff: noqa: E501  (formulas are read better whole than wrapped)
from typing import TYPE_CHECKING, NamedTuple

from factor_core.workbook import blocks, charts
from factor_core.workbook.blocks import CHART_COLUMN, Line
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_sizing import MILLIONS, dollars, joint_rows

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

PAIR = "second_excess,market_excess"
NEAR_ZERO = "100"  # of 1E-12, the smallest scale that a check knows
SHARPE_AXES = ("With and without hedge, and the market", "Sharpe ratio a year")
MONEY_AXES = ("Position", "Position, $ million")
ANSWERS = ("Answer", "live", "second way", "check", "how")


class Exercise(NamedTuple):
    """A question and its live answers; {pair} is second asset and market, as a regression has them."""

    title: str
    question: str
    answers: tuple[Line, ...]


# {asset} and {market} are each of the pair over the rows of its regression, {hedged} the hedged
# series for functions that stop at #N/A.
EXERCISES = (
    Exercise(
        '="1. Regress "&second_asset&" on "&market_name',
        "What are its beta and its alpha a year? Is alpha different from 0, and how much of the variance does the market explain?",
        (
            Line("Beta", "=FACTOR_BETA({pair})", "number", "=SLOPE({pair})", "FACTOR_BETA; SLOPE"),
            Line("Alpha a year", "=FACTOR_ALPHA({pair},periods)", "percent", "=INTERCEPT({pair})*periods", "FACTOR_ALPHA with periods; INTERCEPT x periods"),
            Line("t of alpha", "=ALPHA_TSTAT({pair})", "number2", "=INTERCEPT({pair})/(STEYX({pair})*SQRT(1/COUNT({asset})+AVERAGE({market})^2/DEVSQ({market})))", "ALPHA_TSTAT; intercept over its standard error"),
            Line("t of beta", "=BETA_TSTAT({pair})", "number2", "=SLOPE({pair})*SQRT(DEVSQ({market}))/STEYX({pair})", "BETA_TSTAT; slope over its standard error"),
            Line("R2", "=R_SQUARED({pair})", "percent", "=RSQ({pair})", "R_SQUARED; RSQ"),
        ),
    ),
    Exercise(
        '="2. Hedge $1,000,000 of "&second_asset',
        "Which position in the market hedges it? What are the mean, the volatility and the beta of the hedged position?",
        (
            Line("Position in the market", "=HEDGE_RATIO({pair})*1000000", "money", "=-SLOPE({pair})*1000000", "HEDGE_RATIO; minus the slope"),
            Line("Mean of the hedged returns a year", "=AVERAGE({hedged})*periods", "percent", "=FACTOR_ALPHA({pair},periods)", "The mean of HEDGED_SERIES is alpha."),
            Line("Volatility of the hedged returns a year", "=STDEV.S({hedged})*SQRT(periods)", "percent", "=RESIDUAL_VOL({pair},periods)", "Its volatility is the residual volatility."),
            Line("Beta of the hedged returns", "=FACTOR_BETA(HEDGED_SERIES({pair}),market_excess)", "number6", "=0", "Its beta is 0, in sample.", tolerance=NEAR_ZERO),
        ),
    ),
    Exercise(
        "3. Sharpe ratio both ways",
        "What is the Sharpe ratio with and without the hedge, and which is larger?",
        (
            Line("Sharpe ratio, unhedged", "=SHARPE_RATIO(second_excess,periods)", "number", "=AVERAGE(second_excess)/STDEV.S(second_excess)*SQRT(periods)", "SHARPE_RATIO; mean over standard deviation"),
            Line("Sharpe ratio, hedged", "=SHARPE_RATIO({hedged},periods)", "number", "=APPRAISAL_RATIO({pair},periods)", "SHARPE_RATIO of HEDGED_SERIES; APPRAISAL_RATIO"),
            Line("Sharpe ratio of the market", "=SHARPE_RATIO(market_excess,periods)", "number", "=AVERAGE(market_excess)/STDEV.S(market_excess)*SQRT(periods)", "What the hedge gives up is a position with this Sharpe ratio."),
            Line("Hedging ... the Sharpe ratio", '=IF(APPRAISAL_RATIO({pair})>SHARPE_RATIO(second_excess),"raises","lowers")', "word", note="It lowers it where the market's is high beside the appraisal ratio."),
        ),
    ),
    Exercise(
        f'="4. Size it on a volatility budget of "&{dollars("exercise_budget")}&" a year"',
        "How large is the position without hedge, with hedge, and the hedge itself?",
        (
            Line("Position, unhedged", "=POSITION_SIZE(exercise_budget,STDEV.S({asset}),1,periods)", "money", "=exercise_budget/(STDEV.S({asset})*SQRT(periods))", "POSITION_SIZE with a budget of 1 period a year; budget over annual volatility"),
            Line("Position, hedged", "=INDEX(HEDGED_POSITION_SIZE(exercise_budget,{pair},1,periods),1,1)", "money", "=POSITION_SIZE(exercise_budget,STDEV.S({asset}),1,periods)/SQRT(1-RSQ({pair}))", "HEDGED_POSITION_SIZE; unhedged / SQRT(1 - R2)"),
            Line("Position in the market", "=INDEX(HEDGED_POSITION_SIZE(exercise_budget,{pair},1,periods),1,2)", "money", "=-SLOPE({pair})*INDEX(HEDGED_POSITION_SIZE(exercise_budget,{pair},1,periods),1,1)", "Its second cell; minus beta x position"),
            Line("Risk of the hedged position a year", "=INDEX(HEDGED_POSITION_SIZE(exercise_budget,{pair},1,periods),1,1)*RESIDUAL_VOL({pair},periods)", "money", "=exercise_budget", "Position x residual volatility is the budget."),
        ),
    ),
    Exercise(
        "5. What to expect",
        "What return does the CAPM expect at the premium of Start, and what would the two positions have earned a year at the sample's means?",
        (
            Line("Expected return a year by the CAPM", "=CAPM_RETURN(rf_annual,FACTOR_BETA({pair}),market_premium)", "percent", "=rf_annual+SLOPE({pair})*market_premium", "CAPM_RETURN; rf + beta x premium"),
            Line("The same and its alpha", "=EXPECTED_RETURN(rf_annual,FACTOR_BETA({pair}),market_premium,FACTOR_ALPHA({pair})*periods)", "percent", "=rf_annual+SLOPE({pair})*market_premium+INTERCEPT({pair})*periods", "EXPECTED_RETURN: as if alpha would last. Judge by its t."),
            Line("Profit a year, unhedged", "=EXPECTED_PNL(POSITION_SIZE(exercise_budget,STDEV.S({asset}),1,periods),FACTOR_ALPHA({pair}),FACTOR_BETA({pair}),AVERAGE({market}),periods)", "money", "=POSITION_SIZE(exercise_budget,STDEV.S({asset}),1,periods)*AVERAGE({asset})*periods", "EXPECTED_PNL; position x mean"),
            Line("Profit a year, hedged", '=EXPECTED_PNL(INDEX(HEDGED_POSITION_SIZE(exercise_budget,{pair},1,periods),1,1),FACTOR_ALPHA({pair}),,,periods,"alpha")', "money", "=INDEX(HEDGED_POSITION_SIZE(exercise_budget,{pair},1,periods),1,1)*INTERCEPT({pair})*periods", "EXPECTED_PNL of kind alpha; position x alpha"),
        ),
    ),
    Exercise(
        "6. What the risk is made of",
        "Which part of its variance could the hedge not remove?",
        (
            Line("Idiosyncratic share of the variance", "=1-FACTOR_SHARE({pair})", "percent", "=RESIDUAL_VOL({pair})^2/VAR.S({asset})", "1 - FACTOR_SHARE; residual variance over variance"),
            Line("Share of the volatility that is left", "=RESIDUAL_VOL({pair})/STDEV.S({asset})", "percent", "=SQRT(1-RSQ({pair}))", "SQRT(1 - R2): a hedge that explains 40 % of variance removes 23 % of volatility."),
        ),
    ),
)  # fmt: skip


def write_exercises(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Exercises: question, live answers and checks; then published figures."""
    page = book.page(
        "Exercises",
        '="Exercises: "&second_asset&" from regression to position"',
        "Answer each question with the functions before you look at the live answers below it. "
        "The second asset and the exercise budget are inputs of Start.",
    )
    blocks.grid(page)
    rows = joint_rows(data, "second_excess")
    hedged = f"HEDGED_SERIES({PAIR})"
    if data.has_gaps:
        hedged = f'IFNA({hedged},"")'
    names = {"pair": PAIR, "asset": rows.asset, "market": rows.market, "hedged": hedged}
    starts = [3]
    for exercise in EXERCISES:
        starts.append(_exercise(page, starts[-1], exercise, names))
    last = _published(page, starts[-1])
    _charts(page, starts[2] + 3, starts[3] + 3)
    page.freeze(3)
    page.print_setup(last, blocks.LAST_COLUMN)
    return page


def _charts(page: Page, sharpe: int, positions: int) -> None:
    """Draw the three Sharpe ratios and the three positions, whose first rows are given."""
    for first, title, axes, form in (
        (sharpe, '="Sharpe ratio of "&second_asset', SHARPE_AXES, "0.00"),
        (positions, '="Positions for "&second_asset', MONEY_AXES, MILLIONS),
    ):
        labels, values = (f"={page.range(first, column, first + 2, column)}" for column in (0, 1))
        place = (3, CHART_COLUMN)
        series = Series(axes[1], labels, values)
        charts.columns(page, place, title, axes, [series], number_format=form)


def _exercise(page: Page, row: int, exercise: Exercise, names: dict[str, str]) -> int:
    page.section(row, exercise.title, last=blocks.LAST_COLUMN)
    blocks.paragraph(page, row + 1, exercise.question)
    blocks.line_heads(page, row + 2, ANSWERS)
    return blocks.lines(page, row + 3, blocks.filled(exercise.answers, **names)) + 1


# -------------------------------------------------------------------------- Published figures


class Figure(NamedTuple):
    """A published parameter; the formulas below call it by its name in braces."""

    name: str
    label: str
    value: float
    style: str


FIGURES = (
    Figure("n", "Days", 9778, "integer"),
    Figure("alpha", "Alpha a day", 0.000585, "number6"),
    Figure("t_alpha", "t of alpha", 3.597, "number"),
    Figure("beta", "Beta", 1.1876, "number"),
    Figure("t_beta", "t of beta", 83.309, "number"),
    Figure("skew", "Skewness of the residuals", 0.141, "number"),
    Figure("kurtosis", "Kurtosis of the residuals", 10.377, "number"),
    Figure("var_r", "Variance of MSFT a day", 0.000442, "number6"),
    Figure("var_f", "Variance of the market a day", 0.00013, "number6"),
    Figure("var_e", "Variance of the residuals a day", 0.000258, "number6"),
    Figure("mean", "Mean of the market a day", 0.000359, "number6"),
)
SIZE = "POSITION_SIZE(1000000,SQRT({var_r}),12,252)"
PNL = f"EXPECTED_PNL({SIZE},{{alpha}},{{beta}},{{mean}},252,"
CLAIMS = (
    Line("F = t of beta squared", "={t_beta}^2", "integer", "=6940", "", "1E-3"),
    Line("R2 = F / (F + n - 2)", "={t_beta}^2/({t_beta}^2+{n}-2)", "number", "=0.415", "", "1E-3"),
    Line("Standard error of beta = beta / t", "={beta}/{t_beta}", "number", "=0.014", "", "0.02"),
    Line(
        "95 % interval of beta, low",
        "={beta}*(1-T.INV.2T(0.05,{n}-2)/{t_beta})",
        "number",
        "=1.16",
        "beta - t(0.975, n-2) x standard error",
        "5E-4",
    ),
    Line(
        "95 % interval of beta, high",
        "={beta}*(1+T.INV.2T(0.05,{n}-2)/{t_beta})",
        "number",
        "=1.216",
        "",
        "5E-4",
    ),
    Line(
        "Jarque-Bera",
        "={n}/6*({skew}^2+({kurtosis}-3)^2/4)",
        "integer",
        "=22202.6",
        "n/6 x (skewness^2 + (kurtosis - 3)^2 / 4)",
        "5E-4",
    ),
    Line("Alpha a year", "=ANNUALIZE({alpha},252)", "number", "=0.1474", "", "5E-4"),
    Line("Factor variance", "={beta}^2*{var_f}", "number6", "=0.000183", "beta^2 x var_f", "3E-3"),
    Line("Factor share", "={beta}^2*{var_f}/{var_r}", "percent1", "=0.415", "R2 again", "3E-3"),
    Line("Idiosyncratic share", "={var_e}/{var_r}", "percent1", "=0.585", "", "3E-3"),
    Line(
        "Position on $1,000,000 a month",
        f"={SIZE}",
        "money",
        "=1000000/SQRT(0.000442*21)",
        "252 / 12 = 21 days a month: published as $10.38M.",
    ),
    Line(
        "The same from full-precision figures, $ million",
        "=POSITION_SIZE(1,SQRT(0.0004416123295030902),12,252)",
        "number6",
        "=10.384121419128503",
        "The published number to its last digit.",
        "1E-12",
    ),
    Line(
        "Expected profit a year",
        f'={PNL}"total")',
        "money",
        "=2644594",
        "position x (beta x mean + alpha) x 252; inputs rounded as printed",
        "5E-4",
    ),
    Line("Of it risk-adjusted", f'={PNL}"alpha")', "money", "=1530371", "position x alpha x 252", "5E-4"),
    Line(
        "Residual volatility a month",
        "=VOL_SCALE(SQRT({var_e}),252,12)",
        "number",
        "=0.0736",
        "SQRT(0.000258 x 21): the source calls it annual. Trap 1: it is a month's.",
        "1E-3",
    ),
    Line(
        "Hedged position on $1,000,000 a month",
        "=POSITION_SIZE(1000000,SQRT({var_e}),12,252)",
        "money",
        "=13580000",
        "unhedged / SQRT(1 - R2)",
        "1E-3",
    ),
    Line(
        "Hedged position on $1,000,000 a year",
        "=POSITION_SIZE(1000000,SQRT({var_e}),1,252)",
        "money",
        "=3920000",
        "SQRT(12) times smaller: the budget has to last twelve months.",
        "1E-3",
    ),
    Line(
        "Sharpe ratio, unhedged",
        '=ANNUALIZE(({beta}*{mean}+{alpha})/SQRT({var_r}),252,"sharpe")',
        "number",
        "=0.764",
        "",
        "1E-3",
    ),
    Line(
        "Sharpe ratio, hedged",
        "={t_alpha}*SQRT(252/{n})",
        "number",
        "=0.578",
        "t of alpha x SQRT(252 / n), up to the factors on the page Performance",
        "1E-3",
    ),
    Line(
        "Days behind a beta of np.cov over np.var",
        "=1/(1-1.119065/1.123541)",
        "integer",
        "=251",
        "AAPL: 1.123541 mixes n-1 and n and is n/(n-1) times the right 1.119065.",
        "1E-3",
    ),
)  # fmt: skip


def _published(page: Page, row: int) -> int:
    """Write the published figures and the arithmetic between them; return the last row."""
    page.section(row, "A published case: MSFT on the market, daily, 1986 to 2024", last=9)
    text = (
        "These are figures as printed in a university course on factor models, not results of this "
        "workbook's data. They must follow from one another, and they do, within their rounding."
    )
    blocks.paragraph(page, row + 1, text)
    blocks.header(page, row + 2, 0, ("Published", "figure"))
    names = {}
    for i, figure in enumerate(FIGURES, row + 3):
        page.text(i, 0, figure.label)
        page.value(i, 1, figure.value, figure.style)
        names[figure.name] = f"$B${i + 1}"
    row += 4 + len(FIGURES)
    blocks.line_heads(
        page, row, ("What follows from them", "computed", "published", "check", "how")
    )
    return blocks.lines(page, row + 1, blocks.filled(CLAIMS, **names)) - 1
