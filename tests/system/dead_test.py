"""What docs/commands.md promises of `restante dead`, said to real processes."""
import base64
import json
import os
import stat
import subprocess

from commands_test import lines, recv, running, send, workers
from harness import Cluster, expect
from registry import scenario
from replay_test import keep
from subscriptions_test import subscriptions


def dead(c, s, *words, status=0, input=b"", environment=None):
    done = c.cli("dead", *words, "--sidecar", s.ipc, input=input, environment=environment)
    said = done.stderr.decode()
    expect(done.returncode == status, f"dead {words} ended with {done.returncode}, not {status}: {said}")
    return done


def listed(c, s, *words):
    return [json.loads(line) for line in dead(c, s, "list", *words, "--json").stdout.splitlines()]


def shown(c, s, letter):
    return json.loads(dead(c, s, "show", letter, "--json").stdout)


def reject(c, s, stream="orders"):
    """A worker that does away with all that waits and begins with `bad`, and acks the rest."""
    recv(c, s, "--exec", 'case "$(cat)" in bad*) exit 9 ;; esac', "--idle", "1s", stream=stream)


def bury(c, s, records, stream="orders"):
    """Messages that cannot be processed; their ids."""
    known = {one["id"] for one in listed(c, s)} if c.status(s)["streams"] else set()
    send(c, s, records, stream=stream)
    reject(c, s, stream)
    return [one["id"] for one in listed(c, s, stream) if one["id"] not in known]


def received(c, s, count, stream="orders"):
    return [json.loads(line) for line in recv(c, s, "--count", count, "--json", stream=stream).splitlines()]


@scenario
def poison_is_found_mended_and_processed():
    """Among good messages one that no worker can take: listed, shown, edited, processed, and it tells what it was."""
    with Cluster() as c:
        s = c.sidecar()
        expect(b"no dead letters" in dead(c, s, "list").stderr, "an empty node")
        send(c, s, ["good one", "bad two", "good three"])
        reject(c, s)
        table = dead(c, s, "list").stdout.decode().splitlines()
        expect(table[0].split() == ["ID", "ATTEMPTS", "BURIED", "OCTETS", "TOPIC", "REASON"], f"{table}")
        expect(table[1].startswith("orders/workers/2 ") and table[1].endswith("rejected: exit status 9"), f"{table}")
        expect(len(table) == 2, f"{table}")
        text = dead(c, s, "show", "orders/workers/2").stdout.decode()
        for part in ("dead letter orders/workers/2\n", "rejected: exit status 9", "marker          2", "\nbad two\n"):
            expect(part in text, f"{part!r} is not in {text}")
        before = shown(c, s, "orders/workers/2")
        [attempt] = before["history"]
        expect("pid" in attempt["who"] and attempt["why"] == "rejected: exit status 9", f"{attempt}")
        expect(before["payload"] == "bad two" and before["attributes"]["marker"] == 2, f"{before}")
        dead(c, s, "edit", "orders/workers/2", "--from", "-", "--set", "by=hand", input=b"good two\n")
        expect(listed(c, s) == [], "what was edited is still there")
        [got] = received(c, s, 1)
        expect((got["payload"], got["marker"], got["attempt"]) == ("good two", 2, 1), f"{got}")
        expect(got["grant"] != before["grant"], "the new message has the id of the old one")
        c.until("it is settled", lambda: workers(c, s)["backlog_messages"] == 0)


@scenario
def an_edited_message_tells_where_it_is_from():
    """Edited in an editor, it dies again: it has the old id in a header, and can be edited again."""
    with Cluster() as c:
        s = c.sidecar()
        [one] = bury(c, s, ["bad once"])
        before = shown(c, s, one)
        editor = {"EDITOR": "sed -i s/once/twice/", "VISUAL": ""}
        said = dead(c, s, "edit", one, environment=editor).stdout.decode()
        old = f"s/orders/{before['grant'].lstrip('0')}/{before['sequence']}"
        expect(said.startswith(f"edited {one}: ") and said.endswith(f" restante-edited-from {old}\n"), said)
        reject(c, s)
        after = shown(c, s, one)
        expect(after["payload"] == "bad twice" and after["grant"] != before["grant"], f"{after}")
        expect({"name": "restante-edited-from", "value": old} in after["attributes"]["headers"], f"{after}")
        expect(len(after["history"]) == 2, f"{after['history']}")
        dead(c, s, "edit", one, "--set", "a=1", "--set", "content-type=text/plain", "--set", "b=2")
        reject(c, s)
        third = shown(c, s, one)
        headers = {each["name"]: each["value"] for each in third["attributes"]["headers"]}
        expect(headers == {"a": "1", "b": "2", "restante-edited-from":
                           f"s/orders/{after['grant'].lstrip('0')}/{before['sequence']}"}, f"{headers}")
        expect(third["attributes"]["content_type"] == "text/plain" and third["payload"] == "bad twice", f"{third}")
        told = json.loads(dead(c, s, "edit", one, "--set", "a=", "--from", "-", "--json", input=b"bad ").stdout)
        expect(told["edited"] and told["id"] == one and told["refusal"] == "", f"{told}")
        reject(c, s)
        names = [each["name"] for each in shown(c, s, one)["attributes"]["headers"]]
        expect(names == ["b", "restante-edited-from"], f"{names}")


