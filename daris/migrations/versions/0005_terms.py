"""Academic periods and holidays, weekly series, and calendar feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_calendar()
    _create_series()
    op.create_table(
        "calendar_feeds",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_calendar_feeds_person"),
        sa.PrimaryKeyConstraint("person", name="pk_calendar_feeds"),
        sa.UniqueConstraint("secret_hash", name="uq_calendar_feeds_secret_hash"),
    )


def _create_calendar() -> None:
    op.create_table(
        "periods",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("calendar", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("midterm_week", sa.Integer()),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_periods"),
    )
    op.create_index("ix_periods_calendar_starts_on", "periods", ["calendar", "starts_on"])
    op.create_table(
        "holidays",
        sa.Column("calendar", sa.String(40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("calendar", "day", name="pk_holidays"),
    )


def _create_series() -> None:
    op.create_table(
        "series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(300), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("lecturer", sa.Uuid(), nullable=False),
        sa.Column("is_recorded", sa.Boolean(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("begins", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(64), nullable=False),
        sa.Column("weeks", sa.String(4), nullable=False),
        sa.Column("first_week", sa.Integer(), nullable=False),
        sa.Column("last_week", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["period"], ["periods.id"], name="fk_series_period"),
        sa.ForeignKeyConstraint(["lecturer"], ["people.id"], name="fk_series_lecturer"),
        sa.PrimaryKeyConstraint("id", name="pk_series"),
    )
    for column in ("period", "lecturer"):
        op.create_index(f"ix_series_{column}", "series", [column])
    op.create_table(
        "series_classes",
        sa.Column("lecture", sa.Uuid(), nullable=False),
        sa.Column("series", sa.Uuid(), nullable=False),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("is_dropped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["lecture"], ["lectures.id"], name="fk_series_classes_lecture"),
        sa.ForeignKeyConstraint(["series"], ["series.id"], name="fk_series_classes_series"),
        sa.PrimaryKeyConstraint("lecture", name="pk_series_classes"),
    )
    op.create_index("ix_series_classes_series", "series_classes", ["series"])


def downgrade() -> None:
    for table in ("calendar_feeds", "series_classes", "series", "holidays", "periods"):
        op.drop_table(table)
