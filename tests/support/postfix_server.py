"""A real Postfix for tests: in a folder of its own, on free ports of this machine, stopped afterwards.

It takes messages for mailboxes, kept as Maildirs, and for domains with a next server. Postfix asks a policy
server about each command, so that a test can refuse and delay as real servers do. It needs root.
"""

from __future__ import annotations

import os
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

PROGRAM = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
MISSING = "needs the system package postfix, and root"
IS_USABLE = PROGRAM is not None and os.geteuid() == 0
MAILBOX_DOMAIN = "inbox.example"
SECONDS_TO_WAIT = 20.0

# Postfix's own services, none in a chroot: master(5).
SERVICES = """\
127.0.0.1:{port} inet n - n - {clients} smtpd
pickup    unix  n - n 60 1 pickup
cleanup   unix  n - n -  0 cleanup
qmgr      unix  n - n 1  1 qmgr
tlsmgr    unix  - - n 1000? 1 tlsmgr
rewrite   unix  - - n -  - trivial-rewrite
bounce    unix  - - n -  0 bounce
defer     unix  - - n -  0 bounce
trace     unix  - - n -  0 bounce
flush     unix  n - n 1000? 0 flush
proxymap  unix  - - n -  - proxymap
smtp      unix  - - n -  - smtp
showq     unix  n - n -  - showq
error     unix  - - n -  - error
retry     unix  - - n -  - error
discard   unix  - - n -  - discard
virtual   unix  - n n -  - virtual
anvil     unix  - - n -  1 anvil
scache    unix  - - n -  1 scache
postlog   unix-dgram n - n - 1 postlogd
"""

Question = Mapping[str, str]  # the attributes that Postfix sends: SMTPD_POLICY_README


