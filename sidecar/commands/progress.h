#pragma once
/// \file
/// One line on a terminal that is written over and over, for whatever takes longer than a second.

#include <chrono>
#include <functional>
#include <string>

namespace restante::commands {

/// Shows what `text` returns on standard error, after the first second, at most five times a second, and only if that
/// is a terminal; elsewhere, if `verbose`, as a line of its own every ten seconds.
class Progress {
 public:
  Progress(std::function<std::string()> text, bool verbose);
  ~Progress();  ///< wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Call it often.
  void tick();
  void wipe();

 private:
  using Clock = std::chrono::steady_clock;
  std::function<std::string()> text_;
  bool terminal_;
  bool on_;
  bool shown_ = false;
  Clock::time_point next_;
};

}  // namespace restante::commands
