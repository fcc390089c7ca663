#pragma once
/// \file
/// A producer with a sidecar played by the test.

#include <restante/limits.h>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <vector>
#include "core/producer.h"

using namespace restante::core;
using restante::ErrorCode;
using restante::Sequence;

namespace {

constexpr std::uint64_t handle = 7;
constexpr std::uint64_t wide = 1U << 20;

/// A producer, and the sidecar's part said by hand.
class Bench {
 public:
  explicit Bench(StreamKind kind = StreamKind::kept) : producer({handle, "orders", kind, wide}) {}

  void grant(std::uint64_t id, Sequence first, Sequence last, std::uint64_t window = wide, std::uint64_t marker = 0) {
    producer.on_message(Granted{handle, {id, {first, last}}, true, window, marker});
  }
  void open(Sequence first = 101, Sequence last = 200, std::uint64_t window = wide) {
    producer.on_link_up();
    effects();
    grant(1, first, last, window);
  }
  void cut_and_attach() {
    producer.on_link_down();
    producer.on_link_up();
    opened = std::get<OpenWriter>(producer.take_effects().at(0).message);
    producer.on_message(Attached{handle, wide, 0});
  }
  Batch send(std::size_t messages = 1, const std::string& topic = "", std::uint64_t marker = 0, std::size_t size = 5) {
    BatchBuilder builder("orders", topic);
    for (std::size_t i = 0; i < messages; ++i) builder.append(std::string(size, 'x'));
    producer.send(builder, marker, 1, [this](Token target, const std::string& endpoint, const Buffer& batch) {
      live.push_back({target, endpoint, batch});
      return live_works;
    });
    return copies().at(0);
  }
  void confirm(Sequence to, Sequence settled_to = 0) {
    producer.on_message(Confirmed{handle, to, settled_to, wide, ""});
  }
  void target(Token token, std::uint64_t messages, std::uint64_t octets = wide) {
    producer.on_message(LiveTarget{handle, token, "ipc:///live" + std::to_string(token), messages, octets, false});
  }

  void target(Token token, std::uint64_t messages, const std::vector<std::string>& filters) {
    const std::string endpoint = "ipc:///live" + std::to_string(token);
    producer.on_message(LiveTarget{handle, token, endpoint, messages, wide, false, filters});
  }

  std::vector<Producer::Effect> effects() {
    auto taken = producer.take_effects();
    for (const auto& effect : taken) {
      if (std::holds_alternative<RequestGrant>(effect.message)) ++requests;
    }
    return taken;
  }
  std::vector<Batch> copies() {
    std::vector<Batch> batches;
    for (const auto& effect : effects()) {
      if (effect.batch.empty()) continue;
      std::string why;
      batches.push_back(Batch::parse(effect.batch, why).value());
    }
    return batches;
  }

  struct Live {
    Token target;
    std::string endpoint;
    Buffer batch;
  };
  Producer producer;
  std::vector<Live> live;
  bool live_works = true;
  OpenWriter opened;
  int requests = 0;
};

}  // namespace
