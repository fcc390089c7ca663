#pragma once
/// \file
/// A stage between two streams of a fake sidecar: the test lends it inputs, and confirms its outputs when it likes.

#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <restante/node.h>
#include <restante/stage.h>

#include "core/wire.h"
#include "tests/patterns/fake_sidecar.h"

namespace restante::test {

/// Pulls "orders" and pushes to "labels"; runs on a thread of its own until it is stopped or destroyed.
class StageDesk {
 public:
  /// What the stage sent: sequences from 101 on, in order.
  struct Made {
    Sequence sequence;
    std::string payload;
    core::AttributeValues attributes;

    [[nodiscard]] std::string header(const std::string& name) const {
      for (const auto& [known, value] : attributes.headers) {
        if (known == name) return value;
      }
      return {};
    }
    [[nodiscard]] std::string origin() const { return header(std::string(origin_header)); }
  };

  /// Ends without waiting long for confirms that no test will give it.
  static constexpr StageOptions hasty{.stop_wait = 10ms};

  explicit StageDesk(StageFunction function, const StageOptions& options = hasty, const ReceiverOptions& receiver = {},
                     const SenderOptions& sender = {})
      : node_(sidecar.options()),
        in(node_.puller("orders", receiver)),
        out(node_.pusher("labels", sender)),
        stage_(in, out, std::move(function), options) {
    session = sidecar.subscribe().session;
    handle = sidecar.grant().handle;
    running_ = std::thread([this] {
      try {
        stage_.run(stop_.get_token());
      } catch (const Error& error) {
        thrown_ = error;
      }
      over_ = true;
    });
  }
  ~StageDesk() {
    stop();
    out.close({});
  }
  StageDesk(const StageDesk&) = delete;
  StageDesk& operator=(const StageDesk&) = delete;

  void lend(Sequence first, const std::vector<std::string>& payloads, const core::AttributeValues& values = {}) {
    std::string why;
    sidecar.redeliver(sidecar.batch(first, payloads, 0, core::encode_attributes(values, why).value()));
  }
  /// The next `count` outputs.
  std::vector<Made> outputs(std::size_t count) {
    sidecar.wait_until([&] {
      while (sidecar.copies_waiting() > 0) take(sidecar.expect_copy());
      return made_.size() >= count;
    });
    if (made_.size() < count) throw std::runtime_error("never got that many outputs");
    std::vector<Made> first(made_.begin(), made_.begin() + static_cast<std::ptrdiff_t>(count));
    made_.erase(made_.begin(), made_.begin() + static_cast<std::ptrdiff_t>(count));
    return first;
  }
  /// One after the other, so that the outputs of each are batches of their own, which are confirmed as a whole.
  void lend_each(Sequence first, const std::vector<std::string>& payloads) {
    for (const std::string& payload : payloads) {
      lend(first++, {payload});
      const auto made = outputs(1);
      each_.insert(each_.end(), made.begin(), made.end());
    }
  }
  [[nodiscard]] const std::vector<Made>& each() const { return each_; }
  void confirm(Sequence to) { sidecar.confirm(handle, to); }
  /// The next word that settles something. Nothing before it has.
  core::Settle settled() {
    for (;;) {
      auto settle = sidecar.expect<core::Settle>();
      if (!settle.acks.empty() || !settle.nacks.empty() || !settle.rejects.empty() || !settle.released.empty()) {
        return settle;
      }
    }
  }
  /// What is acked next, at least so many; nothing else is settled meanwhile.
  std::vector<Sequence> acked(std::size_t count) { return gathered(count, &core::Settle::acks); }
  std::vector<Sequence> released(std::size_t count) { return gathered(count, &core::Settle::released); }
  /// It ends by itself.
  std::optional<Error> end() {
    sidecar.wait_until([&] { return over_.load(); });
    return thrown_;
  }
  std::optional<Error> stop() {
    stop_.request_stop();
    if (running_.joinable()) running_.join();
    return thrown_;
  }
  [[nodiscard]] StageCounts counts() const { return stage_.counts(); }
  [[nodiscard]] std::string status() const { return stage_.status_json(); }
  Node& node() { return node_; }
  void request_stop() { stop_.request_stop(); }
  [[nodiscard]] bool over() const { return over_; }

  static core::GrantRange range(Sequence first, Sequence last) { return {FakeSidecar::grant_id, {first, last}}; }

  FakeSidecar sidecar;

 private:
  std::vector<Sequence> gathered(std::size_t count, std::vector<core::GrantRange> core::Settle::*of) {
    std::vector<Sequence> all;
    while (all.size() < count) {
      const auto settle = settled();
      if ((settle.*of).empty()) throw std::runtime_error("something was settled in another way");
      for (const core::GrantRange& ranges : settle.*of) {
        for (Sequence each = ranges.range.first; each <= ranges.range.last; ++each) all.push_back(each);
      }
    }
    return all;
  }
  void take(const core::Batch& copy) {
    copy.for_each([&](Sequence sequence, const core::MessageView& message) {
      std::string why;
      core::AttributeValues values;
      if (!message.attributes.empty()) values = core::decode_attributes(message.attributes, why).value();
      made_.push_back({sequence, std::string(message.payload), std::move(values)});
    });
  }

  Node node_;

 public:
  Puller in;
  Pusher out;
  std::uint64_t session = 0;
  std::uint64_t handle = 0;

 private:
  Stage stage_;
  std::stop_source stop_;
  std::thread running_;
  std::optional<Error> thrown_;
  std::atomic<bool> over_{false};
  std::vector<Made> made_;
  std::vector<Made> each_;
};

}  // namespace restante::test
