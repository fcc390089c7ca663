#pragma once
/// \file
/// A sidecar that says what the test wants: a real ROUTER and the real codec, and nothing behind them. It runs on the
/// test's thread, so that a test reads as a conversation. Nothing sleeps: it waits for words and gives up at a
/// deadline.

#include <chrono>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <typeinfo>
#include <utility>
#include <variant>
#include <vector>

#include <restante/limits.h>
#include <restante/node.h>

#include "core/batch.h"
#include "core/messages.h"
#include "core/wire.h"
#include "patterns/link/clock.h"
#include "patterns/link/link.h"
#include "tests/patterns/link_fixture.h"

namespace restante::test {

using namespace std::chrono_literals;
using core::ControlMessage;

class FakeSidecar {
 public:
  static constexpr std::uint64_t grant_id = 77;
  static constexpr core::Token token = 4711;

  FakeSidecar() {
    ::setenv("RESTANTE_RUNTIME_DIR", place_.file("run").c_str(), 1);
    open();
  }
  ~FakeSidecar() { ::unsetenv("RESTANTE_RUNTIME_DIR"); }
  FakeSidecar(const FakeSidecar&) = delete;
  FakeSidecar& operator=(const FakeSidecar&) = delete;

  [[nodiscard]] std::string endpoint() const { return place_.ipc("sidecar.sock"); }
  /// Options of a node that speaks with this sidecar and keeps its words.
  NodeOptions options() {
    NodeOptions options;
    options.sidecar = endpoint();
    options.log = [this](int level, std::string_view text) {
      const std::lock_guard lock(log_mutex_);
      log_.emplace_back(std::to_string(level) + " " + std::string(text));
    };
    return options;
  }
  [[nodiscard]] std::string log() const {
    const std::lock_guard lock(log_mutex_);
    std::string all;
    for (const std::string& line : log_) all += line + "\n";
    return all;
  }

  /// The process dies and comes back: links are cut, nothing is known.
  void die() {
    poller_.reset();
    router_.reset();
  }
  void open() {
    poller_ = std::make_unique<link::Poller>();
    router_ = std::make_unique<link::Router>(context_, limits::frame_size_max);
    // A socket that was closed lets go of its path in the background.
    const bool bound = link::test::eventually([&] {
      try {
        router_->bind(endpoint());
        return true;
      } catch (const Error&) {
        return false;
      }
    });
    if (!bound) throw std::runtime_error("cannot bind " + endpoint());
    poller_->add(*router_);
    route_.clear();
  }
  void restart() {
    die();
    open();
  }

  /// The next message of this kind; others before it stay for later. Hello is answered, heartbeats are not kept.
  template <typename Message>
  Message expect() {
    std::optional<Message> found;
    wait_until([&] {
      for (auto it = heard_.begin(); it != heard_.end(); ++it) {
        if (auto* message = std::get_if<Message>(&*it)) {
          found = std::move(*message);
          heard_.erase(it);
          return true;
        }
      }
      return false;
    });
    if (!found) throw std::runtime_error(std::string("never heard ") + typeid(Message).name());
    return *found;
  }
  core::Batch expect_copy() {
    wait_until([&] { return !copies_.empty(); });
    if (copies_.empty()) throw std::runtime_error("never got a copy");
    core::Batch batch = std::move(copies_.front());
    copies_.pop_front();
    return batch;
  }
  template <typename Condition>
  bool wait_until(Condition condition, Duration limit = 10s) {
    const core::Instant end = core::after(link::boot_now(), limit);
    for (;;) {
      listen();
      if (condition()) return true;
      if (link::boot_now() >= end) return false;
      poller_->wait(5ms);
    }
  }
  /// Messages heard and not expected yet.
  template <typename Message>
  std::size_t waiting() {
    listen();
    std::size_t count = 0;
    for (const auto& message : heard_) count += std::holds_alternative<Message>(message) ? 1U : 0U;
    return count;
  }
  std::size_t copies_waiting() {
    listen();
    return copies_.size();
  }

  void say(ControlMessage message) { router_->send(route_, core::encode({++said_, std::move(message)})); }
  void say(core::Redelivery header, const core::Buffer& batch) {
    router_->send(route_, core::encode({++said_, std::move(header)}), batch);
  }
  /// As if it had been told something before: the next number is wrong.
  void skip_a_number() { ++said_; }

