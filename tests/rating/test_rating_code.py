import pytest

from pointsman.config.rating import SandboxConfig
from pointsman.rating.checks.code import extract_program, score
from pointsman.rating.sandbox import SandboxError

ADD = "def add(a, b):\n    return a + b"
SETUP = 'from math import sqrt\n\ndef helper(x):\n    return x\n\ndef add(a, b):\n    """Add.\n\n    >>> add(1, 2)\n    3\n    """\n'
FORMS = {
    "bare": ADD,
    "python fence": f"```python\n{ADD}\n```",
    "fence without a language": f"```\n{ADD}\n```",
    "tilde fence": f"~~~python\n{ADD}\n~~~",
    "indented fence": "1. Like so:\n   ```python\n   def add(a, b):\n       return a + b\n   ```",
    "fence and prose": f"Sure! Here it is:\n\n```python\n{ADD}\n```\n\nThis adds a and b. It's done.",
    "prose without a fence": f"Here is the function:\n\n{ADD}\n\nThis function adds two numbers, isn't it nice.",
    "cut fence": f"```python\n{ADD}\n\nprint(add(1,",
    "cut in a later function": f"```python\n{ADD}\n\ndef other(x):\n    if x",
    "inline fence": "```add = lambda a, b: a + b```",
    "windows line ends": f"```python\r\n{ADD}\r\n```".replace("\n    ", "\r\n    "),
    "tabs": "```python\ndef add(a, b):\n\treturn a + b\n```",
    "async-free class above": f"class Unused:\n    pass\n\n{ADD}",
    "with its own examples": f"```python\n{ADD}\n\nprint(add(1, 2))\nassert add(1, 1) == 3\nprint(1 / 0)\nprint(input())\n```",
    "asks for input": f"```python\n{ADD}\n\na = int(input('a? '))\nprint(add(a, 1))\n```",
    "exits at its end": f"```python\nimport sys\n{ADD}\nsys.exit(1)\n```",
    "main guard": f"```python\n{ADD}\n\nif __name__ == '__main__':\n    raise SystemExit\n```",
    "two blocks": "```python\ndef plus(a, b):\n    return a + b\n```\nand\n```python\ndef add(a, b):\n    return plus(a, b)\n```",
    "mended below": "```python\ndef add(a, b):\n    return a - b\n```\nI see a mistake; corrected:\n```python\ndef add(a, b):\n    return a + b\n```",
    "other languages beside": f"```bash\npip install numpy\n```\n```python\n{ADD}\n```\n```text\nadd(1, 2) -> 3\n```",
    "thought": f"<think>\n```python\ndef add(a, b): return 0\n```\n</think>\n```python\n{ADD}\n```",
    "name bound to a lambda": "add = lambda a, b: a + b",
}
CHECKS = ["assert add(1, 2) == 3", "assert candidate(-1, 1) == 0", "assert add('a', 'b') == 'ab'"]


def reference(checks: list[str] = CHECKS, **more: object) -> dict[str, object]:
    return {"kind": "code", "entry_point": "add", "checks": checks, "setup": "", **more}


@pytest.mark.parametrize("response", FORMS.values(), ids=FORMS.keys())
def test_a_right_function_is_right_in_every_form(response: str, limits: SandboxConfig, isolated: None) -> None:
    assert score(response, reference(), limits) == (1.0, "3 of 3 checks passed")


@pytest.mark.parametrize(
    "body",
    [
        "    return a + b\n",
        "    total = a + b\n    return total",
        "```python\n    return a + b\n```",
        "    return a + b\n\nIt adds.",
    ],
    ids=["body", "two lines", "fenced", "with prose"],
)
def test_a_body_alone_continues_the_signature_of_the_setup(body: str, limits: SandboxConfig, isolated: None) -> None:
    assert score(body, reference(setup=SETUP), limits).score == 1.0


def test_a_whole_function_replaces_the_signature_and_may_use_the_setup(limits: SandboxConfig, isolated: None) -> None:
    assert score("def add(a, b):\n    return helper(a) + helper(b)", reference(setup=SETUP), limits).score == 1.0


def test_the_setup_alone_answers_nothing(limits: SandboxConfig, isolated: None) -> None:
    found = score("```python\ndef plus(a, b):\n    return a + b\n```", reference(setup=SETUP), limits)
    assert found.score == 0.0


def test_the_score_is_the_share_of_checks_and_the_first_failure_is_told(limits: SandboxConfig, isolated: None) -> None:
    found = score(
        "def add(a, b):\n    return abs(a + b)",
        reference(["assert add(1, 2) == 3", "assert add(-3, 1) == -2, 'sign'"]),
        limits,
    )
    assert found == (0.5, "1 of 2 checks passed; first failure: AssertionError: sign")


@pytest.mark.parametrize(
    ("response", "told"),
    [
        ("I cannot help with that.", "no Python code found"),
        ("```python\ndef add(a, b)\n    return a + b\n```", "no Python code found"),
        ("def plus(a, b):\n    return a + b", "defines no add"),
        ("def add(a):\n    return a", "TypeError: add() takes 1 positional argument"),
        ("def add(a, b):\n    return undefined", "NameError: name 'undefined'"),
    ],
)
def test_what_does_not_work_scores_nothing(response: str, told: str, limits: SandboxConfig, isolated: None) -> None:
    found = score(response, reference(), limits)
    assert found.score == 0.0
    assert told in found.detail


def test_checks_that_ask_nothing_of_the_response_do_not_count(limits: SandboxConfig, isolated: None) -> None:
    checks = ["assert True", "def check(f):\n    assert f(1, 2) == 3", "assert add(1, 2) == 4"]
    assert score(ADD, reference(checks), limits) == (0.0, "0 of 1 checks passed; first failure: AssertionError: ")
    with pytest.raises(SandboxError, match="no check of 'add' calls it"):
        score(ADD, reference(["assert True"]), limits)


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("assert undefined(add) == 3", "NameError"),
        ("assert add(len, 2) == 3", "passes a builtin"),
        ("assert add(", "SyntaxError"),
    ],
)
def test_a_check_that_cannot_run_is_not_the_responses_fault(
    check: str, told: str, limits: SandboxConfig, isolated: None
) -> None:
    with pytest.raises(SandboxError, match=f"a check of 'add' cannot be run: .*{told}"):
        score(ADD, reference([check]), limits)


def test_prose_is_not_taken_for_code() -> None:
    assert extract_program("Add them. Then return the sum, as in a + b.", "add") == ""
    assert "It adds" not in extract_program(f"{ADD}\n\nIt adds a to b, of course.", "add")
