// Lesson 8: work between two streams. An order is done when its labels are safe, and not before.
//
//   restante up &
//   08_stage &                 # kill it at any moment, and start it again: each order gets its labels
//   printf '2 apples\n3 pears\n' | restante send orders
//   restante recv labels --count 5

#include <charconv>
#include <iostream>
#include <string>

#include <restante/node.h>
#include <restante/stage.h>

namespace {

void label(const restante::Delivery& order, restante::Output& labels) {
  const std::string_view text = order.payload();
  int boxes = 0;
  std::from_chars(text.data(), text.data() + text.size(), boxes);
  // None, one or many; they are sent when this has returned, and an exception brings the order again.
  const std::string what(text.substr(text.find(' ') + 1));
  for (int box = 1; box <= boxes; ++box) labels.send(what + ", box " + std::to_string(box));
  if (boxes < 1) labels.reject("it does not begin with a number of boxes");  // for good: a dead letter
}

}  // namespace

int main() {
  try {
    restante::Node node({.stop_on_signals = true});
    // Many orders are under way at once. If this dies, some labels may come twice, with the same effect_id().
    const auto counts = restante::stage(node.puller("orders"), node.pusher("labels"), label);
    std::cout << counts.acked << " orders, " << counts.outputs << " labels, " << counts.rejected << " rejected\n";
    return 0;
  } catch (const restante::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
