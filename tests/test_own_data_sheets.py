"""The analyst's workbook and Parquet file: typed cells, so that nothing is guessed at."""

from __future__ import annotations

import datetime as dt
import io
import math
import random
import sys
import zipfile
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from factor_core.errors import InputError
from factor_core.own_data import read_own_data

DAYS = [dt.date(2020, 1, 27) + dt.timedelta(days=i) for i in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11)]
FUND = [100.0, 101.5, 99.25, 98.1234567890123, 100.75, 102.0, 103.5, 101.0, 100.5, 104.25]
INDEX = [3200.5, 3210.25, 3190.75, 3185.5, 3205.0, 3220.25, 3240.5, 3215.0, 3210.5, 3255.75]
FIRST = 2  # row of the first price, from 0: a title, the names


def refused(words, path, *arguments, **named):
    with pytest.raises(InputError, match=words) as caught:
        read_own_data(path, *arguments, **named)
    text = str(caught.value)
    assert text.isascii()
    assert "\n" not in text
    assert len(text) <= 250


def noted(data, *words):
    for word in words:
        assert any(word in note for note in data.notes), (word, data.notes)


def assert_read(data):
    assert data.names == ("FUND", "SPX")
    assert data.dates == tuple(DAYS)
    assert data.values.tolist() == [list(row) for row in zip(FUND, INDEX, strict=True)]


@pytest.fixture
def sheet(tmp_path):
    """Return a function that writes a workbook of a title, names and prices, and more."""

    def write(change=None, *, name="old.xlsx", **options):
        path = tmp_path / name
        book = xlsxwriter.Workbook(str(path), options)
        date = book.add_format({"num_format": "dd/mm/yyyy"})
        page = book.add_worksheet("Prices")
        page.merge_range(0, 0, 0, 2, "My prices")
        page.write_row(1, 0, ["Date", "FUND", "SPX"])
        for i, (day, fund, index) in enumerate(zip(DAYS, FUND, INDEX, strict=True), FIRST):
            page.write_datetime(i, 0, dt.datetime.combine(day, dt.time()), date)
            page.write_row(i, 1, [fund, index])
        if change:
            change(book, page)
        book.close()
        return path

    return write


# Cells ------------------------------------------------------------------------------------------


def test_dates_and_numbers_of_a_sheet_are_read_as_they_are(sheet):
    data = read_own_data(sheet())
    assert_read(data)
    noted(data, 'Above the table, left out: row 1 "My prices"')


def test_days_counted_from_1904_are_the_same_days(sheet):
    data = read_own_data(sheet(date_1904=True))
    assert_read(data)
    noted(data, "counts its days from 1904")


@pytest.mark.parametrize(("from_1904", "zero"), [(False, (1899, 12, 30)), (True, (1904, 1, 1))])
def test_dates_without_a_format_are_numbers_of_days_by_the_workbooks_system(sheet, from_1904, zero):
    def serials(book, page):
        for i, day in enumerate(DAYS, FIRST):
            page.write_number(i, 0, (day - dt.date(*zero)).days)

    assert_read(read_own_data(sheet(serials, date_1904=from_1904)))


def test_a_macro_workbook_is_read_too(sheet, tmp_path):
    plain = zipfile.ZipFile(sheet())
    kinds = plain.read("[Content_Types].xml").replace(
        b"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml",
        b"application/vnd.ms-excel.sheet.macroEnabled.main+xml",
    )
    with zipfile.ZipFile(tmp_path / "old.xlsm", "w") as book:
        for name in plain.namelist():
            book.writestr(name, kinds if name == "[Content_Types].xml" else plain.read(name))
    assert_read(read_own_data(tmp_path / "old.xlsm"))


def test_text_in_place_of_a_number_is_refused_because_its_comma_is_unclear(sheet):
    def text(book, page):
        page.write_string(5, 1, "1,234")

    refused("'Prices' row 6, column 'FUND' is text \"1,234\"; make it a number", sheet(text))
    path = sheet(lambda _, page: page.write_string(5, 1, "98.1234567890123"))
    assert_read(read_own_data(path))


def test_an_error_cell_is_refused_and_not_available_is_missing(sheet):
    def error(text):
        return sheet(lambda _, page: page.write_formula(5, 1, "=1/0", None, text))

    refused("row 6, column 'FUND' is the error #DIV/0!; mend the formula", error("#DIV/0!"))
    assert math.isnan(read_own_data(error("#N/A")).values[3, 0])


