#include <catch2/catch.hpp>

#include "patterns/link/zmq_descriptors.h"

using restante::link::DescriptorOwners;

namespace {

std::vector<std::string> routes(const std::vector<DescriptorOwners::Lost>& lost) {
  std::vector<std::string> result;
  for (const auto& one : lost) result.push_back(one.route);
  return result;
}

using Routes = std::vector<std::string>;

}  // namespace

TEST_CASE("the end of a connection that has spoken is told", "[link]") {
  DescriptorOwners owners;
  owners.accepted(5);
  CHECK(owners.looked().empty());
  CHECK_FALSE(owners.spoke(5, "a"));
  CHECK(owners.looked().empty());
  owners.closed(5);
  const auto lost = owners.looked();
  REQUIRE(routes(lost) == Routes{"a"});
  CHECK(owners.forget(lost[0]));
  CHECK_FALSE(owners.forget(lost[0]));
}

TEST_CASE("the end of a connection that has not spoken is not told", "[link]") {
  DescriptorOwners owners;
  owners.accepted(5);
  owners.closed(5);
  CHECK(owners.looked().empty());
}

TEST_CASE("another route by the same descriptor proves the end of the one before", "[link]") {
  DescriptorOwners owners;
  owners.accepted(5);
  owners.spoke(5, "a");
  owners.looked();
  CHECK(owners.spoke(5, "b") == "a");
  SECTION("and the late news of that end is not taken for the new one's") {
    owners.closed(5);
    owners.accepted(5);
    CHECK(owners.looked().empty());
  }
  SECTION("and the new one's end in the same look is told") {
    owners.closed(5);
    owners.accepted(5);
    owners.closed(5);
    CHECK(routes(owners.looked()) == Routes{"b"});
  }
}

TEST_CASE("a known connection is lost even if its descriptor is taken again in the same look", "[link]") {
  DescriptorOwners owners;
  owners.accepted(5);
  owners.spoke(5, "a");
  owners.looked();
  owners.closed(5);
  owners.accepted(5);
  const auto lost = owners.looked();
  REQUIRE(routes(lost) == Routes{"a"});
  SECTION("told before the next one speaks") {
    CHECK(owners.forget(lost[0]));
    CHECK_FALSE(owners.spoke(5, "b"));
    CHECK(owners.looked().empty());
    owners.closed(5);
    CHECK(routes(owners.looked()) == Routes{"b"});
  }
  SECTION("told by the next one") {
    CHECK(owners.spoke(5, "b") == "a");
    CHECK_FALSE(owners.forget(lost[0]));
    CHECK(owners.looked().empty());
  }
}

TEST_CASE("a connection that lived and died between two looks is told", "[link]") {
  DescriptorOwners owners;
  owners.spoke(5, "a");
  owners.accepted(5);
  owners.closed(5);
  CHECK(routes(owners.looked()) == Routes{"a"});
}

TEST_CASE("a connection whose number was taken between two looks is told when the taker goes or speaks", "[link]") {
  DescriptorOwners owners;
  owners.spoke(5, "a");
  owners.accepted(5);
  owners.closed(5);
  owners.accepted(5);
  CHECK(owners.looked().empty());
  SECTION("speaks") { CHECK(owners.spoke(5, "b") == "a"); }
  SECTION("goes") {
    owners.closed(5);
    CHECK(routes(owners.looked()) == Routes{"a"});
  }
}

TEST_CASE("words that come after the end was told are followed by it again", "[link]") {
  DescriptorOwners owners;
  owners.accepted(5);
  owners.spoke(5, "a");
  owners.closed(5);
  const auto lost = owners.looked();
  REQUIRE(routes(lost) == Routes{"a"});
  CHECK(owners.forget(lost[0]));
  owners.spoke(5, "a");
  CHECK(routes(owners.looked()) == Routes{"a"});
}

TEST_CASE("what is read late of an older route does not end the newer one that has its descriptor", "[link]") {
  const auto route = [](std::uint32_t count) {
    std::string octets(5, '\0');
    for (std::size_t i = 4; i > 0; --i, count >>= 8U) octets[i] = static_cast<char>(count & 0xFFU);
    return octets;
  };
  for (const std::uint32_t first : {0U, 7U, 255U, 0x7FFFFFFFU, 0xFFFFFFFFU}) {
    DescriptorOwners owners;
    CHECK_FALSE(owners.is_over(5, route(first)));
    owners.spoke(5, route(first));
    CHECK_FALSE(owners.is_over(5, route(first)));
    CHECK_FALSE(owners.is_over(5, route(first + 1)));
    owners.spoke(5, route(first + 1));
    CHECK(owners.is_over(5, route(first)));
    CHECK_FALSE(owners.is_over(6, route(first)));
    CHECK_FALSE(owners.is_over(5, "named"));
  }
}

TEST_CASE("descriptors are kept apart", "[link]") {
  DescriptorOwners owners;
  owners.accepted(5);
  owners.accepted(6);
  owners.spoke(5, "a");
  owners.spoke(6, "b");
  owners.looked();
  owners.closed(6);
  CHECK(routes(owners.looked()) == Routes{"b"});
}
