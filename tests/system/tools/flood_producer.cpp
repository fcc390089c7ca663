/// \file
/// Sends the messages 1, 2, 3 ... as fast as it may, and counts instead of writing each down: for millions of them.
///
///   flood_producer --sidecar EP --stream S --progress FILE [--count N] [--size N] [--flush-ms N]
///                  [--topic T... [--run N]] [--rate N --seconds FILE]
///
/// Without --count it sends until SIGTERM. With topics it publishes. With --rate it goes on after --count, at so many a
/// second until SIGTERM, and makes up for what it could not send in time.
///
/// --progress: `accepted confirmed reason` of now, written over about ten times a second; confirms are in order, so the
/// number is all there is to know. --seconds: a line for each second at that rate, `accepted held_ms reason`: how many
/// were accepted in it, and for how long of it the library accepted nothing, with the reason that it gave last.
/// Ends when everything is confirmed, or --flush-ms after the last message. Exit: 0 all confirmed, 1 not.

#include <poll.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <deque>

#include <restante/node.h>

#include "traffic.h"
#include "traffic_writer.h"

namespace {

using namespace std::chrono_literals;

volatile std::sig_atomic_t stopping = 0;

class Flood {
 public:
  explicit Flood(const traffic::Options& options)
      : count_(options.number("--count", ~std::uint64_t{0})),
        size_(options.number("--size", 100)),
        flush_ms_(options.number("--flush-ms", 60000)),
        rate_(options.number("--rate", 0)),
        progress_(options.text("--progress")),
        seconds_(options.text("--seconds", "/dev/null")),
        node_(restante::NodeOptions{.sidecar = options.text("--sidecar")}),
        writer_(node_, options) {}

  int run() {
    while (stopping == 0 && (sent_ < count_ || rate_ != 0)) {
      const bool moved = may_send() && offer();
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
  /// As fast as it goes up to --count, then at the rate.
  bool may_send() {
    if (sent_ < count_) return true;
    const auto now = traffic::now_ms();
    if (paced_since_ms_ == 0) paced_since_ms_ = second_began_ms_ = now;
    if (now >= second_began_ms_ + 1000) end_second(now);
    return sent_ < count_ + (now - paced_since_ms_) * rate_ / 1000;
  }

  void end_second(std::uint64_t now) {
    note_held(now);
    if (held_since_ms_ != 0) held_since_ms_ = now;
    seconds_ << sent_ - second_began_at_ << " " << held_ms_ << " " << held_by_ << "\n";
    seconds_.write();
    second_began_ms_ += 1000;
    second_began_at_ = sent_;
    held_ms_ = 0;
    if (held_since_ms_ == 0) held_by_.clear();
  }

  void note_held(std::uint64_t now) {
    if (held_since_ms_ != 0) held_ms_ += now - held_since_ms_;
  }

  bool offer() {
    if (ready_.empty()) ready_ = traffic::make_payload("p", sent_ + 1, size_).octets;
    const auto receipt = writer_.try_send(sent_ + 1, ready_);
    if (!receipt) {
      if (held_since_ms_ == 0) held_since_ms_ = traffic::now_ms();
      // Room may come between the refusal and the question.
      if (auto reason = writer_.back_pressure(); !reason.empty()) held_by_ = std::move(reason);
      return false;
    }
    if (held_since_ms_ != 0) {
      note_held(traffic::now_ms());
      held_since_ms_ = 0;
    }
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
    if (waiting_.empty() || paced_since_ms_ != 0) {
      ::poll(nullptr, 0, 1);
    } else {
      static_cast<void>(waiting_.front().wait_confirmed(20ms));
    }
  }

  void tell(bool last) {
    if (!last && traffic::now_ms() < told_ms_ + 100) return;
    told_ms_ = traffic::now_ms();
    traffic::replace(progress_,
                     std::to_string(sent_) + ' ' + std::to_string(confirmed_) + ' ' + writer_.back_pressure() + '\n');
  }

  std::uint64_t count_;
  std::size_t size_;
  std::uint64_t flush_ms_;
  std::uint64_t rate_;
  std::string progress_;
  traffic::Log seconds_;
  restante::Node node_;
  traffic::Writer writer_;
  std::string ready_;
  std::deque<restante::Receipt> waiting_;
  std::uint64_t sent_ = 0;
  std::uint64_t confirmed_ = 0;
  std::uint64_t told_ms_ = 0;
  std::uint64_t paced_since_ms_ = 0;   // 0: not yet
  std::uint64_t second_began_ms_ = 0;  // of the rate
  std::uint64_t second_began_at_ = 0;  // so many were accepted when it began
  std::uint64_t held_since_ms_ = 0;    // 0: it is not
  std::uint64_t held_ms_ = 0;          // in this second
  std::string held_by_;
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
