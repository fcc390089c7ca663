#pragma once
/// \file
/// Messages with a type: senders and receivers of any Cap'n Proto struct. A target of its own (restante::typed),
/// because only this header shows types of Cap'n Proto.
///
///   auto orders = typed::pusher<Order>(node, "orders");
///   orders.send([&](Order::Builder order) { order.setCount(42); });
///
///   for (auto& order : typed::puller<Order>(node, "orders")) {
///     ship(order->getCount());  // read in the octets that were received, no copy
///     order.ack();
///   }
///
/// What travels is Cap'n Proto's own stream framing, and `application/x-capnp;id=0x…;name=Order` as its content type.
/// The id is that of the schema: programs with older and newer versions of one struct understand each other.
///
/// What is of another type, or of none, or whose octets are not whole, does not come to the application: it is rejected
/// (a dead letter) with a reason that names what was expected and what came. All of a message is looked at before it is
/// handed over, so reading a delivery throws nothing, whatever was sent; fields of type AnyPointer are the exception,
/// as only the application knows what it wants them to be.
///
/// What survives which crash is as without types: see pipeline.h and pubsub.h.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <capnp/message.h>

#include <restante/node.h>
#include <restante/typed_payload.h>

namespace restante::typed {

/// What a message of this type has as its content type: for those who send or receive its octets without this header.
template <Struct T>
std::string_view content_type() {
  return detail::format_of<T>().content_type();
}

/// A Delivery that was found to be a T; all that a Delivery promises, it promises too. What is read from it is valid
/// while it lives.
template <Struct T>
class Delivery : public restante::Delivery {
 public:
  /// Its fields, in place. Any number of threads may read.
  const typename T::Reader& operator*() const noexcept { return reader_; }
  const typename T::Reader* operator->() const noexcept { return &reader_; }

 private:
  template <Struct U>
  friend class Puller;
  Delivery(restante::Delivery&& plain, std::unique_ptr<capnp::MessageReader> message)
      : restante::Delivery(std::move(plain)), message_(std::move(message)), reader_(message_->getRoot<T>()) {}

  std::unique_ptr<capnp::MessageReader> message_;  // what reader_ points into
  typename T::Reader reader_;
};

/// A restante::Pusher that sends messages of one type. All members are thread-safe; move-only.
///
/// A message is built in memory that its thread keeps, and copied once, into the batch that travels. What is set in
/// Attributes goes with it; a content type there has to be that of T, as it is if the attributes of a delivery are
/// passed on.
template <Struct T>
class Pusher : private restante::Pusher {
 public:
  explicit Pusher(restante::Pusher plain) noexcept : restante::Pusher(std::move(plain)) {}

  /// Sends what `content` makes of an empty message: it is called with a T::Builder, before this returns, and if it
  /// throws, nothing is sent. Or sends a copy of `content`, if it is a T::Reader (or T::Builder). Errors as of
  /// restante::Pusher::send(), and bad_argument if a reader's octets (of a hostile sender, not checked) cannot be read.
  template <ContentOf<T> Content>
  Receipt send(Content&& content, const Attributes& attributes = {}) {
    detail::Draft<T> draft(std::forward<Content>(content));
    return restante::Pusher::send(draft.octets(), detail::format_of<T>().put_into(attributes));
  }
  /// As send(), but never waits: nullopt is back pressure; back_pressure() says why.
  template <ContentOf<T> Content>
  std::optional<Receipt> try_send(Content&& content, const Attributes& attributes = {}) {
    detail::Draft<T> draft(std::forward<Content>(content));
    return restante::Pusher::try_send(draft.octets(), detail::format_of<T>().put_into(attributes));
  }

  using restante::Pusher::accepted;
  using restante::Pusher::back_pressure;
  using restante::Pusher::close;
  using restante::Pusher::confirmed;
  using restante::Pusher::flush;
  using restante::Pusher::last_marker;
};

/// A restante::Publisher that publishes messages of one type; `content` and all else as of typed::Pusher.
template <Struct T>
class Publisher : private restante::Publisher {
 public:
  explicit Publisher(restante::Publisher plain) noexcept : restante::Publisher(std::move(plain)) {}

  template <ContentOf<T> Content>
  Receipt send(std::string_view topic, Content&& content, const Attributes& attributes = {}) {
    detail::Draft<T> draft(std::forward<Content>(content));
    return restante::Publisher::send(topic, draft.octets(), detail::format_of<T>().put_into(attributes));
  }
  template <ContentOf<T> Content>
  std::optional<Receipt> try_send(std::string_view topic, Content&& content, const Attributes& attributes = {}) {
    detail::Draft<T> draft(std::forward<Content>(content));
    return restante::Publisher::try_send(topic, draft.octets(), detail::format_of<T>().put_into(attributes));
  }

