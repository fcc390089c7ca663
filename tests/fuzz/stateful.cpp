/// \file
/// The octets choose what is said to a sidecar, a consumer or a producer, and in which order. Whatever it is: no
/// assertion of the core is met, memory has its bound, and all that they say can be encoded.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <utility>

#include "core/inbox.h"
#include "core/memory_store.h"
#include "core/office.h"
#include "core/producer.h"
#include "core/wire.h"
#include "tests/fuzz/draw.h"
#include "tests/fuzz/entry.h"

namespace restante::fuzz {

namespace {

using namespace std::chrono_literals;
constexpr int events_max = 400;
constexpr std::uint64_t memory_max = 64U << 20;

void check_words(const core::ControlMessage& message) {
  std::string why;
  must(core::decode(core::encode({1, message}), why).has_value());
}

Duration draw_time(Script& script) {
  constexpr Duration steps[] = {1ms, 6ms, 100ms, 1s, 4s, 60s};
  return steps[script.below(6)];
}

/// A sidecar over a store in memory, and links on which anything is said.
class Sidecar {
 public:
  explicit Sidecar(Script& script) : script_(script), store_("node", {1, 2}) { start(); }

  void step() {
    switch (script_.below(12)) {
      case 0: office_->on_link_up(next_link_++, "10.0.0.9", now_); break;
      case 1:
        say(core::Hello{core::protocol_version, 0, "app", "here", 5, 7, script_.below(3), script_.below(4)});
        break;
      case 2:
      case 3:
      case 4:
      case 5: say(draw_for_sidecar(script_, known_)); break;
      case 6:
      case 7: copy(); break;
      case 8: office_->on_link_down(link(), now_); break;
      case 9:
        now_ += draw_time(script_);
        office_->set_wall(1'700'000'000'000);
        office_->on_time(now_);
        break;
      case 10: work(); break;
      default: fault(); break;
    }
    perform();
  }

 private:
  core::LinkId link() { return 1 + script_.below(next_link_); }

  void start() {
    core::Office::Settings settings;
    settings.host = "here";
    settings.seed = ++starts_;  // a real one is drawn anew, and grant ids never come again
    settings.outbox.retry.attempts_max = 3;
    settings.is_alive = [](std::uint32_t pid, std::uint64_t) { return pid != 3; };
    settings.reachable = [](const std::string& endpoint, const std::string&, bool) { return endpoint; };
    asked_.clear();
    office_ = std::make_unique<core::Office>(store_.image(), settings, now_);
  }

  void say(core::ControlMessage message) {
    const core::LinkId to = link();
    const std::uint64_t number = ++numbers_[to] + (script_.below(50) == 49 ? 1 : 0);
    office_->on_frame(to, core::ControlFrame{number, std::move(message)}, now_);
  }

  void copy() {
    std::string why;
    auto batch = core::Batch::parse(draw_batch(script_, known_), why);
    must(batch.has_value());
    office_->on_copy(link(), std::move(*batch), now_);
  }

  /// The disk works off what it was asked for.
  void work() {
    for (; !asked_.empty(); asked_.pop_front(), perform()) {
      auto& asked = asked_.front();
      if (auto* load = std::get_if<core::LoadRequest>(&asked)) {
        office_->on_loaded(store_.load(*load), now_);
      } else if (auto* parked = std::get_if<core::ParkedRequest>(&asked)) {
        office_->on_loaded(store_.load(*parked), now_);
      } else if (auto* dead = std::get_if<core::DeadRequest>(&asked)) {
        office_->on_loaded(store_.load(*dead), now_);
      } else {
        commit(std::get<core::Transaction>(asked));
      }
    }
  }

  void commit(const core::Transaction& transaction) {
    try {
      const core::CommitToken token = store_.commit(transaction);
      planted(!transaction.rows.empty());
      office_->on_committed(token, now_);
    } catch (const core::StoreFull& full) {
      office_->on_full(full.what(), now_);
    }
  }

