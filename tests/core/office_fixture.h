#pragma once
/// \file
/// A sidecar's books under test: an Office over a MemoryStore, in virtual time. Every control message that it says goes
/// through the codec, so that a list or a text over its limit is noticed.

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <catch2/catch.hpp>

#include "core/memory_store.h"
#include "core/office.h"
#include "core/wire.h"

namespace restante::core {

using namespace std::chrono_literals;

using Sequences = std::vector<Sequence>;

/// One connection of a library: what was said on it, and what it heard.
struct Peer {
  LinkId link = 0;
  std::uint64_t number = 0;  ///< of the last control frame it sent
  bool heartbeats = true;    ///< keeps itself alive while time passes
  Instant spoke{};
  std::vector<Outgoing> heard;  ///< oldest first

  template <typename Message>
  [[nodiscard]] std::vector<Message> all() const {
    std::vector<Message> found;
    for (const Outgoing& one : heard) {
      if (const auto* message = std::get_if<Message>(&one.message)) found.push_back(*message);
    }
    return found;
  }
  template <typename Message>
  [[nodiscard]] std::optional<Message> last() const {
    const std::vector<Message> found = all<Message>();
    return found.empty() ? std::nullopt : std::optional<Message>(found.back());
  }
};

class OfficeBench {
 public:
  explicit OfficeBench(const OutboxSettings& settings = {}, std::uint64_t capacity = 0)
      : store("node", Incarnation{1, 2}, capacity) {
    setup_.outbox = settings;
    setup_.host = "here";
    setup_.seed = 1;
    setup_.is_alive = [this](std::uint32_t pid, std::uint64_t) { return !dead_pids.contains(pid); };
    setup_.reachable = [this](const std::string& endpoint, const std::string&, bool) {
      return endpoint + endpoint_suffix;
    };
    restart();
  }

  // ---- links
  Peer& connect(std::uint32_t pid = 100, bool hello = true) {
    Peer& peer = peers_[next_link_];
    peer.link = next_link_++;
    office->on_link_up(peer.link, "10.0.0.9", now);
    if (hello) say(peer, Hello{protocol_version, 0, "app", "here", pid, 7});
    return peer;
  }
  void say(Peer& peer, ControlMessage message, std::optional<Batch> behind = std::nullopt) {
    peer.spoke = now;
    office->on_frame(peer.link, ControlFrame{++peer.number, std::move(message)}, now, std::move(behind));
    perform();
  }
  void copy(Peer& peer, const Buffer& frame) {
    std::string why;
    auto batch = Batch::parse(frame, why);
    REQUIRE(batch);
    peer.spoke = now;
    office->on_copy(peer.link, std::move(*batch), now);
    perform();
  }
  void garbage(Peer& peer) {
    office->on_garbage(peer.link, now);
    perform();
  }
  void cut(Peer& peer) {
    peer.heartbeats = false;
    office->on_link_down(peer.link, now);
    perform();
  }

