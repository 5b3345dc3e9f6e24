"""The command that makes the report on a file again."""

import shlex
from collections.abc import Mapping
from pathlib import Path


def rerun_command(data: Path, options: Mapping[str, object]) -> str:
    """`python -m experiments compare DATA --option value ...` for a shell; files by their names, without folders.

    An option that is None or False is left out, one that is True stands alone. Empty if a name has characters in it
    that have no place in a report: control characters, or the marks around code.
    """
    words = ["python", "-m", "experiments", "compare", data.name]
    for name, value in options.items():
        if value is None or value is False:
            continue
        words.append(f"--{name}")
        if value is not True:
            words.append(value.name if isinstance(value, Path) else str(value))
    command = shlex.join(words)
    return command if command.isprintable() and "`" not in command else ""
