"""Knows an erased external id again without keeping it: a digest under a secret of the operator.

What is kept can be matched only by who has both the secret and the shop's list.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select

from subscribers.errors import NotifyError
from subscribers.model import erasures

PURPOSE = b"policysite: erased external ids"  # the same secrets serve other purposes


class LostErasureKeyError(NotifyError):
    """Erasures were remembered under a secret that is no longer known, so the erased would come back."""

    def __init__(self) -> None:
        super().__init__(
            "people were erased under a secret that POLICY_NOTIFY_SECRET_KEYS no longer holds, so they would "
            "come back; put the old secret behind the new one"
        )


class ErasureKeys:
    """The operator's secrets, newest first, as keys for the digests of erased external ids."""

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [hmac.digest(secret.encode(), PURPOSE, "sha256") for secret in secrets]
        self._keys = {hashlib.sha256(key).hexdigest()[:16]: key for key in keys}

    def remember(self, connection: Connection, external_id: str) -> None:
        """Keep the digest of an id that is about to be erased, under the newest key."""
        assert self._keys, "an erasure that is not remembered would not last"
        key_id, key = next(iter(self._keys.items()))
        connection.execute(
            insert(erasures).values(external_id_digest=_digest(key, external_id), key_id=key_id)
        )

    def check(self, connection: Connection) -> bool:
        """Whether anybody was erased; refuse when it could not be told who."""
        used = set(connection.scalars(select(erasures.c.key_id).distinct()))
        if not used <= self._keys.keys():
            raise LostErasureKeyError
        return bool(used)

    def erased(self, connection: Connection, external_ids: Iterable[str]) -> set[str]:
        """Those of ``external_ids``, at most some thousands, that were erased."""
        by_digest = {
            _digest(key, external_id): external_id
            for external_id in external_ids
            for key in self._keys.values()
        }
        found = connection.scalars(
            select(erasures.c.external_id_digest).where(erasures.c.external_id_digest.in_(by_digest))
        )
        return {by_digest[digest] for digest in found}


def _digest(key: bytes, external_id: str) -> bytes:
    return hmac.digest(key, external_id.encode(), "sha256")
