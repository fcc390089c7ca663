"""The lessons in examples/ do what their source says, started as their first lines say: by default endpoints."""
import collections
import shutil
import sqlite3

from harness import Cluster, Process, Sidecar, expect, program
from registry import scenario


class BareSidecar(Sidecar):
    """`restante up` and nothing more, so that a lesson finds it the way a reader's would."""

    def command_line(self):
        return [program("restante"), "up"]

    def wait_ready(self, deadline=20.0):
        super().wait_ready(deadline)
        self.ipc = self.serving["ipc"]
        return self


def lesson(c, name, *arguments, role=None, start=True, environment=None):
    role = role or "-".join([name, *arguments])
    return c.add(Process(c, role, lambda life: [program(name), *arguments], environment), start)


def said(process):
    """The whole lines of its standard output: it may be in the middle of one."""
    return process.out.read_text().split("\n")[:-1]


def subscription(c, s, stream):
    found = [sub for known in c.status(s)["streams"] if known["name"] == stream for sub in known["subscriptions"]]
    return found[0] if found else collections.defaultdict(int)


def ends_in_good_order(*processes):
    """As Ctrl-C ends them, with nothing to complain about."""
    for process in processes:
        status = process.stop()
        expect(status == 0, f"{process.name} ended with {status}: {process.text()}")
        said_then = process.err.read_text().splitlines()
        complaints = [line for line in said_then if "no sidecar at" not in line]  # it was away for a while
        expect(not complaints, f"{process.name} complains: {complaints}")


@scenario
def example_pipeline():
    """01_pipeline: `send` ends once its orders are safe; `work` gets them before or after, and after a kill -9."""
    orders = [f"order {number}" for number in range(1, 11)]
    with Cluster() as c:
        confused = lesson(c, "01_pipeline")
        expect(confused.wait() == 2 and "usage: 01_pipeline send|work" in confused.text(), confused.text())
        s = c.add(BareSidecar(c, "s"))
        send = lesson(c, "01_pipeline", "send")
        expect(send.wait() == 0, f"`send` with nobody at work ended with {send.popen.returncode}: {send.text()}")

        work = lesson(c, "01_pipeline", "work")
        c.until("the orders that waited are worked on", lambda: len(said(work)) == 10)
        expect(sorted(said(work)) == sorted(orders), f"{said(work)}")
        expect(send.start().wait() == 0, f"`send` with a worker ended with {send.popen.returncode}: {send.text()}")
        c.until("the next orders are worked on", lambda: len(said(work)) == 20)
        expect(sorted(said(work)) == sorted(2 * orders), f"{said(work)}")

        # What was printed may not be acked yet when the kill comes; then it may be printed once more.
        c.until("the acks are in", lambda: subscription(c, s, "orders")["backlog_messages"] == 0)
        work.kill()
        expect(send.start().wait() == 0, f"`send` after the kill ended with {send.popen.returncode}: {send.text()}")
        work.start()
        c.until("the successor has the orders", lambda: len(said(work)) == 10)
        expect(sorted(said(work)) == sorted(orders), f"{said(work)}")
        c.until("nothing is left", lambda: subscription(c, s, "orders")["backlog_messages"] == 0)
        ends_in_good_order(work)


@scenario
def example_pipeline_without_a_sidecar():
    """01_pipeline `send` with no sidecar: after its 10 s it says what is missing and exits 1; `work` just waits."""
    with Cluster() as c:
        send, work = lesson(c, "01_pipeline", "send"), lesson(c, "01_pipeline", "work")
        status = send.wait(20)
        expect(status == 1, f"`send` ended with {status}: {send.text()}")
        expect("\nnot confirmed yet: no sidecar" in send.text(), f"what became of the orders? {send.text()}")
        expect("`restante up`" in send.text(), f"it does not say which command helps: {send.text()}")
        c.add(BareSidecar(c, "s"))
        expect(send.start().wait() == 0, f"`send` with a sidecar ended with {send.popen.returncode}: {send.text()}")
        c.until("the worker that was there first has the orders", lambda: len(said(work)) == 10)
        expect(work.stop() == 0, f"`work` ended with {work.popen.returncode}: {work.text()}")


