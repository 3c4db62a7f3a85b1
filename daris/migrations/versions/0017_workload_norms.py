"""Norms of pedagogical workload."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "workload_norms",
        sa.Column("kind", sa.String(12), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("factor", sa.Float(), nullable=False),
        sa.Column("basis", sa.String(300)),
        sa.PrimaryKeyConstraint("kind", "since", name="pk_workload_norms"),
    )


def downgrade() -> None:
    op.drop_table("workload_norms")
