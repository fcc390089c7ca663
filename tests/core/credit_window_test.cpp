#include "core/credit_window.h"

#include <chrono>

#include <catch2/catch.hpp>

using namespace restante::core;
using namespace std::chrono_literals;

namespace {

/// `count` messages are settled evenly over `time`, while the queue never runs empty.
void work(CreditWindow& window, Instant& now, std::uint64_t count, restante::Duration time) {
  for (std::uint64_t i = 0; i < count; ++i) {
    now += time / static_cast<std::int64_t>(count);
    window.on_settled(window.messages(), now);
  }
}

}  // namespace

TEST_CASE("the window becomes what is settled in the horizon") {
  Instant now{1h};
  CreditWindow window(now);
  CHECK(window.messages() == CreditWindow::initial);
  window.on_held(32, now);
  work(window, now, 1000, 100ms);
  CHECK(window.messages() > 900);
  CHECK(window.messages() < 1100);
  work(window, now, 100, 100ms);
  CHECK(window.messages() > 90);
  CHECK(window.messages() < 110);
}

TEST_CASE("a slow worker keeps little, but never nothing") {
  Instant now{1h};
  CreditWindow window(now);
  window.on_held(32, now);
  work(window, now, 1, 10s);
  CHECK(window.messages() == CreditWindow::least);
}

TEST_CASE("a fast worker's window has an end") {
  Instant now{1h};
  CreditWindow window(now);
  window.on_held(32, now);
  work(window, now, 2000000, 100ms);
  CHECK(window.messages() == CreditWindow::most);
}

TEST_CASE("a window that was in use while the application starved is doubled instead of shrunk") {
  Instant now{1h};
  CreditWindow window(now);
  std::uint64_t expected = CreditWindow::initial;
  for (int round = 0; round < 12; ++round) {  // the way there and back takes 300 ms
    const std::uint64_t sent = window.messages();
    window.on_held(sent, now);
    for (std::uint64_t i = sent; i > 0; --i) window.on_settled(i - 1, now);
    window.on_starved(0, now);
    now += 300ms;
    window.on_starved(0, now);
    expected = std::min(expected * 2, CreditWindow::most);
    CHECK(window.messages() == expected);
  }
}

TEST_CASE("an idle stream leaves the window as it is") {
  Instant now{1h};
  CreditWindow window(now);
  for (int i = 0; i < 100; ++i) {
    now += 60ms;
    window.on_starved(0, now);
  }
  CHECK(window.messages() == CreditWindow::initial);
  now += 1h;  // nobody asked
  window.on_held(1, now);
  window.on_settled(0, now + 1ms);
  window.on_starved(0, now + 60ms);
  CHECK(window.messages() == CreditWindow::initial);
}
