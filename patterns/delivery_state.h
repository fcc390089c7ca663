#pragma once
/// \file
/// What is behind a Delivery.

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/intake.h"
#include "core/wire.h"
#include "patterns/reader_state.h"

namespace restante::detail {

/// Keeps the batch that the payload lies in and the reader that is to be told. One thread at a time.
struct DeliveryState {
  DeliveryState(std::shared_ptr<ReaderState> from, ReaderState::Taken taken)
      : reader(std::move(from)), session(taken.session), node(taken.node), item(std::move(taken.item)) {}

  /// False if the lease had ended, or it was settled before.
  bool settle(core::Intake::Verdict verdict, Duration delay, std::string_view reason) noexcept;

  /// Decoded when first asked for: most messages have none, and most readers do not look.
  const core::AttributeValues& attributes();

  std::shared_ptr<ReaderState> reader;
  ReaderSession* session;
  const std::string* node;
  core::Intake::Item item;
  bool settled = false;
  int exceptions_at_start = std::uncaught_exceptions();
  std::unique_ptr<core::AttributeValues> decoded;
  std::string marker_text;
  std::vector<Header> headers;  // views into `decoded`, once asked for
};

}  // namespace restante::detail
