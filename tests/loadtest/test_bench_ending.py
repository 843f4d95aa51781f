"""How a benchmark ends: its figures, its words and its exit code."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from kolapp_loadtest.bench.ending import ended
from kolapp_loadtest.errors import BenchFailed


async def found() -> dict[str, Any]:
    return {"p50": 1.5}


def words(report: dict[str, Any]) -> str:
    return f"half within {report['p50']} ms\n"


def test_figures_go_to_the_file_and_to_people(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    assert ended("some", found(), file, words) == 0
    assert json.loads(file.read_text()) == {"p50": 1.5}
    assert capsys.readouterr().out == "half within 1.5 ms\n"


def test_figures_that_are_not_good_are_written_and_end_with_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ended("some", found(), None, words, lambda report: report["p50"] < 1) == 1
    assert "1.5 ms" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (BenchFailed("the server is gone"), 1, "kolapp bench some: the server is gone\n"),
        (asyncio.CancelledError(), 130, "kolapp bench some: interrupted\n"),
    ],
)
def test_a_run_that_failed_says_so_in_one_sentence(
    error: BaseException, code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def fails() -> dict[str, Any]:
        raise error

    assert ended("some", fails(), None, words) == code
    assert capsys.readouterr().err == sentence
