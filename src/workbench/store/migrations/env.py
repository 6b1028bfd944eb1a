"""Runs the migrations on the connection that ``workbench.store.schema`` hands over."""

from alembic import context

from workbench.store.schema import is_ours
from workbench.store.tables import metadata

# Alembic sets ``config`` only while it runs this file; a tool that imports every module finds nothing to do.
config = getattr(context, "config", None)
if config is not None:
    context.configure(
        connection=config.attributes["connection"],
        target_metadata=metadata,
        include_name=is_ours,
        render_as_batch=True,
    )
    with context.begin_transaction():
        context.run_migrations()
