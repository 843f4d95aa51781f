"""A call with real media: the page's leg connects to an answering peer in the same page."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route
from staged_pages import Line, Stage, says, state, viewport
from staged_words import Message, duty, place, ticket, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

GOES_ON = "The call goes on. We are restoring the rest of the connection."
# A node of one: what it gets, it sends back, as if it were the other person's.
NODE = """
async (sdp) => {
  window.node = new RTCPeerConnection();
  node.ontrack = ({ track, transceiver }) => {
    transceiver.direction = "sendrecv";
    transceiver.sender.replaceTrack(track);
  };
  await node.setRemoteDescription({ type: "offer", sdp });
  await node.setLocalDescription();
  while (node.iceGatheringState !== "complete") {
    await new Promise((resolve) => { node.onicegatheringstatechange = resolve; });
  }
  return node.localDescription.sdp;
}
"""
VANISH = "() => Promise.all(node.getSenders().map((sender) => sender.replaceTrack(null)))"
RETURN = """
() => Promise.all(node.getTransceivers().map(({ sender, receiver }) =>
  sender.replaceTrack(receiver.track)))
"""


LISTENS_TO_NOTHING = "export const watchSilence = () => () => {};"


@pytest_asyncio.fixture(loop_scope="session")
async def patient_stage(timeless: Stage) -> AsyncIterator[Stage]:
    """The seconds that a test lets pass bring no packets, which the page would take for a dead
    network: here it does not listen for that."""

    async def deaf(route: Route) -> None:
        await route.fulfill(content_type="text/javascript", body=LISTENS_TO_NOTHING)

    await timeless.tab.route("**/static/silence.js", deaf)
    yield timeless
    await timeless.tab.unroute("**/static/silence.js", deaf)


async def answer_offer(page: Page, line: Line) -> None:
    offer = await line.expect("offer")
    sdp = await page.evaluate(NODE, offer["sdp"])
    answer = {"type": "sdp_answer", "visit": "visit", "generation": offer["generation"]}
    line.send({**answer, "media_epoch": 1, "sdp": sdp}, re=offer["id"])
    await page.wait_for_selector("#call-status", state="hidden")


async def patient_in_call(stage: Stage) -> tuple[Page, Line]:
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet()
    await line.reply("find", ticket("in_visit", 3, visit=visit()))
    await answer_offer(page, line)
    return page, line


async def clinician_in_call(stage: Stage) -> tuple[Page, Line]:
    page = await stage.page("/clinician")
    line = await stage.line()
    await line.greet(role="clinician")
    line.send(duty(1, visit=visit()))
    await state(page, "call")
    await answer_offer(page, line)
    return page, line


async def pass_time(page: Page, seconds: int) -> None:
    for _ in range(seconds):
        await page.clock.fast_forward(1_000)


async def test_who_vanishes_is_missed_within_three_seconds_and_may_come_back(
    patient_stage: Stage,
) -> None:
    page, _ = await patient_in_call(patient_stage)
    await pass_time(page, 3)
    await page.wait_for_selector("#quality", state="visible")
    await page.evaluate(VANISH)
    await pass_time(page, 3)
    await says(page, "#call-status h2", "The other person's connection is interrupted")
    assert await page.is_hidden("#quality")  # there is nothing that could be good
    assert await page.get_attribute("#call", "data-leg") == "connected"
    await page.evaluate(RETURN)
    await pass_time(page, 2)
    await page.wait_for_selector("#call-status", state="hidden")
    await page.wait_for_selector("#quality", state="visible")


def quality(loss: float, silent_ms: int = 0) -> Message:
    """The node's word about both legs; the other person's loses so much."""
    flow = {"loss": 0.0, "jitter_ms": 2.0, "kbps": 800}
    leg = {"round_trip_ms": 20.0, "up": flow, "down": flow, "limit_kbps": 0}
    theirs = leg | {"down": flow | {"loss": loss}, "silent_ms": silent_ms}
    legs = [leg | {"role": "patient"}, theirs | {"role": "clinician"}]
    return {"type": "quality", "visit": visit()["id"], "legs": legs}


async def test_the_node_says_whose_connection_is_poor_and_who_is_gone(patient_stage: Stage) -> None:
    page, line = await patient_in_call(patient_stage)
    await pass_time(page, 3)
    await says(page, "#quality", "Good connection")
    line.send(quality(0.3))
    await says(page, "#quality", "Their connection is poor")
    line.send(quality(0.0, silent_ms=3_200))
    await page.wait_for_selector("#quality", state="hidden")
    line.send(quality(0.0))
    await says(page, "#quality", "Good connection")
    line.send(quality(0.3) | {"visit": "another"})
    line.send(quality(0.1))
    await says(page, "#quality", "Their connection is unsteady")
    await pass_time(page, 13)  # nothing more comes from the node
    await says(page, "#quality", "Good connection")


async def test_a_call_that_goes_on_is_said_to_go_on_and_takes_the_camera_with_it(
    timeless: Stage,
) -> None:
    page, line = await patient_in_call(timeless)
    await page.evaluate("() => { window.own = document.querySelector('#self').srcObject; }")
    await line.close(4000)
    again = await timeless.line()
    await page.clock.fast_forward(3_000)
    await says(page, "#offline-text", GOES_ON)
    await again.greet(resumed=True)
    again.send(ticket(version=4, place=place(1), reason="clinician_gone"))
    await state(page, "waiting")
    assert await page.is_hidden("#offline")
    assert await page.evaluate("() => own.getTracks()[0].readyState") == "ended"
    assert await page.evaluate("() => document.querySelector('#remote').srcObject") is None


async def test_a_clinicians_call_goes_on_too(timeless: Stage) -> None:
    page, line = await clinician_in_call(timeless)
    background = "() => getComputedStyle(document.querySelector('.emergency')).backgroundColor"
    assert await page.evaluate(background) == "rgb(6, 11, 10)"  # dark, as all around it
    await line.close(4000)
    await timeless.line()
    await page.clock.fast_forward(3_000)
    await says(
        page, "#offline-text", "The call goes on. We are restoring the rest of the connection."
    )


async def test_sound_only_is_another_leg_that_wants_no_picture(stage: Stage) -> None:
    page = await stage.page("/patient")
    line = await stage.line()
    await line.greet()
    await line.reply("find", ticket("in_visit", 3, visit=visit()))
    await state(page, "call")
    assert (await line.expect("offer"))["sdp"].count("a=sendrecv") == 2
    await page.click("#settings")
    await page.check("#sound-only")
    offer = await line.expect("offer")
    assert (offer["sdp"].count("a=sendrecv"), offer["sdp"].count("a=sendonly")) == (1, 1)
    await page.click("#devices-dialog .primary")
    await says(page, "#no-video p", "Sound only. The camera is off, and you see no picture.")
    await says(page, "#camera span:last-child", "Camera on")

    await page.click("#video-again")
    assert (await line.expect("offer"))["sdp"].count("a=sendrecv") == 2
    await page.wait_for_selector("#no-video", state="hidden")
    await says(page, "#camera span:last-child", "Camera off")


PICTURE_LIES_WITHIN = """
() => {
  const [whole, picture] = ["#call", "#remote"].map((name) =>
    document.querySelector(name).getBoundingClientRect());
  return picture.height > 0 && picture.top >= whole.top - 1 && picture.bottom <= whole.bottom + 1;
}
"""


@pytest.mark.parametrize("size", [(1920, 1080), (1600, 600), (844, 390), (700, 900), (390, 844)])
async def test_no_shape_of_the_window_cuts_the_picture_off(
    stage: Stage, size: tuple[int, int]
) -> None:
    page, _ = await patient_in_call(stage)
    await page.wait_for_function("() => document.querySelector('#remote').videoWidth > 0")
    await page.set_viewport_size(viewport(size))
    assert await page.evaluate(PICTURE_LIES_WITHIN)
