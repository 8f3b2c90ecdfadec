"""A world after an announcement, with signed events and a proof key, for the tests of proof."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from subscribers.ledger.signed_events import Verifier, receive
from subscribers.proof.bundle_format import Head, user_proof_json
from subscribers.proof.export_bundle import export
from subscribers.proof.export_user_proof import export_user_proof
from subscribers.proof.verify_bundle import verify_bundle
from subscribers.proof.verify_user_proof import VerifiedUserProof, verify_user_proof
from subscribers.transports import OutgoingBatch
from support.sendgrid_server import EventSource
from support.world import SENDER, World

NAMES = ("anna", "boris", "chen", "dora", "emil")


class ProvenWorld:
    """Five people; announcement 2 has gone out to four of them, in batches of two."""

    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder
        self.key = Ed25519PrivateKey.generate()
        self.source = EventSource()
        self.verifier = Verifier(self.source.public_key)
        for number, name in enumerate(NAMES):
            world.register(name, pseudonym_key=bytes([number]) * 32)
        world.change("emil", objected_at=world.now)
        world.open_with_baseline()
        world.announce()
        world.transport.batch_limit = 2
        world.deliver()
        first, second = world.transport.taken
        self.report(first, "processed", "delivered")
        self.report(second, "processed")

    def report(self, outgoing: OutgoingBatch, *kinds: str, **more: str) -> None:
        """Let the provider report of every message of a batch."""
        events = [
            self.source.event(
                kind, token=outgoing.token, delivery=recipient.delivery, address=recipient.address, **more
            )
            for recipient in outgoing.recipients
            for kind in kinds
        ]
        receive(
            self.world.engine,
            self.verifier,
            self.source.post(events),
            now=self.world.now,
            keep_body=True,
        )

    def export(self, name: str, announcement_id: int = 2) -> Path:
        export(self.world.engine, announcement_id, self.folder / name, key=self.key, sender=SENDER)
        return self.folder / name

    def verify(self, bundle: Path) -> Head:
        return verify_bundle(bundle, self.key.public_key())

    def prove(self, who: str, bundle: Path) -> Path:
        """The file with a person's proof."""
        file = self.folder / "person.json"
        proven = export_user_proof(self.world.engine, who, bundle, key=self.key)
        file.write_bytes(user_proof_json.dump_json(proven, indent=1))
        return file

    def testimony(self, file: Path) -> VerifiedUserProof:
        return verify_user_proof(file, self.key.public_key())

    @property
    def private_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def public_pem(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
