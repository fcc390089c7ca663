// Lesson 7: messages with a type (07_typed.capnp), read where they lie. What is no Order does not reach the worker.
//
//   restante up &
//   07_typed work & 07_typed send
//   echo 'a bill' | restante send goods    # is kept as a dead letter, with the reason

#include <07_typed.capnp.h>
#include <restante/typed.h>
#include <chrono>
#include <iostream>
#include <string>

int main(int argc, char** argv) {
  using namespace restante;
  const std::string role = argc > 1 ? argv[1] : "";
  try {
    Node node({.stop_on_signals = true});
    if (role == "send") {
      auto goods = typed::pusher<Order>(node, "goods");
      for (unsigned number = 1; number <= 10; ++number) {
        goods.send([&](Order::Builder order) {
          order.setNumber(number);
          order.setWhat("apples");
        });
      }
      return goods.flush(std::chrono::seconds{10}) ? 0 : 1;
    }
    if (role == "work") {
      for (auto& order : typed::puller<Order>(node, "goods")) {
        std::cout << order->getNumber() << ' ' << order->getWhat().cStr() << '\n' << std::flush;
        order.ack();
      }
      return 0;
    }
    std::cerr << "usage: 07_typed send|work\n";
  } catch (const Error& error) {
    std::cerr << error.what() << '\n';
  }
  return 2;
}
