"""Pages Conventions and Functions: what every function assumes, and an example of each."""

from __future__ import annotations

# ruff: noqa: E501  (rules and formulas are read better whole than wrapped)
from typing import TYPE_CHECKING, NamedTuple

from factor_core.catalogue import CATALOGUE
from factor_core.workbook import blocks
from factor_core.workbook.layout import LINE_HEIGHT
from factor_core.workbook.measure import code_pixels, column_pixels, lines_needed, text_pixels
from factor_core.workbook.references import BOTH

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from factor_core.catalogue import Function
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

INDUSTRY = "industry_excess,factors_carhart"
MONTHLY = "industry_chosen,factors_capm"  # never with gaps, whatever the daily data
CONVENTION_WIDTHS = (25, 92, 66, 70, 14)
FUNCTION_WIDTHS = (13, 64, 78, 75, 14, 2, 16)


class Convention(NamedTuple):
    """A rule in plain English, what goes wrong without it, and a live example."""

    topic: str
    rule: str
    trap: str
    example: str = ""
    style: str = "number"


CONVENTIONS = (
    Convention(
        "Returns",
        "Simple returns, decimal, per period, oldest row first: 0.01 is 1 %.",
        "Log returns do not add across assets; percent instead of decimal makes alpha 100 times too large.",
        "INDEX(SIMPLE_RETURNS({100;101}),1,1)",
        "percent",
    ),
    Convention(
        "Excess returns",
        "Regressions take returns in excess of the risk-free rate, or of portfolios that finance "
        "themselves. EXCESS_RETURNS makes them once; no estimation function subtracts a rate.",
        "Raw returns give alpha a false part: (1 - beta) x the risk-free rate.",
        "INDEX(EXCESS_RETURNS({0.01;0.02},0.001),1,1)",
        "percent",
    ),
    Convention(
        "Order of arguments",
        "Asset first, factors second, as SLOPE and LINEST have it. Several factors keep the order "
        "given.",
        "LINEST lists the coefficients backwards.",
        "INDEX(FACTOR_BETA(industry_chosen,factors_carhart),1,1)",
    ),
    Convention(
        "Several assets",
        "A block of several columns is several assets: a number becomes one row an asset.",
        "",
        "INDEX(FACTOR_BETA(industry_excess,factors_capm),2,1)",
    ),
    Convention(
        "Header",
        "A first row of text holds names. Tables use them, a factor can be asked for by name, and "
        "a series comes back with its header row, so that it lines up with the rows of its input.",
        "",
        'FACTOR_BETA(industry_chosen,factors_carhart,"HML")',
    ),
    Convention(
        "Missing cells",
        "A blank, an empty text and #N/A are missing: the row is left out over all inputs of that "
        "formula. A series keeps the row and shows #N/A there.",
        "The n that was used is one call away.",
        f'FACTOR_STAT({BOTH},"n")',
        "integer",
    ),
    Convention(
        "Other text",
        "Any other text, TRUE or FALSE, or another error among numbers is an error that names the "
        "range, row and column. Nothing else is ever dropped.",
        "A number stored as text is found, not skipped.",
    ),
    Convention(
        "Lengths",
        "Ranges of unequal length are an error that gives both lengths. Whole columns may be given.",
        "A benchmark that starts a day later would shift every pair.",
    ),
    Convention(
        "Moments",
        "Means, variances and covariances of a sample divide by n - 1 (ddof 1), as VAR.S, STDEV.S "
        "and COVARIANCE.S do.",
        "Covariance with n - 1 over variance with n is a beta n/(n-1) too large.",
        f"FACTOR_BETA({MONTHLY})-COVARIANCE.S({MONTHLY})/VAR.S(factors_capm)",
        "number6",
    ),
    Convention(
        "Residual volatility",
        "For risk, sizing and the appraisal ratio it divides by n - 1, so that shares of variance "
        "sum to 1 and the appraisal ratio is the Sharpe ratio of the hedged series.",
        "STEYX divides by n - 2, as inference does: use one of them throughout.",
        f"RESIDUAL_VOL({MONTHLY})^2/VAR.S(industry_chosen)+FACTOR_SHARE({MONTHLY})",
    ),
    Convention(
        "Inference",
        "Standard errors use n - k - 1 degrees of freedom; p-values and intervals use Student's t "
        "with them, for every kind of standard error. R's coeftest does so, too.",
        "statsmodels takes the normal distribution for robust errors unless asked not to.",
        f'T.INV.2T(0.05,FACTOR_STAT({BOTH},"df"))',
    ),
    Convention(
        "Kinds of standard errors",
        "ols, hc0, hc1, hc2, hc3 or hac: Newey-West with the Bartlett kernel. Its lags, left blank, "
        "are floor(4 (n/100)^(2/9)), and the factor n/(n-k-1) is on, as in Stata and EViews.",
        "Daily volatility comes in waves: compare ols and hac before you believe a t.",
        f'ALPHA_TSTAT({BOTH},"hac")',
        "number2",
    ),
    Convention(
        "Periods",
        "Periods a year: 252 daily, 52 weekly, 12 monthly. A horizon is always an argument.",
        "A month's budget over a year's volatility is SQRT(12) off.",
        "POSITION_SIZE(budget,STDEV.S(asset_excess),budget_periods,periods)",
        "money",
    ),
    Convention(
        "Tracking error",
        "The volatility of r - benchmark. RESIDUAL_VOL is another number: that of r - alpha - b'f.",
        "They differ unless beta is 1.",
        f"RESIDUAL_VOL({BOTH},periods)",
        "percent",
    ),
    Convention(
        "Hedges over time",
        "Full-sample betas unless a window is given; rolling betas are delayed by one row, so that "
        "the hedge could have been traded.",
        "In-sample hedges look better than any that could have been traded.",
        f'STDEV.S(IFNA(HEDGED_SERIES({MONTHLY},,60),""))*SQRT(12)',
        "percent",
    ),
    Convention(
        "Errors",
        "A cell shows #VALUE! for a wrong input, #NUM! where numbers give no result (collinear "
        "factors, too few rows), #N/A where data are missing. The command factor-udfs refresh BOOK "
        "prints the sentence that says why beside the cell's address.",
        "IFERROR hides what it says: look first.",
    ),
    Convention(
        "Colours and checks",
        "Blue on yellow is an input, black a live formula, grey a note. A green agrees says that two "
        "ways to one number give the same; where they do not, an orange differs stands there.",
        "A check is live: it follows your data.",
    ),
    Convention(
        "Recalculation",
        "No function is volatile: a cell changes only when its inputs do.",
        "",
    ),
)  # fmt: skip


