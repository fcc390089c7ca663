#pragma once
/// \file
/// Octets between processes. The implementation (zmq_*.cpp in this folder) is the only code that includes zmq. All
/// sockets of one Context are used by one thread, the one that runs the Poller; only Wake may be used by any thread.
///
/// What every socket has (RELIABILITY section 2): LINGER 0, MAXMSGSIZE, ZMTP heartbeats (1 s, time-out and TTL 3 s) or,
/// Publish and Subscribe, those of the kernel (decision 0018), connect and handshake time-outs 2 s each, reconnect from
/// 10 ms with backoff and jitter to 2 s, a private ipc directory (0700, umask 0077 around bind). Nothing here blocks
/// but Poller::wait.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <restante/types.h>

#include "core/buffer.h"

namespace restante::link {

using core::Buffer;

/// The zmq context. Destroying it closes nothing that lives: destroy the sockets first.
class Context {
 public:
  Context();
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  [[nodiscard]] void* handle() const noexcept { return handle_; }

 private:
  void* handle_;
};

/// One message of a peer: one frame, or two (control and batch). More frames are dropped by the socket and counted.
/// The buffers are aligned to 8 octets and hold no more memory than their frame.
struct Incoming {
  std::string route;         ///< Router only: who sent it
  std::string peer_address;  ///< Router only: the peer's IP address, empty for ipc
  int descriptor = -1;       ///< Router only: of the connection, matches Router::Disconnected
  std::vector<Buffer> frames;
};

enum class Sent { yes, would_block, unreachable };

/// The sidecar's end of control links: ROUTER with MANDATORY. It reports lost connections by descriptor (through a
/// socket monitor), so that the death of a peer is known at once and not after a heartbeat.
class Router {
 public:
  Router(Context& context, std::size_t frame_size_max);
  ~Router();
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// Binds and returns the endpoint with its real port. Throws Error (misconfigured: in use, not permitted, no such
  /// address), saying what to do next.
  std::string bind(const std::string& endpoint);

  /// The next message, or nullopt: there is none, or many malformed ones were dropped. Never waits.
  std::optional<Incoming> receive();
  /// The next descriptor whose connection ended, or nullopt. Never waits. The two together are one order: the last
  /// message of a connection, its end, the first message of the next one that has its number (descriptors are reused
  /// at once). Each returns nullopt while it is the other's turn, so call both until Poller::wait waits. Connections
  /// that never said a word are not told.
  std::optional<int> next_disconnected();
  Sent send(const std::string& route, const Buffer& frame);
  Sent send(const std::string& route, const Buffer& control, const Buffer& batch);
  [[nodiscard]] std::uint64_t dropped() const noexcept;  ///< malformed (too many frames) messages so far

  struct State;
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// A library's end of a control link: DEALER, one connection. A new link is a new object: nothing of the old is sent.
class Dealer {
 public:
  Dealer(Context& context, const std::string& endpoint, std::size_t frame_size_max);
  ~Dealer();
  Dealer(const Dealer&) = delete;
  Dealer& operator=(const Dealer&) = delete;

  std::optional<Incoming> receive();
  Sent send(const Buffer& frame);
  Sent send(const Buffer& control, const Buffer& batch);
  /// What the monitor has told since the last call: the connection was made (handshake done), or lost.
  enum class Event { connected, disconnected };
  std::optional<Event> next_event();
  [[nodiscard]] std::uint64_t dropped() const noexcept;  ///< messages of more than two frames so far

  struct State;
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// The live path's sending end: one PUSH per consumer. Sending never waits; what it drops the store has.
class Push {
 public:
  Push(Context& context, const std::string& endpoint);
  ~Push();
  Push(const Push&) = delete;
  Push& operator=(const Push&) = delete;
  Sent send(const Buffer& frame);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

/// The live path's receiving end. Multi-part messages are dropped and counted.
class Pull {
 public:
  Pull(Context& context, std::size_t frame_size_max);
  ~Pull();
  Pull(const Pull&) = delete;
  Pull& operator=(const Pull&) = delete;
  std::string bind(const std::string& endpoint);         ///< as Router::bind
  std::optional<Buffer> receive();                       ///< as Router::receive
  [[nodiscard]] std::uint64_t dropped() const noexcept;  ///< multi-part messages so far

