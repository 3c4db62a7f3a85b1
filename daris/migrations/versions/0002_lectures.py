"""Lectures, and the history of each, which is also the outbox of their facts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "lectures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("lecturer", sa.Uuid(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("is_recorded", sa.Boolean(), nullable=False),
        sa.Column("recording", sa.String(10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True)),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("taught_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["lecturer"], ["people.id"], name="fk_lectures_lecturer"),
        sa.PrimaryKeyConstraint("id", name="pk_lectures"),
    )
    op.create_index("ix_lectures_state_starts_at", "lectures", ["state", "starts_at"])
    op.create_index("ix_lectures_starts_at_id", "lectures", ["starts_at", "id"])
    op.create_index("ix_lectures_lecturer_starts_at", "lectures", ["lecturer", "starts_at"])
    op.create_table(
        "lecture_history",
        sa.Column("lecture", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("fact", sa.Text()),
        sa.Column("announced_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["lecture"], ["lectures.id"], name="fk_lecture_history_lecture"),
        sa.PrimaryKeyConstraint("lecture", "revision", name="pk_lecture_history"),
    )
    op.create_index(
        "ix_lecture_history_due",
        "lecture_history",
        ["at"],
        sqlite_where=sa.text("announced_at IS NULL"),
        postgresql_where=sa.text("announced_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("lecture_history")
    op.drop_table("lectures")