@dataclass
class PostfixServer:
    """A running Postfix. ``answer`` decides each question of its policy: the action, ``DUNNO`` for none."""

    folder: Path
    port: int
    answer: Callable[[Question], str] = lambda _: "DUNNO"
    questions: list[Question] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The server, as POLICY_NOTIFY_SMTP_URL names it."""
        return f"smtp://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / "mail.log"

    def maildir(self, name: str) -> Path:
        """The Maildir of a mailbox; the messages are in its folder ``new``."""
        return self.folder / "mail" / name

    def messages(self, name: str) -> list[EmailMessage]:
        """The messages in a mailbox, oldest first."""
        files = sorted(self.maildir(name).glob("new/*"), key=lambda file: file.stat().st_mtime_ns)
        return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]

    def wait_for_messages(self, name: str, number: int = 1) -> list[EmailMessage]:
        """The messages in a mailbox, once there are so many."""
        self.wait_until(lambda: len(list(self.maildir(name).glob("new/*"))) >= number)
        return self.messages(name)

    def wait_for_log(self, words: str) -> None:
        """Wait until the log contains these words."""
        self.wait_until(lambda: words in self.log.read_text(errors="replace"))

    def wait_until(self, is_true: Callable[[], bool]) -> None:
        """Wait; fail with the end of the log if it takes too long."""
        deadline = time.monotonic() + SECONDS_TO_WAIT
        while not is_true():
            assert time.monotonic() < deadline, self.log.read_text(errors="replace")[-3000:]
            time.sleep(0.02)

    def retry(self) -> None:
        """Try deferred messages now, not after the pause that Postfix makes."""
        self._run("postqueue", "-c", self.folder / "etc", "-f")

    def forget(self) -> None:
        """Delete all messages, delivered and queued, so that another test finds none."""
        self._run("postsuper", "-c", self.folder / "etc", "-d", "ALL")
        for mailbox in (self.folder / "mail").iterdir():
            shutil.rmtree(mailbox, ignore_errors=True)
        self.answer = lambda _: "DUNNO"
        self.questions.clear()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._run("postfix", "-c", self.folder / "etc", "start")

        def answers() -> bool:
            with closing(socket.socket()) as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0

        self.wait_until(answers)

    def stop(self) -> None:
        """Stop it and everything that it has started."""
        self._run("postfix", "-c", self.folder / "etc", "stop")

    def _run(self, program: str, *arguments: str | Path) -> None:
        assert PROGRAM
        command = [str(Path(PROGRAM).with_name(program)), *map(str, arguments)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, done.stderr


@contextmanager
def running_postfix(
    *,
    mailboxes: Sequence[str] = ("anna", "boris", "clara", "dora"),
    bounces_to: Sequence[str] = ("policy@market.example", "bounces@market.example"),
    next_servers: Mapping[str, int] | None = None,
    settings: Mapping[str, str] | None = None,
    services: str = "",
    transports: Mapping[str, str] | None = None,
    clients: int = 20,
    has_policy: bool = True,
) -> Iterator[PostfixServer]:
    """Start Postfix, and remove it with its files afterwards.

    ``mailboxes`` are the users at inbox.example. Each address in ``bounces_to`` has a mailbox too, named
    after its part before the @, which takes extensions such as ``bounces+x``. ``next_servers`` names, by
    domain, the port of the server that takes the domain's messages. ``settings`` are lines of main.cf,
    ``services`` lines of master.cf and ``transports`` entries of the transport table; the last two together
    give an email address to a program.
    """
    folder = Path(tempfile.mkdtemp(prefix="policysite-postfix-"))
    folder.chmod(0o755)  # for the user postfix
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = PostfixServer(folder, port)
    for name in ("etc", "queue", "data", "mail"):
        (folder / name).mkdir(mode=0o755)
    (folder / "mail").chmod(0o777)
    shutil.chown(folder / "data", "postfix")
    shutil.copytree("/etc/postfix", folder / "etc", dirs_exist_ok=True, ignore=_all_but_dynamic_maps)
    own = {f"{name}@{MAILBOX_DOMAIN}": f"{name}/" for name in mailboxes}
    own |= {address: f"{address.partition('@')[0]}/" for address in bounces_to}
    _write_table(folder / "etc/mailboxes", own)
    hops = {domain: f"smtp:[127.0.0.1]:{hop}" for domain, hop in (next_servers or {}).items()}
    _write_table(folder / "etc/transport", hops | dict(transports or {}))
    domains = sorted({address.partition("@")[2] for address in own})
    with _policy_server(server) as policy_port:
        ask = f"check_policy_service inet:127.0.0.1:{policy_port}" if has_policy else ""
        main = _main(folder, domains, ask) | dict(settings or {})
        (folder / "etc/main.cf").write_text("".join(f"{name} = {value}\n" for name, value in main.items()))
        (folder / "etc/master.cf").write_text(SERVICES.format(port=port, clients=clients) + services)
        try:
            server.start()
            try:
                yield server
            finally:
                server.stop()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _main(folder: Path, domains: Sequence[str], ask: str) -> dict[str, str]:
    return {
        "compatibility_level": "3.6",
        "queue_directory": f"{folder}/queue",
        "data_directory": f"{folder}/data",
        "maillog_file": f"{folder}/mail.log",
        "maillog_file_prefixes": str(folder),
        "inet_interfaces": "127.0.0.1",
        "inet_protocols": "ipv4",
        "myhostname": "mx.market.example",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "recipient_delimiter": "+",
        "virtual_mailbox_domains": " ".join(domains),
        "virtual_mailbox_base": f"{folder}/mail",
        "virtual_mailbox_maps": f"texthash:{folder}/etc/mailboxes",
        "virtual_uid_maps": "static:65534",
        "virtual_gid_maps": "static:65534",
        "transport_maps": f"texthash:{folder}/etc/transport",
        "default_transport": "error:5.1.2 no such domain",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_delay_reject": "no",
        "smtpd_sender_restrictions": ask,
        "smtpd_recipient_restrictions": ask,
        "smtpd_end_of_data_restrictions": ask,
        "smtpd_client_event_limit_exceptions": "",  # limits count for this machine too
        "smtpd_error_sleep_time": "0",
        "smtp_tls_security_level": "none",
        "smtp_dns_support_level": "disabled",
        "disable_dns_lookups": "yes",
        "queue_run_delay": "1s",
        "minimal_backoff_time": "1s",
        "maximal_backoff_time": "2s",
        "in_flow_delay": "0",
    }


def _all_but_dynamic_maps(folder: str, names: list[str]) -> list[str]:
    """The files of the system's Postfix that are not copied: all but its list of table types."""
    return [name for name in names if folder == "/etc/postfix" and not name.startswith("dynamicmaps")]


def _write_table(path: Path, rows: Mapping[str, str]) -> None:
    path.write_text("".join(f"{key} {value}\n" for key, value in rows.items()))


@contextmanager
def _policy_server(server: PostfixServer) -> Iterator[int]:
    """Answers Postfix's questions; the port on which it does."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            question: dict[str, str] = {}
            for line in self.rfile:
                text = line.decode(errors="replace").rstrip("\n")
                if text:
                    name, _, value = text.partition("=")
                    question[name] = value
                    continue
                server.questions.append(question)
                self.wfile.write(f"action={server.answer(question)}\n\n".encode())
                question = {}

    class Threads(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Threads(("127.0.0.1", 0), Handler) as listening:
        thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield listening.server_address[1]
        finally:
            listening.shutdown()
