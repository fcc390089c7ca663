#pragma once
/// \file
/// Work that can wait.

#include "core/store_effects.h"

namespace restante::sidecar {

/// A store that has such work besides what core asks of it.
class IdleWork {
 public:
  IdleWork() = default;
  virtual ~IdleWork() = default;
  IdleWork(const IdleWork&) = delete;
  IdleWork& operator=(const IdleWork&) = delete;

  /// One short step, to be taken when there is nothing else to do. True if there is more. Throws core::StoreFailed.
  virtual bool idle_work() = 0;
  /// How full it is now: such work makes room.
  virtual core::StoreUsage usage() = 0;
};

}  // namespace restante::sidecar
