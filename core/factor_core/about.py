"""What is installed, where it runs, and the conventions of every function."""

from __future__ import annotations

import logging
import platform
import sys

from factor_core import __version__
from factor_core.errors import InputError
from factor_core.fit_cache import SWITCH, cache_info
from factor_core.labelled import Table

PACKAGES = ("numpy", "pandas", "scipy", "statsmodels", "xlwings", "xxhash")
CONVENTIONS = (
    ("returns", "simple, decimal (0.01 is 1 %), per period, oldest row first"),
    ("regressions", "take excess or self-financing returns: make them with EXCESS_RETURNS once"),
    ("argument order", "asset first, then factors; factors keep the order given"),
    ("header", "a first row of text holds names; a series then has a header row too"),
    ("missing cells", "a blank, an empty text and #N/A: the row is left out, shown as #N/A"),
    ("other text", "text, TRUE, FALSE or an error among numbers is an error that names the cell"),
    ("moments", "ddof 1; residual volatility too, so that shares of variance add up to 1"),
    ("inference", "Student's t with n - k - 1 degrees of freedom for every kind of errors"),
    ("periods", "a year's: 252 daily, 52 weekly, 12 monthly"),
    ("annualising", "means and variances x periods, volatilities and Sharpe x its root"),
    ("beta", "does not scale with the horizon"),
    ("hac", "Newey-West, Bartlett kernel, floor(4 (n/100)^(2/9)) lags when left blank"),
)

_told: dict[str, str] = {}


def addin_info() -> Table:
    """Return versions, log file, use of the fit cache and conventions.

    Returns
    -------
    Table
        An item a row. No package is imported to read its version.

    Examples
    --------
    >>> for item, value in addin_info().rows[-2:]:
    ...     print(f"{item}: {value}")
    beta: does not scale with the horizon
    hac: Newey-West, Bartlett kernel, floor(4 (n/100)^(2/9)) lags when left blank
    """
    rows = [
        ("version", __version__),
        ("host", _told.get("host") or _host()),
        ("Python", f"{platform.python_version()} ({platform.architecture()[0]})"),
        ("operating system", f"{platform.system()} {platform.release()}"),
        *((name, _version(name)) for name in PACKAGES),
        ("fit cache", _fits()),
        ("log file", _log_file()),
        *[(item, text) for item, text in _told.items() if item != "host"],
        *CONVENTIONS,
    ]
    return Table(("item", "value"), rows)


def declare(item: str, text: str) -> None:
    """Let a host tell what only it knows: its own name, or the last error that its cells hide."""
    _told[item] = text


def _host() -> str:
    return "Excel" if "xlwings.com_server" in sys.modules else "Python"


def _version(package: str) -> str:
    from importlib import metadata  # noqa: PLC0415  a fifth of the add-in's time to start

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "not installed"


def _fits() -> str:
    """Return how often a fit was found, and what is kept; the remedy of a wrong setting."""
    try:
        info = cache_info()
    except InputError as wrong:
        return str(wrong)
    if not info.most_megabytes:
        return f"switched off by {SWITCH}"
    return (
        f"{info.hits:,} of {info.hits + info.misses:,} fits found again ({info.hit_rate:.0%}); "
        f"{info.fits:,} kept in {info.megabytes:.1f} of {info.most_megabytes:g} MB ({SWITCH})"
    )


def _log_file() -> str:
    """Return where the log of the functions goes, whichever host opened it."""
    handlers = logging.getLogger("factor_udfs").handlers
    files = (h.baseFilename for h in handlers if isinstance(h, logging.FileHandler))
    return next(files, "none in this host")
