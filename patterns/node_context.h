#pragma once
/// \file
/// What all parts of one node share.

#include <memory>
#include <string>

#include "core/messages.h"
#include "patterns/counters.h"
#include "patterns/fork_guard.h"
#include "patterns/io_signal.h"
#include "patterns/logger.h"

namespace restante::detail {

/// Outlives the node as long as a Pusher, Puller or Delivery of it lives. Thread-safe.
struct NodeContext {
  Logger log;
  std::shared_ptr<IoSignal> io;
  std::string sidecar;  ///< endpoint of the local sidecar
  std::string live;     ///< as NodeOptions::live
  bool insecure = false;
  core::Hello hello;  ///< who this process is
  ForkGuard fork{};
  Counters counters{};
};

}  // namespace restante::detail
