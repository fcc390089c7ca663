// restante subscriptions: what is remembered for whom, and an end to it.

#include <algorithm>
#include <vector>

#include "sidecar/commands/cli.h"
#include "sidecar/commands/command.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/report.h"
#include "sidecar/commands/terminal.h"
#include "sidecar/json.h"

namespace restante::commands {

namespace {

using Action = SubscriptionsCommand::Action;

const core::StreamStatus* stream_of(const core::NodeStatus& status, const std::string& name) {
  const auto at = std::find_if(status.streams.begin(), status.streams.end(),
                               [&](const core::StreamStatus& stream) { return stream.name == name; });
  return at == status.streams.end() ? nullptr : &*at;
}

Exit say_unknown_stream(const std::string& stream, const core::NodeStatus& status) {
  Arguments known;
  for (const core::StreamStatus& each : status.streams) known.push_back(each.name);
  say("restante: node " + status.node + " has no stream '" + stream + "': " + did_you_mean(stream, known) +
      "`restante streams` tells of those it has");
  return Exit::not_all_done;
}

Exit say_unknown_name(const std::string& name, const core::StreamStatus& stream) {
  Arguments known;
  for (const core::SubscriptionStatus& each : stream.subscriptions) known.push_back(each.name);
  say("restante: stream " + stream.name + " has no subscription '" + name + "': " + did_you_mean(name, known) +
      "`restante subscriptions list " + stream.name + "` tells of those it has");
  return Exit::not_all_done;
}

Exit list(const SubscriptionsCommand& command, const std::string& answer, core::NodeStatus status) {
  if (command.common.json) return print(sidecar::subscriptions_json(answer, command.stream) + "\n"), Exit::done;
  if (!command.stream.empty()) {
    std::erase_if(status.streams, [&](const core::StreamStatus& each) { return each.name != command.stream; });
  }
  const std::string text = render_subscriptions(status.streams);
  if (text.empty()) say("no subscriptions yet: `restante sub STREAM --durable NAME` makes one");
  return print(text), Exit::done;
}

Exit show(const SubscriptionsCommand& command, const std::string& answer, const core::StreamStatus& stream) {
  for (const core::SubscriptionStatus& each : stream.subscriptions) {
    if (each.name != command.name) continue;
    const auto object = sidecar::subscription_json(answer, stream.name, each.name);
    print(command.common.json && object ? *object + "\n" : render_subscription(each));
    return Exit::done;
  }
  return say_unknown_name(command.name, stream);
}

Exit report(const SubscriptionsCommand& command, const core::Removed& told) {
  if (command.common.json) print(sidecar::to_json(told, command.stream, command.name) + "\n");
  if (!told.refusal.empty()) {
    say("restante: cannot remove it: " + told.refusal);
    return Exit::refused;
  }
  if (command.common.json) return Exit::done;
  const std::string what = "subscription " + command.name + " of stream " + command.stream + ": ";
  print((told.done ? "removed " : "would remove ") + what + removal_text(told) +
        (told.done ? ", which are freed" : "") + "; its dead letters stay\n");
  return Exit::done;
}

Exit report(const SubscriptionsCommand& command, const core::WasReset& told) {
  if (command.common.json) print(sidecar::to_json(told, command.stream, command.name) + "\n");
  if (!told.refusal.empty()) {
    say("restante: cannot reset it: " + told.refusal);
    return Exit::refused;
  }
  if (command.common.json) return Exit::done;
  const std::string what = "subscription " + command.name + " of stream " + command.stream;
  print((told.done ? "reset " : "would reset ") + what + ": " + reset_text(told) + "\n");
  return Exit::done;
}

/// What `wish` would do is said first, and asked for, unless that was said to be known.
template <typename Wish, typename Ask, typename Text>
Exit change(const SubscriptionsCommand& command, Wish wish, Ask ask_for, Text text, const std::string& question) {
  wish.dry_run = true;
  if (!command.yes) {
    const auto told = ask_for(wish);
    if (command.dry_run || !told.refusal.empty()) return report(command, told);
    say("subscription " + command.name + " of stream " + command.stream + ": " + text(told));
    if (!ask(question)) return say("nothing was changed"), Exit::not_all_done;
  }
  wish.dry_run = false;
  return report(command, ask_for(wish));
}

Exit remove(const SubscriptionsCommand& command, const std::string& endpoint) {
  return change(
      command, core::RemoveSubscription{1, command.stream, command.name, command.force, false},
      [&](const auto& wish) { return ask_removal(endpoint, wish); }, removal_text, "Remove it for good?");
}

Exit reset(const SubscriptionsCommand& command, const std::string& endpoint) {
  return change(
      command, core::ResetSubscription{1, command.stream, command.name, command.start, command.force, false},
      [&](const auto& wish) { return ask_reset(endpoint, wish); }, reset_text, "Reset it?");
}

}  // namespace

Exit run(const SubscriptionsCommand& command) {
  const bool changes = command.action == Action::remove || command.action == Action::reset;
  if (changes && !command.yes && !command.dry_run && !can_ask()) {
    const std::string what = command.action == Action::remove ? "removing" : "resetting";
    throw UsageError(what + " a subscription needs --yes where nobody can be asked; --dry-run says what would happen");
  }
  const std::string endpoint = sidecar_endpoint(command.common);
  const std::string answer = query_status(endpoint);
  const core::NodeStatus status = read_status(answer);
  const core::StreamStatus* stream = stream_of(status, command.stream);
  if (!command.stream.empty() && stream == nullptr) return say_unknown_stream(command.stream, status);
  if (command.action == Action::list) return list(command, answer, status);
  if (command.action == Action::show) return show(command, answer, *stream);
  const bool is_there = std::any_of(stream->subscriptions.begin(), stream->subscriptions.end(),
                                    [&](const core::SubscriptionStatus& each) { return each.name == command.name; });
  if (!is_there) return say_unknown_name(command.name, *stream);
  return command.action == Action::remove ? remove(command, endpoint) : reset(command, endpoint);
}

}  // namespace restante::commands
