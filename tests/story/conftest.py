from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from processes import Serve, serving
from story import Town, town_of


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    with serving(tmp_path / "data") as serve:
        yield serve


@pytest.fixture
async def town(serve: Serve) -> AsyncIterator[Town]:
    async with town_of(serve.url) as town:
        yield town