  void fault() {
    const std::uint64_t kind = script_.below(6);
    if (kind == 0) start();
    if (kind == 1) store_.set_capacity(1000);
    if (kind == 2) store_.set_capacity(std::uint64_t{1} << 60);
    if (kind == 3) office_->on_garbage(link(), now_);
    if (kind == 4) backup_ = store_.snapshot();
    if (kind == 5 && !backup_.node.empty()) {
      store_.restore(backup_);
      start();
    }
  }

  void perform() {
    for (auto& load : office_->take_loads()) asked_.emplace_back(load);
    for (auto& load : office_->take_parked_loads()) asked_.emplace_back(load);
    for (auto& load : office_->take_dead_loads()) asked_.emplace_back(std::move(load));
    if (auto transaction = office_->next_transaction(now_)) asked_.emplace_back(std::move(*transaction));
    for (const core::Outgoing& one : office_->take_outgoing()) {
      check_words(one.message);
      learn(one.message);
    }
    office_->take_notices();
    office_->take_queries();
    must(office_->tracked_octets() <= memory_max);
  }

  void learn(const core::ControlMessage& message) {
    if (const auto* granted = std::get_if<core::Granted>(&message)) known_.grants.push_back(granted->grant);
    if (const auto* told = std::get_if<core::Subscribed>(&message)) known_.tokens.push_back(told->token);
    if (const auto* missed = std::get_if<core::Missed>(&message)) known_.gaps.push_back(missed->number);
    if (known_.gaps.size() > 6) known_.gaps.erase(known_.gaps.begin());
    if (known_.grants.size() > 6) known_.grants.erase(known_.grants.begin());
    if (known_.tokens.size() > 6) known_.tokens.erase(known_.tokens.begin());
  }

  Script& script_;
  Known known_;
  core::Instant now_ = core::Instant{} + 1h;
  core::MemoryStore store_;
  core::StoreContents backup_;
  std::uint64_t starts_ = 0;
  std::unique_ptr<core::Office> office_;
  core::LinkId next_link_ = 1;
  std::map<core::LinkId, std::uint64_t> numbers_;
  std::deque<std::variant<core::Transaction, core::LoadRequest, core::ParkedRequest, core::DeadRequest>> asked_;
};

/// A consumer to which anything is said. It never has an id in two hands.
class Consumer {
 public:
  explicit Consumer(Script& script) : script_(script), inbox_(options(script), now_) {
    known_.tokens = {11, 12};
    known_.grants = {{21, {1, 100}}, {22, {101, 200}}};
  }

  void step() {
    switch (script_.below(12)) {
      case 0: inbox_.on_link_up(now_); break;
      case 1: inbox_.on_link_down(now_); break;
      case 2: inbox_.on_message(core::Subscribed{1, 11, mode_, 1, script_.below(30), known_.grants, 0}, now_); break;
      case 3:
      case 4: inbox_.on_message(draw_for_library(script_, known_), now_); break;
      case 5:
      case 6: redeliver(); break;
      case 7: live(); break;
      case 8:
        now_ += draw_time(script_);
        inbox_.on_time(now_);
        break;
      case 9:
      case 10: application(); break;
      default:
        if (script_.below(20) == 19) inbox_.stop(now_);
        break;
    }
    for (const auto& message : inbox_.take_effects()) check_words(message);
    for (const auto& event : inbox_.take_events()) {
      if (event.number != 0 && script_.chance()) inbox_.told(event.number, now_);
    }
  }

 private:
  static core::Inbox::Options options(Script& script) {
    core::Inbox::Options options;
    options.session = 1;
    options.stream = "orders";
    options.mode = draw_mode(script);
    if (script.chance()) options.filters = {"t/1"};
    options.lease = 1s;
    return options;
  }

