"""The door: whatever a host hands over becomes clean arrays or one sentence."""

import datetime as dt
import math
import random
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from factor_core import cells
from factor_core.errors import (
    ERROR_CODES,
    ERROR_TEXTS,
    LONGEST_SENTENCE,
    ExcelError,
    InputError,
    MissingDataError,
)
from factor_core.labelled import Columns, Table

COM_MISSING = -2147352572
WHOLE_SHEET = 1_048_576


class JsNull:
    """The name is pyodide's: its null is known by it."""


class JsUndefined:
    pass


class Float(float):
    """A number of a foreign library."""


def sentence_of(call, *arguments):
    with pytest.raises(InputError) as raised:
        call(*arguments)
    text = str(raised.value)
    assert text.isascii()
    assert "\n" not in text
    assert len(text) <= LONGEST_SENTENCE
    return text


def read(cells_, name="returns"):
    return cells.read_columns(cells_, name)


def sentence(cells_):
    return sentence_of(read, cells_, "returns")


# ------------------------------------------------------------------------ what one cell may hold

NUMBERS = {
    "float": (0.25, 0.25),
    "minus zero": (-0.0, -0.0),
    "int, as JSON writes 1.0": (1, 1.0),
    "Decimal, as currency cells come": (Decimal("1.25"), 1.25),
    "float subclass": (Float(0.5), 0.5),
    "numpy float64": (np.float64(0.125), 0.125),
    "numpy float32": (np.float32(0.5), 0.5),
    "numpy int": (np.int16(7), 7.0),
    "a double that equals an error's code": (-2146826246.0, -2146826246.0),
    "largest double": (1.7976931348623157e308, 1.7976931348623157e308),
    "smallest double": (5e-324, 5e-324),
}
BLANKS = {
    "None": None,
    "empty string": "",
    "#N/A as text": "#N/A",
    "#N/A as COM sends it": ERROR_CODES["#N/A"],
    "#N/A that a function of ours returned": ExcelError("#N/A", "no value"),
    "nan": math.nan,
    "Decimal nan": Decimal("NaN"),
    "pyodide null": JsNull(),
    "pyodide undefined": JsUndefined(),
    "pandas NA": pd.NA,
    "pandas NaT": pd.NaT,
    "numpy NaT": np.datetime64("NaT"),
    "numpy nan": np.float64("nan"),
}
BAD = {
    "text": ("abc", 'text "abc"'),
    "a space is text": (" ", 'text " "'),
    "a number as text": ("0.01", 'text "0.01"'),
    "an error that the table does not know": ("#BUSY!", "#BUSY!"),
    "TRUE": (True, "TRUE"),
    "FALSE": (False, "FALSE"),
    "numpy bool": (np.True_, "TRUE"),
    "date": (dt.date(2024, 1, 31), "the date 2024-01-31"),
    "date and time": (dt.datetime(2024, 1, 31, 9, 30), "the date 2024-01-31"),  # noqa: DTZ001
    "pandas date": (pd.Timestamp("2024-01-31"), "the date 2024-01-31"),
    "numpy date of nanoseconds": (np.datetime64("2024-01-31", "ns"), "the date 2024-01-31"),
    "numpy duration of nanoseconds": (np.timedelta64(5, "ns"), "a timedelta"),
    "an error newer than the table": (-2146826200, "an error value"),
    "complex": (1j, "a complex"),
    "bytes": (b"1", "a bytes"),
    "dict": ({}, "a dict"),
    "a list": ([0.5], "a range of its own"),
    "an array": (np.zeros(2), "a ndarray"),
    "an integer of 400 digits": (10**400, "a number too large for a cell"),
    "signalling nan": (Decimal("sNaN"), "a number too large for a cell"),
    "an error of ours that says why": (
        ExcelError("#NUM!", "VOL_SCALE: vol is -1; it must be above 0"),
        "#NUM! (VOL_SCALE: vol is -1; it must be above 0)",
    ),
}
EXCEL_ERRORS = sorted(set(ERROR_CODES) - {"#N/A"})


