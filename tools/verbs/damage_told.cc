// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/damage_told.h"

namespace lockstep {

DamageReport::Tell tell_damage(LineLog& log) {
  return [&log](Damaged what, const std::string& name, const Error& error) {
    const char* next =
        what == Damaged::feed
            ? "meanwhile lists come from the list of threads, which is slower; to mend the feed, "
              "stop the server and run `lockstep rebuild`"
            : "requests that need these bytes are refused, all others served; run `lockstep "
              "verify`";
    const std::string of = what == Damaged::list   ? "the list of "
                           : what == Damaged::feed ? "the feed of "
                                                   : "";
    log.error("corrupt", {{"what", of + name}, {"reason", error.detail}, {"next", next}});
  };
}

}  // namespace lockstep
