// Lesson 1: one process sends, another works, and neither minds when the other is away, killed or late.
//
//   restante up &            # once on each machine: it keeps what nobody has worked on yet
//   01_pipeline work &       # start it before or after; kill it in between
//   01_pipeline send

#include <chrono>
#include <iostream>
#include <string>

#include <restante/node.h>

int main(int argc, char** argv) {
  const std::string role = argc > 1 ? argv[1] : "";
  try {
    restante::Node node({.stop_on_signals = true});  // Ctrl-C ends the loop below in good order

    if (role == "send") {
      auto orders = node.pusher("orders");
      for (int number = 1; number <= 10; ++number) orders.send("order " + std::to_string(number));
      // From here on the orders survive whatever happens to this process.
      if (orders.flush(std::chrono::seconds{10})) return 0;
      std::cerr << "not confirmed yet: " << orders.back_pressure() << '\n';
      return 1;
    }
    if (role == "work") {
      for (auto& order : node.puller("orders")) {
        std::cout << order.payload() << '\n' << std::flush;
        order.ack();  // worked on: it never comes again; without this line it does
      }
      return 0;
    }
    std::cerr << "usage: 01_pipeline send|work\n";
  } catch (const restante::Error& error) {
    std::cerr << error.what() << '\n';
  }
  return 2;
}
