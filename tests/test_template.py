"""The template: rebuilt and compared, read by other tools, and following its inputs."""

from __future__ import annotations

import io
import math
import posixpath
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import openpyxl
import pandas as pd
import pytest
import statsmodels.api as sm
from check_workbook import problems
from openpyxl.utils import range_boundaries
from openpyxl.worksheet.formula import ArrayFormula
from xlsxwriter.utility import xl_pixel_width

from factor_core.refresh import refresh_bytes
from factor_core.workbook import styles
from factor_core.workbook.build import PAGES, build, sample_data
from factor_core.workbook.calculated import errors, wrong_spills
from factor_core.workbook.evaluation import needs_array
from factor_core.workbook.layout import Book
from factor_core.workbook.measure import column_pixels
from factor_core.workbook.references import TemplateData

ROOT = Path(__file__).parents[1]
PRICES = ROOT / "core" / "factor_core" / "data" / "daily_prices.csv"
SHEETS = [
    *("Start", "Data", "Returns", "Co-movement", "Regression", "Magnitudes", "Tracking", "Hedged"),
    *("Rolling", "Betas", "Sizing", "Performance", "Variance", "Multi-factor", "Covariance"),
    *("Risk or return", "Attribution", "Hedge desk", "Budget", "Exercises"),
    *("Monthly", "Conventions", "Functions"),
]
SMALL_ROWS = 150
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"
TEXT = "{http://schemas.openxmlformats.org/drawingml/2006/main}t"


# ------------------------------------------------------------------------- books, made once


