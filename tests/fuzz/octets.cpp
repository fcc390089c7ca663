/// \file
/// Frames and rows: nothing that is accepted may change when it is made again.

#include <cstring>

#include <restante/error.h>

#include "core/batch.h"
#include "core/crc32c.h"
#include "core/load_page.h"
#include "core/wire.h"
#include "sidecar/store/database.h"
#include "sidecar/store/ranges_text.h"
#include "tests/fuzz/entry.h"

namespace restante::fuzz {

namespace {

/// With the checksum made to fit, which no fuzzer would find by itself.
core::Buffer mended(std::string_view octets) {
  std::string frame(octets);
  if (frame.size() >= 16) {
    const std::string_view view(frame);
    const std::uint32_t crc = core::crc32c(view.substr(16), core::crc32c(view.substr(0, 8)));
    std::memcpy(frame.data() + 8, &crc, sizeof crc);
  }
  return core::Buffer::copy_of(frame);
}

void check_attributes(std::string_view block) {
  std::string why;
  const auto values = core::decode_attributes(block, why);
  must(values.has_value() || !why.empty());
  if (!values) return;
  const auto again = core::encode_attributes(*values, why);
  must(again.has_value() && core::decode_attributes(*again, why) == values);
}

void check_batch(const core::Buffer& frame) {
  std::string why;
  const auto batch = core::Batch::parse(frame, why);
  must(batch.has_value() || !why.empty());
  if (!batch) return;
  const core::BatchHeader& header = batch->header();
  core::BatchBuilder builder(header.stream, header.topic);
  if (!header.skip) {
    planted(header.owner != 0);
    batch->for_each([&](Sequence sequence, const core::MessageView& message) {
      must(batch->message(sequence).payload == message.payload);
      check_attributes(message.attributes);
      builder.append(message.payload, message.attributes);
    });
  }
  const core::Buffer sealed = builder.seal(header);
  const auto again = core::Batch::parse(sealed, why);
  must(again.has_value() && again->header() == header);
}

void check_control(const core::Buffer& frame) {
  std::string why;
  const auto decoded = core::decode(frame, why);
  must(decoded.has_value() || !why.empty());
  if (!decoded) return;
  if (const auto* subscribe = std::get_if<core::Subscribe>(&decoded->message)) planted(!subscribe->filters.empty());
  const core::Buffer once = core::encode(*decoded);
  const auto again = core::decode(once, why);
  must(again.has_value() && again->number == decoded->number);
  must(core::encode(*again).octets() == once.octets());
}

}  // namespace

void batch(std::string_view octets) {
  check_batch(core::Buffer::copy_of(octets));
  check_batch(mended(octets));
  if (!octets.empty()) check_attributes(octets.substr(1));
}

void control(std::string_view octets) {
  check_control(core::Buffer::copy_of(octets));
  check_control(mended(octets));
}

void rows(std::string_view octets) {
  if (octets.size() < 24) return;
  core::RowRecord row;
  std::memcpy(&row.first, octets.data(), 8);
  std::memcpy(&row.last, octets.data() + 8, 8);
  std::memcpy(&row.grant, octets.data() + 16, 8);
  const std::string_view rest = octets.substr(24);
  row.octets = mended(rest);
  std::string why;
  planted(core::is_whole(row, why));
  core::LoadPage page({1, 1, 0, ~Sequence{0} >> 1, 1U << 20, 256}, 0, [](Sequence) { return Sequence{0}; });
  if (row.first > 0 && row.first <= row.last) page.add(row);
  static_cast<void>(page.end(row.last, {row.first}));
  if (const auto ranges = sidecar::ranges_from_text(rest)) must(sidecar::ranges_to_text(*ranges) == rest);
  try {
    static_cast<void>(sidecar::incarnation_of(std::string(rest)));
  } catch (const Error&) {
  }
}

}  // namespace restante::fuzz
