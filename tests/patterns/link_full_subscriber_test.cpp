// Publish and subscribe: a subscriber whose queue is full, and whose publisher stands still or goes (decision 0018).
// The subscriber is a process of its own, since what is looked for ends a process.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "patterns/link/zmq_publish_subscribe.h"
#include "tests/patterns/zmtp_publisher.h"
#include "tests/patterns/zmtp_subscriber.h"

using namespace restante;
using namespace restante::link;
using namespace restante::link::test;

namespace {

constexpr int surely_kept = 1024;  ///< the queue of a subscriber

/// Reads nothing until it is told to, and then until "end", which comes by a later connection.
void idle_and_read(const Place& place) {
  Context context;
  Subscribe subscribe(context, frame_max);
  subscribe.subscribe("");
  subscribe.connect(place.wait_for_note("endpoint"));
  if (!eventually([&] { return std::filesystem::exists(place.file("read")); }, 6 * deadline)) ::_exit(1);
  int read = 0;
  std::string topic;
  while (topic != "end") {
    const auto publication = next_of(subscribe);
    if (!publication) ::_exit(2);
    topic = publication->topic;
    if (++read == surely_kept) place.note("has read", "");
  }
  ::_exit(read > surely_kept ? 0 : 3);
}

bool has_ended(const Child& child, Duration limit) {
  return eventually(
      [&] {
        siginfo_t info{};
        return ::waitid(P_PID, static_cast<id_t>(child.id()), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
               info.si_pid != 0;
      },
      limit);
}

void expect_good_end(Child& child) {
  REQUIRE(has_ended(child, 2 * deadline));
  const int status = child.join();
  INFO((WIFSIGNALED(status) ? "ended by signal " + std::to_string(WTERMSIG(status))
                            : "exit code " + std::to_string(WEXITSTATUS(status))));
  CHECK(status == 0);
}

/// Says "end" at each connection until the child has gone.
void end(ZmtpPublisher& publisher, const Child& child) {
  CHECK(eventually(
      [&] {
        if (publisher.is_dialed(10ms)) publisher.accept();
        publisher.publish("end", "");
        return has_ended(child, 50ms);
      },
      2 * deadline));
}

std::string hex_port(const std::string& endpoint) {
  std::ostringstream port;
  port << std::hex << std::uppercase << std::stoul(endpoint.substr(endpoint.rfind(':') + 1));
  return ":" + std::string(4 - std::min<std::size_t>(4, port.str().size()), '0') + port.str();
}

/// How many ends of connections at this port the kernel watches while nothing is under way.
int watched(const std::string& port) {
  std::ifstream table("/proc/self/net/tcp");
  std::string line;
  int count = 0;
  while (std::getline(table, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer;
    fields >> slot >> local >> remote >> state >> queues >> timer;
    const bool is_there = state == "01" && (local.ends_with(port) || remote.ends_with(port));
    if (is_there && timer.starts_with("02:")) ++count;  // the keepalive timer
  }
  return count;
}

}  // namespace

TEST_CASE("a subscriber that does not read for long goes on when it reads again", "[link]") {
  const Place place;
  Child child([&] { idle_and_read(place); });
  ZmtpPublisher publisher;
  place.note("endpoint", publisher.endpoint());
  publisher.accept();
  publisher.pour();
  // Who takes the silence of a publisher, whom he does not listen to himself, for death dials again. The new
  // connection is not told of what is read of the old one.
  CHECK_FALSE(publisher.is_dialed(6s));
  place.note("read", "");
  CHECK(eventually([&] { return std::filesystem::exists(place.file("has read")) || has_ended(child, 0ms); }));
  publisher.hang_up();
  end(publisher, child);
  expect_good_end(child);
}

TEST_CASE("a subscriber that does not read when its publisher goes reads what came, and listens again", "[link]") {
  const Place place;
  Child child([&] { idle_and_read(place); });
  ZmtpPublisher publisher;
  place.note("endpoint", publisher.endpoint());
  publisher.accept();
  publisher.pour();
  publisher.hang_up();
  CHECK_FALSE(has_ended(child, 3s));  // of a beat to a connection that has gone
  place.note("read", "");
  end(publisher, child);
  expect_good_end(child);
}

TEST_CASE("the kernel watches over both ends of a path of publications", "[link]") {
  Context context;
  Publish publish(context);
  const std::string endpoint = publish.bind("tcp://127.0.0.1:0");
  Subscribe subscribe(context, frame_max);
  subscribe.subscribe("");
  subscribe.connect(endpoint);
  REQUIRE(meet(subscribe, publish, ""));
  CHECK(eventually([&] { return watched(hex_port(endpoint)) == 2; }));
}

// Who has lost the connection and finds a beat among what came by it before would answer, and end by an assertion.
TEST_CASE("a publisher sends no beats", "[link]") {
  Context context;
  Publish publish(context);
  ZmtpSubscriber subscriber(publish.bind("tcp://127.0.0.1:0"));
  CHECK_FALSE(subscriber.hears("PING", 3s));
  Poller poller;
  poller.add(publish);
  poller.wait(0ms);  // it takes the subscription
  publish.send("topic", text("batch"));
  CHECK(subscriber.hears("batch", deadline));
}
