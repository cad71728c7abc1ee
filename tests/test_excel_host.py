"""Classic Excel: xlwings' own Windows code calls our functions, with pywin32's C half stubbed."""

import importlib
import subprocess
import sys
import textwrap

PROGRAM = """
import importlib, sys, types
from unittest import mock
for name in ("pythoncom", "pywintypes", "win32api", "win32con", "win32gui", "win32timezone",
             "win32process", "win32com", "win32com.client", "win32com.server",
             "win32com.server.dispatcher", "win32com.server.policy", "win32com.server.util",
             "xlwings._xlwindows", "xlwings.com_server"):
    sys.modules[name] = mock.MagicMock(name=name)
import xlwings as xw
udfs = importlib.import_module("xlwings.udfs")
xw.func, xw.arg, xw.ret = udfs.xlfunc, udfs.xlarg, udfs.xlret
sys.modules["xlwings._xlwindows"].is_range_instance = lambda value: False
import factor_udfs
from factor_core.catalogue import CATALOGUE

def com(name, *args):
    return udfs.call_udf("factor_udfs", name, args)

"""


def run(body):
    """Run `body` after the set-up above in a Python of its own: xlwings is patched there for good."""
    program = PROGRAM + textwrap.dedent(body)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_function_is_registered_with_its_arguments_and_texts():
    run("""
        for name, function in CATALOGUE.items():
            info = getattr(factor_udfs, name).__xlfunc__
            assert info["category"] == function.category
            assert [a["name"] for a in info["args"]] == [a.name for a in function.arguments]
            assert [a["doc"] for a in info["args"]] == [a.kind.text for a in function.arguments]
            assert all(a["options"]["convert"] == "raw" for a in info["args"])
            optional = {a["name"] for a in info["args"] if "optional" in a}
            assert optional == {a.name for a in function.arguments if a.optional}
    """)


def test_a_call_by_com_gives_what_the_python_call_gives():
    run("""
        asset = tuple((0.01 * i % 0.07,) for i in range(40))
        market = tuple((0.02 * i % 0.05,) for i in range(40))
        missing = -2147352572
        beta = com("FACTOR_BETA", asset, market, missing)
        assert isinstance(beta, float) and beta == factor_udfs.FACTOR_BETA(asset, market)
        table = com("FACTOR_REGRESSION", asset, market, missing, missing, missing, missing)
        assert table == factor_udfs.FACTOR_REGRESSION(asset, market)
    """)


def test_error_values_travel_as_their_com_codes():
    run("""
        missing = -2147352572
        assert com("POSITION_SIZE", 1e6, 0.0, missing, missing) == -2146826252
        assert com("POSITION_SIZE", 1e6, "x", missing, missing) == -2146826273
        na = -2146826246
        series = com("EXCESS_RETURNS", ((0.01,), (na,), (0.02,)), 0.001)
        assert [row[0] for row in series][1] == na
        assert factor_udfs.POSITION_SIZE(1e6, 0) == "#NUM!"  # Python callers see the error itself
    """)


def test_xlwings_is_not_imported_without_excel():
    code = "import factor_udfs, sys; sys.exit('xlwings' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_publishing_leaves_a_function_callable_where_xlwings_does_nothing():
    importlib.import_module("xlwings")
    excel = importlib.import_module("factor_core.hosts.excel")
    catalogue = importlib.import_module("factor_core.catalogue")
    importlib.import_module("factor_udfs")
    function = catalogue.CATALOGUE["POSITION_SIZE"]
    assert excel.publish(function, function.cells)(1e6, 0.1) == [[1e7]]
