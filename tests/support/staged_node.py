"""A media node of one page: it answers an offer in the page itself, and sends each place of the leg
a picture and a tone of its own, as if somebody were there."""

from __future__ import annotations

from playwright.async_api import Page
from staged_pages import Line

# `people[slot]` is what somebody sends: `off()` is a camera that goes off, `gone()` sends nothing.
NODE = """
async (sdp) => {
  const node = (window.node = new RTCPeerConnection());
  window.people = [];
  const audio = new AudioContext();
  await node.setRemoteDescription({ type: "offer", sdp });
  for (const [index, transceiver] of node.getTransceivers().entries()) {
    const slot = index >> 1;
    transceiver.direction = slot ? "sendonly" : "sendrecv";
    const person = (people[slot] ??= { senders: [] });
    person.senders.push(transceiver.sender);
    if (transceiver.receiver.track.kind === "audio") {
      const tone = audio.createOscillator();
      const out = audio.createMediaStreamDestination();
      tone.frequency.value = 300 + 100 * slot;
      tone.connect(out);
      tone.start();
      await transceiver.sender.replaceTrack(out.stream.getAudioTracks()[0]);
      continue;
    }
    const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
    const pen = canvas.getContext("2d");
    let n = 0;
    const paint = () => {
      const { width, height } = canvas;
      pen.fillStyle = ["#c9b79c", "#9cb8c9", "#b9c99c"][slot];
      pen.fillRect(0, 0, width, height);
      pen.fillStyle = "#6b4f3f";
      pen.beginPath();
      pen.arc(width / 2 + 4 * Math.sin(n / 5), height * 0.45, height * 0.2, 0, 7);
      pen.arc(width / 2, height * 1.05, height * 0.42, 0, 7);
      pen.fill();
      pen.fillStyle = `hsl(${(n++ * 40) % 360} 60% 50%)`;
      pen.fillRect(0, 0, 24, 24);
    };
    paint();
    setInterval(paint, 100);
    await transceiver.sender.replaceTrack(canvas.captureStream(10).getVideoTracks()[0]);
    person.off = () => { Object.assign(canvas, { width: 320, height: 160 }); paint(); };
    person.back = () => { Object.assign(canvas, { width: 320, height: 240 }); paint(); };
    person.blind = () => transceiver.sender.replaceTrack(null);
    person.gone = () => Promise.all(person.senders.map((sender) => sender.replaceTrack(null)));
  }
  await node.setLocalDescription();
  while (node.iceGatheringState !== "complete") {
    await new Promise((resolve) => { node.onicegatheringstatechange = resolve; });
  }
  return node.localDescription.sdp;
}
"""


async def answer_offer(page: Page, line: Line, slots: list[str]) -> str:
    """Answer the next offer; `slots` says who is received where. The offer's SDP."""
    offer = await line.expect("offer")
    sdp = await page.evaluate(NODE, offer["sdp"])
    answer = {"type": "sdp_answer", "visit": "visit", "generation": offer["generation"]}
    line.send({**answer, "media_epoch": 1, "sdp": sdp, "slots": slots}, re=offer["id"])
    offered: str = offer["sdp"]
    return offered