  // ---- common turns of the conversation
  core::OpenWriter grant(Sequence first = 101, std::uint64_t count = 1000, std::uint64_t window = 1U << 20) {
    auto open = expect<core::OpenWriter>();
    say(core::Granted{open.handle, {grant_id, {first, first + count - 1}}, true, window, 0});
    return open;
  }
  void confirm(std::uint64_t handle, Sequence to, Sequence settled_to = 0) {
    say(core::Confirmed{handle, to, settled_to, 1U << 20, ""});
  }
  core::Subscribe subscribe() {
    auto subscribe = expect<core::Subscribe>();
    say(core::Subscribed{subscribe.session, token, subscribe.mode, 0, 0, {{grant_id, {1, 1000}}}, 0});
    return subscribe;
  }
  core::Batch batch(Sequence first, const std::vector<std::string>& payloads, core::Token owner = 0,
                    const std::string& attributes = {}) {
    core::BatchBuilder builder("orders", "");
    for (const auto& payload : payloads) builder.append(payload, attributes);
    core::BatchHeader header;
    header.stream = "orders";
    header.grant = grant_id;
    header.first = first;
    header.last = first + payloads.size() - 1;
    header.prev = header.before = first - 1;
    header.owner = owner;
    std::string why;
    return core::Batch::parse(builder.seal(header), why).value();
  }
  void redeliver(const core::Batch& batch, std::uint32_t attempts = 0) {
    const core::Range range{batch.header().first, batch.header().last};
    say(core::Redelivery{token, grant_id, {{range, attempts}}, range.last}, batch.frame());
  }

  core::Hello hello;  ///< of the newest link
  int hellos = 0;
  bool refuses_version = false;  ///< answers Hello with a refusal
  bool knows_links = true;       ///< false: answers Unknown to anything but a Hello
  link::test::Place& place() { return place_; }
  link::Context& context() { return context_; }

 private:
  void listen() {
    for (;;) {
      auto incoming = router_->receive();
      if (!incoming) {
        if (!router_->next_disconnected()) break;  // told in order with the messages
        continue;
      }
      if (core::looks_like_batch(incoming->frames[0].octets())) {
        std::string why;
        copies_.push_back(core::Batch::parse(incoming->frames[0].aligned(), why).value());
        continue;
      }
      std::string why;
      auto frame = core::decode(incoming->frames[0], why);
      if (!frame) throw std::runtime_error("undecodable: " + why);
      on_frame(*frame, incoming->route);
    }
    if (!route_.empty() && link::boot_now() > core::after(heartbeat_, 300ms)) {
      say(core::Heartbeat{});
      heartbeat_ = link::boot_now();
    }
  }
  void on_frame(core::ControlFrame& frame, const std::string& route) {
    if (auto* said_hello = std::get_if<core::Hello>(&frame.message)) {
      hello = *said_hello;
      ++hellos;
      if (refuses_version) {
        const core::Refused refused{core::Side::link, 0, ErrorCode::incompatible_version, "speaks version 2"};
        router_->send(route, core::encode({1, refused}));
        return;
      }
      route_ = route;
      said_ = 0;
      heard_number_ = 1;
      knows_links = true;
      core::Welcome welcome;
      welcome.node = "here";
      say(welcome);
      return;
    }
    if (route != route_ || !knows_links) {
      router_->send(route, core::encode({1, core::Unknown{}}));
      return;
    }
    if (frame.number != ++heard_number_) throw std::runtime_error("the library skipped a number");
    if (std::holds_alternative<core::Bye>(frame.message)) knows_links = false;
    if (!std::holds_alternative<core::Heartbeat>(frame.message)) heard_.push_back(std::move(frame.message));
  }

  link::test::Place place_;
  link::Context context_;
  std::unique_ptr<link::Router> router_;
  std::unique_ptr<link::Poller> poller_;
  std::string route_;
  std::uint64_t said_ = 0;
  std::uint64_t heard_number_ = 0;
  core::Instant heartbeat_{};
  std::deque<ControlMessage> heard_;
  std::deque<core::Batch> copies_;
  mutable std::mutex log_mutex_;
  std::vector<std::string> log_;
};

}  // namespace restante::test
