"""What a person sees: a bar that moves, disasters as they happen, a ledger. Plain lines where there is no terminal."""
import os
import shutil
import time

COLOURS = {"bad": "\033[31m", "ok": "\033[32m", "dim": "\033[2m", "bold": "\033[1m"}
MARKS = {"bad": "✗", "ok": "✓"}


class Screen:
    def __init__(self, out):
        self.out = out
        self.live = out.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self.colour = self.live and "NO_COLOR" not in os.environ
        self.drawn = False
        self.told = -1
        self.rate, self.last = 0.0, None

    def paint(self, kind, text):
        return f"{COLOURS[kind]}{text}\033[0m" if self.colour else text

    def line(self, text=""):
        if self.drawn:
            self.out.write("\r\033[K")
            self.drawn = False
        self.out.write(text + "\n")
        self.out.flush()

    def blank(self):
        self.line()

    def title(self, text):
        self.line("\n" + self.paint("bold", text) + "\n")

    def fact(self, name, text):
        self.line(f"  {self.paint('dim', f'{name:<9}')}{text}")

    def note(self, text):
        self.line(text)

    def event(self, share, kind, text):
        self.line(f"  {share:4.0%}  {self.paint(kind, MARKS[kind] + ' ' + text)}")

    def progress(self, share, delivered, ledger, final=False):
        self.measure(delivered)
        figures = (f"{delivered:>9,} delivered  {self.rate:>7,.0f}/s  backlog {ledger.backlog:>7,}  "
                   f"stored {ledger.total('stored'):>7,}  elided {ledger.total('elided'):>7,}")
        if self.live:
            room = min(40, shutil.get_terminal_size().columns - len(figures) - 16)
            bar = f"▕{blocks(share, room)}▏" if room >= 8 else ""
            self.out.write(f"\r\033[K  {share:4.0%} {bar} {figures}")
            self.out.flush()
            self.drawn = True
        elif int(share * 10) > self.told or final:
            self.told = int(share * 10)
            self.line(f"  {share:4.0%}  {figures}")

    def measure(self, delivered):
        now = time.monotonic()
        if self.last is None:
            self.last = (now, delivered)
        elif now - self.last[0] >= 0.5:
            self.rate = (delivered - self.last[1]) / (now - self.last[0])
            self.last = (now, delivered)

    def ledger(self, ledger, result, folder, seconds):
        self.line()
        rows = [
            ("accepted", ledger.accepted, "lines that the sender took, both lives added up as below"),
            ("confirmed", ledger.confirmed, "safe, as the sidecar told the sender"),
            ("delivered", result.lines_out, "lines that the workers wrote"),
            ("redelivered", ledger.total("redelivered"), "sent by the sidecar, after a death or an absence"),
            ("stored", ledger.total("stored"), "had to be written to the disk, as counted up to each sidecar's death"),
            ("elided", ledger.total("elided"), "were acked so soon that the disk never saw them, likewise"),
            ("duplicates", result.lines_out - result.distinct_out, "came twice, because someone died before the ack"),
            ("lost", result.missing, ""),
        ]
        for name, count, meaning in rows:
            text = f"  {name:<12}{count:>11,}"
            if name == "lost":
                text = self.paint("bad" if count else "ok", text)
            self.line(f"{text}   {self.paint('dim', meaning)}".rstrip())
        self.line()
        for life in ledger.senders:
            self.fact(f"sender {life.number}", life.line())
        self.fact("in", f"{result.hash_in}  LC_ALL=C sort -u {folder}/input.txt | sha256sum")
        self.fact("out", f"{result.hash_out}  LC_ALL=C sort -u {folder}/output-*.txt | sha256sum")
        self.fact("took", f"{seconds:.0f} s")
        self.line()

    def verdict(self, good, faults):
        if good:
            self.line(self.paint("ok", "What went in came out: lost 0."))
        else:
            self.line(self.paint("bad", "FAILED: " + "; ".join(faults)))


def blocks(share, width):
    """A bar with eighths."""
    eighths = int(share * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + " ▏▎▍▌▋▊▉"[rest] * (full < width)).ljust(width)[:width]
