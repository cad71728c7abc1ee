"""`factor-udfs table`: a universe from a file is FACTOR_TABLE on the sheet, asset by asset."""

import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import universe_data as data
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import factor_udfs
from factor_core import __main__ as command_line
from factor_core import table_command, universe_files
from factor_core.delimited import read_delimited
from factor_core.errors import ExcelError, FactorError, InputError
from factor_core.inference import factor_table_each
from factor_core.universe import partition_size
from factor_core.universe_run import Options, Workers, estimate_universe
from factor_core.universe_sources import Reading

CLOSE = {"rel": 1e-10, "abs": 1e-13}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("universe")
    data.write_all(folder)
    return folder


def run(returns, factors, out, size=None, **options):
    """Estimate in this process."""
    workers = Workers(count=1, assets=size)
    return estimate_universe(Path(returns), Path(factors), out, Options(**options), workers)


def same(got, expected):
    """Assert that rows are equal, sentences included, and numbers but for rounding."""
    assert got.keys() == expected.keys()
    for name, row in got.items():
        *numbers, reason = row
        *others, other_reason = expected[name]
        assert reason == other_reason
        assert [number is None for number in numbers] == [other is None for other in others], name
        pairs = [pair for pair in zip(numbers, others, strict=True) if None not in pair]
        assert [a for a, _ in pairs] == pytest.approx([b for _, b in pairs], **CLOSE), name


@pytest.mark.parametrize("se", ["hac", "ols", "hc3"])
@pytest.mark.parametrize("form", ["wide.parquet", "long.csv"])
def test_the_table_is_factor_table_on_the_sheet(folder, tmp_path, form, se):
    report = run(
        folder / form, folder / "factors.csv", tmp_path / "t.parquet", 7, periods=12, se=se
    )
    header, rows = data.read(tmp_path / "t.parquet")
    names, y, x = data.panel()
    sheet_header, sheet = data.on_the_sheet(names, y, x, 12, se)
    assert header == [*sheet_header, "error"]
    assert rows.keys() == sheet.keys()
    for name, cells in sheet.items():
        *numbers, reason = rows[name]
        errors = [cell for cell in cells if isinstance(cell, ExcelError)]
        assert [number is None for number in numbers] == [cell in errors for cell in cells]
        shown = [cell for cell in cells if cell not in errors]
        found = [number for number in numbers if number is not None]
        assert found == pytest.approx(shown, **CLOSE), name
        assert (reason is None) == (not errors)
        if errors:
            code, sentence = reason.split(" ", 1)
            place = f"asset_returns column {names.index(name) + 1} ({name})"
            assert (code, sentence) == (errors[0], errors[0].message.replace(place, name))
    assert report.written.estimated == data.ASSETS - len(data.UNESTIMATED)
    assert report.written.errors == len(data.UNESTIMATED) + 2
    assert report.exit_code == 3


