"""Which figures are good enough. A whole run: tests/long/test_attacks.py."""

from __future__ import annotations

from kolapp_loadtest.bench_attacks import judged


def run(p99: float, missing: int = 0) -> dict[str, object]:
    return {"turn_ms": {"p50": 1.0, "p99": p99, "max": p99, "n": 10}, "turns_missing": missing}


def test_each_attack_is_held_to_twice_the_quiet_p99() -> None:
    good = judged({"quiet": run(10.0), "flood": run(20.0)})
    assert (good["within"], good["runs"]["flood"]["ratio_p99"]) == (True, 2.0)
    assert not judged({"quiet": run(10.0), "flood": run(20.1)})["within"]
    assert not judged({"quiet": run(10.0), "flood": run(10.0, missing=1)})["within"]
