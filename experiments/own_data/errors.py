"""What a reader can mend."""


class InputError(ValueError):
    """What somebody typed or gave as data cannot be used; the message is one line that says what to do."""
