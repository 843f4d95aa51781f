"""That it stays small; what it does is tested on real processes in tests/test_restart.py."""

import subprocess
import sys

HEAVY = ("asyncio", "aiohttp", "redis", "aiortc", "uvloop", "cryptography", "numpy", "segno", "jwt")


def test_the_supervisor_loads_nothing_heavy():
    code = "import sys, kolapp_signalling.cli, kolapp_signalling.supervisor; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(HEAVY) & set(done.stdout.split()) == set()
