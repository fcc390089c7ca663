/// \file
/// More than one subscription: the wire cannot make a second one yet, so the outbox is driven without an office.

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "core/memory_store.h"
#include "core/outbox.h"

using namespace restante;
using namespace restante::core;
using namespace std::chrono_literals;

namespace {

class OutboxBench {
 public:
  OutboxBench() : outbox(StreamRecord{1, "s", StreamKind::kept, 1, 0, 0, 0}, settings) {}

  void subscribe(SubscriptionId id, const std::string& name, std::vector<std::string> filters = {}) {
    outbox.add_subscription(SubscriptionRecord{id, 1, name, SubscriptionMode::shared, std::move(filters), 0, 0});
  }
  void open_writer() {
    OpenWriter open;
    open.handle = 0xA;
    open.stream = "s";
    WriterSeat::Holder holder;
    holder.handle = 0xA;
    holder.link = 1;
    holder.pid = 7;
    outbox.open_writer(open, holder, turn);
    step();
  }
  Token join(const std::string& name, const std::vector<std::string>& filters = {}) {
    ConsumerSession session;
    session.token = next_token_++;
    session.link = session.token;
    session.session = session.token;
    session.credit = {100, 1U << 20};
    Subscribe subscribe;
    subscribe.session = session.session;
    subscribe.stream = "s";
    subscribe.subscription = name;
    subscribe.filters = filters;
    outbox.subscribe(subscribe, 0, session, turn);
    step();
    return session.token;
  }
  void send(const std::string& topic = {}) {
    BatchBuilder builder("s", topic);
    builder.append("payload");
    BatchHeader header;
    header.grant = grant();
    header.first = header.last = next_;
    header.before = next_ - 1;
    ++next_;
    std::string why;
    auto batch = Batch::parse(builder.seal(header), why);
    REQUIRE(batch);
    outbox.on_copy(1, std::move(*batch), turn);
    step();
  }
  void ack(Token token, Sequence sequence) {
    Settle settle;
    settle.token = token;
    settle.acks = {{grant(), {sequence, sequence}}};
    settle.credit = {100, 1U << 20};
    outbox.settle(settle, turn);
    step();
  }
  void pass(Duration time) {
    turn.now += time;
    outbox.on_time(turn);
    step();
  }
  /// What the loop does after each input.
  void step() {
    for (bool more = true; more;) {
      outbox.finish(turn);
      std::vector<LoadRequest> loads;
      std::vector<ParkedRequest> parked;
      outbox.next_loads(number_, loads, parked, turn);
      for (const LoadRequest& load : loads) outbox.on_loaded(store.load(load), turn);
      more = commit() || !loads.empty();
    }
  }
  [[nodiscard]] Sequence confirmed() const {
    Sequence to = 0;
    for (const Outgoing& one : out) {
      if (const auto* confirmed = std::get_if<Confirmed>(&one.message)) to = confirmed->to;
    }
    return to;
  }
  [[nodiscard]] std::vector<Sequence> redelivered(Token token) const {
    std::vector<Sequence> all;
    for (const Outgoing& one : out) {
      const auto* redelivery = std::get_if<Redelivery>(&one.message);
      if (redelivery != nullptr && redelivery->token == token) all.push_back(redelivery->owed.front().range.first);
    }
    return all;
  }
  [[nodiscard]] Sequence floor_of(const std::string& name) const {
    for (const SubscriptionStatus& one : outbox.status(turn).subscriptions) {
      if (one.name == name) return one.floor;
    }
    return ~Sequence{0};
  }
  [[nodiscard]] GrantId grant() const {
    for (const Outgoing& one : out) {
      if (const auto* granted = std::get_if<Granted>(&one.message)) return granted->grant.grant;
    }
    return 0;
  }
  [[nodiscard]] std::size_t rows() const { return store.snapshot().streams.at(1).rows.size(); }

