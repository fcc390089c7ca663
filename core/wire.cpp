#include "core/wire.h"

#include <cstring>
#include <memory>

#include <kj/exception.h>

#include <restante/limits.h>

#include "core/assert.h"
#include "core/crc32c.h"
#include "core/wire_messages.h"
#include "core/wire_segment.h"

namespace restante::core {
namespace {

constexpr std::uint16_t control_magic = 'R' | ('C' << 8);
constexpr std::uint8_t control_format = 1;
constexpr std::size_t prefix_size = 16;

/// The first 16 octets as they stand in the frame.
struct Prefix {
  std::uint16_t magic;
  std::uint8_t format;
  std::uint8_t zero;
  std::uint32_t words;
  std::uint32_t crc;
  std::uint32_t also_zero;
};
static_assert(sizeof(Prefix) == prefix_size);

std::uint32_t crc_of_frame(std::string_view octets) noexcept {
  return crc32c(octets.substr(prefix_size), crc32c(octets.substr(0, 8)));
}

Buffer framed(std::span<const std::uint64_t> segment) {
  const std::size_t size = prefix_size + segment.size_bytes();
  RESTANTE_ASSERT(size <= limits::control_size_max);
  auto words = std::make_shared_for_overwrite<std::uint64_t[]>(size / 8);
  char* const start = reinterpret_cast<char*>(words.get());
  std::memcpy(start + prefix_size, segment.data(), segment.size_bytes());
  Prefix prefix{control_magic, control_format, 0, static_cast<std::uint32_t>(segment.size()), 0, 0};
  store(start, prefix);
  prefix.crc = crc_of_frame({start, size});
  store(start, prefix);
  return Buffer(std::move(words), std::string_view(start, size));
}

/// What is wrong with the octets around the segment; nullptr if nothing is.
const char* problem_of_frame(std::string_view octets) noexcept {
  if (octets.size() < prefix_size) return "it is shorter than the prefix of a control frame";
  const auto prefix = load<Prefix>(octets.data());
  if (prefix.magic != control_magic) return "it does not begin as a control frame does";
  if (prefix.format != control_format) return "its format is of another version";
  if (octets.size() > limits::control_size_max) return "it is longer than control_size_max";
  if (prefix.words * std::size_t{8} != octets.size() - prefix_size) return "its length is not the one that it names";
  if (crc_of_frame(octets) != prefix.crc) return "its CRC is wrong";
  if (prefix.zero != 0 || prefix.also_zero != 0) return "a field of another version is in use";
  return nullptr;
}

}  // namespace

Buffer encode(const ControlFrame& frame) {
  Buffer buffer;
  with_segment<wire::ControlFrame>(
      [&frame](wire::ControlFrame::Builder root) {
        root.setNumber(frame.number);
        put_message(root, frame.message);
      },
      [&buffer](std::span<const std::uint64_t> words) { buffer = framed(words); });
  return buffer;
}

std::optional<ControlFrame> decode(const Buffer& octets, std::string& why) {
  if (const char* problem = problem_of_frame(octets.octets())) {
    why = problem;
    return std::nullopt;
  }
  const Buffer aligned = octets.aligned();
  const auto* words = reinterpret_cast<const std::uint64_t*>(aligned.octets().data());
  try {
    SegmentReader segment({words + prefix_size / 8, (aligned.size() - prefix_size) / 8});
    const auto root = segment.root<wire::ControlFrame>();
    return ControlFrame{root.getNumber(), get_message(root)};
  } catch (const Refusal& refusal) {
    why = refusal.why;
  } catch (const kj::Exception& exception) {
    why = exception.getDescription().cStr();
  }
  return std::nullopt;
}

bool looks_like_batch(std::string_view octets) noexcept { return octets.starts_with("RB"); }

}  // namespace restante::core
