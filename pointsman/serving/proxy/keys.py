"""Keys that clients send: compared as hashes, each in the same time."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from pointsman.serving.errors import ServingError

API_KEYS = "POINTSMAN_API_KEYS"  # of those who ask
ADMIN_KEYS = "POINTSMAN_ADMIN_KEYS"  # of those who may change the roll-out; they open everything else as well


@dataclass(frozen=True)
class Keys:
    """Keys, as SHA-256 digests."""

    digests: tuple[bytes, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str], name: str = API_KEYS) -> "Keys":
        """Read a variable that holds keys, separated by commas.

        Raises:
            ServingError: it is set and holds no key.
        """
        given = environment.get(name) or ""
        keys = [key.strip() for key in given.split(",") if key.strip()]
        if given and not keys:
            raise ServingError(f"{name} is set and holds no key, expected keys separated by commas; or unset it")
        return cls(tuple(hashlib.sha256(key.encode()).digest() for key in keys))

    def find(self, authorization: str) -> bytes | None:
        """The digest of the key that a header `Bearer KEY` holds, null where it is none of these.

        Every key is compared, so that the time tells nothing of which one was close.
        """
        scheme, _, key = authorization.partition(" ")
        given = hashlib.sha256(key.strip().encode("utf-8", "surrogatepass")).digest()
        found = None
        for digest in self.digests:
            if hmac.compare_digest(digest, given):
                found = digest
        return found if scheme.lower() == "bearer" else None
