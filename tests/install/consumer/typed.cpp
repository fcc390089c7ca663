#include <iostream>

#include <order.capnp.h>
#include <restante/typed.h>

int main() {
  restante::Node node({.sidecar = "ipc:///tmp/restante-nobody-there"});
  auto orders = restante::typed::pusher<Order>(node, "orders");
  orders.send([](Order::Builder order) { order.setCount(42); });
  auto work = restante::typed::puller<Order>(node, "orders");
  if (const auto order = work.try_receive()) std::cout << (*order)->getCount() << '\n';
  std::cout << restante::typed::content_type<Order>() << ' ' << orders.accepted() << ' ' << orders.close({}) << '\n';
}
