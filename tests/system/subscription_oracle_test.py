#!/usr/bin/env -S python3 -B
"""The oracle of publish/subscribe is shown histories that break each promise, and must see every one of them."""
import pathlib
import tempfile
import unittest

import subscription_oracle
from subscription import Subscription, matches
from subscription_tally import SubscriptionTally

TOPICS = {1: "a", 2: "b", 3: "a", 4: "b/c", 5: "a"}
LETTER_A = Subscription("screen", ("a",), frozenset("p"))
ALL = Subscription("all", ("#",), frozenset("p"))
CROWD = Subscription("crowd", ("a", "b/+"), frozenset("p"), exclusive=False)


def published(*numbers, confirmed=True, source="p"):
    lines = [f"A {n} c{n} {TOPICS[n]}" for n in numbers] + [f"C {n}" for n in numbers if confirmed]
    return "".join(f"{line}\n" for line in (f"S {source}", "T 100", *lines))


def came(*numbers, topics=TOPICS, source="p"):
    return "T 150\n" + "".join(f"D {source} {n} c{n} 7:{n} 1 {topics[n]}\n" for n in numbers)


def history(subscriptions, logs, tally=False):
    with tempfile.TemporaryDirectory() as directory:
        for name, text in logs.items():
            (pathlib.Path(directory) / name).write_text(text)
        if tally:
            return SubscriptionTally(pathlib.Path(directory), subscriptions).update()
        return subscription_oracle.judge(directory, subscriptions)


def of_the_screen(text, published_text=published(1, 2, 3, 4, 5)):
    return history([LETTER_A], {"producer-p.1.log": published_text, "worker-screen-0.1.log-s": text})


class SubscriptionOracleTest(unittest.TestCase):
    def test_filters_are_those_of_mqtt(self):
        good = [("#", "a"), ("#", "a/b"), ("#", "/"), ("a/#", "a"), ("a/#", "a/b/c"), ("+", "a"), ("+/+", "/"),
                ("+/b", "a/b"), ("a/+", "a/"), ("a/+/c", "a/b/c"), ("$s/#", "$s"), ("$s/+", "$s/a"), ("a", "a")]
        bad = [("a", "b"), ("a", "a/"), ("a", "A"), ("+", "a/b"), ("+", "/"), ("a/+", "a"), ("a/+", "a/b/c"),
               ("a/#", "ab"), ("a/#", "b"), ("#", "$s"), ("+", "$s"), ("+/a", "$s/a"), ("a/b", "a")]
        self.assertEqual([pair for pair in good if not matches(*pair)], [])
        self.assertEqual([pair for pair in bad if matches(*pair)], [])

    def test_a_good_history_is_good(self):
        verdict = history([LETTER_A, ALL, CROWD], {
            "producer-p.1.log": published(1, 2, 3, 4, 5), "worker-screen-0.1.log-s": came(1, 3),
            "worker-screen-0.2.log-s": came(3, 5), "worker-all-0.1.log-s": came(1, 3, 2, 4, 5),
            "worker-crowd-0.1.log-s": came(5, 1), "worker-crowd-1.1.log-s": came(4, 3)})
        self.assertTrue(verdict.good, verdict)
        self.assertEqual((verdict.attempted, verdict.confirmed, verdict.delivered, verdict.duplicates), (5, 5, 12, 1))
        self.assertEqual(verdict.stable_ms_p50, 50)

    def test_each_subscription_must_have_it(self):
        verdict = history([LETTER_A, ALL], {"producer-p.1.log": published(1, 2, 3),
                                            "worker-screen-0.1.log-s": came(1), "worker-all-0.1.log-s": came(1, 2, 3)})
        self.assertEqual((verdict.lost, verdict.lost_postfix), (1, 1))
        self.assertEqual(verdict.examples["lost_postfix"], ["screen: p 3"])

    def test_a_subscription_without_a_reader_has_lost_all(self):
        self.assertEqual(history([LETTER_A], {"producer-p.1.log": published(1, 2, 3)}).lost, 2)

    def test_a_topic_that_no_filter_matches_is_unexpected(self):
        verdict = of_the_screen(came(1, 2, 3, 5))
        self.assertEqual((verdict.unexpected, verdict.lost), (1, 0))
        self.assertFalse(verdict.good)

    def test_a_publisher_that_it_does_not_read_is_unexpected(self):
        verdict = history([LETTER_A], {
            "producer-p.1.log": published(1), "producer-q.1.log": published(3, source="q"),
            "worker-screen-0.1.log-s": came(1) + came(3, source="q")})
        self.assertEqual((verdict.unexpected, verdict.lost), (1, 0))

    def test_another_topic_is_corrupt(self):
        self.assertEqual(of_the_screen(came(1, 3, 5, topics=TOPICS | {3: "b"})).corrupt, 1)

    def test_older_after_newer_of_one_topic_is_reordered_also_in_another_life(self):
        verdict = of_the_screen(came(3, 1, 5))
        self.assertEqual((verdict.reordered, verdict.lost), (1, 0))
        self.assertFalse(verdict.good)
        logs = {"producer-p.1.log": published(1, 2, 3, 4, 5), "worker-screen-0.2.log-s": came(3),
                "worker-screen-0.10.log-s": came(1, 5)}
        self.assertEqual(history([LETTER_A], logs).reordered, 1)

    def test_what_comes_again_is_not_reordered(self):
        verdict = history([LETTER_A], {"producer-p.1.log": published(1, 3), "worker-screen-0.1.log-s": came(1, 3),
                                       "worker-screen-0.2.log-s": came(1, 3)})
        self.assertEqual((verdict.reordered, verdict.duplicates, verdict.good), (0, 2, True))

    def test_one_id_twice_in_one_life_is_seen(self):
        self.assertEqual(of_the_screen(came(1, 3, 5, 5)).duplicates_in_instance, 1)

    def test_any_gap_is_seen(self):
        verdict = of_the_screen(came(1, 3) + "G 4 4 removed\n" + came(5))
        self.assertEqual(verdict.gaps, 1)
        self.assertFalse(verdict.good)

    def test_a_log_that_belongs_to_nobody_is_refused(self):
        with self.assertRaises(ValueError):
            history([LETTER_A], {"producer-p.1.log": published(1), "worker-other-0.1.log-s": came(1)})

    def test_the_tally_knows_what_each_is_owed(self):
        first = published(1, 2, 3, 4, 5, confirmed=False)
        tally = history([LETTER_A, ALL], {"producer-p.1.log": first, "producer-p.2.log": "S p\nM 3\n",
                                          "worker-screen-0.1.log-s": came(1)}, tally=True)
        self.assertEqual({name: len(numbers) for name, numbers in tally.missing.items()}, {"screen": 1, "all": 3})
        self.assertEqual(tally.owed(), 4)
        self.assertFalse(tally.begun(["a", "b"]))


if __name__ == "__main__":
    unittest.main()
