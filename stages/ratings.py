"""Rate each response 1 to 5, against its reference, by a judge, or both: data/ratings.jsonl, data/judgements.jsonl.

Examples:
  python -m stages.ratings
  python -m stages.ratings --dry-run               what the judge would cost; nothing is sent, no code is run
  python -m stages.ratings --record-verdicts       keep the verdicts of code checks with the recorded answers
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import pandas as pd

from pointsman.cli import make_parser, run, say
from pointsman.config.params import load_params
from pointsman.config.rating import JudgeConfig, RatingConfig
from pointsman.llm.client import ask
from pointsman.llm.estimate import estimate, estimate_table
from pointsman.llm.shelf import Asking
from pointsman.llm.types import Request
from pointsman.llm.weights import model_hash
from pointsman.rating.forecast import ASSUMED_TOKENS, assume_responses, explain_questions
from pointsman.rating.judge import NO_JUDGE, JudgeError
from pointsman.rating.plan import Task, plan
from pointsman.rating.questions import questions
from pointsman.rating.rate import Rated, rate
from pointsman.rating.replies import first_form, in_form
from pointsman.rating.verdicts import FILE, read_verdicts, write_verdicts
from pointsman.tables.schemas import JUDGEMENTS, QUERIES, RATINGS, RESPONSES, ROLES, frame, read_table, write_table


def main() -> None:
    """Write the ratings, or print what a judge would cost."""
    parser = make_parser(__doc__)
    parser.add_argument("--dry-run", action="store_true", help="print requests, tokens and dollars, send nothing")
    parser.add_argument("--record-verdicts", action="store_true", help="add the verdicts of code run now to recordings")
    options = parser.parse_args()
    params = load_params()
    rating, judge = params.rating, params.rating.judge.candidate
    queries = read_table(Path("data/queries.jsonl"), QUERIES)
    asking = Asking(params.llm, params.provider, params.weights, stage="ratings")
    template = rubric(rating.judge)
    judge_hash = model_hash(judge.model, params.weights) if judge else None
    if options.dry_run:
        say(forecast(queries, rating, template, judge_hash, asking))
        return
    responses = {role: read_table(responses_file(role), RESPONSES) for role in ROLES}
    verdicts_file = Path(params.llm.recordings) / FILE if params.llm.recordings else None
    rated = rate(
        planned(queries, responses, rating),
        rating,
        ask=partial(ask, settings=asking, what="ratings"),
        known=partial(count_known, asking=asking),
        template=template,
        recorded=read_verdicts(verdicts_file) if verdicts_file else {},
        model_hash=judge_hash,
    )
    if options.record_verdicts and verdicts_file:
        write_verdicts(verdicts_file, {**read_verdicts(verdicts_file), **rated.live})
    write(rated)


def write(rated: Rated) -> None:
    """Write both tables and say how many ratings there are."""
    table = frame(rated.rows, RATINGS)
    write_table(Path("data/ratings.jsonl"), table, RATINGS)
    write_table(Path("data/judgements.jsonl"), frame(rated.judgements, JUDGEMENTS), JUDGEMENTS)
    methods = table["method"].value_counts().sort_index().to_dict()
    say(f"data/ratings.jsonl: {len(table)} ratings {methods}, {int(table['error'].notna().sum())} without a score")


def rubric(judge: JudgeConfig) -> str:
    """The template of the judge's mode."""
    name = "pairwise_prompt" if judge.mode == "pairwise" else "prompt"
    path = Path(getattr(judge, name))
    if not path.is_file():
        raise JudgeError(
            f"rating.judge.{name} is {path}, which is no file; expected a template such as prompts/judge.txt"
        )
    return path.read_text("utf-8")


def planned(queries: pd.DataFrame, responses: Mapping[str, pd.DataFrame], rating: RatingConfig) -> list[Task]:
    """The ratings to make.

    Raises:
        JudgeError: a judge has to rate something, and none is named.
    """
    tasks = plan(queries, responses, rating)
    unjudged = sum(task.error == NO_JUDGE for task in tasks)
    if unjudged:
        raise JudgeError(f"{unjudged} answers are to be judged, and {NO_JUDGE}")
    return tasks


def forecast(queries: pd.DataFrame, rating: RatingConfig, template: str, judge_hash: str | None, asking: Asking) -> str:
    """What judging would cost; of a role that has not answered yet, answers of some length are assumed."""
    absent = [role for role in ROLES if not responses_file(role).exists()]
    responses = {
        role: assume_responses(queries, role) if role in absent else read_table(responses_file(role), RESPONSES)
        for role in ROLES
    }
    tasks = planned(queries, responses, rating)
    asked = questions(tasks, rating, template, judge_hash)
    requests = [question.request for question in asked]
    form = first_form(requests, partial(count_known, asking=asking))
    table = estimate_table(estimate([in_form(request, form) for request in requests], asking))
    lines = [table, explain_questions(tasks, asked)]
    if absent:
        lines.append(f"no {' or '.join(absent)} answers lie here yet: {ASSUMED_TOKENS} tokens each are assumed")
    return "\n".join(lines)


def responses_file(role: str) -> Path:
    """Where a role's answers lie."""
    return Path(f"data/responses/{role}.jsonl")


def count_known(requests: Sequence[Request], asking: Asking) -> int:
    """How many of the requests are recorded or cached."""
    return sum(line.recorded + line.cached for line in estimate(requests, asking))


if __name__ == "__main__":
    run(main)
