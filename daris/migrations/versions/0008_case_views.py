"""What people watched of offline packages: each sitting is handed in once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "case_view",
        sa.Column("view", sa.Uuid(), nullable=False),
        sa.Column("package", sa.Uuid(), nullable=False),
        sa.Column("lecture", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("view", name="pk_case_view"),
    )


def downgrade() -> None:
    op.drop_table("case_view")
