/// \file
/// The corpora of the fuzzers, without a fuzzer: what once was found, or leads deep, is tried with each compiler.

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <catch2/catch.hpp>

#include "tests/fuzz/entry.h"

namespace {

std::filesystem::path corpus(const std::string& name) {
  return std::filesystem::path(RESTANTE_SOURCE_DIR) / "tests" / "fuzz" / "corpus" / name;
}

}  // namespace

TEST_CASE("nothing in the corpora of the fuzzers breaks a rule") {
  for (const auto& [name, entry] : restante::fuzz::entries) {
    std::size_t files = 0;
    for (const auto& one : std::filesystem::directory_iterator(corpus(name))) {
      std::ifstream file(one.path(), std::ios::binary);
      const std::string octets{std::istreambuf_iterator<char>(file), {}};
      entry(octets);
      ++files;
    }
    INFO(name);
    CHECK(files >= 5);
  }
}
