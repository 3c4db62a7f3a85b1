"""A person's calendar feed: an address with a secret that calendar programs can read.

Only the secret's SHA-256 is kept, so the address is shown once, when it is made.
"""

import sqlalchemy as sa

from kernel.database import Id, UtcDateTime, metadata

feeds = sa.Table(
    "calendar_feeds",
    metadata,
    sa.Column("person", Id, sa.ForeignKey("people.id"), primary_key=True),
    sa.Column("secret_hash", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("created_at", UtcDateTime, nullable=False),
)
