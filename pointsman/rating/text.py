"""From a chatty response to plain sentences, and to the places where it states its answer."""

import re
import unicodedata

LONGEST_CHARS = 8_000
WINDOW_CHARS = 80  # how far back words are looked at that deny a mention
LONGEST_SENTENCE_CHARS = 1_000
_MARK = "\x02"  # stands before an answer that the response boxed

_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
_BOXED = re.compile(r"\\(?:boxed|fbox)\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_WRAPPED = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|operatorname)\s*\{([^{}]*)\}")
_FENCED = re.compile(r"^```(?P<language>\w*)[^\n]*\n(?P<body>.*?)(?:^```[^\n]*$|\Z)", re.MULTILINE | re.DOTALL)
_PROGRAMS = frozenset(("python", "py", "javascript", "js", "java", "c", "cpp", "sql", "sh", "bash"))
_LONGEST_FENCED_ANSWER = 2  # lines
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]+?)(?<=\S)\*(?![\w*])")
_SYMBOLS = {
    "\\times": "×", "\\cdot": "·", "\\div": "÷", "\\approx": "≈", "^\\circ": "°", "^{\\circ}": "°", "\\circ": "°",
    "\\%": "%", "\\$": "$", "{,}": ",", "\\,": "", "\\!": "", "\\;": " ", "\\left": "", "\\right": "", "\\quad": " ",
    "\\(": " ", "\\)": " ", "\\[": " ", "\\]": " ",
    "“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "−": "-", "‑": "-", "\u00ad": "",
}  # fmt: skip
_STATED = re.compile(
    r"\banswer\b(?:\s+(?:to|for|of|here|in)\b[^.\n:=]{0,80}?)?\s*(?:is|are|was|would be|should be|must be|:|=|→)"
    r"(?:\s*[:=])?\s*(?P<said>[^\n]+)",
    re.IGNORECASE,
)
_GSM = re.compile(r"^####\s*(?P<said>\S+(?: \S+){0,2})\s*$", re.MULTILINE)
_ENDS = re.compile(r"(?<=[.!?])[\"')]*\s+|\n+")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+")
_FILLER = re.compile(r"(?:sure|certainly|of course|okay|ok|great|awesome|absolutely|thank)\b", re.IGNORECASE)


def clean(response: str) -> str:
    """The response without thoughts, programs, LaTeX and Markdown, at most LONGEST_CHARS of it (from its end)."""
    text = _THOUGHT.sub(" ", response[-LONGEST_CHARS:].replace("\r\n", "\n"))
    if (prose := _FENCED.sub(_without_program, text)).strip():
        text = prose
    text = re.sub(r"(?<=\d)(?:[\u00a0\u202f\u2009]|\\,)(?=\d{3}\b)", "", text)
    for _ in range(2):
        text = _WRAPPED.sub(r"\1", _FRACTION.sub(r"\1/\2", text))
    text = _BOXED.sub(rf"\n{_MARK}\1\n", text)
    for shown, plain in _SYMBOLS.items():
        text = text.replace(shown, plain)
    text = re.sub(r"[\u00a0\u202f\u2009\t]", " ", text)
    text = re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
    text = _EMPHASIS.sub(r"\1", text.replace("***", "").replace("**", "").replace("__", "").replace("`", ""))
    return re.sub(r"\$(?=\S)|(?<=\S)\$", "", text).strip()


def _without_program(fenced: re.Match[str]) -> str:
    """Nothing where a fenced block is a program or a long listing, which may hold any number or word."""
    lines = fenced["body"].strip().count("\n") + 1
    return "" if fenced["language"].lower() in _PROGRAMS or lines > _LONGEST_FENCED_ANSWER else fenced[0]


def stated_answers(text: str) -> list[str]:
    """What a cleaned text calls its answer ("the answer is …", boxed, "#### …"), in order, to the line's end."""
    found = [(match.start(), match["said"]) for pattern in (_STATED, _GSM) for match in pattern.finditer(text)]
    found += [(m.start(), m[1]) for m in re.finditer(rf"{_MARK}\s*([^\n]+)", text)]
    return [said.replace(_MARK, "").strip() for _, said in sorted(found)]


def sentences(text: str) -> list[str]:
    """Sentences and lines of a cleaned text. A line that ends in a colon takes in the lines or bullets after it."""
    joined: list[str] = []
    for line in text.replace(_MARK, "").split("\n"):
        plain = re.sub(r"^#{1,6}\s+", "", _BULLET.sub("", line)).strip()
        if plain and joined and joined[-1].endswith(":"):
            joined[-1] += " " + plain
        elif plain and joined and _BULLET.match(line) and ": " in joined[-1]:
            joined[-1] += ", " + plain
        elif plain:
            joined.append(plain)
    parts = [part.strip()[:LONGEST_SENTENCE_CHARS] for line in joined for part in _ENDS.split(line)]
    return [part for part in parts if part]


def answering_sentence(text: str) -> str:
    """The sentence that gives the answer where none is marked: a conclusion, else the first, else the last."""
    listed = sentences(text)
    concluding = [
        s for s in listed if re.match(r"(?:therefore|so|thus|hence|in conclusion|finally)\b", s, re.IGNORECASE)
    ]
    if concluding:
        return concluding[-1]
    telling = [s for s in listed if not (_FILLER.match(s) and len(s.split()) <= 8)] or listed
    if telling and re.match(r"(?:to|let|let's|first|we|step)\b", telling[0], re.IGNORECASE):
        return telling[-1]
    return telling[0] if telling else ""


def folded(text: str) -> str:
    """A text for comparison: no case, accents, quotes, brackets, first article or outer punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()
    plain = re.sub(r"^\W*(?:the|an|a)\s+(?=\w)", "", plain)
    plain = re.sub(r"[\"'`\[\](){}]", "", plain.replace("&", " and "))
    plain = re.sub(r"[,;]", " ", plain)
    return " ".join(plain.split()).strip(" .!?:*")


def phrase(words: str) -> re.Pattern[str]:
    """Matches the words as a whole; neither a part of a word nor of a compound such as `step-son` or `a.com`."""
    pattern = r"\s+".join(re.escape(word) for word in words.split())
    return re.compile(rf"(?<!\w)(?<!\w[-/.+#@]){pattern}(?!\w)(?![-/.+#@]\w)", re.IGNORECASE)
