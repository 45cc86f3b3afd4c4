"""The one error that a user of the lab sees."""


class LabError(Exception):
    """Something a person has to mend; its text says what is wrong and what to do about it."""
