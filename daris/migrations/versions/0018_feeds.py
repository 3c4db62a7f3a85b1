"""Feeds of courses and channels, beside those of one's own lectures."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("course", sa.Uuid()),
        sa.Column("channel", sa.String(40)),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_feeds_person"),
        sa.ForeignKeyConstraint(["course"], ["courses.id"], name="fk_feeds_course"),
        sa.ForeignKeyConstraint(["channel"], ["channels.id"], name="fk_feeds_channel"),
        sa.PrimaryKeyConstraint("id", name="pk_feeds"),
        sa.UniqueConstraint("secret_hash", name="uq_feeds_secret_hash"),
    )
    op.create_index("ix_feeds_person", "feeds", ["person"])
    op.execute(
        "INSERT INTO feeds (id, person, what, secret_hash, created_at) "
        "SELECT person, person, 'calendar', secret_hash, created_at FROM calendar_feeds"
    )
    op.drop_table("calendar_feeds")


def downgrade() -> None:
    op.create_table(
        "calendar_feeds",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_calendar_feeds_person"),
        sa.PrimaryKeyConstraint("person", name="pk_calendar_feeds"),
        sa.UniqueConstraint("secret_hash", name="uq_calendar_feeds_secret_hash"),
    )
    op.execute(
        "INSERT INTO calendar_feeds (person, secret_hash, created_at) "
        "SELECT person, secret_hash, created_at FROM feeds "
        "WHERE what = 'calendar' AND course IS NULL AND channel IS NULL"
    )
    op.drop_table("feeds")
