"""Swagger UI at /docs from files on this machine: no network is needed, and no other party is told."""

from pathlib import Path

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS_PATH = "/docs/assets"


def add_docs_page(app: FastAPI, assets: Path) -> None:
    """Serve /docs with swagger-ui-bundle.js and swagger-ui.css of the folder `assets`."""

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url=app.openapi_url or "",
            title=app.title,
            swagger_js_url=f"{ASSETS_PATH}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS_PATH}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS_PATH}/favicon-light-32x32.png",
        )

    app.mount(ASSETS_PATH, StaticFiles(directory=assets), name="docs-assets")