@scenario
def example_workers():
    """02_workers, twice: every picture is shrunk once, 42 at its second attempt, and 13 ends as a dead letter."""
    with Cluster() as c:
        s = c.add(BareSidecar(c, "s"))
        workers = [lesson(c, "02_workers", role=f"worker-{n}") for n in (1, 2)]
        c.until("both are at work", lambda: subscription(c, s, "pictures")["sessions"] == 2)
        pictures = "".join(f"{number}\n" for number in range(1, 101))
        sent = c.cli("send", "pictures", input=pictures.encode())
        expect(sent.returncode == 0, f"`restante send` ended with {sent.returncode}: {sent.stderr.decode()}")
        expect(sent.stderr.decode().endswith("accepted 100 confirmed 100 unconfirmed 0\n"), sent.stderr.decode())

        done = [f"shrunk {number}" for number in range(1, 101) if number != 13]
        c.until("all but one are shrunk", lambda: len(said(workers[0]) + said(workers[1])) >= len(done))
        c.until("nothing is left", lambda: subscription(c, s, "pictures")["backlog_messages"] == 0)
        shrunk = said(workers[0]) + said(workers[1])
        expect(sorted(shrunk) == sorted(done), f"not these once each: {set(done) ^ set(shrunk)}, {len(shrunk)} lines")
        dead = subscription(c, s, "pictures")["dead"]
        expect(dead == 1, f"{dead} dead letters, not 1")
        expect(all(said(worker) for worker in workers), "one worker had nothing to do")
        for worker in workers:
            expect(worker.stop() == 0, f"{worker.name} ended with {worker.popen.returncode}: {worker.text()}")


@scenario
def example_embedded():
    """03_embedded: a program alone, with nothing running beside it, gets its five readings back and exits 0."""
    with Cluster() as c:
        alone = lesson(c, "03_embedded")
        expect(alone.wait() == 0, f"it ended with {alone.popen.returncode}: {alone.text()}")
        readings = [f"reading {number} from lesson" for number in range(1, 6)]
        expect(sorted(said(alone)) == readings, f"{alone.text()}")
        expect(not alone.err.read_text(), f"it complains: {alone.err.read_text()}")


@scenario
def example_pubsub():
    """04_pubsub: a subscriber gets what its filter matches, in order, also what was published while it was killed."""
    hours = [f"north/oslo hour {hour}: snow" for hour in range(1, 6)]
    with Cluster() as c:
        confused = lesson(c, "04_pubsub", "show")
        expect(confused.wait() == 2 and "usage: 04_pubsub publish" in confused.text(), confused.text())
        s = c.add(BareSidecar(c, "s"))
        show = lesson(c, "04_pubsub", "show", "north/#", role="show")
        c.until("it has subscribed", lambda: subscription(c, s, "weather")["sessions"] == 1)
        publish = lesson(c, "04_pubsub", "publish")
        expect(publish.wait() == 0, publish.text())
        c.until("the north is shown", lambda: said(show) == hours)
        c.until("the acks are in", lambda: subscription(c, s, "weather")["backlog_messages"] == 0)
        show.kill()
        expect(publish.start().wait() == 0, publish.text())
        show.start()
        c.until("what it missed is shown", lambda: said(show) == hours)
        ends_in_good_order(show)


