"""Runs both commands of an installed policysite as a company does that has only its own policy repository.

``python package_trial.py ENVIRONMENT`` takes the folder of a virtual environment and works in an empty folder
outside this repository. It imports nothing of this project, so it can judge any installation: templates,
assets, language files, migrations and web pages must all come from the package.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

MKDOCS = """\
site_name: Example
site_url: https://policies.example/
docs_dir: policies
theme: {name: material, font: false}
plugins:
  - search
  - policysite:
      languages: [en, ru]
"""
FIRST = "---\ntitle: Privacy\n---\n# Privacy\n\nWe keep your orders for five years.\n"
SECOND = """\
---
title: Privacy
change: material
summary: Orders are kept for three years.
impact: We delete your orders two years earlier.
---
# Privacy

We keep your orders for three years.
"""
RUSSIAN = "---\ntitle: Конфиденциальность\n---\n# Конфиденциальность\n\nМы храним заказы пять лет.\n"
USERS = "external_id,email,language,registered_at\n1,anna@example.com,en,2024-03-05T09:30:00Z\n"
WRITE_KEY = """
from pathlib import Path
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
key = Ed25519PrivateKey.generate()
Path("proof.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
Path("proof.pub").write_bytes(public)
"""
START_SECONDS = 60


class Installation:
    """A virtual environment with policysite in it, used from one folder."""

    def __init__(self, environment: Path, folder: Path) -> None:
        self._bin = environment.absolute() / "bin"
        self._folder = folder
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("POLICY_NOTIFY_", "PYTHON", "COV_", "VIRTUAL_ENV"))
        }
        self._variables = kept | {
            "GIT_AUTHOR_NAME": "Lawyer",
            "GIT_AUTHOR_EMAIL": "lawyer@policies.example",
            "GIT_COMMITTER_NAME": "Lawyer",
            "GIT_COMMITTER_EMAIL": "lawyer@policies.example",
            "POLICY_NOTIFY_DATABASE_URL": "sqlite:///notify.sqlite",
            "POLICY_NOTIFY_TRANSPORT": "folder",
            "POLICY_NOTIFY_MAIL_FOLDER": "messages",
            "POLICY_NOTIFY_FROM": "Example <privacy@policies.example>",
            "POLICY_NOTIFY_LEGAL_NAME": "Example Ltd",
            "POLICY_NOTIFY_CONTACT": "privacy@policies.example",
            "POLICY_NOTIFY_SECRET_KEYS": "a-key-for-this-trial-that-is-long-enough",
        }

    def run(self, *command: str, expect: int = 0, **variables: str) -> str:
        """Run a program of the environment, or git; all that it printed."""
        program = command[0] if command[0] == "git" else str(self._bin / command[0])
        done = subprocess.run(
            [program, *command[1:]],
            cwd=self._folder,
            env=self._variables | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != expect:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}")
        print("ok:", *(part for part in command if "\n" not in part), flush=True)
        return done.stdout

    def commit(self, **texts: str) -> None:
        """Commit documents, each named by its key."""
        for name, text in texts.items():
            file = self._folder / "policies" / f"{name.replace('_', '.')}.md"
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf8")
        self.run("git", "add", ".")
        self.run("git", "commit", "--quiet", "--message=Change the policy")

    def serve(self, *arguments: str, paths: list[str]) -> list[str]:
        """The pages that ``policy-notify serve`` shows at these paths."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        command = [str(self._bin / "policy-notify"), "serve", *arguments, "--port", str(port)]
        with subprocess.Popen(command, cwd=self._folder, env=self._variables) as server:
            try:
                return [_read(f"http://127.0.0.1:{port}{path}") for path in paths]
            finally:
                server.terminate()


def try_site(installed: Installation, folder: Path) -> None:
    """Publish two versions and look for everything that the package brings along."""
    (folder / "mkdocs.yml").write_text(MKDOCS, encoding="utf8")
    (folder / ".gitignore").write_text("/site/\n/.cache/\n", encoding="utf8")
    installed.run("git", "init", "--quiet", "--initial-branch=main")
    installed.commit(privacy=FIRST, privacy_ru=RUSSIAN)
    installed.commit(privacy=SECOND)
    assert installed.run("policy-site", "--version").startswith("policy-site ")
    assert "privacy" in installed.run("policy-site", "versions")
    installed.run("policy-site", "check")
    installed.run("policy-site", "build")
    redline = installed.run(
        "policy-site", "redline", "HEAD~1:policies/privacy.md", "HEAD:policies/privacy.md"
    )
    assert "three" in redline

    site = folder / "site"
    history = json.loads((site / "history.json").read_text(encoding="utf8"))
    assert [len(document["versions"]) for document in history["documents"]] == [2, 1]
    assert (site / "history.schema.json").exists()
    assert (site / "404.html").exists()
    [change] = (site / "privacy" / "changes").glob("*/index.html")
    assert '<ins class="rl">' in change.read_text(encoding="utf8")
    assert list(site.rglob("policysite*.css")), "the style sheet is missing"
    assert list(site.rglob("policysite*.js")), "the script is missing"


def try_notifying(installed: Installation, folder: Path) -> None:
    """Notify one user of the change, and look at the message in a browser's way."""
    (folder / "users.csv").write_text(USERS, encoding="utf8")
    assert installed.run("policy-notify", "--version").startswith("policy-notify ")
    installed.run("policy-notify", "migrate")
    installed.run("policy-notify", "import", "users.csv")
    since = installed.run("git", "log", "-1", "--format=%cI").strip()
    installed.run("policy-notify", "publish", "--site", "site", "--announce-since", since)
    [message] = (folder / "messages").rglob("*.eml")
    assert b"anna@example.com" in message.read_bytes()
    assert "complete" in installed.run("policy-notify", "status")
    page, mailbox = installed.serve(
        "--site", "site", "--messages", "messages", paths=["/privacy/", "/messages/"]
    )
    assert "three years" in page
    assert "Privacy" in mailbox


def try_proof(installed: Installation, folder: Path) -> None:
    """Prove what was sent, and verify the proof."""
    installed.run("python", "-c", WRITE_KEY)
    installed.run(
        "policy-notify", "proof", "export", "2", "--into", "proof", POLICY_NOTIFY_PROOF_KEY_FILE="proof.pem"
    )
    assert (folder / "proof" / "declaration.html").exists()
    installed.run("policy-notify", "proof", "verify", "proof", "--public-key", "proof.pub")


def try_without_extras(installed: Installation) -> None:
    """Check that a command whose extra is missing names it."""
    if installed.run("python", "-c", "import importlib.util as i; print(i.find_spec('psycopg'))") != "None\n":
        return
    refusal = installed.run(
        "policy-notify", "status", expect=1, POLICY_NOTIFY_DATABASE_URL="postgresql://notify@localhost/notify"
    )
    assert "pip install 'policysite[postgresql]'" in refusal
    assert "workers need PostgreSQL" in installed.run("policy-notify", "worker", expect=1)


def try_package(environment: Path) -> None:
    """Raise AssertionError unless both commands work from this virtual environment alone."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        installed = Installation(environment, folder)
        places = installed.run("python", "-c", "import generator, subscribers as s; print(generator, s)")
        assert places.count(str(environment.absolute())) == 2, places
        try_site(installed, folder)
        try_notifying(installed, folder)
        try_proof(installed, folder)
        try_without_extras(installed)
        print(f"{installed.run('python', '--version').strip()}: both commands work")


def _read(url: str) -> str:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    try_package(Path(sys.argv[1]))
