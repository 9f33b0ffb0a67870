# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keyed digests of masked values: they tell whether a secret changed, not what it is."""

from __future__ import annotations

import hashlib
import hmac
import os
from functools import cache
from pathlib import Path

from er_tui.journal.places import make_private_folders, state_folder

_KEY_BYTES = 32


def digest(value: str) -> str:
    """HMAC-SHA256 of ``value`` in hex, under a key that only this user can read."""
    return hmac.new(
        _key(state_folder()), value.encode("utf-8", "replace"), hashlib.sha256
    ).hexdigest()


@cache
def _key(folder: Path) -> bytes:
    path = folder / "mask.key"
    fresh = os.urandom(_KEY_BYTES)
    try:
        make_private_folders(str(folder))
        # Written aside and linked into place: whoever comes second finds a whole key.
        aside = folder / f"mask.key.{os.getpid()}.{fresh.hex()[:8]}"
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, fresh)
        finally:
            os.close(descriptor)
        try:
            os.link(aside, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(aside)
        kept = path.read_bytes()
    except OSError:
        # Without a place for the key the digests of this process compare among themselves only.
        return fresh
    return kept if len(kept) == _KEY_BYTES else fresh