  OutboxSettings settings;
  Random random{1};
  std::vector<Outgoing> out;
  std::vector<std::string> notices;
  Turn turn{Instant{1h}, 0, 0, random, out, notices};
  MemoryStore store{"node", Incarnation{1, 2}};
  Outbox outbox;

 private:
  bool commit() {
    if (!outbox.wants_commit(turn.now)) return false;
    Transaction transaction;
    std::uint64_t left = limits::transaction_octets;
    outbox.collect(transaction, left, turn);
    if (transaction.empty()) {
      outbox.on_nothing_to_commit(turn);
      return false;
    }
    transaction.number = ++commits_;
    outbox.on_committed(store.commit(transaction), turn);
    return true;
  }

  Sequence next_ = 1;
  Token next_token_ = 100;
  std::uint64_t number_ = 0;
  std::uint64_t commits_ = 0;
};

}  // namespace

TEST_CASE("a batch is elided only if every subscription that owns it has settled it (B1)") {
  OutboxBench bench;
  bench.subscribe(1, "workers");
  bench.subscribe(2, "audit");
  bench.open_writer();
  const Token worker = bench.join("workers");
  const Token auditor = bench.join("audit");
  bench.send();
  bench.ack(worker, 1);
  CHECK(bench.confirmed() == 0);
  bench.ack(auditor, 1);
  CHECK(bench.confirmed() == 1);
  CHECK(bench.rows() == 0);
  bench.send();
  bench.ack(worker, 2);
  bench.pass(limits::store_delay);
  CHECK(bench.confirmed() == 2);
  CHECK(bench.rows() == 1);
}

TEST_CASE("a subscription that nobody attends owns its messages too (A13)") {
  OutboxBench bench;
  bench.subscribe(1, "workers");
  bench.subscribe(2, "audit");
  bench.open_writer();
  const Token worker = bench.join("workers");
  bench.send();
  CHECK(bench.rows() == 1);  // not all are live: no delay
  bench.ack(worker, 1);
  bench.pass(5s);
  CHECK(bench.rows() == 1);
  const Token auditor = bench.join("audit");
  CHECK(bench.redelivered(auditor) == std::vector<Sequence>{1});
  bench.ack(auditor, 1);
  bench.pass(5s);
  CHECK(bench.rows() == 0);
}

TEST_CASE("a subscription owns what its filter matches, and nothing else holds its floor") {
  OutboxBench bench;
  bench.subscribe(1, "workers");
  bench.subscribe(2, "audit", {"money/#"});
  bench.open_writer();
  const Token worker = bench.join("workers");
  bench.send("weather");
  bench.ack(worker, 1);
  CHECK(bench.confirmed() == 1);
  CHECK(bench.floor_of("audit") == 1);
  bench.send("money/in");
  bench.ack(worker, 2);
  CHECK(bench.floor_of("audit") == 1);
  const Token auditor = bench.join("audit", {"money/#"});
  CHECK(bench.redelivered(auditor) == std::vector<Sequence>{2});
}

TEST_CASE("a stream without subscriptions costs a copy and no disk (W7)") {
  OutboxBench bench;
  bench.open_writer();
  bench.send();
  CHECK(bench.confirmed() == 1);
  CHECK(bench.rows() == 0);
}

TEST_CASE("the rows that two subscriptions owe are read for each, and go when both are done") {
  OutboxBench bench;
  bench.subscribe(1, "workers");
  bench.subscribe(2, "audit");
  bench.open_writer();
  for (int i = 0; i < 3; ++i) bench.send();
  CHECK(bench.rows() == 3);
  const Token worker = bench.join("workers");
  CHECK(bench.redelivered(worker) == std::vector<Sequence>{1, 2, 3});
  for (Sequence sequence = 1; sequence <= 3; ++sequence) bench.ack(worker, sequence);
  bench.pass(5s);
  CHECK(bench.rows() == 3);
  const Token auditor = bench.join("audit");
  for (Sequence sequence = 3; sequence >= 1; --sequence) bench.ack(auditor, sequence);
  bench.pass(5s);
  CHECK(bench.rows() == 0);
}
