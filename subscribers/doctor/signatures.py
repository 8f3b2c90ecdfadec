"""Checks DKIM keys, the DMARC policy, and whether DKIM or SPF is aligned with the From domain."""

from __future__ import annotations

from collections.abc import Iterable

from subscribers.doctor.dkim import DkimKey, WrongKeyError, read_key
from subscribers.doctor.dmarc import Dmarc, WrongDmarcError, find_dmarc, is_aligned
from subscribers.doctor.dns_queries import Answer, Names
from subscribers.doctor.finding import Finding, Level, error, ok, warning
from subscribers.doctor.sending_route import KEY_MARK, Sending

LEAST_RSA_BITS = 1024  # RFC 8301, section 3.2: receivers must not believe shorter keys
GOOD_RSA_BITS = 2048  # ibid.: signers should use this
APPROXIMATED = "organisational domain taken from DMARC records, not from the public suffix list"


def check_signatures(names: Names, sending: Sending) -> Iterable[Finding]:
    """Yields findings on DKIM, DMARC and alignment."""
    keys = _keys(names, sending)
    yield from keys.values()
    if not keys:
        yield warning(
            "DKIM",
            f"From {sending.domain}",
            "not checked: the selector of your signature is not known",
            "find s= and d= in the DKIM-Signature of an email from policy-notify send-test, and set "
            "POLICY_NOTIFY_DKIM_SELECTORS",
        )
    try:
        dmarc = find_dmarc(names, sending.domain)
    except WrongDmarcError as wrong:
        where = f"_dmarc.{sending.domain} TXT"
        yield error("DMARC", where, f"{wrong}; receivers act as if there were none", "publish one record")
        return
    yield _policy(sending, dmarc)
    if dmarc is not None:
        signers = {name.partition(KEY_MARK)[2] for name, key in keys.items() if key.level is not Level.ERROR}
        yield _alignment(sending, dmarc, sorted(signers))


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


def _policy(sending: Sending, dmarc: Dmarc | None) -> Finding:
    if dmarc is None:
        where = f"_dmarc.{sending.domain} TXT"
        seen = "no DMARC record here or above; large receivers require one from bulk senders"
        return error("DMARC", where, seen, "publish “v=DMARC1; p=none; rua=mailto:…”, and p=quarantine later")
    where = f"_dmarc.{dmarc.domain} TXT"
    if dmarc.policy == "none":
        seen = "p=none: others can send in your name"
        return warning("DMARC", where, seen, "read the reports, then set p=quarantine, and p=reject later")
    return ok("DMARC", where, f"p={dmarc.policy}")


def _alignment(sending: Sending, dmarc: Dmarc, signers: list[str]) -> Finding:
    domain, organisation = sending.domain, dmarc.organisation
    where = f"From {domain}"
    if domain in signers:
        return ok("alignment", where, f"aligned by DKIM d={domain}")
    signed = [
        d for d in signers if is_aligned(d, domain, organisation=organisation, strict=dmarc.strict_dkim)
    ]
    if signed:
        return ok("alignment", where, f"aligned by DKIM d={signed[0]} ({APPROXIMATED})")
    envelope = sending.envelope_domain
    if envelope and is_aligned(envelope, domain, organisation=organisation, strict=dmarc.strict_spf):
        seen = f"aligned only by the envelope ({envelope}), and forwarding breaks SPF"
        return warning("alignment", where, seen, "sign with DKIM under the From domain")
    seen = f"no known DKIM key or envelope is aligned with it ({APPROXIMATED})"
    remedy = "complete domain authentication; if another selector signs, set POLICY_NOTIFY_DKIM_SELECTORS"
    return (warning if dmarc.policy == "none" else error)("alignment", where, seen, remedy)
