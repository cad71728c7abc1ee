"""Factor-model mathematics and the spreadsheet boundary around it."""

__version__ = "0.1.0"
