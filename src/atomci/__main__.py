"""`python -m atomci`."""

from atomci.cli.main import program

if __name__ == "__main__":
    program()
