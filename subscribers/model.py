"""The tables: users, announcements, and what became of each delivery.

``tests/contract/test_one_writer.py`` says which module writes which table. Constraints guard against what
must never happen; the code only explains the refusal.
"""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Moment(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in every database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Unreachable(StrEnum):
    """Why no message reaches a user any more, until the email address is corrected."""

    BOUNCED = "bounced"
    COMPLAINED = "complained"  # reported a message as spam, or has unsubscribed at the provider


class UserAction(StrEnum):
    """The kinds of changes to a user's entry that the user or the shop asked for."""

    CORRECTED = "corrected"
    RESTRICTED = "restricted"
    UNRESTRICTED = "unrestricted"
    OBJECTED = "objected"
    UNOBJECTED = "unobjected"
    EXPORTED = "exported"
    ERASED = "erased"
    LEFT = "left"
    RETURNED = "returned"
    UNREACHABLE = "unreachable"
    REACHABLE = "reachable"


class AnnouncementState(StrEnum):
    """The operator's intention for an announcement; its batches say how far it has got."""

    BASELINE = "baseline"  # what counts as known when a site is first seen; nobody is notified
    HELD = "held"
    OPEN = "open"
    PAUSED = "paused"
    CANCELLED = "cancelled"


class BatchState(StrEnum):
    """The state of a batch, and of all deliveries in it."""

    PLANNED = "planned"
    CLAIMED = "claimed"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    EMPTY = "empty"  # its deliveries went into smaller batches, or were excluded


class AttemptState(StrEnum):
    """The state of one attempt to hand a batch to the provider."""

    CLAIMED = "claimed"
    INTENDED = "intended"  # the request may have been written from here on
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    UNSENT = "unsent"
    REFUSED = "refused"


class Exclusion(StrEnum):
    """Why a user of the audience gets no message."""

    RESTRICTED = "restricted"
    OBJECTED = "objected"
    UNREACHABLE = "unreachable"
    SAME_ADDRESS = "same address"  # another account with this email address is notified
    UNCHANGED = "unchanged"  # nothing changed in the documents that this user is notified of
    LEFT = "left"  # after the fan-out, before the message
    CANCELLED = "cancelled"
    COVERED = "covered"  # a later announcement tells this user of the same changes
    UNSUPPORTED = "unsupported address"  # letters before the @ that the transport cannot carry


class Outcome(StrEnum):
    """The outcomes that signed events report, from weakest to strongest; the strongest is kept."""

    PROCESSED = "processed"
    DELIVERED = "delivered"
    DROPPED = "dropped"
    BOUNCED = "bounced"
    COMPLAINED = "complained"


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, states: type[StrEnum]) -> CheckConstraint:
    values = ", ".join(f"'{state.value}'" for state in states)
    return CheckConstraint(f"{column} IN ({values})", name=column)


