"""Questions that are prepared for a lecture."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prepared_polls",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("lecture", sa.Uuid(), nullable=False),
        sa.Column("question", sa.JSON(), nullable=False),
        sa.Column("made_by", sa.Uuid()),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lecture"], ["lectures.id"], name="fk_prepared_polls_lecture"),
        sa.ForeignKeyConstraint(["made_by"], ["people.id"], name="fk_prepared_polls_made_by"),
        sa.PrimaryKeyConstraint("id", name="pk_prepared_polls"),
    )
    op.create_index("ix_prepared_polls_lecture", "prepared_polls", ["lecture"])


def downgrade() -> None:
    op.drop_table("prepared_polls")
