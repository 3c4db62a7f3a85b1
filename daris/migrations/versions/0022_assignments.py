"""Recordings that are to be watched before a class."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lecture", sa.Uuid(), nullable=False),
        sa.Column("recording", sa.Uuid(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["lecture"], ["lectures.id"], name="fk_assignments_lecture"),
        sa.ForeignKeyConstraint(["recording"], ["lectures.id"], name="fk_assignments_recording"),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name="fk_assignments_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_assignments"),
        sa.UniqueConstraint("lecture", "recording", name="uq_assignments_lecture_recording"),
    )
    for column in ("recording", "deadline"):
        op.create_index(f"ix_assignments_{column}", "assignments", [column])


def downgrade() -> None:
    op.drop_table("assignments")
