"""The template workbook: its sheets, charts, names, VBA project and ribbon."""
