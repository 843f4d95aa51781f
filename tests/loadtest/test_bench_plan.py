from kolapp_loadtest.bench.plan import make_plan

S = 1_000_000_000


def test_the_rate_is_kept_in_every_period() -> None:
    plan = make_plan(per_s=5, duration_s=10)
    for moments in (plan.pulls_ns, plan.floors_ns):
        assert [at * 5 // S for at in moments] == list(range(50))


def test_pull_and_floor_never_meet_and_none_is_always_first() -> None:
    plan = make_plan(per_s=5, duration_s=20)
    firsts = [pull < floor for pull, floor in zip(plan.pulls_ns, plan.floors_ns, strict=True)]
    assert 25 < sum(firsts) < 75
    assert all(
        abs(pull - floor) >= 0.1 * S / 5
        for pull, floor in zip(plan.pulls_ns, plan.floors_ns, strict=True)
    )


def test_the_plan_is_the_same_in_every_run() -> None:
    assert make_plan(3, 5) == make_plan(3, 5)
    assert make_plan(3, 5) != make_plan(3, 5, seed=2)


def test_the_beat_does_not_lock_on_to_a_tick() -> None:
    """Of pulls at five a second, a one-second tick must be met in more than five phases."""
    phases = {at % S // (S // 50) for at in make_plan(5, 60).pulls_ns}
    assert len(phases) > 30
