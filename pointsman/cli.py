"""What every command shares: expected failures end with their message, not with a traceback."""

import argparse
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path

from pointsman.errors import PointsmanError


def run(main: Callable[[], None]) -> None:
    """Call `main`; exit 1 with the message of an expected failure, 130 on Ctrl-C.

    Where other work shares the cores, threads that spin while they wait for each other make torch three times as slow
    or worse, so they sleep instead; OMP_WAIT_POLICY=ACTIVE lets them spin. OpenMP reads it when torch is imported.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        main()
    except PointsmanError as problem:
        fail(str(problem))
    except KeyboardInterrupt:
        print("stopped; nothing half-written was left, run the same command again to go on", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    except OSError as problem:
        if problem.errno != errno.ENOSPC:
            raise
        fail(f"no space is left on the device while writing {problem.filename or 'a file'}; free some and run again")


def make_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser whose help keeps the description's lines and names the command as it is typed."""
    module = getattr(sys.modules["__main__"], "__spec__", None)  # null where a file was run, not a module
    return argparse.ArgumentParser(
        prog=f"python -m {module.name.removesuffix('.__main__')}" if module else None,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def take_no_arguments(description: str | None) -> None:
    """Answer `--help`, and refuse anything else on the command line."""
    make_parser(description).parse_args()


def fail(message: str) -> None:
    """Print an error to standard error and exit 1."""
    print(f"error: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(1)


def say(message: str) -> None:
    """Print what was done."""
    print(message, flush=True)  # noqa: T201


def bar_interval_s() -> float:
    """Seconds between two states of a progress bar: often on a terminal, seldom in a file that keeps each of them."""
    return 0.2 if sys.stderr.isatty() else 15.0


def repository_root() -> Path:
    """Where the repository lies: DVC's word for it (a temporary experiment runs elsewhere), else the working folder."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()
