// Lesson 3: the sidecar inside the process, for tests, tools and devices that run one program. Nothing else is needed.

#include <stdlib.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <string>

#include <restante/embedded.h>
#include <restante/node.h>

int main() {
  std::string directory = "/tmp/restante-03-XXXXXX";  // a device would name a place that stays
  if (mkdtemp(directory.data()) == nullptr) return 2;
  int received = 0;
  try {
    restante::EmbeddedSidecar sidecar({.store = directory, .node = "lesson"});
    restante::Node node({.sidecar = sidecar.endpoint()});

    auto sender = node.pusher("readings");
    for (int number = 1; number <= 5; ++number) sender.send("reading " + std::to_string(number));
    sender.flush();  // on disk, with nobody there to receive it yet

    auto receiver = node.puller("readings");
    while (received < 5) {
      auto reading = receiver.receive(std::chrono::seconds{10});
      if (!reading) break;
      std::cout << reading->payload() << " from " << reading->node() << '\n';
      reading->ack();
      ++received;
    }
  } catch (const restante::Error& error) {
    std::cerr << error.what() << '\n';
  }
  std::filesystem::remove_all(directory);
  return received == 5 ? 0 : 1;
}
