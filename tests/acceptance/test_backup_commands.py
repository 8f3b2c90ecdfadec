"""The pages on backups and on the move are carried out as they are written."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from support.postgresql_cluster import Cluster

from subscribers import cli

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
STEP = re.compile(r"^( *)```sh\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
USERS = "external_id,email\n1001,anna@example.com\n1002,boris@example.com\n1003,clara@example.com\n"


def _steps(page: str) -> list[str]:
    """The commands of a page, a block each."""
    return [
        re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)
        for indent, block in STEP.findall((HOW_TO / page).read_text(encoding="utf-8"))
    ]


class Machine:
    """A folder in which the commands of a page run, as they would on the operator's machine.

    ``policy-notify`` runs in this process, since each start of Python takes a second.
    """

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, printed: pytest.CaptureFixture[str]) -> None:
        self._patch = patch
        self._printed = printed
        patch.chdir(folder)
        patch.setenv("POLICY_NOTIFY_DATABASE_URL", "sqlite:///users.sqlite")
        patch.setenv("POLICY_NOTIFY_SECRET_KEYS", "k" * 32)

    def set(self, name: str, value: str) -> None:
        """Set a variable for the commands that follow."""
        self._patch.setenv(name, value)

    def run(self, commands: str) -> str:
        """The output of the commands; the test fails if one of them does."""
        return "".join(map(self._run, commands.splitlines()))

    def refusal(self, command: str) -> str:
        """The words of a command that refuses."""
        code, _, complaint = self._notify(command)
        assert code == 1
        assert complaint.startswith("policy-notify: ")
        assert complaint.count("\n") == 1
        return complaint

    def _run(self, command: str) -> str:
        if command.startswith("policy-notify "):
            code, said, complaint = self._notify(command)
            assert (code, complaint) == (0, "")
            return said
        if exported := re.fullmatch(r'export (\w+)="\$(\w+)"', command):
            self.set(exported[1], os.environ[exported[2]])
            return ""
        return subprocess.run(
            ["bash", "-e", "-c", command], capture_output=True, text=True, check=True
        ).stdout

    def _notify(self, command: str) -> tuple[int, str, str]:
        dated = command.replace("$(date +%F)", f"{datetime.now():%F}")  # noqa: DTZ005 - as the shell does
        self._patch.setattr(sys, "argv", shlex.split(os.path.expandvars(dated)))
        with pytest.raises(SystemExit) as end:
            cli.main()
        assert isinstance(end.value.code, int)
        return end.value.code, *self._printed.readouterr()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Machine:
    """A machine with three users."""
    (tmp_path / "users.csv").write_text(USERS)
    machine = Machine(tmp_path, monkeypatch, capsys)
    machine.run("policy-notify migrate\npolicy-notify import users.csv")
    return machine


def test_the_page_on_backups_is_true(machine: Machine) -> None:
    make_key, set_key, backup, delete, verify, set_database, restore = _steps("back-up-and-restore.md")
    public = machine.run(make_key).strip()
    assert re.fullmatch(r'POLICY_NOTIFY_BACKUP_KEY="age1[a-z0-9]{58}"\n', set_key)
    machine.set("POLICY_NOTIFY_BACKUP_KEY", public)
    assert re.fullmatch(
        r"backups/[\d-]+\.age: [\d.]+ kB; expires on [\d-]+, delete it then\n", machine.run(backup)
    )
    machine.run(delete)
    said = machine.run(verify)
    assert "complete and unchanged: 1 installation, 3 users\n" in said
    for request in ("object 1001", "erase 1002", "correct 1003 --language ru"):
        machine.run(f"policy-notify person {request}")

    [url] = re.findall(r'POLICY_NOTIFY_DATABASE_URL="(.*)"', set_database)
    machine.set("POLICY_NOTIFY_DATABASE_URL", url)
    said = machine.run(restore)
    assert "restored 4 rows into sqlite:///restored.sqlite; every table is equal to the backup\n" in said
    assert "applied from the journal: 1 objection, 1 erasure\n" in said
    assert "import the users again or correct them: 1003\n" in said
    assert '"objected_at": "2' in machine.run("policy-notify person show 1001")
    assert "1 erased (not brought back)" in machine.run("policy-notify import users.csv")
    assert machine.refusal(restore) == (
        "policy-notify: database sqlite:///restored.sqlite: it is not empty; nothing in it was changed; "
        "name an empty one\n"
    )


def test_a_backup_is_a_file_that_age_can_read(machine: Machine) -> None:
    if shutil.which("age") is None:
        pytest.skip("needs age (tests/install-system-packages)")
    public = machine.run("policy-notify backup-key backup-key.txt").strip()
    machine.run(f"policy-notify backup first.age --key {public}")
    lines = machine.run("age --decrypt -i backup-key.txt first.age | gunzip").splitlines()
    assert lines[0].startswith('{"format": "policysite backup", "version": 1')
    assert lines[-1] == '{"end": true, "rows": 4}'
    assert machine.run("age-keygen -y backup-key.txt").strip() == public


def test_the_page_on_the_move_is_true(machine: Machine, cluster: Cluster) -> None:
    make_databases, move, look = _steps("move-to-postgresql.md")
    assert re.fullmatch(r"createdb policy_notify\ncreatedb policy_notify_marks\n", make_databases)
    machine.set("NEW_DATABASE_URL", cluster.create("policy_notify"))
    machine.set("NEW_MARK_URL", cluster.create("policy_notify_marks"))
    machine.run("policy-notify person object 1001")
    assert "users: 3 rows, equal on both sides\n" in machine.run(move)
    refusal = machine.refusal("policy-notify import users.csv")
    assert refusal.startswith("policy-notify: the database was moved to postgresql")
    machine.run(look)
    assert '"objected_at": "2' in machine.run("policy-notify person show 1001")


def test_commands_refuse_in_one_line(machine: Machine) -> None:
    for command, problem in {
        "backup b.age": "no public key to encrypt the backup with",
        "backup b.age --key nonsense": "backup key 1 is not a public key",
        "backup-key users.csv": "users.csv: exists already",
        "verify absent.age --key absent.txt": "absent.txt: cannot be read",
        "restore users.csv --key users.csv": "users.csv: is not a file of private keys",
        "move --to sqlite:///users.sqlite": "is the database itself",
        "move --to nonsense": "--to: is not a database URL",
    }.items():
        assert problem in machine.refusal(f"policy-notify {command}")
    assert list(Path().glob("*.age")) == []
