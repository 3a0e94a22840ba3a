"""A dispatch that is killed at any point, to a receiver that loses answers: nothing twice, nothing lost."""

from __future__ import annotations

from pathlib import Path

from benchmarks.delivery import Receiver, deliver


def test_killed_again_and_again_every_message_is_taken_once(tmp_path: Path) -> None:
    receiver = Receiver(lost_share=0.05)

    states, hits = deliver(tmp_path, receiver, sends=3_000, kills=6, life_seconds=0.6)

    assert hits >= 1, "some must be killed while they send, or nothing was tried"
    assert dict(states) == {"delivered": 3_000}
    assert len(receiver.taken) == 3_000
    assert receiver.counts["answers lost"] > 50
    assert receiver.counts["same key, other content"] == 0
    assert receiver.codes_given_twice == 0, "there are as many codes as messages, and each message has its own"
