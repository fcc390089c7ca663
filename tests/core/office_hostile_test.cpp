/// \file
/// Peers that say anything that the wire can carry, in any order: no assertion, no loop, and the books go on.

#include "tests/core/office_actors.h"

using namespace restante;
using namespace restante::core;

namespace {

/// One peer that makes everything up, preferring numbers that mean something to the office.
class Hostile {
 public:
  Hostile(OfficeBench& bench, std::uint64_t seed) : bench_(bench), random_(seed) { connect(); }

  void leave() {
    for (Peer* peer : peers_) bench_.cut(*peer);
  }
  void set_writing(bool writes) { writes_ = writes; }
  Token some_token() {
    if (random_.chance(1, 40) && !old_tokens_.empty()) return pick(old_tokens_);
    return tokens_.empty() ? 1 : pick(tokens_);
  }

  void step() {
    learn();
    switch (random_.below(writes_ ? 14 : 9)) {
      case 0: return subscribe();
      case 1:
      case 2: return settle();
      case 3:
        if (random_.chance(1, 8)) bench_.say(*peer_, Bye{});
        return;
      case 4:
        if (random_.chance(1, 4)) bench_.say(*peer_, Unsubscribe{some_token()});
        return;
      case 5: return catch_up();
      case 6: return settle();
      case 7:
        if (random_.chance(1, 5)) connect();
        return;
      case 8:
        if (writes_) open_writer();
        return;
      case 9: return bench_.say(*peer_, RequestGrant{some_handle()});
      case 10:
        if (random_.chance(1, 4)) bench_.say(*peer_, CloseWriter{some_handle()});
        return;
      default: return copy();
    }
  }

