"""`factor-udfs new`: the analyst's own file as a whole workbook, or one sentence and no file."""

from __future__ import annotations

import datetime as dt
import io
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
import statsmodels.api as sm
from check_workbook import problems

from factor_core import sample
from factor_core.errors import FactorError
from factor_core.own_data import FEWEST_RETURNS, read_own_data
from factor_core.workbook import command
from factor_core.workbook.build import MOST_ROWS, MOST_VALUES, build, from_own_data

ROOT = Path(__file__).parents[1]
ROWS = 130


def price_lines(*, gaps=True):
    """Return a file of the sample's first days: late start, missing days and a missing rate."""
    daily = sample.daily()
    lines = ["Day,Late,IBM,SPX,rf"]
    for i in range(ROWS):
        late, ibm, market = (float(daily.prices[i, j]) for j in (0, 2, 4))
        cells = [repr(late), repr(ibm), repr(market), repr(float(daily.rf[i]))]
        if gaps:
            cells[0] = "" if i < 30 or i == 80 else cells[0]
            cells[2] = "" if i in (100, 101) else cells[2]
            cells[3] = "" if i == 110 else cells[3]
        lines.append(",".join([daily.dates[i].isoformat(), *cells]))
    return lines


def return_lines():
    daily = sample.daily()
    moves = daily.prices[1:ROWS] / daily.prices[: ROWS - 1] - 1
    rows = [
        f"{day:%d/%m/%Y};{float(row[3])!r};{float(row[4])!r}"
        for day, row in zip(daily.dates[1:], moves, strict=False)
    ]
    return ["When;Fund;The market", *rows]


def written(path, lines):
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def make(book, **asked):
    files = {name: (asked.pop(name),) for name in ("prices", "returns", "source") if name in asked}
    return command.new(book, command.Request(**files, **asked))


@pytest.fixture(scope="module")
def gappy(tmp_path_factory):
    """Return the workbook of a file with gaps, and what was printed about it."""
    folder = tmp_path_factory.mktemp("gappy")
    prices = written(folder / "prices.csv", price_lines())
    run = subprocess.run(
        [sys.executable, "-m", "factor_core", "new", "own.xlsm", "--prices", str(prices)],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "core")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return (folder / "own.xlsm").read_bytes(), run.stdout


def values_of(workbook):
    return openpyxl.load_workbook(io.BytesIO(workbook), data_only=True)


def beside(sheet, label, column=2):
    for row in sheet.iter_rows(max_col=column):
        if row[0].value == label:
            return row[column - 1].value
    raise KeyError(label)


def words_in(book, word):
    return [
        f"{sheet.title}!{cell.coordinate}"
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value == word
    ]


# ------------------------------------------------------------------------- right results


def test_workbook_on_own_prices_with_gaps_is_right(gappy):
    book = values_of(gappy[0])
    assert problems(gappy[0]) == []
    assert words_in(book, "differs") == []
    assert len(words_in(book, "agrees")) > 100
    table = np.genfromtxt(io.StringIO("\n".join(price_lines())), delimiter=",", skip_header=1)
    y, x = excess(table[:, 1], table[:, 4]), excess(table[:, 3], table[:, 4])
    both = ~np.isnan(y) & ~np.isnan(x)
    fit = sm.OLS(y[both], sm.add_constant(x[both])).fit()
    start = book["Start"]
    assert start["B5"].value == "Late"
    assert beside(start, "Rows used") == both.sum() == fit.nobs
    assert beside(start, "Beta") == pytest.approx(fit.params[1], rel=1e-9)
    assert beside(start, "Alpha a year") == pytest.approx(fit.params[0] * 252, rel=1e-9)
    vol = fit.resid.std(ddof=1) * math.sqrt(252)
    assert beside(start, "Residual volatility a year") == pytest.approx(vol, rel=1e-9)


