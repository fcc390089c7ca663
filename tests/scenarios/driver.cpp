#include "tests/scenarios/driver.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/scenarios/command.h"

namespace restante::scenarios {

Outcome play(const Transcript& transcript) {
  std::vector<Command> commands;
  for (const Transcript::Step& step : transcript.steps()) {  // all are read before the first is done
    try {
      commands.emplace_back(step.command);
    } catch (const Fault& fault) {
      throw Fault(transcript.place(step) + ": " + fault.what());
    }
  }
  Outcome outcome;
  Stage stage;
  for (std::size_t at = 0; at < commands.size(); ++at) {
    const Transcript::Step& step = transcript.steps()[at];
    try {
      commands[at].run(stage);
      stage.settle_down();
    } catch (const std::runtime_error& error) {  // a Fault, or a Violation that the ledger has seen
      outcome.played = false;
      outcome.report += transcript.place(step) + ": " + error.what() + "\n";
      return outcome;
    }
    outcome.traces.push_back(stage.take_trace());
    if (!outcome.report.empty()) continue;  // what follows from a wrong trace is no news
    const std::string difference = diff(step.trace, outcome.traces.back());
    if (difference.empty()) continue;
    outcome.report = transcript.place(step) + ": the trace of \"" + step.command +
                     "\" is not the one that is written (- missing, + not expected):\n" + difference;
  }
  return outcome;
}

std::vector<std::string> stories_in(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt" && entry.path().filename() != "CMakeLists.txt") {
      found.push_back(entry.path().string());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw Fault(path + ": cannot be read");
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

}  // namespace restante::scenarios