 private:
  void connect() {
    if (peer_ != nullptr && random_.chance(1, 2)) bench_.cut(*peer_);
    peer_ = &bench_.connect(static_cast<std::uint32_t>(100 + random_.below(3)));
    peers_.push_back(peer_);
    heard_ = 0;
    old_tokens_.insert(old_tokens_.end(), tokens_.begin(), tokens_.end());
    tokens_.clear();
  }
  void learn() {
    for (; heard_ < peer_->heard.size(); ++heard_) {
      const ControlMessage& message = peer_->heard[heard_].message;
      if (const auto* granted = std::get_if<Granted>(&message)) grants_.push_back(granted->grant);
      if (const auto* told = std::get_if<Grants>(&message)) add_grants(told->grants);
      if (const auto* subscribed = std::get_if<Subscribed>(&message)) {
        tokens_.push_back(subscribed->token);
        add_grants(subscribed->grants);
      }
      if (const auto* redelivery = std::get_if<Redelivery>(&message)) {
        for (const Owed& owed : redelivery->owed) taken_.push_back({redelivery->grant, owed.range});
      }
      if (const auto* resend = std::get_if<Resend>(&message)) chain_ = resend->after;
      if (std::holds_alternative<Unknown>(message)) return connect();
    }
  }
  void add_grants(const std::vector<Grant>& grants) { grants_.insert(grants_.end(), grants.begin(), grants.end()); }
  std::uint64_t some_handle() { return 0xA + random_.below(3); }
  Grant some_grant() { return grants_.empty() || random_.chance(1, 20) ? Grant{5, {1, 100}} : pick(grants_); }
  template <typename Item>
  Item pick(const std::vector<Item>& items) {
    return random_.chance(1, 2) ? items.back() : items[random_.below(items.size())];
  }
  GrantRange some_range() {
    if (!taken_.empty() && random_.chance(3, 4)) {
      GrantRange range = taken_[taken_.size() - 1 - random_.below(std::min<std::size_t>(taken_.size(), 20))];
      if (random_.chance(1, 2)) range.range.first = range.range.last;
      return range;
    }
    const Grant grant = some_grant();
    const Sequence first = grant.range.first + random_.below(60);
    const Sequence last = random_.chance(1, 30) ? grant.range.last : first + random_.below(12);
    return {grant.grant, {first, last}};
  }
  void open_writer() {
    OpenWriter open;
    open.handle = some_handle();
    open.stream = random_.chance(1, 8) ? "t" : "s";
    open.resume = random_.chance(2, 3);
    for (std::uint64_t i = random_.below(3); i > 0; --i) open.grants.push_back(some_grant());
    open.confirmed_to = random_.chance(1, 2) ? chain_ : some_range().range.first;
    bench_.say(*peer_, open);
  }
  void subscribe() {
    Subscribe message;
    message.session = 1 + random_.below(3);
    message.stream = random_.chance(1, 8) ? "t" : "s";
    message.subscription = "workers";
    if (random_.chance(1, 3)) {
      message.subscription = "audit";
      message.mode = SubscriptionMode::exclusive;
      if (random_.chance(1, 2)) message.start = "beginning";
      if (random_.chance(1, 4)) message.claim = random_.chance(1, 4) ? random_.next() : random_.below(1U << 20);
      if (random_.chance(1, 20)) message.known = {{random_.next(), {1, random_.next() >> random_.below(40)}}};
    }
    message.credit = some_credit();
    if (random_.chance(1, 2)) message.live_endpoints = {"tcp://10.0.0.9:1"};
    for (std::uint64_t i = random_.below(4); i > 0; --i) message.held.push_back(some_range());
    bench_.say(*peer_, message);
  }
  void catch_up() {
    if (!tokens_.empty()) bench_.say(*peer_, CatchUp{some_token(), some_range().range.last});
  }
  Credit some_credit() {
    if (random_.chance(1, 20)) return {~std::uint64_t{0}, ~std::uint64_t{0}};
    return {random_.below(40), random_.below(5000)};
  }
  void settle() {
    if (tokens_.empty()) return subscribe();
    Settle said;
    said.token = some_token();
    said.credit = some_credit();
    for (std::uint64_t i = random_.below(3); i > 0; --i) said.acks.push_back(some_range());
    for (std::uint64_t i = random_.below(3); i > 0; --i) said.released.push_back(some_range());
    for (std::uint64_t i = random_.below(3); i > 0; --i) said.received.push_back(some_range());
    for (std::uint64_t i = random_.below(3); i > 0; --i) {
      const GrantRange range = some_range();
      said.rejects.push_back({range.grant, range.range.first, "no"});
    }
    for (std::uint64_t i = random_.below(4); i > 0; --i) {
      const GrantRange range = some_range();
      const std::int64_t delay = static_cast<std::int64_t>(random_.below(random_.chance(1, 4) ? 60'000 : 3000)) - 1;
      said.nacks.push_back({range.grant, range.range.first, delay, random_.chance(1, 2)});
    }
    bench_.say(*peer_, said);
  }
  void copy() {
    const Grant grant = some_grant();
    BatchBuilder builder(random_.chance(1, 10) ? "t" : "s", "");
    BatchHeader header;
    header.grant = grant.grant;
    header.first =
        random_.chance(3, 4) ? std::max(chain_ + 1, grant.range.first) : grant.range.first + random_.below(60);
    header.last = header.first + random_.below(8);
    header.before = random_.chance(4, 5) ? std::min(chain_, header.first - 1) : header.first - 1;
    header.owner = random_.chance(1, 2) ? some_token() : 0;
    header.skip = random_.chance(1, 12);
    for (Sequence sequence = header.first; sequence <= header.last && !header.skip; ++sequence) {
      builder.append(std::to_string(sequence) + std::string(random_.below(100), 'x'));
    }
    chain_ = header.last;
    bench_.copy(*peer_, builder.seal(header));
  }

  OfficeBench& bench_;
  Random random_;
  Peer* peer_ = nullptr;
  std::vector<Peer*> peers_;
  std::size_t heard_ = 0;
  std::vector<Grant> grants_;
  std::vector<Token> tokens_;  // of this link
  std::vector<Token> old_tokens_;
  std::vector<GrantRange> taken_;
  Sequence chain_ = 0;
  bool writes_ = true;
};

/// A writer that keeps to the protocol, in the middle of it.
class Honest {
 public:
  Honest(OfficeBench& bench, std::uint64_t seed) : bench_(bench), random_(seed) { begin(); }

  void step(Token owner) {
    writer_->learn();
    if (writer_->peer->last<Fenced>() || writer_->peer->last<Refused>()) return begin();
    if (writer_->peer->last<Unknown>()) return resume();
    if (!writer_->grants.empty()) writer_->send(1 + random_.below(8), owner, random_.below(200));
  }
  void resume() {
    if (writer_->grants.empty()) return begin();
    const Sequence confirmed = writer_->confirmed();
    writer_->resume(confirmed);
    writer_->send_again(confirmed);
  }

  [[nodiscard]] bool is_confirmed() const { return writer_->confirmed() >= writer_->before; }

 private:
  void begin() {
    writer_.emplace(bench_, ++handle_);
    writer_->open();
  }

  OfficeBench& bench_;
  Random random_;
  std::uint64_t handle_ = 0xF0;
  std::optional<TestWriter> writer_;
};

void drain(TestWorker& worker) {
  for (Sequences some = worker.take(); !some.empty(); some = worker.take()) {  // suspects come one by one
    for (const Sequence sequence : some) worker.ack(sequence);
  }
}

/// With the disk and the peers well again, everything is confirmed, delivered and forgotten.
void check_healed(OfficeBench& bench, Honest& honest) {
  bench.disk_runs = true;
  bench.store.set_capacity(std::uint64_t{1} << 40);
  bench.perform();
  bench.pass(10s);
  honest.resume();
  TestWorker worker(bench, 0x99, {1000, 1U << 20});
  worker.join();
  TestWorker other(bench, 0x98, {1000, 1U << 20});
  other.stream = "t";
  other.join();
  TestWorker auditor(bench, 0x97, {1000, 1U << 20});
  auditor.make_exclusive("audit");
  auditor.join();
  TestWorker other_auditor(bench, 0x96, {1000, 1U << 20});
  other_auditor.make_exclusive("audit");
  other_auditor.stream = "t";
  other_auditor.join();
  for (int round = 0; round < 100; ++round) {
    for (TestWorker* each : {&worker, &other, &auditor, &other_auditor}) drain(*each);
    bench.pass(1s);
  }
  const StreamStatus status = bench.status().streams.at(0);
  CHECK(status.subscriptions.at(0).floor == status.head);
  CHECK(status.subscriptions.at(0).backlog_messages == 0);
  CHECK(status.subscriptions.at(0).in_flight == 0);
  CHECK(status.confirmed_to == status.head);
  CHECK(bench.store.snapshot().parked.empty());
  CHECK(bench.rows() == 0);
  CHECK(honest.is_confirmed());
  CHECK(bench.office->tracked_octets() == 0);
}

void run_hostile(std::uint64_t seed, int steps) {
  INFO("seed " << seed);
  Random random(seed);
  OutboxSettings settings;
  settings.retry.attempts_max = 3;
  OfficeBench bench(settings, random.chance(1, 3) ? 40'000 + random.below(40'000) : 0);
  Hostile first(bench, seed * 2);
  Hostile second(bench, seed * 2 + 1);
  Honest honest(bench, seed);
  const bool quiet_writers = random.chance(2, 3);
  first.set_writing(!quiet_writers);
  second.set_writing(!quiet_writers);
  for (int step = 0; step < steps; ++step) {
    Hostile& hostile = random.chance(1, 2) ? first : second;
    if (random.chance(1, 3)) honest.step(random.chance(1, 2) ? hostile.some_token() : 0);
    else hostile.step();
    if (random.chance(1, 5)) bench.disk_runs = !bench.disk_runs;
    if (random.chance(1, 6)) bench.pass(std::chrono::milliseconds(random.below(random.chance(1, 10) ? 5000 : 50)));
    if (random.chance(1, 100)) {
      bench.restart();
      honest.resume();
    }
  }
  first.leave();
  second.leave();
  check_healed(bench, honest);
}

}  // namespace

TEST_CASE("nothing that a peer can say ends the office") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) run_hostile(seed, 300);
}

TEST_CASE("nothing that a peer can say ends the office (long)", "[.][long]") {
  for (std::uint64_t seed = 1000; seed <= 20000; ++seed) run_hostile(seed, 400);
}
