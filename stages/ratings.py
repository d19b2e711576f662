"""Rate each response 1 to 5, against its reference, by a judge, or both: data/ratings.jsonl.

Examples:
  python -m stages.ratings
  python -m stages.ratings --dry-run               what the judge would cost; nothing is sent, no code is run
  python -m stages.ratings --record-verdicts       keep the verdicts of code checks with the recorded answers
"""

import argparse
from functools import partial
from pathlib import Path

from pointsman.cli import run, say
from pointsman.config.params import load_params
from pointsman.llm.client import ask
from pointsman.llm.estimate import estimate, estimate_table
from pointsman.llm.shelf import Asking
from pointsman.llm.weights import model_hash
from pointsman.rating.rate import judge_requests, plan, rate
from pointsman.rating.verdicts import FILE, read_verdicts, write_verdicts
from pointsman.tables.schemas import QUERIES, RATINGS, RESPONSES, ROLES, frame, read_table, write_table


def main() -> None:
    """Write the ratings, or print what a judge would cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="print requests, tokens and dollars, send nothing")
    parser.add_argument("--record-verdicts", action="store_true", help="add the verdicts of code run now to recordings")
    options = parser.parse_args()
    params = load_params()
    queries = read_table(Path("data/queries.jsonl"), QUERIES)
    responses = {role: read_table(Path(f"data/responses/{role}.jsonl"), RESPONSES) for role in ROLES}
    asking = Asking(params.llm, params.provider, params.weights, stage="ratings")
    template = Path(params.rating.judge.prompt).read_text("utf-8")
    judge = params.rating.judge.candidate
    judge_hash = model_hash(judge.model, params.weights) if judge else None
    tasks = plan(queries, responses, params.rating)
    if options.dry_run:
        say(estimate_table(estimate(judge_requests(tasks, params.rating, template, judge_hash), asking)))
        return
    verdicts_file = Path(params.llm.recordings) / FILE if params.llm.recordings else None
    rated = rate(
        tasks,
        params.rating,
        ask=partial(ask, settings=asking, what="ratings"),
        template=template,
        recorded=read_verdicts(verdicts_file) if verdicts_file else {},
        model_hash=judge_hash,
    )
    table = frame(rated.rows, RATINGS)
    write_table(Path("data/ratings.jsonl"), table, RATINGS)
    if options.record_verdicts and verdicts_file:
        write_verdicts(verdicts_file, {**read_verdicts(verdicts_file), **rated.live})
    methods = table["method"].value_counts().sort_index().to_dict()
    say(f"data/ratings.jsonl: {len(table)} ratings {methods}, {int(table['error'].notna().sum())} without a score")


if __name__ == "__main__":
    run(main)
