/// \file
/// Plays the stories of this folder: scenarios [--update | --control] [FILE...]

#include <fstream>
#include <iostream>

#include "tests/scenarios/driver.h"

namespace {

using namespace restante::scenarios;

constexpr const char* usage =
    "usage: scenarios [--update | --control] [FILE...]\n"
    "  --update   write the traces that were seen into the files, to be reviewed as a diff\n"
    "  --control  the product has a planted bug: status 0 if stories are red, 1 if all are green\n";

struct Tally {
  std::size_t stories = 0, red = 0, written = 0;
};

void run(const std::string& path, bool update, Tally& tally) {
  ++tally.stories;
  const std::string text = read_file(path);
  const Transcript transcript(path, text);
  const Outcome outcome = play(transcript);
  if (outcome.report.empty()) return;
  if (!update || !outcome.played) {
    ++tally.red;
    std::cout << outcome.report;
    return;
  }
  std::ofstream(path, std::ios::binary) << transcript.with(outcome.traces);
  ++tally.written;
  std::cout << path << ": written\n";
}

int run(const std::vector<std::string>& arguments) {
  bool update = false, control = false;
  std::vector<std::string> files;
  for (const std::string& argument : arguments) {
    if (argument == "--update") update = true;
    else if (argument == "--control") control = true;
    else if (!argument.starts_with("-")) files.push_back(argument);
    else throw Fault("unknown option " + argument + "\n" + usage);
  }
  if (files.empty()) files = stories_in(RESTANTE_SCENARIOS_DIR);
  Tally tally;
  for (const std::string& file : files) run(file, update, tally);
  std::cout << tally.stories << " stories, " << tally.red << " red, " << tally.written << " written\n";
  if (tally.stories == 0) return 1;
  return (tally.red > 0) == control ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
  try {
    return run({values + 1, values + count});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 2;
  }
}
