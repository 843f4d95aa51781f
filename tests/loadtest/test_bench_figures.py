import pytest
from kolapp_loadtest.bench.figures import floor_ns, percentile, summary_ms, turns_ns
from kolapp_loadtest.bench.report import freshness, latencies, summary

MS = 1_000_000


def test_percentiles_are_samples_that_occurred() -> None:
    hundred = [float(number) for number in range(1, 101)]
    assert [percentile(hundred, share) for share in (0.5, 0.99, 1.0)] == [50.0, 99.0, 100.0]
    assert percentile([1.0, 100.0], 0.5) == 1.0
    assert percentile([7.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


def test_a_summary_is_in_milliseconds() -> None:
    assert summary_ms([3 * MS, 1 * MS, 2 * MS]) == {
        "p50": 2.0, "p99": 3.0, "max": 3.0, "mean": 2.0, "n": 3
    }  # fmt: skip
    assert summary_ms([]) == {"n": 0}


def test_the_floor_is_summed_pair_by_pair() -> None:
    # Medians apart would make 1 + 1; the machine was never that quick in both at once.
    assert summary_ms(floor_ns([1 * MS, 1 * MS, 9 * MS], [1 * MS, 9 * MS, 1 * MS]))["p50"] == 10.0
    with pytest.raises(ValueError, match="shorter"):
        floor_ns([1, 2], [1])


def test_a_late_sender_pays_for_its_lateness() -> None:
    """Ten pulls are due every 10 ms; the first stalls everything for 100 ms. Each is then quick."""
    due = {str(number): number * 10 * MS for number in range(10)}
    arrived = dict.fromkeys(due, 101 * MS)
    assert summary_ms(turns_ns(due, arrived))["p50"] == 51.0


def samples(turn_ms: float, floor_ms: float, count: int = 4) -> dict[str, object]:
    pulls = [
        {"visit": str(n), "due_ns": n * MS, "sent_ns": n * MS, "replied_ns": (n + 9) * MS}
        for n in range(count)
    ]
    turns = {str(n): [n * MS + round(turn_ms * MS), 200] for n in range(count)}
    floors = [{"script_ns": round(floor_ms * MS / 2), "echo_ns": round(floor_ms * MS / 2)}] * count
    return latencies(pulls, floors, turns)  # type: ignore[arg-type]  # the rest has no visit


def test_the_report_relates_the_turn_to_the_floor() -> None:
    report = samples(turn_ms=3.0, floor_ms=2.0)
    assert report["turn_ms"]["p50"] == 3.0  # type: ignore[index]
    assert report["ratio_p50"] == 1.5
    assert report["turns_missing"] == 0


def test_what_failed_or_never_came_is_counted_not_forgotten() -> None:
    pulls = [
        {"due_ns": 0, "sent_ns": 0, "failed": "RequestRefused: already_in_visit"},
        {"due_ns": 0, "sent_ns": 0, "visit": "a", "replied_ns": MS},
        {"due_ns": 0, "sent_ns": 0, "visit": "b", "replied_ns": MS},
    ]
    report = latencies(pulls, [], {"a": [2 * MS, 200]})
    assert report["pulls"] == 3
    assert report["turn_ms"]["n"] == 1
    assert report["turns_missing"] == 1
    assert report["pulls_failed"] == ["RequestRefused: already_in_visit"]
    assert report["ratio_p50"] is None
    about = {"clients": 1, "pulls_per_s": 1, "duration_s": 1, "cpu_s": {}, "fanout_core_share": 0.1}
    about |= freshness([], [])
    text = summary(report | about | {"memory": {"server_kb_per_client": 1.0}})
    assert "2 of 3 turns did not come: RequestRefused" in text
