#include "sidecar/commands/child.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <string>

#include <catch2/catch.hpp>

#include "sidecar/commands/output.h"
#include "sidecar/commands/worker.h"

using namespace std::chrono_literals;
using namespace restante::commands;

namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_reader() { close_end(0); }
  void close_writer() { close_end(1); }
  void close_end(std::size_t end) {
    if (ends[end] >= 0) ::close(ends[end]);
    ends[end] = -1;
  }
  std::array<int, 2> ends{-1, -1};
};

/// Runs `command` with `input` and returns its end.
ChildEnd end_of(const std::string& command, std::string_view input = "", const Child::Variables& variables = {}) {
  Child child(command, input, variables);
  const auto end = child.wait(30s, -1);
  REQUIRE(end);
  return *end;
}

/// SIGPIPE ignored, as the commands have it.
struct IgnorePipe {
  IgnorePipe() : before(::signal(SIGPIPE, SIG_IGN)) {}
  ~IgnorePipe() { ::signal(SIGPIPE, before); }
  IgnorePipe(const IgnorePipe&) = delete;
  IgnorePipe& operator=(const IgnorePipe&) = delete;
  sighandler_t before;
};

}  // namespace

TEST_CASE("a command ends with its status or its signal") {
  CHECK(end_of("exit 0").number == 0);
  CHECK(end_of("exit 75").text() == "exit status 75");
  const ChildEnd killed = end_of("kill -9 $$");
  CHECK(killed.by_signal);
  CHECK(killed.text() == "signal 9");
}

TEST_CASE("a command's end is its verdict") {
  CHECK(verdict_of({false, 0}) == Verdict::ack);
  CHECK(verdict_of({false, 75}) == Verdict::nack);
  CHECK(verdict_of({false, 1}) == Verdict::reject);
  CHECK(verdict_of({true, 11}) == Verdict::reject);
  CHECK(verdict_of({false, 127}) == Verdict::unusable);
}

TEST_CASE("a command has the payload on its standard input, whatever its size and octets") {
  CHECK(end_of("test \"$(cat)\" = hello", "hello").number == 0);
  CHECK(end_of("test $(wc -c) = 1048576", std::string(1048576, '\0')).number == 0);
  CHECK(end_of("true", std::string(1048576, 'x')).number == 0);  // not read at all
}

TEST_CASE("a command has the variables in place of inherited ones") {
  ::setenv("RESTANTE_STREAM", "inherited", 1);
  const std::string command = "test \"$RESTANTE_STREAM\" = orders && test -n \"$PATH\"";
  CHECK(end_of(command, "", {{"RESTANTE_STREAM", "orders"}}).number == 0);
  ::unsetenv("RESTANTE_STREAM");
}

TEST_CASE("a command inherits no descriptor and no ignored signal") {
  const IgnorePipe ignored;
  Pipe pipe;
  const int leaked = ::dup(pipe.ends[1]);  // without close-on-exec
  CHECK(end_of("test ! -e /proc/self/fd/" + std::to_string(leaked)).number == 0);
  ::close(leaked);
  CHECK(end_of("yes | head -1 > /dev/null").number == 0);
  CHECK(end_of("kill -PIPE $$").by_signal);
}

TEST_CASE("waiting for a command ends by time-out and by the stop descriptor") {
  Child child("sleep 30", "", {});
  CHECK_FALSE(child.wait(1ms, -1));
  Pipe pipe;
  REQUIRE(::write(pipe.ends[1], "x", 1) == 1);
  CHECK_FALSE(child.wait(30s, pipe.ends[0]));
  child.signal(SIGTERM);
  const auto end = child.wait(30s, -1);
  REQUIRE(end);
  CHECK(end->number == SIGTERM);
  CHECK(child.wait(1s, -1)->number == SIGTERM);
}

TEST_CASE("what a full pipe does not take ends by the stop descriptor, and says how far it came") {
  const IgnorePipe ignored;
  Pipe out;
  Pipe stop;
  Output output(out.ends[1], stop.ends[0]);
  CHECK(output.write("small") == Output::Result::all);
  REQUIRE(::write(stop.ends[1], "x", 1) == 1);
  CHECK(output.write("still taken") == Output::Result::all);  // a stop alone tears nothing
  CHECK(output.write(std::string(std::size_t{1} << 20, 'x')) == Output::Result::stopped);
  CHECK(output.taken() > 0);
  CHECK(output.taken() < std::size_t{1} << 20);
}

TEST_CASE("a reader that is gone is told from a write that failed") {
  const IgnorePipe ignored;
  Pipe out;
  Pipe stop;
  out.close_reader();
  CHECK(Output(out.ends[1], stop.ends[0]).write("x") == Output::Result::closed);
  Output full(::open("/dev/full", O_WRONLY | O_CLOEXEC), stop.ends[0]);
  CHECK(full.write("x") == Output::Result::failed);
  CHECK_FALSE(full.fault().empty());
}
