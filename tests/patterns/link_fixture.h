#pragma once
/// \file
/// What the tests of patterns/link share. Nothing sleeps: everything waits for a condition and gives up at a deadline.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/buffer.h"
#include "patterns/link/clock.h"
#include "patterns/link/link.h"

namespace restante::link::test {

using namespace std::chrono_literals;

inline constexpr std::size_t frame_max = 1U << 20;
inline constexpr Duration deadline = 10s;

/// True as soon as `condition` is; it is tried after each wake-up of `poller`, and each few milliseconds for what no
/// poller sees.
inline bool eventually(Poller& poller, const std::function<bool()>& condition, Duration limit = deadline) {
  const core::Instant end = core::after(boot_now(), limit);
  for (;;) {
    if (condition()) return true;
    if (boot_now() >= end) return false;
    poller.wait(5ms);
  }
}

inline bool eventually(const std::function<bool()>& condition, Duration limit = deadline) {
  Poller nothing;
  return eventually(nothing, condition, limit);
}

/// A private directory (mkdtemp makes it 0700) that goes with the test.
class Place {
 public:
  Place() {
    std::string name = "/tmp/restante-link-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }
  [[nodiscard]] std::string ipc(const std::string& name) const { return "ipc://" + file(name); }

  /// A line for another process that has the same place.
  void note(const std::string& name, const std::string& line) const {
    std::ofstream(file(name) + ".new") << line;
    std::filesystem::rename(file(name) + ".new", file(name));
  }
  [[nodiscard]] std::string wait_for_note(const std::string& name) const {
    eventually([&] { return std::filesystem::exists(file(name)); });
    std::string line;
    std::getline(std::ifstream(file(name)), line);
    return line;
  }

 private:
  std::string path_;
};

/// A process that runs `body` and ends. Make it before any Context: the child of a process with threads is no place to
/// start one.
class Child {
 public:
  explicit Child(const std::function<void()>& body) : id_(::fork()) {
    if (id_ != 0) return;
    ::signal(SIGABRT, SIG_DFL);  // Catch reports from its handler
    body();
    ::_exit(0);
  }
  ~Child() {
    if (id_ > 0) {
      ::kill(id_, SIGKILL);
      join();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void signal(int number) const { ::kill(id_, number); }
  /// Waits for its end and returns the status of waitpid().
  int join() {
    int status = 0;
    ::waitpid(id_, &status, 0);
    id_ = -1;
    return status;
  }
  [[nodiscard]] pid_t id() const { return id_; }

 private:
  pid_t id_;
};

inline core::Buffer text(const std::string& octets) { return core::Buffer::copy_of(octets); }

inline bool is_aligned(const core::Buffer& buffer) {
  return reinterpret_cast<std::uintptr_t>(buffer.octets().data()) % 8 == 0;
}

/// The next publication, at the latest at the deadline.
inline std::optional<Publication> next_of(Subscribe& subscribe) {
  Poller poller;
  poller.add(subscribe);
  std::optional<Publication> publication;
  eventually(poller, [&] { return (publication = subscribe.receive()).has_value(); });
  return publication;
}

/// Has `say` publish words until `subscribe` hears one, and then waits until it has heard all: its subscription is
/// known from then on, and nothing is on its way. Others who hear these words tell them by their beginning, "knock".
inline bool meet(Subscribe& subscribe, const std::function<void(const core::Buffer&)>& say) {
  static int meetings = 0;
  const std::string knock = "knock " + std::to_string(++meetings);
  const std::string over = knock + " is over";
  Poller poller;
  poller.add(subscribe);
  const auto hears = [&](const std::string& word) {
    while (const auto publication = subscribe.receive()) {
      if (publication->batch.octets() == word) return true;
    }
    return false;
  };
  if (!eventually(poller, [&] { return say(text(knock)), hears(knock); })) return false;
  say(text(over));
  return eventually(poller, [&] { return hears(over); });
}

inline bool meet(Subscribe& subscribe, Publish& publish, const std::string& topic) {
  return meet(subscribe, [&](const core::Buffer& word) { publish.send(topic, word); });
}

/// Everything that a router tells, in its order: "octets" of a message, "lost" for an end.
struct Heard {
  std::string what;
  int descriptor;
  std::string route;
};

inline void hear(Router& router, std::vector<Heard>& heard, bool losses_first = false) {
  bool more = true;
  while (losses_first) {
    const auto lost = router.next_disconnected();
    if (!lost) break;
    heard.push_back(Heard{"lost", *lost, ""});
  }
  while (more) {
    more = false;
    while (const auto incoming = router.receive()) {
      std::string octets;
      for (const auto& frame : incoming->frames) octets += std::string(frame.octets());
      heard.push_back(Heard{octets, incoming->descriptor, incoming->route});
      more = true;
    }
    while (const auto lost = router.next_disconnected()) {
      heard.push_back(Heard{"lost", *lost, ""});
      more = true;
    }
  }
}

}  // namespace restante::link::test
