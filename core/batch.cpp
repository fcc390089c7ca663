#include "core/batch.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <kj/exception.h>

#include <restante/limits.h>

#include "core/assert.h"
#include "core/crc32c.h"
#include "core/wire.capnp.h"
#include "core/wire_segment.h"

namespace restante::core {
namespace {

constexpr std::uint16_t batch_magic = 'R' | ('B' << 8);
constexpr std::uint8_t batch_format = 1;
constexpr std::uint8_t skip_flag = 1;
constexpr std::size_t prefix_size = 16;
constexpr std::size_t record_prefix_size = 8;

/// The first 16 octets as they stand in the frame.
struct Prefix {
  std::uint16_t magic;
  std::uint8_t format;
  std::uint8_t flags;
  std::uint32_t header_words;
  std::uint32_t crc;
  std::uint32_t count;
};
static_assert(sizeof(Prefix) == prefix_size);

std::uint32_t crc_of_frame(std::string_view octets) noexcept {
  return crc32c(octets.substr(prefix_size), crc32c(octets.substr(0, 8)));
}

struct Record {
  MessageView view;
  const char* next;
};

/// The record at `at`, which was checked before.
Record record_at(const char* at) noexcept {
  const std::size_t payload_size = load<std::uint32_t>(at);
  const std::size_t attributes_size = load<std::uint32_t>(at + 4);
  const char* attributes = at + record_prefix_size;
  const char* payload = attributes + padded(attributes_size);
  return {{{payload, payload_size}, {attributes, attributes_size}}, payload + padded(payload_size)};
}

/// What is wrong with `count` records that must fill `octets` exactly; nullptr if nothing is.
const char* problem_of_records(std::string_view octets, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    if (octets.size() < record_prefix_size) return "a record begins behind the end of the frame";
    const std::size_t payload_size = load<std::uint32_t>(octets.data());
    const std::size_t attributes_size = load<std::uint32_t>(octets.data() + 4);
    if (payload_size > limits::payload_size_max) return "a payload is longer than payload_size_max";
    if (attributes_size > limits::attributes_size_max) return "attributes are longer than attributes_size_max";
    const std::size_t size = record_prefix_size + padded(attributes_size) + padded(payload_size);
    if (size > octets.size()) return "a record ends behind the end of the frame";
    octets.remove_prefix(size);
  }
  return octets.empty() ? nullptr : "octets are left behind the last record";
}

/// What is wrong with the octets around header and records; nullptr if nothing is. The CRC is the last to be asked.
const char* problem_of_frame(const Prefix& prefix, std::string_view octets) noexcept {
  if (prefix.magic != batch_magic) return "it does not begin as a batch does";
  if (prefix.format != batch_format) return "its format is of another version";
  if (octets.size() > limits::frame_size_max) return "it is longer than frame_size_max";
  if (prefix.header_words > limits::batch_header_size_max / 8) return "its header is longer than batch_header_size_max";
  if (prefix.header_words * std::size_t{8} > octets.size() - prefix_size) return "its header ends behind its end";
  if (crc_of_frame(octets) != prefix.crc) return "its CRC is wrong";
  if ((prefix.flags & ~skip_flag) != 0) return "it has a flag of another version";
  return nullptr;
}

/// What is wrong with the numbers of a batch; nullptr if nothing is. The same rules for what is read and written.
const char* problem_of_header(const BatchHeader& header, std::size_t count) noexcept {
  if (header.first > header.last) return "its first sequence is above its last";
  if (header.last > limits::sequence_max) return "its last sequence is above sequence_max";
  if (header.prev >= header.first) return "prev is not below its first sequence";
  if (header.before >= header.first) return "before is not below its first sequence";
  const auto is_wait = [](std::int64_t after_ms) { return after_ms >= 0 && after_ms <= limits::wait_ms_max; };
  if (!is_wait(header.times.expire_after_ms)) return "the age at which its messages expire is not allowed";
  if (!is_wait(header.times.deliver_after_ms)) return "the time after which its messages are due is not allowed";
  const std::uint64_t span = header.last - header.first + 1;
  if (header.skip) {
    if (count != 0) return "it is a skip with records";
    return span <= limits::grant_messages ? nullptr : "it skips more than a grant holds";
  }
  if (span > limits::batch_messages_max) return "it has more messages than batch_messages_max";
  return count == span ? nullptr : "its count of records is not that of its sequences";
}

/// Reads the header from its words, which need not be aligned. What is wrong with it; nullptr if nothing is.
/// May throw kj::Exception.
const char* read_header(std::string_view octets, BatchHeader& header) {
  std::array<std::uint64_t, limits::batch_header_size_max / 8> words;  // not zeroed: only what is copied is read
  std::memcpy(words.data(), octets.data(), octets.size());
  SegmentReader segment({words.data(), octets.size() / 8});
  const auto reader = segment.root<wire::BatchHeader>();
  const std::string_view stream = view_of(reader.getStream());
  const std::string_view topic = view_of(reader.getTopic());
  if (stream.empty() || stream.size() > limits::name_size_max) return "its stream has no name or a too long one";
  if (topic.size() > limits::topic_size_max) return "its topic is longer than topic_size_max";
  header.stream = stream;
  header.topic = topic;
  header.grant = reader.getGrant();
  header.first = reader.getFirst();
  header.last = reader.getLast();
  header.prev = reader.getPrev();
  header.before = reader.getBefore();
  header.source_time_us = reader.getSourceTimeUs();
  header.owner = reader.getOwner();
  header.marker = reader.getMarker();
  header.times = {reader.getExpireAfterMs(), reader.getDeliverAfterMs()};
  return nullptr;
}

/// Copies `octets` and zeroes what is left of their last word, so that equal messages are equal frames.
char* write_padded(char* at, std::string_view octets) noexcept {
  const std::size_t size = padded(octets.size());
  if (size == 0) return at;
  std::memset(at + size - 8, 0, 8);
  std::memcpy(at, octets.data(), octets.size());
  return at + size;
}

}  // namespace

