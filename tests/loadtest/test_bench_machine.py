"""What is read of the operating system, from files of its form."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from kolapp_loadtest.bench import machine
from kolapp_loadtest.bench.machine import Others


def put(proc: Path, busy_s: float, **processes_s: float) -> None:
    """As proc(5) has it: times in ticks; of a process, user and system."""
    hz = machine.TICKS_PER_S
    # user nice system idle iowait irq softirq steal guest guest_nice
    line = [busy_s * hz, 0, 0, 99_999, 77, 0, 0, 0, 5, 5]
    (proc / "stat").write_text(f"cpu  {' '.join(str(int(n)) for n in line)}\ncpu0 1 2 3\n")
    for pid, used_s in processes_s.items():
        (proc / pid[1:]).mkdir(exist_ok=True)
        fields = ["S", *("0" for _ in range(10)), str(int(used_s * hz)), "0", *("0",) * 30]
        (proc / pid[1:] / "stat").write_text(f"{pid[1:]} (a (name)) {' '.join(fields)}")


def test_what_others_take_is_what_is_left_of_the_machines_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = [0.0]
    monkeypatch.setattr(machine, "PROC", tmp_path)
    monkeypatch.setattr(machine.time, "monotonic", lambda: now_s[0])
    own = f"p{os.getpid()}"
    put(tmp_path, 100.0, p7=50.0, **{own: 1.0})
    others = Others()
    others.cores([7])
    now_s[0] = 2.0
    put(tmp_path, 103.0, p7=51.0, **{own: 1.5})  # 3 s in all, of which 1.5 are ours
    assert others.cores([7]) == 0.75
    now_s[0] = 4.0
    put(tmp_path, 104.0, p7=52.0, p8=9.0, **{own: 1.5})  # a process that is new is no debt
    assert others.cores([7, 8]) == 0.0
