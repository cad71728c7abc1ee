"""Files as people's tools write them: the same prices come out, and every decision is noted.

The layouts are those of the tools; the numbers are invented.
"""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core.errors import InputError
from factor_core.own_data import read_own_data

DAYS = [dt.date(2020, 1, 27) + dt.timedelta(days=i) for i in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
FUND = [100.0, 101.5, 99.25, 98.0, 100.75, 102.0, 103.5, 101.0, 100.5, 104.25]
BOND = [50.0, 50.25, 50.5, 50.125, 49.75, 50.0, 50.375, 50.25, 50.5, 50.75]
INDEX = [3200.5, 3210.25, 3190.75, 3185.5, 3205.0, 3220.25, 3240.5, 3215.0, 3210.5, 3255.75]
MONTHS = [f"{year}{month:02d}" for year in (2018, 2019) for month in range(1, 13)]


@pytest.fixture
def csv(tmp_path):
    def write(*rows, name="own.csv"):
        path = tmp_path / name
        lines = [row if isinstance(row, str) else ",".join(map(str, row)) for row in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


def refused(words, path, *arguments, **named):
    with pytest.raises(InputError, match=words) as caught:
        read_own_data(path, *arguments, **named)
    text = str(caught.value)
    assert text.isascii()
    assert "\n" not in text
    assert len(text) <= 250


def assert_read(data, fund="FUND", index="SPX"):
    assert data.names == (fund, index)
    assert data.dates == tuple(DAYS)
    assert data.values.tolist() == [list(row) for row in zip(FUND, INDEX, strict=True)]


def noted(data, *words):
    for word in words:
        assert any(word in note for note in data.notes), (word, data.notes)


def dated(*columns, day=str):
    return [[day(d), *cells] for d, *cells in zip(DAYS, *columns, strict=True)]


def wrong(column):
    """Return numbers that must not be taken for the price."""
    return [round(x * 1.7, 6) for x in column]


def ohlc(prices, header="Date,Open,High,Low,Close,Adj Close,Volume"):
    others = [wrong(prices)] * 4
    return [header, *dated(*others, prices, [1000] * len(prices))]


# One file for each asset ------------------------------------------------------------------------


def test_files_of_fields_are_assets_named_by_their_files(csv):
    paths = [csv(*ohlc(FUND), name="FUND.csv"), csv(*ohlc(INDEX), name="SPX.csv")]
    data = read_own_data(paths)
    assert_read(data)
    noted(data, "Asset: 'FUND', the name of FUND.csv", "SPX.csv: Prices: 'Adj Close', adjusted")
    noted(data, "left out: Open, High, Low, Close, Volume")


def test_close_without_an_adjusted_one_is_taken_and_questioned(csv):
    rows = ["Date,Open,High,Low,Close,Volume", *dated(*[wrong(FUND)] * 3, FUND, [7] * 10)]
    index = ["Date,Close/Last,Volume,Open", *dated(INDEX, [7] * 10, wrong(INDEX))]
    data = read_own_data([csv(*rows, name="FUND.csv"), csv(*index, name="SPX.csv")])
    assert_read(data)
    noted(data, "Check 'Close': the file has no adjusted close", "Check 'Close/Last'")


def test_metastock_columns_are_read_with_the_ticker_as_the_name(csv):
    head = "<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>"
    rows = [
        ["FUND", "D", f"{d:%Y%m%d}", "000000", *[wrong([p])[0]] * 3, p, 9, 0]
        for d, p in zip(DAYS, FUND, strict=True)
    ]
    data = read_own_data([csv(head, *rows), csv("Date,SPX", *dated(INDEX), name="spx.csv")])
    assert_read(data)
    noted(data, "'<CLOSE>' became a column", "Left out: column '<PER>', the same words")


def test_one_asset_alone_is_refused_with_the_ways_to_a_market(csv):
    refused(
        "holds one series only, 'FUND'; .* another --prices .* --factors CAPM",
        csv(*ohlc(FUND), name="FUND.csv"),
    )


def test_two_closing_prices_of_one_asset_are_a_choice_to_make(csv):
    refused(
        "has prices 'Close' and 'Last'; keep one",
        csv("Date,Open,Close,Last", *dated(FUND, FUND, BOND)),
    )
    refused("no close that every asset has", csv("Date,Open,High,Volume", *dated(FUND, FUND, BOND)))


def test_a_field_among_assets_is_questioned(csv):
    data = read_own_data(csv("Date,FUND,Volume,SPX", *dated(FUND, BOND, INDEX)))
    assert data.assets == ("FUND", "Volume")
    noted(data, "Check Volume: by name a field")


# Joined on their dates --------------------------------------------------------------------------


def test_files_are_joined_on_their_dates_and_lose_none(csv):
    fund = csv("Date,FUND", *dated(FUND), name="fund.csv")
    bond = csv("Date,BOND", *dated(BOND)[1:][::-1], name="bond.csv")
    index = csv("Date,SPX", *dated(INDEX), ["2020-02-10", 3300.0], name="index.csv")
    data = read_own_data([fund, bond, index])
    assert data.names == ("FUND", "BOND", "SPX")
    assert data.dates == (*DAYS, dt.date(2020, 2, 10))
    assert data.values[:10, 0].tolist() == FUND
    assert math.isnan(data.values[10, 0])
    assert data.values[1:10, 1].tolist() == BOND[1:]
    assert [math.isnan(x) for x in data.values[:, 1]] == [True] + [False] * 9 + [True]
    noted(
        data,
        "bond.csv lacks 2 of the 11 dates of all files: 2020-01-27, 2020-02-10",
        "fund.csv lacks 1 of",
    )
    noted(data, "Rows of bond.csv: newest first")


def test_each_file_keeps_its_own_decimal_mark_and_form_of_date(csv):
    german = [f"{d:%d.%m.%Y};{str(p).replace('.', ',')}" for d, p in zip(DAYS, FUND, strict=True)]
    fund = csv("Datum;FUND", *german, name="fund.csv")
    assert_read(read_own_data([fund, csv("Date,SPX", *dated(INDEX), name="index.csv")]))


def test_monthly_rows_of_several_files_meet_in_their_month(csv):
    ends = [dt.date(2019, m, 28) for m in range(1, 11)]
    lasts = [dt.date(2019, m, 27 + m % 2) for m in range(1, 11)]
    fund = csv("Date,FUND", *zip(ends, FUND, strict=True), name="fund.csv")
    index = csv("Date,SPX", *zip(lasts, INDEX, strict=True), name="index.csv")
    data = read_own_data([fund, index], periods=12)
    assert data.dates == tuple(ends)
    assert data.values[:, 1].tolist() == INDEX
    noted(data, "rows of one month were put together, at the last of their dates: 5 differed")
    twice = csv("Date,SPX", *zip(lasts, INDEX, strict=True), "2019-10-29,9", name="index.csv")
    refused("two rows in 2019-10, dated 2019-10-27 and 2019-10-29", [fund, twice], periods=12)


def test_files_of_other_days_or_frequencies_are_refused(csv):
    fund = csv("Date,FUND", *dated(FUND), name="fund.csv")
    later = [[d + dt.timedelta(days=300), p] for d, p in zip(DAYS, INDEX, strict=True)]
    refused("shares 0 of its 10 dates", [fund, csv("Date,SPX", *later, name="index.csv")])
    monthly = [[dt.date(2019, m, 28), p] for m, p in enumerate(INDEX, 1)]
    monthly = csv("Date,SPX", *monthly, name="index.csv")
    refused("index.csv has rows 31 days apart but periods is 252", [fund, monthly])
    refused("fund.csv and fund.csv both hold a series 'FUND'", [fund, fund], market="FUND")


# Several rows of names --------------------------------------------------------------------------

TICKERS = ["FUND", "SPX"]
MULTIROW = {
    "yfinance": [
        ["Price", *["Close"] * 2, *["High"] * 2],
        ["Ticker", *TICKERS * 2],
        "Date,,,,",
        *dated(FUND, INDEX, wrong(FUND), wrong(INDEX)),
    ],
    "yfinance as pandas reads it back": [
        ["Price", *["Close"] * 2, *["High"] * 2],
        ["Ticker", *TICKERS * 2],
        "Date,Unnamed: 1_level_2,Unnamed: 2_level_2,Unnamed: 3_level_2,Unnamed: 4_level_2",
        *dated(FUND, INDEX, wrong(FUND), wrong(INDEX)),
    ],
    "yfinance of 2023": [
        ["", *["Adj Close"] * 2, *["Close"] * 2],
        ["", *TICKERS * 2],
        "Date,,,,",
        *dated(FUND, INDEX, wrong(FUND), wrong(INDEX)),
    ],
    "yfinance grouped by ticker": [
        "Ticker,FUND,FUND,SPX,SPX",
        "Price,Close,Volume,Close,Volume",
        "Date,,,,",
        *dated(FUND, [5] * 10, INDEX, [6] * 10),
    ],
    "tickers over merged cells": [
        ",FUND,,SPX,",
        "Date,Close,Volume,Close,Volume",
        *dated(FUND, [5] * 10, INDEX, [6] * 10),
    ],
    "Bloomberg": [
        "Prices of my funds",
        "Start Date,01/27/2020",
        "End Date,02/07/2020",
        "Period,D",
        ["", *TICKERS],
        "Dates,PX_LAST,PX_LAST",
        *dated(FUND, INDEX, day=lambda d: f"{d:%m/%d/%Y}"),
        "Source: invented",
    ],
    "FactSet": [
        "Price History",
        "Currency: USD",
        "",
        ["", *TICKERS],
        "Date,Price,Price",
        *dated(FUND, INDEX, day=lambda d: f"{d:%m/%d/%Y}"),
        '"Past performance is no guarantee, says the vendor"',
    ],
    "FactSet, names below the titles": [
        "Price History",
        "",
        ["Date", *TICKERS],
        *dated(FUND, INDEX, day=lambda d: f"{d:%m/%d/%Y}"),
    ],
    "quantmod": [
        '"Index","FUND.Open","FUND.Adjusted","SPX.Open","SPX.Adjusted"',
        *dated(wrong(FUND), FUND, wrong(INDEX), INDEX),
    ],
    "currencies below the names": [["Date", *TICKERS], ",USD,USD", *dated(FUND, INDEX)],
}


@pytest.mark.parametrize("layout", MULTIROW)
def test_several_rows_of_names_give_the_same_prices(csv, layout):
    assert_read(read_own_data(csv(*MULTIROW[layout])))


def test_the_adjusted_close_is_taken_where_every_ticker_has_one(csv):
    noted(
        read_own_data(csv(*MULTIROW["yfinance of 2023"])), "Prices: 'Adj Close'", "left out: Close"
    )


def test_rows_left_out_above_and_below_are_quoted(csv):
    data = read_own_data(csv(*MULTIROW["Bloomberg"]))
    noted(data, 'Above the table, left out: row 1 "Prices of my funds"; row 2 "Start Date, 01/27')
    noted(data, "and 1 more.", 'Below the table, left out: row 17 "Source: invented".')
    noted(data, "Names: from rows 5 and 6.")


def test_a_title_that_gives_the_ticker_names_the_asset(csv):
    rows = ["Security,FUND", "Start Date,01/27/2020", "", "Date,PX_LAST"]
    path = csv(*rows, *dated(FUND, day=lambda d: f"{d:%m/%d/%Y}"), name="grid1.csv")
    assert_read(read_own_data([path, csv("Date,SPX", *dated(INDEX), name="index.csv")]))


@pytest.mark.parametrize("mark", ["#N/A N/A", "#N/A", "", "--"])
def test_a_vendors_mark_of_a_missing_price_stays_missing(csv, mark):
    rows = dated(FUND, INDEX)
    rows[3][1] = mark
    data = read_own_data(csv("Date,FUND,SPX", *rows))
    assert [i for i, x in enumerate(data.values[:, 0]) if math.isnan(x)] == [3]


def test_a_vendors_error_is_no_missing_price(csv):
    rows = dated(FUND, INDEX)
    rows[3][1] = "#N/A Requesting Data..."
    refused("row 5, column 'FUND' is text \"#N/A Requesting", csv("Date,FUND,SPX", *rows))
    rows[3][1] = "#DIV/0!"
    refused("row 5, column 'FUND' is the error #DIV/0!; mend", csv("Date,FUND,SPX", *rows))


# Lines that are no data -------------------------------------------------------------------------


@pytest.mark.parametrize("sep", [";", ",", "\t", "|"])
def test_excels_line_for_the_delimiter_is_followed(csv, sep):
    rows = [sep.join(map(str, row)) for row in dated(FUND, INDEX)]
    assert_read(read_own_data(csv(f"\ufeffsep={sep}", sep.join(["Date", *TICKERS]), *rows)))


def test_a_wrong_line_for_the_delimiter_is_no_silent_guess(csv):
    refused("own.csv", csv("sep=;", "Date,FUND,SPX", *dated(FUND, INDEX)))


def test_names_that_are_repeated_further_down_are_skipped(csv):
    rows = dated(FUND, INDEX)
    data = read_own_data(csv("Date,FUND,SPX", *rows[:4], "Date,FUND,SPX", "", *rows[4:]))
    assert_read(data)
    noted(data, "Repeated names skipped: row 6.", "1 blank row skipped.")


def test_small_print_with_commas_below_the_table_is_quoted_and_left_out(csv):
    end = "Prices are delayed, not checked, and not for trading"
    data = read_own_data(csv("Date,FUND,SPX", *dated(FUND, INDEX), "", end))
    assert_read(data)
    noted(data, f'Below the table, left out: row 13 "{end}".')


@pytest.mark.parametrize(
    ("end", "words"),
    [
        ("Mean,101.0,3213.5", "row 12, column 'Date' is \"Mean\""),
        ("2020-02-30,,", "row 12, column 'Date' is \"2020-02-30\""),
        (",101.0,3213.5", "row 12, column 'Date' is blank"),
        ("2020-02-10,101.0", "row 12 has 2 cells"),
    ],
)
def test_a_last_row_with_numbers_or_a_date_is_never_small_print(csv, end, words):
    refused(words, csv("Date,FUND,SPX", *dated(FUND, INDEX), end))


def test_text_between_rows_of_data_is_refused(csv):
    rows = dated(FUND, INDEX)
    refused("row 4 has 1 cells", csv("Date,FUND,SPX", *rows[:2], "a remark", *rows[2:]))


@pytest.mark.parametrize(
    ("first", "words"),
    [
        ("2020-02-30,1.5,3", "row 2, column 'Date' is \"2020-02-30\", which is no date"),
        ("Mean,1.5,3", "row 2, column 'Date' is \"Mean\""),
        (",1.5,3", "row 2, column 'Date' is blank"),
    ],
)
def test_a_first_row_with_numbers_and_no_date_is_never_a_title(csv, first, words):
    refused(words, csv("Date,FUND,SPX", first, *dated(FUND, INDEX)))


def test_a_first_row_of_data_stays_whatever_the_second_is(csv):
    rows = dated(FUND, INDEX)
    refused(
        "row 3, column 'Date' is \"n/a\"", csv("Date,FUND,SPX", rows[0], "n/a,n/a,n/a", *rows[1:])
    )
    data = read_own_data(csv("31.01.2020", "Date,FUND,SPX", ["2020-01-24", "", ""], *rows))
    assert len(data.dates) == 11
    noted(data, 'left out: row 1 "31.01.2020"')


def test_data_below_titles_without_names_are_refused(csv):
    path = csv("Prices of my fund", *dated(FUND, INDEX))
    refused("row 2 has 3 cells where the names in row 1 are 1", path)


# Long tables ------------------------------------------------------------------------------------


def long_rows(*, order=1):
    rows = [
        [d, ticker, price]
        for d, *prices in zip(DAYS, FUND, INDEX, strict=True)
        for ticker, price in list(zip(TICKERS, prices, strict=True))
    ]
    return rows[::order]


@pytest.mark.parametrize("names", ["date,ticker,price", "Day,Fund,NAV", "DATE,Symbol,x"])
def test_a_long_table_becomes_a_column_for_each_ticker(csv, names):
    data = read_own_data(csv(names, *long_rows()))
    assert_read(data)
    noted(data, "became a column for each of 2 '" + names.split(",")[1])
    assert set(read_own_data(csv(names, *long_rows(order=-1))).names) == {"FUND", "SPX"}


def test_a_pair_that_is_missing_stays_missing_and_is_counted(csv):
    rows = long_rows()
    del rows[4]
    data = read_own_data(csv("date,ticker,price", *rows))
    assert math.isnan(data.values[2, 0])
    noted(data, "1 of 20 cells are missing", "Missing: FUND 1 of 10 rows")


def test_a_long_table_of_fields_takes_the_adjusted_close(csv):
    rows = [[d, ticker, price * 2, price] for d, ticker, price in long_rows()]
    assert_read(read_own_data(csv("Date,Ticker,Close,Adj Close", *rows)))


def test_a_long_table_that_is_not_clear_is_refused(csv):
    rows = long_rows()
    refused(
        "has 'FUND' on 2020-01-27 twice, in rows 2 and 22", csv("date,ticker,price", *rows, rows[0])
    )
    both = [[d, ticker, price, price] for d, ticker, price in rows]
    refused("as values 'bid1', 'ask1'; keep one column", csv("date,ticker,bid1,ask1", *both))
    rows[3][1] = ""
    refused("row 5, column 'ticker' is blank", csv("date,ticker,price", *rows))
    rows[3] = [*rows[3][:1], "SPX", "1.5x"]
    refused("row 5, column 'SPX' is text \"1.5x\"", csv("date,ticker,price", *rows))


def test_a_wide_table_with_a_date_twice_is_not_taken_for_a_long_one(csv):
    rows = dated(FUND, INDEX)
    refused("has the date 2020-01-28 twice", csv("Date,FUND,SPX", *rows, rows[1]))


# Kenneth French's files -------------------------------------------------------------------------

PROSE = ["This file was created using an invented database.", "It holds two portfolios.", ""]
OWNER = "Copyright 2026 Eugene F. Fama and Kenneth R. French"
PERCENT = [("1.17", "-2.30"), ("-99.99", "0.40"), ("3.05", "-999")]


def french_table(title, stamps=MONTHS, cells=None):
    rows = [
        f"{stamp},   {a},   {b}"
        for stamp, (a, b) in zip(stamps, cells or cycle(stamps), strict=True)
    ]
    return [f"  {title}", ",Food ,Other", *rows, ""]


def cycle(stamps):
    """Return percentages as he prints them; the first three have his codes for missing."""
    return [
        *PERCENT,
        *((f"{i % 5 - 1.5:.2f}", f"{i % 7 - 2.25:.2f}") for i in range(len(stamps) - 3)),
    ]


VALUE, EQUAL = (
    "Average Value Weighted Returns -- Monthly",
    "Average Equal Weighted Returns -- Monthly",
)


def french_file(csv, *tables, owner=OWNER):
    return csv(*PROSE, *[line for table in tables for line in table], owner, name="2_Industry.csv")


def test_his_percent_become_decimals_exactly_and_his_codes_missing(csv):
    path = french_file(csv, french_table(VALUE), french_table("Annual", ["2018", "2019", "2020"]))
    data = read_own_data(path, "returns", market="Other", periods=12)
    assert data.values[0].tolist() == [0.0117, -0.023]
    assert math.isnan(data.values[1, 0])
    assert math.isnan(data.values[2, 1])
    assert data.dates[:2] == (dt.date(2018, 1, 31), dt.date(2018, 2, 28))
    assert len(data.dates) == 24
    noted(data, f"the table of monthly rows 6 to 29, headed '{VALUE}'", "percent were divided")


def test_one_of_his_tables_is_chosen_by_its_title(csv):
    other = [("0.50", "0.25") if i % 2 else ("-0.50", f"{i % 3}.25") for i in range(24)]
    path = french_file(
        csv,
        french_table(VALUE),
        french_table(EQUAL, cells=other),
        french_table("Number of Firms in Portfolios"),
    )
    refused(
        f"several tables; say --sheet with one of '{VALUE}', '{EQUAL}'",
        path,
        "returns",
        market="Other",
        periods=12,
    )
    data = read_own_data(path, "returns", market="Other", periods=12, sheet="equal weighted")
    assert data.values[:2].tolist() == [[-0.005, 0.0025], [0.005, 0.0025]]
    refused(
        "no monthly table with 'Median' in its title", path, "returns", sheet="Median", periods=12
    )


def test_his_factor_file_gives_the_market_and_the_rate(csv):
    rows = [f"{m},   {i % 5 - 1.5:.2f},  {i % 3 - 0.75:.2f},   0.20" for i, m in enumerate(MONTHS)]
    path = csv(*PROSE, ",Mkt-RF,SMB,RF", *rows, "", OWNER, name="F-F.csv")
    data = read_own_data(path, "returns", periods=12)
    assert data.names == ("SMB", "Mkt")
    assert data.rf.tolist() == [0.002] * 24
    assert data.values[0] == pytest.approx([-0.0075, -0.013], abs=1e-17)


def test_his_frequency_must_be_that_of_periods(csv):
    refused(
        "holds no daily or weekly table, which --periods 252 asks for; it holds monthly rows",
        french_file(csv, french_table(VALUE)),
        "returns",
    )


def test_decimals_under_his_name_are_not_divided_again(csv):
    cells = [(f"{i % 5 / 100 - 0.015:.4f}", f"{i % 7 / 100 - 0.02:.4f}") for i in range(24)]
    refused(
        "too small for percent",
        french_file(csv, french_table(VALUE, cells=cells)),
        "returns",
        periods=12,
    )


def test_a_file_that_only_quotes_him_is_read_as_it_stands(csv):
    moves = [0.01, -0.02, 0.005, 0.0, 0.013, -0.006, 0.002, -0.011, 0.008, 0.001]
    rows = dated(moves, [0.5 * x + 0.001 * (i % 3) for i, x in enumerate(moves)])
    data = read_own_data(csv("Date,FUND,SPX", *rows, "RF by Kenneth R. French"), "returns")
    assert data.values[:, 0].tolist() == moves
    noted(data, 'left out: row 12 "RF by Kenneth R. French"')


# Prices or returns ------------------------------------------------------------------------------


def test_numbers_that_tell_are_taken_for_what_they_are(csv):
    data = read_own_data(csv("Date,FUND,SPX", *dated(FUND, INDEX)), None)
    assert data.kind == "prices"
    noted(data, "Taken for prices: all are positive")
    moves = [b / a - 1 for a, b in zip(FUND, [*FUND[1:], 103.0], strict=True)]
    market = [x / 2 + 0.001 * (i % 2) for i, x in enumerate(moves)]
    data = read_own_data(csv("Date,FUND,SPX", *dated(moves, market)), None)
    assert data.kind == "returns"
    noted(data, "Taken for returns: many are below 0")


@pytest.mark.parametrize(
    "doubtful",
    [
        [1.01, 0.99, 1.02, 0.98, 1.0, 1.03, 0.97, 1.01, 0.99, 1.02],  # 1 + return, or a currency
        [0.02, 0.01, 0.03, 0.01, 0.02, 0.03, 0.01, 0.02, 0.01, 0.03],  # small prices, or lucky
    ],
)
def test_numbers_that_may_be_either_are_a_choice_to_make(csv, doubtful):
    refused(
        "neither surely prices nor surely returns; say --prices or --returns",
        csv("Date,FUND,SPX", *dated(doubtful, INDEX)),
        None,
    )


def test_prices_and_returns_in_one_file_are_refused(csv):
    moves = [0.01, -0.02, 0.005, 0.0, 0.013, -0.006, 0.002, -0.011, 0.008, 0.001]
    refused(
        "column 'FUND' looks like returns, others are of the other kind",
        csv("Date,FUND,SPX", *dated(moves, INDEX)),
        None,
    )


# Any file ---------------------------------------------------------------------------------------

ODD_LINES = st.sampled_from(
    [
        *("Date,FUND,SPX", ",FUND,SPX", "Date,Close,Close", "date,ticker,price", "sep=;", ""),
        *(
            "Date,Open,Close",
            "Price,Close,Close",
            "Ticker,A,B",
            "2020-01-31,1,2",
            "202001,1.0,-99.99",
        ),
        *("20200131,FUND,3", "2020-01-31,A,5", "Security,A", "Source: me", ",Food ,Other", OWNER),
        *("01/02/2020,1.5,2", "x;y;z", '"', "#N/A N/A,,", "Mean,1,2"),
    ]
)


@given(st.lists(ODD_LINES, max_size=14), st.sampled_from(["prices", "returns", None]))
@settings(max_examples=200, deadline=None)
def test_lines_of_any_layouts_are_data_or_one_sentence(tmp_path_factory, lines, kind):
    path = tmp_path_factory.mktemp("fuzz") / "own.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    try:
        data = read_own_data(path, kind)
    except InputError as error:
        words = str(error)
    else:
        words = "data"
        assert data.values.shape == (len(data.dates), len(data.names))
    assert words.isascii()
    assert len(words) <= 250
    assert "\n" not in words


@given(
    st.sampled_from(sorted(MULTIROW)),
    st.lists(st.floats(0.01, 1e6), min_size=10, max_size=10).filter(lambda p: len(set(p)) > 4),
)
@settings(max_examples=60, deadline=None)
def test_every_layout_keeps_prices_bit_for_bit(tmp_path_factory, layout, prices):
    swap = dict(zip(map(str, FUND), map(repr, prices), strict=True))
    rows = [row if isinstance(row, str) else list(map(str, row)) for row in MULTIROW[layout]]
    lines = [
        row if isinstance(row, str) else ",".join([row[0], *(swap.get(c, c) for c in row[1:])])
        for row in rows
    ]
    path = tmp_path_factory.mktemp("law") / "own.csv"
    path.write_text("\n".join(lines), encoding="ascii")
    assert read_own_data(path).values[:, 0].tolist() == prices
