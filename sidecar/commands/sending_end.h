#pragma once
/// \file
/// What records are written to.

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <restante/pipeline.h>
#include <restante/pubsub.h>

namespace restante::commands {

/// A Pusher or a Publisher, behind one face. Each member is theirs.
class SendingEnd {
 public:
  explicit SendingEnd(Pusher pusher) : end_(std::move(pusher)) {}
  explicit SendingEnd(Publisher publisher) : end_(std::move(publisher)) {}

  /// False: back pressure. A Pusher knows no `topic`.
  bool try_send(std::string_view topic, std::string_view payload, const Attributes& attributes) {
    if (auto* publisher = std::get_if<Publisher>(&end_)) {
      return publisher->try_send(topic, payload, attributes).has_value();
    }
    return std::get<Pusher>(end_).try_send(payload, attributes).has_value();
  }

  bool flush(Duration timeout) {
    return std::visit([&](auto& end) { return end.flush(timeout); }, end_);
  }
  std::size_t close(Duration timeout) {
    return std::visit([&](auto& end) { return end.close(timeout); }, end_);
  }
  [[nodiscard]] std::optional<std::uint64_t> last_marker(Duration timeout) const {
    return std::visit([&](const auto& end) { return end.last_marker(timeout); }, end_);
  }
  [[nodiscard]] std::string back_pressure() const {
    return std::visit([](const auto& end) { return end.back_pressure(); }, end_);
  }
  [[nodiscard]] std::uint64_t accepted() const noexcept {
    return std::visit([](const auto& end) { return end.accepted(); }, end_);
  }
  [[nodiscard]] std::uint64_t confirmed() const noexcept {
    return std::visit([](const auto& end) { return end.confirmed(); }, end_);
  }

 private:
  std::variant<Pusher, Publisher> end_;
};

}  // namespace restante::commands
