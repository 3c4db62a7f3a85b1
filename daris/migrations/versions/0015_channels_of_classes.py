"""For which television channel a class or a series is."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_TABLES = ("lectures", "series")


def upgrade() -> None:
    """In place: making the table anew would pull it from under those that refer to it."""
    for table in _TABLES:
        channels = sa.ForeignKey("channels.id", name=f"fk_{table}_channel_channels")
        op.add_column(table, sa.Column("channel", sa.String(40), channels), inline_references=True)
        op.create_index(f"ix_{table}_channel", table, ["channel"])


def downgrade() -> None:
    for table in _TABLES:
        op.drop_index(f"ix_{table}_channel", table)
        with op.batch_alter_table(table) as changed:
            changed.drop_column("channel")
