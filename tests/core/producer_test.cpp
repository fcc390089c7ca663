#include "tests/core/producer_bench.h"

TEST_CASE("a new handle asks for its first grant and sends nothing before it") {
  Bench bench;
  CHECK(bench.producer.obstacle() == "no sidecar");
  bench.producer.on_link_up();
  const auto effects = bench.effects();
  REQUIRE(effects.size() == 1);
  const auto& open = std::get<OpenWriter>(effects[0].message);
  CHECK(open.handle == handle);
  CHECK(open.stream == "orders");
  CHECK_FALSE(open.resume);
  CHECK_FALSE(bench.producer.can_send(1));
  bench.grant(1, 101, 200, wide, 42);
  CHECK(bench.producer.can_send(1));
  CHECK(bench.producer.attached());
  CHECK(bench.producer.obstacle().empty());
  CHECK(bench.producer.last_marker() == 42U);
}

TEST_CASE("a cut before the first grant asks for it again without resuming") {
  Bench bench;
  bench.producer.on_link_up();
  bench.producer.on_link_down();
  bench.producer.on_link_up();
  const auto effects = bench.effects();
  REQUIRE(effects.size() == 1);
  CHECK_FALSE(std::get<OpenWriter>(effects[0].message).resume);
}

TEST_CASE("batches are numbered in order and chained from the first grant") {
  Bench bench;
  bench.open(101, 200);
  const Batch first = bench.send(3);
  const Batch second = bench.send(2);
  CHECK(first.header().first == 101);
  CHECK(first.header().last == 103);
  CHECK(first.header().before == 100);
  CHECK(first.header().prev == 100);
  CHECK(first.header().grant == 1);
  CHECK(second.header().first == 104);
  CHECK(second.header().before == 103);
  CHECK(second.header().prev == 103);
  CHECK(bench.producer.sent() == 5);
  CHECK(bench.producer.id(4)->sequence == 104);
  CHECK_FALSE(bench.producer.id(6));
}

TEST_CASE("prev is of the topic, and for an unknown topic what lies before the handle") {
  Bench bench;
  bench.open(101, 200);
  bench.send(1, "a");
  bench.send(1, "b");
  CHECK(bench.send(1, "a").header().prev == 101);
  CHECK(bench.send(1, "b").header().prev == 102);
  CHECK(bench.send(1, "c").header().prev == 100);
}

TEST_CASE("a topic that was forgotten gets a prev that is too high, never too low") {
  TopicTable table(2);
  table.set_floor(10);
  table.note("a", 11);
  table.note("b", 12);
  table.note("a", 13);
  table.note("c", 14);  // forgets b, which is the oldest
  CHECK(table.size() == 2);
  CHECK(table.prev("b") == 12);
  CHECK(table.prev("never seen") == 12);
  CHECK(table.prev("a") == 13);
}

TEST_CASE("confirms are cumulative and free the window") {
  Bench bench;
  bench.open(101, 200, 400);
  const Batch first = bench.send(1);
  const std::size_t octets = first.frame().size();
  while (bench.producer.can_send(octets)) bench.send(1);
  CHECK(bench.producer.unconfirmed_octets() <= 400);
  CHECK(bench.producer.obstacle(octets, 1).find("400") != std::string::npos);
  bench.confirm(102, 101);
  CHECK(bench.producer.confirmed() == 2);
  CHECK(bench.producer.settled() == 1);
  CHECK(bench.producer.can_send(octets));
}

TEST_CASE("what holds the window back is told in the sidecar's words") {
  Bench bench;
  bench.open();
  bench.send(1);
  bench.producer.on_message(Confirmed{handle, 0, 0, 0, "store full: 8 of 8 MiB"});
  CHECK_FALSE(bench.producer.can_send(1));
  CHECK(bench.producer.obstacle() == "store full: 8 of 8 MiB");
}

TEST_CASE("an empty window takes one batch of any size, and none while the window is 0") {
  Bench bench;
  bench.open(101, 200, 10);
  CHECK(bench.producer.can_send(100000));
  bench.send(1, "", 0, 5000);
  CHECK_FALSE(bench.producer.can_send(1));
  bench.producer.on_message(Confirmed{handle, 101, 0, 0, ""});
  CHECK(bench.producer.idle());
  CHECK_FALSE(bench.producer.can_send(1));
}

