"""The tables, in SQLAlchemy Core: what sql.py reads and writes, and what the migrations must come to.

Rows that only mean something inside a conversation go with it (CASCADE); a document that passages were cut from may
not go at all (RESTRICT), because old citations still open them.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

REVISION = "0005"  # the migration that leads to these tables


class Utc(TypeDecorator[datetime]):
    """A moment. SQLite keeps no time zone, so everything is stored as UTC and comes back saying so."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a time without a time zone cannot be stored")
        return value and value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value and (value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC))


# Every constraint has a name: SQLite rebuilds a whole table to change one, and finds it by name.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

conversation = Table(
    "conversation",
    metadata,
    Column("id", String, primary_key=True),
    Column("epoch", String, nullable=False),
    Column("customer", String, nullable=False),
    Column("status", String, nullable=False),
    Column("version", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    Column("language", String, nullable=False),
    Column("agent", String),
    Column("bot_from", Integer, nullable=False),
    Column("page", Text, nullable=False),
    Column("agent_name", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("email", String, nullable=False),
    Column("mailed", Integer, nullable=False, default=0),
    Column("score", Integer),
    # Follow from the events; kept so that lists, timers and a restart need not read them.
    Column("is_owing", Boolean, nullable=False),
    Column("waiting_since", Utc),
    Column("queue_at", Utc),  # its place in line: earliest first
    Column("owed_since", Utc),
    Column("delayed", Boolean, nullable=False),
    Column("last", JSON),
    Column("asked", Integer, nullable=False),
    Column("inbox_seq", Integer, nullable=False, default=0, index=True),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Index("ix_conversation_status_updated_at", "status", "updated_at"),
    Index("ix_conversation_customer", "customer"),
    Index("ix_conversation_agent_status", "agent", "status"),
    Index("ix_conversation_status_queue_at", "status", "queue_at"),
    Index("ix_conversation_owing", "id", sqlite_where=text("is_owing = 1"), postgresql_where=text("is_owing")),
)

event = Table(
    "event",
    metadata,
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False),
    Column("author", String, nullable=False),
    Column("sender_id", String, nullable=False),
    Column("cid", String),  # NULL when there is none: NULLs never collide
    Column("body", JSON, nullable=False),
    Column("created_at", Utc, nullable=False),
    UniqueConstraint("conversation_id", "sender_id", "cid"),
    Index("ix_event_kind_created_at", "kind", "created_at"),
)

session = Table(
    "session",
    metadata,
    Column("secret_hash", String, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("customer", String, nullable=False),
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("verified", Boolean, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False),
)

turn = Table(
    "turn",
    metadata,
    Column("conversation_id", String, primary_key=True),
    Column("question_seq", Integer, primary_key=True, autoincrement=False),
    Column("reply_seq", Integer, nullable=False),
    Column("evidence", JSON, nullable=False),
    Column("created_at", Utc, nullable=False),
    ForeignKeyConstraint(
        ["conversation_id", "question_seq"], ["event.conversation_id", "event.seq"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(["conversation_id", "reply_seq"], ["event.conversation_id", "event.seq"], ondelete="CASCADE"),
    Index("ix_turn_conversation_id_reply_seq", "conversation_id", "reply_seq"),
)

document = Table(
    "document",
    metadata,
    Column("key", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("language", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("source", String, nullable=False),
    Column("category", String, nullable=False),
    Column("tags", JSON, nullable=False),
    Column("url", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("updated_at", Utc, nullable=False),
)

passage = Table(
    "passage",
    metadata,
    Column("id", String, primary_key=True),
    Column("document", ForeignKey("document.key", ondelete="RESTRICT"), nullable=False, index=True),
    Column("anchor", String, nullable=False, index=True),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("language", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("phrasings", JSON, nullable=False),
    Column("url", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("source", String, nullable=False),
    Column("valid_from", String, nullable=False, default=""),
    Column("valid_to", String, nullable=False, default=""),
    Column("audience", String, nullable=False, default=""),
    Column("needs_person", Boolean, nullable=False, default=False),
    Column("added_at", Utc, nullable=False),
    Column("retired_at", Utc),  # NULL: live
)

passage_history = Table(
    "passage_history",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("passage_id", ForeignKey("passage.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("action", String, nullable=False),  # added | retired | revived
    Column("at", Utc, nullable=False),
)

generation = Table(
    "generation",
    metadata,
    Column("name", String, primary_key=True),
    Column("manifest", JSON, nullable=False),
    Column("published_at", Utc, nullable=False),
    Column("published_by", String, nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("action", String, nullable=False, default="publish"),
)

# Files as they were last ingested: what did not change need not be read again.
source = Table(
    "source",
    metadata,
    Column("origin", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("digest", String, nullable=False),
    Column("passages", Integer, nullable=False),
)

# One row: the position of the inbox feed. Whoever changes a conversation takes the next one in the same transaction,
# so positions become visible in order.
feed = Table(
    "feed",
    metadata,
    Column("name", String, primary_key=True),
    Column("epoch", String, nullable=False),
    Column("last_seq", Integer, nullable=False),
)

agent = Table(
    "agent",
    metadata,
    Column("id", String, primary_key=True),
    Column("login", String, nullable=False, unique=True),  # lower case
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),
    Column("capacity", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("password_hash", String, nullable=False),
    Column("created_at", Utc, nullable=False),
)

agent_session = Table(
    "agent_session",
    metadata,
    Column("secret_hash", String, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("agent_id", ForeignKey("agent.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("device", String, nullable=False),
    Column("address", String, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("last_seen", Utc, nullable=False),
)

agent_device = Table(
    "agent_device",
    metadata,
    Column("secret_hash", String, primary_key=True),
    Column("agent_id", ForeignKey("agent.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", Utc, nullable=False),
)

canned = Table(
    "canned",
    metadata,
    Column("shortcut", String, primary_key=True),
    Column("language", String, primary_key=True),
    Column("title", String, nullable=False),
    Column("text", Text, nullable=False),
)

answer_draft = Table(
    "answer_draft",
    metadata,
    Column("id", String, primary_key=True),
    Column("status", String, nullable=False, index=True),  # draft | published | dismissed
    Column("question", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("language", String, nullable=False),
    Column("phrasings", JSON, nullable=False),
    Column("category", String, nullable=False),
    Column("conversation_id", ForeignKey("conversation.id", ondelete="SET NULL")),
    Column("agent_id", ForeignKey("agent.id", ondelete="SET NULL")),
    Column("agent_name", String, nullable=False),
    Column("passage", String, nullable=False),
    Column("document", String, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("published_at", Utc),
)

# Which passages a message rests on: what its citations name, to be found from the passage.
citation = Table(
    "citation",
    metadata,
    Column("conversation_id", String, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("passage_id", String, primary_key=True, index=True),
    ForeignKeyConstraint(["conversation_id", "seq"], ["event.conversation_id", "event.seq"], ondelete="CASCADE"),
)

# What was done about a customer who was told something that has changed since. A passage that comes back and goes once
# more is another case.
recall = Table(
    "recall",
    metadata,
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    Column("passage_id", String, primary_key=True),
    Column("retired_at", Utc, primary_key=True),
    Column("outcome", String, nullable=False),  # sent | dismissed
    Column("seq", Integer),  # of the correction
    Column("agent_id", String, nullable=False),
    Column("agent_name", String, nullable=False),
    Column("at", Utc, nullable=False),
)

# Entries edited or disabled in the console: what is live instead of what their files say.
override = Table(
    "override",
    metadata,
    Column("anchor", String, primary_key=True),
    Column("document", String, nullable=False),
    Column("action", String, nullable=False),  # edit | disable
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("phrasings", JSON, nullable=False),
    Column("seen", JSON, nullable=False),  # the ids of what the file said when somebody last decided
    Column("file", JSON, nullable=False),  # the passages of what it says now
    Column("by", String, nullable=False),
    Column("at", Utc, nullable=False),
)

# What processes that share this database tell each other. Times are seconds since 1970 by the database's own clock:
# the machines of the processes may disagree about theirs.

process = Table(
    "process",
    metadata,
    Column("id", String, primary_key=True),
    Column("seen", Float, nullable=False),  # not for a while: it is gone
    Column("agents", JSON, nullable=False),  # who has a console open there: agent id → is away
    Column("readers", JSON, nullable=False),  # conversations that a customer has open there
)

lease = Table(  # one holder at a time, until it lets go or its time is over
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("until", Float, nullable=False),
)

draft = Table(  # the checked sentences of the reply that is being written
    "draft",
    metadata,
    Column("conversation_id", ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    Column("answers", Integer, nullable=False),
    Column("n", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("citations", JSON, nullable=False),
)

ticket = Table(  # opens one socket, once
    "ticket",
    metadata,
    Column("hash", String, primary_key=True),
    Column("kind", String, nullable=False),  # customer | agent
    Column("secret_hash", String, nullable=False),  # of the session it stands for
    Column("until", Float, nullable=False, index=True),
)
