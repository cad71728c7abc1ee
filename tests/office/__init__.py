"""LibreOffice Calc as a real spreadsheet program for the tests: a private, headless one."""
