from kolapp_signalling.restarts import SETTLED_MS, Restarts


def test_the_first_death_is_mended_at_once_and_the_next_ones_ever_later():
    restarts = Restarts(first_ms=100, longest_ms=500)
    assert [restarts.pause_ms(lived_ms=5) for _ in range(6)] == [0, 100, 200, 400, 500, 500]


def test_a_healthy_life_is_forgiven():
    restarts = Restarts(first_ms=100, longest_ms=500)
    for _ in range(4):
        restarts.pause_ms(lived_ms=5)
    assert restarts.pause_ms(lived_ms=SETTLED_MS) == 0
    assert restarts.pause_ms(lived_ms=5) == 100


def test_a_process_that_never_starts_does_not_overflow():
    restarts = Restarts(first_ms=100, longest_ms=5_000)
    assert {restarts.pause_ms(lived_ms=0) for _ in range(2_000)} >= {5_000}