@pytest.mark.parametrize(("cell", "number"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_of_every_host_are_numbers(cell, number):
    got = read([[0.0], [cell], [1.0]])
    assert got.values.dtype == np.float64
    np.testing.assert_array_equal(got.values, [[0.0], [number], [1.0]])
    assert cells.read_number(cell, "beta") == number
    assert cells.read_number(((cell,),), "beta") == number


@pytest.mark.parametrize("cell", BLANKS.values(), ids=BLANKS)
def test_blanks_of_every_host_are_missing(cell):
    got = read([[0.5], [cell], [1.0]])
    np.testing.assert_array_equal(got.values, [[0.5], [math.nan], [1.0]])
    assert got.rows == 3


@pytest.mark.parametrize(("cell", "words"), BAD.values(), ids=BAD)
def test_bad_cell_is_named_with_its_place(cell, words):
    expected = f"returns row 2, column 1 is {words}; use a number or leave it blank"
    assert sentence([[0.5], [cell], [1.0]]) == expected
    assert sentence(((0.5,), (cell,), (1.0,))) == expected


@pytest.mark.parametrize("text", EXCEL_ERRORS)
def test_each_excel_error_is_named_as_code_and_as_text(text):
    expected = f"returns row 2, column 2 is {text}; use a number or leave it blank"
    assert sentence(((0.5, 0.1), (0.3, ERROR_CODES[text]))) == expected
    assert sentence([[0.5, 0.1], [0.3, text]]) == expected


@pytest.mark.parametrize("text", sorted(ERROR_TEXTS))
def test_an_error_value_is_never_a_header(text):
    rows = [[text], [0.5], [1.0]]
    if text == "#N/A":
        assert read(rows).names == ()
    else:
        assert sentence(rows).startswith(f"returns row 1, column 1 is {text}; ")


def test_infinite_cell_is_named_with_its_place():
    ending = "is infinite; use a number or leave it blank"
    assert sentence([[0.5, 0.1], [0.3, math.inf]]) == f"returns row 2, column 2 {ending}"
    assert sentence([["A"], [0.3], [-math.inf]]) == f"returns row 3, column 1 {ending}"
    assert sentence([[0.5], [Decimal("Infinity")]]) == f"returns row 2, column 1 {ending}"
    assert sentence(np.array([0.5, math.inf])) == f"returns row 2, column 1 {ending}"


def test_long_text_is_cut_and_stays_one_ascii_line():
    long_text = "x" * 500
    assert sentence([[0.5], [long_text]]) == (
        f'returns row 2, column 1 is text "{"x" * 37}..."; use a number or leave it blank'
    )


# ------------------------------------------------------------------------------ shapes of ranges


SHAPES = {
    "lists": lambda rows: [list(row) for row in rows],
    "tuples": lambda rows: tuple(tuple(row) for row in rows),
    "tuples in a list": lambda rows: [tuple(row) for row in rows],
    "lists in a tuple": lambda rows: tuple(map(list, rows)),
    "both": lambda rows: [tuple(row) if i % 2 else list(row) for i, row in enumerate(rows)],
    "array": np.array,
    "array of objects": lambda rows: np.array(rows, dtype=object),
    "array by columns": lambda rows: np.array(rows, order="F"),
    "big-endian array": lambda rows: np.array(rows, dtype=">f8"),
    "array of long doubles": lambda rows: np.array(rows, dtype=np.longdouble),
    "masked array": np.ma.array,
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_nesting_of_rows_is_the_same_block(shape):
    rows = [[0.5, -1.25], [0.25, 3.0], [1e-9, 0.0]]
    got = read(shape(rows))
    np.testing.assert_array_equal(got.values, rows)
    assert got.values.dtype == np.dtype("float64")
    assert (got.names, got.rows) == ((), 3)


@pytest.mark.parametrize("flat", [[1.0, 2.0, 3.0], (1.0, 2.0, 3.0), np.array([1.0, 2.0, 3.0])])
def test_a_flat_list_is_one_column(flat):
    np.testing.assert_array_equal(read(flat).values, [[1.0], [2.0], [3.0]])


@pytest.mark.parametrize("one", [0.5, [0.5], [[0.5]], ((0.5,),), np.float64(0.5), np.array(0.5)])
def test_one_cell_is_a_block_of_one(one):
    np.testing.assert_array_equal(read(one).values, [[0.5]])


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([1, 2], dtype=np.int8), [[1.0], [2.0]]),
        (np.array([1, 2], dtype=np.uint64), [[1.0], [2.0]]),
        (np.array([0.5, 0.25], dtype=np.float16), [[0.5], [0.25]]),
        (np.array([0.5, np.nan], dtype=np.float32), [[0.5], [np.nan]]),
        (np.array([0.5, None, ""], dtype=object), [[0.5], [np.nan], [np.nan]]),
        (np.ma.array([0.5, 9.9], mask=[False, True]), [[0.5], [np.nan]]),
        (np.array(["", "#N/A"]), [[np.nan], [np.nan]]),
    ],
)
def test_numpy_arrays_of_numbers_and_blanks(array, expected):
    np.testing.assert_array_equal(read(array).values, expected)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([True, False]), "row 1, column 1 is TRUE"),
        (np.array([1j, 2j]), "row 1, column 1 is a complex"),
        (np.array([1, ERROR_CODES["#DIV/0!"]]), "row 2, column 1 is #DIV/0!"),
        (np.array(["1.5", "2.5"], dtype="U3").reshape(1, 2), 'row 1, column 1 is text "1.5"'),
        (
            np.array(["2024-01-31"], dtype="datetime64[ns]"),
            "row 1, column 1 is the date 2024-01-31",
        ),
        (np.array([1, 2], dtype="timedelta64[ns]"), "row 1, column 1 is a timedelta"),
        (np.array([b"1"]), "row 1, column 1 is a bytes"),
        (np.array([(1, 2.0)], dtype="i4,f8"), "row 1, column 1 is a range of its own"),
    ],
)
def test_numpy_arrays_of_anything_else_are_refused(array, words):
    assert sentence(array) == f"returns {words}; use a number or leave it blank"


