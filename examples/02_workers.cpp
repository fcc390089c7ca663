// Lesson 2: many workers share a stream. Start this as often as you like; a faster one gets more.
//
//   02_workers &
//   seq 100 | restante send pictures

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include <restante/node.h>

namespace {

void shrink(restante::Delivery& picture) {
  const std::string name(picture.payload());
  // A picture that can never be shrunk is kept as a dead letter, with the reason.
  if (name == "13") return void(picture.reject("nobody shrinks number 13"));
  // An exception puts it back, and it comes again a little later, perhaps to another worker.
  if (name == "42" && picture.attempt() == 1) throw std::runtime_error("out of memory, for now");
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  std::cout << "shrunk " + name + "\n" << std::flush;
}

}  // namespace

int main() {
  try {
    restante::Node node({.stop_on_signals = true});
    // If this process dies at work, what it had in hand goes to the others; if it hangs, after the lease.
    auto pictures = node.puller("pictures", {.lease = std::chrono::seconds{10}});
    pictures.run(shrink, {}, 4);  // on four threads, until Ctrl-C; each return is an ack
    return 0;
  } catch (const restante::Error& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
