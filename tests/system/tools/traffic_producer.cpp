/// \file
/// Sends numbered messages and writes down what it does: `A <number> <crc> [<topic>]` before it sends, `C <number>`
/// once the product says confirmed, `B <reason>` when it is held back (`without a reason`, if none is given for a
/// second). Started again after a crash it goes on by last_marker(), and writes down what that was: `M <number>`.
///
///   traffic_producer --stream S --source NAME --log FILE [--sidecar EP] [--count N] [--size N] [--size-max N]
///                    [--rate N] [--window OCTETS] [--fresh] [--flush-ms N] [--insecure] [--topic T]... [--topics N]
///                    [--fine]
///   traffic_producer --print N --source NAME --size N
///
/// With topics it publishes, each number always to the same one. --fine: times in nanoseconds too, `N <ns>`.
/// Without --count it sends until SIGTERM. Ends when everything is confirmed, or --flush-ms after the last message;
/// last line: `accepted N confirmed N unconfirmed N`. Exit: 0 all confirmed, 1 not, 4 refused.

#include <poll.h>

#include <chrono>
#include <csignal>
#include <deque>

#include <restante/node.h>

#include "traffic.h"
#include "traffic_writer.h"

namespace {

using namespace std::chrono_literals;

volatile std::sig_atomic_t stopping = 0;

class Producer {
 public:
  explicit Producer(const traffic::Options& options)
      : source_(options.text("--source", "p")),
        count_(options.number("--count", 0)),
        size_(options.number("--size", 200)),
        size_max_(options.number("--size-max", 0)),
        rate_(options.number("--rate", 0)),
        flush_ms_(options.number("--flush-ms", 60000)),
        log_(options.text("--log", "/dev/stdout"), options.has("--fine")),
        node_(restante::NodeOptions{.sidecar = options.text("--sidecar"), .insecure = options.has("--insecure")}),
        writer_(node_, options) {}

  int run(bool fresh) {
    log_ << "S " << source_ << "\n";
    log_.write();
    if (!fresh) go_on();
    const std::uint64_t first = next_;
    started_ms_ = traffic::now_ms();
    while (stopping == 0 && (count_ == 0 || next_ <= count_)) {
      const bool moved = offer(first);
      if (!note_confirms() && !moved) wait();
    }
    for (const auto deadline = traffic::now_ms() + flush_ms_; !waiting_.empty() && traffic::now_ms() < deadline;) {
      if (!note_confirms()) wait();
    }
    const auto accepted = next_ - first;
    std::printf("accepted %lu confirmed %lu unconfirmed %zu\n", accepted, accepted - waiting_.size(), waiting_.size());
    return waiting_.empty() ? 0 : 1;
  }

 private:
  struct Waiting {
    std::uint64_t number;
    restante::Receipt receipt;
  };

  void go_on() {
    while (stopping == 0) {
      try {
        const auto marker = writer_.last_marker(500ms).value_or(0);
        log_ << "M " << marker << "\n";
        log_.write();
        next_ = marker + 1;
        return;
      } catch (const restante::Error& error) {
        if (error.code() != restante::ErrorCode::retry_later) throw;
      }
    }
  }

  /// Sends what the pace allows, up to a handful. The attempts are on record before the first of them is sent; what
  /// does not fit any more stays first in line. False if nothing was sent.
  bool offer(std::uint64_t first) {
    std::uint64_t room = 64;
    if (rate_ != 0) {
      const auto due = first + (traffic::now_ms() - started_ms_) * rate_ / 1000;
      room = due > next_ ? std::min<std::uint64_t>(room, due - next_) : 0;
    }
    if (count_ != 0) room = std::min(room, count_ + 1 - next_);
    for (std::uint64_t n = next_ + ready_.size(); ready_.size() < room; ++n) {
      ready_.push_back(traffic::make_payload(source_, n, traffic::size_of(n, size_, size_max_)));
      log_ << "A " << n << " " << traffic::hex(ready_.back().crc);
      if (const auto topic = writer_.topic_of(n); !topic.empty()) log_ << " " << topic;
      log_ << "\n";
    }
    log_.write();
    bool moved = false;
    while (!ready_.empty()) {
      const auto receipt = writer_.try_send(next_, ready_.front().octets);
      if (!receipt) {
        note_back_pressure();
        break;
      }
      waiting_.push_back({next_++, *receipt});
      unexplained_since_ms_ = 0;
      ready_.pop_front();
      moved = true;
    }
    return moved;
  }

  void note_back_pressure() {
    auto reason = writer_.back_pressure();
    // Room may come between the refusal and the question; but not for so long.
    if (!reason.empty()) unexplained_since_ms_ = 0;
    if (reason.empty() && unexplained_since_ms_ == 0) unexplained_since_ms_ = traffic::now_ms();
    if (reason.empty() && traffic::now_ms() - unexplained_since_ms_ > 1000) reason = "without a reason";
    if (reason == back_pressure_ || reason.empty()) return;
    log_ << "B " << (back_pressure_ = std::move(reason)) << "\n";
    log_.write();
  }

  bool note_confirms() {
    bool moved = false;
    while (!waiting_.empty() && waiting_.front().receipt.outcome() != restante::Outcome::pending) {
      log_ << "C " << waiting_.front().number << "\n";
      waiting_.pop_front();
      moved = true;
    }
    log_.write();
    return moved;
  }

  void wait() {
    if (rate_ == 0 && !waiting_.empty()) {
      static_cast<void>(waiting_.front().receipt.wait_confirmed(20ms));
    } else {
      ::poll(nullptr, 0, 1);
    }
  }

  std::string source_;
  std::uint64_t count_;
  std::size_t size_;
  std::size_t size_max_;
  std::uint64_t rate_;
  std::uint64_t flush_ms_;
  traffic::Log log_;
  restante::Node node_;
  traffic::Writer writer_;
  std::uint64_t next_ = 1;
  std::uint64_t started_ms_ = 0;
  std::uint64_t unexplained_since_ms_ = 0;  // the first of the refusals in a row that had no reason; 0: none
  std::deque<traffic::Payload> ready_;
  std::deque<Waiting> waiting_;
  std::string back_pressure_;
};

}  // namespace

int main(int argc, char** argv) {
  const traffic::Options options(argc, argv, " --fresh --insecure --fine ");
  if (options.has("--print")) {
    const auto size = options.number("--size", 200);
    std::puts(traffic::make_payload(options.text("--source", "p"), options.number("--print", 1), size).octets.c_str());
    return 0;
  }
  std::signal(SIGTERM, [](int) { stopping = 1; });
  try {
    return Producer(options).run(options.has("--fresh"));
  } catch (const restante::Error& error) {
    std::fprintf(stderr, "traffic_producer: %s\n", error.what());
    return error.code() == restante::ErrorCode::held_elsewhere ? 4 : 1;
  }
}
