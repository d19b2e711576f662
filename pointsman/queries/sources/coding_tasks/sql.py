"""SQL templates: a question that every world of two tables can be asked."""

import sqlite3
from dataclasses import dataclass
from random import Random
from typing import Literal

from pointsman.queries.sources.coding_tasks.code import Variant, fill
from pointsman.queries.sources.coding_tasks.worlds import World

WORDINGS = (
    "Given this SQLite schema:\n\n$schema\n\nWrite a query that $question. Reply with the SQL only.",
    "$schema\n\nI need one SQL query (SQLite) which $question. SQL only, no explanation.",
    "Please write a single SQLite SELECT statement that $question. The database was created with\n\n$schema\n\n"
    "Answer with the SQL only.",
)


@dataclass(frozen=True)
class SqlTask:
    """Ask for a SELECT. `wrong` is what a usual mistake looks like; the hidden rows tell it from `answer`."""

    name: str
    difficulty: str
    tables: Literal["parent", "child", "both"]
    question: str
    answer: str
    wrong: str
    variants: tuple[World, ...]
    ordered: bool = False

    def render(self, place: int, random: Random) -> Variant:
        """The query for the world at `place`, in a wording that `random` chooses."""
        world = self.variants[place]
        created = {"parent": world.parent_table, "child": world.child_table}
        schema = "\n".join(created.values())
        shown = created.get(self.tables, schema)
        prompt = fill(random.choice(WORDINGS), {"schema": shown, "question": fill(self.question, world.values)})
        full, answer = f"{schema}\n{world.rows}", fill(self.answer, world.values)
        reference = {
            "kind": "sql",
            "schema": full,
            "answer": answer,
            "expected": select(full, answer),
            "ordered": self.ordered,
        }
        return Variant(prompt, reference)


def select(schema: str, query: str) -> list[list[object]]:
    """Rows of a query on a fresh in-memory database."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(schema)
        return [list(row) for row in connection.execute(query)]
    finally:
        connection.close()
