/// \file
/// Very many durable subscriptions of one stream in one process, with a link for each 250 of them. Subscription
/// `crowd-I` wants `room/I/#` and `all`, for I from 0. As traffic_worker it writes down each delivery before it acks,
/// as `I D <source> <number> <crc> <id> <attempt> <topic>`, in one log for all.
///
///   traffic_crowd --log FILE --stream S --from EP --count N
///
/// Ends on SIGTERM.

#include <sys/epoll.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

#include <restante/node.h>

#include "traffic.h"

namespace {

constexpr std::uint64_t subscriptions_of_a_node = 250;
constexpr int ready_at_once = 64;

class Crowd {
 public:
  explicit Crowd(const traffic::Options& options)
      : log_(options.text("--log")), ready_(::epoll_create1(EPOLL_CLOEXEC)) {
    const std::string from = options.text("--from");
    for (std::uint64_t number = 0; number < options.number("--count", 1000); ++number) {
      if (number % subscriptions_of_a_node == 0) {
        nodes_.push_back(
            std::make_unique<restante::Node>(restante::NodeOptions{.sidecar = from, .stop_on_signals = true}));
      }
      const std::string name = std::to_string(number);
      subscribers_.push_back(nodes_.back()->subscriber(options.text("--stream"), {"room/" + name + "/#", "all"},
                                                       {.name = "crowd-" + name}, {.from = {from}}));
      epoll_event wanted{.events = EPOLLIN, .data = {.u64 = number}};
      if (::epoll_ctl(ready_, EPOLL_CTL_ADD, subscribers_.back().ready_fd(), &wanted) != 0) std::perror("epoll_ctl");
    }
  }

  void run() {
    std::array<epoll_event, ready_at_once> ready{};
    while (!subscribers_.front().stopped()) {
      const int count = ::epoll_wait(ready_, ready.data(), ready_at_once, 100);
      for (int at = 0; at < count; ++at) take(ready.at(static_cast<std::size_t>(at)).data.u64);
    }
  }

 private:
  void take(std::uint64_t number) {
    std::vector<restante::Delivery> hand;
    while (auto delivery = subscribers_[number].try_receive()) hand.push_back(std::move(*delivery));
    for (const auto& held : hand) {
      const auto read = traffic::read_payload(held.payload());
      const auto id = held.id();
      log_ << number << " D " << read.source << " " << read.number << " " << traffic::hex(read.crc) << " " << id.grant
           << ":" << id.sequence << " " << held.attempt() << " " << held.topic() << "\n";
    }
    log_.write();
    for (auto& held : hand) held.ack();
  }

  traffic::Log log_;
  int ready_;
  std::vector<std::unique_ptr<restante::Node>> nodes_;
  std::vector<restante::Subscriber> subscribers_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Crowd(traffic::Options(argc, argv, "")).run();
    return 0;
  } catch (const restante::Error& error) {
    if (error.code() == restante::ErrorCode::bad_state) return 0;  // told to end while it was opening
    std::fprintf(stderr, "traffic_crowd: %s\n", error.what());
    return 1;
  }
}
