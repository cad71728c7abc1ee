"""Page Covariance: the industries' covariance by the factor model beside the sample's."""

from __future__ import annotations

# ruff: noqa: E501  (formulas are read better whole than wrapped)
from dataclasses import replace
from typing import TYPE_CHECKING

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CLOSE, Line
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_multifactor import (
    ALL,
    BEHIND,
    CHARTS,
    COUNT,
    FACTORS,
    INDUSTRIES,
    LAST,
    MONTHS,
    OBSERVATIONS,
    TABLE,
    K,
    cells,
    grid,
    remark,
)

if TYPE_CHECKING:
    from factor_core.workbook.layout import Book, Page
    from factor_core.workbook.references import References, TemplateData

NAMES = tuple(INDUSTRIES)
PAIRS = COUNT * (COUNT - 1) // 2
HEIGHT = COUNT + 3  # rows of a matrix with its section, head and gap
VOLS = 3  # rows of the sections, from 0
MODEL = VOLS + HEIGHT + 2
SAMPLE, BY_MODEL, DIFFERENCE, RESIDUAL = (MODEL + HEIGHT * i for i in range(1, 5))
FIT = RESIDUAL + HEIGHT + 1
# Blue and orange of one lightness: in a grey print the darker, the farther from 0.
BELOW_ZERO, ABOVE_ZERO = "#EDAA7C", "#9DB8DF"
FAR = 0.6  # correlation at which the colour is full
DIAGONAL = f"(SEQUENCE({COUNT})=SEQUENCE(1,{COUNT}))"
# Means over the pairs of a symmetric matrix, whose diagonal of ones goes out of the sum.
MEAN = f"(SUM({{}})-{COUNT})/{2 * PAIRS}"
MEAN_SIZE = f"(SUMPRODUCT(ABS({{}}))-{COUNT})/{2 * PAIRS}"


def by_industry(column: int, columns: int = 1) -> str:
    """Return columns of FACTOR_TABLE on the page Multi-factor, one row an industry."""
    return f"'Multi-factor'!{cells(TABLE + 2, column, COUNT, columns)}"


BETAS, R2, IDIO = by_industry(3, K), by_industry(3 + K), by_industry(4 + K)
FACTOR_COV = f"Covariance!{cells(VOLS + 2, 8, K, K)}"
MODEL_COV = f"Covariance!{cells(MODEL + 2, 1, COUNT, COUNT)}"


def write_covariance(book: Book, data: TemplateData, refs: References) -> Page:  # noqa: ARG001
    """Write the page Covariance: B F B' + D, and where it differs from the sample."""
    page = book.page(
        "Covariance",
        "Does a factor model know how industries move together?",
        "Covariance by the model is B F B' + D: betas x covariance of the factors x betas, plus "
        "idiosyncratic variances. It takes residuals as uncorrelated. Monthly sample, a year.",
    )
    grid(page)
    _volatilities(page)
    _factor_covariance(page)
    _model(page)
    _correlations(page)
    _residuals(page)
    last = _how_far(page)
    _covariance_charts(page)
    page.freeze(3)
    page.print_setup(last, LAST)
    return page


def _volatilities(page: Page) -> None:
    """Write each industry's volatility by the model and in the sample."""
    page.section(VOLS, "Volatility a year: the model's is the sample's", last=5)
    heads = ("Industry", "sample", "model", "check", "from factors", "residual")
    blocks.header(page, VOLS + 1, 0, heads)
    for i, name in enumerate(NAMES):
        row = VOLS + 2 + i
        page.text(row, 0, name)
        own = f"INDEX(industry_excess,0,{i + 1})"
        page.formula(row, 1, f"=STDEV.S({own})*SQRT({MONTHS})", "percent")
        variance, sample = cells(MODEL + 2 + i, 1 + i), cells(row, 1)
        page.formula(row, 2, f"=SQRT({variance})", "percent")
        page.agrees(row, 3, cells(row, 2), sample, CLOSE)
        idio = f"'Multi-factor'!{cells(TABLE + 2 + i, 4 + K)}"
        page.formula(row, 4, f"=SQRT({variance}-{idio}^2)", "percent")
        page.formula(row, 5, f"={idio}", "percent")
    remark(page, VOLS + 2 + COUNT, "Variances add: model^2 = from factors^2 + residual^2.", 0)


