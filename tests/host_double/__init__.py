"""Classic Excel's way to Python, run on any system: a double of Excel for the tests.

Real, the files as they are shipped:
    xlwings 0.37.8: _xlwindows, udfs, com_server (started by its own `serve`), conversion;
    pywin32 312, the half written in Python: win32com.client, win32com.server.* (`fetch` gets the
    Windows wheel from the package index when the tests run; nothing of it is kept in the project).

Faked, each from the source or the documentation of what it stands for:
    variant.py   VARIANT and pywin32's conversions, after oleargs.cpp and PyTime.cpp
    pywin32.py   the rest of pywin32's compiled half, as far as the files above use it
    excel.py     Excel's objects as COM shows them: ranges, sheets, a workbook, an application
    vba.py       the VBA on both ways to Python: our FactorRuntime and xlwings' own wrappers
    windows.py   ctypes' Windows libraries and sys.platform, so that xlwings is Windows' xlwings
    process.py   the double in a process of its own, because xlwings is patched in it for good

What it cannot show: VBA's compiler and run time (LibreOffice runs our modules in other tests), the
start of Python by xlwings' DLL, marshalling between processes and its time, a busy or modal Excel,
spilling and implicit intersection, the function wizard, how a cell displays a value. Excel's type
library is not there, so xlwings' own wrappers call back often, but not as often as in Excel.
"""
