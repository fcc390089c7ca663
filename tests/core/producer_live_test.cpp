#include "tests/core/producer_bench.h"

TEST_CASE("a live copy goes to the worker with the most messages free") {
  Bench bench;
  bench.open();
  bench.target(21, 3);
  bench.target(22, 5);
  CHECK(bench.send(3).header().owner == 22);
  CHECK(bench.send(2).header().owner == 21);
  CHECK(bench.send(2).header().owner == 22);
  CHECK(bench.send(2).header().owner == 0);
  REQUIRE(bench.live.size() == 3);
  CHECK(bench.live[0].endpoint == "ipc:///live22");
  bench.target(22, 7);
  CHECK(bench.send(2).header().owner == 22);
}

TEST_CASE("a live copy goes only to a worker that wants its topic, and what no worker wants has no owner") {
  Bench bench;
  bench.open();
  bench.target(21, 100, {"a/#"});
  bench.target(22, 50, {"b", "c/+"});
  std::map<Token, std::vector<std::string>> got;
  for (std::uint64_t round = 0; round < 10; ++round) {
    for (const std::string topic : {"a/x", "b", "c/y", "d", "$a"}) {
      got[bench.send(1, topic).header().owner].push_back(topic);
    }
    bench.target(21, 100 + round);  // a later word has no filters in it, and changes none
  }
  CHECK(bench.live.size() == 30);
  CHECK(got[21] == std::vector<std::string>(10, "a/x"));
  CHECK(got[22].size() == 20);
  CHECK(got[0].size() == 20);
  bench.target(23, 1000);  // a worker of a subscription without filters
  CHECK(bench.send(1, "d").header().owner == 23);
  CHECK(bench.send(1, "a/x").header().owner == 23);
}

TEST_CASE("the live copy and the copy to the sidecar are the same buffer") {
  Bench bench;
  bench.open();
  bench.target(21, 3);
  const Batch copy = bench.send(1);
  CHECK(bench.live.at(0).batch.octets().data() == copy.frame().octets().data());
}

TEST_CASE("limits in octets hold, but an unused one lets one batch through") {
  Bench bench;
  bench.open();
  bench.target(21, 100, 50);
  CHECK(bench.send(1, "", 0, 500).header().owner == 21);
  CHECK(bench.send(1, "", 0, 5).header().owner == 0);
  bench.target(22, 100, 0);
  CHECK(bench.send(1).header().owner == 0);
}

TEST_CASE("when the live socket is full the copy names no owner and the worker rests until its next word") {
  Bench bench;
  bench.open();
  bench.target(21, 100);
  bench.live_works = false;
  CHECK(bench.send(1).header().owner == 0);
  bench.live_works = true;
  CHECK(bench.send(1).header().owner == 0);
  CHECK(bench.live.size() == 1);
  bench.target(21, 100);
  CHECK(bench.send(1).header().owner == 21);
}

TEST_CASE("workers are forgotten when they are gone and when the link is lost") {
  Bench bench;
  bench.open();
  bench.target(21, 100);
  bench.target(22, 100);
  bench.producer.on_message(LiveTarget{handle, 22, "", 0, 0, true});
  CHECK(bench.producer.targets() == 1);
  bench.cut_and_attach();
  CHECK(bench.producer.targets() == 0);
  bench.effects();
  CHECK(bench.send(1).header().owner == 0);
}

TEST_CASE("batches are small enough to share and large when nobody can take them") {
  Bench bench;
  bench.open(1, restante::limits::grant_messages);
  CHECK(bench.producer.batch_hint() == restante::limits::batch_messages_max);
  bench.target(21, 40);
  CHECK(bench.producer.batch_hint() == 40);
  bench.target(22, 60);
  CHECK(bench.producer.batch_hint() == 30);
  bench.send(60);
  bench.send(40);
  CHECK(bench.producer.batch_hint() == restante::limits::batch_messages_max);
}

TEST_CASE("markers are known when they are confirmed") {
  Bench bench;
  CHECK_FALSE(bench.producer.last_marker());
  bench.open();
  CHECK(bench.producer.last_marker() == 0U);
  bench.send(2, "", 17);
  CHECK(bench.producer.last_marker() == 0U);
  bench.confirm(102);
  CHECK(bench.producer.last_marker() == 17U);
}

TEST_CASE("a live stream has no copies and is done at once") {
  Bench bench(StreamKind::live);
  bench.open();
  bench.target(21, 10);
  BatchBuilder builder("orders", "");
  builder.append("x");
  int sent = 0;
  bench.producer.send(builder, 0, 1, [&](Token, const std::string&, const Buffer&) { return ++sent == 1; });
  CHECK(sent == 1);
  CHECK(bench.copies().empty());
  CHECK(bench.producer.idle());
  CHECK(bench.producer.confirmed() == 1);
  CHECK(bench.producer.settled() == 1);
}

TEST_CASE("closing is told to the sidecar, on the next link if need be") {
  Bench bench;
  bench.open();
  bench.producer.close();
  CHECK(std::holds_alternative<CloseWriter>(bench.effects().at(0).message));
  CHECK_FALSE(bench.producer.can_send(1));

  Bench away;
  away.open();
  away.producer.on_link_down();
  away.producer.close();
  CHECK(away.effects().empty());
  away.producer.on_link_up();
  CHECK(std::holds_alternative<CloseWriter>(away.effects().at(0).message));
}