class Read:
    """A workbook as openpyxl reads it: the values and the formulas."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.values = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
        self.formulas = openpyxl.load_workbook(io.BytesIO(data))

    def named(self, name):
        """Return the values of a defined name as rows."""
        sheet, _, cells = self.values.defined_names[name].attr_text.rpartition("!")
        block = self.values[sheet.strip("'")][cells.replace("$", "")]
        if not isinstance(block, tuple):
            return block.value
        return [[cell.value for cell in row] for row in block]

    def beside(self, sheet, label, column=2):
        """Return the value beside the first label in column A."""
        for row in self.values[sheet].iter_rows(max_col=column):
            if row[0].value == label:
                return row[column - 1].value
        raise KeyError(label)


@pytest.fixture(scope="module")
def committed():
    return (ROOT / "workbook_template.xlsm").read_bytes()


@pytest.fixture(scope="module")
def rebuilt():
    return build(sample_data())


@pytest.fixture(scope="module")
def template(rebuilt):
    return Read(rebuilt.workbook)


@pytest.fixture(scope="module")
def switched(rebuilt):
    """Return the template after the analyst chose AAPL, and nothing else."""
    data, report = refresh_bytes(with_asset(rebuilt.workbook, "AAPL"))
    assert report.status == "ok"
    return Read(data)


@pytest.fixture(scope="module")
def small():
    """Return a short template: the same pages, sooner calculated."""
    full = sample_data()
    data = TemplateData(
        dates=full.dates[:SMALL_ROWS],
        names=full.names,
        values=full.values[:SMALL_ROWS],
        rf=full.rf[:SMALL_ROWS],
        periods=252,
        source="the first rows of the sample",
        chosen=("GOOG", "IBM"),
    )
    return data, build(data)


def with_asset(workbook, name):
    """Return the workbook with another text in the cell asset_name, as a typist would leave it."""
    parts = zip_parts(workbook)
    cell = re.compile(rb'<c r="B5"( s="\d+") t="s"><v>\d+</v></c>')
    typed = rb'<c r="B5"\1 t="inlineStr"><is><t>%s</t></is></c>' % name.encode()
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet], count = cell.subn(typed, parts[sheet])
    assert count == 1
    return zipped(parts)


def zip_parts(workbook):
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


# ------------------------------------------------------------------------- the file itself


def test_committed_template_is_what_the_source_builds(committed, rebuilt):
    ours, theirs = zip_parts(rebuilt.workbook), zip_parts(committed)
    assert list(ours) == list(theirs)
    for name, part in ours.items():
        assert_same_but_for_last_digits(name, part, theirs[name])


def assert_same_but_for_last_digits(name, ours, theirs):
    value = re.compile(rb"(?<=<v>)[^<]*(?=</v>)|(?<=<c:v>)[^<]*(?=</c:v>)")
    if ours == theirs:
        return
    assert value.sub(b"", ours) == value.sub(b"", theirs), name
    for a, b in zip(value.findall(ours), value.findall(theirs), strict=True):
        assert a == b or math.isclose(float(a), float(b), rel_tol=1e-12, abs_tol=1e-12), name


def test_same_data_give_the_same_bytes(small):
    data, built = small
    assert build(data).workbook == built.workbook


def test_refreshing_the_template_changes_nothing(rebuilt):
    data, report = refresh_bytes(rebuilt.workbook)
    assert data == rebuilt.workbook
    assert report.status == "ok"
    assert report.changed_cells == 0


def test_template_has_the_pages_in_order_and_hides_only_the_settings(template):
    assert len(PAGES) == len(SHEETS)
    assert template.values.sheetnames == [*SHEETS, "xlwings.conf"]
    states = [sheet.sheet_state for sheet in template.values]
    assert states == ["visible"] * len(SHEETS) + ["veryHidden"]
    settings = dict(template.values["xlwings.conf"].iter_rows(max_col=2, values_only=True))
    assert settings["ADD_WORKBOOK_TO_PYTHONPATH"] == "False"
    assert settings["UDF MODULES"] == "factor_udfs"


def test_checker_finds_nothing_that_excel_would_repair(committed, rebuilt, small):
    assert problems(committed) == []
    assert problems(rebuilt.workbook) == []
    assert problems(small[1].workbook) == []


def test_office_open_xml_validator_finds_nothing(small, tmp_path):
    audit = shutil.which("openxml-audit", path=str(Path(sys.executable).parent))
    if audit is None:
        pytest.skip("openxml-audit is not installed")
    book = tmp_path / "small.xlsm"
    book.write_bytes(small[1].workbook)
    run = subprocess.run(
        [audit, "-f", "microsoft365", str(book)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout


def test_spills_of_a_wrong_shape_are_named(small):
    found = wrong_spills(small[1].workbook, {"Hedged": [(4, 23, 9, 23)]})
    assert found == [f"Hedged!X5 fills {SMALL_ROWS} x 1 cells instead of 6 x 1"]


def test_formula_that_becomes_one_error_is_named_as_an_error_and_not_as_a_wrong_spill(small):
    """The data of an analyst may leave a function without an answer: the workbook is made."""
    workbook, report = refresh_bytes(with_window(small[1].workbook, 2))
    assert report.status == "ok"
    declared = {"Hedged": [(4, 24, 4 + SMALL_ROWS - 1, 24)]}
    assert wrong_spills(workbook, declared) == []
    assert "Hedged!Y5 #NUM!" in errors(workbook, declared)


def with_window(workbook, rows):
    """Return the workbook with another rolling window typed into Start."""
    parts = zip_parts(workbook)
    cell = re.compile(rb'(<c r="B14"[^>]*><v>)[^<]*(</v>)')
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet], count = cell.subn(rb"\g<1>%d\g<2>" % rows, parts[sheet])
    assert count == 1
    return zipped(parts)


def test_a_window_longer_than_the_asset_is_a_sentence_and_no_error(small):
    workbook, report = refresh_bytes(with_window(small[1].workbook, SMALL_ROWS))
    assert report.status == "ok"
    book = Read(workbook)
    hedged = book.values["Hedged"]
    shown = [cell.value for row in hedged.iter_rows(max_row=40, max_col=10) for cell in row]
    assert [value for value in shown if isinstance(value, str) and value.startswith("#")] == []
    sentence = next(v for v in shown if isinstance(v, str) and v.startswith("Nothing is out of"))
    assert f"GOOG has {SMALL_ROWS - 1} rows" in sentence
    assert f"takes {SMALL_ROWS}" in sentence
    assert shown.count("none") == 15
    last = 4 + SMALL_ROWS - 1
    assert errors(workbook, {"Hedged": [(4, 24, last, 24)], "Rolling": [(4, 22, last, 37)]}) == []
    words = [cell.value for row in book.values["Rolling"].iter_rows(max_col=1) for cell in row]
    assert any(str(word).startswith(f"No window of {SMALL_ROWS} rows") for word in words)
    header, *rolling = (row[0] for row in book.named("hedged_rolling"))
    assert header == "GOOG hedged"
    assert set(rolling) == {"#N/A"}


# ------------------------------------------------------------------------- values and errors


def test_second_reader_finds_every_formula_filled_and_no_error_but_missing_hedges(template):
    window = template.named("rolling_window")
    missing = set()
    for sheet in template.formulas:
        values = template.values[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                value = values[cell.coordinate].value
                if cell.data_type == "f":
                    assert value is not None, f"{sheet.title}!{cell.coordinate} is empty"
                if isinstance(value, str) and value.startswith("#"):
                    missing.add((sheet.title, cell.column, cell.row, value))
    column = openpyxl.utils.column_index_from_string("Y")
    # The first window has no rolling beta that was known before.
    hedged = {("Hedged", column, 6 + i, "#N/A") for i in range(window)}
    assert missing == hedged | rows_without_window(window)


def rows_without_window(window):
    """Return the cells of the page Rolling before its first window: all rows, and those drawn."""
    columns = ("Z", "AA", "AB", "AC", "AF", "AG", "AI", "AL")
    drawn = [row for row in range(1, 2013) if (2012 - row) % 8 == 0]
    early = [6 + i for i, row in enumerate(drawn) if row < window]
    cells = {("Rolling", "W", 6 + i) for i in range(window - 1)}
    cells |= {("Rolling", name, row) for name in columns for row in early}
    number = openpyxl.utils.column_index_from_string
    return {(sheet, number(name), row, "#N/A") for sheet, name, row in cells}


LONG_COLUMNS = {
    *(("Tracking", 25), ("Tracking", 26), ("Hedged", 26), ("Hedged", 27), ("Hedged", 28)),
    *(("Rolling", 30), ("Rolling", 31)),
}


def formulas_of(book):
    """Yield sheet and cell, the formula, the area that it fills as an array, and its column."""
    for sheet in book.formulas:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, ArrayFormula):
                    yield f"{sheet.title}!{cell.coordinate}", cell.value.text, cell.value.ref, cell
                elif cell.data_type == "f":
                    yield f"{sheet.title}!{cell.coordinate}", cell.value, None, cell


def functions_in(text):
    import factor_udfs  # noqa: F401, PLC0415  fills the catalogue
    from factor_core.catalogue import CATALOGUE  # noqa: PLC0415

    return {name for name in CATALOGUE if re.search(rf"\b{name}\(", text)}


def test_template_has_120_formulas_of_ours_and_native_ones_beside_the_long_columns(template):
    short = [
        text
        for where, text, _, cell in formulas_of(template)
        if (where.partition("!")[0], cell.column) not in LONG_COLUMNS
    ]
    ours = [functions_in(text) for text in short]
    assert sum(map(bool, ours)) >= 120
    assert len(ours) - sum(map(bool, ours)) >= 500
    import factor_udfs  # noqa: F401, PLC0415  fills the catalogue
    from factor_core.catalogue import CATALOGUE  # noqa: PLC0415

    assert set(CATALOGUE) - set().union(*ours) <= {"ADDIN_INFO"}  # differs from machine to machine


def test_our_functions_are_dynamic_arrays_which_excel_shows_without_at_sign(template):
    plain = [where for where, text, area, _ in formulas_of(template) if not area]
    ours = [where for where, text, area, _ in formulas_of(template) if functions_in(text)]
    assert len(ours) > 400
    assert set(plain) & set(ours) == set()


def test_native_formulas_of_one_value_are_plain(template):
    """Every array formula is calculated anew at each opening by LibreOffice; few are needed."""
    native = [
        (where, text, area)
        for where, text, area, cell in formulas_of(template)
        if (where.partition("!")[0], cell.column) not in LONG_COLUMNS and not functions_in(text)
        if not area or len(set(area.split(":"))) == 1
    ]
    arrays = [(where, text) for where, text, area in native if area]
    # Each has something that plain evaluation cuts down to one cell, or shows with an at sign.
    several = re.compile(
        r"\bIF\(ISNUMBER\(|\bINDEX\(|\bSEQUENCE\(|\bLOOKUP\(|\bSWITCH\(|>0,Returns!"
    )
    assert 0 < len(arrays) < len(native) / 20
    assert [one for one in arrays if not several.search(one[1])] == []


@pytest.mark.parametrize(
    ("formula", "array"),
    [
        ("=budget*2", False),
        ("=B9/$C$10", False),
        ("='Co-movement'!$B$12+1", False),
        ("=_xlfn.STDEV.S(asset_excess)*SQRT(periods)", False),
        ('=IF(ABS(B9-(C9))<=1E-9*MAX(1E-12,ABS(C9)),"agrees","differs")', False),
        ("=SUMPRODUCT(--(ABS($H$9:$H$20)>2))", False),
        ("=AVERAGE(INDEX(factors_carhart,0,2))", False),
        ("=-SLOPE(asset_excess, market_excess)*C5", False),
        ("=asset_excess*2", True),
        ("=A1:A3", True),
        ("=SQRT(A1:A3)", True),
        ("=AVERAGE(A1:A3*2)", True),
        ("=MAX(IF(ISNUMBER(A1:A3),A1:A3))", True),
        ("=INDEX(A1:C3,2,2)", True),
        ("=AVERAGE(INDEX(A1:C3,0,B5))", True),
        ("=SUMPRODUCT(IF(A1:A3>0,A1:A3,0))", True),
        ("=SUM({1,2})", True),
        ("=A1:INDEX(A1:A3,2)", True),
        ("=FACTOR_BETA(asset_excess,market_excess)", True),
        ("=ROUND(FACTOR_BETA(asset_excess,market_excess),2)", True),
        ("=A1:A3 B2:B3", True),
    ],
)
def test_formulas_that_need_array_evaluation_are_known(formula, array):
    assert needs_array(formula, {"budget", "periods"}) == array


def test_no_formula_is_volatile_or_unknown_to_libreoffice(template):
    words = "RAND|TODAY|NOW|OFFSET|INDIRECT|LAMBDA|HSTACK|VSTACK|TAKE|DROP|CHOOSECOLS|SCAN|MAP"
    refused = re.compile(rf"\b(?:{words})\(|\w#|@")
    for sheet in template.formulas:
        for row in sheet.iter_rows():
            for cell in row:
                value = cell.value
                text = value.text if isinstance(value, ArrayFormula) else value
                if cell.data_type == "f":
                    bare = re.sub(r'"[^"]*"', '""', text)
                    assert not refused.search(bare), f"{sheet.title}!{cell.coordinate} {text}"


def verdicts(book):
    return [
        (f"{sheet.title}!{cell.coordinate}", cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value in ("agrees", "differs")
    ]


@pytest.mark.parametrize("name", ["template", "switched"])
def test_every_cross_check_agrees(name, request):
    found = verdicts(request.getfixturevalue(name).values)
    assert len(found) > 100
    assert [cell for cell, word in found if word != "agrees"] == []


@pytest.mark.parametrize("asset", ["GOOG", "IBM"])
def test_every_cross_check_agrees_for_every_asset(asset, small):
    workbook = small[1].workbook
    if asset != small[0].chosen[0]:
        workbook, report = refresh_bytes(with_asset(workbook, asset))
        assert report.status == "ok"
    book = openpyxl.load_workbook(io.BytesIO(workbook), data_only=True)
    assert book["Start"]["B5"].value == asset
    assert [cell for cell, word in verdicts(book) if word != "agrees"] == []


# ------------------------------------------------------------------------- against other programs


class Direct:
    """An asset's numbers by pandas and statsmodels, from the CSV."""

    def __init__(self, asset):
        table = pd.read_csv(PRICES, index_col="date")
        prices, rf = table.drop(columns="rf"), table["rf"]
        excess = prices.pct_change().sub(rf, axis=0).iloc[1:]
        self.y, self.x = excess[asset], excess["S&P 500 (price index)"]
        model = sm.OLS(self.y, sm.add_constant(self.x))
        self.ols = model.fit()
        lags = math.floor(4 * (len(self.y) / 100) ** (2 / 9))
        self.hac = model.fit(
            cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True}, use_t=True
        )
        self.alpha, self.beta = self.ols.params
        self.hedged = self.y - self.beta * self.x


