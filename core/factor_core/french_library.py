"""Kenneth French's library as a worksheet may use it: from the copy on disk, or once a day anew.

A recalculation must not wait: all downloads of one recalculation share one time limit, what failed
is not tried again at once, and an older copy is used where no newer one can be had.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import os
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from factor_core import french_store as store
from factor_core.errors import LONGEST_SENTENCE, InputError
from factor_core.french_files import FILES, LibraryError, require, tables_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from factor_core.french_files import Table
    from factor_core.french_store import Copy

LIMIT_VARIABLE = "FACTOR_UDFS_TIME_LIMIT"
OFFLINE_VARIABLE = "FACTOR_UDFS_OFFLINE"
TIME_LIMIT = 10.0  # seconds that one recalculation may wait for the network
PATIENT_LIMIT = 120.0  # the same when the user asked for the download
FRESH = dt.timedelta(days=1)
NO_ANSWER_FOR = dt.timedelta(minutes=10)  # a laptop comes back to its network within the day
BAD_ANSWER_FOR = dt.timedelta(hours=1)  # a server that answers is not asked again and again
ONE_RECALCULATION = 60.0  # seconds: waits this close together are counted as one
REMEDY = 'give file a copy by hand or "sample" (built-in, monthly), or run factor-udfs data fetch'


class Held(NamedTuple):
    """A file of the library, and what must be said of it."""

    copy: Copy
    tables: tuple[Table, ...]
    warning: str
    """Why an older copy stands in for today's; empty where the copy is less than a day old."""


def obtain(name: str) -> Held:
    """Return a file of the library: kept since less than a day, else downloaded, else older.

    Raises
    ------
    LibraryError
        There is no copy, and none can be downloaded within the time limit.
    """
    copy = store.read(name)
    if copy and is_fresh(copy):
        return _held(copy)
    try:
        return _held(_download_for_a_cell(name))
    except LibraryError as error:
        reason = str(error)
    if copy is None:
        kept = "is damaged on disk" if store.is_damaged(name) else "is not on disk"
        # What to do must not be cut off, however much there is to say of the reason.
        room = LONGEST_SENTENCE - len(f"FF_FACTORS: {name} {kept} and ; {REMEDY}")
        raise LibraryError(f"{name} {kept} and {reason[:room]}; {REMEDY}")
    warning = (
        f"{reason}: the copy of {name} taken {store.time_text(copy.taken)}, {copy.age} old, is used"
    )
    return _held(copy, warning)


def on_disk(name: str) -> Held | None:
    """Return the copy of whatever age, without the network; None where there is none."""
    copy = store.read(name)
    return _held(copy) if copy else None


def fetch(name: str, seconds: float | None = None) -> Copy:
    """Download a file now, whatever the copies and failures of before: the user asked for it."""
    if is_offline():
        raise LibraryError(f"{OFFLINE_VARIABLE} is set; unset it to download")
    store.forget_failures(name)
    return _download(name, seconds or time_limit(PATIENT_LIMIT), anew=True)


def is_fresh(copy: Copy) -> bool:
    """Return whether the copy is less than a day old; a date in the future is none to trust."""
    return dt.timedelta(0) <= store.now() - copy.kept < FRESH


def is_offline() -> bool:
    """Return whether the user forbids downloads."""
    return os.environ.get(OFFLINE_VARIABLE, "").strip().lower() not in {"", "0", "no", "false"}


def time_limit(otherwise: float = TIME_LIMIT) -> float:
    """Return the seconds that downloads may take: FACTOR_UDFS_TIME_LIMIT, or `otherwise`."""
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not text:
        return otherwise
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 600:
        raise InputError(f'{LIMIT_VARIABLE} is "{text}"; use seconds above 0 and up to 600')
    return seconds


def _held(copy: Copy, warning: str = "") -> Held:
    return Held(copy, tables_in(copy.name, copy.data), warning)


def _download_for_a_cell(name: str) -> Copy:
    """Download within what is left of the recalculation's time, unless that failed just before."""
    if is_offline():
        raise LibraryError(f"{OFFLINE_VARIABLE} is set")
    _raise_recent_failure(name)
    left = _waits.left(time_limit())
    if left <= 0:
        raise LibraryError(f"the {time_limit():g} s for downloads are used up; recalculate later")
    _adapter()  # pandas may take seconds from a cold disk, which is not the network's time
    with _waits.counted():
        return _download(name, left)


def _raise_recent_failure(name: str) -> None:
    failure = store.last_failure(name)
    if failure:
        span = BAD_ANSWER_FOR if failure.answered else NO_ANSWER_FOR
        if dt.timedelta(0) <= store.now() - failure.when < span:
            raise LibraryError(
                f"{failure.reason} at {store.time_text(failure.when)[-5:]}",
                answered=failure.answered,
            )


def _download(name: str, seconds: float, *, anew: bool = False) -> Copy:
    """Download one file, one program at a time, and keep it where it can be used."""
    deadline = time.monotonic() + seconds
    try:
        with store.one_at_a_time(name, seconds):
            if not anew:  # another program may have had it, or failed, while this one waited
                copy = store.read(name)
                if copy and is_fresh(copy):
                    return copy
                _raise_recent_failure(name)
            return _asked(name, deadline)
    except TimeoutError:
        raise LibraryError("another program has been downloading it all the while") from None


def _asked(name: str, deadline: float) -> Copy:
    adapter = _adapter()
    seconds = max(deadline - time.monotonic(), 0.1)
    try:
        data = adapter.download(name, seconds)
        _require_use(name, data)
    except LibraryError as error:
        # Silence for what was left of the time says nothing of the server.
        if error.answered or seconds >= time_limit() / 2:
            store.keep_failure(name, str(error), answered=error.answered)
        raise
    try:
        return store.keep(name, data, adapter.address_of(name))
    except OSError as error:
        # Without a copy every recalculation would download again.
        reason = f"{store.folder()} cannot be written ({error.strerror})"
        store.keep_failure(name, reason, answered=True)
        raise LibraryError(reason, answered=True) from error


def _adapter() -> ModuleType:
    # Imported here: pandas and requests would slow the start of every cell that needs no network.
    from factor_core import french_download  # noqa: PLC0415

    return french_download


def _require_use(name: str, data: bytes) -> None:
    try:
        require(FILES[name], tables_in(name, data))
    except InputError as error:
        raise LibraryError(f"what came is not the file: {error}", answered=True) from None


class _Waits:
    """The time that this program spent waiting for the network, by the clock on the wall."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans: list[list[float]] = []  # begin and end; infinite while it lasts

    def left(self, limit: float) -> float:
        """Return the seconds of `limit` that waits of the last minute have left."""
        now = time.monotonic()
        with self._lock:
            self._spans = [span for span in self._spans if span[1] > now - ONE_RECALCULATION]
            spans = sorted([begin, min(end, now)] for begin, end in self._spans)
        spent, reached = 0.0, -math.inf
        for begin, end in spans:  # threads that wait at once spend the same seconds
            spent += max(0.0, end - max(begin, reached))
            reached = max(reached, end)
        return limit - spent

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count the time until the end of the block."""
        span = [time.monotonic(), math.inf]
        with self._lock:
            self._spans.append(span)
        try:
            yield
        finally:
            span[1] = time.monotonic()


_waits = _Waits()
