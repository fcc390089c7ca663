#pragma once
/// \file
/// JSON, there and back. The files json*.cpp are the only ones that include nlohmann. docs/commands.md lists the keys.
///
/// Numbers of 64 random bits (grants, incarnations) are strings of hexadecimal digits: many readers of JSON keep only
/// 53 bits of a number.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <restante/limits.h>

#include "core/messages.h"
#include "core/status.h"

namespace restante::sidecar {

/// Where a status goes on: behind the first `skip` subscriptions of `stream`. At its beginning if that is empty.
struct StatusPlace {
  std::string stream;
  std::size_t skip = 0;
};

/// What a sidecar is asked for, and back; for anything else the beginning.
std::string question_of(const StatusPlace& place);
StatusPlace place_of(std::string_view question);

/// One object, of `from` and what follows. It never exceeds `size_max`: what does not fit is left out, the last first,
/// and counted as `subscriptions_left_out` of the last stream that is there, and as `streams_left_out`.
std::string to_json(const core::NodeStatus& status, std::size_t size_max = limits::report_size_max,
                    const StatusPlace& from = {});

/// Where the status goes on that `status_text` has no room for; nullopt if it has all.
std::optional<StatusPlace> rest_of_status(std::string_view status_text);

/// One status of `text` and of `more`, which was asked for by rest_of_status(text); nullopt if `more` is not that.
std::optional<std::string> joined_status(std::string_view text, std::string_view more);

/// What to_json() made, read back; absent or unknown keys are taken as zero, so that a newer sidecar can be asked.
/// nullopt, and the reason in `why`, for anything that is not such an object.
std::optional<core::NodeStatus> status_from_json(std::string_view text, std::string& why);

/// The object of `stream` alone, as it stands in `status_text`; nullopt if there is none of that name.
std::optional<std::string> stream_json(std::string_view status_text, std::string_view stream);

/// The subscriptions of `stream`, of all streams if it is empty, as they stand in `status_text`: a list of objects,
/// each with its `stream` in front.
std::string subscriptions_json(std::string_view status_text, std::string_view stream);

/// One of them; nullopt if there is none of that name.
std::optional<std::string> subscription_json(std::string_view status_text, std::string_view stream,
                                             std::string_view name);

/// What became of a removal, or would.
std::string to_json(const core::Removed& removed, const std::string& stream, const std::string& name);

/// Likewise of a reset, and of a change of what a stream keeps.
std::string to_json(const core::WasReset& told, const std::string& stream, const std::string& name);
std::string to_json(const core::StreamSet& told, const std::string& stream);
/// -1 is what the node has.
std::string to_json(const core::SubscriptionSet& told, const std::string& stream, const std::string& name);

/// Whether any link of a Node was ever up, by what Node::status_json() says.
bool any_link_was_up(std::string_view node_status);

/// One received message.
struct MessageText {
  std::string node;
  std::string stream;
  std::uint64_t sequence = 0;
  std::uint64_t grant = 0;
  std::uint32_t attempt = 0;
  std::uint64_t marker = 0;
  std::string_view topic;
  std::string_view payload;
};

/// One object without a newline in it. The payload stands in `payload` if it is UTF-8, else in `payload_base64`.
std::string to_json(const MessageText& message);

/// Messages that are gone, among received ones.
struct GapText {
  std::string node;
  std::string stream;
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::string reason;
};

/// One object without a newline in it. Its only key is `gap`, which no message has.
std::string to_json(const GapText& gap);

/// What became of a `restante send` or `restante pub`.
struct SendTally {
  std::uint64_t accepted = 0;
  std::uint64_t confirmed = 0;
  std::uint64_t unconfirmed = 0;
  std::uint64_t empty = 0;
};
std::string to_json(const SendTally& tally);

/// Where a sidecar serves, as `restante up --json` prints it.
struct ReadyText {
  std::string node;
  std::string store;
  std::string ipc;
  std::string listen;
};
std::string to_json(const ReadyText& ready);

}  // namespace restante::sidecar
