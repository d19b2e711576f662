"""The report as data: built once, rendered as HTML and as Markdown. Every string in it is plain text, never markup."""

from dataclasses import dataclass, replace
from typing import ClassVar


@dataclass(frozen=True)
class Fact:
    """One number of the verdict."""

    label: str
    value: str
    interval: str  # empty where there is none
    meaning: str


@dataclass(frozen=True)
class Verdict:
    """What to do, in sentences for somebody who knows none of the measures; the first one is the most important."""

    good: bool  # false: the first line is a warning
    lines: tuple[str, ...]
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True)
class Bullets:
    """A list of sentences."""

    kind: ClassVar[str] = "bullets"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Column:
    """A column of a table; without a meaning where the name says enough."""

    name: str
    meaning: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class Table:
    """A table of formatted cells; `marked` are the numbers of the rows that stand out."""

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()
    notes: tuple[str, ...] = ()

    def without_meanings(self) -> "Table":
        """The same table, for one that follows another with the same columns."""
        return replace(self, columns=tuple(replace(column, meaning="") for column in self.columns))


@dataclass(frozen=True)
class Figure:
    """A picture; `file` names the one that also lies beside the report, which Markdown shows."""

    kind: ClassVar[str] = "figure"
    name: str
    title: str
    description: str  # what it shows, for those who do not see it
    svg: str
    file: str | None = None


@dataclass(frozen=True)
class Decision:
    """What the router did with one test query."""

    query: str
    category: str
    score: str
    route: str
    weak_score: str
    strong_score: str
    comment: str
    weak_answer: str | None
    strong_answer: str | None


@dataclass(frozen=True)
class Decisions:
    """Sample decisions, from the surest weak one to the surest strong one."""

    kind: ClassVar[str] = "decisions"
    items: tuple[Decision, ...]


Block = Text | Bullets | Table | Figure | Decisions


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it; `html_only` keeps what a clock measured out of the committed Markdown."""

    anchor: str
    title: str
    blocks: tuple[Block, ...]
    html_only: bool = False


@dataclass(frozen=True)
class Report:
    """The whole report."""

    title: str
    subtitle: str
    verdict: Verdict
    sections: tuple[Section, ...]
