"""LibreOffice Calc: the catalogue's functions as an extension of its own kind of add-in."""
