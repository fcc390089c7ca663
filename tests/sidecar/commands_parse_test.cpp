#include "sidecar/commands/parse.h"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;
using namespace restante::commands;
using Catch::Matchers::Contains;
using restante::Duration;

namespace {

using Words = std::vector<std::string>;

template <typename Expected>
Expected parse_as(const Words& words) {
  const Command command = parse(words);
  REQUIRE(std::holds_alternative<Expected>(command));
  return std::get<Expected>(command);
}

std::string text_of(const Words& words) { return parse_as<PrintCommand>(words).text; }

}  // namespace

TEST_CASE("recv may say where it is reached live, or that it is not") {
  CHECK(parse_as<RecvCommand>({"recv", "orders"}).live.empty());
  CHECK(parse_as<RecvCommand>({"recv", "orders", "--live", "none"}).live == "none");
  CHECK(parse_as<RecvCommand>({"recv", "orders", "--live", "tcp://edge:7000"}).live == "tcp://edge:7000");
  CHECK_THROWS(parse({"recv", "orders", "--live", "edge"}));
}

TEST_CASE("up without options takes every default") {
  const auto up = parse_as<UpCommand>({"up"});
  CHECK(up.store.empty());
  CHECK(up.ipc.empty());
  CHECK(up.listen.empty());
  CHECK(up.store_delay == restante::limits::store_delay);
  CHECK(up.quota == restante::limits::store_quota);
  CHECK(up.elision);
  CHECK_FALSE(up.common.insecure);
}

TEST_CASE("up takes all its options") {
  const auto up = parse_as<UpCommand>({"up", "--store", "/s", "--ipc", "ipc:///r/x", "--listen=tcp://127.0.0.1:0",
                                       "--node", "pi", "--store-delay", "0", "--quota", "64MiB", "--attempts-max", "3",
                                       "--retry-initial", "1s", "--no-elision", "--insecure", "--json"});
  CHECK(up.store == "/s");
  CHECK(up.ipc == "ipc:///r/x");
  CHECK(up.listen == "tcp://127.0.0.1:0");
  CHECK(up.node == "pi");
  CHECK(up.store_delay == Duration{});
  CHECK(up.quota == std::uint64_t{64} << 20);
  CHECK(up.attempts_max == 3);
  CHECK(up.retry_initial == Duration{1s});
  CHECK_FALSE(up.elision);
  CHECK(up.common.insecure);
  CHECK(up.common.json);
}

TEST_CASE("--sidecar tells up where to serve, as it tells the others where to go") {
  CHECK(parse_as<UpCommand>({"up", "--sidecar", "ipc:///r/x"}).ipc == "ipc:///r/x");
  CHECK_THROWS_WITH(parse({"up", "--sidecar", "ipc:///a", "--ipc", "ipc:///b"}), Contains("contradict"));
  CHECK_THROWS_WITH(parse({"up", "--ipc", "tcp://127.0.0.1:1"}), Contains("--listen"));
}

TEST_CASE("send takes all its options, before and after the stream") {
  const auto send = parse_as<SendCommand>(
      {"send", "--timeout", "2h", "orders", "--null", "--resume", "--instance", "2", "--window", "1MiB"});
  CHECK(send.stream == "orders");
  CHECK(send.timeout == Duration{2h});
  CHECK(send.framing == Framing::nulls);
  CHECK(send.resume);
  CHECK(send.instance == 2);
  CHECK(send.window == std::size_t{1} << 20);
  CHECK(parse_as<SendCommand>({"send", "orders"}).timeout == restante::forever);
  CHECK(parse_as<SendCommand>({"send", "orders", "--whole"}).framing == Framing::whole);
}

TEST_CASE("recv collects from every --from and takes nothing else for one") {
  const auto recv =
      parse_as<RecvCommand>({"recv", "--from", "tcp://127.0.0.1:1", "--from", "ipc:///r/y", "orders", "--count", "7",
                             "--idle", "3s", "--exec", "[ -s /dev/stdin ]", "--lease", "1m"});
  CHECK(recv.stream == "orders");
  CHECK(recv.from == Words{"tcp://127.0.0.1:1", "ipc:///r/y"});
  CHECK(recv.count == 7U);
  CHECK(recv.idle == Duration{3s});
  CHECK(recv.exec == "[ -s /dev/stdin ]");
  CHECK(recv.lease == Duration{1min});
}

TEST_CASE("a stream may be called as a command is") {
  CHECK(parse_as<SendCommand>({"send", "status"}).stream == "status");
  CHECK(parse_as<StreamsCommand>({"streams", "up"}).stream == "up");
  CHECK(parse_as<SendCommand>({"send", "--", "--odd"}).stream == "--odd");
}

TEST_CASE("--sidecar and --json are understood in front of the command too") {
  const auto status = parse_as<StatusCommand>({"--sidecar", "ipc:///r/x", "--json", "status"});
  CHECK(status.common.sidecar == "ipc:///r/x");
  CHECK(status.common.json);
}

