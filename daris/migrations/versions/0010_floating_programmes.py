"""Programmes that begin later when the live one before them goes on; the coding of a channel's texts."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "programmes",
        sa.Column("is_floating", sa.Boolean(), nullable=False, server_default=sa.false()),
    )

    op.add_column(
        "channels", sa.Column("charset", sa.String(12), nullable=False, server_default="utf-8")
    )


def downgrade() -> None:
    op.drop_column("channels", "charset")
    op.drop_column("programmes", "is_floating")
