"""Who writes to whom in the chat of a class."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_TABLES = ("lectures", "series")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(
            table, sa.Column("chat_mode", sa.String(12), nullable=False, server_default="open")
        )


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "chat_mode")
