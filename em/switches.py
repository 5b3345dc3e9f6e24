"""Settings that are either on or off."""

import numpy as np


def check_switch(value: object, name: str) -> None:
    """Refuse what is neither True nor False, naming it: what merely counts as true may mean the opposite ("no")."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name} must be True or False, not {value!r}")


def check_progress(progress: object) -> None:
    """Refuse what is neither True, False nor a function to call."""
    if not callable(progress) and not isinstance(progress, bool | np.bool_):
        raise ValueError(f"progress must be True, False or a function to call with each outcome, not {progress!r}")
