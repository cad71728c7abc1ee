"""A template of few rows and the pages that the Hedge desk and the Budget need; inputs typed."""

from __future__ import annotations

import functools
import io
import re
import zipfile

import numpy as np
import pytest
from template_cells import workbook

from factor_core import sample
from factor_core.refresh import refresh_bytes
from factor_core.workbook import build
from factor_core.workbook.references import TemplateData

PAGES = (
    *(build.write_start, build.write_data, build.write_returns, build.write_tracking),
    *(build.write_hedged, build.write_performance, build.write_multifactor),
    *(build.write_hedge_desk, build.write_budget, build.write_monthly),
)


def daily(rows, columns):
    """Return rows and columns of the sample, the market last."""
    data = sample.daily()
    names = tuple(data.names[column] for column in columns)
    values = data.prices[:rows][:, columns].copy()
    chosen = (names[0], names[min(1, len(names) - 2)])
    return TemplateData(data.dates[:rows], names, values, data.rf[:rows], 252, "t", chosen=chosen)


def gaps():
    """Return three assets of which one is late, one ends early, and a gap in the market."""
    data = daily(130, [0, 2, 3, 4])
    data.values[:40, 0] = data.values[90:, 1] = data.values[110, 3] = np.nan
    return data


def apart():
    """Return assets without one row in common."""
    data = daily(130, [0, 2, 3, 4])
    data.values[:100, 0] = data.values[40:, 1] = np.nan
    return data


def months():
    """Return monthly returns with gaps in assets, market and rate."""
    data = sample.monthly()
    values = np.column_stack([data.industries[-87:, :3], data.factors[-87:, 0] + data.rf[-87:]])
    values[5:9, 0] = values[20, 3] = values[:12, 2] = np.nan
    rf = data.rf[-87:].copy()
    rf[40] = np.nan
    names = (*data.industry_names[:3], "Market")
    chosen = (names[0], names[2])
    dates = data.dates[-87:]
    return TemplateData(dates, names, values, rf, 12, "t", are_returns=True, chosen=chosen)


def built(data):
    """Return the workbook of these pages and the errors that its cells show."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "PAGES", PAGES)
        return build.build(data)


@functools.cache
def three_assets():
    """Return the book of three assets of the sample, made once: its bytes do not change."""
    made = built(daily(150, [0, 2, 3, 4]))
    assert made.errors == []
    return made.workbook


def typed(data, sheet, **cells):
    """Return the book after these cells of a sheet were typed over; None clears one."""
    number = workbook(data, values=True).sheetnames.index(sheet) + 1
    part = f"xl/worksheets/sheet{number}.xml"
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, _over(content.decode(), cells) if name == part else content)
    refreshed, report = refresh_bytes(out.getvalue())
    assert report.status == "ok"
    return refreshed


def _over(xml, cells):
    for address, value in cells.items():
        found = re.compile(rf'<c r="{address}"( s="\d+")?(?: t="s")?(?:/>|><v>[^<]*</v></c>)')
        content = "" if value is None else f"<v>{value}</v>"
        if isinstance(value, str):
            content = f"<is><t>{value}</t></is>"
        kind = ' t="inlineStr"' if isinstance(value, str) else ""
        xml, count = found.subn(rf'<c r="{address}"\1{kind}>{content}</c>', xml)
        assert count == 1, address
    return xml


def words(book, sheet):
    return [cell.value for row in book[sheet].iter_rows() for cell in row]


def errors_shown(book, sheet):
    """Return the errors on a page but the #N/A of a series."""
    return [
        (cell.coordinate, cell.value)
        for row in book[sheet].iter_rows()
        for cell in row
        if isinstance(cell.value, str) and cell.value.startswith("#") and cell.value != "#N/A"
    ]
