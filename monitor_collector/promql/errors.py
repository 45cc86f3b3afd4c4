"""What can go wrong with a query, told to the person who wrote it."""


class QueryError(Exception):
    """A query that cannot be answered: malformed, mistyped or using something that is not supported.

    Raised when the text is parsed, before any data is read. `message` says what is wrong, `position` is the
    zero-based character offset in the text where it is, or None where that cannot be told.
    """

    def __init__(self, message: str, position: int | None = None, text: str = ""):
        super().__init__(message)
        self.message = message
        self.position = position
        self.text = text

    def __str__(self) -> str:
        if self.position is None:
            return self.message
        before = self.text[: self.position]
        line = before.count("\n") + 1
        column = self.position - (before.rfind("\n") + 1) + 1
        return f"{line}:{column}: {self.message}"


class EvaluationError(QueryError):
    """A well-formed query that the data does not allow, for example two series matching where one must.

    Raised while evaluating, with the wording of Prometheus, whose HTTP API answers it with 422 instead of 400.
    """
