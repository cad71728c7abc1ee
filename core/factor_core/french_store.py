"""The copies of Kenneth French's files on disk: each one file, written whole, with its history.

A copy is one line of JSON and then the file as it came, so that one replacement changes both and
no reader ever sees the line of one copy with the bytes of another. Readers need no lock and no
right to write: a folder that IT fills for everyone works.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from factor_core.atomic import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER_VARIABLE = "FACTOR_UDFS_DATA"
ENDING = ".copy"
FORMAT = 1
PATIENCE = 0.5  # seconds: Windows lets no one replace a file that is read, nor read it meanwhile


@dataclass(frozen=True)
class Copy:
    """One file of the library on this disk."""

    name: str
    """As the library calls it, such as F-F_Research_Data_Factors."""
    source: str
    """Address or file that it came from."""
    taken: dt.datetime
    """When it left the library: of a download the moment, of a file by hand its date."""
    kept: dt.datetime
    """When it was put here: no download follows for a day."""
    sha256: str
    data: bytes

    @property
    def age(self) -> str:
        """How long ago the file left the library, in words."""
        return age_text(now() - self.taken)

    @property
    def history(self) -> str:
        """Where the copy is from and how old it is, in one line."""
        taken = time_text(self.taken)
        return f"{self.name}: taken {taken}, {self.age} old, from {self.source}"


@dataclass(frozen=True)
class Failure:
    """What went wrong when the library was last asked."""

    reason: str
    when: dt.datetime
    answered: bool


def now() -> dt.datetime:
    """Return the time that copies are dated by."""
    return dt.datetime.now(dt.UTC)


def folder() -> Path:
    """Return where the copies are: the environment variable FACTOR_UDFS_DATA, or the user's."""
    named = os.environ.get(FOLDER_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path  # noqa: PLC0415  needed only where no folder is named

    return user_data_path("factor-udfs", appauthor=False) / "french"


def read(name: str) -> Copy | None:
    """Return the copy of a file of the library; None when there is none or it is damaged.

    A damaged copy counts as none: its checksum does not fit, so no number of it may be used.
    """
    content = _content(_path(name))
    if content is None:
        return None
    line, _, data = content.partition(b"\n")
    try:
        told = json.loads(line)
        copy = Copy(
            str(told["name"]),
            str(told["source"]),
            _time(told["taken"]),
            _time(told["kept"]),
            str(told["sha256"]),
            data,
        )
    except (ValueError, KeyError, TypeError):
        return None
    whole = told.get("format") == FORMAT and copy.name == name
    return copy if whole and hashlib.sha256(data).hexdigest() == copy.sha256 else None


def is_damaged(name: str) -> bool:
    """Return whether there is a copy that cannot be used."""
    return _path(name).is_file() and read(name) is None


def keep(name: str, data: bytes, source: str, taken: dt.datetime | None = None) -> Copy:
    """Put a copy in the place of the old one, whole or not at all; OSError where that fails."""
    kept = now()
    copy = Copy(name, source, taken or kept, kept, hashlib.sha256(data).hexdigest(), data)
    told = {
        "format": FORMAT,
        "name": name,
        "source": source,
        "taken": copy.taken.isoformat(timespec="seconds"),
        "kept": copy.kept.isoformat(timespec="seconds"),
        "sha256": copy.sha256,
        "bytes": len(data),
    }
    _write(_path(name), json.dumps(told).encode("ascii") + b"\n" + data)
    forget_failures(name)
    return copy


@contextlib.contextmanager
def one_at_a_time(name: str, seconds: float) -> Iterator[None]:
    """Let one thread of one program at a time go on; TimeoutError after `seconds`.

    Where the folder cannot hold a lock, all go on: they may download twice, but never tear a copy.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415  needed only before a download

    lock = FileLock(_path(name).with_suffix(".lock"), timeout=seconds)
    try:
        _make(folder())
        lock.acquire()
    except Timeout:
        raise TimeoutError from None
    except (OSError, NotImplementedError):
        yield
        return
    try:
        yield
    finally:
        lock.release()


# What went wrong is kept too, so that no recalculation waits twice for the same silence ----------

_failures: dict[tuple[str, str], Failure] = {}  # by folder and name; for folders not to be written
SERVER = "server"


def last_failure(name: str) -> Failure | None:
    """Return the latest failure of this file, or of the server as a whole."""
    found = [_failure(key) for key in (name, SERVER)]
    return max((f for f in found if f), key=lambda failure: failure.when, default=None)


def keep_failure(name: str, reason: str, *, answered: bool) -> None:
    """Remember that the library gave no answer, or for this file none of use."""
    failure, key = Failure(reason, now(), answered), name if answered else SERVER
    told = {"reason": reason, "when": failure.when.isoformat(), "answered": answered}
    try:
        _write(_failure_path(key), json.dumps(told).encode("ascii"))
    except OSError:
        _failures[str(folder()), key] = failure


def forget_failures(name: str) -> None:
    """Forget what went wrong: the library has answered, or the user wants it asked again."""
    for key in (name, SERVER):
        _failures.pop((str(folder()), key), None)
        with contextlib.suppress(OSError):
            _failure_path(key).unlink(missing_ok=True)


def _failure(key: str) -> Failure | None:
    try:
        told = json.loads(_failure_path(key).read_bytes())
        return Failure(str(told["reason"]), _time(told["when"]), bool(told["answered"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _failures.get((str(folder()), key))


# Words and files --------------------------------------------------------------------------------


def age_text(age: dt.timedelta) -> str:
    """Return an age as people say it.

    Examples
    --------
    >>> age_text(dt.timedelta(days=9)), age_text(dt.timedelta(hours=26)), age_text(dt.timedelta(0))
    ('9 days', '26 hours', '0 minutes')
    """
    minutes = age.total_seconds() / 60
    if minutes < 0:
        return f"-{age_text(-age)}"  # a clock was wrong: the copy is dated in the future
    count, unit = int(minutes), "minute"
    if minutes >= 60:
        count, unit = int(minutes / 60), "hour"
    if minutes >= 48 * 60:
        count, unit = int(minutes / 60 / 24), "day"
    return f"{count} {unit}{'' if count == 1 else 's'}"


def time_text(moment: dt.datetime) -> str:
    """Return a time as the clock on the wall showed it, to the minute."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _time(text: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(text)  # times without a zone cannot be subtracted from ours
    return moment


def _path(name: str) -> Path:
    return folder() / f"{name}{ENDING}"


def _failure_path(key: str) -> Path:
    return folder() / f"{key}.failed"


def _make(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)


def _content(path: Path) -> bytes | None:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return path.read_bytes()
        except PermissionError:
            if time.monotonic() >= until:
                return None
            time.sleep(0.02)
        except OSError:
            return None


def _write(path: Path, content: bytes) -> None:
    _make(path.parent)
    until = time.monotonic() + PATIENCE
    while True:
        try:
            write_whole(path, content, prefix=f"~{path.stem}-")
        except PermissionError:
            if time.monotonic() >= until or not os.access(path.parent, os.W_OK):
                raise
            time.sleep(0.05)
        else:
            return
