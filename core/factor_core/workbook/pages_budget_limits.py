"""Middle of the page Budget: positions within limits, which limits bind, and what each costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from factor_core.workbook import blocks, charts, styles
from factor_core.workbook.blocks import CHART_COLUMN, Input, Line, write_inputs
from factor_core.workbook.charts import Series
from factor_core.workbook.pages_sizing import MILLIONS
from factor_core.workbook.references import FACTOR_VARIANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from factor_core.workbook.layout import Page, StyleOfCell

LIMITS = ("gross_limit", "name_limit", "factor_limit", "share_limit")
MOST_SOLVED = 60  # assets; solving anew without each limit would take minutes with many more
SOLVED = "1E-7"  # relative: the programme is solved to 9 digits of its own units


class Limited(NamedTuple):
    """Where the section of the limits stands."""

    row: int  # of its heading, from 0
    assets: int  # their number

    @property
    def head(self) -> int:
        """Return the row of the table's heads, from 0."""
        return self.row + 8

    @property
    def positions(self) -> str:
        """Return the cells of the positions."""
        return f"$C${self.head + 2}:$C${self.head + 1 + self.assets}"

    def line(self, number: int) -> int:
        """Return the row below the positions as the sheet numbers it; 1 is the volatility."""
        return self.head + 1 + self.assets + number


def write_limits(page: Page, table: Limited, cells: Mapping[str, str], first_name: int) -> int:
    """Write the limits and the positions within them; return the last row.

    `cells` are those of the forecasts; the assets' names stand in column A from `first_name` on.
    """
    page.section(table.row, "Within limits: SIZE_TO_LIMITS", last=9)
    _write_inputs(page, table.row + 1)
    shape = (table.assets + 6, 4)
    page.text(table.head, 0, "Limit on", "header_left")
    page.spill(table.head, 1, f"={_solved(cells)}", shape, _style(table.assets))
    blocks.header(page, table.head, 5, ("native", blocks.CHECK), left=())
    names = [f"=A{first_name + i + 1}" for i in range(table.assets)]
    labels = (
        "All risk",
        "Long and short",
        "Money in the market",
        "Factor risk",
        "What the alphas promise",
    )
    for row, text in enumerate([*names, *labels], table.head + 1):
        page.text(row, 0, text)
    _write_natives(page, table, cells)
    return table.head + shape[0]


def _solved(cells: Mapping[str, str], without: str = "") -> str:
    """Return the call with all limits, without one of them, or with "all" without any."""
    kept = ["" if without in (name, "all") else name for name in LIMITS]
    model = f"{cells['alphas']},{cells['betas']},{FACTOR_VARIANCE},{cells['own']}"
    return f"SIZE_TO_LIMITS({model},budget_a_year,{','.join(kept)})"


AT_LEAST_ZERO = {"criteria": ">=", "value": 0}
INPUTS = (
    Input(
        "Gross limit",
        20_000_000,
        LIMITS[0],
        "money",
        "Long and short together. A blank cell is no limit, here and below.",
        blocks.ABOVE_ZERO,
    ),
    Input(
        "Limit a name", 9_000_000, LIMITS[1], "money", "Long or short, each asset.", AT_LEAST_ZERO
    ),
    Input(
        "Limit on the market",
        2_000_000,
        LIMITS[2],
        "money",
        "Money in the market, either way; 0 is neutral.",
        AT_LEAST_ZERO,
    ),
    Input(
        "Limit on the factor share",
        0.05,
        LIMITS[3],
        "percent1",
        "Share of the budget's variance that may be the market's.",
        {"criteria": "between", "minimum": 0, "maximum": 1},
    ),
)


def _write_inputs(page: Page, row: int) -> None:
    line = Line(
        "Budget a year",
        "=VOL_SCALE(budget,budget_periods,1)",
        "money",
        "=budget*SQRT(budget_periods)",
        "Alphas, covariances and budget must be of one horizon: here all are of a year.",
    )
    blocks.lines(page, row, (line,))
    page.book.name("budget_a_year", page.reference(row, 1))
    write_inputs(page, row + 1, INPUTS)


def _style(count: int) -> StyleOfCell:
    """Return the styles of the table of SIZE_TO_LIMITS for so many assets."""
    share = count + 4  # row of the factor share within the table

    def style(i: int, j: int) -> str:
        if i == 0:
            return "header_left" if j == 0 else "header"
        return ("label_column", *["percent1" if i == share else "money"] * 2, "word")[j]

    return style


