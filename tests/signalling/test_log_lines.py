import json
import logging
from datetime import UTC, datetime

import pytest
from kolapp_signalling import log
from kolapp_signalling.log_lines import PlainLines, log_plainly


@pytest.fixture(autouse=True)
def logging_as_before():
    root, ours = logging.getLogger(), logging.getLogger("kolapp")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def test_our_lines_from_the_level_on(capsys):
    log_plainly("info")
    logging.getLogger("kolapp.signalling").info("The store is back.")
    logging.getLogger("kolapp.signalling").debug("Unheard.")
    assert capsys.readouterr().err.endswith("INFO    kolapp.signalling: The store is back.\n")


def test_libraries_from_warnings_on_and_their_first_line_only(capsys):
    log_plainly("info")
    logging.getLogger("aioice").info("Check CandidatePair(192.0.2.1)")
    logging.getLogger("asyncio").error("Task exception was never retrieved\nfuture: <192.0.2.1>")
    told = capsys.readouterr().err
    assert told.endswith("asyncio: Task exception was never retrieved\n")
    assert "192.0.2.1" not in told


def test_an_exception_is_its_type_and_the_way_it_came(capsys):
    log_plainly("info")
    try:
        raise ValueError("token abc of 192.0.2.1")
    except ValueError:
        logging.getLogger("kolapp.media").exception("A leg failed.")
    told = capsys.readouterr().err
    assert "A leg failed. (ValueError at test_log_lines.py:" in told
    assert "abc" not in told
    assert told.count("\n") == 1


def test_an_empty_message_is_no_trouble():
    record = logging.LogRecord("x", logging.INFO, "", 1, "", (), None)
    assert PlainLines().format(record).endswith("INFO    x: ")


def test_for_programs_each_line_is_an_object_with_the_allowed_fields(capsys):
    log_plainly("info", "json")
    log.event(logging.WARNING, "A media node is gone.", node="m1", code=7)
    try:
        raise ValueError("token abc\nof 192.0.2.1")
    except ValueError as error:
        log.event(logging.ERROR, "A request failed.", session="s1", error=error)
        logging.getLogger("aiohttp.server").exception("Unhandled\nGET /ws?token=abc")
    told = capsys.readouterr().err
    gone, failed, library = [json.loads(line) for line in told.splitlines()]
    assert datetime.fromisoformat(gone.pop("time")).tzinfo is UTC
    ours = "kolapp.signalling"
    assert gone == {
        "level": "warning",
        "from": ours,
        "what": "A media node is gone.",
        "node": "m1",
        "code": 7,
    }
    assert (failed["what"], failed["session"]) == ("A request failed.", "s1")
    assert failed["error"] == library["error"] == "ValueError"
    assert (library["from"], library["what"]) == ("aiohttp.server", "Unhandled")
    assert "abc" not in told
