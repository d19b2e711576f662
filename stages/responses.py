"""Ask a role's model what is not answered yet: data/responses/{role}.jsonl.

Examples:
  python -m stages.responses --role weak
  python -m stages.responses --role strong --dry-run      requests, tokens and dollars; nothing is sent
"""

from pathlib import Path

from pointsman.cli import make_parser, run, say
from pointsman.config.params import load_params
from pointsman.llm.client import ask
from pointsman.llm.estimate import estimate, estimate_table
from pointsman.llm.requests import response_requests
from pointsman.llm.responses import check_failures, collection_summary, needs_answer, response_rows
from pointsman.llm.shelf import Asking
from pointsman.tables.io import read_json, write_json
from pointsman.tables.schemas import QUERIES, RESPONSES, ROLES, frame, read_table, write_table

COLLECTION_FILE = Path("reports/collection.json")


def main() -> None:
    """Write one role's responses, or print what asking would cost."""
    parser = make_parser(__doc__)
    parser.add_argument("--role", choices=ROLES, required=True)
    parser.add_argument("--dry-run", action="store_true", help="print requests, tokens and dollars, send nothing")
    options = parser.parse_args()
    role = options.role
    params = load_params()
    queries = read_table(Path("data/queries.jsonl"), QUERIES)
    open_queries = queries[needs_answer(queries, role)]
    requests = response_requests(open_queries, role, params.pair, params.weights)
    asking = Asking(params.llm, params.provider, params.weights, stage=f"responses@{role}")
    if options.dry_run:
        say(estimate_table(estimate(requests, asking)))
        return
    answers = dict(zip(open_queries["id"], ask(requests, asking, what=f"{role} answers"), strict=True))
    rows = response_rows(queries, role, getattr(params.pair, role).model, answers)
    summary = collection_summary(answers)
    collection = read_json(COLLECTION_FILE) if COLLECTION_FILE.exists() else {}
    write_json(COLLECTION_FILE, collection | {role: summary})
    check_failures(rows, role, params.llm.max_failed_share)
    write_table(Path(f"data/responses/{role}.jsonl"), frame(rows, RESPONSES), RESPONSES)
    say(f"{role}: {len(rows)} responses, {sum(summary['failed'].values())} failed, answers from {summary['origin']}")


if __name__ == "__main__":
    run(main)