  std::shared_ptr<const core::Batch> batch() {
    std::string why;
    auto parsed = core::Batch::parse(draw_batch(script_, known_), why);
    must(parsed.has_value());
    return std::make_shared<const core::Batch>(std::move(*parsed));
  }

  void live() { inbox_.on_live(batch(), now_); }

  void redeliver() {
    const auto part = batch();
    core::Redelivery header{
        script_.one_of(known_.tokens, core::Token{3}), part->header().grant, {}, 0, script_.below(4) == 0};
    header.owed.push_back({{part->header().first, part->header().last}, static_cast<std::uint32_t>(script_.below(3))});
    if (script_.chance()) header.owed.push_back({draw_range(script_, known_), 1});
    header.covers = script_.chance() ? part->header().last : script_.number();
    inbox_.on_redelivery(header, part, now_);
  }

  void application() {
    if (!hands_.empty() && script_.chance()) {
      const std::size_t at = script_.below(hands_.size());
      const auto verdict = static_cast<core::Inbox::Verdict>(script_.below(4));
      inbox_.settle(hands_[at], verdict, script_.chance() ? Duration{-1} : Duration(5s), "no", now_);
      hands_.erase(hands_.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    }
    if (!hands_.empty() && script_.below(4) == 0) inbox_.extend(hands_.front(), now_);
    const auto item = inbox_.take(now_);
    if (item) hands_.push_back(item->hand);
  }

  Script& script_;
  Known known_;
  core::Instant now_ = core::Instant{} + 1h;
  core::Inbox inbox_;
  core::SubscriptionMode mode_ = core::SubscriptionMode::shared;
  std::vector<std::uint64_t> hands_;
};

/// A producer to which anything is said.
class Sender {
 public:
  explicit Sender(Script& script) : script_(script), producer_(options()) {
    known_.tokens = {11, 12};
    known_.grants = {{21, {1, 100}}, {22, {101, 200}}};
  }

  void step() {
    switch (script_.below(9)) {
      case 0: producer_.on_link_up(); break;
      case 1: producer_.on_link_down(); break;
      case 2:
        producer_.on_message(core::Granted{1, known_.grants[script_.below(2)], script_.chance(), 1U << 16, 0});
        break;
      case 3:
      case 4: producer_.on_message(draw_for_library(script_, known_)); break;
      case 5:
        now_ += draw_time(script_);
        producer_.on_time(now_);
        break;
      case 8:
        if (script_.below(40) == 39) producer_.close();
        break;
      default: send(); break;
    }
    for (const auto& effect : producer_.take_effects()) {
      if (effect.batch.empty()) check_words(effect.message);
    }
    must(producer_.unconfirmed_octets() <= memory_max);
  }

 private:
  static core::Producer::Options options() {
    core::Producer::Options options;
    options.handle = 1;
    options.stream = "orders";
    options.window = 1U << 16;
    return options;
  }

  void send() {
    core::BatchBuilder builder("orders", script_.chance() ? "" : "t/" + std::to_string(script_.below(3)));
    for (std::uint64_t left = 1 + script_.below(5); left > 0; --left) builder.append("payload");
    if (!producer_.can_send(builder.size(), builder.count())) return;
    const bool goes = script_.chance();
    producer_.send(builder, script_.number(), 0,
                   [&](core::Token, const std::string&, const core::Buffer&) { return goes; });
  }

  Script& script_;
  Known known_;
  core::Instant now_ = core::Instant{} + 1h;
  core::Producer producer_;
};

template <typename Machine>
void drive(Script& script) {
  Machine machine(script);
  for (int events = 0; events < events_max && !script.ends(); ++events) machine.step();
}

}  // namespace

void stateful(std::string_view octets) {
  Script script(octets);
  const std::uint64_t which = script.below(4);
  if (which < 2) drive<Sidecar>(script);
  else if (which == 2) drive<Consumer>(script);
  else drive<Sender>(script);
}

}  // namespace restante::fuzz
