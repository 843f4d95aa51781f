import logging

import pytest
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