def test_an_array_is_not_changed_and_not_written_to():
    array = np.array([[0.5, np.nan], [1.0, 2.0]])
    array.flags.writeable = False
    np.testing.assert_array_equal(read(array).values, array)


@pytest.mark.parametrize("empty", [[], (), [[]], ((),), [[], []], np.zeros((0, 3)), np.zeros(0)])
def test_an_empty_range_is_refused(empty):
    assert sentence(empty) == "returns is an empty range; use a range with numbers"


@pytest.mark.parametrize(
    ("ragged", "row"),
    [
        ([[1.0, 2.0], [3.0]], 2),
        ([[1.0], [2.0, 3.0]], 2),
        ([[1.0, 2.0], [3.0, 4.0], []], 3),
        (((1.0,), (2.0,), 3.0), 3),
        ([[1.0, 2.0], [3.0], [4.0, 5.0, 6.0]], 2),
        ([["A", "B"], [3.0], [4.0, 5.0]], 2),
        ([[1.0], "x", [2.0]], 2),
    ],
)
def test_a_ragged_range_is_refused_by_its_row(ragged, row):
    assert sentence(ragged) == (
        f"returns row {row} is not as wide as row 1; use a rectangular range"
    )


def test_single_cells_among_rows_are_refused():
    assert sentence([1.0, [2.0]]) == "returns mixes single cells and rows; use a rectangular range"


@pytest.mark.parametrize("areas", [[[[1.0]], [[2.0]]], (((1.0,), (2.0,)), ((3.0,), (4.0,)))])
def test_several_areas_are_refused(areas):
    assert sentence(areas) == "returns has several areas; use one rectangular range"


def test_too_many_dimensions_are_refused():
    assert sentence(np.zeros((2, 2, 2))) == (
        "returns has 3 dimensions; use one block of rows and columns"
    )


# -------------------------------------------------------------------------------------- headers


@pytest.mark.parametrize(
    ("first", "names"),
    [
        (["MSFT", "AAPL"], ("MSFT", "AAPL")),
        ([" MSFT ", ""], ("MSFT", "")),
        ([None, "AAPL"], ("", "AAPL")),
        (["2024", "x"], ("2024", "x")),
        ([np.str_("a"), JsNull()], ("a", "")),
    ],
)
def test_a_first_row_of_text_is_the_header(first, names):
    got = read([first, [0.5, 0.25], [None, 1.0]])
    np.testing.assert_array_equal(got.values, [[0.5, 0.25], [math.nan, 1.0]])
    assert (got.names, got.rows) == (names, 2)
    clean = read((tuple(first), (0.5, 0.25)))
    np.testing.assert_array_equal(clean.values, [[0.5, 0.25]])
    assert (clean.names, clean.rows) == (names, 1)


def test_rows_in_sentences_are_counted_from_the_range_with_its_header():
    assert sentence([["MSFT"], [0.5], ["n/a"]]) == (
        'returns row 3, column 1 is text "n/a"; use a number or leave it blank'
    )


def test_a_first_row_of_text_and_numbers_is_no_header():
    assert sentence([["MSFT", 0.5], [0.1, 0.2]]).startswith(
        'returns row 1, column 1 is text "MSFT"'
    )


@pytest.mark.parametrize("text", ["0.0123", " -0,5 ", "1.2%", "2 %", "+1e-3", ".5", "1."])
def test_a_number_stored_as_text_above_the_numbers_is_no_header(text):
    assert sentence([[text], [0.5], [0.25]]) == (
        f'returns row 1, column 1 is text "{text}"; use a number or leave it blank'
    )


