from __future__ import annotations

import logging

import pytest
from kolapp_signalling import log

SECRET = "19121212-1212"


def test_a_line_has_the_allowed_fields_only(caplog: pytest.LogCaptureFixture) -> None:
    log.event(logging.WARNING, "Something.", session="s1", code=4001)
    assert caplog.messages == ["Something. session=s1 code=4001"]


def test_an_exception_is_its_type_and_its_way_without_its_text(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise ValueError(f"cannot read {SECRET}")
    except ValueError as error:
        log.event(logging.ERROR, "A request failed.", error=error)
    [line] = caplog.messages
    assert line.startswith("A request failed. error=ValueError at=test_log.py:")
    assert SECRET not in caplog.text
