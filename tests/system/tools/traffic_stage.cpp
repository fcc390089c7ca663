/// \file
/// A stage of a chain: passes on what it pulls, octet by octet, and dies by abort() of the numbers that are poison.
///
///   traffic_stage --sidecar EP --pull STREAM@EP[,EP] ... --push STREAM --instance N --log FILE [--fan]
///                 [--poison NUMBER]... [--in-flight N] [--early MS] [--forgetful]
///
/// With --fan a message has as many outputs as fan_of() says, else one. Two ways to do it wrong, for the controls: with
/// --early it acks what it has in hand and sends MS later; with --forgetful it acks when all is confirmed, but its
/// outputs do not say what they were made from. Ends on SIGTERM.

#include <poll.h>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>
#include <vector>

#include <restante/node.h>
#include <restante/stage.h>

#include "traffic.h"

namespace {

constexpr std::size_t hand_full = 64;

/// As stage_oracle.py has it.
unsigned fan_of(std::uint64_t number) {
  if (number % 7 == 0) return 0;
  return number % 5 == 0 ? 3 : 1;
}

class Worker {
 public:
  Worker(const traffic::Options& options, restante::Node& node)
      : fans_(options.has("--fan")),
        early_ms_(static_cast<int>(options.number("--early", 0))),
        forgetful_(options.has("--forgetful")),
        out_(
            node.pusher(options.text("--push"), {.instance = static_cast<unsigned>(options.number("--instance", 0))})) {
    how_.in_flight_max = options.number("--in-flight", hand_full);
    const auto [first, last] = options.all("--poison");
    for (auto poison = first; poison != last; ++poison) poison_.insert(std::stoull(poison->second));
    const auto [begin, end] = options.all("--pull");
    for (auto pull = begin; pull != end; ++pull) pulls_.push_back(open(node, pull->second));
  }

  void run() {
    std::vector<std::jthread> threads;
    for (auto& pull : pulls_) threads.emplace_back([this, &pull] { work(pull); });
  }

 private:
  static restante::Puller open(restante::Node& node, const std::string& pull) {
    const auto at = pull.rfind('@');  // a stream may have an instance
    restante::ReceiverOptions made;
    for (std::size_t from = at; from != pull.npos;) {
      const auto end = pull.find(',', from + 1);
      made.from.push_back(pull.substr(from + 1, end == pull.npos ? end : end - from - 1));
      from = end;
    }
    return node.puller(pull.substr(0, at), made);
  }

  void work(restante::Puller& pull) noexcept {  // an Error here ends the process, and the campaign reports it
    if (early_ms_ > 0 || forgetful_) return work_wrongly(pull);
    restante::stage(
        pull, out_,
        [this](const restante::Delivery& input, restante::Output& output) {
          for (unsigned i = outputs_of(input); i > 0; --i) output.send(input.payload());
        },
        how_);
  }

  unsigned outputs_of(const restante::Delivery& input) const {
    const auto number = traffic::read_payload(input.payload()).number;
    if (poison_.contains(number)) std::abort();
    return fans_ ? fan_of(number) : 1;
  }

  void work_wrongly(restante::Puller& pull) {
    std::vector<restante::Delivery> hand;
    while (auto delivery = pull.receive()) {
      for (; delivery && hand.size() < hand_full; delivery = pull.try_receive()) hand.push_back(std::move(*delivery));
      if (early_ms_ > 0) {
        for (auto& input : hand) input.ack();
        ::poll(nullptr, 0, early_ms_);
      }
      for (const auto& input : hand) {
        for (unsigned i = outputs_of(input); i > 0; --i) out_.send(input.payload());
      }
      if (early_ms_ == 0) {
        out_.flush();
        for (auto& input : hand) input.ack();
      }
      hand.clear();
    }
  }

  bool fans_;
  int early_ms_;
  bool forgetful_;
  restante::StageOptions how_;
  std::set<std::uint64_t> poison_;
  restante::Pusher out_;
  std::vector<restante::Puller> pulls_;
};

}  // namespace

int main(int argc, char** argv) {
  const traffic::Options options(argc, argv, " --fan --forgetful ");
  const traffic::Log begun(options.text("--log"));
  try {
    restante::Node node({.sidecar = options.text("--sidecar"), .stop_on_signals = true});
    Worker(options, node).run();
    return 0;
  } catch (const restante::Error& error) {
    if (error.code() == restante::ErrorCode::bad_state) return 0;  // told to end while it was opening
    std::fprintf(stderr, "traffic_stage: %s\n", error.what());
    return 1;
  }
}