TEST_CASE("the next block is asked for once, when half of the present one is used") {
  Bench bench;
  bench.open(101, 110);
  bench.send(4);
  CHECK(bench.requests == 0);
  bench.send(1);
  CHECK(bench.requests == 1);
  bench.send(1);
  CHECK(bench.requests == 1);
}

TEST_CASE("a batch lies within one block and skips what is too small") {
  Bench bench;
  bench.open(101, 110);
  bench.send(8);
  CHECK(bench.producer.can_send(1, 2));
  CHECK_FALSE(bench.producer.can_send(1, 3));
  CHECK(bench.producer.obstacle(1, 3) == "waiting for a block of sequences");
  CHECK(bench.producer.batch_hint() == 2);
  bench.producer.on_message(Granted{handle, {2, {201, 300}}, false, wide, 0});
  const Batch batch = bench.send(3);
  CHECK(batch.header().grant == 2);
  CHECK(batch.header().first == 201);
  CHECK(batch.header().before == 108);
  CHECK(batch.header().prev == 108);
  CHECK(bench.producer.id(9)->sequence == 201);
  CHECK(bench.producer.id(9)->grant == 2);
  CHECK(bench.producer.id(8)->sequence == 108);
}

TEST_CASE("settled_to in a hole settles what lies before the hole") {
  Bench bench;
  bench.open(101, 110);
  bench.send(8);
  bench.producer.on_message(Granted{handle, {2, {201, 300}}, false, wide, 0});
  bench.send(3);
  bench.confirm(203, 150);
  CHECK(bench.producer.settled() == 8);
  bench.confirm(203, 202);
  CHECK(bench.producer.settled() == 10);
}

TEST_CASE("a grant that is malformed, known or below another is ignored") {
  Bench bench;
  bench.open(101, 110);
  bench.send(8);
  bench.producer.on_message(Granted{handle, {2, {50, 60}}, false, wide, 0});
  bench.producer.on_message(Granted{handle, {3, {300, 200}}, false, wide, 0});
  bench.producer.on_message(Granted{handle, {1, {101, 110}}, false, wide, 0});
  bench.producer.on_message(Granted{handle, {4, {200, ~0ULL}}, false, wide, 0});
  CHECK_FALSE(bench.producer.can_send(1, 3));
}

TEST_CASE("after a cut it resumes and sends everything unconfirmed again, byte for byte, in order") {
  Bench bench;
  bench.open(101, 200);
  bench.send(2);
  const Batch second = bench.send(1, "", 9);
  const Batch third = bench.send(1);
  bench.confirm(102);
  bench.cut_and_attach();
  CHECK(bench.opened.resume);
  CHECK(bench.opened.confirmed_to == 102);
  REQUIRE(bench.opened.grants.size() == 1);
  CHECK(bench.opened.grants[0] == Grant{1, {101, 200}});
  const auto again = bench.copies();
  REQUIRE(again.size() == 2);
  CHECK(again[0].frame().octets() == second.frame().octets());
  CHECK(again[1].frame().octets() == third.frame().octets());
}

TEST_CASE("nothing is sent between a cut and the attach") {
  Bench bench;
  bench.open();
  bench.producer.on_link_down();
  CHECK_FALSE(bench.producer.can_send(1));
  bench.producer.on_link_up();
  CHECK_FALSE(bench.producer.can_send(1));
  CHECK_FALSE(bench.producer.obstacle().empty());
}

TEST_CASE("the grants of a resume are those of unconfirmed or unused sequences") {
  Bench bench;
  bench.open(101, 104);
  bench.send(4);
  bench.producer.on_message(Granted{handle, {2, {201, 204}}, false, wide, 0});
  bench.send(4);
  bench.producer.on_message(Granted{handle, {3, {301, 304}}, false, wide, 0});
  bench.confirm(104);
  bench.cut_and_attach();
  REQUIRE(bench.opened.grants.size() == 2);
  CHECK(bench.opened.grants[0].grant == 2);
  CHECK(bench.opened.grants[1].grant == 3);
}

TEST_CASE("a request for a grant that a cut may have lost is made again") {
  Bench bench;
  bench.open(101, 110);
  bench.send(6);
  CHECK(bench.requests == 1);
  bench.cut_and_attach();
  bench.effects();
  CHECK(bench.requests == 2);
}

