import subprocess
import sys
from typing import Any

import pytest

from pointsman.config.rating import SandboxConfig
from pointsman.rating import sandbox
from pointsman.rating.sandbox import Job, SandboxError, available, run_checks

pytestmark = pytest.mark.usefixtures("isolated")


def passed(limits: SandboxConfig, source: str, *checks: str, setup: str = "", entry_point: str = "f") -> list[bool]:
    return [result.passed for result in run_checks(Job((source,), entry_point, checks, setup), limits)]


VALUES = [
    "None", "True", "0", "-7", "10 ** 40", "1.5", "float('inf')", "2j", "''", "'ü\\ud800'", "b'\\x00\\xff'",
    "bytearray(b'x')", "[1, [2, {}]]", "(1, (2,))", "{1: 'a', (2, 3): [4]}", "{1, 2}", "frozenset({3})", "range(1, 9, 2)",
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_plain_values_pass_both_ways_with_their_type(value: str, limits: SandboxConfig) -> None:
    check = f"x = {value}; y = f(x); assert y == x and type(y) is type(x)"
    assert passed(limits, "def f(x):\n    return x", check) == [True]


def test_subclasses_of_plain_values_arrive_plain(limits: SandboxConfig) -> None:
    source = "from collections import *\nP = namedtuple('P', 'x')\nf = [Counter('aab'), OrderedDict(a=1), P(1), defaultdict(list)].__getitem__"
    assert (
        passed(
            limits,
            source,
            "assert f(0) == {'a': 2, 'b': 1}",
            "assert f(1) == {'a': 1}",
            "assert f(2) == (1,)",
            "assert f(3) == {}",
        )
        == [True] * 4
    )


def test_generators_and_their_like_can_be_walked_and_are_no_lists(limits: SandboxConfig) -> None:
    source = "def f(n):\n    yield from range(n)"
    assert passed(
        limits, source, "assert list(f(3)) == [0, 1, 2]", "assert next(f(3)) == 0", "assert f(3) == [0, 1, 2]"
    ) == [True, True, False]


def test_changes_to_an_argument_are_seen(limits: SandboxConfig) -> None:
    source = "def f(x):\n    x.sort()"
    assert (
        passed(limits, source, "a = [2, 1]; f(a); assert a == [1, 2]", "a = [2, 1]; b = a; f(a); assert b == [1, 2]")
        == [True] * 2
    )


def test_exceptions_arrive_as_their_built_in_class(limits: SandboxConfig) -> None:
    source = "class Odd(ValueError): pass\ndef f(x):\n    raise Odd('no') if x % 2 else KeyError(x)"
    check = "try:\n    f({})\nexcept {}:\n    pass\nelse:\n    assert False"
    assert passed(
        limits, source, check.format(1, "ValueError"), check.format(2, "KeyError"), check.format(1, "KeyError")
    ) == [True, True, False]


def test_classes_work_through_handles(limits: SandboxConfig) -> None:
    source = """
class f:
    def __init__(self, x=0): self.x = x
    def add(self, n): self.x += n; return self
    def __add__(self, other): return f(self.x + other.x)
    def __eq__(self, other): return self.x == other.x
    def __len__(self): return self.x
    def __repr__(self): return f'f({self.x})'
    def __getitem__(self, i): return [self.x, i][i]
    def __iter__(self): return iter(range(self.x))
"""
    checks = (
        "c = f(); c.add(2); c.add(n=3); assert c.x == 5",
        "c = f(); c.x = 50; assert c.add(1).x == 51",
        "assert f(1) + f(2) == f(3)",
        "assert (f(1) == f(2)) == False",
        "assert len(f(4)) == 4 and repr(f(1)) == 'f(1)' and str(f(2)) == 'f(2)'",
        "assert f(7)[0] == 7 and 1 in f(3) and list(f(2)) == [0, 1]",
        "a, b = f(1), f(1); a.add(1); assert (a.x, b.x) == (2, 1)",
        "assert f(5).missing == 1",
    )
    assert passed(limits, source, *checks) == [True] * 7 + [False]


def test_the_setup_serves_both_sides(limits: SandboxConfig) -> None:
    setup = "def twice(x):\n    return 2 * x\n\ndef f(x):\n"
    assert passed(
        limits,
        "def twice(x):\n    return 2 * x\ndef f(x):\n    return twice(x)",
        "assert f(3) == twice(3)",
        setup=setup,
    ) == [True]


def test_checks_do_not_share_names(limits: SandboxConfig) -> None:
    source = "def f():\n    return 1"
    checks = ("x = f(); assert x == 1", "assert f() == 1 and 'x' not in globals()")
    assert passed(limits, source, *checks) == [True, True]


def test_a_run_repeats_whatever_is_random(limits: SandboxConfig) -> None:
    source = (
        "import random\nr = random.random()\ndef f():\n    return r, random.random(), list({'a', 'b', 'c', 'd', 'e'})"
    )
    job = Job((source,), "f", ("assert False, repr(f())",))
    assert run_checks(job, limits) == run_checks(job, limits)


def test_without_isolation_nothing_runs(limits: SandboxConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(
        SandboxError, match=r"not run: no isolation on this platform \(namespaces are Linux's, found darwin\)"
    ):
        run_checks(Job(("def f(): pass",), "f", ("assert f() is None",)), limits)


def test_a_refused_namespace_is_told_and_nothing_runs(limits: SandboxConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    patch = "import pointsman.rating.jail.launch as launch; launch._ISOLATED = 1; del sys.path[0]"
    monkeypatch.setattr(sandbox, "_BOOT", sandbox._BOOT.replace("del sys.path[0]", patch))
    with pytest.raises(SandboxError, match="not run: no isolation on this platform .*unshare"):
        run_checks(Job(("def f(): pass",), "f", ("assert f() is None",)), limits)


def test_a_normal_user_has_the_same_isolation() -> None:
    """As root this enters a user namespace in which it is user 1000; else the tests run as a normal user anyway."""
    program = "from pointsman.rating.sandbox import available; import os; print(os.getuid() != 0, available())"
    found: Any = subprocess.run(
        ["unshare", "--user", "--map-user=1000", "--map-group=1000", sys.executable, "-c", program],
        capture_output=True,
        text=True,
        cwd=sandbox.Path(__file__).parents[2],
    )
    if found.returncode:
        pytest.skip(f"no nested user namespace here: {found.stderr[-200:]}")
    assert found.stdout.startswith(f"True {available()._replace(available=True)}")
