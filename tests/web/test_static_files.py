"""Rules of the files themselves, read without a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from kolapp_signalling.pages import PAGES, STATIC

MODULES = sorted(STATIC.glob("*.js"))
SHEETS = sorted(STATIC.glob("*.css"))
IMPORT = re.compile(r'^(?:import|export|\}).*?from "\./([a-z0-9-]+\.js)";', re.MULTILINE)
TEXT_LINES = 300
WITH_CODE = ["patient", "clinician", "guest"]
LANGUAGES = ("en", "sv", "nb")
# Files of words in all languages at once; the others hold one language each.
WORDS = [
    file.name for file in STATIC.glob("texts-*.js") if file.stem.partition("-")[2] not in LANGUAGES
]


def page(name: str) -> str:
    return (STATIC / name).read_text()


def imports(module: str) -> set[str]:
    """All modules that this one needs, however indirectly."""
    found: set[str] = set()
    ahead = [module]
    while ahead:
        for needed in IMPORT.findall(page(ahead.pop())):
            if needed not in found:
                found.add(needed)
                ahead.append(needed)
    return found


@pytest.mark.parametrize("file", MODULES + SHEETS, ids=lambda file: file.name)
def test_files_are_small_and_ask_nobody_else(file: Path) -> None:
    text = file.read_text()
    assert text.count("\n") <= TEXT_LINES
    assert re.findall(r"https?://(?!www\.w3\.org/)", text) == []
    if file.suffix == ".js":
        assert text.startswith("// @ts-check\n")


@pytest.mark.parametrize("name", PAGES.values())
def test_pages_keep_to_the_content_security_policy(name: str) -> None:
    text = page(name)
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", text) == []
    for address in re.findall(r'(?:src|href)="([^"#]+)', text):
        assert address in PAGES or address == "tel:112" or address.startswith("/static/")
        if address.startswith("/static/"):
            assert (STATIC / address.removeprefix("/static/")).is_file()


@pytest.mark.parametrize("name", WITH_CODE)
def test_all_modules_are_asked_for_at_once(name: str) -> None:
    """Found one after the other, they would cost a phone a round trip for every level."""
    preloaded = re.findall(r'rel="modulepreload" href="/static/([^"]+)"', page(f"{name}.html"))
    assert sorted(preloaded) == sorted(imports(f"{name}.js"))


@pytest.mark.parametrize("name", WITH_CODE)
def test_what_the_head_of_a_page_promises_is_there(name: str) -> None:
    text = page(f"{name}.html")
    comment, _, rest = text.partition("-->")
    code = rest + "".join(page(module) for module in [f"{name}.js", *imports(f"{name}.js")])
    promised = set(re.findall(r"#([a-z-]+)", comment))
    assert promised
    assert {one for one in promised if not is_made(one, code)} == set()


def is_made(identifier: str, code: str) -> bool:
    quoted = re.escape(identifier)
    patterns = rf'id="{quoted}"', rf'\.?id(?:: | = )"{quoted}"', rf'(?:video|round)\("{quoted}"'
    return any(re.search(pattern, code) for pattern in patterns)


def test_every_text_is_used() -> None:
    code = "".join(map(page, names_of_code()))
    keys = {key for name in ("texts-en.js", *WORDS) for key in texts_of(name)}
    built = {key for key in keys if key.startswith(("problem_", "quality_", "ready_"))}
    assert {key for key in keys - built if not re.search(rf'(?:t\.|"){key}\b', code)} == set()


def test_no_text_takes_the_place_of_another() -> None:
    everywhere = [key for name in WORDS for key in set(texts_of(name))]
    for language in LANGUAGES:
        keys = texts_of(f"texts-{language}.js") + everywhere
        assert len(keys) == len(set(keys))


def texts_of(name: str) -> list[str]:
    return re.findall(r"^  ([a-z_0-9]+):", page(name), re.MULTILINE)


def names_of_code() -> Iterator[str]:
    for file in STATIC.iterdir():
        if file.suffix in (".js", ".html") and not file.name.startswith("texts-"):
            yield file.name
