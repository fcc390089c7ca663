// The program `restante`: what was typed becomes a Command, and a Command an exit status.

#include <cstdlib>
#include <exception>
#include <string>
#include <variant>
#include <vector>

#include <restante/error.h>

#include "sidecar/commands/command.h"
#include "sidecar/commands/parse.h"
#include "sidecar/commands/terminal.h"

namespace {

using restante::commands::Exit;

Exit exit_of(const restante::Error& error) {
  switch (error.code()) {
    case restante::ErrorCode::bad_argument: return Exit::usage;
    case restante::ErrorCode::retry_later: return Exit::nobody_there;
    default: return Exit::refused;
  }
}

Exit run(int argc, char** argv) {
  const auto fail = [](const char* text, Exit exit) {
    restante::commands::say(std::string("restante: ") + text);
    return exit;
  };
  try {
    const auto command = restante::commands::parse(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
    return std::visit([](const auto& each) { return restante::commands::run(each); }, command);
  } catch (const restante::commands::UsageError& error) {
    return fail(error.what(), Exit::usage);
  } catch (const restante::commands::NobodyThere& error) {
    return fail(error.what(), Exit::nobody_there);
  } catch (const restante::Error& error) {
    return fail(error.what(), exit_of(error));
  } catch (const std::exception& error) {
    return fail(error.what(), Exit::refused);
  }
}

}  // namespace

int main(int argc, char** argv) {
  restante::commands::keep_standard_places();
  return static_cast<int>(run(argc, argv));
}
