"""When a node says that it is busy, and when it is over."""

from __future__ import annotations

from kolapp_media.load import Load


def after(load: Load, start: float, share: float, *, late: float = 0.0, seconds: int = 4) -> bool:
    """Whether it is busy after so many seconds of this."""
    for second in range(seconds + 1):
        load.late(late)
        load.look(start + second, 100.0 + (start + second) * share)
    return load.busy


def test_a_busy_process_is_noticed() -> None:
    assert not after(Load(0.85, 0.25), 0.0, 0.8)
    assert after(Load(0.85, 0.25), 0.0, 0.9)


def test_a_process_that_is_not_let_run_is_noticed() -> None:
    """On a machine with other work it may use little and be late all the same."""
    assert after(Load(0.85, 0.25), 0.0, 0.2, late=0.3)


def test_it_is_over_only_when_clearly_over() -> None:
    load = Load(1.0, 0.25)
    for second in range(20):
        load.look(second, second * 1.1)
    assert load.busy
    used = 19 * 1.1
    for second in range(20, 30):
        used += 0.95
        load.look(second, used)
    assert load.busy
    for second in range(30, 40):
        used += 0.8
        load.look(second, used)
    assert not load.busy


def test_one_slow_moment_is_no_overload() -> None:
    load = Load(0.85, 0.25)
    load.look(0.0, 0.0)
    load.look(1.0, 1.0)
    load.look(2.0, 1.2)
    load.late(2.0)
    for _ in range(20):
        load.late(0.001)
    load.look(3.0, 1.4)
    assert not load.busy
    assert 0.4 < load.share < 0.5
