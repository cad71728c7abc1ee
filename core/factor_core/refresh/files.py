"""The workbook on disk: read with a clear sentence for what is wrong, replaced in one step."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from factor_core.atomic import write_whole
from factor_core.errors import FactorError

ENDINGS = frozenset({".xlsx", ".xlsm", ".xltx", ".xltm", ".xlam"})
STALE_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Original:
    """A workbook as it was read."""

    path: Path
    data: bytes
    stamp: tuple[int, int, int]


def read(path: Path) -> Original:
    """Return the file's bytes."""
    path = Path(path)
    if not path.exists():
        raise FactorError(f"{path} is not there")
    if not path.is_file():
        raise FactorError(f"{path} is not a file; use an .xlsx or .xlsm file")
    real = path.resolve()
    try:
        stamp = _stamp(real)
        return Original(real, real.read_bytes(), stamp)
    except PermissionError:
        raise FactorError(f"{path} may not be read; it is protected or open elsewhere") from None
    except OSError as error:
        raise FactorError(f"{path} cannot be read: {error.strerror}") from None


def check_target(target: Path, source: Path) -> Path:
    """Return the real path to write to; refuse at once what could not be written in the end."""
    real = Path(target).resolve()
    ending = source.suffix.lower()
    if ending in ENDINGS and real.suffix.lower() != ending:
        raise FactorError(f"{target.name} must end in {ending}, as the workbook does")
    if not real.parent.is_dir():
        raise FactorError(f"the folder {target.parent} is not there")
    if real.exists() and not real.is_file():
        raise FactorError(f"{target} is not a file")
    _refuse_locked(real)
    if real.exists() and not _writable(real):
        raise FactorError(f"{target} is read-only; make it writable or use --out")
    if not _writable(real.parent):
        raise FactorError(f"the folder {target.parent} is read-only; use --out")
    return real


def _refuse_locked(path: Path) -> None:
    for lock, program in ((f"~${path.name}", "Excel"), (f".~lock.{path.name}#", "LibreOffice")):
        if (path.parent / lock).exists():
            raise FactorError(
                f"{path.name} is open in {program}: close it there, then refresh "
                f"(if it is not open, delete {lock} beside it)"
            )


def _writable(path: Path) -> bool:
    # For root os.access says yes to everything; the mode is what the owner asked for.
    mode = path.stat().st_mode
    return bool(mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)) and os.access(path, os.W_OK)


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def replace(target: Path, data: bytes, original: Original) -> None:
    """Put `data` in the target's place: at every moment the file there is whole, old or new."""
    _remove_leftovers(target)

    def prepare(temporary: Path) -> None:
        _keep_owner_and_mode(target if target.exists() else original.path, temporary)
        if target == original.path and _stamp(target) != original.stamp:
            raise FactorError(f"{target.name} was changed while it was being calculated; run again")

    try:
        write_whole(target, data, prefix=_prefix(target), before=prepare)
    except PermissionError:
        raise FactorError(f"{target.name} may not be replaced; is it open elsewhere?") from None
    except OSError as error:
        raise FactorError(f"{target.name} cannot be written: {error.strerror}") from None
    _sync_folder(target.parent)


def _prefix(target: Path) -> str:
    return f".{target.name}.refresh-"


def _keep_owner_and_mode(model: Path, new: Path) -> None:
    found = model.stat()
    new.chmod(stat.S_IMODE(found.st_mode))
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(new, found.st_uid, found.st_gid)


def _remove_leftovers(target: Path) -> None:
    """Remove what a run that was killed left behind; younger files may belong to a run at work."""
    for old in target.parent.glob(f"{_escaped(_prefix(target))}*.tmp"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > STALE_SECONDS:
                old.unlink()


def _escaped(text: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def _sync_folder(folder: Path) -> None:
    # Windows cannot open a folder; the rename is safe there without it.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
