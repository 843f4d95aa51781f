"""The queue's settings: plain values; who reads the environment is `kolapp_signalling.settings`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

BRIDGE, DIRECT = "bridge", "direct"  # modes of a visit


@dataclass(frozen=True, slots=True)
class QueueSettings:
    """Durations in milliseconds."""

    ring_ms: int = 45_000  # how long a call rings
    missed_calls: int = 1  # calls a patient may miss and keep the place; the next is a no-show
    # Calls of one patient in a row whose clinician vanished. Then only a clinician who sees the
    # board can call them: it may be that their ticket is what makes it happen.
    vanished_calls: int = 3
    away_grace_ms: int = 300_000  # how long an absent patient keeps the place
    duty_lease_ms: int = 60_000  # a clinician counts as on duty this long after the last sign
    retention_ms: int = 86_400_000  # how long an ended ticket and visit stay readable
    command_timeout_ms: int = 2_000  # the store must answer a command within this
    resync_ms: int = 1_000  # a lost hint costs at most this
    visit_prior_ms: int = 720_000  # mean visit before the queue has its own figures
    undo_ms: int = 10_000  # a pull can be undone within this, if nobody has answered
    wrap_up_ms: int = 0  # a clinician's pause after each visit; a pull ends it
    visit_grace_ms: int = 120_000  # a visit stays open so long for a clinician who vanished from it
    take_over: bool = True  # a colleague may take such a visit over
    # A patient who waits in several queues is called in one at a time. Costs a round trip at each
    # join; a provider with a single queue can do without.
    one_call_at_a_time: bool = True
    # A node that computed waiting times and died is succeeded after this.
    forecast_lease_ms: int = 3_000
    events_ms: int = 604_800_000  # how long the stream of events is kept for its readers
    # How media goes: over the media nodes ("bridge"), or between the two people ("direct").
    mode: str = BRIDGE
    direct_relay_only: bool = False  # in direct mode over relays alone
    encrypted: bool = False  # end to end, by the clients

    guests: int = 2  # of a visit at a time

    @property
    def ways(self) -> str:
        """In which a visit is not as most are, as its record is made from."""
        direct = self.mode == DIRECT
        said = {
            "direct": direct,
            "relay_only": direct and self.direct_relay_only,
            "encrypted": self.encrypted,
        }
        return ",".join(way for way, holds in said.items() if holds)


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Where the audit files are and how long they are kept."""

    directory: Path
    years: int = 5
    poll_ms: int = 1_000  # events are in the files this soon; until then they are in the store
    lease_ms: int = 10_000  # a writer that died is succeeded after this
