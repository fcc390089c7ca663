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
  damaged.first = 1 + 2;
  page.add(damaged);
  const LoadReply reply = page.end(9, {});
  REQUIRE(reply.rows.size() == 1);
  CHECK(reply.damaged == std::vector<Range>{{5, 9}});
}
