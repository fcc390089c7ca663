#include "core/load_page.h"

#include <catch2/catch.hpp>

#include "core/batch.h"

using namespace restante;
using namespace restante::core;

namespace {

RowRecord row_of(Sequence first, Sequence last, Sequence stored_prev) {
  BatchBuilder builder("s", "t");
  for (Sequence sequence = first; sequence <= last; ++sequence) builder.append("payload");
  BatchHeader header;
  header.grant = 1;
  header.first = first;
  header.last = last;
  return {1, 1, first, last, stored_prev, builder.seal(header)};
}

}  // namespace

TEST_CASE("a damaged row whose place seems to lie within a whole one is reported behind it") {
  LoadPage page({.number = 1, .stream = 1, .after = 0, .up_to = 100, .octets = 1000, .rows = 10}, 0,
                [](Sequence sequence) { return sequence; });
  page.add(row_of(1, 4, 0));
  RowRecord damaged = row_of(5, 9, 4);
  damaged.first = 3;
  page.add(damaged);
  const LoadReply reply = page.end(9, {});
  REQUIRE(reply.rows.size() == 1);
  CHECK(reply.damaged == std::vector<Range>{{5, 9}});
}

TEST_CASE("what is reported as gone does not reach over rows that are there, in whatever order they come") {
  LoadPage page({.number = 1, .stream = 1, .after = 0, .up_to = 100, .octets = 1000, .rows = 10}, 0,
                [](Sequence) { return Sequence{0}; });
  page.add(row_of(1, 4, 0));
  page.add(row_of(5, 6, 4));
  page.add(row_of(20, 21, 6));
  page.add(row_of(22, 23, 19));
  const LoadReply reply = page.end(23, {});
  CHECK(reply.rows.size() == 4);
  CHECK(reply.damaged == std::vector<Range>{{7, 19}});
}

TEST_CASE("a damaged row whose place seems to lie below what is asked for is reported above it") {
  LoadPage page({.number = 1, .stream = 1, .after = 18, .up_to = 100, .octets = 1000, .rows = 10}, 0,
                [](Sequence sequence) { return sequence; });
  RowRecord damaged = row_of(19, 22, 18);
  damaged.first = 1;
  page.add(damaged);
  CHECK(page.end(22, {}).damaged == std::vector<Range>{{19, 22}});
}
