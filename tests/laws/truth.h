// SPDX-License-Identifier: Apache-2.0
// truth.h: plain bookkeeping of the durable entries.
//
// It holds the entries of the simulated disk by thread, as the log got them, and the facts that the
// laws need: the screen after each entry, the runs that wait, run and have ended with their status,
// and the ops and steps that were taken. A spy between the log and the disk adds to it when a batch
// was flushed. Nothing is ever removed, because durable entries must stay.
//
// It checks each new entry: it follows the one before it, no op or step is in two entries, at most
// one run is running, and a run overtakes others only if a front asked for that.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engine/rules/change.h"
#include "engine/rules/diff.h"
#include "engine/rules/step.h"

namespace lockstep::test {

// How often each thing happened, by name.
using Counts = std::map<std::string, std::uint64_t>;

// A run, as its entries describe it.
struct RunLife {
  AgentName agent;
  Timestamp queued;
  std::optional<Timestamp> started;
  std::optional<Timestamp> ended;
  std::uint64_t ended_in_life = 0;
  RunStatus status = RunStatus::queued;
  bool ended_by_steps = false;
  std::uint32_t attempt = 1;
  std::string claim{};    // of that attempt
  std::uint64_t seq = 0;  // of that attempt
  // Of each attempt: the seq of each entry with steps of it.
  std::map<std::uint32_t, std::map<std::uint64_t, Timestamp>> marks;
  std::set<MessageId> messages;
  [[nodiscard]] bool waits() const { return !started && !ended; }
  [[nodiscard]] bool open() const { return !ended; }
  // The last step of this attempt that was taken.
  [[nodiscard]] std::uint64_t seq_of(std::uint32_t of) const {
    const auto found = marks.find(of);
    return found == marks.end() ? 0 : found->second.rbegin()->first;
  }
  // When this step became durable. Requires: it did.
  [[nodiscard]] Timestamp taken_at(std::uint64_t step, std::uint32_t of = 1) const {
    return marks.at(of).lower_bound(step)->second;
  }
};

// The requests and steps that the engine got for one run.
struct RunSaid {
  bool may_overtake = false;
  // All that the producers of each attempt ever wrote, by seq.
  std::map<std::uint32_t, std::vector<Step>> attempts;
  std::vector<Step>& of(std::uint32_t attempt) { return attempts[attempt]; }
};

using DeviceName = std::pair<UserId, DeviceId>;
struct Remembered {
  Timestamp at;
  Ack ack;
};

class ThreadTruth {
 public:
  ThreadTruth(ThreadName id, Counts& counts) : id_(std::move(id)), counts_(counts) {}

  // Returns the fault of the entry in words; empty if it has no fault. `life`: counts the server's
  // starts.
  [[nodiscard]] std::string add(std::shared_ptr<const Entry> entry, std::uint64_t life);

  [[nodiscard]] bool there() const { return !entries_.empty(); }
  [[nodiscard]] Timestamp last() const { return there() ? entries_.back()->at : Timestamp(); }
  [[nodiscard]] const Entry* entry(Timestamp at) const;
  // The entry after `after`; null at the end.
  [[nodiscard]] const Entry* next(Timestamp after) const { return shared_next(after).get(); }
  [[nodiscard]] std::shared_ptr<const Entry> shared_next(Timestamp after) const;
  [[nodiscard]] const std::vector<std::shared_ptr<const Entry>>& entries() const {
    return entries_;
  }
  // As a front would show it; of no entry: the empty one.
  [[nodiscard]] const Screen& screen(Timestamp at) const;
  // Was the message put after that? (It only grew and was cut if not.)
  [[nodiscard]] bool put_since(const MessageId& id, Timestamp after) const;
  [[nodiscard]] const RunLife* run(const RunId& id) const;
  [[nodiscard]] const std::vector<RunId>& runs() const { return order_; }
  [[nodiscard]] bool has_open_runs() const { return running_ || !waiting_.empty(); }
  [[nodiscard]] const std::optional<RunId>& running() const { return running_; }
  // Is a run going on whose writer is outside? Then a restart ends no run.
  [[nodiscard]] bool outlives() const {
    return running_ && runs_.at(*running_).agent == AgentName("push");
  }
  // Starts (true) and ends of runs, in order.
  [[nodiscard]] const std::vector<std::pair<bool, RunId>>& turns() const { return turns_; }
  [[nodiscard]] const Ack* ack(const DeviceName& device, Op op) const;
  // The acks of a device in entries up to `until`, by op: as many as the engine remembers.
  [[nodiscard]] std::vector<Ack> memory(const DeviceName& device, Timestamp until) const;
  [[nodiscard]] const std::set<DeviceName>& devices() const { return devices_; }

  std::map<RunId, RunSaid> said;
  Timestamp shown;  // the latest entry that a front has received
  bool erase_asked = false;
  bool deleted = false;  // a front has received `deleted`
  // After a restore one front may offer a message, and its author may send it again.
  bool words_may_repeat = false;

 private:
  std::string add_events(const Entry& entry, std::uint64_t life);
  std::string queued(const RunQueued& event, const Entry& entry);
  std::string started(const RunStarted& event, const Entry& entry);
  std::string ended(const RunEnded& event, const Entry& entry, std::uint64_t life);
  std::string add_steps(const Entry& entry);
  std::string attempted(const AttemptStarted& event);
  std::string add_acks(const Entry& entry);
  std::string add_words(const Entry& entry);
  [[nodiscard]] std::string kept(const RunLife& run, const Screen& before,
                                 const Screen& after) const;

  ThreadName id_;
  Counts& counts_;
  std::vector<std::shared_ptr<const Entry>> entries_;
  std::vector<Screen> screens_;  // after each
  Screen empty_;
  std::map<RunId, RunLife> runs_;
  std::vector<RunId> order_;
  std::vector<RunId> waiting_;
  std::optional<RunId> running_;
  std::vector<std::pair<bool, RunId>> turns_;
  std::map<DeviceName, std::map<std::uint64_t, Remembered>> acks_;
  std::set<DeviceName> devices_;
  std::set<std::pair<MessageId, std::string>> words_;
};

// The growing, visible text of some parts, as one text.
[[nodiscard]] std::string text_of(const Parts& parts);

}  // namespace lockstep::test
