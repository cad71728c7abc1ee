"""The template's charts: every one has a title, axis titles and the same quiet look."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from factor_core.workbook import styles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from factor_core.workbook.layout import Page

TITLE_FONT = {"name": styles.FONT, "size": 13, "bold": True, "color": styles.NAVY}
AXIS_FONT = {"name": styles.FONT, "size": 10, "bold": False, "color": styles.GREY}
LABEL_FONT = {"name": styles.FONT, "size": 9, "color": styles.GREY}
GRID = {"visible": True, "line": {"color": "#E3E3E3", "width": 0.5}}
# XlsxWriter sees no values in formulas and would guess; the refresh puts the real ones here.
NUMBERS = {"categories_data": [0], "values_data": [0]}
NAMES = {"categories_data": ["name"], "values_data": [0]}
MONTHS_SHOWN, MOST_TICKS = 3, 12  # years below which an axis of dates shows months; its ticks
SIZE = (570, 350)  # pixels: nine columns of the usual width
SMALLER = (570, 300)  # three of them stand beside a printed page of tables
AXIS_LINE = {"color": styles.LINE, "width": 0.75}


@dataclass(frozen=True)
class Chart:
    """A chart without its place yet: in the column of a cell, at or below its row.

    The title is a text or a formula.
    """

    drawing: Any
    cell: tuple[int, int]
    size: tuple[int, int]
    title: str


@dataclass(frozen=True)
class Series:
    """One series of a chart: references to its name and values, and how it is drawn.

    `ends` are the values at both ends of the error bars: an axis does not make room for the bars,
    so that marks are drawn there. The points of a `labelled` series carry its name.
    """

    name: str
    x: str
    y: str
    colour: str = styles.ASSET
    line: bool = False
    width: float = 1.75
    size: int = 3
    error_bars: str = ""
    ends: tuple[str, str] = ("", "")
    dash: str = "solid"
    labelled: bool = False
    listed: bool = True  # in the legend


def of_columns(
    page: Page, head: int, last: int, columns: Iterable[tuple[int, str]], x: int = 0
) -> list[Series]:
    """Return columns of a table, each with its colour, over the column `x`; heads are in a row."""

    def below(column: int) -> str:
        return f"={page.range(head + 1, column, last, column)}"

    return [
        Series(f"={page.reference(head, column)}", below(x), below(column), colour)
        for column, colour in columns
    ]


def scatter(
    page: Page,
    cell: tuple[int, int],
    title: str,
    axes: tuple[str, str],
    series: Sequence[Series],
    size: tuple[int, int] = SIZE,
    number_formats: tuple[str, str] = ("0%", "0%"),
) -> None:
    """Insert a scatter of points, lines among them where a series asks for one."""
    chart = page.book.xlsx.add_chart({"type": "scatter"})
    for one in series:
        chart.add_series(_scatter_series(one))
    _finish(page, cell, chart, title, axes, size, number_formats, crossing=True)
    _set_legend(chart, [not one.labelled for one in series])


def lines(
    page: Page,
    cell: tuple[int, int],
    title: str,
    axes: tuple[str, str],
    series: Sequence[Series],
    size: tuple[int, int] = SIZE,
    number_format: str = "0.00",
    years: float = 8,
    logarithmic: bool = False,
) -> None:
    """Insert lines over dates that span so many years.

    On a logarithmic axis equal returns have equal heights.
    """
    chart = page.book.xlsx.add_chart({"type": "line"})
    chart.show_blanks_as("span")  # LibreOffice would draw #N/A as 0, Excel leaves it out
    for one in series:
        stroke = {"color": one.colour, "width": one.width, "dash_type": one.dash}
        cells = {"name": one.name, "categories": one.x, "values": one.y, **NUMBERS}
        chart.add_series({**cells, "line": stroke})
    _finish(page, cell, chart, title, axes, size, ("", number_format))
    _set_legend(chart, [True] * len(series))
    if logarithmic:
        y_axis = {**_axis(axes[1], number_format), "major_gridlines": GRID, "log_base": 10}
        chart.set_y_axis(y_axis)
    chart.set_x_axis(
        {
            **_axis(axes[0], "mmm yyyy" if years < MONTHS_SHOWN else "yyyy"),
            "date_axis": True,
            "major_unit": 3 if years < MONTHS_SHOWN else math.ceil(years / MOST_TICKS),
            "major_unit_type": "months" if years < MONTHS_SHOWN else "years",
            "label_position": "low",
            "major_gridlines": {"visible": False},
        }
    )


def columns(
    page: Page,
    cell: tuple[int, int],
    title: str,
    axes: tuple[str, str],
    series: Sequence[Series],
    size: tuple[int, int] = SIZE,
    number_format: str = "0.0",
    stacked: bool = False,
    horizontal: bool = False,
    shares: bool = False,
    numbered: bool = False,
) -> None:
    """Insert columns or bars, side by side or stacked (shares: up to 100 %), with error bars.

    The cells along the axis hold names, or numbers where the chart is `numbered`.
    """
    kind = {"type": "bar" if horizontal else "column"}
    if stacked or shares:
        kind["subtype"] = "percent_stacked" if shares else "stacked"
    chart = page.book.xlsx.add_chart(kind)
    for one in series:
        cells = NUMBERS if numbered else NAMES
        chart.add_series({**_column_series(one, stacked or shares), **cells})
    _mark_ends(page, chart, series)
    formats = (number_format, "") if horizontal else ("", number_format)
    _finish(page, cell, chart, title, axes, size, formats)
    ends = sum(2 for one in series if one.ends[0])
    _set_legend(chart, [one.listed for one in series] + [False] * ends)


def _mark_ends(page: Page, chart: Any, series: Sequence[Series]) -> None:
    marked = [one for one in series if one.ends[0]]
    if not marked:
        return
    marks = page.book.xlsx.add_chart({"type": "line"})
    stroke = {"color": styles.GREY}
    dash = {"type": "long_dash", "size": 7, "border": stroke, "fill": stroke}
    for one in marked:
        for name, values in zip(("low end", "high end"), one.ends, strict=True):
            line = {"name": name, "categories": one.x, "values": values, **NAMES}
            marks.add_series({**line, "line": {"none": True}, "marker": dash})
    chart.combine(marks)


def _scatter_series(one: Series) -> dict[str, Any]:
    base = {"name": one.name, "categories": one.x, "values": one.y, **NUMBERS}
    if one.line:
        stroke = {"color": one.colour, "width": one.width, "dash_type": one.dash}
        return {**base, "marker": {"type": "none"}, "line": stroke}
    # No transparency: LibreOffice draws such markers white.
    marker = {
        "type": "circle",
        "size": one.size,
        "border": {"none": True},
        "fill": {"color": one.colour},
    }
    label = {"series_name": True, "value": False, "position": "right", "font": LABEL_FONT}
    texts = {"data_labels": label} if one.labelled else {}
    return {**base, "marker": marker, "line": {"none": True}, **texts}


def _column_series(one: Series, stacked: bool) -> dict[str, Any]:
    series: dict[str, Any] = {
        "name": one.name,
        "categories": one.x,
        "values": one.y,
        "fill": {"color": one.colour} if one.colour else {"none": True},
        "gap": 60,
        "overlap": 100 if stacked else -5,
    }
    if one.error_bars:
        series["y_error_bars"] = {
            "type": "custom",
            "plus_values": one.error_bars,
            "minus_values": one.error_bars,
            "line": {"color": styles.GREY, "width": 1},
        }
    return series


def _axis(name: str, number_format: str) -> dict[str, Any]:
    axis = {
        "name": name,
        "name_font": AXIS_FONT,
        "num_font": LABEL_FONT,
        "line": AXIS_LINE,
        "label_position": "low",
        "major_tick_mark": "none",
    }
    return {**axis, "num_format": number_format} if number_format else axis


def _set_legend(chart: Any, named: Sequence[bool]) -> None:
    """Name the series in a legend; a first one alone has its name in the title and the axis."""
    hidden = [number for number, shown in enumerate(named) if not shown]
    if named[0] and sum(named) == 1:
        chart.set_legend({"none": True})
    else:
        chart.set_legend({"position": "bottom", "font": LABEL_FONT, "delete_series": hidden})


def place(page: Page, chart: Chart, top: int) -> None:
    """Put a chart on its page, `top` pixels from the upper edge, with its title.

    A chart shows the text of a cell, and no formula of its own: the cell stands behind the chart.
    """
    row, column = page.row_at(top), chart.cell[1]
    name = chart.title
    if name.startswith("="):
        page.formula(row + 1, column, name, "remark")
        name = f"={page.reference(row + 1, column)}"
    chart.drawing.set_title({"name": name, "name_font": TITLE_FONT, "overlay": False})
    offset = top - page.rows_pixels(0, row - 1)
    page.sheet.insert_chart(row, column, chart.drawing, {"object_position": 1, "y_offset": offset})


def _finish(
    page: Page,
    cell: tuple[int, int],
    chart: Any,
    title: str,
    axes: tuple[str, str],
    size: tuple[int, int],
    number_formats: tuple[str, str],
    crossing: bool = False,
) -> None:
    x_grid = GRID if crossing else {"visible": False}
    chart.set_x_axis({**_axis(axes[0], number_formats[0]), "major_gridlines": x_grid})
    chart.set_y_axis({**_axis(axes[1], number_formats[1]), "major_gridlines": GRID})
    chart.set_size({"width": size[0], "height": size[1]})
    chart.set_chartarea({"border": {"color": "#D9D9D9"}})
    page.charts.append(Chart(chart, cell, size, title))