@scenario
def an_edit_that_is_none_changes_nothing():
    """The same payload, an editor that fails or is not there, what no message may be: the letter stays as it was."""
    with Cluster() as c:
        s = c.sidecar()
        [one] = bury(c, s, ["bad"])
        before = shown(c, s, one)
        temporary = c.directory / "tmp"
        temporary.mkdir()
        at = {"TMPDIR": str(temporary), "VISUAL": ""}
        mode = temporary / "mode"
        look = at | {"EDITOR": f"sh -c 'stat -c %a \"$0\" > {mode}'"}
        expect(b"nothing was changed" in dead(c, s, "edit", one, status=1, environment=look).stderr, "no change")
        expect(mode.read_text() == "600\n", f"others may read it: {mode.read_text()}")
        mode.unlink()
        cases = [
            (1, (), at | {"EDITOR": "false"}, b"", b"exit status 1"),
            (1, ("--from", "-"), at, b"bad\n", b"nothing was changed"),
            (2, (), at | {"EDITOR": ""}, b"", b"set EDITOR"),
            (2, ("--set", "marker=7"), at, b"", b"sender"),
            (2, ("--set", "=7"), at, b"", b"NAME=VALUE"),
            (2, ("--topic", "a/#"), at, b"", b"--topic"),
            (4, ("--topic", "north"), at, b"", b"pipeline"),
            (4, ("--from", "-"), at, b"", b"1 to 1,048,576 octets"),
            (4, ("--from", "-"), at, b"x" * (2 ** 20 + 2), b"more than"),
            (4, ("--from", "/no/such/file"), at, b"", b"/no/such/file"),
            (4, ("--set", "a=" + "x" * 5000), at, b"", b"attribute"),
        ]
        for status, words, environment, input, text in cases:
            done = dead(c, s, "edit", one, *words, status=status, environment=environment, input=input)
            expect(text in done.stderr, f"{words}: {done.stderr}")
        expect(list(temporary.iterdir()) == [], f"left behind: {list(temporary.iterdir())}")
        expect(shown(c, s, one) == before, "something was changed")
        gone = at | {"EDITOR": f"sh -c 'echo mended > \"$0\"; kill -9 {s.pid}'"}
        s.forgiven = True
        said = dead(c, s, "edit", one, status=3, environment=gone).stderr.decode()
        [kept] = temporary.iterdir()
        expect(str(kept) in said and kept.read_text() == "mended\n", f"what was typed is lost: {said}")
        expect(stat.S_IMODE(os.stat(kept).st_mode) == 0o600, "others may read it")


