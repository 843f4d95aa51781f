"""Legs of real browsers, without any page of ours: a picture that cannot be compressed and a
tone, straight to a media node. For what the network does to a call."""

from __future__ import annotations

from typing import Any

from playwright.async_api import Page

# A canvas of noise fills whatever bandwidth there is; a fake camera's picture would not.
LEG = """
const tone = () => {
  const audio = new AudioContext();
  const oscillator = audio.createOscillator();
  const output = audio.createMediaStreamDestination();
  oscillator.frequency.value = 440;
  oscillator.connect(output);
  oscillator.start();
  return output.stream;
};
window.leg = async ({ width, height, rate, bits, sends, microphone, slots }) => {
  const peer = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  window.peer = peer;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  const noise = context.createImageData(width, height);
  let n = 0;
  window.draw = setInterval(() => {
    const words = new Uint32Array(noise.data.buffer);
    let x = ++n * 2654435761 >>> 0;
    for (let i = 0; i < words.length; i += 1) {
      if (i % 4 === 0) { x ^= x << 13; x ^= x >>> 17; x ^= x << 5; x >>>= 0; }
      words[i] = (x & 0x3f3f3f) | 0xff404040;
    }
    context.putImageData(noise, 0, 0);
  }, 1000 / rate);
  const sound = microphone ? await navigator.mediaDevices.getUserMedia({ audio: true }) : tone();
  const stream = canvas.captureStream(rate);
  peer.addTransceiver(sound.getAudioTracks()[0], { direction: "sendrecv" });
  const video = sends
    ? peer.addTransceiver(stream.getVideoTracks()[0],
        { direction: "sendrecv", sendEncodings: [{ maxBitrate: bits }] })
    : peer.addTransceiver("video", { direction: "recvonly" });
  if (!sends) clearInterval(window.draw);
  for (let slot = 1; slot < slots; slot += 1) {
    peer.addTransceiver("audio", { direction: "recvonly" });
    peer.addTransceiver("video", { direction: "recvonly" });
  }
  peer.ontrack = (event) => {
    const player = document.createElement(event.track.kind);
    player.srcObject = new MediaStream([event.track]);
    player.autoplay = true; player.muted = event.track.kind === "video"; player.playsInline = true;
    document.body.append(player);
  };
  await peer.setLocalDescription();
  return peer.localDescription.sdp;
};
window.accept = async (sdp) => {
  await window.peer.setRemoteDescription({ type: "answer", sdp });
  if (window.peer.connectionState !== "connected") {
    await new Promise((done) => {
      window.peer.onconnectionstatechange = () => {
        if (window.peer.connectionState === "connected") done();
      };
    });
  }
};
window.figures = async () => {
  const found = {};
  for (const entry of (await window.peer.getStats()).values()) {
    if (entry.type === "inbound-rtp") found[`in_${entry.kind}`] = entry;
    if (entry.type === "outbound-rtp") found[`out_${entry.kind}`] = entry;
    if (entry.type === "remote-inbound-rtp") found[`remote_${entry.kind}`] = entry;
    if (entry.type === "candidate-pair" && entry.nominated) found.pair = entry;
  }
  return JSON.parse(JSON.stringify(found));
};
window.incoming = async () => {
  const found = {};
  for (const entry of (await window.peer.getStats()).values()) {
    if (entry.type === "inbound-rtp") found[entry.mid] = entry;
  }
  return JSON.parse(JSON.stringify(found));
};
"""


class BrowserLeg:
    """One page with one connection."""

    def __init__(self, page: Page, *, microphone_at: str = "") -> None:
        """`microphone_at`: an address where a page may use the browser's microphone, which is a
        tone; else the page makes one."""
        self.page = page
        self._microphone_at = microphone_at

    async def offer(
        self,
        *,
        sends: bool = True,
        width: int = 320,
        height: int = 240,
        rate: int = 15,
        bits: int = 1_800_000,
        slots: int = 1,
    ) -> str:
        await self.page.goto(self._microphone_at or "about:blank")
        await self.page.evaluate(f"() => {{ {LEG} }}")
        wanted = {"sends": sends, "width": width, "height": height, "rate": rate, "bits": bits}
        wanted |= {"microphone": bool(self._microphone_at), "slots": slots}
        return str(await self.page.evaluate("(wanted) => window.leg(wanted)", wanted))

    async def accept(self, answer: str) -> None:
        await self.page.evaluate("(sdp) => window.accept(sdp)", answer)

    async def incoming(self) -> dict[str, dict[str, Any]]:
        """What the browser says of all it is sent, by the section's mid."""
        found: dict[str, dict[str, Any]] = await self.page.evaluate("() => window.incoming()")
        return found

    async def figures(self) -> dict[str, dict[str, Any]]:
        """The browser's own statistics, by direction and kind."""
        found: dict[str, dict[str, Any]] = await self.page.evaluate("() => window.figures()")
        return found