  struct State;
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// The live path's sending end of publish/subscribe: one bound PUB for all subscribers. Sending never waits: a
/// subscriber whose queue is full loses the message, and no other does; what is lost live the store has.
class Publish {
 public:
  explicit Publish(Context& context);
  ~Publish();
  Publish(const Publish&) = delete;
  Publish& operator=(const Publish&) = delete;
  std::string bind(const std::string& endpoint);  ///< as Router::bind; may be called again for a further endpoint
  /// To all whose subscriptions have arrived and are a prefix of `topic`. A message goes whole or not at all. It is
  /// always Sent::yes, which says nothing about anybody's having it.
  Sent send(std::string_view topic, const Buffer& batch);

  struct State;
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// What was published, as it was.
struct Publication {
  std::string topic;
  Buffer batch;  ///< aligned to 8 octets; holds no more memory than its frame
};

/// The receiving end: one SUB, connected to many publishers. It reconnects and subscribes again by itself; what is
/// published in between is lost here. A peer that breaks the protocol (a frame over the limit, another kind of socket
/// at that address) is left for good, in silence: disconnect() and connect() bring it back. Messages that are not two
/// frames are dropped and counted.
class Subscribe {
 public:
  Subscribe(Context& context, std::size_t frame_size_max);
  ~Subscribe();
  Subscribe(const Subscribe&) = delete;
  Subscribe& operator=(const Subscribe&) = delete;

  /// Throws Error (misconfigured) if the endpoint is none that one can connect to. Again for the same one: nothing.
  void connect(const std::string& endpoint);
  /// What came from there and was not received is lost, but for one message at most that still comes. Nothing happens
  /// if it is not connected to.
  void disconnect(const std::string& endpoint);
  /// From now on, and once the publishers know it, topics that begin with `prefix`; all with an empty one. Prefixes are
  /// counted: what was subscribed twice ends with the second unsubscribe. One that was never subscribed ends nothing.
  void subscribe(std::string_view prefix);
  void unsubscribe(std::string_view prefix);
  std::optional<Publication> receive();                  ///< as Router::receive
  [[nodiscard]] std::uint64_t dropped() const noexcept;  ///< messages of one frame, or of more than two, so far

  struct State;
  [[nodiscard]] State& state() noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

/// Wakes a Poller from any thread, and from a signal handler. Many signals before a drain are one wake-up.
class Wake {
 public:
  Wake();
  ~Wake();
  Wake(const Wake&) = delete;
  Wake& operator=(const Wake&) = delete;
  void signal() noexcept;  ///< async-signal-safe
  void drain() noexcept;
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }  ///< readable while signalled

 private:
  int descriptor_;
};

/// Waits for any of the things added. Adding and removing is cheap; the order of adding is the order of the answers.
class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  void add(Router& router);  ///< its messages and its monitor
  void add(Dealer& dealer);
  void add(Pull& pull);
  /// Ends no wait, but lets the socket meet those who come and bury those who have gone: it does that only when it is
  /// used, so that an idle publisher would not know its subscribers, and would keep what the dead ones left.
  void add(Publish& publish);
  void add(Subscribe& subscribe);
  void add(Wake& wake);
  void remove(Dealer& dealer);
  void remove(Pull& pull);
  void remove(Publish& publish);
  void remove(Subscribe& subscribe);
  /// Until something is readable or `timeout` has passed (rounded up to milliseconds).
  void wait(Duration timeout);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Checks an endpoint's grammar: `ipc:///absolute/path` (at most 107 octets of path), `tcp://host:port` with port 0 or
/// `*` for any. nullopt if it is good, else what is wrong with it.
std::optional<std::string> endpoint_fault(std::string_view endpoint);
/// True for ipc and for tcp at 127.0.0.0/8, ::1, localhost.
bool is_loopback(std::string_view endpoint);
/// The live endpoint as another process can reach it: `*` or 0.0.0.0 replaced by `peer_address` (empty: 127.0.0.1).
std::string reachable(std::string_view endpoint, std::string_view peer_address);
/// Makes the private directory of an ipc endpoint (0700), or throws Error(misconfigured) if it is not ours alone.
void make_ipc_directory(std::string_view endpoint);

}  // namespace restante::link
