#include "patterns/logger.h"

#include <cstdio>

namespace restante::detail {

void Logger::write(int level, const std::string& text) const noexcept {
  try {
    if (function_) {
      function_(level, text);
    } else if (level >= 2) {
      std::fprintf(stderr, "restante: %s: %s\n", level == 2 ? "warning" : "error", text.c_str());
    }
  } catch (...) {  // a log that throws must not end what it reports on
  }
}

}  // namespace restante::detail
