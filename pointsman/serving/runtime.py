"""The packaged router in memory: texts in, scores out, off the event loop and in joint forward passes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from pointsman.errors import PointsmanError
from pointsman.routers import packaged
from pointsman.routers.base import router_text
from pointsman.routers.encoder import usable_cores
from pointsman.serving.batching import Batcher
from pointsman.serving.errors import ServingError
from pointsman.serving.settings import Settings

if TYPE_CHECKING:
    from pointsman.routers.packaged import Packaged


# On a processor a pass takes nearly as many times longer as it has texts, so that larger ones would only keep the first
# of many requests waiting for the last; a GPU takes many texts in the time of one.
MAX_TEXTS_OF_A_PASS = {"cpu": 8, "cuda": 64}
MAX_WAIT_S = {"cpu": 0.0, "cuda": 0.002}  # for company, while another pass runs and a thread is free
MAX_PASSES = 4  # side by side; each holds the interpreter for a part of its time
SHORT_CHARACTERS = 250  # a text of some 60 tokens takes 3 ms or less


class Prediction(NamedTuple):
    """What the router says of one text."""

    score: float  # calibrated probability that gain > 0
    truncated: bool  # whether the text was longer than the router reads
    threshold: float  # the packaged one of the router that gave the score


class Runtime:
    """Scores texts for the event loop that it is first used on."""

    def __init__(self, router: Packaged) -> None:
        self.router = router
        self._started_s = time.monotonic()
        self._batcher: Batcher[str, Prediction] = Batcher(
            self._predict,
            size=len,
            small=SHORT_CHARACTERS,
            max_items=MAX_TEXTS_OF_A_PASS[router.device],
            max_wait_s=MAX_WAIT_S[router.device],
            threads=min(MAX_PASSES, usable_cores()),
        )

    @property
    def uptime_s(self) -> float:
        """Seconds since the router was loaded."""
        return time.monotonic() - self._started_s

    async def predict(self, text: str) -> Prediction:
        """Score one text, together with those of other requests that come at the same time."""
        (future,) = self._batcher.submit([text])
        return await future

    async def predict_batch(self, texts: Sequence[str]) -> list[Prediction]:
        """Score texts, in their order; texts of similar length share a pass."""
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]))
        predictions = await asyncio.gather(*self._batcher.submit([texts[position] for position in order]))
        place = dict(zip(order, predictions, strict=True))
        return [place[position] for position in range(len(texts))]

    def close(self) -> None:
        """Stop the threads."""
        self._batcher.close()

    def _predict(self, texts: list[str]) -> list[Prediction]:
        router = self.router  # one for the whole pass, whatever replaces it meanwhile
        read = [router_text(text) for text in texts]
        tokens = router.tokenise(read)
        scores = router.scores_tokens(read, [ids for ids, _ in tokens]).score
        return [Prediction(float(score), cut, router.threshold) for score, (_, cut) in zip(scores, tokens, strict=True)]


def load_router(settings: Settings) -> Packaged:
    """Read the packaged router and score one text with it, so that a damaged model fails here and not in a request.

    Raises:
        ServingError: the folder holds no router that can score.
    """
    try:
        router = packaged.load(settings.folder, threads=settings.threads, device=settings.device)
        (score,) = router.scores(["Is this router able to score?"]).score
    except PointsmanError as problem:
        raise ServingError(f"no router to serve: {problem}") from problem
    except Exception as problem:  # a damaged folder fails in as many ways as there are files in it
        raise ServingError(
            f"no router to serve: {settings.folder} cannot be loaded ({type(problem).__name__}: {problem}). "
            "Write it again with: dvc repro package; or name another folder in POINTSMAN_ROUTER"
        ) from problem
    if not 0.0 <= score <= 1.0:
        raise ServingError(f"no router to serve: {settings.folder} gives the score {score}, expected one from 0 to 1")
    return router
