"""What install, doctor and com-server print, on any terminal."""

from __future__ import annotations

from rich.console import Console


def say(text: str) -> None:
    """Print a sentence as it is, on one line however long."""
    console = Console()
    console.print(printable(text, console), markup=False, highlight=False, soft_wrap=True)


def printable(text: str, console: Console) -> str:
    """Return the text with question marks for what the terminal's code page cannot show."""
    return text.encode(console.encoding, "replace").decode(console.encoding)
