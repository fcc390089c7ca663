/// \file
/// Takes messages and writes down each delivery, `D <source> <number> <crc> <id> <attempt>`, before it acks.
///
///   traffic_worker --log FILE --pull STREAM[@EP[,EP]]... [--work-ms N] [--poison TEXT] [--lease-ms N]
///                  [--credit OCTETS] [--sidecar EP] [--insecure]
///
/// Each --pull has a thread and a log of its own, FILE-STREAM. --work-ms: takes so long for each message. --poison:
/// dies by abort() on a payload that holds TEXT, as if the message crashed its worker. Ends on SIGTERM.

#include <poll.h>

#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <restante/node.h>

#include "traffic.h"

namespace {

constexpr std::size_t hand_full = 64;

class Worker {
 public:
  Worker(const traffic::Options& options, restante::Node& node, const std::string& pull)
      : work_ms_(static_cast<int>(options.number("--work-ms", 0))),
        poison_(options.text("--poison")),
        log_(options.text("--log") + '-' + pull.substr(0, pull.find('@'))),
        puller_(node.puller(pull.substr(0, pull.find('@')), receiver(options, pull))) {}

  void run() noexcept {  // an Error here ends the process, and the oracle's harness reports it
    std::vector<restante::Delivery> hand;
    while (auto delivery = puller_.receive()) {
      for (; delivery; delivery = puller_.try_receive()) {
        hand.push_back(std::move(*delivery));
        if (work_ms_ > 0 || hand.size() == hand_full) break;
      }
      for (const auto& held : hand) note(held);
      log_.write();
      for (auto& held : hand) work(held);
      hand.clear();
    }
  }

 private:
  static restante::ReceiverOptions receiver(const traffic::Options& options, const std::string& pull) {
    restante::ReceiverOptions made;
    const auto at = pull.find('@');
    for (std::size_t from = at; from != pull.npos;) {
      const auto end = pull.find(',', from + 1);
      made.from.push_back(pull.substr(from + 1, end == pull.npos ? end : end - from - 1));
      from = end;
    }
    made.credit = options.number("--credit", made.credit);
    if (options.has("--lease-ms")) made.lease = std::chrono::milliseconds(options.number("--lease-ms", 0));
    return made;
  }

  void note(const restante::Delivery& held) {
    const auto read = traffic::read_payload(held.payload());
    const auto id = held.id();
    log_ << "D " << read.source << " " << read.number << " " << traffic::hex(read.crc) << " " << id.grant << ":"
         << id.sequence << " " << held.attempt() << "\n";
  }

  void work(restante::Delivery& held) const {
    if (!poison_.empty() && held.payload().find(poison_) != std::string_view::npos) std::abort();
    if (work_ms_ > 0) ::poll(nullptr, 0, work_ms_);
    held.ack();
  }

  int work_ms_;
  std::string poison_;
  traffic::Log log_;
  restante::Puller puller_;
};

}  // namespace

int main(int argc, char** argv) {
  const traffic::Options options(argc, argv, " --insecure ");
  try {
    restante::Node node(
        {.sidecar = options.text("--sidecar"), .stop_on_signals = true, .insecure = options.has("--insecure")});
    std::vector<std::unique_ptr<Worker>> workers;
    const auto [first, last] = options.all("--pull");
    for (auto pull = first; pull != last; ++pull) {
      workers.push_back(std::make_unique<Worker>(options, node, pull->second));
    }
    std::vector<std::jthread> threads;
    for (const auto& worker : workers) threads.emplace_back([&worker] { worker->run(); });
    return 0;
  } catch (const restante::Error& error) {
    std::fprintf(stderr, "traffic_worker: %s\n", error.what());
    return 1;
  }
}
