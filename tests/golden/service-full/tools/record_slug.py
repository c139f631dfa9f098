"""Prints tests that auger records from the calls in main(): `task record`.

Curate what it prints, then keep it in tests/auger/slug/. auger records one call of each function,
and its mocks of the standard library have to go.
"""

import auger

from my_service import slug


def main() -> None:
    """Calls worth recording: pure, and the same on every machine."""
    slug.slugify("Crème brûlée, for two")


if __name__ == "__main__":
    with auger.magic([slug], verbose=True):
        main()
