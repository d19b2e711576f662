"""One name for the settings that shaped a result."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


def digest(sections: Mapping[str, Any]) -> str:
    """SHA-256 of sections of params.yaml, in hexadecimal; comments, order and layout of the file do not matter."""
    return hashlib.sha256(json.dumps(plain(sections), sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def plain(sections: Mapping[str, Any]) -> dict[str, Any]:
    """The sections as JSON values."""
    return {
        name: section.model_dump(mode="json") if isinstance(section, BaseModel) else section
        for name, section in sections.items()
    }