def excess(prices, rf):
    """Return excess returns; a return after a gap spans it."""
    known = np.where(np.isnan(prices), np.nan, prices)
    last = np.nan
    moves = np.full(len(prices), np.nan)
    for i, price in enumerate(known):
        moves[i] = price / last - 1
        last = last if np.isnan(price) else price
    return (moves - rf)[1:]


def test_series_show_missing_rows_as_not_available(gappy):
    sheet = values_of(gappy[0])["Hedged"]
    hedged = [sheet.cell(6 + i, 24).value for i in range(ROWS - 1)]
    shown = {i for i, value in enumerate(hedged) if value == "#N/A"}
    # Rows of returns: no asset up to its second price and on day 80, no market, no rate.
    assert shown == {*range(30), 79, 99, 100, 109}


def test_printed_table_holds_the_numbers_of_the_workbook(gappy):
    book, printed = gappy
    start = values_of(book)["Start"]
    row = next(line for line in printed.splitlines() if line.strip().startswith("Late"))
    name, alpha, t, beta, r2, vol, sharpe, appraisal, position, n = row.split()
    assert alpha == f"{beside(start, 'Alpha a year'):.2%}"
    assert t == f"{beside(start, 't of alpha, Newey-West'):.2f}"
    assert beta == f"{beside(start, 'Beta'):.3f}"
    assert r2 == f"{beside(start, 'R-squared'):.1%}"
    assert vol == f"{beside(start, 'Residual volatility a year'):.1%}"
    assert sharpe == f"{beside(start, 'Sharpe ratio, unhedged'):.2f}"
    assert appraisal == f"{beside(start, 'Appraisal ratio'):.2f}"
    assert position == f"${beside(start, 'Position for the budget, hedged'):,.0f}"
    assert n == f"{beside(start, 'Rows used')}"
    assert name == "Late"


def test_what_was_noticed_is_printed_and_stands_on_the_data_page(gappy):
    book, printed = gappy
    data = values_of(book)["Data"]
    texts = {cell.value for row in data.iter_rows(max_row=30) for cell in row}
    notes = [line[2:] for line in printed.splitlines() if line.startswith("- ")]
    assert any("Missing: Late 31, SPX 2" in note for note in notes)
    assert any("price index" in note for note in notes)
    assert set(notes) <= texts
    assert "prices.csv: your own prices." in texts


def test_workbook_on_own_returns_uses_them_as_they_are(tmp_path, capsys):
    returns = written(tmp_path / "returns.csv", return_lines())
    book = tmp_path / "own.xlsm"
    assert make(book, returns=returns, market="The market", rf="0.0252", periods=252) == 0
    values = values_of(book.read_bytes())
    fund = np.array([float(line.split(";")[1]) for line in return_lines()[1:]])
    market = np.array([float(line.split(";")[2]) for line in return_lines()[1:]])
    fit = sm.OLS(fund - 0.0001, sm.add_constant(market - 0.0001)).fit()
    assert beside(values["Start"], "Beta") == pytest.approx(fit.params[1], rel=1e-9)
    assert beside(values["Start"], "Alpha a year") == pytest.approx(fit.params[0] * 252, rel=1e-9)
    assert beside(values["Start"], "Market") == "The market"
    assert beside(values["Start"], "Risk-free rate a year") == pytest.approx(0.0252, rel=1e-12)
    assert words_in(values, "differs") == []
    assert problems(book.read_bytes()) == []
    assert f"wrote {book}" in capsys.readouterr().out


def test_rows_in_common_are_those_of_the_regression(tmp_path):
    own = read_own_data(written(tmp_path / "prices.csv", price_lines()))
    data = from_own_data(own, "prices.csv")
    excess_returns = command.excess_returns(data)
    for j, name in enumerate(data.assets):
        both = ~np.isnan(excess_returns.values[:, [j, -1]]).any(axis=1)
        assert data.in_common(name) == both.sum()


