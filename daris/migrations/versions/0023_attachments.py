"""Files of statements, each once, and whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("sha2", sa.String(128), primary_key=True),
        sa.Column("content", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "statement_attachment",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha2", sa.String(128), nullable=False),
        sa.PrimaryKeyConstraint("seq", "sha2", name="pk_statement_attachment"),
    )
    op.create_index("ix_statement_attachment_sha2", "statement_attachment", ["sha2"])


def downgrade() -> None:
    op.drop_table("statement_attachment")
    op.drop_table("attachment")
