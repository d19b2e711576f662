"""Grading many responses: recorded verdicts first, code checks over several cores."""

import logging
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tqdm import tqdm

from pointsman.cli import bar_interval_s
from pointsman.config.rating import SandboxConfig
from pointsman.rating.references import GradingError, Reference, Verdict, grade, verdict_key
from pointsman.rating.sandbox import available

_log = logging.getLogger(__name__)


class Item(NamedTuple):
    """A response and the reference that it is checked against."""

    response: str
    reference: Reference


class Graded(NamedTuple):
    """Outcomes in the order of the items, and the verdicts of code that was run now, by their key."""

    outcomes: list[Verdict | GradingError]
    live: dict[str, Verdict]


def grade_all(
    items: Sequence[Item], sandbox: SandboxConfig, workers: int | None, recorded: Mapping[str, Verdict]
) -> Graded:
    """Grade every item; one that cannot be graded has its error in its place.

    Args:
        items: in any order; equal ones are run once.
        sandbox: limits of each run of model-written code.
        workers: runs at once; None: one a core.
        recorded: verdicts of code checks that need not be run again.
    """
    keys = [verdict_key(*item) if item.reference.get("kind") == "code" else None for item in items]
    to_run = {key: item for key, item in zip(keys, items, strict=True) if key is not None and key not in recorded}
    run = _run_code(to_run, sandbox, workers or os.cpu_count() or 1)
    known: dict[str, Verdict | GradingError] = {**recorded, **run}
    outcomes = [_graded(item, sandbox) if key is None else known[key] for key, item in zip(keys, items, strict=True)]
    return Graded(outcomes, {key: found for key, found in run.items() if isinstance(found, Verdict)})


def _run_code(items: Mapping[str, Item], sandbox: SandboxConfig, workers: int) -> dict[str, Verdict | GradingError]:
    if not items:
        return {}
    isolation = available()
    if not isolation.available:
        problem = GradingError(f"not run: no isolation on this platform ({isolation.reason})")
        return dict.fromkeys(items, problem)
    if isolation.reason:
        _log.warning("code checks are less isolated than they could be: %s", isolation.reason)
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(lambda item: _graded(item, sandbox), items.values())
        bar = tqdm(found, "code checks", len(items), unit="response", mininterval=bar_interval_s())
        return dict(zip(items, bar, strict=True))


def _graded(item: Item, sandbox: SandboxConfig) -> Verdict | GradingError:
    try:
        return grade(*item, sandbox)
    except GradingError as problem:
        return problem
