#!/usr/bin/env -S python3 -B
"""The oracle is shown histories that break each promise, and must see every one of them."""
import pathlib
import tempfile
import unittest

import oracle


def history(producers, workers):
    """A verdict on logs given as {name: text}."""
    with tempfile.TemporaryDirectory() as directory:
        for name, text in (producers | workers).items():
            (pathlib.Path(directory) / name).write_text(text)
        return oracle.judge(directory)


def producer(*lines, source="p"):
    return "".join(f"{line}\n" for line in (f"S {source}", "T 100", *lines))


def sent(*numbers, confirmed=True):
    """Attempts of `numbers` with checksum `c<number>`, and their confirms."""
    lines = [f"A {n} c{n}" for n in numbers]
    return producer(*lines, *(f"C {n}" for n in numbers if confirmed))


def worker(*deliveries, at=150):
    return "".join(f"{line}\n" for line in (f"T {at}", *deliveries))


def delivered(*numbers):
    return worker(*(f"D p {n} c{n} 7:{n} 1" for n in numbers))


class OracleTest(unittest.TestCase):
    def test_a_good_history_is_good(self):
        verdict = history({"producer-p.1.log": sent(1, 2, 3)},
                          {"worker-a.log-s": delivered(1, 3), "worker-b.log-s": delivered(2)})
        self.assertTrue(verdict.good)
        self.assertEqual((verdict.attempted, verdict.confirmed, verdict.delivered, verdict.duplicates), (3, 3, 3, 0))
        self.assertEqual(verdict.stable_ms_p50, 50)

    def test_a_confirmed_message_that_never_came_is_lost_and_where(self):
        verdict = history({"producer-p.1.log": sent(*range(1, 10))}, {"worker-a.log-s": delivered(3, 4, 6, 7)})
        self.assertEqual((verdict.lost_prefix, verdict.lost_middle, verdict.lost_postfix), (2, 1, 2))
        self.assertFalse(verdict.good)
        self.assertEqual(verdict.examples["lost_middle"], ["p 5"])

    def test_all_lost_is_lost(self):
        verdict = history({"producer-p.1.log": sent(1, 2)}, {})
        self.assertEqual(verdict.lost, 2)

    def test_an_unconfirmed_message_may_be_missing_or_arrive(self):
        verdict = history({"producer-p.1.log": sent(1, 2, confirmed=False)}, {"worker-a.log-s": delivered(2)})
        self.assertTrue(verdict.good)
        self.assertEqual((verdict.pending, verdict.recovered), (1, 1))

    def test_what_nobody_sent_is_unexpected(self):
        verdict = history({"producer-p.1.log": sent(1)}, {"worker-a.log-s": delivered(1, 2)})
        self.assertEqual(verdict.unexpected, 1)
        self.assertFalse(verdict.good)

    def test_other_octets_are_corrupt_and_do_not_count_as_delivered(self):
        verdict = history({"producer-p.1.log": sent(1)}, {"worker-a.log-s": worker("D p 1 bad 7:1 1")})
        self.assertEqual((verdict.corrupt, verdict.lost), (1, 1))
        self.assertFalse(verdict.good)

    def test_an_unreadable_payload_is_unexpected(self):
        verdict = history({"producer-p.1.log": sent(1)}, {"worker-a.log-s": delivered(1) + "D ? 0 00000000 7:2 1\n"})
        self.assertEqual(verdict.unexpected, 1)

    def test_one_id_twice_in_one_instance_is_seen(self):
        verdict = history({"producer-p.1.log": sent(1)}, {"worker-a.log-s": delivered(1, 1)})
        self.assertEqual((verdict.duplicates_in_instance, verdict.duplicates), (1, 1))
        self.assertFalse(verdict.good)

    def test_one_id_in_two_instances_is_a_duplicate_and_allowed(self):
        verdict = history({"producer-p.1.log": sent(1)},
                          {"worker-a.log-s": delivered(1), "worker-b.log-s": delivered(1)})
        self.assertEqual((verdict.duplicates_in_instance, verdict.duplicates), (0, 1))
        self.assertTrue(verdict.good)

    def test_a_message_sent_again_by_a_restarted_producer_has_another_id(self):
        verdict = history({"producer-p.1.log": sent(1, confirmed=False), "producer-p.2.log": sent(1)},
                          {"worker-a.log-s": worker("D p 1 c1 7:1 1", "D p 1 c1 8:9 1")})
        self.assertTrue(verdict.good)
        self.assertEqual((verdict.attempted, verdict.duplicates), (1, 1))

    def test_one_id_with_two_contents_is_seen(self):
        verdict = history({"producer-p.1.log": sent(1, 2)},
                          {"worker-a.log-s": delivered(1), "worker-b.log-s": worker("D p 2 c2 7:1 1")})
        self.assertEqual(verdict.rebound, 1)
        self.assertFalse(verdict.good)

    def test_everything_up_to_a_marker_counts_as_confirmed(self):
        verdict = history({"producer-p.1.log": sent(1, 2, 3, confirmed=False), "producer-p.2.log": producer("M 2")},
                          {"worker-a.log-s": delivered(1)})
        self.assertEqual((verdict.confirmed, verdict.lost, verdict.forgotten), (2, 1, 0))
        self.assertFalse(verdict.good)

    def test_a_marker_below_what_was_confirmed_is_seen(self):
        lives = {f"producer-p.{life}.log": text for life, text in
                 {2: producer("M 0", *(f"A {n} c{n}" for n in (1, 2, 3)), "C 1", "C 2", "C 3"),
                  10: producer("M 1", "A 2 c2", "A 3 c3")}.items()}
        verdict = history(lives, {"worker-a.log-s": delivered(1, 2, 3)})
        self.assertEqual(verdict.forgotten, 2)

    def test_torn_last_lines_are_left_out(self):
        verdict = history({"producer-p.1.log": sent(1) + "A 2 c"}, {"worker-a.log-s": delivered(1) + "D p 1 c1"})
        self.assertTrue(verdict.good)
        self.assertEqual((verdict.attempted, verdict.deliveries), (1, 1))

    def test_sources_do_not_stand_in_for_each_other(self):
        two = producer("A 1 c1", "C 1", source="q")
        verdict = history({"producer-p.1.log": sent(1), "producer-q.1.log": two}, {"worker-a.log-s": delivered(1)})
        self.assertEqual(verdict.lost, 1)

    def test_a_dead_letter_that_the_test_expects_is_no_loss(self):
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "producer-p.1.log").write_text(sent(1, 2))
            (pathlib.Path(directory) / "worker-a.log-s").write_text(delivered(1))
            self.assertTrue(oracle.judge(directory, excused={("p", 2)}).good)


if __name__ == "__main__":
    unittest.main()
