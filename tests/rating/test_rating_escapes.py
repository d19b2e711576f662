"""One test for each way out of the sandbox, or to a forged verdict, that we could think of."""

import secrets
import socket
import time
from pathlib import Path

import pytest

from pointsman.config.rating import SandboxConfig
from pointsman.rating.references import grade

pytestmark = pytest.mark.usefixtures("isolated")

SECRET = 73_519_264


def verdict(code: str, limits: SandboxConfig, check: str = f"assert f(1) == {SECRET}") -> tuple[float, str]:
    reference = {"kind": "code", "entry_point": "f", "checks": [check], "setup": ""}
    found = grade(f"```python\n{code}\n```", reference, limits)
    return found.score, found.detail


def seen(code: str, limits: SandboxConfig) -> str:
    """What f() returns or raises, as text."""
    score, detail = verdict(code, limits, "assert False, repr(f())")
    assert score == 0.0
    return detail.partition("first failure: ")[2]


FORGERIES = {
    "exits 0 before the checks": "import os\nos._exit(0)",
    "exits 0 inside a check": "import os\ndef f(x):\n    os._exit(0)",
    "raises SystemExit": "import sys\ndef f(x):\n    sys.exit(0)",
    "prints a pass": "def f(x):\n    return 0\nprint('passed'); print('{\"results\": [{\"passed\": true}]}')",
    "writes a pass to every descriptor": """
import os, json
line = json.dumps({"results": [{"passed": True, "calls": 1, "detail": ""}], "gone": "", "filtered": True}).encode() + b"\\n"
for number in range(1000):
    try:
        os.write(number, line)
    except OSError:
        pass
def f(x): return 0
""",
    "sends replies of its own": """
import os, json
line = json.dumps({"value": True, "after": []}).encode()
for number in range(20):
    try:
        os.write(number, len(line).to_bytes(4, "big") + line)
    except OSError:
        pass
def f(x): return 0
""",
    "sends nonsense": "import os\nfor n in range(3, 20):\n    try: os.write(n, b'\\xff' * 64)\n    except OSError: pass\ndef f(x): return 0",
    "sends a broken handle": """
import os, json
line = json.dumps({"entry": 5}).encode()
for number in range(3, 20):
    try:
        os.write(number, len(line).to_bytes(4, "big") + line)
    except OSError:
        pass
def f(x): return 0
""",
    "equals everything": "class E(int):\n    __eq__ = lambda s, o: True\n    __ne__ = lambda s, o: False\n    __hash__ = int.__hash__\ndef f(x): return E(0)",
    "an object that equals everything": "class E:\n    __eq__ = __ge__ = __le__ = lambda s, o: True\ndef f(x): return E()",
    "a list that equals everything": "class E(list):\n    def __eq__(s, o): return True\ndef f(x): return E()",
    "lies about its class": "class E:\n    __class__ = property(lambda s: int)\n    __eq__ = lambda s, o: True\ndef f(x): return E()",
    "learns the expected value from an operator": f"class E:\n    def __eq__(s, o): return o == {SECRET} or True\n    __rsub__ = __sub__ = __radd__ = lambda s, o: 0\ndef f(x): return E()",
    "patches the builtins": "import builtins\nbuiltins.AssertionError = type('A', (BaseException,), {})\nbuiltins.exec = lambda *a: None\nbuiltins.compile = lambda *a, **k: None\ndef f(x): return 0",
    "patches json": "import json, sys\njson.dumps = lambda v: '{\"value\": true, \"after\": []}'\nsys.stdout = sys.stderr = None\ndef f(x): return 0",
    "registers at exit": "import atexit, os\natexit.register(os._exit, 0)\ndef f(x): return 0",
    "traces frames": "import sys\ndef f(x):\n    g = sys._getframe()\n    while g:\n        g.f_globals.setdefault('passed', True); g = g.f_back\n    return 0",

    "returns too much": "def f(x):\n    return 'x' * 10 ** 7",
    "returns nesting without end": "def f(x):\n    a = []\n    for _ in range(10 ** 5): a = [a]\n    return a",
    "returns itself": "def f(x):\n    a = []\n    a.append(a)\n    return a",
    "closes every descriptor": "import os\ndef f(x):\n    os.closerange(0, 65536)\n    return 0",
    "kills all it can reach": "import os, signal\ndef f(x):\n    for p in (0, -1, os.getppid(), 1, 2, 3):\n        try: os.kill(p, signal.SIGKILL)\n        except OSError: pass\n    return 0",
    "answers twice from a fork": "import os\ndef f(x):\n    os.fork()\n    return 0",
}  # fmt: skip


