"""Recognises an erased external id without storing it, by a digest under a secret of the operator.

A digest can be matched only with both the secret and the shop's list.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, insert, select

from subscribers.errors import NotifyError
from subscribers.model import erasures

PURPOSE = b"policysite: erased external ids"  # the same secrets are used for other purposes too


class LostErasureKeyError(NotifyError):
    """Erasures were remembered under a secret that is no longer set, so erased users would come back."""

    def __init__(self) -> None:
        super().__init__(
            "users were erased under a secret that is no longer in POLICY_NOTIFY_SECRET_KEYS, so they would "
            "come back; add the old secret after the new one"
        )


class ErasureKeys:
    """The operator's secrets, newest first, as keys for the digests of erased external ids."""

    def __init__(self, secrets: Sequence[str]) -> None:
        keys = [hmac.digest(secret.encode(), PURPOSE, "sha256") for secret in secrets]
        self._keys = {hashlib.sha256(key).hexdigest()[:16]: key for key in keys}

    def remember(self, connection: Connection, external_id: str) -> None:
        """Keep the digest of an id that is about to be erased, under the newest key."""
        assert self._keys, "an erasure that is not remembered would be undone by the next import"
        key_id, key = next(iter(self._keys.items()))
        connection.execute(
            insert(erasures).values(external_id_digest=_digest(key, external_id), key_id=key_id)
        )

    def check(self, connection: Connection) -> bool:
        """Whether any user was erased. Refuses if a secret is missing to recognise them."""
        used = set(connection.scalars(select(erasures.c.key_id).distinct()))
        if not used <= self._keys.keys():
            raise LostErasureKeyError
        return bool(used)

    def erased(self, connection: Connection, external_ids: Iterable[str]) -> set[str]:
        """The erased ones of ``external_ids``, which may be a few thousand."""
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
