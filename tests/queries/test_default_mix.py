"""The default mix in conf/queries/default.yaml, but for what must be downloaded."""

import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from pointsman.config.queries import FactsSource, Family, OpenAIEvalsSource, QueriesConfig, ReasoningGymSource
from pointsman.queries.deduplicate import deduplicate
from pointsman.queries.sources import facts, reasoning_gym
from pointsman.queries.sources.openai_evals import Form
from pointsman.queries.sources.sampling import validated

CONF = Path(__file__).parents[2] / "conf" / "queries" / "default.yaml"


@pytest.fixture(scope="module")
def config() -> QueriesConfig:
    return QueriesConfig.model_validate(yaml.safe_load(CONF.read_text("utf-8")))


def families(config: QueriesConfig) -> list[Family]:
    return [family for source in config.sources for family in getattr(source, "families", [])]


def test_the_first_line_is_the_command_that_uses_the_file() -> None:
    assert CONF.read_text("utf-8").startswith("# python -m pointsman.config.compose queries=default")


def test_no_family_name_comes_twice(config: QueriesConfig) -> None:
    assert [name for name, times in Counter(family.name for family in families(config)).items() if times > 1] == []


def test_factual_and_reasoning_have_eight_families_and_more(config: QueriesConfig) -> None:
    names = defaultdict(set)
    for family in families(config):
        names[family.category].add(family.name)
    assert len(names["factual"]) >= 8 and len(names["reasoning"]) >= 8


def test_fourteen_families_and_more_are_procedural(config: QueriesConfig) -> None:
    listed = [source.families for source in config.sources if isinstance(source, ReasoningGymSource)]
    assert sum(map(len, listed)) >= 14
    assert all(1 <= len(family.levels) <= 3 for source in listed for family in source)


def test_the_evals_forms_are_well_formed(config: QueriesConfig) -> None:
    sources = [source for source in config.sources if isinstance(source, OpenAIEvalsSource)]
    for family in (family for source in sources for family in source.families):
        assert family.dataset is not None and family.dataset.endswith(".jsonl")
        for parameters in family.levels.values():
            assert validated(Form, parameters, family).instruction


@pytest.mark.parametrize(("kind", "module"), [(ReasoningGymSource, reasoning_gym), (FactsSource, facts)])
def test_every_family_yields_its_count_and_hardly_a_duplicate(config: QueriesConfig, kind: Any, module: Any) -> None:
    for source in (source for source in config.sources if isinstance(source, kind)):
        made = list(module.generate(source, 7))
        assert Counter(query.family for query in made) == {family.name: family.count for family in source.families}
        kept = deduplicate(made, config.near_duplicate_similarity)
        assert len(kept.queries) >= 0.97 * len(made)


def test_every_process_writes_the_same_queries() -> None:
    script = (
        "import hashlib, sys, yaml\n"
        "from pointsman.config.queries import QueriesConfig\n"
        "from pointsman.queries.sources import facts, reasoning_gym\n"
        "config = QueriesConfig.model_validate(yaml.safe_load(open(sys.argv[1])))\n"
        "modules = {'facts': facts, 'reasoning_gym': reasoning_gym}\n"
        "made = [q for s in config.sources if s.kind in modules for q in modules[s.kind].generate(s, 7)]\n"
        "print(len(made), hashlib.sha256(repr(made).encode()).hexdigest())\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", script, str(CONF)],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert int(outputs[0].split()[0]) > 1000