def test_the_shortest_file_makes_a_workbook_without_errors(tmp_path):
    lines = price_lines(gaps=False)[:10]
    own = read_own_data(written(tmp_path / "short.csv", lines))
    built = build(from_own_data(own, "short.csv"))
    assert built.errors == []
    assert beside(values_of(built.workbook)["Start"], "Rows used") == FEWEST_RETURNS
    assert words_in(values_of(built.workbook), "differs") == []
    with pytest.raises(FactorError, match="needs at least 9 prices"):
        read_own_data(written(tmp_path / "shorter.csv", lines[:-1]))


def test_an_asset_with_a_short_history_among_long_ones_makes_a_workbook_without_errors(tmp_path):
    lines = price_lines(gaps=False)
    late = [lines[0]]
    for i, line in enumerate(lines[1:]):
        day, first, *rest = line.split(",")
        late.append(",".join([day, first if i >= ROWS - 9 else "", *rest]))
    own = read_own_data(written(tmp_path / "late.csv", late))
    built = build(from_own_data(own, "late.csv"))
    assert built.errors == []
    start = values_of(built.workbook)["Start"]
    assert beside(start, "Asset") == "Late"
    assert beside(start, "Rows used") == FEWEST_RETURNS


def test_names_that_look_like_formulas_stay_texts(tmp_path):
    lines = price_lines(gaps=False)
    lines[0] = "Day,=1+1,600519,SPX,rf"
    own = read_own_data(written(tmp_path / "odd.csv", lines))
    built = build(from_own_data(own, "odd.csv"))
    assert built.errors == []
    start = values_of(built.workbook)["Start"]
    assert [start["B5"].value, start["B6"].value] == ["=1+1", "600519"]
    assert beside(start, "Rows used") == ROWS - 1


@pytest.mark.parametrize("name", ["Lat?", "*", "~Late", "x" * 256])
def test_a_name_with_a_wildcard_or_many_letters_chooses_its_own_column(tmp_path, name):
    lines = price_lines(gaps=False)
    lines[0] = f"Day,Late,{name},SPX,rf"
    built = build(from_own_data(read_own_data(written(tmp_path / "odd.csv", lines)), "odd.csv"))
    start = values_of(built.workbook)["Start"]
    table = np.genfromtxt(io.StringIO("\n".join(lines)), delimiter=",", skip_header=1)
    y, x = excess(table[:, 2], table[:, 4]), excess(table[:, 3], table[:, 4])
    assert start["B6"].value == name
    assert beside(start, "Beta", 3) == pytest.approx(np.polyfit(x, y, 1)[0], rel=1e-9)


def test_a_name_in_brackets_is_printed_as_it_stands(tmp_path, capsys):
    lines = price_lines(gaps=False)
    lines[0] = "Day,Fund [A],[/b],[x] market,rf"
    prices = written(tmp_path / "odd.csv", lines)
    assert make(tmp_path / "own.xlsm", prices=prices, market="[x] market") == 0
    printed = capsys.readouterr().out
    assert "Fund [A] " in printed
    assert " [/b] " in printed
    assert "Against [x] market, " in printed
    assert f'refresh "{tmp_path / "own.xlsm"}"' in printed


def test_without_a_file_the_sample_is_used():
    data = command._data(command.Request())
    assert data.assets == ("AAPL", "GOOG", "IBM", "MSFT")
    assert data.missing_dividends == 0.02
    assert any("price index" in note for note in data.notes)


def test_summary_of_the_sample_is_that_of_statsmodels():
    data = command._data(command.Request())
    prices, rf = data.values, data.rf
    returns = prices[1:] / prices[:-1] - 1 - rf[1:, None]
    shown = {row[0]: row[1:] for row in command.summary_rows(data)}
    for j, name in enumerate(data.assets):
        fit = sm.OLS(returns[:, j], sm.add_constant(returns[:, -1])).fit()
        assert shown[name][0] == f"{fit.params[0] * 252:.2%}"
        assert shown[name][2] == f"{fit.params[1]:.3f}"
        assert shown[name][3] == f"{fit.rsquared:.1%}"
        assert shown[name][-1] == "2012"


