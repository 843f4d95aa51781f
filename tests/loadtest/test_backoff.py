from random import Random

from kolapp_loadtest.backoff import Backoff


def test_the_ceiling_doubles_up_to_its_limit() -> None:
    class Highest(Random):
        def uniform(self, a: float, b: float) -> float:
            assert a == 0.0
            return b

    backoff = Backoff(first_s=0.25, ceiling_s=2.0, random=Highest())
    assert [backoff.next_delay(0.0) for _ in range(6)] == [0.25, 0.5, 1.0, 2.0, 2.0, 2.0]


def test_a_crowd_is_spread_over_the_whole_pause() -> None:
    random = Random(1)
    crowd = [Backoff(first_s=1.0, random=random) for _ in range(1_000)]
    delays = sorted(client.next_delay(0.0) for client in crowd)
    tenths = [delays[index] for index in range(0, 1_000, 100)]
    assert all(abs(delay - index / 10) < 0.05 for index, delay in enumerate(tenths))


def test_only_a_connection_that_lasted_starts_anew() -> None:
    backoff = Backoff(first_s=1.0, ceiling_s=64.0, stable_s=5.0, random=Random(1))
    for _ in range(4):
        backoff.next_delay(4.9)
    assert backoff._failures == 4
    assert backoff.next_delay(5.0) <= 1.0


def test_a_long_outage_does_not_overflow() -> None:
    backoff = Backoff(random=Random(1))
    assert all(backoff.next_delay(0.0) <= backoff.ceiling_s for _ in range(2_000))
