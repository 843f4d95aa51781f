"""People of an encrypted visit without any page of ours around them: the modules that encrypt, a
camera and a tone, straight to a media node. The test is the server that carries their words."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from asking import ask_until
from kolapp_media.client import MediaClient

NAMES = ("patient", "clinician")
PATIENCE_S = 30.0
# One of the two. `said` is what it says to the other, once there is something; nothing at the end.
PERSON = """
async ({ name, names, encrypted, hertz }) => {
  const { Encryption } = await import("/static/e2ee.js");
  const { addSections, configOf } = await import("/static/slots.js");
  const visit = { id: "visit", epoch: 1, encrypted, participants: names.map((role) => ({ role })) };
  const wanted = { audio: true, video: { width: 320, height: 240 } };
  const media = await navigator.mediaDevices.getUserMedia(wanted);
  const tone = () => {
    const audio = new AudioContext();
    const oscillator = audio.createOscillator();
    const out = audio.createMediaStreamDestination();
    oscillator.frequency.value = hertz;
    oscillator.connect(out);
    oscillator.start();
    return out.stream;
  };
  const sound = hertz ? tone() : media;
  const tracks = { audio: sound.getAudioTracks()[0], video: media.getVideoTracks()[0] };
  const words = [];
  let over = false;
  let wake = () => {};
  const said = async () => {
    while (!words.length && !over) await new Promise((resolve) => { wake = resolve; });
    return words.splice(0);
  };
  const client = Object.assign(new EventTarget(), { state: "open" });
  client.request = async (type, { data }) => { words.push(data); wake(); };
  const pc = new RTCPeerConnection(configOf([], encrypted));
  const encryption = new Encryption(client, name);
  encryption.follow(visit, name);
  addSections(pc, { slots: 1, soundOnly: false, track: (kind) => tracks[kind] });
  if (encrypted) encryption.protect(pc);
  pc.ontrack = ({ track }) => {
    const player = document.createElement(track.kind);
    const source = { srcObject: new MediaStream([track]), autoplay: true };
    document.body.append(Object.assign(player, source));
  };
  const hear = (sender, data) =>
    client.dispatchEvent(new CustomEvent("signal", { detail: { visit: "visit", sender, data } }));
  window.people ??= {};
  const end = () => {
    pc.close();
    encryption.end();
    media.getTracks().forEach((track) => track.stop());
    over = true;
    wake();
  };
  people[name] = { said, hear, pc, encryption, end };
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}
"""
ACCEPT = "({ name, sdp }) => people[name].pc.setRemoteDescription({ type: 'answer', sdp })"
SAID = "(name) => people[name].said()"
HEAR = "({ name, sender, words }) => words.forEach((data) => people[name].hear(sender, data))"
FIGURES = """
async (name) => {
  const { pc, encryption } = people[name];
  const dropped = encryption.state ? await encryption.figures() : {};
  const found = { code: encryption.state?.code ?? "", frames: 0, energy: 0, ...dropped };
  for (const entry of (await pc.getStats()).values()) {
    if (entry.type !== "inbound-rtp") continue;
    if (entry.kind === "video") found.frames = entry.framesDecoded;
    else found.energy = entry.totalAudioEnergy;
  }
  return found;
}
"""
END = "() => Object.values(people).forEach(({ end }) => end())"


class Tab(Protocol):
    async def evaluate(self, function: str, argument: Any = None, /) -> Any: ...


class Couple:
    """A patient and a clinician, each in a tab (or both in one)."""

    def __init__(self, tabs: Sequence[Tab]) -> None:
        self._tabs = dict(zip(NAMES, tabs, strict=True))

    async def call(self, client: MediaClient, *, encrypted: bool, hertz: int) -> None:
        for name, tab in self._tabs.items():
            wanted = {"name": name, "names": NAMES, "encrypted": encrypted, "hertz": hertz}
            offer = await tab.evaluate(PERSON, wanted)
            sdp = await client.open_leg("visit", 1, name, 1, offer, forward=True)
            await tab.evaluate(ACCEPT, {"name": name, "sdp": sdp})

    async def figures(self) -> list[dict[str, Any]]:
        return [await tab.evaluate(FIGURES, name) for name, tab in self._tabs.items()]

    async def try_to_send(self, frames: int = 100) -> list[dict[str, Any]]:
        """Until both have made so many frames that may not leave; then the figures."""
        return await ask_until(
            self.figures,
            lambda figures: all(each.get("no_key", 0) >= frames for each in figures),
            PATIENCE_S,
        )

    async def see_and_hear(self, frames: int = 30) -> list[dict[str, Any]]:
        """Until both do; then the figures."""
        return await ask_until(
            self.figures,
            lambda figures: all(
                each["frames"] >= frames and each["energy"] > 0.01 for each in figures
            ),
            PATIENCE_S,
        )

    async def talk(self) -> None:
        """Their words, to and fro, until the end."""
        async with asyncio.TaskGroup() as both:
            for name, other in (NAMES, NAMES[::-1]):
                both.create_task(self._tell(name, other))

    async def _tell(self, name: str, other: str) -> None:
        while words := await self._tabs[name].evaluate(SAID, name):
            heard = {"name": other, "sender": name, "words": words}
            await self._tabs[other].evaluate(HEAR, heard)


@asynccontextmanager
async def couple(
    tabs: Sequence[Tab],
    client: MediaClient,
    *,
    encrypted: bool,
    hertz: int = 0,
    talking: bool = True,
) -> AsyncIterator[Couple]:
    """`hertz`: of a tone in place of what the browser's microphone pretends to hear. Not `talking`:
    none of their words about keys arrives."""
    found = Couple(tabs)
    await found.call(client, encrypted=encrypted, hertz=hertz)
    talk = asyncio.create_task(found.talk()) if talking else None
    try:
        yield found
    finally:
        for tab in tabs:
            await tab.evaluate(END)
        if talk is not None:
            async with asyncio.timeout(PATIENCE_S):
                await talk
