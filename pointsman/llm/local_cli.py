"""The command line of `pointsman.llm.local`."""

import argparse
import contextlib
import threading
from collections.abc import Mapping

from pointsman.cli import say
from pointsman.config.llm import PairConfig, Provider
from pointsman.config.params import load_params
from pointsman.llm.errors import LocalModelError
from pointsman.llm.local import Lanes, model_file, serving, share_out

_HELP = """Serve the pair's local models on loopback, for the proxy to ask; Ctrl-C stops them.

Each model has an address of its own, which is printed as a line for .env or the environment of `make serve`.

Examples:
  python -m pointsman.llm.local                   # both models of the pair
  python -m pointsman.llm.local --role weak       # one of them, beside a strong model elsewhere
  python -m pointsman.llm.local | tee -a .env     # and keep the lines
"""


def main() -> None:
    """The command line; `--help` explains it."""
    parser = argparse.ArgumentParser(
        prog="python -m pointsman.llm.local", description=_HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--role", choices=["weak", "strong", "both"], default="both", help="whom to serve")
    role = parser.parse_args().role
    params = load_params()
    models = local_models(params.pair, params.provider, role)
    lanes = Lanes(1, share_out(params.llm.threads, len(models)).threads)
    with contextlib.ExitStack() as stack:
        for variable, model in models.items():
            path = model_file(model, params.weights[model])
            (address,) = stack.enter_context(serving(path, lanes, params.llm.context_tokens))
            say(f"{variable}={address}")
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


def local_models(pair: PairConfig, providers: Mapping[str, Provider], role: str) -> dict[str, str]:
    """The local models of the pair that a role (`weak`, `strong` or `both`) means, by the variable of their address.

    Raises:
        LocalModelError: that role, or with `both` every role, is asked elsewhere.
    """
    candidates = {name: getattr(pair, name) for name in ("weak", "strong") if role in (name, "both")}
    found = {
        f"{candidate.provider.upper()}_{name.upper()}_BASE_URL": candidate.model
        for name, candidate in candidates.items()
        if providers[candidate.provider].base_url is None
    }
    if not found:
        asked = ", ".join(f"{name} at {candidate.provider}" for name, candidate in candidates.items())
        raise LocalModelError(
            f"pair {pair.name!r} asks {asked}, expected a local model. Choose one with: "
            "python -m pointsman.config.compose pair=local"
        )
    return found
