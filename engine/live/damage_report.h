// SPDX-License-Identifier: Apache-2.0
// damage_report.h: tells the operator what can't be read.
//
// A front is told by its answer, but a front can't mend a disk. So whoever finds damage reports it
// where it is found, and the operator hears of each thread, list and feed once. More than a few are
// a damaged disk, not damaged threads, and the first ones say so.
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

// Of a user: `list`, the threads' own rows; `feed`, their order, which can be made again from them.
enum class Damaged : std::uint8_t { thread, list, feed };

class DamageReport {
 public:
  // `name`: the thread's, or the user's.
  using Tell = std::function<void(Damaged what, const std::string& name, const Error& error)>;
  explicit DamageReport(Tell tell) : tell_(std::move(tell)) {}
  DamageReport(const DamageReport&) = delete;
  DamageReport& operator=(const DamageReport&) = delete;

  // Other errors than `corrupt` are no damage.
  void found(Damaged what, const std::string& name, const Error& error) {
    if (error.kind != Kind::corrupt || !tell_) return;
    std::set<std::string>& told = told_[what];
    if (told.size() >= limits::damage_told_max || !told.insert(name).second) return;
    tell_(what, name, error);
  }
  // The answer as it was.
  template <class T>
  [[nodiscard]] Result<T> look_at(Damaged what, const std::string& name, Result<T> answer) {
    if (!answer) found(what, name, answer.error());
    return answer;
  }

 private:
  Tell tell_;
  std::map<Damaged, std::set<std::string>> told_;  // so many threads leave room for a list
};

}  // namespace lockstep
