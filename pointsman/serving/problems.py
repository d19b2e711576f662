"""Every refusal and failure is one JSON object, {"detail": "what is wrong"}."""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from pointsman.serving.schemas import Problem

MAX_SHOWN = 80  # characters of a name that the request made up
RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is not JSON"},
    413: {"model": Problem, "description": "The body is too large"},
    415: {"model": Problem, "description": "The body is not declared as JSON"},
    422: {"model": Problem, "description": "A value is not what it should be"},
}


def add_handlers(app: FastAPI) -> None:
    """Answer each kind of failure in the one form."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(Exception, _failed)


async def _invalid(_: Request, problem: Exception) -> JSONResponse:
    errors = problem.errors() if isinstance(problem, RequestValidationError) else []
    if errors and errors[0]["type"] == "json_invalid":
        where = errors[0]["loc"][-1]
        return JSONResponse({"detail": f"the body is not JSON: {errors[0]['ctx']['error']}, character {where}"}, 400)
    return JSONResponse({"detail": describe(errors)}, 422)


async def _refused(_: Request, problem: Exception) -> JSONResponse:
    status, detail, headers = 500, str(problem), None
    if isinstance(problem, HTTPException):
        status, detail, headers = problem.status_code, problem.detail, problem.headers
    return JSONResponse({"detail": detail}, status, headers)


async def _failed(_: Request, __: Exception) -> JSONResponse:
    return JSONResponse({"detail": "the router failed on this request; the service's log says why"}, 500)


def describe(errors: Sequence[Mapping[str, Any]]) -> str:
    """The first of pydantic's errors in one line, and how many more there are.

    The values themselves are left out: they may be long, private or not encodable.
    """
    location = [str(part) if isinstance(part, str) else f"[{part}]" for part in errors[0]["loc"]]
    where = ".".join(location[1:] or location).replace(".[", "[")[:MAX_SHOWN]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{where}: {errors[0]['msg']}{more}"
