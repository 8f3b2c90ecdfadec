"""Encrypts and decrypts streams in the age format; the only module that imports pyrage.

The format is public (https://age-encryption.org/v1), and the program ``age`` reads such files too. A file
that was changed or cut off is refused, since each 64 KiB of it are authenticated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from io import BufferedIOBase, RawIOBase
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from subscribers.backups.errors import BackupError

if TYPE_CHECKING:
    from pyrage.x25519 import Identity, Recipient

HOW_TO_MAKE = "make a pair of keys: policy-notify backup-key FILE"


def new_private_key() -> tuple[str, str]:
    """A new private key and its public key, as ``age-keygen`` prints them."""
    from pyrage import x25519  # noqa: PLC0415 - only backups need it

    identity = x25519.Identity.generate()
    return str(identity), str(identity.to_public())


def read_public_keys(text: str) -> Sequence[Recipient]:
    """The public keys in ``text``, separated by white space. Raises BackupError if one is no public key."""
    from pyrage import RecipientError, x25519  # noqa: PLC0415

    recipients = []
    for number, word in enumerate(text.split(), start=1):
        if word.upper().startswith("AGE-SECRET-KEY-"):
            raise BackupError(
                f"backup key {number} is a private key, which must not be on this machine's backups; "
                "give the public key, which begins with age1"
            )
        try:
            recipients.append(x25519.Recipient.from_str(word))
        except RecipientError:
            raise BackupError(
                f"backup key {number} is not a public key, which begins with age1; {HOW_TO_MAKE}"
            ) from None
    if not recipients:
        raise BackupError(
            "no public key to encrypt the backup with. Set POLICY_NOTIFY_BACKUP_KEY or give --key; "
            + HOW_TO_MAKE
        )
    return recipients


def read_private_keys(file: Path) -> Sequence[Identity]:
    """The private keys in a file, one a line, as ``age-keygen`` writes it."""
    from pyrage import IdentityError, x25519  # noqa: PLC0415

    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BackupError(
            f"{file}: cannot be read ({error.strerror}); name the file of the private key"
        ) from error
    except UnicodeDecodeError:
        raise BackupError(f"{file}: is not a file of private keys; name the one that you keep") from None
    keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    try:
        identities = [x25519.Identity.from_str(key) for key in keys]
    except IdentityError:
        identities = []
    if not identities:
        raise BackupError(
            f"{file}: is not a file of private keys; each of its lines begins with AGE-SECRET-KEY-"
        )
    return identities


def encrypt(chunks: Iterator[bytes], file: IO[bytes], recipients: Sequence[Recipient]) -> None:
    """Write ``chunks`` to a file, encrypted to each of the public keys."""
    from pyrage import encrypt_io  # noqa: PLC0415

    source = _Chunks(chunks)
    try:
        encrypt_io(cast("BufferedIOBase", source), cast("BufferedIOBase", file), recipients)
    except Exception:  # pyrage hides what went wrong while it read
        if source.failure:
            raise source.failure from None
        raise


def decrypt(file: Path, take: Callable[[bytes], None], identities: Sequence[Identity]) -> None:
    """Hand the decrypted content of a file to ``take``, piece by piece.

    Only when this returns is it sure that the file is complete. Raises BackupError if it is not, if it was
    changed, or if no key fits.
    """
    from pyrage import DecryptError, decrypt_io  # noqa: PLC0415

    sink = _Sink(take)
    try:
        with file.open("rb") as encrypted:
            decrypt_io(cast("BufferedIOBase", encrypted), cast("BufferedIOBase", sink), identities)
    except Exception as error:  # pyrage hides what went wrong while it wrote
        if sink.failure:
            raise sink.failure from None
        if isinstance(error, DecryptError) and "matching" in str(error):
            raise BackupError(
                f"{file}: is encrypted to another key; name the file of its private key"
            ) from None
        if isinstance(error, OSError) and error.errno:
            raise BackupError(
                f"{file}: cannot be read ({error.strerror}); name the file of a backup"
            ) from error
        if isinstance(error, OSError | DecryptError):
            raise BackupError(
                f"{file}: is not a complete backup: it was cut off or changed, or is another kind of file; "
                "use another copy of it"
            ) from error
        raise


class _Chunks(RawIOBase):
    """A readable stream of chunks of bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")
        self.failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._rest:
                self._rest = memoryview(next(self._chunks))
        except StopIteration:
            return b""
        except Exception as error:  # kept, since pyrage hides it
            self.failure = error
            raise
        size = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)


class _Sink(RawIOBase):
    """A writable stream that hands on what is written, and keeps what went wrong with it."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self.failure: Exception | None = None

    def write(self, piece: object) -> int:
        content = bytes(cast("bytes", piece))
        if self.failure:
            raise self.failure  # pyrage repeats the last piece when it gives up
        try:
            self._take(content)
        except Exception as error:  # kept, since pyrage hides it
            self.failure = error
            raise
        return len(content)
