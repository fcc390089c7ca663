#include "sidecar/commands/progress.h"

#include <utility>

#include "sidecar/commands/terminal.h"

namespace restante::commands {

namespace {

using namespace std::chrono_literals;

constexpr auto first_after = 1s;
constexpr auto terminal_interval = 200ms;
constexpr auto line_interval = 10s;

}  // namespace

Progress::Progress(std::function<std::string()> text, bool verbose)
    : text_(std::move(text)),
      terminal_(on_terminal()),
      on_(terminal_ || verbose),
      next_(Clock::now() + (terminal_ ? Clock::duration(first_after) : Clock::duration(line_interval))) {}

Progress::~Progress() { wipe(); }

void Progress::tick() {
  if (!on_) return;
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? Clock::duration(terminal_interval) : Clock::duration(line_interval));
  // The cursor goes back to the start of the line, so that whatever is said next is said in its place.
  write_to_stderr(terminal_ ? "\r\x1b[K" + text_() + "\r" : text_() + "\n");
  shown_ = true;
}

void Progress::wipe() {
  if (shown_ && terminal_) write_to_stderr("\r\x1b[K");
  shown_ = false;
}

}  // namespace restante::commands
