/// \file
/// The control of the sanitizers: errors planted on purpose, in a program that is built with the flags of everything
/// else. Each of them must be reported, or the green of the others means nothing.
///
///   sanitizer_planted race | overflow | use-after-free | undefined | leak | nothing

#include <cstdio>
#include <memory>
#include <string_view>
#include <thread>

namespace {

// Volatile, so that no optimizer knows enough to take the errors out.
volatile int index_beyond = 4;
volatile int largest = 2147483647;

int race() {
  volatile int shared = 0;
  const auto count = [&shared] { shared = shared + 1; };
  std::thread other(count);
  count();
  other.join();
  return shared;
}

int overflow() {
  const auto four = std::make_unique<int[]>(4);
  return four[static_cast<std::size_t>(index_beyond)];
}

int use_after_free() {
  auto one = std::make_unique<int>(1);
  const int* volatile dangling = one.get();
  one.reset();
  return *dangling;
}

int undefined() { return largest + index_beyond; }

int leak() {
  int* volatile lost = std::make_unique<int>(1).release();
  lost = nullptr;
  return lost == nullptr ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc == 2 ? argv[1] : "";
  int made = 0;
  if (what == "race") {
    made = race();
  } else if (what == "overflow") {
    made = overflow();
  } else if (what == "use-after-free") {
    made = use_after_free();
  } else if (what == "undefined") {
    made = undefined();
  } else if (what == "leak") {
    made = leak();
  } else if (what != "nothing") {
    std::fputs("usage: sanitizer_planted race|overflow|use-after-free|undefined|leak|nothing\n", stderr);
    return 2;
  }
  std::printf("%s: %d\n", argv[1], made);
  return 0;
}