# ------------------------------------------------------------------------- joined factors


@pytest.fixture(scope="module")
def with_factors(tmp_path_factory):
    """Return a workbook of three years of monthly prices on CARHART, and what was printed."""
    folder = tmp_path_factory.mktemp("factors")
    months = sample.monthly(start=dt.date(2013, 12, 1), end=dt.date(2016, 12, 31))
    prices = 50 * np.cumprod(1 + months.industries[:, :2], axis=0)
    lines = ["Month,Food,Cars"]
    lines += [
        f"{day:%Y-%m},{food!r},{cars!r}"
        for i, (day, (food, cars)) in enumerate(zip(months.dates, prices.tolist(), strict=True))
        if i != 20
    ]
    path = written(folder / "funds.csv", lines)
    data = command._data(
        command.Request(prices=(path,), periods=12, factors="CARHART", factors_file="sample")
    )
    return data, build(data), months, np.delete(prices, 20, axis=0)


def test_joined_factors_stand_beside_the_returns_and_explain_every_asset(with_factors):
    _, built, months, prices = with_factors
    assert built.errors == []
    assert problems(built.workbook) == []
    book = values_of(built.workbook)
    assert words_in(book, "differs") == []
    sheet = book["Factors"]
    rows = range(6, 6 + len(prices) - 1)
    shown = np.array([[sheet.cell(i, j).value for j in range(2, 6)] for i in rows])
    frame = pd.DataFrame(np.column_stack([months.factors, months.rf]))
    frame[0] += frame[4]
    growth = (1 + frame).cumprod().drop(20)
    spans = (growth / growth.shift() - 1).iloc[1:]
    rf = spans[4].to_numpy()
    spans[0] -= rf
    assert shown == pytest.approx(spans[[0, 1, 2, 3]].to_numpy(), abs=1e-14)
    excess_food = prices[1:, 0] / prices[:-1, 0] - 1 - rf
    fit = sm.OLS(excess_food, sm.add_constant(spans[[0, 1, 2, 3]].to_numpy())).fit()
    regression = {row[6].value: row[7].value for row in sheet.iter_rows(min_row=6, max_row=10)}
    assert list(regression) == ["alpha", "Mkt-RF", "SMB", "HML", "Mom"]
    assert list(regression.values()) == pytest.approx(fit.params, rel=1e-9)


def test_the_printed_factor_table_holds_the_numbers_of_the_sheet(with_factors):
    data, built, *_ = with_factors
    sheet = values_of(built.workbook)["Factors"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_col=7)]
    header = next(i for i, row in enumerate(cells) if "alpha a year" in row)
    for row, printed in zip(
        cells[header + 1 :], command.factor_rows(data, data.factors), strict=False
    ):
        assert printed[0] == row[0]
        assert printed[1] == f"{row[1]:.2%}"
        assert printed[3:7] == [f"{beta:.3f}" for beta in row[3:7]]
        assert printed[-1] == f"{row[10]}"
    assert [row[0] for row in command.factor_rows(data, data.factors)] == ["Food", "Cars"]


def test_without_joined_factors_there_is_no_such_sheet(gappy):
    assert "Factors" not in values_of(gappy[0]).sheetnames


# ------------------------------------------------------------------------- bad input


def text_in_numbers():
    lines = price_lines()
    lines[50] = lines[50].replace(lines[50].split(",")[2], "n.a.?")
    return lines


