"""Write a migration from what the tables and the newest migration differ in. Usage: migration.py "what changes"."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.adapters.migrate import write_revision

with TemporaryDirectory() as folder:
    print(write_revision(f"sqlite:///{Path(folder) / 'empty.sqlite'}", sys.argv[1]))
