#include "core/assert.h"

#include <cstdio>
#include <cstdlib>

namespace restante::core {

void assertion_failed(const char* expression, const char* file, int line) noexcept {
  std::fprintf(stderr, "restante: expected %s at %s:%d; this is a bug, please report it\n", expression, file, line);
  std::abort();
}

}  // namespace restante::core
