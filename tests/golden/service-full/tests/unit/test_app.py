import pytest
from pytest_mock import MockerFixture

from my_service.__main__ import main
from my_service.app import Document, health, outline_of


def test_the_service_says_that_it_is_up() -> None:
    assert health() == {"status": "ok"}


def test_a_document_gets_its_outline() -> None:
    headings = outline_of(Document(markdown="# One\n## Two\n"))

    assert [heading.slug for heading in headings] == ["one", "two"]


@pytest.mark.parametrize(
    ("variables", "address"),
    [({}, ("127.0.0.1", 8000)), ({"HOST": "0.0.0.0", "PORT": "80"}, ("0.0.0.0", 80))],
)
def test_it_listens_where_the_environment_says(
    variables: dict[str, str],
    address: tuple[str, int],
    monkeypatch: pytest.MonkeyPatch,
    mocker: MockerFixture,
) -> None:
    for name in ("HOST", "PORT"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    run = mocker.patch("uvicorn.run")

    main()

    assert (run.call_args.kwargs["host"], run.call_args.kwargs["port"]) == address
