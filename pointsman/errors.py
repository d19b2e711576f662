"""The error that a user can mend: what happened, what was expected, what to do."""


class PointsmanError(Exception):
    """Base of every expected failure; a stage prints its message and exits 1, without a traceback."""
