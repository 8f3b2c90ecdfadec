"""A build with a cache makes the same site as a build without one."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from support.policy_site import DAY, PolicySite, publish_everything, text

from generator.published_site.build_site import build_site

FIRST = datetime(2026, 5, 1, 9, tzinfo=UTC)


class Life:
    """A site on which things happen, a day apart; ``DAY`` is the day of its first build."""

    def __init__(self, folder: Path) -> None:
        self.site = PolicySite(folder)
        self.site.repository.write(".gitignore", "/site/\n/cold/\n/.cache/\n/mkdocs.yml\n")
        publish_everything(self.site)
        self.options = self.site.config["plugins"][1]["policysite"]
        self.day = DAY
        self.commits = 0

    def commit(self) -> None:
        self.commits += 1
        self.site.repository.commit(at=FIRST + timedelta(days=self.commits))

    def publish(self, path: str, content: str) -> None:
        self.site.repository.write(f"policy/{path}", content)
        self.commit()

    def move(self, old: str, new: str) -> None:
        self.site.repository.move(f"policy/{old}", f"policy/{new}")
        self.commit()

    def remove(self, path: str) -> None:
        self.site.repository.remove(f"policy/{path}")
        self.commit()

    def toggle(self, path: str) -> None:
        if (self.site.repository.folder / "policy" / path).exists():
            self.remove(path)
        else:
            self.publish(path, text("Ten.", title="Cookies", effective="2027-01-01"))

    def until(self, day: date) -> None:
        self.day = day


HAPPENINGS: dict[str, Callable[[Life], None]] = {
    "nothing": lambda life: None,
    "a new version": lambda life: life.publish("cookies.md", "# Cookies\n\nTwo, and a few more words.\n"),
    "an earlier text again": lambda life: life.publish("cookies.md", "# Cookies\n\nTwo.\n"),
    "a new document": lambda life: life.publish("fees.md", "# Fees\n\nNone. See [cookies](cookies.md).\n"),
    "a rename": lambda life: life.move("privacy.md", "data-protection.md"),
    "a removal": lambda life: life.remove("privacy.ru.md"),
    "another image": lambda life: life.publish("images/scheme.svg", "<svg id='newest'/>"),
    "a translation": lambda life: life.publish(
        "cookies.ru.md", text("Один.", title="Куки", translates="2026-04-04")
    ),
    "an upcoming text": lambda life: life.publish(
        "cookies.upcoming.md", text("Nine.", title="Cookies", effective="2026-12-01")
    ),
    "another upcoming text, or its end": lambda life: life.toggle("cookies.upcoming.md"),
    "a version comes into force": lambda life: life.until(date(2026, 12, 2)),
    "another number of pages": lambda life: life.options.update(since=1),
    "a prevailing language": lambda life: life.options.update(prevailing="ru"),
    "another name of the site": lambda life: life.site.config.update(site_name="Another Market"),
    "another time zone": lambda life: life.options.update(time_zone="Asia/Kamchatka"),
    "analytics": lambda life: life.options.update(analytics={"yandex": "12345"}),
}


def test_a_warm_build_equals_a_cold_one_byte_for_byte(tmp_path: Path) -> None:
    life = Life(tmp_path / "policy")
    happenings = list(HAPPENINGS)
    random.shuffle(happenings)
    print("happened:", *happenings, sep="\n")  # shown when it fails
    life.site.build(day=life.day)
    for happening in happenings:
        HAPPENINGS[happening](life)
        life.site.build(day=life.day)
        assert files(life.site.folder) == files(built_from_nothing(life)), happening


def test_unchanged_files_keep_their_time_and_altered_ones_are_written_again(
    tmp_path: Path,
) -> None:
    life = Life(tmp_path / "policy")
    life.site.build()
    page, other = (
        life.site.folder / "cookies" / "versions" / label / "index.html"
        for label in ("2026-04-03", "2026-04-04")
    )
    whole = other.read_bytes()
    other.write_bytes(whole + b"!")
    for file in (page, other):
        os.utime(file, (1, 1))
    life.publish("privacy.md", text("We keep it for one day."))
    life.site.build()
    assert page.stat().st_mtime == 1
    assert other.read_bytes() == whole
    assert other.stat().st_mtime != 1
    assert page.stat().st_nlink == 1


def built_from_nothing(life: Life) -> Path:
    cache, aside = (life.site.config_file.parent / name for name in (".cache", ".aside"))
    cold = life.site.config_file.parent / "cold"
    cache.rename(aside)
    try:
        build_site(life.site.config_file, site_dir=cold, day=life.day, published=None)
    finally:
        (cache / "policysite" / "policysite.sqlite3").unlink()
        (cache / "policysite").rmdir()
        cache.rmdir()
        aside.rename(cache)
    return cold


def files(folder: Path) -> dict[str, bytes]:
    found = {}
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            found[str(file.relative_to(folder))] = file.read_bytes()
    return found
