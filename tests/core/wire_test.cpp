#include "core/wire.h"

#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <restante/limits.h>

#include "tests/core/wire_samples.h"

using namespace restante;
using namespace restante::core;

namespace {

ControlFrame decoded(const Buffer& octets) {
  std::string why;
  auto frame = decode(octets, why);
  INFO(why);
  REQUIRE(frame);
  return *frame;
}

/// Empty if the message passes; else why it is refused.
std::string refusal_of(ControlMessage message) {
  std::string why;
  return decode(encode({1, std::move(message)}), why) ? std::string() : why;
}

}  // namespace

TEST_CASE("there is a sample of every control message") {
  const auto messages = samples::all();
  REQUIRE(messages.size() == std::variant_size_v<ControlMessage>);
  for (std::size_t index = 0; index < messages.size(); ++index) CHECK(messages[index].index() == index);
}

TEST_CASE("every control message is decoded as it was encoded") {
  std::uint64_t number = 0;
  for (const auto& messages : {samples::all(), samples::all_default()}) {
    for (const ControlMessage& message : messages) {
      CAPTURE(message.index());
      const ControlFrame frame = decoded(encode({++number, message}));
      CHECK(frame.number == number);
      CHECK(samples::equal(frame.message, message));
    }
  }
}

TEST_CASE("every choice of an enumeration is decoded as it was encoded") {
  for (int code = 0; code <= static_cast<int>(ErrorCode::store_failed); ++code) {
    for (const Side side : {Side::handle, Side::session, Side::link}) {
      const Refused refused{side, 1, static_cast<ErrorCode>(code), "text"};
      CHECK(samples::equal(decoded(encode({1, refused})).message, refused));
    }
  }
  Subscribe subscribe;
  subscribe.mode = SubscriptionMode::shared;
  CHECK(samples::equal(decoded(encode({1, subscribe})).message, subscribe));
}

TEST_CASE("equal control messages are equal octets, an aligned multiple of 8") {
  for (const ControlMessage& message : samples::all()) {
    const Buffer first = encode({7, message});
    CHECK(first.octets() == encode({7, message}).octets());
    CHECK(first.octets() != encode({8, message}).octets());
    CHECK(first.size() % 8 == 0);
    CHECK(first.aligned().octets().data() == first.octets().data());
    CHECK_FALSE(looks_like_batch(first.octets()));
  }
}

TEST_CASE("control messages with the longest lists and texts pass") {
  OpenWriter open;
  open.stream = std::string(limits::name_size_max, 's');
  open.grants.assign(limits::grants_max, Grant{1, {2, limits::sequence_max}});
  CHECK(samples::equal(decoded(encode({1, open})).message, open));

  Settle settle;
  settle.acks.assign(limits::ranges_max, GrantRange{1, {2, 3}});
  settle.nacks.assign(limits::ranges_max, Nack{4, 5, 6, true});
  settle.rejects.assign(limits::ranges_max, Reject{7, 8, "why not"});
  settle.released.assign(limits::ranges_max, GrantRange{9, {10, 11}});
  settle.received.assign(limits::ranges_max, GrantRange{12, {13, 14}});
  CHECK(samples::equal(decoded(encode({1, settle})).message, settle));

  Subscribe subscribe;
  subscribe.filters.assign(limits::filters_max, std::string(limits::topic_size_max, 'f'));
  subscribe.live_endpoints.assign(limits::endpoints_max, std::string(limits::endpoint_size_max, 'e'));
  subscribe.known.assign(limits::grants_max, Grant{1, {2, 3}});
  subscribe.held.assign(limits::ranges_max, GrantRange{4, {5, 6}});
  CHECK(samples::equal(decoded(encode({1, subscribe})).message, subscribe));

  const Redelivery redelivery{1, 2, std::vector<Owed>(limits::ranges_max, Owed{{3, 4}, 5})};
  CHECK(samples::equal(decoded(encode({1, redelivery})).message, redelivery));
  const Report report{1, std::string(limits::report_size_max, 'j')};
  CHECK(samples::equal(decoded(encode({1, report})).message, report));
}

TEST_CASE("texts may hold any octets, zeros too") {
  const Query query{1, std::string("a\0b\xff\xfe", 5)};
  CHECK(samples::equal(decoded(encode({1, query})).message, query));
}

TEST_CASE("a text for people that is too long is cut before a character, not refused") {
  std::string text(limits::text_size_max - 1, 'x');
  const auto sent = [](const std::string& words) {
    return std::get<Fenced>(decoded(encode({1, Fenced{1, words}})).message).text;
  };
  CHECK(sent(text + "yz") == text + "y");
  CHECK(sent(text + "\xc3\xa4\xc3\xa4") == text);  // two a-umlauts: half of one would fit
}

TEST_CASE("a nack's wait is cut at 100 years") {
  Settle settle;
  settle.nacks = {Nack{1, 2, std::numeric_limits<std::int64_t>::max(), false}};
  const auto nacks = std::get<Settle>(decoded(encode({1, settle})).message).nacks;
  REQUIRE(nacks.size() == 1);
  CHECK(nacks[0].delay_ms == limits::wait_ms_max);
}

