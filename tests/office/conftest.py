"""Keeps pytest from importing what only LibreOffice's own Python can import."""

collect_ignore = ["uno_side.py"]
