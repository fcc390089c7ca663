// Lesson 5: a subscription with a name misses nothing. What is published while nobody reads it is kept for it.
//
//   restante up &
//   05_durable_subscriber 'north/#' screen &    # kill it, publish, start it again: the rest comes
//   echo '-4' | restante pub weather north/oslo
//   restante subscriptions remove weather screen --yes    # when nobody will ever read it again

#include <iostream>

#include <restante/node.h>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: 05_durable_subscriber FILTER NAME\n";
    return 2;
  }
  try {
    restante::Node node({.stop_on_signals = true});
    restante::ReceiverOptions options;
    // In its place among the reports, and rare: somebody put an older copy of the sidecar's store back.
    options.on_gap = [](const restante::Gap& gap) {
      std::cout << "missing " << gap.from << " to " << gap.to << ": " << gap.reason << '\n' << std::flush;
    };
    // Made when it is opened first. From then on `start` means nothing: it goes on where it was.
    const restante::Subscription screen{.name = argv[2], .start = "beginning"};

    for (auto& report : node.subscriber("weather", {argv[1]}, screen, options)) {
      std::cout << report.topic() << ' ' << report.payload() << '\n' << std::flush;
      report.ack();  // last: whoever dies before this is given the report again
    }
    return 0;
  } catch (const restante::Error& error) {
    std::cerr << error.what() << '\n';  // also if somebody else now reads by this name
  }
  return 1;
}