@pytest.mark.parametrize(("name", "asset"), [("template", "MSFT"), ("switched", "AAPL")])
def test_key_results_are_those_of_statsmodels(name, asset, request):
    book, direct = request.getfixturevalue(name), Direct(asset)
    vol, sharpe = direct.hedged.std(), direct.y.mean() / direct.y.std() * math.sqrt(252)
    hedged_position = 1_000_000 / (vol * math.sqrt(252 / 12))
    expected = {
        "Beta": direct.beta,
        "t of beta against the null value": (direct.beta - 1) / direct.hac.bse.iloc[1],
        "Alpha a year": direct.alpha * 252,
        "t of alpha": direct.ols.tvalues.iloc[0],
        "t of alpha, Newey-West": direct.hac.tvalues.iloc[0],
        "R-squared": direct.ols.rsquared,
        "Volatility a year": direct.y.std() * math.sqrt(252),
        "Residual volatility a year": vol * math.sqrt(252),
        "Sharpe ratio, unhedged": sharpe,
        "Appraisal ratio": direct.alpha / vol * math.sqrt(252),
        "Position for the budget, unhedged": 1e6 / (direct.y.std() * math.sqrt(252 / 12)),
        "Position for the budget, hedged": hedged_position,
        "Market position that hedges it": -direct.beta * hedged_position,
        "Rows used": 2012,
    }
    shown = {label: book.beside("Start", label) for label in expected}
    assert shown == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("name", "asset"), [("template", "MSFT"), ("switched", "AAPL")])
