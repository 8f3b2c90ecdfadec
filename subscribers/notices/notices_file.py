"""The file ``notices.json`` on this machine: which list was written before, and writing the next one."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from subscribers.errors import NotifyError
from subscribers.site.notices_json import NOTICES, SignedNotices, parse_notices
from subscribers.site.site_reader import PublishedSite
from subscribers.site.sources import MissingFileError


class ForeignNoticesError(NotifyError):
    """A list that another key has signed."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where}: is not signed with POLICY_NOTIFY_PROOF_KEY, or was changed since; find out who wrote "
            "it. If you have replaced the key, move the file away and run the command without --site"
        )


class UnwritableNoticesError(NotifyError):
    """The file cannot be read or written."""

    def __init__(self, file: Path, error: OSError) -> None:
        super().__init__(f"{file}: cannot be read or written ({error.strerror}); name another file")


def newest_list(
    file: Path, site: PublishedSite | None, *, key: Ed25519PublicKey
) -> tuple[SignedNotices | None, str]:
    """The newer of the lists in ``file`` and on the site, and where it is; None if neither has one."""
    found: list[tuple[SignedNotices, str]] = []
    try:
        found.append((parse_notices(file.read_bytes(), where=str(file)), str(file)))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise UnwritableNoticesError(file, error) from error
    if site is not None:
        where = site.source.where(NOTICES)
        with suppress(MissingFileError):
            found.append((parse_notices(site.source.read(NOTICES), where=where), where))
    for notices, where in found:
        if not notices.is_signed_by(key):
            raise ForeignNoticesError(where)
    return max(found, key=lambda one: one[0].notices.sequence, default=(None, str(file)))


def write(file: Path, raw: bytes) -> None:
    """Replace the file as a whole, so that nobody reads half of it."""
    try:
        with tempfile.NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}-", delete=False) as new:
            try:
                new.write(raw)
                new.flush()
                os.fsync(new.fileno())
                Path(new.name).chmod(0o644)  # it holds nothing secret, and the site's build reads it
                Path(new.name).replace(file)
            except BaseException:
                Path(new.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise UnwritableNoticesError(file, error) from error