@pytest.mark.parametrize("name", ["10", "600519", "-", "0700.HK", "1e", "5y", "S&P 500", "%", "."])
def test_a_name_with_digits_is_a_header(name):
    assert read([[name], [0.5], [0.25]]).names == (name,)
    assert read([["0.5", "Mkt"], [0.5, 0.25], [0.1, 0.2]]).names == ("0.5", "Mkt")


def test_a_year_among_names_is_answered_with_the_rule_for_headers():
    for first in (["Mkt", 2024.0], ["Mkt", "SMB", 5]):
        block = [first, [0.5] * len(first)]
        assert sentence(block).endswith("; use a number, or text in every column of a header")


def test_a_first_row_of_blanks_is_a_row_of_missing_cells():
    got = read([[None, ""], [0.5, 0.25]])
    assert (got.names, got.rows) == ((), 2)
    assert np.isnan(got.values[0]).all()


def test_a_text_alone_is_no_header():
    assert sentence("MSFT").startswith('returns row 1, column 1 is text "MSFT"')


def test_labels_stand_in_for_blank_names():
    assert Columns(np.zeros((2, 2)), ("MKT", "")).labels("factor") == ("MKT", "factor 2")
    assert Columns(np.zeros((2, 2))).labels("factor") == ("factor 1", "factor 2")


# ---------------------------------------------------------------------------------- whole columns


def whole_column(filled, blank, header=()):
    rows = [*((name,) for name in header), *((0.001 * (i % 9),) for i in range(filled))]
    return tuple(rows) + ((blank,),) * (WHOLE_SHEET - len(rows))


@pytest.mark.parametrize("blank", [None, ""])
@pytest.mark.parametrize("header", [(), ("MSFT",)])
def test_a_whole_column_is_cut_after_its_last_filled_row(blank, header):
    got = read(whole_column(10_000, blank, header))
    assert got.values.shape == (10_000, 1)
    assert got.rows == WHOLE_SHEET - len(header)
    assert got.names == header
    assert not np.isnan(got.values).any()


def test_gaps_inside_a_whole_column_stay():
    rows = list(whole_column(10_000, None))
    rows[20_000] = (0.5,)
    got = read(rows)
    assert got.values.shape == (20_001, 1)
    assert np.isnan(got.values[10_000:20_000]).all()


def test_a_bad_cell_deep_in_a_whole_column_is_found():
    rows = list(whole_column(10_000, None))
    rows[900_000] = ("x",)
    assert sentence(rows) == (
        'returns row 900001, column 1 is text "x"; use a number or leave it blank'
    )


@pytest.mark.parametrize("blank", [None, "", math.nan])
def test_an_empty_whole_column_is_missing_throughout(blank):
    rows = ((blank,),) * WHOLE_SHEET
    got = read(np.full(WHOLE_SHEET, math.nan) if blank != blank else rows)  # noqa: PLR0124
    assert np.isnan(got.values).all()
    assert len(got.values) <= 2
    assert got.rows == WHOLE_SHEET


def test_a_whole_column_as_an_array_is_cut_as_well():
    array = np.full(WHOLE_SHEET, math.nan)
    array[:10_000] = 0.5
    got = read(array)
    assert (got.values.shape, got.rows) == ((10_000, 1), WHOLE_SHEET)


def test_a_whole_column_of_dates_is_cut_as_well():
    rows = [("date",), *((40_000.0 + i,) for i in range(50))]
    got = cells.read_dates(tuple(rows) + ((None,),) * (WHOLE_SHEET - 51), "dates")
    assert (got.values.shape, got.rows, got.names) == ((50, 1), WHOLE_SHEET - 1, ("date",))


def test_named_tuples_are_rows():
    frame = pd.DataFrame({"a": [0.5] * 100_001, "b": [0.25] * 100_001})
    rows = list(frame.itertuples(index=False))
    np.testing.assert_array_equal(read(rows[:2]).values, [[0.5, 0.25]] * 2)
    assert read(rows).values.shape == (100_001, 2)


def test_a_long_range_that_ends_in_foreign_blanks_is_read():
    rows = [[0.5]] * 100_001 + [[pd.NA]] * 10
    got = read(rows)
    assert np.isnan(got.values).sum() == 10


# ---------------------------------------------- the fast path against a plain reader, 20,000 cases


def plain_reader(rows):
    """Read cell by cell, as one would write it first; None when a cell is no number."""
    width = len(rows[0])
    out = []
    for row in rows:
        if not isinstance(row, list | tuple) or len(row) != width:
            return None
        for cell in row:
            if cell is None or cell in ("", "#N/A") or (type(cell) is int and cell == -2146826246):
                out.append(math.nan)
            elif not isinstance(cell, NUMBER_TYPES) or isinstance(cell, bool) or is_error(cell):
                return None
            else:
                out.append(float(cell))
    matrix = np.array(out).reshape(len(rows), width)
    return None if np.isinf(matrix).any() else matrix


