// Lesson 4: one process publishes, others subscribe, and one that was away gets what it missed.
//
//   restante up &
//   04_pubsub show 'north/#' &      # kill it, start it again: it goes on where it was
//   04_pubsub publish

#include <chrono>
#include <iostream>
#include <string>

#include <restante/node.h>

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  try {
    restante::Node node({.stop_on_signals = true});

    if (role == "publish") {
      auto weather = node.publisher("weather");
      for (int hour = 1; hour <= 5; ++hour) {
        weather.send("north/oslo", "hour " + std::to_string(hour) + ": snow");
        weather.send("south/rome", "hour " + std::to_string(hour) + ": sun");
      }
      return weather.flush(std::chrono::seconds{10}) ? 0 : 1;
    }
    if (role == "show" && argc == 3) {
      // The name is what the sidecar remembers it by: one name, one reader, everything in order.
      for (auto& report : node.subscriber("weather", {argv[2]}, {"show"})) {
        std::cout << report.topic() << ' ' << report.payload() << '\n' << std::flush;
        report.ack();
      }
      return 0;
    }
    std::cerr << "usage: 04_pubsub publish | show FILTER\n";
  } catch (const restante::Error& error) {
    std::cerr << error.what() << '\n';
  }
  return 2;
}
