/// \file
/// Takes what flood_producer sends. A bit for each number says that it came, so that ten million cost a megabyte or
/// two.
///
///   flood_worker --from EP --stream S --progress FILE --bitmap FILE [--subscription NAME --topic T... [--run N]]
///                [--drop N] [--late N] [--again N]
///
/// --progress: `deliveries distinct corrupt disorder` of now, written over about ten times a second. On SIGTERM it
/// writes the bitmap (bit n of the file, from the lowest of each octet, is message n) and ends. A payload that is not
/// what flood_producer made of its number, or has another topic, is corrupt and has no bit. Disorder: it came behind a
/// later one of its topic. --subscription: the one reader of that name, of all topics. --drop, --late, --again: planted
/// bugs, as if message N had not come, had come behind the next of its topic, had come twice.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <restante/node.h>

#include "traffic.h"
#include "traffic_topics.h"

namespace {

using namespace std::chrono_literals;

class Bitmap {
 public:
  /// True if it was not there.
  bool put(std::uint64_t number) {
    if (number / 8 >= octets_.size()) octets_.resize(number / 8 + 1 + octets_.size() / 2);
    auto& octet = octets_[number / 8];
    const auto bit = static_cast<unsigned char>(1U << number % 8);
    const bool fresh = (octet & bit) == 0;
    octet |= bit;
    return fresh;
  }
  [[nodiscard]] std::string text() const { return {octets_.begin(), octets_.end()}; }

 private:
  std::vector<unsigned char> octets_;
};

struct Taken {
  std::uint64_t deliveries = 0;
  std::uint64_t distinct = 0;
  std::uint64_t corrupt = 0;
  std::uint64_t disorder = 0;
  Bitmap seen;

  explicit Taken(const traffic::Options& options)
      : topics_(options),
        drop_(options.number("--drop", 0)),
        late_(options.number("--late", 0)),
        again_(options.number("--again", 0)) {}

  void note(std::string_view topic, std::string_view payload) {
    const auto read = traffic::read_payload(payload);
    // The whole payload again, and not its checksum alone: a number that nobody sent must not count either.
    if (read.source != "p" || read.number > numbers_max || topic != topics_.of(read.number) ||
        payload != traffic::make_payload("p", read.number, payload.size()).octets) {
      ++deliveries;
      ++corrupt;
      return;
    }
    if (read.number == drop_ || read.number == late_) return;
    count(topic, read.number);
    if (read.number == again_) count(topic, read.number);
    if (late_ != 0 && read.number > late_ && topic == topics_.of(late_)) count(topic, std::exchange(late_, 0));
  }

  [[nodiscard]] std::string text() const {
    return std::to_string(deliveries) + ' ' + std::to_string(distinct) + ' ' + std::to_string(corrupt) + ' ' +
           std::to_string(disorder) + '\n';
  }

 private:
  void count(std::string_view topic, std::uint64_t number) {
    ++deliveries;
    if (seen.put(number)) ++distinct;
    auto& last = last_[std::string(topic)];
    if (number < last) ++disorder;
    last = std::max(last, number);
  }

  traffic::Topics topics_;
  std::uint64_t drop_, late_, again_;
  std::map<std::string, std::uint64_t> last_;
  static constexpr std::uint64_t numbers_max = 1'000'000'000;  // 125 MB of bits, and no mad number takes more
};

restante::Puller open(restante::Node& node, const traffic::Options& options) {
  const auto stream = options.text("--stream", "work");
  const restante::ReceiverOptions wanted{.from = {options.text("--from")}};
  if (!options.has("--subscription")) return node.puller(stream, wanted);
  return node.subscriber(stream, {"#"}, {.name = options.text("--subscription")}, wanted);
}

int take(const traffic::Options& options) {
  restante::Node node({.stop_on_signals = true});
  auto puller = open(node, options);
  Taken taken(options);
  for (std::uint64_t told_ms = 0; !puller.stopped();) {
    if (auto delivery = puller.receive(100ms)) {
      taken.note(delivery->topic(), delivery->payload());
      delivery->ack();
    }
    if (traffic::now_ms() < told_ms + 100) continue;
    told_ms = traffic::now_ms();
    traffic::replace(options.text("--progress"), taken.text());
  }
  traffic::replace(options.text("--progress"), taken.text());
  traffic::replace(options.text("--bitmap"), taken.seen.text());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return take(traffic::Options(argc, argv, ""));
  } catch (const restante::Error& error) {
    std::fprintf(stderr, "flood_worker: %s\n", error.what());
    return 1;
  }
}
