#include "patterns/link/clock.h"

#include <ctime>

#include "core/assert.h"

namespace restante::link {

namespace {

Duration read_clock(clockid_t clock) noexcept {
  timespec now{};
  const int result = clock_gettime(clock, &now);
  RESTANTE_ASSERT(result == 0);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

core::Instant boot_now() noexcept { return core::Instant(read_clock(CLOCK_BOOTTIME)); }

std::int64_t wall_ms() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(read_clock(CLOCK_REALTIME)).count();
}

}  // namespace restante::link
