"""Tokens of a server in development mode; a real one gets them from the provider's own issuer."""

from __future__ import annotations

from aiohttp import ClientSession

from .errors import LoadtestError


async def demo_token(session: ClientSession, url: str, role: str) -> str:
    """A token of a new person. `role` is patient or clinician."""
    async with session.post(url.rstrip("/") + "/demo/token", json={"role": role}) as response:
        if response.status != 200:
            raise LoadtestError(
                f"the server gives out no demo tokens (HTTP {response.status}); "
                "it does so only while no signing keys are configured"
            )
        token: str = (await response.json())["token"]
        return token
