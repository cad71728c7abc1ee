"""Recalculating a workbook without Excel."""

from factor_core.refresh.report import Report
from factor_core.refresh.run import refresh_bytes, refresh_workbook

__all__ = ["Report", "refresh_bytes", "refresh_workbook"]
