"""validity, audience, sources, how a generation came about; a passage keeps its id wherever it moves"""

import hashlib
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SAYS = ("anchor", "title", "text", "language", "kind", "url")
PASSAGE = ("valid_from", "valid_to", "audience")
GENERATION = {"published_by": sa.String(), "reason": sa.Text(), "action": sa.String()}


def upgrade() -> None:
    op.create_table(
        "source",
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("passages", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("origin", "path", name=op.f("pk_source")),
    )
    with op.batch_alter_table("passage") as batch:
        for name in PASSAGE:
            batch.add_column(sa.Column(name, sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("needs_person", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("generation") as batch:
        for name, kind in GENERATION.items():
            default = "publish" if name == "action" else ""
            batch.add_column(sa.Column(name, kind, nullable=False, server_default=default))
    for table, names in (("passage", (*PASSAGE, "needs_person")), ("generation", tuple(GENERATION))):
        with op.batch_alter_table(table) as batch:
            for name in names:
                batch.alter_column(name, server_default=None)
    _recall_tables()
    _fill_citations(_rename())


def _recall_tables() -> None:
    op.create_table(
        "citation",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("passage_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id", "seq"],
            ["event.conversation_id", "event.seq"],
            name=op.f("fk_citation_conversation_id_seq"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("conversation_id", "seq", "passage_id", name=op.f("pk_citation")),
    )
    op.create_index(op.f("ix_citation_passage_id"), "citation", ["passage_id"])
    op.create_table(
        "recall",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("passage_id", sa.String(), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("agent_id", sa.String(), nullable=False),
        sa.Column("agent_name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_recall_conversation_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", "passage_id", "retired_at", name=op.f("pk_recall")),
    )


def _fill_citations(renamed: Mapping[str, str]) -> None:
    """From the messages there are. In Python: PostgreSQL cannot look into JSON with a NUL in it."""
    connection = op.get_bind()
    names = ("conversation_id", "seq", "passage_id")
    columns = map(sa.column, ("conversation_id", "seq", "kind", "author"))
    event = sa.table("event", *columns, sa.column("body", sa.JSON()))
    citation = sa.table("citation", *map(sa.column, names))
    e, last = event.c, ("", 0)
    said = sa.select(e.conversation_id, e.seq, e.body).where(
        e.kind == "message.created", e.author.in_(("bot", "agent"))
    )
    said = said.order_by(e.conversation_id, e.seq).limit(1_000)
    while rows := connection.execute(said.where(sa.tuple_(e.conversation_id, e.seq) > sa.tuple_(*last))).all():
        last = rows[-1][0], rows[-1][1]
        cited = {(id, seq, one["passage"]) for id, seq, body in rows for one in body.get("citations") or ()}
        new = {(id, seq, renamed.get(passage, passage)) for id, seq, passage in cited}
        if new:
            connection.execute(sa.insert(citation), [dict(zip(names, one, strict=True)) for one in sorted(new)])


def _rename() -> dict[str, str]:
    """An id is a hash of what a passage says, and no longer of its position in the document. The index still names the
    old ones: `bot ingest` builds it anew."""
    connection = op.get_bind()
    passage = sa.Table("passage", sa.MetaData(), autoload_with=connection)
    history = sa.Table("passage_history", sa.MetaData(), autoload_with=connection)
    renamed = dict[str, str]()
    moved = connection.execute(sa.select(passage).where(passage.c.position > 0).order_by(passage.c.id)).mappings()
    for row in moved.all():
        parts = ("0", *(row[name] for name in SAYS), *row["phrasings"])
        id = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
        renamed[row["id"]] = id
        if connection.scalar(sa.select(passage.c.id).where(passage.c.id == id)) is None:
            connection.execute(sa.insert(passage).values({**row, "id": id}))
        connection.execute(sa.update(history).where(history.c.passage_id == row["id"]).values(passage_id=id))
        connection.execute(sa.delete(passage).where(passage.c.id == row["id"]))
    return renamed


def downgrade() -> None:
    op.drop_table("recall")
    op.drop_table("citation")
    with op.batch_alter_table("generation") as batch:
        for name in reversed(GENERATION):
            batch.drop_column(name)
    with op.batch_alter_table("passage") as batch:
        for name in ("needs_person", *reversed(PASSAGE)):
            batch.drop_column(name)
    op.drop_table("source")
