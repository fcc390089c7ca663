#include "sidecar/commands/rule.h"

#include <optional>

namespace restante::commands {
namespace {

template <typename Part>
Part& made(std::optional<Part>& part) {
  return part ? *part : part.emplace();
}

/// At a limit of a stream the writer waits if nothing else is said.
void take_limit(const Rule& rule, std::optional<BacklogLimit>& limit) {
  if (!limit) limit = BacklogLimit{0, 0, OnLimit::refuse};
  if (rule.key == "max_messages") limit->messages = rule.count();
  else if (rule.key == "max_octets") limit->octets = parse_size(rule.key, rule.value);
  else if (rule.key == "on_limit")
    limit->then = rule.is_first_of("drop_oldest", "refuse") ? OnLimit::cut : OnLimit::refuse;
}

}  // namespace

void refuse(const Rule& rule, const std::string& what, const Arguments& keys) {
  std::string known;
  for (const std::string& key : keys) known += (known.empty() ? "" : ", ") + key;
  throw UsageError("'" + rule.key + "' is no rule of " + what + ": " + did_you_mean(rule.key, keys) + "there are " +
                   known);
}

void take(const Rule& rule, core::SetStream& wish) {
  auto& [request, stream, retention, expiry, limit, drain, priority] = wish;
  if (rule.key == "retain" && rule.value == "none") retention.emplace();
  else if (rule.key == "retain_age") made(retention).age_ms = rule.wait_ms();
  else if (rule.key == "retain_messages") made(retention).messages = rule.count();
  else if (rule.key == "retain_octets") made(retention).octets = parse_size(rule.key, rule.value);
  else if (rule.key == "expire_after") made(expiry).after_ms = rule.value == "none" ? 0 : rule.wait_ms();
  else if (rule.key == "expired") made(expiry).dead = rule.is_first_of("dead", "gone");
  else if (rule.key == "limit" && rule.value == "none") limit.emplace();
  else if (rule.key == "max_messages" || rule.key == "max_octets" || rule.key == "on_limit") take_limit(rule, limit);
  else if (rule.key == "drain" && rule.value == "none") drain.emplace();
  else if (rule.key == "drain_messages") made(drain).messages = rule.count();
  else if (rule.key == "drain_octets") made(drain).octets = parse_size(rule.key, rule.value);
  else if (rule.key == "priority")
    priority = static_cast<std::uint32_t>(parse_count(rule.key, rule.value, 0, limits::priority_max));
  else
    refuse(rule, "a stream",
           {"retain_age", "retain_messages", "retain_octets", "retain", "expire_after", "expired", "max_messages",
            "max_octets", "on_limit", "limit", "drain_messages", "drain_octets", "drain", "priority"});
}

void check_rules(const core::SetStream& wish) {
  const auto& limit = wish.limit;
  if (!limit || *limit == BacklogLimit{} || limit->messages > 0 || limit->octets > 0) return;
  throw UsageError("on_limit says what happens at a limit: give max_messages or max_octets with it");
}

}  // namespace restante::commands
