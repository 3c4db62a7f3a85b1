"""Mentions in the order of their key alone: SQLite had kept each in a table and in an index over it."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _made_anew(with_rowid=False)


def downgrade() -> None:
    _made_anew(with_rowid=True)


def _made_anew(*, with_rowid: bool) -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("statement_mention", "statement_mention_before")
    op.create_table(
        "statement_mention",
        sa.Column("digest", sa.LargeBinary(16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "seq", name="pk_statement_mention"),
        sqlite_with_rowid=with_rowid,
    )
    op.execute(
        "INSERT INTO statement_mention (digest, seq) "
        "SELECT digest, seq FROM statement_mention_before ORDER BY digest, seq"
    )
    op.drop_table("statement_mention_before")
