// The command line that asks for one message.

#include <charconv>

#include "core/names.h"
#include "sidecar/commands/parse_parts.h"
#include "sidecar/commands/values.h"

namespace restante::commands {

Command parse_outcome(const Arguments& arguments) {
  Grammar grammar("outcome", "STREAM/SEQUENCE [OPTIONS]",
                  "Tells where a message is: what each subscription of its stream has made of it so far.");
  grammar.examples(
      "  restante outcome orders/1042\n\n"
      "`done` is all that is known of what was acked, or went by a rule of its stream. Exit status 0: it is told;\n"
      "1: the stream is not there, or has not come so far; 2: usage; 3: nobody there.");
  grammar.argument("ID", "the stream and the sequence of the message, as Receipt::id() and `dead list` have them");
  add_common(grammar);
  grammar.parse(arguments);

  OutcomeCommand command;
  command.common = common_of(grammar);
  const std::string id = grammar.require("ID");
  const std::size_t at = id.rfind('/');
  command.stream = id.substr(0, at);
  const std::string digits = at == std::string::npos ? "" : id.substr(at + 1);
  const auto [rest, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), command.sequence);
  const bool is_whole = fault == std::errc() && rest == digits.data() + digits.size();
  if (core::problem_of_stream_name(command.stream) || !is_whole || command.sequence == 0) {
    throw UsageError("ID cannot be '" + id + "': a message is named STREAM/SEQUENCE, such as orders/1042");
  }
  return command;
}

}  // namespace restante::commands
