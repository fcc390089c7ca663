// An operator's tool at a sidecar that is played by the test.

#include "sidecar/commands/operator_link.h"

#include <stdlib.h>

#include <filesystem>
#include <future>

#include <catch2/catch.hpp>

#include "core/wire.h"
#include "sidecar/commands/command.h"

using namespace std::chrono_literals;
using namespace restante;
using namespace restante::commands;
using Catch::Matchers::Contains;
using Clock = std::chrono::steady_clock;

namespace {

struct Heard {
  std::string route;
  core::ControlMessage message;
  std::size_t frames = 0;
};

/// The sidecar's end. Everything that is waited for has a deadline.
class Desk {
 public:
  Desk() {
    REQUIRE(::mkdtemp(folder_.data()) != nullptr);
    endpoint = router_.bind("ipc://" + folder_ + "/s.sock");
    poller_.add(router_);
  }
  ~Desk() { std::filesystem::remove_all(folder_); }
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  /// The next message of that kind; heartbeats and goodbyes between are left out.
  template <typename Message>
  std::pair<Heard, Message> next() {
    for (const auto end = Clock::now() + 20s; Clock::now() < end; poller_.wait(100ms)) {
      while (router_.next_disconnected()) {
      }
      while (const auto incoming = router_.receive()) {
        std::string why;
        const auto frame = core::decode(incoming->frames.front(), why);
        REQUIRE(frame);
        if (const auto* wanted = std::get_if<Message>(&frame->message)) {
          return {Heard{incoming->route, frame->message, incoming->frames.size()}, *wanted};
        }
      }
    }
    FAIL("it was not said");
    throw std::logic_error("not reached");
  }
  void say(const std::string& route, core::ControlMessage message, const core::Buffer& batch = {}) {
    const core::Buffer frame = core::encode({++said_, std::move(message)});
    if (batch.empty()) router_.send(route, frame);
    if (!batch.empty()) router_.send(route, frame, batch);
  }
  std::string welcome() {
    const auto [heard, hello] = next<core::Hello>();
    CHECK(hello.pid > 0);
    say(heard.route, core::Welcome{});
    return heard.route;
  }

  std::string endpoint;

 private:
  std::string folder_ = "/tmp/rs-desk-XXXXXX";
  link::Context context_;
  link::Router router_{context_, limits::frame_size_max};
  link::Poller poller_;
  std::uint64_t said_ = 0;
};

/// What `action` throws, for the thread that may judge.
template <typename Action>
std::string fault_of(Action action) {
  try {
    action();
  } catch (const NobodyThere& error) {
    return std::string("nobody: ") + error.what();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

const core::Buffer octets = core::Buffer::copy_of("a batch");

}  // namespace

TEST_CASE("a tool asks one thing after the other on one link, and takes only the answer to it") {
  Desk desk;
  auto asking = std::async(std::launch::async, [&] {
    OperatorLink link(desk.endpoint);
    const auto first = answer_of<core::Report>(link.ask(core::Query{0, "one"}, 20s));
    const auto second = link.ask(core::ReadDead{}, 20s);
    return std::pair(first.json, std::string(second.batch.octets()));
  });
  const std::string route = desk.welcome();
  const auto [first, query] = desk.next<core::Query>();
  CHECK(query.what == "one");
  desk.say(route, core::Report{query.request + 7, "another's"});
  desk.say(route, core::Report{query.request, "answer"});
  const auto [second, read] = desk.next<core::ReadDead>();
  CHECK(second.route == route);
  CHECK(read.request > query.request);
  desk.say(route, core::DeadLetters{read.request, "", {}, false}, octets);
  CHECK(asking.get() == std::pair<std::string, std::string>("answer", "a batch"));
  desk.next<core::Bye>();
}

TEST_CASE("a tool that waits for an answer keeps its link alive") {
  Desk desk;
  auto asking = std::async(std::launch::async, [&] {
    OperatorLink link(desk.endpoint);
    return answer_of<core::DeadChanged>(link.wish(core::ChangeDead{}, octets, "do it", "x` tells")).letters;
  });
  const std::string route = desk.welcome();
  const auto [heard, wish] = desk.next<core::ChangeDead>();
  CHECK(heard.frames == 2);
  for (int beats = 0; beats < 3; ++beats) desk.next<core::Heartbeat>();
  desk.say(route, core::DeadChanged{wish.request, "", 5, 0});
  CHECK(asking.get() == 5);
}

TEST_CASE("a question whose link is lost is asked again, and a wish is not") {
  Desk desk;
  auto asking = std::async(std::launch::async, [&] {
    OperatorLink link(desk.endpoint);
    const auto report = answer_of<core::Report>(link.ask(core::Query{0, "one"}, 20s));
    const auto fault = fault_of([&] { return link.wish(core::ChangeDead{}, {}, "do it", "x` tells"); });
    return std::pair(report.json, fault);
  });
  const std::string lost = desk.welcome();
  desk.next<core::Query>();
  desk.say(lost, core::Unknown{});
  const std::string route = desk.welcome();
  CHECK(route != lost);
  const auto [again, query] = desk.next<core::Query>();
  desk.say(route, core::Report{query.request, "answer"});
  desk.next<core::ChangeDead>();
  desk.say(route, core::Unknown{});
  const auto [json, fault] = asking.get();
  CHECK(json == "answer");
  CHECK_THAT(fault, Contains("was asked to do it and did not answer") && Contains("`restante x` tells"));
}

TEST_CASE("a tool that nobody answers says so, and one that is refused says why") {
  Desk desk;
  std::promise<void> waited;
  auto asking = std::async(std::launch::async, [&] {
    OperatorLink link(desk.endpoint);
    std::vector<std::string> faults{fault_of([&] { return link.ask(core::Query{0, "one"}, 100ms); })};
    waited.set_value();
    faults.push_back(fault_of([&] { return link.ask(core::Query{0, "two"}, 20s); }));
    OperatorLink nowhere(desk.endpoint + "-not");
    faults.push_back(fault_of([&] { return nowhere.ask(core::Query{0, "one"}, 100ms); }));
    return faults;
  });
  const auto [heard, hello] = desk.next<core::Hello>();
  waited.get_future().wait();
  core::Refused refused;
  refused.text = "full";
  desk.say(heard.route, refused);
  const auto faults = asking.get();
  CHECK_THAT(faults[0], Contains("nobody: no sidecar at"));
  CHECK_THAT(faults[1], Contains("does not answer: full"));
  CHECK_THAT(faults[2], Contains("nobody: no sidecar at"));
}
