// SPDX-License-Identifier: Apache-2.0
#include "tools/store/upgrade_told.h"

#include <utility>

#include "tools/base/terminal.h"

namespace lockstep {
namespace {

constexpr std::uint64_t line_every_us =
    5'000'000;  // a person waits, and wants to see that it goes on

}  // namespace

UpgradeTold now_and_then(Clock& clock, UpgradeTold told) {
  return [&clock, told = std::move(told), said = Timestamp()](const UpgradeProgress& step) mutable {
    const Timestamp now = clock.now();
    const bool first = said == Timestamp();
    if (!first && !step.done && now.get() < said.get() + line_every_us) return;
    said = now;
    told(step);
  };
}

std::string upgrade_line(const UpgradeProgress& progress) {
  std::string line = progress.done ? "upgraded" : "upgrading";
  line += " the store from format " + std::to_string(progress.from) + " to " +
          std::to_string(progress.to) + ": " + counted(progress.rows, "row");
  if (progress.left > 0) {
    line += "; " + counted(progress.left, "damaged row") +
            (progress.left == 1 ? " names no thread and stays as it is"
                                : " name no thread and stay as they are") +
            ": `lockstep verify` lists them";
  }
  return line;
}

}  // namespace lockstep