  // ---- the process
  /// kill -9 and a new start: the links, what the disk had not begun, and all memory are gone.
  void restart() {
    office.reset();
    requests_.clear();
    for (auto& [link, peer] : peers_) peer.heartbeats = false;
    store.mend();
    ++setup_.seed;
    office = std::make_unique<Office>(store.image(), setup_, now);
    perform();
  }
  /// Performs what the office asks for, until it asks for nothing.
  void perform() {
    int steps = 0;
    for (bool more = true; more;) {
      if (++steps > 100'000) FAIL("the office asks for more, for ever");
      office->set_wall(wall_ms());
      for (LoadRequest& request : office->take_loads()) requests_.emplace_back(request);
      for (ParkedRequest& request : office->take_parked_loads()) requests_.emplace_back(request);
      for (DeadRequest& request : office->take_dead_loads()) requests_.emplace_back(std::move(request));
      if (auto transaction = office->next_transaction(now)) requests_.emplace_back(std::move(*transaction));
      deliver();
      more = disk_runs && disk_step();
    }
    for (std::string& notice : office->take_notices()) notices.push_back(std::move(notice));
  }
  /// The disk works off one request and the office gets the answer; false if there is none.
  bool disk_step() {
    if (requests_.empty()) return false;
    const Request request = std::move(requests_.front());
    requests_.pop_front();
    if (const auto* load = std::get_if<LoadRequest>(&request)) {
      ++loads;
      office->on_loaded(store.load(*load), now);
    } else if (const auto* parked = std::get_if<ParkedRequest>(&request)) {
      office->on_loaded(store.load(*parked), now);
    } else if (const auto* dead = std::get_if<DeadRequest>(&request)) {
      office->on_loaded(store.load(*dead), now);
    } else {
      commit(std::get<Transaction>(request));
    }
    return true;
  }
  [[nodiscard]] std::size_t disk_queue() const { return requests_.size(); }

  // ---- time
  std::int64_t wall_base_ms = 1'700'000'000'000;  ///< set it to let the wall clock jump
  std::int64_t wall_ms() const {
    return wall_base_ms + std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  }
  /// Lets time pass, and wakes the office when it asked for it, as the loop does.
  void pass(Duration time) {
    const Instant end = now + time;
    int in_place = 0;
    while (office->next_deadline() <= end) {
      in_place = office->next_deadline() <= now ? in_place + 1 : 0;
      if (in_place > 100) FAIL("the office asks to be woken at once, for ever");
      now = std::max(now, office->next_deadline());
      ++wakes;
      office->set_wall(wall_ms());
      office->on_time(now);
      perform();
      keep_alive();
    }
    now = end;
    perform();
  }

  // ---- what is known
  [[nodiscard]] NodeStatus status() const { return office->status(now); }
  [[nodiscard]] SubscriptionStatus workers() const { return status().streams.at(0).subscriptions.at(0); }
  [[nodiscard]] std::uint64_t counter(const std::string& reason) const {
    for (const auto& [name, count] : status().counters) {
      if (name == reason) return count;
    }
    return 0;
  }
  [[nodiscard]] std::size_t rows() const {
    const StoreContents contents = store.snapshot();
    return contents.streams.empty() ? 0 : contents.streams.begin()->second.rows.size();
  }

  Instant now{1h};
  MemoryStore store;
  std::unique_ptr<Office> office;
  bool disk_runs = true;
  std::set<std::uint32_t> dead_pids;
  std::string endpoint_suffix;       ///< what turning an endpoint into a reachable one adds to it
  std::vector<Transaction> commits;  ///< those that succeeded
  std::vector<std::string> notices;
  std::size_t wakes = 0;
  std::size_t loads = 0;
  std::size_t refused_commits = 0;

 private:
  using Request = std::variant<Transaction, LoadRequest, ParkedRequest, DeadRequest>;

  void commit(const Transaction& transaction) {
    try {
      const CommitToken token = store.commit(transaction);
      commits.push_back(transaction);
      office->on_committed(token, now);
    } catch (const StoreFull& full) {
      ++refused_commits;
      office->on_full(full.what(), now);
    }
  }
  void deliver() {
    for (Outgoing& one : office->take_outgoing()) {
      std::string why;
      const auto decoded = decode(encode(ControlFrame{1, one.message}), why);
      REQUIRE(decoded);
      const auto at = peers_.find(one.link);
      if (at != peers_.end()) at->second.heard.push_back(Outgoing{one.link, decoded->message, one.batch});
    }
  }
  void keep_alive() {
    for (auto& [link, peer] : peers_) {
      if (peer.heartbeats && now - peer.spoke >= limits::heartbeat_interval) say(peer, Heartbeat{});
    }
  }

  Office::Settings setup_;
  std::map<LinkId, Peer> peers_;
  LinkId next_link_ = 1;
  std::deque<Request> requests_;
};

}  // namespace restante::core
