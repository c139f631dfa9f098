"""When a session has to end: timers and ceilings, counted without waiting."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from atomci.artifacts.handed.guarded import SessionLimits, StopReason
from atomci.guard.attendance import Attendance, Progress


@dataclass
class Signs:
    """Processor time that grows so much between two looks at it, and whether files change."""

    share: float | None = 0.0
    writes: bool = False
    used: float = 0.0
    looks: list[str] = field(default_factory=list)

    def processor(self) -> float | None:
        self.looks.append("processor")
        if self.share is None:
            return None
        self.used += self.share
        return self.used

    def wrote_within(self, seconds: float) -> bool:
        self.looks.append("files")
        return self.writes


def looked(attendance: Attendance, seconds: float, seen: Progress | None = None) -> StopReason | None:
    """A second after the other, so many, until it says stop."""
    passed = 0.0
    while passed < seconds:
        passed += 1
        if reason := attendance.look(1.0, seen or Progress()):
            return reason
    return None


def test_without_limits_nothing_ends_it() -> None:
    assert looked(Attendance(SessionLimits(), Signs()), 10_000) is None


def test_the_whole_session_may_take_so_long_however_much_it_prints() -> None:
    attendance = Attendance(SessionLimits(wall=100, inactivity=10), Signs())
    reasons = [attendance.look(1.0, Progress(printed=second)) for second in range(1, 101)]
    assert reasons == [None] * 99 + [StopReason.WALL]


def test_what_prints_nothing_at_all_is_ended_by_the_first_timer() -> None:
    limits = SessionLimits(first_byte=30, inactivity=600)
    assert looked(Attendance(limits, Signs(share=1.0)), 29) is None
    assert looked(Attendance(limits, Signs(share=1.0)), 30) is StopReason.FIRST_BYTE
    assert looked(Attendance(limits, Signs()), 599, Progress(printed=1)) is None


def test_output_typing_processor_time_and_changed_files_are_signs_of_life() -> None:
    limits = SessionLimits(inactivity=80)
    assert looked(Attendance(limits, Signs()), 80) is StopReason.INACTIVITY
    assert looked(Attendance(limits, Signs(share=5.0)), 1000) is None
    assert looked(Attendance(limits, Signs(writes=True)), 1000) is None
    attendance = Attendance(limits, Signs())
    assert all(attendance.look(1.0, Progress(typed=count // 70)) is None for count in range(1000))


def test_a_process_that_only_waits_uses_a_little_and_is_idle_all_the_same() -> None:
    assert looked(Attendance(SessionLimits(inactivity=80), Signs(share=0.1)), 80) is StopReason.INACTIVITY


def test_where_the_system_tells_no_processor_time_bytes_and_files_decide() -> None:
    limits = SessionLimits(inactivity=80)
    assert looked(Attendance(limits, Signs(share=None)), 80) is StopReason.INACTIVITY
    assert looked(Attendance(limits, Signs(share=None, writes=True)), 1000) is None


def test_dear_signs_are_looked_for_only_when_it_has_been_quiet() -> None:
    signs = Signs()
    looked(Attendance(SessionLimits(inactivity=80), signs), 19)
    assert signs.looks == []
    assert looked(Attendance(SessionLimits(inactivity=80), signs), 79) is None
    assert "files" not in signs.looks
    assert len(signs.looks) < 10


def test_after_its_result_it_has_a_moment_to_end() -> None:
    limits = SessionLimits(grace=10, inactivity=600)
    done = Progress(printed=5, has_result=True)
    attendance = Attendance(limits, Signs())
    assert looked(attendance, 500, Progress(printed=5)) is None
    assert looked(attendance, 9, done) is None
    assert looked(attendance, 1, done) is StopReason.AFTER_RESULT


def test_what_still_prints_after_its_result_has_more_to_say() -> None:
    attendance = Attendance(SessionLimits(grace=10), Signs())
    assert all(attendance.look(1.0, Progress(printed=n, has_result=True)) is None for n in range(1, 100))


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (Progress(tokens=1000), None),
        (Progress(tokens=1001), StopReason.TOKENS),
        (Progress(usd=1.5), None),
        (Progress(usd=1.51), StopReason.COST),
        (Progress(tokens=None, usd=None), None),
    ],
)
def test_ceilings_are_for_what_is_known(seen: Progress, reason: StopReason | None) -> None:
    assert Attendance(SessionLimits(tokens=1000, usd=1.5), Signs()).look(0.1, seen) is reason


def test_time_in_which_nobody_watched_does_not_count() -> None:
    """A laptop that slept, or Ctrl-Z: the session couldn't go on either."""
    attendance = Attendance(SessionLimits(wall=100, inactivity=50), Signs())
    assert attendance.look(3600.0, Progress()) is None
    assert attendance.watched == 2.0


def test_it_looks_often_against_its_shortest_timer() -> None:
    assert Attendance(SessionLimits(wall=0.1, inactivity=100), Signs()).pause == pytest.approx(0.025)
    assert Attendance(SessionLimits(), Signs()).pause == pytest.approx(0.25)
