#include <iostream>

#include <restante/node.h>

int main() {
  restante::Node node({.sidecar = "ipc:///tmp/restante-nobody-there"});
  auto sender = node.pusher("orders");  // opening never waits for a sidecar
  std::cout << node.status_json() << '\n';
}
