"""Machines of a test: network namespaces that are joined by veth pairs, and what can happen to the wire between two.

    with Network(["a", "b"]) as network:          # needs root, and the packages iproute2 and nftables
        network.hub                               # the machine in the middle: it has an address on each wire
        wire = network.wires["a"]                 # between the hub and the leaf a
        wire.fault("drop", scope="live"); wire.heal()

A process that is started with `machine.prefix` in front runs there. It sees another boot id, as on another machine:
endpoints by path are not for it.
"""
import collections
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import uuid

from harness import Skip

PORT = 7701             # where the sidecar listens; all else on a wire is live
SLOW = "256kbit"
SCOPES = ("all", "control", "live")


def run(*command, input=None):
    done = subprocess.run(command, input=input, capture_output=True, text=True)
    if done.returncode != 0:
        raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Machine:
    """A network namespace. `prefix` runs a command in it."""

    def __init__(self, namespace, boot=None):
        self.namespace = namespace
        self.prefix = ["ip", "netns", "exec", namespace]
        if boot:  # ip has made a mount namespace that goes with the process
            script = 'mount --bind "$0" /proc/sys/kernel/random/boot_id && exec "$@"'
            self.prefix += ["sh", "-c", script, str(boot)]
        run("ip", "netns", "add", namespace)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return run("ip", "-n", self.namespace, *words)

    def nft(self, text):
        return run("ip", "netns", "exec", self.namespace, "nft", "-f", "-", input=text)


class Wire:
    """Between the hub and a leaf. Faults are at the leaf's end, in both directions or in one, of all or of a part."""

    KINDS = ("drop", "drop_to_hub", "drop_from_hub", "reset", "loss", "slow", "flap")

    def __init__(self, hub, leaf, number, ends):
        self.hub, self.leaf, self.ends = hub, leaf, ends
        self.hub_address, self.leaf_address = f"10.77.{number}.1", f"10.77.{number}.2"
        self.kind, self.hits = None, collections.Counter()  # packets that met each kind of fault
        run("ip", "link", "add", ends[0], "netns", hub.namespace, "type", "veth", "peer", "name", ends[1], "netns",
            leaf.namespace)
        for machine, end, address in ((hub, ends[0], self.hub_address), (leaf, ends[1], self.leaf_address)):
            machine.ip("address", "add", f"{address}/24", "dev", end)
            machine.ip("link", "set", end, "up")

    def fault(self, kind, scope="all", percent=10):
        """One fault at a time. `scope` is for what packet filters do: the control link, live copies, or both."""
        self.kind = kind
        if kind == "flap":
            self.leaf.ip("link", "set", self.ends[1], "down")
        elif kind == "slow":
            for machine, end in ((self.hub, self.ends[0]), (self.leaf, self.ends[1])):
                run("ip", "netns", "exec", machine.namespace, "tc", "qdisc", "add", "dev", end, "root", "tbf",
                    "rate", SLOW, "burst", "8kb", "latency", "500ms")
        else:
            self.leaf.nft(self.rules(kind, scope, percent))

    def rules(self, kind, scope, percent):
        verdict = {"reset": "reject with tcp reset"}.get(kind, "drop")
        text = "table inet chaos {\n"
        for hook, port in (("input", "sport"), ("output", "dport")):
            match = {"all": "", "control": f"tcp {port} {PORT}", "live": f"tcp {port} != {PORT}"}[scope]
            if kind == "reset" and not match:
                match = "meta l4proto tcp"
            if kind == "loss":
                match += f" numgen random mod 100 < {percent}"
            spared = (kind, hook) in (("drop_to_hub", "input"), ("drop_from_hub", "output"))
            rule = "" if spared else f"{match} counter {verdict}"
            text += f"chain {hook} {{ type filter hook {hook} priority 0; {rule}\n }}\n"
        return text + "}\n"

    def heal(self):
        kind, self.kind = self.kind, None
        if kind == "flap":
            self.leaf.ip("link", "set", self.ends[1], "up")
        elif kind == "slow":
            for machine, end in ((self.hub, self.ends[0]), (self.leaf, self.ends[1])):
                run("ip", "netns", "exec", machine.namespace, "tc", "qdisc", "del", "dev", end, "root")
        elif kind:
            listed = run("ip", "netns", "exec", self.leaf.namespace, "nft", "list", "table", "inet", "chaos")
            self.hits[kind] += sum(map(int, re.findall(r"counter packets (\d+)", listed)))
            self.leaf.nft("delete table inet chaos")


class Network:
    """A context: a hub and a leaf for each name. Leaves nothing behind; the names hold this process's id."""

    def __init__(self, leaves):
        self.names = leaves
        self.wires, self.made = {}, []

    def __enter__(self):
        if os.geteuid() != 0:
            raise Skip("network namespaces need root")
        missing = [tool for tool in ("ip", "tc", "nft") if not shutil.which(tool)]
        if missing:
            raise Skip(f"no {', '.join(missing)}: install iproute2 and nftables")
        parent = os.environ.get("RESTANTE_TEST_DIR", "/tmp")
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="rs-net-", dir=parent))
        try:
            self.hub = self.machine("hub", None)
            for number, name in enumerate(self.names, start=1):
                boot = self.directory / f"boot-{name}"
                boot.write_text(f"{uuid.uuid4()}\n")
                leaf = self.machine(name, boot)
                self.wires[name] = Wire(self.hub, leaf, number, (f"hub-{name}", "up0"))
            self.try_out()
        except OSError as error:
            self.__exit__()
            raise Skip(f"no network namespaces here: {error}") from None
        return self

    def machine(self, name, boot):
        namespace = f"rs{os.getpid()}-{name}"
        self.made.append(namespace)
        return Machine(namespace, boot)

    def try_out(self):
        """Every kind of fault once, so that a kernel that lacks one is noticed before anything is claimed."""
        for wire in self.wires.values():
            for kind in Wire.KINDS:
                wire.fault(kind)
                wire.heal()

    def __exit__(self, *_):
        for namespace in self.made:
            subprocess.run(["ip", "netns", "del", namespace], capture_output=True)
        shutil.rmtree(self.directory, ignore_errors=True)
