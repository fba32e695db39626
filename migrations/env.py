"""Alembic runs this for every command.

`bot migrate` hands over its connection; on the command line name a database:
`alembic -x url=sqlite:///var/bot.db revision --autogenerate -m "add …"`.
"""

import asyncio
from typing import Literal

from alembic import context
from sqlalchemy import Connection

from bot.adapters.database import database_url
from bot.adapters.migrate import migrating
from bot.adapters.tables import Utc, metadata


def render(kind: str, item: object, autogen: object) -> str | Literal[False]:
    """A revision must run for ever: it names SQLAlchemy's types, never ours."""
    return "sa.DateTime(timezone=True)" if isinstance(item, Utc) else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,  # SQLite cannot alter a column in place
        transactional_ddl=True,
        compare_type=True,
        compare_server_default=True,
        render_item=render,
    )
    with context.begin_transaction():
        context.run_migrations()


def run_from_command_line() -> None:
    url = context.get_x_argument(as_dictionary=True).get("url")
    if not isinstance(url, str) or context.is_offline_mode():
        raise SystemExit("name a database that is running: alembic -x url=sqlite:///var/bot.db …")
    asyncio.run(migrating(database_url(url), run))


connection = context.config.attributes.get("connection")
if connection is None:
    run_from_command_line()
else:
    run(connection)
