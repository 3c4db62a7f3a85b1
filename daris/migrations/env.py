"""What alembic runs. `daris.migrations.schema` hands it the connection.

A new revision is drafted from the tables in the code by

    python -m daris.migrations.draft "what it does"
"""

from alembic import context

from kernel.database import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite can't alter a table in place
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
