"""Test files of every shape, what Pester 5.7 and 6.2 said of each, and what is to be made of it.

`fixtures/pester/project` holds the files, `fixtures/pester/VERSION` what pester.ps1 wrote for each one.
"""

from collections.abc import Sequence
from pathlib import Path

from atomci.artifacts.handed.schemas import Finding

FIXTURES = Path(__file__).parent / "fixtures/pester"
PROJECT = FIXTURES / "project"
VERSIONS = ("5.7.1", "6.2.0")
ODD = "tests/[odd] dir é/Größe [1].Tests.ps1"
"""Where the shape OddNames was run."""

UNKNOWN = "CommandNotFoundException: The term '{}' is not recognized as a name of a cmdlet"
EMPTY = "no test was found: the file has no Describe with an It, or ends before it"
DIFFERENT = "Expected strings to be the same, but they were different."

Wanted = list[tuple[int, str, str]]
"""Findings of Pester: line, what the rule ends with, what the message begins with."""

FOUND: dict[str, Wanted] = {
    "AfterAllThrows": [(5, "::outer", "RuntimeException: could not clean up")],
    "BeforeAllThrows": [(3, "::outer", "RuntimeException: the database is down; 2 tests did not run")],
    "BeforeEachThrows": [
        (2, "::each.one", "RuntimeException: not ready"),
        (2, "::each.two", "RuntimeException: not ready"),
    ],
    "Bom": [],
    "Cd": [
        (3, ".asks", "PSInvalidOperationException: PowerShell is in NonInteractive mode."),
        (5, ".mock fails", "Expected Get-Date to be called 2 times exactly, but was called 0 times"),
    ],
    "Discovery": [(2, "/Discovery.Tests.ps1", UNKNOWN.format("Get-NoSuchCommandAtDiscovery"))],
    "Discovery2": [(1, "/Discovery2.Tests.ps1", "RuntimeException: at the top")],
    "Empty": [(1, "/Empty.Tests.ps1", EMPTY)],
    "Green": [],
    "Latin1": [],
    "Loud": [
        (9, ".fails with a long message", DIFFERENT),
        (12, ".has control characters", "RuntimeException: bell "),
    ],
    "Nested": [(4, "::a.b.c.x 2 is 2", "Expected the actual value to be less than 2, but got 2.")],
    "None": [(1, "/None.Tests.ps1", EMPTY)],
    "OddNames": [(3, "::odd names.is red", "Expected 2, but got 1.")],
    "Red": [
        (7, ".greets by name", DIFFERENT),
        (12, ".is two things wrong", "Expected 2, but got 1."),
        (3, ".fails inside the code under test", "ArgumentException: a name is needed"),
        (21, ".calls what does not exist", UNKNOWN.format("Get-NothingLikeThis")),
        (25, ".fails for 1", "Expected 2, but got 1."),
        (39, ".throws a multi-line message", "RuntimeException: line one"),
    ],
    "Requires": [
        (1, "/Requires.Tests.ps1", "ScriptRequiresException: The script 'Requires.Tests.ps1' cannot")
    ],
    "SelfInvoke": [],
    "ShouldOutside": [],
    "Skipped": [],
    "Strict": [(4, "::strict.two", "RuntimeException: The variable '$nothing' cannot be retrieved")],
    "Syntax": [(5, "/Syntax.Tests.ps1", "Missing closing ')' after expression in 'if' statement.")],
    "TopBeforeAllThrows": [
        (1, "/TopBeforeAllThrows.Tests.ps1", "RuntimeException: top is down; 2 tests did not run")
    ],
    "Utf16": [],
    "V3": [
        (4, "::v3 style.greets", UNKNOWN.format("Get-Greeting")),
        (5, "::v3 style.greets5", UNKNOWN.format("Get-Greeting")),
    ],
}
# The one that ends its own run is where the versions differ.
ENDED = {
    "5.7.1": [(2, "::exits.leaves", "2 tests have no result: something ended the run of this file")],
    "6.2.0": [(2, "::exits.leaves", "InvalidOperationException: A 'break' or 'continue' statement")],
}
ELSEWHERE = {"fails inside the code under test": "scripts/Greeting.ps1"}
"""Tests whose finding isn't in their own file."""


def found(version: str) -> dict[str, Wanted]:
    """What is to be found in each shape with that version of Pester."""
    return FOUND | {"Exits": ENDED[version]}


def place(shape: str) -> str:
    """The file that a shape was run as."""
    return ODD if shape == "OddNames" else f"tests/unit/{shape}.Tests.ps1"


def matches(findings: Sequence[Finding], wanted: Wanted, path: str) -> bool:
    """Whether these are the wanted findings, in their order, in the file or where the test says."""
    return len(findings) == len(wanted) and all(
        found.path == next((other for end, other in ELSEWHERE.items() if rule.endswith(end)), path)
        and found.line == line
        and found.rule.endswith(rule)
        and found.message.startswith(message)
        for found, (line, rule, message) in zip(findings, wanted, strict=True)
    )
