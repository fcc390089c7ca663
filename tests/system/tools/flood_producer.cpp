/// \file
/// Sends the messages 1, 2, 3 ... as fast as it may, and counts instead of writing each down: for millions of them.
///
///   flood_producer --sidecar EP --stream S --progress FILE [--count N] [--size N] [--flush-ms N]
///
/// Without --count it sends until SIGTERM. --progress: `accepted confirmed reason` of now, written over about ten times
/// a second; confirms are in order, so the number is all there is to know. Ends when everything is confirmed, or
/// --flush-ms after the last message. Exit: 0 all confirmed, 1 not.

#include <poll.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>

#include <restante/node.h>

#include "traffic.h"

namespace {

using namespace std::chrono_literals;

volatile std::sig_atomic_t stopping = 0;

class Flood {
 public:
  explicit Flood(const traffic::Options& options)
      : count_(options.number("--count", ~std::uint64_t{0})),
        size_(options.number("--size", 100)),
        flush_ms_(options.number("--flush-ms", 60000)),
        progress_(options.text("--progress")),
        node_(restante::NodeOptions{.sidecar = options.text("--sidecar")}),
        pusher_(node_.pusher(options.text("--stream", "work"))) {}

  int run() {
    while (stopping == 0 && sent_ < count_) {
      const bool moved = offer();
      if (!note_confirms() && !moved) wait();
      if ((sent_ & 1023U) == 0 || !moved) tell(false);
    }
    for (const auto deadline = traffic::now_ms() + flush_ms_; !waiting_.empty() && traffic::now_ms() < deadline;) {
      if (!note_confirms()) wait();
      tell(false);
    }
    tell(true);
    return waiting_.empty() ? 0 : 1;
  }

 private:
  bool offer() {
    if (ready_.empty()) ready_ = traffic::make_payload("p", sent_ + 1, size_).octets;
    const auto receipt = pusher_.try_send(ready_, {.marker = sent_ + 1});
    if (!receipt) return false;
    waiting_.push_back(*receipt);
    ready_.clear();
    ++sent_;
    return true;
  }

  bool note_confirms() {
    bool moved = false;
    for (; !waiting_.empty() && waiting_.front().outcome() != restante::Outcome::pending; moved = true) {
      waiting_.pop_front();
      ++confirmed_;
    }
    return moved;
  }

  void wait() {
    if (waiting_.empty()) {
      ::poll(nullptr, 0, 1);
    } else {
      static_cast<void>(waiting_.front().wait_confirmed(20ms));
    }
  }

  void tell(bool last) {
    if (!last && traffic::now_ms() < told_ms_ + 100) return;
    told_ms_ = traffic::now_ms();
    traffic::replace(progress_,
                     std::to_string(sent_) + ' ' + std::to_string(confirmed_) + ' ' + pusher_.back_pressure() + '\n');
  }

  std::uint64_t count_;
  std::size_t size_;
  std::uint64_t flush_ms_;
  std::string progress_;
  restante::Node node_;
  restante::Pusher pusher_;
  std::string ready_;
  std::deque<restante::Receipt> waiting_;
  std::uint64_t sent_ = 0;
  std::uint64_t confirmed_ = 0;
  std::uint64_t told_ms_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGTERM, [](int) { stopping = 1; });
  try {
    return Flood(traffic::Options(argc, argv, "")).run();
  } catch (const restante::Error& error) {
    std::fprintf(stderr, "flood_producer: %s\n", error.what());
    return 1;
  }
}
