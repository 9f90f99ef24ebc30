// SPDX-License-Identifier: Apache-2.0
// damage_report.h: reports unreadable data to the operator.
//
// A front gets an error, but a front can't repair a disk. So the code that finds damage reports it
// at once, and the operator gets one report for each thread, list and feed. At most
// `limits::damage_told_max` of each kind are reported: more mean a damaged disk, and the first ones
// show that.
//
// Lives on: the engine strand.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "engine/base/limits.h"
#include "engine/base/result.h"

namespace lockstep {

// `list`: the rows of a user's threads. `feed`: their order, which can be rebuilt from those rows.
enum class Damaged : std::uint8_t { thread, list, feed };

class DamageReport {
 public:
  // `name`: of the thread, or of the user.
  using Tell = std::function<void(Damaged what, const std::string& name, const Error& error)>;
  explicit DamageReport(Tell tell) : tell_(std::move(tell)) {}
  DamageReport(const DamageReport&) = delete;
  DamageReport& operator=(const DamageReport&) = delete;

  // Ignores errors other than `corrupt`: they are not damage.
  void found(Damaged what, const std::string& name, const Error& error) {
    if (error.kind != Kind::corrupt || !tell_) return;
    std::set<std::string>& told = told_[what];
    if (told.size() >= limits::damage_told_max || !told.insert(name).second) return;
    tell_(what, name, error);
  }
  // Reports the answer if it is damage, and returns it unchanged.
  template <class T>
  [[nodiscard]] Result<T> look_at(Damaged what, const std::string& name, Result<T> answer) {
    if (!answer) found(what, name, answer.error());
    return answer;
  }

 private:
  Tell tell_;
  std::map<Damaged, std::set<std::string>> told_;  // counted by kind: threads take no list's room
};

}  // namespace lockstep
