"""entries edited or disabled in the console; passages are looked up by their anchor"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "override",
        sa.Column("anchor", sa.String(), nullable=False),
        sa.Column("document", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("phrasings", sa.JSON(), nullable=False),
        sa.Column("seen", sa.JSON(), nullable=False),
        sa.Column("file", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("anchor", name=op.f("pk_override")),
    )
    op.create_index(op.f("ix_passage_anchor"), "passage", ["anchor"])


def downgrade() -> None:
    op.drop_index(op.f("ix_passage_anchor"), "passage")
    op.drop_table("override")
