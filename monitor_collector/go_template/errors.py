"""What can go wrong with a template, told to the person who wrote it."""

# Far beyond any label or annotation; a text that doubles itself ends here.
LONGEST_TEXT = 1_000_000


class TemplateError(Exception):
    """The template is malformed, uses something that is not supported here, or does not suit its values."""
