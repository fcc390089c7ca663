#pragma once
/// \file
/// Octets that are written once and then shared: the same buffer travels live, to the sidecar, into a row and out
/// again.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

namespace restante::core {

/// Immutable octets with shared ownership. Copying a Buffer copies a reference. Thread-safe as a shared_ptr is.
class Buffer {
 public:
  Buffer() = default;

  /// Views `octets`, which stay valid while `owner` lives (a received zmq message, a batch under construction, a page).
  Buffer(std::shared_ptr<const void> owner, std::string_view octets) : owner_(std::move(owner)), octets_(octets) {}

  /// A copy of `octets` at an 8-octet aligned address.
  static Buffer copy_of(std::string_view octets);

  /// This buffer, or a copy of it if its address is not aligned to 8 octets (zmq's small frames are not).
  [[nodiscard]] Buffer aligned() const;

  [[nodiscard]] std::string_view octets() const noexcept { return octets_; }
  [[nodiscard]] std::size_t size() const noexcept { return octets_.size(); }
  [[nodiscard]] bool empty() const noexcept { return octets_.empty(); }
  [[nodiscard]] const std::shared_ptr<const void>& owner() const noexcept { return owner_; }

 private:
  std::shared_ptr<const void> owner_;
  std::string_view octets_;
};

}  // namespace restante::core
