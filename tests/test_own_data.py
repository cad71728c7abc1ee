"""The analyst's own CSV: what the file proves is right, what it leaves open is one sentence."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core import sample
from factor_core.errors import InputError
from factor_core.own_data import read_own_data
from factor_core.text_table import MOST_ROWS

DAYS = [dt.date(2020, 1, 27) + dt.timedelta(days=i) for i in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
LATER = [DAYS[-1] + dt.timedelta(days=i) for i in range(1, 16)]
STOCK = [100.0, 101.5, 99.25, 98.0, 100.75, 102.0, 103.5, 101.0, 100.5, 104.25]
INDEX = [3200.5, 3210.25, 3190.75, 3185.5, 3205.0, 3220.25, 3240.5, 3215.0, 3210.5, 3255.75]
MOVES = [0.011, -0.02, 0.004, 0.0, 0.013, -0.006, 0.002, -0.011, 0.008, 0.001]
MARKET_MOVES = [0.008, -0.012, 0.003, 0.001, 0.009, -0.004, 0.0, -0.007, 0.006, 0.002]


@pytest.fixture
def csv(tmp_path):
    def write(*lines, encoding="utf-8", name="own.csv"):
        path = tmp_path / name
        path.write_bytes("\n".join(lines).encode(encoding))
        return path

    return write


def lines(header="Date,AAPL,SPX", sep=",", *, day=str, number=repr, stock=STOCK, index=INDEX):
    rows = zip(DAYS, stock, index, strict=True)
    return [header, *(sep.join([day(d), number(a), number(b)]) for d, a, b in rows)]


def refused(path, words, **arguments):
    with pytest.raises(InputError, match=words) as caught:
        read_own_data(path, **arguments)
    text = str(caught.value)
    assert text.isascii()
    assert "\n" not in text
    assert len(text) <= 250
    assert path.name in text or "column" not in words


def assert_read(data):
    assert data.dates == tuple(DAYS)
    assert data.values.tolist() == [list(row) for row in zip(STOCK, INDEX, strict=True)]
    assert data.names == ("AAPL", "SPX")


# Right results ----------------------------------------------------------------------------------


def test_plain_file_is_read_as_it_stands(csv):
    data = read_own_data(csv(*lines()))
    assert_read(data)
    assert data.market == "SPX"
    assert data.assets == ("AAPL",)
    assert data.rf.tolist() == [0.0] * 10
    assert data.periods == 252.0


def test_sample_written_as_csv_reads_back_bit_for_bit(csv):
    original = sample.daily()
    rows = [
        ",".join([day.isoformat(), *map(repr, row.tolist()), repr(rate)])
        for day, row, rate in zip(
            original.dates, original.prices, original.rf.tolist(), strict=True
        )
    ]
    header = ",".join(["date", *original.names, "rf"])
    data = read_own_data(csv(header, *rows))
    assert data.dates == original.dates
    assert data.names == original.names
    assert data.values.tolist() == original.prices.tolist()
    assert data.rf.tolist() == original.rf.tolist()
    assert data.market == original.market


@pytest.mark.parametrize(
    ("sep", "encoding"),
    [(",", "utf-8-sig"), (";", "utf-8"), ("\t", "utf-16"), ("|", "utf-8"), ("\t", "cp1252")],
)
def test_delimiter_and_encoding_do_not_change_the_result(csv, sep, encoding):
    assert_read(read_own_data(csv(*lines(f"Date{sep}AAPL{sep}SPX", sep), encoding=encoding)))


def test_carriage_returns_and_blank_rows_are_no_data(csv):
    text = "\r\n".join([*lines(), "", ",,", " , , "])
    data = read_own_data(csv(text, ""))
    assert_read(data)
    assert not any("blank row" in note for note in data.notes)
    inside = read_own_data(csv(*lines()[:4], "", *lines()[4:], name="inside.csv"))
    assert_read(inside)
    assert "1 blank row skipped." in inside.notes


def test_blank_columns_at_the_right_are_no_series(csv):
    assert_read(read_own_data(csv(*(line + ",," for line in lines()))))
    data = read_own_data(csv(*(line.replace(",", ",,", 1) for line in lines()), name="inside.csv"))
    assert_read(data)
    assert "1 blank column(s) without a name skipped." in data.notes


def test_date_column_is_found_by_its_cells_not_by_its_place(csv):
    rows = [f"{a!r},{d},{b!r}" for d, a, b in zip(DAYS, STOCK, INDEX, strict=True)]
    assert_read(read_own_data(csv("AAPL,Wann,SPX", *rows)))


@pytest.mark.parametrize(
    ("day", "note"),
    [
        (str, "written as 2020-01-31"),
        (lambda d: f"{d:%Y/%m/%d}", "written as 2020-01-31"),
        (lambda d: f"{d:%Y.%m.%d}", "written as 2020-01-31"),
        (lambda d: f"{d.year}-{d.month}-{d.day}", "written as 2020-01-31"),
        (lambda d: f"{d:%Y%m%d}", "written as 20200131"),
        (lambda d: f"{d}T16:00:00+00:00", "time of day was cut off"),
        (lambda d: f"{d} 00:00:00", "time of day was cut off"),
        (lambda d: f"{d:%d/%m/%Y}", "31/01/2020 (day first)"),
        (lambda d: f"{d.day}.{d.month}.{d.year}", "31/01/2020 (day first)"),
        (lambda d: f"{d:%m/%d/%Y}", "01/31/2020 (month first)"),
        (lambda d: f"{d:%m-%d-%Y} 16:00", "time of day was cut off"),
        (lambda d: f"{d:%m/%d/%y}", "two-digit years"),
        (lambda d: f"{d:%d-%b-%Y}", "31-Jan-2020"),
        (lambda d: f"{d:%d %B %Y}", "31-Jan-2020"),
        (lambda d: f"{d:%d-%b-%y}", "two-digit years"),
        (lambda d: f'"{d:%b %d, %Y}"', "Jan 31, 2020"),
        (lambda d: str((d - dt.date(1899, 12, 30)).days), "Excel's number of the day"),
        (lambda d: f"{(d - dt.date(1899, 12, 30)).days}.6875", "time of day was cut off"),
    ],
)
def test_every_form_of_date_is_read_and_named(csv, day, note):
    data = read_own_data(csv(*lines(day=day)))
    assert_read(data)
    assert note in " ".join(data.notes)


def test_four_digit_years_and_whole_days_are_not_remarked_on(csv):
    for form in (str, lambda d: f"{d:%d/%m/%Y}", lambda d: f"{d:%d %b %Y}"):
        notes = " ".join(read_own_data(csv(*lines(day=form))).notes)
        assert "two-digit" not in notes
        assert "cut off" not in notes


@pytest.mark.parametrize("form", ["%Y-%m", "%Y%m"])
def test_months_are_dated_at_their_end(csv, form):
    months = [dt.date(2019, m, 1) for m in range(1, 11)]
    rows = [
        f"{m.strftime(form)},{r},{s}" for m, r, s in zip(months, MOVES, MARKET_MOVES, strict=True)
    ]
    data = read_own_data(csv("Month,Fund,Index", *rows), "returns", periods=12)
    assert data.dates[1] == dt.date(2019, 2, 28)


def test_ambiguous_days_are_read_by_the_order_given(csv):
    days = [dt.date(2020, month, 5) for month in range(1, 11)]
    rows = [f"{d:%d/%m/%Y},{a},{b}" for d, a, b in zip(days, STOCK, INDEX, strict=True)]
    path = csv("Date,AAPL,SPX", *rows)
    assert read_own_data(path, dates="dmy", periods=12).dates == tuple(days)
    assert read_own_data(path, dates="mdy").dates == tuple(
        dt.date(2020, 5, month) for month in range(1, 11)
    )


def test_a_typographic_minus_is_a_minus(csv):
    plain = read_own_data(csv(*lines(stock=MOVES, index=MARKET_MOVES)), "returns")
    typeset = [line.replace(",-", ",\u2212") for line in lines(stock=MOVES, index=MARKET_MOVES)]
    assert read_own_data(csv(*typeset), "returns").values.tolist() == plain.values.tolist()


@pytest.mark.parametrize(
    ("step", "periods", "noted"),
    [(1, 252, True), (1, 365, False), (7, 52, False), (7, 60, True), (1.4, 252, False)],
)
def test_rows_a_year_that_the_dates_do_not_come_to_are_noted(csv, step, periods, noted):
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=int(i * step)) for i in range(100)]
    rows = [f"{day},{100 + i % 7},{200 + i % 5}" for i, day in enumerate(days)]
    data = read_own_data(csv("Date,A,SPX", *rows), periods=periods)
    assert any(note.startswith("Check --periods") for note in data.notes) == noted


def test_digits_alone_are_a_name(csv):
    assert read_own_data(csv(*lines("Date,600519,SPX"))).assets == ("600519",)


def test_two_digit_years_follow_excels_rule(csv):
    ends = [f"31-Dec-{year}" for year in range(25, 35)]
    rows = [f"{d},{a},{b}" for d, a, b in zip(ends, STOCK, INDEX, strict=False)]
    data = read_own_data(csv("Date,AAPL,SPX", *rows), periods=1)
    assert [day.year for day in data.dates] == [*range(1930, 1935), *range(2025, 2030)]


def test_unsorted_rows_are_sorted_and_newest_first_is_turned_round(csv):
    header, *rows = lines()
    turned = read_own_data(csv(header, *reversed(rows)))
    assert_read(turned)
    assert any("newest first" in note for note in turned.notes)
    mixed = read_own_data(csv(header, *rows[5:], *rows[:5]))
    assert_read(mixed)
    assert any("were sorted" in note for note in mixed.notes)
    assert not any(note.startswith("Rows") for note in read_own_data(csv(header, *rows)).notes)


def german(x):
    return f"{x:,.2f}".replace(",", "_").replace(".", ",").replace("_", ".")


@pytest.mark.parametrize(
    ("sep", "number"),
    [
        (";", german),
        ("\t", german),
        (",", lambda x: f'"{german(x)}"'),
        (",", lambda x: f'"{x:,.2f}"'),
        (";", lambda x: f"{x:,.2f}"),
        (";", lambda x: f"{x:,.2f}".replace(",", "'")),
        (";", lambda x: f"{x:,.2f}".replace(",", "\u00a0").replace(".", ",")),
        (";", lambda x: f"{x:,.2f}".replace(",", "\u202f").replace(".", ",")),
        (",", lambda x: f"{x:.10e}"),
        (",", lambda x: f" +{x} "),
    ],
)
def test_decimal_marks_and_thousands_do_not_change_the_number(csv, sep, number):
    assert_read(read_own_data(csv(*lines(f"Date{sep}AAPL{sep}SPX", sep, number=number))))


def test_decimal_comma_is_noted(csv):
    notes = read_own_data(csv(*lines("Date;AAPL;SPX", ";", number=german))).notes
    assert "Numbers: the comma is the decimal mark." in notes


@pytest.mark.parametrize("mark", [".", ","])
def test_thousands_that_could_be_decimals_are_read_as_told(csv, mark):
    rows = [f"{d};1{mark}{100 + i};2{mark}{200 + i}" for i, d in enumerate(DAYS)]
    path = csv("Date;AAPL;SPX", *rows)
    refused(path, "does not show .* thousands; say --decimal")
    assert read_own_data(path, decimal=mark).values[0].tolist() == [1.1, 2.2]
    other = "," if mark == "." else "."
    assert read_own_data(path, decimal=other).values[0].tolist() == [1100, 2200]


@pytest.mark.parametrize("mark", ["", " ", "NA", "N/A", "#N/A", "nan", "NaN", "null", "-", "."])
def test_missing_cells_stay_missing_and_are_counted(csv, mark):
    rows = lines()
    rows[3] = f"{DAYS[2]},{mark},{INDEX[2]}"
    data = read_own_data(csv(*rows))
    assert math.isnan(data.values[2, 0])
    assert np.isfinite(np.delete(data.values.ravel(), 4)).all()
    assert any(note.startswith("Missing: AAPL 1 of 10 rows") for note in data.notes)


def test_percent_signs_are_hundredths_exactly(csv):
    number = lambda x: f"{100 * x:.2f}%"  # noqa: E731 - one use
    data = read_own_data(
        csv(*lines(number=number, stock=MOVES, index=MARKET_MOVES)), "returns", market="spx"
    )
    assert data.values[:, 0].tolist() == MOVES
    assert "Percent signs: AAPL, SPX divided by 100." in data.notes


@given(st.lists(st.floats(0.01, 1e6), min_size=9, max_size=14).filter(lambda p: len(set(p)) > 2))
def test_prices_printed_by_python_are_read_bit_for_bit(tmp_path_factory, prices):
    path = tmp_path_factory.mktemp("law") / "own.csv"
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(len(prices))]
    rows = [
        f"{day},{price!r},{100 + i}"
        for i, (day, price) in enumerate(zip(days, prices, strict=True))
    ]
    path.write_text("\n".join(["d,x,Index", *rows]), encoding="ascii")
    assert read_own_data(path).values[:, 0].tolist() == prices


ODD_CELLS = st.sampled_from(
    [
        *("2020-01-31", "31/01/2020", "20200131", "43861", "1.5", "-0.01", "1,234", "1.234,5"),
        *("2%", "", "Date", "SPX", "RF", "#N/A", "-", '"', "\n", "\r", ";", "\t", "\u00e9", "\0"),
    ]
)


@given(
    st.one_of(
        st.binary(max_size=60),
        st.lists(st.lists(ODD_CELLS, max_size=4).map(",".join), max_size=8)
        .map("\n".join)
        .map(str.encode),
    ),
    st.sampled_from(["prices", "returns"]),
)
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_data_or_one_sentence(tmp_path_factory, content, kind):
    path = tmp_path_factory.mktemp("fuzz") / "own.csv"
    path.write_bytes(content)
    try:
        data = read_own_data(path, kind)
    except InputError as error:
        text = str(error)
        assert text.isascii()
        assert "\n" not in text
        assert len(text) <= 250
    else:
        assert data.values.shape == (len(data.dates), len(data.names))


# Market and risk-free rate ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["market", "Index", "S&P 500", "S&P 500 (price index)", "SPX", "^GSPC", "Mkt", "Benchmark"],
)
def test_obvious_market_is_chosen_and_noted(csv, name):
    data = read_own_data(csv(*lines(f"Date,{name},X")))
    assert data.market == name
    assert data.names == ("X", name)
    assert data.values[0].tolist() == [INDEX[0], STOCK[0]]
    assert f"Market: column '{name}', chosen by its name." in data.notes


def test_market_given_is_found_without_regard_to_case_or_spaces(csv):
    assert read_own_data(csv(*lines("Date,AAPL, My  Fund ")), market="my fund").market == "My Fund"


def test_market_that_is_not_there_lists_the_columns(csv):
    refused(csv(*lines()), "no column 'SPY'; it has 'AAPL', 'SPX'", market="SPY")


def test_market_that_is_not_obvious_must_be_named(csv):
    path = csv(*lines("Date,AAPL,MSFT"))
    refused(path, "no column is named as a market; say --market NAME with one of 'AAPL', 'MSFT'")
    refused(path, "column 'MSFT' is named as --market and as --rf", market="MSFT", rf="msft")
    refused(csv(*lines("Date,SPX,NDX")), "several columns .* --market NAME .* 'SPX', 'NDX'")


def with_rates(rates, header="Date,AAPL,SPX,RF"):
    return [header, *(f"{line},{rate}" for line, rate in zip(lines()[1:], rates, strict=True))]


def test_rate_column_is_taken_per_period(csv):
    rates = [0.0001 + i * 1e-6 for i in range(10)]
    for arguments in ({}, {"rf": "rf"}):
        data = read_own_data(csv(*with_rates(rates)), **arguments)
        assert data.rf.tolist() == rates
        assert data.names == ("AAPL", "SPX")
        assert "typically 2.63% a year." in " ".join(data.notes)


@pytest.mark.parametrize("rf", [0.0252, "0.0252", "2.52%", "2.52 %"])
def test_annual_rate_is_divided_by_the_periods(csv, rf):
    data = read_own_data(csv(*lines()), rf=rf)
    assert data.rf == pytest.approx(np.full(10, 0.0001), rel=1e-15)


def test_missing_rates_stay_missing_and_are_noted(csv):
    data = read_own_data(csv(*with_rates([0.0001] * 4 + [""] + [0.0001] * 5)))
    assert np.flatnonzero(np.isnan(data.rf)).tolist() == [4]
    assert "Risk-free rate: missing in 1 of 10 rows; they stay missing." in data.notes


def test_rates_are_sorted_with_their_rows(csv):
    header, *rows = with_rates([i * 1e-5 for i in range(10)])
    assert read_own_data(csv(header, *reversed(rows))).rf.tolist() == [i * 1e-5 for i in range(10)]


def test_annual_percent_quotes_are_no_rate_per_period(csv):
    refused(csv(*with_rates([4.35] * 10)), "'RF' would be 109620% a year; .* divide percent by 100")
    refused(csv(*with_rates([0.0435] * 10)), "would be 1096% a year")


def test_high_rate_is_taken_but_questioned(csv):
    notes = read_own_data(csv(*with_rates([0.001] * 10))).notes
    assert any("25.20% a year; check" in note for note in notes)


@pytest.mark.parametrize("rf", [4.35, "4.35", "435%"])
def test_annual_percent_given_as_a_number_is_refused(csv, rf):
    refused(csv(*lines()), "rf is 4.35, that is 435% a year; write", rf=rf)


@pytest.mark.parametrize("rf", ["TB3M", float("nan"), float("inf")])
def test_rate_that_is_neither_column_nor_number_is_refused(csv, rf):
    refused(csv(*lines()), "no column '.*' for the risk-free rate; say --rf", rf=rf)


def test_rate_column_is_no_asset_when_a_number_is_given(csv):
    data = read_own_data(csv(*with_rates([0.0001] * 10)), rf=0.02)
    assert data.names == ("AAPL", "SPX")
    assert "Left out: column RF, because rf is given as a number." in data.notes


def test_market_in_excess_of_rf_gets_rf_back_once(csv):
    rows = [f"{d},{a},{b},{0.0001}" for d, a, b in zip(DAYS, MOVES, MARKET_MOVES, strict=True)]
    data = read_own_data(csv("Date,Fund,Mkt-RF,RF", *rows), "returns")
    assert data.names == ("Fund", "Mkt")
    assert data.values[:, 1] - data.rf == pytest.approx(MARKET_MOVES, abs=1e-17)
    assert any("rf was added back" in note for note in data.notes)


def test_market_in_excess_of_rf_stays_when_no_rate_is_subtracted(csv):
    path = csv(*lines("Date,Fund,Mkt-RF", stock=MOVES, index=MARKET_MOVES))
    data = read_own_data(path, "returns")
    assert data.names == ("Fund", "Mkt-RF")
    assert data.values[:, 1].tolist() == MARKET_MOVES


def test_self_financing_factor_among_the_assets_is_questioned(csv):
    path = csv(*lines("Date,SMB,Market", stock=MOVES, index=MARKET_MOVES))
    assert any("Check SMB" in note for note in read_own_data(path, "returns", rf=0.02).notes)


# Refused ----------------------------------------------------------------------------------------


def table_of(*cells):
    """Return a good file whose third data row is replaced by `cells`."""
    rows = lines()
    rows[3] = ",".join(cells)
    return rows


BAD_FILES = {
    "no dates": (["A,B,SPX", *("1.5,2.5,3.5" for _ in range(9))], "no column of dates"),
    "index levels are no dates": (
        ["DJI,SPX", *(f"{28000 + 37 * (-1) ** i},{3200 + i}" for i in range(9))],
        "no column of dates",
    ),
    "two date columns": (
        ["Date,Settle,A,SPX", *(f"{d},{d},1.5,2.5" for d in DAYS)],
        "dates in columns 'Date' and 'Settle'; keep one",
    ),
    "text": (table_of(str(DAYS[2]), "abc", "3"), "row 4, column 'AAPL' is text \"abc\"; use"),
    "currency": (table_of(str(DAYS[2]), "$99", "3"), r'row 4, column \'AAPL\' is text "\$99"'),
    "infinity": (table_of(str(DAYS[2]), "inf", "3"), "row 4, column 'AAPL' is text \"inf\""),
    "overflow": (table_of(str(DAYS[2]), "1e999", "3"), "row 4, column 'AAPL' is too large"),
    "underscore": (table_of(str(DAYS[2]), "1_0", "3"), 'is text "1_0"'),
    "wrong date": (table_of("2020-02-30", "1.5", "3"), "row 4, column 'Date' is \"2020-02-30\""),
    "other date": (table_of("30 Jan 2020", "1.5", "3"), "others are written as 2020-01-31"),
    "blank date": (table_of("", "1.5", "3"), "row 4, column 'Date' is blank"),
    "short row": (table_of(str(DAYS[2]), "1.5"), "row 4 has 2 cells where the names .* are 3"),
    "long row": (table_of(str(DAYS[2]), "1", "2", "3"), "row 4 has 4 cells where"),
    "open quote": (table_of(str(DAYS[2]), '"1.5', "3"), "line break inside a cell|row 4 has"),
    "same date twice": (
        table_of(str(DAYS[1]), "1.5", "3"),
        "has the date 2020-01-28 twice, in rows 3 and 4; keep one",
    ),
    "same name twice": (lines("Date,SPX,spx"), "columns 2 and 3 are both named 'spx'"),
    "column without name": (lines("Date,,SPX"), "column 2 has no name"),
    "no names": (lines()[1:], "begins with data; put a row of names above it"),
    "open quote in the names": (lines('Date,"AAPL,SPX'), "no row of data; is a quote open in it"),
    "no rows": (lines()[:1], "a row of names and no row of data"),
    "one row": (lines()[:2], "'AAPL' has 1 number; the workbook needs at least 9 prices"),
    "few returns in common": (
        [
            "Date,A,SPX",
            *(
                f"{d},{'' if i % 2 else 100 + i},{'' if i % 3 else 200 + i}"
                for i, d in enumerate((*DAYS, *LATER))
            ),
        ],
        "column 'A' has 4 returns in common with the market 'SPX'; at least 8 are needed",
    ),
    "asset that never changes": (lines(stock=[1.0] * 10), "'AAPL' never changes, so that there"),
    "market that never changes": (
        lines(index=[100.0] * 10),
        "column 'AAPL' has returns only where the market 'SPX' never changes; choose another",
    ),
    "market twice": (
        lines(stock=[level / 32 for level in INDEX]),
        "column 'AAPL' only repeats the market 'SPX'",
    ),
    "name that is a number": (
        lines("Date,0.5,SPX"),
        "column 2 is named '0.5', a number; put a row",
    ),
    "name that is an error": (lines("Date,#REF!,SPX"), "column 2 is named '#REF!', an error value"),
    "name with a bell": (lines("Date,AA\x07PL,SPX"), "with a character that no workbook can hold"),
    "few numbers": (
        ["Date,A,SPX", *(f"{d},{1 if i < 3 else ''},2" for i, d in enumerate(DAYS))],
        "'A' has 3 numbers",
    ),
    "no asset": (["Date,SPX", *(f"{d},2.5" for d in DAYS)], "no asset beside the market 'SPX'"),
    "one column": (["Date", *map(str, DAYS)], "one column only"),
    "zero price": (table_of(str(DAYS[2]), "0", "3"), "row 4, column 'AAPL' is 0; a price must be"),
    "negative price": (table_of(str(DAYS[2]), "-37.6", "3"), "is -37.6; a price must be above 0"),
    "returns as prices": (
        lines(stock=MOVES, index=MARKET_MOVES),
        "looks like returns, not prices; use --returns in place of --prices",
    ),
    "percent returns as prices": (
        lines(number=lambda x: f"{x}%", stock=STOCK, index=INDEX),
        "looks like returns, not prices",
    ),
    "both decimal marks": (
        ["Date;A;SPX", *(f"{d};1,5;2.75" for d in DAYS)],
        "decimal commas and decimal points; say --decimal",
    ),
    "days or months": (
        lines(day=lambda d: f"0{d.day % 9 + 1}/0{d.month}/20{10 + d.day}"),
        "tells the day from the month; say --dates dmy .* or --dates mdy",
    ),
    "days and months": (
        [*lines(day=lambda d: f"{d:%d/%m/%Y}"), "02/28/2020,1.5,2.5"],
        "row 2, column 'Date' is 27/01/2020 .day first. but row 12 is 02/28/2020 .month first",
    ),
    "web page": (["<!DOCTYPE html>", "<html>"], "is a web page"),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_bad_file_is_one_sentence_that_says_where(csv, case):
    content, words = BAD_FILES[case]
    refused(csv(*content), words)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf\r\n \n", "is empty"),
        (b"PK\x03\x04rest", "cannot be read: the workbook is damaged: File is not a zip file"),
        (b"\xd0\xcf\x11\xe0rest", "old Excel workbook .* or locked by a password"),
        (b"PAR1rest", "is no Parquet file that can be read"),
        (b"\x1f\x8brest", "compressed"),
        (b"Date,A\n2020-01-01,\x00", "not a text file"),
        (b"Date,A\x81,SPX\n2020-01-01,1,2", "neither UTF-8 nor Windows text"),
        (b"\xff\xfe\x00\xd8\x00\xd8", "damaged UTF-16"),
    ],
)
def test_file_that_is_no_text_is_named_for_what_it_is(tmp_path, content, words):
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    refused(path, words)


def test_file_that_is_not_there_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"own\.csv cannot be read"):
        read_own_data(tmp_path / "own.csv")


def test_windows_text_is_read_and_noted(csv):
    data = read_own_data(csv(*lines("Date,Soci\u00e9t\u00e9,SPX"), encoding="cp1252"))
    assert data.names[0] == "Soci\u00e9t\u00e9"
    assert "The file is not UTF-8; it was read as Windows-1252." in data.notes


def test_order_of_dates_that_the_column_contradicts_is_refused(csv):
    path = csv(*lines(day=lambda d: f"{d:%d/%m/%Y}"))
    refused(path, "row 2, column 'Date' is 27/01/2020, so not --dates mdy", dates="mdy")


def test_prices_given_as_returns_are_refused(csv):
    refused(csv(*lines()), "looks like prices: .* use --prices", kind="returns")


def test_percent_given_as_decimals_is_refused(csv):
    percent = lines(stock=[100 * x for x in MOVES], index=[100 * x for x in MARKET_MOVES])
    refused(csv(*percent), "'AAPL' moves by 0.8 in a typical period.* percent", kind="returns")


def test_percent_in_the_market_only_is_refused(csv):
    mixed = lines(stock=MOVES, index=[100 * x for x in MARKET_MOVES])
    refused(csv(*mixed), "'SPX' moves by 0.6 .* percent", kind="returns")


def test_percent_signs_on_some_numbers_only_are_refused(csv):
    rows = lines(number=lambda x: f"{100 * x:.4f}%", stock=MOVES, index=MARKET_MOVES)
    rows[6] = f"{DAYS[5]},-0.006,-0.4%"
    refused(csv(*rows), "row 7, column 'AAPL' has no percent sign but row 2", kind="returns")


def test_percent_signs_after_a_long_plain_part_are_refused(csv):
    days = [dt.date(1990, 1, 1) + dt.timedelta(days=i) for i in range(9000)]
    rows = [f"{d},0.01,0.02" for d in days[:-1]]
    rows.append(f"{days[-1]},1%,0.02")
    refused(csv("Date,A,Index", *rows), "row 2, .*no percent sign but row 9001", kind="returns")


def test_return_below_minus_one_is_questioned(csv):
    stock = [*MOVES[:9], -1.2]
    data = read_own_data(csv(*lines(stock=stock, index=MARKET_MOVES)), "returns")
    assert any("Check own.csv row 11, column 'AAPL'" in note for note in data.notes)


@pytest.mark.parametrize(("step", "periods"), [(1, 252), (1, 365), (7, 52), (30, 12), (91, 4)])
def test_periods_that_fit_the_dates_are_accepted(csv, step, periods):
    days = [dt.date(2000, 1, 1) + dt.timedelta(days=step * i) for i in range(10)]
    rows = [f"{d},{a},{b}" for d, a, b in zip(days, STOCK, INDEX, strict=True)]
    assert read_own_data(csv("Date,A,SPX", *rows), periods=periods).periods == periods


@pytest.mark.parametrize(("step", "right"), [(7, 52), (30, 12), (91, 4), (365, 1)])
def test_periods_that_the_dates_contradict_are_refused(csv, step, right):
    days = [dt.date(2000, 1, 1) + dt.timedelta(days=step * i) for i in range(10)]
    rows = [f"{d},{a},{b}" for d, a, b in zip(days, STOCK, INDEX, strict=True)]
    refused(csv("Date,A,SPX", *rows), f"{step} days apart .* say --periods {right}")


@pytest.mark.parametrize("periods", [0, -12, float("nan"), float("inf")])
def test_periods_must_be_above_zero(csv, periods):
    with pytest.raises(InputError, match="periods is"):
        read_own_data(csv(*lines()), periods=periods)


def test_long_names_and_many_columns_still_make_one_short_sentence(csv):
    names = ",".join(
        f"A very long name of a fund, share class {i}".replace(",", "") for i in range(40)
    )
    row = ",".join(["1.5"] * 40)
    refused(csv(f"Date,{names}", *(f"{d},{row}" for d in DAYS)), "no column is named as a market")


# Size -------------------------------------------------------------------------------------------


def many_days(path, count):
    first = dt.date(1, 1, 1).toordinal()
    with path.open("w", encoding="ascii", newline="\n") as stream:
        stream.write("Date,A,Index\n")
        for i in range(count):
            stream.write(f"{dt.date.fromordinal(first + i)},{100 + i % 7},{200 + i % 5}\n")
    return path


def test_a_million_rows_give_a_right_result(tmp_path):
    data = read_own_data(many_days(tmp_path / "own.csv", 1_000_000))
    assert data.values.shape == (1_000_000, 2)
    assert data.dates[-1] == dt.date.fromordinal(1_000_000)
    assert data.values[:, 0].sum() == sum(100 + i % 7 for i in range(1_000_000))
    assert data.values[-1].tolist() == [100 + 999_999 % 7, 200 + 999_999 % 5]


def test_more_rows_than_a_worksheet_holds_is_one_sentence(tmp_path):
    refused(many_days(tmp_path / "own.csv", MOST_ROWS + 1), "over 1,048,560 rows of data")
