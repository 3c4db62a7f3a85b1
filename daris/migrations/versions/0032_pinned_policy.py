"""Which version of the attendance policy judges a class, if not that of its day."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

_TABLES = ("lectures", "series")


def upgrade() -> None:
    for table in _TABLES:
        op.add_column(table, sa.Column("attendance_policy", sa.String(40)))


def downgrade() -> None:
    for table in _TABLES:
        op.drop_column(table, "attendance_policy")
