"""`kolapp serve`: the store, a signalling node and media nodes, kept alive and stopped.

This process stays small: it imports neither aiohttp nor aiortc, serves nobody and only watches.
Whatever dies is replaced by its spare, or started again while there is none; state is in the
store, so nobody loses the place.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from .children import Child, Loaded, Ready, Refused, child_environment
from .process import StartRefused, now_ms
from .restarts import Restarts
from .setting_kinds import MEDIA, SIGNALLING
from .setting_sources import to_environment
from .settings import MOST_MEDIA_NODES, Settings
from .shared_port import SharedPort
from .spares import Spare
from .store_keeper import StoreKeeper
from .voice import Voice
from .wakeups import Wakeups

DRAIN_ALONE_MS = 1_000  # a signalling node without a neighbour sends its clients off within this
HOUSEKEEPING_MS = 60_000  # the store's log is kept short at least this often


def serve(settings: Settings, environment: Mapping[str, str]) -> int:
    """Run until SIGTERM, SIGINT or SIGHUP. Returns the exit code."""
    voice = Voice(environment)
    with Wakeups() as wakeups:
        supervisor = Supervisor(settings, environment, voice, wakeups)
        try:
            supervisor.start()
            supervisor.watch()
        except StartRefused as refusal:
            voice.refused(str(refusal))
            return 1
        finally:
            supervisor.stop()
            voice.close()
    return 0


@dataclass
class Watched:
    """One child and its life so far. Times are `now_ms()`."""

    name: str  # of the child, for people: its role, and which of them where there are several
    child: Child
    restarts: Restarts
    spare: Spare
    started_ms: int = 0
    died_ms: int = 0  # of the latest death; 0 before any
    due_ms: int | None = None  # while dead: start it again then
    ready: bool = False
    last_words: str = ""  # why it refused to start, if it said so


@dataclass
class Supervisor:
    settings: Settings
    environment: Mapping[str, str]
    voice: Voice
    wakeups: Wakeups
    watched: list[Watched] = field(default_factory=list)
    store: StoreKeeper | None = None  # none when the operator named a store
    port: SharedPort | None = None  # of several signalling nodes
    began_ms: int = field(default_factory=now_ms)
    serving: bool = False  # everything was ready once: from now on a death is mended
    url: str = ""  # of the pages, once the signalling node is ready

    # The story

    def start(self) -> None:
        """Start everything and wait until it is ready. Raises StartRefused."""
        if not self.settings.store_url:
            self.store = StoreKeeper(self.settings, self.voice)
            self.store.start()
        if self.settings.workers > 1:
            self.port = SharedPort(self.settings.http_host, self.settings.http_port)
        for role, number in self._roles():
            self.watched.append(self._watched(role, number))  # also the order of stopping
            self._spawn(self.watched[-1])
        while not all(one.ready for one in self.watched):
            if self.wakeups.stops_asked:
                return
            self._step()
        self.serving = True
        for one in self.watched:
            one.spare.plan()
        self.voice.ready(self.settings, self.url, now_ms() - self.began_ms)

    def watch(self) -> None:
        """Mend what dies until told to stop."""
        while not self.wakeups.stops_asked:
            self._step()

    def stop(self) -> None:
        """Signalling first: it tells its clients to come back. The store last. A process that
        does not end within `stop_timeout_ms` is killed; a second signal kills at once."""
        if self.serving:
            self.voice.stopping()
        for one in self.watched:
            self._forget_pipe(one)
            self._end_spare(one.spare)
        for role in (SIGNALLING, MEDIA):
            self._stop_all([one.child for one in self.watched if one.child.role == role])
        if self.port is not None:
            self.port.close()
        if self.store is not None:
            self.store.stop()

    def _stop_all(self, children: list[Child]) -> None:
        for child in children:
            child.tell_to_stop()
        deadline = now_ms() + self.settings.stop_timeout_ms
        while any(child.runs() for child in children) and self.wakeups.stops_asked < 2:
            left = deadline - now_ms()
            if left <= 0:
                break
            self.wakeups.wait(left / 1000)
        for child in children:
            child.kill()

    # Its steps

    def _step(self) -> None:
        for descriptor in self.wakeups.wait(self._pause_s()):
            for one in self.watched:
                if one.child.reports == descriptor:
                    self._hear(one)
                elif one.spare.reports == descriptor:
                    self._hear_spare(one.spare)
        if self.store is not None:
            self.store.mend()
        for one in self.watched:
            if one.child.has_died():
                self._bury(one)
            elif one.due_ms is not None and one.due_ms <= now_ms():
                self._spawn(one)
            elif one.child.reports >= 0 and self._late_ms(one) <= now_ms():
                self._give_up_on(one)
            self._look_after(one.spare)

    def _pause_s(self) -> float:
        """Until the next thing that no signal and no pipe will tell of."""
        times = [now_ms() + HOUSEKEEPING_MS]
        dues = [due for one in self.watched for due in (one.due_ms, one.spare.due_ms)]
        times += [due for due in dues if due is not None]
        if self.store is not None and self.store.due_ms is not None:
            times.append(self.store.due_ms)
        times += [self._late_ms(one) for one in self.watched if one.child.reports >= 0]
        return max(0, min(times) - now_ms()) / 1000

    def _spawn(self, one: Watched) -> None:
        one.started_ms, one.due_ms, one.ready, one.last_words = now_ms(), None, False, ""
        if (spare := one.spare.take()) is not None:
            one.child = spare
        else:
            one.child.start()
        self.wakeups.watch(one.child.reports)

    def _hear(self, one: Watched) -> None:
        self.wakeups.unwatch(one.child.reports)
        match one.child.read_report():
            case Ready(facts):
                self._is_ready(one, facts)
            case Refused(sentence):
                one.last_words = sentence
            case Loaded() | None:  # it died, if it said nothing; SIGCHLD says the rest
                pass

    def _is_ready(self, one: Watched, facts: Mapping[str, str]) -> None:
        one.ready = True
        if one.child.role == SIGNALLING:
            self.url = facts["url"]
            # Clients come back to the port they know, also when any free one was taken.
            one.child.environment["KOLAPP_HTTP_PORT"] = str(urlsplit(self.url).port)
        if self.serving:
            self.voice.back(one.name, now_ms() - one.died_ms)
            one.spare.plan()

    def _bury(self, one: Watched) -> None:
        if one.child.reports >= 0:
            self._hear(one)
        self._mend(one, one.last_words or one.child.cause_of_death())

    def _late_ms(self, one: Watched) -> int:
        return one.started_ms + self.settings.start_timeout_ms

    def _give_up_on(self, one: Watched) -> None:
        self._forget_pipe(one)
        one.child.kill()
        self._mend(one, f"it was not ready within {self.settings.start_timeout_ms} ms")

    def _mend(self, one: Watched, cause: str) -> None:
        """It is dead. Before everything was ready once, that is the end of the start."""
        one.child.forget()
        one.spare.due_ms = None  # loading one must not slow the new child's start
        if not self.serving:
            raise StartRefused(one.last_words or f"The {one.name} process failed: {cause}.")
        one.died_ms = now_ms()
        pause = one.restarts.pause_ms(one.died_ms - one.started_ms)
        one.due_ms = one.died_ms + pause
        self.voice.died(one.name, cause, pause)

    def _forget_pipe(self, one: Watched) -> None:
        if one.child.reports >= 0:
            self.wakeups.unwatch(one.child.reports)
            one.child.close_pipe()

    # Its spares

    def _hear_spare(self, spare: Spare) -> None:
        self.wakeups.unwatch(spare.reports)
        if spare.hear():
            self.voice.spare_loaded(spare.role)

    def _look_after(self, spare: Spare) -> None:
        if (cause := spare.cause_of_death()) is not None:
            self._end_spare(spare)
            self.voice.spare_died(spare.role, cause, spare.plan_again())
        elif spare.due_ms is not None and spare.due_ms <= now_ms():
            spare.load()
            self.wakeups.watch(spare.reports)

    def _end_spare(self, spare: Spare) -> None:
        if spare.reports >= 0:
            self.wakeups.unwatch(spare.reports)
        spare.end()

    # What it makes

    def _roles(self) -> list[tuple[str, int]]:
        """Whom to start, in this order; the numbers count those of a role, from 1."""
        counts = ((SIGNALLING, self.settings.workers), (MEDIA, media_nodes(self.settings)))
        return [(role, number) for role, count in counts for number in range(1, count + 1)]

    def _watched(self, role: str, number: int) -> Watched:
        """Several of a role need no spares: what one carried goes to another at once."""
        settings = self.settings
        alone = (settings.workers if role == SIGNALLING else media_nodes(settings)) == 1
        name = role if alone else f"{role}-{number}"
        environment = self._environment_of(role, name, number - 1)
        restarts = Restarts(settings.restart_delay_ms, settings.restart_delay_max_ms)
        delay_ms = settings.spare_delay_ms if settings.spares and alone else None
        return Watched(name, Child(role, environment), restarts, Spare(role, environment, delay_ms))

    def _environment_of(self, role: str, name: str, offset: int) -> dict[str, str]:
        """`offset` is added to a fixed port of the control socket."""
        node = self.settings.node_id
        # Nobody else takes the clients of one: the sooner it is gone, the sooner the next is there.
        alone_ms = min(self.settings.drain_ms, DRAIN_ALONE_MS)
        host, _, port = self.settings.media_control.rpartition(":")
        if role == MEDIA and port != "0":
            port = str(int(port) + offset)
        settings = replace(
            self.settings,
            node_id=f"{node}-{name}" if node else "",
            media_control=f"{host}:{port}",
            http_port=self.port.number if self.port else self.settings.http_port,
            share_port=self.port is not None,
            drain_ms=self.settings.drain_ms if self.port else alone_ms,
            store_url=self.store.url if self.store else self.settings.store_url,
        )
        return child_environment(self.environment, to_environment(settings))


def media_nodes(settings: Settings) -> int:
    """How many are started: as many as the settings say, else one a core beyond the first."""
    cores = len(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else os.cpu_count()
    return settings.media_nodes or min(MOST_MEDIA_NODES, max(1, (cores or 1) - 1))