def _factor_covariance(page: Page) -> None:
    page.section(VOLS, "Covariance of the factors, a year: FACTOR_COV", first=7, last=LAST)
    row = VOLS + 1
    _head(page, row, 7, FACTORS)
    formula = f"=FACTOR_COV(factors_carhart,{MONTHS})"
    page.spill(row + 1, 8, formula, (K, K), "number", header=False)
    _heat(page, (row + 1, 8, row + K, 7 + K))
    native = row + K + 2
    _head(page, native, 7, FACTORS)
    page.text(native, 7, "native", "header_left")
    for i in range(K):
        for j in range(K):
            pair = ",".join(f"INDEX(factors_carhart,0,{at + 1})" for at in (i, j))
            page.plain(native + 1 + i, 8 + j, f"=COVARIANCE.S({pair})*{MONTHS}", "number")
    ranges = (cells(at + 1, 8, K, K) for at in (row, native))
    blocks.all_agree(page, native + K + 1, 7 + K, *ranges)
    remark(page, native + K + 1, "COVARIANCE.S x 12, pair by pair", 7)


def _head(page: Page, row: int, column: int, names: tuple[str, ...]) -> None:
    """Write the names over and beside a matrix."""
    blocks.header(page, row, column, ("", *names))
    for i, name in enumerate(names):
        page.text(row + 1 + i, column, name)


def _heat(page: Page, rectangle: tuple[int, int, int, int], signed: bool = False) -> None:
    """Shade a matrix by size; a signed one is orange below 0 and blue above."""
    rule: dict[str, object] = {
        "type": "2_color_scale",
        "min_color": "#FFFFFF",
        "max_color": ABOVE_ZERO,
    }
    if signed:
        middle = {"mid_type": "num", "mid_value": 0, "mid_color": "#FFFFFF"}
        ends = {"min_type": "num", "min_value": -FAR, "max_type": "num", "max_value": FAR}
        rule |= {"type": "3_color_scale", "min_color": BELOW_ZERO, **middle, **ends}
    page.sheet.conditional_format(*rectangle, rule)


def _matrix(page: Page, row: int, title: str, formula: str, style: str, signed: bool) -> str:
    """Write a matrix of all industries that one formula fills; return its numbers' cells."""
    page.section(row, title, last=LAST)
    _head(page, row + 1, 0, NAMES)
    if formula:
        page.spill(row + 2, 1, formula, (COUNT, COUNT), style, header=False)
    _heat(page, (row + 2, 1, row + 1 + COUNT, COUNT), signed=signed)
    return cells(row + 2, 1, COUNT, COUNT)


def _model(page: Page) -> None:
    title = "Covariance by the model, a year: MODEL_COV, B F B' + D"
    formula = f"=MODEL_COV({BETAS},{FACTOR_COV},{IDIO}^2)"
    _matrix(page, MODEL, title, formula, "number", signed=False)


def _correlations(page: Page) -> None:
    """Write the correlations in the sample and by the model."""
    _matrix(page, SAMPLE, "Correlations in the sample: CORREL", "", "number2", signed=False)
    for i in range(COUNT):
        for j in range(COUNT):
            pair = ",".join(f"INDEX(industry_excess,0,{at + 1})" for at in (i, j))
            page.plain(SAMPLE + 2 + i, 1 + j, f"=CORREL({pair})", "number2")
    vols = cells(VOLS + 2, 2, COUNT)
    formula = f"={cells(MODEL + 2, 1, COUNT, COUNT)}/MMULT({vols},TRANSPOSE({vols}))"
    title = "Correlations by the model: its covariance over the volatilities"
    _matrix(page, BY_MODEL, title, formula, "number2", signed=False)


