#include "tests/disk/digest.h"

#include <algorithm>
#include <limits>
#include <map>

#include "core/crc32c.h"

namespace restante::disk {

namespace {

template <typename... Parts>
std::string line(const char* name, const Parts&... parts) {
  std::string text = name;
  const auto add = [&text](const auto& part) {
    if constexpr (std::is_convertible_v<decltype(part), std::string>) text += " " + std::string(part);
    else text += " " + std::to_string(part);
  };
  (add(parts), ...);
  return text + "\n";
}

std::string text_of(const std::vector<core::Range>& ranges) {
  std::string text;
  for (const core::Range& range : ranges) text += std::to_string(range.first) + "-" + std::to_string(range.last) + ",";
  return text;
}

std::string rows_of(core::Store& store, core::StreamId stream, Sequence after, Sequence up_to) {
  std::string text;
  for (bool end = false; !end;) {
    const core::LoadReply page = store.load(core::LoadRequest{1, stream, after, up_to, 1U << 20, 256});
    for (const core::RowRecord& row : page.rows) {
      text += line("row", stream, row.grant, row.first, row.last, row.stored_prev, core::crc32c(row.octets.octets()));
      after = std::max(after, row.last);
    }
    for (const core::Range& damaged : page.damaged) text += line("damaged", stream, damaged.first, damaged.last);
    if (page.rows.empty() && !page.damaged.empty()) {  // as the sidecar goes on behind a page of damage
      const core::Range& bad = page.damaged.back();
      after = bad.first > after ? bad.first : std::max(after, bad.last);
    }
    end = page.end;
  }
  return text;
}

std::string parked_of(core::Store& store, const core::StoreImage::Parked& parked, core::StreamId stream) {
  std::string text;
  const core::ParkedReply reply = store.load(
      core::ParkedRequest{1, parked.subscription, std::numeric_limits<std::int64_t>::max(), parked.count + 1});
  for (const core::ParkedRecord& one : reply.parked) {
    text += line("parked", one.subscription, one.sequence, one.grant, one.due_ms, one.attempts, one.reason);
    text += rows_of(store, stream, one.sequence - 1, one.sequence);
  }
  return text;
}

}  // namespace

std::string digest(core::Store& store) {
  const core::StoreImage image = store.image();
  std::map<core::SubscriptionId, core::StreamId> streams;
  std::map<core::StreamId, Sequence> needed;  // rows above are needed by some cursor
  std::string text = line("incarnation", image.incarnation[0], image.incarnation[1], image.clock_ms, image.dead);
  for (const auto& stream : image.streams) {
    text += line("stream", stream.id, stream.name, stream.next, stream.last_row, stream.last_marker, stream.writer,
                 stream.writer_process.name, stream.writer_process.pid);
  }
  for (const auto& block : image.grants) {
    text +=
        line("block", block.stream, block.grant.grant, block.grant.range.first, block.grant.range.last, block.handle);
  }
  for (const auto& one : image.subscriptions) {
    text += line("subscription", one.id, one.stream, one.name, static_cast<int>(one.mode), one.start, one.claim,
                 one.limit.messages, one.limit.octets, static_cast<int>(one.limit.then));
    for (const std::string& filter : one.filters) text += line("filter", filter);
    streams[one.id] = one.stream;
  }
  for (const auto& gap : image.gaps) {
    text += line("gap", gap.subscription, gap.number, gap.range.first, gap.range.last, gap.reason);
  }
  for (const auto& cursor : image.cursors) {
    text += line("cursor", cursor.subscription, cursor.floor, text_of(cursor.settled));
    Sequence& least = needed.try_emplace(streams[cursor.subscription], cursor.floor).first->second;
    least = std::min(least, cursor.floor);
  }
  for (const auto& stream : image.streams) {
    const bool all_have_cursors =
        std::count_if(streams.begin(), streams.end(), [&](const auto& one) { return one.second == stream.id; }) ==
        std::count_if(image.cursors.begin(), image.cursors.end(),
                      [&](const auto& cursor) { return streams[cursor.subscription] == stream.id; });
    const auto least = needed.find(stream.id);
    const Sequence after = all_have_cursors && least != needed.end() ? least->second : 0;
    text += rows_of(store, stream.id, after, std::numeric_limits<std::int64_t>::max());
  }
  for (const auto& parked : image.parked) text += parked_of(store, parked, streams[parked.subscription]);
  return text;
}

std::uint64_t fingerprint(const std::string& text) {
  std::uint64_t hash = 1469598103934665603ULL;
  for (const char octet : text) hash = (hash ^ static_cast<unsigned char>(octet)) * 1099511628211ULL;
  return hash;
}

}  // namespace restante::disk
