"""Logos of channels; conditioned media is told apart by its look, which is a profile with or without one."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "logos",
        sa.Column("name", sa.String(12), primary_key=True),
        sa.Column("image", sa.LargeBinary, nullable=False),
        sa.Column("corner", sa.String(12), nullable=False),
        sa.Column("height", sa.Integer, nullable=False),
        sa.Column("opacity", sa.Integer, nullable=False),
    )
    op.add_column("channels", sa.Column("logo", sa.String(12)))
    op.execute("ALTER TABLE house_items RENAME COLUMN profile TO look")


def downgrade() -> None:
    op.execute("DELETE FROM house_items WHERE look LIKE '%+%'")
    op.execute("ALTER TABLE house_items RENAME COLUMN look TO profile")
    op.drop_column("channels", "logo")
    op.drop_table("logos")
