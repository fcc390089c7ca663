#include "tests/sim/sometimes.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <restante/limits.h>

namespace restante::sim {

namespace {

/// Faults, what they should lead to, and the messages of the protocol that a healthy run does not need.
constexpr std::array required{
    "acks that overtook their copies",
    "commit failed and holds",
    "commit failed and is lost",
    "commits refused by a full store",
    "commits that park",
    "consumer: held or settled already",
    "consumer: live copy below the floor",
    "consumer: live copy of an unannounced grant",
    "consumer: refused",
    "consumer: unwanted topic",
    "control frames lost on a link",
    "control link cut",
    "copies out of order or of another link",
    "cut by a limit",
    "crashed with requests the disk never had",
    "dead letter dropped",
    "dead letter replaced by another message",
    "dead letter tried again",
    "dead letter tried again, and dead again",
    "dead letters",
    "elided",
    "exclusive sessions gone live",
    "filters changed",
    "gap told to a replay",
    "frame lost on a link that stays",
    "gap told again after restart",
    "gaps that consumers told",
    "links that fell silent",
    "links that their client had left",
    "live copies taken as lost",
    "live copy sent",
    "live subscriber: gap",
    "live subscriber: gap that only the sidecar knew",
    "live subscriber: overrun",
    "live subscriber: took something",
    "long jobs",
    "machine slept",
    "message delayed",
    "messages that expired",
    "path clogged",
    "path unclogged",
    "peers that knew more than the store",
    "process stopped for a while",
    "producer crashed",
    "redelivered",
    "regression seen",
    "replay ended",
    "replay went on after a cut",
    "retention changed",
    "rival",
    "row damaged",
    "row lost",
    "rows damaged or missing",
    "sent Attached",
    "sent Fenced",
    "sent Refused",
    "sent Resend",
    "sent Unknown",
    "sessions lost",
    "settled after its hold had ended",
    "settled after its lease",
    "settlements of a session that is not this link's",
    "settlements of an unknown grant",
    "sidecar crashed",
    "store lost",
    "store put back",
    "strict topics held by a message that waits",
    "subscription made again after its removal",
    "subscription made on the way",
    "subscription removed",
    "subscription removed: its consumer was told",
    "subscription removed: refused",
    "subscription reset",
    "subscription reset: refused",
    "subscription reset: what was done is owed again",
    "suspects handed out alone",
    "taken over",
    "wall clock set",
    "worker crashed",
    "writer fenced",
    "zombie producer",
};

/// What only the world of small limits is long enough for.
constexpr std::array required_of_small{"consumer: hold overflow"};
constexpr bool is_small = limits::hold_batches < 16;

}  // namespace

std::vector<std::string> never_happened(const Sometimes& sometimes) {
  std::vector<std::string> never;
  const auto is_missing = [&](const std::string& name) {
    const auto at = sometimes.find(name);
    return at == sometimes.end() || at->second == 0;
  };
  std::copy_if(required.begin(), required.end(), std::back_inserter(never), is_missing);
  if (!is_small) return never;
  std::copy_if(required_of_small.begin(), required_of_small.end(), std::back_inserter(never), is_missing);
  return never;
}

}  // namespace restante::sim
