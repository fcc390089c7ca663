#include "sidecar/commands/operator_link.h"

#include <algorithm>
#include <type_traits>

#include <restante/limits.h>

#include "core/wire.h"
#include "patterns/link/process.h"
#include "sidecar/commands/command.h"
#include "sidecar/commands/query.h"

namespace restante::commands {

namespace {

constexpr Duration quiet_max = limits::silence_max / 3;

core::Hello hello() {
  core::Hello hello;
  hello.process = link::process_name() + " status";
  hello.host = link::host_identity();
  hello.pid = link::process_id();
  hello.start_time = link::process_start_time(hello.pid);
  return hello;
}

template <typename Message>
concept Numbered = requires(Message& message) {
  message.request;
};

void number(core::ControlMessage& message, std::uint64_t request) {
  std::visit(
      [request](auto& each) {
        if constexpr (Numbered<decltype(each)>) each.request = request;
      },
      message);
}

std::uint64_t number_of(const core::ControlMessage& message) {
  return std::visit(
      [](const auto& each) -> std::uint64_t {
        if constexpr (Numbered<decltype(each)>) return each.request;
        return 0;
      },
      message);
}

}  // namespace

OperatorLink::OperatorLink(std::string endpoint) : endpoint_(std::move(endpoint)) {}

OperatorLink::~OperatorLink() {
  if (dealer_ && greeted_ && !lost_) send(core::Bye{});
  hang_up();
}

OperatorLink::Answer OperatorLink::ask(core::ControlMessage question, Duration deadline) {
  if (auto answer = run(question, {}, deadline, true)) return std::move(*answer);
  throw NobodyThere(nobody_text(endpoint_));
}

OperatorLink::Answer OperatorLink::wish(core::ControlMessage wish, const core::Buffer& batch, const std::string& what,
                                        const std::string& tells) {
  if (auto answer = run(wish, batch, change_deadline, false)) return std::move(*answer);
  throw Error(ErrorCode::retry_later, "the sidecar at " + endpoint_ + " was asked to " + what +
                                          " and did not answer: its store may be full or busy. `restante " + tells);
}

std::optional<OperatorLink::Answer> OperatorLink::run(core::ControlMessage& message, const core::Buffer& batch,
                                                      Duration deadline, bool again) {
  const std::uint64_t request = ++requests_;
  number(message, request);
  const Clock::time_point end = Clock::now() + deadline;
  if (Clock::now() > next_beat_ + quiet_max) hang_up();  // the sidecar may have given it up, and the question with it
  std::optional<Answer> answer;
  bool asked = false;
  for (Clock::time_point now = Clock::now(); now < end; now = Clock::now()) {
    if (lost_) hang_up();
    if (!dealer_) dial();
    if (greeted_ && now >= next_beat_) send(core::Heartbeat{});
    if (greeted_ && !asked) {
      send(message, batch);
      asked = true;
    }
    poller_.wait(greeted_ ? std::min(end, next_beat_) - now : end - now);
    listen(request, answer);
    if (answer) return answer;
    if (!lost_ || !asked) continue;
    if (!again) return std::nullopt;
    asked = false;
  }
  if (asked) return std::nullopt;
  throw NobodyThere(nobody_text(endpoint_));
}

void OperatorLink::dial() {
  dealer_ = std::make_unique<link::Dealer>(context_, endpoint_, limits::frame_size_max);
  poller_.add(*dealer_);
  sent_ = 0;
  greeted_ = lost_ = false;
}

void OperatorLink::hang_up() {
  if (!dealer_) return;
  poller_.remove(*dealer_);
  dealer_.reset();
  greeted_ = lost_ = false;
}

void OperatorLink::listen(std::uint64_t request, std::optional<Answer>& answer) {
  while (const auto event = dealer_->next_event()) {
    if (*event == link::Dealer::Event::connected) send(hello());
    if (*event == link::Dealer::Event::disconnected) lost_ = true;
  }
  while (auto incoming = dealer_->receive()) {
    std::string why;
    auto frame = incoming->frames.empty() ? std::nullopt : core::decode(incoming->frames.front(), why);
    if (!frame) continue;  // not for us to judge: the deadline ends this
    if (const auto* refused = std::get_if<core::Refused>(&frame->message)) {
      throw Error(refused->code, "the sidecar does not answer: " + refused->text);
    }
    if (std::holds_alternative<core::Welcome>(frame->message)) greeted_ = true;
    if (std::holds_alternative<core::Unknown>(frame->message)) lost_ = true;
    if (number_of(frame->message) != request) continue;
    answer = Answer{std::move(frame->message), incoming->frames.size() > 1 ? incoming->frames[1] : core::Buffer()};
  }
}

void OperatorLink::send(core::ControlMessage message, const core::Buffer& batch) {
  const core::Buffer frame = core::encode({++sent_, std::move(message)});
  next_beat_ = Clock::now() + limits::heartbeat_interval;
  if (batch.empty()) {
    dealer_->send(frame);
  } else {
    dealer_->send(frame, batch);
  }
}

}  // namespace restante::commands
