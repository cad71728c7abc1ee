"""Kenneth French's factors from files in his own format, and from the built-in sample.

The files are written here in the form of the library as it is downloaded: CRLF, prose above, a
line of names that begins with a comma, percent with two decimals, an annual table below, a
copyright line.
"""

from __future__ import annotations

import datetime as dt
import zipfile

import numpy as np
import pytest

from factor_core import french, sample
from factor_core.cells import write_cells
from factor_core.errors import FactorError, InputError, MissingDataError
from factor_core.french import MODELS, factors
from factor_udfs import FF_FACTORS

PROSE = (
    "This file was created by CMPT_ME_BEME_RETS using the 202404 CRSP database.",
    "The 1-month TBill return is from Ibbotson and Associates, Inc., until 202405.",
    "Missing data are indicated by -99.99 or -999.",
    "",
)
ENDING = ("", "Copyright 2024 Kenneth R. French", "")


def table(names, rows):
    lines = [",".join(["", *names])]
    lines += [f"{stamp:>6}," + ",".join(f"{value:8.2f}" for value in row) for stamp, *row in rows]
    return [*lines, ""]


def write(path, *parts):
    lines = [line for part in parts for line in part]
    path.write_bytes("\r\n".join([*PROSE, *lines, *ENDING]).encode("ascii"))
    return path


THREE = ["Mkt-RF", "SMB", "HML", "RF"]
FIVE = ["Mkt-RF", "SMB", "HML", "RMW", "CMA", "RF"]
THREE_ROWS = [
    ("196306", -0.57, -0.30, -0.90, 0.23),
    ("196307", -0.39, -0.44, -0.89, 0.27),
    ("196308", 5.07, -0.75, 1.68, 0.25),
    ("196309", -1.57, -0.55, 0.08, 0.27),
]
FIVE_ROWS = [
    ("196307", -0.39, -0.41, -0.97, 0.68, -1.18, 0.27),
    ("196308", 5.07, -0.80, 1.80, 0.36, -0.35, 0.25),
    ("196309", -1.57, -0.52, 0.13, -0.71, 0.29, 0.27),
]
MOMENTUM_ROWS = [("196306", 1.01), ("196307", 0.90), ("196308", -99.99), ("196310", -999)]
ANNUAL_ROWS = [("  1962", -12.90, -7.30, 4.10, 2.73), ("  1963", 17.81, -4.77, 7.20, 3.12)]


@pytest.fixture
def three(tmp_path):
    return write(
        tmp_path / "F-F_Research_Data_Factors.CSV",
        table(THREE, THREE_ROWS),
        [" Annual Factors: January-December "],
        table(THREE, ANNUAL_ROWS),
    )


@pytest.fixture
def five(tmp_path):
    path = tmp_path / "F-F_Research_Data_5_Factors_2x3.csv"
    return write(path, table(FIVE, FIVE_ROWS))


@pytest.fixture
def momentum(tmp_path):
    return write(tmp_path / "F-F_Momentum_Factor.CSV", table(["Mom   "], MOMENTUM_ROWS))


def days(result):
    return [french.EXCEL_DAY_ZERO + dt.timedelta(days=int(serial)) for serial in result.dates]


# Files in the library's format ------------------------------------------------------------------


def test_percent_becomes_the_nearest_decimal(three):
    result = factors("FF3", file=three)
    assert result.names == ("Mkt-RF", "SMB", "HML", "RF")
    assert result.values.tolist() == [
        [-0.0057, -0.0030, -0.0090, 0.0023],
        [-0.0039, -0.0044, -0.0089, 0.0027],
        [0.0507, -0.0075, 0.0168, 0.0025],
        [-0.0157, -0.0055, 0.0008, 0.0027],
    ]


def test_months_are_dated_at_their_last_day(three):
    assert days(factors(file=three))[0] == dt.date(1963, 6, 30)


def test_serial_numbers_are_excels():
    # Excel: 2017-03-31 is 42825 (DATEVALUE), 1900-03-01 is 61.
    assert factors(end_date="2017", file="sample").dates[-1] == 42825
    assert french.EXCEL_DAY_ZERO + dt.timedelta(days=61) == dt.date(1900, 3, 1)


def test_annual_table_is_found_below_the_monthly_one(three):
    result = factors("CAPM", "A", file=three)
    assert days(result) == [dt.date(1962, 12, 31), dt.date(1963, 12, 31)]
    assert result.values.tolist() == [[-0.1290, 0.0273], [0.1781, 0.0312]]


