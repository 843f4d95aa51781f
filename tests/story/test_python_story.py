"""One consultation after another, told by Python clients over MessagePack, with real media."""

from __future__ import annotations

import asyncio

from kolapp_loadtest.clinician import Clinician
from kolapp_loadtest.patient import Patient
from kolapp_loadtest.peer import Signature, VisitPeer
from story import QUEUE, Town, sees_and_hears

ANNA, DOCTOR = Signature(mark=3, hertz=440), Signature(mark=12, hertz=660)
RING_S = 5.0  # generous: the 250 ms that are promised are held by the browser's story


async def test_three_patients_one_leaves_and_two_are_seen(town: Town) -> None:
    async with town.patient() as anna, town.patient() as bo, town.patient() as cleo:
        # Three draw numbers.
        for patient, place in ((anna, 1), (bo, 2), (cleo, 3)):
            ticket = await patient.join(QUEUE)
            assert (ticket["state"], patient.position) == ("waiting", place)
        numbers = [patient.ticket["number"] for patient in (anna, bo, cleo) if patient.ticket]
        assert numbers == sorted(set(numbers))

        # The second goes home; the third moves up without touching anything.
        assert (await bo.leave())["state"] == "left"
        await cleo.until_position(2)

        async with town.clinician() as doctor:
            await doctor.ready(QUEUE)
            await doctor.pull()
            call = await anna.until_called(RING_S)
            assert doctor.visit is not None
            assert call["visit"] == doctor.visit["id"]
            await cleo.until_position(1)

            await anna.answer()
            await doctor.until_live()
            await talk(anna, doctor)

            await doctor.hang_up()
            await anna.until(lambda patient: patient.state == "completed", what="end of the visit")
            assert (await doctor.until_free())["on_duty"]

            # Cleo's network goes away and comes back: the number is still hers, and she is next.
            number = numbers[2]
            cleo.drop()
            await cleo.until(lambda patient: patient.connections == 2, what="reconnection")
            await cleo.until(
                lambda patient: (
                    patient.position == 1 and patient.ticket and patient.ticket["number"] == number
                )
            )
            await doctor.pull()
            assert (await cleo.until_called(RING_S))["visit"] != call["visit"]
            assert (await cleo.decline())["state"] == "left"
            await doctor.until_free()


async def talk(anna: Patient, doctor: Clinician) -> None:
    """Both connect and see and hear each other, and nothing is lost on the way."""
    async with VisitPeer(anna, ANNA) as at_home, VisitPeer(doctor, DOCTOR) as at_work:
        await asyncio.gather(sees_and_hears(at_home, DOCTOR), sees_and_hears(at_work, ANNA))
        assert [await at_home.packets_lost(), await at_work.packets_lost()] == [0, 0]
