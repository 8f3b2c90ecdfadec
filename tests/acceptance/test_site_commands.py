"""``policy-site build``, ``serve`` and ``check`` as a person runs them."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.accessibility import assert_accessible
from support.command_line import Finished, policy_site
from support.policy_site import PolicySite, text

COMMAND = Path(sys.executable).with_name("policy-site")


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    site = PolicySite(tmp_path)
    site.write_config()
    site.publish("privacy.md", text("We keep it for ten days."))
    return site


def run(site: PolicySite, *arguments: str) -> Finished:
    return policy_site(*arguments, folder=site.config_file.parent)


def test_build_prints_one_line_about_the_site_it_made(site: PolicySite) -> None:
    answer = subprocess.run(
        [COMMAND, "build"], cwd=site.config_file.parent, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0
    assert answer.stdout == f"{site.folder}: 1 document, 1 version, 0 redlines\n"
    assert answer.stderr == ""


def test_build_notes_that_it_leaves_out_uncommitted_edits(site: PolicySite) -> None:
    site.repository.write("policy/privacy.md", text("Draft."))
    answer = run(site, "build", "--as-of", "2027-01-01", "--site-dir", "elsewhere")
    assert answer.stderr == ("note: this build leaves out uncommitted edits; policy-site serve shows them\n")
    assert "Draft." not in (site.config_file.parent / "elsewhere/privacy/index.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["build", "--config", "nowhere.yml"], "nowhere.yml"),
        (["build", "--published", "nowhere.json"], "nowhere.json"),
        (["check", "--base", "nowhere"], "there is no branch, tag or commit 'nowhere'"),
    ],
    ids=lambda given: given if isinstance(given, str) else given[1],
)
def test_a_refusal_is_one_line_and_exit_1(site: PolicySite, arguments: list[str], reason: str) -> None:
    answer = run(site, *arguments)
    assert answer.returncode == 1
    assert answer.stderr.startswith("policy-site: ")
    assert reason in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_build_prints_each_warning_on_a_line(site: PolicySite) -> None:
    site.config["nav"] = ["privacy.md", "gone.md"]
    site.write_config()
    answer = run(site, "build")
    assert answer.returncode == 0
    assert answer.stderr.startswith("warning: ")
    assert "gone.md" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_build_shows_ten_warnings_about_past_versions_and_counts_the_rest(site: PolicySite) -> None:
    for number in range(13):
        site.publish(f"old-{number:02}.md", b"\xff\n")
        site.publish(f"old-{number:02}.md", "# Sound\n")
    answer = run(site, "build")
    assert answer.returncode == 0
    *shown, last = answer.stderr.splitlines()
    assert len(shown) == 10
    assert shown[0].startswith("warning: policy/old-00.md:1: ")
    assert last == "warning: 3 more about past versions; policy-site versions lists all of them"
    assert run(site, "versions").stderr.count("warning: ") == 13


@pytest.mark.parametrize(
    ("front", "url", "reason"),
    [
        ({}, None, "site_url is missing"),
        ({"change": "big"}, "https://policies.example/", "`change` is"),
    ],
    ids=["configuration", "policy"],
)
def test_mkdocs_build_prints_a_refusal_without_a_traceback(
    site: PolicySite, front: dict[str, str], url: str | None, reason: str
) -> None:
    site.config["site_url"] = url
    site.write_config()
    site.publish("privacy.md", text("Ten days.", **front))
    answer = subprocess.run(
        [COMMAND.with_name("mkdocs"), "build", "--quiet"],
        cwd=site.config_file.parent,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1"},
    )
    assert answer.returncode == 1
    [line] = [line for line in (answer.stdout + answer.stderr).splitlines() if line]
    assert line.startswith("policysite: ")
    assert reason in line


def test_check_exits_1_on_an_error_and_0_without_one(site: PolicySite) -> None:
    assert run(site, "check").returncode == 0
    site.repository.write("policy/privacy.md", text("Two days."))
    failed = run(site, "check", "--format", "github")
    assert failed.returncode == 1
    assert "::error file=policy/privacy.md,line=1::`summary` is missing" in failed.stdout
    site.repository.write(
        "policy/privacy.md", text("We keep it for two days.", change="editorial", summary="Shorter.")
    )
    passed = run(site, "check")
    assert passed.returncode == 0
    assert "policy/privacy.md: 1 change to publish" in passed.stdout


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@pytest.fixture
def preview(site: PolicySite) -> Iterator[str]:
    port = free_port()
    with (site.config_file.parent / "said").open("w") as said:
        process = subprocess.Popen(
            [COMMAND, "serve", "--address", f"127.0.0.1:{port}"],
            cwd=site.config_file.parent,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
    yield f"http://127.0.0.1:{port}/legal/"
    process.terminate()
    process.wait()


def shows(address: str, words: str) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address) as answer:
                if words in answer.read().decode():
                    return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


def comes_to_say(said: Path, words: str) -> bool:
    deadline = time.monotonic() + 30
    while words not in said.read_text() and time.monotonic() < deadline:
        time.sleep(0.2)
    return words in said.read_text()


def test_serve_shows_uncommitted_edits_with_their_redline(site: PolicySite, preview: str) -> None:
    assert shows(f"{preview}privacy/", "ten days")
    site.repository.write("policy/privacy.md", text("We keep it for two days.", effective="so"))
    site.repository.write("policy/privacy.md", text("We keep it for two days."))
    assert shows(f"{preview}privacy/", "This is a draft")
    assert shows(f"{preview}privacy/history/", "Not published yet")
    with urllib.request.urlopen(f"{preview}privacy/") as answer:
        page = answer.read().decode()
    redline = page.partition('href="changes/')[2].partition('"')[0]
    assert shows(f"{preview}privacy/changes/{redline}", '<del class="rl">')
    assert not site.folder.exists()


def test_serve_shows_a_problem_until_it_is_corrected(site: PolicySite, preview: str) -> None:
    assert shows(f"{preview}privacy/", "ten days")
    said = site.config_file.parent / "said"
    assert said.read_text().startswith(f"{preview} shows the site")
    site.repository.write("policy/privacy.md", text("Two.", effective="so"))
    assert comes_to_say(said, "error: policy/privacy.md:3: `effective`")
    assert shows(f"{preview}privacy/", "policy/privacy.md:3: `effective`")
    assert shows(preview, "Waiting for a correction")
    site.repository.write("policy/privacy.md", text("We keep it for two days."))
    assert shows(f"{preview}privacy/", "two days")
    site.config_file.write_text("site_name: [\n")
    assert comes_to_say(said, "line 2, column 1")
    assert shows(f"{preview}privacy/", "line 2, column 1")
    assert "Traceback" not in said.read_text()


def test_serve_answers_only_at_the_name_of_this_machine(site: PolicySite, preview: str) -> None:
    assert shows(f"{preview}privacy/", "ten days")
    request = urllib.request.Request(f"{preview}privacy/", headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="421"):
        urllib.request.urlopen(request)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("nonsense", "is not an IP address and port"),
        ("127.0.0.1:x", "is not an IP address and port"),
        ("127.0.0.1:99999", "the port must be"),
    ],
)
def test_serve_refuses_an_invalid_ip_address_or_port(site: PolicySite, address: str, reason: str) -> None:
    answer = run(site, "serve", "--address", address)
    assert answer.returncode == 1
    assert answer.stderr.startswith(f"policy-site: {address}: {reason}")
    assert answer.stderr.count("\n") == 1


def test_serve_refuses_a_port_in_use(site: PolicySite) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        address = f"127.0.0.1:{busy.getsockname()[1]}"
        answer = run(site, "serve", "--address", address)
    assert answer.returncode == 1
    assert answer.stderr == (
        f"policy-site: {address}: address already in use; "
        "use another with --address, such as 127.0.0.1:8001\n"
    )


def test_serve_refuses_to_start_with_an_invalid_policy(site: PolicySite) -> None:
    site.repository.write("policy/privacy.md", text("Two.", effective="so"))
    answer = run(site, "serve", "--address", f"127.0.0.1:{free_port()}")
    assert answer.returncode == 1
    assert answer.stderr.splitlines()[-1].startswith("policy-site: policy/privacy.md:3: `effective`")
    assert "Traceback" not in answer.stderr


def test_a_draft_is_marked_as_a_draft_and_is_accessible(
    site: PolicySite, preview: str, browser: Browser
) -> None:
    site.repository.write("policy/privacy.md", text("We keep it for two days."))
    assert shows(f"{preview}privacy/", "two days")
    page = browser.new_page()
    page.goto(f"{preview}privacy/")
    assert page.get_by_role("complementary", name="This is a draft").is_visible()
    assert_accessible(page)
    page.get_by_role("link", name="See what the draft changes").click()
    page.locator(".ps-marked ins.rl").first.wait_for()
    page.close()
