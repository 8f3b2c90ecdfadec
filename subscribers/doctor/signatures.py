"""Checks DKIM keys, the DMARC policy, and whether DKIM or SPF is aligned with the From domain."""

from __future__ import annotations

from collections.abc import Iterable

from subscribers.dkim_names import KEY_MARK
from subscribers.doctor.bulk_sender_rules import Fact, Rule
from subscribers.doctor.dkim import DkimKey, WrongKeyError, read_key
from subscribers.doctor.dmarc import is_aligned
from subscribers.doctor.dns_queries import Answer, Names
from subscribers.doctor.finding import Finding, Level, error, ok, warning
from subscribers.doctor.published_records import Dmarc, WrongRecordError, read_dmarc
from subscribers.doctor.sending_route import Sending

LEAST_RSA_BITS = 1024  # RFC 8301, section 3.2: receivers must not believe shorter keys
GOOD_RSA_BITS = 2048  # ibid.: signers should use this


def check_signatures(names: Names, sending: Sending) -> Iterable[Finding | Fact]:
    """Yields findings on DKIM, DMARC and alignment."""
    keys = _keys(names, sending)
    yield from keys.values()
    usable = sorted(name for name, key in keys.items() if key.level is not Level.ERROR)
    if keys and not usable:
        yield Fact(Rule.DKIM, is_met=False, seen="no usable key")
    elif usable and sending.provider_signs:
        yield Fact(Rule.DKIM, is_met=True, seen=f"the provider signs, and {usable[0]} has a key")
    if not keys:
        yield warning(
            "DKIM",
            f"From {sending.domain}",
            "not checked: the selector of your signature is not known",
            "find s= and d= in the DKIM-Signature of an email from policy-notify send-test, and set "
            "POLICY_NOTIFY_DKIM_SELECTORS",
        )
    where = f"_dmarc.{sending.domain} TXT"
    try:
        dmarc = read_dmarc(names, sending.domain)
    except WrongRecordError as wrong:
        yield error("DMARC", where, f"{wrong}; receivers act as if there were none", "correct the record")
        yield Fact(Rule.DMARC, is_met=False, seen="the record cannot be used")
        return
    if dmarc is None:
        seen = "no DMARC record here or above; large receivers require one from bulk senders"
        yield error("DMARC", where, seen, "publish “v=DMARC1; p=none; rua=mailto:…”, and read the reports")
        yield Fact(Rule.DMARC, is_met=False, seen="there is none")
        return
    yield from _policy(dmarc)
    yield Fact(Rule.DMARC, is_met=True, seen=f"p={dmarc.policy} at _dmarc.{dmarc.domain}")
    yield from _alignment(names, sending, dmarc, [name.partition(KEY_MARK)[2] for name in usable])


def _keys(names: Names, sending: Sending) -> dict[str, Finding]:
    """A finding for each key of the first set of names that has a record, else of the first set."""
    places = [{name: names.ask(name, "TXT") for name in place} for place in sending.key_names]
    inhabited = [place for place in places if any(answer.records for answer in place.values())]
    return {
        name: _key(f"{name} TXT", answer)
        for place in (inhabited or places)[:1]
        for name, answer in place.items()
    }


def _key(where: str, answer: Answer) -> Finding:
    if not answer.records:
        remedy = "publish the records that your provider or mail server gives for domain authentication"
        return error("DKIM", where, answer.absence, remedy)
    if len(answer.records) > 1:
        return error(
            "DKIM", where, f"{len(answer.records)} records", "keep only the record of the current key"
        )
    try:
        key = read_key(answer.records[0])
    except WrongKeyError as wrong:
        return error("DKIM", where, str(wrong), "publish the whole key again")
    return _strength(where, key)


def _strength(where: str, key: DkimKey) -> Finding:
    kind = "Ed25519" if key.rsa_bits is None else f"RSA, {key.rsa_bits} bits"
    if key.rsa_bits is not None and key.rsa_bits < LEAST_RSA_BITS:
        return error("DKIM", where, f"{kind}; receivers do not trust it", "sign with 2,048 bits")
    if key.is_test:
        return error("DKIM", where, "t=y marks a test, so the email counts as unsigned", "remove t=y")
    if key.rsa_bits is None:
        return warning("DKIM", where, f"{kind}; not every receiver supports it", "sign with RSA as well")
    if key.rsa_bits < GOOD_RSA_BITS:
        return warning("DKIM", where, kind, f"sign with {GOOD_RSA_BITS:,} bits")
    return ok("DKIM", where, kind)


def _policy(dmarc: Dmarc) -> Iterable[Finding]:
    where = f"_dmarc.{dmarc.domain} TXT"
    if dmarc.policy == "none" and dmarc.reports_to:
        remedy = "read the reports, and set p=quarantine once everything that you send passes"
        yield warning("DMARC", where, "p=none: others can send in your name", remedy)
    elif not dmarc.reports_to:
        seen = f"p={dmarc.policy} without rua: you do not hear if your own messages fail, or of others'"
        yield warning("DMARC", where, seen, "add “rua=mailto:…” with a mailbox for reports")
    elif dmarc.is_test:
        seen = f"p={dmarc.policy} with t=y: receivers apply the next weaker policy"
        remedy = "read the reports, and remove t=y once everything that you send passes"
        yield warning("DMARC", where, seen, remedy)
    else:
        yield ok("DMARC", where, f"p={dmarc.policy}")
    if dmarc.unanswered is not None:
        seen = f"where reports go was not checked: {dmarc.unanswered.reason}"
        yield warning("DMARC", dmarc.unanswered.where, seen, "try again")
        return
    for fault in dmarc.warnings:
        yield warning("DMARC", where, fault, "correct the record")


def _alignment(names: Names, sending: Sending, dmarc: Dmarc, signers: list[str]) -> Iterable[Finding | Fact]:
    domain, envelope = sending.domain, sending.envelope_domain
    where = f"From {domain}"
    by_dkim = [d for d in signers if is_aligned(names, d, domain, strict=dmarc.strict_dkim)]
    by_envelope = envelope is not None and is_aligned(names, envelope, domain, strict=dmarc.strict_spf)
    if by_dkim and sending.provider_signs:
        yield Fact(Rule.ALIGNMENT, is_met=True, seen=f"by DKIM d={by_dkim[0]}")
    elif by_envelope:
        yield Fact(Rule.ALIGNMENT, is_met=True, seen=f"by the envelope, {envelope}")
    if by_dkim:
        signer = domain if domain in by_dkim else by_dkim[0]
        yield ok("alignment", where, f"aligned by DKIM d={signer}")
        return
    if by_envelope:
        seen = f"aligned only by the envelope ({envelope}), and forwarding breaks SPF"
        yield warning("alignment", where, seen, "sign with DKIM under the From domain")
        return
    remedy = "complete domain authentication; if another selector signs, set POLICY_NOTIFY_DKIM_SELECTORS"
    finding = warning if dmarc.policy == "none" else error
    yield finding("alignment", where, "no known DKIM key or envelope is aligned with it", remedy)
    if signers and envelope:
        yield Fact(Rule.ALIGNMENT, is_met=False, seen="neither DKIM nor the envelope is aligned")
