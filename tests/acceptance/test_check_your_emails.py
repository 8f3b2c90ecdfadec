"""The how-to on checking emails, as an operator and a help desk follow it: each of its commands is run."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import Finished, policy_site
from support.policy_site import PolicySite, text

from subscribers.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "let-people-check-your-emails.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE.read_text(encoding="utf8"), re.DOTALL | re.MULTILINE)


class Machine:
    """One folder with the policy, the keys and the database. Commands run as a person types them."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys, self.patch = folder, capsys, patch
        self.site = PolicySite(folder)
        self.site.repository.write(".git/info/exclude", "/*\n!/policy/\n")
        for name, value in {
            "POLICY_NOTIFY_DATABASE_URL": f"sqlite:///{folder / 'notify.sqlite'}",
            "POLICY_NOTIFY_MAIL_FOLDER": str(folder / "emails"),
            "POLICY_NOTIFY_FROM": "Example Market <policy@example.com>",
            "POLICY_NOTIFY_LEGAL_NAME": "Example Market LLC",
            "POLICY_NOTIFY_CONTACT": "privacy@example.com",
            "POLICY_NOTIFY_PROOF_KEY_FILE": str(folder / "proof.pem"),
            "XDG_STATE_HOME": str(folder / "state"),
        }.items():
            patch.setenv(name, value)
        patch.chdir(folder)
        (folder / "users.csv").write_text(
            "external_id,email,language,registered_at\n1,anna@example.com,en,2026-01-01T00:00:00Z\n"
        )

    def run(self, line: str) -> Finished:
        program, *arguments = shlex.split(line)
        if program == "policy-site":
            return policy_site(*arguments, folder=self.folder)
        if program != "policy-notify":
            done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
            return Finished(done.returncode, done.stdout, done.stderr)
        self.patch.setattr(sys, "argv", [program, *arguments])
        with pytest.raises(SystemExit) as exited:
            main()
        code = exited.value.code
        printed = self.capsys.readouterr()
        return Finished(code if isinstance(code, int) else 0, printed.out, printed.err)

    def do(self, line: str) -> str:
        done = self.run(line)
        assert done.returncode == 0, f"{line}: {done.stderr}{done.stdout}"
        return done.stdout


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A machine that has published its first version; nobody was notified of anything yet."""
    machine = Machine(tmp_path, monkeypatch, capsys)
    machine.site.publish("privacy.md", text("We keep it for ten days."))
    machine.site.write_config()
    machine.do("openssl genpkey -algorithm ed25519 -out proof.pem")
    for line in ("policy-site build", "policy-notify migrate", "policy-notify import users.csv"):
        machine.do(line)
    machine.do("policy-notify publish --site site --baseline")
    return machine


def test_an_email_is_genuine_by_the_list_and_not_once_it_is_changed(machine: Machine) -> None:
    key, write_and_build, continued, check = BLOCKS
    line = machine.do(key.strip()).splitlines()[1]
    machine.site.config["plugins"][1]["policysite"]["notices_keys"] = [line]
    machine.site.write_config()
    for command in write_and_build.splitlines():
        machine.do(command)
    assert "We have not sent any email yet." in machine.site.page("sent-emails")

    machine.site.publish(
        "privacy.md", text("We keep it for two days.", summary="Two days.", change="editorial")
    )
    machine.do("policy-site build --published site/history.json")
    machine.do("policy-notify publish --site site")
    [email] = (machine.folder / "emails").rglob("*.eml")
    shutil.copy(email, "email.eml")
    assert b"/legal/sent-emails/" in email.read_bytes().replace(b"=\r\n", b"").replace(b"=\n", b"")

    early = machine.run(check)
    assert (early.returncode, "not listed yet" in early.stdout) == (1, True)
    for command in write_and_build.splitlines():
        machine.do(command)
    said = machine.do(check)
    assert said.startswith("email.eml: genuine: it is one of our emails")
    assert "announcement 2 of " in said

    Path("email.eml").write_bytes(email.read_bytes().replace(b"Two days", b"One day", 1))
    changed = machine.run(check)
    assert changed.returncode == 1
    assert "not genuine" in changed.stdout
    assert "is not the one that was sent" in changed.stdout

    Path("notices.json").unlink()
    assert "nothing new" in machine.do(continued)
    old = Path("site/notices.json").read_bytes()
    Path("notify.sqlite").unlink()
    shutil.rmtree("state")
    machine.do("policy-notify migrate")
    for command in ("publish --site site --baseline", "notices notices.json"):
        refused = machine.run(f"policy-notify {command}")
        assert refused.returncode == 1
        assert "lists announcement 2 of" in refused.stderr
        assert "older copy" in refused.stderr.replace("\n", " ")
    assert Path("site/notices.json").read_bytes() == old


def test_a_help_desk_that_names_the_key_is_not_fooled_by_the_site(machine: Machine) -> None:
    machine.do("openssl pkey -in proof.pem -pubout -out proof.pub")
    machine.do("policy-notify notices site/notices.json")
    Path("email.eml").write_text(
        "From: x@example.com\nSubject: Pay\nDate: Mon, 1 Jan 2024 09:00:00 +0000\n\nPay"
    )
    check = "policy-notify verify-message email.eml --site site"
    own = machine.run(f"{check} --public-key proof.pub")
    assert (own.returncode, "no email with this subject was sent" in own.stdout) == (1, True)
    machine.do("openssl genpkey -algorithm ed25519 -out evil.pem")
    machine.patch.setenv("POLICY_NOTIFY_PROOF_KEY_FILE", "evil.pem")
    refused = machine.run("policy-notify notices site/notices.json")
    assert "is not signed with POLICY_NOTIFY_PROOF_KEY" in refused.stderr
    Path("site/notices.json").unlink()
    machine.do("policy-notify notices site/notices.json")
    for options, said in (
        (" --public-key proof.pub", "is not signed with proof.pub"),
        ("", "with another key"),
    ):
        refused = machine.run(check + options)
        assert refused.returncode == 1
        assert said in refused.stderr
    Path("site/notices.json").rename("kept.json")
    assert "publishes no list of its emails" in machine.run(check).stderr
    Path("kept.json").rename("site/notices.json")
    asked = machine.run(f"{check} --json --public-key evil.pub")
    assert "cannot be read" in asked.stderr