@pytest.fixture(scope="module")
def expected(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("expected") / "t.parquet"
    run(folder / "wide.parquet", folder / "factors.parquet", out)
    return data.read(out)


@pytest.mark.parametrize("form", data.FORMS)
@pytest.mark.parametrize("out", ["t.parquet", "t.csv"])
def test_every_form_of_the_same_returns_gives_the_same_table(
    folder, tmp_path, monkeypatch, expected, form, out
):
    monkeypatch.setattr(universe_files, "BATCH", 700)  # rows of a long file; a CSV file's blocks
    monkeypatch.setattr(universe_files, "BLOCK", 20_000)  # hold about 100 rows of the wide one
    run(folder / form, folder / "factors.csv", tmp_path / out, 7)
    header, rows = data.read(tmp_path / out)
    if out.endswith("csv"):  # a blank cell is the CSV form of a missing sentence
        rows = {name: (*row[:-1], row[-1] or None) for name, row in rows.items()}
    assert header == expected[0]
    same(rows, expected[1])


@given(size=st.integers(1, data.ASSETS + 1), form=st.sampled_from(data.FORMS))
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_table_does_not_depend_on_the_partitions(folder, tmp_path, expected, size, form):
    out = tmp_path / "t.parquet"
    out.unlink(missing_ok=True)
    report = run(folder / form, folder / "factors.parquet", out, size)
    assert report.partitions == math.ceil(data.ASSETS / size)
    same(data.read(out)[1], expected[1])


def test_assets_keep_the_order_of_the_columns(folder, tmp_path):
    run(folder / "wide.csv", folder / "factors.csv", tmp_path / "t.parquet", 4)
    assert list(data.read(tmp_path / "t.parquet")[1]) == data.panel()[0]


def test_rows_in_any_order_and_dates_without_factors_change_nothing(folder, tmp_path, expected):
    names, y, x = data.panel()
    older = data.days(5, "2019-01-01")
    dates = np.concatenate([older, data.days()])
    more = np.vstack([np.full((5, y.shape[1]), 0.5), y])
    order = np.random.default_rng(1).permutation(len(dates))
    data.write(tmp_path / "r.csv", names, more[order], dates[order])
    data.write(tmp_path / "f.parquet", data.FACTORS, x[::-1], data.days()[::-1])
    for form in ("csv", "parquet"):
        data.write(tmp_path / f"r.{form}", names, more[order], dates[order])
        report = run(
            tmp_path / f"r.{form}", tmp_path / "f.parquet", tmp_path / f"{form}.parquet", 9
        )
        same(data.read(tmp_path / f"{form}.parquet")[1], expected[1])
        (note,) = report.notes
        assert note == (
            f"5 of the 135 dates of r.{form} (2019-01-01 to 2019-01-07) have no factors and are "
            "left out."
        )


def test_a_rate_among_the_factors_is_taken_off_as_excess_returns_does(folder, tmp_path):
    names, y, x = data.panel()
    rng = np.random.default_rng(3)
    rate = np.where(rng.random(data.ROWS) < 0.1, np.nan, 0.0001 * rng.random(data.ROWS))
    data.write(tmp_path / "f.csv", [*data.FACTORS, "RF"], np.column_stack([x, rate]))
    with pytest.raises(InputError, match="say --rf RF to take it off the returns, or --rf none"):
        run(folder / "wide.csv", tmp_path / "f.csv", tmp_path / "t.parquet")
    run(folder / "wide.csv", tmp_path / "f.csv", tmp_path / "t.parquet", 6, rf="RF")
    data.write(tmp_path / "excess.parquet", names, y - rate[:, None])
    run(tmp_path / "excess.parquet", tmp_path / "f.csv", tmp_path / "e.parquet", 6, rf="none")
    got, excess = (data.read(tmp_path / f"{name}.parquet") for name in "te")
    assert got[0] == excess[0] == [*data.on_the_sheet(names, y, x)[0], "error"]
    del got[1][names[data.CONSTANT]], excess[1][names[data.CONSTANT]]  # no longer constant
    same(got[1], excess[1])
    dated = [[None if np.isnan(v) else v] for v in rate]
    cells = factor_udfs.EXCESS_RETURNS(
        [[None if np.isnan(v) else v] for v in y[:, 0].tolist()], dated
    )
    cells = [[None if isinstance(v, ExcelError) else v] for (v,) in cells]
    factors = [[None if np.isnan(v) else v for v in row] for row in x.tolist()]
    _, (_, *sheet) = factor_udfs.FACTOR_TABLE(cells, factors)
    assert list(got[1][names[0]][:-1]) == pytest.approx(sheet, **CLOSE)


@pytest.mark.parametrize("form", ["long.parquet", "long.csv"])
def test_an_unusable_asset_is_a_row_that_says_why_and_harms_no_other(
    folder, tmp_path, expected, form
):
    names, y, _ = data.panel()
    y = y.copy()
    y[20, 0] = np.inf
    dates = np.concatenate([data.days(), data.days()[40:41]])
    again = np.full((1, len(names)), np.nan)
    again[0, 1] = 0.01
    data.write_long(tmp_path / form, names, np.vstack([y, again]), dates)
    report = run(tmp_path / form, folder / "factors.csv", tmp_path / "t.parquet", 6)
    _, rows = data.read(tmp_path / "t.parquet")
    infinite, twice = rows.pop(names[0]), rows.pop(names[1])
    days = data.days()
    assert infinite[-1] == (
        f"#VALUE! BRK is infinite on {days[20]}; use a number or leave it blank"
    )
    assert twice[-1] == f"#VALUE! BRK.B has two returns on {days[40]}; keep one"
    assert set(infinite[:-2] + twice[:-2]) == {None}
    same(rows, {name: row for name, row in expected[1].items() if name not in names[:2]})
    assert report.written.estimated == data.ASSETS - len(data.UNESTIMATED) - 2


def test_where_nothing_can_be_estimated_every_asset_has_a_row_and_the_exit_code_is_1(
    folder, tmp_path
):
    names, y, x = data.panel()
    x = np.column_stack([x[:, 0], 2 * x[:, 0]])
    data.write(tmp_path / "f.csv", ["MKT", "TWICE"], x)
    report = run(folder / "wide.csv", tmp_path / "f.csv", tmp_path / "t.parquet", 5)
    _, rows = data.read(tmp_path / "t.parquet")
    assert list(rows) == names
    _, refused = factor_table_each(y, x)
    assert len(refused) == len(names)
    assert "TWICE" in rows["BRK"][-1]
    assert report.exit_code == 1
    assert report.written.estimated == 0


def test_a_complete_universe_has_exit_code_0(tmp_path):
    rng = np.random.default_rng(1)
    data.write(tmp_path / "r.csv", ["A", "B"], rng.normal(0, 0.01, (50, 2)))
    data.write(tmp_path / "f.csv", ["MKT"], rng.normal(0, 0.01, (50, 1)))
    assert run(tmp_path / "r.csv", tmp_path / "f.csv", tmp_path / "t.parquet").exit_code == 0


# ------------------------------------------------------------------ files as others write them


def text(path, content):
    path.write_text(content, encoding="utf-8")
    return path


def test_semicolons_decimal_commas_and_days_first_are_read(tmp_path):
    rng = np.random.default_rng(2)
    y, x = rng.normal(0, 0.01, (40, 2)), rng.normal(0, 0.01, (40, 1))
    days = data.days(40)
    data.write(tmp_path / "plain.csv", ["A", "B"], y)
    data.write(tmp_path / "f.csv", ["MKT"], x)
    lines = ["Datum;A;B"]
    for day, row in zip(days.astype(object), y.tolist(), strict=True):
        lines.append(f"{day:%d/%m/%Y};" + ";".join(repr(v).replace(".", ",") for v in row))
    text(tmp_path / "european.csv", "\n".join(lines) + "\n\n")
    for name in ("plain", "european"):
        run(tmp_path / f"{name}.csv", tmp_path / "f.csv", tmp_path / f"{name}.parquet")
    one, other = (data.read(tmp_path / f"{name}.parquet") for name in ("plain", "european"))
    assert one == other


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("layout", ["wide", "long"])
def test_names_in_any_encoding_and_blank_lines_are_read(tmp_path, encoding, layout):
    rng = np.random.default_rng(2)
    y, x = rng.normal(0, 0.01, (40, 2)), rng.normal(0, 0.01, (40, 1))
    data.write(tmp_path / "f.csv", ["MKT"], x)
    names = ["Soci\u00e9t\u00e9", "NA"]  # a name, although a return may be called so
    (data.write if layout == "wide" else data.write_long)(tmp_path / "r.csv", names, y)
    header, first, *rest = (tmp_path / "r.csv").read_text(encoding="utf-8").split("\n")
    lines = [header, "", first, "", *rest]
    (tmp_path / "r.csv").write_bytes("\r\n".join(lines).encode(encoding))
    reading = Reading(columns="date,asset,return" if layout == "long" else None)
    report = run(tmp_path / "r.csv", tmp_path / "f.csv", tmp_path / "t.parquet", reading=reading)
    assert set(data.read(tmp_path / "t.parquet")[1]) == set(names)
    assert any("Windows-1252" in note for note in report.notes) == (encoding == "cp1252")
    assert all(row[-2] == 40 for row in data.read(tmp_path / "t.parquet")[1].values())


def lines_of(path):
    return path.read_text(encoding="utf-8").splitlines()


def rewritten(path, lines, **how):
    path.write_text("\n".join(lines) + "\n", **({"encoding": "utf-8"} | how))
    return path


@pytest.mark.parametrize("form", ["wide.csv", "long.csv"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252"])
def test_titles_above_and_small_print_below_the_table_are_left_out(
    folder, tmp_path, expected, form, encoding
):
    """A title may have lines of its own, and small print as many cells as the table."""
    above = ["Soci\u00e9t\u00e9 X", "", '"Two lines', 'in a cell",monthly', ""]
    names, *rows = lines_of(folder / form)
    below = ["", "Source: X,,", "May be revised"]
    path = rewritten(tmp_path / "r.csv", [*above, names, "", *rows, *below], encoding=encoding)
    report = run(path, folder / "factors.csv", tmp_path / "t.parquet", 7)
    same(data.read(tmp_path / "t.parquet")[1], expected[1])
    assert any('row 1 "Soci\u00e9t\u00e9 X"; row 3 "Two lines in a cell' in n for n in report.notes)
    assert 'Below the table, left out: "Source: X"; "May be revised".' in report.notes


def test_the_row_of_a_bad_cell_is_counted_with_the_titles_above(folder, tmp_path):
    names, *rows = lines_of(folder / "wide.csv")
    date, _, *others = rows[100].split(",")
    rows[100] = ",".join([date, "oops", *others])
    path = rewritten(tmp_path / "r.csv", ["A title", "", names, *rows])
    with pytest.raises(InputError, match="row 104, column 'BRK' is text \"oops\""):
        run(path, folder / "factors.csv", tmp_path / "t.parquet")


def test_blank_cells_right_of_the_names_are_left_out_and_others_refused(folder, tmp_path, expected):
    lines = [f"{line},," for line in lines_of(folder / "wide.csv")]
    path = rewritten(tmp_path / "r.csv", lines)
    run(path, folder / "factors.csv", tmp_path / "t.parquet", 7)
    same(data.read(tmp_path / "t.parquet")[1], expected[1])
    rewritten(path, [*lines[:100], f"{lines[100][:-1]}0.5,", *lines[101:]])
    with pytest.raises(InputError, match=r'row 101 has "0\.5" right of the last name'):
        run(path, folder / "factors.csv", tmp_path / "u.parquet", 7)


def test_digits_in_any_order_are_dates_where_the_column_is_named(folder, tmp_path, expected):
    names, *rows = lines_of(folder / "long.csv")
    header = names.replace("date", "ymd")
    path = rewritten(tmp_path / "r.csv", [header, *(row.replace("-", "", 2) for row in rows)])
    reading = Reading(columns=header.replace('"', ""))
    run(path, folder / "factors.csv", tmp_path / "t.parquet", 7, reading=reading)
    same(data.read(tmp_path / "t.parquet")[1], expected[1])


def test_text_between_rows_of_data_is_no_small_print(folder, tmp_path):
    names, *rows = lines_of(folder / "long.csv")
    path = rewritten(tmp_path / "r.csv", [names, *rows[:300], "Source: X", *rows[300:]])
    with pytest.raises(InputError, match="row 302 has 1 cells where the names are 3"):
        run(path, folder / "factors.csv", tmp_path / "t.parquet")


@pytest.mark.parametrize("rows", [20, 100])
def test_only_the_first_rows_of_a_file_are_read_as_text(tmp_path, rows):
    first = [f"{day},0.01,0.02" for day in data.days(rows)]
    path = rewritten(tmp_path / "r.csv", ["date,A,B", *first, "Source: X"])
    table = read_delimited(path, first_rows=universe_files.HEAD_ROWS)
    assert len(table.columns[0].rows) == min(rows, universe_files.HEAD_ROWS - 1)
    assert (table.notes, table.encoding, table.delimiter) == ([], "utf-8-sig", ",")


def french_file(path, values, days):
    """Write a file of factors as Kenneth French does: percent, and annual rows below."""
    percent = [",".join(f"{v * 100:8.2f}" for v in row) for row in values]
    daily = [f"{day:%Y%m%d},{row}" for day, row in zip(days.astype(object), percent, strict=True)]
    prose = ["This file was created by using the CRSP database.", ""]
    annual = ["", " Annual Factors: January-December", ",Mkt-RF,SMB,RF", f"2020,{percent[0]}", ""]
    owner = "Copyright 2026 Eugene F. Fama and Kenneth R. French"
    return rewritten(path, [*prose, ",Mkt-RF,SMB,RF", *daily, *annual, owner])


def test_factors_of_kenneth_french_are_taken_as_percent_and_returns_of_his_refused(tmp_path):
    rng = np.random.default_rng(4)
    x = np.round(rng.normal(0, 0.01, (60, 3)), 4)
    data.write(tmp_path / "r.csv", ["A", "B"], rng.normal(0, 0.01, (60, 2)))
    data.write(tmp_path / "own.csv", ["Mkt-RF", "SMB", "RF"], x)
    his = french_file(tmp_path / "his.csv", x, data.days(60))
    report = run(tmp_path / "r.csv", his, tmp_path / "his.parquet", rf="RF")
    run(tmp_path / "r.csv", tmp_path / "own.csv", tmp_path / "own.parquet", rf="RF")
    got, own = (data.read(tmp_path / f"{name}.parquet") for name in ("his", "own"))
    assert got[0] == own[0]
    same(got[1], own[1])
    assert any("percent were divided by 100" in note for note in report.notes)
    with pytest.raises(InputError, match="holds no monthly table, which --periods 12 asks for"):
        run(tmp_path / "r.csv", his, tmp_path / "t.parquet", rf="RF", periods=12)
    with pytest.raises(InputError, match="is a file of Kenneth French's, with percent"):
        run(his, tmp_path / "own.csv", tmp_path / "t.parquet", rf="RF", periods=12)
    lines = lines_of(his)
    rewritten(his, [*lines[:63], "", "Other", *lines[2:]])
    with pytest.raises(InputError, match="holds several tables; save one as its own CSV:"):
        run(tmp_path / "r.csv", his, tmp_path / "t.parquet", rf="RF")


@pytest.mark.parametrize(
    "column",
    [
        pytest.param(lambda days: days.astype("datetime64[ns]"), id="moments"),
        pytest.param(lambda days: [str(day) for day in days], id="text"),
        pytest.param(lambda days: [int(str(d).replace("-", "")) for d in days], id="20200131"),
        pytest.param(lambda days: pa.array(days).cast(pa.date64()), id="date64"),
    ],
)
def test_dates_of_parquet_files_may_have_any_type(folder, tmp_path, expected, column):
    table = pq.read_table(folder / "wide.parquet")
    pq.write_table(
        table.set_column(0, "date", pa.array(column(data.days()))), tmp_path / "r.parquet"
    )
    report = run(tmp_path / "r.parquet", folder / "factors.csv", tmp_path / "t.parquet", 9)
    same(data.read(tmp_path / "t.parquet")[1], expected[1])
    assert report.notes == []


def test_columns_of_a_long_file_with_more_columns_are_named(folder, tmp_path, expected):
    table = pq.read_table(folder / "long.parquet")
    numbers = {name: 100 + j for j, name in enumerate(data.panel()[0])}  # assets are numbers here
    ids = pa.array([numbers[name] for name in table["asset"].to_pylist()])
    table = table.set_column(1, "permno", ids).append_column("price", table["return"])
    pq.write_table(table, tmp_path / "r.parquet")
    with pytest.raises(InputError, match="--columns DATE,ASSET,RETURN"):
        run(tmp_path / "r.parquet", folder / "factors.csv", tmp_path / "t.parquet")
    reading = Reading(columns="date, permno, return")
    run(tmp_path / "r.parquet", folder / "factors.csv", tmp_path / "t.parquet", 9, reading=reading)
    _, rows = data.read(tmp_path / "t.parquet")
    renamed = {}
    for name, number in numbers.items():
        *cells, reason = expected[1][name]
        renamed[str(number)] = (*cells, reason and reason.replace(f" {name} ", f" {number} "))
    same(rows, renamed)


# ------------------------------------------------------------------ what is refused, in a sentence

DAY = "2020-01-01"
BAD_RETURNS = {
    "missing": (None, "cannot be read: No such file"),
    "a folder": (..., "is a folder; give one Parquet or CSV file"),
    "empty": ("", "is empty"),
    "only names": ("date,A,B\n", "no row of data"),
    "no dates": ("x,A\n0.1,0.2\n0.3,0.1\n", "has no column of dates"),
    "two of a name": (f"date,A,A\n{DAY},0.1,0.2\n", "columns 2 and 3 are both named 'A'"),
    "no name": (f"date,A,,B\n{DAY},0.1,0.2,0.1\n", "column 3 has no name"),
    "no names": (f"{DAY},0.1\n2020-01-02,0.1\n", "begins with data; put a row of names above"),
    "text": (
        f"date,A,B\n{DAY},0.1,oops\n2020-01-02,0.1,0.2\n",
        "column 'B' holds text such as \"oops\"",
    ),
    "percent": (f"date,A,B,C\n{DAY},0.1,1.2%,0\n", 'such as "1.2%"; use decimal numbers'),
    "short row": (f"date,A,B\n{DAY},0.1\n", "row 2 has 2 cells where the names in row 1 are 3"),
    "repeated date": (f"date,A\n{DAY},0.1\n{DAY},0.2\n", "rows 2 and 3 are both of 2020-01-01"),
    "two times of a day": (
        f"date,A\n{DAY} 10:00,0.1\n{DAY} 16:00,0.2\n",
        "two rows for the date 2020-01-01",
    ),
    "blank date": (f"date,A\n{DAY},0.1\n,0.2\n", "row 3, column 'date' is blank"),
    "impossible date": (
        f"date,A\n{DAY},0.1\n2020-01-02,0.2\n2020-13-45,NA\n",
        "row 4, column 'date' is \"2020-13-45\", which is no date",
    ),
    "no shared date": ("date,A\n1999-01-01,0.1\n", "no date of r.csv (1999-01-01 to 1999-01-01)"),
    "order of days": ("date,A\n01/02/2020,0.1\n", "say --dates dmy"),
    "other mark": ('date,A\n2020-01-01,"1,234"\n', "--decimal"),
    "a web page": ("<html>", "is a web page"),
    "damaged": ("PAR1 and so on", "is a damaged Parquet file"),
}


@pytest.mark.parametrize("case", BAD_RETURNS)
def test_a_file_that_cannot_be_read_is_a_sentence_and_leaves_nothing(folder, tmp_path, case):
    content, expected = BAD_RETURNS[case]
    if content is ...:
        (tmp_path / "r.csv").mkdir()
    elif content is not None:
        text(tmp_path / "r.csv", content)
    with pytest.raises(FactorError) as error:
        run(tmp_path / "r.csv", folder / "factors.csv", tmp_path / "t.parquet")
    assert expected in str(error.value)
    assert len(str(error.value)) <= 250
    assert {path.name for path in tmp_path.iterdir()} <= {"r.csv"}


def test_a_bad_cell_below_the_first_rows_is_named_by_row_and_column(folder, tmp_path):
    rows = [f"{day},{0.01 * j},0.02" for j, day in enumerate(data.days())]
    for cell, expected in (
        ("oops", "row 92, column 'A' is text \"oops\"; use a decimal number"),
        ("0.1,0.1", "row 92 has 4 cells where the names are 3"),
    ):
        bad = [*rows[:90], f"{data.days()[90]},{cell},0.01", *rows[91:]]
        text(tmp_path / "r.csv", "\n".join(["date,A,B", *bad]))
        with pytest.raises(InputError, match=expected):
            run(tmp_path / "r.csv", folder / "factors.csv", tmp_path / "t.parquet")


BAD_FACTORS = {
    "text": (f"date,MKT\n{DAY},oops\n", "column 'MKT' is text \"oops\""),
    "repeated date": (f"date,MKT\n{DAY},0.1\n{DAY},0.2\n", "two rows of 2020-01-01; keep one"),
    "only a rate": (f"date,RF\n{DAY},0.1\n", "has a risk-free rate 'RF', which is no factor"),
    "no names": (f"{DAY},0.1\n2020-01-02,0.1\n", "begins with data"),
    "no name": (f"date,MKT,\n{DAY},0.1,0.2\n", "row 2 has 3 cells where the names"),
}


@pytest.mark.parametrize("case", BAD_FACTORS)
def test_bad_factors_are_a_sentence(folder, tmp_path, case):
    content, expected = BAD_FACTORS[case]
    with pytest.raises(InputError) as error:
        run(folder / "wide.csv", text(tmp_path / "f.csv", content), tmp_path / "t.parquet")
    assert expected in str(error.value)
    assert "\n" not in str(error.value)


def test_bad_columns_of_parquet_files_are_a_sentence(folder, tmp_path):
    dates = pa.array(data.days(2))

    def refused(columns, part, factors=False):
        pq.write_table(pa.table(columns), tmp_path / "r.parquet")
        files = (folder / "wide.csv", tmp_path / "r.parquet")
        with pytest.raises(InputError) as error:
            run(*(files if factors else files[::-1]), tmp_path / "t.parquet")
        assert part in str(error.value)

    refused({"date": dates, "A": [True, False]}, "column 'A' holds bool; use numbers")
    refused({"date": dates, "A": [0.1, 0.2], "B": dates, "C": dates}, "has dates in columns")
    refused({"date": dates, "A": ["x", "y"], "B": ["x", "y"]}, 'holds text such as "x"')
    refused({"date": dates}, "has no column of returns beside 'date'")
    refused({"date": dates[:0], "A": pa.array([], pa.float64())}, "has no row of data")
    refused(
        {"date": pa.array([data.days(1)[0].item(), None]), "A": [0.1, 0.2]}, "row 2, column 'date'"
    )
    refused({"date": dates, "A": ["x", ""], "R": [0.1, 0.2]}, "row 2, column 'A' is blank")
    refused({"date": dates, "A": ["x", "y"], "R": [0.1, 0.2]}, "is a long file", factors=True)
    refused({"date": dates, "A": [0.1, np.inf]}, "has an infinite 'A' on 2020-01-02", factors=True)


def invoke(*arguments):
    environment = {"COLUMNS": "200", "NO_COLOR": "1"}
    return CliRunner().invoke(command_line.app, ["table", *map(str, arguments)], env=environment)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--out", "t.xlsx"], "--out t.xlsx must end in .parquet or .csv"),
        (["--out", "nowhere/t.csv"], "there is no folder"),
        (["--out", "factors.csv"], "factors.csv exists; choose another --out"),
        (["--periods", 0], "periods is 0; it must be above 0"),
        (["--se", "newey"], 'se is "newey"; use one of ols, hc0'),
        (["--workers", 0], "--workers is 0; use 1 or more"),
        (["--partition-size", 0], "--partition-size is 0; use 1 or more"),
        (["--memory", 0.001], "one asset of 130 rows needs 0.0 MB"),
        (["--memory", 100, "--partition-size", 5], "use one of them"),
        (["--workers", 2, "--scheduler", "tcp://127.0.0.1:1"], "a cluster has its own"),
        (["--columns", "date,asset"], "name three columns: --columns DATE,ASSET,RETURN"),
        (["--columns", "date,asset,price"], "has no column 'asset'; it has date, BRK"),
        (["--rf", "cash"], "has no column 'cash' for --rf; it has MKT, SMB, HML"),
        (["--dates", "ymd"], '--dates is "ymd"; use dmy or mdy'),
        (["--decimal", ";"], '--decimal is ";"; use . or ,'),
    ],
)
def test_a_bad_option_is_a_sentence(folder, monkeypatch, arguments, expected):
    monkeypatch.chdir(folder)
    done = invoke("wide.csv", "--factors", "factors.csv", *arguments)
    assert isinstance(done.exception, FactorError)
    assert expected in str(done.exception)
    assert not list(folder.glob("*.parts"))


def test_a_package_that_is_missing_is_named_with_its_remedy(folder, monkeypatch):
    monkeypatch.setattr(table_command, "NEEDED", ("numpy", "not_a_package_anywhere"))
    done = invoke(folder / "wide.csv", "--factors", folder / "factors.csv")
    assert str(done.exception) == (
        'table needs not_a_package_anywhere: pip install "factor-udfs[table]"'
    )


def test_the_command_writes_the_table_beside_the_returns_and_says_what_is_in_it(folder, expected):
    done = invoke(folder / "wide.csv", "--factors", folder / "factors.csv", "--memory", 64)
    out = folder / "wide_table.parquet"
    assert done.exit_code == 3
    same(data.read(out)[1], expected[1])
    assert "21 of 23 assets estimated on 3 factor(s)" in done.output
    assert "4 with an error:" in done.output
    for name in ("A3", "A5", "A8", "A11"):
        assert f"  {name}: {expected[1][name][-1]}" in done.output
    assert f"wrote {out}" in done.output
    assert not list(folder.glob("*.parts"))
    out.unlink()


def test_a_partition_holds_what_the_memory_allows():
    sizes = [partition_size(2520, megabytes) for megabytes in (1, 8, 64, 10_000)]
    assert sizes == sorted(sizes)
    assert sizes[0] >= 1
    assert partition_size(25_200, 64) == pytest.approx(partition_size(2520, 64) / 10, abs=1)