NUMBER_TYPES = (int, float, Decimal, np.floating, np.integer)


def is_error(cell):
    return isinstance(cell, int) and -2146828288 <= cell <= -2146825988


STRANGE_FLOATS = (0.0, -0.0, 5e-324, 1.7976931348623157e308, math.nan, -1e-300)
STRANGE_CELLS = (  # many as long, in marshal's bytes, as a float or as two
    *(None, "", "#N/A", True, False, 0, 1, -1, 2**31, 2**40, 2**70, -2146826246, -2146826281),
    *("abcd", "gggg", "g" * 8, "g" * 13, "\u00e9\u00e9", b"abcd", b"g" * 13, 1j, Decimal("0.5")),
    *(Float(0.5), np.float64(0.25), np.float32(0.5), np.int64(3), math.inf, -math.inf),
    *([], (), [0.5], (0.5,), [[0.5]], {}, {0.5}, frozenset(), ..., dt.date(2024, 1, 31)),
)


def random_rows(rng):
    """Return rows that are nearly a rectangle of floats, spoilt in a random way or not at all."""
    n, k = rng.randint(1, 6), rng.randint(1, 5)
    spoil = rng.choice(("nothing", "cells", "cells", "cells", "widths", "kinds", "rows"))
    rows = [[rng.gauss(0, 1) for _ in range(k)] for _ in range(n)]
    for _ in range(rng.randint(0, 3)):
        rng.choice(rows)[rng.randrange(k)] = rng.choice(STRANGE_FLOATS)
    if spoil == "cells":
        for _ in range(rng.randint(1, 4)):
            rng.choice(rows)[rng.randrange(k)] = rng.choice(STRANGE_CELLS)
    if spoil == "widths":  # what one row loses another gains: the stream keeps its length
        rows[0].append(0.0)
        rng.choice(rows).append(rng.choice(rows).pop())
    kind = rng.choice((list, tuple))
    rows = [kind(row) for row in rows]
    if spoil == "kinds":
        rows[rng.randrange(n)] = rng.choice((list, tuple))(rng.choice(rows))
    if spoil == "rows":
        rows.insert(
            rng.randint(1, n), rng.choice((0.5, None, "abcd", "g" * (9 * k), {}, b"g" * 9 * k))
        )
    return spoil, rng.choice((list, tuple))(rows)


def is_all_floats(rows):
    kinds = {type(row) for row in rows}
    return len(kinds) == 1 and all(type(cell) is float for row in rows for cell in row)


def test_fast_path_agrees_with_the_plain_reader_in_20000_cases():
    rng = random.Random(20240131)
    fast, read_slowly, refused = 0, 0, 0
    for _ in range(20_000):
        spoil, rows = random_rows(rng)
        expected = plain_reader(rows)
        block = cells._float_block(rows)
        if block is not None:
            assert is_all_floats(rows), rows
            np.testing.assert_array_equal(block.view("u8"), np.array(rows).view("u8"))
            fast += 1
        else:
            assert spoil != "nothing"
            assert not (expected is not None and is_all_floats(rows)), rows
        try:
            got = read(rows)
        except InputError:
            assert expected is None, rows
            refused += 1
            continue
        if got.names:  # the plain reader knows no headers
            expected = plain_reader(rows[1:])
        assert expected is not None, rows
        np.testing.assert_array_equal(got.values, expected)
        read_slowly += block is None
    assert min(fast, read_slowly, refused) > 2_500  # every road was taken often


def test_rows_with_gaps_are_read_as_cell_by_cell_in_20000_cases():
    rng = random.Random(20240229)
    read_at_once = left = 0
    for _ in range(20_000):
        n, k = rng.randint(1, 6), rng.randint(1, 6)
        share = rng.random()
        floats = [[rng.gauss(0, 1) for _ in range(k)] for _ in range(n)]
        rows = [[None if rng.random() < share else v for v in row] for row in floats]
        for _ in range(rng.randint(0, 2)):
            rng.choice(rows)[rng.randrange(k)] = rng.choice((*STRANGE_FLOATS, *STRANGE_CELLS))
        rows = [rng.choice((list, tuple))(row) for row in rows]
        block = cells._gapped_block(rows)
        if all(type(cell) in (float, type(None)) for row in rows for cell in row):
            np.testing.assert_array_equal(block, np.array(rows, dtype=float))
            read_at_once += 1
        else:
            assert block is None, rows
            left += 1
    assert min(read_at_once, left) > 4_000


