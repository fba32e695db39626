"""agents and the inbox"""

from collections.abc import Sequence
from datetime import UTC

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "agent",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
        sa.UniqueConstraint("login", name=op.f("uq_agent_login")),
    )
    op.create_table(
        "canned",
        sa.Column("shortcut", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shortcut", "language", name=op.f("pk_canned")),
    )
    op.create_table(
        "feed",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("epoch", sa.String(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_feed")),
    )
    op.create_table(
        "agent_device",
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_device_agent_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_agent_device")),
    )
    with op.batch_alter_table("agent_device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_device_agent_id"), ["agent_id"], unique=False)

    op.create_table(
        "agent_session",
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_agent_session_agent_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("secret_hash", name=op.f("pk_agent_session")),
        sa.UniqueConstraint("id", name=op.f("uq_agent_session_id")),
    )
    with op.batch_alter_table("agent_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_session_agent_id"), ["agent_id"], unique=False)

    op.create_table(
        "answer_draft",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("phrasings", sa.JSON(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=True),
        sa.Column("agent_id", sa.String(), nullable=True),
        sa.Column("agent_name", sa.String(), nullable=False),
        sa.Column("passage", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["agent_id"], ["agent.id"], name=op.f("fk_answer_draft_agent_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_answer_draft_conversation_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answer_draft")),
    )
    with op.batch_alter_table("answer_draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_answer_draft_status"), ["status"], unique=False)

    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("agent_name", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("reason", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("tags", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("email", sa.String(), server_default="", nullable=False))
        batch_op.add_column(sa.Column("mailed", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("score", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("queue_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("owed_since", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("delayed", sa.Boolean(), server_default=sa.false(), nullable=False))
        batch_op.add_column(sa.Column("last", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("asked", sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("inbox_seq", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index("ix_conversation_agent_status", ["agent", "status"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_inbox_seq"), ["inbox_seq"], unique=False)
        batch_op.create_index("ix_conversation_status_queue_at", ["status", "queue_at"], unique=False)

    # The defaults were for the rows that are there; from now on every row says what it holds.
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        for name in ("agent_name", "reason", "tags", "email", "mailed", "delayed", "asked", "inbox_seq"):
            batch_op.alter_column(name, server_default=None)
    _fill(op.get_bind())

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.create_index("ix_event_kind_created_at", ["kind", "created_at"], unique=False)


def _fill(connection: sa.Connection) -> None:
    """What the new columns of a conversation would hold, had they been there: from its last events."""
    moment = sa.DateTime(timezone=True)
    conversation = sa.table(
        "conversation",
        sa.column("id"),
        sa.column("status"),
        sa.column("reason"),
        sa.column("last", sa.JSON),
        sa.column("asked"),
        sa.column("waiting_since", moment),
        sa.column("queue_at", moment),
    )
    event = sa.table(
        "event",
        sa.column("conversation_id"),
        sa.column("seq"),
        sa.column("kind"),
        sa.column("author"),
        sa.column("body", sa.JSON),
        sa.column("created_at", moment),
    )
    for id, status in connection.execute(sa.select(conversation.c.id, conversation.c.status)).all():
        own = sa.select(event).where(event.c.conversation_id == id).order_by(event.c.seq)
        values: dict[str, object] = {}
        for row in connection.execute(own).all():
            at = row.created_at if row.created_at.tzinfo else row.created_at.replace(tzinfo=UTC)
            if row.kind == "message.created":
                line = {"author": row.author, "text": row.body.get("text", "")[:200], "at": at.isoformat()}
                values["last"] = {**line, "seq": row.seq}
                if row.author == "customer":
                    values["asked"] = row.seq
            elif row.kind == "conversation.handed_off":
                values["reason"] = row.body.get("data", {}).get("reason", "")
                if status == "waiting":
                    values |= {"waiting_since": at, "queue_at": at}
        if values:
            connection.execute(sa.update(conversation).where(conversation.c.id == id).values(values))


def downgrade() -> None:
    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.drop_index("ix_event_kind_created_at")

    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_index("ix_conversation_status_queue_at")
        batch_op.drop_index(batch_op.f("ix_conversation_inbox_seq"))
        batch_op.drop_index("ix_conversation_agent_status")
        batch_op.drop_column("inbox_seq")
        batch_op.drop_column("asked")
        batch_op.drop_column("last")
        batch_op.drop_column("delayed")
        batch_op.drop_column("owed_since")
        batch_op.drop_column("queue_at")
        batch_op.drop_column("waiting_since")
        batch_op.drop_column("score")
        batch_op.drop_column("mailed")
        batch_op.drop_column("email")
        batch_op.drop_column("tags")
        batch_op.drop_column("reason")
        batch_op.drop_column("agent_name")

    with op.batch_alter_table("answer_draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_answer_draft_status"))

    op.drop_table("answer_draft")
    with op.batch_alter_table("agent_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_session_agent_id"))

    op.drop_table("agent_session")
    with op.batch_alter_table("agent_device", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agent_device_agent_id"))

    op.drop_table("agent_device")
    op.drop_table("feed")
    op.drop_table("canned")
    op.drop_table("agent")
