#pragma once
/// \file
/// Pipeline: each message of a stream goes to one of its pullers, and again until one of them acks it.
///
///   restante::Node node;                               restante::Node node;
///   auto orders = node.pusher("orders");               for (auto& order : node.puller("orders")) {
///   orders.send("42 apples");                            ship(order.payload());
///                                                        order.ack();
///                                                      }
///
/// What survives
///   send() returned            the message is in this process only; it is lost if the process dies
///   the receipt is confirmed   it is on this node's disk, or acked: it survives `kill -9` and a power cut
///   ack() reached the sidecar  it is never delivered again
/// A message is delivered at least once, and never twice in one session. Workers have no order among them.
///
/// Errors: what can happen on a good day (no room, nothing yet, stopped) is returned; the rest throws Error.

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <string_view>

#include <restante/delivery.h>
#include <restante/error.h>
#include <restante/options.h>
#include <restante/receipt.h>

namespace restante {

namespace detail {
class WriterState;
class ReaderState;
}  // namespace detail

namespace typed::detail {
class Gate;
}

/// The sending end. All members are thread-safe; move-only. Opening never waits and never fails because something is
/// absent: without a sidecar, sending fills the window. A stream has one writer: a second process is refused with
/// Error held_elsewhere from send(), flush() or a receipt, naming the holder.
class Pusher {
 public:
  Pusher(Pusher&&) noexcept;
  Pusher& operator=(Pusher&&) noexcept;
  Pusher(const Pusher&) = delete;
  Pusher& operator=(const Pusher&) = delete;
  ~Pusher();  ///< close(), and a warning that says how many messages were left unconfirmed

  /// Accepts a copy of `payload` (1 to limits::payload_size_max octets). Waits only while the window is full.
  /// Throws Error: bad_argument (size, attributes), bad_state (closed, fenced, stopped node), held_elsewhere,
  /// incompatible_version.
  Receipt send(std::string_view payload, const Attributes& attributes = {});

  /// As send(), but never waits: nullopt is back pressure; back_pressure() says why.
  std::optional<Receipt> try_send(std::string_view payload, const Attributes& attributes = {});

  /// What keeps the window full, or what was accepted from being confirmed (no sidecar, store full, window of N
  /// octets). Empty if nothing does: all is confirmed, or on its way.
  [[nodiscard]] std::string back_pressure() const;

  /// Waits until everything accepted so far is confirmed. False: time-out; nothing is undone.
  /// Throws Error if it never will be (fenced, held elsewhere).
  bool flush(Duration timeout = forever);

  /// The marker of the newest confirmed message of this stream, also of earlier processes: where to go on.
  /// Waits for the sidecar up to `timeout`; nullopt if there was no marker yet. Throws Error retry_later on time-out.
  [[nodiscard]] std::optional<std::uint64_t> last_marker(Duration timeout = std::chrono::seconds{5}) const;

  /// Flushes for up to `timeout`, then leaves. Returns how many messages are left unconfirmed (they are lost with this
  /// process). Further calls of send() throw bad_state.
  std::size_t close(Duration timeout = std::chrono::seconds{5});

  /// Counts since opening: accepted by send(), confirmed by the sidecar.
  [[nodiscard]] std::uint64_t accepted() const noexcept;
  [[nodiscard]] std::uint64_t confirmed() const noexcept;

 private:
  friend class Node;
  friend class Out;
  explicit Pusher(std::shared_ptr<detail::WriterState> state) noexcept;
  std::shared_ptr<detail::WriterState> state_;
};

/// The receiving end. Thread-safe: several threads may share one. Pullers of one stream, in any process, share its
/// work.
class Puller {
 public:
  Puller(Puller&&) noexcept;
  Puller& operator=(Puller&&) noexcept;
  Puller(const Puller&) = delete;
  Puller& operator=(const Puller&) = delete;
  ~Puller();  ///< stop()

  /// Waits for the next delivery; nullopt on time-out or when stopped. Throws Error if no sidecar will have this
  /// receiver: held_elsewhere (taken over), bad_argument (refused for good, with the reason).
  [[nodiscard]] std::optional<Delivery> receive(Duration timeout = forever);
  /// Never waits.
  [[nodiscard]] std::optional<Delivery> try_receive();

  /// Hands each delivery to `handler` on `threads` threads until stopped: acks when it returns, nacks when it throws
  /// (and logs what it threw); a delivery that the handler settled itself, or moved away, stays as it is.
  void run(const std::function<void(Delivery&)>& handler, std::stop_token stop = {}, unsigned threads = 1);

  /// Readable while try_receive() may have something: for epoll, asio, Qt. Owned by this Puller; only poll it.
  [[nodiscard]] int ready_fd() const;

  [[nodiscard]] bool stopped() const noexcept;
  /// Releases what was not handed over and ends all waiting, now and later.
  void stop() noexcept;

  /// Range-for over deliveries until stopped. The delivery lives until the next step.
  class iterator;
  iterator begin();
  std::default_sentinel_t end() { return {}; }

 private:
  friend class Node;
  friend class Stage;
  friend class typed::detail::Gate;
  explicit Puller(std::shared_ptr<detail::ReaderState> state) noexcept;
  std::shared_ptr<detail::ReaderState> state_;
};

/// An input iterator; `*it` is the Delivery that was received last.
class Puller::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Delivery;
  using difference_type = std::ptrdiff_t;
  using pointer = Delivery*;
  using reference = Delivery&;

  explicit iterator(Puller* puller) : puller_(puller), current_(puller->receive()) {}
  Delivery& operator*() { return *current_; }
  Delivery* operator->() { return &*current_; }
  iterator& operator++() {
    current_.reset();
    current_ = puller_->receive();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const iterator& it, std::default_sentinel_t) { return !it.current_.has_value(); }

 private:
  Puller* puller_;
  std::optional<Delivery> current_;
};

inline Puller::iterator Puller::begin() { return iterator(this); }

}  // namespace restante
