"""The line about our own mistakes: rare, and silent about what was sent."""

from __future__ import annotations

import pytest
from kolapp_media.rtc.faults import Faults


def test_one_line_a_minute_that_counts_the_others(caplog: pytest.LogCaptureFixture) -> None:
    faults = Faults()
    for now in (0.0, 1.0, 59.9, 60.0, 60.1):
        faults.tell(KeyError("a secret"), now)

    assert [each.message.rsplit(";", 1)[1] for each in caplog.records] == [
        " 0 more since the last such line",
        " 2 more since the last such line",
    ]
    assert "KeyError" in caplog.text
    assert "secret" not in caplog.text