def test_regression_page_is_that_of_statsmodels(name, asset, request):
    book, direct = request.getfixturevalue(name), Direct(asset)
    sheet = book.values["Regression"]
    for top, fit in ((6, direct.ols), (11, direct.hac)):
        for row, term in ((top, 0), (top + 1, 1)):
            shown = [sheet.cell(row, column).value for column in range(2, 8)]
            low, high = fit.conf_int().iloc[term]
            statistics = (s.iloc[term] for s in (fit.params, fit.bse, fit.tvalues, fit.pvalues))
            assert shown == pytest.approx([*statistics, low, high], rel=1e-9, abs=1e-15)
    fit = direct.ols
    assert book.beside("Regression", "AIC") == pytest.approx(fit.aic, rel=1e-9)
    assert book.beside("Regression", "Log-likelihood") == pytest.approx(fit.llf, rel=1e-9)
    durbin_watson = sm.stats.durbin_watson(fit.resid)
    assert book.beside("Regression", "Durbin-Watson") == pytest.approx(durbin_watson, rel=1e-9)


@pytest.mark.parametrize(("name", "asset"), [("template", "MSFT"), ("switched", "AAPL")])
def test_series_follow_the_asset(name, asset, request):
    book, direct = request.getfixturevalue(name), Direct(asset)
    for defined, expected in (
        ("asset_excess", direct.y),
        ("market_excess", direct.x),
        ("asset_residual", direct.ols.resid),
        ("tracking", direct.beta * direct.x),
        ("hedged", direct.hedged),
    ):
        header, *rows = (row[0] for row in book.named(defined))
        assert header.startswith(asset) or defined == "market_excess"
        np.testing.assert_allclose(np.array(rows), expected, rtol=1e-9, atol=1e-14)
    rolling = [row[0] for row in book.named("hedged_rolling")][1:]
    at = 1000
    window = slice(at - 252, at)
    beta = np.cov(direct.y[window], direct.x[window])[0, 1] / direct.x[window].var()
    assert rolling[at] == pytest.approx(direct.y.iloc[at] - beta * direct.x.iloc[at], rel=1e-9)


