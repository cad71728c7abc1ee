"""The words and codes of errors: what every host may show."""

import copy
import pickle

import pytest

from factor_core import errors
from factor_core.errors import ExcelError, sentence


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.FactorError, "#VALUE!"),
        (errors.InputError, "#VALUE!"),
        (errors.NumericalError, "#NUM!"),
        (errors.DivisionError, "#DIV/0!"),
        (errors.MissingDataError, "#N/A"),
    ],
)
def test_each_error_of_the_family_has_an_excel_code(error, code):
    assert error.code == code
    assert code in errors.ERROR_CODES
    assert issubclass(error, errors.FactorError)
    assert issubclass(error, ValueError)


def test_codes_are_those_of_excels_cverr():
    assert errors.ERROR_CODES["#N/A"] == -2146826246
    cverr = {text: code + 2146828288 for text, code in errors.ERROR_CODES.items()}
    # Microsoft's XlCVError enumeration
    assert cverr == {
        "#NULL!": 2000,
        "#DIV/0!": 2007,
        "#VALUE!": 2015,
        "#REF!": 2023,
        "#NAME?": 2029,
        "#NUM!": 2036,
        "#N/A": 2042,
        "#GETTING_DATA": 2043,
        "#SPILL!": 2045,
        "#CONNECT!": 2046,
        "#BLOCKED!": 2047,
        "#UNKNOWN!": 2048,
        "#FIELD!": 2049,
        "#CALC!": 2050,
    }


def test_an_error_value_equals_its_text_and_keeps_its_sentence():
    error = ExcelError("#NUM!", "POSITION_SIZE: vol is 0; it must be above 0")
    assert error == "#NUM!"
    assert {error: 1} == {"#NUM!": 1}
    assert f"{error}" == "#NUM!"
    assert error.message == "POSITION_SIZE: vol is 0; it must be above 0"
    assert ExcelError("#N/A").message == ""


@pytest.mark.parametrize(
    "copied",
    [lambda e: pickle.loads(pickle.dumps(e)), copy.copy, copy.deepcopy],  # noqa: S301
)
def test_an_error_value_survives_copying(copied):
    got = copied(ExcelError("#NUM!", "why"))
    assert (got, got.message, type(got)) == ("#NUM!", "why", ExcelError)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("two\nlines\r\n and\ttabs", "two lines and tabs"),
        ("caf\u00e9 \u2192 \U0001f600", "caf? ? ?"),
        ("bell\x07 null\x00 del\x7f", "bell? null? del?"),
        ("x" * 250, "x" * 250),
        ("x" * 251, "x" * 247 + "..."),
        (ValueError("inside"), "inside"),
    ],
)
def test_a_sentence_is_ascii_one_line_and_fits_excel(text, expected):
    assert sentence(text) == expected


@pytest.mark.parametrize("value", [0, -1, float("nan"), -0.0])
def test_positive_is_required_aloud(value):
    with pytest.raises(errors.NumericalError, match=r"vol is .*; it must be above 0"):
        errors.require_positive(value, "vol")
    errors.require_positive(5e-324, "vol")


def test_a_word_is_one_of_its_options():
    assert errors.require_choice("vol", ("mean", "vol"), "kind") == "vol"
    with pytest.raises(errors.InputError, match='kind is "Vol"; use one of mean, vol'):
        errors.require_choice("Vol", ("mean", "vol"), "kind")
