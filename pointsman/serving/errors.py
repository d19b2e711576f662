"""Why the service does not start."""

from pointsman.errors import PointsmanError


class ServingError(PointsmanError):
    """The service cannot be started as it is set up."""
