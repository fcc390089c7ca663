#pragma once
/// \file
/// The clock that both ends of a measurement read.

#include <time.h>

#include <cstdint>

namespace bench {

inline std::int64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return std::int64_t{time.tv_sec} * 1000000000 + time.tv_nsec;
}

}  // namespace bench
