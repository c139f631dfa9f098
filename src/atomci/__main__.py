"""`python -m atomci`."""

from atomci.cli.program import program

if __name__ == "__main__":
    program()