  using restante::Publisher::accepted;
  using restante::Publisher::back_pressure;
  using restante::Publisher::close;
  using restante::Publisher::confirmed;
  using restante::Publisher::flush;
  using restante::Publisher::last_marker;
};

/// A restante::Puller or Subscriber that hands out messages of one type and rejects all others. Thread-safe: several
/// threads may share one; move-only. Each rejected message is counted, and told in the log (the 1st, 2nd, 4th, 8th, …).
template <Struct T>
class Puller : private restante::Puller {
 public:
  explicit Puller(restante::Puller plain) : restante::Puller(std::move(plain)), gate_(detail::format_of<T>()) {}

  /// Waits for the next message that is a T; nullopt on time-out or when stopped. Messages that are none do not prolong
  /// the wait. Errors as of restante::Puller::receive().
  [[nodiscard]] std::optional<Delivery<T>> receive(Duration timeout = forever) {
    std::unique_ptr<capnp::MessageReader> message;
    auto plain = gate_.receive(*this, timeout, message);
    if (!plain) return std::nullopt;
    return Delivery<T>(std::move(*plain), std::move(message));
  }
  /// Never waits. After some hundred messages in a row that are none it gives nothing, though more may be there:
  /// ready_fd() stays readable.
  [[nodiscard]] std::optional<Delivery<T>> try_receive() { return receive(Duration::zero()); }

  /// As restante::Puller::run(): a return is an ack, what is thrown is a nack.
  void run(const std::function<void(Delivery<T>&)>& handler, std::stop_token stop = {}, unsigned threads = 1) {
    const auto handle = [&](restante::Delivery& plain) {
      auto message = gate_.open(*this, plain);
      if (!message) return;  // rejected
      Delivery<T> delivery(std::move(plain), std::move(message));
      const detail::HandBack back(plain, delivery);
      handler(delivery);
    };
    restante::Puller::run(handle, std::move(stop), threads);
  }

  using restante::Puller::ready_fd;
  using restante::Puller::stop;
  using restante::Puller::stopped;

  /// How many messages were rejected since opening, because they were no T.
  [[nodiscard]] std::uint64_t mismatched() const noexcept { return gate_.mismatched(); }

  /// Range-for over deliveries until stopped. The delivery lives until the next step. If the loop is left by an
  /// exception, the delivery in hand is nacked.
  class iterator;
  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() { return {}; }

 private:
  detail::Gate gate_;
};

/// An input iterator; `*it` is the Delivery that was received last, `**it` what it carries.
template <Struct T>
class Puller<T>::iterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Delivery<T>;
  using difference_type = std::ptrdiff_t;
  using pointer = Delivery<T>*;
  using reference = Delivery<T>&;

  explicit iterator(Puller* puller) : puller_(puller), current_(puller->receive()) {}
  Delivery<T>& operator*() { return *current_; }
  Delivery<T>* operator->() { return &*current_; }
  iterator& operator++() {
    current_.reset();  // before the wait: what was not settled is released now
    current_ = puller_->receive();
    return *this;
  }
  void operator++(int) { ++*this; }
  friend bool operator==(const iterator& it, std::default_sentinel_t) { return !it.current_.has_value(); }

 private:
  Puller* puller_;
  std::optional<Delivery<T>> current_;
};

/// One receiving type, made in two ways.
template <Struct T>
using Subscriber = Puller<T>;

// As the functions of the same names of Node, with the same errors.

template <Struct T>
Pusher<T> pusher(Node& node, std::string_view stream, const SenderOptions& options = {}) {
  return Pusher<T>(node.pusher(stream, options));
}

template <Struct T>
Puller<T> puller(Node& node, std::string_view stream, const ReceiverOptions& options = {}) {
  return Puller<T>(node.puller(stream, options));
}

template <Struct T>
Publisher<T> publisher(Node& node, std::string_view stream, const SenderOptions& options = {}) {
  return Publisher<T>(node.publisher(stream, options));
}

template <Struct T>
Subscriber<T> subscriber(Node& node, std::string_view stream, const std::vector<std::string>& filters,
                         const Subscription& subscription, const ReceiverOptions& options = {}) {
  return Subscriber<T>(node.subscriber(stream, filters, subscription, options));
}

}  // namespace restante::typed
