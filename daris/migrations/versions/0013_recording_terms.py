"""Who may watch a recording, and how long it is kept."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_NAMES = ("visibility", "link", "kept_until", "is_kept")


def upgrade() -> None:
    op.add_column(
        "lectures",
        sa.Column("visibility", sa.String(10), nullable=False, server_default="group"),
    )
    op.add_column("lectures", sa.Column("link", sa.Uuid()))
    op.add_column("lectures", sa.Column("kept_until", sa.DateTime(timezone=True)))
    op.add_column(
        "lectures",
        sa.Column("is_kept", sa.Boolean(), nullable=False, server_default=sa.false()),
    )


def downgrade() -> None:
    for name in _NAMES:
        op.drop_column("lectures", name)
