#!/usr/bin/env -S python3 -B
"""The oracles of live subscribers and of crowds are shown histories that break each promise, and must see each."""
import pathlib
import tempfile
import unittest

import crowd_oracle
import live_oracle

TOPICS = {1: "a", 2: "b", 3: "a", 4: "b", 5: "a", 6: "b", 7: "a"}


def came(*numbers):
    return "T 150\n" + "".join(f"D p {n} c{n} 7:{n} 1 {TOPICS[n]}\n" for n in numbers)


def told(first, last):
    return f"G {first} {last} it was not heard\n"


REFERENCE = live_oracle.published(came(*TOPICS))


def wrong(text):
    """The kinds of faults that were seen."""
    verdict = live_oracle.judge(text, REFERENCE)
    assert verdict.good == (not verdict.examples)
    return sorted(verdict.examples)


class LiveOracleTest(unittest.TestCase):
    def test_a_good_history_is_good(self):
        verdict = live_oracle.judge(came(2, 3) + told(4, 5) + came(6, 7), REFERENCE)
        self.assertTrue(verdict.good, verdict)
        self.assertEqual((verdict.heard, verdict.missed, verdict.gaps), (4, 2, 1))

    def test_nothing_is_promised_before_the_first_and_behind_the_last(self):
        self.assertEqual(wrong(came(3, 4, 5)), [])

    def test_a_gap_may_say_more_than_there_was(self):
        self.assertEqual(wrong(came(2, 3) + told(4, 5) + came(6)), [])

    def test_what_is_missing_and_not_told(self):
        self.assertEqual(wrong(came(1, 2, 4)), ["untold"])
        self.assertEqual(wrong(came(1, 2) + told(3, 3) + came(5)), ["untold"])

    def test_a_gap_that_comes_late(self):
        self.assertEqual(wrong(came(1, 2, 4) + told(3, 3) + came(5)), ["empty", "untold"])

    def test_a_gap_where_nothing_was_missed(self):
        self.assertEqual(wrong(came(1, 2) + told(1, 2) + came(3)), ["empty"])

    def test_what_comes_after_it_was_told_as_missed(self):
        self.assertEqual(wrong(came(1) + told(2, 2) + came(2, 3)), ["again"])

    def test_what_comes_twice(self):
        self.assertIn("again", wrong(came(1, 2, 2)))

    def test_an_order_that_is_not_that_of_the_topic(self):
        self.assertIn("reordered", wrong(came(1, 2, 5, 3)))

    def test_what_was_not_published(self):
        self.assertEqual(wrong(came(1) + "D p 9 c9 7:9 1 a\n"), ["other"])
        self.assertEqual(wrong(came(1) + "D p 2 c3 7:2 1 b\n"), ["other"])


def published(*topics, confirmed=True):
    lines = [f"A {n} c{n} {topic}" for n, topic in enumerate(topics, 1)]
    confirms = [f"C {n}" for n in range(1, len(topics) + 1)] if confirmed else []
    return "\n".join(["S p", *lines, *confirms, ""])


def crowd(*lives, sent=published("all", "room/0/heat", "all", "room/1/heat", "room/0/heat")):
    """The kinds of faults that were seen with two subscriptions; each life is [(subscription, number, topic)]."""
    with tempfile.TemporaryDirectory() as directory:
        (pathlib.Path(directory) / "producer-p.1.log").write_text(sent)
        logs = []
        for at, life in enumerate(lives):
            logs.append(pathlib.Path(directory) / f"crowd.{at}.log")
            lines = [f"{reader} D p {n} c{n} 7:{n} 1 {topic}\n" for reader, n, topic in life]
            logs[-1].write_text("".join(["T 1\n", *lines]))
        verdict = crowd_oracle.judge([pathlib.Path(directory) / "producer-p.1.log"], logs, 2)
    assert verdict.good == (not verdict.examples)
    return sorted(verdict.examples)


FIRST = [(0, 1, "all"), (1, 1, "all"), (0, 2, "room/0/heat")]
REST = [(1, 3, "all"), (0, 5, "room/0/heat"), (0, 3, "all"), (1, 4, "room/1/heat")]


class CrowdOracleTest(unittest.TestCase):
    def test_a_good_history_is_good(self):
        self.assertEqual(crowd(FIRST, REST), [])

    def test_each_must_have_its_own(self):
        self.assertEqual(crowd(FIRST, REST[:-1]), ["missing"])
        self.assertEqual(crowd(FIRST[1:], REST), ["missing"])

    def test_what_was_not_confirmed_may_be_missing(self):
        self.assertEqual(crowd(FIRST, sent=published("all", "room/0/heat", confirmed=False)), [])

    def test_what_comes_twice(self):
        self.assertEqual(crowd(FIRST, FIRST[:1] + REST), ["duplicates"])

    def test_a_room_of_somebody_else(self):
        self.assertEqual(crowd(FIRST, [*REST, (1, 2, "room/0/heat")]), ["unexpected"])

    def test_what_nobody_sent(self):
        self.assertEqual(crowd(FIRST, [*REST, (1, 9, "all")]), ["unexpected"])

    def test_an_order_that_is_not_that_of_the_topic(self):
        self.assertEqual(crowd(FIRST[1:], [*REST, FIRST[0]]), ["reordered"])


if __name__ == "__main__":
    unittest.main()
