#include "patterns/json_text.h"

#include <string>

#include <catch2/catch.hpp>

using restante::detail::JsonText;

namespace {

std::string quoted(std::string_view text) { return JsonText().value(text).text(); }

}  // namespace

TEST_CASE("members and values are separated where they have to be") {
  JsonText json;
  json.begin_object().member("a", std::uint64_t{1}).member("b", true).key("c").begin_list();
  json.value("x").value("y").begin_object().end_object().end_list().member("d", "z").end_object();
  CHECK(json.text() == R"({"a":1,"b":true,"c":["x","y",{}],"d":"z"})");
}

TEST_CASE("what has a meaning in JSON is escaped") {
  CHECK(quoted("a\"b\\c") == R"("a\"b\\c")");
  CHECK(quoted("a\nb\x01") == R"("a\u000ab\u0001")");
  CHECK(quoted("grüß €𝄞") == "\"grüß €𝄞\"");
}

TEST_CASE("octets that are no UTF-8 are replaced") {
  CHECK(quoted("a\xff") == R"("a\ufffd")");
  CHECK(quoted("\xc3") == R"("\ufffd")");
  CHECK(quoted("\xed\xa0\x80") == R"("\ufffd\ufffd\ufffd")");
  CHECK(quoted("\xc0\xaf") == R"("\ufffd\ufffd")");
  CHECK(quoted("\xf5z") == R"("\ufffdz")");
}
