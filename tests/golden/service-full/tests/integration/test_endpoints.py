from fastapi.testclient import TestClient


def test_the_service_is_up(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}


def test_a_document_comes_back_as_an_outline(client: TestClient) -> None:
    response = client.post("/outline", json={"markdown": "# One\n## One\n"})

    assert response.status_code == 200
    assert response.json() == [
        {"level": 1, "title": "One", "slug": "one"},
        {"level": 2, "title": "One", "slug": "one-2"},
    ]


def test_what_is_no_document_is_refused_by_name(client: TestClient) -> None:
    response = client.post("/outline", json={"text": "# One"})

    assert response.status_code == 422
    assert response.json()["detail"][0]["loc"] == ["body", "markdown"]
