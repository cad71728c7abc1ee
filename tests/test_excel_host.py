"""The Excel side where there is no Excel: what it hands to xlwings.

test_host_double.py lets xlwings' own Windows code call every function.
"""

from types import SimpleNamespace

import pytest

import factor_udfs
from factor_core.catalogue import CATALOGUE
from factor_core.errors import ExcelError
from factor_core.hosts.excel import ComCells, publish


def test_publishing_leaves_a_function_callable_where_xlwings_does_nothing():
    function = CATALOGUE["POSITION_SIZE"]
    assert publish(function, factor_udfs.POSITION_SIZE)(1e6, 0.1) == 1e7


@pytest.mark.parametrize(
    ("result", "rows"),
    [
        (0.5, [[0.5]]),
        ("MSFT", [["MSFT"]]),
        (True, [[True]]),
        ([[0.5], [0.25]], [[0.5], [0.25]]),
        (ExcelError("#NUM!", "vol is 0"), [["#NUM! vol is 0"]]),
        (ExcelError("#N/A"), [["#N/A"]]),
        ([[0.5], [ExcelError("#N/A", "no value")]], [[0.5], ["#N/A"]]),
    ],
)
def test_a_result_crosses_as_rows_and_only_a_single_error_brings_its_sentence(result, rows):
    context = SimpleNamespace(value=result)
    ComCells.writer({})(context)
    assert context.value == rows
