"""Practices, exam sessions and breaks of a period; days that changed places."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "period_stretches",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("has_classes", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["period"], ["periods.id"], name="fk_period_stretches_period"),
        sa.PrimaryKeyConstraint("id", name="pk_period_stretches"),
    )
    op.create_index("ix_period_stretches_period", "period_stretches", ["period"])
    op.create_table(
        "moved_days",
        sa.Column("calendar", sa.String(40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taught_as", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("calendar", "day", name="pk_moved_days"),
    )


def downgrade() -> None:
    for table in ("moved_days", "period_stretches"):
        op.drop_table(table)
