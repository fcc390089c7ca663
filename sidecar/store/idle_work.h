#pragma once
/// \file
/// Work that can wait.

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
};

}  // namespace restante::sidecar