@scenario
def example_durable_subscriber():
    """05_durable_subscriber: killed, it misses nothing, also from before it was made; a store put back is told."""
    with Cluster() as c:
        confused = lesson(c, "05_durable_subscriber", "north/#", role="confused")
        expect(confused.wait() == 2 and "usage: 05_durable_subscriber" in confused.text(), confused.text())
        s = c.add(BareSidecar(c, "s"))

        def publish(*reports):
            done = c.cli("pub", "weather", "north/oslo", input="".join(f"{report}\n" for report in reports).encode())
            expect(done.returncode == 0, done.stderr.decode())

        def settled():
            books = subscription(c, s, "weather")
            return (books["sessions"], books["backlog_messages"]) == (1, 0)

        screen = lesson(c, "05_durable_subscriber", "north/#", "screen", role="screen")
        c.until("it has subscribed", lambda: subscription(c, s, "weather")["sessions"] == 1)
        publish(-4, -5)
        c.until("both are shown and acked", lambda: len(said(screen)) == 2 and settled())
        screen.kill()
        publish(-6, -7)
        s.kill().start()
        screen.start()
        c.until("what it missed is shown", lambda: said(screen) == ["north/oslo -6", "north/oslo -7"])
        c.until("the acks are in", settled)
        store, copy = c.directory / "state" / "restante", c.directory / "copy"
        expect(s.stop() == 0, s.text())
        shutil.copytree(store, copy)
        s.start()
        publish(-8)
        c.until("it is shown and acked", lambda: len(said(screen)) == 3 and settled())
        screen.pause()  # so that it does not tell the copy what was given away after it was made
        s.kill()
        shutil.rmtree(store)
        copy.rename(store)
        s.start()
        publish(-9)
        screen.resume()
        c.until("what came after is shown", lambda: said(screen)[-1] == "north/oslo -9")
        expect(said(screen)[-2].startswith("missing ") and len(said(screen)) == 5, f"{said(screen)}")
        ends_in_good_order(screen)


@scenario
def example_replay():
    """06_replay: what was published before anybody was there is printed in order, as often as asked for, and ends."""
    days = [f"apples day {day}: 42" for day in range(1, 6)]
    with Cluster() as c:
        confused = lesson(c, "06_replay")
        expect(confused.wait() == 2 and "usage: 06_replay publish" in confused.text(), confused.text())
        c.add(BareSidecar(c, "s"))
        publish, again = lesson(c, "06_replay", "publish"), lesson(c, "06_replay", "again", start=False)
        for times in (1, 1, 2):
            expect(publish.wait() == 0, f"`publish` ended with {publish.popen.returncode}: {publish.text()}")
            status = again.start().wait()
            expect(status == 0 and not again.err.read_text(), f"`again` ended with {status}: {again.text()}")
            expect(said(again) == days * times, f"{said(again)}")
            if times == 1 and again.life == 2:
                publish.start()


@scenario
def example_stage():
    """08_stage: each order gets its labels, also over a kill -9, and an order that makes no sense is a dead letter."""
    with Cluster() as c:
        s = c.add(BareSidecar(c, "s"))
        stage = lesson(c, "08_stage")
        labels = c.add(Process(c, "labels", lambda life: [program("restante"), "recv", "labels"]))
        order(c, "2 apples", "3 pears", "many quinces")
        expected = ["apples, box 1", "apples, box 2", "pears, box 1", "pears, box 2", "pears, box 3"]
        c.until("all labels are there", lambda: len(said(labels)) == 5)
        expect(sorted(said(labels)) == expected, f"{said(labels)}")
        c.until("the odd order is buried", lambda: subscription(c, s, "orders")["dead"] == 1)
        c.until("nothing is left", lambda: subscription(c, s, "orders")["backlog_messages"] == 0)
        stage.kill()
        order(c, "1 figs")
        stage.start()
        c.until("the label of the next order is there", lambda: len(said(labels)) == 6)
        expect(said(labels)[5] == "figs, box 1", f"{said(labels)}")
        c.until("nothing is left", lambda: subscription(c, s, "orders")["backlog_messages"] == 0)
        ends_in_good_order(stage)
        expect(said(stage) == ["1 orders, 1 labels, 0 rejected"], f"{said(stage)}")
        ends_in_good_order(labels)


def order(c, *orders):
    sent = c.cli("send", "orders", input="".join(f"{each}\n" for each in orders).encode())
    expect(sent.returncode == 0, sent.stderr.decode())


