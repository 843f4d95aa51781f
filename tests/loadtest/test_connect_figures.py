from kolapp_loadtest.bench.connect_figures import Marks, connect_ms, summary


def visit(frame: float, other_frame: float, **patient: float) -> Marks:
    return Marks(
        {"click": 1000.0, "frame": 1000.0 + frame, **patient}, {"frame": 1000 + other_frame}
    )


def test_a_visit_takes_as_long_as_its_later_side() -> None:
    found = connect_ms([visit(200, 300), visit(500, 100)])
    assert found["p50"] == 300
    assert found["p95"] == 500
    assert found["patient"] == {"p50": 200, "p95": 500, "max": 500, "n": 2}
    assert found["clinician"] == {"p50": 100, "p95": 300, "max": 300, "n": 2}


def test_what_was_done_before_the_answer_took_none_of_the_time() -> None:
    """A warm leg: its offer was answered minutes ago, and only the picture is still to come."""
    found = connect_ms([visit(90, 80, offer=10.0, sdp_answer=30.0, ice=40.0, connected=60.0)])
    phases = found["phases"]
    assert isinstance(phases, dict)
    assert phases["offer_to_answer"]["p50"] == 0
    assert phases["ice_to_dtls"]["p50"] == 0
    assert phases["connected_to_frame"]["p50"] == 90
    assert phases["answer_to_camera"] == {"n": 0}  # it was open already


def test_the_phases_of_a_cold_leg_follow_one_another() -> None:
    marks = {"in_visit": 1010.0, "offer": 1050.0, "sdp_answer": 1075.0, "ice": 1100.0}
    phases = connect_ms([visit(200, 300, **marks, connected=1120.0)])["phases"]
    assert isinstance(phases, dict)
    wanted = {
        "answer_to_snapshot": 10,
        "answer_to_offer": 50,
        "offer_to_answer": 25,
        "answer_to_ice": 25,
        "ice_to_dtls": 20,
        "connected_to_frame": 80,
        "snapshot_to_clinicians_frame": 290,
    }
    assert {name: phases[name]["p50"] for name in wanted} == wanted


def test_nothing_measured_is_said_as_that() -> None:
    assert summary([]) == {"n": 0}