# One row: which database this is, and how far it knows the chain of attempts. Copies share the identity.
installation = Table(
    "installation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", String(32), nullable=False),
    Column("journal_key", LargeBinary(32), nullable=False),  # of the digests in the journal beside the mark
    Column("counter", Integer, nullable=False),  # attempts so far, each of which may have written a request
    Column("head", String(64), nullable=False),
    Column("marked_at", Moment),  # since when there is a high-water mark outside
    # The mark that recover has taken over last.
    Column("taken_over_number", Integer),
    Column("taken_over_head", String(64)),
    # The database that has taken the place of this one, which may then send nothing.
    Column("moved_to", Text),
    Column("moved_at", Moment),
    CheckConstraint("id = 1", name="one"),
    CheckConstraint("counter >= 0", name="counter"),
    CheckConstraint("(taken_over_number IS NULL) = (taken_over_head IS NULL)", name="taken_over"),
)

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    # The shop's own key and the email address are gone after erasure; the row stays, so that totals add up.
    Column("external_id", Text, unique=True),
    Column("email", Text, index=True),
    Column("language", String(35)),  # RFC 5646, section 4.4.1: 35 characters hold any useful tag
    Column("registered_at", Moment),  # to the second, so the shop's own list would name the erased
    Column("left_at", Moment),  # no longer registered in the shop
    Column("restricted_at", Moment),
    Column("objected_at", Moment),
    Column("erased_at", Moment),
    Column("unreachable", String(16)),
    Column("unreachable_at", Moment),
    # Makes this user's pseudonyms in the proof; destroyed at erasure, and with it the link.
    Column("pseudonym_key", LargeBinary(32)),
    _one_of("unreachable", Unreachable),
    CheckConstraint("(unreachable IS NULL) = (unreachable_at IS NULL)", name="unreachable_since"),
    CheckConstraint(
        "CASE WHEN erased_at IS NULL"
        " THEN external_id IS NOT NULL AND email IS NOT NULL AND registered_at IS NOT NULL"
        " AND pseudonym_key IS NOT NULL"
        " ELSE external_id IS NULL AND email IS NULL AND language IS NULL AND registered_at IS NULL"
        " AND pseudonym_key IS NULL END",
        name="erased",
    ),
)

# The changes that users or the shop asked for: evidence without personal data.
user_records = Table(
    "user_records",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey(users.c.id), nullable=False, index=True),
    Column("action", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    _one_of("action", UserAction),
)

# Of each erased external id a digest under a secret key, so that the next import does not bring it back.
# Neither a time nor a link to the user: with one, the key would lead from an id to its deliveries.
erasures = Table(
    "erasures",
    metadata,
    Column("external_id_digest", LargeBinary(32), primary_key=True),
    Column("key_id", String(16), nullable=False),
    sqlite_with_rowid=False,
)

# For each field corrected here, the digest of the shop's own value, under the user's pseudonym key. An import
# that repeats this value changes nothing; any other value is new and replaces the correction.
corrections = Table(
    "corrections",
    metadata,
    Column("user_id", ForeignKey(users.c.id), primary_key=True),
    Column("field", String(16), primary_key=True),
    Column("superseded_digest", LargeBinary(32), nullable=False),
)

announcements = Table(
    "announcements",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("site_url", Text, nullable=False),
    Column("site_language", String(35), nullable=False),
    Column("commit", String(64), nullable=False),
    Column("history_sha256", String(64), nullable=False),
    # Over (document, label) of all announced documents: the same publication is never announced twice.
    Column("versions_sha256", String(64), nullable=False, unique=True),
    Column("made_at", Moment, nullable=False),
    Column("fanned_out_at", Moment),
    Column("audience", Integer),  # counted at the fan-out and never changed
    Column("pause_reason", Text),
    # How many had complained when the operator last released it.
    Column("complaints_at_release", Integer, nullable=False, server_default="0"),
    # When recover made it again, or froze its audience, because the database was an old copy; else null.
    # Everything that one recovery has made has the same time.
    Column("rebuilt_at", Moment),
    _one_of("state", AnnouncementState),
    CheckConstraint("(fanned_out_at IS NULL) = (audience IS NULL)", name="audience"),
)

# For each document, the newest version that is known to users who were notified of the announcement.
announced_versions = Table(
    "announced_versions",
    metadata,
    Column("announcement_id", ForeignKey(announcements.c.id), primary_key=True),
    Column("document", String(16), primary_key=True),
    Column("label", String(16), nullable=False),
    Column("content_sha256", String(64), nullable=False),
)

