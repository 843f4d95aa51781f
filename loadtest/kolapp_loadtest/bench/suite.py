"""The benchmarks that `kolapp bench all` runs, one after the other: what each is, and with which
arguments. Pure.

`turn_fewer` is the same as `turn` at another load: two loads tell what of a node's time goes to
those who wait and what to each pull, which the capacity model needs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bench:
    name: str  # in the report
    command: str  # of `kolapp bench`
    about: str
    full: str
    quick: str
    most_s: float  # longer than this, it hangs

    def arguments(self, quick: bool) -> list[str]:
        return (self.quick if quick else self.full).split()


SUITE = (
    Bench(
        "turn", "turn",
        "From a pull to “your turn” in the patient's client, open loop: pulls are planned "
        "beforehand and latency counts from the planned moment, so that a stall is charged to "
        "every pull it delays. The floor is a script call and a WebSocket echo between the "
        "pulls; the peer is "
        "Socket.IO with its Redis adapter, the same scenario on the same store.",
        "--clients 5000 --pulls-per-s 5 --duration 30",
        "--clients 500 --pulls-per-s 5 --duration 6", 600.0,
    ),
    Bench(
        "turn_fewer", "turn",
        "The same with fewer who wait and more pulls, without the peer: the second point of the "
        "capacity model.",
        "--clients 500 --pulls-per-s 20 --duration 15 --alone",
        "--clients 100 --pulls-per-s 20 --duration 4 --alone", 300.0,
    ),
    Bench(
        "queue", "queue",
        "Joins and pulls a second next to BullMQ and SAQ on one store that keeps every write "
        "(appendfsync always). Closed loops: this is about throughput, not latency.",
        "--waiting 100 100000 --rounds 2 --seconds 2",
        "--waiting 1000 --rounds 1 --seconds 0.5", 600.0,
    ),
    Bench(
        "eta", "eta",
        "What one recomputation of a queue's waiting-time curve costs, with everybody's promises.",
        "--rounds 100", "--rounds 10", 300.0,
    ),
    Bench(
        "media", "media",
        "Calls a core carries, next to aiortc's MediaRelay (decode and encode) and Debian's Janus: "
        "640x480, 30 pictures a second, 1 Mbit/s VP8 and Opus both ways, sent and watched by pion "
        "on the other core. The floor is the same ciphers and system calls around no server.",
        "--seconds 4", "--seconds 1 --most 10", 600.0,
    ),
    Bench(
        "connect", "connect",
        "From the patient's answer to the first picture of the other side in real Chromium, the "
        "later of both sides, by the pages' own clocks. Two browsers, two cameras and the server "
        "share the machine.",
        "--visits 20", "--visits 3", 300.0,
    ),
    Bench(
        "attacks", "attacks",
        "“Your turn” of honest people while somebody attacks from the same machine, so that the "
        "attacker's own work is in the figures.",
        "--clients 500 --pulls-per-s 10 --duration 20",
        "--clients 100 --duration 2 --only flood", 300.0,
    ),
)  # fmt: skip
