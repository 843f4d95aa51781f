import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from kolapp_signalling.keyring import kept_random, kept_secret, private_directory, replace_secret
from kolapp_signalling.process import StartRefused


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_secret_is_made_once_and_found_again(tmp_path):
    first = kept_random(tmp_path / "keys", "pepper")
    assert len(first) == 32
    assert kept_random(tmp_path / "keys", "pepper") == first
    assert kept_random(tmp_path / "keys", "other") != first


def test_only_its_owner_reads_it(tmp_path):
    kept_random(tmp_path / "keys", "pepper")
    assert mode(tmp_path / "keys") == 0o700
    assert mode(tmp_path / "keys" / "pepper") == 0o600
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["pepper"]


def test_processes_that_start_at_once_get_the_same_one(tmp_path):
    with ThreadPoolExecutor(8) as threads:
        found = set(threads.map(lambda _: kept_random(tmp_path / "keys", "pepper"), range(32)))
    assert len(found) == 1


def test_a_secret_can_be_replaced(tmp_path):
    replace_secret(tmp_path, "key", b"old")
    replace_secret(tmp_path, "key", b"new")
    assert kept_secret(tmp_path, "key", lambda: b"unused") == b"new"


def test_a_damaged_secret_is_not_quietly_replaced(tmp_path):
    replace_secret(tmp_path, "pepper", b"not hex")
    with pytest.raises(StartRefused, match="is damaged; restore it, or delete it"):
        kept_random(tmp_path, "pepper")
    assert (tmp_path / "pepper").read_bytes() == b"not hex"


def test_a_directory_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StartRefused, match=r"file/keys cannot be used .*; set KOLAPP_DATA_DIR"):
        private_directory(tmp_path / "file" / "keys")
