"""Statements about others, in the order of keeping."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

_IS_ABOUT = sa.text("target IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_statement_about",
        "statement",
        ["seq"],
        sqlite_where=_IS_ABOUT,
        postgresql_where=_IS_ABOUT,
    )


def downgrade() -> None:
    op.drop_index("ix_statement_about", "statement")