def test_truth_values_are_no_numbers(sheet):
    refused(
        "row 6, column 'FUND' is text \"TRUE\"", sheet(lambda _, p: p.write_boolean(5, 1, True))
    )


def test_calculated_values_are_taken_and_a_formula_without_one_is_refused(sheet):
    def formula(value):
        return sheet(lambda _, page: page.write_formula(5, 1, "=B5-1", None, value))

    assert_read(read_own_data(formula(FUND[3])))
    book = openpyxl.load_workbook(sheet())
    book["Prices"]["B6"] = "=B5-1"
    path = sheet().with_name("programmed.xlsx")
    book.save(path)
    refused("sheet 'Prices' cell B6 is a formula without a value; open the workbook", path)


def test_a_formula_that_gives_an_empty_text_is_a_blank_cell(sheet, tmp_path):
    plain = zipfile.ZipFile(sheet(lambda _, page: page.write_formula(5, 1, '=""', None, "x")))
    with zipfile.ZipFile(tmp_path / "blank.xlsx", "w") as book:
        for name in plain.namelist():
            book.writestr(name, plain.read(name).replace(b"<v>x</v>", b"<v></v>"))
    assert math.isnan(read_own_data(tmp_path / "blank.xlsx").values[3, 0])


def test_a_time_of_day_is_cut_off_with_a_note(sheet):
    def closing(book, page):
        style = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page.write_datetime(FIRST, 0, dt.datetime.combine(DAYS[0], dt.time(16, 30)), style)

    data = read_own_data(sheet(closing))
    assert_read(data)
    noted(data, "time of day was cut off")


def test_hidden_rows_and_columns_are_data_and_noted(sheet):
    def hide(book, page):
        page.set_row(4, None, None, {"hidden": True})
        page.set_column(2, 2, None, None, {"hidden": True})

    data = read_own_data(sheet(hide))
    assert_read(data)
    noted(data, "1 row(s) of the sheet are hidden, the first is row 5", "hidden columns")


def test_names_merged_over_fields_belong_to_every_field(sheet, tmp_path):
    def fields(book, page):
        page.merge_range(0, 5, 0, 6, "")
        other = book.add_worksheet("Fields")
        other.merge_range(0, 1, 0, 2, "FUND")
        other.merge_range(0, 3, 0, 4, "SPX")
        other.write_row(1, 0, ["Date", "Close", "Volume", "Close", "Volume"])
        for i, (day, fund, index) in enumerate(zip(DAYS, FUND, INDEX, strict=True), 2):
            other.write_row(i, 0, [day.isoformat(), fund, 7, index, 8])

    assert_read(read_own_data(sheet(fields), sheet="Fields"))


# Sheets -----------------------------------------------------------------------------------------


def test_one_of_several_sheets_must_be_named(sheet):
    def more(book, page):
        book.add_worksheet("Notes").write(0, 0, "hello")
        book.add_worksheet("Empty")
        hidden = book.add_worksheet("Old")
        hidden.write(0, 0, "x")
        hidden.hide()

    path = sheet(more)
    refused("has several sheets; say --sheet with one of 'Prices', 'Notes'", path)
    refused("has no sheet 'Price'; it has 'Prices', 'Notes', 'Empty', 'Old'", path, sheet="Price")
    refused("sheet 'Empty' is empty", path, sheet="Empty")
    assert_read(read_own_data(path, sheet=" prices "))


def test_the_only_visible_sheet_with_cells_is_taken_with_a_note(sheet):
    def more(book, page):
        book.add_worksheet("Empty")
        hidden = book.add_worksheet("Old")
        hidden.write(0, 0, "x")
        hidden.hide()

    data = read_own_data(sheet(more))
    assert_read(data)
    noted(data, "Sheet: 'Prices', the only visible one with cells.")


