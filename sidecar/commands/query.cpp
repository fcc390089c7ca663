#include "sidecar/commands/query.h"

#include <chrono>
#include <optional>
#include <utility>
#include <variant>

#include <restante/error.h>
#include <restante/limits.h>

#include "core/messages.h"
#include "core/wire.h"
#include "patterns/link/link.h"
#include "patterns/link/process.h"
#include "sidecar/commands/values.h"
#include "sidecar/json.h"

namespace restante::commands {

namespace {

using Clock = std::chrono::steady_clock;

/// One link: Hello, Welcome, a question and its answer.
class Conversation {
 public:
  Conversation(link::Context& context, const std::string& endpoint, core::ControlMessage question)
      : dealer_(context, endpoint, limits::frame_size_max), question_(std::move(question)) {
    poller_.add(dealer_);
  }

  /// The answer; nullopt if the link was lost or `deadline` has passed.
  std::optional<core::ControlMessage> run(Clock::time_point deadline) {
    for (auto now = Clock::now(); now < deadline && !lost_; now = Clock::now()) {
      poller_.wait(deadline - now);
      while (const auto event = dealer_.next_event()) {
        if (*event == link::Dealer::Event::connected) send(hello());
        if (*event == link::Dealer::Event::disconnected) lost_ = true;
      }
      while (const auto incoming = dealer_.receive()) take(*incoming);
      if (!answer_) continue;
      send(core::Bye{});
      return answer_;
    }
    return std::nullopt;
  }

  /// The question is on its way or there.
  [[nodiscard]] bool has_asked() const noexcept { return asked_; }

 private:
  static core::Hello hello() {
    core::Hello hello;
    hello.process = link::process_name() + " status";
    hello.host = link::host_identity();
    hello.pid = link::process_id();
    hello.start_time = link::process_start_time(hello.pid);
    return hello;
  }

  void send(core::ControlMessage message) { dealer_.send(core::encode({++sent_, std::move(message)})); }

  void take(const link::Incoming& incoming) {
    std::string why;
    const auto frame = incoming.frames.empty() ? std::nullopt : core::decode(incoming.frames.front(), why);
    if (!frame) return;  // not for us to judge: the deadline ends this
    if (std::holds_alternative<core::Welcome>(frame->message)) {
      asked_ = true;
      send(question_);
    }
    if (std::holds_alternative<core::Unknown>(frame->message)) lost_ = true;
    if (is_answer(frame->message)) answer_ = frame->message;
    if (const auto* refused = std::get_if<core::Refused>(&frame->message)) {
      throw Error(refused->code, "the sidecar does not answer: " + refused->text);
    }
  }

  static bool is_answer(const core::ControlMessage& message) {
    return std::holds_alternative<core::Report>(message) || std::holds_alternative<core::Removed>(message) ||
           std::holds_alternative<core::WasReset>(message) || std::holds_alternative<core::StreamSet>(message);
  }

  link::Dealer dealer_;
  link::Poller poller_;
  core::ControlMessage question_;
  std::uint64_t sent_ = 0;
  bool asked_ = false;
  bool lost_ = false;
  std::optional<core::ControlMessage> answer_;
};

}  // namespace

std::string sidecar_endpoint(const Common& common) {
  std::string endpoint = common.sidecar;
  if (endpoint.empty()) endpoint = parse_endpoint("RESTANTE_SIDECAR", link::default_sidecar_endpoint());
  check_allowed(endpoint, common.insecure);
  return endpoint;
}

void check_allowed(const std::string& endpoint, bool insecure) {
  if (insecure || link::is_loopback(endpoint)) return;
  throw Error(ErrorCode::denied, "cannot use " + endpoint +
                                     ": it is not on this machine, and the link would not be encrypted; use a tunnel, "
                                     "or say --insecure if the network between is trusted");
}

std::string nobody_text(const std::string& endpoint, const std::string& option) {
  return "no sidecar at " + endpoint + ": start one with `restante up`, or name another with " + option;
}

std::string query_sidecar(const std::string& endpoint, const std::string& what, Duration deadline) {
  const auto end = Clock::now() + deadline;
  link::Context context;
  while (Clock::now() < end) {
    Conversation conversation(context, endpoint, core::Query{1, what});  // a lost link is never used again
    const auto answer = conversation.run(end);
    if (const auto* report = answer ? std::get_if<core::Report>(&*answer) : nullptr) return report->json;
  }
  throw NobodyThere(nobody_text(endpoint));
}

std::string query_status(const std::string& endpoint, Duration deadline) {
  std::string all = query_sidecar(endpoint, sidecar::question_of({}), deadline);
  while (const auto place = sidecar::rest_of_status(all)) {
    auto joined = sidecar::joined_status(all, query_sidecar(endpoint, sidecar::question_of(*place), deadline));
    if (!joined) break;  // a sidecar that cannot go on; what it left out stays counted
    all = std::move(*joined);
  }
  return all;
}

namespace {

/// `what` was asked for, and `tells` says whether it was done.
template <typename Answer>
Answer ask_change(const std::string& endpoint, const core::ControlMessage& wish, const std::string& what,
                  const std::string& tells) {
  const auto end = Clock::now() + change_deadline;
  link::Context context;
  while (Clock::now() < end) {
    Conversation conversation(context, endpoint, wish);
    const auto answer = conversation.run(end);
    if (const auto* told = answer ? std::get_if<Answer>(&*answer) : nullptr) return *told;
    if (!conversation.has_asked()) continue;
    // Not asked again: by now it may be gone, or be another one of its name.
    throw Error(ErrorCode::retry_later, "the sidecar at " + endpoint + " was asked to " + what +
                                            " and did not answer: its store may be full or busy. `restante " + tells);
  }
  throw NobodyThere(nobody_text(endpoint));
}

}  // namespace

core::Removed ask_removal(const std::string& endpoint, const core::RemoveSubscription& wish) {
  return ask_change<core::Removed>(endpoint, wish, "remove it", "subscriptions list` tells whether it is still there");
}

core::WasReset ask_reset(const std::string& endpoint, const core::ResetSubscription& wish) {
  return ask_change<core::WasReset>(endpoint, wish, "reset it", "subscriptions show` tells where its cursor is");
}

core::StreamSet ask_set(const std::string& endpoint, const core::SetStream& wish) {
  return ask_change<core::StreamSet>(endpoint, wish, "set it", "streams` tells what is set");
}

core::NodeStatus read_status(const std::string& answer) {
  std::string why;
  if (auto status = sidecar::status_from_json(answer, why)) return *status;
  throw Error(ErrorCode::incompatible_version,
              "cannot read the sidecar's answer: " + why +
                  "; see it with --json, and whether `restante --version` says the same on both sides");
}

}  // namespace restante::commands