@scenario
def a_retried_letter_keeps_its_id():
    """It comes again with the id that it had and no attempt counted, also to the worker that had rejected it."""
    with Cluster() as c:
        s = c.sidecar(extra=["--retry-initial", "10ms", "--attempts-max", "3"])
        mended, seen = c.directory / "mended", c.directory / "seen"
        command = f'echo "$RESTANTE_SEQUENCE $RESTANTE_ATTEMPT" >> {seen}; [ -e {mended} ] || exit 75'
        send(c, s, ["one"])  # before its worker: the nack of a live copy may come before the books have the message
        running(c, s, "recv", "orders", "--exec", command)
        [one] = c.until("it is dead", lambda: c.status(s)["streams"] and listed(c, s))
        expect((one["id"], one["attempts"]) == ("orders/workers/1", 3), f"{one}")
        expect(len(shown(c, s, one["id"])["history"]) == 3, f"{shown(c, s, one['id'])}")
        expect(dead(c, s, "retry", one["id"]).stdout == b"retried 1 dead letter (3 B)\n", "retry")
        [again] = c.until("it is dead again", lambda: [each for each in listed(c, s) if each["buried"] > one["buried"]])
        expect((again["grant"], again["sequence"], again["attempts"]) == (one["grant"], 1, 3), f"{again}")
        mended.touch()
        dead(c, s, "retry", "orders", "--yes")
        c.until("it is done", lambda: len(seen.read_text().splitlines()) > 6 and workers(c, s)["parked"] == 0)
        expect(listed(c, s) == [], f"{listed(c, s)}")
        expect(seen.read_text().splitlines() == ["1 1", "1 2", "1 3"] * 2 + ["1 1"], seen.read_text())
        told = json.loads(dead(c, s, "retry", "--all", "--yes", "--json").stdout)
        expect(told == {"action": "retry", "chosen": 0, "letters": 0, "octets": 0, "refusal": ""}, f"{told}")


@scenario
def retried_and_edited_letters_survive_a_kill():
    """The sidecar is killed when the command has answered: with the next one the message is there, once."""
    with Cluster() as c:
        s = c.sidecar()
        ids = bury(c, s, ["bad one", "bad two", "bad three"])
        before = [shown(c, s, each) for each in ids]
        s.kill()
        s.start()
        expect([shown(c, s, each) for each in ids] == before, "dead letters of before the kill")
        dead(c, s, "retry", ids[0])
        dead(c, s, "edit", ids[1], "--from", "-", input=b"good two\n")
        dead(c, s, "drop", ids[2], "--yes")
        s.kill()
        s.start()
        expect(listed(c, s) == [], f"{listed(c, s)}")
        got = {one["payload"]: one for one in received(c, s, 2)}
        expect(set(got) == {"bad one", "good two"}, f"{got}")
        expect(got["bad one"]["grant"] == before[0]["grant"], "another id than before")
        expect(got["good two"]["grant"] != before[1]["grant"], "another payload with the old id")
        c.until("it is settled", lambda: workers(c, s)["parked"] == 0)
        keep(c, s, "retain_age=1h", stream="orders")  # acks go with the next commit, which this is
        s.kill()
        s.start()
        expect(recv(c, s, "--idle", "1s") == "" and listed(c, s) == [], "what was done came again")


@scenario
def dead_letters_are_chosen():
    """By id, by its beginning, by reason and age, or all; a dry run only says; what is not there is said."""
    with Cluster() as c:
        s = c.sidecar()
        early = bury(c, s, ["bad one", "bad two"])
        bills = bury(c, s, ["bad three"], stream="bills")
        late = bury(c, s, ["bad four"])
        every = [one["id"] for one in listed(c, s)]
        expect(every == [*bills, *early, *late] and every[:2] == ["bills/workers/1", "orders/workers/1"], f"{every}")
        expect([one["id"] for one in listed(c, s, "orders/workers")] == every[1:], "of a subscription")
        expect([one["id"] for one in listed(c, s, "bills", "orders/workers/2")] == [every[0], every[2]], "two of them")
        expect(len(listed(c, s, "orders/workers/2", "orders", "orders/workers")) == 3, "each once")
        expect(listed(c, s, "--older", "1h") == [] and len(listed(c, s, "--newer", "1h")) == 4, "by age")
        by_reason = [len(listed(c, s, "--reason", f"status {number}")) for number in (8, 9)]
        expect(by_reason == [0, 4], f"by reason: {by_reason}")
        dry = dead(c, s, "drop", "orders", "--dry-run").stdout.decode()
        expect(dry.endswith("would drop 3 dead letters (22 B)\n") and late[0] in dry, dry)
        expect("no dead letters" in dead(c, s, "list", "--older", "1h").stderr.decode(), "none fits")
        for words, status, text in (
                (("drop", "orders/workers/2"), 2, "needs --yes"), (("retry", "orders"), 2, "needs --yes"),
                (("retry",), 2, "--all"), (("drop", "--yes"), 2, "--all"), (("export",), 2, "--all"),
                (("retry", "--all", "orders"), 2, "contradict"),
                (("drop", "--all", "--yes", "--dry-run"), 2, "contradict"),
                (("show", "orders/workers"), 2, "whole id"), (("show", "s/orders/5f/1"), 2, "STREAM/SUBSCRIPTION"),
                (("retri",), 2, "did you mean retry?"), (("list", "Orders"), 2, "instead of"),
                (("list", "ordrs"), 1, "did you mean orders?"), (("list", "orders/worker"), 1, "did you mean workers?"),
                (("show", "orders/workers/77"), 1, "no such dead letter"),
                (("list", "orders/#9"), 0, "no dead letters"),
                (("retry", "orders/workers/77"), 1, "no dead letter orders/workers/77"),
                (("edit", "orders/workers/77"), 1, "no such dead letter")):
            done = dead(c, s, *words, status=status)
            expect(text in done.stderr.decode(), f"{words}: {done.stderr}")
        expect([one["id"] for one in listed(c, s)] == every, "something was changed")
        dead(c, s, "drop", "orders/workers/1", "orders/workers/77", late[0], "--yes", status=1)
        expect([one["id"] for one in listed(c, s)] == [every[0], every[2]], "what was named and there is dropped")
        told = json.loads(dead(c, s, "drop", "--all", "--newer", "1h", "--yes", "--json").stdout)
        expect((told["letters"], told["octets"], listed(c, s)) == (2, 16, []), f"{told}")
        nowhere = c.cli("dead", "list", "--sidecar", f"ipc://{c.directory}/nobody.sock")
        expect(nowhere.returncode == 3 and b"`restante up`" in nowhere.stderr, f"{nowhere.stderr}")