TEST_CASE("unknown commands and options name the nearest known one and the help") {
  CHECK_THROWS_WITH(parse({"sned", "orders"}), Contains("'sned'") && Contains("did you mean send?"));
  CHECK_THROWS_WITH(parse({"send", "orders", "--timeot", "5s"}),
                    Contains("--timeot") && Contains("did you mean --timeout?") && Contains("restante send --help"));
  CHECK_THROWS_WITH(parse({"recv", "orders", "--cuont=5"}), Contains("did you mean --count?"));
  CHECK_THROWS_WITH(parse({"recv", "orders", "-q"}), Contains("unknown option '-q'"));
  CHECK_THROWS_WITH(parse({"--verson"}), Contains("did you mean --version?"));
  CHECK_THROWS_WITH(parse({"help", "sttaus"}), Contains("did you mean status?"));
  CHECK_THROWS_WITH(parse({"--store", "/s", "up"}), Contains("'/s'") && Contains("--store stand behind the command"));
  CHECK_THROWS_WITH(parse({"send", "orders@2"}), Contains("give orders and --instance 2"));
}

TEST_CASE("contradictions are refused with their reason") {
  CHECK_THROWS_WITH(parse({"send", "s", "--null", "--whole"}), Contains("--null and --whole contradict"));
  CHECK_THROWS_WITH(parse({"recv", "s", "--null", "--json"}), Contains("contradict"));
  CHECK_THROWS_WITH(parse({"recv", "s", "--json", "--exec", "cat"}), Contains("contradict"));
  CHECK_THROWS_WITH(parse({"recv", "s", "--sidecar", "ipc:///a", "--from", "ipc:///b"}), Contains("contradict"));
  CHECK_THROWS_WITH(parse({"recv", "s", "--count", "1", "--count", "2"}), Contains("more than once"));
}

TEST_CASE("what is missing or too much is named") {
  CHECK_THROWS_WITH(parse({}), Contains("restante up"));
  CHECK_THROWS_WITH(parse({"send"}), Contains("STREAM is missing"));
  CHECK_THROWS_WITH(parse({"send", "orders", "--timeout"}), Contains("--timeout needs a value"));
  CHECK_THROWS_WITH(parse({"send", "orders", "hello"}), Contains("standard input"));
  CHECK_THROWS_WITH(parse({"status", "orders"}), Contains("unexpected argument 'orders'"));
  CHECK_THROWS_AS(parse({"recv", "s", "--exec", ""}), UsageError);
  CHECK_THROWS_AS(parse({"recv", "s", "--count", "0"}), UsageError);
  CHECK_THROWS_AS(parse({"send", "s", "--null=false"}), UsageError);
  CHECK_THROWS_AS(parse({"up", "--store", ""}), UsageError);
}

TEST_CASE("every command has a help with an example of it") {
  for (const std::string name : {"up", "send", "recv", "pub", "sub", "replay", "status", "streams", "dead"}) {
    INFO(name);
    const std::string text = text_of({name, "--help"});
    CHECK_THAT(text, Contains("Usage: restante " + name) && Contains("Examples:\n  ") && Contains("--sidecar EP"));
    CHECK(text == text_of({"help", name}));
    CHECK_THAT(text_of({"help"}), Contains("\n  " + name + " "));
  }
  CHECK(text_of({"help"}) == text_of({"--help"}));
  CHECK_THAT(text_of({"--version"}), Contains("restante "));
}

TEST_CASE("no line of a help is wider than a terminal of 120 columns") {
  for (const std::string name : {"up", "send", "recv", "pub", "sub", "replay", "status", "streams", "dead"}) {
    const std::string text = text_of({"help", name});
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) CHECK(text.find('\n', at) - at <= 120);
  }
}

TEST_CASE("subscriptions are listed, shown and removed, wherever the options stand") {
  using Action = SubscriptionsCommand::Action;
  const auto list = parse_as<SubscriptionsCommand>({"--json", "subscriptions", "list"});
  CHECK(list.action == Action::list);
  CHECK(list.stream.empty());
  CHECK(list.common.json);
  CHECK(parse_as<SubscriptionsCommand>({"subscriptions", "--sidecar", "/run/x", "list", "s"}).stream == "s");
  CHECK(parse_as<SubscriptionsCommand>({"subscriptions", "show", "s", "screen"}).name == "screen");
  const auto remove = parse_as<SubscriptionsCommand>({"subscriptions", "remove", "s", "screen", "--yes", "--force"});
  CHECK(remove.action == Action::remove);
  CHECK(remove.yes);
  CHECK(remove.force);
  CHECK_FALSE(remove.dry_run);
  CHECK_THROWS_WITH(parse({"subscriptions"}), Contains("list, show, set, reset or remove"));
  CHECK_THROWS_WITH(parse({"subscriptions", "remov"}), Contains("did you mean remove?"));
  CHECK_THROWS_WITH(parse({"subscriptions", "remove", "s"}), Contains("NAME is missing"));
  CHECK_THROWS_WITH(parse({"subscriptions", "remove", "s", "n", "--yes", "--dry-run"}), Contains("contradict"));
  CHECK_THAT(text_of({"help", "subscriptions"}), Contains("subscriptions remove STREAM NAME"));
}
