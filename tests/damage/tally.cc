// SPDX-License-Identifier: Apache-2.0
#include "tests/damage/tally.h"

#include <cctype>
#include <iomanip>
#include <sstream>
#include <utility>

namespace lockstep::damage {
namespace {

constexpr std::size_t broken_max = 40;
constexpr std::size_t words_max = 100;

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::exact:
      return "exact";
    case Outcome::refused:
      return "refused";
    case Outcome::quarantined:
      return "quarantined";
    case Outcome::different:
      return "DIFFERENT";
  }
  std::unreachable();
}

void count(Counts& counts, const Verdict& verdict) {
  ++counts.done;
  if (verdict.outcome == Outcome::exact) ++counts.exact;
  if (verdict.outcome == Outcome::refused) ++counts.refused;
  if (verdict.outcome == Outcome::quarantined) ++counts.quarantined;
  if (verdict.outcome == Outcome::different) ++counts.different;
  if (!verdict.named) ++counts.unnamed;
  if (verdict.opened_to_write) ++counts.written;
  if (verdict.paths_differ) ++counts.differing;
  const bool matters = verdict.outcome != Outcome::exact;
  if (matters && !verdict.verify_found) ++counts.missed;
  if (!matters && verdict.verify_found) ++counts.harmless;
}

void add(Counts& sum, const Counts& more) {
  sum.done += more.done;
  sum.exact += more.exact;
  sum.refused += more.refused;
  sum.quarantined += more.quarantined;
  sum.different += more.different;
  sum.unnamed += more.unnamed;
  sum.missed += more.missed;
  sum.harmless += more.harmless;
  sum.written += more.written;
  sum.differing += more.differing;
}

// Two refusals with the same words and other numbers are of one kind.
std::string without_numbers(const std::string& detail) {
  std::string words;
  for (const char c : detail) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0)
      words.push_back(c);
    else if (words.empty() || words.back() != '#')
      words.push_back('#');
  }
  return words.size() > words_max ? words.substr(0, words_max) + "…" : words;
}

}  // namespace

void Tally::add(const Damage& damage, const Verdict& verdict) {
  count(groups_[damage.group], verdict);
  if (verdict.outcome != Outcome::exact) {
    ++words_[std::string(name_of(verdict.outcome)) + " " + without_numbers(verdict.detail)];
  }
  if (keeps_the_law(verdict)) return;
  ++broken_count_;
  if (broken_.size() >= broken_max) return;
  broken_.push_back(damage.group + ": " + damage.what + ": " +
                    std::string(name_of(verdict.outcome)) + " (" + verdict.detail + "), verify: " +
                    (verdict.verify_found ? verdict.verify_detail : "found nothing"));
}

Counts Tally::all() const {
  Counts sum;
  for (const auto& [group, counts] : groups_) damage::add(sum, counts);
  return sum;
}

std::string Tally::text() const {
  std::ostringstream out;
  const auto line = [&](const std::string& name, const Counts& it) {
    out << std::left << std::setw(18) << name << std::right;
    for (const std::uint64_t number :
         {it.done, it.exact, it.refused, it.quarantined, it.different, it.unnamed, it.missed,
          it.harmless, it.written, it.differing}) {
      out << std::setw(12) << number;
    }
    out << "\n";
  };
  out << std::left << std::setw(18) << "damage" << std::right;
  for (const char* name : {"done", "exact", "refused", "quarantined", "different", "unnamed",
                           "missed", "harmless", "written", "differing"}) {
    out << std::setw(12) << name;
  }
  out << "\n";
  for (const auto& [group, counts] : groups_) line(group, counts);
  line("all", all());
  for (const auto& [what, times] : words_) out << std::setw(8) << times << "  " << what << "\n";
  for (const std::string& broken : broken_) out << "BROKEN  " << broken << "\n";
  return out.str();
}

std::string Tally::json() const {
  std::ostringstream out;
  const auto object = [&](const Counts& it) {
    out << "{\"done\":" << it.done << ",\"exact\":" << it.exact << ",\"refused\":" << it.refused
        << ",\"quarantined\":" << it.quarantined << ",\"different\":" << it.different
        << ",\"unnamed\":" << it.unnamed << ",\"missed\":" << it.missed
        << ",\"harmless\":" << it.harmless << ",\"written\":" << it.written
        << ",\"differing\":" << it.differing << "}";
  };
  out << "{\"broken\":" << broken_count_ << ",\"groups\":{";
  bool first = true;
  for (const auto& [group, counts] : groups_) {
    out << (first ? "\"" : ",\"") << group << "\":";
    object(counts);
    first = false;
  }
  out << "},\"all\":";
  object(all());
  out << "}\n";
  return out.str();
}

}  // namespace lockstep::damage
