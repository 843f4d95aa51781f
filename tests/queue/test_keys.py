from __future__ import annotations

import pytest
from kolapp_queue import keys
from kolapp_queue.model import ClinicianKey, QueueRef

BAD_NAMES = ["", "a{b", "a}b", "a*", "a\nb", "a\n", "a/b", "a:b", "a b", "å", "x" * 65]


def hash_tag(key: str) -> str:
    return key[key.index("{") + 1 : key.index("}")]


def test_all_keys_of_a_queue_share_one_slot() -> None:
    ref = QueueRef("p", "q")
    names = [*keys.queue_keys(ref), keys.hints(ref), keys.forecast(ref)]
    assert {hash_tag(name) for name in names} == {"p/q"}
    assert all(name.startswith("kolapp:1:") for name in names)


def test_no_queue_can_be_called_like_a_clinician() -> None:
    assert hash_tag(keys.clinician("p", ClinicianKey("c"))) == "p/clinician/c"
    with pytest.raises(ValueError, match="provider or queue name"):
        QueueRef("p", "clinician/c")


def test_every_key_of_two_queues_differs() -> None:
    first, second = keys.queue_keys(QueueRef("p", "q")), keys.queue_keys(QueueRef("p", "r"))
    assert len({*first, *second}) == 2 * len(keys.QUEUE_KEYS)


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_could_move_a_key_is_refused(name: str) -> None:
    for build in (
        lambda: QueueRef(name, "q"),
        lambda: QueueRef("p", name),
        lambda: keys.clinician("p", ClinicianKey(name)),
        lambda: keys.clinician(name, ClinicianKey("c")),
        lambda: keys.node(name),
    ):
        with pytest.raises(ValueError, match="must match"):
            build()
