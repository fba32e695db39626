"""first tables"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TIME = sa.DateTime(timezone=True)
TABLES = ("conversation", "event", "session", "turn", "document", "passage", "passage_history", "generation")


def upgrade() -> None:
    conversations()
    knowledge()


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)


def conversations() -> None:
    op.create_table(
        "conversation",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("epoch", sa.String, nullable=False),
        sa.Column("customer", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("last_seq", sa.Integer, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("agent", sa.String, nullable=True),
        sa.Column("bot_from", sa.Integer, nullable=False),
        sa.Column("page", sa.Text, nullable=False),
        sa.Column("is_owing", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
    )
    op.create_index("ix_conversation_status_updated_at", "conversation", ["status", "updated_at"])
    op.create_index("ix_conversation_customer", "conversation", ["customer"])
    op.create_index(
        "ix_conversation_owing",
        "conversation",
        ["id"],
        sqlite_where=sa.text("is_owing = 1"),
        postgresql_where=sa.text("is_owing"),
    )
    op.create_table(
        "event",
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("author", sa.String, nullable=False),
        sa.Column("sender_id", sa.String, nullable=False),
        sa.Column("cid", sa.String, nullable=True),
        sa.Column("body", sa.JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "seq", name="pk_event"),
        sa.UniqueConstraint("conversation_id", "sender_id", "cid", name="uq_event_conversation_id_sender_id_cid"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_event_conversation_id", ondelete="CASCADE"
        ),
    )
    op.create_table(
        "session",
        sa.Column("secret_hash", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("customer", sa.String, nullable=False),
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("verified", sa.Boolean, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_seen", TIME, nullable=False),
        sa.PrimaryKeyConstraint("secret_hash", name="pk_session"),
        sa.UniqueConstraint("id", name="uq_session_id"),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name="fk_session_conversation_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_session_conversation_id", "session", ["conversation_id"])
    op.create_table(
        "turn",
        sa.Column("conversation_id", sa.String, nullable=False),
        sa.Column("question_seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("reply_seq", sa.Integer, nullable=False),
        sa.Column("evidence", sa.JSON, nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "question_seq", name="pk_turn"),
        sa.ForeignKeyConstraint(
            ["conversation_id", "question_seq"],
            ["event.conversation_id", "event.seq"],
            name="fk_turn_conversation_id_question_seq",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id", "reply_seq"],
            ["event.conversation_id", "event.seq"],
            name="fk_turn_conversation_id_reply_seq",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_turn_conversation_id_reply_seq", "turn", ["conversation_id", "reply_seq"])


def knowledge() -> None:
    op.create_table(
        "document",
        sa.Column("key", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("category", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_document"),
    )
    op.create_table(
        "passage",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("document", sa.String, nullable=False),
        sa.Column("anchor", sa.String, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("language", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("phrasings", sa.JSON, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("added_at", TIME, nullable=False),
        sa.Column("retired_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_passage"),
        sa.ForeignKeyConstraint(["document"], ["document.key"], name="fk_passage_document", ondelete="RESTRICT"),
    )
    op.create_index("ix_passage_document", "passage", ["document"])
    op.create_table(
        "passage_history",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("passage_id", sa.String, nullable=False),
        sa.Column("action", sa.String, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_passage_history"),
        sa.ForeignKeyConstraint(
            ["passage_id"], ["passage.id"], name="fk_passage_history_passage_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_passage_history_passage_id", "passage_history", ["passage_id"])
    op.create_table(
        "generation",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("manifest", sa.JSON, nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_generation"),
    )
