"""The HTTP interface."""

from importlib.metadata import version

from fastapi import FastAPI

from .slug import slugify

app = FastAPI(
    title="my-service",
    version=version("my-service"),
)


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether the service is up."""
    return {"status": "ok"}


@app.get("/slug")
async def slug_of(title: str) -> dict[str, str]:
    """The part of a URL that names the title."""
    return {"slug": slugify(title)}
