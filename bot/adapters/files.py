"""Files on disk as sources: found below the given paths, read when their text is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = frozenset({".md", ".markdown", ".csv"})
NOT_CONTENT = frozenset({"readme.md", "license.md", "changelog.md", "contributing.md"})
SKIPPED_FOLDERS = frozenset({"judged", "node_modules", "__pycache__"})
MAX_BYTES = 20 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TextFile:
    """`path` is relative to `origin`, with forward slashes on every system."""

    origin: str
    path: str
    file: Path

    def text(self) -> str:
        if self.file.stat().st_size > MAX_BYTES:
            raise OSError(27, f"larger than {MAX_BYTES // 2**20} MiB")
        return self.file.read_text(encoding="utf-8")


def text_files(origin: Path, below: Path) -> Iterator[TextFile]:
    """The Markdown and CSV files at or below `below`, in a stable order; symbolic links are not followed."""
    found = [below] if below.is_file() else sorted(path for path in below.rglob("*") if _is_content(path, below))
    for file in found:
        path = file.name if origin == file else file.relative_to(origin).as_posix()
        yield TextFile(str(origin), path, file)


def _is_content(path: Path, root: Path) -> bool:
    parents = path.relative_to(root).parts[:-1]
    return (
        path.suffix.lower() in SUFFIXES
        and path.name.lower() not in NOT_CONTENT
        and not path.name.startswith((".", "~"))
        and not any(part.startswith(".") or part in SKIPPED_FOLDERS for part in parents)
        and not path.is_symlink()
        and path.is_file()
    )
