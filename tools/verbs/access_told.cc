// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/access_told.h"

namespace lockstep {

Sharing sharing_of(const Config& config) {
  return config.share_with_group ? Sharing::group : Sharing::owner;
}

void say_what_was_corrected(const Corrected& corrected, const std::string& what, LineLog& log) {
  if (corrected.changed > 0) {
    log.info("access_corrected", {{"of", what}, {"files", corrected.changed}});
  }
  if (corrected.refused > 0) {
    log.error("access_open",
              {{"of", what},
               {"files", corrected.refused},
               {"why", "these files belong to another user, and other users may read them"},
               {"next", "chown them to the server's user, or chmod them"}});
  }
}

void correct_access(const Config& config, LineLog& log) {
  Corrected all = correct_store(config.data, sharing_of(config));
  if (!config.tokens.empty()) {
    const Corrected tokens = correct_file(config.tokens, sharing_of(config));
    all = {all.changed + tokens.changed, all.refused + tokens.refused};
  }
  say_what_was_corrected(all, config.data, log);
}

}  // namespace lockstep