def twice_the_same_date():
    lines = price_lines()
    return [*lines, lines[-1]]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["a,b", "1,2", "3,4"], "date"),
        (price_lines()[:2], "needs at least"),
        (text_in_numbers(), "n.a."),
        (twice_the_same_date(), "twice"),
        ([line.replace("SPX", "Chess") for line in price_lines()], "--market"),
        ([], "empty"),
    ],
)
def test_bad_file_is_one_sentence_and_leaves_no_workbook(lines, words, tmp_path):
    prices = written(tmp_path / "bad.csv", lines)
    book = tmp_path / "own.xlsm"
    with pytest.raises(FactorError, match=words) as caught:
        make(book, prices=prices)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) <= 250
    assert [path.name for path in tmp_path.iterdir()] == ["bad.csv"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"prices": "a.csv", "returns": "b.csv"}, "use one of them"),
        ({"market": "SPX"}, "name it with --prices or --returns"),
        ({"periods": 12}, "name it with --prices or --returns"),
        ({"prices": "a.csv", "dates": "ymd"}, "--dates"),
        ({"prices": "a.csv", "decimal": "dot"}, '--decimal is "dot"; use . or ,'),
        ({"decimal": ","}, "name it with --prices or --returns"),
        ({"sheet": "Prices"}, "name it with --prices or --returns"),
        ({"factors": "FF3"}, "name it with --prices or --returns"),
        ({"prices": "a.csv", "source": "a.csv"}, "--prices and --from are given; use one"),
        ({"prices": "a.csv", "factors_file": "sample"}, "say which with --factors"),
        ({"prices": "a.csv", "factors": "CAPM", "factors_file": "sample"}, "--factors CAPM: freq"),
        ({"prices": "missing.csv"}, "missing.csv"),
    ],
)
def test_arguments_that_do_not_fit_are_one_sentence(arguments, words, tmp_path):
    written(tmp_path / "a.csv", price_lines())
    paths = {
        name: tmp_path / value if name in ("prices", "returns", "source") else value
        for name, value in arguments.items()
    }
    with pytest.raises((FactorError, OSError), match=words):
        make(tmp_path / "own.xlsm", **paths)
    assert not (tmp_path / "own.xlsm").exists()


def test_workbook_is_never_overwritten(tmp_path):
    book = tmp_path / "mine.xlsm"
    book.write_bytes(b"a year of work")
    with pytest.raises(FactorError, match="exists"):
        make(book)
    assert book.read_bytes() == b"a year of work"


def test_name_must_end_in_xlsm_and_folder_must_exist(tmp_path):
    with pytest.raises(FactorError, match=r"\.xlsm"):
        make(tmp_path / "own.xlsx")
    with pytest.raises(FactorError, match="folder"):
        make(tmp_path / "nowhere" / "own.xlsm")
    with pytest.raises(FactorError, match=r"\.xlsm"):
        command.template(tmp_path / "own.xlsx")


def test_more_data_than_a_workbook_can_carry_is_one_sentence(tmp_path):
    daily = sample.daily()
    many = MOST_ROWS + 1
    first = daily.dates[0].toordinal()
    days = [daily.dates[0].fromordinal(first + i).isoformat() for i in range(many)]
    lines = ["Date,A,SPX", *(f"{day},{100 + i % 7},{200 + i % 5}" for i, day in enumerate(days))]
    with pytest.raises(FactorError, match=f"{many} rows"):
        make(tmp_path / "long.xlsm", prices=written(tmp_path / "long.csv", lines))
    wide = MOST_VALUES // 100 + 1
    names = ",".join(f"A{j}" for j in range(wide - 1))
    rows = [
        f"{day},{','.join(str(50 + (i * i + j) % 7) for j in range(wide - 1))},{200 + i % 5}"
        for i, day in enumerate(days[:101])
    ]
    lines = [f"Date,{names},SPX", *rows]
    with pytest.raises(FactorError, match=f"{wide} series"):
        make(tmp_path / "wide.xlsm", prices=written(tmp_path / "wide.csv", lines))
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".csv", ".csv"]


def test_error_exits_with_code_1_and_one_line(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "factor_core", "new", "own.xlsx"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "core")])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1
    assert run.stderr.startswith("factor-udfs: own.xlsx does not end in .xlsm")
