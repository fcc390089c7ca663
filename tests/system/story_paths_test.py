"""Of a subscriber's two ways, the publisher's PUB and the sidecar, one is cut or clogged and the other is open."""
from harness import expect
from paths_test import interpose
from proxy import CHUNK, Proxy
from registry import scenario
from story import Story, wants


def live_wire(c, publisher):
    """A wire in front of the PUB, put there before anybody listens; those who read then come by it."""
    return interpose(c, publisher)


@scenario
def live_path_of_a_subscriber_cut_control_alive():
    """The PUB is cut off, clogged and reachable again: the sidecar brings what did not come, in order and once."""
    with Story(wants("one"), wants("north", "north/#")) as c:
        readers = [c.read("one"), c.read("north")]
        c.known()
        for reader in readers:
            reader.stop()
        p = c.publish(rate=4000)
        live = live_wire(c, p)
        for reader in readers:
            reader.start()
        c.got("one", 2000)
        c.until("it is live", lambda: c.books("one")["live"])
        before, octets = len(c.tally.update().got["one"]), live.down
        c.got("one", before + 2000)
        expect(live.down > octets + 2000 * 200, "the test is pointless: little comes live")
        for breaks in (live.cut, live.stall):
            breaks()
            octets = live.down
            c.got("one", len(c.tally.update().got["one"]) + 4000)
            # What was being read when it broke is at most a piece of each connection.
            expect(live.down - octets <= 2 * CHUNK, "the test is pointless: something came live")
            live.mend()
            c.got("one", len(c.tally.update().got["one"]) + 2000)
        c.until("it comes live again", lambda: live.down > octets + 100000)
        p.stop(60)
        verdict = c.end(p)
        expect(verdict.duplicates == 0, f"{verdict.duplicates} duplicates with nobody killed")


@scenario
def control_path_of_a_subscriber_cut_live_alive():
    """The sidecar cannot be reached, twice, while the PUB can: nothing is lost or comes twice, and all acks arrive."""
    with Story(wants("one"), wants("north", "north/#"), wants("beside")) as c:
        wire = Proxy(f"ipc://{c.directory}/front.sock", c.s.ipc)
        c.cleanups.append(wire.close)
        c.read("one", end=wire.front), c.read("north", end=wire.front), c.read("beside")
        c.known()
        p = c.publish(rate=4000)
        c.got("one", 2000)
        for breaks in (wire.cut, wire.stall):
            before = len(c.tally.update().got["one"])
            breaks()
            c.got("one", before + 500)  # live
            c.seen("attempted", c.tally.count("attempted") + 3000)
            c.until("the sidecar keeps it", lambda: c.books("one")["backlog_messages"] > 500)
            wire.mend()
            c.got("one", len(c.tally.update().got["one"]) + 3000)
        p.stop(60)
        verdict = c.end(p)
        expect(verdict.duplicates == 0, f"{verdict.duplicates} duplicates with nobody killed")
        c.until("nothing is kept", lambda: c.stream()["rows"] == 0)
