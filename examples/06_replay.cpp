// Lesson 6: messages that everybody is done with are kept for a day, and who comes later reads them again.
//
//   restante up &
//   06_replay publish
//   06_replay again     # prints what is kept, in order, and ends; as often as you like

#include <chrono>
#include <iostream>
#include <string>

#include <restante/node.h>

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  const std::string role = argc > 1 ? argv[1] : "";
  try {
    restante::Node node({.stop_on_signals = true});

    if (role == "publish") {
      // A rule of the stream, set by its first writer; later `restante streams set` changes it.
      auto prices = node.publisher("prices", {.retain = {.age = 24h}});
      for (int day = 1; day <= 5; ++day) prices.send("apples", "day " + std::to_string(day) + ": 42");
      return prices.flush(10s) ? 0 : 1;
    }
    if (role == "again") {
      // Without a name it is nobody's subscription: it moves no cursor, and ends with what was there when it began.
      for (auto& price : node.subscriber("prices", {"#"}, {.start = "beginning"})) {
        std::cout << price.topic() << ' ' << price.payload() << '\n';
        price.ack();
      }
      return 0;
    }
    std::cerr << "usage: 06_replay publish | again\n";
  } catch (const restante::Error& error) {
    std::cerr << error.what() << '\n';
  }
  return 2;
}
