"""Notices to people, what they wish to be told, and which changes were looked at."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notice_wishes",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(254)),
        sa.Column("confirmed_at", sa.DateTime(timezone=True)),
        sa.Column("ahead", sa.Integer(), nullable=False),
        sa.Column("tells_changes", sa.Boolean(), nullable=False),
        sa.Column("by_mail", sa.Boolean(), nullable=False),
        sa.Column("by_webhook", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_notice_wishes_person"),
        sa.PrimaryKeyConstraint("person", name="pk_notice_wishes"),
    )
    _create_notices()
    op.add_column("lecture_history", sa.Column("noticed_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE lecture_history SET noticed_at = at")  # nobody is told of what is long past
    op.create_index(
        "ix_lecture_history_unnoticed",
        "lecture_history",
        ["at"],
        sqlite_where=sa.text("noticed_at IS NULL"),
        postgresql_where=sa.text("noticed_at IS NULL"),
    )


def _create_notices() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("way", sa.String(8), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("key", sa.String(120), nullable=False),
        sa.Column("lecture", sa.Uuid()),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("error", sa.String(300), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_notices_person"),
        sa.ForeignKeyConstraint(["lecture"], ["lectures.id"], name="fk_notices_lecture"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint("person", "way", "kind", "key", name="uq_notices_person_way_kind_key"),
    )
    op.create_index("ix_notices_made_at", "notices", ["made_at"])
    op.create_index(
        "ix_notices_waiting",
        "notices",
        ["next_at"],
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    op.drop_index("ix_lecture_history_unnoticed", "lecture_history")
    with op.batch_alter_table("lecture_history") as changed:
        changed.drop_column("noticed_at")
    for table in ("notices", "notice_wishes"):
        op.drop_table(table)