class Scaling(NamedTuple):
    """How a quantity grows with the horizon, per period and a year, by ours and by hand."""

    quantity: str
    rule: str
    period: str
    year: str
    native: str
    style: str


SCALINGS = (
    Scaling("Mean", "x periods", "AVERAGE(asset_excess)", "ANNUALIZE({c},periods)", "{c}*periods", "percent4"),
    Scaling("Alpha", "x periods", f"FACTOR_ALPHA({BOTH})", f"FACTOR_ALPHA({BOTH},periods)", "{c}*periods", "percent4"),
    Scaling("Growth, mean - var/2", "(1 + g)^periods - 1", "{mean}-{variance}/2", 'ANNUALIZE({c},periods,"geometric")', "(1+{c})^periods-1", "percent4"),
    Scaling("Variance", "x periods", "VAR.S(asset_excess)", 'ANNUALIZE({c},periods,"variance")', "{c}*periods", "number6"),
    Scaling("Volatility", "x SQRT(periods)", "STDEV.S(asset_excess)", 'ANNUALIZE({c},periods,"vol")', "{c}*SQRT(periods)", "percent4"),
    Scaling("Residual volatility", "x SQRT(periods)", f"RESIDUAL_VOL({BOTH})", f"RESIDUAL_VOL({BOTH},periods)", "{c}*SQRT(periods)", "percent4"),
    Scaling("Sharpe ratio", "x SQRT(periods)", "SHARPE_RATIO(asset_excess,1)", 'ANNUALIZE({c},periods,"sharpe")', "{c}*SQRT(periods)", "number"),
    Scaling("Beta", "does not scale", f"FACTOR_BETA({BOTH})", "{c}", "{c}", "number"),
    Scaling("R2, shares of variance", "do not scale", f"R_SQUARED({BOTH})", "{c}", "{c}", "percent"),
    Scaling("t statistics", "do not scale", f"ALPHA_TSTAT({BOTH})", "{c}", "{c}", "number2"),
)  # fmt: skip


