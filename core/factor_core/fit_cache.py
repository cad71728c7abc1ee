"""Fits that are asked for again: alpha, beta, t and residuals of one regression are one fit.

A fit is found by what its input holds, not by where it comes from: by a 128-bit digest of every
byte, with shapes and options. Whatever changes a number changes the digest, so that a changed cell
never meets an old fit. The fits used last stay, as far as FACTOR_UDFS_CACHE_MB megabytes go; 0
switches the cache off.

References
----------
Y. Collet, xxHash (XXH3, 128 bits): two fits in a billion billion would share a digest by accident.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import xxhash

from factor_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Key = tuple[object, ...]

Result = TypeVar("Result", bound=tuple[Any, ...])

SWITCH = "FACTOR_UDFS_CACHE_MB"
DEFAULT_MEGABYTES = "256"
LARGEST_SHARE = 4  # no fit may push out more than a quarter of the others
OVERHEAD = 1_000  # bytes of a kept fit beside its numbers


class CacheInfo(NamedTuple):
    """How often fits were found, and what is kept."""

    hits: int
    misses: int  # fits that were not found, those too large to be kept among them
    fits: int
    megabytes: float
    most_megabytes: float  # 0 where the cache is switched off

    @property
    def hit_rate(self) -> float:
        """Share of the fits that were found; 0 before the first."""
        return self.hits / max(self.hits + self.misses, 1)


class FitCache:
    """Results by the content of their input, the ones used last, up to a number of bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[tuple[Any, ...], int]] = OrderedDict()
        self._bytes = self._hits = self._misses = 0

    def recall(
        self,
        name: str,
        inputs: Sequence[NDArray[np.float64]],
        options: tuple[object, ...],
        compute: Callable[[], Result],
    ) -> Result:
        """Return `compute()`, or what it gave for the same numbers; its arrays are read-only.

        Parameters
        ----------
        name : str
            What is computed.
        inputs : sequence of ndarrays
            Every array that the result depends on.
        options : tuple
            Everything else that it depends on.
        compute : callable
            Returns a tuple, nested or not, of new arrays; where it holds anything but arrays and
            numbers (a refusal, for instance) it is not kept.
        """
        if not self._most_bytes or self._most_bytes < sum(values.nbytes for values in inputs):
            result = compute()
            _lock_arrays(result)
            return result
        key = (name, options, *_content(inputs))
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                self._hits += 1
                return found[0]  # type: ignore[return-value]  # what `compute` gave under this name
            self._misses += 1
        result = compute()
        size = _lock_arrays(result)
        if size is not None:
            self._keep(key, result, size + OVERHEAD)
        return result

    def clear(self) -> None:
        """Forget every fit, and the counts."""
        with self._lock:
            self._kept.clear()
            self._bytes = self._hits = self._misses = 0

    def info(self) -> CacheInfo:
        """Return the counts."""
        with self._lock:
            used, most = self._bytes / 1e6, self._most_bytes / 1e6
            return CacheInfo(self._hits, self._misses, len(self._kept), used, most)

    def _keep(self, key: Key, result: tuple[Any, ...], size: int) -> None:
        if size * LARGEST_SHARE > self._most_bytes:
            return
        with self._lock:
            if key in self._kept:  # another thread was faster
                return
            self._kept[key] = (result, size)
            self._bytes += size
            while self._bytes > self._most_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                self._bytes -= freed


def recall(
    name: str,
    inputs: Sequence[NDArray[np.float64]],
    options: tuple[object, ...],
    compute: Callable[[], Result],
) -> Result:
    """Return `FitCache.recall` of the cache that all functions share."""
    return _shared().recall(name, inputs, options, compute)


def cache_info() -> CacheInfo:
    """Return how often the functions found a fit, and how much is kept."""
    return _shared().info()


def clear_cache() -> None:
    """Forget every fit of the functions."""
    _shared().clear()


def _content(inputs: Sequence[NDArray[np.float64]]) -> Key:
    """Return what tells inputs apart: shapes, types and order in memory, and a digest of all."""
    digest = xxhash.xxh3_128()
    layout: list[object] = []
    for values in inputs:
        turned = values.flags.f_contiguous and not values.flags.c_contiguous
        side_by_side = np.ascontiguousarray(values.T if turned else values)
        layout.append((values.shape, values.dtype.str, turned))
        digest.update(side_by_side.data)
    return (*layout, digest.digest())


def _lock_arrays(result: tuple[Any, ...]) -> int | None:
    """Make all arrays read-only; return their bytes, or None for what cannot be kept."""
    size, can_be_kept = 0, True
    for part in result:
        if isinstance(part, np.ndarray):
            if part.flags.writeable:
                part.flags.writeable = False
            size += part.nbytes
        elif isinstance(part, tuple):
            inner = _lock_arrays(part)
            can_be_kept &= inner is not None
            size += inner or 0
        else:
            can_be_kept &= part == {} or isinstance(part, int | float | None)
    return size if can_be_kept else None


_made: list[FitCache] = []
_making = threading.Lock()


def _shared() -> FitCache:
    """Return the one cache; it is made when first needed, so that a wrong setting is an error."""
    if not _made:
        with _making:
            if not _made:
                _made.append(FitCache(_most_bytes(os.environ.get(SWITCH, DEFAULT_MEGABYTES))))
    return _made[0]


def _most_bytes(setting: str) -> int:
    """Return the bytes that the environment allows."""
    try:
        megabytes = float(setting)
    except ValueError:
        megabytes = -1.0
    if not 0 <= megabytes < np.inf:
        raise InputError(
            f'environment variable {SWITCH} is "{setting[:20]}"; use megabytes, 0 for no cache'
        )
    return int(megabytes * 1e6)
