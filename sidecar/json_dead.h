#pragma once
/// \file
/// Dead letters as JSON, an object each without a newline in it. docs/commands.md lists the keys.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/operator_messages.h"
#include "core/wire.h"

namespace restante::sidecar {

/// One dead letter, and where it is.
struct Letter {
  std::string node;
  std::string stream;
  core::DeadLetter told;

  /// `stream/subscription/sequence`: for people, and to name it by.
  [[nodiscard]] std::string id() const;
  /// `node/stream/grant/sequence`, as Delivery::effect_id(): its id as a message.
  [[nodiscard]] std::string message_id() const;
};

/// With all that there is of it.
struct WholeLetter {
  Letter letter;
  std::string encoded_attributes;
  std::optional<core::AttributeValues> attributes{};  ///< nullopt: they cannot be read
  std::string payload;
};

std::string to_json(const Letter& letter);

/// `shown` is for who looks at it, with the payload as text if it is UTF-8; `kept` loses no octet; `beside` is `kept`
/// without the payload, which is in a file of its own.
enum class WholeForm { shown, kept, beside };
std::string to_json(const WholeLetter& whole, WholeForm form);

/// What became of letters that something was to be done with.
struct LettersTally {
  std::uint64_t chosen = 0;
  std::uint64_t letters = 0;  ///< that it was done with
  std::uint64_t octets = 0;
  std::string refusal{};
};
std::string to_json(const LettersTally& tally, const std::string& action);

/// What became of an edit.
std::string to_json(const core::DeadChanged& told, const std::string& id, const std::string& edited_from);

}  // namespace restante::sidecar
