"""Checks genuine and altered emails, and counts the wrong answers: ``python -m support.verify_campaign``."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from subscribers.database import migrate, open_database
from subscribers.notices.check_email import Verdict
from subscribers.notices.dkim_signature import Fit
from support.noticed_world import ALTERED, GENUINE, NoticedWorld
from support.published_site import PublishedSiteMaker
from support.world import World


@dataclass
class Tally:
    """The answers: how many emails of each kind, and each wrong answer with its email's kind."""

    checked: Counter[str] = field(default_factory=Counter)
    fitting_signatures: int = 0
    wrong: list[str] = field(default_factory=list)


def run(noticed: NoticedWorld, *, messages: int, seed: int) -> Tally:
    """Check so many genuine and so many altered emails; every second one has a DKIM signature."""
    random, tally, notices, emails = Random(seed), Tally(), noticed.listed(), noticed.emails()
    for expected, changes in ((Verdict.GENUINE, GENUINE), (Verdict.NOT_GENUINE, ALTERED)):
        for number in range(messages):
            change = changes[number % len(changes)]
            email = random.choice(emails)
            raw = change(email, random)
            if expected is Verdict.GENUINE and number % 2:
                raw = noticed.signed(raw)
            checked = noticed.check(raw, notices)
            tally.checked[expected.value] += 1
            tally.fitting_signatures += checked.signature.fit is Fit.FITS
            if checked.verdict is not expected:
                kind = f"{change.__name__} of {email['Message-ID']}"
                tally.wrong.append(f"{kind}: {checked.verdict.value} {checked.faults}")
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=200, help="of each of the two kinds")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = open_database(f"sqlite:///{folder}/notify.sqlite")
        migrate(engine)
        noticed = NoticedWorld(World(engine, PublishedSiteMaker(Path(folder, "site"))), Path(folder))
        tally = run(noticed, messages=chosen.messages, seed=chosen.seed)
    print(f"{dict(tally.checked)}, {tally.fitting_signatures} signatures fit; {len(tally.wrong)} wrong")
    for line in tally.wrong:
        print(line)
    sys.exit(bool(tally.wrong))


if __name__ == "__main__":
    main()
