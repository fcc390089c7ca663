#pragma once
/// \file
/// A message in the hands of the application.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <restante/options.h>
#include <restante/types.h>

namespace restante {

namespace detail {
struct DeliveryState;
class StageRun;
}  // namespace detail

/// The header by which a message names what it was made from; see Delivery::effect_id().
inline constexpr std::string_view origin_header = "restante-origin";

/// One attempt to have a message processed, held under a lease: settle it before the lease ends, or it is delivered
/// again, perhaps elsewhere. Move-only. May be settled on any thread, also after its Puller is gone (while its Node
/// lives the settling reaches the sidecar). Settling twice does nothing and returns false.
///
/// The destructor of an unsettled delivery is nack() while an exception unwinds, and release() otherwise.
class Delivery {
 public:
  Delivery(Delivery&&) noexcept;
  Delivery& operator=(Delivery&&) noexcept;
  Delivery(const Delivery&) = delete;
  Delivery& operator=(const Delivery&) = delete;
  ~Delivery();

  /// At an address divisible by 8; valid while this Delivery lives.
  [[nodiscard]] std::string_view payload() const noexcept;
  [[nodiscard]] std::string_view topic() const noexcept;  ///< empty in a pipeline
  [[nodiscard]] std::string_view node() const noexcept;   ///< the node that sent it
  [[nodiscard]] MessageId id() const;                     ///< the same at every redelivery
  [[nodiscard]] std::uint32_t attempt() const noexcept;   ///< 1, 2, …
  /// A header, or content-type, correlation-id, traceparent, key, marker (in decimal); empty if there is none.
  [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
  [[nodiscard]] std::uint64_t marker() const noexcept;  ///< 0: none
  /// The whole envelope, to look at or to send on; views into this Delivery, valid while it lives. Throws bad_alloc.
  [[nodiscard]] Attributes attributes() const;
  /// What the message stands for: the same for it and for whatever sends the same work again under another id. That is
  /// its header `restante-origin`, which stage() and route() set on what they send, or else its id as text
  /// (`node/stream/grant/sequence`, the grant in hexadecimal).
  [[nodiscard]] std::string effect_id() const;

  bool ack() noexcept;  ///< Processed: never again. False: the lease had ended.
  bool nack(Duration delay = Duration{
                -1}) noexcept;                    ///< Not now: again after `delay` (negative: by backoff). An attempt.
  bool reject(std::string_view reason) noexcept;  ///< Never: kept as a dead letter with `reason`.
  /// Still at work: the lease starts anew, and lasts for `at_least` if that is longer. False: it had ended.
  bool extend(Duration at_least = {}) noexcept;
  void release() noexcept;  ///< Not processed, no attempt counted: again at once, perhaps elsewhere.

 private:
  friend class Puller;
  friend class detail::StageRun;
  explicit Delivery(std::unique_ptr<detail::DeliveryState> state) noexcept;
  std::unique_ptr<detail::DeliveryState> state_;
};

}  // namespace restante
