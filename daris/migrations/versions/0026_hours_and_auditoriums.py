"""The teaching hours of a period, and how many people an auditorium seats."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_HOURS = {"opens": "08:00:00", "closes": "20:00:00"}


def upgrade() -> None:
    for name, usual in _HOURS.items():
        op.add_column("periods", sa.Column(name, sa.Time(), nullable=False, server_default=usual))
    op.create_table(
        "auditoriums",
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_auditoriums"),
    )


def downgrade() -> None:
    op.drop_table("auditoriums")
    with op.batch_alter_table("periods") as table:
        for name in _HOURS:
            table.drop_column(name)