@scenario
def dead_letters_outlive_their_subscription():
    """The subscription is removed: its letters are shown by its number, exported and dropped, and not tried again."""
    with Cluster() as c:
        s = c.sidecar()
        subscribe = ("sub", "weather", "--durable", "screen", "--sidecar", s.ipc, "--idle", "500ms")
        c.cli(*subscribe)
        c.cli("pub", "weather", "north/oslo", "--sidecar", s.ipc, input=b"-4\n")
        c.cli(*subscribe, "--exec", "exit 9")
        [one] = listed(c, s, "weather/screen")
        expect(one["topic"] == "north/oslo", f"{one}")
        dead(c, s, "edit", one["id"], "--topic", "north/bergen")
        c.cli(*subscribe, "--exec", "exit 9")
        [one] = listed(c, s)
        expect(one["topic"] == "north/bergen", f"{one}")
        subscriptions(c, s, "remove", "weather", "screen", "--yes")
        [left] = listed(c, s)
        expect(left["subscription"].startswith("#") and left["sequence"] == one["sequence"], f"{left}")
        expect(listed(c, s, "weather/" + left["subscription"]) == [left], f"{left}")
        for words in (("retry", left["id"]), ("edit", left["id"], "--from", "-")):
            said = dead(c, s, *words, input=b"-5", status=4).stderr.decode()
            expect("was removed" in said and "export" in said, said)
        expect(b"`restante dead list weather`" in dead(c, s, "list", one["id"], status=1).stderr, "by its old name")
        expect(dead(c, s, "show", left["id"], "--payload").stdout == b"-4", "its payload")
        dead(c, s, "export", left["id"], "--to", c.directory / "out")
        expect((c.directory / "out" / f"{left['id']}.payload").read_bytes() == b"-4", "exported")
        dead(c, s, "drop", "weather", "--yes")
        expect(listed(c, s) == [], "dropped")


