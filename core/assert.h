#pragma once
/// \file
/// Assertions for errors of programming, in release too. Never for octets from outside or for what the disk holds.

namespace restante::core {

/// Prints the broken expectation to stderr and aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

}  // namespace restante::core

#define RESTANTE_ASSERT(expression)                     \
  (static_cast<bool>(expression) ? static_cast<void>(0) \
                                 : ::restante::core::assertion_failed(#expression, __FILE__, __LINE__))