def test_daily_file_keeps_its_days(tmp_path):
    rows = [("19260701", 0.10, 0.009), ("19260702", 0.45, 0.009), ("19260706", 0.17, 0.009)]
    path = write(tmp_path / "F-F_Research_Data_Factors_daily.CSV", table(["Mkt-RF", "RF"], rows))
    result = factors("CAPM", "D", file=path)
    assert days(result)[-1] == dt.date(1926, 7, 6)
    with pytest.raises(InputError, match="holds only daily rows"):
        factors("CAPM", "M", file=path)


def test_weekly_file_is_not_taken_for_daily(tmp_path):
    rows = [(f"1926070{day}", 1.0, 0.05) for day in (2, 9)] + [("19260716", 1.0, 0.06)]
    path = write(tmp_path / "F-F_Research_Data_Factors_weekly.CSV", table(["Mkt-RF", "RF"], rows))
    assert len(factors("CAPM", "W", file=path).dates) == 3
    with pytest.raises(InputError, match="holds only weekly rows"):
        factors("CAPM", "D", file=path)


def test_missing_codes_become_missing_and_keep_their_row(three, momentum):
    result = factors("CARHART", file=f"{three};{momentum}")
    assert days(result)[-1] == dt.date(1963, 8, 31)
    assert np.isnan(result.values[-1, result.names.index("Mom")])
    assert np.isfinite(result.values[-1, :3]).all()


def test_join_says_what_it_dropped_from_each_file(three, momentum):
    result = factors("CARHART", file=f"{three}; {momentum}")
    assert result.names == MODELS["CARHART"]
    assert [str(day) for day in days(result)] == ["1963-06-30", "1963-07-31", "1963-08-31"]
    notes = " | ".join(result.notes)
    assert "dropped 1 of 4 rows of F-F_Research_Data_Factors.CSV" in notes
    assert "1963-09-30" in notes
    assert "dropped 1 of 4 rows of F-F_Momentum_Factor.CSV" in notes
    assert "1963-10-31" in notes


def test_order_of_the_files_does_not_matter(three, momentum):
    one, other = (
        factors("CARHART", file=f) for f in (f"{three};{momentum}", f"{momentum};{three}")
    )
    assert np.array_equal(one.values, other.values, equal_nan=True)
    assert one.dates.tolist() == other.dates.tolist()


def test_smb_comes_from_the_file_that_its_model_was_built_with(three, five):
    both = f"{three};{five}"
    assert factors("FF5", file=both).values[0].tolist()[:3] == [-0.0039, -0.0041, -0.0097]
    assert factors("FF3", file=both, start_date="1963-07").values[0].tolist()[1] == -0.0044


def test_three_factor_model_from_the_five_factor_file_says_so(five):
    notes = " | ".join(factors("FF3", file=five).notes)
    assert "SMB of F-F_Research_Data_5_Factors_2x3.csv is that of the five-factor model" in notes


def test_six_factor_model_joins_five_factors_and_momentum(five, momentum):
    result = factors("FF6", file=f"{five};{momentum}")
    assert result.names == ("Mkt-RF", "SMB", "HML", "RMW", "CMA", "Mom", "RF")
    assert result.values[0].tolist() == [-0.0039, -0.0041, -0.0097, 0.0068, -0.0118, 0.0090, 0.0027]


def test_zip_as_downloaded_equals_its_csv(three, tmp_path):
    archive = tmp_path / "F-F_Research_Data_Factors_CSV.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.write(three, "F-F_Research_Data_Factors.CSV")
    assert factors(file=archive).values.tolist() == factors(file=three).values.tolist()


def test_file_written_from_the_sample_reads_back_as_the_sample(tmp_path):
    data = sample.monthly()
    rows = [
        (f"{day:%Y%m}", *(100 * row[:3]), 100 * rate)
        for day, row, rate in zip(data.dates, data.factors, data.rf, strict=True)
    ]
    path = write(tmp_path / "F-F_Research_Data_Factors.CSV", table(THREE, rows))
    ours, theirs = factors("FF3", file="sample"), factors("FF3", file=path)
    assert ours.values.tolist() == theirs.values.tolist()
    assert ours.dates.tolist() == theirs.dates.tolist()


