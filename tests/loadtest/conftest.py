from collections.abc import AsyncIterator

import pytest
from scripted_node import ScriptedNode, scripted_node


@pytest.fixture
async def node() -> AsyncIterator[ScriptedNode]:
    async with scripted_node() as node:
        yield node