std::optional<Batch> Batch::parse(Buffer frame, std::string& why) {
  const std::string_view octets = frame.octets();
  const auto refused = [&why](const char* problem) {
    why = problem;
    return std::nullopt;
  };
  if (octets.size() < prefix_size) return refused("it is shorter than the prefix of a batch");
  const auto prefix = load<Prefix>(octets.data());
  if (const char* problem = problem_of_frame(prefix, octets)) return refused(problem);
  const std::size_t header_size = prefix.header_words * std::size_t{8};
  const std::size_t records_at = prefix_size + header_size;
  try {
    BatchHeader header;
    header.skip = (prefix.flags & skip_flag) != 0;
    if (const char* problem = read_header(octets.substr(prefix_size, header_size), header)) return refused(problem);
    if (const char* problem = problem_of_header(header, prefix.count)) return refused(problem);
    if (const char* problem = problem_of_records(octets.substr(records_at), prefix.count)) return refused(problem);
    return Batch(std::move(header), std::move(frame), records_at);
  } catch (const kj::Exception& exception) {
    return refused(exception.getDescription().cStr());
  }
}

MessageView Batch::message(Sequence sequence) const {
  RESTANTE_ASSERT(!header_.skip && sequence >= header_.first && sequence <= header_.last);
  Record record = record_at(frame_.octets().data() + records_at_);
  for (Sequence at = header_.first; at < sequence; ++at) record = record_at(record.next);
  return record.view;
}

void Batch::for_each(const std::function<void(Sequence, const MessageView&)>& visit) const {
  if (header_.skip) return;
  const char* at = frame_.octets().data() + records_at_;
  for (Sequence sequence = header_.first; sequence <= header_.last; ++sequence) {
    const Record record = record_at(at);
    visit(sequence, record.view);
    at = record.next;
  }
}

BatchBuilder::BatchBuilder(std::string stream, std::string topic, std::size_t capacity_hint)
    : stream_(std::move(stream)), topic_(std::move(topic)) {
  RESTANTE_ASSERT(!stream_.empty() && stream_.size() <= limits::name_size_max);
  RESTANTE_ASSERT(topic_.size() <= limits::topic_size_max);
  header_words_ = 1 + struct_words<wire::BatchHeader>() + text_words(stream_) + text_words(topic_);
  size_ = prefix_size + header_words_ * 8;
  reserve(size_ + std::min(capacity_hint, limits::frame_size_max));
}

void BatchBuilder::reserve(std::size_t size) {
  if (size <= capacity_) return;
  const std::size_t capacity = padded(std::max(size, capacity_ * 2));
  auto words = std::make_shared_for_overwrite<std::uint64_t[]>(capacity / 8);
  if (words_) std::memcpy(words.get(), words_.get(), size_);
  words_ = std::move(words);
  capacity_ = capacity;
}

void BatchBuilder::append(std::string_view payload, std::string_view attributes) {
  RESTANTE_ASSERT(payload.size() <= limits::payload_size_max);
  RESTANTE_ASSERT(attributes.size() <= limits::attributes_size_max);
  RESTANTE_ASSERT(count_ < limits::batch_messages_max);
  reserve(size_ + record_prefix_size + padded(attributes.size()) + padded(payload.size()));
  char* const start = reinterpret_cast<char*>(words_.get());
  char* at = start + size_;
  store(at, static_cast<std::uint32_t>(payload.size()));
  store(at + 4, static_cast<std::uint32_t>(attributes.size()));
  at = write_padded(at + record_prefix_size, attributes);
  at = write_padded(at, payload);
  size_ = static_cast<std::size_t>(at - start);
  ++count_;
}

Buffer BatchBuilder::seal(const BatchHeader& header) {
  RESTANTE_ASSERT(problem_of_header(header, count_) == nullptr);
  RESTANTE_ASSERT(size_ <= limits::frame_size_max);
  const std::span<std::uint64_t> header_space(words_.get() + prefix_size / 8, header_words_);
  std::fill(header_space.begin(), header_space.end(), std::uint64_t{0});
  SegmentBuilder segment(header_space);
  auto root = segment.root<wire::BatchHeader>();
  root.setStream(text_of(stream_));
  root.setTopic(text_of(topic_));
  root.setGrant(header.grant);
  root.setFirst(header.first);
  root.setLast(header.last);
  root.setPrev(header.prev);
  root.setBefore(header.before);
  root.setSourceTimeUs(header.source_time_us);
  root.setOwner(header.owner);
  root.setMarker(header.marker);
  root.setExpireAfterMs(header.times.expire_after_ms);
  root.setDeliverAfterMs(header.times.deliver_after_ms);

  char* const start = reinterpret_cast<char*>(words_.get());
  const std::string_view octets(start, size_);
  Prefix prefix{batch_magic,
                batch_format,
                header.skip ? skip_flag : std::uint8_t{0},
                static_cast<std::uint32_t>(header_words_),
                0,
                static_cast<std::uint32_t>(count_)};
  store(start, prefix);
  prefix.crc = crc_of_frame(octets);
  store(start, prefix);
  return Buffer(words_, octets);
}

}  // namespace restante::core