TEST_CASE("a refused next block is asked for again each second, and the present one serves meanwhile") {
  using namespace std::chrono_literals;
  Bench bench;
  bench.open(101, 110);
  bench.send(6);
  bench.producer.on_message(Refused{Side::handle, handle, ErrorCode::retry_later, "4096 blocks are owed"});
  CHECK(bench.producer.can_send(1, 4));
  bench.send(2);
  CHECK(bench.requests == 1);
  const Instant now{10s};
  bench.producer.on_time(now);
  bench.producer.on_time(now + 1s);
  bench.effects();
  CHECK(bench.requests == 2);
  bench.producer.on_message(Refused{Side::handle, handle, ErrorCode::retry_later, "4096 blocks are owed"});
  bench.send(2);
  CHECK_FALSE(bench.producer.can_send(1));
  CHECK(bench.producer.obstacle() == "4096 blocks are owed");
  bench.producer.on_message(Granted{handle, {2, {201, 300}}, false, wide, 0});
  CHECK(bench.producer.can_send(1));
  CHECK_FALSE(bench.producer.trouble());
}

TEST_CASE("a resend sends what comes after, and nothing else") {
  Bench bench;
  bench.open(101, 200);
  bench.send(2);
  bench.send(2);
  bench.send(2);
  bench.producer.on_message(Resend{handle, 102});
  const auto again = bench.copies();
  REQUIRE(again.size() == 2);
  CHECK(again[0].header().first == 103);
  CHECK(again[1].header().first == 105);
}

TEST_CASE("fenced is for good") {
  Bench bench;
  bench.open();
  bench.send(1);
  bench.producer.on_message(Fenced{handle, "written by pid 12 since 10:00"});
  REQUIRE(bench.producer.trouble());
  CHECK(bench.producer.trouble()->final);
  CHECK(bench.producer.trouble()->code == ErrorCode::bad_state);
  CHECK_FALSE(bench.producer.can_send(1));
  bench.producer.on_link_down();
  bench.producer.on_link_up();
  CHECK(bench.effects().empty());
  CHECK(bench.producer.trouble());
}

TEST_CASE("held elsewhere is asked again each second") {
  using namespace std::chrono_literals;
  Bench bench;
  bench.producer.on_link_up();
  bench.effects();
  bench.producer.on_message(Refused{Side::handle, handle, ErrorCode::held_elsewhere, "orders is written by pid 12"});
  REQUIRE(bench.producer.trouble());
  CHECK_FALSE(bench.producer.trouble()->final);
  const Instant now{10s};
  CHECK(bench.producer.next_deadline() < now);
  bench.producer.on_time(now);
  CHECK(bench.producer.next_deadline() == now + 1s);
  bench.producer.on_time(now + 999ms);
  CHECK(bench.effects().empty());
  bench.producer.on_time(now + 1s);
  CHECK(std::holds_alternative<OpenWriter>(bench.effects().at(0).message));
  bench.grant(1, 101, 200);
  CHECK_FALSE(bench.producer.trouble());
  CHECK(bench.producer.can_send(1));
}

TEST_CASE("a refusal without a reason is an obstacle too") {
  for (const auto code : {ErrorCode::held_elsewhere, ErrorCode::incompatible_version}) {
    Bench bench;
    bench.producer.on_link_up();
    bench.producer.on_message(Refused{Side::handle, handle, code, ""});
    CHECK_FALSE(bench.producer.can_send(1));
    CHECK_FALSE(bench.producer.obstacle().empty());
  }
  Bench bench;
  bench.open();
  bench.producer.on_message(Fenced{handle, ""});
  CHECK_FALSE(bench.producer.obstacle().empty());
}

TEST_CASE("a refusal that cannot change is final") {
  Bench bench;
  bench.producer.on_link_up();
  bench.producer.on_message(Refused{Side::handle, handle, ErrorCode::incompatible_version, "speaks version 2"});
  REQUIRE(bench.producer.trouble());
  CHECK(bench.producer.trouble()->final);
  CHECK(bench.producer.next_deadline() == never);
}

TEST_CASE("what names another handle is not for this one") {
  Bench bench;
  bench.open();
  bench.send(1);
  bench.producer.on_message(Fenced{handle + 1, "not this one"});
  bench.producer.on_message(Refused{Side::session, handle, ErrorCode::held_elsewhere, "a session"});
  bench.producer.on_message(Confirmed{handle + 1, 1000, 0, 0, ""});
  CHECK_FALSE(bench.producer.trouble());
  CHECK(bench.producer.confirmed() == 0);
}
