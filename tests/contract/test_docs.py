"""The documentation says what is there: links, settings, commands, clauses, tests, workflows, units."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer
import yaml

from generator import cli as site_cli
from generator.mkdocs_plugin.options import PolicySiteOptions
from subscribers import cli as notify_cli
from subscribers.settings import PREFIX, SECRETS, Settings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]
UNITS = DOCS / "how-to" / "systemd"
ACTIONS = ROOT / ".." / "shared" / "actions.md"

FENCED = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.*)$", re.MULTILINE)
CLAUSE = re.compile(r"\{[^}]*#([\w-]+)[^}]*\}")


def _links(page: Path) -> list[str]:
    return LINK.findall(FENCED.sub("", page.read_text(encoding="utf8")))


def _anchors(page: Path) -> set[str]:
    """The ids that GitHub gives to headings, and those that a policy gives to its clauses."""
    text = page.read_text(encoding="utf8")
    headings = (
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)
    )
    return {*headings, *CLAUSE.findall(text)}


def _commands(app: typer.Typer, name: str) -> Iterator[str]:
    group = typer.main.get_command(app)
    for each, command in getattr(group, "commands", {}).items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield f"{name} {each}"
        else:
            yield from (f"{name} {each} {last}" for last in inner)


def _table_keys(page: str) -> set[str]:
    text = (DOCS / "reference" / page).read_text(encoding="utf8")
    return set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _links(page):
        parts = urlsplit(link)
        if parts.scheme:
            continue
        target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.exists() or (parts.fragment and parts.fragment not in _anchors(target)):
            broken.append(link)
    assert broken == []


def test_every_page_is_reached_from_the_index() -> None:
    reached = {(DOCS / link).resolve() for link in _links(DOCS / "README.md")}
    assert {page for page in PAGES if page.is_relative_to(DOCS)} - reached == {DOCS / "README.md"}


def test_every_setting_and_option_is_in_the_reference_and_no_other() -> None:
    settings = {
        field.validation_alias or PREFIX + name.upper() for name, field in Settings.model_fields.items()
    }
    options = {name for name, _ in PolicySiteOptions()._schema}
    assert _table_keys("settings.md") == settings | options


def test_the_reference_says_which_settings_are_secret() -> None:
    page = (DOCS / "reference" / "settings.md").read_text(encoding="utf8")
    marked = set(re.findall(r"^\| `([^`]+)` \| [^|]*\| \*Secret\.\*", page, re.MULTILINE))
    assert marked == {PREFIX + name.upper() for name in SECRETS}


def test_every_command_is_in_the_reference_and_no_other() -> None:
    there = {*_commands(site_cli.app, "policy-site"), *_commands(notify_cli.app, "policy-notify")}
    assert _table_keys("commands.md") == there


def test_every_promise_names_a_clause_and_tests_that_are_there() -> None:
    page = (DOCS / "reference" / "promises.md").read_text(encoding="utf8")
    defined = {
        node.name
        for file in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    rows = [line for line in page.splitlines() if line.startswith("| ")][1:]
    for row in rows:
        _, promise, clauses, does, tests, _ = row.split("|")
        assert re.fullmatch(r" (\[#[\w-]+\]\([^)]+\)(, )?)+ ", clauses), promise
        named = set(re.findall(r"`(test_\w+)`", tests))
        assert named or "*Not built yet:*" in does, promise
        assert named <= defined, promise


def test_the_workflows_pin_the_actions_that_were_chosen() -> None:
    used = {}
    for workflow in sorted((ROOT / ".github" / "workflows").glob("*.yml")):
        for line in workflow.read_text(encoding="utf8").splitlines():
            if "uses:" in line and "uses: $/" not in line:  # a workflow of this repository
                found = re.fullmatch(r"\s*(?:- )?uses: (\S+)@([0-9a-f]{40}) # (v[\d.]+)", line)
                assert found, f"{workflow.name}: {line.strip()}: pin by commit, with the tag as a comment"
                used[found[1]] = (found[3], found[2])
    assert used
    if ACTIONS.exists():
        chosen = {
            name: (tag, commit)
            for name, tag, commit in re.findall(
                r"^\| (\S+) \| (\S+) \| ([0-9a-f]{40}) \|$", ACTIONS.read_text(encoding="utf8"), re.MULTILINE
            )
        }
        assert used.items() <= chosen.items()


def test_every_yaml_example_can_be_read() -> None:
    for page in PAGES:
        for block in re.findall(
            r"^```yaml\n(.*?)^```", page.read_text(encoding="utf8"), re.DOTALL | re.MULTILINE
        ):
            assert list(yaml.safe_load_all(block)), page


SETTINGS_LINE = re.compile(r"^(SITE|POLICY_NOTIFY_\w+)=", re.MULTILINE)


def _settings_blocks() -> list[tuple[str, str]]:
    """The examples that go into the file of settings, each with its page."""
    blocks = []
    for page in PAGES:
        for block in FENCED.findall(page.read_text(encoding="utf8")):
            lines = block.splitlines()[1:-1]
            if any(SETTINGS_LINE.match(line) for line in lines):
                blocks.append((str(page.relative_to(ROOT)), "\n".join(lines) + "\n"))
    return blocks


def systemd_reads(text: str) -> dict[str, str]:
    """Read a file of environment variables as systemd does: systemd.exec(5), EnvironmentFile=.

    A comment begins a line. Quotes are taken off, a backslash keeps the next sign, and in an unquoted value
    blanks at the end are cut off; a # behind a value is a part of it.
    """
    values = {}
    for line in text.replace("\\\n", "").splitlines():
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        name, _, rest = line.strip().partition("=")
        value, bare, quote, signs = "", 0, "", iter(rest.strip())
        for sign in signs:
            if quote:
                if sign == quote:
                    quote, bare = "", len(value)
                else:
                    value += next(signs) if sign == "\\" and quote == '"' else sign
            elif sign in "'\"" and not value[bare:].strip():
                quote = sign
            else:
                value += next(signs, "") if sign == "\\" else sign
        values[name] = value
    return values


def test_systemd_takes_a_comment_behind_a_value_for_a_part_of_it() -> None:
    assert systemd_reads("# x\nA=1   # people\nB=\"a b\"\n; y\nC='d # e'\n") == {
        "A": "1   # people",
        "B": "a b",
        "C": "d # e",
    }


def test_there_are_examples_of_settings() -> None:
    assert len(_settings_blocks()) >= 3


@pytest.mark.parametrize(("page", "block"), _settings_blocks())
def test_the_shell_and_systemd_read_the_same_settings(page: str, block: str, tmp_path: Path) -> None:
    known = {field.validation_alias or PREFIX + name.upper() for name, field in Settings.model_fields.items()}
    known |= {f"{name}_FILE" for name in known} | {"SITE"}
    by_systemd = systemd_reads(block)
    assert set(by_systemd) <= known, page
    (tmp_path / "settings").write_text(block, encoding="utf8")
    program = f"set -ea; . {tmp_path / 'settings'}; env -0"
    done = subprocess.run(["sh", "-c", program], env={}, capture_output=True, check=True, text=True)
    by_shell = dict(entry.split("=", 1) for entry in done.stdout.split("\0") if entry)
    assert {name: by_shell[name] for name in by_systemd} == by_systemd, page


def test_an_upgrade_stops_and_starts_every_service() -> None:
    page = (DOCS / "how-to" / "notify-users-from-your-own-machine.md").read_text(encoding="utf8")
    upgrade = page[page.index("## Upgrade") :]
    stopped = set(re.findall(r"policy-notify-\w+\.\w+", " ".join(re.findall(r"systemctl stop .*", upgrade))))
    started = set(re.findall(r"policy-notify-\w+\.\w+", " ".join(re.findall(r"systemctl start .*", upgrade))))
    assert stopped == {file.name for file in UNITS.glob("policy-notify-*.*")}
    # Their timers start these two.
    assert started == stopped - {"policy-notify-publish.service", "policy-notify-bounces.service"}
    assert upgrade.index("before-upgrade/") < upgrade.index("policy-notify migrate")


@pytest.mark.parametrize("unit", sorted(UNITS.glob("*.service")), ids=lambda unit: unit.stem)
def test_every_service_runs_a_command_with_few_rights(unit: Path) -> None:
    service = _unit(unit)["Service"]
    program, command, *_ = service["ExecStart"].split()
    assert program == "/opt/policysite/.venv/bin/policy-notify"
    assert f"policy-notify {command}" in set(_commands(notify_cli.app, "policy-notify"))
    assert service["User"] == "policy-notify"
    assert service["EnvironmentFile"] == "/etc/policy-notify/settings"
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"


@pytest.mark.parametrize("name", ["publish", "bounces"])
def test_the_timer_starts_its_service_by_itself(name: str) -> None:
    timer = _unit(UNITS / f"policy-notify-{name}.timer")
    assert timer["Timer"]["OnCalendar"]
    assert timer["Install"]["WantedBy"] == "timers.target"
    assert (UNITS / f"policy-notify-{name}.service").exists()


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    units = []
    for unit in sorted(UNITS.glob("policy-notify-*.*")):
        _unit(unit)
        copy = tmp_path / unit.name
        text = unit.read_text(encoding="utf8").replace(
            "/opt/policysite/.venv/bin/policy-notify", sys.executable
        )
        copy.write_text(text, encoding="utf8")
        units.append(copy)
    assert units
    if program := shutil.which("systemd-analyze"):
        done = subprocess.run([program, "verify", *units], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def test_the_command_of_the_machine_reads_the_settings_of_its_services(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text(
        'POLICY_NOTIFY_FROM="Shop <privacy@shop.example>"\n'
        'POLICY_NOTIFY_DATABASE_URL="sqlite:///none-such.db"\n',
        encoding="utf8",
    )
    command = (UNITS / "policy-notify").read_text(encoding="utf8")
    command = command.replace("/etc/policy-notify", str(tmp_path)).replace(
        "/opt/policysite/.venv/bin", str(Path(sys.executable).parent)
    )
    done = subprocess.run(
        ["sh", "-c", command, "policy-notify", "status"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "none-such.db" in done.stderr


def _unit(file: Path) -> ConfigParser:
    """A unit as configparser reads it: keys keep their case, and none stands twice."""
    unit = ConfigParser(interpolation=None, delimiters=("=",))
    unit.optionxform = str  # type: ignore[assignment, method-assign] # as its documentation advises
    unit.read_string(file.read_text(encoding="utf8"), source=str(file))
    assert "Unit" in unit
    return unit