def _residuals(page: Page) -> None:
    """Write what the model misses, and where it comes from: the residuals' correlations."""
    sample, model = (cells(row + 2, 1, COUNT, COUNT) for row in (SAMPLE, BY_MODEL))
    title = "Correlation in the sample less the model's: what the model misses"
    missed = _matrix(page, DIFFERENCE, title, f"={sample}-{model}", "signed2", signed=True)
    title = "Correlations of the residuals: RESIDUAL_CORREL. The model takes them as 0"
    formula = f"=RESIDUAL_CORREL({ALL})"
    residual = _matrix(page, RESIDUAL, title, formula, "signed2", signed=True)
    row = RESIDUAL + 2 + COUNT
    text = (
        "The darker, the farther from 0; + and - also print in grey. What the model misses is this "
        "x SQRT((1 - R2) (1 - R2')) of the two:"
    )
    remark(page, row, text, 0)
    kept = f"SQRT(1-{R2})"
    off = f"(1-{DIAGONAL})*{residual}*MMULT({kept},TRANSPOSE({kept}))"
    page.verdict(row, LAST, f"SUMXMY2({missed},{off})<=({CLOSE})^2*SUMSQ({missed})")


# The matrix of each line in braces.
DISTANCES = (
    Line("Mean correlation, sample", f"={MEAN}", "number2", note="Over the pairs: every industry with every other."),
    Line("Mean correlation, model", f"={MEAN}", "number2", note="Near the sample's: the factors carry the common movement."),
    Line("Mean absolute, missed", f"=SUMPRODUCT(ABS({{}}))/{2 * PAIRS}", "number2", note="What the model gets wrong in a pair, of either sign."),
    Line("Mean absolute, returns", f"={MEAN_SIZE}", "number2"),
    Line("Mean absolute, residuals", f"={MEAN_SIZE}", "number2", note="0 were the model true: what is left is common to few industries."),
)  # fmt: skip


def _how_far(page: Page) -> int:
    """Write how far apart the two are, in numbers and words; return the last row."""
    page.section(FIT, "How far apart are they?", last=LAST)
    sample, model, missed, residual = (
        cells(row + 2, 1, COUNT, COUNT) for row in (SAMPLE, BY_MODEL, DIFFERENCE, RESIDUAL)
    )
    matrices = (sample, model, missed, sample, residual)
    block = [
        replace(line, formula=line.formula.format(matrix))
        for line, matrix in zip(DISTANCES, matrices, strict=True)
    ]
    limit = f"=NORM.S.INV((1+confidence)/2)/SQRT({OBSERVATIONS})"
    beyond = f"ABS({residual})>{cells(FIT + 6, 1)}"
    most = f"MAX(MAX({missed}),-MIN({missed}))"
    note = "Normal quantile / SQRT(n) at the confidence of Start, for independent residuals."
    block += [
        Line("Chance's limit", limit, "number2", note=note),
        Line("Pairs beyond it", f"=(SUMPRODUCT(--({beyond}))-{COUNT})/2", "integer"),
        Line(f"... of {PAIRS} by chance", f"=(1-confidence)*{PAIRS}", "number2"),
        Line("Pair most missed", _pair(missed, most), "answer"),
        Line("... by", f"={most}", "number2"),
    ]
    row = blocks.lines(page, FIT + 1, block) + 1
    for text in _conclusions():
        blocks.paragraph(page, row, text, last=LAST)
        row += 1
    return row - 1


def _pair(matrix: str, most: str) -> str:
    """Return the formula that names the two industries of the largest cell of a matrix."""
    # A matrix may be symmetric but for the last digit.
    there = f"(ABS({matrix})>{most}-1E-9)*SEQUENCE({COUNT})"
    names = cells(VOLS + 2, 0, COUNT)
    first, last = f"MIN(IF({there}>0,{there},99))", f"MAX({there})"
    return f'=INDEX({names},{first})&"-"&INDEX({names},{last})'