def test_a_large_block_with_gaps_is_read_as_each_of_its_columns():
    rng = np.random.default_rng(3)
    values = rng.normal(size=(cells.DEEP, cells.WIDE))
    values[rng.random(values.shape) < 0.4] = np.nan
    rows = [[None if np.isnan(v) else v for v in row] for row in values.tolist()]
    assert cells._gapped_block(rows) is not None
    np.testing.assert_array_equal(read(rows).values, values)
    for odd, number in (("", np.nan), (3, 3.0), (ERROR_CODES["#N/A"], np.nan)):
        rows[7][3], values[7, 3] = odd, number
        assert cells._gapped_block(rows) is None
        np.testing.assert_array_equal(read(rows).values, values)
    rows[7][3] = "abc"
    assert sentence(rows) == (
        'returns row 8, column 4 is text "abc"; use a number or leave it blank'
    )


def test_rows_whose_stream_only_looks_like_a_rectangle_are_refused():
    # One row too short, one cell among the rows, one row inside a row: as long as four rows of two,
    # with every tag where four rows of two have theirs. The widths alone tell.
    rows = [[1.0, 2.0], [3.0], 4.0, [5.0, 6.0, [7.0, 8.0]]]
    assert cells._float_block(rows) is None
    assert sentence(rows) == "returns row 2 is not as wide as row 1; use a rectangular range"
    assert cells._float_block([frozenset({0.5}), frozenset({0.25})]) is None


# ----------------------------------------------------------------------- one number, text, a flag


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("abc", 'beta is text "abc"; use a number'),
        (True, "beta is TRUE; use a number"),
        ("#N/A", "beta is missing; use a number"),
        (math.inf, "beta is infinite; use a number"),
        (ERROR_CODES["#DIV/0!"], "beta is #DIV/0!; use a number"),
        (dt.date(2024, 1, 31), "beta is the date 2024-01-31; use a number"),
        (10**400, "beta is a number too large for a cell; use a number"),
        ([[1.0, 2.0]], "beta is a range of several cells; use one cell"),
        ([1.0, 2.0], "beta is a range of several cells; use one cell"),
        (np.zeros(3), "beta is a range of several cells; use one cell"),
        ([], "beta is an empty range; use one cell"),
    ],
)
def test_what_is_no_number_is_said(cell, expected):
    assert sentence_of(cells.read_number, cell, "beta") == expected


def test_an_integer_is_whole():
    assert cells.read_integer(21.0, "window") == 21
    assert sentence_of(cells.read_integer, 2.5, "window") == "window is 2.5; use a whole number"


@pytest.mark.parametrize(
    ("cell", "flag"),
    [
        *((True, True), (False, False), (1.0, True), (0, False), ("true", True), ("FALSE", False)),
        *((np.True_, True), ([[True]], True), (np.array([False]), False), (" true ", True)),
    ],
)
def test_a_flag_is_true_or_false(cell, flag):
    assert cells.read_flag(cell, "adjusted") is flag


@pytest.mark.parametrize(
    ("cell", "words"), [(2.0, "2"), ("yes", 'text "yes"'), ("#N/A", "#N/A"), (None, "blank")]
)
def test_what_is_no_flag_is_said(cell, words):
    expected = f"adjusted is {words}; use TRUE or FALSE"
    assert sentence_of(cells.read_flag, cell, "adjusted") == expected


def test_text_is_stripped():
    assert cells.read_text([[" FF3 "]], "model") == "FF3"
    assert sentence_of(cells.read_text, 3.0, "model") == "model is 3; use text"
    assert sentence_of(cells.read_text, "#REF!", "model") == "model is #REF!; use text"
    assert sentence_of(cells.read_text, "  ", "model") == 'model is text "  "; use text'


def test_a_name_or_a_position():
    assert cells.read_text_or_integer("SMB", "factor") == "SMB"
    assert cells.read_text_or_integer(2.0, "factor") == 2
    assert sentence_of(cells.read_text_or_integer, "#N/A", "factor") == (
        "factor is missing; use a number"
    )


@pytest.mark.parametrize(
    "cell", [None, "", [[None]], ((None,),), ("",), COM_MISSING, ((COM_MISSING,),), JsNull(), pd.NA]
)
def test_an_argument_left_out_is_missing(cell):
    assert cells.is_missing(cell)


