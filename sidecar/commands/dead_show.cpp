// restante dead show: everything about one dead letter.

#include "patterns/link/clock.h"
#include "sidecar/commands/letters.h"
#include "sidecar/commands/query.h"
#include "sidecar/commands/report_dead.h"
#include "sidecar/commands/terminal.h"

namespace restante::commands {

Exit run(const DeadShowCommand& command) {
  OperatorLink link(sidecar_endpoint(command.common));
  const core::NodeStatus status = read_status(query_status(link));
  if (const auto problem = problem_of({command.which}, status)) {
    return say("restante: " + *problem), Exit::not_all_done;
  }
  const ReadWhole read = read_whole(link, status.node, command.which);
  if (read.whole) {
    if (command.payload) return print(read.whole->payload), Exit::done;
    const std::int64_t now_ms = link::wall_ms();
    print(command.common.json ? sidecar::to_json(*read.whole, sidecar::WholeForm::shown) + "\n"
                              : render_letter(*read.whole, now_ms));
    return Exit::done;
  }
  if (read.damaged && !command.payload) {
    print(command.common.json ? sidecar::to_json(*read.damaged) + "\n" : render_letter(*read.damaged, link::wall_ms()));
  }
  say("restante: cannot show it: " + read.refusal);
  return read.damaged ? Exit::refused : Exit::not_all_done;
}

}  // namespace restante::commands
