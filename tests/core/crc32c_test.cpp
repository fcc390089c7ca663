#include "core/crc32c.h"

#include <string>

#include <catch2/catch.hpp>

#include "core/random.h"

using restante::core::crc32c;
using restante::core::crc32c_portable;
using restante::core::Random;

TEST_CASE("CRC32C gives the values of RFC 3720, appendix B.4") {
  std::string rising;
  for (int i = 0; i < 32; ++i) rising.push_back(static_cast<char>(i));
  const std::string falling(rising.rbegin(), rising.rend());
  struct Vector {
    std::string octets;
    std::uint32_t crc;
  };
  const Vector vectors[] = {
      {"", 0},
      {"123456789", 0xe3069283},
      {std::string(32, '\0'), 0x8a9136aa},
      {std::string(32, '\xff'), 0x62a8ab43},
      {rising, 0x46dd794e},
      {falling, 0x113fdb5c},
  };
  for (const Vector& vector : vectors) {
    CHECK(crc32c(vector.octets) == vector.crc);
    CHECK(crc32c_portable(vector.octets) == vector.crc);
  }
}

TEST_CASE("CRC32C of the processor equals the one of the tables, at every alignment, length and cut") {
  Random random(7);
  std::string octets(600, '\0');
  for (char& octet : octets) octet = static_cast<char>(random.next());
  for (std::size_t start = 0; start < 9; ++start) {
    for (std::size_t length = 0; length < 80; ++length) {
      const std::string_view part = std::string_view(octets).substr(start, length);
      const auto seed = static_cast<std::uint32_t>(random.next());
      REQUIRE(crc32c(part, seed) == crc32c_portable(part, seed));
    }
  }
  const std::uint32_t whole = crc32c(octets);
  for (std::size_t cut = 0; cut <= octets.size(); ++cut) {
    const std::string_view view(octets);
    REQUIRE(crc32c(view.substr(cut), crc32c(view.substr(0, cut))) == whole);
    REQUIRE(crc32c_portable(view.substr(cut), crc32c_portable(view.substr(0, cut))) == whole);
  }
}

TEST_CASE("CRC32C sees every single flipped bit") {
  std::string octets = "a message that travels far and is kept for a long time";
  const std::uint32_t right = crc32c(octets);
  for (std::size_t bit = 0; bit < octets.size() * 8; ++bit) {
    const auto mask = static_cast<char>(1U << (bit % 8));
    octets[bit / 8] = static_cast<char>(octets[bit / 8] ^ mask);
    REQUIRE(crc32c(octets) != right);
    octets[bit / 8] = static_cast<char>(octets[bit / 8] ^ mask);
  }
}
