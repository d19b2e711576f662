import pytest

from pointsman.config.rating import SandboxConfig
from pointsman.rating.sandbox import available


@pytest.fixture
def limits() -> SandboxConfig:
    return SandboxConfig(wall_s=8, cpu_s=1, memory_mb=256, file_mb=1, processes=8, output_kb=64)


@pytest.fixture
def isolated() -> None:
    isolation = available()
    if not isolation.available:
        pytest.skip(f"model-written code cannot be isolated here: {isolation.reason}")