def _write_natives(page: Page, table: Limited, cells: Mapping[str, str]) -> None:
    """Write what the table says of the positions by native functions, and say which bind."""
    x, money = table.positions, f"$F${table.line(3)}"
    natives = (
        f"SQRT({money}^2*{FACTOR_VARIANCE}+SUMPRODUCT({x}^2*{cells['own']}))",
        f"SUMPRODUCT(ABS({x}))",
        f"SUMPRODUCT({x},{cells['betas']})",
        f"{money}^2*{FACTOR_VARIANCE}/budget_a_year^2",
        f"SUMPRODUCT({x},{cells['alphas']})",
    )
    for number, native in enumerate(natives, 1):
        row = table.line(number) - 1
        page.formula(row, 5, f"={native}", "percent1" if number == 4 else "money")
        scale = "1" if number == 4 else "budget_a_year"
        page.verdict(row, 6, f"ABS(C{row + 1}-F{row + 1})<=1E-9*{scale}")
    first, last = table.head + 1, table.line(4) - 1
    bound = page.book.xlsx.add_format({"font_color": styles.ORANGE})
    rule = {"type": "cell", "criteria": "==", "value": '"binds"', "format": bound}
    page.sheet.conditional_format(first, 4, last, 4, rule)
    status = f"$E${first + 1}:$E${last + 1}"
    # COUNTIF finds no text of an add-in's array in LibreOffice: it must be joined to one first.
    binding = f'SUMPRODUCT(({status}&""="binds")*1)'
    text = (
        f'=IF({binding}=0,"No limit binds.",{binding}&" limits bind: only those cost profit, and '
        'only to them is more room worth anything.")'
    )
    blocks.paragraph(page, table.row + 7, text)


# ------------------------------------------------------------------------------ what they cost


def write_costs(page: Page, table: Limited, cells: Mapping[str, str], row: int) -> int:
    """Write the profit without each limit, where it is soon solved; return the next row."""
    if table.assets > MOST_SOLVED:
        return row
    page.section(row, "What each limit costs: the profit without it", last=9)
    blocks.header(page, row + 1, 0, ("Solved", "profit a year", "more", "native", blocks.CHECK))
    cases = (
        ("with all limits", ""),
        *zip(("without gross limit", "without limit a name", "without limit on the market",
              "without factor share limit"), LIMITS, strict=True),
        ("with the budget alone", "all"),
    )  # fmt: skip
    base = f"$B${row + 3}"
    for r, (label, without) in enumerate(cases, row + 2):
        page.text(r, 0, label)
        profit = f"=INDEX({_solved(cells, without)},{table.assets + 6},2)"
        page.formula(r, 1, profit, "money")
        page.formula(r, 2, f"=B{r + 1}-{base}", "money")
    end = row + 1 + len(cases)
    page.formula(row + 2, 3, f"=F{table.line(5)}", "money")
    page.agrees(row + 2, 4, base, f"D{row + 3}", SOLVED)
    page.formula(end, 3, f"={_closed_form(cells)}", "money")
    page.agrees(end, 4, f"B{end + 1}", f"D{end + 1}", SOLVED)
    text = "Limits come together: dropping one may cost nothing as long as another one binds."
    blocks.note(page, row + 3, text, first=3)
    text = "budget x SQRT(alphas' inverse covariance alphas)"
    blocks.note(page, end, text, first=5)
    return end + 1


def _closed_form(cells: Mapping[str, str]) -> str:
    """Return the native formula of the best profit by the budget alone, with one factor."""
    a, b, d = cells["alphas"], cells["betas"], cells["own"]
    f = FACTOR_VARIANCE
    mixed = f"({f})*SUMPRODUCT({a}*{b}/{d})^2/(1+{f}*SUMPRODUCT({b}^2/{d}))"
    return f"budget_a_year*SQRT(SUMPRODUCT({a}^2/{d})-{mixed})"


def draw_costs(page: Page, table: Limited, row: int) -> None:
    """Draw the profits of `write_costs`, which stand below this row."""
    if table.assets > MOST_SOLVED:
        return
    first, last = row + 3, row + 3 + len(LIMITS)  # not the row with all limits
    series = Series(
        f"={page.reference(row + 1, 2)}",
        f"={page.range(first, 0, last, 0)}",
        f"={page.range(first, 2, last, 2)}",
        styles.OWN,
    )
    axes = ("Solved anew", "$ million a year")
    title = "What dropping a limit would add to the profit"
    place = (3, CHART_COLUMN)
    charts.columns(page, place, title, axes, [series], number_format=MILLIONS)
