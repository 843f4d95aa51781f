from __future__ import annotations

import itertools

from kolapp_signalling import chat_messages as c
from kolapp_signalling import desk_messages as d
from kolapp_signalling import messages as m
from kolapp_signalling import relay_messages as r
from kolapp_signalling import session_messages as s
from kolapp_signalling import signal_messages as g
from kolapp_signalling import warm_messages as w
from kolapp_signalling.roles import Role
from kolapp_signalling.session import RIGHTS, Person, Sessions, may

ANNA = Person("north", Role.PATIENT, "anna")
DOCTOR = Person("north", Role.CLINICIAN, "anna")


def sessions() -> Sessions:
    numbers = itertools.count(1)
    return Sessions(lambda: f"id{next(numbers)}")


def test_every_message_is_somebodys_right_and_visits_are_of_both() -> None:
    catalogue = set(m.AnyClientMessage.__args__)
    assert {kind for rights in RIGHTS.values() for kind in rights} == catalogue
    both = set(RIGHTS[Role.PATIENT]) & set(RIGHTS[Role.CLINICIAN])
    assert both == {
        s.Hello,
        s.Renew,
        s.Ping,
        s.LookAround,
        m.Offer,
        m.HangUp,
        c.Say,
        c.Hear,
        r.AskRelays,
        w.Prepare,
        w.AskEcho,
        w.Enter,
        g.Signal,
    }
    assert may(Role.PATIENT, m.Join(1, "drop-in"))
    assert not may(Role.PATIENT, d.Pull(1, "key"))
    assert not may(Role.CLINICIAN, m.Join(1, "drop-in"))


def test_public_and_private_id_differ() -> None:
    session = sessions().open(ANNA, 0)
    assert session.id != session.resume


def test_a_session_is_resumed_by_its_private_id_and_its_person_only() -> None:
    known = sessions()
    session = known.open(ANNA, 0)
    assert known.resumable(session.resume, ANNA) is session
    assert known.resumable(session.resume, DOCTOR) is None
    assert known.resumable(session.id, ANNA) is None
    assert known.resumable(None, ANNA) is None


def test_renewing_makes_the_old_resume_id_worthless() -> None:
    known = sessions()
    session = known.open(ANNA, 0)
    old = session.resume
    known.renew(session)
    assert known.resumable(old, ANNA) is None
    assert known.resumable(session.resume, ANNA) is session


def test_a_forgotten_session_is_gone() -> None:
    known = sessions()
    session = known.open(ANNA, 0)
    known.open(DOCTOR, 0)
    known.forget(session)
    assert known.of(ANNA) is None
    assert known.resumable(session.resume, ANNA) is None
    assert len(known) == 1
    known.forget(session)  # twice is harmless


def test_a_lost_socket_is_gone_for_as_long_as_it_is() -> None:
    session = sessions().open(ANNA, 0)
    session.attach("c1", 1_000)
    assert not session.gone_for(9_999, 0)
    session.detach(5_000)
    assert not session.attached
    assert not session.gone_for(5_999, 1_000)
    assert session.gone_for(6_000, 1_000)
    session.attach("c2", 2_000)
    assert (session.connection, session.token_until_ms) == ("c2", 2_000)
    assert not session.gone_for(99_999, 1_000)