@pytest.mark.parametrize("cell", [0.0, 0, False, "#N/A", [None, None], [], np.zeros(1), " ", 1j])
def test_an_argument_given_is_not_missing(cell):
    assert not cells.is_missing(cell)


# ---------------------------------------------------------------------------------------- dates

SERIAL = 45322.0  # 2024-01-31 in Excel


@pytest.mark.parametrize(
    "cell",
    [
        SERIAL,
        SERIAL + 0.75,
        45322,
        Decimal(45322),
        "2024-01-31",
        " 2024-01-31 ",
        "2024-01-31 16:00",
        "2024-01-31T16:00:00Z",
        dt.date(2024, 1, 31),
        dt.datetime(2024, 1, 31, 23, 59),  # noqa: DTZ001
        dt.datetime(2024, 1, 31, 23, 59, tzinfo=dt.UTC),
        pd.Timestamp("2024-01-31"),
        np.datetime64("2024-01-31"),
        np.datetime64("2024-01-31T10", "ns"),
    ],
)
def test_dates_of_every_host_are_the_same_day(cell):
    got = cells.read_dates([[cell], [SERIAL + 1]], "dates")
    np.testing.assert_array_equal(got.values, [[SERIAL], [SERIAL + 1]])


def test_dates_come_as_arrays_too():
    for unit in ("D", "s", "ns"):
        array = np.array(["2024-01-31", "NaT"], dtype=f"datetime64[{unit}]")
        got = cells.read_dates(array, "dates")
        np.testing.assert_array_equal(got.values, [[SERIAL], [math.nan]])


def test_a_header_over_dates_is_its_name_and_iso_text_is_none():
    got = cells.read_dates([["date"], ["2024-01-31"]], "dates")
    assert (got.names, got.rows) == (("date",), 1)
    got = cells.read_dates([["2024-01-30"], ["2024-01-31"]], "dates")
    np.testing.assert_array_equal(got.values, [[SERIAL - 1], [SERIAL]])


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("31/01/2024", 'text "31/01/2024", not a date like 2024-01-31; use a date'),
        ("2024-02-30", 'text "2024-02-30", not a date like 2024-01-31; use a date'),
        ("2024-01-31junk", 'text "2024-01-31junk", not a date like 2024-01-31; use a date'),
        (True, "TRUE; use a date"),
        ("#REF!", "#REF!; use a date"),
        (ERROR_CODES["#VALUE!"], "#VALUE!; use a date"),
        (20240131.0, "20240131, outside 1900 to 9999; use a date or text like 2024-01-31"),
        (0.0, "0, outside 1900 to 9999; use a date or text like 2024-01-31"),
        (-5, "-5, outside 1900 to 9999; use a date or text like 2024-01-31"),
        (math.inf, "inf, outside 1900 to 9999; use a date or text like 2024-01-31"),
        (dt.date(1850, 1, 1), "-18260, outside 1900 to 9999; use a date or text like 2024-01-31"),
    ],
)
def test_what_is_no_date_is_said(cell, words):
    place = "dates row 2" if "outside" in words else "dates row 2, column 1"
    assert sentence_of(cells.read_dates, [[SERIAL], [cell]], "dates") == f"{place} is {words}"


def test_dates_are_one_column():
    assert sentence_of(cells.read_dates, [[SERIAL, SERIAL]], "dates") == (
        "dates has 2 columns; use one column of dates: TRANSPOSE turns a row into a column"
    )
    assert sentence_of(cells.read_dates, [[SERIAL, SERIAL]] * 2, "dates") == (
        "dates has 2 columns; use one column of dates"
    )


# -------------------------------------------------------------------------- whatever cells hold


def test_a_lenient_reading_of_good_cells_is_the_strict_one():
    block = [["MSFT", "Mkt"], [0.01, None], [0.02, "#N/A"], ["", 1]]
    examined = cells.read_every_cell(block, "x")
    strict = cells.read_columns(block, "x")
    assert examined.refused == []
    assert examined.columns.names == strict.names
    assert examined.columns.rows == strict.rows
    np.testing.assert_array_equal(examined.columns.values, strict.values)


def test_a_lenient_reading_lists_what_a_strict_one_refuses():
    block = [["MSFT", "Mkt"], [0.01, "n/a"], [True, 0.02], [float("inf"), "#REF!"]]
    examined = cells.read_every_cell(block, "x")
    assert examined.refused == [
        (2, 2, 'text "n/a"'),
        (3, 1, "TRUE"),
        (4, 1, "infinite"),
        (4, 2, "#REF!"),
    ]
    wanted = [[0.01, np.nan], [np.nan, 0.02], [np.nan, np.nan]]
    np.testing.assert_array_equal(examined.columns.values, wanted)


