"""Leaves a failing model alone for a while, instead of letting every request wait for it."""

import time
from collections.abc import Callable

from pointsman.config.serving import BreakerConfig


class Breaker:
    """Closed while a model answers; open after so many failures in a row; then one request at a time tries it."""

    def __init__(self, config: BreakerConfig, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._config = config
        self._clock = clock
        self._failures = 0
        self._open_until_s = 0.0

    @property
    def is_open(self) -> bool:
        """Whether the model is being left alone."""
        return self._failures >= self._config.failures and self._clock() < self._open_until_s

    def allows(self) -> bool:
        """Whether a request may be sent now; after the pause, this one tries and the others go on waiting."""
        if self.is_open:
            return False
        if self._failures >= self._config.failures:
            self._pause()
        return True

    def succeed(self) -> None:
        """The model answered."""
        self._failures = 0

    def fail(self) -> None:
        """The model failed."""
        self._failures += 1
        if self._failures >= self._config.failures:
            self._pause()

    def _pause(self) -> None:
        self._open_until_s = self._clock() + self._config.open_s
