"""Page Exercises: the second asset from regression to position, and a published case recomputed."""

from __future__ import annotations

# ruff: noqa: E501  (formulas are read better whole than wrapped)
from typing import TYPE_CHECKING, NamedTuple

from factor_core.workbook import blocks
from factor_core.workbook.blocks import Line
from factor_core.workbook.pages_sizing import market_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

PAIR = "second_excess,market_excess"
NEAR_ZERO = "100"  # of 1E-12, the smallest scale that a check knows
ANSWERS = ("Answer", "live", "second way", "check", "how")


def write_exercises(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Exercises: question, live answers and checks; then published figures."""
    page = book.page(
        "Exercises",
        '="Exercises: "&second_asset&" from regression to position"',
        "Answer each question with the functions before you look at the live answers below it. "
        "The second asset and the exercise budget are inputs of Start.",
    )
    blocks.grid(page)
    hedged = f"HEDGED_SERIES({PAIR})"
    if data.has_gaps:
        hedged = f'IFNA({hedged},"")'
    row = 3
    exercises = (
        ('="1. Regress "&second_asset&" on "&market_name', *_regression(market_rows(data))),
        ('="2. Hedge $1,000,000 of "&second_asset', *_hedge(hedged)),
        ("3. Sharpe ratio both ways", *_sharpe(hedged)),
        (
            '="4. Size it on a volatility budget of "&TEXT(exercise_budget,"$#,##0")&" a year"',
            *_size(),
        ),
        ("5. What to expect", *_expect()),
        ("6. What the risk is made of", *_risk()),
    )
    for title, question, answers in exercises:
        row = _exercise(page, row, title, question, answers)
    last = _published(page, row)
    page.freeze(3)
    page.print_setup(last, blocks.LAST_COLUMN)
    return page


def _exercise(page: Page, row: int, title: str, question: str, answers: Sequence[Line]) -> int:
    page.section(row, title, last=blocks.LAST_COLUMN)
    blocks.paragraph(page, row + 1, question)
    blocks.header(page, row + 2, 0, ANSWERS)
    return blocks.lines(page, row + 3, answers) + 1


def _regression(market: str) -> tuple[str, tuple[Line, ...]]:
    question = (
        "What are its beta and its alpha a year? Is alpha different from 0, and how much of the "
        "variance does the market explain?"
    )
    spread = f"SQRT(1/COUNT(second_excess)+AVERAGE({market})^2/DEVSQ({market}))"
    return question, (
        Line("Beta", f"=FACTOR_BETA({PAIR})", "number", f"=SLOPE({PAIR})", "FACTOR_BETA; SLOPE"),
        Line(
            "Alpha a year",
            f"=FACTOR_ALPHA({PAIR},periods)",
            "percent",
            f"=INTERCEPT({PAIR})*periods",
            "FACTOR_ALPHA with periods; INTERCEPT x periods",
        ),
        Line(
            "t of alpha",
            f"=ALPHA_TSTAT({PAIR})",
            "number2",
            f"=INTERCEPT({PAIR})/(STEYX({PAIR})*{spread})",
            "ALPHA_TSTAT; intercept over its standard error",
        ),
        Line(
            "t of beta",
            f"=BETA_TSTAT({PAIR})",
            "number2",
            f"=SLOPE({PAIR})*SQRT(DEVSQ({market}))/STEYX({PAIR})",
            "BETA_TSTAT; slope over its standard error",
        ),
        Line("R2", f"=R_SQUARED({PAIR})", "percent", f"=RSQ({PAIR})", "R_SQUARED; RSQ"),
    )


def _hedge(hedged: str) -> tuple[str, tuple[Line, ...]]:
    question = (
        "Which position in the market hedges it? What are the mean, the volatility and the beta of "
        "the hedged position?"
    )
    return question, (
        Line(
            "Position in the market",
            f"=HEDGE_RATIO({PAIR})*1000000",
            "money",
            f"=-SLOPE({PAIR})*1000000",
            "HEDGE_RATIO; minus the slope",
        ),
        Line(
            "Mean of the hedged returns a year",
            f"=AVERAGE({hedged})*periods",
            "percent",
            f"=FACTOR_ALPHA({PAIR},periods)",
            "The mean of HEDGED_SERIES is alpha.",
        ),
        Line(
            "Volatility of the hedged returns a year",
            f"=STDEV.S({hedged})*SQRT(periods)",
            "percent",
            f"=RESIDUAL_VOL({PAIR},periods)",
            "Its volatility is the residual volatility.",
        ),
        Line(
            "Beta of the hedged returns",
            f"=FACTOR_BETA(HEDGED_SERIES({PAIR}),market_excess)",
            "number6",
            "=0",
            "Its beta is 0, in sample.",
            NEAR_ZERO,
        ),
    )


def _sharpe(hedged: str) -> tuple[str, tuple[Line, ...]]:
    return "What is the Sharpe ratio with and without the hedge, and which is larger?", (
        Line(
            "Sharpe ratio, unhedged",
            "=SHARPE_RATIO(second_excess,periods)",
            "number",
            "=AVERAGE(second_excess)/STDEV.S(second_excess)*SQRT(periods)",
            "SHARPE_RATIO; mean over standard deviation",
        ),
        Line(
            "Sharpe ratio, hedged",
            f"=SHARPE_RATIO({hedged},periods)",
            "number",
            f"=APPRAISAL_RATIO({PAIR},periods)",
            "SHARPE_RATIO of HEDGED_SERIES; APPRAISAL_RATIO",
        ),
        Line(
            "Hedging ... the Sharpe ratio",
            f'=IF(APPRAISAL_RATIO({PAIR})>SHARPE_RATIO(second_excess),"raises","lowers")',
            "check",
            note="It lowers it where the market's return was worth its risk to the asset.",
        ),
    )


def _size() -> tuple[str, tuple[Line, ...]]:
    question = "How large is the position without hedge, with hedge, and the hedge itself?"
    size = "POSITION_SIZE(exercise_budget,STDEV.S(second_excess),1,periods)"
    hedged = f"HEDGED_POSITION_SIZE(exercise_budget,{PAIR},1,periods)"
    return question, (
        Line(
            "Position, unhedged",
            f"={size}",
            "money",
            "=exercise_budget/(STDEV.S(second_excess)*SQRT(periods))",
            "POSITION_SIZE with a budget of 1 period a year; budget over annual volatility",
        ),
        Line(
            "Position, hedged",
            f"=INDEX({hedged},1,1)",
            "money",
            f"={size}/SQRT(1-RSQ({PAIR}))",
            "HEDGED_POSITION_SIZE; unhedged / SQRT(1 - R2)",
        ),
        Line(
            "Position in the market",
            f"=INDEX({hedged},1,2)",
            "money",
            f"=-SLOPE({PAIR})*INDEX({hedged},1,1)",
            "Its second cell; minus beta x position",
        ),
        Line(
            "Risk of the hedged position a year",
            f"=INDEX({hedged},1,1)*RESIDUAL_VOL({PAIR},periods)",
            "money",
            "=exercise_budget",
            "Position x residual volatility is the budget.",
        ),
    )


def _expect() -> tuple[str, tuple[Line, ...]]:
    question = (
        "What return does the CAPM expect at the premium of Start, and what would the two positions "
        "have earned a year at the sample's means?"
    )
    beta, alpha = f"FACTOR_BETA({PAIR})", f"FACTOR_ALPHA({PAIR})"
    mean = f"((AVERAGE(second_excess)-{alpha})/{beta})"
    size = "POSITION_SIZE(exercise_budget,STDEV.S(second_excess),1,periods)"
    hedged = f"INDEX(HEDGED_POSITION_SIZE(exercise_budget,{PAIR},1,periods),1,1)"
    return question, (
        Line(
            "Expected return a year by the CAPM",
            f"=CAPM_RETURN(rf_annual,{beta},market_premium)",
            "percent",
            f"=rf_annual+SLOPE({PAIR})*market_premium",
            "CAPM_RETURN; rf + beta x premium",
        ),
        Line(
            "The same and its alpha",
            f"=EXPECTED_RETURN(rf_annual,{beta},market_premium,{alpha}*periods)",
            "percent",
            f"=rf_annual+SLOPE({PAIR})*market_premium+INTERCEPT({PAIR})*periods",
            "EXPECTED_RETURN: as if alpha would last. Judge by its t.",
        ),
        Line(
            "Profit a year, unhedged",
            f"=EXPECTED_PNL({size},{alpha},{beta},{mean},periods)",
            "money",
            f"={size}*AVERAGE(second_excess)*periods",
            "EXPECTED_PNL; position x mean",
        ),
        Line(
            "Profit a year, hedged",
            f'=EXPECTED_PNL({hedged},{alpha},,,periods,"alpha")',
            "money",
            f"={hedged}*INTERCEPT({PAIR})*periods",
            "EXPECTED_PNL of kind alpha; position x alpha",
        ),
    )


def _risk() -> tuple[str, tuple[Line, ...]]:
    return "Which part of its variance could the hedge not remove?", (
        Line(
            "Idiosyncratic share of the variance",
            f"=1-FACTOR_SHARE({PAIR})",
            "percent",
            f"=RESIDUAL_VOL({PAIR})^2/VAR.S(second_excess)",
            "1 - FACTOR_SHARE; residual variance over variance",
        ),
        Line(
            "Share of the volatility that is left",
            f"=RESIDUAL_VOL({PAIR})/STDEV.S(second_excess)",
            "percent",
            f"=SQRT(1-RSQ({PAIR}))",
            "SQRT(1 - R2): a hedge that explains 40 % of variance removes 23 % of volatility.",
        ),
    )


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
    Line("Factor share", "={beta}^2*{var_f}/{var_r}", "percent1", "=0.415", "= R2", "3E-3"),
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
    blocks.header(page, row, 0, ("What follows from them", "computed", "published", "check", "how"))
    claims = [
        Line(
            claim.label,
            claim.formula.format(**names),
            claim.style,
            claim.check,
            claim.note,
            claim.tolerance,
        )
        for claim in CLAIMS
    ]
    return blocks.lines(page, row + 1, claims) - 1
