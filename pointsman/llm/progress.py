"""The progress bar of live calls."""

from types import TracebackType
from typing import Any, Self

from tqdm import tqdm

from pointsman.cli import bar_interval_s
from pointsman.llm.types import Answer


class Progress:
    """Rate and ETA of answers, with the dollars spent, tries repeated and failures."""

    def __init__(self, what: str, total: int) -> None:
        self._bar: tqdm[Any] = tqdm(total=total, desc=what, unit="answer", mininterval=bar_interval_s(), smoothing=0.05)
        self._repeated = self._failed = 0
        self._usd = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._bar.close()

    def repeat(self) -> None:
        """A try failed and is made again."""
        self._repeated += 1

    def answer(self, answer: Answer, *, billed: bool) -> None:
        """A request is done with."""
        self._failed += answer.error is not None
        self._usd += (answer.cost or 0.0) if billed else 0.0
        shown: dict[str, str | int] = {"failed": self._failed}
        if self._repeated:
            shown["repeated"] = self._repeated
        if billed:
            shown["spent"] = f"${self._usd:.4f}"
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update()

    @property
    def done(self) -> int:
        """Requests answered or failed for good."""
        return int(self._bar.n)