@pytest.mark.parametrize(("name", "asset"), [("template", "MSFT"), ("switched", "AAPL")])
def test_growth_columns_compound_the_series(name, asset, request):
    book, direct = request.getfixturevalue(name), Direct(asset)
    last = 5 + len(direct.y)
    ends = [
        book.values["Tracking"].cell(last, 25).value,
        book.values["Tracking"].cell(last, 26).value,
        book.values["Hedged"].cell(last, 26).value,
    ]
    series = (direct.y, direct.beta * direct.x, direct.hedged)
    assert ends == pytest.approx([(1 + s).prod() for s in series], rel=1e-9)


@pytest.mark.parametrize(("name", "asset"), [("template", "MSFT"), ("switched", "AAPL")])
def test_titles_follow_the_asset(name, asset, request):
    book = request.getfixturevalue(name)
    follow = ["Start", "Returns", "Co-movement", "Regression", "Magnitudes", "Tracking", "Hedged"]
    follow += ["Sizing", "Performance", "Variance"]
    titles = {sheet: book.values[sheet]["A1"].value for sheet in follow}
    assert [sheet for sheet, title in titles.items() if asset not in title] == []


def test_dropping_bond_holidays_in_silence_moves_beta(template):
    direct = Direct("MSFT")
    days = pd.to_datetime(pd.Series(direct.y.index))
    columbus = (days.dt.month == 10) & (days.dt.day_of_week == 0) & days.dt.day.between(8, 14)
    kept = ~(columbus | ((days.dt.month == 11) & (days.dt.day == 11))).to_numpy()
    beta = sm.OLS(direct.y[kept], sm.add_constant(direct.x[kept])).fit().params.iloc[1]
    shown = {
        row[i].value: row[i + 1].value
        for row in template.values["Returns"].iter_rows(min_row=1, max_row=60)
        for i in range(len(row) - 1)
        if isinstance(row[i].value, str)
    }
    assert shown["Beta without those days"] == pytest.approx(beta, rel=1e-9)
    assert shown["Bond market closed, days"] == (~kept).sum()
    assert direct.beta - beta > 0.02


