#pragma once
/// \file
/// What is behind a Stage.

#include <atomic>
#include <cstdint>
#include <memory>

#include <restante/stage.h>

#include "patterns/reader_state.h"
#include "patterns/writer_state.h"

namespace restante::detail {

/// As StageCounts, counted by any thread.
struct StageTally {
  std::atomic<std::uint64_t> inputs{0};
  std::atomic<std::uint64_t> outputs{0};
  std::atomic<std::uint64_t> acked{0};
  std::atomic<std::uint64_t> empty{0};
  std::atomic<std::uint64_t> rejected{0};
  std::atomic<std::uint64_t> failed{0};
  std::atomic<std::uint64_t> released{0};
  std::atomic<std::uint64_t> in_flight{0};
};

/// What a Stage was made of, and what its runs share.
struct StageState {
  std::shared_ptr<ReaderState> in;
  std::shared_ptr<WriterState> out;  ///< null: the function names one
  StageFunction function;
  StageOptions options;
  StageTally tally{};
  std::atomic<bool> running{false};
};

}  // namespace restante::detail
