#pragma once
/// \file
/// What is behind an Output: what the function made of one input, not sent yet.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <restante/delivery.h>
#include <restante/options.h>

#include "patterns/writer_state.h"

namespace restante::detail {

/// Checks each output when it is made, so that all of them can be sent later. One thread, for one call of the function.
class StageOutput {
 public:
  struct Item {
    std::shared_ptr<WriterState> to;
    std::string topic;
    std::string payload;     ///< empty: that of the input, which need not be copied
    std::string attributes;  ///< as they travel
    std::uint64_t marker = 0;
    core::DeliveryTimes times{};  ///< its own; what it does not say of its age, as the input, whose age begins anew
  };

  /// `reader` is the subscription of the input, empty for that of a pipeline. `out` may be null.
  StageOutput(Delivery& input, std::string_view reader, std::shared_ptr<WriterState> out, std::size_t octets_max)
      : input_(input), reader_(reader), out_(std::move(out)), octets_max_(octets_max) {}

  void send(const std::shared_ptr<WriterState>& to, std::optional<std::string_view> topic, std::string_view payload,
            const Attributes& attributes);
  void pass(const std::shared_ptr<WriterState>& to);
  void reject(std::string_view reason) { rejected_ = reason.empty() ? "rejected by the stage" : reason; }
  bool extend() noexcept { return input_.extend(); }

  /// The stage's own. Throws Error bad_argument if it has none.
  [[nodiscard]] const std::shared_ptr<WriterState>& out();
  [[nodiscard]] const std::vector<Item>& items() const noexcept { return items_; }
  [[nodiscard]] const std::optional<std::string>& rejected() const noexcept { return rejected_; }
  /// Why send() threw last; empty: it did not.
  [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }

 private:
  Item& add(const std::shared_ptr<WriterState>& to, std::optional<std::string_view> topic, std::string_view payload,
            const Attributes& attributes);
  [[nodiscard]] std::string origin(const std::string& stream);
  [[nodiscard]] std::string encode_with_input(const Attributes& own, const std::string& stream,
                                              core::DeliveryTimes& times);
  [[noreturn]] void refuse(const std::string& why);

  Delivery& input_;
  const std::string_view reader_;
  const std::shared_ptr<WriterState> out_;
  const std::size_t octets_max_;
  std::string effect_id_;  // of the input, once asked for
  std::size_t octets_ = 0;
  std::vector<Item> items_;
  std::optional<std::string> rejected_;
  std::string refusal_;
};

}  // namespace restante::detail
