/// \file
/// Writes inputs to begin with into DIRECTORY/NAME: real frames, rows, names and command lines, and some dice.

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "core/random.h"
#include "core/wire.h"
#include "sidecar/store/ranges_text.h"
#include "tests/core/wire_samples.h"
#include "tests/fuzz/entry.h"

namespace {

using namespace restante;

class Corpus {
 public:
  Corpus(const std::filesystem::path& directory, const std::string& name) : place_(directory / name) {
    std::filesystem::create_directories(place_);
  }
  void add(std::string_view octets) {
    std::ofstream file(place_ / ("seed-" + std::to_string(++count_)), std::ios::binary);
    file.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  }

 private:
  std::filesystem::path place_;
  int count_ = 0;
};

std::string batch_of(std::size_t messages, const std::string& topic) {
  core::AttributeValues values;
  values.content_type = "text/plain";
  values.headers = {{"key", "value"}};
  values.marker = 7;
  std::string why;
  const auto attributes = core::encode_attributes(values, why);
  core::BatchBuilder builder("orders", topic);
  for (std::size_t at = 0; at < messages; ++at)
    builder.append("payload " + std::to_string(at), at % 2 ? *attributes : "");
  core::BatchHeader header;
  header.grant = 5;
  header.first = 10;
  header.last = header.first + (messages == 0 ? 3 : messages - 1);
  header.before = header.prev = 9;
  header.skip = messages == 0;
  return std::string(builder.seal(header).octets());
}

void add_rows(Corpus& corpus) {
  const std::uint64_t place[] = {10, 11, 5};
  const std::string columns(reinterpret_cast<const char*>(place), sizeof place);
  corpus.add(columns + batch_of(2, ""));
  corpus.add(columns + sidecar::ranges_to_text({{12, 15}, {17, 17}}));
  corpus.add(columns + "[]");
  corpus.add(columns + "0123456789abcdef0123456789abcdef");
  corpus.add(columns + batch_of(1, "t/1"));
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) return 2;
  Corpus batches(words[1], "batch"), control(words[1], "control"), rows(words[1], "rows"), names(words[1], "names"),
      arguments(words[1], "arguments"), stateful(words[1], "stateful");
  for (const std::size_t messages : {0U, 1U, 2U, 5U, 40U}) batches.add(batch_of(messages, messages % 2 ? "" : "t/1"));
  for (const auto& message : core::samples::all()) control.add(core::encode({1, message}).octets());
  add_rows(rows);
  for (const char* text : {"orders", "orders@2", "a/b/c\na/+/c\n#", "$sys/x\n#\n+/x", "\xc3\xa4/b\n+/b"})
    names.add(text);
  using namespace std::string_literals;
  for (const std::string& text :
       {"up\0--store\0/s\0--quota\0001GiB"s, "send\0orders\0--sidecar\0/x"s, "recv\0orders\0--from\0tcp://127.0.0.1:5"s,
        "status\0--json"s, "streams"s, "{\"node\":\"n\",\"streams\":[{\"name\":\"orders\",\"head\":3}]}"s}) {
    arguments.add(text);
  }
  core::Random random(1);
  for (int file = 0; file < 24; ++file) {
    std::string octets(400, '\0');
    for (char& octet : octets) octet = static_cast<char>(random.below(256));
    stateful.add(octets);
  }
  return 0;
}
