"""The tables of numbers beside this file: a head, then rows of a key and its numbers; # remarks."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np


def rows(name: str) -> list[list[str]]:
    """Return the rows of a table without its head."""
    text = Path(__file__).with_name(name).read_text(encoding="ascii")
    return list(csv.reader(line for line in text.splitlines() if not line.startswith("#")))[1:]


def by_name(name: str) -> dict[str, np.ndarray]:
    """Return the numbers of a table: name.1, name.2 ... are one vector."""
    found = defaultdict(list)
    for key, value in rows(name):
        vector, _, place = key.rpartition(".")
        found[vector if place.isdigit() else key].append(float(value))
    return {vector: np.array(values) for vector, values in found.items()}