def _conclusions() -> tuple[str, ...]:
    """Return the page's sentences, those about numbers live."""
    at = {label: cells(FIT + 1 + i, 1) for i, label in enumerate("smdreLpcwb")}
    left = (
        f'="The factors leave "&ROUND(100*{at["e"]}/{at["r"]},0)&" % of the mean correlation to '
        f'the residuals; in a pair the model misses "&FIXED({at["d"]},2)&" on average."'
    )
    beyond = (
        f'=FIXED({at["p"]},0)&" of {PAIRS} pairs of residuals lie beyond the limit of "'
        f'&ROUND(100*confidence,1)&" % of chance: "&IF({at["p"]}>2*{at["c"]},"D is not diagonal. '
        'Industries alike still move together.","no more than chance would give.")'
    )
    why = (
        "Why then a model? For 500 assets and four factors it takes 2,510 numbers, the sample's "
        "matrix 125,250; with no more than 500 periods that matrix has no inverse at all."
    )
    trap = (
        "Over many long positions the correlations missed offset one another; long one industry "
        "and short its twin, they can be most of the risk. Attribution weighs them for your portfolio."
    )
    return left, beyond, why, trap


def _covariance_charts(page: Page) -> None:
    """Draw the chosen industry's correlations, and all pairs by both ways."""
    blocks.behind_charts(page, VOLS, 14, 5, BEHIND)
    heads = ("Industry", "in the sample", "by the model", "pairs, model", "pairs, sample", "equal")
    blocks.header(page, VOLS + 1, BEHIND, heads)
    first = VOLS + 2
    names = cells(first, 0, COUNT)
    page.spill(first, BEHIND, f"={names}", (COUNT, 1), "general", header=False)
    for column, matrix in ((1, SAMPLE), (2, BY_MODEL)):
        block = cells(matrix + 2, 1, COUNT, COUNT)
        formula = f"=INDEX({block},0,MATCH(industry_name,{names},0))"
        page.spill(first, BEHIND + column, formula, (COUNT, 1), "number2", header=False)
    pairs = [(i, j) for i in range(COUNT) for j in range(i)]
    for row, (i, j) in enumerate(pairs, first):
        for column, matrix in ((3, BY_MODEL), (4, SAMPLE)):
            page.plain(row, BEHIND + column, f"={cells(matrix + 2 + i, 1 + j)}", "number2")
    for row, value in ((first, 0), (first + 1, 1)):
        page.value(row, BEHIND + 5, value, "number2")
    _draw_chosen(page, first)
    _draw_pairs(page, first, len(pairs))


def _drawn(page: Page, row: int, column: int, rows: int) -> str:
    return f"={page.range(row, BEHIND + column, row + rows - 1, BEHIND + column)}"


def _draw_chosen(page: Page, first: int) -> None:
    colours = ((BEHIND + 1, styles.ASSET), (BEHIND + 2, styles.MARKET))
    series = charts.of_columns(page, first - 1, first + COUNT - 1, colours, BEHIND)
    title = '="Correlation of "&industry_name&" with the others"'
    axes = ("Industry", "Correlation")
    charts.columns(page, (3, CHARTS), title, axes, series, number_format="0.0")


def _draw_pairs(page: Page, first: int, count: int) -> None:
    head = f"={page.reference(first - 1, BEHIND + 4)}"
    x, y = (_drawn(page, first, column, count) for column in (3, 4))
    ends = _drawn(page, first, 5, 2)
    series = (
        Series(head, x, y, styles.ASSET, size=5),
        Series("equal", ends, ends, styles.REFERENCE, line=True),
    )
    title = f"Correlation of {PAIRS} pairs of industries: model and sample"
    axes = ("By the model", "In the sample")
    formats = ("0.0", "0.0")
    charts.scatter(page, (3, CHARTS), title, axes, series, number_formats=formats)
