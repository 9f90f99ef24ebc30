// SPDX-License-Identifier: Apache-2.0
// damage_report.h: reports unreadable data to the operator.
//
// A front gets an error, but a front can't repair a disk, and the words of the disk are not for it.
// So the code that finds damage reports it at once, the operator gets one report for each thread,
// list and feed, and the error for the front says no more than what is damaged. At most
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

#include "engine/base/codes.h"
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

  // Reports the error if it is damage, and returns the one to answer with. Without a listener that
  // is `error` itself: then the one who asks is the operator.
  Error found(Damaged what, const std::string& name, Error error) {
    if (error.kind != Kind::corrupt || !tell_) return error;
    std::set<std::string>& told = told_[what];
    if (told.size() < limits::damage_told_max && told.insert(name).second) tell_(what, name, error);
    if (error.code == codes::corrupt) {
      error.detail = "the stored bytes of " +
                     (what == Damaged::thread ? name : "the list of threads of " + name) +
                     " are damaged: the operator runs `lockstep verify`";
    }
    return error;
  }
  // Reports the answer if it is damage, and returns what to answer.
  template <class T>
  [[nodiscard]] Result<T> look_at(Damaged what, const std::string& name, Result<T> answer) {
    if (!answer) answer = std::unexpected(found(what, name, std::move(answer.error())));
    return answer;
  }

 private:
  Tell tell_;
  std::map<Damaged, std::set<std::string>> told_;  // counted by kind: threads take no list's room
};

}  // namespace lockstep
