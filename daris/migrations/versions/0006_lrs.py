"""The full statement store: voiding, mentions, and documents of others."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("statement", sa.Column("target", sa.Uuid()))
    op.create_index(
        "ix_statement_target",
        "statement",
        ["target"],
        sqlite_where=sa.text("target IS NOT NULL"),
        postgresql_where=sa.text("target IS NOT NULL"),
    )
    op.create_table(
        "statement_mention",
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("seq", _SEQ, nullable=False, autoincrement=False),
        sa.PrimaryKeyConstraint("digest", "seq", name="pk_statement_mention"),
    )
    op.create_table(
        "xapi_document",
        sa.Column("key", sa.LargeBinary(32), nullable=False),
        sa.Column("scope", sa.LargeBinary(32), nullable=False),
        sa.Column("agent", sa.Text()),
        sa.Column("registration", sa.Uuid()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content_type", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_xapi_document"),
    )
    op.create_index("ix_xapi_document_scope", "xapi_document", ["scope"])


def downgrade() -> None:
    op.drop_table("xapi_document")
    op.drop_table("statement_mention")
    op.drop_index("ix_statement_target", "statement")
    op.drop_column("statement", "target")
