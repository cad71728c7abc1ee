"""The extension `factor_udfs.oxt`, made from the catalogue when it is installed.

It names the Python that it belongs to, so it is made on the machine that it is for and is no file
of the project. The same catalogue, Python and folders make the same bytes.
"""

from __future__ import annotations

import io
import json
import sys
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from factor_core import __version__
from factor_core.hosts.libreoffice.component import INTERFACE, SERVICE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from factor_core.catalogue import Argument, Function

NAME = "factor_udfs.oxt"
IDENTIFIER = "factor-udfs.calc"
OLDEST = (25, 2)  # 7.4 does not find the functions' names in .xlsx; those between were not tried
OLDEST_TEXT = ".".join(map(str, OLDEST))
CATEGORY = "Add-In"
SETTINGS = "extension.json"
PACKAGES = ("factor_core", "factor_udfs.py", "numpy", "scipy", "pandas", "statsmodels")
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
# Arguments whose rows are periods: what a formula gives them is, in practice, a range of cells.
SERIES = frozenset(
    {
        *("asset_returns", "factor_returns", "returns", "excess_returns", "prices"),
        *("market_returns", "benchmark_returns", "instrument_returns", "hedged_returns"),
        *("new_factor", "dates", "dates_1", "dates_2", "values", "values_1", "values_2"),
    }
)
CELLS = "com::sun::star::table::XCellRange"
LONG_AGO = (1980, 1, 1, 0, 0, 0)
ABOUT = (
    "Factor models in Calc: betas, alphas, hedges, risk and position sizes as worksheet functions. "
    "Licence: BSD-3-Clause."
)


def build(functions: Mapping[str, Function], settings: Mapping[str, Any]) -> bytes:
    """Return the extension for these functions."""
    catalogue = list(functions.values())
    names = [function.name for function in catalogue]
    parts = {
        "META-INF/manifest.xml": _manifest(),
        "description.xml": _description(),
        "about.txt": ABOUT + "\n",
        "factor_udfs.idl": _interface(catalogue, ranges_only=settings["ranges_only"]),
        "CalcAddIns.xcu": _registry(catalogue),
        SETTINGS: json.dumps({**settings, "functions": names}, indent=1, sort_keys=True),
        "component.py": Path(__file__).with_name("component.py").read_text(encoding="utf-8"),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), text.encode(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def settings_of_this_python(log_file: str, *, ranges_only: bool = False) -> dict[str, Any]:
    """Return what the extension must know of the Python that installs it, and of its mode."""
    return {
        "version": __version__,
        "python": sys.executable,
        "python_version": list(sys.version_info[:2]),
        "paths": package_folders(sys.path),
        "log_file": log_file,
        "ranges_only": ranges_only,
    }


def package_folders(path: Iterable[str]) -> list[str]:
    """Return the folders of a module path that hold what the functions need, made absolute.

    An editable installation has more than one: what a .pth file adds is not read elsewhere.
    """
    own = {Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    folders = dict.fromkeys(Path(entry or ".").absolute() for entry in path)
    holds = [f for f in folders if f not in own and any((f / p).exists() for p in PACKAGES)]
    return [str(folder) for folder in holds]


def _manifest() -> str:
    kinds = {
        "factor_udfs.idl": "application/vnd.sun.star.uno-typelibrary;type=RDB",
        # Registered by its own code: a passive component is loaded before its types are known.
        "component.py": "application/vnd.sun.star.uno-component;type=Python",
        "CalcAddIns.xcu": "application/vnd.sun.star.configuration-data",
    }
    entries = "".join(
        f' <manifest:file-entry manifest:full-path="{name}" manifest:media-type="{kind}"/>\n'
        for name, kind in kinds.items()
    )
    space = "http://openoffice.org/2001/manifest"
    return f'{XML}<manifest:manifest xmlns:manifest="{space}">\n{entries}</manifest:manifest>\n'


def _description() -> str:
    return f"""{XML}<description xmlns="http://openoffice.org/extensions/description/2006"
 xmlns:d="http://openoffice.org/extensions/description/2006"
 xmlns:l="http://libreoffice.org/extensions/description/2011"
 xmlns:xlink="http://www.w3.org/1999/xlink">
 <identifier value="{IDENTIFIER}"/>
 <version value="{__version__}"/>
 <dependencies>
  <l:LibreOffice-minimal-version value="{OLDEST_TEXT}" d:name="LibreOffice {OLDEST_TEXT}"/>
 </dependencies>
 <display-name><name lang="en">Factor-model functions</name></display-name>
 <extension-description><src xlink:href="about.txt" lang="en"/></extension-description>
</description>
"""


def _interface(functions: list[Function], *, ranges_only: bool) -> str:
    """Return the functions as UNO's interface, in its own language.

    `any` takes every form of an argument but a range with an error cell in it, and is given all
    rows of a column; XCellRange takes ranges alone, whatever their cells hold, and the rows wanted
    are read from it. No other type takes both. A Basic macro with VBA's objects does, but is given
    0 for an argument left out between others, and the wizard knows none. One cell too is returned
    as an array: an `any` cannot carry one from Python, and an array of one cell is used as a value
    wherever Calc wants one. Names of arguments are numbered: UNO reserves too many words.
    """
    module, interface = INTERFACE.split(".")
    methods = "".join(
        f"  sequence< sequence< any > > {function.name}({_parameters(function, ranges_only)});\n"
        for function in functions
    )
    return f"module {module} {{\ninterface {interface} {{\n{methods}}};\n}};\n"


def _parameters(function: Function, ranges_only: bool) -> str:
    return ", ".join(
        f"[in] {CELLS if ranges_only and is_series(argument) else 'any'} {_argument(i)}"
        for i, argument in enumerate(function.arguments)
    )


def is_series(argument: Argument) -> bool:
    """Return whether this is a range where series are ranges only: those left out must be `any`."""
    return argument.name in SERIES and not argument.optional


def _argument(index: int) -> str:
    return f"argument{index + 1}"


def _registry(functions: list[Function]) -> str:
    """Return the names and sentences that Calc's function wizard shows."""
    nodes = "".join(map(_function_node, functions))
    return (
        f'{XML}<oor:component-data xmlns:oor="http://openoffice.org/2001/registry"\n'
        ' oor:name="CalcAddIns" oor:package="org.openoffice.Office">\n'
        f' <node oor:name="AddInInfo">\n <node oor:name="{SERVICE}" oor:op="replace">\n'
        f' <node oor:name="AddInFunctions">\n{nodes} </node>\n </node>\n </node>\n'
        "</oor:component-data>\n"
    )


def _function_node(function: Function) -> str:
    arguments = "".join(
        f'   <node oor:name={quoteattr(_argument(i))} oor:op="replace">\n'
        + _property("DisplayName", argument.name)
        + _property("Description", argument.kind.text)
        + "   </node>\n"
        for i, argument in enumerate(function.arguments)
    )
    return (
        f'  <node oor:name="{function.name}" oor:op="replace">\n'
        + _property("DisplayName", function.name)
        + _property("Description", function.summary)
        + f'   <prop oor:name="Category"><value>{CATEGORY}</value></prop>\n'
        + _property("CompatibilityName", function.name)  # the name in Excel's files
        + f'   <node oor:name="Parameters">\n{arguments}   </node>\n  </node>\n'
    )


def _property(name: str, text: str) -> str:
    value = f'<value xml:lang="en">{escape(text)}</value>'
    return f'   <prop oor:name="{name}">{value}</prop>\n'
