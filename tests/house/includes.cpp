#include <algorithm>

#include "tests/house/rules.h"

namespace house {
namespace {

using Texts = std::vector<std::string_view>;

/// Headers that begin with one of `headers` are for files that begin with one of `homes`.
struct Home {
  Texts headers;
  Texts homes;
  std::string_view instead;
};

// The tests and benchmarks beside a home may look behind it; that is what they are for.
const std::vector<Home> homes{
    {{"zmq"}, {"patterns/link/", "tests/patterns/", "bench/"}, "patterns/link/link.h"},
    {{"SQLiteCpp/", "sqlite3"},
     {"sidecar/store/", "tests/sidecar/", "tests/disk/", "bench/", "patterns/exactly_once/", "tests/exactly_once/",
      "tests/system/tools/exactly_once", "tests/install/consumer/exactly_once", "examples/10_exactly_once"},
     "sidecar/store/"},
    {{"capnp/", "kj/", "core/wire.capnp.h"},
     {"core/wire", "core/batch", "tests/core/wire", "tests/core/batch", "patterns/include/restante/typed",
      "patterns/typed/", "tests/patterns/typed", "bench/"},
     "core/wire.h, core/batch.h or restante/typed.h"},
    {{"CLI/"}, {"sidecar/commands/cli."}, "sidecar/commands/cli.h"},
    {{"nlohmann/"},
     {"sidecar/json.", "sidecar/json_dead.", "sidecar/json_operator.", "sidecar/json_outcome."},
     "sidecar/json.h"},
    {{"spdlog/", "fmt/"}, {"sidecar/log."}, "sidecar/log.h"},
    {{"catch2/"}, {"tests/"}, "nothing: only tests use Catch2"},
};

/// Files that begin with `from` may use those of our own headers that begin with one of `to`.
struct Arrow {
  std::string_view from;
  Texts to;
};

// The first that fits counts. <restante/...> is public, hence open to all but the core, which has a part of it.
const std::vector<Arrow> permitted{
    {"core/include/", {"restante/types.h", "restante/error.h", "restante/limits.h"}},
    {"core/", {"core/", "restante/types.h", "restante/error.h", "restante/limits.h"}},
    {"patterns/include/", {"restante/"}},
    {"patterns/link/", {"patterns/link/", "core/", "restante/types.h", "restante/error.h", "restante/limits.h"}},
    {"patterns/", {"patterns/", "core/", "restante/"}},
    {"sidecar/", {"sidecar/", "patterns/link/", "core/", "restante/"}},
    {"examples/", {"restante/"}},
    {"tests/install/", {"restante/"}},
};

const Texts ours{"core/", "patterns/", "sidecar/", "tests/", "bench/", "examples/", "restante/"};

const Texts impure_headers{
    "thread",     "mutex",     "shared_mutex", "condition_variable", "future",  "iostream", "fstream",
    "filesystem", "ctime",     "time.h",       "unistd.h",           "fcntl.h", "poll.h",   "signal.h",
    "pthread.h",  "semaphore", "netinet/in.h", "stop_token",         "latch",   "barrier",  "istream",
    "ostream",    "sstream",   "syncstream",   "streambuf"};
const Texts clocks{"steady_clock", "system_clock", "high_resolution_clock", "clock_gettime",
                   "gettimeofday", "getrandom",    "random_device"};

}  // namespace

std::vector<Include> includes_of(const File& file) {
  std::vector<Include> found;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const auto first = file.code[i].find_first_not_of(' ');
    if (first == std::string::npos || file.code[i].compare(first, 8, "#include") != 0) continue;
    const std::string& line = file.lines[i];
    const auto open = line.find_first_of("<\"");
    if (open == line.npos) continue;
    const auto close = line.find_first_of(">\"", open + 1);
    found.push_back({i, line.substr(open + 1, close - open - 1), line[open] == '"'});
  }
  return found;
}

Findings foreign_includes(const File& file) {
  Findings findings;
  for (const auto& include : includes_of(file)) {
    for (const auto& home : homes) {
      if (!starts_with_any(include.name, home.headers) || starts_with_any(file.path, home.homes)) continue;
      findings.push_back(
          at(file, include.line_index, include.name + " does not belong here; use " + std::string(home.instead)));
    }
  }
  return findings;
}

Findings arrows(const File& file) {
  const auto arrow = std::find_if(permitted.begin(), permitted.end(),
                                  [&](const Arrow& each) { return file.path.starts_with(each.from); });
  if (arrow == permitted.end() || !is_cpp(file)) return {};
  Findings findings;
  for (const auto& include : includes_of(file)) {
    const bool own = starts_with_any(include.name, ours);
    if (own && !starts_with_any(include.name, arrow->to)) {
      findings.push_back(at(file, include.line_index, std::string(arrow->from) + " must not know " + include.name));
    } else if (!own && include.quoted) {
      findings.push_back(
          at(file, include.line_index, "quoted includes begin at the root of the tree: " + include.name));
    }
  }
  return findings;
}

Findings core_is_pure(const File& file) {
  if (!file.path.starts_with("core/") || !is_cpp(file)) return {};
  Findings findings;
  const auto add = [&](std::size_t line_index, std::string_view what) {
    findings.push_back(
        at(file, line_index, std::string(what) + " in core: it is given events, with the time as an argument"));
  };
  for (const auto& include : includes_of(file)) {
    const bool impure = std::find(impure_headers.begin(), impure_headers.end(), include.name) != impure_headers.end();
    if (impure || starts_with_any(include.name, {"sys/", "arpa/", "net/", "linux/"}))
      add(include.line_index, include.name);
  }
  for (std::size_t i = 0; i < file.code.size(); ++i) {
    for (const auto clock : clocks) {
      if (find_word(file.code[i], clock) != std::string::npos) add(i, clock);
    }
    const auto now = find_word(file.code[i], "now");
    if (now != std::string::npos && file.code[i].substr(now + 3, 1) == "(") add(i, "now()");
  }
  return findings;
}

}  // namespace house