# ------------------------------------------------------------------------- names, links, charts


def test_names_lead_to_inputs_and_to_columns_with_their_header(template):
    single = {name: template.named(name) for name in ("asset_name", "second_asset", "market_name")}
    assert single == {
        "asset_name": "MSFT",
        "second_asset": "AAPL",
        "market_name": "S&P 500 (price index)",
    }
    numbers = ("periods", "market_premium", "budget", "budget_periods", "exercise_budget")
    numbers += ("confidence", "rolling_window", "null_beta", "missing_dividends")
    assert [template.named(name) for name in numbers] == [
        *(252, 0.05, 1_000_000, 12, 5_000_000, 0.95, 252, 1, 0.02)
    ]
    rf = pd.read_csv(PRICES)["rf"].iloc[1:]
    assert template.named("rf_annual") == pytest.approx(rf.mean() * 252, rel=1e-12)
    headed = {
        "prices": ("AAPL", 2014),
        "all_returns": ("AAPL", 2013),
        "excess_all": ("AAPL", 2013),
        "rf": ("Risk-free", 2013),
        "return_dates": ("Date", 2013),
        "asset_excess": ("MSFT", 2013),
        "second_excess": ("AAPL", 2013),
        "market_excess": ("S&P 500 (price index)", 2013),
    }
    shown = {name: (rows[0][0], len(rows)) for name in headed if (rows := template.named(name))}
    assert shown == headed


def test_links_lead_to_pages_and_every_page_is_linked(template):
    links = {
        sheet.title: [
            cell.hyperlink.location.rpartition("!")[0].strip("'")
            for row in sheet.iter_rows(max_row=60, max_col=40)
            for cell in row
            if cell.hyperlink
        ]
        for sheet in template.values.worksheets[:-1]
    }
    assert set(links["Start"]) == set(SHEETS) - {"Start"}
    for before, name, after in zip(SHEETS, SHEETS[1:], [*SHEETS[2:], ""], strict=False):
        wanted = [before, "Start", after] if after else [before, "Start"]
        assert links[name][: len(wanted)] == wanted, name


