"""Who does not want to be counted in what a class watched."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uncounted",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_uncounted_person_people"),
        sa.PrimaryKeyConstraint("person", name="pk_uncounted"),
    )


def downgrade() -> None:
    op.drop_table("uncounted")
