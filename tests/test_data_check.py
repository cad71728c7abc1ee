"""FACTOR_CHECK on the Data page and in what `factor-udfs new` prints."""

import io

import openpyxl
import pytest

from factor_core import sample
from factor_core.workbook import command
from factor_core.workbook.build import sample_data
from factor_core.workbook.data_check import findings


def shown(workbook):
    """Return the rows of the live block: severity, finding, where, how many, remedy."""
    sheet = openpyxl.load_workbook(io.BytesIO(workbook), data_only=True)["Data"]
    head = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "severity")
    rows = sheet.iter_rows(min_row=head.row, min_col=head.column, max_col=head.column + 4)
    block = []
    for row in rows:
        if row[0].value is None:
            return block
        block.append(tuple(cell.value for cell in row))
    return block


def test_the_data_page_shows_what_the_maths_finds_in_the_same_series(template_bytes):
    table = findings(sample_data())
    assert shown(template_bytes) == [tuple(table.header), *table.rows]
    assert [row[0] for row in table.rows].count("warning") == 1
    formulas = openpyxl.load_workbook(io.BytesIO(template_bytes))["Data"]
    live = [c.value for row in formulas.iter_rows() for c in row if hasattr(c.value, "text")]
    assert any("FACTOR_CHECK(assets_excess,market_excess,return_dates)" in c.text for c in live)


@pytest.fixture(scope="module")
def split_file(tmp_path_factory):
    """Return a file of the sample's first prices with a split that nobody adjusted for."""
    daily = sample.daily()
    lines = ["Date,IBM,MSFT,SP500TR"]
    for i in range(130):
        ibm, msft, market = daily.prices[i, [2, 3, 4]]
        lines.append(f"{daily.dates[i]},{ibm / (4 if i >= 70 else 1)},{msft},{market}")
    path = tmp_path_factory.mktemp("split") / "prices.csv"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def test_new_prints_every_finding_with_its_place_and_remedy(split_file, capsys):
    book = split_file.with_name("own.xlsm")
    assert command.new(book, command.Request(prices=(split_file,))) == 0
    printed = [line for line in capsys.readouterr().out.splitlines() if line.startswith("warning")]
    (line,) = [line for line in printed if "split" in line]
    daily = sample.daily()
    move = daily.prices[70, 2] / 4 / daily.prices[69, 2] - 1
    assert line == (
        "warning: looks like a split that was not adjusted for: "
        f'asset_returns column 1 "IBM": row 71 ({daily.dates[70]}); the largest is {move:.4g}; '
        "use adjusted prices, or correct the row."
    )
    rows = shown(book.read_bytes())
    assert [row[:2] for row in rows if "split" in row[1]] == [
        ("warning", "looks like a split that was not adjusted for")
    ]
