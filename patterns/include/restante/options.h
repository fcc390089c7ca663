#pragma once
/// \file
/// Options of nodes, senders and receivers. Every one has a default that serves; sizes are octets.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <restante/limits.h>
#include <restante/types.h>

namespace restante {

/// A name and a value that travel with a message.
struct Header {
  std::string_view name;
  std::string_view value;
};

/// The envelope of a message. All of it is optional, bounded by limits.h, and kept with the message.
struct Attributes {
  std::string_view content_type{};
  std::string_view correlation_id{};
  std::string_view traceparent{};  ///< W3C trace context
  std::string_view key{};
  std::span<const Header> headers{};
  /// Older than this it is handed out to nobody any more: it is gone, and told as a Gap, or a dead letter
  /// (`restante streams set STREAM expired=dead`). Counted by the sidecar from the copy on; whole milliseconds. What a
  /// consumer has in hand or in its queue does not expire. `forever`: as the stream has it.
  Duration expire_after = forever;
  /// Of a Pusher: handed out to nobody before that, counted likewise, and on the sidecar's disk until then; whole
  /// milliseconds. Others do not wait for it. A Publisher refuses it.
  Duration deliver_after{};
  std::uint64_t marker = 0;  ///< the application's own position, rising; see Pusher::last_marker()
};

/// How long a stream keeps messages that nobody is owed any more, so that they can be asked for again (a replay, a
/// reset). Each bound that is set holds: the oldest batch goes when it is older, or when without it there is still that
/// much. None set: messages go when everybody has settled them. What is owed stays, whatever is set here; and what is
/// only kept makes way when the store has little room left.
struct Retention {
  Duration age{};              ///< since they were stored; milliseconds count
  std::uint64_t messages = 0;  ///< of the stream, the newest
  std::uint64_t octets = 0;    ///< likewise
};

/// Of a Pusher or Publisher.
struct SenderOptions {
  /// 0: the stream has one writer. Above 0: writes the stream `name@instance`, with an order of its own.
  unsigned instance = 0;
  /// Unconfirmed octets; at this limit send() waits and try_send() says no. How long a service can be without its
  /// sidecar is window / (messages per second x size).
  std::size_t window = limits::writer_window;
  /// Of a Publisher: an endpoint more where it is heard (`tcp://127.0.0.1:5556`), known to plain ZeroMQ subscribers.
  /// Subscribers of this library are told by the sidecar.
  std::string publish_at{};
  /// Of a Publisher: nothing is kept. The stream has live subscribers only (it is made so, and stays so), no message is
  /// copied or written, and each receipt is Outcome::unkept at once.
  bool live_only = false;
  /// Of the stream, if it has had no writer yet; later `restante streams set` changes it. With it every message is
  /// written to the disk, also one that is acked at once.
  Retention retain{};
  /// Of a Publisher: one message a batch, for plain ZeroMQ subscribers that cannot take a batch apart.
  bool keep_single = false;
};

/// Messages that are gone for a stated reason.
struct Gap {
  std::string node;
  std::string stream;
  Sequence from = 0;
  Sequence to = 0;
  std::string reason;
};

/// Of a Puller or Subscriber.
struct ReceiverOptions {
  /// Sidecars to collect from (`ipc://…`, `tcp://host:port`). Empty: this machine's.
  std::vector<std::string> from{};
  /// Octets in hand and in the queue. Within it the library asks for as much as the application works off in about a
  /// tenth of a second, so that a slow worker does not hoard what a fast one could do.
  std::size_t credit = limits::consumer_credit;
  /// How long the application may hold a delivery before it is given to another.
  Duration lease = limits::lease;
  /// While a handler of run() is at work its lease goes on, but not for longer than this: a handler that hangs for ever
  /// must not keep its message. Below `lease`: no longer than that.
  Duration handler_max{};
  /// Called in order on the receiving thread; default: a warning in the log.
  std::function<void(const Gap&)> on_gap{};
};

/// Of a Node.
struct NodeOptions {
  /// Endpoint of the local sidecar. Empty: RESTANTE_SIDECAR, else the runtime directory.
  std::string sidecar{};
  /// SIGINT and SIGTERM stop every receiver, so that loops end and close() runs.
  bool stop_on_signals = false;
  /// Where producers send live copies to this node's consumers. Empty: a path in the runtime directory and, for
  /// sidecars that are reached by tcp, a free port, with the address that the sidecar sees this node come from.
  /// `tcp://host:port`, for a node behind a translated address or a firewall: that port is bound, and the endpoint is
  /// told as it is. `none`: there is no live path; everything comes by the sidecars, and the contract is the same.
  std::string live{};
  /// Allows endpoints that are not loopback, without encryption.
  bool insecure = false;
  /// Level 0 is debug, 1 information, 2 warning, 3 error. Called from any thread; must not call back into the node.
  /// Default: warnings and errors to stderr.
  std::function<void(int level, std::string_view text)> log{};
};

}  // namespace restante