def test_pages_print_landscape_and_one_page_wide(template):
    for sheet in template.values.worksheets[:-1]:
        assert sheet.page_setup.orientation == "landscape", sheet.title
        assert sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.title
        assert sheet.page_setup.fitToWidth in (None, 1), sheet.title  # 1 is the default
        assert sheet.print_area, sheet.title
    long = {one.title for one in template.values.worksheets[:-1] if one.print_title_rows}
    assert long == {"Data", "Returns", "Monthly", "Functions"}


def charts_of(book):
    """Yield the sheet's name and the root element of each chart."""
    parts = zip_parts(book.data)
    for number, sheet in enumerate(book.values.sheetnames, 1):
        for drawing in targets(parts, f"xl/worksheets/sheet{number}.xml", "/drawing"):
            for chart in targets(parts, drawing, "/chart"):
                yield sheet, ET.fromstring(parts[chart])  # noqa: S314  our own file


def targets(parts, part, kind):
    folder, name = posixpath.split(part)
    relations = parts.get(f"{folder}/_rels/{name}.rels", b"<x/>")
    return [
        posixpath.normpath(posixpath.join(folder, one.get("Target")))
        for one in ET.fromstring(relations)  # noqa: S314  our own file
        if one.get("Type").endswith(kind)
    ]


def words(element):
    """Return the text of a title: typed, or the stored copy of a cell."""
    if element is None:
        return ""
    typed = "".join(t.text or "" for t in element.iter(TEXT))
    return typed or "".join(v.text or "" for v in element.iter(f"{CHART}v"))


def test_charts_have_titles_axis_titles_and_named_series(template):
    drawn = {}
    for sheet, root in charts_of(template):
        drawn[sheet] = drawn.get(sheet, 0) + 1
        title = words(root.find(f"{CHART}chart/{CHART}title"))
        assert len(title) > 10, sheet
        plot = root.find(f"{CHART}chart/{CHART}plotArea")
        axes = [one for one in plot if one.tag.endswith("Ax")]
        assert len(axes) == 2, (sheet, title)
        assert all(words(axis.find(f"{CHART}title")) for axis in axes), (sheet, title)
        series = list(plot.iter(f"{CHART}ser"))
        assert series
        for one in series:
            name = words(one.find(f"{CHART}tx"))
            assert name, (sheet, title)
            assert not name.startswith("="), (sheet, title, name)
    required = {"Start": 1, "Data": 1, "Co-movement": 4, "Regression": 2, "Magnitudes": 2}
    required |= {"Tracking": 2, "Hedged": 3, "Variance": 1, "Multi-factor": 3}
    required |= {"Performance": 3, "Covariance": 2, "Risk or return": 3, "Attribution": 4}
    assert [name for name, count in required.items() if drawn.get(name, 0) < count] == []


@pytest.mark.parametrize("name", ["template", "switched"])
def test_charts_carry_the_values_of_their_cells(name, request):
    book = request.getfixturevalue(name)
    compared = 0
    for _, root in charts_of(book):
        for holder in root.iter():
            reference = holder.find(f"{CHART}f")
            if reference is None:
                continue
            cache = next(one for one in holder if one.tag.endswith("Cache"))
            cells = cells_of(book, reference.text)
            stored = {int(p.get("idx")): p.find(f"{CHART}v").text for p in cache.iter(f"{CHART}pt")}
            assert int(cache.find(f"{CHART}ptCount").get("val")) == len(cells)
            for i, value in enumerate(cells):
                compared += 1
                if isinstance(value, (int, float)):
                    assert float(stored[i]) == pytest.approx(value, rel=1e-12), reference.text
                elif value != "#N/A":
                    assert stored.get(i, "") == (value or ""), reference.text
    assert compared > 20_000


