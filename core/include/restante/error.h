#pragma once
/// \file
/// The one exception type. Ordinary outcomes (no message yet, timed out, stopped) are return values, never errors.

#include <stdexcept>
#include <string>
#include <utility>

namespace restante {

/// What the caller can do about it.
enum class ErrorCode {
  retry_later,           ///< quota, window, no sidecar yet: the text says which limit, how full, what changes it
  held_elsewhere,        ///< another writer or a newer session has it; the text names who and since when
  bad_argument,          ///< the call is wrong; the text names the argument and the rule
  bad_state,             ///< the object is closed, fenced or used after a fork
  misconfigured,         ///< an option, a path or a permission
  denied,                ///< refused by a rule of safety, such as a non-loopback endpoint without --insecure
  incompatible_version,  ///< the other side or the store speaks a newer version
  store_failed,          ///< the store cannot be trusted or written
};

/// An operation that failed. `what()` names the operation, the object, the cause and the next step, as a sentence.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& text) : std::runtime_error(text), code_(code) {}

  [[nodiscard]] ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace restante
