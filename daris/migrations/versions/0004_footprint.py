"""The digital footprint: the event log, and what is projected from it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SEQ = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _create_log()
    _create_presence()
    _create_statements()


def _create_log() -> None:
    op.create_table(
        "event",
        sa.Column("seq", _SEQ, nullable=False, autoincrement=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(64), nullable=False),
        sa.Column("lecture", sa.Uuid()),
        sa.Column("run", sa.Uuid()),
        sa.Column("person", sa.Uuid()),
        sa.Column("seat", sa.Uuid()),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.SmallInteger(), nullable=False),
        sa.Column("payload", sa.Text()),
        sa.Column("salt", sa.LargeBinary(16)),
        sa.Column("commitment", sa.LargeBinary(32), nullable=False),
        sa.Column("chain", sa.LargeBinary(32), nullable=False),
        sa.Column("erased_by", sa.Uuid()),
        sa.PrimaryKeyConstraint("seq", name="pk_event"),
        sa.UniqueConstraint("id", name="uq_event_id"),
    )
    op.create_index("ix_event_lecture_kind_seq", "event", ["lecture", "kind", "seq"])
    op.create_index("ix_event_person_seq", "event", ["person", "seq"])
    op.create_table(
        "fact_set_aside",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_fact_set_aside"),
    )


def _create_presence() -> None:
    op.create_table(
        "presence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("seat", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Uuid()),
        sa.Column("lecture", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(16), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id", name="pk_presence"),
    )
    for column in ("seat", "lecture", "person"):
        op.create_index(f"ix_presence_{column}", "presence", [column])
    op.create_table(
        "checkpoint",
        sa.Column("seat", sa.Uuid(), nullable=False),
        sa.Column("run", sa.Uuid()),
        sa.Column("lecture", sa.Uuid()),
        sa.Column("last_proof_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("seat", name="pk_checkpoint"),
    )
    for column in ("lecture", "seen_at"):
        op.create_index(f"ix_checkpoint_{column}", "checkpoint", [column])


def _create_statements() -> None:
    op.create_table(
        "statement",
        sa.Column("seq", _SEQ, nullable=False, autoincrement=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("activity", sa.Text()),
        sa.Column("registration", sa.Uuid()),
        sa.Column("stored", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_statement"),
        sa.UniqueConstraint("id", name="uq_statement_id"),
    )
    for column in ("agent", "verb", "activity", "registration"):
        op.create_index(f"ix_statement_{column}_seq", "statement", [column, "seq"])
    op.create_index("ix_statement_stored", "statement", ["stored"])


def downgrade() -> None:
    for table in ("statement", "checkpoint", "presence", "fact_set_aside", "event"):
        op.drop_table(table)