def cells_of(book, reference):
    sheet, _, cells = reference.rpartition("!")
    left, top, right, bottom = range_boundaries(cells.replace("$", ""))
    block = book.values[sheet.strip("'")].iter_rows(top, bottom, left, right, values_only=True)
    return [as_number(value) for row in block for value in row]


def as_number(value):
    """Return a date as the serial number that a chart stores."""
    if isinstance(value, pd.Timestamp) or hasattr(value, "toordinal"):
        return openpyxl.utils.datetime.to_excel(value)
    return value


def test_no_defined_name_hides_a_function_of_ours(template):
    import factor_udfs  # noqa: F401, PLC0415  fills the catalogue
    from factor_core.catalogue import CATALOGUE  # noqa: PLC0415

    names = {name.upper() for name in template.formulas.defined_names}
    assert len(names) > 20
    assert not names & set(CATALOGUE)


# ------------------------------------------------------------------------- how it looks


def test_no_text_is_cut_off_by_a_filled_neighbour(template):
    """A text runs over empty cells beside it; a filled one cuts it off."""
    cut, long = [], 0
    for sheet in template.values.worksheets[:-1]:
        _, _, right, bottom = range_boundaries(sheet.print_area.rpartition("!")[2])
        merged = {cell for area in sheet.merged_cells.ranges for row in area.rows for cell in row}
        for row in sheet.iter_rows(max_row=min(bottom, 120), max_col=right):
            for cell in row:
                text = cell.value
                if not isinstance(text, str) or (cell.row, cell.column) in merged:
                    continue
                room = room_of(row, cell)
                if cell.alignment.wrap_text or text_width(cell, text) <= width_of(cell):
                    continue
                long += 1
                if text_width(cell, text) > room:
                    cut.append((sheet.title, cell.coordinate, text))
    assert long > 30
    assert cut == []


def width_of(cell):
    return column_pixels(cell.parent.column_dimensions[cell.column_letter].width)


def room_of(row, cell):
    """Return the pixels up to the next filled cell on the side to which the text runs."""
    at = cell.column - 1
    beside = row[:at][::-1] if cell.alignment.horizontal == "right" else row[at + 1 :]
    room = width_of(cell)
    for other in beside:
        if other.value is not None:
            break
        room += width_of(other)
    return room


def text_width(cell, text):
    """Return the pixels of a text; the widths known are those of Calibri 11."""
    return xl_pixel_width(text) * cell.font.sz / 11 * (1.04 if cell.font.b else 1)


def test_money_of_any_size_fits_its_column(template):
    cells = {row[0].value: row[1] for row in template.values["Start"].iter_rows(max_col=2)}
    budget, position = cells["Risk budget"], cells["Position for the budget, hedged"]
    assert budget.number_format == position.number_format == styles.NUMBER_FORMATS["money"]
    assert budget.alignment.shrink_to_fit
    assert position.alignment.shrink_to_fit


@pytest.mark.parametrize(("columns", "pages"), [(20, 1), (60, 2), (130, 3)])
def test_only_tables_of_very_many_assets_print_wider_than_a_page(columns, pages):
    book = Book("wide")
    page = book.page("Wide", "Wide", "A table.")
    page.print_setup(300, columns, (4, 4))
    sheet = openpyxl.load_workbook(io.BytesIO(book.to_bytes()))["Wide"]
    assert (sheet.page_setup.fitToWidth or 1) == pages
    assert sheet.print_title_rows == "$5:$5"
    assert sheet.print_title_cols == ("$A:$A" if pages > 1 else None)


@pytest.mark.parametrize("colours", [("ASSET", "MARKET"), ("MARKET", "OWN"), ("ASSET", "OWN")])
def test_chart_colours_differ_in_a_grey_print(colours):
    one, other = (lightness(getattr(styles, name)) for name in colours)
    assert abs(one - other) > 15


def lightness(colour):
    """Return L* of CIE 1976 (ISO/CIE 11664-4): 0 black, 100 white; 1 is just seen."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    y = np.dot([0.2126, 0.7152, 0.0722], linear)
    return 116 * y ** (1 / 3) - 16
