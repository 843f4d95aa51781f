"""One consultation after another, told by Python clients over MessagePack, with real media."""

from __future__ import annotations

import asyncio

from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.patient import Patient
from kolapp_loadtest.peer import Signature, VisitPeer
from story import QUEUE, Town, sees_and_hears

PATIENT, CLINICIAN = Signature(mark=3, hertz=440), Signature(mark=12, hertz=660)
RING_S = 5.0  # generous: the 250 ms that are promised are held by the browser's story


async def test_three_patients_one_leaves_and_two_are_seen(town: Town) -> None:
    async with town.patient() as first, town.patient() as second, town.patient() as third:
        # Three draw numbers.
        for patient, place in ((first, 1), (second, 2), (third, 3)):
            ticket = await patient.join(QUEUE)
            assert (ticket["state"], patient.position) == ("waiting", place)
        numbers = [patient.ticket["number"] for patient in (first, second, third) if patient.ticket]
        assert numbers == sorted(set(numbers))

        # The second goes home; the third moves up without touching anything.
        assert (await second.leave())["state"] == "left"
        await third.until_position(2)

        async with town.clinician() as clinician:
            await clinician.ready(QUEUE)
            await clinician.pull()
            call = await first.until_called(RING_S)
            assert clinician.visit is not None
            assert call["visit"] == clinician.visit["id"]
            await third.until_position(1)

            await first.answer()
            await clinician.until_live()
            await talk(first, clinician)

            await clinician.hang_up()
            await first.until(lambda patient: patient.state == "completed", what="end of the visit")
            assert (await clinician.until_free())["on_duty"]

            # The third's network goes away and comes back: same number, and next in line.
            number = numbers[2]
            third.drop()
            await third.until(lambda patient: patient.connections == 2, what="reconnection")
            await third.until(
                lambda patient: (
                    patient.position == 1 and patient.ticket and patient.ticket["number"] == number
                )
            )
            await clinician.pull()
            assert (await third.until_called(RING_S))["visit"] != call["visit"]
            assert (await third.decline())["state"] == "left"
            await clinician.until_free()


async def talk(first: Patient, clinician: Clinician) -> None:
    """Both connect and see and hear each other, and nothing is lost on the way."""
    async with VisitPeer(first, PATIENT) as at_home, VisitPeer(clinician, CLINICIAN) as at_work:
        await asyncio.gather(sees_and_hears(at_home, CLINICIAN), sees_and_hears(at_work, PATIENT))
        assert [await at_home.packets_lost(), await at_work.packets_lost()] == [0, 0]
