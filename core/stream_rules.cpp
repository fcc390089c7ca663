#include "core/stream_rules.h"

#include <fnmatch.h>

#include <optional>
#include <utility>

namespace restante::core {
namespace {

/// Gathers `key 5 (instead of 3)`.
class Differences {
 public:
  template <typename Value>
  void add(const char* key, Value wanted, Value present) {
    if (wanted == present) return;
    text_ += (text_.empty() ? "" : ", ") + std::string(key) + ' ' + text_of(wanted) + " (instead of " +
             text_of(present) + ')';
  }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  template <typename Number>
  static std::string text_of(Number number) {
    return std::to_string(number);
  }
  static std::string text_of(OnLimit then) { return then == OnLimit::cut ? "drop_oldest" : "refuse"; }

  std::string text_;
};

}  // namespace

const StreamRules* rules_for(const std::vector<StreamRules>& all, const std::string& name) {
  const StreamRules* best = nullptr;
  for (const StreamRules& rules : all) {
    if (::fnmatch(rules.pattern.c_str(), name.c_str(), 0) != 0) continue;
    if (best == nullptr || rules.pattern.size() > best->pattern.size()) best = &rules;
  }
  return best;
}

std::string differences(const StreamRecord& record, const SetStream& wish) {
  Differences found;
  if (wish.retention) {
    found.add("retain_age (ms)", wish.retention->age_ms, record.retention.age_ms);
    found.add("retain_messages", wish.retention->messages, record.retention.messages);
    found.add("retain_octets", wish.retention->octets, record.retention.octets);
  }
  if (wish.expiry) {
    found.add("expire_after (ms)", wish.expiry->after_ms, record.expiry.after_ms);
    found.add("expired=dead", wish.expiry->dead ? 1 : 0, record.expiry.dead ? 1 : 0);
  }
  if (wish.limit) {
    found.add("max_messages", wish.limit->messages, record.limit.messages);
    found.add("max_octets", wish.limit->octets, record.limit.octets);
    found.add("on_limit", wish.limit->then, record.limit.then);
  }
  if (wish.drain) {
    found.add("drain_messages", wish.drain->messages, record.drain.messages);
    found.add("drain_octets", wish.drain->octets, record.drain.octets);
  }
  if (wish.priority) found.add("priority", *wish.priority, record.priority);
  return found.take();
}

}  // namespace restante::core
