"""What a provider sets for its people stands in the pages, and nothing can get in beside it."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from aiohttp import ClientSession
from drivers import Start
from kolapp_signalling.pages import EMERGENCY, EMERGENCY_LINE, PAGES, SIGN_IN, STATIC, page_text
from kolapp_signalling.setting_kinds import SettingsError
from kolapp_signalling.setting_sources import load_settings
from kolapp_signalling.settings import Settings

SET = replace(
    Settings(),
    emergency_number="113",
    sign_in_patient='/in?to="patient"',
    sign_in_clinician="https://id.care.example/staff",
)


@pytest.mark.parametrize("name", ["patient.html", "clinician.html", "guest.html"])
def test_the_files_have_the_places_that_are_filled(name: str) -> None:
    text = (STATIC / name).read_text()
    assert (text.count(EMERGENCY), text.count(EMERGENCY_LINE)) == (1, 1)
    assert text.count(SIGN_IN) == (name != "guest.html")


@pytest.mark.parametrize("path", PAGES)
def test_with_nothing_set_the_files_are_served_as_they_are(path: str) -> None:
    assert page_text(path, Settings()) == (STATIC / PAGES[path]).read_text()


def test_each_page_leads_its_own_people_to_their_sign_in() -> None:
    found = {
        path: re.findall(r'kolapp-sign-in" content="([^"]*)"', page_text(path, SET))
        for path in PAGES
    }
    assert found == {
        "/": [],
        "/patient": ["/in?to=&quot;patient&quot;"],
        "/clinician": ["https://id.care.example/staff"],
        "/guest": [],
    }


def test_the_number_to_call_is_the_providers_or_none() -> None:
    for path in ("/patient", "/clinician", "/guest"):
        assert '<a href="tel:113">113</a>' in page_text(path, SET)
        assert '<p class="emergency" hidden>' in page_text(path, replace(SET, emergency_number=""))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("KOLAPP_EMERGENCY_NUMBER", '1"><script>'),
        ("KOLAPP_EMERGENCY_NUMBER", "call us"),
        ("KOLAPP_SIGN_IN_PATIENT", "javascript:alert(1)"),
        ("KOLAPP_SIGN_IN_CLINICIAN", "care.example"),
    ],
)
def test_what_is_no_number_and_no_address_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value})


async def test_who_has_a_page_is_not_sent_it_again(start: Start) -> None:
    node = await start(emergency_number="113")
    async with ClientSession() as http:
        async with http.get(node.url + "/patient") as response:
            assert "tel:113" in await response.text()
            etag = response.headers["ETag"]
        for known, status in ((etag, 304), ('"another"', 200)):
            headers = {"If-None-Match": known}
            async with http.get(node.url + "/patient", headers=headers) as response:
                assert (response.status, response.headers["ETag"]) == (status, etag)
        async with http.head(node.url + "/patient") as response:
            assert (response.status, await response.read()) == (200, b"")
