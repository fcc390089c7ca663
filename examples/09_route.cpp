// Lesson 9: by topic, or by what is in a message, to other streams. What fits no rule goes to a stream of its own.
//
//   restante up &
//   09_route &
//   echo 'smoke' | restante pub house kitchen/alarm
//   restante recv alarms --count 1

#include <iostream>

#include <restante/node.h>
#include <restante/stage.h>

int main() {
  try {
    restante::Node node({.stop_on_signals = true});
    // By a name, so that it misses nothing while it is away.
    auto house = node.subscriber("house", {"#"}, {.name = "router", .start = "beginning"});
    auto alarms = node.pusher("alarms");
    auto kitchen = node.publisher("kitchen");
    auto big = node.pusher("big");
    auto rest = node.publisher("rest");

    const auto is_big = [](const restante::Delivery& message) { return message.payload().size() > 1000; };
    // The first rule that fits counts. Each message is done when it is safe where it went.
    const auto counts =
        restante::route(house, {{"+/alarm", alarms}, {is_big, big}, {"kitchen/#", kitchen}}, {.otherwise = rest});
    std::cout << counts.acked << " routed\n";
    return 0;
  } catch (const restante::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
