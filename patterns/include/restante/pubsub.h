#pragma once
/// \file
/// Publish and subscribe: each message of a stream goes to every subscription whose filter matches its topic, and to a
/// subscriber that was away when it comes back.
///
///   restante::Node node;
///   auto weather = node.publisher("weather");
///   weather.send("north/oslo", "-4");
///
///   restante::Node node;
///   for (auto& report : node.subscriber("weather", {"north/#"}, {"screen"})) {  // {"screen"}: remembered by this name
///     show(report.topic(), report.payload());
///     report.ack();
///   }
///
/// What survives
///   send() returned            the message is in this process only; it is lost if the process dies
///   the receipt is confirmed   every subscription that there was has it on this node's disk, or has acked it
///   ack() reached the sidecar  it is never delivered to this subscription again
/// A subscription is remembered by its name, whoever is away. One without a name is *live*: it hears what is published
/// while it is there, at most once and each topic in order, and nothing is kept for it; what it missed meanwhile it is
/// told as a Gap, at its place, as far as the chain of what it hears shows it (what went down with its publisher it is
/// not told). Its ack() means nothing, and nack() and release() bring nothing back.
/// An exclusive one has one reader, which gets each topic's
/// messages in their order; of two readers of one name the newer wins, and the older one's receive() throws
/// held_elsewhere. A shared one has workers without an order, as a pipeline has.
///
/// Opened with other filters than before, a subscription has them for what is published from then on; what it missed by
/// the old ones comes first. Readers of a shared one are all opened with the same: others are refused while one is
/// there.
///
/// Topics are levels, parted by `/`; in a filter `+` stands for one level and `#` at its end for all that follow (MQTT
/// 5, section 4.7).

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <restante/pipeline.h>

namespace restante {

/// The sending end. All members are thread-safe; move-only. As of a Pusher: opening never waits, a stream has one
/// writer, and a slow or stuck subscriber changes nothing for anybody else.
class Publisher {
 public:
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;
  ~Publisher();  ///< close(), and a warning that says how many messages were left unconfirmed

  /// Accepts a copy of `payload` (1 to limits::payload_size_max octets) for `topic`. Waits only while the window is
  /// full. Throws Error: bad_argument (topic, size, attributes), and as Pusher::send().
  Receipt send(std::string_view topic, std::string_view payload, const Attributes& attributes = {});

  /// As send(), but never waits: nullopt is back pressure; back_pressure() says why.
  std::optional<Receipt> try_send(std::string_view topic, std::string_view payload, const Attributes& attributes = {});

  [[nodiscard]] std::string back_pressure() const;  ///< as Pusher::back_pressure()
  bool flush(Duration timeout = forever);           ///< as Pusher::flush()
  /// As Pusher::last_marker().
  [[nodiscard]] std::optional<std::uint64_t> last_marker(Duration timeout = std::chrono::seconds{5}) const;
  std::size_t close(Duration timeout = std::chrono::seconds{5});  ///< as Pusher::close()

  [[nodiscard]] std::uint64_t accepted() const noexcept;   ///< by send(), since opening
  [[nodiscard]] std::uint64_t confirmed() const noexcept;  ///< by the sidecar

 private:
  friend class Node;
  friend class Out;
  explicit Publisher(std::shared_ptr<detail::WriterState> state) noexcept;
  std::shared_ptr<detail::WriterState> state_;
};

/// One receiving type, made in two ways.
using Subscriber = Puller;

/// Which messages a subscriber gets.
struct Subscription {
  /// By which the sidecars remember it. Empty: they do not, and it is live. Not `workers`, which is what a pipeline
  /// has.
  std::string name{};
  /// Where it begins, when it is made, without meaning later: `new`; `beginning`, of what is still kept; a sequence; or
  /// `@` and milliseconds after 1970: with what was stored then or later. Without a name anything but `new` is a
  /// *replay*: what is still kept from there on comes once, in order, up to what was newest when it began, and moves
  /// nobody's cursor; then receive() gives nothing and stopped() is true. Its ack() matters to nobody else, nack() and
  /// release() bring a message again, reject() makes no dead letter.
  std::string start = "new";
  /// Many readers may share the work, without an order.
  bool shared = false;
  /// Of a replay: the last sequence that it wants; 0: the newest when it began.
  Sequence until = 0;
  /// How much may wait for it, if it is made by this; without meaning later. What is above goes, the oldest first, and
  /// its reader is told it as a Gap at its place; of what a reader has in hand nothing goes.
  BacklogLimit limit{};
  /// Order also past a nack: of a topic nothing is handed out while an older message of it is not settled, also if that
  /// waits for its next attempt; other topics go on, while what waits behind such messages fits into the sidecar's
  /// window. A message that is given up (a dead letter) lets its topic go on. It comes from the sidecar only, which
  /// costs a way more than the live path does, and a topic has one part of a batch under way at a time. Such a
  /// subscription is another kind than an exclusive one, and stays what it was made as; a gap of what its limit took is
  /// told at once, and not at its place.
  bool strict = false;
  /// How it tries again, if it is made by this; without meaning later (`restante subscriptions set` changes it).
  RetryRule retry{};
};

}  // namespace restante