def test_blank_lines_inside_a_table_do_not_end_it(tmp_path):
    lines = [*table(["Mkt-RF", "RF"], [("196306", 1.0, 0.2)]), "196307,    2.00,    0.21", ""]
    assert len(factors("CAPM", file=write(tmp_path / "f.csv", lines)).dates) == 2


def test_prose_with_a_year_and_a_comma_is_no_row(tmp_path):
    prose = ["1926, the first year, has six months."]
    path = write(tmp_path / "f.csv", prose, table(["Mkt-RF", "RF"], [("196306", 1.0, 0.2)]))
    assert len(factors("CAPM", file=path).dates) == 1


# The built-in sample ----------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["sample", " Sample "])
def test_sample_in_place_of_a_file_is_the_built_in_one(file):
    result = factors("carhart", file=file)
    data = sample.monthly()
    assert result.values[:, :4].tolist() == data.factors.tolist()
    assert result.values[:, 4].tolist() == data.rf.tolist()
    assert days(result) == list(data.dates)
    assert result.notes == ("built-in sample, 1949-01-31 to 2017-03-31",)


@pytest.mark.parametrize("model", ["CAPM", "FF3", "CARHART"])
def test_columns_are_those_of_the_model_with_rf_last(model):
    result = factors(model, file="sample")
    assert result.names == MODELS[model]
    assert result.values.shape == (819, len(MODELS[model]))


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("1990-01", "1990-12"),
        ("1990", "1990"),
        ("1990-01-01", "1990-12-31"),
        ("19900101", "19901231"),
        (dt.date(1990, 1, 1), dt.date(1990, 12, 31)),
        (dt.datetime(1990, 1, 1, 9, 30), dt.datetime(1990, 12, 31, 17, 0)),  # noqa: DTZ001
        (32874, 33238),  # Excel: DATE(1990,1,1) and DATE(1990,12,31)
        (32874.75, 33238.75),
    ],
)
def test_every_form_of_start_and_end_means_the_same_year(start, end):
    result = factors("CAPM", start_date=start, end_date=end, file="sample")
    assert [days(result)[0], days(result)[-1]] == [dt.date(1990, 1, 31), dt.date(1990, 12, 31)]
    assert len(result.dates) == 12


@pytest.mark.parametrize("cell", ["1990", [["1990"]], (("1990-01-01",),), [[32874.0]], 32874.0])
def test_a_date_in_a_range_of_one_cell_is_that_date(cell):
    assert FF_FACTORS("CAPM", "M", cell, file="sample")[1][0] == 32904.0  # 1990-01-31 in Excel


def test_a_span_beyond_the_data_is_said():
    result = factors(start_date="1940-01-01", end_date="2020-01-01", file="sample")
    assert len(result.dates) == 819
    notes = " | ".join(result.notes)
    assert "begin on 1949-01-31, later than start_date 1940-01-01" in notes
    assert "end on 2017-03-31, before end_date 2020-01-01" in notes


def test_first_day_of_the_first_month_is_inside_the_data():
    assert len(factors(start_date="1949-01-01", file="sample").notes) == 1


def test_cells_show_a_date_column_then_the_factors(three, momentum):
    rows = write_cells(french.ff_factors("CARHART", file=f"{three};{momentum}"))
    assert rows[0] == ["date", "Mkt-RF", "SMB", "HML", "Mom", "RF"]
    assert rows[1] == [23192.0, -0.0057, -0.0030, -0.0090, 0.0101, 0.0023]  # 1963-06-30 in Excel
    assert rows[3][4] == "#N/A"
    assert len(rows) == 4


