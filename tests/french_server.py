"""Kenneth French's library on 127.0.0.1: files in his exact format, and every way to fail.

The numbers are those of the shipped data, printed as he prints them: percent, two decimals, CRLF,
prose above, an annual table below, a copyright line. RMW, CMA and the daily and weekly SMB, HML
and Mom are differences of shipped series under his names: real returns, not his factors.
"""

from __future__ import annotations

import io
import threading
import zipfile
from collections import Counter
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

from factor_core import sample
from factor_core.french_files import FILES

FIVE_BEGIN = 174  # 1963-07, where the five-factor files begin
COPYRIGHT = "Copyright 2026 Eugene F. Fama and Kenneth R. French"
PROSE = {
    "Factors": (
        "This file was created using the 202605 CRSP database.",
        "The 1-month TBill rate data until 202405 are from Ibbotson Associates.",
        "",
    ),
    "Momentum": (
        "This file was created by using the 202605 CRSP database.  It",
        "contains a momentum factor, constructed from six value-weight portfolios formed",
        "using independent sorts on size and prior return of NYSE, AMEX, and NASDAQ stocks.",
        "",
        "Missing data are indicated by -99.99 or -999.",
        "",
    ),
}


# The files --------------------------------------------------------------------------------------


def printed(stamps, names, values, commas=""):
    """Return the lines of a table; `commas` end each, as in the daily momentum file."""
    lines = ["," + ",".join(names) + commas]
    for stamp, row in zip(stamps, values, strict=True):
        lines.append(f"{stamp:>6}," + ",".join(f"{100 * value:8.2f}" for value in row) + commas)
    return lines


@cache
def series(frequency):
    """Return stamps and values by column of the M, D or W files; W is every fifth day."""
    if frequency == "M":
        data = sample.monthly()
        ours = dict(zip(data.factor_names, data.factors.T, strict=True)) | {"RF": data.rf}
        ours |= {"RMW": data.industries[:, 0] - data.industries[:, 1]}
        ours |= {"CMA": data.industries[:, 2] - data.industries[:, 3]}
        return [f"{day:%Y%m}" for day in data.dates], ours
    data = sample.daily()
    step = 1 if frequency == "D" else 5
    prices = data.prices[::step]
    moves = prices[1:] / prices[:-1] - 1
    apple, google, ibm, microsoft, market = moves.T
    rf = data.rf[::step][1:]
    ours = {"Mkt-RF": market - rf, "SMB": apple - ibm, "HML": microsoft - google, "RF": rf}
    ours |= {"RMW": ibm - microsoft, "CMA": google - apple, "Mom": apple - microsoft}
    return [f"{day:%Y%m%d}" for day in data.dates[::step][1:]], ours


@cache
def text(name):
    """Return a file of the library as he prints it."""
    columns, kinds = FILES[name].columns, FILES[name].frequencies
    stamps, ours = series(kinds[0])
    first = FIVE_BEGIN if "RMW" in columns and kinds[0] == "M" else 0
    stamps, values = stamps[first:], np.column_stack([ours[c] for c in columns])[first:]
    spare = name == "F-F_Momentum_Factor_daily"  # every line fills three cells, prose too
    commas, blank = ("," if spare else ""), (",," if spare else "")
    lines = [f"{line}{blank}" for line in PROSE["Momentum" if "Mom" in name else "Factors"]]
    names = ["Mom   "] if name == "F-F_Momentum_Factor" else columns
    lines += printed(stamps, names, values, commas)
    if "A" in kinds:
        lines += ["", " Annual Factors: January-December ", *yearly(stamps, names, values)]
    return "\r\n".join([*lines, blank, COPYRIGHT + blank, ""])


def yearly(stamps, names, values):
    """Return the lines of the table of whole years, compounded from the printed months."""
    months = np.round(values, 4)
    years = [year for year, count in Counter(s[:4] for s in stamps).items() if count == 12]
    inside = [np.array([s[:4] == year for s in stamps]) for year in years]
    grown = np.array([np.prod(1 + months[rows], axis=0) - 1 for rows in inside])
    return printed([f"  {year}" for year in years], names, grown)


def zipped(content, member="F-F_Research_Data_Factors.csv"):
    """Return the bytes of a zip file with one member."""
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w", zipfile.ZIP_DEFLATED) as archive:
        info = zipfile.ZipInfo(member, (2026, 7, 1, 9, 0, 0))
        archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return room.getvalue()


@cache
def archive(name):
    """Return the zip file that the library serves under this name."""
    return zipped(text(name), f"{name}.csv")


def changed(name, *replacements):
    """Return the zip file of a changed text: pairs of what is replaced and by what."""
    content = text(name)
    for old, new in replacements:
        assert old in content
        content = content.replace(old, new)
    return zipped(content, f"{name}.csv")


# The server -------------------------------------------------------------------------------------


class LibraryServer(ThreadingHTTPServer):
    """Serves the library; `answers` says by name what else is sent, `asked` what was asked for."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = {}
        self.asked = []
        self.ended = threading.Event()
        self.pieces = Counter()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/pages/faculty/ken.french/"

    def __enter__(self):
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.shutdown()
        self.server_close()
        self.thread.join()

    def handle_error(self, *_):
        """Say nothing of clients that have left: they are under test."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        place, _, file = self.path.rpartition("/")
        name = file.removesuffix("_CSV.zip")
        self.server.asked.append(name)
        answer = self.server.answers.get(name, self.server.answers.get("*"))
        if place != "/pages/faculty/ken.french/ftp" or (answer is None and name not in FILES):
            self.send_error(404)
        elif callable(answer):
            answer(self)
        else:
            whole(self, archive(name) if answer is None else answer)

    def log_message(self, *_):
        """Print nothing among the results of the tests."""


def whole(handler, content, kind="application/zip"):
    handler.send_response(200)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


def status(code):
    return lambda handler: handler.send_error(code)


def page(handler):
    whole(handler, b"<!DOCTYPE html><html><body>Please sign in</body></html>", "text/html")


def silent(handler):
    """Accept the question and never answer."""
    handler.server.ended.wait(60)


def dripping(handler):
    """Send a whole file, a byte at a time: each comes long before any limit on silence."""
    content = archive("F-F_Research_Data_Factors")
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    for i in range(len(content)):
        if handler.server.ended.wait(0.05):
            return
        handler.wfile.write(content[i : i + 1])
        handler.server.pieces["sent"] += 1


def breaking_off(handler):
    """Promise a whole file and send half of it."""
    content = archive("F-F_Research_Data_Factors")
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content[: len(content) // 2])


def cut_short(handler):
    """Send half of a file as if that were all."""
    content = archive("F-F_Research_Data_Factors")
    whole(handler, content[: len(content) // 2])


def endless(handler):
    """Send zeros for ever."""
    handler.send_response(200)
    handler.end_headers()
    while not handler.server.ended.is_set():
        handler.wfile.write(bytes(2**20))