@scenario
def example_route():
    """09_route: alarms, what is big, the kitchen and the rest each go where the rules say, with their topics."""
    with Cluster() as c:
        s = c.add(BareSidecar(c, "s"))
        route = lesson(c, "09_route")
        c.until("it has subscribed", lambda: subscription(c, s, "house")["sessions"] == 1)

        def publish(topic, text):
            done = c.cli("pub", "house", topic, input=f"{text}\n".encode())
            expect(done.returncode == 0, done.stderr.decode())

        readers = [c.add(Process(c, stream, lambda life, stream=stream: [program("restante"), "recv", stream]))
                   for stream in ("alarms", "big")]
        readers += [c.add(Process(c, stream, lambda life, stream=stream: [
            program("restante"), "sub", stream, "--durable", "look", "--start", "beginning", "--topics"]))
            for stream in ("kitchen", "rest")]
        published = ["kitchen", "rest"]
        c.until("all are there", lambda: all(subscription(c, s, stream)["sessions"] == 1 for stream in published))
        publish("kitchen/alarm", "smoke")
        publish("kitchen/heat", "21")
        publish("cellar/picture", "x" * 2000)
        publish("cellar/heat", "9")
        expected = [["smoke"], ["x" * 2000], ["kitchen/heat\t21"], ["cellar/heat\t9"]]
        c.until("each is where it belongs", lambda: [said(reader) for reader in readers] == expected)
        c.until("nothing is left", lambda: subscription(c, s, "house")["backlog_messages"] == 0)
        ends_in_good_order(route)
        expect(said(route) == ["4 routed"], f"{said(route)}")
        ends_in_good_order(*readers)


@scenario
def example_typed():
    """07_typed: orders are worked on, also those that waited; what is no order is a dead letter, and `work` goes on."""
    orders = [f"{number} apples" for number in range(1, 11)]
    with Cluster() as c:
        confused = lesson(c, "07_typed")
        expect(confused.wait() == 2 and "usage: 07_typed send|work" in confused.text(), confused.text())
        s = c.add(BareSidecar(c, "s"))
        send = lesson(c, "07_typed", "send")
        expect(send.wait() == 0, f"`send` ended with {send.popen.returncode}: {send.text()}")
        bill = c.cli("send", "goods", input=b"a bill\n")
        expect(bill.returncode == 0, bill.stderr.decode())
        work = lesson(c, "07_typed", "work")
        c.until("the orders are worked on", lambda: sorted(said(work)) == sorted(orders))
        c.until("nothing is left", lambda: subscription(c, s, "goods")["backlog_messages"] == 0)
        dead = subscription(c, s, "goods")["dead"]
        expect(dead == 1, f"{dead} dead letters, not 1")
        expect(send.start().wait() == 0, f"`send` with a worker ended with {send.popen.returncode}: {send.text()}")
        c.until("the next orders are worked on", lambda: sorted(said(work)) == sorted(2 * orders))
        complaints = work.err.read_text()
        reason = "expected Order (0x" in complaints and "got a message without a content type" in complaints
        expect(reason and complaints.count("\n") == 1, f"the log of `work`: {complaints}")
        expect(work.stop() == 0, f"`work` ended with {work.popen.returncode}: {work.text()}")


@scenario
def example_exactly_once():
    """10_exactly_once: killed in the middle of its work, it has counted each order once, and each invoice is there."""
    with Cluster() as c:
        s = c.add(BareSidecar(c, "s"))
        sent = c.cli("send", "orders", input="".join(f"{number}\n" for number in range(1, 1001)).encode())
        expect(sent.returncode == 0, sent.stderr.decode())
        shop = c.directory / "shop.db"
        billing = lesson(c, "10_exactly_once", shop, role="billing")

        def counted():
            try:
                with sqlite3.connect(shop, timeout=5) as books:
                    return (books.execute("SELECT n FROM counter").fetchone() or [0])[0]
            except sqlite3.OperationalError:  # no table yet
                return 0

        for due in (100, 300, 500, 700):
            c.until(f"{due} orders are counted", lambda: counted() >= due)
            billing.kill().start()
        c.until("all are done", lambda: counted() >= 1000 and subscription(c, s, "orders")["backlog_messages"] == 0)
        c.until("all invoices are sent", lambda: subscription(c, s, "invoices")["backlog_messages"] >= 1000)
        expect(counted() == 1000, f"counted {counted()}, not 1000")
        ends_in_good_order(billing)
        got = c.cli("recv", "invoices", "--idle", "1s")
        expect(got.returncode == 0, got.stderr.decode())
        invoices = {f"invoice for {number}" for number in range(1, 1001)}  # some may have been sent twice
        expect(set(got.stdout.decode().splitlines()) == invoices, f"{len(got.stdout.splitlines())} lines")
