"""What a spare loads; that it does no more before its turn is tested in test_children.py."""

import os
import re
import select
import sys

import pytest
from kolapp_signalling import standby
from kolapp_signalling.children import Child, Loaded, Ready
from processes import own_environment

LONG_S = 20.0
IMPORTED = re.compile(r"^import time: +\d+ \| +\d+ \| +([a-z].*)$", re.M)


def heard(child):
    assert select.select([child.reports], [], [], LONG_S)[0]
    return child.read_report()


@pytest.mark.parametrize("role", standby.NEEDED)
def test_from_its_turn_to_readiness_a_spare_loads_nothing(role, store_url, tmp_path, capfd):
    settings = {
        "KOLAPP_STORE_URL": store_url,
        "KOLAPP_DATA_DIR": str(tmp_path),
        "KOLAPP_HTTP_PORT": "0",
    }
    child = Child(role, own_environment(settings | {"PYTHONPROFILEIMPORTTIME": "1"}))
    try:
        child.start(spare=True)
        assert heard(child) == Loaded()
        assert "uvloop" in IMPORTED.findall(capfd.readouterr().err)
        assert child.take_turn()
        assert isinstance(heard(child), Ready)
        packages = {name.partition(".")[0] for name in IMPORTED.findall(capfd.readouterr().err)}
        assert packages <= sys.stdlib_module_names  # a few small ones, other ones in each Python
    finally:
        child.kill()


def test_a_package_that_cannot_be_loaded_ends_the_spare():
    with pytest.raises(ModuleNotFoundError):
        standby._load_kindly((".nonsense",))


def test_loading_kindly_leaves_the_process_as_eager_as_it_was():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    standby._load_kindly((".process",))
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
