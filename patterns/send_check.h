#pragma once
/// \file
/// What may be sent: looked at on the application's thread, before anything is queued.

#include <string>
#include <string_view>

#include <restante/options.h>

#include "core/batch.h"

namespace restante::detail {

// `stream` is for the text of the Error (bad_argument) that each of them throws.

/// As they travel; empty if there are none.
std::string encode(const Attributes& attributes, const std::string& stream);

/// As the sidecar counts them.
core::DeliveryTimes times_of(const Attributes& attributes, const std::string& stream);
void check_topic(std::string_view topic, const std::string& stream);
/// What a Publisher may send: a topic, and nothing delayed, as its live subscribers have it at once.
void check_published(std::string_view topic, const Attributes& attributes, const std::string& stream);
void check_payload(std::string_view payload, const std::string& stream);

}  // namespace restante::detail
