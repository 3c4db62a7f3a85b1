"""The calendar that a course follows, where it is not its faculty's."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("courses", sa.Column("calendar", sa.String(40)))


def downgrade() -> None:
    with op.batch_alter_table("courses") as table:
        table.drop_column("calendar")
