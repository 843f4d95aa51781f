"""The embedded store as a child of the supervisor: started, started again, stopped."""

from __future__ import annotations

from kolapp_queue.embedded import EmbeddedStore, EmbeddedStoreError

from .keyring import private_directory
from .process import StartRefused, now_ms
from .restarts import Restarts
from .settings import Settings
from .voice import Voice

PREDECESSOR_S = 2.0  # for the store of a supervisor that was just killed to be gone


class StoreKeeper:
    """Starting blocks until the store answers: nothing else can work before."""

    def __init__(self, settings: Settings, voice: Voice) -> None:
        directory = private_directory(settings.data_dir)
        self._store = EmbeddedStore(directory / "store", PREDECESSOR_S)
        self._ready_s = settings.start_timeout_ms / 1000
        self._restarts = Restarts(settings.restart_delay_ms, settings.restart_delay_max_ms)
        self._voice = voice
        self._rewrite_every_ms = settings.store_rewrite_ms
        self._rewritten_ms = now_ms()
        self._started_ms = 0
        self._died_ms = 0
        self.due_ms: int | None = None  # while dead: start it again then (`now_ms`)

    @property
    def url(self) -> str:
        return self._store.url

    def start(self) -> None:
        """Raises StartRefused, which says why and what to do."""
        self._started_ms = now_ms()
        try:
            self._store.start()
            self._store.wait_ready(self._ready_s)
        except EmbeddedStoreError as error:
            raise StartRefused(str(error)) from error

    def mend(self) -> None:
        """Start it again if it died. The nodes wait for it by themselves, nobody is told."""
        if self.due_ms is None and self._store.poll() is not None:
            self._died_ms = now_ms()
            self._bury(f"it ended with status {self._store.poll()}")
        if self.due_ms is not None and self.due_ms <= now_ms():
            try:
                self.start()
            except StartRefused as refusal:
                self._store.stop()
                self._bury(str(refusal))
            else:
                self.due_ms = None
                self._voice.back("store", now_ms() - self._died_ms)
        if self.due_ms is None and now_ms() - self._rewritten_ms >= self._rewrite_every_ms:
            self._rewritten_ms = now_ms()
            self._store.ask_rewrite()

    def stop(self) -> None:
        self._store.stop()

    def _bury(self, cause: str) -> None:
        now = now_ms()
        pause = self._restarts.pause_ms(now - self._started_ms)
        self.due_ms = now + pause
        self._voice.died("store", cause, pause)
