"""Remembers, for each site, the newest list that was accepted here and the key that had signed it.

An attacker who controls the site, or the way to it, could show an older list or one signed with another key.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from subscribers.errors import NotifyError
from subscribers.notices.notices_file import write
from subscribers.signing import fingerprint
from subscribers.site.notices_json import SignedNotices, key_text


class DistrustedListError(NotifyError):
    """The list is not one that can be believed."""


def accept(signed: SignedNotices, *, where: str, folder: Path, any_key: bool) -> None:
    """Refuse a list that is older than one accepted here before, or signed with another key; else note it.

    ``any_key``: the user has named the key, so it may be a new one.
    """
    notices = signed.notices
    file = folder / f"{hashlib.sha256(notices.site_url.encode()).hexdigest()[:32]}.json"
    try:
        remembered = json.loads(file.read_text(encoding="utf8"))
        sequence, key = int(remembered["sequence"]), str(remembered["public_key"])
    except FileNotFoundError:
        sequence, key = 0, key_text(signed.public_key)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DistrustedListError(
            f"{file}: cannot be read, so it is not known whether {where} is the newest list; "
            "delete the file if you trust the site now"
        ) from error
    if key != key_text(signed.public_key) and not any_key:
        raise DistrustedListError(
            f"{where}: is signed with another key than before ({fingerprint(signed.public_key)}); ask the "
            "company in another way whether this is its key, and if it is, name it with --public-key"
        )
    if notices.sequence < sequence:
        raise DistrustedListError(
            f"{where}: is an older list (sequence {notices.sequence}) than one that was seen here before "
            f"(sequence {sequence}), so emails may be missing from it; find out why the site shows it"
        )
    if notices.sequence > sequence or key != key_text(signed.public_key):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        noted = {
            "site_url": notices.site_url,
            "sequence": notices.sequence,
            "public_key": key_text(signed.public_key),
        }
        write(file, (json.dumps(noted, indent=1) + "\n").encode())
