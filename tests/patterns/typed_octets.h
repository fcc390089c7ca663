#pragma once
/// \file
/// Messages of typed_test.capnp as they travel, made without this library.

#include <string>

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "tests/patterns/typed_test.capnp.h"

namespace restante::test {

inline std::string text(capnp::Text::Reader reader) { return {reader.begin(), reader.size()}; }

/// As somebody sends it who does not have this library.
inline std::string octets_of(capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  return {reinterpret_cast<const char*>(words.begin()), words.size() * sizeof(capnp::word)};
}

template <typename T, typename Build>
std::string octets(Build build) {
  capnp::MallocMessageBuilder message;
  build(message.initRoot<T>());
  return octets_of(message);
}

inline std::string order_octets(unsigned number) {
  return octets<Order>([&](Order::Builder order) { order.setNumber(number); });
}

}  // namespace restante::test
