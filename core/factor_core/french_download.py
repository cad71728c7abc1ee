"""The one way to the network: a file of Kenneth French's library, through pandas-datareader.

Slow to import (pandas, requests), so only a download imports this module.

Why pandas-datareader 0.11: BSD, kept by the pandas developers, runs with pandas 3, knows the
library's addresses. getfactormodels 0.0.33 knows more models, but is under the AGPL, calls itself
pre-alpha, cuts tables at fixed line numbers, has missing codes among its open work, and brings
pyarrow, httpx and diskcache.

What comes is kept as it came and read by `french_files`, as a file that the user names is.
pandas-datareader's own reading of tables is not used: it loses tables of less than 800 characters
without a word, leaves -99.99 as a return, stops at the spare commas of the daily momentum file,
fills short rows, and knows no row numbers. A test compares both on sound files.
"""

from __future__ import annotations

import os
import threading
import time
from queue import Empty, SimpleQueue
from urllib.parse import urlsplit

import requests
from pandas_datareader.famafrench import FamaFrenchReader

from factor_core.french_files import LARGEST_FILE, LibraryError

ADDRESS_VARIABLE = "FACTOR_UDFS_FRENCH_URL"
PIECE = 2**16
_PATH = "ftp/"  # between the library's address and the name of a file


class _Reader(FamaFrenchReader):  # type: ignore[misc]  # the package is not typed
    """pandas-datareader's reader, giving the file as it came, within a time limit."""

    @property
    def url(self) -> str:
        """Return the file's address, over TLS where it is French's own."""
        address = str(super().url)
        named = os.environ.get(ADDRESS_VARIABLE, "").strip()
        if named:
            return f"{named.rstrip('/')}/{_PATH}{address.rpartition(_PATH)[2]}"
        # An altered return is not noticed by anyone: the library must be who it says it is.
        return address.replace("http://mba.tuck.", "https://mba.tuck.")

    def _read_one_data(self, url: str, params: object) -> bytes:  # noqa: ARG002  the hook's form
        deadline = time.monotonic() + self.timeout
        with self.session.get(url, stream=True, timeout=self.timeout) as response:
            if response.status_code != requests.codes.ok:
                raise LibraryError(
                    f"{_host(url)} answers {response.status_code} {response.reason}"[:80],
                    answered=True,
                )
            pieces, size = [], 0
            # read1 returns with whatever has come: an answer that drips is left at the limit.
            while piece := response.raw.read1(PIECE, decode_content=True):
                pieces.append(piece)
                size += len(piece)
                if time.monotonic() > deadline:
                    raise LibraryError(_too_slow(url, self.timeout))
                if size > LARGEST_FILE:
                    raise LibraryError(f"{_host(url)} sends more than 64 MB", answered=True)
        if response.raw.length_remaining:
            raise LibraryError(f"{_host(url)} broke off in the middle of the file")
        return b"".join(pieces)


def address_of(name: str) -> str:
    """Return where a file of the library is fetched from."""
    return _Reader(name).url


def download(name: str, seconds: float) -> bytes:
    """Return a file of the library as it came; LibraryError after `seconds` at the latest.

    The limit holds for all of it: looking the server up, connecting, and every byte.
    """
    reader = _Reader(name, timeout=seconds)
    answers: SimpleQueue[bytes | LibraryError] = SimpleQueue()
    # A thread of its own: nothing else ends the search for a server's address.
    threading.Thread(target=_answer, args=(reader, answers), daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise LibraryError(_too_slow(reader.url, seconds)) from None
    if isinstance(answer, LibraryError):
        raise answer
    return answer


def _answer(reader: _Reader, answers: SimpleQueue[bytes | LibraryError]) -> None:
    try:
        answers.put(reader.read())
    except LibraryError as error:
        answers.put(error)
    except Exception as error:  # noqa: BLE001  whatever it is, the cell must not wait for it
        answers.put(LibraryError(_reason(reader, error)))


def _reason(reader: _Reader, error: Exception) -> str:
    host = _host(reader.url)
    if isinstance(error, requests.exceptions.SSLError):
        return f"{host} shows no certificate that is trusted here"
    if isinstance(error, requests.exceptions.ProxyError):
        return f"the proxy does not let {host} through"
    if isinstance(error, requests.exceptions.Timeout):
        return _too_slow(reader.url, reader.timeout)
    if isinstance(error, requests.exceptions.ConnectionError):
        return f"{host} cannot be reached"
    return f"{host} broke off in the middle of the file ({type(error).__name__})"


def _too_slow(url: str, seconds: float) -> str:
    return f"{_host(url)} sent no whole file within {round(seconds, 1):g} s"


def _host(url: str) -> str:
    return urlsplit(url).hostname or url[:40]