# The exact message for the recipients of one language who were last notified of one announcement; all null if
# nothing that they read has changed.
contents = Table(
    "contents",
    metadata,
    Column("announcement_id", ForeignKey(announcements.c.id), primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("last_notified_id", ForeignKey(announcements.c.id), primary_key=True),
    Column("message_language", String(35)),
    Column("subject", Text),
    Column("text", Text),
    Column("html", Text),
    Column("sha256", String(64)),
)

# The files that messages carry, each once, however many announcements and languages have it.
files = Table(
    "files",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# The files of a message, in the order of their positions.
attachments = Table(
    "attachments",
    metadata,
    Column("announcement_id", Integer, primary_key=True),
    Column("language", String(35), primary_key=True),
    Column("last_notified_id", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("media_type", String(64), nullable=False),
    Column("sha256", ForeignKey(files.c.sha256), nullable=False),
    ForeignKeyConstraint(
        ["announcement_id", "language", "last_notified_id"],
        [contents.c.announcement_id, contents.c.language, contents.c.last_notified_id],
    ),
)

batches = Table(
    "batches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("announcement_id", ForeignKey(announcements.c.id), nullable=False),
    Column("language", String(35), nullable=False),
    Column("last_notified_id", ForeignKey(announcements.c.id), nullable=False),
    Column("split_from_id", ForeignKey("batches.id")),
    Column("size", Integer, nullable=False),  # its deliveries, those excluded later not counted
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("retry_at", Moment),
    Column("lease_until_at", Moment),
    Column("token", String(32)),  # of the attempt that is running, unknown or accepted
    # Why it was rejected, or waits for its next attempt: a code and its name, without anybody's words.
    Column("reason", String(80)),
    Column("refused_at", Moment),  # null where it was not refused, or was given back since
    Column("refusals", Integer, nullable=False, server_default="0"),
    _one_of("state", BatchState),
    CheckConstraint("size >= 0 AND (size = 0) = (state = 'empty')", name="size"),
    CheckConstraint("(state = 'claimed') = (lease_until_at IS NOT NULL)", name="lease"),
    CheckConstraint("(state IN ('claimed', 'unknown', 'accepted')) = (token IS NOT NULL)", name="token"),
    Index("ix_batches_work", "announcement_id", "state", "id"),
)
Index(
    "ix_batches_refused",
    batches.c.announcement_id,
    batches.c.refused_at,
    sqlite_where=batches.c.refused_at.is_not(None),
    postgresql_where=batches.c.refused_at.is_not(None),
)

deliveries = Table(
    "deliveries",
    metadata,
    # No key into announcements or batches: a million checks would cost more than the fan-out itself,
    # and both are written in its own transaction and never deleted.
    Column("announcement_id", Integer, primary_key=True, autoincrement=False),
    Column("recipient_id", Integer, primary_key=True, autoincrement=False),
    Column("language", String(35), nullable=False),
    Column("last_notified_id", Integer, nullable=False),
    Column("batch_id", Integer, index=True),
    Column("exclusion", String(32)),
    Column("outcome", String(16)),
    Column("outcome_at", Moment),
    Column("detail", Text),  # the provider's own words on a refusal, a drop or a bounce
    # The recipient with the same email address whose message counts for this one.
    Column("notified_with_id", Integer),
    _one_of("exclusion", Exclusion),
    _one_of("outcome", Outcome),
    CheckConstraint("(batch_id IS NULL) = (exclusion IS NOT NULL)", name="batch_or_exclusion"),
    sqlite_with_rowid=False,
)
Index(
    "ix_deliveries_excluded",
    deliveries.c.announcement_id,
    deliveries.c.exclusion,
    sqlite_where=deliveries.c.exclusion.is_not(None),
    postgresql_where=deliveries.c.exclusion.is_not(None),
)
Index(
    "ix_deliveries_complained",
    deliveries.c.announcement_id,
    sqlite_where=deliveries.c.outcome == Outcome.COMPLAINED.value,
    postgresql_where=deliveries.c.outcome == Outcome.COMPLAINED.value,
)
Index(
    "ix_deliveries_notified_with",
    deliveries.c.notified_with_id,
    sqlite_where=deliveries.c.notified_with_id.is_not(None),
    postgresql_where=deliveries.c.notified_with_id.is_not(None),
)

# One row for each intent to write a request; the token is all that the provider learns of it.
attempts = Table(
    "attempts",
    metadata,
    Column("token", String(32), primary_key=True),
    Column("batch_id", ForeignKey(batches.c.id), index=True),  # none: the canary
    Column("transport", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("claimed_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("request_sha256", String(64)),
    Column("provider_id", Text),
    Column("detail", Text),
    Column("commitments", LargeBinary),  # to each recipient's email address, for the proof
    # Its place in the chain, once its request may be written; null in attempts of earlier versions.
    Column("number", Integer, index=True, unique=True),
    Column("head", String(64)),
    _one_of("state", AttemptState),
    Index("ix_attempts_state", "state", "claimed_at"),
)

# The site's history.json as it was verified: it names the digest of every file that users were notified of.
histories = Table(
    "histories",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

# The signed heads of proofs, oldest first: each names the one before it.
proofs = Table(
    "proofs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("announcement_id", ForeignKey(announcements.c.id), nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("head_sha256", String(64), nullable=False, unique=True),
)

# When the provider may be called again, for all workers together.
provider_pauses = Table(
    "provider_pauses",
    metadata,
    Column("transport", String(16), primary_key=True),
    Column("paused_until_at", Moment),  # because the provider asked for it, or failed
    Column("limited_until_at", Moment),  # by the hourly limit
    Column("failures", Integer, nullable=False, server_default="0"),  # in a row
    Column("detail", Text),
)

# The refusals of a receiving domain since it last accepted a message, and the places in its limit.
receiving_domains = Table(
    "receiving_domains",
    metadata,
    Column("transport", String(16), primary_key=True),
    Column("domain", String(255), primary_key=True),
    Column("refused", Integer, nullable=False, server_default="0"),  # messages in a row
    Column("pauses", Integer, nullable=False, server_default="0"),  # in a row
    Column("first_refused_at", Moment),
    Column("paused_at", Moment),
    Column("paused_until_at", Moment),
    Column("reason", String(80)),  # a code and its name, without anybody's words
    Column("limited_until_at", Moment),  # the next message may begin then
    Column("next_moment_at", Moment),  # the next moment that no waiting batch has
    CheckConstraint("refused >= 0 AND pauses >= 0", name="counts"),
    CheckConstraint("(refused = 0) = (first_refused_at IS NULL)", name="since"),
    CheckConstraint("(pauses = 0) = (paused_until_at IS NULL)", name="paused"),
)

# Signed posts of the provider. A body holds email addresses: it is dropped after the retention period.
event_posts = Table(
    "event_posts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("signature", Text, nullable=False),
    Column("signed_timestamp", Text, nullable=False),
    Column("received_at", Moment, nullable=False, index=True),
    Column("body", LargeBinary),
    UniqueConstraint("sha256", "signed_timestamp"),
)

events = Table(
    "events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("post_id", ForeignKey(event_posts.c.id), nullable=False),
    Column("token", ForeignKey(attempts.c.token), nullable=False, index=True),
    Column("recipient_id", Integer),
    Column("kind", String(32), nullable=False),
    Column("occurred_at", Moment, nullable=False),
)

# Events of attempts that are not in this database; ``delivery`` as the provider knows it. One that names this
# ``database`` shows that it is an old copy, until recover has settled it.
unmatched_events = Table(
    "unmatched_events",
    metadata,
    Column("event_id", Text, primary_key=True),
    Column("post_id", ForeignKey(event_posts.c.id), nullable=False),
    Column("token", String(32), nullable=False),
    Column("delivery", String(24), nullable=False),
    Column("publication", String(16)),  # as the event names it; null in events of earlier versions
    Column("kind", String(32), nullable=False),
    Column("occurred_at", Moment, nullable=False),
    Column("database", String(32)),
    Column("settled_at", Moment),
)
