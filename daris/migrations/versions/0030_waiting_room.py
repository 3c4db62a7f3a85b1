"""Whether who comes to a class waits until a host lets them in."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

_TABLES = ("lectures", "series")


def upgrade() -> None:
    for table in _TABLES:
        column = sa.Column("waiting_room", sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column(table, column)


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "waiting_room")
