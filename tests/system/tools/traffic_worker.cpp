/// \file
/// Takes messages and writes down each delivery, `D <source> <number> <crc> <id> <attempt> [<topic>]`, before it acks,
/// and as a subscriber each gap that it is told, `G <from> <to> <reason>`, in its place among them.
///
///   traffic_worker --log FILE --pull STREAM[@EP[,EP]]... [--work-ms N] [--poison TEXT] [--lease-ms N]
///                  [--credit OCTETS] [--sidecar EP] [--insecure] [--subscription NAME --filter F...
///                  [--shared | --strict]]
///                  [--ack-first MS] [--until-refused] [--effects] [--live ENDPOINT] [--fine]
///
/// Each --pull has a thread and a log of its own, FILE-STREAM. --work-ms: takes so long for each message. --poison:
/// dies by abort() on a payload that holds TEXT, as if the message crashed its worker. --subscription: a subscriber, of
/// that name on every stream; an empty one is live. --until-refused: ends with 4, not by abort(), when it is refused
/// for good. --effects: a line `E <effect id>` behind each D. --live: NodeOptions::live. --fine: times in nanoseconds
/// too, `N <ns>`. --ack-first is a planted bug: acks, and writes down what came MS later. Ends on SIGTERM.

#include <poll.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
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
        ack_first_ms_(static_cast<int>(options.number("--ack-first", 0))),
        until_refused_(options.has("--until-refused")),
        effects_(options.has("--effects")),
        poison_(options.text("--poison")),
        log_(options.text("--log") + '-' + stream_of(pull), options.has("--fine")),
        puller_(open(options, node, pull)) {}

  void run() noexcept {  // an Error here ends the process, and the oracle's harness reports it
    while (auto delivery = next()) {
      for (; delivery; delivery = puller_.try_receive()) {
        hand_.push_back(std::move(*delivery));
        if (work_ms_ > 0 || hand_.size() == hand_full) break;
      }
      if (ack_first_ms_ > 0) ack_too_early(hand_);
      note_hand();
      for (auto& held : hand_) work(held);
      hand_.clear();
      noted_ = 0;
    }
  }

 private:
  static std::string stream_of(const std::string& pull) { return pull.substr(0, pull.rfind('@')); }  // it may have one

  restante::Puller open(const traffic::Options& options, restante::Node& node, const std::string& pull) {
    const auto stream = stream_of(pull);
    if (!options.has("--subscription")) return node.puller(stream, receiver(options, pull));
    std::vector<std::string> filters;
    const auto [first, last] = options.all("--filter");
    for (auto filter = first; filter != last; ++filter) filters.push_back(filter->second);
    restante::Subscription subscription{.name = options.text("--subscription"), .shared = options.has("--shared")};
    subscription.strict = options.has("--strict");
    auto wanted = receiver(options, pull);
    wanted.on_gap = [this](const restante::Gap& gap) {  // on this worker's own thread
      note_hand();
      log_ << "G " << gap.from << " " << gap.to << " " << gap.reason << "\n";
      log_.write();
    };
    return node.subscriber(stream, filters, subscription, wanted);
  }

  static restante::ReceiverOptions receiver(const traffic::Options& options, const std::string& pull) {
    restante::ReceiverOptions made;
    const auto at = pull.rfind('@');
    for (std::size_t from = at; from != pull.npos;) {
      const auto end = pull.find(',', from + 1);
      made.from.push_back(pull.substr(from + 1, end == pull.npos ? end : end - from - 1));
      from = end;
    }
    made.credit = options.number("--credit", made.credit);
    if (options.has("--lease-ms")) made.lease = std::chrono::milliseconds(options.number("--lease-ms", 0));
    return made;
  }

  std::optional<restante::Delivery> next() {
    try {
      return puller_.receive();
    } catch (const restante::Error& error) {
      if (!until_refused_) throw;
      std::fprintf(stderr, "traffic_worker: %s\n", error.what());
      std::_Exit(4);
    }
  }

  void note_hand() {
    while (noted_ < hand_.size()) note(hand_[noted_++]);
    log_.write();
  }

  void note(const restante::Delivery& held) {
    const auto read = traffic::read_payload(held.payload());
    const auto id = held.id();
    log_ << "D " << read.source << " " << read.number << " " << traffic::hex(read.crc) << " " << id.grant << ":"
         << id.sequence << " " << held.attempt();
    if (!held.topic().empty()) log_ << " " << held.topic();
    log_ << "\n";
    if (effects_) log_ << "E " << held.effect_id() << "\n";
  }

  void ack_too_early(std::vector<restante::Delivery>& hand) const {
    for (auto& held : hand) held.ack();
    ::poll(nullptr, 0, ack_first_ms_);
  }

  void work(restante::Delivery& held) const {
    if (!poison_.empty() && held.payload().find(poison_) != std::string_view::npos) std::abort();
    if (work_ms_ > 0) ::poll(nullptr, 0, work_ms_);
    held.ack();
  }

  int work_ms_;
  int ack_first_ms_;
  bool until_refused_;
  bool effects_;
  std::string poison_;
  traffic::Log log_;
  std::vector<restante::Delivery> hand_;
  std::size_t noted_ = 0;  // of the hand, from its front
  restante::Puller puller_;
};

}  // namespace

int main(int argc, char** argv) {
  const traffic::Options options(argc, argv, " --effects --fine --insecure --shared --strict --until-refused ");
  try {
    restante::Node node({.sidecar = options.text("--sidecar"),
                         .stop_on_signals = true,
                         .live = options.text("--live"),
                         .insecure = options.has("--insecure")});
    std::vector<std::unique_ptr<Worker>> workers;
    const auto [first, last] = options.all("--pull");
    for (auto pull = first; pull != last; ++pull) {
      workers.push_back(std::make_unique<Worker>(options, node, pull->second));
    }
    std::vector<std::jthread> threads;
    for (const auto& worker : workers) threads.emplace_back([&worker] { worker->run(); });
    return 0;
  } catch (const restante::Error& error) {
    if (error.code() == restante::ErrorCode::bad_state) return 0;  // told to end while it was opening
    std::fprintf(stderr, "traffic_worker: %s\n", error.what());
    return 1;
  }
}