TEST_CASE("control messages that pass a limit are refused", "[parser]") {
  const Sequence above = limits::sequence_max + 1;
  CHECK(refusal_of(Checkpoint{1, limits::sequence_max, limits::sequence_max}).empty());
  CHECK(refusal_of(Checkpoint{1, above, 0}) == "a sequence is above sequence_max");
  CHECK(refusal_of(Checkpoint{1, 0, above}) == "a sequence is above sequence_max");
  CHECK_FALSE(refusal_of(CatchUp{1, above}).empty());
  CHECK_FALSE(refusal_of(Resend{1, above}).empty());
  CHECK_FALSE(refusal_of(Confirmed{1, above, 0, 0, ""}).empty());
  CHECK_FALSE(refusal_of(Confirmed{1, 0, above, 0, ""}).empty());
  CHECK_FALSE(refusal_of(Granted{1, {2, {3, above}}, true, 0, 0}).empty());
  CHECK_FALSE(refusal_of(Subscribed{1, 2, {}, 0, above, {}, 0}).empty());
  CHECK_FALSE(refusal_of(Subscribed{1, 2, {}, 0, 0, {}, above}).empty());
  CHECK_FALSE(refusal_of(OpenWriter{1, "s", {}, true, {}, above, 0}).empty());
  CHECK(refusal_of(Grants{1, {{2, {5, 4}}}}) == "a range ends before it begins");
  CHECK_FALSE(refusal_of(Redelivery{1, 2, {{{5, 4}, 0}}, 0}).empty());
  Settle settle;
  settle.nacks = {Nack{1, above, -1, false}};
  CHECK_FALSE(refusal_of(settle).empty());
  settle.nacks = {Nack{1, 2, -2, false}};
  CHECK(refusal_of(settle) == "the delay of a nack is not allowed");
  settle.nacks.clear();
  settle.rejects = {Reject{1, above, "why"}};
  CHECK_FALSE(refusal_of(settle).empty());
  CHECK_FALSE(refusal_of(Refused{static_cast<Side>(3), 1, ErrorCode::denied, ""}).empty());
  CHECK_FALSE(refusal_of(Refused{Side::link, 1, static_cast<ErrorCode>(8), ""}).empty());
  CHECK_FALSE(refusal_of(OpenWriter{1, "s", static_cast<StreamKind>(2), true, {}, 0, 0}).empty());
  CHECK_FALSE(refusal_of(OpenWriter{1, "s", {}, true, {}, 0, 0, static_cast<StreamPattern>(2)}).empty());
}

TEST_CASE("attributes are decoded as they were encoded, and nothing takes no octet") {
  AttributeValues values;
  std::string why;
  CHECK(encode_attributes(values, why) == std::string());
  CHECK(decode_attributes("", why) == values);
  values.content_type = "application/json";
  values.correlation_id = "order-17";
  values.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  values.key = std::string("k\0y", 3);
  values.headers = {{"tenant", "blue"}, {"", ""}, {"tenant", "green"}};
  values.expire_after_ms = 1;
  values.deliver_after_ms = limits::wait_ms_max;
  values.marker = 3;
  const auto block = encode_attributes(values, why);
  REQUIRE(block);
  CHECK(block->size() % 8 == 0);
  CHECK(decode_attributes(*block, why) == values);
  for (std::size_t shift = 1; shift < 8; ++shift) {
    const std::string shifted = std::string(shift, '-') + *block;
    CHECK(decode_attributes(std::string_view(shifted).substr(shift), why) == values);
  }
}

TEST_CASE("attributes at each limit pass, and beyond it are refused with the limit's name") {
  std::string why;
  AttributeValues values;
  values.headers.assign(limits::headers_max, {"name", "value"});
  values.key = std::string(limits::attribute_text_size_max, 'k');
  auto block = encode_attributes(values, why);
  REQUIRE(block);
  CHECK(decode_attributes(*block, why) == values);

  values.headers.emplace_back("one", "more");
  CHECK_FALSE(encode_attributes(values, why));
  CHECK(why == "there are more headers than headers_max");
  values.headers.clear();
  values.key += 'k';
  CHECK_FALSE(encode_attributes(values, why));
  CHECK(why == "a text is longer than attribute_text_size_max");
  values.key.clear();
  values.headers.assign(5, {"name", std::string(limits::attribute_text_size_max, 'v')});
  CHECK_FALSE(encode_attributes(values, why));
  CHECK(why == "the block is longer than attributes_size_max");
  values.headers.clear();
  for (const std::int64_t wait : {std::int64_t{-1}, limits::wait_ms_max + 1}) {
    values.expire_after_ms = wait;
    CHECK_FALSE(encode_attributes(values, why));
    values.expire_after_ms = 0;
    values.deliver_after_ms = wait;
    CHECK_FALSE(encode_attributes(values, why));
    values.deliver_after_ms = 0;
  }
}
