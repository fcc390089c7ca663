#include "core/settled_ids.h"

#include <catch2/catch.hpp>

using namespace restante;
using namespace restante::core;

namespace {

constexpr GrantId grant = 7;

/// So many single ids, every other one, that memory is needed.
constexpr Sequence many = limits::settled_ranges_max / 8;

SettledIds crowd() {
  SettledIds settled;
  for (Sequence sequence = 2; sequence <= 2 * many; sequence += 2) settled.ack(grant, sequence);
  return settled;
}

}  // namespace

TEST_CASE("the floor alone lets nothing be forgotten: the words on it must be on the disk (X9)") {
  SettledIds settled = crowd();
  AckBatch words;
  settled.begin(2 * many, words);
  CHECK(words.take(1, {}).size() > 1);
  settled.pass(2 * many, 5);  // they are not said yet
  CHECK(settled.ids().contains(grant, 2));
  settled.said(5);
  settled.pass(2 * many, 4);
  CHECK(settled.ids().contains(grant, 2));
  settled.pass(2 * many, 5);
  CHECK(settled.ids().empty());
}

TEST_CASE("what is settled behind the mark stays, also below the floor: it was parked (X9, B4)") {
  SettledIds settled = crowd();
  settled.pass(0, 0);
  settled.said(5);
  settled.pass(2 * many, 5);  // a mark: what is settled now and up to here may go when it is written
  settled.ack(grant, 11);
  settled.reject(grant, 13, "no");
  settled.said(6);
  settled.pass(2 * many, 5);
  CHECK(settled.ids().contains(grant, 2));
  settled.pass(2 * many, 6);
  CHECK_FALSE(settled.ids().contains(grant, 2));
  CHECK(settled.ids().contains(grant, 11));
  AckBatch words;
  settled.say_again(grant, {13, 13}, words);
  CHECK(std::get<Settle>(words.take(1, {}).front()).rejects.size() == 1);
}

TEST_CASE("when all words are on the disk, all below the floor may go: there may be no other checkpoint") {
  SettledIds settled = crowd();
  settled.pass(0, 0);
  settled.said(5);
  settled.pass_all(2 * many);
  CHECK(settled.ids().empty());
}

TEST_CASE("a few settled ids are kept whatever is written") {
  SettledIds settled;
  settled.ack(grant, 1);
  AckBatch words;
  settled.begin(10, words);
  for (std::uint64_t count = 0; count < 5; ++count) {
    settled.said(count);
    settled.pass(10, count);
  }
  CHECK(settled.ids().contains(grant, 1));
}