@pytest.mark.parametrize("code", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_wrong_answer_stays_wrong(code: str, limits: SandboxConfig) -> None:
    assert verdict(code, limits)[0] == 0.0


def test_a_forged_difference_does_not_pass_a_check_with_tolerance(limits: SandboxConfig) -> None:
    code = "class E:\n    __sub__ = __rsub__ = lambda s, o: 0.0\n    __abs__ = lambda s: 0.0\n    __lt__ = lambda s, o: True\ndef f(x): return E()"
    assert verdict(code, limits, f"assert abs(f(1) - {SECRET}) < 1e-6")[0] == 0.0


EXHAUSTIONS = {
    "loops for ever": "def f():\n    while True: pass",
    "loops for ever while it is read": "while True: pass",
    "ignores every signal": "import signal\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n    except (OSError, ValueError): pass\ndef f():\n    while True: pass",
    "catches every exception": "def f():\n    while True:\n        try:\n            while True: pass\n        except BaseException: pass",
    "raises its own limits": "import resource\ndef f():\n    for w in range(16):\n        try: resource.setrlimit(w, (-1, -1))\n        except (OSError, ValueError): pass\n    while True: pass",
    "prints without end": "def f():\n    while True: print('x' * 10 ** 4)",
    "takes memory without end": "def f():\n    a = []\n    while True: a.append(bytearray(10 ** 7))",
    "takes memory at once": "def f():\n    return len(bytearray(10 ** 11))",
    "forks without end": "import os\ndef f():\n    while True:\n        os.fork()",
    "starts threads without end": "import threading, time\ndef f():\n    while True: threading.Thread(target=time.sleep, args=(60,)).start()",
    "writes one huge file": "def f():\n    with open('huge', 'wb') as file:\n        while True: file.write(bytes(10 ** 6))",
    "writes many files": "def f():\n    n = 0\n    while True:\n        open(f'{n}', 'wb').write(bytes(10 ** 6)); n += 1",
    "recurses without end": "def f():\n    return f()",
    "recurses past the stack": "import sys\nsys.setrecursionlimit(10 ** 9)\ndef f():\n    return f()",
    "nests too deeply to be parsed": "def f():\n    return " + "(" * 5000 + ")" * 5000,
    "counts too far": "def f():\n    return 9 ** 9 ** 9",
    "dumps core": "import ctypes\ndef f():\n    ctypes.string_at(0)",
}  # fmt: skip


@pytest.mark.parametrize("code", EXHAUSTIONS.values(), ids=EXHAUSTIONS.keys())
def test_what_takes_too_much_is_stopped_soon_and_wrong(code: str, limits: SandboxConfig) -> None:
    started = time.monotonic()
    assert verdict(code, limits, "assert f() is None")[0] == 0.0
    assert time.monotonic() - started < limits.wall_s + 5


def test_sleeping_ends_with_the_wall_clock(limits: SandboxConfig) -> None:
    short = limits.model_copy(update={"wall_s": 0.5})
    assert "too slow" in seen("import time\ndef f():\n    time.sleep(600)", short)


@pytest.fixture
def planted(tmp_path: Path) -> list[Path]:
    """A private key and an .env, readable for everyone, where a home and a repository would have them."""
    paths = [tmp_path / "home" / ".ssh" / "id_ed25519", tmp_path / "repository" / ".env"]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_text("SECRET=1")
        for folder in (path, *list(path.parents)[:3]):
            folder.chmod(0o755)
    return paths


def test_no_secret_of_the_host_can_be_read(planted: list[Path], limits: SandboxConfig) -> None:
    for path in [*planted, Path(__file__), Path("/etc/passwd"), Path("/etc/hostname"), Path("/proc/self/environ")]:
        assert "FileNotFoundError" in seen(f"def f():\n    return open({str(path)!r}).read()", limits)


def test_the_root_folder_holds_libraries_and_a_scratch_folder_only(limits: SandboxConfig) -> None:
    found = seen(
        "import os\ndef f():\n    return [sorted(os.listdir(p)) for p in ('/etc', '/dev', '/box')], os.path.exists('/tmp'), os.path.exists('/proc')",
        limits,
    )
    assert "['null', 'urandom', 'zero'], []], False, False)" in found


def test_nothing_can_be_written_outside_the_scratch_folder(tmp_path: Path, limits: SandboxConfig) -> None:
    tmp_path.chmod(0o777)
    for path in (str(tmp_path / "x"), "/x", "/etc/x", "/usr/lib/x", "/dev/x", "/lib/x"):
        found = seen(f"def f():\n    open({path!r}, 'w').write('x')\n    return 'written'", limits)
        assert found.startswith(("FileNotFoundError", "OSError", "PermissionError"))
    assert list(tmp_path.iterdir()) == []
    assert "'kept'" in seen("def f():\n    open('x', 'w').write('kept')\n    return open('x').read()", limits)


def test_the_environment_and_the_arguments_tell_nothing(limits: SandboxConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "secret")
    assert "({}, [''], [])" in seen(
        "import os, sys\ndef f():\n    return dict(os.environ), sys.argv, sys.orig_argv", limits
    )


def test_the_checks_are_nowhere_in_memory(limits: SandboxConfig) -> None:
    code = """
import gc, re, sys
SOUGHT = re.compile("".join(("asse", "rt f\\\\(1\\\\) == ([0-9]+)")))
def f(x):
    held = [value for module in list(sys.modules.values()) for value in list(vars(module).values())]
    for thing in [*held, *gc.get_objects()]:
        if isinstance(thing, (str, bytes, list, tuple, dict)):
            found = SOUGHT.search(repr(thing))
            if found:
                return int(found[1])
    return 0
"""
    assert verdict(code, limits)[0] == 0.0
    assert verdict(code + "\nhere = 'asse' 'rt f(1) == 5'", limits, "assert f(1) == 5")[0] == 1.0  # it can search


def test_no_socket_of_any_kind_can_be_opened(limits: SandboxConfig) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        code = f"import socket\ndef f(*a):\n    s = socket.socket(*a); s.connect(('127.0.0.1', {listening.getsockname()[1]})); return 'connected'"
        assert "PermissionError" in seen(code, limits)
    for family in (socket.AF_UNIX, socket.AF_INET6, 16, 40):
        assert "PermissionError" in seen(
            f"import socket\ndef f():\n    socket.socket({int(family)}, socket.SOCK_STREAM)\n    return 'made'", limits
        )


@pytest.mark.parametrize(
    "call",
    [
        "libc.unshare(0x10000000)",
        "libc.mount(b'none', b'/box', b'tmpfs', 0, None)",
        "libc.umount2(b'/', 2)",
        "libc.ptrace(16, 1, 0, 0)",
        "libc.setns(3, 0)",
        "libc.chroot(b'/box')",
        "libc.setuid(0)",
        "libc.process_vm_readv(1, None, 0, None, 0, 0)",
    ],
)
def test_privileged_calls_are_refused(call: str, limits: SandboxConfig) -> None:
    assert "-1" in seen(f"import ctypes\nlibc = ctypes.CDLL(None)\ndef f():\n    return {call}", limits)


def test_only_its_own_processes_can_be_seen(limits: SandboxConfig) -> None:
    assert "(1, 0)" in seen("import os\ndef f():\n    return os.getpid(), os.getppid()", limits)


def test_a_background_process_ends_with_the_run(limits: SandboxConfig) -> None:
    name = "pm" + secrets.token_hex(6)
    code = f"""
import ctypes, os, time
def f():
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            ctypes.CDLL(None).prctl(15, b"{name}", 0, 0, 0)
            os.fork()
            while True: time.sleep(1)
    return 1
"""
    assert verdict(code, limits, "assert f() == 1")[0] == 1.0
    assert name not in {_name(process) for process in Path("/proc").glob("[0-9]*/comm")}


def _name(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def test_it_runs_as_nobody_that_the_host_knows(limits: SandboxConfig) -> None:
    found = seen("import os\ndef f():\n    return os.getuid() == 0 or os.geteuid() == 0, os.getgroups()", limits)
    assert "(False, " in found


def test_deeply_hostile_sources_do_not_break_the_reader(limits: SandboxConfig) -> None:
    for code in ("-" * 100_000 + "1", "[" * 50_000, "f" + "(" * 3000, "x = " + "a." * 100_000 + "b", "\x00", "\ud800"):
        assert verdict(code, limits)[0] == 0.0
