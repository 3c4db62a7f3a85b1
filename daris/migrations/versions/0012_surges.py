"""Surges: classes that went online together, and how they were held before."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "surges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("faculty", sa.String(100)),
        sa.Column("mode", sa.String(12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name="fk_surges_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_surges"),
    )
    op.create_table(
        "surge_classes",
        sa.Column("surge", sa.Uuid(), nullable=False),
        sa.Column("lecture", sa.Uuid(), nullable=False),
        sa.Column("mode_before", sa.String(12), nullable=False),
        sa.ForeignKeyConstraint(["surge"], ["surges.id"], name="fk_surge_classes_surge"),
        sa.ForeignKeyConstraint(["lecture"], ["lectures.id"], name="fk_surge_classes_lecture"),
        sa.PrimaryKeyConstraint("surge", "lecture", name="pk_surge_classes"),
    )


def downgrade() -> None:
    for table in ("surge_classes", "surges"):
        op.drop_table(table)
