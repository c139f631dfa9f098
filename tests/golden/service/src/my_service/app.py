"""The HTTP interface."""

from importlib.metadata import version

from fastapi import FastAPI
from pydantic import BaseModel, Field

from .outline import Heading, outline

app = FastAPI(
    title="my-service",
    version=version("my-service"),
)


class Document(BaseModel):
    """A Markdown document."""

    markdown: str = Field(max_length=1_000_000)


@app.get("/health")
def health() -> dict[str, str]:
    """Whether the service is up."""
    return {"status": "ok"}


@app.post("/outline")
def outline_of(document: Document) -> list[Heading]:
    """The headings of a document, with the anchors that links need."""
    return outline(document.markdown)
