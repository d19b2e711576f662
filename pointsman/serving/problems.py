"""Every refusal and failure is one JSON object: {"detail": "what is wrong"}, and under /v1 OpenAI's form."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from pointsman.serving.proxy.errors import ApiError, error_body
from pointsman.serving.schemas import Problem

MAX_SHOWN = 80  # characters of a name that the request made up
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is not JSON"},
    413: {"model": Problem, "description": "The body is too large"},
    415: {"model": Problem, "description": "The body is not declared as JSON"},
    422: {"model": Problem, "description": "A value is not what it should be"},
}
OPENAI_PATHS = "/v1/"
FAILED = "the service failed on this request; its log says why"


def add_handlers(app: FastAPI) -> None:
    """Answer each kind of failure in the one form."""
    app.add_exception_handler(ApiError, _refused_by_proxy)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(TimeoutError, _late)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)


def answer(path: str, status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A refusal in the form that the path's clients read."""
    body = error_body(status, detail) if path.startswith(OPENAI_PATHS) else {"detail": detail}
    return JSONResponse(body, status, headers)


def refuse(problem: ApiError) -> JSONResponse:
    """The proxy's refusal, as the client reads it."""
    return JSONResponse(problem.body, problem.status, problem.headers)


async def _refused_by_proxy(_: Request, problem: Exception) -> JSONResponse:
    assert isinstance(problem, ApiError)
    return refuse(problem)


async def _invalid(request: Request, problem: Exception) -> JSONResponse:
    errors = problem.errors() if isinstance(problem, RequestValidationError) else []
    if errors and errors[0]["type"] == "json_invalid":
        where = errors[0]["loc"][-1]
        said = f"the body is not JSON: {errors[0]['ctx']['error']}, character {where}"
        return answer(request.url.path, 400, said)
    return answer(request.url.path, 422, describe(errors))


async def _late(request: Request, _: Exception) -> JSONResponse:
    return answer(request.url.path, 504, "no answer in time; the service has more to do than it can")


async def _refused(request: Request, problem: Exception) -> JSONResponse:
    status, detail, headers = 500, str(problem), None
    if isinstance(problem, HTTPException):
        status, detail, headers = problem.status_code, problem.detail, problem.headers
    return answer(request.url.path, status, detail, headers)


async def _failed(request: Request, _: Exception) -> JSONResponse:
    return answer(request.url.path, 500, FAILED)


def describe(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors in one line, and how many more there are.

    The values themselves are left out: they may be long, private or not encodable.
    """
    location = [str(part) if isinstance(part, str) else f"[{part}]" for part in errors[0]["loc"]]
    where = ".".join(location[1:] or location).replace(".[", "[")[:MAX_SHOWN]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {errors[0]['msg']}{more}"
