// SPDX-License-Identifier: Apache-2.0
// No acknowledged entry is lost in a power cut, and the test finds a log that does not flush.
//
// Compiled twice: against the log, and against the log with LOCKSTEP_UNSAFE_NO_SYNC.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "tests/rocks/power_cuts.h"

namespace lockstep {
namespace {

void print(const PowerCutFindings& findings) {
  std::cout << findings.cycles << " power cuts, " << findings.cuts_while_opening
            << " while opening, " << findings.cuts_while_committing << " while committing; "
            << findings.reported << " entries reported, " << findings.survived_unreported
            << " more survived; " << findings.missing << " missing, " << findings.refused_by_witness
            << " openings refused by the witness, " << findings.losses.size() << " losses in all\n";
  for (std::size_t i = 0; i < findings.losses.size() && i < 10; ++i) {
    std::cout << "  " << findings.losses[i] << "\n";
  }
}

std::uint64_t number_or(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

#ifdef LOCKSTEP_UNSAFE_NO_SYNC
TEST(Durability, ALogThatDoesNotFlushLosesReportedEntries) {
  PowerCutFindings findings = lose_power(50, 10, number_or("LOCKSTEP_SEED", 1));

  print(findings);
  EXPECT_GT(findings.missing, 0U);
  EXPECT_GT(findings.refused_by_witness, 0U);
}
#else
TEST(Durability, NothingThatWasReportedIsLostInAThousandPowerCuts) {
  PowerCutFindings findings =
      lose_power(number_or("LOCKSTEP_CYCLES", 1000), 20, number_or("LOCKSTEP_SEED", 1));

  print(findings);
  EXPECT_TRUE(findings.losses.empty());
  EXPECT_GT(findings.cuts_while_opening, findings.cycles / 100);
  EXPECT_GT(findings.cuts_while_committing, findings.cycles / 2);
  EXPECT_GT(findings.reported, 10 * findings.cycles);
}
#endif

}  // namespace
}  // namespace lockstep
