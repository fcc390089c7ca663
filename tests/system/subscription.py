"""What a test asked for: a subscription, and which topics are its own by a matcher that is not the product's."""
from dataclasses import dataclass


@dataclass(frozen=True)
class Subscription:
    name: str
    filters: tuple
    sources: frozenset      # the publishers whose streams it reads
    exclusive: bool = True
    since: int = 1          # the first number that it must have: what came before may be there

    def owns(self, topic):
        return any(matches(wanted, topic) for wanted in self.filters)


def matches(wanted, topic):
    """MQTT 5, section 4.7: `+` is one level, `#` at the end the level above it and all below; neither begins a `$`."""
    levels, parts = topic.split("/"), wanted.split("/")
    if topic.startswith("$") and parts[0] in ("+", "#"):
        return False
    if parts[-1] == "#":
        parts.pop()
        levels = levels[:len(parts)]
    return len(levels) == len(parts) and all(part in ("+", level) for part, level in zip(parts, levels))


def subscription_of(log_name):
    """`screen` of worker-screen-2.7.log-news: a reader is named by its subscription and a number."""
    return log_name.split(".")[0].removeprefix("worker-").rpartition("-")[0]
