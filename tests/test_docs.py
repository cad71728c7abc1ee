"""The written lists of functions are those of the catalogue."""

import doctest
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from factor_core import docs, sample
from factor_core.catalogue import CATALOGUE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TEMPLATE = ROOT / "workbook_template.xlsm"
PAGE = (ROOT / "docs" / "functions.md").read_text(encoding="utf-8")
REWRITE = "run nox -s docs"
NO_FORMULA = {"ADDIN_INFO"}

every_function = pytest.mark.parametrize("function", CATALOGUE.values(), ids=CATALOGUE)


def test_the_readmes_table_is_up_to_date():
    assert docs.with_table(README) == README, REWRITE


def test_the_page_of_functions_is_up_to_date():
    assert docs.page(docs.example_values(TEMPLATE)) == PAGE, REWRITE


def test_the_page_names_every_function_argument_and_default_once():
    assert re.findall(r"^### (\w+)$", PAGE, re.MULTILINE) == list(CATALOGUE)
    for function in CATALOGUE.values():
        section = PAGE.partition(f"### {function.name}\n")[2].partition("\n#")[0]
        assert f"`={function.usage}`" in section
        assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [
            argument.name for argument in function.arguments
        ]


def section_of(name):
    return PAGE.partition(f"### {name}\n")[2].partition("\n#")[0]


@every_function
def test_every_function_is_documented_whole(function):
    """A formula, a source, a result and a live example; ADDIN_INFO's is the machine's own."""
    section = section_of(function.name)
    titles = re.findall(r"^\*\*(\w+):\*\*", section, re.MULTILINE)
    assert "Result" in titles
    assert function.name in NO_FORMULA or "Formula" in titles
    assert function.name in NO_FORMULA or "Source" in titles
    assert function.name == "ADDIN_INFO" or "Example" in titles


@every_function
def test_formulas_read_in_plain_text(function):
    """No mark-up of a typesetting program: the page is read in a terminal, too."""
    assert not re.search(r":math:|\\[a-z]|``", section_of(function.name))


def test_an_example_shows_the_value_of_the_template_in_its_format():
    values = docs.example_values(TEMPLATE)
    assert set(values) == set(CATALOGUE)
    assert not [name for name, value in values.items() if value.startswith(("#", "None"))]


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (0.0198, "0.00%", "1.98%"),
        (-0.1, "0.00%", "-10.00%"),
        (1234567.4, "$#,##0;-$#,##0", "$1,234,567"),
        (-1234567.4, "$#,##0;-$#,##0", "-$1,234,567"),
        (2013, "#,##0", "2,013"),
        (1.18756, "0.0000", "1.1876"),
        ("agrees", "General", "agrees"),
    ],
)
def test_values_are_shown_as_their_cell_shows_them(value, number_format, text):
    assert docs.shown(value, number_format) == text


def test_writing_again_changes_nothing(tmp_path):
    shutil.copy(TEMPLATE, tmp_path)
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    docs.write(tmp_path)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == README
    assert (tmp_path / "docs" / "functions.md").read_text(encoding="utf-8") == PAGE


def test_a_readme_without_its_markers_is_refused():
    with pytest.raises(ValueError, match=r"README\.md needs the lines"):
        docs.with_table("no markers here")


def test_the_readmes_python_gives_what_it_says():
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False)
    assert found.failed == 0
    assert found.attempted > 5


def test_links_of_the_readme_lead_somewhere():
    anchors = {name.lower() for name in CATALOGUE}
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
        path, _, anchor = target.partition("#")
        assert (ROOT / path).exists(), target
        assert not anchor or anchor in anchors, target


def test_commands_of_the_readme_exist():
    from typer.testing import CliRunner  # noqa: PLC0415

    from factor_core.__main__ import app  # noqa: PLC0415

    commands = set(re.findall(r"factor-udfs ([a-z][a-z-]+)\b", README)) - {"is", "and"}
    assert {"new", "refresh", "functions"} <= commands
    for command in commands:
        assert CliRunner().invoke(app, [command, "--help"]).exit_code == 0, command


# The section on the analyst's own data ----------------------------------------------------------

OWN_DATA = README.partition("## Your own data\n")[2].partition("\n## ")[0]
OWN_COMMANDS = [
    shlex.split(line, comments=True)[1:]
    for line in OWN_DATA.splitlines()
    if line.startswith("    factor-udfs ")
]


def daily_prices():
    """Return invented prices: the sample's ratios at levels of our own."""
    rng = np.random.default_rng(3)
    days = pd.bdate_range("2020-01-01", periods=40, name="Date")
    levels = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (40, 3)), axis=0))
    return pd.DataFrame(levels, index=days, columns=["FUND", "BOND", "SPX"])


def monthly_returns():
    months = sample.monthly(start=pd.Timestamp("2014-01-01").date())
    return pd.DataFrame(months.industries[:36, :2], index=months.dates[:36], columns=["A", "B"])


@pytest.fixture(scope="module")
def own_files(tmp_path_factory):
    """Return a folder with the files that the section's commands name."""
    folder = tmp_path_factory.mktemp("own")
    prices = daily_prices()
    prices.rename(columns={"SPX": "SPY"}).to_csv(folder / "my.csv")
    for name, column in (("AAPL", "FUND"), ("GSPC", "SPX")):
        fields = {"Open": 1.0, "High": 1.1, "Low": 0.9, "Close": 1.05, "Adj Close": 1.0}
        table = pd.DataFrame({field: prices[column] * k for field, k in fields.items()})
        table.assign(Volume=1000).to_csv(folder / f"{name}.csv")
    with pd.ExcelWriter(folder / "OLD.xlsx") as book:
        prices.to_excel(book, sheet_name="Prices")
        prices.describe().to_excel(book, sheet_name="Summary")
    prices.to_parquet(folder / "prices.parquet")
    monthly_returns().to_csv(folder / "funds.csv", index_label="Month")
    his = [
        f"{day:%Y%m}," + ",".join(f"{100 * x:8.2f}" for x in row)
        for day, row in zip(monthly_returns().index, monthly_returns().to_numpy(), strict=True)
    ]
    table = [",A,B", *his, ""]
    titles = [
        "  Average Value Weighted Returns -- Monthly",
        "  Average Equal Weighted Returns -- Monthly",
    ]
    lines = [line for title in titles for line in [title, *table]]
    owner = "Copyright 2026 Eugene F. Fama and Kenneth R. French"
    (folder / "5_Industry_Portfolios.csv").write_text("\n".join([*lines, owner]), encoding="ascii")
    return folder


def test_the_section_shows_every_way_in():
    text = " ".join(" ".join(command) for command in OWN_COMMANDS)
    for option in ("--prices", "--returns", "--from", "--sheet", "--market", "--rf", "--factors"):
        assert f" {option} " in text
    assert len(OWN_COMMANDS) == 8


# In one test, because the command `refresh` takes the workbook that the first one writes.
def test_the_commands_of_the_section_run(own_files, monkeypatch):
    from typer.testing import CliRunner  # noqa: PLC0415

    from factor_core.__main__ import app  # noqa: PLC0415

    monkeypatch.chdir(own_files)
    for command in OWN_COMMANDS:
        done = CliRunner().invoke(app, command)
        assert done.exit_code == 0, (command, done.output, done.exception)
        if command[0] == "new":
            assert (own_files / command[1]).is_file()
            assert f"wrote {command[1]}" in done.output
            assert " cell(s) show an error" not in done.output
