"""Requests that the OpenAPI document allows, and others that it does not: none may break the service."""

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from proxy_cases import serve
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from pointsman.serving.api import create_app

ADMIN = "admin-key"
DOCUMENT = schemathesis.openapi.from_dict(create_app().openapi())
OPERATIONS = [found.ok() for found in DOCUMENT.get_all_operations()]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def url(router, pair, models):
    for model in models:
        model.reset()
    with serve(router, pair(), admin_keys=ADMIN) as (url, _):
        yield url


def test_every_operation_is_tried():
    assert {operation.label for operation in OPERATIONS} == {
        "GET /", "GET /health", "POST /predict", "POST /predict/batch", "POST /v1/chat/completions", "GET /v1/models",
        "GET /v1/models/{model}", "GET /v1/pointsman/rollout", "PUT /v1/pointsman/rollout",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "mode"),
    [(operation, mode) for operation in OPERATIONS for mode in GenerationMode
     if operation.body or mode is GenerationMode.POSITIVE],
    ids=lambda value: getattr(value, "label", None) or value.value,
)  # fmt: skip
def test_no_request_breaks_the_service(url, operation, mode):
    @settings(max_examples=15, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case):
        answer = case.call(base_url=url, headers={"authorization": f"Bearer {ADMIN}"}, timeout=20)
        case.validate_response(answer, checks=CHECKS)

    ask()
