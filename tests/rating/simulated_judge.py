"""A provider whose judge has known faults, and queries whose answers are known to be right or wrong."""

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from judge_cases import rating_config
from pytest_httpserver import HTTPServer
from werkzeug import Request as Received
from werkzeug import Response

from pointsman.config.llm import LlmConfig, Provider
from pointsman.llm.client import ask
from pointsman.llm.shelf import Asking
from pointsman.rating.plan import plan
from pointsman.rating.rate import Rated, rate
from pointsman.tables.schemas import JUDGEMENTS, QUERIES, RATINGS, RESPONSES, check, frame
from stages.ratings import count_known

ROOT = Path(__file__).parents[2]
OWN_STYLE = "Certainly!"
_ANSWER = re.compile(r"<answer(?: [AB])? [0-9a-f]{12}>\n(.*?)\n</answer", re.DOTALL)


def chance(*texts: str) -> float:
    """A number from 0 to 1 that the texts decide."""
    return int.from_bytes(hashlib.sha256("\0".join(texts).encode()).digest()[:6], "big") / 2**48


@dataclass
class SimulatedJudge:
    """Rates what it sees of an answer; of two that it finds equally good, `leans` decides where it is set.

    `leans`: first, longer, own or nothing. `refuses`: forms that it answers with 400. `babbles`: it needs a repair.
    `chokes`: so it does, and its host answers 400. `moods`: another seed may give another verdict.
    """

    leans: str | None = None
    sensitivity: float = 1.0
    specificity: float = 1.0
    refuses: tuple[str, ...] = ()
    babbles: bool = False
    chokes: bool = False
    moods: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, received: Received) -> Response:
        sent = json.loads(received.data)
        self.asked.append(sent)
        form = (sent.get("response_format") or {"type": "text"})["type"]
        if form in self.refuses:
            return self._refuses(f"This model does not support response_format of type {form}")
        if self.chokes and len(sent["messages"]) == 1:
            return self._refuses("Failed to generate JSON. See 'failed_generation' for more details.")
        if self.babbles and len(sent["messages"]) == 1:
            return self._says("Well, it is rather good I would say.")
        prompt = sent["messages"][0]["content"]
        answers = _ANSWER.findall(prompt)
        mood = str(sent.get("seed", "")) if self.moods else ""
        verdict = {"rating": self.rate(answers[0], mood)} if len(answers) == 1 else {"better": self.choose(*answers)}
        return self._says(json.dumps({"rationale": "seen", **verdict}))

    def seems_right(self, answer: str) -> bool:
        is_right = answer.endswith("42.")
        return chance("seen", answer) < (self.sensitivity if is_right else 1 - self.specificity)

    def rate(self, answer: str, mood: str) -> int:
        likes = {"longer": len(answer) > 250, "own": answer.startswith(OWN_STYLE)}
        better = likes.get(self.leans or "", chance("rating", mood, answer) < 0.5)
        return (4 if self.seems_right(answer) else 1) + better

    def choose(self, first: str, second: str) -> str:
        seen = self.seems_right(first), self.seems_right(second)
        if seen[0] != seen[1]:
            return "A" if seen[0] else "B"
        if self.leans == "first":
            return "A"
        if self.leans == "longer":
            return "A" if len(first) > len(second) else "B"
        if self.leans == "own":
            return "A" if first.startswith(OWN_STYLE) else "B"
        if chance("tie", *sorted((first, second))) < 0.3:
            return "tie"
        takes_lower = chance("pair", *sorted((first, second))) < 0.5
        return "A" if takes_lower == (first < second) else "B"

    def _refuses(self, message: str) -> Response:
        told = {"error": {"message": message, "type": "invalid_request_error"}}
        return Response(json.dumps(told), status=400, content_type="application/json")

    def _says(self, text: str) -> Response:
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "finish_reason": "stop", "message": message}]
        usage = {"prompt_tokens": 10, "completion_tokens": 4}
        said = {"id": "1", "model": "judge", "choices": choices, "usage": usage}
        return Response(json.dumps(said), content_type="application/json")


@dataclass
class Case:
    """Queries with two answers each, and whether those are right: role -> shape (queries,)."""

    queries: pd.DataFrame
    responses: dict[str, pd.DataFrame]
    right: dict[str, np.ndarray]

    @property
    def chars(self) -> dict[str, dict[str, int]]:
        return {
            role: dict(zip(table["id"], table["response"].str.len(), strict=True))
            for role, table in self.responses.items()
        }


def make_case(n: int, *, referenced: int, seed: int = 0) -> Case:
    """Of n queries the first so many have a reference. Length says nothing of rightness, the strong one has a style."""
    generator = np.random.default_rng(seed)
    reference = {"kind": "numeric", "answer": 42}
    ids = [f"q{number:04d}" for number in range(n)]
    queries = [
        {"id": name, "prompt": f"Query {name}?", "category": "c", "family": "f", "source": "s", "split": "test"}
        | {"reference": reference if number < referenced else None}
        for number, name in enumerate(ids)
    ]
    right = {role: generator.random(n) < share for role, share in (("weak", 0.3), ("strong", 0.6))}
    responses = {}
    for role, style in (("weak", "Well."), ("strong", OWN_STYLE)):
        words = generator.integers(5, 80, size=n)
        rows = [
            {"id": name, "response": f"{style} {'hmm, ' * count}and of {name} the answer is {42 if is_right else 41}."}
            for name, count, is_right in zip(ids, words, right[role], strict=True)
        ]
        responses[role] = check(frame(rows, RESPONSES), RESPONSES, "responses")
    return Case(check(frame(queries, QUERIES), QUERIES, "queries"), responses, right)


def asking(server: HTTPServer, root: Path, on_miss: str = "ask") -> Asking:
    """Settings that ask the test server, with a cache under `root`."""
    provider = Provider(base_url=server.url_for("/v1"), api_key_env=None, concurrency=8, timeout_s=30, max_retries=0)
    llm = LlmConfig(
        on_miss=on_miss,
        recordings=None,
        cache="llm.sqlite",
        budget_usd=None,
        max_failed_share=0.01,
        context_tokens=512,
        threads=None,
    )
    return Asking(llm, {"p": provider}, {}, root)


def judged(
    case: Case, judge: SimulatedJudge, server: HTTPServer, root: Path, method: str = "both", **settings: Any
) -> Rated:
    """Everything rated by the simulated judge, over HTTP."""
    server.clear_all_handlers()
    server.expect_request("/v1/chat/completions").respond_with_handler(judge.answer)
    on_miss = settings.pop("on_miss", "ask")
    config = rating_config(method, **settings)
    name = config.judge.pairwise_prompt if config.judge.mode == "pairwise" else config.judge.prompt
    using = asking(server, root, on_miss)
    rated = rate(
        plan(case.queries, case.responses, config),
        config,
        ask=partial(ask, settings=using, what="test"),
        known=partial(count_known, asking=using),
        template=(ROOT / name).read_text("utf-8"),
        recorded={},
    )
    check(frame(rated.rows, RATINGS), RATINGS, "ratings")
    return rated


def said(rated: Rated) -> pd.DataFrame:
    """The JUDGEMENTS table."""
    return check(frame(rated.judgements, JUDGEMENTS), JUDGEMENTS, "judgements")
