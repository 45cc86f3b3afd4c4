"""What can go wrong with a template, told to the person who wrote it."""


class TemplateError(Exception):
    """The template is malformed, uses something that is not supported here, or does not suit its values."""