@scenario
def large_and_odd_payloads_are_whole():
    """A payload of 1 MiB and one that is no text: shown in part, written, exported and edited octet for octet."""
    with Cluster() as c:
        s = c.sidecar()
        large = bytes(range(256)) * 4096
        other = large[::-1]
        c.cli("send", "orders", "--whole", "--sidecar", s.ipc, input=large)
        c.cli("send", "orders", "--whole", "--sidecar", s.ipc, input=b"\x1b[31mred\n\xff")
        recv(c, s, "--exec", "exit 9", "--idle", "500ms")
        one, odd = [each["id"] for each in listed(c, s)]
        text = dead(c, s, "show", one).stdout.decode()
        expect("1,048,576 octets" in text and "0000f0  f0 f1" in text and "--payload writes" in text, text)
        text = dead(c, s, "show", odd).stdout
        expect(b"\x1b" not in text and b"1b 5b 33 31 6d 72 65 64 0a ff" in text and b".[31mred.." in text, f"{text}")
        expect(shown(c, s, odd)["payload_base64"] == base64.b64encode(b"\x1b[31mred\n\xff").decode(), "base64")
        expect(dead(c, s, "show", one, "--payload").stdout == large, "--payload")
        exported = [json.loads(line) for line in dead(c, s, "export", "orders").stdout.splitlines()]
        payloads = [base64.b64decode(each["payload_base64"]) for each in exported]
        expect(payloads == [large, b"\x1b[31mred\n\xff"], "export")
        folder = c.directory / "letters"
        for _ in range(2):  # what was exported before is written anew
            done = dead(c, s, "export", "--all", "--to", folder)
            expect(done.stdout == b"" and b"exported 2 dead letters (1 MiB) to" in done.stderr, f"{done.stderr}")
        expect((folder / f"{one}.payload").read_bytes() == large, "exported to a directory")
        beside = json.loads((folder / f"{one}.json").read_text())
        expect(beside["id"] == one and beside["history"] and "payload" not in beside, f"{beside}")
        expect(len(list(folder.rglob("*.*"))) == 4, f"{list(folder.rglob('*'))}")
        dead(c, s, "export", "--all", "--to", "/proc/nowhere", status=4)
        payload = c.directory / "payload"
        payload.write_bytes(other)
        dead(c, s, "edit", one, "--from", payload)
        got = c.cli("recv", "orders", "--sidecar", s.ipc, "--count", 1, "--json")
        expect(base64.b64decode(json.loads(got.stdout)["payload_base64"]) == other, "what was edited")
        dead(c, s, "edit", odd, "--from", "-", input=b"text\n")
        expect(recv(c, s, "--count", 1) == "text\n\n", "the newline belongs to a payload that was no text")


@scenario
def three_hundred_dead_letters():
    """More than one answer or one commit holds, while a worker rejects all that comes: each is tried again once."""
    with Cluster() as c:
        s = c.sidecar()
        seen = c.directory / "seen"
        running(c, s, "recv", "orders", "--exec", f"echo $RESTANTE_SEQUENCE >> {seen}; exit 9")
        send(c, s, lines(300))
        ids = [f"orders/workers/{number}" for number in range(1, 301)]
        c.until("all are dead", lambda: workers(c, s)["dead"] == 300, 40)
        expect([one["id"] for one in listed(c, s)] == ids, f"{len(listed(c, s))} are listed")
        table = dead(c, s, "list").stdout.decode().splitlines()
        expect([line.split()[0] for line in table] == ["ID", *ids], f"{table[:3]}")
        expect(dead(c, s, "retry", "--all", "--yes").stdout.startswith(b"retried 300 dead letters ("), "retry")
        c.until("all are dead again", lambda: len(seen.read_text().split()) >= 600 and len(listed(c, s)) == 300, 40)
        expect(sorted(map(int, seen.read_text().split())) == sorted([*range(1, 301)] * 2), "not each once")
        kept = [json.loads(line) for line in dead(c, s, "export", "--all").stdout.splitlines()]
        expect([base64.b64decode(one["payload_base64"]).decode() for one in kept] == lines(300), "export")
        some = [one["id"] for one in kept[::2]]
        expect(dead(c, s, "drop", *some, "--yes").stdout.startswith(b"dropped 150 dead letters ("), "drop")
        expect([one["id"] for one in listed(c, s)] == ids[1::2], "not the others")


@scenario
def dead_letters_are_asked_about_on_a_terminal():
    """Without --yes somebody at a terminal is asked, with the number of them; anything but y changes nothing."""
    with Cluster() as c:
        s = c.sidecar()
        [one] = bury(c, s, ["bad"])
        for answer, status, left in ((b"n\n", 1, [one]), (b"y\n", 0, [])):
            master, terminal = os.openpty()
            asked = subprocess.Popen([*s.command_line()[:1], "dead", "drop", one, "--sidecar", s.ipc], stdin=terminal,
                                     stderr=terminal, stdout=subprocess.DEVNULL, env=c.environment)
            c.cleanups.append(lambda asked=asked: (asked.kill(), asked.wait()))
            said = b""
            while b"[y/N]" not in said:
                said += os.read(master, 4096)
            expect(b"Drop for good 1 dead letter (3 B)?" in said, f"{said}")
            os.write(master, answer)
            expect(asked.wait(20) == status, f"{answer} ended with {asked.returncode}")
            expect([each["id"] for each in listed(c, s)] == left, f"{answer}")
            os.close(master)
            os.close(terminal)