def write_conventions(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Conventions: every rule with its trap and a live example; the frequency rule."""
    page = book.page(
        "Conventions",
        "Conventions of every function",
        "Written once, true everywhere. Versions of this machine: type =ADDIN_INFO() in an empty "
        "cell.",
    )
    page.widths(*CONVENTION_WIDTHS)
    page.section(3, "The rules", last=4)
    heads = ("Topic", "Rule", "What goes wrong without it", "Example, live", "result")
    blocks.header(page, 4, 0, heads, left=(0, 1, 3), notes=(2,))
    row = 5
    for convention in CONVENTIONS:
        _convention(page, row, convention)
        row += 1
    row = _frequency(page, row + 1)
    page.freeze(5, 1)
    page.print_setup(row, 4)
    return page


def _convention(page: Page, row: int, convention: Convention) -> None:
    page.text(row, 0, convention.topic, "topic")
    page.text(row, 1, convention.rule, "wrapped")
    page.text(row, 2, convention.trap, "wrapped remark")
    if convention.example:
        page.sheet.write_string(row, 3, f"={convention.example}", page.book.format("code"))
        page.formula(row, 4, f"={convention.example}", convention.style)
    texts = (convention.topic, convention.rule, convention.trap, convention.example)
    _set_height(page, row, texts, CONVENTION_WIDTHS)


def _frequency(page: Page, row: int) -> int:
    """Write the frequency rule on the chosen asset; return the last row."""
    page.section(row, '="The frequency rule, on "&asset_name', last=4)
    heads = ("Quantity", "rule", "per period", "a year", "check")
    blocks.header(page, row + 1, 0, heads, left=(0, 1))
    first = row + 2
    names = {"mean": f"$C${first + 1}", "variance": f"$C${first + 4}"}
    for i, scaling in enumerate(SCALINGS):
        own = first + i
        here = f"$C${own + 1}"
        page.text(own, 0, scaling.quantity)
        page.text(own, 1, scaling.rule)
        page.formula(own, 2, f"={scaling.period.format(c=here, **names)}", scaling.style)
        page.formula(own, 3, f"={scaling.year.format(c=here)}", scaling.style)
        page.agrees(own, 4, f"D{own + 1}", scaling.native.format(c=here), blocks.CLOSE)
    last = first + len(SCALINGS)
    notes = (
        "Scale both sides of a ratio, or neither: a daily alpha over an annual volatility is neither a day's nor a year's.",
        "The root of time assumes returns that do not depend on one another; with autocorrelation it is only close.",
    )  # fmt: skip
    for i, text in enumerate(notes):
        page.text(last + i, 0, text, "remark")
    return last + len(notes)


# ---------------------------------------------------------------------------------- Functions

# A live example of each function: formula and style of its result. ADDIN_INFO has none, because
# its result is the machine's own, and the template must be the same on every machine.
EXAMPLES = {
    "SIMPLE_RETURNS": ("INDEX(SIMPLE_RETURNS({100;102}),1,1)", "percent"),
    "LOG_RETURNS": ("INDEX(LOG_RETURNS({100;102}),1,1)", "percent"),
    "EXCESS_RETURNS": ("INDEX(EXCESS_RETURNS(industries,monthly_rf),2,1)", "percent"),
    "RF_PER_PERIOD": ("RF_PER_PERIOD(rf_annual,periods)", "percent4"),
    "ANNUALIZE": ('ANNUALIZE(STDEV.S(asset_excess),periods,"vol")', "percent"),
    "VOL_SCALE": ("VOL_SCALE(STDEV.S(asset_excess),periods,12)", "percent"),
    "COMPOUND_RETURNS": ('INDEX(COMPOUND_RETURNS(industries,monthly_dates,"A"),2,2)', "percent"),
    "ALIGN_SERIES": (
        "ROWS(ALIGN_SERIES(return_dates,asset_excess,return_dates,second_excess))",
        "integer",
    ),
    "ALIGN_REPORT": (
        "INDEX(ALIGN_REPORT(return_dates,asset_excess,return_dates,second_excess),2,2)",
        "integer",
    ),
    "FACTOR_BETA": (f"FACTOR_BETA({BOTH})", "number"),
    "FACTOR_ALPHA": (f"FACTOR_ALPHA({BOTH},periods)", "percent"),
    "R_SQUARED": (f"R_SQUARED({BOTH})", "percent"),
    "RESIDUAL_VOL": (f"RESIDUAL_VOL({BOTH},periods)", "percent"),
    "RESIDUAL_SERIES": (f"COUNT(RESIDUAL_SERIES({BOTH}))", "integer"),
    "ALPHA_TSTAT": (f'ALPHA_TSTAT({BOTH},"hac")', "number2"),
    "BETA_TSTAT": (f"BETA_TSTAT({BOTH},,,null_beta)", "number2"),
    "BETA_SE": (f"BETA_SE({BOTH})", "number"),
    "BETA_CI": (f"INDEX(BETA_CI({BOTH}),1,2)", "number"),
    "BETA_TEST": (f"INDEX(BETA_TEST({BOTH}),1,1)", "number2"),
    "FACTOR_STAT": (f'FACTOR_STAT({BOTH},"dw")', "number"),
    "FACTOR_WALD": (f"INDEX(FACTOR_WALD({BOTH},{{1,0;0,1}},{{0;1}}),1,4)", "number"),
    "FACTOR_DIAGNOSTICS": (f"INDEX(FACTOR_DIAGNOSTICS({BOTH}),2,2)", "number"),
    "FACTOR_REGRESSION": (f"INDEX(FACTOR_REGRESSION({BOTH}),3,2)", "number"),
    "FACTOR_SUMMARY": (f"ROWS(FACTOR_SUMMARY({BOTH},periods))", "integer"),
    "FACTOR_TABLE": (f"INDEX(FACTOR_TABLE({INDUSTRY},12),2,2)", "percent"),
    "SUBSAMPLE_TEST": (f"INDEX(SUBSAMPLE_TEST({MONTHLY},120),5,2)", "number2"),
    "ROLLING_BETA": (f"INDEX(ROLLING_BETA({MONTHLY},60),ROWS(industry_chosen),1)", "number"),
    "ROLLING_REGRESSION": (
        f"INDEX(ROLLING_REGRESSION({MONTHLY},60),ROWS(industry_chosen),3)",
        "percent",
    ),
    "PERIOD_BETA": (f'INDEX(PERIOD_BETA({MONTHLY},monthly_dates,"5Y"),2,3)', "number"),
    "EWMA_BETA": (f"EWMA_BETA({BOTH},63)", "number"),
    "BLUME_BETA": (f"BLUME_BETA(FACTOR_BETA({BOTH}))", "number"),
    "VASICEK_BETA": (f"VASICEK_BETA(FACTOR_BETA({BOTH}),BETA_SE({BOTH}),1,0.04)", "number"),
    "DIMSON_BETA": (f"INDEX(DIMSON_BETA({BOTH},1,1),1,1)", "number"),
    "SCHOLES_WILLIAMS_BETA": (f"SCHOLES_WILLIAMS_BETA({BOTH})", "number"),
    "UP_BETA": (f"UP_BETA({BOTH})", "number"),
    "DOWN_BETA": (f"DOWN_BETA({BOTH})", "number"),
    "DOWNSIDE_BETA": (f'DOWNSIDE_BETA({BOTH},"estrada")', "number"),
    "TIMING_MODEL": (f'INDEX(TIMING_MODEL({BOTH},"HM"),4,2)', "number"),
    "ROBUST_BETA": (f"ROBUST_BETA({BOTH})", "number"),
    "LEVER_BETA": ("LEVER_BETA(0.8,0.5,0.25)", "number"),
    "UNLEVER_BETA": (f"UNLEVER_BETA(FACTOR_BETA({BOTH}),0.5,0.25)", "number"),
    "CAPM_RETURN": (f"CAPM_RETURN(rf_annual,FACTOR_BETA({BOTH}),market_premium)", "percent"),
    "EXPECTED_RETURN": (
        f"EXPECTED_RETURN(rf_annual,FACTOR_BETA({BOTH}),market_premium)",
        "percent",
    ),
    "TRACKING_SERIES": (f'STDEV.S(IFNA(TRACKING_SERIES({BOTH}),""))', "percent"),
    "HEDGED_SERIES": (f'STDEV.S(IFNA(HEDGED_SERIES({BOTH}),""))', "percent"),
    "HEDGE_RATIO": (f"HEDGE_RATIO({BOTH})", "number"),
    "HEDGE_NOTIONALS": ("HEDGE_NOTIONALS({1000000;-400000},{1.2;0.9})", "money"),
    "HEDGE_TRADES": ("INDEX(HEDGE_TRADES(1000000,{1.2,0.3},{1,0;-1,1}),1,1)", "money"),
    "MIN_VAR_HEDGE": (f"INDEX(MIN_VAR_HEDGE({BOTH}),2,2)", "number"),
    "TARGET_BETA_HEDGE": (
        f"INDEX(TARGET_BETA_HEDGE(budget,FACTOR_BETA({BOTH}),0.5,,500,50),1,1)",
        "integer",
    ),
    "FACTOR_SHARE_HEDGE": (
        f"INDEX(FACTOR_SHARE_HEDGE(FACTOR_BETA({BOTH}),VAR.S(market_excess),RESIDUAL_VOL({BOTH})^2,0.1),1,1)",
        "number",
    ),
    "HEDGE_EFFECTIVENESS": (
        f"INDEX(HEDGE_EFFECTIVENESS(asset_excess,HEDGED_SERIES({BOTH}),market_excess),2,2)",
        "percent",
    ),
    "VARIANCE_DECOMP": (f"INDEX(VARIANCE_DECOMP({BOTH}),2,4)", "percent"),
    "FACTOR_SHARE": (f"FACTOR_SHARE({BOTH})", "percent"),
    "TRACKING_ERROR": (f"TRACKING_ERROR({BOTH},periods)", "percent"),
    "FACTOR_COV": ("INDEX(FACTOR_COV(factors_carhart,12),1,2)", "number6"),
    "MODEL_COV": ("INDEX(MODEL_COV({1;0.8},0.04,{0.01;0.02}),1,2)", "number"),
    "PORTFOLIO_RISK": (
        "INDEX(PORTFOLIO_RISK({1000000;-500000},{1;1.2},0.04,{0.01;0.0225}),2,3)",
        "money",
    ),
    "RISK_CONTRIBUTION": (
        "INDEX(RISK_CONTRIBUTION({0.6;0.4},{0.04,0.01;0.01,0.09}),1,3)",
        "percent",
    ),
    "RESIDUAL_CORREL": (f"INDEX(RESIDUAL_CORREL({INDUSTRY}),1,2)", "number2"),
    "POSITION_SIZE": (
        "POSITION_SIZE(budget,STDEV.S(asset_excess),budget_periods,periods)",
        "money",
    ),
    "HEDGED_POSITION_SIZE": (
        f"INDEX(HEDGED_POSITION_SIZE(budget,{BOTH},budget_periods,periods),1,1)",
        "money",
    ),
    "EXPECTED_PNL": (f"EXPECTED_PNL(budget,FACTOR_ALPHA({BOTH}),,,periods)", "money"),
    "SIZE_PORTFOLIO": (
        "INDEX(SIZE_PORTFOLIO({1;1},{0.04,0.01;0.01,0.09},budget,budget_periods,1),1,1)",
        "money",
    ),
    "TREYNOR_BLACK": (
        "INDEX(TREYNOR_BLACK({0.04;-0.02},{0.04;0.05},budget,budget_periods,1),1,1)",
        "money",
    ),
    "SIZE_TO_LIMITS": (
        "INDEX(SIZE_TO_LIMITS({0.05;-0.02},{1;1.2},0.03,{0.04;0.09},1000000,,,0),2,2)",
        "money",
    ),
    "RISK_PARITY_WEIGHTS": ("INDEX(RISK_PARITY_WEIGHTS({0.04,0.01;0.01,0.09}),1,1)", "percent"),
    "BUDGET_USE": (
        "INDEX(BUDGET_USE({3000000;4000000},{0.04,0.01;0.01,0.04},2000000,1,1),2,3)",
        "percent",
    ),
    "STOP_LOSS_VOL": ("STOP_LOSS_VOL(budget,0.05,1,1)", "money"),
    "SHARPE_RATIO": ("SHARPE_RATIO(asset_excess,periods)", "number"),
    "APPRAISAL_RATIO": (f"APPRAISAL_RATIO({BOTH},periods)", "number"),
    "TREYNOR_RATIO": (f"TREYNOR_RATIO({BOTH},periods)", "percent"),
    "INFORMATION_RATIO": (f"INFORMATION_RATIO({BOTH},periods)", "number"),
    "MSQUARED": (f"MSQUARED({BOTH},periods)", "percent"),
    "MSQUARED_ALPHA": (f"MSQUARED_ALPHA({BOTH},periods)", "percent"),
    "UP_CAPTURE": (f"UP_CAPTURE({BOTH})", "percent"),
    "DOWN_CAPTURE": (f"DOWN_CAPTURE({BOTH})", "percent"),
    "MEAN_TSTAT": ("MEAN_TSTAT(asset_excess)", "number2"),
    "SHARPE_SE": ("SHARPE_SE(asset_excess,periods)", "number"),
    "YEARS_NEEDED": ("YEARS_NEEDED(0.5)", "number2"),
    "BONFERRONI_T": ("BONFERRONI_T(300)", "number2"),
    "RETURN_ATTRIBUTION": (f"INDEX(RETURN_ATTRIBUTION({BOTH},periods),2,2)", "percent"),
    "BOTTOM_UP_BETA": ("BOTTOM_UP_BETA({0.6;0.4},{1.2;0.7})", "number"),
    "GRS_TEST": (f"INDEX(GRS_TEST({INDUSTRY}),2,2)", "number2"),
    "FAMA_MACBETH": (f"INDEX(FAMA_MACBETH({INDUSTRY}),2,2)", "percent4"),
    "SPANNING_TEST": (
        "INDEX(SPANNING_TEST(INDEX(factors_carhart,0,4),factors_ff3),2,4)",
        "number2",
    ),
    "FF_FACTORS": ('INDEX(FF_FACTORS("FF3","M","2017-01","2017-03","sample"),2,2)', "percent"),
    "FACTOR_CHECK": (f"INDEX(FACTOR_CHECK({BOTH},return_dates),2,1)", "word"),
}
PAGES = {
    "Returns": "Returns",
    "Estimation": "Regression",
    "Betas": "Betas",
    "Hedging": "Hedged",
    "Risk": "Variance",
    "Sizing": "Sizing",
    "Performance": "Performance",
    "Pricing": "Risk or return",
    "Data": "Monthly",
}
DESK = (
    *("HEDGE_NOTIONALS", "HEDGE_TRADES", "MIN_VAR_HEDGE", "TARGET_BETA_HEDGE"),
    *("FACTOR_SHARE_HEDGE", "HEDGE_EFFECTIVENESS"),
)
BUDGET = (
    *("SIZE_PORTFOLIO", "TREYNOR_BLACK", "SIZE_TO_LIMITS", "RISK_PARITY_WEIGHTS", "BUDGET_USE"),
    "STOP_LOSS_VOL",
)
ATTRIBUTION = ("RETURN_ATTRIBUTION", "BOTTOM_UP_BETA", "PORTFOLIO_RISK", "RISK_CONTRIBUTION")
OVER_TIME = ("ROLLING_BETA", "ROLLING_REGRESSION", "PERIOD_BETA", "EWMA_BETA")
# Of functions that another page than their category's shows at work.
PAGES_OF_ONE = {
    **dict.fromkeys(DESK, "Hedge desk"),
    **dict.fromkeys(BUDGET, "Budget"),
    **dict.fromkeys(ATTRIBUTION, "Attribution"),
    **dict.fromkeys(("FACTOR_COV", "MODEL_COV", "RESIDUAL_CORREL"), "Covariance"),
    **dict.fromkeys(("FACTOR_TABLE", "FACTOR_WALD"), "Multi-factor"),
    **dict.fromkeys(OVER_TIME, "Rolling"),
    **dict.fromkeys(("CAPM_RETURN", "EXPECTED_RETURN"), "Magnitudes"),
    "TRACKING_ERROR": "Performance",
}


def write_functions(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Functions: every function of the catalogue and a live example of it."""
    import factor_udfs  # noqa: F401, PLC0415  fills the catalogue, and itself imports the maths

    page = book.page(
        "Functions",
        f"The {len(CATALOGUE)} functions",
        "Arguments in brackets may be left out. Excel's function wizard (Shift+F3) explains each "
        "argument.",
    )
    page.widths(*FUNCTION_WIDTHS)
    heads = ("Category", "Function", "What it gives", "Example, live", "result", "", "page")
    blocks.header(page, 4, 0, heads, left=(0, 1, 2, 3, 6))
    row = 5
    for shown, function in _by_category():
        _function(page, row, shown, function)
        row += 1
    page.freeze(5, 1)
    page.print_setup(row - 1, 6, repeat=(4, 4))
    return page


def page_of(function: Function) -> str:
    """Return the page that shows the function at work."""
    if function.name not in EXAMPLES:
        return "Conventions"
    return PAGES_OF_ONE.get(function.name) or PAGES.get(function.category, "Start")


def _by_category() -> Iterator[tuple[str, Function]]:
    """Yield the functions with their category, which is blank where it is the one before."""
    before = ""
    for function in CATALOGUE.values():
        yield function.category if function.category != before else "", function
        before = function.category


def _function(page: Page, row: int, category: str, function: Function) -> None:
    page.text(row, 0, category, "topic")
    page.text(row, 1, function.usage, "wrapped")
    page.text(row, 2, function.summary, "wrapped")
    example, style = EXAMPLES.get(function.name, (f"{function.name}()", ""))
    page.sheet.write_string(row, 3, f"={example}", page.book.format("code"))
    if style:
        page.formula(row, 4, f"={example}", style)
    else:
        page.text(row, 4, "type it", "word")
    page.link(row, 6, page_of(function), page_of(function))
    texts = (category, function.usage, function.summary, example)
    _set_height(page, row, texts, FUNCTION_WIDTHS)


def _set_height(page: Page, row: int, texts: Sequence[str], widths: Sequence[float]) -> None:
    """Make a row as high as the text that needs most lines in its column."""
    letters = (text_pixels, text_pixels, text_pixels, code_pixels)
    lines = max(
        lines_needed(text, column_pixels(width), each)
        for text, width, each in zip(texts, widths, letters, strict=False)
    )
    page.height(row, LINE_HEIGHT * lines + 3)
