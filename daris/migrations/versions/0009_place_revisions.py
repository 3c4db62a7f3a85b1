"""By which edition of a recording the places count where people stopped."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("watch_place", sa.Column("revision", sa.Integer()))


def downgrade() -> None:
    op.drop_column("watch_place", "revision")
