"""Files written whole or not at all: at every moment the file there is the old one or the new."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def write_whole(
    path: Path,
    data: bytes,
    *,
    prefix: str,
    waiting_room: Path | None = None,
    before: Callable[[Path], None] = lambda _: None,
) -> None:
    """Write `data` to a temporary file and put it in the place of `path`.

    The temporary file waits in `waiting_room`, a folder of the same disk (by default that of
    `path`); `before` is called with it when it is written: where it raises, `path` stays as it is.
    """
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=waiting_room or path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        before(temporary)
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
