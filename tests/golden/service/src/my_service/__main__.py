"""Serves the application: `python -m my_service`."""

import os

import uvicorn


def main() -> None:
    """Listen on the address that HOST and PORT name."""
    uvicorn.run(
        "my_service.app:app",
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
    )


if __name__ == "__main__":
    main()