# Errors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": "FF4"}, 'model is "FF4"; use CAPM, FF3, CARHART, FF5, FF6'),
        ({"frequency": "X"}, 'frequency is "X"; use D'),
        (
            {"frequency": "D", "file": "sample"},
            "built-in sample is monthly; leave file out .* or give .* daily rows",
        ),
        ({"frequency": "A", "file": "sample"}, "annual rows"),
        ({"model": "FF5", "file": "sample"}, "no RMW and CMA; leave file out .*5_Factors_2x3"),
        ({"model": "FF6", "file": "sample"}, "5_Factors_2x3; F-F_Momentum_Factor"),
        ({"model": "FF5", "frequency": "W"}, "no weekly RMW; for FF5 use frequency D, M or A"),
        ({"model": "CARHART", "frequency": "W"}, "no weekly Mom; for CARHART use"),
        ({"model": "FF6", "frequency": "W"}, "no weekly RMW or Mom; .* use model CAPM or FF3"),
        ({"start_date": "next year"}, 'start_date is "next year", which is no date'),
        ({"start_date": "1990-02-30"}, "start_date .* no date"),
        ({"start_date": 12.0}, "start_date .* no date"),
        ({"start_date": 1990.0}, 'start_date is the number 1990; use .* the text "1990"'),
        ({"end_date": 199001}, 'end_date is the number 199001; use .* the text "199001"'),
        ({"end_date": True}, "end_date .* no date"),
        ({"end_date": float("nan")}, "end_date .* no date"),
        (
            {"start_date": "2001", "end_date": "2000"},
            "start_date 2001-01-01 is after end_date 2000-12-31",
        ),
        ({"file": " ; "}, "file is blank"),
        ({"file": "no/such/file.csv"}, "no/such/file.csv cannot be read"),
    ],
)
def test_wrong_argument_is_one_sentence(arguments, words):
    with pytest.raises(InputError, match=words) as caught:
        factors(**arguments)
    assert_is_sentence(caught.value)


def test_span_without_rows_is_missing_data():
    with pytest.raises(MissingDataError, match="the data run from 1949-01-31 to 2017-03-31"):
        factors(start_date="2020-01-01", file="sample")


def test_column_that_no_file_holds_names_the_file_to_add(three):
    with pytest.raises(InputError, match="has no column Mom; add F-F_Momentum_Factor after a ;"):
        factors("CARHART", file=three)
    with pytest.raises(InputError, match="has no column RMW; add F-F_Research_Data_5_Factors_2x3"):
        factors("FF5", file=three)


def test_files_without_a_common_date_are_refused(three, tmp_path):
    late = write(tmp_path / "late.csv", table(["Mom"], [("200001", 1.0)]))
    with pytest.raises(InputError, match="share no date"):
        factors("CARHART", file=f"{three};{late}")


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["196306,1.0,abc,0.2,0.1"], "no table of factors"),
        (["196306,1.0,0.1,0.2,0.1", "196307,1.0,abc,0.2,0.1"], 'row 7 holds "abc"'),
        (["196306,1.0,0.1,0.2,0.1", "196307,1.0,0.2"], "row 7 has 2 numbers .* 4 columns"),
        (["196313,1.0,0.1,0.2,0.1"], "row 6: 196313 is no date"),
        (["196306,1,1,1,1", "196306,1,1,1,1"], "has the date 1963-06-30 twice"),
        (["196306,1.0,0.1"], "no line of 2 column names"),
    ],
)
def test_damaged_table_names_the_row(tmp_path, rows, words):
    path = write(tmp_path / "damaged.csv", [",Mkt-RF,SMB,HML,RF", *rows])
    with pytest.raises(InputError, match=words) as caught:
        factors(file=path)
    assert_is_sentence(caught.value)


def test_truncated_zip_is_one_sentence(three, tmp_path):
    archive = tmp_path / "F-F_Research_Data_Factors_CSV.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as stream:
        stream.write(three, "F-F_Research_Data_Factors.CSV")
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="not a whole zip file; download it again"):
        factors(file=archive)
    middle = len(whole) // 3
    archive.write_bytes(whole[:middle] + bytes(20) + whole[middle + 20 :])
    with pytest.raises(InputError, match="damaged"):
        factors(file=archive)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html><body>404</body></html>", "it begins: <!DOCTYPE html>"),
        (b"", "it begins: nothing"),
        (b"\x89PNG\r\n\0\0\0\0", "not text"),
    ],
)
def test_file_of_another_kind_is_one_sentence(tmp_path, content, words):
    path = tmp_path / "factors.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        factors(file=path)
    assert_is_sentence(caught.value)


def test_zip_without_one_csv_is_refused(tmp_path):
    archive = tmp_path / "book.zip"
    with zipfile.ZipFile(archive, "w") as stream:
        stream.writestr("a.csv", "x")
        stream.writestr("b.csv", "x")
    with pytest.raises(InputError, match="holds 2 CSV files"):
        factors(file=archive)


def test_folder_in_place_of_a_file_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        factors(file=tmp_path)


def assert_is_sentence(error: FactorError) -> None:
    text = str(error)
    assert text.isascii()
    assert "\n" not in text
    assert len(text) <= 250
