from __future__ import annotations

from kolapp_queue import errors as queue_errors
from kolapp_signalling.refusals import QUEUE_CODES


def test_every_refusal_of_the_queue_has_a_code_of_its_own() -> None:
    refusals = set(queue_errors.QueueError.__subclasses__())
    internal = {
        queue_errors.NewerRecord,  # a node of a newer version wrote it
        queue_errors.UnreadableRecord,  # it is set aside, or passed over and counted
        queue_errors.CopyExpired,  # said while a place is restored, as a fresh start
    }
    assert refusals - internal == set(QUEUE_CODES)
