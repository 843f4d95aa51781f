"""The ring of keys that seal what patients write and sign their tickets, from its file."""

from __future__ import annotations

from kolapp_queue.sealing import BadKeys, KeyRing

from .process import StartRefused
from .settings import Settings


def seal_ring(settings: Settings) -> KeyRing:
    """`settings` are prepared: the file is named. Read anew at each start: a rotated key counts
    from then on. Raises StartRefused with a sentence for the operator."""
    path = settings.seal_keys
    assert path is not None
    try:
        return KeyRing.parse(path.read_text("ascii"))
    except OSError as error:
        raise StartRefused(f"The seal keys {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise StartRefused(f"The seal keys {path} are no text.") from error
    except BadKeys as error:
        raise StartRefused(f"The seal keys {path} cannot be used: {error}.") from error
