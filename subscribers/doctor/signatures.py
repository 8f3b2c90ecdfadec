"""DKIM keys, the DMARC policy, and whether one of the two proofs speaks for the From domain."""

from __future__ import annotations

from collections.abc import Iterable

from subscribers.doctor.dkim import DkimKey, WrongKeyError, read_key
from subscribers.doctor.dmarc import Dmarc, WrongDmarcError, find_dmarc, is_aligned
from subscribers.doctor.finding import Finding, Level, error, ok, warning
from subscribers.doctor.names import Answer, Names
from subscribers.doctor.sending import KEY_MARK, Sending

LEAST_RSA_BITS = 1024  # RFC 8301, section 3.2: receivers must not believe shorter keys
GOOD_RSA_BITS = 2048  # ibid.: signers should use this
APPROXIMATED = "organisational domain taken from DMARC records, not from the public suffix list"


def check_signatures(names: Names, sending: Sending) -> Iterable[Finding]:
    """DKIM, DMARC and alignment."""
    keys = _keys(names, sending)
    yield from keys.values()
    if not keys:
        yield warning(
            "DKIM",
            f"From {sending.domain}",
            "not looked at: the selector of your signature is not known",
            "look for s= and d= in the DKIM-Signature of a mail from policy-notify send-test, and set "
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
    """A finding for each key of the first place that has one; the first place's where none has."""
    places = [{name: names.ask(name, "TXT") for name in place} for place in sending.key_names]
    inhabited = [place for place in places if any(answer.records for answer in place.values())]
    return {
        name: _key(f"{name} TXT", answer)
        for place in (inhabited or places)[:1]
        for name, answer in place.items()
    }


def _key(where: str, answer: Answer) -> Finding:
    if not answer.records:
        remedy = "publish the records that the mail server's or provider's domain authentication names"
        return error("DKIM", where, answer.absence, remedy)
    if len(answer.records) > 1:
        return error("DKIM", where, f"{len(answer.records)} records", "leave the one of the present key")
    try:
        key = read_key(answer.records[0])
    except WrongKeyError as wrong:
        return error("DKIM", where, str(wrong), "publish the key again, in one piece")
    return _strength(where, key)


def _strength(where: str, key: DkimKey) -> Finding:
    kind = "Ed25519" if key.rsa_bits is None else f"RSA, {key.rsa_bits} bits"
    if key.rsa_bits is not None and key.rsa_bits < LEAST_RSA_BITS:
        return error("DKIM", where, f"{kind}; receivers do not believe it", "sign with 2,048 bits")
    if key.is_test:
        return error("DKIM", where, "t=y: a test, and the mail counts as unsigned", "take t=y out")
    if key.rsa_bits is None:
        return warning("DKIM", where, f"{kind}; not every receiver knows it", "sign with RSA besides")
    if key.rsa_bits < GOOD_RSA_BITS:
        return warning("DKIM", where, kind, f"sign with {GOOD_RSA_BITS:,} bits")
    return ok("DKIM", where, kind)


def _policy(sending: Sending, dmarc: Dmarc | None) -> Finding:
    if dmarc is None:
        where = f"_dmarc.{sending.domain} TXT"
        seen = "no DMARC record, here or above; large receivers demand one of whoever sends much"
        return error("DMARC", where, seen, "publish “v=DMARC1; p=none; rua=mailto:…”, later p=quarantine")
    where = f"_dmarc.{dmarc.domain} TXT"
    if dmarc.policy == "none":
        seen = "p=none: others may send in your name"
        return warning("DMARC", where, seen, "read the reports, then say p=quarantine, later p=reject")
    return ok("DMARC", where, f"p={dmarc.policy}")


def _alignment(sending: Sending, dmarc: Dmarc, signers: list[str]) -> Finding:
    domain, organisation = sending.domain, dmarc.organisation
    where = f"From {domain}"
    if domain in signers:
        return ok("alignment", where, f"DKIM d={domain} speaks for it")
    signed = [
        d for d in signers if is_aligned(d, domain, organisation=organisation, strict=dmarc.strict_dkim)
    ]
    if signed:
        return ok("alignment", where, f"DKIM d={signed[0]} speaks for it ({APPROXIMATED})")
    envelope = sending.envelope_domain
    if envelope and is_aligned(envelope, domain, organisation=organisation, strict=dmarc.strict_spf):
        seen = f"only the envelope ({envelope}) speaks for it, and forwarding breaks SPF"
        return warning("alignment", where, seen, "sign with DKIM under the From domain")
    seen = f"no DKIM key and no envelope is known that speaks for it ({APPROXIMATED})"
    remedy = "complete domain authentication; if another selector signs, set POLICY_NOTIFY_DKIM_SELECTORS"
    return (warning if dmarc.policy == "none" else error)("alignment", where, seen, remedy)
