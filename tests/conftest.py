"""What several test modules share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def template_bytes():
    """Return the template on the built-in sample, built and calculated once a session."""
    # Imported here, so that tests of the maths alone start without the workbook's libraries.
    from factor_core.workbook.build import build, sample_data  # noqa: PLC0415

    return build(sample_data()).workbook
