"""The time in which a programme may be shown, kept to be looked at again when it goes on air."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("rights_from", "rights_until"):
        op.add_column("programmes", sa.Column(name, sa.DateTime(timezone=True)))


def downgrade() -> None:
    for name in ("rights_until", "rights_from"):
        op.drop_column("programmes", name)
