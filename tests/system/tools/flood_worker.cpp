/// \file
/// Takes what flood_producer sends. A bit for each number says that it came, so that ten million cost a megabyte or
/// two.
///
///   flood_worker --from EP --stream S --progress FILE --bitmap FILE
///
/// --progress: `deliveries distinct corrupt` of now, written over about ten times a second. On SIGTERM it writes the
/// bitmap (bit n of the file, from the lowest of each octet, is message n) and ends. A payload that is not what
/// flood_producer made of its number is corrupt, and has no bit.

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <restante/node.h>

#include "traffic.h"

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
  Bitmap seen;

  void note(std::string_view payload) {
    ++deliveries;
    const auto read = traffic::read_payload(payload);
    // The whole payload again, and not its checksum alone: a number that nobody sent must not count either.
    if (read.source != "p" || read.number > numbers_max ||
        payload != traffic::make_payload("p", read.number, payload.size()).octets) {
      ++corrupt;
    } else if (seen.put(read.number)) {
      ++distinct;
    }
  }

 private:
  static constexpr std::uint64_t numbers_max = 1'000'000'000;  // 125 MB of bits, and no mad number takes more
};

int take(const traffic::Options& options) {
  restante::Node node({.stop_on_signals = true});
  auto puller = node.puller(options.text("--stream", "work"), {.from = {options.text("--from")}});
  Taken taken;
  for (std::uint64_t told_ms = 0; !puller.stopped();) {
    if (auto delivery = puller.receive(100ms)) {
      taken.note(delivery->payload());
      delivery->ack();
    }
    if (traffic::now_ms() < told_ms + 100) continue;
    told_ms = traffic::now_ms();
    traffic::replace(options.text("--progress"), std::to_string(taken.deliveries) + ' ' +
                                                     std::to_string(taken.distinct) + ' ' +
                                                     std::to_string(taken.corrupt) + '\n');
  }
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
