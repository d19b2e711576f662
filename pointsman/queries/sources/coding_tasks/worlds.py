"""Small databases of two tables that the SQL templates share: one record has many, as a customer has orders."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

# Ranks are scaled to each world's own values. One parent has no child, one no number; numbers and amounts
# tie, an amount is missing, and children fall in two years: a query that forgets any of this gives other rows.
_PARENTS = ((1, 2, 4), (2, 0, 3), (3, 1, 7), (4, 0, None), (5, 2, 7), (6, 0, 1), (7, 1, 5))  # id, group, number
_CHILDREN = (  # parent, amount, day, kind
    (1, 5, "2024-03-02", 0),
    (1, 2, "2023-03-15", 1),
    (2, 9, "2024-03-31", 2),
    (2, 3, "2024-04-01", 0),
    (2, 3, "2024-02-29", 1),
    (3, 6, "2023-11-30", 2),
    (4, None, "2024-03-10", 0),
    (4, 6, "2024-12-24", 1),
    (5, 1, "2024-01-05", 0),
    (5, 12, "2023-12-31", 1),
    (6, 2, "2024-06-06", 2),
    (6, 7, "2024-03-10", 0),
)


@dataclass(frozen=True)
class World:
    """Names of two tables and of their columns, and the values that stand in them."""

    parent: str
    one: str
    child: str
    name: str
    group: str
    number: str
    amount: str
    day: str
    kind: str
    names: tuple[str, ...]
    groups: tuple[str, str, str]
    kinds: tuple[str, str, str]
    number_scale: tuple[int, int]
    amount_step: int

    def number_at(self, rank: int) -> int:
        """The number that rank stands for."""
        return self.number_scale[0] + rank * self.number_scale[1]

    @cached_property
    def values(self) -> dict[str, object]:
        """What a question or an answer may name, thresholds included: `many` of numbers, `much` of amounts."""
        names = ("parent", "one", "child", "name", "group", "number", "amount", "day", "kind")
        return {
            **{name: getattr(self, name) for name in names},
            "key": f"{self.one}_id",
            **dict(zip(("g1", "g2", "g3"), self.groups, strict=True)),
            **dict(zip(("k1", "k2", "k3"), self.kinds, strict=True)),
            "many": self.number_at(4),
            "much": 6 * self.amount_step,
        }

    @cached_property
    def parent_table(self) -> str:
        """The CREATE TABLE line of the parent."""
        columns = f"id INTEGER PRIMARY KEY, {self.name} TEXT, {self.group} TEXT, {self.number} INTEGER"
        return f"CREATE TABLE {self.parent} ({columns});"

    @cached_property
    def child_table(self) -> str:
        """The CREATE TABLE line of the child."""
        return (
            f"CREATE TABLE {self.child} (id INTEGER PRIMARY KEY, {self.one}_id INTEGER REFERENCES {self.parent}(id), "
            f"{self.amount} INTEGER, {self.day} TEXT, {self.kind} TEXT);"
        )

    @cached_property
    def rows(self) -> str:
        """The INSERT statements of both tables, which no prompt shows."""
        parents = ", ".join(
            f"({number}, '{self.names[number - 1]}', '{self.groups[group]}', {_null(rank, self.number_at)})"
            for number, group, rank in _PARENTS
        )
        children = ", ".join(
            f"({number}, {parent}, {_null(rank, lambda r: r * self.amount_step)}, '{day}', '{self.kinds[kind]}')"
            for number, (parent, rank, day, kind) in enumerate(_CHILDREN, start=1)
        )
        return f"INSERT INTO {self.parent} VALUES {parents};\nINSERT INTO {self.child} VALUES {children};"  # noqa: S608


def _null(rank: int | None, scale: Callable[[int], int]) -> str:
    return "NULL" if rank is None else str(scale(rank))
