"""From the marks of visits' pages to the figures of a report. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .figures import percentile

# By the name of what took the time: from which mark of the patient's page to which.
_PHASES = {
    "answer_to_snapshot": ("click", "in_visit"),
    "answer_to_camera": ("click", "camera"),
    "answer_to_offer": ("click", "offer"),
    "offer_to_answer": ("offer", "sdp_answer"),
    "answer_to_ice": ("sdp_answer", "ice"),
    "ice_to_dtls": ("ice", "connected"),
    "connected_to_frame": ("connected", "frame"),
}


@dataclass(frozen=True, slots=True)
class Marks:
    """When the steps of one visit were done, in ms of the machine's clock, on both pages."""

    patient: Mapping[str, float]
    clinician: Mapping[str, float]

    @property
    def to_patient(self) -> float:
        """From the patient's answer to the clinician's picture there."""
        return self.patient["frame"] - self.patient["click"]

    @property
    def to_clinician(self) -> float:
        return self.clinician["frame"] - self.patient["click"]


def connect_ms(visits: Sequence[Marks]) -> dict[str, object]:
    """p50 and p95 of the later of both sides; each side and each phase by itself beside them.

    A phase that was over before the answer, as all are that a warm leg has done, is 0.
    """
    both = summary(max(each.to_patient, each.to_clinician) for each in visits)
    phases = {
        name: summary(
            max(0.0, each.patient[until] - max(each.patient[since], each.patient["click"]))
            for each in visits
            if since in each.patient and until in each.patient
        )
        for name, (since, until) in _PHASES.items()
    }
    phases["snapshot_to_clinicians_frame"] = summary(
        max(0.0, each.clinician["frame"] - each.patient.get("in_visit", each.patient["click"]))
        for each in visits
    )
    return {
        **both,
        "patient": summary(each.to_patient for each in visits),
        "clinician": summary(each.to_clinician for each in visits),
        "phases": phases,
    }


def summary(samples: Iterable[float]) -> dict[str, float]:
    """In milliseconds; only `n` when there are none."""
    ordered = sorted(samples)
    if not ordered:
        return {"n": 0}
    return {
        "p50": round(percentile(ordered, 0.50), 1),
        "p95": round(percentile(ordered, 0.95), 1),
        "max": round(ordered[-1], 1),
        "n": len(ordered),
    }
