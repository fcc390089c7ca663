#include "patterns/stop_signals.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <vector>

#include <restante/error.h>

#include "patterns/io_signal.h"

namespace restante::detail {

namespace {

constexpr std::array<int, 2> caught{SIGINT, SIGTERM};

std::array<std::atomic<IoSignal*>, 16> slots{};

struct Installed {
  std::mutex mutex;
  std::size_t users = 0;
  std::array<struct sigaction, caught.size()> previous{};
  std::vector<std::shared_ptr<IoSignal>> kept;  // for ever, see the header; reachable, so no leak checker minds
};
Installed& installed() {
  static auto* const state = new Installed;  // never destroyed: nodes may end after static destruction began
  return *state;
}

extern "C" void restante_on_stop_signal(int) {
  const int saved = errno;
  for (auto& slot : slots) {
    IoSignal* const io = slot.load(std::memory_order_acquire);
    if (io != nullptr) io->request_stop();
  }
  errno = saved;
}

void take_over(Installed& state) {
  for (std::size_t i = 0; i < caught.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = restante_on_stop_signal;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    sigaction(caught[i], &action, &state.previous[i]);
  }
}

void give_back(const Installed& state) {
  for (std::size_t i = 0; i < caught.size(); ++i) {
    struct sigaction now {};
    sigaction(caught[i], nullptr, &now);
    // Somebody else's handler by now: taking that away would be worse than leaving ours out of the chain.
    if (now.sa_handler == restante_on_stop_signal) sigaction(caught[i], &state.previous[i], nullptr);
  }
}

}  // namespace

StopSignals::StopSignals() : io_(std::make_shared<IoSignal>()), slot_(0) {
  Installed& state = installed();
  const std::lock_guard lock(state.mutex);
  while (slot_ < slots.size() && slots[slot_].load() != nullptr) ++slot_;
  if (slot_ == slots.size())
    throw Error(ErrorCode::bad_state, "stop_on_signals: too many nodes in this process want it");
  state.kept.push_back(io_);
  slots[slot_].store(io_.get(), std::memory_order_release);
  if (state.users++ == 0) take_over(state);
}

StopSignals::~StopSignals() {
  Installed& state = installed();
  const std::lock_guard lock(state.mutex);
  if (--state.users == 0) give_back(state);
  slots[slot_].store(nullptr, std::memory_order_release);
}

}  // namespace restante::detail
