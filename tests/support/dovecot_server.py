"""A real Dovecot for tests: one mailbox, in a folder of its own, on a free port of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
IS_USABLE = PROGRAM is not None and os.getuid() == 0
MISSING = "dovecot-imapd is not installed, or this is not root"
USER, PASSWORD = "bounces@market.example", 'a "quoted" password'
SECONDS_TO_WAIT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DovecotServer:
    """A running Dovecot. ``port`` speaks plain IMAP with STARTTLS, ``tls_port`` TLS."""

    maildir: Path
    port: int
    tls_port: int

    def put(self, raw: bytes, name: str, *, folder: str = "new") -> None:
        """Put a message into the mailbox, as a delivery does."""
        file = self.maildir / "tmp" / name
        file.write_bytes(raw)
        shutil.chown(file, "nobody")
        file.rename(self.maildir / folder / name)

    def names(self, folder: str) -> list[str]:
        return sorted(file.name for file in (self.maildir / folder).iterdir())


@contextmanager
def running_dovecot(certificate: Path) -> Iterator[DovecotServer]:
    """Start Dovecot with this certificate, and remove it with its files afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="policysite-dovecot-"))
    folder.chmod(0o755)
    ports = []
    for _ in range(2):
        with socket.create_server(("127.0.0.1", 0)) as free:
            ports.append(free.getsockname()[1])
    server = DovecotServer(maildir=folder / "Maildir", port=ports[0], tls_port=ports[1])
    for name in ("", "new", "cur", "tmp"):
        (server.maildir / name).mkdir(mode=0o755)
        shutil.chown(server.maildir / name, "nobody")
    nobody = pwd.getpwnam("nobody")
    (folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
    (folder / "dovecot.conf").write_text(f"""\
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
auth_failure_delay = 0
protocols = imap
listen = 127.0.0.1
mail_location = maildir:{server.maildir}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{certificate}
first_valid_uid = 1
first_valid_gid = 1
mail_uid = {nobody.pw_uid}
mail_gid = {nobody.pw_gid}
passdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={nobody.pw_uid} gid={nobody.pw_gid} home={folder}
}}
service imap-login {{
  inet_listener imap {{
    port = {server.port}
  }}
  inet_listener imaps {{
    port = {server.tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
""")
    assert PROGRAM
    command: list[str | Path] = [PROGRAM, "-F", "-c", folder / "dovecot.conf"]
    with (folder / "err").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + SECONDS_TO_WAIT
        while not _answers(server.port):
            assert time.monotonic() < deadline, (folder / "err").read_text()
            assert process.poll() is None, (folder / "err").read_text()
            time.sleep(0.02)
        yield server
    finally:
        process.terminate()
        process.wait(SECONDS_TO_WAIT)
        shutil.rmtree(folder, ignore_errors=True)


def _answers(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
