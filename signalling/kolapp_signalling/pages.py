"""The pages as this provider's people see them: what was set for them stands in the files that are
served, so that it is there before any script runs."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from pathlib import Path

from aiohttp import ETag, hdrs, web

from .settings import Settings

STATIC = Path(str(files(__package__) / "static"))
DEMO = "/"  # says that everybody gets a token here
PAGES = {
    DEMO: "index.html",
    "/patient": "patient.html",
    "/clinician": "clinician.html",
    "/guest": "guest.html",
}

# As they stand in the files, which can be opened as they are.
EMERGENCY = '<a href="tel:112">112</a>'
EMERGENCY_LINE = '<p class="emergency">'
SIGN_IN = '<meta name="kolapp-sign-in" content="">'


def page_text(path: str, settings: Settings) -> str:
    """The HTML of one of PAGES."""
    text = (STATIC / PAGES[path]).read_text(encoding="utf-8")
    number = settings.emergency_number
    if number:
        text = text.replace(EMERGENCY, f'<a href="tel:{number}">{number}</a>')
    else:
        text = text.replace(EMERGENCY_LINE, EMERGENCY_LINE.replace(">", " hidden>"))
    sign_in = {"/patient": settings.sign_in_patient, "/clinician": settings.sign_in_clinician}
    address = escape(sign_in.get(path, ""))
    return text.replace(SIGN_IN, SIGN_IN.replace('content=""', f'content="{address}"'))


@dataclass(frozen=True, slots=True)
class Page:
    """Made once; answered with "not modified" to who has it."""

    body: bytes
    etag: str

    @classmethod
    def of(cls, path: str, settings: Settings) -> Page:
        body = page_text(path, settings).encode()
        return cls(body, sha256(body).hexdigest()[:16])

    async def serve(self, request: web.Request) -> web.StreamResponse:
        known = request.if_none_match or ()
        if any(each.value in (self.etag, "*") for each in known):
            return web.Response(status=304, headers={hdrs.ETAG: f'"{self.etag}"'})
        response = web.Response(body=self.body, content_type="text/html", charset="utf-8")
        response.etag = ETag(self.etag)
        return response
