#pragma once
/// \file
/// What traffic_producer sends with: a Pusher, or a Publisher if topics are given, `--topic T --topic T ...`, or
/// `--topics N` for `room/0/heat` to `room/<N-1>/heat` in turn, another one for each message, and each of them again
/// N/10 messages later; with both, each hundredth message goes to the first T. With `--run N` as many messages in a
/// row have the same one of the T.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <restante/node.h>

#include "traffic.h"

namespace traffic {

class Writer {
 public:
  Writer(restante::Node& node, const Options& options)
      : topics_(topics(options)),
        many_(options.number("--topics", 0)),
        run_(options.number("--run", 8)),
        end_(open(node, options, many_ != 0 || !topics_.empty())) {}

  /// Each number has always the same one, and a few in a row, as a batch has one topic. Empty in a pipeline.
  [[nodiscard]] std::string topic_of(std::uint64_t number) const {
    const bool in_turn = many_ != 0 && (topics_.empty() || number % 100 != 0);
    if (in_turn) return "room/" + std::to_string((number / 2 + (number % 2) * (many_ - many_ / 20)) % many_) + "/heat";
    if (many_ != 0) return topics_.front();
    return topics_.empty() ? std::string() : topics_[mix(number / run_) % topics_.size()];
  }

  std::optional<restante::Receipt> try_send(std::uint64_t number, std::string_view octets) {
    const restante::Attributes attributes{.marker = number};
    if (auto* publisher = std::get_if<restante::Publisher>(&end_)) {
      return publisher->try_send(topic_of(number), octets, attributes);
    }
    return std::get<restante::Pusher>(end_).try_send(octets, attributes);
  }

  [[nodiscard]] std::optional<std::uint64_t> last_marker(restante::Duration timeout) const {
    return std::visit([timeout](const auto& end) { return end.last_marker(timeout); }, end_);
  }

  [[nodiscard]] std::string back_pressure() const {
    return std::visit([](const auto& end) { return end.back_pressure(); }, end_);
  }

 private:
  using End = std::variant<restante::Pusher, restante::Publisher>;

  static std::vector<std::string> topics(const Options& options) {
    std::vector<std::string> given;
    const auto [first, last] = options.all("--topic");
    for (auto topic = first; topic != last; ++topic) given.push_back(topic->second);
    return given;
  }

  static End open(restante::Node& node, const Options& options, bool publishes) {
    const auto stream = options.text("--stream", "work");
    restante::SenderOptions wanted;
    wanted.window = options.number("--window", wanted.window);
    if (publishes) return node.publisher(stream, wanted);
    return node.pusher(stream, wanted);
  }

  std::vector<std::string> topics_;
  std::uint64_t many_;
  std::uint64_t run_;
  End end_;
};

}  // namespace traffic