def test_a_sheet_of_a_file_without_sheets_is_refused(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("Date,FUND,SPX\n", encoding="ascii")
    refused("own.csv has no sheets; leave out --sheet", path, sheet="Prices")
    frame().to_parquet(tmp_path / "own.parquet")
    refused("has no sheets; leave out --sheet", tmp_path / "own.parquet", sheet="Prices")


def test_a_workbook_of_ours_lists_its_sheets():
    template = Path(__file__).parents[1] / "workbook_template.xlsm"
    refused("has several sheets; say --sheet with one of 'Start', 'Data'", template)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04 and no more", "cannot be read: the workbook is damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old Excel workbook .* or locked by a password"),
    ],
)
def test_a_file_that_is_no_such_workbook_is_one_sentence(tmp_path, content, words):
    path = tmp_path / "old.xlsx"
    path.write_bytes(content)
    refused(words, path)


def test_a_zip_file_of_a_csv_is_to_be_unpacked(tmp_path):
    with zipfile.ZipFile(tmp_path / "prices.zip", "w") as archive:
        archive.writestr("prices.csv", "Date,FUND,SPX\n")
    refused("it is not an Excel workbook.*; unpack a zip file first", tmp_path / "prices.zip")


# Parquet ----------------------------------------------------------------------------------------


def frame():
    return pd.DataFrame({"FUND": FUND, "SPX": INDEX}, index=pd.DatetimeIndex(DAYS, name="Date"))


def as_long():
    wide = frame().reset_index()
    long = wide.melt("Date", var_name="ticker", value_name="price")
    return long.astype({"ticker": "category"})


PARQUET = {
    "named index": frame(),
    "index without a name": frame().rename_axis(None),
    "dates of a column": frame().reset_index(),
    "dates as text": frame().reset_index().astype({"Date": "string"}),
    "with a time zone": frame().tz_localize("America/New_York"),
    "fields and tickers": pd.concat({"Close": frame(), "Volume": frame() * 2}, axis=1),
    "one field": pd.concat({"Adj Close": frame()}, axis=1),
    "long": as_long(),
}


@pytest.mark.parametrize("layout", PARQUET)
def test_parquet_as_pandas_writes_it_is_read_bit_for_bit(tmp_path, layout):
    path = tmp_path / "prices.parquet"
    PARQUET[layout].to_parquet(path)
    assert_read(read_own_data(path))


def test_missing_values_of_parquet_stay_missing(tmp_path):
    table = frame().astype({"FUND": "Float64"})
    table.iloc[3, 0] = pd.NA
    table.to_parquet(tmp_path / "prices.parquet")
    assert math.isnan(read_own_data(tmp_path / "prices.parquet").values[3, 0])


def test_without_pyarrow_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    frame().to_parquet(tmp_path / "prices.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    refused(
        r'needs pyarrow; install pyarrow: pip install "factor-udfs\[parquet\]"',
        tmp_path / "prices.parquet",
    )


# Any bytes --------------------------------------------------------------------------------------


def damaged(content, rng):
    """Return bytes with some changed, lost or added."""
    found = bytearray(content)
    for _ in range(rng.choice([1, 2, 8])):
        at = rng.randrange(len(found) or 1)
        kind = rng.randrange(3)
        if kind == 0 and found:
            found[at] = rng.randrange(256)
        elif kind == 1:
            del found[at : at + rng.randrange(40)]
        else:
            found[at:at] = rng.randbytes(5)
    return bytes(found)


def with_damaged_part(workbook, rng):
    plain = zipfile.ZipFile(io.BytesIO(workbook))
    part = rng.choice(plain.namelist())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as changed:
        for name in plain.namelist():
            content = plain.read(name)
            changed.writestr(name, damaged(content, rng) if name == part else content)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def sound():
    """Return a sound workbook and a sound Parquet file."""
    book, table = io.BytesIO(), io.BytesIO()
    frame().to_excel(book)
    frame().to_parquet(table)
    return book.getvalue(), table.getvalue()


@given(st.sampled_from(["workbook", "part", "parquet"]), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_damaged_files_are_data_or_one_sentence(tmp_path_factory, sound, what, seed):
    rng = random.Random(seed)
    book, table = sound
    changes = {
        "workbook": lambda: damaged(book, rng),
        "part": lambda: with_damaged_part(book, rng),
        "parquet": lambda: damaged(table, rng),
    }
    path = tmp_path_factory.mktemp("fuzz") / "own"
    path.write_bytes(changes[what]())
    try:
        data = read_own_data(path)
    except InputError as error:
        words = str(error)
    else:
        words = "data"
        assert data.values.shape == (len(data.dates), len(data.names))
    assert words.isascii()
    assert len(words) <= 250
    assert "\n" not in words
