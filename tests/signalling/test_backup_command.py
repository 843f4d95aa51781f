from __future__ import annotations

from pathlib import Path

from kolapp_queue.embedded import EmbeddedStore
from processes import run_kolapp


def test_a_backup_is_a_data_directory_without_its_keys(tmp_path: Path) -> None:
    data, target = tmp_path / "data", tmp_path / "backup"
    store = EmbeddedStore(data / "store")
    store.start()
    try:
        store.wait_ready(10)
        done = run_kolapp("backup", str(target), "--data-dir", str(data))
    finally:
        store.stop()
    assert (done.returncode, done.stderr) == (0, "")
    assert "keep a copy of them elsewhere" in done.stdout
    assert [path.name for path in target.iterdir()] == ["store"]
    again = run_kolapp("backup", str(target), "--data-dir", str(data))
    assert (again.returncode, "there already" in again.stderr) == (1, True)
