#pragma once
/// \file
/// A process of a story that is not the sidecar.

#include <memory>
#include <string>

#include "tests/sim/sim_producer.h"
#include "tests/sim/sim_worker.h"

namespace restante::scenarios {

/// A producer or a consumer, with what stands between it and the others.
struct Party {
  std::string name;
  std::unique_ptr<sim::SimProducer> producer;  ///< this
  std::unique_ptr<sim::SimWorker> consumer;    ///< or that
  std::size_t hands = 0;                       ///< so many messages its application takes at once
  sim::LivePath live;                          ///< to the consumer
  bool holds_live = false;
  bool holds_up = false;
  bool holds_down = false;
  bool is_cut = false;  ///< and does not dial
  bool frozen = false;

  [[nodiscard]] sim::Client& client() const { return producer ? producer->client() : consumer->client(); }
};

}  // namespace restante::scenarios