def test_an_array_is_read_leniently_and_left_as_it_is():
    array = np.array([[0.01], [np.inf], [np.nan]])
    before = array.copy()
    examined = cells.read_every_cell(array, "x")
    assert examined.refused == [(2, 1, "infinite")]
    np.testing.assert_array_equal(array, before)


def test_dates_are_read_leniently_with_their_time_of_day():
    column = [
        ["Date"],
        ["2024-01-31"],
        ["soon"],
        [45322.75],
        [3e6],
        [dt.datetime(2024, 1, 31, 6, tzinfo=dt.UTC)],
    ]
    examined = cells.read_every_date(column, "dates")
    assert examined.columns.names == ("Date",)
    wanted = [[45322.0], [np.nan], [45322.75], [np.nan], [45322.25]]
    np.testing.assert_array_equal(examined.columns.values, wanted)
    assert examined.refused == [
        (3, 1, 'text "soon", not a date like 2024-01-31'),
        (5, 1, "3000000, outside 1900 to 9999"),
    ]


def test_times_are_the_dates_and_a_fraction():
    column = [
        [dt.datetime(2024, 1, 31, 18, tzinfo=dt.UTC)],
        ["2024-01-31T12:00:00+09:00"],
        [45322.25],
    ]
    np.testing.assert_array_equal(
        cells.read_times(column, "x").values.ravel() % 1, [0.75, 0.5, 0.25]
    )
    np.testing.assert_array_equal(cells.read_dates(column, "x").values.ravel(), [45322.0] * 3)


# ------------------------------------------------------------------------------------ writing


def test_a_vector_is_a_column_and_a_matrix_its_rows():
    assert cells.write_cells(np.array([1.0, 2.0])) == [[1.0], [2.0]]
    assert cells.write_cells(np.array([[1, 2], [3, 4]])) == [[1.0, 2.0], [3.0, 4.0]]
    assert cells.write_cells(np.array(1.5)) == [[1.5]]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        *((0.5, 0.5), (2, 2.0), ("text", "text"), (True, True), (None, "")),
        *((np.float64(0.5), 0.5), (np.True_, True), (np.int64(3), 3.0), (np.str_("a"), "a")),
    ],
)
def test_a_value_is_one_cell_of_a_plain_type(value, cell):
    ((got,),) = cells.write_cells(value)
    assert got == cell
    assert type(got) in (float, str, bool)


def test_nan_is_na_and_infinity_is_num():
    rows = cells.write_cells(np.array([0.5, math.nan, math.inf, -math.inf]))
    assert rows == [[0.5], ["#N/A"], ["#NUM!"], ["#NUM!"]]
    assert all(isinstance(row[0], ExcelError) and row[0].message for row in rows[1:])
    assert cells.write_cells(math.nan) == [["#N/A"]]


def test_columns_with_names_line_up_with_their_input():
    series = Columns(np.array([[0.5], [math.nan]]), ("MSFT",))
    assert cells.write_cells(series) == [["MSFT"], [0.5], ["#N/A"]]
    assert cells.write_cells(Columns(np.array([[0.5]]))) == [[0.5]]


def test_a_table_is_its_header_and_rows():
    table = Table(("name", "value"), [("alpha", 0.5), ("t", math.nan), ("note", None)])
    assert cells.write_cells(table) == [
        ["name", "value"],
        ["alpha", 0.5],
        ["t", "#N/A"],
        ["note", ""],
    ]
    assert cells.write_cells(Table((), [("n", 3)])) == [["n", 3.0]]


def test_an_error_value_keeps_its_sentence():
    ((got,),) = cells.write_cells(ExcelError("#NUM!", "why"))
    assert (got, got.message) == ("#NUM!", "why")


@pytest.mark.parametrize("empty", [np.zeros((0, 2)), np.zeros(0), Table((), []), np.zeros((2, 0))])
def test_an_empty_result_is_said(empty):
    with pytest.raises(MissingDataError, match="the result is empty: no row is left to show"):
        cells.write_cells(empty)


@pytest.mark.parametrize("thing", [object(), dt.date(2024, 1, 31), [1.0], {}])
def test_what_no_cell_can_show_is_a_bug_and_fails_aloud(thing):
    with pytest.raises(TypeError, match="a cell cannot show a "):
        cells.write_cells(thing)


def test_what_is_written_reads_back():
    block = np.array([[0.5, math.nan], [1e-300, -2.0]])
    got = read(cells.write_cells(Columns(block, ("a", "b"))))
    np.testing.assert_array_equal(got.values, block)
    assert got.names == ("a", "b")
