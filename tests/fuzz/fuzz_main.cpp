/// \file
/// What libFuzzer calls; a program a fuzzer, whose name it is compiled with.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size);

int LLVMFuzzerTestOneInput(const std::uint8_t* octets, std::size_t size) {
  restante::fuzz::RESTANTE_FUZZER({reinterpret_cast<const char*>(octets), size});
  return 0;
}
