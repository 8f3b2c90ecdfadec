"""``policy-notify proof`` as an operator runs it, and as counsel checks it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.published_site import PublishedSiteMaker

from subscribers.cli import main


@dataclass(frozen=True)
class Done:
    """The output of a command."""

    stdout: str
    stderr: str


Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run policy-notify after two users were notified of one change. openssl makes the proof key."""
    key, public_key = tmp_path / "proof.pem", tmp_path / "proof.pub"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public_key], check=True)
    environment = {
        "POLICY_NOTIFY_DATABASE_URL": f"sqlite:///{tmp_path / 'notify.sqlite'}",
        "POLICY_NOTIFY_MAIL_FOLDER": str(tmp_path / "mails"),
        "POLICY_NOTIFY_FROM": "Example Market <policy@example.com>",
        "POLICY_NOTIFY_LEGAL_NAME": "Example Market LLC",
        "POLICY_NOTIFY_CONTACT": "privacy@example.com",
        "POLICY_NOTIFY_PROOF_KEY_FILE": str(key),
        "POLICY_NOTIFY_SECRET_KEYS": "s" * 32,
    }
    monkeypatch.chdir(tmp_path)

    def policy_notify(*arguments: str, expect: int = 0, **settings: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in (environment | settings).items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["policy-notify", *arguments])
            with pytest.raises(SystemExit) as exited:
                main()
        printed = capsys.readouterr()
        assert (exited.value.code or 0) == expect, printed.err
        return Done(printed.out, printed.err)

    (tmp_path / "users.csv").write_text(
        "external_id,email,language,registered_at\n"
        "1,anna@example.com,en,2026-01-01T00:00:00Z\n"
        "2,boris@example.com,ru,2026-01-01T00:00:00Z\n"
    )
    site = PublishedSiteMaker(tmp_path / "site")
    site.publish("privacy")
    site.commit()
    site.publish("privacy", summary="We keep less.")
    policy_notify("migrate")
    policy_notify("import", "users.csv")
    policy_notify("publish", "--site", str(site.write()), "--announce-since", "2026-02-01")
    return policy_notify


def test_a_bundle_is_exported_verified_and_shown_to_be_tampered_with(run: Run, tmp_path: Path) -> None:
    exported = run("proof", "export", "2")
    assert "complete; audience 2 = 2 accepted" in exported.stdout
    verified = run("proof", "verify", "proof-2", "--public-key", "proof.pub")
    assert verified.stdout.startswith(
        "proof-2: verified: announcement 2 of https://policies.example/, complete"
    )

    message = tmp_path / "proof-2" / "message-1.txt"
    message.write_text(message.read_text().replace("less", "more"))
    refused = run("proof", "verify", "proof-2", "--public-key", "proof.pub", expect=1)
    assert refused.stderr == "policy-notify: proof-2/message-1.txt: was changed\n"


def test_a_user_is_shown_what_they_were_sent_until_they_are_erased(run: Run, tmp_path: Path) -> None:
    run("proof", "export", "2", "--into", "bundle")
    (tmp_path / "anna.json").write_text(run("proof", "person", "anna@example.com", "bundle").stdout)
    shown = run("proof", "verify", "anna.json", "--public-key", "proof.pub").stdout
    assert "account 1, anna@example.com" in shown
    assert "handed to folder" in shown
    assert "this does not claim that anybody read the message" in shown

    run("person", "erase", "1")
    run("proof", "verify", "bundle", "--public-key", "proof.pub")
    refused = run("proof", "person", "anna@example.com", "bundle", expect=1)
    assert "no user has this external id" in refused.stderr


def test_openssl_alone_verifies_the_signature(run: Run, tmp_path: Path) -> None:
    run("proof", "export", "2")
    verify = ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", "proof.pub", "-rawin"]
    files = ["-in", "proof-2/head.json", "-sigfile", "proof-2/head.sig"]
    done = subprocess.run([*verify, *files], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert "Verified Successfully" in done.stdout


def test_the_declaration_is_a_page_and_a_text_that_claim_only_what_is_proven(
    run: Run, tmp_path: Path
) -> None:
    run("proof", "export", "2")
    text = (tmp_path / "proof-2" / "declaration.txt").read_text()
    page = (tmp_path / "proof-2" / "declaration.html").read_text()
    for declaration in (text, page):
        assert "Example Market LLC" in declaration
        assert "neither measure nor claim" in declaration
        assert json.loads((tmp_path / "proof-2" / "root.json").read_text())["root"] in declaration
    assert "Registered accounts: 2" in text
    assert "only written to a folder on our machine, not sent: 2" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "1"], "announcement 1: is the baseline"),
        (["export", "7"], "announcement 7: no such announcement exists"),
        (["verify", "none", "--public-key", "proof.pub"], "none: cannot be read"),
        (["verify", "site", "--public-key", "proof.pub"], "head.json: is missing"),
        (["verify", "proof-2", "--public-key", "users.csv"], "users.csv: not a public Ed25519 key"),
        (["verify", "users.csv", "--public-key", "proof.pub"], "users.csv: is not a user's proof"),
        (["person", "nobody@example.com", "proof-2"], "no user has this external id"),
        (["person", "1", "none"], "none/head.json: is missing"),
        (["export", "2"], "proof-2: exists already"),
    ],
)
def test_each_refusal_is_one_clear_line(run: Run, arguments: list[str], words: str) -> None:
    run("proof", "export", "2")
    refused = run("proof", *arguments, expect=1)
    assert words in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_without_a_key_nothing_is_exported(run: Run, tmp_path: Path) -> None:
    refused = run("proof", "export", "2", expect=1, POLICY_NOTIFY_PROOF_KEY_FILE="")
    assert refused.stderr == "policy-notify: settings: set POLICY_NOTIFY_PROOF_KEY\n"
    shutil.copy(tmp_path / "users.csv", tmp_path / "wrong.pem")
    refused = run("proof", "export", "2", expect=1, POLICY_NOTIFY_PROOF_KEY_FILE="wrong.pem")
    assert "openssl genpkey -algorithm ed25519" in refused.stderr


@pytest.mark.parametrize("command", ["export", "verify", "person"])
def test_each_command_shows_an_example(run: Run, command: str) -> None:
    assert "Example:" in run("proof", command, "--help").stdout
